"""What incidents remember over a restart of the process: what recovered lately, and what a person had closed."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from core.model import ConferenceId, PointCode, UnitCode
from monitor.incidents.assessing import assess_alone
from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.model import Cause, CauseKind, EntryKind, IncidentId, IncidentSeverity
from monitor.incidents.topology import Place, Topology
from monitor.incidents.tracked import Change, Closed, Tracked
from monitor.incidents.tracker import Tracker

CONFERENCE = ConferenceId("c")
HALL = PointCode("d1")
CAUSE = Cause(kind=CauseKind.LINE, code=HALL)
OLD = IncidentId("old")
TOPOLOGY = Topology({HALL: Place(HALL, "Điểm 1", (UnitCode("u"),))})


def _tracker() -> Tracker:
    numbers = count(1)
    return Tracker(lambda: IncidentId(f"new {next(numbers)}"))


def _seen(line: Condition) -> Mapping[PointCode, Evidence]:
    return {HALL: Evidence(HALL, CONFERENCE, line)}


def _played(tracker: Tracker, line: Condition, begin: float, seconds: float) -> list[Change]:
    found: list[Change] = []
    for step in range(int(seconds / 2)):
        found += tracker.tick(_seen(line), TOPOLOGY, begin + 2 * step)
    return found


def _closed(ago: float, told: IncidentSeverity | None = IncidentSeverity.MAJOR) -> Closed:
    return Closed(CAUSE, OLD, ago, told)


def _dismissed() -> Tracked:
    evidence = Evidence(HALL, CONFERENCE, Condition.POOR)
    return Tracked(OLD, CAUSE, assess_alone(evidence, [], TOPOLOGY), {HALL: evidence})


def test_what_returns_soon_after_it_recovered_is_the_same_incident_and_no_second_alarm() -> None:
    tracker = _tracker()
    tracker.recover([], 1_000.0, closed=[_closed(60.0)])
    [opened] = _played(tracker, Condition.POOR, 1_000.0, 30)
    assert (opened.kind, opened.incident, opened.alarm) == (EntryKind.REOPENED, OLD, False)


def test_what_returns_late_is_a_new_incident() -> None:
    tracker = _tracker()
    tracker.recover([], 1_000.0, closed=[_closed(295.0)])
    opened, told = _played(tracker, Condition.POOR, 1_000.0, 30)
    assert (opened.kind, opened.incident, opened.alarm) == (EntryKind.OPENED, IncidentId("new 1"), False)
    assert (told.kind, told.incident, told.alarm) == (EntryKind.ALARMED, IncidentId("new 1"), True)


def test_what_was_not_told_outside_the_pages_before_the_restart_is_told_after_it() -> None:
    tracker = _tracker()
    tracker.recover([_dismissed()], 1_000.0)
    [told] = _played(tracker, Condition.POOR, 1_000.0, 30)
    assert (told.kind, told.incident, told.alarm) == (EntryKind.ALARMED, OLD, True)


def test_what_a_person_closed_is_told_again_only_after_it_recovered() -> None:
    tracker = _tracker()
    tracker.recover([], 1_000.0, dismissed=[_dismissed()])
    # Nothing is known of the hall at first, then it is as ill as before.
    assert _played(tracker, Condition.UNKNOWN, 1_000.0, 20) == []
    assert _played(tracker, Condition.POOR, 1_020.0, 60) == []
    assert tracker.take_recovered() == frozenset()
    assert _played(tracker, Condition.GOOD, 1_080.0, 40) == []
    assert tracker.take_recovered() == {CAUSE}
    assert tracker.take_recovered() == frozenset()
    opened, told = _played(tracker, Condition.POOR, 1_120.0, 30)
    assert (opened.kind, told.kind, told.alarm) == (EntryKind.OPENED, EntryKind.ALARMED, True)


def test_a_hall_that_has_left_has_recovered() -> None:
    tracker = _tracker()
    tracker.recover([], 1_000.0, dismissed=[_dismissed()])
    assert tracker.tick({}, TOPOLOGY, 1_002.0) == []
    assert tracker.take_recovered() == {CAUSE}
