"""The receivers of the media bench: they count what comes by its open RTP header, and decrypt only samples."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from struct import Struct

import pylibsrtp

from bench.datagrams import CELL_BYTES, Reader
from bridge.endpoint.line import SecureLine
from bridge.endpoint.negotiation import Local, Peer, write_offer
from bridge.media import rtcp
from core.model import SlotName, Track

HOST = "127.0.0.1"
VP8_TYPE, RTX_TYPE = 96, 97
REPORT_SECONDS = 1.0
_VERIFY_EVERY = 1_000
"""One packet in so many is decrypted, which proves that what is counted is media; counting must stay cheap."""
_ESTIMATE = 8_000_000
"""What a receiver says that its line carries, bit/s."""
_ASKED_AGAIN = 3
"""How far behind the newest packet of the picture the one is that a receiver says it misses, once for each report."""
_READER = Reader()
_NUMBERS = Struct("!BBHII")


@dataclass(slots=True)
class Counted:
    """One incoming stream as its headers tell it."""

    ssrc: int
    kind: int
    """Payload type."""
    first: int
    highest: int
    """Extended by the wraps seen."""
    packets: int = 0

    @property
    def expected(self) -> int:
        """Packets that its sender numbered."""
        return self.highest - self.first + 1


class CountingReceiver(SecureLine):
    """Counts RTP packets. From `connect` on it reads its socket itself, all waiting datagrams at once."""

    def __init__(self, host: str | None, *, controlling: bool = True) -> None:
        # Not coalesced: a receiver elsewhere would not save the sender any work either.
        super().__init__(lambda _: None, lambda _: None, host=host, controlling=controlling, coalesce=False)
        self.streams: dict[int, Counted] = {}
        self.repair_types: Collection[int] = (RTX_TYPE,)
        """Payload types of retransmissions."""
        self.captured: list[tuple[float, bytes]] | None = None
        """When not None, every packet of the pictures is kept here with the time at which it was read."""
        self.undecryptable = 0
        self._ssrc = secrets.randbelow(1 << 32)
        self._unverified = 0

    @property
    def packets(self) -> int:
        """All that came but retransmissions."""
        return sum(stream.packets for stream in self.streams.values() if stream.kind not in self.repair_types)

    @property
    def missing(self) -> int:
        """Packets that never came by themselves, by the holes in the numbers."""
        streams = [stream for stream in self.streams.values() if stream.kind not in self.repair_types]
        return sum(stream.expected - stream.packets for stream in streams)

    @property
    def repaired(self) -> int:
        """Packets sent once more."""
        return sum(stream.packets for stream in self.streams.values() if stream.kind in self.repair_types)

    async def connect(self, peer: Peer, *, timeout: float) -> None:
        await super().connect(peer, timeout=timeout)
        self._path = self.ice._path
        datagrams = self._path._socket
        self._descriptor = datagrams._socket.fileno()
        self._source = peer.candidates[0] if self._path._address is None else self._path._address
        datagrams._readers.remove(self._descriptor)
        datagrams._readers.add(self._descriptor, self._read)

    def _read(self) -> None:
        cells, unpack, streams = _READER.cells, _NUMBERS.unpack_from, self.streams
        count = _READER.read(self._descriptor)
        for number in range(count):
            at = number * CELL_BYTES
            first, kind, sequence, _, ssrc = unpack(cells, at)
            if not 127 < first < 192 or 191 < kind < 224:
                if first < 128:
                    self._path._take(bytes(cells[at : at + _READER.length(number)]), self._source)
                continue
            stream = streams.get(ssrc)
            if stream is None:
                stream = streams[ssrc] = Counted(ssrc, kind & 0x7F, sequence, sequence - 1)
            stream.packets += 1
            ahead = sequence - stream.highest & 0xFFFF
            if ahead < 0x8000:
                stream.highest += ahead
        self._sample(count)

    def _sample(self, count: int) -> None:
        """Keeps or verifies what lies in the reader's cells."""
        if self.captured is not None:
            now = time.perf_counter()
            self.captured += [(now, self._cell(number)) for number in range(count)]
            return
        self._unverified += count
        if self._unverified > _VERIFY_EVERY and count:
            self._unverified = 0
            packet = self._cell(0)
            if 127 < packet[0] < 192 and not 191 < packet[1] < 224 and self.opened(packet) is None:
                self.undecryptable += 1

    def _cell(self, number: int) -> bytes:
        at = number * CELL_BYTES
        return bytes(_READER.cells[at : at + _READER.length(number)])

    def opened(self, packet: bytes) -> bytes | None:
        """A packet decrypted; None when that cannot be done."""
        try:
            return bytes(self._inbound.unprotect(packet)) if self._inbound is not None else None
        except pylibsrtp.Error:
            return None

    def report(self) -> None:
        """Tells the sender what a browser would: receiver report, REMB, and that it misses a packet of the picture."""
        blocks = [
            rtcp.ReportBlock(s.ssrc, s.expected - s.packets, s.highest, 0, 0, 0)
            for s in self.streams.values()
            if s.kind not in self.repair_types
        ]
        pictures = [block for block in blocks if self.streams[block.ssrc].kind == VP8_TYPE]
        packet = rtcp.receiver_report(self._ssrc, blocks)
        if pictures:
            packet += rtcp.remb(self._ssrc, _ESTIMATE, [block.ssrc for block in pictures])
            for block in pictures:
                packet += rtcp.missing(self._ssrc, block.ssrc, [block.highest - _ASKED_AGAIN & 0xFFFF])
        self.send_rtcp(packet)


async def report_forever(receivers: Sequence[CountingReceiver]) -> None:
    """Lets each of `receivers`, which may become more, report once a second, spread over it."""
    steps = 20
    turn = 0
    while True:
        await asyncio.sleep(REPORT_SECONDS / steps)
        turn += 1
        for index in range(turn % steps, len(receivers), steps):
            receivers[index].report()


def local_of(line: SecureLine, camera: int = 0, microphone: int = 0) -> Local:
    """What this line's offer says about it."""
    ssrcs = {Track.MICROPHONE: microphone or 1, Track.CAMERA: camera, Track.CONTENT: 2}
    return Local(line.ice.credentials, line.fingerprint, line.ice.address, "load", ssrcs, estimates=True)


def receiving_offer(line: SecureLine, slots: Sequence[SlotName]) -> tuple[str, dict[str, SlotName], dict[str, Track]]:
    """An offer as a browser's: with retransmissions on streams of their own (RFC 4588), and NACK for sound too."""
    text, receive, send = write_offer(local_of(line), slots)
    text = text.replace(" 96 102\r\n", f" 96 102 {RTX_TYPE}\r\n")
    rtx = f"a=rtpmap:{RTX_TYPE} rtx/90000\r\na=fmtp:{RTX_TYPE} apt=96\r\n"
    text = text.replace("a=rtpmap:102 H264/90000\r\n", rtx + "a=rtpmap:102 H264/90000\r\n")
    return text.replace("a=rtpmap:111 opus", "a=rtcp-fb:111 nack\r\na=rtpmap:111 opus"), receive, send
