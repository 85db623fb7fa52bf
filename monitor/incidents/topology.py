"""What points share: units with their uplinks, providers, media nodes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from core.model import PointCode, UnitCode
from monitor.incidents.model import Cause, CauseKind

LEAST_CHILDREN = 3
"""A common cause of fewer points cannot be told from their own lines."""


@dataclass(frozen=True)
class Place:
    """Where a point hangs: its units from its own upwards, its main line's provider, the node that carries it."""

    point: PointCode
    name: str
    units: tuple[UnitCode, ...] = ()
    provider: str = ""
    node: str = ""
    up_kbps: int | None = None
    down_kbps: int | None = None


@dataclass(frozen=True, eq=False)
class Topology:
    """The places of points, and the names and uplinks (kbit/s; None: not known) of what they share."""

    places: Mapping[PointCode, Place]
    unit_names: Mapping[UnitCode, str] = field(default_factory=dict)
    uplinks: Mapping[UnitCode, int | None] = field(default_factory=dict)
    roots: frozenset[UnitCode] = frozenset()
    """Units without a parent: they have no uplink that could fail."""
    node_names: Mapping[str, str] = field(default_factory=dict)

    def name(self, cause: Cause) -> str:
        """What people call it."""
        match cause.kind:
            case CauseKind.UNIT:
                return self.unit_names.get(UnitCode(cause.code), cause.code)
            case CauseKind.NODE:
                return self.node_names.get(cause.code, cause.code)
            case CauseKind.PROVIDER:
                return cause.code
            case _:
                place = self.places.get(PointCode(cause.code))
                return place.name if place else cause.code

    def causes_of(self, point: PointCode) -> tuple[Cause, ...]:
        """The common causes that could harm `point`, the most specific first."""
        return self._causes.get(point, ())

    @cached_property
    def _causes(self) -> dict[PointCode, tuple[Cause, ...]]:
        # One object for each cause: a lookup compares what is not the same object field by field.
        one: dict[Cause, Cause] = {}
        return {
            point: tuple(one.setdefault(cause, cause) for cause in self._shared_by(place))
            for point, place in self.places.items()
        }

    def _shared_by(self, place: Place) -> Iterator[Cause]:
        for unit in place.units:
            if unit not in self.roots:
                yield Cause(kind=CauseKind.UNIT, code=unit)
        if place.provider:
            yield Cause(kind=CauseKind.PROVIDER, code=place.provider)
        if place.node:
            yield Cause(kind=CauseKind.NODE, code=place.node)

    def groups(
        self, observed: Iterable[PointCode], full_nodes: Collection[str] = ()
    ) -> dict[Cause, frozenset[PointCode]]:
        """The common causes of the `observed` points with their children.

        Of those with the same children a node that says itself that it cannot keep up, else the most specific one.
        """
        children: dict[Cause, list[PointCode]] = {}
        specific: dict[Cause, int] = {}
        for point in observed:
            for rank, cause in enumerate(self.causes_of(point)):
                children.setdefault(cause, []).append(point)
                specific[cause] = min(specific.get(cause, rank), rank)
        chosen: dict[frozenset[PointCode], Cause] = {}
        full = {Cause(kind=CauseKind.NODE, code=code) for code in full_nodes}
        for cause in sorted(children, key=lambda c: (c not in full, _KINDS.index(c.kind), specific[c], c.code)):
            if len(children[cause]) >= LEAST_CHILDREN:
                chosen.setdefault(frozenset(children[cause]), cause)
        return {cause: points for points, cause in chosen.items()}

    def capacity(self, cause: Cause) -> int | None:
        """Of the line that would be at fault, kbit/s towards the node."""
        if cause.kind is CauseKind.UNIT:
            return self.uplinks.get(UnitCode(cause.code))
        place = self.places.get(PointCode(cause.code)) if cause.kind is CauseKind.LINE else None
        return place.up_kbps if place else None


_KINDS = (CauseKind.UNIT, CauseKind.PROVIDER, CauseKind.NODE)
