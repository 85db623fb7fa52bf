"""A list of names or codes pasted from a spreadsheet, line by line to points and units. Pure.

Names are compared without case, accents and punctuation, and without the word for the kind of unit ("Phường",
"P.", "xã", "đặc khu" …), unless these decide: Thái Nguyên has both a Văn Lang and a Văn Lăng. A second cell, or
what follows a comma, may name the unit above: "Tân An, Tây Ninh".
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.spreadsheet import fold

CANDIDATES_SHOWN = 10
_PREFIX = re.compile(r"^(?:phuong|xa|dac khu|thi tran|thi xa|quan|huyen|tinh|thanh pho|tp|p|x|dk) (?=.)")
_SEPARATORS = (re.compile(r"[\t,;|]"), re.compile(r"[\t,;|]| [-–—] "))
"""A name may itself hold a dash: it only separates where nothing else finds the line."""
_SHORTEST_NUMBER = 3
"""Spreadsheets eat leading zeros; a shorter number is rather the line's own number."""


@dataclass(frozen=True)
class Named:
    """A point or a unit, and the unit above it; `place` is the name that tells it from others of its name."""

    code: str
    name: str
    above: str | None
    is_point: bool
    place: str | None = None


@dataclass
class Matches:
    """What the lines mean. Lines count from 1."""

    points: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)
    unknown: list[tuple[int, str]] = field(default_factory=list)
    ambiguous: list[tuple[int, str, list[Named]]] = field(default_factory=list)


class NameIndex:
    """The directory, ready to find entries by what people call them."""

    def __init__(self, entries: Iterable[Named]) -> None:
        self._units: dict[str, Named] = {}
        self._by_code: dict[str, list[Named]] = defaultdict(list)
        self._by_number: dict[str, list[Named]] = defaultdict(list)
        self._by_name: dict[str, list[Named]] = defaultdict(list)
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Named) -> None:
        if not entry.is_point:
            self._units[entry.code] = entry
        self._by_code[entry.code.lower()].append(entry)
        if entry.code.isdigit():
            self._by_number[entry.code.lstrip("0")].append(entry)
        for key in {*_keys(entry.name), *_keys(entry.name, without_kind=True)}:
            self._by_name[key].append(entry)

    def find(self, line: str) -> list[Named]:
        """What a line can mean: one entry, several when it is ambiguous, none when it is unknown."""
        if whole := self._called(line):
            return whole
        for separators in _SEPARATORS:
            cells = [cell.strip() for cell in separators.split(line) if cell.strip()]
            for i, cell in enumerate(cells):
                if found := self._called(cell):
                    return self._within(found, cells[i + 1 :] + cells[:i])
        return []

    def _called(self, text: str) -> list[Named]:
        """Entries of that code, else of that name, as exactly as possible; points before units."""
        text = text.strip()
        if found := _points_first(self._by_code.get(text.lower(), [])):
            return found
        if text.isdigit() and len(text) >= _SHORTEST_NUMBER:
            return _points_first(self._by_number.get(text.lstrip("0"), []))
        for key in (*_keys(text), *_keys(text, without_kind=True)):
            found = self._by_name.get(key, [])
            exact = [entry for entry in found if key in _keys(entry.name)]
            if found:
                return _points_first(exact or found)
        return []

    def _within(self, found: list[Named], others: list[str]) -> list[Named]:
        """Of several, those below a unit that another cell names; all of them when no cell helps."""
        if len(found) < 2:
            return found
        wanted = {core(fold(other)) for other in others} | {other.lower() for other in others}
        return [entry for entry in found if any(self._is(unit, wanted) for unit in self._above(entry))] or found

    def _above(self, entry: Named) -> Iterator[Named]:
        """The units above, without the one whose name a hall bears."""
        seen: set[str] = set()
        unit = self._units.get(entry.above or "")
        while unit is not None and unit.code not in seen:
            seen.add(unit.code)
            if fold(unit.name) != fold(entry.name):
                yield unit
            unit = self._units.get(unit.above or "")

    @staticmethod
    def _is(unit: Named, wanted: set[str]) -> bool:
        return unit.code.lower() in wanted or core(fold(unit.name)) in wanted


def match_lines(text: str, index: NameIndex) -> Matches:
    """Matches every line that is not blank."""
    matches = Matches()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        found = index.find(line)
        if not found:
            matches.unknown.append((number, line.strip()))
        elif len(found) > 1:
            matches.ambiguous.append((number, line.strip(), found[:CANDIDATES_SHOWN]))
        else:
            (matches.points if found[0].is_point else matches.units).add(found[0].code)
    return matches


def core(name: str) -> str:
    """A folded name without the word for its kind: "phuong ben thanh" is "ben thanh"."""
    return _PREFIX.sub("", name, count=1)


def _keys(name: str, *, without_kind: bool = False) -> tuple[str, str]:
    """What a name is found by: as it is spelled (but for case and punctuation), and folded."""
    spelled, folded = spelling(name), fold(name)
    if without_kind:
        bare = core(folded)
        words = len(folded.split()) - len(bare.split())
        return " ".join(spelled.split()[words:]), bare
    return spelled, folded


def spelling(text: str) -> str:
    """Text without case and punctuation, but with its accents."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFC", text).lower()).strip()


def _points_first(entries: list[Named]) -> list[Named]:
    """A hall that bears its unit's name is meant before the unit."""
    return [entry for entry in entries if entry.is_point] or list(entries)
