"""Presence intervals: from the first join to the last leave, through losses, crashes and the end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.messages import PresenceChanged
from core.model import ConferenceId, Departure, Participant, ParticipantId, PointRef, Presence, Role
from monitor.attendance import ENDED_REMEMBERED, WRITTEN_AGAIN, Interval, Ledger, attend

CONFERENCE = ConferenceId("00000000-0000-0000-0000-000000000001")
START = datetime(2026, 11, 23, 8, tzinfo=UTC)
GRACE = 6
POINTS = [PointRef(code=f"P{n}", name=f"Điểm {n}") for n in range(3)]
PEOPLE = [
    Participant(id=ParticipantId(f"point:{p.code}"), role=Role.OPERATOR, name=p.name, point=p.code) for p in POINTS
]


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def news(second: float, presence: Presence, how: Departure | None = None, who: int = 0) -> PresenceChanged:
    return PresenceChanged(conference=CONFERENCE, participant=PEOPLE[who], presence=presence, how=how, at=at(second))


class Record:
    """What would be in the database: the newest state of every interval."""

    def __init__(self) -> None:
        self.intervals: dict[object, Interval] = {}
        self.sampled: datetime | None = None
        """When everybody's media was observed last."""

    def store(self, intervals: tuple[Interval, ...] | list[Interval]) -> None:
        self.intervals.update({i.key: i for i in intervals})

    def spans(self, who: int = 0) -> list[tuple[float, float | None]]:
        mine = [i for i in self.intervals.values() if i.participant.id == PEOPLE[who].id]
        return sorted((_second(i.joined_at), _second(i.left_at) if i.left_at else None) for i in mine)

    def left_open(self) -> list[Interval]:
        left = [i for i in self.intervals.values() if i.left_at is None]
        return [i if i.lost or self.sampled is None else i.seen(self.sampled) for i in left]


def _second(moment: datetime) -> float:
    return (moment - START).total_seconds()


def play(*happened: PresenceChanged) -> Record:
    ledger, record = Ledger(), Record()
    for piece in happened:
        record.store(ledger.apply(piece))
    return record


PRESENT, LOST, JOINING, ABSENT = Presence.PRESENT, Presence.LOST, Presence.JOINING, Presence.ABSENT
DEPARTED, FAILED, REMOVED, ENDED = Departure.DEPARTED, Departure.FAILED, Departure.REMOVED, Departure.ENDED


@pytest.mark.parametrize(
    ("happened", "spans"),
    [
        ([news(0, JOINING)], []),
        ([news(0, JOINING), news(2, PRESENT)], [(2, None)]),
        ([news(2, PRESENT), news(9, ABSENT, DEPARTED)], [(2, 9)]),
        ([news(2, PRESENT), news(5, PRESENT), news(9, ABSENT, DEPARTED)], [(2, 9)]),
        ([news(2, PRESENT), news(5, LOST), news(8, PRESENT), news(9, ABSENT, REMOVED)], [(2, 9)]),
        ([news(2, PRESENT), news(5, LOST)], [(2, None)]),
        ([news(2, PRESENT), news(5, LOST), news(35, ABSENT, FAILED)], [(2, 5)]),
        ([news(2, PRESENT), news(5, LOST), news(7, LOST), news(35, ABSENT, ENDED)], [(2, 5)]),
        ([news(2, PRESENT), news(5, LOST), news(7, JOINING), news(35, ABSENT, REMOVED)], [(2, 5)]),
        ([news(2, PRESENT), news(5, LOST), news(7, ABSENT, DEPARTED)], [(2, 7)]),
        ([news(2, PRESENT), news(5, JOINING), news(6, PRESENT)], [(2, None)]),
        ([news(2, PRESENT), news(5, ABSENT, DEPARTED), news(8, PRESENT)], [(2, 5), (8, None)]),
        ([news(2, PRESENT), news(5, ABSENT, DEPARTED), news(5, PRESENT)], [(2, 5), (5, None)]),
        ([news(2, PRESENT), news(2, ABSENT, FAILED), news(2, PRESENT)], [(2, None)]),
        ([news(5, PRESENT), news(3, ABSENT, DEPARTED)], [(5, 5)]),
        ([news(2, PRESENT), news(9, ABSENT, DEPARTED), news(6, PRESENT)], [(2, 9), (9, None)]),
        ([news(3, ABSENT, FAILED), news(4, LOST)], []),
        ([news(2, PRESENT), news(4, ABSENT, DEPARTED), news(6, ABSENT, FAILED)], [(2, 4)]),
    ],
)
def test_news_make_intervals(happened: list[PresenceChanged], spans: list[tuple[float, float | None]]) -> None:
    assert play(*happened).spans() == spans


def test_an_interval_says_how_it_ended() -> None:
    record = play(news(1, PRESENT), news(3, ABSENT, REMOVED), news(4, PRESENT), news(5, ABSENT))
    assert [i.how for i in record.intervals.values()] == [REMOVED, DEPARTED]


def test_participants_are_counted_by_where_they_are_now() -> None:
    ledger = Ledger()
    for piece in (news(0, Presence.PRESENT), news(0, Presence.PRESENT, who=1), news(5, Presence.LOST, who=1)):
        ledger.apply(piece)
    assert ledger.counts() == {Presence.PRESENT: 1, Presence.LOST: 1}


def test_media_counts_as_seen_only_while_present() -> None:
    ledger = Ledger()
    ledger.apply(news(0, PRESENT, who=0))
    ledger.apply(news(0, PRESENT, who=1))
    ledger.apply(news(1, LOST, who=1))
    ledger.apply(news(1, JOINING, who=2))
    assert ledger.seen(CONFERENCE, [p.id for p in PEOPLE] + [ParticipantId("stranger")], at(2)) == []
    seen = [(i.participant.id, i.last_seen, i.lost) for i in ledger.open_intervals(CONFERENCE)]
    assert seen == [(PEOPLE[0].id, at(2), False), (PEOPLE[1].id, at(1), True)]


def test_the_stored_interval_of_somebody_present_does_not_fall_far_behind() -> None:
    ledger = Ledger()
    ledger.apply(news(0, PRESENT, who=0))
    limit = WRITTEN_AGAIN.total_seconds()
    assert ledger.seen(CONFERENCE, [PEOPLE[0].id], at(limit)) == []
    [again] = ledger.seen(CONFERENCE, [PEOPLE[0].id], at(limit + 1))
    assert again.last_seen == at(limit + 1)
    assert ledger.seen(CONFERENCE, [PEOPLE[0].id], at(limit + 2)) == []


def test_the_end_closes_who_is_present_then_and_who_is_lost_when_last_seen() -> None:
    ledger, record = Ledger(), Record()
    for piece in (news(0, PRESENT, who=0), news(0, PRESENT, who=1), news(4, LOST, who=1), news(1, JOINING, who=2)):
        record.store(ledger.apply(piece))
    closed = ledger.end(CONFERENCE, at(10))
    record.store(closed)
    assert [i.how for i in closed] == [ENDED, ENDED]
    assert [record.spans(n) for n in range(3)] == [[(0, 10)], [(0, 4)], []]
    assert ledger.presence(CONFERENCE) == ()
    assert ledger.end(CONFERENCE, at(11)) == []


def test_late_news_of_an_ended_conference_open_nothing() -> None:
    ledger = Ledger()
    ledger.end(CONFERENCE, at(10))
    assert ledger.apply(news(9, PRESENT)) == ()
    assert ledger.has_ended(CONFERENCE)
    assert ledger.presence(CONFERENCE) == ()


def test_only_so_many_ended_conferences_are_remembered() -> None:
    ledger = Ledger()
    for number in range(ENDED_REMEMBERED + 1):
        ledger.end(ConferenceId(str(number)), at(0))
    assert not ledger.has_ended(ConferenceId("0"))
    assert ledger.has_ended(ConferenceId("1"))


def recovered() -> Ledger:
    ledger = Ledger()
    ledger.recover([Interval(CONFERENCE, PEOPLE[0], at(0), at(10))], wait_until=100.0)
    return ledger


def test_after_a_restart_a_participant_is_lost_until_it_returns() -> None:
    (now,) = recovered().presence(CONFERENCE)
    assert (now.presence, now.since) == (LOST, at(10))


def test_returning_in_time_continues_the_interval() -> None:
    ledger = recovered()
    assert ledger.expire(99.9) == []
    (interval,) = ledger.apply(news(20, PRESENT))
    assert (interval.joined_at, interval.last_seen, interval.left_at) == (at(0), at(20), None)
    assert ledger.expire(1000.0) == []


def test_not_returning_in_time_closes_the_interval_where_it_was_last_seen() -> None:
    ledger = recovered()
    (interval,) = ledger.expire(100.0)
    assert (interval.left_at, interval.how) == (at(10), FAILED)
    (now,) = ledger.presence(CONFERENCE)
    assert (now.presence, now.how) == (ABSENT, FAILED)
    assert ledger.expire(101.0) == []
    (new,) = ledger.apply(news(120, PRESENT))
    assert new.joined_at == at(120)


def test_the_focus_decides_about_those_it_still_waits_for() -> None:
    ledger = recovered()
    assert ledger.apply(news(15, LOST)) == ()
    assert ledger.expire(1000.0) == []
    (interval,) = ledger.apply(news(80, ABSENT, FAILED))
    assert interval.left_at == at(10)


def test_every_booked_point_has_a_row_and_only_booked_points() -> None:
    chair = Participant(id=ParticipantId("chair"), role=Role.CHAIR, name="Chủ tọa")
    stranger = Participant(id=ParticipantId("point:X"), role=Role.OPERATOR, name="X", point="X")
    intervals = [
        Interval(CONFERENCE, PEOPLE[0], at(0), at(5), at(5), DEPARTED),
        Interval(CONFERENCE, PEOPLE[0], at(8), at(9)),
        Interval(CONFERENCE, PEOPLE[1], at(1), at(4)),
        Interval(CONFERENCE, chair, at(0), at(9)),
        Interval(CONFERENCE, stranger, at(0), at(9)),
    ]
    attendance = attend(POINTS, intervals, {PEOPLE[0].id, chair.id}, at(10))
    assert (attendance.expected, attendance.present) == (3, 1)
    there, lost, absent = attendance.rows
    assert there.model_dump() == {
        "point": "P0",
        "name": "Điểm 0",
        "first_joined": at(0),
        "last_left": None,
        "seconds_present": 7.0,
        "intervals": 2,
        "present": True,
    }
    assert (lost.seconds_present, lost.present, lost.last_left) == (3.0, False, None)
    assert (absent.first_joined, absent.last_left, absent.intervals, absent.present) == (None, None, 0, False)


def test_a_point_that_left_has_its_last_leave() -> None:
    intervals = [
        Interval(CONFERENCE, PEOPLE[0], at(8), at(9), at(9), FAILED),
        Interval(CONFERENCE, PEOPLE[0], at(0), at(5), at(5), DEPARTED),
    ]
    (row,) = attend(POINTS[:1], intervals, set(), at(60)).rows
    assert (row.first_joined, row.last_left, row.seconds_present) == (at(0), at(9), 6.0)


# --- random histories against a truth that is drawn second by second ---------------------------------------

_STEP = st.one_of(
    st.none(),
    st.tuples(st.integers(0, 2), st.sampled_from([(PRESENT, None), (PRESENT, None), (LOST, None), (JOINING, None)])),
    st.tuples(st.integers(0, 2), st.sampled_from([(ABSENT, how) for how in Departure])),
    st.just("crash"),
)


class Truth:
    """One letter per second and participant: P there, L nobody knows, A away. Intervals are read off the picture."""

    def __init__(self) -> None:
        self.picture = ["", "", ""]
        self.waited: list[int | None] = [None, None, None]

    def second(self, second: int, step: object) -> None:
        for who in range(3):
            state = self.picture[who][-1:] or "A"
            limit = self.waited[who]
            if limit is not None and second >= limit:
                self._give_up(who)
                state, self.waited[who] = "A", None
            if step == "crash":
                state = "L" if state in "PL" else "A"
                self.waited[who] = second + GRACE if state == "L" else None
            elif isinstance(step, tuple) and step[0] == who:
                state = self._after(who, state, *step[1])
                self.waited[who] = None
            self.picture[who] += state

    def _after(self, who: int, state: str, presence: Presence, how: Departure | None) -> str:
        if presence is PRESENT:
            return "P"
        if presence is not ABSENT:
            return "L" if state in "PL" else "A"
        if how is DEPARTED and state == "L":
            kept = self.picture[who].rstrip("L")
            self.picture[who] = kept.ljust(len(self.picture[who]), "P")
        return "A"

    def _give_up(self, who: int) -> None:
        known = self.picture[who].rstrip("L")
        self.picture[who] = known.ljust(len(self.picture[who]), "A")

    def spans(self, who: int) -> list[tuple[float, float | None]]:
        picture = self.picture[who]
        runs = [(m.start(), m.end(), m.group()) for m in re.finditer("P[PL]*", picture)]
        return [(a, None if b == len(picture) else a + len(run.rstrip("L"))) for a, b, run in runs]


@settings(max_examples=1000, deadline=None)
@given(steps=st.lists(_STEP, max_size=60), ended=st.booleans())
def test_intervals_equal_the_truth_of_any_history(steps: list[object], ended: bool) -> None:
    ledger, record, truth = Ledger(), Record(), Truth()
    for second, step in enumerate(steps):
        record.store(ledger.seen(CONFERENCE, [p.id for p in PEOPLE], at(second)))
        record.sampled = at(second)
        record.store(ledger.expire(second))
        if step == "crash":
            ledger = Ledger()
            record.store(ledger.recover(record.left_open(), wait_until=second + GRACE))
        elif isinstance(step, tuple):
            who, (presence, how) = step
            record.store(ledger.apply(news(second, presence, how, who)))
        truth.second(second, step)
    expected = [truth.spans(who) for who in range(3)]
    if ended:
        record.store(ledger.end(CONFERENCE, at(len(steps))))
        for who in range(3):
            known = len(truth.picture[who].rstrip("L"))
            expected[who] = [(a, known if b is None else b) for a, b in expected[who]]
    assert [record.spans(who) for who in range(3)] == expected
