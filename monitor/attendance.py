"""Who was there when: presence intervals from presence news, and the attendance of points from intervals. Pure.

An interval begins when an endpoint is present and ends when it leaves. While the endpoint is lost the interval
stays open, and coming back continues it. Nobody was seen after the endpoint was lost, so an interval that ends
without its return ends at the moment it was last seen.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.messages import PresenceChanged
from core.model import ConferenceId, Departure, Participant, ParticipantId, PointRef, Presence, Role, point_participant
from monitor.model import Attendance, AttendanceRow, PresenceNow

ENDED_REMEMBERED = 1_000
"""Ended conferences whose late news are still recognised as late."""
WRITTEN_AGAIN = timedelta(minutes=5)
"""How far the stored `last_seen` of somebody who is present may lie behind: samples in the database tell it exactly."""

IntervalKey = tuple[ConferenceId, ParticipantId, datetime]


@dataclass(frozen=True)
class Interval:
    """A participant's unbroken presence; open while `left_at` is None."""

    conference: ConferenceId
    participant: Participant
    joined_at: datetime
    last_seen: datetime
    left_at: datetime | None = None
    how: Departure | None = None
    lost: bool = False
    """Open, but the endpoint is away for now: samples that come all the same are no sign of it."""

    @property
    def key(self) -> IntervalKey:
        """What tells it from every other interval."""
        return self.conference, self.participant.id, self.joined_at

    def seen(self, at: datetime) -> Interval:
        """The same, known to last until `at`."""
        return replace(self, last_seen=max(self.last_seen, at))

    def closed(self, at: datetime, how: Departure) -> Interval:
        """The same, ended at `at` (or when it began, if a clock went backwards)."""
        end = max(at, self.joined_at)
        return replace(self, last_seen=end, left_at=end, how=how, lost=False)


@dataclass
class _Place:
    """A participant in a conference; `waited_until` (monotonic) if only a former process knew of it."""

    now: PresenceNow
    interval: Interval | None = None
    """As it was last handed out to be stored."""
    waited_until: float | None = None
    seen_at: datetime | None = None
    """The newest observation, which the interval may not know yet."""

    @property
    def open(self) -> Interval | None:
        """The open interval with the newest observation."""
        interval = self.interval
        if interval is None or interval.left_at is not None:
            return None
        if self.seen_at is not None and self.seen_at > interval.last_seen:
            interval = self.interval = interval.seen(self.seen_at)
        return interval

    @property
    def end(self) -> datetime | None:
        """Until when an open interval is vouched for: None if the endpoint is there at this moment."""
        return None if self.now.presence is Presence.PRESENT or self.open is None else self.open.last_seen


class Ledger:
    """The presence of all participants of all live conferences.

    Each method that changes intervals returns those that are to be stored.
    """

    def __init__(self) -> None:
        self._places: dict[ConferenceId, dict[ParticipantId, _Place]] = {}
        self._ended: OrderedDict[ConferenceId, None] = OrderedDict()

    def recover(self, left_open: Iterable[Interval], wait_until: float) -> list[Interval]:
        """Takes over the open intervals of a former process; `expire` closes those not mentioned in time."""
        waiting = [replace(interval, lost=True) for interval in left_open]
        for interval in waiting:
            now = PresenceNow(participant=interval.participant, presence=Presence.LOST, since=interval.last_seen)
            place = _Place(now, interval, wait_until)
            self._places.setdefault(interval.conference, {})[interval.participant.id] = place
        return waiting

    def apply(self, news: PresenceChanged) -> tuple[Interval, ...]:
        """Takes one piece of presence news; late news of an ended conference changes nothing."""
        if news.conference in self._ended:
            return ()
        now = PresenceNow(participant=news.participant, presence=news.presence, since=news.at, how=news.how)
        places = self._places.setdefault(news.conference, {})
        place = places.setdefault(news.participant.id, _Place(now))
        before, place.interval = place.interval, _next_interval(place, news)
        place.now, place.waited_until, place.seen_at = now, None, None
        return (place.interval,) if place.interval is not None and place.interval != before else ()

    def seen(self, conference: ConferenceId, participants: Iterable[ParticipantId], at: datetime) -> list[Interval]:
        """Notes that media of `participants` was observed at `at`; counts for those that are present.

        Seldom are their intervals to be stored again for that (`WRITTEN_AGAIN`).
        """
        places = self._places.get(conference, {})
        behind = at - WRITTEN_AGAIN
        changed = []
        for participant in participants:
            place = places.get(participant)
            if place is None or place.interval is None or place.now.presence is not Presence.PRESENT:
                continue
            if place.seen_at is None or at > place.seen_at:
                place.seen_at = at
            if place.interval.last_seen < behind and (interval := place.open) is not None:
                changed.append(interval)
        return changed

    def open_intervals(self, conference: ConferenceId) -> list[Interval]:
        """The open intervals of a conference with the newest observations."""
        found = (place.open for place in self._places.get(conference, {}).values())
        return [interval for interval in found if interval is not None]

    def end(self, conference: ConferenceId, at: datetime) -> list[Interval]:
        """Closes every open interval of an ended conference and forgets it."""
        self._ended[conference] = None
        while len(self._ended) > ENDED_REMEMBERED:
            self._ended.popitem(last=False)
        places = self._places.pop(conference, {})
        return [p.open.closed(p.end or at, Departure.ENDED) for p in places.values() if p.open is not None]

    def has_ended(self, conference: ConferenceId) -> bool:
        """Whether news of this conference can only be late."""
        return conference in self._ended

    def expire(self, now: float) -> list[Interval]:
        """Closes the recovered intervals that nobody mentioned until `now` (monotonic), where they were last seen."""
        closed = []
        for places in self._places.values():
            for place in places.values():
                if place.waited_until is None or now < place.waited_until or (left := place.open) is None:
                    continue
                place.interval = left.closed(left.last_seen, Departure.FAILED)
                gone = {"presence": Presence.ABSENT, "since": place.interval.last_seen, "how": Departure.FAILED}
                place.now, place.waited_until = place.now.model_copy(update=gone), None
                closed.append(place.interval)
        return closed

    def presence(self, conference: ConferenceId) -> tuple[PresenceNow, ...]:
        """Everybody who has been in a live conference, present or not."""
        return tuple(place.now for place in self._places.get(conference, {}).values())

    def counts(self) -> Counter[Presence]:
        """How many participants of all live conferences are in each state."""
        return Counter(place.now.presence for places in self._places.values() for place in places.values())

    def awaited(self, conference: ConferenceId) -> set[ParticipantId]:
        """Of whom only a former process knew, and nobody has spoken since."""
        places = self._places.get(conference, {}).items()
        return {who for who, place in places if place.waited_until is not None}

    @property
    def live(self) -> tuple[ConferenceId, ...]:
        """The conferences in which somebody has been."""
        return tuple(self._places)

    def here(self, conference: ConferenceId) -> set[ParticipantId]:
        """Whose endpoint is there at this moment."""
        return {now.participant.id for now in self.presence(conference) if now.presence is Presence.PRESENT}


def _next_interval(place: _Place, news: PresenceChanged) -> Interval | None:
    """The place's newest interval after `news`."""
    former, end = place.open, place.end
    if news.presence is Presence.PRESENT:
        return replace(former.seen(news.at), lost=False) if former else _begin(place.interval, news)
    if former is None:
        return place.interval
    if news.presence is Presence.ABSENT:
        how = news.how or Departure.DEPARTED
        # Only a farewell proves that a lost endpoint was there again.
        return former.closed(news.at if how is Departure.DEPARTED else end or news.at, how)
    return replace(former if end else former.seen(news.at), lost=True)


def _begin(former: Interval | None, news: PresenceChanged) -> Interval:
    if former is None or former.left_at is None:
        return Interval(news.conference, news.participant, news.at, news.at)
    # Intervals of one participant never overlap, whatever the clocks did, and no two begin together.
    begun = max(news.at, former.left_at)
    if begun == former.joined_at:
        return replace(former, left_at=None, how=None)
    return Interval(news.conference, news.participant, begun, begun)


def attend(
    points: Sequence[PointRef], intervals: Iterable[Interval], here: Collection[ParticipantId], now: datetime
) -> Attendance:
    """The attendance of the booked `points` at `now`; `here` says whose open intervals last until now."""
    by_participant: dict[ParticipantId, list[Interval]] = {}
    for interval in intervals:
        if interval.participant.role is Role.OPERATOR:
            by_participant.setdefault(interval.participant.id, []).append(interval)
    rows = []
    for point in points:
        participant = point_participant(point.code)
        rows.append(_row(point, by_participant.get(participant, []), participant in here, now))
    return Attendance(expected=len(rows), present=sum(row.present for row in rows), rows=tuple(rows))


def _row(point: PointRef, intervals: Sequence[Interval], here: bool, now: datetime) -> AttendanceRow:
    if not intervals:
        return AttendanceRow.model_validate({"point": point.code, "name": point.name})
    ends = [i.left_at or (max(now, i.joined_at) if here else i.last_seen) for i in intervals]
    seconds = sum((end - i.joined_at).total_seconds() for i, end in zip(intervals, ends, strict=True))
    is_open = any(i.left_at is None for i in intervals)
    return AttendanceRow.model_validate(
        {
            "point": point.code,
            "name": point.name,
            "first_joined": min(i.joined_at for i in intervals),
            "last_left": None if is_open else max(ends),
            "seconds_present": round(seconds, 3),
            "intervals": len(intervals),
            "present": is_open and here,
        }
    )
