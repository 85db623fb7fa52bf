"""Of 200 random faults the incident names the injected cause, once."""

from __future__ import annotations

from itertools import count

import pytest

from core.model import PointCode
from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.model import Cause, CauseKind, EntryKind, IncidentId, IncidentSeverity, Likely
from monitor.incidents.topology import Topology
from monitor.incidents.tracked import Change
from monitor.incidents.tracker import Tracker
from tests.support.faults import CONFERENCE, children, city, nation, play, scenario

CITY, NATION = city(), nation()
BLOCK = 20


@pytest.mark.parametrize("block", range(10))
def test_the_injected_cause_is_named_in_19_of_20_scenarios_and_only_once(block: int) -> None:
    seeds = range(block * BLOCK, (block + 1) * BLOCK)
    verdicts = {seed: play(scenario(seed, (CITY, NATION)[seed % 2])) for seed in seeds}
    wrong = {seed: verdict for seed, verdict in verdicts.items() if not verdict.is_right}
    assert len(wrong) <= 1, wrong
    assert not any(verdict.doubled for verdict in verdicts.values())


@pytest.mark.parametrize("seed", range(6))
def test_everything_closes_by_itself_after_recovery(seed: int) -> None:
    assert play(scenario(seed, (CITY, NATION)[seed % 2]), after=60).left_open == []


class Story:
    """A tracker whose points are told what to feel."""

    def __init__(self, topology: Topology = NATION) -> None:
        self.topology = topology
        self.now = 0.0
        numbers = count()
        self.tracker = Tracker(lambda: IncidentId(f"i{next(numbers)}"))
        self.changes: list[Change] = []
        self.lines = dict.fromkeys(topology.places, Condition.GOOD)
        self.broken: dict[PointCode, tuple[Likely, ...]] = {}

    def wait(self, seconds: float) -> list[Change]:
        """What changes within the next seconds."""
        before = len(self.changes)
        end = self.now + seconds
        while self.now < end:
            self.now += 2
            seen = {p: Evidence(p, CONFERENCE, c, equipment=self.broken.get(p, ())) for p, c in self.lines.items()}
            self.changes += self.tracker.tick(seen, self.topology, self.now)
        return self.changes[before:]


PROVINCE = Cause(kind=CauseKind.UNIT, code="07")


def test_a_growing_fault_becomes_one_incident_with_the_first_hall_folded_under_it() -> None:
    story = Story()
    behind = children(NATION, PROVINCE)
    story.lines[behind[0]] = Condition.POOR
    early = story.wait(40)
    [single] = [c for c in early if c.kind is EntryKind.OPENED]
    assert single.cause.code == behind[0]
    assert [(c.kind, c.cause.code) for c in early if c.alarm] == [(EntryKind.ALARMED, behind[0])]
    story.lines.update(dict.fromkeys(behind, Condition.POOR))
    later = story.wait(60)
    [common] = [c for c in later if c.kind is EntryKind.OPENED]
    assert common.cause == PROVINCE
    assert common.assessment.severity is IncidentSeverity.CRITICAL
    assert [c.cause.code for c in later if c.kind is EntryKind.FOLDED] == [behind[0]]
    assert [c.cause for c in later if c.alarm] == [PROVINCE]


@pytest.mark.parametrize(("line", "seconds"), [(Condition.POOR, 10), (Condition.LOST, 6)])
def test_a_hall_that_is_ill_alone_is_on_the_pages_soon_and_outside_them_later(line: Condition, seconds: int) -> None:
    story = Story()
    point = next(iter(story.lines))
    story.lines[point] = line
    [opened] = story.wait(seconds)
    assert (opened.kind, opened.alarm) == (EntryKind.OPENED, False)
    [told] = story.wait(10)
    assert (told.kind, told.incident, told.alarm) == (EntryKind.ALARMED, opened.incident, True)


def test_while_several_halls_fall_ill_each_waits_for_what_they_share() -> None:
    story = Story()
    fell = [children(NATION, Cause(kind=CauseKind.UNIT, code=f"{n:02d}"))[0] for n in range(1, 5)]
    story.lines.update(dict.fromkeys(fell, Condition.POOR))
    assert story.wait(12) == []
    assert {c.cause.code for c in story.wait(8) if c.kind is EntryKind.OPENED} == set(fell)


def test_what_recovers_before_it_is_told_outside_the_pages_is_told_there_only() -> None:
    story = Story()
    behind = children(NATION, PROVINCE)
    story.lines[behind[0]] = Condition.POOR
    assert [c.kind for c in story.wait(10)] == [EntryKind.OPENED]
    story.lines.update(dict.fromkeys(behind, Condition.LOST))
    assert [c.cause for c in story.wait(40) if c.alarm] == [PROVINCE]


def test_an_incident_that_returns_soon_is_the_same_one_without_a_second_alarm() -> None:
    story = Story()
    point = next(iter(story.lines))
    story.lines[point] = Condition.POOR
    [opened] = [c for c in story.wait(40) if c.kind is EntryKind.OPENED]
    story.lines[point] = Condition.GOOD
    assert EntryKind.CLOSED in [c.kind for c in story.wait(40)]
    story.lines[point] = Condition.POOR
    again = story.wait(40)
    assert [(c.kind, c.incident, c.alarm) for c in again] == [(EntryKind.REOPENED, opened.incident, False)]


def test_a_line_that_is_bad_for_a_moment_is_no_incident() -> None:
    story = Story()
    point = next(iter(story.lines))
    for _ in range(5):
        story.lines[point] = Condition.POOR
        assert story.wait(4) == []
        story.lines[point] = Condition.GOOD
        assert story.wait(30) == []


def test_what_a_person_closed_is_told_again_only_after_it_recovered() -> None:
    story = Story()
    point = next(iter(story.lines))
    story.lines[point] = Condition.POOR
    [opened] = [c for c in story.wait(40) if c.kind is EntryKind.OPENED]
    story.tracker.dismiss(opened.incident)
    assert story.wait(60) == []
    story.lines[point] = Condition.GOOD
    story.wait(40)
    story.lines[point] = Condition.POOR
    assert [c.kind for c in story.wait(40)] == [EntryKind.OPENED, EntryKind.ALARMED]


def test_broken_equipment_is_its_own_incident_and_no_sign_of_a_common_fault() -> None:
    story = Story()
    behind = children(NATION, PROVINCE)
    story.broken = dict.fromkeys(behind[:8], (Likely.CAMERA_BLACK,))
    opened = [c for c in story.wait(40) if c.kind is EntryKind.OPENED]
    assert {c.cause.kind for c in opened} == {CauseKind.EQUIPMENT}
    assert len(opened) == 8
    assert {c.assessment.likely for c in opened} == {Likely.CAMERA_BLACK}


def test_all_faults_of_equipment_are_named_the_gravest_first_and_those_left_when_that_is_over() -> None:
    story = Story()
    hall = next(iter(story.lines))
    story.broken = {hall: (Likely.MICROPHONE_DEAD, Likely.CPU_LIMITED)}
    [opened] = [c for c in story.wait(12) if c.kind is EntryKind.OPENED]
    assert opened.assessment.likely is Likely.MICROPHONE_DEAD
    assert opened.assessment.also == (Likely.CPU_LIMITED,)
    assert opened.joined[hall].equipment == (Likely.MICROPHONE_DEAD, Likely.CPU_LIMITED)
    story.broken = {hall: (Likely.CPU_LIMITED,)}
    later = story.wait(60)
    assert [(c.kind, c.assessment.causes) for c in later if c.kind is not EntryKind.ALARMED] == [
        (EntryKind.REASSESSED, (Likely.CPU_LIMITED,))
    ]
    story.broken = {}
    assert [c.kind for c in story.wait(60)] == [EntryKind.CLOSED]
