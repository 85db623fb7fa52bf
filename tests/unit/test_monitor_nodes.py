"""Which node carries what, and when it cannot keep up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.messages import NodeLoad, SampleBatch
from core.model import ConferenceId, LegId, LinkSample, PointCode, UnitCode, point_participant
from monitor.incidents.model import Cause, CauseKind
from monitor.incidents.topology import Place, Topology
from monitor.nodes import FRESH_SECONDS, Carrier, Nodes

ONE, OTHER = (ConferenceId(f"00000000-0000-4000-8000-00000000000{n}") for n in (1, 2))
START = datetime(2026, 5, 4, 8, tzinfo=UTC)
BUSY, CALM = NodeLoad(cores=0.97, late_ms=5), NodeLoad(cores=0.3, late_ms=1)


def batch(node: str, load: NodeLoad | None, conference: ConferenceId = ONE) -> SampleBatch:
    hall = point_participant("d1")
    sample = LinkSample(conference=conference, participant=hall, leg=LegId("l"), at=START, kbps_up=400, kbps_down=900)
    return SampleBatch(at=START, samples=(sample,), node=node, load=load)


def test_a_node_is_full_when_two_periods_in_a_row_say_so() -> None:
    nodes = Nodes()
    assert nodes.carrier(ONE, 0) == Carrier()
    nodes.hear(batch("n1", BUSY), 0)
    assert nodes.carrier(ONE, 0) == Carrier("n1", False)
    nodes.hear(batch("n1", BUSY), 2)
    assert nodes.carrier(ONE, 2) == Carrier("n1", True)
    nodes.hear(batch("n1", CALM), 4)
    assert nodes.carrier(ONE, 4) == Carrier("n1", False)


def test_a_loop_that_is_late_is_full_whoever_takes_its_core() -> None:
    nodes = Nodes()
    for at in (0, 2):
        nodes.hear(batch("n1", NodeLoad(cores=0.2, late_ms=60)), at)
    assert nodes.carrier(ONE, 2).is_full


def test_what_was_heard_long_ago_is_not_said_of_now() -> None:
    nodes = Nodes()
    for at in (0, 2):
        nodes.hear(batch("n1", BUSY), at)
    assert nodes.loads(2 + FRESH_SECONDS / 2) == {"n1": BUSY}
    assert nodes.carrier(ONE, 2 + FRESH_SECONDS) == Carrier("n1", False)
    assert nodes.loads(2 + FRESH_SECONDS) == {}


def test_each_conference_has_its_own_node_and_one_that_is_over_has_none() -> None:
    nodes = Nodes()
    for at in (0, 2):
        nodes.hear(batch("n1", BUSY), at)
        nodes.hear(batch("n2", CALM, OTHER), at)
    assert (nodes.carrier(ONE, 2).is_full, nodes.carrier(OTHER, 2).is_full) == (True, False)
    nodes.end(ONE)
    assert nodes.carrier(ONE, 2) == Carrier()
    # An older node names neither itself nor its load.
    nodes.hear(batch("", None, ONE), 4)
    assert nodes.carrier(ONE, 4) == Carrier()


@pytest.mark.parametrize(("full", "kind"), [((), CauseKind.UNIT), (("n1",), CauseKind.NODE), (("n2",), CauseKind.UNIT)])
def test_of_a_province_and_its_node_with_the_same_halls_the_node_is_named_when_it_is_full(
    full: tuple[str, ...], kind: CauseKind
) -> None:
    halls = [PointCode(f"d{n}") for n in range(4)]
    places = {hall: Place(hall, hall, (UnitCode("p1"), UnitCode("tw")), node="n1") for hall in halls}
    topology = Topology(places, roots=frozenset({UnitCode("tw")}))
    [(cause, children)] = topology.groups(halls, full).items()
    assert (cause, children) == (Cause(kind=kind, code="n1" if kind is CauseKind.NODE else "p1"), frozenset(halls))
