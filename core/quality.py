"""How good a line is, as the parts tell each other: what an endpoint reports of itself, grades and their reasons."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from core.model import Grade, LegId, LinkSample, Model, ParticipantId

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Milliseconds = Annotated[float, Field(ge=0, le=600_000, allow_inf_nan=False)]
Skew = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Pixels = Annotated[int, Field(ge=0, le=16_384)]
Frames = Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)]


class DeviceState(StrEnum):
    """A camera or microphone, whether it is asked for now or not."""

    OK = "ok"
    MISSING = "missing"
    """There is none, or its use was not allowed."""
    MUTED = "muted"
    """Switched off in the page."""
    WITHHELD = "withheld"
    """On in the page, but the system gives nothing of it: a privacy key, or another program."""
    ENDED = "ended"
    """It was there and went away: unplugged, or taken by another program."""
    BLACK = "black"
    """A camera whose picture has been black for a while: its lid, or its lights."""
    SILENT = "silent"
    """A microphone that has given digital silence for a while: no hall is that quiet."""
    UNKNOWN = "unknown"


class EncoderLimit(StrEnum):
    """What keeps the endpoint's encoder below what was asked (W3C webrtc-stats, RTCQualityLimitationReason)."""

    NONE = "none"
    CPU = "cpu"
    BANDWIDTH = "bandwidth"
    OTHER = "other"


class CandidateType(StrEnum):
    """How the endpoint's own address came about (RFC 8445): its own, seen by a STUN server, by a peer, or a relay."""

    HOST = "host"
    SRFLX = "srflx"
    PRFLX = "prflx"
    RELAY = "relay"


class RelayProtocol(StrEnum):
    """What an endpoint speaks to its TURN relay."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class NetworkType(StrEnum):
    """What an endpoint's machine is connected by, where it knows."""

    ETHERNET = "ethernet"
    WIFI = "wifi"
    CELLULAR = "cellular"
    OTHER = "other"


class EndpointFigures(Model):
    """What an endpoint sees of its own media over one reporting period. None: not known there."""

    seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)]
    """Length of the period."""
    rtt_ms: Milliseconds | None = None
    loss_down: Share | None = None
    freezes: Count = 0
    """How often a picture stood still in the period (webrtc-stats `freezeCount`), over all its slots."""
    frozen_share: Share | None = None
    """How much of the period the worst of its pictures stood still."""
    fps: Frames | None = None
    """Decoded pictures a second of the most important slot that shows something, and their size."""
    width: Pixels | None = None
    height: Pixels | None = None
    concealed: Share | None = None
    """Share of the sound that was made up because packets were missing."""
    sent_fps: Frames | None = None
    """Encoded pictures a second of the largest layer that it sends, and its height."""
    sent_height: Pixels | None = None
    encoder_limit: EncoderLimit | None = None
    cpu_limited: bool | None = None
    """Whether the machine is too slow: its encoder says so, or decoding takes most of the time there is."""
    camera: DeviceState = DeviceState.UNKNOWN
    microphone: DeviceState = DeviceState.UNKNOWN
    candidate: CandidateType | None = None
    relay_protocol: RelayProtocol | None = None
    network: NetworkType | None = None
    skew_ms: Skew | None = None
    """The endpoint's clock minus the server's, from the beat with the shortest round trip of late."""
    skew_error_ms: Milliseconds | None = None
    """The skew is right within this: half of that round trip."""


class Direction(StrEnum):
    """From the point to the node, or back."""

    UP = "up"
    DOWN = "down"


class Medium(StrEnum):
    """What is graded."""

    AUDIO = "audio"
    VIDEO = "video"


class ReasonCode(StrEnum):
    """Which figure made a grade."""

    LOSS_UP = "loss_up"
    LOSS_DOWN = "loss_down"
    JITTER_UP = "jitter_up"
    JITTER_DOWN = "jitter_down"
    RTT = "rtt"
    FROZEN = "frozen"
    CONCEALED = "concealed"
    PAUSED = "paused"
    """The node leaves pictures out because the line does not carry them."""
    NO_DATA = "no_data"
    """Samples come, but nothing could be measured in them."""
    NO_SAMPLE = "no_sample"


class Reason(Model):
    """Why a grade is not good: the figure that is worst, in figures and as a sentence."""

    code: ReasonCode
    medium: Medium | None = None
    """None: both, or the line itself."""
    value: float | None = None
    """A fraction 0..1 for losses and shares, ms for times, a count for paused slots; seconds for `no_sample`."""
    seconds: float = 0.0
    """How long it was measured."""
    vi: str = ""
    en: str = ""


class DirectionGrade(Model):
    """One direction of a line, by medium. `grade` is the worse of both; unknown where nothing is sent."""

    grade: Grade = Grade.UNKNOWN
    audio: Grade = Grade.UNKNOWN
    video: Grade = Grade.UNKNOWN
    reason: Reason | None = None
    opinion: float | None = None
    """What people would think of the sound, 1 (bad) to 4.5 (excellent): MOS by the E-model (ITU-T G.107)."""


NOT_GRADED = DirectionGrade()


class LinkStatus(Model):
    """One graded link as the technician sees it, with the age of what it rests on when it was made."""

    participant: ParticipantId
    leg: LegId
    grade: Grade
    """The worse of both directions."""
    reason: Reason | None = None
    """None when the grade is good."""
    since: AwareDatetime | None = None
    """When the grade became what it is."""
    up: DirectionGrade = NOT_GRADED
    down: DirectionGrade = NOT_GRADED
    sample: LinkSample
    age_ms: float = 0.0
    """Of the sample."""
    carries_up_kbps: float | None = None
    """What the line was found to carry when it was too full of late, all traffic; None: it was not."""
    carries_down_kbps: float | None = None
    endpoint: EndpointFigures | None = None
    endpoint_age_ms: float | None = None
