"""What the monitor can do about a hall: asked of the bridge, which carries it out."""

from __future__ import annotations

from collections.abc import Iterable

from core.bus import Bus
from core.messages import LIMIT, RECONNECT, AskReconnect, LimitPictures
from core.model import ConferenceId, point_participant
from core.session_messages import PictureLimit


class Reach:
    """Every method returns how many of the halls are there, and raises `Refused` `join.not_open`, `Unavailable`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def limit(self, conference: ConferenceId, points: Iterable[str], limit: PictureLimit, by: str) -> int:
        """Limits the pictures to and from these halls, or gives them back; it holds until it is changed."""
        wanted = tuple(point_participant(code) for code in points)
        call = LimitPictures(conference=conference, participants=wanted, limit=limit, by=by)
        return (await self._bus.request(LIMIT, call)).participants

    async def reconnect(self, conference: ConferenceId, points: Iterable[str]) -> int:
        """Has these halls look for another way to the node."""
        wanted = tuple(point_participant(code) for code in points)
        return (
            await self._bus.request(RECONNECT, AskReconnect(conference=conference, participants=wanted))
        ).participants
