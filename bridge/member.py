"""One participant's place in a live conference: its session, its leg, and what it was told."""

from __future__ import annotations

from dataclasses import dataclass

from core.model import LegId, Participant, ParticipantId, Presence, SessionId, SlotName
from core.session_messages import PublishDirective, RosterEntry, StateView


@dataclass
class Member:
    """A participant's place now. Without a session it is waited for until `deadline` (monotonic seconds)."""

    participant: Participant
    session: SessionId | None = None
    leg: LegId | None = None
    leg_connected: bool = False
    signaling: bool = True
    deadline: float | None = None
    told_state: StateView | None = None
    layers: tuple[str, ...] | None = None
    """The layers of its camera that somebody receives; None: all."""
    paused: tuple[SlotName, ...] = ()
    directive: PublishDirective | None = None
    told_publish: PublishDirective | None = None
    told_roster: dict[ParticipantId, RosterEntry] | None = None
    announced: Presence | None = None

    @property
    def presence(self) -> Presence:
        """What others see of it."""
        if self.session is None or not self.signaling:
            return Presence.LOST
        if self.leg_connected:
            return Presence.PRESENT
        return Presence.LOST if self.announced in (Presence.PRESENT, Presence.LOST) else Presence.JOINING

    def forget_told(self) -> None:
        """The client starts from nothing: everything must be told again."""
        self.told_state = self.told_publish = self.told_roster = None
