"""Recognising the text of a UUID."""

from __future__ import annotations

import re

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Whether `text` is a UUID in its usual spelling."""
    return _UUID.fullmatch(text) is not None
