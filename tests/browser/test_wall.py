"""The technician's wall: every point at once, the worst first, by hand and by keyboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page

from core.database import Database
from core.messages import PRESENCE, PresenceChanged
from core.model import ConferenceId, Participant, PointCode, Presence, Role, point_participant
from monitor.incidents.model import (
    INCIDENTS,
    Assessment,
    Cause,
    CauseKind,
    Incident,
    IncidentBoard,
    IncidentId,
    IncidentSeverity,
    IncidentState,
    IncidentView,
    Likely,
)
from tests.support.chromium import chromium, visitor
from tests.support.installation import Installation, installed
from tests.support.pages import enter_by_link, sign_in
from tests.support.polling import eventually
from tests.support.website import PASSWORD, Website, running_website, times_of

HALL = point_participant("p1")


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(database.url, tmp_path) as installation:
        yield installation


async def _why_not_first(page: Page, participant: str) -> str | None:
    first = await page.get_by_test_id("mosaic").get_attribute("data-first")
    return None if first == participant else f"first on the wall is {first}"


async def test_a_technician_walks_the_wall_by_keys_and_reads_what_happened_to_a_point(
    installation: Installation,
) -> None:
    conference = await installation.book_now()
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(chromium())
        hall = await stack.enter_async_context(visitor(browser))
        technician = await stack.enter_async_context(visitor(browser))
        await enter_by_link(hall, installation, conference, "p1")
        await sign_in(technician, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
        # Those who are in stand before those who are not.
        await eventually(lambda: _why_not_first(technician, HALL), units=20)

        await technician.get_by_test_id("mosaic").focus()
        await technician.keyboard.press("Enter")
        detail = technician.get_by_test_id("point-detail")
        await detail.wait_for()
        await detail.get_by_test_id("point-story").get_by_text("vào họp").wait_for()
        await detail.get_by_test_id("comparison").wait_for()

        await technician.get_by_test_id("tab-list").click()
        await technician.get_by_test_id(f"link-{HALL}").wait_for()


async def test_a_technician_looks_through_a_points_month_and_one_of_its_days(
    database: Database, installation: Installation
) -> None:
    conference = await installation.book_now()
    await database.pool.execute(
        "INSERT INTO line_minute (conference, participant, minute, samples, good, fair, poor, kbps_up, kbps_down,"
        " loss_down, rtt_ms, reports)"
        " SELECT $1::text::uuid, $2, date_trunc('month', now(), 'Asia/Ho_Chi_Minh') + day * interval '1 day'"
        " + n * interval '1 min', 30, 30 - 20 * day, 0, 20 * day, 40, 900, 0.1 * day, 20, 0"
        " FROM generate_series(0, 1) day, generate_series(480, 600) n",
        conference.id,
        HALL,
    )
    async with chromium() as browser, visitor(browser) as technician:
        await sign_in(technician, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
        await technician.get_by_test_id("tab-list").click()
        await technician.get_by_test_id(f"link-{HALL}").click()
        await technician.get_by_test_id("range-month").click()
        record = technician.get_by_test_id("line-record")
        days = record.get_by_test_id("record-days")
        await days.locator('[data-grade="good"]').wait_for()
        assert await days.locator('[data-grade="poor"]').count() == 1
        await record.locator("canvas").first.wait_for()
        await days.locator('[data-grade="poor"]').click()
        await record.get_by_test_id("record-whole").wait_for()
        await record.locator("canvas").first.wait_for()
        await record.get_by_test_id("record-whole").click()
        await record.get_by_test_id("record-conferences").get_by_text(conference.title).wait_for()


def _incident(n: int, at: datetime) -> IncidentView:
    lossy = Assessment(likely=Likely.PATH_LOSS, severity=IncidentSeverity.MAJOR, affected=1, observed=1)
    incident = Incident(
        id=IncidentId(f"i{n}"),
        version=1,
        cause=Cause(kind=CauseKind.LINE, code=f"d{n}"),
        cause_name=f"Điểm {n}",
        state=IncidentState.OPEN,
        assessment=lossy,
        opened_at=at,
    )
    return IncidentView(incident=incident, members=(PointCode(f"d{n}"),), actions=())


async def _booked(site: Website) -> ConferenceId:
    organizer = await site.signed_in(Role.ORGANIZER)
    times = times_of(site.clock.now() + timedelta(minutes=1))
    reply = await organizer.post("/api/conferences", {"title": "Hội nghị toàn tỉnh", "times": times, "units": ["p"]})
    return ConferenceId(reply.json["id"])


async def _why_not_all_there(page: Page) -> str | None:
    absent = await page.get_by_test_id("filter-absent").inner_text()
    unknown = await page.get_by_test_id("filter-unknown").inner_text()
    return None if (absent.split()[-1], unknown.split()[-1]) == ("0", "250") else f"{absent}, {unknown}"


async def test_a_technician_sees_many_halls_at_once_and_reads_on_to_the_last_of_many_incidents(
    database: Database, tmp_path: Path
) -> None:
    async with (
        running_website(database, tmp_path, pages=Path("web/static")) as site,
        chromium() as browser,
        visitor(browser) as page,
    ):
        await site.add_points(250)
        conference = await _booked(site)
        at = site.clock.now()
        for n in range(1, 251):
            hall = Participant(id=point_participant(f"d{n}"), role=Role.OPERATOR, name=f"Điểm {n}", point=f"d{n}")
            news = PresenceChanged(conference=conference, participant=hall, presence=Presence.PRESENT, at=at)
            site.bus.publish(PRESENCE, news)
        await site.signed_in(Role.TECHNICIAN, username="technician")
        await page.goto(f"{site.base}/technician/{conference}")
        await page.get_by_test_id("username").fill("technician")
        await page.get_by_test_id("password").fill(PASSWORD)
        await page.get_by_test_id("sign-in").click()
        await eventually(lambda: _why_not_all_there(page), units=20)

        views = tuple(_incident(n, at) for n in range(60))
        site.bus.publish(INCIDENTS, IncidentBoard(conference=conference, at=at, incidents=views))
        incidents = page.get_by_test_id("incident")
        await incidents.first.wait_for()
        assert await incidents.count() < 60
        more = page.get_by_test_id("incidents-more")
        while await more.count():
            await incidents.last.get_by_test_id("incident-read").focus()
            await more.or_(page.get_by_text("Điểm 59")).first.wait_for()
        assert await incidents.count() == 60
