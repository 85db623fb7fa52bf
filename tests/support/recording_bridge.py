"""A small bridge on the bus: it answers the calls of the signaling server and writes down what it was asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from core.bus import Bus
from core.errors import DiemcauError, NotFound
from core.messages import (
    COMMAND,
    CONNECT,
    JOIN,
    LEAVE,
    RESTART,
    RESUME,
    ConnectMedia,
    Done,
    JoinAccepted,
    JoinConference,
    LeaveConference,
    MediaAnswer,
    RestartMedia,
    ResumeSession,
    SubmitCommand,
)
from core.model import AUDIENCE_SLOTS, ConferenceState, ParticipantId, SessionId
from core.session_messages import Ended, FloorView, SessionMessage, StateView, ToSession, session_topic

CALLS = (JOIN, CONNECT, RESTART, COMMAND, RESUME, LEAVE)


class RecordingBridge:
    """Lets everyone in, one session per participant; `refusal`, when set, meets every call."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.joins: list[JoinConference] = []
        self.connects: list[ConnectMedia] = []
        self.restarts: list[RestartMedia] = []
        self.commands: list[SubmitCommand] = []
        self.resumes: list[ResumeSession] = []
        self.leaves: list[LeaveConference] = []
        self.sessions: dict[ParticipantId, SessionId] = {}
        self.refusal: DiemcauError | None = None
        self.hold: asyncio.Event | None = None
        """When set, calls wait for it."""
        self.hold_reply: asyncio.Event | None = None
        """When set, join and resume wait for it after they have spoken to the session."""
        self._seq = 0
        bus.answer(JOIN, self._join)
        bus.answer(CONNECT, self._connect)
        bus.answer(RESTART, self._restart)
        bus.answer(COMMAND, self._command)
        bus.answer(RESUME, self._resume)
        bus.answer(LEAVE, self._leave)

    def stop(self) -> None:
        """The bridge is gone, as when its process was killed."""
        for call in CALLS:
            self.bus.stop_answering(call)

    def tell(self, session: SessionId, message: SessionMessage) -> None:
        self.bus.publish(session_topic(session), ToSession(session=session, message=message))

    def state(self, title: str = "Hội nghị") -> StateView:
        self._seq += 1
        return StateView(
            seq=self._seq,
            conference=ConferenceState.OPEN,
            title=title,
            floor=FloorView(since=datetime.now(UTC)),
            slots=dict.fromkeys(AUDIENCE_SLOTS),
            present=0,
            expected=0,
        )

    def forget(self) -> None:
        """Forgets every session."""
        self.sessions.clear()

    async def _gate(self) -> None:
        if self.hold is not None:
            await self.hold.wait()
        if self.refusal is not None:
            raise self.refusal

    async def _reply_gate(self) -> None:
        if self.hold_reply is not None:
            await self.hold_reply.wait()

    def _known(self, session: SessionId) -> None:
        if session not in self.sessions.values():
            raise NotFound("session.unknown", "This session is over.")

    async def _join(self, request: JoinConference) -> JoinAccepted:
        self.joins.append(request)
        await self._gate()
        former = self.sessions.get(request.participant.id)
        self.sessions[request.participant.id] = request.session
        self.tell(request.session, self.state())
        if former is not None:
            self.tell(former, Ended(reason="replaced"))
        await self._reply_gate()
        return JoinAccepted(title="Hội nghị", slots=AUDIENCE_SLOTS)

    async def _connect(self, request: ConnectMedia) -> MediaAnswer:
        self.connects.append(request)
        await self._gate()
        self._known(request.session)
        return MediaAnswer(sdp=f"answer to {request.sdp}")

    async def _restart(self, request: RestartMedia) -> MediaAnswer:
        self.restarts.append(request)
        await self._gate()
        self._known(request.session)
        return MediaAnswer(sdp=f"answer to {request.sdp}")

    async def _command(self, request: SubmitCommand) -> Done:
        self.commands.append(request)
        await self._gate()
        self._known(request.session)
        return Done()

    async def _resume(self, request: ResumeSession) -> Done:
        self.resumes.append(request)
        await self._gate()
        self._known(request.session)
        if request.connected:
            self.tell(request.session, self.state())
            await self._reply_gate()
        return Done()

    async def _leave(self, request: LeaveConference) -> Done:
        self.leaves.append(request)
        await self._gate()
        self._known(request.session)
        self.sessions = {who: one for who, one in self.sessions.items() if one != request.session}
        return Done()
