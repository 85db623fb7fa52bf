"""One leg: a live connection between an endpoint and this node."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pylibsrtp

from bridge.media.admission import reserved_kbps
from bridge.media.ceilings import Ceilings, below_largest, largest_within
from bridge.media.demand import Demand
from bridge.media.downlink import Downlink
from bridge.media.dtls import DtlsLink, IcePipe
from bridge.media.forwarding import Slot, Stream
from bridge.media.ice import Address
from bridge.media.pings import Pings
from bridge.media.reception import Reception
from bridge.media.restart import Ways
from bridge.media.retransmission import Retransmissions
from bridge.media.rtp import RtpHeader, header_extensions
from bridge.media.sampling import Incoming, Meter
from bridge.media.sdp import MID_URI, REPAIRED_RID_URI, RID_URI, Offer, Section
from bridge.media.source_limit import SourceLimit
from bridge.media.uplink import Uplink
from core.model import ConferenceId, LegId, ParticipantId, SlotLayer, SlotName, Track, Transport

MAX_ADDRESSES = 8
MAX_STREAMS = 24
SILENT_SECONDS = 15.0
KEPT_SECONDS = 45.0
"""Longer than a signaling session is kept by default: whoever resumes it finds the leg, and needs no new one."""


class LegState(StrEnum):
    """Life of a leg as its owner sees it."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    SILENT = "silent"
    """Nothing has come for `SILENT_SECONDS`; it is kept for `KEPT_SECONDS`, sent nothing, and may be heard again."""
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(eq=False)
class Leg:
    """State of one leg; the engine drives it."""

    id: LegId
    conference: ConferenceId
    participant: ParticipantId
    offer: Offer
    receive: Mapping[str, SlotName]
    send: Mapping[str, Track]
    pipe: IcePipe
    link: DtlsLink
    meter: Meter
    ways: Ways = field(init=False)
    ssrc: int = field(default_factory=lambda: secrets.randbelow((1 << 32) - 1) + 1)
    """Who we are in RTCP towards this leg."""
    state: LegState = LegState.CONNECTING
    address: Address = ("", 0)
    """Where it is now: the newest of its proved addresses that it chose."""
    addresses: dict[Address, None] = field(default_factory=dict)
    proved: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    heard_at: float = 0.0
    sent_counted: int = 0
    """Bytes sent that are already in the meter."""
    slot_ssrcs: dict[str, int] = field(default_factory=dict)
    rtx_ssrcs: dict[str, int] = field(default_factory=dict)
    """Of the retransmissions into each receive slot (by mid) whose receiver takes them on a stream of their own."""
    slots: dict[SlotName, Slot] = field(default_factory=dict)
    slots_by_ssrc: dict[int, Slot] = field(default_factory=dict)
    assigned: Mapping[SlotName, ParticipantId | None] = field(default_factory=dict)
    """The slot map that the engine's owner gave it."""
    wanted: dict[SlotName, ParticipantId] = field(default_factory=dict)
    cap: int | None = None
    """The most pixels of any picture to it and from it, as a technician limits them; 0: no pictures, None: no limit."""
    streams: dict[bytes, Stream | None] = field(default_factory=dict)
    """By SSRC as on the wire; None for those that are known and ignored (retransmissions)."""
    repairs: dict[bytes, Stream] = field(default_factory=dict)
    """Which stream the retransmissions with an SSRC (as on the wire) belong to."""
    layers: dict[tuple[str, str], Stream] = field(default_factory=dict)
    """The stream of each (mid, rid)."""
    secured: bool = False
    """The handshake is done and the leg not over: `sending` and `unprotect` can be used."""
    sending: pylibsrtp.Session = field(init=False)
    unprotect: Callable[[bytes], bytes] = field(init=False)
    uplink: Uplink = field(default_factory=Uplink)
    send_time: int = 0
    """Id of abs-send-time on the pictures that it sends; 0 when it was not negotiated."""
    source_limit: SourceLimit = field(default_factory=SourceLimit)
    """What its line up carries of its camera."""
    downlink: Downlink = field(default_factory=Downlink)
    pings: Pings = field(default_factory=Pings)
    ceilings: Ceilings = field(default_factory=dict)
    """What its slots show at most, as planned."""
    reserved_kbps: int = 0
    """What its slots can take at most."""
    demand: Demand = field(default_factory=Demand)
    allotted: int | None = None
    """The limit of its line that its pictures were last fitted to, bit/s."""
    limited: bool = False
    """Its slots may be kept to smaller pictures than there are."""
    tried_out: bool = False
    """Its line is tested: nothing is kept from it."""
    probe_bps: int = 0
    """What should be sent besides the pictures now, to find out whether the line carries more."""
    probed_bps: int = 0
    """What of that is really sent."""
    paused: frozenset[SlotName] = frozenset()
    """The slots whose picture its line was last said not to carry."""

    def __post_init__(self) -> None:
        self.ways = Ways(self.offer.credentials)
        self.slot_ssrcs = {mid: secrets.randbelow((1 << 32) - 1) + 1 for mid in self.receive}
        self.keep_below(self.ceilings)
        self.send_time = max((self.offer.section(mid).send_time for mid in self.send), default=0)
        with_rtx = [mid for mid in self.receive if self.offer.section(mid).nack and self.offer.section(mid).rtx]
        self.rtx_ssrcs = {mid: secrets.randbelow((1 << 32) - 1) + 1 for mid in with_rtx}

    def keep_below(self, ceilings: Ceilings) -> None:
        """It is sent no larger pictures than these from now on."""
        before, self.ceilings = self.ceilings, below_largest(ceilings)
        self.limited = self.limited or bool(before or self.ceilings)
        self.reserved_kbps = reserved_kbps(self.receive.values(), self.ceilings)

    def move_to(self, address: Address) -> None:
        """It is reached at `address` from now on."""
        self.address = self.pipe.address = address

    def secure(self) -> None:
        """The handshake is done: takes the keys and makes the slots."""
        self.sending, self.unprotect, self.secured = self.link.sending, self.link.unprotect, True
        for mid, name in self.receive.items():
            section = self.offer.section(mid)
            others = section.h264_taken
            slot = Slot(name, self.slot_ssrcs[mid], section.payload_type or 0, section.clock_rate, self, others)
            slot.send_time = section.send_time
            slot.allowed = largest_within((), self.ceilings.get(name), name)
            if section.nack:
                rtx = self.rtx_ssrcs.get(mid)
                slot.again = Retransmissions(rtx.to_bytes(4, "big"), section.rtx) if rtx else Retransmissions()
            self.slots[name] = self.slots_by_ssrc[slot.ssrc] = slot
        for mid in self.send:
            section = self.offer.section(mid)
            if len(section.ssrcs) == 1 and not section.rids:
                self._new_stream(section.ssrcs[0], section, "")

    def clear(self) -> None:
        """The leg is over: nothing can be done with it any more."""
        self.secured = False
        self.slots.clear()
        self.slots_by_ssrc.clear()
        self.streams.clear()
        self.repairs.clear()
        self.layers.clear()

    def bind(self, data: bytes, header: RtpHeader) -> tuple[Stream | None, Stream | None]:
        """Finds out what a new SSRC is by its mid and rid (RFC 8843 section 9.2, RFC 8852).

        Returns its stream (None: not one that we use), and the stream that it replaces.
        """
        if len(self.streams) + len(self.repairs) >= MAX_STREAMS:
            return None, None
        extensions = header_extensions(data, header)
        section = self._section_of(extensions, header.payload_type)
        if section is not None and header.payload_type in section.rtx.values():
            self._bind_repair(section, extensions, header.ssrc)
            return None, None
        if section is None or header.payload_type != section.payload_type:
            self.streams[data[8:12]] = None
            return None, None
        rid = extensions.get(section.extensions.get(RID_URI, 0), b"").decode("ascii", "replace")
        if section.extensions.get(REPAIRED_RID_URI, 0) in extensions or (section.rids and rid not in section.rids):
            # Without its rid yet: not remembered, the next packet may have it.
            return None, None
        replaced = self.layers.get((section.mid, rid))
        if replaced is not None:
            self.streams.pop(replaced.ssrc.to_bytes(4, "big"), None)
            self.repairs = {ssrc: stream for ssrc, stream in self.repairs.items() if stream is not replaced}
        return self._new_stream(header.ssrc, section, rid), replaced

    def _section_of(self, extensions: Mapping[int, bytes], payload_type: int) -> Section | None:
        sections = [self.offer.section(mid) for mid in self.send]
        for section in sections:
            if extensions.get(section.extensions.get(MID_URI, 0)) == section.mid.encode("ascii"):
                return section
        possible = [s for s in sections if payload_type in (s.payload_type, s.rtx.get(s.payload_type or 0))]
        return possible[0] if len(possible) == 1 and not possible[0].rids else None

    def _bind_repair(self, section: Section, extensions: Mapping[int, bytes], ssrc: int) -> None:
        """Finds out what a retransmission stream repairs: by the repaired rid (RFC 8852), else by what SDP said."""
        rid = extensions.get(section.extensions.get(REPAIRED_RID_URI, 0), b"").decode("ascii", "replace")
        stream = self.layers.get((section.mid, rid))
        if stream is None and ssrc in section.repairs:
            stream = self.streams.get(section.repairs[ssrc].to_bytes(4, "big"))
        if stream is not None:
            self.repairs[ssrc.to_bytes(4, "big")] = stream
            stream.repaired_apart = True

    def _new_stream(self, ssrc: int, section: Section, rid: str) -> Stream:
        reception = Reception(section.clock_rate)
        stream = Stream(ssrc, self.send[section.mid], section.clock_rate, reception, codec=section.codec, rid=rid)
        stream.repairable, stream.level_id = section.nack, section.level
        self.streams[ssrc.to_bytes(4, "big")] = stream
        self.layers[section.mid, rid] = stream
        return stream

    def takes(self, codec: str) -> bool:
        """Whether all its slots for pictures can be given a stream of that codec (`H264Format.codec`)."""
        mids = [mid for mid, slot in self.receive.items() if slot.track is not Track.MICROPHONE]
        return all(codec in self.offer.section(mid).h264_taken for mid in mids)

    @property
    def at_rest(self) -> bool:
        """It sends nothing and its line is wide enough: nothing about it changes from one moment to the next."""
        return not (self.layers or self.limited or self.probed_bps) and self.downlink.limit is None

    def close_rates(self, now: float) -> None:
        """Measures what its streams take; to be called about once a second."""
        for stream in self.layers.values():
            stream.rate.close_period(now)

    def camera_layers(self) -> tuple[tuple[str, ...], dict[str, int]]:
        """The rids of its camera's layers, and the most pixels of those that were seen; none without simulcast."""
        mid = next((mid for mid, track in self.send.items() if track is Track.CAMERA), None)
        rids = self.offer.section(mid).rids if mid is not None else ()
        sizes = {rid: stream.largest for (at, rid), stream in self.layers.items() if at == mid and stream.largest}
        return rids, sizes

    def layers_of(self, track: Track) -> list[Stream]:
        """The streams of a track that have brought packets."""
        return [s for s in self.layers.values() if s.track is track and s.reception.packets]

    def encrypt_rtcp(self, data: bytes) -> bytes | None:
        """RTCP for this leg, ready to send; None when the SRTP context refuses."""
        try:
            return self.link.protect_rtcp(data)
        except (pylibsrtp.Error, ValueError):
            return None

    def sample(self, now: float) -> dict[str, Any]:
        """Closes the sampling period; the fields of a `LinkSample` besides whose it is."""
        incoming = {
            stream.ssrc: Incoming(
                stream.reception.expected,
                stream.reception.packets - stream.reception.again,
                stream.reception.jitter_ms,
                stream.track is Track.MICROPHONE,
            )
            for stream in self.layers.values()
        }
        limit, estimate = self.downlink.known(now), self.downlink.estimate
        return self.meter.close_period(now, incoming) | {
            "transport": Transport.UDP6 if ":" in self.address[0] else Transport.UDP,
            "remb_up_kbps": self.uplink.target / 1000 if self.send_time else None,
            "remb_down_kbps": estimate / 1000 if estimate else None,
            "limit_down_kbps": limit / 1000 if limit is not None else None,
            "paused": tuple(sorted(self.paused)),
            "layers": self._shown_layers(),
        }

    def _shown_layers(self) -> tuple[SlotLayer, ...]:
        """Which of several layers each slot really shows now, in the order of their names."""
        shown = {
            name: slot.cohort.stream.rid
            for name, slot in self.slots.items()
            if slot.cohort is not None and slot.cohort.stream is not None and slot.cohort.stream.rid
        }
        return tuple(SlotLayer(slot=name, layer=shown[name]) for name in sorted(shown))
