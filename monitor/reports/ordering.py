"""The order of Vietnamese names, as dictionaries have it. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LETTERS = {letter: place for place, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
"""Ngang, huyền, hỏi, ngã, sắc, nặng."""
_NUMBER = re.compile(r"\d+")
_DIGITS = 9

Key = tuple[tuple[int, ...], tuple[int, ...], str]


@lru_cache(maxsize=8_192)
def in_order(name: str) -> Key:
    """A key to sort by: letters first (a ă â b c d đ …, numbers by their value), then the tones, then the text itself.

    `in_order` of the database has the same order.
    """
    letters, tones = [], []
    for sign in _NUMBER.sub(lambda number: number[0].zfill(_DIGITS), name.lower()):
        parts = unicodedata.normalize("NFD", sign)
        tone = next((_TONES[part] for part in parts if part in _TONES), 0)
        letter = unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES))
        # What is no Vietnamese letter (spaces, digits) comes before all of them, by its own code.
        letters.append(_LETTERS[letter] if letter in _LETTERS else ord(letter[:1] or " ") - 0x110000)
        tones.append(tone)
    return tuple(letters), tuple(tones), name
