"""Sharing a screen: who asks, who may, who sees it."""

from __future__ import annotations

import pytest

from bridge.conference.layout import directives, slots_for
from bridge.conference.views import roster, state_view
from core.commands import (
    CloseConference,
    Command,
    DenyContent,
    GrantContent,
    ReleaseContent,
    RequestContent,
    RevokeContent,
)
from core.errors import BadInput, Conflict, Refused
from core.model import CHAIR, Participant, ParticipantId, SlotName
from core.session_messages import RequestStatus
from tests.support.conferences import CHAIR_SEAT, TECHNICIAN, hall
from tests.unit.test_focus import Run


@pytest.fixture
def run() -> Run:
    run = Run()
    run.join(CHAIR_SEAT, hall(1), hall(2))
    return run


def test_a_point_asks_and_the_chair_lets_it_share(run: Run) -> None:
    run.do(hall(1), RequestContent())
    asked_at = run.now
    run.do(hall(1), RequestContent())
    assert roster(run.focus, {})[hall(1).id].content_requested_at == asked_at
    assert state_view(run.focus, hall(1), {}).content.my_status is RequestStatus.PENDING
    run.do(CHAIR_SEAT, GrantContent(participant=hall(1).id))
    assert roster(run.focus, {})[hall(1).id].has_content
    assert roster(run.focus, {})[hall(1).id].content_requested_at is None
    holder = state_view(run.focus, hall(2), {}).content.holder
    assert holder is not None
    assert holder.id == hall(1).id


def test_everybody_but_the_sharer_sees_it_and_only_the_sharer_sends_it(run: Run) -> None:
    run.join(TECHNICIAN)
    run.do(CHAIR_SEAT, GrantContent(participant=hall(1).id))
    people = [CHAIR_SEAT, hall(1), hall(2), TECHNICIAN]
    maps = {p.id: slots_for(run.focus, p) for p in people}
    assert [maps[p.id][SlotName.CONTENT] for p in people] == [hall(1).id, None, hall(1).id, hall(1).id]
    sends = directives(run.focus, maps)
    assert [sends[p.id].content for p in people] == [False, True, False, False]
    assert sends[hall(1).id].camera == "off"


def test_a_screen_that_nobody_is_there_to_see_is_not_sent(run: Run) -> None:
    run.do(CHAIR_SEAT, GrantContent(participant=hall(1).id))
    assert not directives(run.focus, {hall(1).id: slots_for(run.focus, hall(1))})[hall(1).id].content


def test_the_next_sharer_ends_the_one_before_and_the_chair_may_share_itself(run: Run) -> None:
    run.do(CHAIR_SEAT, GrantContent(participant=hall(1).id))
    run.do(CHAIR_SEAT, GrantContent(participant=CHAIR))
    assert run.focus.content.holder == CHAIR
    assert run.focus.content.outcomes[hall(1).id] is RequestStatus.REVOKED
    run.do(CHAIR_SEAT, ReleaseContent())
    assert run.focus.content.holder is None


def test_asking_can_be_taken_back_or_refused(run: Run) -> None:
    run.do(hall(1), RequestContent())
    run.do(hall(1), ReleaseContent())
    run.do(hall(2), RequestContent())
    run.do(CHAIR_SEAT, DenyContent(participant=hall(2).id))
    assert run.focus.content.waiting == {}
    assert run.focus.content.outcomes == {hall(1).id: RequestStatus.CANCELLED, hall(2).id: RequestStatus.DENIED}


@pytest.mark.parametrize("ending", ["leave", "revoke", "close"])
def test_sharing_ends_with_the_sharer_the_chair_or_the_conference(run: Run, ending: str) -> None:
    run.do(CHAIR_SEAT, GrantContent(participant=hall(1).id))
    if ending == "leave":
        run.leave(hall(1))
    else:
        run.do(CHAIR_SEAT, RevokeContent() if ending == "revoke" else CloseConference())
    assert run.focus.content.holder is None


@pytest.mark.parametrize(
    ("by", "command", "code"),
    [
        (CHAIR_SEAT, RequestContent(), "command.points_only"),
        (hall(1), GrantContent(participant=hall(1).id), "command.chair_only"),
        (hall(1), RevokeContent(), "command.chair_only"),
        (hall(1), DenyContent(participant=hall(2).id), "command.chair_only"),
        (CHAIR_SEAT, GrantContent(participant=hall(3).id), "content.absent"),
        (CHAIR_SEAT, GrantContent(participant=ParticipantId("point:x")), "command.unknown_point"),
        (CHAIR_SEAT, DenyContent(participant=hall(2).id), "content.not_waiting"),
    ],
)
def test_what_may_not_be_is_refused_by_name(run: Run, by: Participant, command: Command, code: str) -> None:
    with pytest.raises((Refused, Conflict, BadInput)) as caught:
        run.do(by, command)
    assert caught.value.code == code
