"""Which layers of a camera are asked of its endpoint."""

from __future__ import annotations

from bridge.media.demand import REST_SECONDS, Demand, wanted_layers
from bridge.media.layers import MIDDLE_PIXELS, least

RIDS = ("l", "m", "h")
SIZES = {"l": 57_600, "m": 230_400, "h": 921_600}


def test_what_receivers_show_is_wanted_and_nothing_else() -> None:
    assert wanted_layers(RIDS, SIZES, {None}) == {"h"}
    assert wanted_layers(RIDS, SIZES, {None, 57_600}) == {"l", "h"}
    assert wanted_layers(RIDS, SIZES, {250_000, 0}) == {"m"}
    assert wanted_layers(RIDS, SIZES, {0}) == set()


def test_layers_never_seen_are_wanted_by_whoever_may_see_the_largest() -> None:
    assert wanted_layers(RIDS, {"l": 57_600}, {None}) == set(RIDS)
    assert wanted_layers(RIDS, {"l": 57_600}, {230_400}) == {"l"}
    assert wanted_layers(RIDS, {}, {230_400}) == set()


def _told(demand: Demand) -> tuple[str, ...]:
    return tuple(demand.told or ())


def test_a_layer_goes_after_a_rest_and_comes_at_once() -> None:
    demand = Demand()
    assert not demand.update(RIDS, {"h"}, 0.0)
    assert not demand.update(RIDS, {"h"}, REST_SECONDS)
    assert demand.update(RIDS, {"h"}, REST_SECONDS + 0.1)
    assert _told(demand) == ("h",)
    assert demand.update(RIDS, {"l"}, REST_SECONDS + 0.2)
    assert _told(demand) == ("l", "h")
    assert demand.update(RIDS, {"l"}, 2 * REST_SECONDS + 1)
    assert _told(demand) == ("l",)


def test_without_receivers_there_is_nothing_to_say() -> None:
    demand = Demand()
    demand.update(RIDS, {"h"}, 0.0)
    demand.update(RIDS, {"h"}, 10.0)
    assert _told(demand) == ("h",)
    assert demand.forget()
    assert demand.told is None
    assert not demand.forget()


def test_a_limited_source_is_not_asked_for_more_than_its_limit() -> None:
    assert least(None, None) is None
    assert least(None, MIDDLE_PIXELS) == MIDDLE_PIXELS
    assert least(100, MIDDLE_PIXELS) == 100
    sizes = {"q": 40_000, "h": 200_000, "f": 900_000}
    assert wanted_layers(sizes, sizes, {least(None, MIDDLE_PIXELS)}) == {"h"}
