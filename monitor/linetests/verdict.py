"""From a test's figures to words: which of them are bad, and which conference profile the line carries. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.linetest import NodeFigures, PageFigures, Phase, Speaker
from core.model import Grade
from core.quality import CandidateType, DeviceState, NetworkType
from monitor.linetests.model import FindingCode, LineFinding, Verdict
from monitor.profiles import DEFAULT, Bound

HEADROOM = 1.15
"""A line is to carry so much more than a profile needs: rates are those of calm seconds."""
_FINE = (DeviceState.OK, DeviceState.UNKNOWN)
_ORDER = (Grade.GOOD, Grade.UNKNOWN, Grade.FAIR, Grade.POOR)


@dataclass(frozen=True)
class Needs:
    """What a conference profile takes of a point's line, kbit/s."""

    name: str
    up_kbps: float
    down_kbps: float
    pictures: bool


def judge(phase: Phase, node: NodeFigures, page: PageFigures, profiles: Sequence[Needs]) -> Verdict:
    """The verdict; `profiles` go from the heaviest to the lightest."""
    rates = (node.kbps_up, page.kbps_down)
    carries = _carries(*rates, profiles)
    findings = [*_line(phase, node, page), *_thin(node, page, carries, profiles), *_ways(page), *_devices(page)]
    findings.sort(key=lambda finding: _ORDER.index(finding.grade), reverse=True)
    unknown = None in rates and phase is not Phase.FAILED
    worst = max((finding.grade for finding in findings), key=_ORDER.index, default=Grade.GOOD)
    grade = max(worst, Grade.UNKNOWN if unknown else Grade.GOOD, key=_ORDER.index)
    return Verdict(grade=grade, carries=carries.name if carries else None, findings=tuple(findings))


def _carries(up: float | None, down: float | None, profiles: Sequence[Needs]) -> Needs | None:
    if up is None or down is None:
        return None
    fits = (p for p in profiles if up >= HEADROOM * p.up_kbps and down >= HEADROOM * p.down_kbps)
    return next(fits, None)


def _line(phase: Phase, node: NodeFigures, page: PageFigures) -> Iterator[LineFinding]:
    if phase is Phase.FAILED or (node.kbps_up is None and page.kbps_down is None):
        yield LineFinding(code=FindingCode.NO_MEDIA, grade=Grade.POOR)
    measured: tuple[tuple[FindingCode, float | None, Bound], ...] = (
        (FindingCode.LOSS_UP, node.loss_up, DEFAULT.audio_loss),
        (FindingCode.LOSS_DOWN, page.loss_down if page.loss_down is not None else node.loss_down, DEFAULT.audio_loss),
        (FindingCode.JITTER_UP, node.jitter_up_ms, DEFAULT.audio_jitter_ms),
        (FindingCode.JITTER_DOWN, page.jitter_down_ms, DEFAULT.audio_jitter_ms),
        (FindingCode.RTT, node.rtt_ms if node.rtt_ms is not None else page.rtt_ms, DEFAULT.rtt_ms),
        (FindingCode.CONCEALED, page.concealed, DEFAULT.concealed),
    )
    for code, value, bound in measured:
        if value is not None and value >= bound.fair:
            yield LineFinding(code=code, grade=Grade.POOR if value >= bound.poor else Grade.FAIR, value=value)


def _thin(
    node: NodeFigures, page: PageFigures, carries: Needs | None, profiles: Sequence[Needs]
) -> Iterator[LineFinding]:
    if not profiles or carries == profiles[0]:
        return
    wanted = profiles[0]
    grade = Grade.FAIR if carries is not None and carries.pictures else Grade.POOR
    directions = (
        (FindingCode.THIN_UP, node.kbps_up, wanted.up_kbps, node.up_filled),
        (FindingCode.THIN_DOWN, page.kbps_down, wanted.down_kbps, node.down_filled),
    )
    for code, carried, needed, filled in directions:
        if carried is not None and carried < HEADROOM * needed:
            yield LineFinding(code=code, grade=grade if filled else Grade.UNKNOWN, value=carried)


def _ways(page: PageFigures) -> Iterator[LineFinding]:
    if page.candidate is CandidateType.RELAY:
        yield LineFinding(code=FindingCode.BY_RELAY, grade=Grade.FAIR, state=page.relay_protocol or "")
    for way, works in page.relays.items():
        if not works:
            yield LineFinding(code=FindingCode.NO_RELAY, grade=Grade.FAIR, state=way)
    if page.network in (NetworkType.WIFI, NetworkType.CELLULAR):
        yield LineFinding(code=FindingCode.WIFI, grade=Grade.FAIR, state=page.network)
    if page.cpu_limited:
        yield LineFinding(code=FindingCode.SLOW_MACHINE, grade=Grade.FAIR)


def _devices(page: PageFigures) -> Iterator[LineFinding]:
    if page.camera not in _FINE:
        yield LineFinding(code=FindingCode.CAMERA, grade=Grade.POOR, state=page.camera)
    if page.microphone not in _FINE:
        yield LineFinding(code=FindingCode.MICROPHONE, grade=Grade.POOR, state=page.microphone)
    if page.speaker is Speaker.NOT_HEARD:
        yield LineFinding(code=FindingCode.SPEAKER, grade=Grade.POOR)
