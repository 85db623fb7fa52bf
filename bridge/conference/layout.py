"""Who sees and hears whom: the focus's state compiled to slot maps and publish directives."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.conference.focus import Focus, has_chair
from core.messages import PublishDirective
from core.model import CHAIR, CameraLevel, Participant, ParticipantId, SlotName, Track

SlotMap = Mapping[SlotName, ParticipantId | None]


def slots_for(focus: Focus, viewer: Participant) -> dict[SlotName, ParticipantId | None]:
    """What each slot of `viewer` shall show.

    The stage shows the floor holder, and to the holder the chair; with nobody on the floor, the chair. `second` shows
    the chair while a point has the floor, `content` whoever may share a screen. Sound: the holder, then the chair.
    Nobody sees or hears themselves.
    """
    holder = focus.floor.holder
    chair = CHAIR if has_chair(focus) else None
    speaker = holder if holder not in focus.muted else None
    stage = chair if holder is None or holder == viewer.id else holder
    second = chair if holder is not None and holder != viewer.id else None
    slots: dict[SlotName, ParticipantId | None] = {
        SlotName.STAGE: stage,
        SlotName.SECOND: second,
        SlotName.CONTENT: focus.content.holder,
        SlotName.AUDIO1: speaker,
        SlotName.AUDIO2: chair,
        SlotName.AUDIO3: None,
    }
    if viewer.is_console:
        slots[SlotName.VIEW] = focus.views.get(viewer.id)
    return {slot: None if source == viewer.id else source for slot, source in slots.items()}


def directives(focus: Focus, maps: Mapping[ParticipantId, SlotMap]) -> dict[ParticipantId, PublishDirective]:
    """What each viewer of `maps` shall send: only what somebody's slot shows, in the size that it needs."""
    wanted: dict[ParticipantId, CameraLevel] = {}
    heard: set[ParticipantId] = set()
    sharing: set[ParticipantId] = set()
    for slots in maps.values():
        for slot, source in slots.items():
            if source is None:
                continue
            if slot.track is Track.MICROPHONE:
                heard.add(source)
            elif slot.track is Track.CONTENT:
                sharing.add(source)
            elif slot is SlotName.STAGE:
                wanted[source] = CameraLevel.FULL
            else:
                wanted.setdefault(source, CameraLevel.TILE)
    return {
        pid: PublishDirective(microphone=pid in heard, camera=wanted.get(pid, CameraLevel.OFF), content=pid in sharing)
        for pid in maps
    }
