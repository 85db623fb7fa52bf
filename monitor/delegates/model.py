"""Delegates as they are told and asked for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from core.model import CodeText, ConferenceId, Model, NameText
from core.spreadsheet import FileProblem
from monitor.headcount.model import HallHeadcount

Words = Annotated[str, Field(max_length=200)]


class DelegateState(StrEnum):
    """Whether a delegate came."""

    AWAITED = "awaited"
    PRESENT = "present"
    ABSENT = "absent"


class Way(StrEnum):
    """How somebody was checked in: from the hall's list, by their scanned code, by their own link, or by a console."""

    DESK = "desk"
    SCAN = "scan"
    LINK = "link"
    CONSOLE = "console"


class Delegate(Model):
    """One delegate; `reason` when absent; `at`, `by` and `way` tell of the last word about them."""

    code: CodeText
    name: NameText
    position: Words = ""
    organisation: Words = ""
    point: CodeText
    point_name: NameText
    state: DelegateState = DelegateState.AWAITED
    reason: Words = ""
    way: Way | None = None
    at: AwareDatetime | None = None
    by: str | None = None


class DelegateList(Model):
    """The first of the `found` delegates, by point and name."""

    found: int
    delegates: tuple[Delegate, ...]


class HallDelegates(Model):
    """One hall's desk: its figures and all its delegates, by name. `over`: nothing is taken any more."""

    title: NameText
    hall: HallHeadcount
    over: bool
    delegates: tuple[Delegate, ...]


class CheckIn(Model):
    """What is said of a delegate; absent needs a reason, the others have none."""

    state: DelegateState
    reason: Words = ""


class DelegateWord(Model):
    """One thing that was said; `by` is an account, the hall's participant, or `delegate`."""

    state: DelegateState
    reason: str
    way: Way
    at: AwareDatetime
    by: str


class DelegateHistory(Model):
    """Everything that was said about a delegate, newest first."""

    words: tuple[DelegateWord, ...]


class DelegateImport(Model):
    """What a delegates' file did, or would do. Nothing is applied while there is any problem.

    `problems` holds the first 200 of `problem_count`. `unmentioned` delegates are not in the file and stay.
    """

    applied: bool
    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    unmentioned: int = 0
    problems: tuple[FileProblem, ...] = ()
    problem_count: int = 0


class TicketView(Model):
    """What the holder of a delegate's link sees. `opens` is when checking in begins; `open` whether it is possible."""

    title: NameText
    start: AwareDatetime
    opens: AwareDatetime
    open: bool
    name: NameText
    point_name: NameText
    state: DelegateState
    at: AwareDatetime | None


@dataclass(frozen=True)
class Ticket:
    """What a delegate's link stands for: a delegate, and which of their links it is."""

    number: int
    serial: int


@dataclass(frozen=True)
class TicketOf:
    """A delegate with the link that is good now."""

    delegate: Delegate
    ticket: Ticket


@dataclass(frozen=True)
class Place:
    """A hall of a conference."""

    conference: ConferenceId
    point: str
