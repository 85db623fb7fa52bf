"""Headcounts as they are told and asked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from core.bus import Topic
from core.model import CodeText, ConferenceId, Model, NameText

Heads = Annotated[int, Field(ge=0, le=100_000)]


class Declaration(Model):
    """What a hall's operator says: so many are here."""

    declared: Heads


class Correction(Model):
    """What an organizer or the chair says about a hall, and why. What is None stays as it is."""

    declared: Heads | None = None
    expected: Heads | None = None
    why: str = Field(min_length=1, max_length=200)


class HallHeadcount(Model):
    """One hall: `declared` is None until its operator has said.

    `expected` is what somebody set, else how many delegates are `listed` by name, else the hall's seats. Of the listed
    `verified` were checked in one by one, and `absent` are known not to come.
    """

    point: CodeText
    name: NameText
    expected: int
    declared: int | None
    listed: int = 0
    verified: int = 0
    absent: int = 0


class HeadcountRow(HallHeadcount):
    """One hall as the consoles see it; `at` and `by` tell of the last word about it, `present` of its endpoint now."""

    unit: CodeText
    at: AwareDatetime | None = None
    by: str | None = None
    present: bool = False


class HeadcountSum(Model):
    """Halls added up: `answered` of `points` have declared, `present` have their endpoint there."""

    points: int = 0
    answered: int = 0
    present: int = 0
    expected: int = 0
    declared: int = 0
    listed: int = 0
    verified: int = 0
    absent: int = 0


class HeadcountUnit(Model):
    """All halls of a unit and of the units under it."""

    code: CodeText
    name: NameText
    parent: CodeText | None
    sum: HeadcountSum


class Quorum(Model):
    """The rule: this share of the expected delegates is declared or verified, or of the booked points is present."""

    of: Literal["delegates", "verified", "points"]
    share: float = Field(ge=0, le=1)


class QuorumState(Quorum):
    """The rule and where it stands: `have` of the `needed`."""

    needed: int
    have: int
    reached: bool


class Headcounts(Model):
    """A conference's people; `quorum` is None while nobody has set a rule."""

    total: HeadcountSum
    quorum: QuorumState | None
    units: tuple[HeadcountUnit, ...]
    rows: tuple[HeadcountRow, ...]


class HeadcountEntry(Model):
    """One thing that was said about a hall; `by` is an account, or the hall's participant for its operator."""

    expected: int | None
    declared: int | None
    at: AwareDatetime
    by: str
    why: str


class HeadcountHistory(Model):
    """Everything that was said about a hall, newest first."""

    entries: tuple[HeadcountEntry, ...]


class SnapshotRequest(Model):
    """Keeps the figures of now under the name of the agenda's item."""

    item: NameText


class Snapshot(Model):
    """The figures of one moment, under the name of the agenda's item that they were taken for."""

    number: int
    item: NameText
    at: AwareDatetime
    by: str
    total: HeadcountSum
    quorum: QuorumState | None


class SnapshotRow(Model):
    """One hall in a snapshot."""

    point: CodeText
    name: NameText
    expected: int
    declared: int | None
    verified: int = 0
    absent: int = 0
    present: bool = False


class SnapshotDetail(Snapshot):
    """A snapshot with every hall's figures."""

    rows: tuple[SnapshotRow, ...]


class Snapshots(Model):
    """All snapshots of a conference, oldest first."""

    snapshots: tuple[Snapshot, ...]


class HeadcountNews(Model):
    """What is different in a conference's people since it was told last; halls and units replace those told before.

    `snapshots` counts those taken.
    """

    conference: ConferenceId
    at: AwareDatetime
    total: HeadcountSum
    quorum: QuorumState | None
    units: tuple[HeadcountUnit, ...]
    rows: tuple[HeadcountRow, ...]
    snapshots: int


HEADCOUNTS: Topic[HeadcountNews] = Topic("headcounts", HeadcountNews)
"""Told to the pages at most once a second of each conference."""
