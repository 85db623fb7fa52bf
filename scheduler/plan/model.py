"""What a plan is made from and what it says. docs/planning.md explains the model and where the figures come from.

Rates are kbit/s on the wire. A link is the line of a unit to its parent unit, named by the lower unit: *down* is
towards the unit, *up* towards its parent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import AwareDatetime, Field

from core.model import CodeText, ConferenceId, Model, NameText

MAX_DEPTH = 3
"""Trunks between any node and the root."""


class ProfileName(StrEnum):
    """Profiles from the heaviest to the lightest."""

    FULL = "full"
    STANDARD = "standard"
    LIGHT = "light"
    VOICE = "voice"


class Profile(Model):
    """What one conference sends: per point downwards, per point that is on air upwards, and per trunk."""

    name: ProfileName
    stage_kbps: int = Field(ge=0)
    second_kbps: int = Field(ge=0)
    content_kbps: int = Field(ge=0)
    audio_kbps: int = Field(ge=0)
    """All audio slots together."""
    up_kbps: int = Field(ge=0)
    """One point on air: every simulcast layer of its camera, and its microphone."""
    trunk_down_kbps: int = Field(ge=0)
    """The slots with every simulcast layer: the node below serves points of lighter profiles from them."""
    leg_streams: int = Field(ge=0)
    up_streams: int = Field(ge=0)
    trunk_streams: int = Field(ge=0)
    senders: int = Field(ge=0, le=16)
    """Points on air at the same time; all others send nothing."""

    @property
    def down_kbps(self) -> int:
        """What one point receives."""
        return self.stage_kbps + self.second_kbps + self.content_kbps + self.audio_kbps

    @property
    def trunk_up_kbps(self) -> int:
        """What a trunk carries upwards: every point on air could be behind it."""
        return self.senders * self.up_kbps


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit and its line to the parent; a capacity of None is not known and does not limit."""

    code: str
    name: str
    parent: str | None = None
    up_kbps: int | None = None
    down_kbps: int | None = None


@dataclass(frozen=True, slots=True)
class PointLine:
    """A bridge point and its own line; a capacity of None is not known and does not limit."""

    code: str
    unit: str
    up_kbps: int | None = None
    down_kbps: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A media node: where it stands, how many legs it hosts, and how much it sends at most."""

    code: str
    unit: str
    legs: int
    kbps: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class LinkUse:
    """What a link carries in each direction."""

    up_kbps: int = 0
    down_kbps: int = 0


@dataclass(frozen=True, slots=True)
class NodeUse:
    """What a node hosts and sends."""

    legs: int = 0
    kbps: int = 0


@dataclass(frozen=True)
class PlanInput:
    """Everything that one conference's plan depends on.

    `profiles` begins with the wanted one and ends with the lightest that the organizer accepts. `links_used` and
    `nodes_used` are what other conferences need at the busiest instant of this one's time.
    """

    units: tuple[UnitLine, ...]
    points: tuple[PointLine, ...]
    nodes: tuple[Node, ...]
    profiles: tuple[Profile, ...]
    chair_unit: str | None = None
    links_used: Mapping[str, LinkUse] = field(default_factory=dict)
    nodes_used: Mapping[str, NodeUse] = field(default_factory=dict)
    consoles: int = 2
    """Legs at the root besides the points': the chair's console and a technician's."""


class Assignment(Model):
    """A point, the node that serves it, and how much it is sent."""

    point: str
    node: str
    profile: ProfileName


class Trunk(Model):
    """A node joins its upstream node; `depth` counts the trunks from here to the root."""

    node: str
    upstream: str
    depth: int


class LinkLoad(Model):
    """What the conference puts on a link, what others put there at the busiest instant, and the capacity."""

    unit: str
    up_kbps: int
    down_kbps: int
    up_streams: int
    down_streams: int
    legs: int
    """Legs of points that cross the link, in either direction."""
    trunks: int
    others_up_kbps: int
    others_down_kbps: int
    capacity_up_kbps: int | None
    capacity_down_kbps: int | None


class NodeLoad(Model):
    """What the conference puts on a node, what others put there at the busiest instant, and the capacity."""

    node: str
    unit: str
    points: int
    legs: int
    kbps: int
    streams: int = 0
    """RTP streams that the node sends; 0 in plans made before they were counted."""
    others_legs: int
    others_kbps: int
    capacity_legs: int
    capacity_kbps: int


class LimitKind(StrEnum):
    """What can be too little."""

    POINT_LINE = "point_line"
    LINK = "link"
    NODE_LEGS = "node_legs"
    NODE_KBPS = "node_kbps"
    NO_NODE = "no_node"


class Limit(Model):
    """What is too little and by how much: kbit/s, for NODE_LEGS legs. `code` is a point's, unit's or node's.

    `name` is what people call it; empty where it was not looked up.
    """

    kind: LimitKind
    code: str
    name: str = ""
    direction: str = ""
    """For lines and links: "up" or "down"."""
    needed: int
    free: int
    capacity: int

    @property
    def short(self) -> int:
        """How much is missing."""
        return self.needed - self.free

    def sentence(self) -> str:
        """For a person."""
        who = f"{self.name} ({self.code})" if self.name else self.code
        match self.kind:
            case LimitKind.POINT_LINE:
                return f"The line of point {who} lacks {self.short:,} kbit/s {self.direction}{self._of()}."
            case LimitKind.LINK:
                return f"The line of unit {who} lacks {self.short:,} kbit/s {self.direction}{self._of()}."
            case LimitKind.NODE_KBPS:
                return f"Media node {who} lacks {self.short:,} kbit/s{self._of()}."
            case LimitKind.NODE_LEGS:
                return f"Media node {who} lacks {self.short:,} legs{self._of()}."
            case LimitKind.NO_NODE:
                return "No media node is in service at that time."

    def _of(self) -> str:
        return f" (needs {self.needed:,}, free {self.free:,} of {self.capacity:,})"


class ClosedNode(Model):
    """A media node that is in maintenance for a part of the time asked about, from when until when and why."""

    node: str
    name: str
    reason: str
    since: AwareDatetime
    until: AwareDatetime


class Outlook(Model):
    """What planning would come to: whether it is carried, and with which profile.

    `limits` is what keeps it from the wanted profile, or, not carried, from the lightest acceptable one.
    """

    carried: bool
    profile: ProfileName | None = None
    limits: tuple[Limit, ...] = ()


class Lightened(Model):
    """Points that get a lighter profile than the conference, because a line that only they use is too thin."""

    limit: Limit
    points: int
    profile: ProfileName
    """The heaviest that fits."""


class Plan(Model):
    """Who serves whom, the trunks, and what it all costs.

    `cost` is the traffic that depended on a decision, each kbit/s weighted by the scarcity of the links it crosses;
    `bound` is a proven lower bound for it, `gap` how far above it the plan is (0.01: one per cent).
    """

    wanted: ProfileName
    profile: ProfileName
    root: str
    assignments: tuple[Assignment, ...]
    trunks: tuple[Trunk, ...]
    links: tuple[LinkLoad, ...]
    nodes: tuple[NodeLoad, ...]
    lightened: tuple[Lightened, ...] = ()
    degraded_by: tuple[Limit, ...] = ()
    """Why the conference does not get the wanted profile."""
    cost: int
    bound: int
    gap: float
    changed: int | None = None
    """Points that the previous plan had at another node; None without a previous plan."""


class PlanOutcome(Model):
    """What planning a conference came to; `planned` is False when no media node is registered (one-node house).

    `closed` are the nodes that it does without because they are in maintenance then.
    """

    conference: ConferenceId
    planned: bool
    profile: ProfileName | None = None
    degraded_by: tuple[Limit, ...] = ()
    lightened: tuple[Lightened, ...] = ()
    nodes: int = 0
    changed: int | None = None
    closed: tuple[ClosedNode, ...] = ()


class PlanWish(Model):
    """What a conference wants: a profile, the lightest acceptable one, and its chair's unit (None: the centre)."""

    profile: ProfileName = ProfileName.STANDARD
    lightest: ProfileName = ProfileName.VOICE
    chair_unit: CodeText | None = None


class MediaNode(Model):
    """A registered media node; one that is not `active` is not planned with."""

    code: CodeText
    name: NameText
    unit: CodeText
    legs: int = Field(ge=1, le=1_000_000)
    kbps: int = Field(ge=1, le=1_000_000_000)
    active: bool = True


class NodeMaintenance(Model):
    """A window in which a node is out of service; `id` is 0 until it is stored."""

    id: int = 0
    node: CodeText
    start: AwareDatetime
    stop: AwareDatetime
    reason: str = Field(default="", max_length=200)


class StoredPlan(Model):
    """A plan with its number within the conference (1 is the first) and its moment."""

    conference: ConferenceId
    number: int
    made_at: AwareDatetime
    current: bool
    plan: Plan
