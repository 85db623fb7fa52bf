"""Who sees and hears whom: the focus's state compiled to slot maps and publish directives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.conference.focus import Focus, has_chair
from bridge.conference.limits import limited
from core.model import (
    CHAIR,
    TILE_SLOTS,
    CameraLevel,
    ConferenceSpec,
    Participant,
    ParticipantId,
    SlotName,
    Track,
)
from core.session_messages import PictureLimit, PublishDirective

SlotMap = Mapping[SlotName, ParticipantId | None]


@dataclass(frozen=True)
class Voices:
    """Whose microphones are open: who is always heard, by place (the floor holder, the chair), and who else may be."""

    reserved: tuple[ParticipantId | None, ParticipantId | None]
    others: tuple[ParticipantId, ...]

    def __contains__(self, participant: ParticipantId) -> bool:
        return participant in self.reserved or participant in self.others


def planned_kbps(spec: ConferenceSpec, viewer: Participant) -> dict[SlotName, int]:
    """The most that the plan gives each picture that everybody sees; nothing where there is no plan."""
    if spec.pictures is None:
        return {}
    rates = spec.pictures.of(viewer.point)
    return {SlotName.STAGE: rates.stage, SlotName.SECOND: rates.second, SlotName.CONTENT: rates.content}


def voices(focus: Focus) -> Voices:
    """The floor holder and the chair, and the points whose microphones the chair opened; nobody who is muted."""
    holder = focus.floor.holder if focus.floor.holder not in focus.muted else None
    chair = CHAIR if has_chair(focus) else None
    others = (p for p in focus.opened if p not in focus.muted and p != holder)
    return Voices((holder, chair), tuple(others))


def slots_for(focus: Focus, viewer: Participant) -> dict[SlotName, ParticipantId | None]:
    """What each slot of `viewer` shall show.

    The stage shows the floor holder, and to the holder the chair; with nobody on the floor, the chair. `second` shows
    the chair while a point has the floor, `content` whoever may share a screen. Nobody sees themselves. Who is
    heard is decided where the levels are known, among `voices`.
    """
    holder = focus.floor.holder
    chair = CHAIR if has_chair(focus) else None
    stage = chair if holder is None or holder == viewer.id else holder
    second = chair if holder is not None and holder != viewer.id else None
    slots: dict[SlotName, ParticipantId | None] = {
        SlotName.STAGE: stage,
        SlotName.SECOND: second,
        SlotName.CONTENT: focus.content.holder,
    }
    if viewer.is_console:
        slots[SlotName.VIEW] = focus.views.get(viewer.id)
        page = (point for point in focus.pages.get(viewer.id, ()) if point in focus.point_names)
        slots.update(zip(TILE_SLOTS, page, strict=False))
    return {slot: None if source == viewer.id else source for slot, source in slots.items()}


def directives(focus: Focus, maps: Mapping[ParticipantId, SlotMap]) -> dict[ParticipantId, PublishDirective]:
    """What each viewer of `maps` shall send: only what somebody's slot shows, in the size that it needs.

    A microphone sends while it is open and somebody is there to hear it.
    """
    open_microphones = voices(focus) if len(maps) > 1 else ()
    wanted: dict[ParticipantId, CameraLevel] = {}
    sharing: set[ParticipantId] = set()
    for slots in maps.values():
        for slot, source in slots.items():
            if source is None:
                continue
            if slot.track is Track.CONTENT:
                sharing.add(source)
            elif slot is SlotName.STAGE:
                wanted[source] = CameraLevel.FULL
            else:
                wanted.setdefault(source, CameraLevel.TILE)
    asked = {
        pid: PublishDirective(
            microphone=pid in open_microphones, camera=wanted.get(pid, CameraLevel.OFF), content=pid in sharing
        )
        for pid in maps
    }
    return {pid: limited(one, focus.limits.get(pid, PictureLimit.FULL)) for pid, one in asked.items()}
