"""Random faults on two real trees, played to the incident tracker: what was injected, and what it says."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

from core.model import ConferenceId, PointCode, UnitCode
from monitor.incidents.evidence import Condition, Evidence
from monitor.incidents.model import Cause, CauseKind, IncidentId
from monitor.incidents.topology import Place, Topology
from monitor.incidents.tracker import Tracker

CONFERENCE = ConferenceId("00000000-0000-4000-8000-000000000001")
PROVIDERS = ("VNPT", "Viettel", "FPT", "MobiFone")
SHARES = (45, 30, 15, 10)
TICK_SECONDS = 2.0
FAULT_AT, GROWS_SECONDS, LASTS_SECONDS = 8.0, 10.0, 40.0
SPARED = 0.12
"""Of the halls behind a fault so many show nothing of it."""
FLAKY, FLAKY_BAD = 0.03, 0.35
"""So many halls are flaky anyway, and bad for this share of the time."""


def city() -> Topology:
    """Ho Chi Minh City: 168 communes with a point each under one city, three nodes, providers as they fall."""
    return _tree(random.Random(168), {"79": 168}, nodes=3)


def nation() -> Topology:
    """542 points in 34 provinces of different size, six nodes that each serve neighbouring provinces."""
    dice = random.Random(542)
    sizes = {f"{number:02d}": 8 for number in range(1, 35)}
    for _ in range(542 - sum(sizes.values())):
        sizes[dice.choice(list(sizes))] += 1
    return _tree(dice, sizes, nodes=6)


def _tree(dice: random.Random, sizes: dict[str, int], nodes: int) -> Topology:
    places: dict[PointCode, Place] = {}
    for index, (province, size) in enumerate(sizes.items()):
        for number in range(size):
            point = PointCode(f"{province}{number:03d}")
            units = (UnitCode(point), UnitCode(province), UnitCode("VN"))
            provider = dice.choices(PROVIDERS, SHARES)[0]
            node = f"node-{(index if len(sizes) > 1 else number) * nodes // max(len(sizes), 2) % nodes}"
            places[point] = Place(point, point, units, provider, node)
    return Topology(places, roots=frozenset({UnitCode("VN")}))


@dataclass
class Scenario:
    """What is wrong, whom it harms, and when it begins at each."""

    topology: Topology
    dice: random.Random
    causes: list[Cause]
    harmed: dict[PointCode, Condition] = field(default_factory=dict)
    begins: dict[PointCode, float] = field(default_factory=dict)
    by_common: set[PointCode] = field(default_factory=set)
    flaky: set[PointCode] = field(default_factory=set)

    def seen(self, at: float) -> dict[PointCode, Evidence]:
        """All points' evidence at a moment."""
        return {point: Evidence(point, CONFERENCE, self._condition(point, at)) for point in self.topology.places}

    def _condition(self, point: PointCode, at: float) -> Condition:
        ill = point in self.harmed and self.begins[point] <= at < FAULT_AT + LASTS_SECONDS
        if ill and self.dice.random() < 0.95:
            return self.harmed[point]
        if point in self.flaky and self.dice.random() < FLAKY_BAD:
            return self.dice.choice((Condition.FAIR, Condition.POOR))
        return Condition.UNKNOWN if self.dice.random() < 0.02 else Condition.GOOD


def children(topology: Topology, cause: Cause) -> list[PointCode]:
    """The points that a common cause can harm."""
    return _children(topology)[cause]


@cache
def _children(topology: Topology) -> dict[Cause, list[PointCode]]:
    found: dict[Cause, list[PointCode]] = {}
    for point in topology.places:
        for cause in topology.causes_of(point):
            found.setdefault(cause, []).append(point)
    return found


def _commons(topology: Topology, kind: CauseKind) -> list[Cause]:
    found = [cause for cause, points in _children(topology).items() if cause.kind is kind and len(points) >= 5]
    return sorted(found, key=lambda cause: cause.code)


MIXES = (
    (CauseKind.UNIT,),
    (CauseKind.PROVIDER,),
    (CauseKind.NODE,),
    (CauseKind.LINE,),
    (CauseKind.LINE, CauseKind.LINE, CauseKind.LINE),
    (CauseKind.UNIT, CauseKind.LINE),
    (CauseKind.UNIT, CauseKind.UNIT),
    (CauseKind.PROVIDER, CauseKind.UNIT),
    (CauseKind.NODE, CauseKind.LINE, CauseKind.LINE),
    (CauseKind.NODE, CauseKind.PROVIDER),
)


def scenario(seed: int, topology: Topology) -> Scenario:
    """The random scenario with this number."""
    dice = random.Random(seed)
    made = Scenario(topology, dice, [])
    for kind in MIXES[seed // 2 % len(MIXES)]:
        if kind is CauseKind.LINE:
            free = [point for point in topology.places if point not in made.harmed]
            cause = Cause(kind=kind, code=dice.choice(free or list(topology.places)))
        else:
            cause = dice.choice(_commons(topology, kind))
        if cause not in made.causes:
            made.causes.append(cause)
            _inject(made, cause)
    made.flaky = {point for point in topology.places if dice.random() < FLAKY}
    return made


def _inject(made: Scenario, cause: Cause) -> None:
    dice = made.dice
    if not cause.kind.is_common:
        point = PointCode(cause.code)
        made.harmed.setdefault(point, dice.choice((Condition.POOR, Condition.LOST)))
        made.begins.setdefault(point, FAULT_AT)
        return
    for point in children(made.topology, cause):
        if dice.random() >= SPARED:
            made.harmed.setdefault(point, dice.choices((Condition.POOR, Condition.LOST, Condition.FAIR), (7, 2, 1))[0])
            made.begins.setdefault(point, FAULT_AT + dice.random() * GROWS_SECONDS)
            made.by_common.add(point)


def _lies_behind_another(made: Scenario, cause: Cause) -> bool:
    """Whether all that it harms is harmed by another cause too: nobody could tell it from that one."""
    mine = set(children(made.topology, cause)) if cause.kind.is_common else {PointCode(cause.code)}
    others = [set(children(made.topology, c)) for c in made.causes if c != cause and c.kind.is_common]
    return any(mine <= other for other in others)


@dataclass
class Verdict:
    """What the tracker said of a scenario when it was at its worst, and whether all was over at the end."""

    named: list[Cause]
    doubled: int
    """Incidents that a cause had beyond its one."""
    strange: list[Cause]
    """Common causes named that were not injected, and halls named whose fault is a common one."""
    missing: list[Cause]
    left_open: list[Cause]
    alarms: int

    @property
    def is_right(self) -> bool:
        """Every injected cause is named, by one incident, and nothing else that they explain."""
        return not self.missing and not self.strange and not self.doubled


def play(made: Scenario, after: float = 0.0) -> Verdict:
    """Plays a scenario from before its beginning to its worst, and `after` more seconds."""
    numbers: Iterator[int] = iter(range(1_000_000))
    tracker = Tracker(lambda: IncidentId(str(next(numbers))))
    opened: Counter[Cause] = Counter()
    alarms, named, now = 0, list[Cause](), 0.0
    end = FAULT_AT + LASTS_SECONDS
    while now < end + after:
        for change in tracker.tick(made.seen(now), made.topology, now):
            opened[change.cause] += change.kind.value == "opened"
            alarms += change.alarm
        if now == end - TICK_SECONDS:
            named = [i.cause for i in tracker.incidents.values() if i.folded_into is None]
        now += TICK_SECONDS
    injected = set(made.causes)
    flaky_lines = {Cause(kind=CauseKind.LINE, code=point) for point in made.flaky - made.by_common}
    strange = [c for c in named if c not in injected and c not in flaky_lines]
    due = [cause for cause in made.causes if not _lies_behind_another(made, cause)]
    doubled = sum(count - 1 for cause, count in opened.items() if count > 1 and cause in injected)
    left = [i.cause for i in tracker.incidents.values() if PointCode(i.cause.code) not in made.flaky]
    return Verdict(named, doubled, strange, [c for c in due if c not in named], left, alarms)
