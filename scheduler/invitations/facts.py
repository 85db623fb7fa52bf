"""What an invitation says, and when it must be said anew. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime

from core.model import ConferenceState, Model


class Facts(Model):
    """The facts that an invitation tells. When one of them changes, SEQUENCE grows (RFC 5546 section 2.1.4)."""

    title: str
    doors: AwareDatetime
    start: AwareDatetime
    stop: AwareDatetime
    place: str
    note: str = ""

    def same_times(self, other: Facts) -> bool:
        """Whether somebody who agreed to `other` has agreed to this."""
        return (self.start, self.stop) == (other.start, other.stop)


class Kind(StrEnum):
    """What a mail is."""

    REQUEST = "request"
    CANCEL = "cancel"
    REMINDER = "reminder"
    DIAGNOSIS = "diagnosis"
    REFUSAL = "refusal"


@dataclass(frozen=True)
class Sent:
    """The last revision of a point's invitation."""

    sequence: int
    facts: Facts
    withdrawn: bool


@dataclass(frozen=True)
class Revision:
    """What a point is to be told next. `ask_again`: its former answer no longer counts."""

    point: int
    kind: Kind
    sequence: int
    facts: Facts
    ask_again: bool


def revisions(state: ConferenceState, wanted: Mapping[int, Facts], sent: Mapping[int, Sent]) -> list[Revision]:
    """What to tell whom so that every point knows the present facts; `wanted` and `sent` by point number.

    New points and changed facts get a REQUEST, points that were taken out and cancelled conferences a CANCEL.
    A running conference that is extended does not ask its points again. What is over tells nothing, nor does what is
    not (or no longer) approved: it may yet be rejected or changed.
    """
    if state in (ConferenceState.CANCELLED, ConferenceState.REJECTED):
        wanted = {}
    elif state not in (ConferenceState.CONFIRMED, ConferenceState.OPEN):
        return []
    told = [_withdrawal(point, before) for point, before in sent.items() if point not in wanted]
    for point, facts in wanted.items():
        told.append(_request(point, facts, sent.get(point), running=state is ConferenceState.OPEN))
    return sorted((each for each in told if each is not None), key=lambda each: each.point)


def _withdrawal(point: int, before: Sent) -> Revision | None:
    if before.withdrawn:
        return None
    return Revision(point, Kind.CANCEL, before.sequence + 1, before.facts, ask_again=False)


def _request(point: int, facts: Facts, before: Sent | None, *, running: bool) -> Revision | None:
    if before is None:
        return Revision(point, Kind.REQUEST, 0, facts, ask_again=True)
    if before.withdrawn:
        return Revision(point, Kind.REQUEST, before.sequence + 1, facts, ask_again=True)
    if facts == before.facts:
        return None
    ask_again = not running and not facts.same_times(before.facts)
    return Revision(point, Kind.REQUEST, before.sequence + 1, facts, ask_again)


def reminder_due(marks_hours: Sequence[float], start: datetime, now: datetime) -> float | None:
    """The reminder whose moment was last, in hours before the start; None before the first and from the start on.

    One that was slept through is not made up for once a later one has come.
    """
    if now >= start:
        return None
    return min((hours for hours in marks_hours if hours_before(start, now) <= hours), default=None)


def hours_before(start: datetime, moment: datetime) -> float:
    """How many hours `moment` is before `start`."""
    return (start - moment).total_seconds() / 3_600
