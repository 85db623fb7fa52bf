"""What a session asks of the bridge, as calls on the bus; what the bridge says, as events of the session."""

from __future__ import annotations

from typing import assert_never

import structlog

from core.bus import Bus
from core.errors import DiemcauError
from core.identity import JoinRight
from core.messages import (
    COMMAND,
    CONNECT,
    JOIN,
    LEAVE,
    RESTART,
    RESUME,
    ConnectMedia,
    JoinConference,
    LeaveConference,
    RestartMedia,
    ResumeSession,
    SubmitCommand,
)
from core.model import SessionId
from signaling.events import Ask, BridgeEffect, Failed, Join, Joined, Leave, Replied, Resume, Resumed
from signaling.protocol import Accepted, Answer, CommandMessage, Connect, Reply, Restart, error_message

log = structlog.get_logger("signaling")


class BridgeCalls:
    """The bridge as one session sees it. Never raises a `DiemcauError`: refusals are events too."""

    def __init__(self, bus: Bus, session: SessionId, right: JoinRight) -> None:
        self._bus = bus
        self._session = session
        self._right = right

    async def outcome(self, effect: BridgeEffect) -> Joined | Resumed | Failed | Replied | None:
        """Does what `effect` asks and says what came of it; None when nothing needs to follow."""
        match effect:
            case Join():
                return await self._join()
            case Resume(connected=True):
                return await self._resume()
            case Resume():
                await self._tell_cut()
            case Leave():
                await self._tell_left(effect)
            case Ask():
                return await self._ask(effect.message)
            case _:
                assert_never(effect)
        return None

    async def _join(self) -> Joined | Failed:
        right = self._right
        request = JoinConference(conference=right.conference, session=self._session, participant=right.participant)
        try:
            return Joined(await self._bus.request(JOIN, request))
        except DiemcauError as error:
            return Failed(error)

    async def _resume(self) -> Resumed | Failed:
        try:
            await self._bus.request(RESUME, self._presence(connected=True))
        except DiemcauError as error:
            return Failed(error)
        return Resumed()

    async def _tell_cut(self) -> None:
        try:
            await self._bus.request(RESUME, self._presence(connected=False))
        except DiemcauError as error:
            log.info("bridge_not_told", session=self._session, what="cut", code=error.code)

    async def _tell_left(self, effect: Leave) -> None:
        request = LeaveConference(conference=self._right.conference, session=self._session, how=effect.how)
        try:
            await self._bus.request(LEAVE, request)
        except DiemcauError as error:
            log.info("bridge_not_told", session=self._session, what="left", code=error.code)

    def _presence(self, *, connected: bool) -> ResumeSession:
        return ResumeSession(conference=self._right.conference, session=self._session, connected=connected)

    async def _ask(self, message: Connect | Restart | CommandMessage) -> Replied:
        try:
            return Replied(await self._put(message))
        except DiemcauError as error:
            return Replied(error_message(error, message.id))

    async def _put(self, message: Connect | Restart | CommandMessage) -> Reply:
        conference = self._right.conference
        if isinstance(message, CommandMessage):
            submit = SubmitCommand(conference=conference, session=self._session, command=message.command)
            await self._bus.request(COMMAND, submit)
            return Accepted(id=message.id)
        if isinstance(message, Restart):
            restart = RestartMedia(conference=conference, session=self._session, sdp=message.sdp)
            return Answer(id=message.id, sdp=(await self._bus.request(RESTART, restart)).sdp)
        offer = ConnectMedia(
            conference=conference, session=self._session, sdp=message.sdp, receive=message.receive, send=message.send
        )
        answer = await self._bus.request(CONNECT, offer)
        return Answer(id=message.id, sdp=answer.sdp)
