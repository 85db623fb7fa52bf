"""Tells the endpoints of one conference what to send, and keeps a speaker's picture until its successor's is seen.

A camera that is switched on needs a moment to its first picture: a short one in a hall's new computer, a second in an
old one. Were the speaker before told to stop at once, every stage would stand still for so long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bridge.conference.focus import Focus
from bridge.conference.layout import SlotMap, directives
from bridge.media.engine import MediaEngine
from bridge.media.switchboard import LINGER_SECONDS
from bridge.member import Member
from core.clock import Clock
from core.model import CameraLevel, ParticipantId
from core.session_messages import PictureLimit, PublishDirective, SessionMessage

LOOK_SECONDS = 0.1
"""How often it is looked whether the successor is seen."""


@dataclass
class Directing:
    """`send` passes a message to a member; False when nobody is there to be told. Belongs to the event loop."""

    focus: Focus
    engine: MediaEngine
    clock: Clock
    send: Callable[[Member, SessionMessage], bool]
    _staying: dict[ParticipantId, tuple[Member, float]] = field(default_factory=dict)
    _timer: asyncio.TimerHandle | None = None

    def tell(self, members: Mapping[ParticipantId, Member], maps: Mapping[ParticipantId, SlotMap]) -> None:
        """Each sends from now on what a slot of `maps` shows; whoever was told so before is not told again."""
        asked = directives(self.focus, maps)
        self._hand_over(members, asked)
        for participant, member in members.items():
            member.directive = asked[participant]
        levels = {participant: directive.camera for participant, directive in asked.items()}
        levels |= dict.fromkeys(self._staying, CameraLevel.FULL)
        self.engine.set_camera_levels(self.focus.spec.id, levels)
        for member in members.values():
            self._tell(member)

    def layers_wanted(self, member: Member, layers: tuple[str, ...] | None) -> None:
        """Others of the layers of the member's camera are received than before."""
        member.layers = layers
        self._tell(member)

    def close(self) -> None:
        """Nothing is told any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._staying.clear()

    def _tell(self, member: Member) -> None:
        directive = member.directive
        if directive is None:
            return
        if member.participant.id in self._staying and member.told_publish is not None:
            same = {"camera": CameraLevel.FULL, "layers": member.told_publish.layers}
            directive = directive.model_copy(update=same)
        elif member.layers is not None and directive.camera is CameraLevel.FULL:
            directive = directive.model_copy(update={"layers": member.layers})
        if member.told_publish != directive and self.send(member, directive):
            member.told_publish = directive

    def _hand_over(
        self, members: Mapping[ParticipantId, Member], asked: Mapping[ParticipantId, PublishDirective]
    ) -> None:
        """Who is to send no full picture any more stays as long as somebody's slot waits for another's."""
        until = self.clock.monotonic() + LINGER_SECONDS
        for participant, member in members.items():
            if asked[participant].camera is CameraLevel.FULL or self._is_limited(participant):
                self._staying.pop(participant, None)
            elif member.directive and member.directive.camera is CameraLevel.FULL and self._is_awaited(member):
                self._staying[participant] = member, until
        self._staying = {one: stay for one, stay in self._staying.items() if one in members}
        if self._staying and self._timer is None:
            self._look_soon()

    def _is_limited(self, participant: ParticipantId) -> bool:
        return self.focus.limits.get(participant) is PictureLimit.SOUND

    def _is_awaited(self, member: Member) -> bool:
        return member.leg is not None and self.engine.is_awaited(member.leg)

    def _look_soon(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """Relieves those whose successor is seen by everybody, or does not come."""
        self._timer = None
        now = self.clock.monotonic()
        for participant, (member, until) in tuple(self._staying.items()):
            if now < until and self._is_awaited(member):
                continue
            del self._staying[participant]
            if member.directive is not None:
                self.engine.set_camera_levels(self.focus.spec.id, {participant: member.directive.camera})
            self._tell(member)
        if self._staying:
            self._look_soon()
