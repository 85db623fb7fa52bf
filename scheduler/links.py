"""Who may enter as whom: join links for points, and tokens for the consoles of signed-in people. Pure."""

from __future__ import annotations

from core.errors import BadInput, NotFound
from core.identity import JoinRight, Principal, Signer
from core.model import CHAIR, Participant, PointRef, Role, point_participant, technician_participant
from scheduler.model import Conference, EnterRequest, PointLink


def point_links(signer: Signer, conference: Conference, base_url: str) -> list[PointLink]:
    """One link per point; each expires at the conference's stop."""
    base = base_url.rstrip("/")
    return [
        PointLink(
            point=point.code,
            name=point.name,
            url=f"{base}/j/{_token(signer, conference, hall(point))}",
        )
        for point in conference.points
    ]


def console_token(signer: Signer, conference: Conference, principal: Principal, request: EnterRequest) -> str:
    """A token for the role asked for, which the person must hold.

    Raises `Refused` `role.missing`, `BadInput` `enter.role` and `enter.point`, `NotFound` `enter.point_unknown`.
    """
    return _token(signer, conference, _participant(conference, principal, request))


def hall(point: PointRef) -> Participant:
    """The participant that a point is."""
    return Participant(id=point_participant(point.code), role=Role.OPERATOR, name=point.name, point=point.code)


def _participant(conference: Conference, principal: Principal, request: EnterRequest) -> Participant:
    if request.role in (Role.ORGANIZER, Role.ADMINISTRATOR):
        raise BadInput("enter.role", "Enter as chair, technician or operator.")
    principal.require(request.role)
    if request.role is Role.OPERATOR:
        return hall(_reserved(conference, request.point))
    name = (principal.name or principal.username)[:200]
    if request.role is Role.CHAIR:
        return Participant(id=CHAIR, role=Role.CHAIR, name=name)
    return Participant(id=technician_participant(principal.username), role=Role.TECHNICIAN, name=name)


def _reserved(conference: Conference, code: str | None) -> PointRef:
    if code is None:
        raise BadInput("enter.point", "Say at which bridge point.")
    for point in conference.points:
        if point.code == code:
            return point
    raise NotFound("enter.point_unknown", "This bridge point does not take part in this conference.")


def _token(signer: Signer, conference: Conference, participant: Participant) -> str:
    return signer.join_token(JoinRight(conference=conference.id, participant=participant), conference.times.stop)
