from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.conference import events as ev
from bridge.conference.focus import Focus, replay
from bridge.conference.layout import Voices, directives, slots_for, voices
from bridge.conference.views import roster, state_view
from core.commands import (
    CloseConference,
    Command,
    DenyContent,
    DenyRequest,
    GrantContent,
    GrantFloor,
    ReleaseContent,
    ReleaseFloor,
    RequestContent,
    RequestFloor,
    RevokeContent,
    RevokeFloor,
    SetMicrophoneOpen,
    SetMuted,
    SetView,
    WithdrawRequest,
)
from core.errors import BadInput, Conflict, DiemcauError, Refused
from core.model import CHAIR, CameraLevel, ConferenceState, Departure, Participant, Presence, SlotName
from core.session_messages import RequestStatus
from tests.support.conferences import CHAIR_SEAT, TECHNICIAN, hall, spec_of


class Run:
    """A focus with its log, driven by commands."""

    def __init__(self, points: int = 3) -> None:
        self.spec = spec_of(points)
        self.focus = Focus(self.spec)
        self.log: list[ev.LogEntry] = []
        self.now = self.spec.times.start
        self.record([ev.Opened(spec=self.spec)])

    def record(self, events: list[ev.Event]) -> None:
        for event in events:
            self.now += timedelta(seconds=1)
            entry = ev.LogEntry(seq=self.focus.seq + 1, at=self.now, event=event)
            self.log.append(entry)
            self.focus.apply(entry)

    def join(self, *participants: Participant) -> None:
        for participant in participants:
            self.record(self.focus.admit(participant, self.now))

    def do(self, by: Participant, command: Command) -> None:
        self.record(self.focus.decide(by, command))

    def leave(self, participant: Participant) -> None:
        self.record([ev.Left(participant=participant.id, how=Departure.DEPARTED)])


@pytest.fixture
def run() -> Run:
    run = Run()
    run.join(CHAIR_SEAT, hall(1), hall(2))
    return run


def test_the_queue_keeps_its_order_and_a_new_subject_keeps_the_place(run: Run) -> None:
    run.do(hall(2), RequestFloor(subject="a"))
    run.do(hall(1), RequestFloor())
    run.do(hall(2), RequestFloor(subject="b"))
    assert [(r.participant, r.subject) for r in run.focus.floor.queue] == [(hall(2).id, "b"), (hall(1).id, "")]
    assert run.focus.floor.position_of(hall(1).id) == 2


def test_granting_moves_the_floor_and_revokes_the_former_holder(run: Run) -> None:
    run.do(hall(1), RequestFloor())
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(2).id))
    floor = run.focus.floor
    assert floor.holder == hall(2).id
    assert floor.outcomes == {hall(1).id: RequestStatus.REVOKED, hall(2).id: RequestStatus.GRANTED}
    assert floor.queue == []


def test_only_the_chair_rules_the_floor(run: Run) -> None:
    for command in (
        GrantFloor(participant=hall(1).id),
        RevokeFloor(),
        DenyRequest(participant=hall(1).id),
        SetMuted(participant=None, muted=True),
        CloseConference(),
    ):
        for someone in (hall(1), TECHNICIAN):
            with pytest.raises(Refused) as caught:
                run.focus.decide(someone, command)
            assert caught.value.code == "command.chair_only"


def test_a_point_that_is_not_in_cannot_be_given_the_floor(run: Run) -> None:
    with pytest.raises(Conflict) as absent:
        run.do(CHAIR_SEAT, GrantFloor(participant=hall(3).id))
    assert absent.value.code == "floor.absent"
    with pytest.raises(BadInput):
        run.do(CHAIR_SEAT, GrantFloor(participant=hall(9).id))


def test_each_wrong_state_is_refused_by_name(run: Run) -> None:
    cases: list[tuple[Participant, Command, str]] = [
        (hall(1), ReleaseFloor(), "floor.not_held"),
        (CHAIR_SEAT, DenyRequest(participant=hall(1).id), "floor.not_waiting"),
        (CHAIR_SEAT, RequestFloor(), "command.points_only"),
        (hall(1), SetView(participant=hall(2).id), "command.console_only"),
    ]
    for by, command, code in cases:
        with pytest.raises(DiemcauError) as caught:
            run.do(by, command)
        assert caught.value.code == code
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    with pytest.raises(Conflict) as held:
        run.do(hall(1), RequestFloor())
    assert held.value.code == "floor.held"


def test_leaving_gives_up_floor_and_request(run: Run) -> None:
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    run.do(hall(2), RequestFloor())
    run.leave(hall(1))
    run.leave(hall(2))
    assert run.focus.floor.holder is None
    assert run.focus.floor.queue == []


def test_withdraw_deny_release_revoke_are_remembered_for_the_asker(run: Run) -> None:
    run.do(hall(1), RequestFloor())
    run.do(hall(1), WithdrawRequest())
    assert run.focus.floor.outcomes[hall(1).id] is RequestStatus.CANCELLED
    run.do(hall(1), RequestFloor())
    run.do(CHAIR_SEAT, DenyRequest(participant=hall(1).id))
    assert run.focus.floor.outcomes[hall(1).id] is RequestStatus.DENIED
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    run.do(hall(1), ReleaseFloor())
    assert run.focus.floor.outcomes[hall(1).id] is RequestStatus.RELEASED
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    run.do(CHAIR_SEAT, RevokeFloor())
    assert run.focus.floor.outcomes[hall(1).id] is RequestStatus.REVOKED


def test_late_points_are_refused_but_returning_ones_and_consoles_are_not(run: Run) -> None:
    late = run.spec.times.must_join_before + timedelta(seconds=1)
    with pytest.raises(Refused) as caught:
        run.focus.admit(hall(3), late)
    assert caught.value.code == "join.too_late"
    run.leave(hall(1))
    assert run.focus.admit(hall(1), late)
    assert run.focus.admit(TECHNICIAN, late)


def test_a_point_that_is_not_booked_learns_nothing(run: Run) -> None:
    with pytest.raises(Refused) as caught:
        run.focus.admit(hall(9), run.now)
    assert caught.value.code == "join.invalid"


def test_nobody_enters_after_the_end(run: Run) -> None:
    run.do(CHAIR_SEAT, CloseConference())
    assert run.focus.state is ConferenceState.CLOSED
    with pytest.raises(Refused):
        run.focus.admit(hall(3), run.now)


def test_the_stage_shows_the_holder_and_to_the_holder_the_chair(run: Run) -> None:
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    audience = slots_for(run.focus, hall(2))
    assert (audience[SlotName.STAGE], audience[SlotName.SECOND]) == (hall(1).id, CHAIR)
    holder = slots_for(run.focus, hall(1))
    assert (holder[SlotName.STAGE], holder[SlotName.SECOND]) == (CHAIR, None)
    chair = slots_for(run.focus, CHAIR_SEAT)
    assert chair[SlotName.STAGE] == hall(1).id


def test_only_who_is_watched_sends(run: Run) -> None:
    run.join(TECHNICIAN)
    everybody = [CHAIR_SEAT, hall(1), hall(2), TECHNICIAN]
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    run.focus.views[TECHNICIAN.id] = hall(2).id
    sends = directives(run.focus, {p.id: slots_for(run.focus, p) for p in everybody})
    assert (sends[hall(1).id].camera, sends[hall(1).id].microphone) == (CameraLevel.FULL, True)
    assert (sends[hall(2).id].camera, sends[hall(2).id].microphone) == (CameraLevel.TILE, False)
    assert (sends[TECHNICIAN.id].camera, sends[TECHNICIAN.id].microphone) == (CameraLevel.OFF, False)


def test_muting_closes_the_microphone_and_granting_opens_it(run: Run) -> None:
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    run.do(CHAIR_SEAT, SetMuted(participant=hall(1).id, muted=True))
    run.do(CHAIR_SEAT, SetMuted(participant=hall(2).id, muted=True))
    assert voices(run.focus) == Voices((None, CHAIR), ())
    assert slots_for(run.focus, hall(2))[SlotName.STAGE] == hall(1).id
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(2).id))
    assert voices(run.focus) == Voices((hall(2).id, CHAIR), ())
    run.do(CHAIR_SEAT, SetMuted(participant=None, muted=False))
    assert run.focus.muted == set()


def test_muting_everyone_leaves_whoever_has_the_floor_heard(run: Run) -> None:
    run.do(CHAIR_SEAT, GrantFloor(participant=hall(1).id))
    run.do(CHAIR_SEAT, SetMuted(participant=None, muted=True))
    assert hall(1).id not in run.focus.muted
    assert hall(2).id in run.focus.muted
    assert voices(run.focus) == Voices((hall(1).id, CHAIR), ())
    run.do(CHAIR_SEAT, SetMuted(participant=hall(1).id, muted=True))
    run.do(CHAIR_SEAT, SetMuted(participant=None, muted=False))
    assert run.focus.muted == set()


def test_a_raised_hand_changes_nothing_for_the_other_points(run: Run) -> None:
    before = state_view(run.focus, hall(2), slots_for(run.focus, hall(2)))
    run.do(hall(1), RequestFloor(subject="câu hỏi"))
    after = state_view(run.focus, hall(2), slots_for(run.focus, hall(2)))
    assert after.model_copy(update={"seq": before.seq}) == before
    assert state_view(run.focus, CHAIR_SEAT, {}).floor.waiting == 1
    assert state_view(run.focus, hall(1), {}).floor.my_position == 1


def test_the_roster_names_every_booked_point(run: Run) -> None:
    lines = roster(run.focus, {hall(1).id: Presence.PRESENT})
    assert [lines[hall(n).id].presence for n in (1, 2, 3)] == [Presence.PRESENT, Presence.ABSENT, Presence.ABSENT]
    assert CHAIR in lines


def test_a_log_must_begin_with_the_opening(run: Run) -> None:
    with pytest.raises(ValueError, match="opening"):
        replay(run.log[1:])
    with pytest.raises(ValueError, match="empty"):
        replay([])


people = st.sampled_from([CHAIR_SEAT, TECHNICIAN, hall(1), hall(2), hall(3)])
targets = st.sampled_from([hall(1).id, hall(2).id, hall(3).id])
commands = st.one_of(
    st.builds(RequestFloor, subject=st.sampled_from(["", "x", "y"])),
    st.builds(WithdrawRequest),
    st.builds(ReleaseFloor),
    st.builds(RevokeFloor),
    st.builds(GrantFloor, participant=targets),
    st.builds(DenyRequest, participant=targets),
    st.builds(SetMuted, participant=st.one_of(st.none(), targets), muted=st.booleans()),
    st.builds(SetMicrophoneOpen, participant=targets, open=st.booleans()),
    st.builds(RequestContent),
    st.builds(GrantContent, participant=targets),
    st.builds(DenyContent, participant=targets),
    st.builds(ReleaseContent),
    st.builds(RevokeContent),
)
steps = st.lists(st.tuples(st.sampled_from(["join", "leave", "do"]), people, commands), max_size=40)


@settings(deadline=None)
@given(steps)
def test_replaying_any_log_gives_the_same_state(history: list[tuple[str, Participant, Command]]) -> None:
    run = Run()
    for kind, person, command in history:
        if kind == "join":
            run.join(person)
        elif run.focus.is_in(person.id):
            if kind == "leave":
                run.leave(person)
            else:
                try:
                    run.do(person, command)
                except DiemcauError:
                    continue
    again = replay([ev.LogEntry.model_validate_json(e.model_dump_json()) for e in run.log])
    assert again.floor == run.focus.floor
    assert again.attendees == run.focus.attendees
    assert again.muted == run.focus.muted
    assert again.opened == run.focus.opened
    assert again.content == run.focus.content
    assert again.seq == run.focus.seq
    holder = run.focus.floor.holder
    assert holder is None or run.focus.is_in(holder)
    assert all(run.focus.is_in(r.participant) and r.participant != holder for r in run.focus.floor.queue)
