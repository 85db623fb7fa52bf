"""The technician's view of a conference's lines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.messages import EndpointReport
from core.model import ConferenceId, Grade, LegId, LinkSample, ParticipantId, SessionId
from core.quality import EndpointFigures, LinkStatus
from monitor.lines import Lines

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
ONE, TWO = ConferenceId("one"), ConferenceId("two")


def sample(
    second: float, participant: str = "point:a", leg: str = "leg1", conference: ConferenceId = ONE, rtt_ms: float = 20
) -> LinkSample:
    return LinkSample(
        conference=conference,
        participant=ParticipantId(participant),
        leg=LegId(leg),
        at=START + timedelta(seconds=second),
        kbps_up=0,
        kbps_down=900,
        rtt_ms=rtt_ms,
    )


def view(lines: Lines, second: float, conference: ConferenceId = ONE) -> list[LinkStatus]:
    graded = lines.graded(conference, START + timedelta(seconds=second), second)
    return list(graded.links) if graded else []


def code(status: LinkStatus) -> str | None:
    return status.reason.code if status.reason else None


def test_a_batch_of_two_conferences_makes_two_views() -> None:
    lines = Lines(2.0)
    graded = lines.take([sample(0), sample(0, "point:b", "leg2", TWO, rtt_ms=900)], 0)
    assert [one.grader.current.grade for one in graded] == [Grade.GOOD, Grade.POOR]
    assert [(s.participant, s.grade, code(s)) for s in view(lines, 0)] == [("point:a", Grade.GOOD, None)]
    assert [(s.participant, code(s)) for s in view(lines, 0, TWO)] == [("point:b", "rtt")]


def test_batches_of_two_nodes_are_one_view() -> None:
    lines = Lines(2.0)
    lines.take([sample(0)], 0)
    lines.take([sample(1, "point:b", "leg2")], 1)
    assert [s.participant for s in view(lines, 1)] == ["point:a", "point:b"]


def test_lines_of_all_conferences_are_counted_by_grade_and_a_returned_point_once() -> None:
    lines = Lines(2.0)
    lines.take([sample(0), sample(0, "point:b", "leg2", TWO, rtt_ms=900)], 0)
    lines.take([sample(1, leg="leg3")], 1)
    assert lines.grades(1) == {Grade.GOOD: 1, Grade.POOR: 1}
    assert lines.grades(100) == {Grade.UNKNOWN: 2}
    lines.end(TWO)
    assert lines.grades(100) == {Grade.UNKNOWN: 1}


def test_there_is_no_view_without_samples() -> None:
    assert Lines(2.0).graded(ONE, START, 0) is None


def test_silence_is_told_once_and_the_line_stays_unknown() -> None:
    lines = Lines(2.0)
    lines.take([sample(0), sample(0, "point:b", "leg2")], 0)
    lines.take([sample(4, "point:b", "leg2")], 4)
    assert lines.newly_stale(5.9) == []
    assert lines.newly_stale(6.0) == [ONE]
    assert lines.newly_stale(8.0) == []
    assert [(s.grade, code(s)) for s in view(lines, 8)] == [(Grade.UNKNOWN, "no_sample"), (Grade.GOOD, None)]


def test_a_line_that_speaks_again_can_go_silent_again() -> None:
    lines = Lines(2.0)
    lines.take([sample(0)], 0)
    assert lines.newly_stale(6) == [ONE]
    lines.take([sample(10)], 10)
    assert lines.newly_stale(12) == []
    assert lines.newly_stale(16) == [ONE]


def test_a_new_leg_takes_the_place_of_the_former() -> None:
    lines = Lines(2.0)
    lines.take([sample(0, leg="old", rtt_ms=900)], 0)
    lines.take([sample(2, leg="old", rtt_ms=900), sample(2, leg="new")], 2)
    assert [(s.leg, s.grade) for s in view(lines, 2)] == [("new", Grade.GOOD)]
    lines.take([sample(8, leg="new")], 8)
    view(lines, 8.5)
    assert lines.newly_stale(9) == []


def test_a_new_leg_that_falls_silent_gives_way_to_one_that_speaks() -> None:
    lines = Lines(2.0)
    lines.take([sample(0, leg="old"), sample(0, leg="new")], 0)
    lines.take([sample(6, leg="old")], 6)
    assert [s.leg for s in view(lines, 6)] == ["old"]


def test_who_left_and_what_ended_is_forgotten() -> None:
    lines = Lines(2.0)
    lines.take([sample(0), sample(0, "point:b", "leg2"), sample(0, "point:c", "leg3", TWO)], 0)
    lines.drop(ONE, ParticipantId("point:a"))
    lines.drop(ConferenceId("none"), ParticipantId("point:a"))
    lines.end(TWO)
    assert [s.participant for s in view(lines, 0)] == ["point:b"]
    assert lines.graded(TWO, START, 0) is None
    assert lines.newly_stale(60) == [ONE]


def changed(lines: Lines, second: float) -> tuple[int, list[tuple[str, Grade]]] | None:
    told = lines.changes(ONE, START + timedelta(seconds=second), second)
    return None if told is None else (told.seq, [(s.participant, s.grade) for s in told.links])


def test_only_what_changed_is_told_each_time_with_the_next_number() -> None:
    lines = Lines(2.0)
    assert changed(lines, 0) is None
    lines.take([sample(0), sample(0, "point:b", "leg2")], 0)
    assert changed(lines, 0) == (1, [("point:a", Grade.GOOD), ("point:b", Grade.GOOD)])
    assert changed(lines, 1) is None
    lines.take([sample(2, "point:b", "leg2")], 2)
    whole = lines.graded(ONE, START, 2)
    assert whole is not None
    assert (whole.seq, whole.full, len(whole.links)) == (1, True, 2)
    assert changed(lines, 2) == (2, [("point:b", Grade.GOOD)])
    assert lines.newly_stale(6) == [ONE]
    assert changed(lines, 6) == (3, [("point:a", Grade.UNKNOWN)])
    lines.take([sample(8, "point:b", "leg2")], 8)
    lines.drop(ONE, ParticipantId("point:b"))
    assert changed(lines, 8) == (4, [])


def test_what_is_seen_is_every_participant_s_newest_line_whether_it_was_told_or_not() -> None:
    lines = Lines(2.0)
    assert list(lines.seen(ONE, 0)) == []
    lines.take([sample(0), sample(0, "point:b", "leg2")], 0)
    lines.take([sample(2, leg="new")], 2)
    assert [(one.participant, one.sample.leg, one.grade) for one in lines.seen(ONE, 2)] == [
        ("point:a", "new", Grade.GOOD),
        ("point:b", "leg2", Grade.GOOD),
    ]
    # Of the one that gives samples no more nothing is known.
    assert [(one.participant, one.grade) for one in lines.seen(ONE, 6.5)][1] == ("point:b", Grade.UNKNOWN)
    assert lines.newly_stale(6.5) == [ONE]


def test_what_an_endpoint_said_too_long_ago_is_no_figure_any_more() -> None:
    lines = Lines(2.0)
    frozen = EndpointFigures(seconds=2, freezes=1, frozen_share=0.4)
    said = EndpointReport(
        conference=ONE, participant=ParticipantId("point:a"), session=SessionId("s"), at=START, figures=frozen
    )

    def pictures(second: int) -> Grade:
        lines.take([sample(second)], second)
        [status] = view(lines, second)
        return status.down.video

    for second in range(0, 10, 2):
        lines.hear(said, second)
        told = pictures(second)
    assert told is Grade.POOR
    # Its last word holds for three periods, then for as long as the window remembers it.
    later = [pictures(second) for second in range(10, 24, 2)]
    assert later == [Grade.POOR] * 5 + [Grade.UNKNOWN] * 2
    [status] = view(lines, 22)
    assert (status.grade, status.endpoint_age_ms) == (Grade.GOOD, 14_000)
