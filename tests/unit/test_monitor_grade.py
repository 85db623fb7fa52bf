"""How a line is judged, and how its grade moves."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import ConferenceId, Grade, LegId, LinkSample, MediumFigures, ParticipantId
from core.quality import Direction, EndpointFigures, ReasonCode
from core.settings import Settings
from monitor.grade import LineGrader
from monitor.judge import Figures, Judge, Judgement, means, read, settle, worst_of
from monitor.opinion import opinion
from monitor.profiles import DEFAULT, PROFILES, Profile

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
PERIOD = 2.0
CLEAN = {"loss_up": 0.0, "loss_down": 0.0, "jitter_up_ms": 4.0, "jitter_down_ms": 4.0, "rtt_ms": 20.0}


def sample(number: int = 0, **measures: float | None) -> LinkSample:
    return LinkSample.model_validate(
        {
            "conference": ConferenceId("c"),
            "participant": ParticipantId("point:p"),
            "leg": LegId("l"),
            "at": START + timedelta(seconds=PERIOD * number),
            "kbps_up": 0,
            "kbps_down": 900,
            **measures,
        }
    )


def judge(window: list[LinkSample]) -> Judgement:
    return worst_of(Judge().judge(means([read(one) for one in window])))


def said(judgement: Judgement) -> tuple[Grade, str]:
    """The grade and its reason as short text: "loss_up 3.0 %"."""
    if judgement.code is None or judgement.value is None:
        return judgement.grade, judgement.code or ""
    share = judgement.code.value.startswith("loss")
    figure = f"{judgement.value * 100:.1f}%" if share else f"{judgement.value:.0f}ms"
    return judgement.grade, f"{judgement.code}={figure}"


def feed(grader: LineGrader, start: int, samples: list[dict[str, float]]) -> list[Grade]:
    """Gives one sample per period; returns the grade after each."""
    grades = []
    for number, measures in enumerate(samples, start):
        grades.append(grader.add(sample(number, **measures), number * PERIOD).grade)
    return grades


G, F, P, U = Grade.GOOD, Grade.FAIR, Grade.POOR, Grade.UNKNOWN


@pytest.mark.parametrize(
    ("measures", "grade", "reason"),
    [
        (CLEAN, G, ""),
        ({"rtt_ms": 20.0}, G, ""),
        ({**CLEAN, "loss_down": 0.0099}, G, ""),
        ({**CLEAN, "loss_down": 0.01}, F, "loss_down=1.0%"),
        ({**CLEAN, "loss_down": 0.0299}, F, "loss_down=3.0%"),
        ({**CLEAN, "loss_down": 0.072}, P, "loss_down=7.2%"),
        ({**CLEAN, "loss_up": 0.03}, P, "loss_up=3.0%"),
        ({**CLEAN, "jitter_up_ms": 29.9}, G, ""),
        ({**CLEAN, "jitter_up_ms": 44.0}, F, "jitter_up=44ms"),
        ({**CLEAN, "jitter_down_ms": 50.0}, P, "jitter_down=50ms"),
        ({**CLEAN, "rtt_ms": 299.0}, G, ""),
        ({**CLEAN, "rtt_ms": 300.0}, F, "rtt=300ms"),
        ({**CLEAN, "rtt_ms": 612.3}, P, "rtt=612ms"),
        ({}, U, "no_data"),
        ({"loss_down": math.nan, "rtt_ms": math.inf}, U, "no_data"),
    ],
)
def test_a_line_has_the_grade_of_its_worst_figure(measures: dict[str, float], grade: Grade, reason: str) -> None:
    assert said(judge([sample(0, **measures)])) == (grade, reason)


def test_of_two_poor_figures_the_one_further_out_is_named() -> None:
    assert judge([sample(loss_up=0.04, rtt_ms=2000.0)]).code == "rtt"
    assert judge([sample(loss_up=0.40, rtt_ms=510.0)]).code == "loss_up"


def test_a_poor_figure_is_named_before_a_fair_one_however_far_out() -> None:
    assert said(judge([sample(loss_up=0.0299, jitter_up_ms=50.0)])) == (P, "jitter_up=50ms")


def test_the_figure_is_the_mean_of_what_was_measured() -> None:
    window = [sample(0, loss_down=0.02), sample(1, rtt_ms=10.0), sample(2, loss_down=0.04)]
    assert said(judge(window)) == (P, "loss_down=3.0%")


def test_one_bad_sample_does_not_change_a_good_line() -> None:
    grader = LineGrader(PERIOD)
    spike = {**CLEAN, "loss_down": 0.02}
    assert feed(grader, 0, [CLEAN, CLEAN, CLEAN, spike, CLEAN, CLEAN, CLEAN]) == [G] * 7


def test_a_grade_gets_worse_after_two_bad_judgements() -> None:
    grader = LineGrader(PERIOD)
    bad = {**CLEAN, "loss_down": 0.15}
    assert feed(grader, 0, [CLEAN, CLEAN, CLEAN, bad, bad]) == [G, G, G, G, P]
    assert said(grader.current) == (P, "loss_down=7.5%")


def test_a_grade_gets_better_only_after_five_better_judgements() -> None:
    grader = LineGrader(PERIOD)
    bad = {**CLEAN, "rtt_ms": 800.0}
    assert feed(grader, 0, [bad, bad, bad]) == [P, P, P]
    # With one and with two clean samples the mean is still 605 and 410 ms: poor, then fair.
    assert feed(grader, 3, [CLEAN] * 7) == [P, P, P, P, P, F, G]


@pytest.mark.parametrize("loss", [0.015, 0.03, 0.07, 0.15])
def test_a_change_shows_within_ten_seconds_and_its_end_within_thirty(loss: float) -> None:
    grader = LineGrader(PERIOD)
    feed(grader, 0, [CLEAN] * 10)
    ill = feed(grader, 10, [{**CLEAN, "loss_up": loss}] * 5)
    assert ill[-1] is judge([sample(loss_up=loss)]).grade
    feed(grader, 15, [{**CLEAN, "loss_up": loss}] * 5)
    assert feed(grader, 20, [CLEAN] * 15)[-1] is G


def test_a_held_grade_keeps_its_reason() -> None:
    grader = LineGrader(PERIOD)
    feed(grader, 0, [{**CLEAN, "rtt_ms": 800.0}] * 3)
    feed(grader, 3, [CLEAN] * 3)
    assert grader.current.grade is P
    assert grader.current.code == "rtt"


def test_a_line_that_nothing_can_be_measured_of_becomes_unknown_and_never_good() -> None:
    grader = LineGrader(PERIOD)
    assert feed(grader, 0, [{}, {}]) == [U, U]
    assert feed(grader, 2, [CLEAN]) == [G]
    assert feed(grader, 3, [{}] * 4) == [G, G, G, U]
    assert grader.current.code == "no_data"


def test_three_periods_of_silence_are_unknown_just_under_is_not() -> None:
    grader = LineGrader(PERIOD)
    grader.add(sample(0, **CLEAN), 100.0)
    assert grader.at(105.9).grade is G
    assert not grader.is_stale(105.9)
    assert grader.is_stale(106.0)
    assert grader.at(106.0).grade is U
    assert grader.at(160.0) == Judgement(U, ReasonCode.NO_SAMPLE, None, 60.0)
    assert grader.reason is not None
    assert (grader.reason.vi, grader.reason.en) == ("không có số liệu trong 60 giây", "no figures for 60 s")


def test_after_a_silence_the_line_is_judged_afresh() -> None:
    grader = LineGrader(PERIOD)
    feed(grader, 0, [{**CLEAN, "rtt_ms": 800.0}] * 3)
    grader.at(100.0)
    assert feed(grader, 50, [CLEAN]) == [G]


def test_samples_from_before_a_gap_do_not_count_even_if_nobody_asked_in_between() -> None:
    grader = LineGrader(PERIOD)
    feed(grader, 0, [{**CLEAN, "rtt_ms": 5000.0}] * 3)
    assert feed(grader, 6, [CLEAN]) == [G]


def test_a_sample_that_comes_twice_counts_once() -> None:
    grader = LineGrader(PERIOD)
    feed(grader, 0, [CLEAN] * 3)
    bad = {**CLEAN, "loss_down": 0.5}
    assert feed(grader, 3, [bad]) == feed(grader, 3, [bad]) == [G]


def test_a_node_whose_clock_was_set_back_is_judged_afresh() -> None:
    grader = LineGrader(PERIOD)
    feed(grader, 1000, [{**CLEAN, "rtt_ms": 800.0}] * 3)
    assert feed(grader, 10, [CLEAN]) == [G]


def test_a_grader_without_samples_knows_nothing() -> None:
    assert LineGrader(PERIOD).at(1000.0).grade is U


@given(st.lists(st.sampled_from([G, F, P]), min_size=1, max_size=40))
def test_a_grade_moves_only_where_a_run_of_judgements_carries_it(grades: list[Grade]) -> None:
    order = [G, F, P]
    current, recent = Judgement(U), [Judgement(g) for g in grades]
    for number in range(1, len(recent) + 1):
        before, current = current, settle(current, recent[:number])
        if before.grade is U:
            assert current.grade is grades[0]
        elif order.index(current.grade) > order.index(before.grade):
            run = grades[number - DEFAULT.worse_after : number]
            assert current.grade is min(run, key=order.index)
        elif order.index(current.grade) < order.index(before.grade):
            run = grades[number - DEFAULT.better_after : number]
            assert current.grade is max(run, key=order.index)
        else:
            worse = grades[max(0, number - DEFAULT.worse_after) : number]
            assert len(worse) < DEFAULT.worse_after or min(map(order.index, worse)) <= order.index(before.grade)


def medium(number: int, **measures: object) -> LinkSample:
    """A sample with figures by direction and medium."""
    return sample(number).model_copy(update={"rtt_ms": 20.0, **measures})


def test_directions_and_media_are_graded_apart_with_a_reason_in_words() -> None:
    grader = LineGrader(PERIOD)
    lossy, clean = MediumFigures(loss=0.072, jitter_ms=3.0), MediumFigures(loss=0.0, jitter_ms=3.0)
    for number in range(5):
        grader.add(medium(number, audio_up=clean, audio_down=clean, video_down=lossy), number * PERIOD)
    up, down = grader.direction(Direction.UP), grader.direction(Direction.DOWN)
    assert (up.grade, up.audio, up.video, up.reason) == (G, G, U, None)
    assert (down.grade, down.audio, down.video) == (P, G, P)
    assert down.reason == grader.reason
    assert down.reason is not None
    assert down.reason.en == "picture loss down 7.2 % over 8 s"
    assert down.reason.vi == "mất gói hình chiều xuống 7,2 % trong 8 giây"
    assert down.opinion is not None
    assert down.opinion > 4.2


def test_what_the_endpoint_sees_counts_too() -> None:
    grader = LineGrader(PERIOD)
    clean = MediumFigures(loss=0.0, jitter_ms=3.0)
    frozen = EndpointFigures(seconds=2.0, freezes=1, frozen_share=0.4)
    for number in range(3):
        grader.add(medium(number, audio_down=clean, video_down=clean), number * PERIOD, frozen)
    assert (grader.current.grade, grader.current.code) == (P, "frozen")


def test_profiles_differ_in_what_they_bear() -> None:
    five = MediumFigures(loss=0.04, jitter_ms=3.0)
    grades = {}
    for name, profile in PROFILES.items():
        grader = LineGrader(PERIOD, profile)
        for number in range(8):
            grader.add(medium(number, audio_down=five, video_down=five), number * PERIOD)
        grades[name] = (grader.direction(Direction.DOWN).audio, grader.direction(Direction.DOWN).video)
    assert grades == {"default": (P, P), "teams": (F, F), "pexip": (P, P), "voice-only": (F, G)}


def test_each_profile_judges_over_the_time_that_its_source_names() -> None:
    seconds = {name: profile.samples(PERIOD) * PERIOD for name, profile in PROFILES.items()}
    assert seconds == {"default": 8, "teams": 16, "pexip": 20, "voice-only": 8}
    assert [PROFILES["pexip"].samples(period) for period in (0.5, 1.0, 2.0, 30.0)] == [40, 20, 10, 1]


def test_two_profiles_with_the_same_bounds_and_other_windows_grade_the_same_samples_differently() -> None:
    """6 % of loss for 6 s: 4.5 % over default's 8 s, 1.8 % over Pexip's 20 s; for both 1 % is fair and 3 % poor."""
    graders = {name: LineGrader(PERIOD, PROFILES[name]) for name in ("default", "pexip")}
    ill = {**CLEAN, "loss_down": 0.06}
    for grader in graders.values():
        feed(grader, 0, [CLEAN] * 12 + [ill] * 3)
    assert {name: said(grader.current) for name, grader in graders.items()} == {
        "default": (P, "loss_down=4.5%"),
        "pexip": (F, "loss_down=1.8%"),
    }
    reasons = {name: grader.reason.en for name, grader in graders.items() if grader.reason is not None}
    assert [reason.rpartition("over ")[2] for reason in reasons.values()] == ["8 s", "20 s"]
    # It lasts longer in the longer window, and is over in both within half a minute.
    ends = {name: feed(grader, 15, [CLEAN] * 15).index(G) for name, grader in graders.items()}
    assert ends["default"] < ends["pexip"] < 15


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_what_is_measured_no_longer_is_unknown_after_four_samples_in_every_profile(profile: Profile) -> None:
    grader = LineGrader(PERIOD, profile)
    sound = MediumFigures(loss=0.0, jitter_ms=3.0)
    for number in range(12):
        grader.add(medium(number, audio_up=sound), number * PERIOD)
    for number in range(12, 16):
        assert grader.current.grade is G
        grader.add(sample(number), number * PERIOD)
    assert (grader.current.grade, grader.current.code) == (U, "no_data")
    assert grader.direction(Direction.UP).opinion is None


@pytest.mark.parametrize(
    ("loss", "rtt_ms", "score"),
    [
        # By hand, with d = rtt / 2 + 20 ms (one packet), R = 93.2 - Id - Ie_eff:
        # no loss, no way: Id = 0.024 * 20 = 0.48; R = 92.72; 1 + 0.035 R + 7e-6 R (R - 60) (100 - R) = 4.400
        (0.0, 0.0, 4.400),
        # 5 %: Ie_eff = 95 * 5 / (5 + 10) = 31.667; R = 93.2 - 0.48 - 31.667 = 61.053
        (0.05, 0.0, 3.154),
        # 20 %: Ie_eff = 95 * 20 / (20 + 10) = 63.333; R = 29.387
        (0.20, 0.0, 1.584),
        # 400 ms there and back: d = 220; Id = 0.024 * 220 + 0.11 * (220 - 177.3) = 9.977; R = 83.223
        (0.0, 400.0, 4.140),
        # 400 ms one way: d = 420; Id = 0.024 * 420 + 0.11 * (420 - 177.3) = 36.777; R = 56.423
        (0.0, 800.0, 2.913),
        # Both: R = 93.2 - 9.977 - 31.667 = 51.556
        (0.05, 400.0, 2.657),
    ],
)
def test_the_opinion_is_that_of_the_cited_formulas(loss: float, rtt_ms: float, score: float) -> None:
    assert opinion(loss, rtt_ms, 0.0) == pytest.approx(score, abs=0.001)


def test_jitter_counts_as_the_delay_of_a_buffer_twice_as_long() -> None:
    assert opinion(0.0, 300.0, 25.0) == pytest.approx(opinion(0.0, 400.0, 0.0))


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 2000), st.floats(0, 200))
def test_opinion_falls_with_loss_and_stays_on_its_scale(one: float, other: float, rtt: float, jitter: float) -> None:
    low, high = sorted((one, other))
    assert 1.0 <= opinion(high, rtt, jitter) <= opinion(low, rtt, jitter) <= 4.5


def test_every_profile_that_an_installation_may_choose_exists() -> None:
    assert set(get_args(Settings.model_fields["grade_profile"].annotation)) == set(PROFILES)


class _Thorough(Judge):
    """Takes no sample for clean, so that every judgement is made."""

    def is_clean(self, figures: Figures) -> bool:
        return False

    def goes_on(self, figures: Figures, before: Figures) -> bool:
        return False


_LOSSES = st.sampled_from([None, 0.0, 0.002, 0.005, 0.0099, 0.01, 0.02, 0.05, 0.3, math.nan, math.inf])
_TRIPS = st.sampled_from([None, 20.0, 150.0, 299.0, 320.0, 900.0])
_DRAWN = st.tuples(_LOSSES, _LOSSES, _TRIPS, st.sampled_from([(), ("stage",)]))


@given(drawn=st.lists(st.one_of(st.just((0.001, 0.001, 20.0, ())), _DRAWN), max_size=40))
def test_calm_lines_are_graded_like_all_others(
    drawn: list[tuple[float | None, float | None, float | None, object]],
) -> None:
    quick, thorough = LineGrader(PERIOD), LineGrader(PERIOD)
    thorough._judge = _Thorough()
    for number, (audio, video, trip, paused) in enumerate(drawn):
        one = medium(
            number, audio_down=MediumFigures(loss=audio), video_up=MediumFigures(loss=video), rtt_ms=trip, paused=paused
        )
        assert said(quick.add(one, 0)) == said(thorough.add(one, 0))
        assert quick.media == thorough.media
        assert quick.since == thorough.since
