"""What a session is held to, and who may begin one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.identity import JoinRight, Signer
from core.settings import Settings
from signaling.protocol import Hello, invalid_link
from signaling.relay import Relay


@dataclass(frozen=True)
class Rules:
    """The limits of a session, in seconds, and the relay that it is offered."""

    hello_seconds: float
    beat_seconds: float
    resume_seconds: float
    relay: Relay | None = None
    reports_per_second: float = 1.0

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """The rules of an installation."""
        limits = settings.limits
        return cls(
            limits.signaling_hello_seconds,
            limits.signaling_beat_seconds,
            limits.resume_seconds,
            Relay.of(settings),
            limits.signaling_reports_per_second,
        )


def admit(hello: Hello, signer: Signer, now: datetime) -> JoinRight:
    """What the hello's link allows; raises `Refused` with `join.expired`, else `join.invalid` for any other fault."""
    right = signer.join_right(hello.token, now)
    if hello.point is not None and hello.point != right.participant.point:
        raise invalid_link()
    return right
