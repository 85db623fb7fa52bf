"""The focus: decides commands into events, and applies events to its state. No I/O, no clock of its own.

`decide` never changes anything; `apply` never refuses. Replaying a log through `apply` gives the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.conference import content, limits, recording
from bridge.conference import events as ev
from bridge.conference.content import Content
from bridge.conference.floor import Floor
from bridge.conference.rights import require_chair, require_point
from core.commands import (
    CloseConference,
    Command,
    DenyRequest,
    GrantFloor,
    ReleaseFloor,
    RequestFloor,
    RevokeFloor,
    SetMicrophoneOpen,
    SetMuted,
    SetPage,
    SetView,
    WithdrawRequest,
)
from core.errors import Conflict, Refused
from core.model import CHAIR, ConferenceSpec, ConferenceState, Participant, ParticipantId, Role, point_participant
from core.session_messages import PictureLimit, RequestStatus


@dataclass
class Attendee:
    """A participant that is in the conference now, or was; `gone` once it left."""

    participant: Participant
    joined_at: datetime
    gone: bool = False


class Focus:
    """State of one live conference. `views` and `pages` (what consoles look at) are not minutes and not logged."""

    def __init__(self, spec: ConferenceSpec) -> None:
        self.rebook(spec)
        self.state = ConferenceState.OPEN
        self.seq = 0
        self.attendees: dict[ParticipantId, Attendee] = {}
        self.floor = Floor()
        self.content = Content()
        self.recording = False
        self.muted: set[ParticipantId] = set()
        self.opened: dict[ParticipantId, None] = {}
        self.views: dict[ParticipantId, ParticipantId] = {}
        self.limits: dict[ParticipantId, PictureLimit] = {}
        self.pages: dict[ParticipantId, tuple[ParticipantId, ...]] = {}

    @property
    def spec(self) -> ConferenceSpec:
        """The newest booking of the conference."""
        return self._spec

    def rebook(self, spec: ConferenceSpec) -> None:
        """Takes a changed booking (extended, points added)."""
        self._spec = spec
        self.point_names = {point_participant(p.code): p.name for p in spec.points}

    def is_in(self, participant: ParticipantId) -> bool:
        """Whether `participant` has joined and not left."""
        attendee = self.attendees.get(participant)
        return attendee is not None and not attendee.gone

    def present(self) -> list[ParticipantId]:
        """Points and consoles that have joined and not left, in order of joining."""
        return [pid for pid, attendee in self.attendees.items() if not attendee.gone]

    def points_present(self) -> int:
        """How many bridge points have joined and not left."""
        return sum(1 for pid in self.present() if pid in self.point_names)

    def admit(self, participant: Participant, now: datetime) -> list[ev.Event]:
        """Decides whether `participant` may enter; raises `Refused` that says why not."""
        if self.state is not ConferenceState.OPEN:
            raise Refused("join.over", "The conference is over.")
        if participant.role is Role.OPERATOR and participant.id not in self.point_names:
            raise Refused("join.invalid", "This link is not valid. Open it exactly as it was sent to you.")
        late = now > self.spec.times.must_join_before and participant.id not in self.attendees
        if late and not participant.is_console:
            raise Refused("join.too_late", "The time to join has passed. Call the organizer.")
        return [] if self.is_in(participant.id) else [ev.Joined(participant=participant)]

    def decide(self, by: Participant, command: Command) -> list[ev.Event]:
        """The events that `command` leads to; raises `Refused`, `Conflict` or `BadInput` that says why not."""
        return _DECISIONS[type(command)](self, by, command)

    def apply(self, entry: ev.LogEntry) -> None:
        """Changes the state by one log entry."""
        self.seq = entry.seq
        _APPLICATIONS[type(entry.event)](self, entry.event, entry.at)


def replay(entries: Iterable[ev.LogEntry]) -> Focus:
    """The focus that a log describes; raises ValueError when the log does not begin with its opening."""
    focus: Focus | None = None
    for entry in entries:
        if focus is None:
            if not isinstance(entry.event, ev.Opened):
                raise ValueError("an event log begins with the opening")
            focus = Focus(entry.event.spec)
        focus.apply(entry)
    if focus is None:
        raise ValueError("an empty event log describes no conference")
    return focus


# --- decisions ---------------------------------------------------------------------------------------


def _request_floor(focus: Focus, by: Participant, command: RequestFloor) -> list[ev.Event]:
    if by.role is not Role.OPERATOR:
        raise Refused("command.points_only", "Only a bridge point asks for the floor.")
    if focus.floor.holder == by.id:
        raise Conflict("floor.held", "You already have the floor.")
    waiting = focus.floor.request_of(by.id)
    if waiting and waiting.subject == command.subject:
        return []
    return [ev.FloorRequested(participant=by.id, subject=command.subject)]


def _withdraw_request(focus: Focus, by: Participant, command: WithdrawRequest) -> list[ev.Event]:
    return [ev.RequestCancelled(participant=by.id)] if focus.floor.request_of(by.id) else []


def _release_floor(focus: Focus, by: Participant, command: ReleaseFloor) -> list[ev.Event]:
    if focus.floor.holder != by.id:
        raise Conflict("floor.not_held", "You do not have the floor.")
    return [ev.FloorReleased(participant=by.id)]


def _grant_floor(focus: Focus, by: Participant, command: GrantFloor) -> list[ev.Event]:
    require_chair(by)
    require_point(focus, command.participant)
    if focus.floor.holder == command.participant:
        return []
    if not focus.is_in(command.participant):
        raise Conflict("floor.absent", "This point has not joined, so it cannot be given the floor.")
    return [ev.FloorGranted(participant=command.participant)]


def _revoke_floor(focus: Focus, by: Participant, command: RevokeFloor) -> list[ev.Event]:
    require_chair(by)
    return [ev.FloorRevoked(participant=focus.floor.holder)] if focus.floor.holder else []


def _deny_request(focus: Focus, by: Participant, command: DenyRequest) -> list[ev.Event]:
    require_chair(by)
    if not focus.floor.request_of(command.participant):
        raise Conflict("floor.not_waiting", "This point is not waiting for the floor (any more).")
    return [ev.RequestDenied(participant=command.participant)]


def _set_muted(focus: Focus, by: Participant, command: SetMuted) -> list[ev.Event]:
    require_chair(by)
    if command.participant is None:
        spared = focus.floor.holder if command.muted else None
        changed = [p for p in focus.point_names if p != spared and (p in focus.muted) != command.muted]
    else:
        require_point(focus, command.participant)
        changed = [command.participant] if (command.participant in focus.muted) != command.muted else []
    return [ev.MutedSet(participants=tuple(changed), muted=command.muted)] if changed else []


def _set_microphone(focus: Focus, by: Participant, command: SetMicrophoneOpen) -> list[ev.Event]:
    require_chair(by)
    require_point(focus, command.participant)
    is_opened, is_muted = command.participant in focus.opened, command.participant in focus.muted
    if (is_opened and not is_muted) if command.open else not is_opened:
        return []
    if command.open and not focus.is_in(command.participant):
        raise Conflict("microphone.absent", "This point has not joined, so its microphone cannot be opened.")
    return [ev.MicrophoneSet(participant=command.participant, open=command.open)]


def _set_view(focus: Focus, by: Participant, command: SetView) -> list[ev.Event]:
    if not by.is_console:
        raise Refused("command.console_only", "Only a console may look at a point privately.")
    if command.participant is not None:
        require_point(focus, command.participant)
    return []


def _set_page(focus: Focus, by: Participant, command: SetPage) -> list[ev.Event]:
    if not by.is_console:
        raise Refused("command.console_only", "Only a console may look at a page of points.")
    for participant in command.participants:
        require_point(focus, participant)
    return []


def _close(focus: Focus, by: Participant, command: CloseConference) -> list[ev.Event]:
    require_chair(by)
    return [] if focus.state is ConferenceState.CLOSED else [ev.Closed(by="chair")]


_DECISIONS: dict[type, Callable[[Focus, Participant, Any], list[ev.Event]]] = {
    RequestFloor: _request_floor,
    WithdrawRequest: _withdraw_request,
    ReleaseFloor: _release_floor,
    GrantFloor: _grant_floor,
    RevokeFloor: _revoke_floor,
    DenyRequest: _deny_request,
    SetMuted: _set_muted,
    SetMicrophoneOpen: _set_microphone,
    SetView: _set_view,
    SetPage: _set_page,
    CloseConference: _close,
    **content.DECISIONS,
    **recording.DECISIONS,
}


# --- applications ------------------------------------------------------------------------------------


def _opened(focus: Focus, event: ev.Opened, at: datetime) -> None:
    focus.rebook(event.spec)


def _joined(focus: Focus, event: ev.Joined, at: datetime) -> None:
    focus.attendees.pop(event.participant.id, None)
    focus.attendees[event.participant.id] = Attendee(event.participant, at)


def _left(focus: Focus, event: ev.Left, at: datetime) -> None:
    focus.floor.forget(event.participant)
    focus.content.forget(event.participant)
    focus.opened.pop(event.participant, None)
    focus.views.pop(event.participant, None)
    focus.pages.pop(event.participant, None)
    if attendee := focus.attendees.get(event.participant):
        attendee.gone = True


def _requested(focus: Focus, event: ev.FloorRequested, at: datetime) -> None:
    focus.floor.ask(event.participant, event.subject, at)


def _cancelled(focus: Focus, event: ev.RequestCancelled, at: datetime) -> None:
    focus.floor.settle(event.participant, RequestStatus.CANCELLED)


def _denied(focus: Focus, event: ev.RequestDenied, at: datetime) -> None:
    focus.floor.settle(event.participant, RequestStatus.DENIED)


def _granted(focus: Focus, event: ev.FloorGranted, at: datetime) -> None:
    focus.muted.discard(event.participant)
    focus.floor.give(event.participant, at)


def _released(focus: Focus, event: ev.FloorReleased, at: datetime) -> None:
    focus.floor.vacate(RequestStatus.RELEASED)


def _revoked(focus: Focus, event: ev.FloorRevoked, at: datetime) -> None:
    focus.floor.vacate(RequestStatus.REVOKED)


def _muted(focus: Focus, event: ev.MutedSet, at: datetime) -> None:
    if event.muted:
        focus.muted.update(event.participants)
    else:
        focus.muted.difference_update(event.participants)


def _microphone(focus: Focus, event: ev.MicrophoneSet, at: datetime) -> None:
    focus.opened.pop(event.participant, None)
    if event.open:
        focus.opened[event.participant] = None
        focus.muted.discard(event.participant)


def _closed(focus: Focus, event: ev.Closed, at: datetime) -> None:
    focus.state = ConferenceState.CLOSED
    focus.floor.vacate(RequestStatus.RELEASED)
    focus.opened.clear()
    focus.content.vacate(RequestStatus.RELEASED)


_APPLICATIONS: dict[type, Callable[[Focus, Any, datetime], None]] = {
    ev.Opened: _opened,
    ev.Joined: _joined,
    ev.Left: _left,
    ev.FloorRequested: _requested,
    ev.RequestCancelled: _cancelled,
    ev.RequestDenied: _denied,
    ev.FloorGranted: _granted,
    ev.FloorReleased: _released,
    ev.FloorRevoked: _revoked,
    ev.MutedSet: _muted,
    ev.MicrophoneSet: _microphone,
    ev.Closed: _closed,
    **content.APPLICATIONS,
    **recording.APPLICATIONS,
    **limits.APPLICATIONS,
}


def has_chair(focus: Focus) -> bool:
    """Whether the chair's console is in."""
    return focus.is_in(CHAIR)
