"""The line test: what is asked of the node that runs it, and what node and endpoint find out about the line."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from core.bus import Call
from core.messages import Done
from core.model import CodeText, Model, SlotName, Track
from core.quality import CandidateType, DeviceState, Milliseconds, NetworkType, RelayProtocol, Share

Kbps = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]
TestId = Annotated[str, Field(min_length=1, max_length=64)]


class Phase(StrEnum):
    """What a test does now."""

    CONNECTING = "connecting"
    STEADY = "steady"
    """Little is sent both ways: round trip, jitter and loss of the unloaded line."""
    UP = "up"
    """The endpoint sends as much as it can."""
    DOWN = "down"
    """The node sends more and more."""
    DONE = "done"
    FAILED = "failed"
    """No media came through, or no more."""


class NodeFigures(Model):
    """What the node saw. Rates are the most that came through over two seconds; None: nothing was measured."""

    kbps_up: Kbps | None = None
    kbps_down_sent: Kbps | None = None
    up_filled: bool = False
    """The line to the node was full: it carries what `kbps_up` says. Else it may carry more."""
    down_filled: bool = False
    """Likewise the other way; what came through is the endpoint's to say."""
    loss_up: Share | None = None
    loss_down: Share | None = None
    jitter_up_ms: Milliseconds | None = None
    rtt_ms: Milliseconds | None = None


class Speaker(StrEnum):
    """What the person in the hall says about the test sound."""

    HEARD = "heard"
    NOT_HEARD = "not_heard"
    NOT_ASKED = "not_asked"


class PageFigures(Model):
    """What the endpoint saw. Rates as in `NodeFigures`."""

    kbps_down: Kbps | None = None
    loss_down: Share | None = None
    jitter_down_ms: Milliseconds | None = None
    concealed: Share | None = None
    rtt_ms: Milliseconds | None = None
    camera: DeviceState = DeviceState.UNKNOWN
    microphone: DeviceState = DeviceState.UNKNOWN
    speaker: Speaker = Speaker.NOT_ASKED
    candidate: CandidateType | None = None
    relay_protocol: RelayProtocol | None = None
    network: NetworkType | None = None
    cpu_limited: bool | None = None
    relays: dict[RelayProtocol, bool] = Field(default_factory=dict)
    """Which ways to the TURN relay work, of those that this installation has."""


class OpenLineTest(Model):
    """An endpoint offers media for a test of a point's line; it gets its own picture and sound back.

    Raises `BadInput` (`sdp.*`), `Unavailable` (`node.full`, `node.stopped`, `linetest.busy`).
    """

    point: CodeText
    sdp: str
    receive: dict[str, SlotName]
    send: dict[str, Track]


class LineTestOpened(Model):
    """The answer to the offer; the test begins when media has connected and ends by itself after `seconds`."""

    test: TestId
    sdp: str
    seconds: float


class LineTestRef(Model):
    """Which test. Raises `NotFound` `linetest.unknown`."""

    test: TestId


class LineTestNow(Model):
    """Where a test stands; `progress` goes from 0 to 1, `kbps` is what the node receives now."""

    phase: Phase
    progress: Share
    kbps: Kbps | None = None
    node: NodeFigures = NodeFigures()


OPEN_LINE_TEST: Call[OpenLineTest, LineTestOpened] = Call("linetest.open", OpenLineTest, LineTestOpened)
LOOK_AT_LINE_TEST: Call[LineTestRef, LineTestNow] = Call("linetest.look", LineTestRef, LineTestNow)
CLOSE_LINE_TEST: Call[LineTestRef, Done] = Call("linetest.close", LineTestRef, Done)
