"""Whose pictures a technician limits, because their line or their computer does not carry them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bridge.conference import events as ev
from core.model import CameraLevel, ParticipantId
from core.session_messages import PictureLimit, PublishDirective

if TYPE_CHECKING:
    from bridge.conference.focus import Focus


def decide(focus: Focus, participants: Iterable[ParticipantId], limit: PictureLimit, by: str) -> list[ev.Event]:
    """The event that limits the pictures of those of `participants` that are points; none when nothing changes."""
    points = (one for one in participants if one in focus.point_names)
    changed = tuple(one for one in points if focus.limits.get(one, PictureLimit.FULL) is not limit)
    return [ev.PicturesLimited(participants=changed, limit=limit, by=by)] if changed else []


def limited(directive: PublishDirective, limit: PictureLimit) -> PublishDirective:
    """What an endpoint shall send under a limit; a lower picture is asked for by its layers (`media/demand.py`)."""
    if limit is not PictureLimit.SOUND:
        return directive
    return directive.model_copy(update={"camera": CameraLevel.OFF, "content": False})


def _limited(focus: Focus, event: ev.PicturesLimited, at: datetime) -> None:
    for participant in event.participants:
        focus.limits.pop(participant, None)
        if event.limit is not PictureLimit.FULL:
            focus.limits[participant] = event.limit


APPLICATIONS: dict[type, Callable[[Focus, Any, datetime], None]] = {ev.PicturesLimited: _limited}
