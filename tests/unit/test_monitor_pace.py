"""How often a conference's view is told."""

from core.model import ConferenceId
from monitor.pace import Pace

A, B = ConferenceId("a"), ConferenceId("b")


def test_the_first_change_is_told_at_once_and_others_soon_after_wait() -> None:
    pace = Pace(0.5)
    assert pace.ask(A, 100.0)
    assert not pace.ask(A, 100.1)
    assert not pace.ask(A, 100.4)
    assert pace.due(100.5) == [A]
    assert pace.due(101.0) == []


def test_what_was_owed_and_told_counts_for_the_spacing() -> None:
    pace = Pace(0.5)
    pace.ask(A, 100.0)
    pace.ask(A, 100.1)
    pace.due(100.3)
    assert not pace.ask(A, 100.7)
    assert pace.ask(A, 100.8)
    assert pace.due(101.0) == []


def test_conferences_do_not_wait_for_one_another() -> None:
    pace = Pace(0.5)
    assert pace.ask(A, 100.0)
    assert pace.ask(B, 100.1)


def test_an_ended_conference_is_owed_nothing() -> None:
    pace = Pace(0.5)
    pace.ask(A, 100.0)
    pace.ask(A, 100.1)
    pace.end(A)
    assert pace.due(100.5) == []
    assert pace.ask(A, 100.5)


def test_the_first_change_is_told_at_once_whatever_the_clock_shows() -> None:
    assert all(Pace(0.5).ask(A, 12_345.678 * n + 0.1) for n in range(1_000))
