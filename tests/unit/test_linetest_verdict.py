"""What a line test's figures are said to mean."""

from __future__ import annotations

from typing import Any

import pytest

from core.linetest import NodeFigures, PageFigures, Phase, Speaker
from core.model import Grade
from core.quality import CandidateType, DeviceState, NetworkType, RelayProtocol
from monitor.linetests.model import FindingCode, Verdict
from monitor.linetests.verdict import Needs, judge

PROFILES = (
    Needs("full", 2_000, 4_000, True),
    Needs("standard", 1_000, 2_000, True),
    Needs("light", 300, 500, True),
    Needs("voice", 50, 100, False),
)
FINE = {"kbps_up": 5_000.0, "loss_up": 0.0, "jitter_up_ms": 3.0, "rtt_ms": 20.0, "up_filled": True, "down_filled": True}
SEEN = {"kbps_down": 8_000.0, "loss_down": 0.0, "camera": DeviceState.OK, "microphone": DeviceState.OK}


def verdict(
    node: dict[str, Any] | None = None, page: dict[str, Any] | None = None, phase: Phase = Phase.DONE
) -> Verdict:
    return judge(
        phase,
        NodeFigures.model_validate(FINE | (node or {})),
        PageFigures.model_validate(SEEN | (page or {})),
        PROFILES,
    )


def codes(found: Verdict) -> list[FindingCode]:
    return [finding.code for finding in found.findings]


def test_a_good_line_carries_everything_and_nothing_is_said() -> None:
    assert verdict() == Verdict(grade=Grade.GOOD, carries="full", findings=())


@pytest.mark.parametrize(
    ("up", "down", "carries", "grade"),
    [
        (2_300, 4_600, "full", Grade.GOOD),
        (2_299, 4_600, "standard", Grade.FAIR),
        (5_000, 4_599, "standard", Grade.FAIR),
        (400, 8_000, "light", Grade.FAIR),
        (60, 8_000, "voice", Grade.POOR),
        (10, 8_000, None, Grade.POOR),
    ],
)
def test_the_heaviest_profile_with_room_to_spare_in_both_directions(
    up: float, down: float, carries: str | None, grade: Grade
) -> None:
    found = verdict({"kbps_up": up}, {"kbps_down": down})
    assert (found.carries, found.grade) == (carries, grade)


def test_a_line_that_was_not_filled_is_not_called_thin() -> None:
    found = verdict({"kbps_up": 600.0, "up_filled": False})
    assert (found.carries, found.grade) == ("light", Grade.UNKNOWN)
    assert codes(found) == [FindingCode.THIN_UP]


@pytest.mark.parametrize(
    ("node", "page", "code", "grade"),
    [
        ({"loss_up": 0.01}, {}, FindingCode.LOSS_UP, Grade.FAIR),
        ({"loss_up": 0.03}, {}, FindingCode.LOSS_UP, Grade.POOR),
        ({}, {"loss_down": 0.05}, FindingCode.LOSS_DOWN, Grade.POOR),
        ({"jitter_up_ms": 30}, {}, FindingCode.JITTER_UP, Grade.FAIR),
        ({"rtt_ms": 500}, {}, FindingCode.RTT, Grade.POOR),
        ({}, {"candidate": CandidateType.RELAY, "relay_protocol": "tls"}, FindingCode.BY_RELAY, Grade.FAIR),
        ({}, {"relays": {RelayProtocol.TCP: False, RelayProtocol.TLS: True}}, FindingCode.NO_RELAY, Grade.FAIR),
        ({}, {"network": NetworkType.WIFI}, FindingCode.WIFI, Grade.FAIR),
        ({}, {"cpu_limited": True}, FindingCode.SLOW_MACHINE, Grade.FAIR),
        ({}, {"camera": DeviceState.BLACK}, FindingCode.CAMERA, Grade.POOR),
        ({}, {"microphone": DeviceState.SILENT}, FindingCode.MICROPHONE, Grade.POOR),
        ({}, {"speaker": Speaker.NOT_HEARD}, FindingCode.SPEAKER, Grade.POOR),
    ],
)
def test_each_fault_is_found_alone(node: dict[str, Any], page: dict[str, Any], code: FindingCode, grade: Grade) -> None:
    found = verdict(node, page)
    assert (codes(found), found.grade, found.carries) == ([code], grade, "full")


def test_the_worst_comes_first() -> None:
    found = verdict({"loss_up": 0.01, "rtt_ms": 900})
    assert codes(found) == [FindingCode.RTT, FindingCode.LOSS_UP]


def test_no_media_at_all_is_said_and_nothing_is_carried() -> None:
    nothing = dict.fromkeys(FINE, None) | {"up_filled": False, "down_filled": False}
    found = verdict(nothing, {"kbps_down": None, "loss_down": None}, Phase.FAILED)
    assert codes(found) == [FindingCode.NO_MEDIA]
    assert (found.grade, found.carries) == (Grade.POOR, None)


def test_half_a_measurement_is_no_good_verdict() -> None:
    assert verdict({"kbps_up": None, "up_filled": False}).grade is Grade.UNKNOWN
