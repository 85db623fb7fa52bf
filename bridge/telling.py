"""Tells the members of one conference what has changed for them, and everybody else who is there and has the floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bridge.conference.focus import Focus
from bridge.conference.layout import SlotMap
from bridge.conference.views import reference, roster, state_view
from bridge.member import Member
from core.bus import Bus
from core.clock import Clock
from core.messages import CONFERENCE_CHANGED, FLOOR, PRESENCE, ConferenceChanged, FloorMoved, PresenceChanged
from core.model import ConferenceState, Departure, ParticipantId, Presence
from core.session_messages import Roster, SessionMessage, StateView, ToSession, session_topic


@dataclass(frozen=True)
class Telling:
    """What each member was told last is kept with the member."""

    focus: Focus
    bus: Bus
    clock: Clock

    def send(self, member: Member, message: SessionMessage) -> bool:
        """Passes a message to a member's client; False when nobody is there to be told."""
        if member.session is None or not member.signaling:
            return False
        self.bus.publish(session_topic(member.session), ToSession(session=member.session, message=message))
        return True

    def tell(self, members: Mapping[ParticipantId, Member], maps: Mapping[ParticipantId, SlotMap]) -> None:
        """Sends each member its state if that is different now, and consoles what is new in the roster."""
        for participant, member in members.items():
            self._presence(member)
            self._state(member, state_view(self.focus, member.participant, maps[participant]))
        self._rosters(members)

    def absent(self, member: Member, how: Departure) -> None:
        """The news that a member has left."""
        self._publish_presence(member, Presence.ABSENT, how)

    def floor(self, at: datetime) -> None:
        """The news of who has the floor since `at`."""
        holder = self.focus.floor.holder
        seen = reference(self.focus, holder) if holder else None
        self.bus.publish(FLOOR, FloorMoved(conference=self.focus.spec.id, holder=seen, at=at))

    def closed(self) -> None:
        """The news that the conference is over."""
        state, now = ConferenceState.CLOSED, self.clock.now()
        self.bus.publish(CONFERENCE_CHANGED, ConferenceChanged(conference=self.focus.spec.id, state=state, at=now))

    def _presence(self, member: Member) -> None:
        presence = member.presence
        if presence is not member.announced:
            member.announced = presence
            self._publish_presence(member, presence, None)

    def _publish_presence(self, member: Member, presence: Presence, how: Departure | None) -> None:
        who, now = member.participant, self.clock.now()
        news = PresenceChanged(conference=self.focus.spec.id, participant=who, presence=presence, how=how, at=now)
        self.bus.publish(PRESENCE, news)

    def _state(self, member: Member, state: StateView) -> None:
        told = member.told_state
        if told is not None and told == state.model_copy(update={"seq": told.seq}):
            return
        if self.send(member, state):
            member.told_state = state

    def _rosters(self, members: Mapping[ParticipantId, Member]) -> None:
        consoles = [m for m in members.values() if m.participant.is_console and m.session and m.signaling]
        if not consoles:
            return
        current = roster(self.focus, {pid: m.presence for pid, m in members.items()})
        for console in consoles:
            told = console.told_roster
            changed = tuple(e for pid, e in current.items() if told is None or told.get(pid) != e)
            if changed and self.send(console, Roster(full=told is None, entries=changed)):
                console.told_roster = current
