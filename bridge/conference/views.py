"""What the focus tells each participant: its own state to everybody, the roster to consoles only."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.conference.focus import Focus
from bridge.conference.layout import SlotMap, planned_kbps
from core.model import CHAIR, Participant, ParticipantId, Presence, Role
from core.session_messages import ContentView, FloorView, ParticipantRef, PictureLimit, RosterEntry, StateView


def reference(focus: Focus, participant: ParticipantId) -> ParticipantRef:
    """How `participant` is named to others, whether it has joined or not."""
    if attendee := focus.attendees.get(participant):
        known = attendee.participant
        return ParticipantRef(id=known.id, name=known.name, role=known.role)
    if name := focus.point_names.get(participant):
        return ParticipantRef(id=participant, name=name, role=Role.OPERATOR)
    return ParticipantRef(
        id=participant, name=participant, role=Role.CHAIR if participant == CHAIR else Role.TECHNICIAN
    )


def state_view(focus: Focus, viewer: Participant, slots: SlotMap) -> StateView:
    """What concerns `viewer`. Points are not told how many wait or are present, so that one hand does not reach 542."""
    floor = focus.floor
    position = floor.position_of(viewer.id)
    tell_counts = viewer.is_console or position is not None
    return StateView(
        seq=focus.seq,
        conference=focus.state,
        title=focus.spec.title,
        floor=FloorView(
            holder=reference(focus, floor.holder) if floor.holder else None,
            since=floor.since,
            my_status=floor.outcomes.get(viewer.id),
            my_position=position,
            waiting=len(floor.queue) if tell_counts else 0,
        ),
        content=ContentView(
            holder=reference(focus, focus.content.holder) if focus.content.holder else None,
            my_status=focus.content.outcomes.get(viewer.id),
        ),
        slots={slot: reference(focus, source) if source else None for slot, source in slots.items()},
        left_out=tuple(slot for slot, kbps in planned_kbps(focus.spec, viewer).items() if not kbps),
        muted=viewer.id in focus.muted,
        present=focus.points_present() if viewer.is_console else 0,
        expected=len(focus.spec.points),
        recording=focus.recording,
        limit=focus.limits.get(viewer.id, PictureLimit.FULL),
    )


def roster_entry(focus: Focus, participant: ParticipantId, presence: Presence) -> RosterEntry:
    """One roster line."""
    attendee = focus.attendees.get(participant)
    request = focus.floor.request_of(participant)
    return RosterEntry(
        participant=reference(focus, participant),
        presence=presence,
        joined_at=attendee.joined_at if attendee and not attendee.gone else None,
        has_floor=focus.floor.holder == participant,
        requested_at=request.at if request else None,
        subject=request.subject if request else "",
        muted=participant in focus.muted,
        microphone_open=participant in focus.opened,
        has_content=focus.content.holder == participant,
        content_requested_at=focus.content.waiting.get(participant),
        limit=focus.limits.get(participant, PictureLimit.FULL),
    )


def roster(focus: Focus, presences: Mapping[ParticipantId, Presence]) -> dict[ParticipantId, RosterEntry]:
    """Every booked point, in the order of booking, then the consoles that are in."""
    consoles = [pid for pid in focus.present() if pid not in focus.point_names]
    return {
        pid: roster_entry(focus, pid, presences.get(pid, Presence.ABSENT)) for pid in (*focus.point_names, *consoles)
    }
