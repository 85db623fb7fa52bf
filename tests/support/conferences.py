"""Small real conferences for tests."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from core.model import (
    CHAIR,
    ConferenceId,
    ConferenceSpec,
    ConferenceTimes,
    Participant,
    PointRef,
    Role,
    point_participant,
    technician_participant,
)


def times_around(now: datetime, *, hours: float = 2) -> ConferenceTimes:
    """Times of a conference whose doors opened a minute ago and that stops in `hours`."""
    return ConferenceTimes(
        can_join_after=now - timedelta(minutes=1),
        start=now,
        stop=now + timedelta(hours=hours),
        must_join_before=now + timedelta(hours=hours),
    )


def spec_of(count: int, *, now: datetime | None = None) -> ConferenceSpec:
    """A conference of points p1 … p`count`."""
    points = tuple(PointRef(code=f"p{n}", name=f"Điểm {n}") for n in range(1, count + 1))
    return ConferenceSpec(
        id=ConferenceId(str(uuid.uuid4())),
        title="Hội nghị thử",
        times=times_around(now or datetime.now(UTC)),
        points=points,
    )


def hall(number: int) -> Participant:
    """The participant of point p`number`."""
    code = f"p{number}"
    return Participant(id=point_participant(code), role=Role.OPERATOR, name=f"Điểm {number}", point=code)


CHAIR_SEAT = Participant(id=CHAIR, role=Role.CHAIR, name="Chủ tọa")
TECHNICIAN = Participant(id=technician_participant("kt"), role=Role.TECHNICIAN, name="Kỹ thuật")
