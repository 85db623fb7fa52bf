"""Media by HTTP: sessions that a single POST with an SDP offer opens (WHIP, WHEP), without a signaling WebSocket.

Each is an ordinary session of the bridge, owned here: it ends with its media, with the conference, when somebody
else takes its place, or with a DELETE.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from bridge.media.sdp import parse_offer
from core.bus import Bus, Overflow, Subscription
from core.errors import BadInput, DiemcauError, NotFound
from core.identity import JoinRight
from core.messages import CONNECT, JOIN, LEAVE, ConnectMedia, JoinConference, LeaveConference
from core.model import ConferenceId, Departure, SessionId, SlotName, Track
from core.session_messages import Ended, LegStatus, ToSession, session_topic
from core.settings import Limits

log = structlog.get_logger("web")

_FRAGMENT_UFRAG = re.compile(r"^a=ice-ufrag:(\S+)\s*$", re.MULTILINE)


class PreconditionRequired(DiemcauError):
    """The request must say which state of the session it means (RFC 6585 section 3)."""

    status = 428
    title = "The request must be conditional"


class PreconditionFailed(DiemcauError):
    """The session is no longer in the state that the request means (RFC 9110 section 15.5.13)."""

    status = 412
    title = "The session has changed"


class CannotBeDone(DiemcauError):
    """Understood, but not supported (RFC 9110 section 15.5.21)."""

    status = 422
    title = "Not supported"


@dataclass(frozen=True)
class Places:
    """Which m-lines of an offer (by mid) are slots, and which are sources."""

    receive: Mapping[str, SlotName] = field(default_factory=dict)
    send: Mapping[str, Track] = field(default_factory=dict)


@dataclass(frozen=True)
class MediaSession:
    """One open session. `key` is its unguessable name in its address, `etag` stands for its ICE credentials."""

    key: str
    conference: ConferenceId
    session: SessionId
    answer: str
    ufrag: str
    etag: str = field(default_factory=lambda: f'"{secrets.token_hex(8)}"')

    def take_fragment(self, fragment: str, condition: str | None) -> None:
        """A PATCH with trickled candidates (RFC 8840): there is nothing to do, for the node learns addresses by checks.

        Raises `PreconditionRequired`, `PreconditionFailed`, `BadInput` for what is no such fragment, or `CannotBeDone`
        for an ICE restart, which leaves the session as it is (RFC 9725 section 4.3).
        """
        if condition is None:
            raise PreconditionRequired("media.no_condition", "A PATCH needs If-Match with the session's ETag.")
        ufrag = _FRAGMENT_UFRAG.search(fragment)
        if ufrag is None:
            raise BadInput("media.fragment", "The SDP fragment names no ICE session: a=ice-ufrag is missing.")
        if condition == "*" or ufrag[1] != self.ufrag:
            raise CannotBeDone("media.no_restart", "ICE restart is not supported here: end the session and POST again.")
        if condition != self.etag:
            raise PreconditionFailed("media.other_state", "The ICE session of this ETag is over.")


def encoder_places(sdp: str, limits: Limits) -> Places:
    """What an encoder sends: its first audio is the microphone, its first video the camera. Raises `BadInput`."""
    send: dict[str, Track] = {}
    tracks = {"audio": Track.MICROPHONE, "video": Track.CAMERA}
    for section in parse_offer(sdp, limits).sections:
        track = tracks.get(section.kind)
        if track is not None and section.sends and track not in send.values():
            send[section.mid] = track
    if not send:
        raise BadInput("sdp.slots", "The SDP offer sends neither sound nor picture.")
    return Places(send=send)


def screen_places(sdp: str, limits: Limits) -> Places:
    """What a screen shows: pictures in the order stage, second; sound in the order of the slots. Raises `BadInput`."""
    free = {
        "video": [SlotName.STAGE, SlotName.SECOND],
        "audio": [SlotName.AUDIO1, SlotName.AUDIO2, SlotName.AUDIO3],
    }
    receive: dict[str, SlotName] = {}
    for section in parse_offer(sdp, limits).sections:
        slots = free.get(section.kind)
        if slots and section.receives:
            receive[section.mid] = slots.pop(0)
    if not receive:
        raise BadInput("sdp.slots", "The SDP offer receives neither sound nor picture.")
    return Places(receive=receive)


class MediaDoor:
    """The sessions that were opened by HTTP. `stop` ends them all."""

    def __init__(self, bus: Bus, limits: Limits) -> None:
        self._bus = bus
        self._limits = limits
        self._sessions: dict[str, MediaSession] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}

    async def open(self, right: JoinRight, sdp: str, places: Places) -> MediaSession:
        """Joins and connects. Raises `BadInput`, `Refused` or `Unavailable`, and then leaves nothing behind."""
        session = SessionId(secrets.token_hex(16))
        news = self._bus.subscribe(session_topic(session), limit=64, lossy=True)
        try:
            await self._bus.request(
                JOIN, JoinConference(conference=right.conference, session=session, participant=right.participant)
            )
            opened = await self._connect(right, session, sdp, places)
        except BaseException:
            news.close()
            raise
        self._sessions[opened.key] = opened
        self._watchers[opened.key] = asyncio.create_task(self._watch(opened, news), name="media-by-http")
        log.info("media_by_http_opened", conference=right.conference, role=right.participant.role)
        return opened

    async def _connect(self, right: JoinRight, session: SessionId, sdp: str, places: Places) -> MediaSession:
        ufrag = parse_offer(sdp, self._limits).credentials.ufrag
        try:
            answer = await self._bus.request(
                CONNECT,
                ConnectMedia(
                    conference=right.conference,
                    session=session,
                    sdp=sdp,
                    receive=dict(places.receive),
                    send=dict(places.send),
                ),
            )
        except BaseException:
            await self._leave(right.conference, session, Departure.FAILED)
            raise
        return MediaSession(secrets.token_urlsafe(24), right.conference, session, answer.sdp, ufrag)

    def find(self, key: str, right: JoinRight) -> MediaSession:
        """The session of that name, if `right` opened it; raises `NotFound`."""
        found = self._sessions.get(key)
        if found is None or found.conference != right.conference:
            raise NotFound("media.unknown", "There is no such session (any more).")
        return found

    async def end(self, key: str, how: Departure) -> None:
        """Leaves the conference; harmless when the session is over already."""
        found = self._sessions.pop(key, None)
        watcher = self._watchers.pop(key, None)
        if watcher is not None and watcher is not asyncio.current_task():
            watcher.cancel()
            await asyncio.wait([watcher])
        if found is not None:
            await self._leave(found.conference, found.session, how)

    async def stop(self) -> None:
        """Ends every session."""
        for key in tuple(self._sessions):
            await self.end(key, Departure.DEPARTED)

    async def _leave(self, conference: ConferenceId, session: SessionId, how: Departure) -> None:
        try:
            await self._bus.request(LEAVE, LeaveConference(conference=conference, session=session, how=how))
        except DiemcauError as exc:
            log.warning("media_by_http_not_left", conference=conference, code=exc.code)

    async def _watch(self, opened: MediaSession, news: Subscription[ToSession]) -> None:
        """Ends the session when the bridge says that it is over: nobody else would."""
        with news:
            try:
                async for item in news:
                    message = item.message
                    if isinstance(message, Ended):
                        break
                    if isinstance(message, LegStatus) and message.state in ("silent", "failed", "closed"):
                        break
            except Overflow:
                log.warning("media_by_http_behind", conference=opened.conference)
        await self.end(opened.key, Departure.DEPARTED)
