"""docs/signaling.md against the models: what the page names exists, and what exists is on the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from core.commands import Command
from core.session_messages import SessionMessage
from core.settings import Limits
from signaling.protocol import FINAL_CODES, ClientMessage, CloseCode, ServerMessage

PAGE = (Path(__file__).parents[2] / "docs" / "signaling.md").read_text(encoding="utf-8")
FIELD = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def chapter(title: str) -> str:
    [text] = re.findall(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def documented(title: str) -> dict[str, set[str]]:
    """Message name → the fields of its first table."""
    parts = re.split(r"^### (\w+)(?: \(reply\))?$", chapter(title), flags=re.MULTILINE)
    return {name: set(FIELD.findall(body)) for name, body in zip(parts[1::2], parts[2::2], strict=True)}


def modelled(*unions: Any) -> dict[str, set[str]]:
    models: list[type[BaseModel]] = []
    for union in unions:
        inner = get_args(union)[0]
        models += [model for model in get_args(inner) if isinstance(model, type)]
    return {str(model.model_fields["type"].default): set(model.model_fields) - {"type"} for model in models}


@pytest.mark.parametrize(
    ("title", "unions"),
    [
        ("From the client", (ClientMessage,)),
        ("Commands", (Command,)),
        ("From the server", (ServerMessage, SessionMessage)),
    ],
)
def test_every_message_and_field_is_documented_and_nothing_else(title: str, unions: tuple[Any, ...]) -> None:
    models = modelled(*unions)
    assert len(models) > 4
    assert documented(title) == models


def test_every_closing_code_is_documented_with_whether_to_come_back() -> None:
    rows = re.findall(r"^\| (\d{4}) \| ([\w ]+) \|.*\| (yes|no)\b[^|]*\|$", chapter("Closing codes"), re.MULTILINE)
    assert {(int(code), name.replace(" ", "_").upper()) for code, name, _ in rows} == {
        (code.value, code.name) for code in CloseCode
    }
    assert {int(code) for code, _, back in rows if back == "no"} == set(FINAL_CODES)


def test_every_limit_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", chapter("Limits"), re.MULTILINE))
    limits = Limits()
    expected = {name for name in Limits.model_fields if name.startswith("signaling_")} | {"resume_seconds"}
    assert rows == {name: str(getattr(limits, name)) for name in expected}
