"""The slot rewriter: whatever the sources do, the receiver sees one unbroken stream."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Collection, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from pylibsrtp import Session

from bridge.media.batches import MAX_PADDING, even_out, split_batches
from bridge.media.forwarding import ForwardingTable, Slot, Stream
from bridge.media.reception import Reception
from bridge.media.rtp import sequence_distance
from bridge.media.slots import MediaPacket, Placed, Timeline
from bridge.media.vp8 import parse_descriptor
from core.model import SlotName, Track


class Road:
    """A route that leads nowhere."""

    address = ("192.0.2.1", 1)
    sending = Session()


class Source:
    """A camera: frames of some packets, ids that begin anywhere."""

    def __init__(self, sequence: int, timestamp: int, picture_id: int, *, wide: bool = True) -> None:
        self.stream = Stream(1, Track.CAMERA, 90_000, Reception(90_000))
        self.sequence, self.timestamp, self.picture_id = sequence, timestamp, picture_id
        self.tl0, self.wide = picture_id & 0xFF, wide

    def frame(self, at: float, *, key: bool, packets: int = 2) -> list[MediaPacket]:
        self.picture_id = (self.picture_id + 1) & (0x7FFF if self.wide else 0x7F)
        self.timestamp = (self.timestamp + 3_000) & 0xFFFF_FFFF
        self.tl0 = (self.tl0 + 1) & 0xFF
        return [self._packet(at, key, index, index == packets - 1) for index in range(packets)]

    def padding(self, at: float) -> MediaPacket:
        self.sequence = (self.sequence + 1) & 0xFFFF
        return MediaPacket(self.sequence, self.timestamp, False, b"", at)

    def _packet(self, at: float, key: bool, index: int, last: bool) -> MediaPacket:
        self.sequence = (self.sequence + 1) & 0xFFFF
        picture = (0x8000 | self.picture_id).to_bytes(2, "big") if self.wide else bytes([self.picture_id])
        payload = bytes([0x90 if index == 0 else 0x80, 0xE0]) + picture + bytes([self.tl0, 0x00, 0 if key else 1])
        payload += b"\0\0\x9d\x01\x2a" + struct.pack("<HH", 64, 64)
        vp8 = parse_descriptor(payload)
        assert vp8 is not None
        assert vp8.picture_id is not None
        unwrapped = self.stream.pictures.unwrap(vp8.picture_id, vp8.picture_id_bytes)
        return MediaPacket(self.sequence, self.timestamp, last, payload, at, vp8, unwrapped)


class Screen:
    """A table with one or more slots, and what each was sent."""

    def __init__(self, slots: int = 1) -> None:
        self.table = ForwardingTable(self._sent, lambda: None)
        self.slots = [Slot(SlotName.STAGE, n + 1, 96, 90_000, Road()) for n in range(slots)]
        self.seen: dict[Slot, list[Placed]] = {slot: [] for slot in self.slots}

    def _sent(self, batches: list[list[Placed]], slots: Collection[Slot]) -> None:
        for slot in slots:
            self.seen[slot] += [placed for batch in batches for placed in batch]

    def sequences(self, slot: Slot) -> list[int]:
        return [struct.unpack("!BBHI", head)[2] for head, _ in self.seen[slot]]

    def timestamps(self, slot: Slot) -> list[int]:
        return [struct.unpack("!BBHI", head)[3] for head, _ in self.seen[slot]]

    def picture_ids(self, slot: Slot) -> list[int]:
        found = [parse_descriptor(body) for _, body in self.seen[slot]]
        return [vp8.picture_id for vp8 in found if vp8 is not None and vp8.picture_id is not None]


def assert_unbroken(screen: Screen, slot: Slot) -> None:
    sequences = screen.sequences(slot)
    assert all(sequence_distance(b, a) == 1 for a, b in itertools.pairwise(sequences))
    stamps = screen.timestamps(slot)
    assert all(0 <= (b - a) % 2**32 < 2**31 for a, b in itertools.pairwise(stamps))
    ids = screen.picture_ids(slot)
    assert all(0 <= (b - a) % 0x8000 <= 2 for a, b in itertools.pairwise(ids))


sources = st.tuples(st.integers(0, 0xFFFF), st.integers(0, 2**32 - 1), st.integers(0, 127), st.booleans())
steps = st.lists(
    st.tuples(st.integers(0, 2), st.booleans(), st.integers(1, 4), st.sampled_from(["", "a", "b", "none", "pad"])),
    min_size=1,
    max_size=80,
)


@settings(max_examples=150, deadline=None)
@given(st.tuples(sources, sources, sources), steps)
def test_any_sequence_of_switches_leaves_an_unbroken_stream(
    begins: Sequence[tuple[int, int, int, bool]], script: list[tuple[int, bool, int, str]]
) -> None:
    cameras = [Source(a, b, c, wide=wide) for a, b, c, wide in begins]
    screen = Screen(3)
    now = 0.0
    for which, key, packets, action in script:
        now += 0.033
        if action in ("a", "b"):
            chosen = screen.slots if action == "a" else screen.slots[:1]
            for slot in chosen:
                screen.table.retarget(slot, cameras[which].stream)
        elif action == "none":
            screen.table.retarget(screen.slots[which], None)
        elif action == "pad":
            screen.table.forward(cameras[which].stream, cameras[which].padding(now))
        for camera in cameras:
            for packet in camera.frame(now, key=key and camera is cameras[which], packets=packets):
                screen.table.forward(camera.stream, packet)
    for slot in screen.slots:
        assert_unbroken(screen, slot)
        assert slot.sent[0] == len(screen.seen[slot])


def show(screen: Screen, camera: Source, at: float = 0.0) -> None:
    for slot in screen.slots:
        screen.table.retarget(slot, camera.stream)
    for packet in camera.frame(at, key=True):
        screen.table.forward(camera.stream, packet)


def test_the_old_picture_flows_until_the_new_key_frame() -> None:
    screen, old, new = Screen(), Source(10, 0, 5), Source(60_000, 9, 900)
    show(screen, old)
    screen.table.retarget(screen.slots[0], new.stream)
    for camera, key in ((new, False), (old, False), (new, True), (old, False)):
        for packet in camera.frame(0.1, key=key):
            screen.table.forward(camera.stream, packet)
    assert len(screen.seen[screen.slots[0]]) == 6
    assert_unbroken(screen, screen.slots[0])


def test_slots_that_saw_the_same_share_one_timeline_through_a_switch_and_a_pause() -> None:
    screen, old, new = Screen(5), Source(10, 0, 5), Source(60_000, 9, 900)
    show(screen, old)
    show(screen, new, 0.1)
    for slot in screen.slots:
        screen.table.retarget(slot, None)
    show(screen, old, 9.0)
    assert len({id(slot.cohort) for slot in screen.slots}) == 1
    assert_unbroken(screen, screen.slots[0])


def test_a_slot_without_source_is_sent_nothing() -> None:
    screen, camera = Screen(), Source(10, 0, 5)
    show(screen, camera)
    screen.table.retarget(screen.slots[0], None)
    for packet in camera.frame(0.1, key=True):
        screen.table.forward(camera.stream, packet)
    assert len(screen.seen[screen.slots[0]]) == 2


def test_a_packet_late_by_a_switch_fills_its_hole() -> None:
    screen, old, new = Screen(), Source(10, 0, 5), Source(60_000, 9, 900)
    show(screen, old)
    first, late, last = old.frame(0.03, key=False, packets=3)
    screen.table.forward(old.stream, first)
    screen.table.forward(old.stream, last)
    show(screen, new, 0.06)
    screen.table.forward(old.stream, late)
    sequences = screen.sequences(screen.slots[0])
    assert sorted(sequences) == list(range(min(sequences), min(sequences) + 7))


def test_a_key_frame_whose_packets_came_in_disorder_is_whole() -> None:
    screen, camera = Screen(), Source(10, 0, 5)
    screen.table.retarget(screen.slots[0], camera.stream)
    first, second, third = camera.frame(0.0, key=True, packets=3)
    for packet in (second, first, third):
        screen.table.forward(camera.stream, packet)
    assert_unbroken(screen, screen.slots[0])
    assert len(screen.seen[screen.slots[0]]) == 3


def test_a_source_that_restarts_its_ids_is_brought_back_in_line() -> None:
    screen, camera = Screen(), Source(10, 0, 20_000)
    show(screen, camera)
    camera.picture_id = 3
    for packet in camera.frame(0.1, key=True):
        screen.table.forward(camera.stream, packet)
    assert_unbroken(screen, screen.slots[0])


def test_the_end_of_a_stream_frees_its_slots() -> None:
    screen, camera = Screen(), Source(10, 0, 5)
    show(screen, camera)
    screen.table.end(camera.stream)
    assert screen.slots[0].target is None
    show(screen, Source(9, 9, 9), 0.5)
    assert_unbroken(screen, screen.slots[0])


def test_old_offsets_are_forgotten_before_they_look_new() -> None:
    camera, timeline = Source(0, 0, 5), Timeline(96, 90_000)
    begin = camera.frame(0.0, key=True, packets=1)[0]
    timeline.begin(begin)
    assert timeline.place(begin) is not None
    timeline.skip(camera.padding(0.0))
    expected = timeline.sequence
    for _ in range(70_000):
        placed = timeline.place(camera.frame(0.0, key=False, packets=1)[0])
        assert placed is not None
        expected = (expected + 1) & 0xFFFF
        assert struct.unpack("!BBHI", placed[0])[2] == expected


@given(st.lists(st.integers(1, 1_330), min_size=1, max_size=90))
def test_batches_keep_order_and_fit_segmentation(sizes: list[int]) -> None:
    frame = [(bytes([0x80, 96, 0, 0, 0, 0, 0, 0]), bytes(size)) for size in sizes]
    ranges = split_batches(sizes)
    assert [index for start, end in ranges for index in range(start, end)] == list(range(len(sizes)))
    for start, end in ranges:
        batch = even_out(frame[start:end])
        lengths = [len(body) for _, body in batch]
        assert set(lengths[:-1]) <= {lengths[0]}
        assert lengths[-1] <= lengths[0]
        assert len(batch) <= 40
        assert sum(lengths) <= 60_000
        for (head, body), size in zip(batch, sizes[start:end], strict=True):
            padding = body[-1] if head[0] & 0x20 else 0
            assert len(body) - padding == size
            assert padding <= MAX_PADDING
