"""A hall's line turns bad: the technician is told, and does by one click what the incident suggests."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import Page

from core.database import Database
from core.model import Role
from tests.browser.test_linetest import LEAD
from tests.support.chromium import chromium, visitor
from tests.support.installation import Installation, installed
from tests.support.line import HOST, Faults, Line
from tests.support.pages import enter_by_link, sign_in
from tests.support.polling import UNIT, eventually

BAD = Faults(loss=0.2)
PHONE = "+84 28 3829 1234"


async def _why_media_not(page: Page, state: str) -> str | None:
    now = await page.get_by_test_id("connection").get_attribute("data-media")
    return None if now == state else f"media is {now}"


async def _acted(database: Database) -> list[str]:
    rows = await database.pool.fetch("SELECT text FROM incident_event WHERE kind = 'acted' ORDER BY number")
    return [row["text"] for row in rows]


async def _why_not_acted(database: Database, wanted: list[str]) -> str | None:
    acted = await _acted(database)
    return None if acted == wanted else f"{acted} was done"


async def test_what_an_incident_suggests_is_done_by_one_click(database: Database, tmp_path: Path) -> None:
    async with (
        installed(database.url, tmp_path) as installation,
        Line(installation.settings.media_port, seed=1) as line,
        chromium() as browser,
        visitor(browser) as hall,
        visitor(browser) as technician,
    ):
        await database.pool.execute(
            "INSERT INTO point_operator (point, place, name, phone) SELECT number, 1, 'Lan', $1 FROM bridge_point"
            " WHERE code = 'p1'",
            PHONE,
        )
        await _enter_behind(hall, installation, line)
        line.up.faults = line.down.faults = BAD
        await sign_in(technician, installation, Role.TECHNICIAN, f"/technician/{(await _conference(database))}")
        for action, limited in (("lower_layer", "limited"), ("sound_only", "limited")):
            await technician.get_by_test_id(f"act-{action}").click(timeout=60_000 * UNIT)
            await hall.get_by_test_id(limited).wait_for()
        await technician.get_by_test_id("act-full_picture").click()
        await hall.get_by_test_id("limited").wait_for(state="detached")

        await technician.get_by_test_id("act-reconnect").click()
        await eventually(lambda: _why_not_acted(database, ["lower_layer", "sound_only", "full_picture", "reconnect"]))
        await eventually(lambda: _why_media_not(hall, "connected"), units=20)

        await technician.get_by_test_id("act-call_operator").click()
        call = technician.get_by_test_id("call-p1")
        await call.wait_for()
        assert await call.get_attribute("href") == "tel:+842838291234"
        # A browser without a telephone does not follow it.
        await call.evaluate("link => link.addEventListener('click', event => event.preventDefault())")
        await call.click()
        await eventually(
            lambda: _why_not_acted(
                database, ["lower_layer", "sound_only", "full_picture", "reconnect", "call_operator"]
            )
        )


async def _enter_behind(hall: Page, installation: Installation, line: Line) -> None:
    conference = await installation.book_now()
    await hall.add_init_script(LEAD % json.dumps({"host": HOST, "port": line.port}))
    await enter_by_link(hall, installation, conference, "p1")
    await eventually(lambda: _why_media_not(hall, "connected"), units=20)


async def _conference(database: Database) -> str:
    return str(await database.pool.fetchval("SELECT id FROM conference"))
