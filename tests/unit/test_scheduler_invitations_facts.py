from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import ConferenceState
from scheduler.invitations.facts import Facts, Kind, Revision, Sent, reminder_due, revisions
from tests.support.directory import NOON

HOUR = timedelta(hours=1)
FACTS = Facts(title="Họp", doors=NOON, start=NOON, stop=NOON + HOUR, place="P1")
LATER = FACTS.model_copy(update={"start": NOON + HOUR, "stop": NOON + 2 * HOUR})
RENAMED = FACTS.model_copy(update={"title": "Họp kín"})
CONFIRMED, OPEN = ConferenceState.CONFIRMED, ConferenceState.OPEN


def test_a_new_point_is_invited_with_sequence_zero() -> None:
    assert revisions(CONFIRMED, {1: FACTS}, {}) == [Revision(1, Kind.REQUEST, 0, FACTS, ask_again=True)]


def test_who_knows_all_is_told_nothing() -> None:
    assert revisions(CONFIRMED, {1: FACTS}, {1: Sent(4, FACTS, withdrawn=False)}) == []


def test_another_time_asks_again_another_title_does_not() -> None:
    sent = {1: Sent(0, FACTS, withdrawn=False)}
    assert revisions(CONFIRMED, {1: LATER}, sent) == [Revision(1, Kind.REQUEST, 1, LATER, ask_again=True)]
    assert revisions(CONFIRMED, {1: RENAMED}, sent) == [Revision(1, Kind.REQUEST, 1, RENAMED, ask_again=False)]


def test_an_extension_of_a_running_conference_asks_nobody_again() -> None:
    longer = FACTS.model_copy(update={"stop": NOON + 2 * HOUR})
    [told] = revisions(OPEN, {1: longer}, {1: Sent(0, FACTS, withdrawn=False)})
    assert (told.sequence, told.ask_again) == (1, False)


def test_a_point_taken_out_is_cancelled_once_and_can_be_invited_again() -> None:
    [told] = revisions(CONFIRMED, {}, {1: Sent(2, FACTS, withdrawn=False)})
    assert (told.kind, told.sequence) == (Kind.CANCEL, 3)
    assert revisions(CONFIRMED, {}, {1: Sent(3, FACTS, withdrawn=True)}) == []
    [again] = revisions(CONFIRMED, {1: FACTS}, {1: Sent(3, FACTS, withdrawn=True)})
    assert (again.kind, again.sequence, again.ask_again) == (Kind.REQUEST, 4, True)


@pytest.mark.parametrize("state", [ConferenceState.CANCELLED, ConferenceState.REJECTED])
def test_a_cancelled_conference_cancels_every_invitation_though_it_still_lists_points(state: ConferenceState) -> None:
    told = revisions(state, {1: FACTS, 2: FACTS}, {1: Sent(0, FACTS, withdrawn=False)})
    assert [(each.point, each.kind) for each in told] == [(1, Kind.CANCEL)]


@pytest.mark.parametrize("state", [ConferenceState.CLOSED, ConferenceState.DRAFT, ConferenceState.REQUESTED])
def test_what_is_over_or_not_yet_sure_tells_nothing(state: ConferenceState) -> None:
    assert revisions(state, {1: LATER, 2: FACTS}, {1: Sent(0, FACTS, withdrawn=False)}) == []


_FACTS = st.sampled_from([FACTS, LATER, RENAMED])
_STATES = st.sampled_from(list(ConferenceState))


@given(st.lists(st.tuples(_STATES, st.dictionaries(st.integers(1, 3), _FACTS)), max_size=12))
def test_whatever_happens_sequences_grow_and_two_tellings_in_a_row_are_one(
    history: list[tuple[ConferenceState, dict[int, Facts]]],
) -> None:
    sent: dict[int, Sent] = {}
    for state, wanted in history:
        for told in revisions(state, wanted, sent):
            before = sent.get(told.point)
            assert told.sequence == (before.sequence + 1 if before else 0)
            sent[told.point] = Sent(told.sequence, told.facts, told.kind is Kind.CANCEL)
        assert revisions(state, wanted, sent) == []


MARKS = (24.0, 1.0)


@pytest.mark.parametrize(
    ("hours_left", "due"),
    [(24.01, None), (24, 24), (1.01, 24), (1, 1), (0.01, 1), (0, None), (-1, None)],
)
def test_the_reminder_is_the_one_whose_moment_was_last(hours_left: float, due: float | None) -> None:
    assert reminder_due(MARKS, NOON, NOON - hours_left * HOUR) == due


def test_without_marks_nobody_is_reminded() -> None:
    assert reminder_due((), NOON, NOON - HOUR) is None
