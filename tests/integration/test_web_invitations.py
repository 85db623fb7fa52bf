"""Invitations over HTTP: sending, answering by link, by telephone and by mail, calendars, the diagnosis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.database import Database
from core.identity import AnswerRight, Signer
from core.model import ConferenceId, Role
from tests.support.replies import reply_mail
from tests.support.website import SECRET, Visitor, Website, running_website, times_of


@dataclass
class Invited:
    """A conference of d1 and d2 whose points are invited, and its organizer."""

    site: Website
    organizer: Visitor
    id: str

    @property
    def path(self) -> str:
        return f"/api/conferences/{self.id}"

    def token(self, point: str, *, hours: float = 48) -> str:
        right = AnswerRight(conference=ConferenceId(self.id), point=point)
        return Signer(SECRET).answer_token(right, datetime.now(UTC) + timedelta(hours=hours))


@pytest.fixture
async def invited(database: Database, tmp_path: Path) -> AsyncIterator[Invited]:
    async with running_website(database, tmp_path, public_url="https://cau.example.vn") as site:
        await site.add_points(3)
        organizer = await site.signed_in(Role.ORGANIZER)
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
        request = {"title": "Họp giao ban", "times": times_of(start), "points": ["d1", "d2"]}
        booked = await organizer.post("/api/bookings", request)
        one = Invited(site, organizer, booked.json["conference"]["id"])
        sent = await organizer.post(one.path + "/invitations", {"note": "Mang tài liệu"})
        assert (sent.status, sent.json["invited"], sent.json["not_answered"]) == (200, 2, 2), sent.body
        yield one


def _states(answers: Any) -> dict[str, str]:
    return {line["point"]: line["answer"] for line in answers["answers"]}


async def test_the_holder_of_a_link_sees_and_answers_without_signing_in(invited: Invited) -> None:
    holder = await invited.site.visitor()
    path = f"/api/answers/{invited.token('d1')}"
    seen = await holder.get(path)
    assert (seen.json["title"], seen.json["note"]) == ("Họp giao ban", "Mang tài liệu")
    answered = await holder.post(path, {"answer": "confirmed", "delegates": 30, "operator": "Hà"})
    assert answered.json["answer"]["answered_by"] == "link"
    answers = (await invited.organizer.get(invited.path + "/answers")).json
    assert _states(answers) == {"d1": "confirmed", "d2": "waiting"}
    assert answers["delegates"] == 30


async def test_a_link_that_is_not_ours_or_is_over_is_refused(invited: Invited) -> None:
    holder = await invited.site.visitor()
    strange = await holder.get("/api/answers/abc")
    assert (strange.status, strange.code) == (403, "answer.invalid")
    late = await holder.get(f"/api/answers/{invited.token('d1', hours=-1)}")
    assert (late.status, late.code) == (403, "answer.expired")
    stranger = await holder.get(f"/api/answers/{invited.token('d3')}")
    assert (stranger.status, stranger.code) == (404, "invitation.unknown")


async def test_an_answer_by_telephone_is_noted(invited: Invited) -> None:
    noted = await invited.organizer.ask("PUT", invited.path + "/answers/d2", json={"answer": "declined"})
    assert (noted.status, noted.json["answered_by"]) == (200, "page")
    odd = await invited.organizer.ask("PUT", invited.path + "/answers/d 2", json={"answer": "declined"})
    assert (odd.status, odd.code) == (404, "invitation.unknown")
    visitor = await invited.site.visitor()
    refused = await visitor.ask("PUT", invited.path + "/answers/d2", json={"answer": "confirmed"})
    assert refused.status == 401


async def test_a_calendars_reply_is_taken_as_the_mail_arrived(invited: Invited) -> None:
    uid = await invited.site.database.pool.fetchval(
        "SELECT uid FROM invitation i JOIN bridge_point p ON p.number = i.point WHERE p.code = 'd1'"
    )
    await invited.site.database.pool.execute(
        "INSERT INTO mail (key, kind, conference, point, recipient, state, due_at, queued_at, settled_at)"
        " SELECT 'k', 'request', conference, point, 'An@xa.example', 'sent', now(), now(), now() FROM invitation"
        " WHERE uid = $1",
        uid,
    )
    mail = reply_mail(uid, 0, "ACCEPTED", datetime.now(UTC))
    headers = {"Content-Type": "message/rfc822"}
    taken = await invited.organizer.ask("POST", "/api/replies", data=mail, headers=headers)
    assert (taken.status, taken.json["outcome"]) == (200, "recorded"), taken.body
    assert _states((await invited.organizer.get(invited.path + "/answers")).json)["d1"] == "confirmed"
    plain = await invited.organizer.ask("POST", "/api/replies", data=b"Subject: x\r\n\r\nxin chao", headers=headers)
    assert (plain.status, plain.code) == (400, "reply.no_calendar")
    visitor = await invited.site.visitor()
    assert (await visitor.ask("POST", "/api/replies", data=mail, headers=headers)).status == 401


async def test_a_proposed_time_is_refused_once_and_the_point_is_asked_again(invited: Invited) -> None:
    start = datetime.now(UTC) + timedelta(days=3)
    times = {"proposed_start": start.isoformat(), "proposed_stop": (start + timedelta(hours=1)).isoformat()}
    holder = await invited.site.visitor()
    proposed = await holder.post(f"/api/answers/{invited.token('d1')}", {"answer": "proposed", **times})
    assert proposed.status == 200, proposed.body
    path = invited.path + "/answers/d1/refusal"
    refused = await invited.organizer.post(path, {"comment": "Phòng họp đã kín lịch."})
    assert (refused.status, refused.json["answer"], refused.json["proposed_start"]) == (200, "waiting", None)
    assert refused.json["refused_at"] is not None
    again = await invited.organizer.post(path, {})
    assert (again.status, again.code) == (409, "answer.not_proposed")
    stranger = await invited.organizer.post(invited.path + "/answers/d3/refusal", {})
    assert (stranger.status, stranger.code) == (404, "invitation.unknown")
    assert (await holder.post(path, {})).status == 401


@pytest.mark.parametrize("place", ["points/d1", "units/p"])
async def test_a_calendar_can_be_subscribed_to(invited: Invited, place: str) -> None:
    address = (await invited.organizer.get(f"/api/{place}/calendar")).json["url"]
    assert address.startswith("https://cau.example.vn/calendar/")
    program = await invited.site.visitor()
    calendar = await program.get(address.removeprefix("https://cau.example.vn"))
    assert calendar.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:Họp giao ban" in calendar.body.decode()


async def test_a_calendar_address_that_is_not_ours_is_refused(invited: Invited) -> None:
    program = await invited.site.visitor()
    refused = await program.get("/calendar/abc.ics")
    assert (refused.status, refused.code) == (403, "feed.invalid")
    unknown = await invited.organizer.get("/api/points/no-such/calendar")
    assert (unknown.status, unknown.code) == (404, "feed.unknown")


async def test_a_draft_invites_nobody(invited: Invited) -> None:
    start = datetime.now(UTC) + timedelta(days=2)
    request = {"title": "Nháp", "times": times_of(start), "points": ["d3"], "draft": True}
    draft = (await invited.organizer.post("/api/bookings", request)).json["conference"]["id"]
    refused = await invited.organizer.post(f"/api/conferences/{draft}/invitations", {})
    assert (refused.status, refused.code) == (409, "conference.not_confirmed")


async def test_the_diagnosis_names_who_has_not_answered_and_can_be_run_again(invited: Invited) -> None:
    technician = await invited.site.signed_in(Role.TECHNICIAN)
    path = invited.path + "/diagnosis"
    none = await technician.get(path)
    assert (none.status, none.code) == (404, "diagnosis.none")
    first = await technician.post(path)
    assert first.status == 200, first.body
    silent = [finding["points"] for finding in first.json["findings"] if finding["code"] == "answers.missing"]
    assert silent == [["d1", "d2"]]
    await invited.organizer.ask("PUT", invited.path + "/answers/d1", json={"answer": "confirmed"})
    again = await technician.post(path)
    assert (await technician.get(path)).json == again.json
    assert [f["points"] for f in again.json["findings"] if f["code"] == "answers.missing"] == [["d2"]]
