from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.errors import NotFound, Unavailable
from core.messages import OPEN, Done, OpenConference
from core.model import ConferenceId, ConferenceState
from scheduler.diagnosis import Diagnosis
from scheduler.findings import DiagnosisReport
from scheduler.invitations.model import AnswerRequest, AnswerState
from tests.support.directory import NOON
from tests.support.inviting import ORGANIZER, Office
from tests.support.mailbox import text_of

AN, BINH = "an@xa.example", "binh@xa.example"


@pytest.fixture
def desk(desk: Office) -> Office:
    async def open_(_: OpenConference) -> Done:
        return Done()

    desk.bus.answer(OPEN, open_)
    return desk


async def attended(desk: Office, id: ConferenceId, *points: str, at: datetime = NOON, here: bool = False) -> None:
    """Writes the presence of points as the monitor does."""
    left = None if here else at + timedelta(hours=1)
    for point in points:
        await desk.database.pool.execute(
            "INSERT INTO presence_interval"
            " (conference, participant, name, role, point, joined_at, last_seen, left_at, how)"
            " VALUES ($1, 'point:' || $2, $2, 'operator', $2, $3, $4, $5, $6)",
            id,
            point,
            at,
            left or at,
            left,
            None if here else "departed",
        )


async def held(desk: Office, points: list[str]) -> ConferenceId:
    """A conference of an hour that is over."""
    id = await desk.booked(points, hours=1)
    await desk.database.pool.execute("UPDATE conference SET state = 'closed' WHERE id = $1", id)
    await desk.later(hours=3)
    return id


def named(report: DiagnosisReport) -> dict[str, tuple[str, ...]]:
    return {finding.code: finding.points for finding in report.findings}


async def test_answers_presence_and_mail_are_looked_at_point_by_point(desk: Office) -> None:
    points = await desk.points(AN, BINH, "", "d@xa.example")
    former = await held(desk, points[:3])
    await attended(desk, former, "P000", "P002")
    id = await desk.invited(points, hours=30)
    await desk.invitations.record(id, "P000", AnswerRequest(answer=AnswerState.CONFIRMED))
    await desk.invitations.record(id, "P001", AnswerRequest(answer=AnswerState.DECLINED))
    report = await desk.diagnosis.run(id)
    assert named(report) == {
        "answers.missing": ("P002", "P003"),
        "answers.declined": ("P001",),
        "points.missed_last": ("P001",),
        "points.unseen": ("P003",),
        "points.not_reached": ("P002",),
        "plan.none": (),
    }
    assert report.ready
    assert await desk.diagnosis.latest(id) == report


async def test_running_it_again_shows_what_has_been_put_right(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    assert "answers.missing" in named(await desk.diagnosis.run(id))
    await desk.invitations.record(id, "P000", AnswerRequest(answer=AnswerState.CONFIRMED))
    await attended(desk, id, "P000", here=True)
    assert named(await desk.diagnosis.run(id)) == {"plan.none": ()}


async def test_a_point_that_was_seen_only_long_ago_counts_as_unseen(desk: Office) -> None:
    points = await desk.points(AN)
    await attended(desk, await held(desk, points), *points)
    desk.clock.advance(100 * 86_400)
    id = await desk.invited(points, hours=24 * 101)
    assert "points.unseen" in named(await desk.diagnosis.run(id))


async def test_without_a_bridge_it_is_not_ready(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    desk.bus.stop_answering(OPEN)
    report = await desk.diagnosis.run(id)
    assert "node.absent" in named(report)
    assert not report.ready


async def test_nodes_of_the_plan_that_are_off_or_closed_for_maintenance_are_named(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    pool = desk.database.pool
    for code, active in (("n1", True), ("n2", False), ("n3", True), ("n4", True)):
        await pool.execute(
            "INSERT INTO media_node (code, name, unit, legs, kbps, active) VALUES ($1, $1, 'CITY', 9, 9, $2)",
            code,
            active,
        )
        await pool.execute("INSERT INTO plan_node_load (conference, node, legs, kbps) VALUES ($1, $2, 1, 1)", id, code)
    start = NOON + timedelta(hours=48)
    for code, hour in (("n1", 2), ("n3", 0)):
        began = start + timedelta(hours=hour)
        await pool.execute(
            "INSERT INTO media_node_maintenance (node, during) VALUES ($1, tstzrange($2, $3))",
            code,
            began,
            began + timedelta(minutes=30),
        )
    [finding] = [one for one in (await desk.diagnosis.run(id)).findings if one.code == "node.down"]
    assert finding.what.en == "Nodes of the plan cannot be used: n2, n3."


async def test_a_node_of_the_plan_that_is_dead_is_told_from_one_that_was_never_seen(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    pool = desk.database.pool
    for code in ("alive", "dead", "new"):
        await pool.execute("INSERT INTO media_node (code, name, unit, legs, kbps) VALUES ($1, $1, 'CITY', 9, 9)", code)
        await pool.execute("INSERT INTO plan_node_load (conference, node, legs, kbps) VALUES ($1, $2, 1, 1)", id, code)
    await pool.execute(
        "INSERT INTO bridge_process (id, node, seen_at, steady_since) VALUES ('1', 'alive', now(), now()),"
        " ('2', 'dead', now() - interval '1 min', now()), ('0', 'alive', now() - interval '1 day', now())"
    )
    findings = {one.code: one.what.en for one in (await desk.diagnosis.run(id)).findings}
    assert findings["node.silent"] == "Nodes of the plan do not run any more: dead."
    assert findings["node.never_seen"] == "Nodes of the plan have never been seen running: new."
    assert "node.down" not in findings
    await pool.execute("UPDATE bridge_process SET seen_at = now()")
    assert "node.silent" not in named(await desk.diagnosis.run(id))


async def test_a_dead_node_is_mailed_to_the_organizer_before_the_start(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN), hours=1)
    pool = desk.database.pool
    await pool.execute("INSERT INTO media_node (code, name, unit, legs, kbps) VALUES ('hn-1', 'Máy 1', 'CITY', 9, 9)")
    await pool.execute("INSERT INTO plan_node_load (conference, node, legs, kbps) VALUES ($1, 'hn-1', 1, 1)", id)
    await pool.execute(
        "INSERT INTO bridge_process (id, node, seen_at, steady_since)"
        " VALUES ('1', 'hn-1', now() - interval '1 min', now())"
    )
    await desk.later(minutes=46)
    assert "Máy chủ theo kế hoạch không còn hoạt động: hn-1." in text_of(desk.box.messages(ORGANIZER)[-1])


async def test_what_is_wrong_with_the_plan_is_said_in_its_checkers_words(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))

    async def check(_: ConferenceId) -> list[str]:
        return ["the line of CITY is 40 kbit/s short"]

    checked = Diagnosis(desk.database, desk.bus, desk.clock, desk.settings, check)
    [finding] = [one for one in (await checked.run(id)).findings if one.code == "plan.invalid"]
    assert "CITY is 40 kbit/s short" in finding.what.vi


async def test_a_plan_that_cannot_be_checked_does_not_cost_the_rest_of_the_report(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))

    async def check(_: ConferenceId) -> list[str]:
        raise Unavailable("plan.busy", "The plans are being changed.")

    report = await Diagnosis(desk.database, desk.bus, desk.clock, desk.settings, check).run(id)
    assert {"plan.invalid", "answers.missing"} <= set(named(report))
    assert "The plans are being changed." in report.findings[0].what.en


async def test_more_points_at_once_than_legs_is_critical(desk: Office) -> None:
    points = await desk.points(AN, BINH, "")
    id = await desk.invited(points[:2])
    await desk.booked(points[2:])
    few = desk.settings.model_copy(update={"limits": desk.settings.limits.model_copy(update={"legs": 2})})
    report = await Diagnosis(desk.database, desk.bus, desk.clock, few).run(id)
    [finding] = [one for one in report.findings if one.code == "capacity.exceeded"]
    assert "1 connections more" in finding.what.en
    assert "capacity.exceeded" not in named(await desk.diagnosis.run(id))


async def test_a_conference_without_invitations_is_diagnosed_but_not_mailed(desk: Office) -> None:
    id = await desk.booked(await desk.points(AN), hours=1)
    await desk.later(minutes=46)
    report = await desk.diagnosis.latest(id)
    assert report is not None
    assert {"invitations.none", "organizer.no_address"} <= set(named(report))
    assert desk.box.count() == 0


async def test_a_moved_conference_is_diagnosed_and_mailed_anew(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN), hours=1)
    await desk.later(minutes=46)
    await desk.database.pool.execute(
        "UPDATE conference SET start = $2, stop = $3, must_join_before = $3, version = version + 1 WHERE id = $1",
        id,
        NOON + timedelta(hours=5),
        NOON + timedelta(hours=6),
    )
    await desk.later(hours=4)
    assert len(desk.box.messages(ORGANIZER)) == 2
    assert len({str(message["Message-ID"]) for message in desk.box.messages(ORGANIZER)}) == 2


async def test_an_early_run_by_hand_does_not_replace_the_one_before_the_start(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN), hours=1)
    await desk.diagnosis.run(id)
    await desk.later(minutes=46)
    assert len(desk.box.messages(ORGANIZER)) == 1


async def test_a_conference_that_is_not_confirmed_is_found_out(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    await desk.scheduler.cancel(id, "lan")
    report = await desk.diagnosis.run(id)
    assert {"conference.not_confirmed", "points.not_held"} <= set(named(report))
    assert (await desk.scheduler.conference(id)).state is ConferenceState.CANCELLED


@pytest.mark.parametrize("id", ["x", "00000000-0000-4000-8000-000000000000"])
async def test_a_conference_that_nobody_booked_cannot_be_diagnosed(desk: Office, id: str) -> None:
    with pytest.raises(NotFound):
        await desk.diagnosis.run(ConferenceId(id))
