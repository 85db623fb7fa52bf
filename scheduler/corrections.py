"""Who was warned of a running conference's stop hears when it is moved, however that came about."""

from __future__ import annotations

import math
from datetime import datetime

from core.bus import Bus
from core.messages import CONFERENCE_WARNING, ConferenceWarning
from core.model import ConferenceState
from scheduler import ledger
from scheduler.agenda import SQL
from scheduler.ledger import Revision
from scheduler.model import Conference
from scheduler.reservations import Connection


async def warned_and_moved(connection: Connection, revision: Revision) -> bool:
    """Whether the revision moves a stop of which somebody was warned; `correct_warning` is due once it is committed."""
    if revision.before is None:
        return False
    before, after = revision.before.conference, revision.after.conference
    if before.state is not ConferenceState.OPEN or before.times.stop == after.times.stop:
        return False
    warned: bool = await connection.fetchval(SQL["was_warned"], ledger.key(before.id))
    return warned


def correct_warning(bus: Bus, conference: Conference, now: datetime) -> None:
    """Tells the stop as it is now."""
    stop = conference.times.stop
    left = max(0, math.ceil((stop - now).total_seconds() / 60))
    warning = ConferenceWarning(
        conference=conference.id, minutes_left=left, stop=stop, may_extend_until=None, at=now, moved=True
    )
    bus.publish(CONFERENCE_WARNING, warning)
