"""Alarms from an ill province to a real mail server and a real HTTP receiver, as an administrator set them up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from core.clock import SystemClock
from core.database import Database
from core.model import ConferenceId, Presence, Role
from monitor.alarms.posting import POSTS_AT_ONCE
from scheduler.invitations.postman import Postman
from tests.support.mailbox import Mailbox, mailbox, text_of
from tests.support.polling import eventually
from tests.support.province import ILL, add_country, booked, taking_part, tell_presence
from tests.support.receiver import Receiver, receiver
from tests.support.website import Visitor, Website, running_website

NOBODY = "00000000-0000-4000-8000-000000000009"
DUTY = "truc@example.vn"


@asynccontextmanager
async def _posting(database: Database, box: Mailbox) -> AsyncIterator[None]:
    task = asyncio.create_task(Postman(database, SystemClock(), box.smtp).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _site(database: Database, folder: Path, box: Mailbox | None = None, **more: Any) -> AsyncIterator[Website]:
    settings = {"webhook_networks": ["127.0.0.0/8"], "sample_seconds": 0.5, **more}
    async with running_website(database, folder, smtp=box.smtp if box else None, **settings) as site:
        yield site


async def _added(administrator: Visitor, **facts: Any) -> Any:
    reply = await administrator.post("/api/alarms", {"name": "Trực kỹ thuật", **facts})
    assert reply.status == 201, reply.body
    return reply.json


async def _hooked(administrator: Visitor, server: Receiver, **facts: Any) -> Any:
    made = await _added(administrator, channel="webhook", target=server.url, **facts)
    server.secret = made["secret"]
    return made["subscription"]


async def _the_incident(technician: Visitor, conference: ConferenceId) -> Any:
    board = (await technician.get(f"/api/conferences/{conference}/incidents")).json
    [one] = [each for each in board["incidents"] if each["incident"]["state"] == "open"]
    return one["incident"]


def _why_not(server: Receiver, types: list[str]) -> str | None:
    return None if server.types() == types else f"got {server.types()}, all came as {server.ids}"


async def test_an_ill_province_is_told_once_by_mail_and_webhook_escalated_and_declared_over(
    database: Database, tmp_path: Path
) -> None:
    await add_country(database)
    async with (
        mailbox() as box,
        receiver() as all_of_it,
        receiver() as other,
        receiver() as chief,
        _site(database, tmp_path, box) as site,
        _posting(database, box),
    ):
        administrator = await site.signed_in(Role.ADMINISTRATOR)
        technician = await site.signed_in(Role.TECHNICIAN)
        await _added(administrator, channel="mail", target=DUTY, unit="p1")
        await _hooked(administrator, all_of_it)
        await _hooked(administrator, other, unit="p2")
        await _hooked(administrator, chief, wait_minutes=30, language="en")
        all_of_it.statuses = [503]
        conference = await booked(site)
        async with taking_part(site, conference, ILL):
            await eventually(lambda: _why_not(all_of_it, ["incident.alarm"]), units=60)
            await eventually(lambda: None if box.count() else "no mail", units=20)
            incident = await _the_incident(technician, conference)
            [(id, told)] = all_of_it.got
            assert all_of_it.ids == [id, id]
            assert told["data"]["incident"]["id"] == incident["id"]
            assert told["data"]["urls"] == [f"{site.settings.base_url}/technician/{conference}"]
            [letter] = box.messages(DUTY)
            assert "Tỉnh p1" in str(letter["Subject"])
            assert "6/6" in text_of(letter)

            assert chief.got == []
            await database.pool.execute("UPDATE incident SET opened_at = opened_at - interval '31 minutes'")
            await eventually(lambda: _why_not(chief, ["incident.escalated"]), units=20)
            assert "Not acknowledged for 30 min" in chief.got[0][1]["data"]["text"]

            at = f"/api/conferences/{conference}/incidents/{incident['id']}"
            closed = await technician.post(f"{at}/close", {"version": incident["version"]})
            assert closed.status == 200, closed.body
            await eventually(lambda: _why_not(all_of_it, ["incident.alarm", "incident.cleared"]), units=20)
            await eventually(lambda: _why_not(chief, ["incident.escalated", "incident.cleared"]), units=20)
            await eventually(lambda: None if box.count() == 2 else f"{box.count()} mails", units=20)
        first, last = box.messages(DUTY)
        assert first["References"] == last["References"]
        assert "Người technician" in text_of(last)
        assert other.ids == []
        assert [server.unsigned for server in (all_of_it, chief)] == [0, 0]


LONE = ("d3", "d9")
"""Halls of different provinces: what ails one of them is its own."""


def _told_of(server: Receiver, code: str) -> list[str]:
    return [body["type"] for _, body in server.got if body["data"]["incident"]["cause"]["code"] == code]


def _mails_of(box: Mailbox, code: str) -> list[str]:
    """What the mails about a hall say first."""
    texts = [text_of(letter) for letter in box.messages(DUTY)]
    return [text for text in texts if f"Điểm {code[1:]}\n" in text]


def _why_not_both(box: Mailbox, server: Receiver, types: list[str]) -> str | None:
    """Both lone halls are told by mail and webhook: so much and nothing else."""
    told = {code: (_told_of(server, code), len(_mails_of(box, code))) for code in LONE}
    right = all(one == (types, len(types)) for one in told.values())
    return None if right else f"{told}, {box.count()} mails in all"


async def _own_incidents(technician: Visitor, conference: ConferenceId, state: str) -> dict[str, Any]:
    reply = await technician.get(f"/api/conferences/{conference}/incidents")
    found = [one["incident"] for one in reply.json["incidents"] if one["incident"]["state"] == state]
    assert {one["cause"]["kind"] for one in found} <= {"line"}
    return {one["cause"]["code"]: one for one in found}


async def _why_not_in_state(technician: Visitor, conference: ConferenceId, state: str) -> str | None:
    found = await _own_incidents(technician, conference, state)
    return None if found.keys() == set(LONE) else f"{state}: {sorted(found)}"


async def test_a_lone_hall_that_is_ill_or_silent_is_told_once_and_declared_over_once_over_restarts(
    database: Database, tmp_path: Path
) -> None:
    await add_country(database)
    silent_hall, ill_hall = LONE
    async with mailbox() as box, receiver() as server:
        async with _site(database, tmp_path, box) as site, _posting(database, box):
            administrator = await site.signed_in(Role.ADMINISTRATOR)
            technician = await site.signed_in(Role.TECHNICIAN)
            await _added(administrator, channel="mail", target=DUTY)
            await _hooked(administrator, server)
            conference = await booked(site)
            ill, silent = list[str](), list[str]()
            async with taking_part(site, conference, ill, silent=silent):
                began = asyncio.get_running_loop().time()
                ill.append(ill_hall)
                silent.append(silent_hall)
                tell_presence(site, conference, silent_hall, Presence.LOST)
                await eventually(lambda: _why_not_in_state(technician, conference, "open"), units=60)
                # It may be the beginning of something larger: pages show it already, people are not told yet.
                assert (box.count(), server.ids) == (0, [])
                await eventually(lambda: _why_not_both(box, server, ["incident.alarm"]), units=60)
                assert asyncio.get_running_loop().time() - began >= 12
                opened = await _own_incidents(technician, conference, "open")

        async with _site(database, tmp_path, box) as site, _posting(database, box):
            technician = await site.signed_in(Role.TECHNICIAN)
            async with taking_part(site, conference, ill, silent=silent):
                # Long enough for the new process to find both ill by itself, and to tell them if it would.
                known = asyncio.get_running_loop().time() + 16
                await eventually(partial(_why_not_later, known), units=20)
                kept = await _own_incidents(technician, conference, "open")
                assert {code: one["id"] for code, one in kept.items()} == {
                    code: one["id"] for code, one in opened.items()
                }
                ill.clear()
                silent.clear()
                tell_presence(site, conference, silent_hall, Presence.PRESENT)
                await eventually(lambda: _why_not_in_state(technician, conference, "closed"), units=90)
                assert _why_not_both(box, server, ["incident.alarm"]) is None
                await database.pool.execute("UPDATE incident SET closed_at = closed_at - interval '5 minutes'")
                over = ["incident.alarm", "incident.cleared"]
                await eventually(lambda: _why_not_both(box, server, over), units=20)

        async with (
            _site(database, tmp_path, box) as site,
            _posting(database, box),
            taking_part(site, conference, ill),
        ):
            assert await site.monitor.alarms.look() == 0
        assert _why_not_both(box, server, over) is None
        assert (box.count(), len(server.ids), server.unsigned) == (4, 4, 0)


def _why_not_later(moment: float) -> str | None:
    now = asyncio.get_running_loop().time()
    return None if now >= moment else f"{moment - now:.1f} s too early"


async def _why_not_delivered(administrator: Visitor, delivery: str, state: str, error: str = "") -> str | None:
    board = (await administrator.get("/api/alarms")).json
    [one] = [each for each in board["deliveries"] if each["id"] == delivery]
    return None if (one["state"], one["error"]) == (state, error) else f"{one['state']} {one['error']!r}"


async def test_a_test_alarm_tells_what_became_of_it(database: Database, tmp_path: Path) -> None:
    async with mailbox() as box, receiver() as server, _site(database, tmp_path, box) as site, _posting(database, box):
        administrator = await site.signed_in(Role.ADMINISTRATOR)
        hook = await _hooked(administrator, server)
        mail = (await _added(administrator, channel="mail", target=DUTY))["subscription"]
        for one in (hook, mail):
            queued = await administrator.post(f"/api/alarms/{one['id']}/test")
            assert (queued.status, queued.json["kind"]) == (200, "test")
            await eventually(partial(_why_not_delivered, administrator, queued.json["id"], "sent"), units=20)
        assert server.types() == ["test"]
        assert "Cảnh báo thử" in str(box.messages(DUTY)[0]["Subject"])

        server.statuses = [302]
        queued = await administrator.post(f"/api/alarms/{hook['id']}/test")
        await eventually(lambda: _why_not_delivered(administrator, queued.json["id"], "waiting", "http_302"), units=20)
        renewed = await administrator.post(f"/api/alarms/{hook['id']}/secret")
        server.secret = renewed.json["secret"]
        server.statuses = [410]
        gone = await administrator.post(f"/api/alarms/{hook['id']}/test")
        await eventually(lambda: _why_not_delivered(administrator, gone.json["id"], "failed", "http_410"), units=20)
        board = (await administrator.get("/api/alarms")).json
        assert [one["active"] for one in board["subscriptions"] if one["channel"] == "webhook"] == [False]
        assert server.unsigned == 0


async def test_a_receiver_that_hangs_holds_up_nobody_else(database: Database, tmp_path: Path) -> None:
    async with receiver() as hanging, receiver() as healthy, _site(database, tmp_path) as site:
        administrator = await site.signed_in(Role.ADMINISTRATOR)
        stuck, well = [await _hooked(administrator, server) for server in (hanging, healthy)]
        hanging.delay_seconds = 3_600
        first, *_ = [await administrator.post(f"/api/alarms/{stuck['id']}/test") for _ in range(POSTS_AT_ONCE + 2)]
        await eventually(lambda: None if hanging.ids else "nothing came", units=20)
        for number in (1, 2, 3):
            await administrator.post(f"/api/alarms/{well['id']}/test")
            await eventually(partial(_why_not, healthy, ["test"] * number), units=20)
        # All that while the first attempt has not even been given up.
        assert hanging.ids == [first.json["id"]]
        assert await _why_not_delivered(administrator, first.json["id"], "waiting") is None


async def test_nothing_is_posted_to_this_machine_unless_the_settings_name_it(
    database: Database, tmp_path: Path
) -> None:
    async with receiver() as server, _site(database, tmp_path, webhook_networks=[]) as site:
        administrator = await site.signed_in(Role.ADMINISTRATOR)
        refused = await administrator.post(
            "/api/alarms", {"name": "x", "channel": "webhook", "target": f"https://127.0.0.1:{server.port}/hook"}
        )
        assert refused.code == "alarm.url"
        # A name is judged by where it leads, when something is posted.
        named = await _added(administrator, channel="webhook", target=f"https://localhost:{server.port}/hook")
        queued = await administrator.post(f"/api/alarms/{named['subscription']['id']}/test")
        await eventually(
            lambda: _why_not_delivered(administrator, queued.json["id"], "waiting", "address_refused"), units=20
        )
        assert server.ids == []


async def test_a_receiver_that_is_taken_by_a_process_that_dies_gets_it_from_the_next(
    database: Database, tmp_path: Path
) -> None:
    async with receiver() as server, _site(database, tmp_path) as site:
        administrator = await site.signed_in(Role.ADMINISTRATOR)
        hook = await _hooked(administrator, server)
        server.delay_seconds = 3_600
        queued = await administrator.post(f"/api/alarms/{hook['id']}/test")
        await eventually(lambda: None if server.ids else "nothing came", units=20)
        # As if its process had died: nobody marks it, and its time is over.
        server.delay_seconds = 0
        await database.pool.execute("UPDATE alarm_delivery SET due_at = now()")
        await eventually(lambda: _why_not(server, ["test"]), units=30)
        assert set(server.ids) == {queued.json["id"]}


async def test_only_an_administrator_configures_alarms_and_every_change_can_be_undone(
    database: Database, tmp_path: Path
) -> None:
    await add_country(database)
    async with receiver() as server, _site(database, tmp_path) as site:
        technician = await site.signed_in(Role.TECHNICIAN, Role.ORGANIZER)
        assert (await technician.get("/api/alarms")).code == "role.missing"
        administrator = await site.signed_in(Role.ADMINISTRATOR)
        facts = {"name": "Trực", "channel": "webhook", "target": server.url}
        for wrong, code in (
            ({"unit": "nowhere"}, "alarm.unit"),
            ({"conference": NOBODY}, "alarm.conference"),
            ({"channel": "mail", "target": DUTY}, "alarm.no_mail"),
        ):
            assert (await administrator.post("/api/alarms", facts | wrong)).code == code
        made = (await administrator.post("/api/alarms", facts | {"unit": "p1"})).json["subscription"]
        assert made["unit_name"] == "Tỉnh p1"
        at = f"/api/alarms/{made['id']}"
        changed = await administrator.ask("PUT", at, json=facts | {"version": made["version"], "severity": "critical"})
        assert (changed.status, changed.json["secret"]) == (200, None)
        assert changed.json["subscription"]["severity"] == "critical"
        late = await administrator.ask("PUT", at, json=facts | {"version": made["version"]})
        assert late.code == "alarm.changed"
        assert (await administrator.ask("DELETE", at)).json["subscriptions"] == []
        assert (await administrator.post(f"{at}/test")).code == "alarm.unknown"
        assert len((await administrator.post(f"{at}/restore")).json["subscriptions"]) == 1
        assert (await administrator.post(f"/api/alarms/{NOBODY}/restore")).code == "alarm.unknown"


SUBSCRIPTION = (
    "INSERT INTO alarm_subscription (id, name, channel, target, secret, language, unit, conference, severity,"
    " wait_minutes, active, created_by, created_at) VALUES ('{id}', 'n', '{channel}', 't', {secret}, '{language}',"
    " NULL, {conference}, '{severity}', {wait}, true, 'lan', now())"
)
GOOD = {
    "id": NOBODY,
    "channel": "mail",
    "secret": "NULL",
    "language": "vi",
    "conference": "NULL",
    "severity": "minor",
    "wait": "NULL",
}
DELIVERY = (
    "INSERT INTO alarm_delivery (id, subscription, incident, kind, severity, about, channel, state, due_at, queued_at)"
    " VALUES (gen_random_uuid(), '{id}', {incident}, '{kind}', 'minor', '', 'mail', '{state}', now(), now())"
)
ELSEWHERE = {"incident": f"'{NOBODY}'"}
TOLD = {"id": NOBODY, "incident": "NULL", "kind": "test", "state": "sent"}
INCIDENT = (
    "INSERT INTO incident (id, kind, code, name, state, likely, severity, affected, observed, figures, opened_at)"
    f" VALUES ('{NOBODY}', 'line', 'c', 'n', 'open', 'unknown', 'minor', 1, 1, '{{}}', now());"
)
TWICE = DELIVERY.format_map(TOLD | {"incident": f"'{NOBODY}'", "kind": "alarm"})
ILLEGAL = [
    ("alarm_subscription_channel_known", SUBSCRIPTION.format_map(GOOD | {"channel": "pigeon"})),
    ("alarm_subscription_language_known", SUBSCRIPTION.format_map(GOOD | {"language": "fr"})),
    ("alarm_subscription_severity_known", SUBSCRIPTION.format_map(GOOD | {"severity": "odd"})),
    ("alarm_subscription_wait_in_range", SUBSCRIPTION.format_map(GOOD | {"wait": "0"})),
    ("alarm_subscription_webhook_has_a_secret", SUBSCRIPTION.format_map(GOOD | {"channel": "webhook"})),
    ("alarm_subscription_conference_known", SUBSCRIPTION.format_map(GOOD | {"conference": f"'{NOBODY}'"})),
    ("alarm_delivery_subscription_known", DELIVERY.format_map(TOLD)),
    (
        "alarm_delivery_incident_known",
        f"{SUBSCRIPTION.format_map(GOOD)}; {DELIVERY.format_map(TOLD | ELSEWHERE)}",
    ),
    ("alarm_delivery_kind_known", f"{SUBSCRIPTION.format_map(GOOD)}; {DELIVERY.format_map(TOLD | {'kind': 'odd'})}"),
    ("alarm_delivery_state_known", f"{SUBSCRIPTION.format_map(GOOD)}; {DELIVERY.format_map(TOLD | {'state': 'odd'})}"),
    ("alarm_delivery_once", f"{INCIDENT} {SUBSCRIPTION.format_map(GOOD)}; {TWICE}; {TWICE}"),
    ("incident_alarmed_known", f"{INCIDENT} UPDATE incident SET alarmed = 'odd'"),
    (
        "conference_grading_conference_known",
        f"INSERT INTO conference_grading VALUES ('{NOBODY}', 'teams', 'lan', now())",
    ),
    ("conference_grading_profile_known", f"INSERT INTO conference_grading VALUES ('{NOBODY}', 'odd', 'lan', now())"),
]


@pytest.mark.parametrize(("constraint", "statement"), ILLEGAL)
async def test_an_illegal_row_is_refused_by_name(database: Database, constraint: str, statement: str) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await database.pool.execute(statement)
    assert caught.value.constraint_name == constraint
