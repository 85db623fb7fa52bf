from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.model import ConferenceId, ConferenceState
from scheduler.findings import LISTED, PointState, Severity, Situation, diagnose, mail_lines
from tests.support.directory import NOON

GOOD = PointState("P1", True, "confirmed", True, False, True, False)
SITUATION = Situation(
    conference=ConferenceId("c"),
    title="Họp giao ban",
    state=ConferenceState.CONFIRMED,
    doors=NOON + timedelta(minutes=10),
    start=NOON + timedelta(minutes=15),
    invited=True,
    mailing=True,
    organizer_known=True,
    points=[GOOD],
    bridge_answers=True,
    nodes_down=(),
    nodes_silent=(),
    nodes_never_seen=(),
    planned=True,
    plan_problems=(),
    legs_wanted=1_200,
    legs_limit=1_200,
)


def codes(situation: Situation) -> list[str]:
    return [finding.code for finding in diagnose(situation, NOON).findings]


def with_point(**changes: Any) -> Situation:
    return replace(SITUATION, points=[GOOD, replace(GOOD, code="P2", **changes)])


def test_where_nothing_is_wrong_nothing_is_found() -> None:
    report = diagnose(SITUATION, NOON)
    assert (report.ready, report.findings, report.points, report.made_at) == (True, (), 1, NOON)
    lines = mail_lines(report, ZoneInfo("Asia/Ho_Chi_Minh"))
    assert "Mọi thứ sẵn sàng." in lines
    assert "Bắt đầu: 19:15 01/09/2026; kiểm tra lúc 19:00" in lines


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"state": ConferenceState.REQUESTED}, "conference.not_confirmed", Severity.CRITICAL),
        ({"doors": NOON - timedelta(minutes=2)}, "conference.not_open", Severity.CRITICAL),
        ({"bridge_answers": False}, "node.absent", Severity.CRITICAL),
        ({"nodes_down": ["n1"]}, "node.down", Severity.CRITICAL),
        ({"nodes_silent": ["n1"]}, "node.silent", Severity.CRITICAL),
        ({"nodes_never_seen": ["n1"]}, "node.never_seen", Severity.NOTE),
        ({"plan_problems": ["a link is full"]}, "plan.invalid", Severity.CRITICAL),
        ({"planned": False}, "plan.none", Severity.NOTE),
        ({"organizer_known": False}, "organizer.no_address", Severity.NOTE),
    ],
)
def test_what_is_wrong_with_the_conference_is_named(changes: dict[str, Any], code: str, severity: Severity) -> None:
    report = diagnose(replace(SITUATION, **changes), NOON)
    assert [(finding.code, finding.severity) for finding in report.findings] == [(code, severity)]
    assert report.ready is (severity is not Severity.CRITICAL)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"held": False}, "points.not_held"),
        ({"answer": "waiting"}, "answers.missing"),
        ({"answer": "tentative"}, "answers.missing"),
        ({"answer": "declined"}, "answers.declined"),
        ({"answer": "proposed"}, "answers.proposed"),
        ({"answer": None}, "points.not_invited"),
        ({"missed_last": True}, "points.missed_last"),
        ({"missed_last": True, "seen_lately": False}, "points.missed_last"),
        ({"missed_last": None, "seen_lately": False}, "points.unseen"),
    ],
)
def test_what_is_wrong_with_a_point_names_the_point(changes: dict[str, Any], code: str) -> None:
    findings = diagnose(with_point(**changes), NOON).findings
    assert [(finding.code, finding.points) for finding in findings] == [(code, ("P2",))]


def test_a_point_that_is_in_already_needs_no_call() -> None:
    assert codes(with_point(here=True, missed_last=True, seen_lately=False)) == []


def test_a_point_that_owes_an_answer_and_got_no_mail_is_told_apart() -> None:
    assert codes(with_point(answer="waiting", reachable=False)) == ["answers.missing", "points.not_reached"]
    silent = replace(with_point(answer="waiting", reachable=False), mailing=False)
    assert codes(silent) == ["answers.missing"]


def test_a_conference_that_invited_nobody_is_told_once_not_by_point() -> None:
    nobody = replace(SITUATION, invited=False, points=[replace(GOOD, answer=None)])
    assert codes(nobody) == ["invitations.none"]


def test_too_many_legs_are_counted_unless_a_plan_has_counted_them() -> None:
    full = replace(SITUATION, legs_wanted=1_203, planned=False)
    finding = diagnose(full, NOON).findings[0]
    assert (finding.code, finding.severity) == ("capacity.exceeded", Severity.CRITICAL)
    assert "3 connections more" in finding.what.en
    assert codes(replace(full, planned=True)) == []


def test_the_worst_comes_first_and_a_mail_names_only_so_many_points() -> None:
    many = [replace(GOOD, code=f"P{n}", answer="waiting") for n in range(LISTED + 2)]
    report = diagnose(replace(SITUATION, points=many, bridge_answers=False, planned=False), NOON)
    assert [finding.severity for finding in report.findings] == [Severity.CRITICAL, Severity.WARNING, Severity.NOTE]
    text = "\n".join(mail_lines(report, ZoneInfo("UTC")))
    assert f"P{LISTED - 1} (+2)]" in text
    assert f"P{LISTED}," not in text
    assert text.index("22 điểm cầu chưa trả lời.") < text.index("22 points have not answered.")
