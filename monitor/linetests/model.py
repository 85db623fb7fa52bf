"""What is said and kept of a line test."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime

from core.linetest import NodeFigures, PageFigures
from core.model import CodeText, Grade, Model, NameText


class FindingCode(StrEnum):
    """What a test found worth telling."""

    NO_MEDIA = "no_media"
    """No media came through: neither directly nor by a relay."""
    LOSS_UP = "loss_up"
    LOSS_DOWN = "loss_down"
    JITTER_UP = "jitter_up"
    JITTER_DOWN = "jitter_down"
    RTT = "rtt"
    CONCEALED = "concealed"
    THIN_UP = "thin_up"
    """The line carries less from the point than the heaviest profile needs; `value` is what it carries, kbit/s;
    at least that much where the grade is unknown, because the test did not fill it."""
    THIN_DOWN = "thin_down"
    BY_RELAY = "by_relay"
    """The node's UDP port is not reached directly; `state` is how the relay is."""
    NO_RELAY = "no_relay"
    """A way to the relay does not work, so that nothing stands in when UDP is closed one day; `state` is which."""
    WIFI = "wifi"
    SLOW_MACHINE = "slow_machine"
    CAMERA = "camera"
    """`state` is the camera's, as the microphone's below."""
    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    """The test sound was not heard."""


class LineFinding(Model):
    """One thing that the test found; losses and shares are fractions of 1, times in ms, rates in kbit/s."""

    code: FindingCode
    grade: Grade
    value: float | None = None
    state: str = ""


class Verdict(Model):
    """What a test comes to: the grade of the worst finding, and the heaviest profile that the line carries."""

    grade: Grade
    carries: str | None
    findings: tuple[LineFinding, ...]


class LineTestResult(Model):
    """One finished test; `by` is an account, or the point's participant when it was run by a join link."""

    at: AwareDatetime
    by: str
    node: NodeFigures
    page: PageFigures
    verdict: Verdict


class LineTestRow(Model):
    """A point's newest test in short."""

    point: CodeText
    name: NameText
    at: AwareDatetime
    grade: Grade
    carries: str | None
    kbps_up: float | None
    kbps_down: float | None
