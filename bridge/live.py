"""The shell around one focus: its event log, its members' sessions and legs, and what they are told.

One lock orders all changes: decide, write to the log, apply, tell. What is not in the log did not happen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

import structlog

from bridge.conference import events as ev
from bridge.conference import limits
from bridge.conference.focus import Focus
from bridge.conference.layout import planned_kbps, slots_for, voices
from bridge.conference.views import reference
from bridge.directing import Directing
from bridge.log import EventLog
from bridge.media.engine import MediaEngine
from bridge.member import Member
from bridge.recording.desk import VIEWER, RecordingDesk, Wanted
from bridge.telling import Telling
from core.bus import Bus
from core.clock import Clock
from core.commands import Command, SetPage, SetView
from core.errors import Conflict
from core.model import (
    CHAIR,
    ConferenceSpec,
    ConferenceState,
    Departure,
    LegId,
    Participant,
    ParticipantId,
    SessionId,
    SlotName,
)
from core.session_messages import Ended, LegStatus, PictureLimit, Reconnect, SessionMessage

log = structlog.get_logger("focus")

TELL_SECONDS = 0.1
"""Changes of presence are gathered this long before they are told, so that 168 joins are not 168 × 168 messages."""


@dataclass
class LiveConference:
    """A focus with its members. `on_over` is called once when it has closed and everybody has been told."""

    focus: Focus
    event_log: EventLog
    bus: Bus
    clock: Clock
    engine: MediaEngine
    on_over: Callable[[LiveConference], None]
    desk: RecordingDesk
    members: dict[ParticipantId, Member] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.id = self.focus.spec.id
        self._lock = asyncio.Lock()
        self._tell_handle: asyncio.TimerHandle | None = None
        self._telling = Telling(self.focus, self.bus, self.clock)
        self._directing = Directing(self.focus, self.engine, self.clock, self._telling.send)

    def take_up(self, deadline: float) -> None:
        """After a restart: everybody in the log is waited for until `deadline` (monotonic seconds)."""
        for participant in self.focus.present():
            self.members[participant] = Member(self.focus.attendees[participant].participant, deadline=deadline)
        if self.focus.floor.since is not None:
            self._telling.floor(self.focus.floor.since)
        self.tell_soon()

    # --- changes -------------------------------------------------------------------------------------

    async def join(self, session: SessionId, participant: Participant) -> None:
        """Gives `participant` its place to `session`; a former session of it is told that it was replaced."""
        async with self._lock:
            await self._record(self.focus.admit(participant, self.clock.now()))
            member = self.members.setdefault(participant.id, Member(participant))
            self._unseat(member, "replaced")
            member.session, member.signaling, member.deadline = session, True, None
            member.forget_told()
            self.tell_soon()

    def seat_media(self, session: SessionId, leg: LegId) -> None:
        """Makes `leg` the leg of `session`'s member; the former one is closed."""
        member = self.member_of(session)
        if member is None:
            self.engine.close_leg(leg, "its session is gone")
            return
        self._drop_leg(member, "replaced by a new connection")
        member.leg = leg
        self.engine.limit_pictures(leg, self.focus.limits.get(member.participant.id, PictureLimit.FULL))
        self.engine.assign(leg, slots_for(self.focus, member.participant))

    async def command(self, session: SessionId, command: Command) -> None:
        """Decides and carries out a command; raises the refusal."""
        async with self._lock:
            member = self.member_of(session)
            if member is None:
                return
            events = self.focus.decide(member.participant, command)
            await self._record(events)
            if isinstance(command, SetView):
                self._set_view(member.participant.id, command.participant)
            if isinstance(command, SetPage):
                self.focus.pages[member.participant.id] = tuple(dict.fromkeys(command.participants))
            self.tell()
        if self.focus.state is ConferenceState.CLOSED:
            self._finish()

    async def limit_pictures(self, participants: Collection[ParticipantId], limit: PictureLimit, by: str) -> int:
        """Limits the pictures of these points from now on, whatever they connect with; how many are here now."""
        async with self._lock:
            await self._record(limits.decide(self.focus, participants, limit, by))
            here = [self.members[one] for one in participants if one in self.members]
            for member in here:
                if member.leg is not None:
                    self.engine.limit_pictures(member.leg, limit)
            self.tell()
        return len(here)

    def ask_to_reconnect(self, participants: Collection[ParticipantId]) -> int:
        """Has these endpoints look for another way; how many were there to be told."""
        return sum(self._telling.send(self.members[one], Reconnect()) for one in participants if one in self.members)

    async def resumed(self, session: SessionId, connected: bool) -> None:
        """The signaling connection of `session` was lost or came back."""
        member = self.member_of(session)
        if member is None:
            return
        member.signaling = connected
        if connected:
            member.forget_told()
            if member.paused:
                self._telling.send(member, LegStatus(state="connected", paused=member.paused))
        self.tell()

    async def leave(self, session: SessionId, how: Departure) -> None:
        """Ends the place that `session` holds; a session that was replaced has none."""
        async with self._lock:
            if member := self.member_of(session):
                await self._remove(member, how)
        self.tell_soon()

    async def remove_overdue(self) -> None:
        """Removes members that did not come back in time after a restart."""
        now = self.clock.monotonic()
        overdue = [m for m in self.members.values() if m.deadline is not None and m.deadline <= now]
        async with self._lock:
            for member in overdue:
                if member.session is None:
                    await self._remove(member, Departure.FAILED)
        if overdue:
            self.tell()

    async def rebook(self, spec: ConferenceSpec) -> None:
        """Takes a changed booking into the running conference; points no longer booked are removed."""
        async with self._lock:
            if spec == self.focus.spec:
                return
            await self._record([ev.Opened(spec=spec)])
            for member in list(self.members.values()):
                if not member.participant.is_console and member.participant.id not in self.focus.point_names:
                    self._unseat(member, "removed")
                    await self._remove(member, Departure.REMOVED)
                elif member.leg is not None:
                    self.engine.set_ceilings(member.leg, planned_kbps(spec, member.participant))
        self.tell()

    async def close(self) -> None:
        """Ends the conference because its time is up."""
        async with self._lock:
            if self.focus.state is not ConferenceState.CLOSED:
                await self._record([ev.Closed(by="clock")])
        self._finish()

    async def recording_failed(self) -> None:
        """The recording could not be written any further."""
        async with self._lock:
            if self.focus.recording:
                await self._record([ev.RecordingStopped(by="failure")])
        self.tell()

    def suspend(self) -> None:
        """The node stops; members keep their places in the log."""
        self._directing.close()
        if self._tell_handle is not None:
            self._tell_handle.cancel()

    def abandon(self) -> None:
        """Another process carries the conference now: its endpoints lose their places here and join there."""
        self._disband(LegStatus(state="failed", reason="carried by another server"), "carried by another process")

    # --- legs ----------------------------------------------------------------------------------------

    def leg_connected(self, leg: LegId) -> None:
        """Media flows on `leg`."""
        if member := self.member_of_leg(leg):
            member.leg_connected = True
            self._telling.send(member, LegStatus(state="connected", paused=member.paused))
            self.tell_soon()

    def leg_silent(self, leg: LegId) -> None:
        """Nothing comes on `leg`; it is kept for a while, and its client is told so that it looks for another way."""
        if member := self.member_of_leg(leg):
            member.leg_connected = False
            self._telling.send(member, LegStatus(state="silent", reason="silent"))
            self.tell_soon()

    def restart_ice(self, session: SessionId, sdp: str) -> str:
        """Answers an offer that restarts ICE on the leg of `session`; raises what the engine raises."""
        member = self.member_of(session)
        if member is None or member.leg is None:
            raise Conflict("media.no_leg", "There is no such media connection any more: offer a new one.")
        return self.engine.restart_ice(member.leg, sdp)

    def layers_wanted(self, leg: LegId, layers: tuple[str, ...] | None) -> None:
        """Others of the layers of the camera on `leg` are received than before."""
        if member := self.member_of_leg(leg):
            self._directing.layers_wanted(member, layers)

    def pictures_paused(self, leg: LegId, slots: Collection[SlotName]) -> None:
        """The line of `leg` cannot carry the pictures of `slots`, and carries all others."""
        if member := self.member_of_leg(leg):
            member.paused = tuple(sorted(slots))
            self._telling.send(member, LegStatus(state="connected", paused=member.paused))

    def leg_lost(self, leg: LegId, state: Literal["failed", "closed"], reason: str) -> None:
        """Media ended on `leg`; the client is told so that it can connect again."""
        if member := self.member_of_leg(leg):
            self._drop_leg(member, reason)
            self._telling.send(member, LegStatus(state="failed", reason=reason))
            self.tell_soon()

    def member_of(self, session: SessionId) -> Member | None:
        """The member whose place `session` holds."""
        return next((m for m in self.members.values() if m.session == session), None)

    def member_of_leg(self, leg: LegId) -> Member | None:
        """The member that `leg` serves."""
        return next((m for m in self.members.values() if m.leg == leg), None)

    # --- telling -------------------------------------------------------------------------------------

    def tell_soon(self) -> None:
        """Tells what changed within `TELL_SECONDS`."""
        if self._tell_handle is None:
            self._tell_handle = asyncio.get_running_loop().call_later(TELL_SECONDS, self.tell)

    def tell(self) -> None:
        """Brings the media engine and every member up to date, sending only what changed for each."""
        if self._tell_handle is not None:
            self._tell_handle.cancel()
            self._tell_handle = None
        maps = {m.participant.id: slots_for(self.focus, m.participant) for m in self.members.values()}
        for member in self.members.values():
            if member.leg is not None:
                self.engine.assign(member.leg, maps[member.participant.id])
        if recorded := self._follow_recording():
            maps[VIEWER.id] = recorded.slots
        heard = voices(self.focus)
        self.engine.set_microphones(self.id, heard.reserved, heard.others)
        self._directing.tell(self.members, maps)
        self._telling.tell(self.members, maps)

    def _follow_recording(self) -> Wanted | None:
        """Records what one of the audience sees, as long as the chair wants it."""
        wanted = None
        if self.focus.recording and self.focus.state is not ConferenceState.CLOSED:
            speaker = self.focus.floor.holder or CHAIR
            wanted = Wanted(self.focus.spec.title, slots_for(self.focus, VIEWER), reference(self.focus, speaker).name)
        self.desk.follow(self.id, wanted)
        return wanted

    # --- inside --------------------------------------------------------------------------------------

    async def _record(self, events: list[ev.Event]) -> None:
        if not events:
            return
        now = self.clock.now()
        entries = [ev.LogEntry(seq=self.focus.seq + n, at=now, event=e) for n, e in enumerate(events, 1)]
        await self.event_log.append(self.id, entries)
        holder = self.focus.floor.holder
        for entry in entries:
            self.focus.apply(entry)
            log.info("event", conference=self.id, seq=entry.seq, kind=entry.event.type)
        if self.focus.floor.holder != holder:
            self._telling.floor(now)

    async def _remove(self, member: Member, how: Departure) -> None:
        await self._record([ev.Left(participant=member.participant.id, how=how)])
        self._drop_leg(member, "left")
        self.members.pop(member.participant.id, None)
        self._telling.absent(member, how)

    def _unseat(self, member: Member, reason: str) -> None:
        if member.session is not None:
            self._telling.send(member, Ended.model_validate({"reason": reason}))
        self._drop_leg(member, reason)
        member.session = None

    def _drop_leg(self, member: Member, reason: str) -> None:
        leg, member.leg, member.leg_connected = member.leg, None, False
        member.layers, member.paused = None, ()
        if leg is not None:
            self.engine.close_leg(leg, reason)

    def _set_view(self, viewer: ParticipantId, target: ParticipantId | None) -> None:
        if target is None:
            self.focus.views.pop(viewer, None)
        else:
            self.focus.views[viewer] = target

    def _finish(self) -> None:
        for member in self._disband(Ended(reason="closed"), "the conference is over"):
            self._telling.absent(member, Departure.ENDED)
        self._telling.closed()
        self.on_over(self)

    def _disband(self, word: SessionMessage, reason: str) -> list[Member]:
        self.suspend()
        self.desk.follow(self.id, None)
        self.engine.set_microphones(self.id, (), ())
        members, self.members = list(self.members.values()), {}
        for member in members:
            self._telling.send(member, word)
            self._drop_leg(member, reason)
        return members
