"""The floor: one holder, a queue of requests, and what became of each (RFC 8855 sections 3 and 5.2.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.model import ParticipantId
from core.session_messages import RequestStatus


@dataclass
class FloorRequest:
    """A waiting request."""

    participant: ParticipantId
    subject: str
    at: datetime


@dataclass
class Floor:
    """Who speaks, who waits in which order, and the newest outcome of each participant's request."""

    holder: ParticipantId | None = None
    since: datetime | None = None
    queue: list[FloorRequest] = field(default_factory=list)
    outcomes: dict[ParticipantId, RequestStatus] = field(default_factory=dict)

    def request_of(self, participant: ParticipantId) -> FloorRequest | None:
        """The waiting request of `participant`, if it has one."""
        return next((r for r in self.queue if r.participant == participant), None)

    def position_of(self, participant: ParticipantId) -> int | None:
        """Place in the queue, from 1."""
        return next((n for n, r in enumerate(self.queue, 1) if r.participant == participant), None)

    def ask(self, participant: ParticipantId, subject: str, at: datetime) -> None:
        """Puts a request at the end of the queue, or changes the subject of the one that waits."""
        waiting = self.request_of(participant)
        if waiting:
            waiting.subject = subject
        else:
            self.queue.append(FloorRequest(participant, subject, at))
        self.outcomes[participant] = RequestStatus.PENDING

    def settle(self, participant: ParticipantId, outcome: RequestStatus) -> None:
        """Takes a request out of the queue and remembers what became of it."""
        self.queue = [r for r in self.queue if r.participant != participant]
        self.outcomes[participant] = outcome

    def give(self, participant: ParticipantId, at: datetime) -> None:
        """Moves the floor; the former holder's right counts as revoked."""
        if self.holder is not None and self.holder != participant:
            self.outcomes[self.holder] = RequestStatus.REVOKED
        self.settle(participant, RequestStatus.GRANTED)
        self.holder, self.since = participant, at

    def vacate(self, outcome: RequestStatus) -> None:
        """Nobody speaks any more."""
        if self.holder is not None:
            self.outcomes[self.holder] = outcome
        self.holder = self.since = None

    def forget(self, participant: ParticipantId) -> None:
        """`participant` left: neither its request nor its floor stays."""
        if self.holder == participant:
            self.vacate(RequestStatus.RELEASED)
        if self.request_of(participant):
            self.settle(participant, RequestStatus.CANCELLED)
