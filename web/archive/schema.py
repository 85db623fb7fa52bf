"""The JSON Schema of an archive's files. `python -m web.archive.schema` prints it, for docs/archive.schema.json."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import models_json_schema

from web.archive.model import JSON_FILES


def schema() -> dict[str, Any]:
    """The archive's JSON Schema (2020-12): each model under `$defs`; the manifest says which file follows which."""
    _, document = models_json_schema(
        [(model, "serialization") for model in JSON_FILES.values()], title="Diemcau conference archive"
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}


def as_text() -> str:
    """The schema as it lies in the archive and in the docs."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_text())
