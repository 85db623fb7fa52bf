"""Any order of packets and any request: what repairs losses stays bounded and asks only for what is missing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.media import rtcp
from bridge.media.arrivals import GIVE_UP_SECONDS, MOST_MISSING, Arrival, Arrivals
from bridge.media.retransmission import BURST, MOST_TIMES, Retransmissions
from bridge.media.rtp import audio_level, parse_header, send_time
from bridge.media.uplink import CEILING, FLOOR, Uplink
from tests.support.mutation import fuzzed, spoilt
from tests.unit.test_fuzz_packets import RTP

NUMBERS = st.one_of(st.integers(0, 65_535), st.integers(65_500, 65_535), st.integers(0, 40))
PAUSES = st.floats(0, 0.3)
TAKEN = (Arrival.NEW, Arrival.FILLS, Arrival.RECOVERED)


@fuzzed
@given(st.lists(st.tuples(NUMBERS, PAUSES), max_size=120))
def test_arrivals(packets: list[tuple[int, float]]) -> None:
    arrivals, now = Arrivals(), 0.0
    seen: set[int] = set()
    for sequence, pause in packets:
        now += pause
        taken = arrivals.add(sequence, now) in TAKEN
        assert taken or seen, "the first packet of a stream is always taken"
        seen.add(sequence)
        assert sequence not in arrivals.missing
        assert len(arrivals.missing) <= MOST_MISSING
        asked, _ = arrivals.due(now)
        assert set(asked) <= arrivals.missing.keys()
    arrivals.due(now + GIVE_UP_SECONDS + 1)
    assert not arrivals.missing
    assert arrivals.round_trip >= 0


@fuzzed
@given(st.lists(st.tuples(st.lists(NUMBERS, max_size=300), PAUSES), max_size=20))
def test_retransmissions_are_no_amplifier(requests: list[tuple[list[int], float]]) -> None:
    again, now = Retransmissions(), 1.0
    sent: list[int] = []
    for sequences, pause in requests:
        now += pause
        allowed = list(again.allowed(sequences, now))
        assert set(allowed) <= set(sequences)
        sent += allowed
        assert len(sent) <= BURST + 100 * (now - 1.0) + 101
    assert max((sent.count(sequence) for sequence in set(sent)), default=0) <= max(MOST_TIMES, len(requests))


@fuzzed
@given(st.lists(NUMBERS, max_size=300))
def test_requests_are_readable(sequences: list[int]) -> None:
    packet = rtcp.missing(1, 7, sequences)
    wanted = [
        s for item in rtcp.parse_feedback(packet) if isinstance(item, rtcp.PacketsMissing) for s in item.sequences
    ]
    assert set(wanted) == set(sequences[: rtcp.MAX_MISSING])


@fuzzed
@given(spoilt(RTP), st.integers(0, 255))
def test_times_and_levels_in_headers(data: bytes, identifier: int) -> None:
    header = parse_header(data)
    if header is not None:
        assert 0 <= (send_time(data, header, identifier) or 0) < 1 << 24
        assert 0 <= (audio_level(data, header, identifier) or 0) < 128


@fuzzed
@given(st.lists(st.tuples(st.integers(0, (1 << 24) - 1), st.integers(0, 65_535), PAUSES), max_size=80))
def test_an_estimate_of_any_times_stays_in_its_bounds(packets: list[tuple[int, int, float]]) -> None:
    uplink, now = Uplink(), 0.0
    for stamp, size, pause in packets:
        now += pause
        uplink.take(stamp, size, 7, now)
        assert FLOOR <= uplink.grow(now) <= CEILING
