"""An operator tests the hall's line: what the page says of a line with a known width, and where it is kept."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import Page

from core.database import Database
from core.model import Role
from tests.support.chromium import chromium, visitor
from tests.support.installation import installed
from tests.support.line import HOST, Faults, Line
from tests.support.pages import sign_in
from tests.support.polling import UNIT, eventually

_LEAD = """(({host, port}) => {
  const prototype = RTCPeerConnection.prototype;
  const accept = prototype.setRemoteDescription;
  prototype.setRemoteDescription = function ({type, sdp}) {
    const lead = (_, head, tail) => `${head} ${host} ${port} ${tail}`;
    const candidate = /^(a=candidate:\\S+ \\d+ udp \\d+) \\S+ \\d+ (typ host.*)$/gm;
    return accept.call(this, {type, sdp: sdp.replace(candidate, lead)});
  };
})(%s);"""

UP_KBPS, DOWN_KBPS = 800, 1_500


async def run_test(page: Page) -> None:
    await page.get_by_test_id("play").click()
    await page.get_by_test_id("heard").click()
    await page.get_by_test_id("begin-test").click()
    await page.get_by_test_id("line-verdict").wait_for(timeout=60_000 * UNIT)


async def test_a_narrow_line_is_measured_named_kept_and_told_while_booking(database: Database, tmp_path: Path) -> None:
    async with (
        installed(database.url, tmp_path) as installation,
        Line(installation.settings.media_port, seed=1) as line,
        chromium() as browser,
        visitor(browser) as hall,
        visitor(browser) as organizer,
    ):
        conference = await installation.book_now()
        line.up.faults, line.down.faults = Faults(kbps=UP_KBPS), Faults(kbps=DOWN_KBPS)
        await hall.add_init_script(_LEAD % json.dumps({"host": HOST, "port": line.port}))
        tokens = await installation.link_tokens(conference.id)
        await hall.goto(f"{installation.base_url}/j/{tokens['p1']}")
        await hall.get_by_test_id("to-line-test").click()
        await run_test(hall)

        kept = await database.pool.fetchrow("SELECT by, grade, carries, kbps_up, kbps_down, result FROM line_test")
        assert kept is not None
        assert (kept["by"], kept["grade"], kept["carries"]) == ("point:p1", "fair", "light")
        # Never more than the line carries; a busy machine does not always fill it.
        assert 0.6 * UP_KBPS < kept["kbps_up"] < 1.1 * UP_KBPS, kept["result"]
        assert 0.6 * DOWN_KBPS < kept["kbps_down"] < 1.1 * DOWN_KBPS, kept["result"]
        assert kept["result"]["node"]["up_filled"]
        assert kept["result"]["node"]["down_filled"]
        assert await hall.get_by_test_id("line-verdict").get_attribute("data-carries") == "light"
        assert await hall.get_by_test_id("finding-thin_up").count() == 1

        await sign_in(organizer, installation, Role.ORGANIZER, "/organizer/new")
        await organizer.get_by_role("checkbox").first.check()
        await organizer.get_by_test_id("lines-thin").click()
        assert "Phường 1" in await organizer.get_by_test_id("tested-lines").inner_text()


async def test_a_wide_line_is_good_and_somebody_signed_in_can_test_it_too(database: Database, tmp_path: Path) -> None:
    async with (
        installed(database.url, tmp_path) as installation,
        chromium() as browser,
        visitor(browser) as technician,
    ):
        await sign_in(technician, installation, Role.TECHNICIAN, "/point/p2/test")
        await run_test(technician)
        verdict = technician.get_by_test_id("line-verdict")
        kept = await database.pool.fetchrow("SELECT carries, kbps_down, result FROM line_test")
        assert kept is not None
        assert kept["kbps_down"] > 4_000, kept["result"]
        assert await verdict.get_attribute("data-carries") in ("full", "standard"), kept["result"]


async def test_a_line_that_lets_nothing_through_says_so(database: Database, tmp_path: Path) -> None:
    async with (
        installed(database.url, tmp_path) as installation,
        Line(installation.settings.media_port, seed=2, up=Faults(loss=1.0)) as line,
        chromium() as browser,
        visitor(browser) as hall,
    ):
        conference = await installation.book_now()
        await hall.add_init_script(_LEAD % json.dumps({"host": HOST, "port": line.port}))
        tokens = await installation.link_tokens(conference.id)
        await hall.goto(f"{installation.base_url}/t/{tokens['p1']}")
        await run_test(hall)
        assert await hall.get_by_test_id("finding-no_media").count() == 1
        await eventually(
            lambda: _why_not_kept(database),
        )


async def _why_not_kept(database: Database) -> str | None:
    found = await database.pool.fetchval("SELECT grade FROM line_test")
    return None if found == "poor" else f"kept: {found}"
