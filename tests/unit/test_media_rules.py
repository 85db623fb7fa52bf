"""ICE-lite, key-frame requests, layer choice and link measurement, without I/O."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from aioice import stun

from bridge.media.ice import Credentials, IceLite, plain_host
from bridge.media.keyframes import REST_SECONDS, RETRY_SECONDS, KeyframeRequests
from bridge.media.layers import choose_layer
from bridge.media.reception import Reception
from bridge.media.rtcp import ReportBlock
from bridge.media.sampling import Incoming, Meter
from bridge.media.slots import MediaPacket, Timeline
from tests.support.line import Faults, LineModel

LOCAL = Credentials("local1", "p" * 24)
HOME = ("192.0.2.1", 4_000)


def check(username: str = "local1:remote", password: str = LOCAL.password, *, nominate: bool = False) -> bytes:
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    request.attributes["USERNAME"] = username
    if nominate:
        request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(password.encode())
    return bytes(request)


def listening() -> IceLite[str]:
    ice = IceLite[str]()
    ice.expect(LOCAL, "remote", "the leg")
    return ice


@pytest.mark.parametrize("nominate", [True, False])
def test_a_check_with_the_right_password_proves_the_address(nominate: bool) -> None:
    proved = listening().check(check(nominate=nominate), HOME)
    assert proved is not None
    assert (proved.owner, proved.nominated) == ("the leg", nominate)
    reply = stun.parse_message(proved.reply)
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == HOME
    assert reply.check_message_integrity(LOCAL.password.encode())


@pytest.mark.parametrize(
    "data",
    [
        check("local1:other"),
        check("local2:remote"),
        check(password="q" * 24),
        check()[:-4],
        b"\x00\x01" + bytes(18),
        b"",
    ],
    ids=["another peer", "another leg", "wrong password", "cut", "no attributes", "empty"],
)
def test_any_other_check_gets_no_answer(data: bytes) -> None:
    assert listening().check(data, HOME) is None


def test_forgotten_credentials_prove_nothing() -> None:
    ice = listening()
    ice.forget(LOCAL)
    assert ice.check(check(), HOME) is None


def test_a_dual_stack_socket_s_addresses_are_told_plainly() -> None:
    assert plain_host(("::ffff:192.0.2.1", 1, 0, 0)) == "192.0.2.1"
    assert plain_host(("fe80::1%2", 1, 0, 2)) == "fe80::1"


def test_requests_are_coalesced_until_the_key_frame_comes_and_then_rest() -> None:
    requests = KeyframeRequests[str]()
    assert [requests.want("s", 0.0) for _ in range(168)] == [True] + [False] * 167
    assert requests.due(RETRY_SECONDS / 2) == []
    assert requests.due(RETRY_SECONDS) == ["s"]
    requests.arrived("s")
    assert requests.due(10.0) == []
    assert requests.want("s", 10.0)
    requests.arrived("s")
    assert not requests.want("s", 10.0 + REST_SECONDS / 2)
    assert requests.due(10.0 + REST_SECONDS) == ["s"]


@dataclass
class Picture:
    last_packet_at: float
    pixels: int


def test_the_largest_layer_that_arrives_is_shown() -> None:
    low, middle, high = Picture(10.0, 100), Picture(9.9, 400), Picture(9.95, 1_600)
    assert choose_layer([low, middle, high]) is high
    high.last_packet_at = 9.0
    assert choose_layer([low, middle, high]) is middle
    assert choose_layer([low, middle], 200) is low
    assert choose_layer([low, middle], 50) is low
    assert choose_layer([]) is None


def test_a_camera_that_stopped_altogether_keeps_its_layer() -> None:
    assert choose_layer([Picture(1.0, 100), Picture(0.9, 400)]) == Picture(0.9, 400)


def test_reception_counts_losses_through_a_wrap() -> None:
    reception = Reception(90_000)
    for sequence in (65_534, 65_535, 1, 2, 0, 5):
        reception.add(sequence, 0, 0.0)
    assert (reception.expected, reception.packets) == (8, 6)
    block = reception.report(7, 1.0)
    assert (block.lost, block.highest, block.fraction) == (2, 65_536 + 5, 2 * 256 // 8)
    assert reception.report(7, 2.0).fraction == 0


def test_what_was_repaired_is_not_reported_as_lost() -> None:
    reception = Reception(90_000)
    for sequence in (1, 2, 5):
        reception.add(sequence, 0, 0.0)
    reception.repaired += 1
    block = reception.report(7, 1.0)
    assert (block.lost, block.fraction) == (1, 256 // 5)
    assert reception.packets == 3


def test_jitter_follows_the_formula() -> None:
    reception = Reception(1_000)
    reception.add(1, 0, 0.0)
    reception.add(2, 20, 0.036)
    assert reception.jitter == pytest.approx(1.0)
    assert reception.jitter_ms == pytest.approx(1.0)


def test_a_sample_is_about_its_own_period() -> None:
    meter = Meter(at=0.0)
    meter.bytes_in, meter.bytes_out = 1_000, 2_000
    first = meter.close_period(2.0, {1: Incoming(100, 90, 5.0)})
    assert first["kbps_up"] == pytest.approx(4.0)
    assert first["kbps_down"] == pytest.approx(8.0)
    assert first["loss_up"] == pytest.approx(0.1)
    assert first["jitter_up_ms"] == pytest.approx(5.0)
    second = meter.close_period(4.0, {1: Incoming(100, 90, 5.0)})
    assert (second["kbps_up"], second["loss_up"], second["jitter_up_ms"]) == (0.0, None, None)


def report(lost: int, highest: int, *, last_report: int = 0, delay: int = 0) -> ReportBlock:
    return ReportBlock(9, lost, highest, 900, last_report, delay)


def heard_of(highest: int) -> ReportBlock:
    return ReportBlock(9, 0, highest, 0, 0, 0)


def test_what_was_asked_again_on_the_same_stream_was_lost_though_it_is_not_reported() -> None:
    meter = Meter(0.0)
    meter.reported(heard_of(100), 90_000, 0)
    meter.asked_again(9, [110, 120])
    meter.asked_again(9, [120, 130])
    meter.reported(heard_of(300), 90_000, 0)
    assert meter.close_period(2.0, {})["video_down"].loss == pytest.approx(3 / 200)
    meter.asked_again(9, [130])
    meter.reported(heard_of(400), 90_000, 0)
    assert meter.close_period(4.0, {})["video_down"].loss == 0


@pytest.mark.parametrize(("before_ms", "told_ms"), [(0.0, 60.0), (9.0, 60.0), (30.0, 60.0), (50.0, None)])
def test_jitter_that_came_with_the_packets_is_not_the_receivers(before_ms: float, told_ms: float | None) -> None:
    meter = Meter(0.0)
    meter.reported(ReportBlock(9, 0, 100, 5_400, 0, 0, 0), 90_000, 0, jitter_before_ms=before_ms)
    assert meter.close_period(2.0, {})["jitter_down_ms"] == told_ms


def test_what_was_asked_again_in_a_period_without_a_report_counts_when_the_report_comes() -> None:
    meter = Meter(0.0)
    meter.reported(heard_of(100), 90_000, 0)
    meter.close_period(1.0, {})
    meter.asked_again(9, list(range(110, 120)))
    assert meter.close_period(2.0, {})["loss_down"] is None
    meter.asked_again(9, list(range(210, 220)))
    meter.reported(heard_of(300), 90_000, 0)
    fields = meter.close_period(3.0, {})
    assert fields["video_down"].loss == fields["loss_down"] == pytest.approx(20 / 200)


@pytest.mark.parametrize("lag", [0, 1, 7])
@pytest.mark.parametrize("every", [1, 40])
@pytest.mark.parametrize(("lost_up", "lost_down"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.1), (0.1, 0.1)])
def test_what_its_source_s_line_does_to_packets_is_no_loss_of_the_receiver_s_line(
    lost_up: float, lost_down: float, every: int, lag: int
) -> None:
    """`every` so many packets the receiver reports; what it reports is `lag` packets old when it comes."""
    source = LineModel(1, Faults(delay_ms=100, jitter_ms=30, loss=lost_up))
    order = sorted((at, number) for number in range(4_000) for at in source.carry(number * 0.005, 1_000))
    own, meter, timeline = LineModel(2, Faults(loss=lost_down)), Meter(0.0), Timeline(96, 90_000, sequence=0)
    timeline.begin(MediaPacket(0, 0, False, b"x", 0.0))
    reports: list[ReportBlock] = []
    highest = came = lost = expected = holes = 0
    for turn, (_, number) in enumerate(order):
        placed = timeline.place(MediaPacket(number & 0xFFFF, 0, False, b"x", 0.0))
        if placed is not None and own.carry(0.0, 1_000):
            highest, came = max(highest, int.from_bytes(placed[0][2:4], "big")), came + 1
        reports.append(report(highest - came, highest))
        if turn % every == 0 and turn >= lag:
            more, holes = timeline.holes - holes, timeline.holes
            news = meter.reported(reports[turn - lag], 90_000, 0, holes=more)
            expected, lost = expected + news[0], lost + news[1]
    assert lost == pytest.approx(own.lost, abs=16)
    assert expected == pytest.approx(len(order), abs=100)


def test_losses_down_come_from_differences_of_reports() -> None:
    meter = Meter(at=0.0)
    meter.reported(report(5, 1_000), 90_000, 0)
    assert meter.close_period(1.0, {})["loss_down"] is None
    meter.reported(report(15, 1_100, last_report=65_536, delay=6_554), 90_000, 65_536 * 2)
    sample = meter.close_period(2.0, {})
    assert sample["loss_down"] == pytest.approx(0.1)
    assert sample["jitter_down_ms"] == pytest.approx(10.0)
    assert sample["rtt_ms"] == pytest.approx(900, abs=1)
