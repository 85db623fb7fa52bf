"""Losses: what is missing and when it is asked for, what is sent again and how."""

from __future__ import annotations

import itertools
import struct

from hypothesis import given
from hypothesis import strategies as st

from bridge.media import rtcp
from bridge.media.arrivals import (
    GIVE_UP_SECONDS,
    MOST_MISSING,
    REORDER_SECONDS,
    TAIL_SECONDS,
    WINDOW,
    Arrival,
    Arrivals,
)
from bridge.media.batches import batches_of, send_time_block
from bridge.media.history import PACKETS, SECONDS, SentPackets
from bridge.media.retransmission import AGAIN_SECONDS, BURST, MOST_TIMES, OFTEN_SECONDS, Retransmissions
from bridge.media.slots import Placed


def packet(sequence: int, body: bytes = b"picture") -> Placed:
    return struct.pack("!BBHI", 0x80, 0x80 | 96, sequence & 0xFFFF, 7), body


def arrivals(*sequences: int) -> Arrivals:
    stream = Arrivals()
    for sequence in sequences:
        stream.add(sequence, 0.0)
    return stream


@given(st.integers(0, 0xFFFF), st.permutations(range(40)), st.lists(st.integers(0, 39), max_size=40))
def test_every_packet_goes_on_exactly_once_whatever_the_order(first: int, order: list[int], again: list[int]) -> None:
    stream = arrivals(first - 1 & 0xFFFF)
    seen = [stream.add(first + n & 0xFFFF, 0.1) for n in order]
    assert set(seen) <= {Arrival.NEW, Arrival.FILLS}
    assert not stream.missing
    assert {stream.add(first + n & 0xFFFF, 0.2) for n in again} <= {Arrival.DUPLICATE}


@given(st.integers(0, 0xFFFF), st.sets(st.integers(1, 60), max_size=60))
def test_exactly_the_gaps_are_asked_for_in_order(first: int, lost: set[int]) -> None:
    stream = arrivals(*(first + n & 0xFFFF for n in range(62) if n not in lost))
    assert stream.due(REORDER_SECONDS / 2) == ([], 0)
    assert stream.due(REORDER_SECONDS)[0] == [first + n & 0xFFFF for n in sorted(lost)]


def test_a_packet_is_asked_for_less_and_less_often_and_given_up() -> None:
    stream, asked, given_up = arrivals(1, 3), [], 0
    for tick in range(80):
        wanted, lost = stream.due(tick * 0.01)
        asked += [tick for _ in wanted]
        given_up += lost
    pauses = [b - a for a, b in itertools.pairwise(asked)]
    assert asked[0] == 1
    assert pauses == sorted(pauses)
    assert len(asked) >= 3
    assert given_up == 1
    assert stream.add(2, GIVE_UP_SECONDS * 2) is Arrival.TOO_LATE


def _told_as_lost(*came: tuple[int, float]) -> int:
    """Of a picture whose end is asked for after its first packet: how many of these arrivals count as sent again."""
    stream = arrivals(1)
    stream.picture(7, False, 0.0)
    assert stream.due(TAIL_SECONDS)[0] == [2]
    return sum(stream.sent_again(sequence, stream.add(sequence, at)) for sequence, at in came)


def test_the_end_of_a_picture_that_came_because_it_was_asked_for_counts_as_lost() -> None:
    assert _told_as_lost((2, 0.02), (3, 0.05)) == 1
    assert _told_as_lost((3, 0.05), (2, 0.06)) == 1


def test_the_end_of_a_picture_that_was_only_late_does_not_count_as_lost() -> None:
    # The first is the late one, or the one that was sent again: of two that came none was lost.
    assert _told_as_lost((2, 0.02), (2, 0.03)) == 1
    assert _told_as_lost((2, 0.02), (2, 0.03), (2, 0.04)) == 2
    stream = arrivals(1)
    stream.picture(7, False, 0.0)
    assert not stream.sent_again(2, stream.add(2, 0.02))


def test_the_pause_follows_the_line_s_round_trip() -> None:
    stream = arrivals(1)
    for turn in range(40):
        at = float(turn)
        stream.add(2 * turn + 3, at)
        assert stream.due(at + 0.02)[0] == [2 * turn + 2]
        assert stream.add(2 * turn + 2, at + 0.05) is Arrival.RECOVERED
    assert 0.025 < stream.round_trip < 0.035


def test_packets_that_overtake_one_another_are_soon_not_asked_for_any_more() -> None:
    stream, asked = arrivals(1), []
    for turn in range(20):
        at = float(turn)
        stream.add(2 * turn + 3, at)
        asked += [turn for tick in range(6) if stream.due(at + tick * 0.01)[0]]
        stream.add(2 * turn + 2, at + 0.06, original=True)
    assert set(asked) == {0}
    for turn in range(20, 120):
        at = float(turn)
        stream.add(2 * turn + 3, at)
        stream.due(at + 0.1)
        stream.add(2 * turn + 2, at + 0.13)
    assert stream.reorder == REORDER_SECONDS


def test_a_picture_whose_last_packet_does_not_come_is_asked_for_before_the_next_one_tells() -> None:
    stream = arrivals(1, 2)
    stream.picture(3_000, False, 0.0)
    assert stream.unsure
    assert stream.due(TAIL_SECONDS / 2) == ([], 0)
    assert stream.due(TAIL_SECONDS) == ([3], 0)
    assert stream.due(2 * TAIL_SECONDS) == ([], 0), "a guess is made once"
    # The answer was lost too: the next picture tells, and its request counts from the guess.
    stream.add(4, 0.066)
    assert stream.due(0.066 + REORDER_SECONDS) == ([], 0)
    assert stream.due(TAIL_SECONDS + stream.round_trip) == ([3], 0)
    assert stream.add(3, 0.13) is Arrival.RECOVERED


def test_a_picture_that_ends_or_comes_slowly_is_not_asked_for() -> None:
    stream = arrivals(1)
    stream.picture(3_000, True, 0.0)
    assert not stream.unsure
    for number in range(2, 8):
        at = number * 0.03
        stream.add(number, at)
        stream.picture(6_000, False, at)
    assert stream.due(at + 0.05) == ([], 0)
    assert stream.due(at + 0.09) == ([8], 0)


def test_a_break_is_not_asked_for() -> None:
    stream = arrivals(1, MOST_MISSING + 10)
    assert stream.due(1.0) == ([], 0)
    assert stream.add(2, 1.0) is Arrival.TOO_LATE
    assert stream.add(MOST_MISSING + 10 - WINDOW, 1.0) is Arrival.TOO_LATE


def test_what_the_first_packet_overtook_is_taken() -> None:
    assert arrivals(0).add(0xFFFF, 0.0) is Arrival.FILLS


def test_history_gives_back_what_was_sent_and_only_for_a_while() -> None:
    sent = SentPackets()
    for n in range(PACKETS + 5):
        sent.add(packet(n), 1.0)
    assert sent.find(4, 1.0) is None
    assert sent.find(5, 1.0) == packet(5)
    assert sent.find(5, 1.0 + 2 * SECONDS) is None
    twin = sent.copy()
    sent.add(packet(PACKETS + 5, b"one branch"), 1.0)
    twin.add(packet(PACKETS + 5, b"the other"), 1.0)
    assert twin.find(PACKETS + 5, 1.0) == packet(PACKETS + 5, b"the other")
    assert sent.find(PACKETS + 5, 1.0) == packet(PACKETS + 5, b"one branch")
    assert twin.find(PACKETS, 1.0) == packet(PACKETS)


def test_a_packet_is_sent_again_when_the_last_one_can_have_been_lost_too() -> None:
    again = Retransmissions()
    assert list(again.allowed([7, 8], 1.0)) == [7, 8]
    assert list(again.allowed([7, 8, 9], 1.0 + AGAIN_SECONDS / 2)) == [9]
    times = [list(again.allowed([7], 2.0 + n)) for n in range(MOST_TIMES + 3)]
    assert times.count([7]) == MOST_TIMES - 1


def test_a_packet_is_not_sent_again_while_it_can_still_be_on_a_long_way() -> None:
    again = Retransmissions()
    assert list(again.allowed([7], 1.0, 0.3)) == [7]
    assert list(again.allowed([7, 8], 1.25, 0.3)) == [8]
    assert list(again.allowed([7], 1.31, 0.3)) == [7]


def test_a_receiver_that_misses_much_is_known_whether_it_repeats_itself_or_not() -> None:
    again = Retransmissions()
    for turn in range(5):
        assert list(again.allowed([7], turn * 0.1)) == [7]
        assert not again.often(turn * 0.1)
    assert list(again.allowed([8, 9], 1.0)) == [8, 9]
    assert again.often(1.0)
    assert not again.often(1.0 + OFTEN_SECONDS)


def test_a_receiver_that_asks_for_everything_is_held_back() -> None:
    again = Retransmissions()
    assert len(list(again.allowed(range(10_000), 0.0))) == BURST
    assert len(list(again.allowed(range(10_000, 20_000), 0.5))) == 50


@given(st.binary(min_size=1, max_size=40), st.integers(0, 14))
def test_a_wrapped_packet_holds_the_original(payload: bytes, send_time: int) -> None:
    again = Retransmissions(b"\0\0\0\1", {96: 97})
    head = bytes((0x90 if send_time else 0x80,)) + packet(500)[0][1:]
    [[original]] = batches_of([(head, payload)], send_time, 3.0)
    wrapped = again.wrap(original, 4.0)
    assert wrapped is not None
    assert wrapped[0][1] == 0x80 | 97
    assert wrapped[0][4:] == original[0][4:]
    assert wrapped[1] == (send_time_block(send_time, 4.0) if send_time else b"") + (500).to_bytes(2, "big") + payload
    following = again.wrap(original, 4.0)
    assert following is not None
    assert int.from_bytes(following[0][2:4], "big") - int.from_bytes(wrapped[0][2:4], "big") == 1
    assert Retransmissions().wrap(original, 4.0) is None


def test_packets_carry_the_time_they_leave_at() -> None:
    [[(_, body)]] = batches_of([(b"\x90" + bytes(7), b"x")], 3, 65.5)
    assert body == b"\xbe\xde\x00\x01\x32" + (round(1.5 * 2**18)).to_bytes(3, "big") + b"x"


@given(st.integers(0, 0xFFFF), st.sets(st.integers(0, 600), min_size=1, max_size=250))
def test_a_nack_names_each_missing_packet_also_over_a_wrap(first: int, offsets: set[int]) -> None:
    sequences = [first + n & 0xFFFF for n in sorted(offsets)]
    [item] = rtcp.parse_feedback(rtcp.missing(1, 2, sequences))
    assert item == rtcp.PacketsMissing(2, tuple(sequences))
