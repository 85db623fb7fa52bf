"""The description of an archive, for those who read one without Diemcau."""

from __future__ import annotations

from pathlib import Path

from web.archive.schema import as_text

IN_DOCS = Path(__file__).parents[2] / "docs" / "archive.schema.json"


def test_the_schema_in_the_docs_is_the_one_in_the_archive() -> None:
    assert IN_DOCS.read_text(encoding="utf-8") == as_text(), "run `make api`"
