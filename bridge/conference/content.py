"""Shared screens: one holder at a time, points that ask, and what became of each wish (as the floor's, RFC 8855)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.conference import events as ev
from bridge.conference.rights import require_chair, require_point
from core.commands import DenyContent, GrantContent, ReleaseContent, RequestContent, RevokeContent
from core.errors import Conflict, Refused
from core.model import CHAIR, Participant, ParticipantId, Role
from core.session_messages import RequestStatus

if TYPE_CHECKING:
    from bridge.conference.focus import Focus


@dataclass
class Content:
    """Who shares a screen, and who asks to since when."""

    holder: ParticipantId | None = None
    waiting: dict[ParticipantId, datetime] = field(default_factory=dict)
    outcomes: dict[ParticipantId, RequestStatus] = field(default_factory=dict)

    def settle(self, participant: ParticipantId, outcome: RequestStatus) -> None:
        """A wish is answered, or taken back."""
        self.waiting.pop(participant, None)
        self.outcomes[participant] = outcome

    def give(self, participant: ParticipantId) -> None:
        """Who shared before has to stop."""
        self.vacate(RequestStatus.REVOKED)
        self.settle(participant, RequestStatus.GRANTED)
        self.holder = participant

    def vacate(self, outcome: RequestStatus) -> None:
        """Nothing is shared any more."""
        if self.holder is not None:
            self.outcomes[self.holder] = outcome
        self.holder = None

    def forget(self, participant: ParticipantId) -> None:
        """`participant` left, or wants nothing any more."""
        if self.holder == participant:
            self.vacate(RequestStatus.RELEASED)
        if participant in self.waiting:
            self.settle(participant, RequestStatus.CANCELLED)


# --- decisions ---------------------------------------------------------------------------------------


def _request(focus: Focus, by: Participant, command: RequestContent) -> list[ev.Event]:
    if by.role is not Role.OPERATOR:
        raise Refused("command.points_only", "Only a bridge point asks for this.")
    if by.id == focus.content.holder or by.id in focus.content.waiting:
        return []
    return [ev.ContentRequested(participant=by.id)]


def _grant(focus: Focus, by: Participant, command: GrantContent) -> list[ev.Event]:
    require_chair(by)
    if command.participant != CHAIR:
        require_point(focus, command.participant)
    if focus.content.holder == command.participant:
        return []
    if not focus.is_in(command.participant):
        raise Conflict("content.absent", "This point has not joined, so it cannot share a screen.")
    return [ev.ContentGranted(participant=command.participant)]


def _deny(focus: Focus, by: Participant, command: DenyContent) -> list[ev.Event]:
    require_chair(by)
    if command.participant not in focus.content.waiting:
        raise Conflict("content.not_waiting", "This point does not ask to share (any more).")
    return [ev.ContentDenied(participant=command.participant)]


def _revoke(focus: Focus, by: Participant, command: RevokeContent) -> list[ev.Event]:
    require_chair(by)
    return [ev.ContentRevoked(participant=focus.content.holder)] if focus.content.holder else []


def _release(focus: Focus, by: Participant, command: ReleaseContent) -> list[ev.Event]:
    wants = by.id == focus.content.holder or by.id in focus.content.waiting
    return [ev.ContentReleased(participant=by.id)] if wants else []


DECISIONS: dict[type, Callable[[Focus, Participant, Any], list[ev.Event]]] = {
    RequestContent: _request,
    GrantContent: _grant,
    DenyContent: _deny,
    RevokeContent: _revoke,
    ReleaseContent: _release,
}

# --- applications ------------------------------------------------------------------------------------


def _requested(focus: Focus, event: ev.ContentRequested, at: datetime) -> None:
    focus.content.waiting[event.participant] = at
    focus.content.outcomes[event.participant] = RequestStatus.PENDING


def _granted(focus: Focus, event: ev.ContentGranted, at: datetime) -> None:
    focus.content.give(event.participant)


def _denied(focus: Focus, event: ev.ContentDenied, at: datetime) -> None:
    focus.content.settle(event.participant, RequestStatus.DENIED)


def _released(focus: Focus, event: ev.ContentReleased, at: datetime) -> None:
    focus.content.forget(event.participant)


def _revoked(focus: Focus, event: ev.ContentRevoked, at: datetime) -> None:
    focus.content.vacate(RequestStatus.REVOKED)


APPLICATIONS: dict[type, Callable[[Focus, Any, datetime], None]] = {
    ev.ContentRequested: _requested,
    ev.ContentGranted: _granted,
    ev.ContentDenied: _denied,
    ev.ContentReleased: _released,
    ev.ContentRevoked: _revoked,
}
