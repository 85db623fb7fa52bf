"""Writes the letters of an installation: from what is known of a conference and a point to finished mails. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from core.identity import AnswerRight, JoinRight, Signer
from core.model import ConferenceId, PointRef
from core.settings import Settings
from scheduler.invitations import letters
from scheduler.invitations.calendar import Invited, Party, object_for
from scheduler.invitations.facts import Facts, Kind
from scheduler.invitations.letters import Letter, Links, Stationery
from scheduler.invitations.store import Guest, Occasion, Proposal
from scheduler.links import hall

SENDER_NAME = "Diemcau"


class Composer:
    """Writes nothing where the settings name no mail server: nobody would ever send it."""

    def __init__(self, settings: Settings, signer: Signer) -> None:
        self._signer = signer
        self._base_url = settings.base_url
        self._stationery: Stationery | None = None
        if settings.smtp is not None:
            sender = Party(settings.smtp.sender, SENDER_NAME)
            self._stationery = Stationery(sender, ZoneInfo(settings.time_zone))

    @property
    def domain(self) -> str:
        """The right side of UIDs."""
        return self._stationery.domain if self._stationery is not None else "diemcau.invalid"

    def invitations(
        self, kind: Kind, occasion: Occasion, guest: Guest, facts: Facts, uid: str, sequence: int, at: datetime
    ) -> list[Letter]:
        """A REQUEST or CANCEL for each who answers for the point."""
        if self._stationery is None:
            return []
        links = self._links(occasion, guest)
        invited = Invited(uid, sequence, facts, at, recurrence=occasion.recurrence)
        if kind is Kind.REQUEST:
            description = "\n".join([*([facts.note, ""] if facts.note else []), f"Vào họp / Join: {links.join}"])
            invited = replace(invited, url=links.answer, description=description)
        written = []
        for recipient in guest.recipients:
            key = _key(kind, occasion.id, guest.code, str(sequence), recipient.address)
            ics = object_for(kind, invited, self._stationery.sender, recipient)
            letter = letters.invitation(
                self._stationery,
                kind,
                facts,
                links,
                recipient,
                point=guest.number,
                key=key,
                ics=ics,
                sequence=sequence,
                at=at,
            )
            written.append(letter)
        return written

    def reminders(
        self, occasion: Occasion, guest: Guest, hours: float, *, answered: bool, at: datetime
    ) -> list[Letter]:
        """A reminder for each who answers for the point, `hours` before the start."""
        if self._stationery is None:
            return []
        links, facts = self._links(occasion, guest), occasion.facts(guest.place)
        mark = f"{occasion.times.start.isoformat()}-{hours:g}"
        return [
            letters.reminder(
                self._stationery,
                facts,
                links,
                recipient,
                point=guest.number,
                key=_key(Kind.REMINDER, occasion.id, guest.code, mark, recipient.address),
                answered=answered,
                at=at,
            )
            for recipient in guest.recipients
        ]

    def refusals(
        self, occasion: Occasion, guest: Guest, proposal: Proposal, comment: str, at: datetime
    ) -> list[Letter]:
        """The word that a proposal is refused, for who made it, or where that is not known for all of its point."""
        if self._stationery is None:
            return []
        links, facts = self._links(occasion, guest), occasion.facts(guest.place)
        invited = Invited(proposal.uid, proposal.sequence, facts, at, recurrence=occasion.recurrence, comment=comment)
        # Two refusals of one revision are two mails.
        mark = f"{proposal.sequence}-{at.isoformat()}"
        return [
            letters.refusal(
                self._stationery,
                facts,
                links,
                recipient,
                point=guest.number,
                key=_key(Kind.REFUSAL, occasion.id, guest.code, mark, recipient.address),
                ics=object_for(Kind.REFUSAL, invited, self._stationery.sender, recipient),
                proposed=(proposal.proposed_start, proposal.proposed_stop),
                comment=comment,
                at=at,
            )
            for recipient in _proposers(guest, proposal)
        ]

    def diagnosis(
        self, id: ConferenceId, title: str, start: datetime, address: str, lines: Sequence[str], at: datetime
    ) -> list[Letter]:
        """The pre-start diagnosis for the organizer."""
        if self._stationery is None:
            return []
        key = _key(Kind.DIAGNOSIS, id, "", start.isoformat(), address)
        return [letters.diagnosis(self._stationery, title, Party(address, ""), key=key, lines=lines, at=at)]

    def _links(self, occasion: Occasion, guest: Guest) -> Links:
        right = AnswerRight(conference=occasion.id, point=guest.code)
        seat = JoinRight(conference=occasion.id, participant=hall(PointRef(code=guest.code, name=guest.name)))
        stop = occasion.times.stop
        return Links(
            answer=f"{self._base_url}/a/{self._signer.answer_token(right, stop)}",
            join=f"{self._base_url}/j/{self._signer.join_token(seat, stop)}",
        )


def _proposers(guest: Guest, proposal: Proposal) -> Sequence[Party]:
    if proposal.proposed_by is None:
        return guest.recipients
    known = [each for each in guest.recipients if each.address.lower() == proposal.proposed_by]
    return known or [Party(proposal.proposed_by, guest.name)]


def _key(kind: Kind, conference: ConferenceId, point: str, revision: str, address: str) -> str:
    return f"{kind.value}/{conference}/{point}/{revision}/{address.lower()}"
