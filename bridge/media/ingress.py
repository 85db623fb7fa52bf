"""What comes in on the port: told apart (RFC 7983), proved, decrypted, counted, and handed to its place."""

from __future__ import annotations

from collections import Counter

import pylibsrtp
import structlog

from bridge.media import rtcp
from bridge.media.allotment import shown_bps
from bridge.media.arrivals import Arrival
from bridge.media.dtls import HandshakePacer
from bridge.media.fanout import Fanout
from bridge.media.forwarding import ForwardingTable, Stream
from bridge.media.h264 import find_start, is_readable
from bridge.media.ice import Address, IceLite
from bridge.media.keyframes import KeyframeRequests
from bridge.media.leg import MAX_ADDRESSES, Leg
from bridge.media.pings import is_answer
from bridge.media.repair import Repair
from bridge.media.rtp import RtpHeader, audio_level, is_rtcp, parse_header, send_time
from bridge.media.slots import MediaPacket
from bridge.media.switchboard import Switchboard
from bridge.media.transport import UdpPort
from bridge.media.vp8 import parse_descriptor
from core.clock import Clock
from core.model import Track

log = structlog.get_logger("media")

HEADER_BYTES = 40
"""What a packet takes on the line besides its payload, about: UDP, RTP with an extension, SRTP's tag."""
MAX_FORWARDED_BYTES = 1_330
"""Longest payload that is passed on: with all headers it fits a path of 1,400 bytes; browsers stay under 1,200."""


class Ingress:
    """Takes datagrams; only addresses that proved themselves by ICE get any further than STUN."""

    def __init__(
        self,
        clock: Clock,
        ice: IceLite[Leg],
        table: ForwardingTable,
        fanout: Fanout,
        keyframes: KeyframeRequests[Stream],
    ) -> None:
        self.drops: Counter[str] = Counter()
        self.keyframe_requests = 0
        self.recovered = 0
        self.port: UdpPort
        self.switchboard = Switchboard(table, self.ask_keyframe)
        self._clock = clock
        self._wall_offset = clock.now().timestamp() - clock.monotonic()
        self._ice = ice
        self._table = table
        self._keyframes = keyframes
        self._repair = Repair(clock, fanout, self._ask_again, self.ask_keyframe)
        self._by_address: dict[Address, Leg] = {}
        self._owners: dict[Stream, Leg] = {}
        self._pacer = HandshakePacer()

    def datagram(self, data: bytes, address: Address) -> None:
        """One datagram came; nothing in it can raise."""
        leg = self._by_address.get(address)
        first = data[0] if data else 255
        if first < 4:
            self._stun(data, address)
        elif leg is None:
            self.drops["unknown_address"] += 1
        elif 128 <= first < 192:
            if not leg.secured:
                self.drops["not_secured"] += 1
                return
            leg.meter.bytes_in += len(data)
            if is_rtcp(data):
                self._rtcp(leg, data)
            else:
                self._rtp(leg, data)
        elif 20 <= first < 64:
            self._pacer.feed(leg.pipe, data)
        else:
            self.drops["unknown_protocol"] += 1

    def forget(self, leg: Leg) -> None:
        """Nothing that comes from this leg's addresses counts any more."""
        for address in leg.addresses:
            if self._by_address.get(address) is leg:
                del self._by_address[address]
        leg.addresses.clear()
        for stream in leg.layers.values():
            self._drop_stream(stream)

    def ask_keyframe(self, stream: Stream) -> None:
        """Somebody cannot go on without a key frame of `stream`; requests are limited and repeated."""
        if self._keyframes.want(stream, self._clock.monotonic()):
            self._send_keyframe_request(stream)

    def probe(self, leg: Leg, seconds: float) -> int:
        """Sends what the leg's line is tried with for so long; returns what that was, bit/s."""
        return round(self._repair.probe(leg, round(leg.probe_bps * seconds / 8)) * 8 / seconds)

    def load(self, leg: Leg, octets: int) -> int:
        """Sends so much to a leg besides its pictures; returns the octets sent."""
        return self._repair.load(leg, octets)

    def repeat_keyframe_requests(self, now: float) -> None:
        """Sends the requests that are due."""
        for stream in self._keyframes.due(now):
            if stream.waiting or stream.cohorts:
                self._send_keyframe_request(stream)
            else:
                self._keyframes.forget(stream)

    def _stun(self, data: bytes, address: Address) -> None:
        if is_answer(data):
            self._pinged(data, address)
            return
        proved = self._ice.check(data, address)
        if proved is None:
            self.drops["stun"] += 1
            return
        leg = proved.owner
        leg.heard_at = self._clock.monotonic()
        leg.meter.bytes_in += len(data)
        if address not in leg.addresses:
            while len(leg.addresses) >= MAX_ADDRESSES:
                oldest = next(a for a in leg.addresses if a != leg.address)
                del leg.addresses[oldest]
                self._by_address.pop(oldest, None)
            leg.addresses[address] = None
        self._by_address[address] = leg
        if proved.nominated or not leg.proved.is_set():
            leg.move_to(address)
            leg.proved.set()
        if proved.nominated and (over := leg.ways.nominated(proved.ufrag)) is not None:
            self._ice.forget(over.local)
            log.info("leg_restarted", leg=leg.id, way=leg.ways.current.number)
        self.port.send(proved.reply, address)

    def _pinged(self, data: bytes, address: Address) -> None:
        """An answer to a check of ours: it tells the round trip."""
        leg, now = self._by_address.get(address), self._clock.monotonic()
        answer = leg.pings.answered(data, now) if leg is not None else None
        if leg is None or answer is None:
            self.drops["stun"] += 1
            return
        leg.heard_at = now
        leg.meter.bytes_in += len(data)
        if not answer.followed:
            leg.downlink.pinged(answer.trip, now)

    def _rtp(self, leg: Leg, data: bytes) -> None:
        try:
            data = leg.unprotect(data)
        except (pylibsrtp.Error, ValueError):
            self.drops["srtp"] += 1
            return
        header = parse_header(data)
        if header is None:
            self.drops["rtp"] += 1
            return
        leg.heard_at = now = self._clock.monotonic()
        if leg.send_time and (left := send_time(data, header, leg.send_time)) is not None:
            leg.uplink.take(left, len(data), header.ssrc, now)
        key = data[8:12]
        if key in leg.repairs:
            self._repaired(leg, leg.repairs[key], header, data, now)
            return
        stream = leg.streams[key] if key in leg.streams else self._bind(leg, data, header)
        if stream is not None:
            if stream.level_id and (level := audio_level(data, header, stream.level_id)) is not None:
                stream.level = min(stream.level, level)
            stream.reception.add(header.sequence, header.timestamp, now)
            payload = data[header.payload_start : header.payload_end]
            self._media(leg, stream, MediaPacket(header.sequence, header.timestamp, header.marker, payload, now))

    def _bind(self, leg: Leg, data: bytes, header: RtpHeader) -> Stream | None:
        stream, replaced = leg.bind(data, header)
        if replaced is not None:
            self._drop_stream(replaced)
            self._table.end(replaced)
        if stream is None and data[8:12] not in leg.repairs:
            self.drops["unknown_stream"] += 1
        return stream

    def _repaired(self, leg: Leg, stream: Stream, header: RtpHeader, data: bytes, now: float) -> None:
        """A retransmission (RFC 4588 section 4): the original's number comes before its payload."""
        payload = data[header.payload_start : header.payload_end]
        if len(payload) > 2:
            sequence = payload[0] << 8 | payload[1]
            packet = MediaPacket(sequence, header.timestamp, header.marker, payload[2:], now)
            self._media(leg, stream, packet, again=True)

    def _media(self, leg: Leg, stream: Stream, packet: MediaPacket, *, again: bool = False) -> None:
        payload, now = packet.payload, packet.at
        arrival = stream.arrivals.add(packet.sequence, now, original=stream.repaired_apart and not again)
        if not again:
            stream.reception.again += stream.arrivals.sent_again(packet.sequence, arrival)
        if arrival is Arrival.DUPLICATE or arrival is Arrival.TOO_LATE:
            self.drops[arrival.value] += 1
            return
        stream.reception.repaired += again
        self.recovered += arrival is Arrival.RECOVERED
        if arrival is Arrival.NEW and payload and stream.track is not Track.MICROPHONE:
            stream.arrivals.picture(packet.timestamp, packet.marker, now, original=not again)
        if stream.arrivals.unsure and stream.repairable and (stream.cohorts or stream.waiting):
            self._repair.look_after(leg, stream)
        if len(payload) > MAX_FORWARDED_BYTES:
            self.drops["too_long"] += 1
            return
        if stream.track is not Track.MICROPHONE and payload and not self._video(stream, packet):
            self.drops["vp8" if stream.codec is None else "h264"] += 1
            return
        is_new = stream not in self._owners
        if payload:
            stream.last_packet_at = now
            stream.rate.octets += len(payload) + HEADER_BYTES
            self._owners[stream] = leg
        if is_new or packet.h264_start or (packet.vp8 is not None and packet.vp8.key_frame):
            self._fresh_picture(leg, stream, packet, is_new)
        elif stream.track is Track.MICROPHONE and arrival is Arrival.NEW:
            self._repair.double(stream, now)
        self._table.forward(stream, packet)

    def _video(self, stream: Stream, packet: MediaPacket) -> bool:
        if stream.codec is not None:
            return self._h264(stream, packet)
        vp8 = packet.vp8 = parse_descriptor(packet.payload)
        if vp8 is None:
            return False
        if vp8.picture_id is not None:
            packet.picture_id = stream.pictures.unwrap(vp8.picture_id, vp8.picture_id_bytes)
        return True

    def _h264(self, stream: Stream, packet: MediaPacket) -> bool:
        if not is_readable(packet.payload):
            return False
        start = find_start(packet.payload)
        packet.h264_start = start is not None
        if start is not None:
            stream.pixels = start.width * start.height
            stream.largest = max(stream.largest, stream.pixels)
        return True

    def _fresh_picture(self, leg: Leg, stream: Stream, packet: MediaPacket, changed: bool) -> None:
        """A stream begins, or a key frame comes: layers may be chosen differently from this very packet on."""
        vp8 = packet.vp8
        if vp8 is not None and vp8.key_frame:
            changed = changed or stream.pixels != vp8.width * vp8.height
            stream.pixels = vp8.width * vp8.height
            stream.largest = max(stream.largest, stream.pixels)
        if changed:
            self.switchboard.resolve_source(leg)
        if packet.h264_start or (vp8 is not None and vp8.key_frame):
            self._keyframes.arrived(stream)

    def _rtcp(self, leg: Leg, data: bytes) -> None:
        try:
            data = leg.link.unprotect_rtcp(data)
        except (pylibsrtp.Error, ValueError):
            self.drops["srtcp"] += 1
            return
        leg.heard_at = now = self._clock.monotonic()
        for item in rtcp.parse_feedback(data):
            self._feedback(leg, item, now)

    def _feedback(self, leg: Leg, item: rtcp.Feedback, now: float) -> None:
        if isinstance(item, rtcp.SenderClock):
            stream = leg.streams.get(item.ssrc.to_bytes(4, "big"))
            if stream is not None:
                stream.reception.heard_sender(item.ntp_middle, now)
        elif isinstance(item, rtcp.Bandwidth):
            leg.downlink.heard(item.bitrate, shown_bps(leg), now)
        elif (slot := leg.slots_by_ssrc.get(item.ssrc)) is None:
            return
        elif isinstance(item, rtcp.PacketsMissing):
            leg.meter.nacks_down += len(item.sequences)
            if slot.again is not None and not slot.again.ssrc:
                leg.meter.asked_again(item.ssrc, slot.that_were_sent(item.sequences))
            self._repair.answer(leg, slot, item.sequences, now)
        elif isinstance(item, rtcp.ReportBlock):
            audio = slot.name.track is Track.MICROPHONE
            middle = rtcp.ntp_middle(self.ntp(now))
            holes = slot.new_holes()
            expected, lost = leg.meter.reported(
                item, slot.clock_rate, middle, audio=audio, holes=holes, jitter_before_ms=slot.jitter_before_ms
            )
            if expected and slot.name.track is not Track.MICROPHONE:
                leg.downlink.lost(lost, expected, shown_bps(leg), now, leg.meter.news_of_trip)
        elif slot.cohort is not None and slot.cohort.stream is not None and slot.name.track is not Track.MICROPHONE:
            leg.meter.key_frames_down += 1
            self.ask_keyframe(slot.cohort.stream)

    def ntp(self, now: float) -> int:
        """NTP time of a monotonic instant, on a wall clock that is read once and never jumps."""
        return rtcp.ntp_time(now + self._wall_offset)

    def _send_keyframe_request(self, stream: Stream) -> None:
        leg = self._owners.get(stream)
        if leg is None or (stream.track is Track.CAMERA and self.switchboard.camera_off(leg)):
            return
        packet = leg.encrypt_rtcp(rtcp.picture_loss(leg.ssrc, stream.ssrc))
        if packet is not None:
            self.keyframe_requests += 1
            leg.meter.key_frames_up += 1
            self.port.send(packet, leg.address)

    def _ask_again(self, leg: Leg, stream: Stream, sequences: list[int]) -> None:
        leg.meter.nacks_up += len(sequences)
        packet = leg.encrypt_rtcp(rtcp.missing(leg.ssrc, stream.ssrc, sequences)) if leg.secured else None
        if packet is not None:
            self.port.send(packet, leg.address)

    def _drop_stream(self, stream: Stream) -> None:
        self._owners.pop(stream, None)
        self._repair.forget(stream)
        self._keyframes.forget(stream)
