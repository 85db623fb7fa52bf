"""WHIP and WHEP through a real web server and node, with FFmpeg's muxer as the encoder and aiortc as the screen."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
from aiortc import RTCPeerConnection, RTCRtpTransceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

from bridge.endpoint.clips import ClipLibrary
from bridge.endpoint.endpoint import MediaEndpoint
from bridge.node import BridgeNode
from bridge.recording.sidecar import folder_of, read_sidecars
from core.bus import Subscription
from core.clock import SystemClock
from core.commands import Command, GrantFloor, StartRecording, StopRecording
from core.database import Database
from core.identity import JoinRight, Signer
from core.messages import (
    COMMAND,
    CONNECT,
    JOIN,
    OPEN,
    PRESENCE,
    STOP,
    ConnectMedia,
    JoinConference,
    OpenConference,
    PresenceChanged,
    StopConference,
    SubmitCommand,
)
from core.model import ConferenceSpec, Participant, ParticipantId, Presence, SessionId, SlotName
from core.settings import Settings
from tests.support.conferences import CHAIR_SEAT, hall, spec_of
from tests.support.encoder import BRIGHTNESS
from tests.support.polling import UNIT, eventually
from tests.support.website import SECRET, Reply, Visitor, Website, running_website

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = "application/trickle-ice-sdpfrag"
SECURITY = f"""a=ice-ufrag:34500a04
a=ice-pwd:fe57639a56b8e252d50cb25039016828
a=fingerprint:sha-256 {":".join(["64"] * 32)}
a=setup:passive
a=rtcp-mux
a=sendonly
"""
ENCODER_OFFER = f"""v=0
o=FFmpeg 4489045141692799359 2 IN IP4 127.0.0.1
s=FFmpegPublishSession
t=0 0
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
c=IN IP4 0.0.0.0
{SECURITY}a=mid:0
a=rtpmap:111 opus/48000/2
a=ssrc:3656447930 cname:FFmpeg
m=video 9 UDP/TLS/RTP/SAVPF 106 105
c=IN IP4 0.0.0.0
{SECURITY}a=mid:1
a=rtpmap:106 H264/90000
a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42000d
a=rtpmap:105 rtx/90000
a=fmtp:105 apt=106
a=ssrc-group:FID 3656447931 3656447932
a=ssrc:3656447931 cname:FFmpeg
"""
"""As FFmpeg's muxer writes it."""


@dataclass
class Hall:
    """An open conference behind a web server, and what was said of its participants' presence."""

    site: Website
    visitor: Visitor
    spec: ConferenceSpec
    presence: dict[ParticipantId, Presence]

    def token(self, participant: Participant) -> str:
        right = JoinRight(conference=self.spec.id, participant=participant)
        return Signer(SECRET).join_token(right, datetime.now(UTC) + timedelta(hours=1))

    def bearer(self, participant: Participant) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(participant)}"}

    async def offer(self, path: str, participant: Participant, sdp: str) -> Reply:
        return await self.visitor.ask("POST", path, data=sdp, headers=SDP | self.bearer(participant))

    async def seat(self, participant: Participant) -> tuple[SessionId, tuple[SlotName, ...]]:
        session = SessionId(secrets.token_hex(4))
        call = JoinConference(conference=self.spec.id, session=session, participant=participant)
        return session, (await self.site.bus.request(JOIN, call)).slots

    async def give_floor(self, participant: Participant) -> SessionId:
        """The chair's session, which gave it."""
        session, _ = await self.seat(CHAIR_SEAT)
        await self.command(session, GrantFloor(participant=participant.id))
        return session

    async def command(self, session: SessionId, command: Command) -> None:
        submit = SubmitCommand(conference=self.spec.id, session=session, command=command)
        await self.site.bus.request(COMMAND, submit)

    def is_now(self, participant: Participant, wanted: Presence) -> str | None:
        seen = self.presence.get(participant.id)
        return None if seen is wanted else f"{participant.id} is {seen}"


@asynccontextmanager
async def encoder(hall_: Hall, participant: Participant, seconds: float) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.encoder",
        f"{hall_.site.base}/whip/{participant.point}",
        hall_.token(participant),
        str(seconds),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Hall]:
    async with AsyncExitStack() as stack:
        site = await stack.enter_async_context(running_website(database, tmp_path))
        settings = Settings(media_port=0, sample_seconds=0.3, data_dir=tmp_path)
        node = BridgeNode(settings, database, site.bus, SystemClock(), ["127.0.0.1"])
        news = stack.enter_context(site.bus.subscribe(PRESENCE))
        await node.start()
        stack.push_async_callback(node.stop)
        spec = spec_of(2)
        await site.bus.request(OPEN, OpenConference(spec=spec))
        known: dict[ParticipantId, Presence] = {}
        listening = asyncio.create_task(_listen(news, known))
        try:
            yield Hall(site, await site.visitor(), spec, known)
        finally:
            await site.bus.request(STOP, StopConference(conference=spec.id))
            listening.cancel()
            await asyncio.wait([listening])


async def _listen(news: Subscription[PresenceChanged], known: dict[ParticipantId, Presence]) -> None:
    async for change in news:
        known[change.participant.id] = change.presence


class Screen:
    """A watch-only screen: one picture, one sound."""

    def __init__(self) -> None:
        self.peer = RTCPeerConnection()
        self.picture: RTCRtpTransceiver = self.peer.addTransceiver("video", direction="recvonly")
        self.sound: RTCRtpTransceiver = self.peer.addTransceiver("audio", direction="recvonly")

    async def offer(self) -> str:
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return self.peer.localDescription.sdp

    async def sees(self, brightness: int) -> None:
        last = -1.0
        try:
            async with asyncio.timeout(15 * UNIT):
                while abs(last - brightness) > 12:
                    frame = await self.picture.receiver.track.recv()
                    assert isinstance(frame, VideoFrame)
                    luma = bytes(frame.planes[0])[: frame.width]
                    last = sum(luma) / len(luma)
        except (TimeoutError, MediaStreamError) as exc:
            raise AssertionError(f"the screen never showed {brightness}, last {last}") from exc

    async def hears(self) -> None:
        loudest = 0
        async with asyncio.timeout(15 * UNIT):
            while loudest < 1_000:
                frame = await self.sound.receiver.track.recv()
                assert isinstance(frame, AudioFrame)
                data = memoryview(bytes(frame.planes[0])).cast("h")
                loudest = max(abs(value) for value in data)


async def test_ffmpeg_publishes_by_whip_and_a_screen_watches_by_whep(place: Hall) -> None:
    speaker = hall(1)
    screen = Screen()
    try:
        reply = await place.offer(f"/whep/{place.spec.id}", CHAIR_SEAT, await screen.offer())
        assert reply.status == 201, reply.body
        await screen.peer.setRemoteDescription(RTCSessionDescription(reply.body.decode(), "answer"))
        async with encoder(place, speaker, 40 * UNIT) as process:
            await eventually(lambda: place.is_now(speaker, Presence.PRESENT), units=20)
            await place.give_floor(speaker)
            await screen.sees(BRIGHTNESS)
            await screen.hears()
            assert process.returncode is None
        ended = await place.visitor.ask("DELETE", reply.headers["Location"], headers=place.bearer(CHAIR_SEAT))
        assert ended.status == 200
        again = await place.visitor.ask("DELETE", reply.headers["Location"], headers=place.bearer(CHAIR_SEAT))
        assert again.status == 404
    finally:
        await screen.peer.close()


async def test_an_encoder_that_finishes_has_left(place: Hall) -> None:
    async with encoder(place, hall(1), 1.0) as process:
        await eventually(lambda: place.is_now(hall(1), Presence.PRESENT), units=20)
        await eventually(lambda: place.is_now(hall(1), Presence.ABSENT), units=20)
        assert await process.wait() == 0


async def test_h264_is_refused_where_somebody_cannot_be_shown_it(place: Hall) -> None:
    session, slots = await place.seat(hall(2))
    endpoint = MediaEndpoint(hall(2).id, slots, ClipLibrary({}), host="127.0.0.1")
    sdp, receive, send = endpoint.offer()
    sdp = sdp.replace("H264/90000", "H265/90000")
    await place.site.bus.request(
        CONNECT, ConnectMedia(conference=place.spec.id, session=session, sdp=sdp, receive=receive, send=send)
    )
    try:
        refused = await place.offer("/whip/p1", hall(1), ENCODER_OFFER)
        assert (refused.status, refused.code) == (400, "sdp.codec")
        assert refused.json["data"] == {"needs": "VP8", "receivers": 1}
        assert place.presence.get(hall(1).id) in (None, Presence.ABSENT)
    finally:
        await endpoint.close()


async def test_an_offer_is_answered_as_the_standard_says(place: Hall) -> None:
    reply = await place.offer("/whip/p1", hall(1), ENCODER_OFFER)
    assert reply.status == 201
    assert reply.headers["Content-Type"].startswith("application/sdp")
    assert reply.headers["ETag"].startswith('"')
    answer = reply.body.decode()
    assert "a=setup:active" in answer
    assert "m=video 9 UDP/TLS/RTP/SAVPF 106" in answer
    assert "VP8" not in answer
    assert reply.headers["Location"].startswith("/whip/p1/")
    await place.visitor.ask("DELETE", reply.headers["Location"], headers=place.bearer(hall(1)))


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "code"),
    [
        ("/whip/p1", SDP, ENCODER_OFFER, 401, "media.no_token"),
        ("/whip/p1", {"Authorization": "Bearer x"} | SDP, ENCODER_OFFER, 403, "join.invalid"),
        ("/whip/p2", SDP, ENCODER_OFFER, 403, "join.invalid"),
        ("/whep/{id}", SDP, ENCODER_OFFER, 403, "join.invalid"),
        ("/whip/p1", {"Content-Type": "text/plain"}, ENCODER_OFFER, 415, "request.content"),
        ("/whip/p1", SDP, "v=0", 400, "sdp.unreadable"),
        ("/whip/p1", SDP, ENCODER_OFFER.replace("sendonly", "recvonly"), 400, "sdp.slots"),
        ("/whip/p1", SDP, ENCODER_OFFER.replace("H264", "H265"), 400, "sdp.codec"),
    ],
)
async def test_what_cannot_be_taken_is_refused_by_name(
    place: Hall, path: str, headers: dict[str, str], body: str, status: int, code: str
) -> None:
    authorized = headers if status == 401 or "Authorization" in headers else headers | place.bearer(hall(1))
    reply = await place.visitor.ask("POST", path.format(id=place.spec.id), data=body, headers=authorized)
    assert (reply.status, reply.code) == (status, code)
    assert ("WWW-Authenticate" in reply.headers) == (status == 401)
    assert place.presence.get(hall(1).id) in (None, Presence.ABSENT, Presence.JOINING)


async def test_other_methods_are_not_allowed(place: Hall) -> None:
    for method in ("GET", "PUT", "HEAD"):
        reply = await place.visitor.ask(method, "/whip/p1")
        assert reply.status == 405, method
    described = await place.visitor.ask("OPTIONS", "/whip/p1")
    assert (described.status, described.headers["Accept-Post"]) == (204, "application/sdp")


async def test_candidates_are_taken_and_a_restart_is_not(place: Hall) -> None:
    opened = await place.offer("/whip/p1", hall(1), ENCODER_OFFER)
    address, etag = opened.headers["Location"], opened.headers["ETag"]

    async def patch(fragment: str, kind: str = FRAGMENT, **headers: str) -> int:
        sent = {"Content-Type": kind} | place.bearer(hall(1)) | {k.replace("_", "-"): v for k, v in headers.items()}
        return (await place.visitor.ask("PATCH", address, data=fragment, headers=sent)).status

    candidate = "a=ice-ufrag:34500a04\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=end-of-candidates\r\n"
    assert await patch(candidate, If_Match=etag) == 204
    assert await patch(candidate) == 428
    assert await patch(candidate, If_Match='"other"') == 412
    assert await patch(candidate.replace("34500a04", "anew"), If_Match="*") == 422
    assert await patch(candidate.replace("34500a04", "anew"), If_Match=etag) == 422
    assert await patch("no fragment", If_Match=etag) == 400
    assert await patch(candidate, kind="application/sdp", If_Match=etag) == 415
    # Neither has ended the session.
    assert await patch(candidate, If_Match=etag) == 204
    await place.visitor.ask("DELETE", address, headers=place.bearer(hall(1)))
    assert await patch(candidate, If_Match=etag) == 404


async def test_a_session_ends_when_its_place_is_taken(place: Hall) -> None:
    opened = await place.offer("/whip/p1", hall(1), ENCODER_OFFER)
    await place.seat(hall(1))

    async def gone() -> str | None:
        reply = await place.visitor.ask("PATCH", opened.headers["Location"], headers=place.bearer(hall(1)))
        return None if reply.status == 404 else f"still there: {reply.status}"

    await eventually(gone)
    assert place.presence.get(hall(1).id) is not Presence.ABSENT


async def test_an_encoder_s_h264_is_recorded_as_it_is(place: Hall, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, place.spec.id)

    def recorded(size: int) -> str | None:
        found = [(r.size, r.ended_at is not None) for r in read_sidecars(folder)]
        return None if any(s > size for s, _ in found) else f"{found}"

    async with encoder(place, hall(1), 60 * UNIT):
        await eventually(lambda: place.is_now(hall(1), Presence.PRESENT), units=20)
        chair = await place.give_floor(hall(1))
        await place.command(chair, StartRecording())
        await eventually(lambda: recorded(20_000), units=25)
        await place.command(chair, StopRecording())
        await eventually(lambda: None if next(read_sidecars(folder)).ended_at else "not finished")
    [about] = read_sidecars(folder)
    with av.open(str(folder / about.name)) as file:
        video = file.streams.video[0]
        assert video.codec_context.name == "h264"
        brightness = [sum(bytes(f.planes[0])[: f.width]) / f.width for f in file.decode(video)]
    assert len(brightness) > 15
    assert all(abs(value - BRIGHTNESS) < 12 for value in brightness)
