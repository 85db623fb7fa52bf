from __future__ import annotations

import re
from datetime import timedelta

import pytest
from icalendar import Calendar

from core.errors import BadInput, Conflict, NotFound, Refused
from core.identity import FeedRight
from core.model import ConferenceId
from scheduler.invitations.model import (
    AnswerRequest,
    AnswerState,
    Channel,
    InviteRequest,
    MailState,
    RefusalRequest,
    ReplyOutcome,
)
from tests.support.directory import NOON, SIGNER, times
from tests.support.inviting import ORGANIZER, Office
from tests.support.mailbox import SENDER, event_of, text_of
from tests.support.replies import counter_mail, mail_with, reply_mail

HOUR = timedelta(hours=1)
AN, BINH = "an@xa.example", "binh@xa.example"
YES = AnswerRequest(answer=AnswerState.CONFIRMED, delegates=25, operator="Nguyễn Văn An")


def answer_token(text: str) -> str:
    found = re.search(r"https://cau\.example\.vn/a/(\S+)", text)
    assert found
    return found[1]


async def token_of(desk: Office, address: str) -> str:
    return answer_token(text_of(desk.box.messages(address)[-1]))


async def uid_of(desk: Office, address: str) -> str:
    return str(event_of(desk.box.messages(address)[-1])[1]["UID"])


async def answers(desk: Office, id: ConferenceId) -> dict[str, AnswerState]:
    return {each.point: each.answer for each in (await desk.invitations.answers(id)).answers}


async def test_each_point_is_invited_in_two_languages_with_a_calendar_object_and_links(desk: Office) -> None:
    points = await desk.points(AN, "0903 123 456", BINH)
    id = await desk.invited(points)
    [message] = desk.box.messages(AN)
    method, event = event_of(message)
    assert (method, event.decoded("SEQUENCE"), event.start) == ("REQUEST", 0, NOON + 48 * HOUR)
    assert str(event["ATTENDEE"]) == f"mailto:{AN}"
    assert str(event["ORGANIZER"]) == f"mailto:{SENDER}"
    text = text_of(message)
    assert text.index("Hội nghị: Họp giao ban") < text.index("Conference: Họp giao ban")
    assert "19:00 - 20:00 03/09/2026 (Asia/Ho_Chi_Minh)" in text
    assert str(message["Subject"]) == "Giấy mời họp: Họp giao ban"
    joins = re.search(r"https://cau\.example\.vn/j/(\S+)", text)
    assert joins is not None
    assert joins[0] in str(event["DESCRIPTION"])
    assert SIGNER.join_right(joins[1], desk.clock.now()).participant.point == "P000"
    assert (await desk.invitations.view(answer_token(text))).answer.point == "P000"
    listed = await desk.invitations.answers(id)
    assert [(each.point, each.mail) for each in listed.answers] == [
        ("P000", MailState.SENT),
        ("P001", MailState.NONE),
        ("P002", MailState.SENT),
    ]
    assert event["UID"] != event_of(desk.box.messages(BINH)[0])[1]["UID"]


async def test_operators_in_the_directory_are_written_to_each_once(desk: Office) -> None:
    points = await desk.points(AN)
    await desk.database.pool.execute(
        "INSERT INTO point_operator (point, place, name, email) SELECT number, o.* FROM bridge_point,"
        " (VALUES (1, 'Nguyễn Văn An', $1), (2, 'Trần Bình', $2), (3, 'Không thư', '')) AS o (place, name, email)",
        AN.upper(),
        BINH,
    )
    await desk.invited(points)
    assert sorted(to.lower() for to, _ in desk.box.received) == [AN, BINH]
    assert str(desk.box.messages(BINH)[0]["To"]) == f"Trần Bình <{BINH}>"


async def test_inviting_again_writes_only_to_whom_it_is_news(desk: Office) -> None:
    points = await desk.points(AN, "")
    id = await desk.invited(points)
    first = event_of(desk.box.messages(AN)[0])[1]
    await desk.database.pool.execute("UPDATE bridge_point SET contact = $1 WHERE code = 'P001'", BINH)
    await desk.invitations.send(id, InviteRequest(), "lan")
    await desk.deliver()
    assert [to for to, _ in desk.box.received] == [AN, BINH]
    assert event_of(desk.box.messages(BINH)[0])[1].decoded("SEQUENCE") == first.decoded("SEQUENCE") == 0


async def test_a_note_stays_until_another_is_given_and_then_everybody_hears_it(desk: Office) -> None:
    id = await desk.booked(await desk.points(AN))
    for note in ("Mang theo báo cáo quý.", None, "Họp kín."):
        await desk.invitations.send(id, InviteRequest(note=note), "lan")
        await desk.deliver()
    first, second = desk.box.messages(AN)
    assert "Mang theo báo cáo quý." in text_of(first)
    assert "Họp kín." in text_of(second)
    assert event_of(second)[1].decoded("SEQUENCE") == 1
    assert await answers(desk, id) == {"P000": AnswerState.WAITING}


async def test_a_moved_conference_is_told_with_the_next_sequence_and_asks_again(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    first = event_of(desk.box.messages(AN)[0])[1]
    await desk.invitations.answer(await token_of(desk, AN), YES)
    await desk.scheduler.reschedule(id, times(NOON + 72 * HOUR), "lan")
    await desk.later()
    method, event = event_of(desk.box.messages(AN)[1])
    assert (method, event.decoded("SEQUENCE"), event.start) == ("REQUEST", 1, NOON + 72 * HOUR)
    assert event["UID"] == first["UID"]
    assert await answers(desk, id) == {"P000": AnswerState.WAITING}
    await desk.later(minutes=1)
    assert desk.box.count() == 2


async def test_a_revision_overtakes_the_one_that_was_not_sent_yet(desk: Office) -> None:
    points = await desk.points(AN)
    id = await desk.booked(points)
    await desk.invitations.send(id, InviteRequest(), "lan")
    await desk.scheduler.reschedule(id, times(NOON + 72 * HOUR), "lan")
    await desk.later()
    [message] = desk.box.messages(AN)
    assert event_of(message)[1].decoded("SEQUENCE") == 1


async def test_a_cancelled_conference_is_cancelled_in_the_calendars_of_those_who_heard_of_it(desk: Office) -> None:
    points = await desk.points(AN, BINH)
    desk.box.verdict = lambda address: "451 later" if address == BINH else None
    id = await desk.invited(points)
    desk.box.verdict = lambda _: None
    await desk.database.pool.execute("UPDATE mail SET attempts = 0 WHERE recipient = $1", BINH)
    await desk.scheduler.cancel(id, "lan")
    await desk.later(minutes=30)
    method, event = event_of(desk.box.messages(AN)[1])
    assert (method, event.decoded("SEQUENCE"), str(event["STATUS"])) == ("CANCEL", 1, "CANCELLED")
    assert "Hủy" in str(desk.box.messages(AN)[1]["Subject"])
    assert "/j/" not in text_of(desk.box.messages(AN)[1]) + event.to_ical().decode()
    assert desk.box.messages(BINH) == []
    assert (await desk.invitations.answers(id)).invited == 0


async def test_an_answer_by_link_is_counted_and_can_be_changed(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN, BINH))
    view = await desk.invitations.answer(await token_of(desk, AN), YES)
    assert (view.answer.answer, view.answer.delegates, view.answer.operator) == ("confirmed", 25, "Nguyễn Văn An")
    assert view.answer.answered_by is Channel.LINK
    listed = await desk.invitations.answers(id)
    assert (listed.invited, listed.confirmed, listed.not_answered, listed.delegates) == (2, 1, 1, 25)
    assert [each.point for each in await desk.invitations.unanswered(id)] == ["P001"]
    no = AnswerRequest(answer=AnswerState.DECLINED, comment="Mất điện")
    await desk.invitations.answer(await token_of(desk, AN), no)
    listed = await desk.invitations.answers(id)
    assert (listed.confirmed, listed.declined, listed.delegates) == (0, 1, 0)


async def test_a_proposal_keeps_its_times(desk: Office) -> None:
    await desk.invited(await desk.points(AN))
    other = AnswerRequest(answer=AnswerState.PROPOSED, proposed_start=NOON + 50 * HOUR, proposed_stop=NOON + 51 * HOUR)
    view = await desk.invitations.answer(await token_of(desk, AN), other)
    assert (view.answer.proposed_start, view.answer.proposed_stop) == (NOON + 50 * HOUR, NOON + 51 * HOUR)
    past = other.model_copy(update={"proposed_start": NOON - HOUR})
    with pytest.raises(Conflict) as caught:
        await desk.invitations.answer(await token_of(desk, AN), past)
    assert caught.value.code == "answer.past"


async def test_an_answer_noted_by_hand_is_marked_as_such(desk: Office) -> None:
    id = await desk.invited(await desk.points(""))
    noted = await desk.invitations.record(id, "P000", YES)
    assert (noted.answer, noted.answered_by) == (AnswerState.CONFIRMED, Channel.PAGE)
    with pytest.raises(NotFound) as caught:
        await desk.invitations.record(id, "P009", YES)
    assert caught.value.code == "invitation.unknown"


async def test_a_link_answers_only_its_point_and_ends_with_the_conference(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    token = await token_of(desk, AN)
    for wrong in ("", "x", token[:-2], SIGNER.feed_token(FeedRight(of="point", code="P000"), NOON + HOUR)):
        with pytest.raises(Refused) as caught:
            await desk.invitations.view(wrong)
        assert caught.value.code == "answer.invalid"
    await desk.scheduler.cancel(id, "lan")
    with pytest.raises(Conflict) as over:
        await desk.invitations.answer(token, YES)
    assert over.value.code == "conference.over"
    desk.clock.advance(50 * 3_600)
    with pytest.raises(Refused) as expired:
        await desk.invitations.view(token)
    assert expired.value.code == "answer.expired"


async def test_a_calendars_reply_is_taken_and_keeps_what_the_link_said_of_the_hall(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    await desk.invitations.answer(await token_of(desk, AN), YES)
    uid = await uid_of(desk, AN)
    report = await desk.invitations.reply_mail(reply_mail(uid, 0, "DECLINED", NOON, comment="Bận"))
    assert (report.outcome, report.conference) == (ReplyOutcome.RECORDED, id)
    assert (report.answer.answer, report.answer.comment, report.answer.answered_by) == ("declined", "Bận", "mail")
    assert report.answer.operator == "Nguyễn Văn An"


async def test_a_counter_is_a_proposal(desk: Office) -> None:
    await desk.invited(await desk.points(AN))
    mail = counter_mail(await uid_of(desk, AN), 0, NOON, "20260904T080000", "20260904T090000")
    answer = (await desk.invitations.reply_mail(mail)).answer
    assert (answer.answer, answer.proposed_start) == (AnswerState.PROPOSED, NOON + timedelta(days=2, hours=13))


async def test_a_refused_counter_is_declined_by_mail_to_its_proposer_alone_and_the_point_is_asked_again(
    desk: Office,
) -> None:
    id = await desk.invited(await desk.points(AN))
    await desk.database.pool.execute(
        "INSERT INTO point_operator (point, place, name, email) SELECT number, 1, 'Trần Bình', $1 FROM bridge_point",
        BINH,
    )
    await desk.invitations.send(id, InviteRequest(), "lan")
    await desk.deliver()
    uid = await uid_of(desk, AN)
    counter = counter_mail(uid, 0, NOON, "20260904T080000", "20260904T090000", attendee=BINH)
    await desk.invitations.reply_mail(counter)
    answer = await desk.invitations.refuse(id, "P000", RefusalRequest(comment="Phòng đã kín."))
    assert (answer.answer, answer.proposed_start, answer.refused_at) == (AnswerState.WAITING, None, desk.clock.now())
    await desk.deliver()
    assert len(desk.box.messages(AN)) == 1
    message = desk.box.messages(BINH)[-1]
    method, event = event_of(message)
    assert (method, str(event["UID"]), event.decoded("SEQUENCE")) == ("DECLINECOUNTER", uid, 0)
    assert (str(event["ATTENDEE"]), str(event["COMMENT"])) == (f"mailto:{BINH}", "Phòng đã kín.")
    assert event.start == NOON + 48 * HOUR
    text = text_of(message)
    assert "Đề nghị đổi giờ (08:00 - 09:00 04/09/2026" in text
    assert "Lý do: Phòng đã kín." in text
    assert answer_token(text)
    # The same proposal does not come back with another copy of its mail; a new one does.
    assert (await desk.invitations.reply_mail(counter)).outcome is ReplyOutcome.REPEATED
    with pytest.raises(Conflict) as nothing:
        await desk.invitations.refuse(id, "P000", RefusalRequest())
    assert nothing.value.code == "answer.not_proposed"
    desk.clock.advance(60)
    anew = counter_mail(uid, 0, NOON + timedelta(minutes=1), "20260905T080000", "20260905T090000")
    assert (await desk.invitations.reply_mail(anew)).answer.refused_at is None
    await desk.invitations.refuse(id, "P000", RefusalRequest())
    await desk.deliver()
    assert event_of(desk.box.messages(AN)[-1])[0] == "DECLINECOUNTER"


async def test_a_proposal_by_link_is_refused_to_all_who_answer_for_the_point(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    start = desk.clock.now() + 72 * HOUR
    later = AnswerRequest(answer=AnswerState.PROPOSED, proposed_start=start, proposed_stop=start + HOUR)
    await desk.invitations.answer(await token_of(desk, AN), later)
    await desk.invitations.refuse(id, "P000", RefusalRequest())
    await desk.deliver()
    assert event_of(desk.box.messages(AN)[-1])[0] == "DECLINECOUNTER"
    await desk.scheduler.cancel(id, "lan")
    with pytest.raises(Conflict) as over:
        await desk.invitations.refuse(id, "P000", RefusalRequest())
    assert over.value.code == "conference.over"


async def test_a_reply_of_somebody_who_was_not_sent_the_invitation_is_refused(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN, BINH))
    with pytest.raises(Refused) as caught:
        await desk.invitations.reply_mail(reply_mail(await uid_of(desk, AN), 0, "DECLINED", NOON, attendee=BINH))
    assert caught.value.code == "reply.stranger"
    assert await answers(desk, id) == {"P000": AnswerState.WAITING, "P001": AnswerState.WAITING}


async def test_a_reply_to_former_times_or_one_that_was_overtaken_changes_nothing(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    uid = await uid_of(desk, AN)
    await desk.scheduler.reschedule(id, times(NOON + 72 * HOUR), "lan")
    await desk.later()
    report = await desk.invitations.reply_mail(reply_mail(uid, 0, "ACCEPTED", NOON))
    assert (report.outcome, report.answer.answer) == (ReplyOutcome.OUTDATED, AnswerState.WAITING)
    desk.clock.advance(3 * 3_600)
    newest = reply_mail(uid, 1, "DECLINED", NOON + 2 * HOUR)
    for outcome in (ReplyOutcome.RECORDED, ReplyOutcome.REPEATED):
        assert (await desk.invitations.reply_mail(newest)).outcome is outcome
    overtaken = await desk.invitations.reply_mail(reply_mail(uid, 1, "ACCEPTED", NOON + HOUR))
    assert (overtaken.outcome, overtaken.answer.answer) == (ReplyOutcome.OUTDATED, AnswerState.DECLINED)


async def test_a_reply_still_counts_when_only_the_title_changed_since(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    await desk.database.pool.execute("UPDATE conference SET title = 'Họp kín', version = version + 1 WHERE id = $1", id)
    await desk.later()
    assert event_of(desk.box.messages(AN)[1])[1].decoded("SEQUENCE") == 1
    report = await desk.invitations.reply_mail(reply_mail(await uid_of(desk, AN), 0, "ACCEPTED", NOON))
    assert report.outcome is ReplyOutcome.RECORDED


async def test_a_reply_from_a_clock_that_is_ahead_does_not_outdate_the_next_one(desk: Office) -> None:
    await desk.invited(await desk.points(AN))
    uid = await uid_of(desk, AN)
    await desk.invitations.reply_mail(reply_mail(uid, 0, "DECLINED", NOON + timedelta(days=3_000)))
    desk.clock.advance(60)
    report = await desk.invitations.reply_mail(reply_mail(uid, 0, "ACCEPTED", NOON + timedelta(minutes=1)))
    assert (report.outcome, report.answer.answer) == (ReplyOutcome.RECORDED, AnswerState.CONFIRMED)


@pytest.mark.parametrize("id", ["x", "00000000-0000-4000-8000-000000000000"])
async def test_a_series_that_nobody_booked_cannot_be_invited_to(desk: Office, id: str) -> None:
    with pytest.raises(NotFound) as caught:
        await desk.invitations.send_series(id, InviteRequest(), "lan")
    assert caught.value.code == "series.unknown"


@pytest.mark.parametrize("uid", ["somebody@else.example", "'; DROP TABLE mail; --", "\ufffd" * 200])
async def test_a_reply_to_somebody_elses_invitation_is_refused(desk: Office, uid: str) -> None:
    with pytest.raises(NotFound) as caught:
        await desk.invitations.reply_mail(reply_mail(uid, 0, "ACCEPTED", NOON))
    assert caught.value.code == "reply.unknown"
    with pytest.raises(BadInput):
        await desk.invitations.reply_mail(mail_with("BEGIN:VCALENDAR"))


async def test_occurrences_of_a_series_share_a_uid_and_are_told_apart_by_their_original_start(desk: Office) -> None:
    points = await desk.points(AN)
    first, second = await desk.booked(points, hours=48), await desk.booked(points, hours=72)
    series = await desk.database.pool.fetchval(
        "INSERT INTO series (id, rule, zone, first_start, exdates, skip_holidays, booked_by, booked_at)"
        " VALUES (gen_random_uuid(), 'FREQ=DAILY;COUNT=2', 'UTC', $1, '{}', false, 'lan', $1) RETURNING id",
        NOON,
    )
    await desk.database.pool.execute("UPDATE conference SET series = $1, recurrence_id = start", series)
    invited = await desk.invitations.send_series(str(series), InviteRequest(), "lan")
    assert invited.conferences == (first, second)
    await desk.deliver()
    events = [event_of(message)[1] for message in desk.box.messages(AN)]
    assert len({str(event["UID"]) for event in events}) == 1
    assert sorted(event.decoded("RECURRENCE-ID") for event in events) == [NOON + 48 * HOUR, NOON + 72 * HOUR]
    uid = str(events[0]["UID"])
    one = await desk.invitations.reply_mail(reply_mail(uid, 0, "DECLINED", NOON, recurrence="20260904T120000Z"))
    assert one.conference == second
    assert await answers(desk, first) == {"P000": AnswerState.WAITING}
    await desk.invitations.reply_mail(reply_mail(uid, 0, "ACCEPTED", NOON + HOUR))
    assert await answers(desk, first) == await answers(desk, second) == {"P000": AnswerState.CONFIRMED}


async def test_reminders_come_a_day_and_an_hour_before_but_not_to_who_declined(desk: Office) -> None:
    await desk.invited(await desk.points(AN, BINH))
    no = AnswerRequest(answer=AnswerState.DECLINED)
    await desk.invitations.answer(await token_of(desk, BINH), no)
    await desk.later(hours=23)
    assert desk.box.count() == 2
    await desk.later(hours=1)
    await desk.later(minutes=1)
    assert desk.box.count() == 3
    reminder = desk.box.messages(AN)[1]
    assert str(reminder["Subject"]) == "Nhắc lịch: Họp giao ban"
    assert "chưa xác nhận" in text_of(reminder)
    await desk.invitations.answer(await token_of(desk, AN), YES)
    await desk.later(hours=23)
    assert desk.box.count() == 4
    assert "chưa xác nhận" not in text_of(desk.box.messages(AN)[2])
    assert desk.box.messages(BINH)[1:] == []


async def test_who_was_invited_after_a_reminders_moment_is_not_reminded_at_once(desk: Office) -> None:
    await desk.invited(await desk.points(AN), hours=2)
    await desk.later(minutes=1)
    assert desk.box.count() == 1
    await desk.later(hours=1)
    assert desk.box.count() == 2


async def test_a_moved_conference_is_reminded_of_anew(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN), hours=25)
    await desk.later(hours=2)
    await desk.scheduler.reschedule(id, times(NOON + 72 * HOUR), "lan")
    await desk.later()
    await desk.later(hours=46)
    subjects = [str(message["Subject"]).partition(":")[0] for message in desk.box.messages(AN)]
    assert subjects == ["Giấy mời họp", "Nhắc lịch", "Thay đổi giấy mời họp", "Nhắc lịch"]


async def test_feeds_of_a_point_and_of_a_unit_show_their_conferences(desk: Office) -> None:
    points = await desk.points(AN, BINH)
    id = await desk.invited(points)
    await desk.booked(points[:1], hours=60)

    async def feed(right: FeedRight) -> Calendar:
        url = (await desk.invitations.feed_address(right)).url
        token = url.removeprefix("https://cau.example.vn/calendar/").removesuffix(".ics")
        return Calendar.from_ical(await desk.invitations.feed(token))

    point, unit = await feed(FeedRight(of="point", code="P000")), await feed(FeedRight(of="unit", code="CITY"))
    assert [event.start for event in point.events] == [NOON + 48 * HOUR, NOON + 60 * HOUR]
    assert str(point.events[0]["UID"]) == await uid_of(desk, AN)
    assert [str(event["LOCATION"]) for event in unit.events] == ["2 điểm cầu", "1 điểm cầu"]
    await desk.scheduler.cancel(id, "lan")
    again = await feed(FeedRight(of="unit", code="CITY"))
    assert [str(event["STATUS"]) for event in again.events] == ["CANCELLED", "CONFIRMED"]
    assert again.events[0].decoded("SEQUENCE") > unit.events[0].decoded("SEQUENCE")
    with pytest.raises(NotFound):
        await desk.invitations.feed_address(FeedRight(of="unit", code="NOWHERE"))
    with pytest.raises(Refused) as caught:
        await desk.invitations.feed(await token_of(desk, AN))
    assert caught.value.code == "feed.invalid"


async def test_only_a_booked_conference_can_be_invited_to(desk: Office) -> None:
    id = await desk.booked(await desk.points(AN))
    await desk.scheduler.cancel(id, "lan")
    with pytest.raises(Conflict) as over:
        await desk.invitations.send(id, InviteRequest(), "lan")
    assert over.value.code == "conference.over"
    for unknown in ("x", "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(NotFound):
            await desk.invitations.send(ConferenceId(unknown), InviteRequest(), "lan")


async def test_the_diagnosis_is_mailed_to_the_organizer_once(desk: Office) -> None:
    id = await desk.invited(await desk.points(AN))
    await desk.later(hours=47, minutes=44)
    assert desk.box.messages(ORGANIZER) == []
    await desk.later(minutes=1)
    await desk.later(minutes=1)
    [message] = desk.box.messages(ORGANIZER)
    assert str(message["Subject"]) == "Kiểm tra trước giờ họp: Họp giao ban"
    assert "1 điểm cầu chưa trả lời. [P000]" in text_of(message)
    report = await desk.diagnosis.latest(id)
    assert report is not None
    assert report.made_at == NOON + timedelta(hours=47, minutes=45)
