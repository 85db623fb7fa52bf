"""Who may ask for what: the checks that decisions share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import BadInput, Refused
from core.model import Participant, ParticipantId, Role

if TYPE_CHECKING:
    from bridge.conference.focus import Focus


def require_chair(by: Participant) -> None:
    """Raises unless the chair asks."""
    if by.role is not Role.CHAIR:
        raise Refused("command.chair_only", "Only the chair may do this.")


def require_point(focus: Focus, participant: ParticipantId) -> None:
    """Raises unless `participant` is a point of this conference, whether it has joined or not."""
    if participant not in focus.point_names:
        raise BadInput("command.unknown_point", "No such point takes part in this conference.")
