"""The life of a conference as a table: what may happen in which state, and what it then is. Pure.

The database refuses the same things once more (trigger `conference_state_goes_forward`).
"""

from __future__ import annotations

from enum import StrEnum

from core.errors import Conflict
from core.model import ConferenceState


class Event(StrEnum):
    """What changes a conference's state."""

    REQUEST = "request"
    """Its times or points need somebody's approval."""
    CONFIRM = "confirm"
    """Everybody whose approval it needs has given it, or nobody's is needed."""
    REJECT = "reject"
    OPEN = "open"
    CLOSE = "close"
    CANCEL = "cancel"


HOLDING = frozenset(
    {ConferenceState.REQUESTED, ConferenceState.CONFIRMED, ConferenceState.OPEN, ConferenceState.CLOSED}
)
"""States in which a conference holds its points: a requested one does, so that approving it can never clash."""
OVER = frozenset({ConferenceState.REJECTED, ConferenceState.CLOSED, ConferenceState.CANCELLED})
"""States that nothing leads out of."""

_NEXT = {
    (ConferenceState.DRAFT, Event.REQUEST): ConferenceState.REQUESTED,
    (ConferenceState.DRAFT, Event.CONFIRM): ConferenceState.CONFIRMED,
    (ConferenceState.DRAFT, Event.CANCEL): ConferenceState.CANCELLED,
    (ConferenceState.REQUESTED, Event.CONFIRM): ConferenceState.CONFIRMED,
    (ConferenceState.REQUESTED, Event.REJECT): ConferenceState.REJECTED,
    (ConferenceState.REQUESTED, Event.CANCEL): ConferenceState.CANCELLED,
    (ConferenceState.CONFIRMED, Event.REQUEST): ConferenceState.REQUESTED,
    (ConferenceState.CONFIRMED, Event.OPEN): ConferenceState.OPEN,
    (ConferenceState.CONFIRMED, Event.CLOSE): ConferenceState.CLOSED,
    (ConferenceState.CONFIRMED, Event.CANCEL): ConferenceState.CANCELLED,
    (ConferenceState.OPEN, Event.CLOSE): ConferenceState.CLOSED,
    (ConferenceState.OPEN, Event.CANCEL): ConferenceState.CANCELLED,
}


def after(state: ConferenceState, event: Event) -> ConferenceState:
    """The state after `event`; raises `Conflict` `conference.over` or `conference.state`, naming the present state."""
    refuse_if_over(state)
    found = _NEXT.get((state, event))
    if found is None:
        message = f"A conference that is {state.value} cannot be changed like that."
        raise Conflict("conference.state", message, state=state, event=event)
    return found


def refuse_if_over(state: ConferenceState) -> None:
    """Raises `Conflict` `conference.over` for a closed, cancelled or rejected conference."""
    if state in OVER:
        raise Conflict("conference.over", "This conference is over, cancelled or rejected.", state=state)


def refuse_unless_booked(state: ConferenceState) -> None:
    """Raises `Conflict` `conference.over`, or `conference.not_confirmed` for a draft and what is not yet approved."""
    refuse_if_over(state)
    if state not in (ConferenceState.CONFIRMED, ConferenceState.OPEN):
        raise Conflict("conference.not_confirmed", "This conference is not confirmed yet.", state=state)
