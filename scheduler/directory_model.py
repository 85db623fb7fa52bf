"""Units and points in full, as the directory keeps them; `core.model` has what everybody needs of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field

from core.model import BridgePoint, Model, NameText, Unit, UnitKind

MAX_OPERATORS = 3
MAX_EQUIPMENT = 20
MAX_KBPS = 100_000_000
Kbps = Annotated[int, Field(ge=0, le=MAX_KBPS)]


class Operator(Model):
    """A person who runs the hall."""

    name: NameText
    phone: str = Field(default="", max_length=40)
    email: str = Field(default="", max_length=254)


class Line(Model):
    """A line of the hall, in kbit/s seen from it; None: not known."""

    provider: str = Field(default="", max_length=100)
    up_kbps: Kbps | None = None
    down_kbps: Kbps | None = None


class UnitRecord(Unit):
    """A unit, and the capacity of its line to its parent (kbit/s; None: not known)."""

    uplink_kbps: Kbps | None = None


class PointRecord(BridgePoint):
    """A point with what is in the hall, who runs it (in the order in which to call them), and its lines."""

    address: str = Field(default="", max_length=300)
    equipment: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = Field(
        default=(), max_length=MAX_EQUIPMENT
    )
    operators: tuple[Operator, ...] = Field(default=(), max_length=MAX_OPERATORS)
    line: Line | None = None
    backup: Line | None = None


class PastUnit(Model):
    """What a unit was until `valid_to`; with `successor` it was merged then. `valid_from` None: as long as is known."""

    code: str
    name: str
    kind: UnitKind
    parent: str | None
    valid_from: AwareDatetime | None
    valid_to: AwareDatetime
    successor: str | None


class MergeRequest(Model):
    """Merges `units` into `into`: their points and the units under them go over to it, and they end.

    `into` may be one of the present units (also one of those that are merged), or a new one that is then described by
    `name`, `kind` and `parent`; a present one takes what is given of these. `effective` (None: now) is when the merger
    became valid; conferences before it keep showing the old names.
    """

    units: tuple[str, ...] = Field(min_length=1, max_length=1_000)
    into: str
    name: str | None = None
    kind: UnitKind | None = None
    parent: str | None = None
    effective: AwareDatetime | None = None
