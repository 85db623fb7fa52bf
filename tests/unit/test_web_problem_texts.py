"""Every problem that the API tells has a Vietnamese sentence: nobody reads English in a hall."""

from __future__ import annotations

import re
from pathlib import Path

from web.openapi import document

ROOT = Path(__file__).parents[2]

CODE = re.compile(r"`([a-z_]+\.[a-z_0-9]+)`")
ENTRY = re.compile(r'^ {2}"?([a-z_.0-9]+)"?:', re.MULTILINE)
FAMILY = re.compile(r'^ {2}\[\s*"([a-z_.0-9]+)",', re.MULTILINE)


def test_every_documented_problem_is_explained_in_vietnamese() -> None:
    texts = (ROOT / "web/ui/src/lib/i18n/errors.ts").read_text(encoding="utf-8")
    vietnamese, english = texts.split("const en:", 1)
    assert english
    told = {
        code
        for item in document()["paths"].values()
        for operation in item.values()
        for status, response in operation["responses"].items()
        if status >= "400"
        for code in CODE.findall(response["description"])
    }
    explained, families = set(ENTRY.findall(vietnamese)), tuple(FAMILY.findall(vietnamese))
    assert len(told) > 100
    assert not sorted(code for code in told if code not in explained and not code.startswith(families))
