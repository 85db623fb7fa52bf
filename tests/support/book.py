"""The simple truth about bookings: a list in memory that says who holds which point when, and who must be refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.model import ConferenceId, ConferenceState
from tests.support.directory import NOON

TEN = timedelta(minutes=10)
DAY = timedelta(days=1)
Span = tuple[datetime, datetime]
Held = set[tuple[str, ConferenceId, datetime, datetime]]
Named = frozenset[tuple[str, ConferenceId]]
NOT_YET = ConferenceId("")
OVER = (ConferenceState.CLOSED, ConferenceState.CANCELLED)


@dataclass
class Booked:
    """A conference as the model knows it; `since` says for each point from when it is held."""

    start: datetime
    stop: datetime
    points: set[str]
    buffer: timedelta = timedelta(0)
    state: ConferenceState = ConferenceState.CONFIRMED
    series: str | None = None
    recurrence_id: datetime = NOON
    id: ConferenceId = NOT_YET
    since: dict[str, datetime] = field(default_factory=dict)
    until: datetime = NOON

    @property
    def span(self) -> Span:
        return self.start - self.buffer, self.stop + self.buffer

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def shape(self) -> tuple[timedelta, timedelta]:
        return self.start - self.recurrence_id, self.stop - self.start

    def take(self) -> None:
        """Holds its points for its whole span, those of a running conference since when it had them."""
        running = self.state is ConferenceState.OPEN
        first = NOON if running else self.span[0]
        kept = self.since if running else {}
        self.since = {point: kept.get(point, first) for point in self.points}
        self.until = self.span[1]


class Book:
    """All conferences in the order in which they were made."""

    def __init__(self) -> None:
        self.conferences: list[Booked] = []

    def held(self) -> Held:
        """Who holds which point from when until when."""
        return {(p, c.id, since, c.until) for c in self.conferences for p, since in c.since.items()}

    def clashes(self, points: Iterable[str], span: Span, but: Collection[ConferenceId] = ()) -> Named:
        """Each point that is taken in the span, with the conference that holds it longest."""
        return frozenset(
            (point, max(holders, key=lambda one: one.until).id)
            for point in points
            if (holders := list(self._holders(point, span, but)))
        )

    def _holders(self, point: str, span: Span, but: Collection[ConferenceId]) -> Iterable[Booked]:
        for one in self.conferences:
            since = one.since.get(point)
            if one.id not in but and since is not None and since < span[1] and span[0] < one.until:
                yield one

    def clashes_of(self, one: Booked, but: Collection[ConferenceId] = ()) -> Named:
        """What keeps a conference from holding what it wants."""
        running = one.state is ConferenceState.OPEN
        found: set[tuple[str, ConferenceId]] = set()
        for point in one.points:
            since = one.since.get(point, NOON) if running else one.span[0]
            found |= self.clashes((point,), (since, one.span[1]), {one.id, *but})
        return frozenset(found)

    def siblings(self, one: Booked) -> list[Booked]:
        """The occurrences of its series, in order."""
        return [other for other in self.conferences if other.series == one.series]
