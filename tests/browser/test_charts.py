"""A point's live charts: what its line did, drawn and in words, with its incidents behind the lines."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Page

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, point_participant
from signaling.client import SignalingClient
from tests.support.chromium import chromium, visitor
from tests.support.halls import headless_halls
from tests.support.installation import installed
from tests.support.line import Faults, Line
from tests.support.pages import sign_in
from tests.support.polling import UNIT, eventually

PATIENCE_MS = 30_000 * UNIT
_BAND = """(canvas) => {
  const probe = document.createElement("canvas").getContext("2d");
  const style = getComputedStyle(document.documentElement);
  const tones = ["--poor-soft", "--fair-soft"].map((name) => {
    probe.fillStyle = style.getPropertyValue(name).trim();
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  });
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4)
    found += tones.some((tone) => tone.every((part, n) => Math.abs(part - data[at + n]) < 3));
  return found;
}"""
"""How many pixels of a chart have an incident's colour."""


async def _why_no_figures(page: Page) -> str | None:
    """Until the table holds what a hall with the floor sends, about 400 kbit/s."""
    rows = await page.locator("[data-testid=point-detail] figure").first.locator("tbody tr").all_inner_texts()
    sent = [int(re.split(r"\s+", row.strip())[1].replace(".", "").partition(",")[0]) for row in rows if "–" not in row]
    return None if sent and max(sent) > 150 else f"{rows[:3]}"


@pytest.mark.timeout(300)
async def test_live_charts_show_what_a_hall_sends_in_words_too_and_its_incident(
    database: Database, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        installation = await stack.enter_async_context(installed(database.url, tmp_path))
        conference = await installation.book_now()
        tokens = await installation.link_tokens(conference.id)
        line = await stack.enter_async_context(Line(installation.settings.media_port, seed=3))
        await stack.enter_async_context(headless_halls(installation, tokens, ["p1", "p2"], {"p1": line}))
        token = await installation.token(conference.id, Role.CHAIR)
        chair = await stack.enter_async_context(SignalingClient(installation.signaling_url, token))
        await chair.command(GrantFloor(participant=point_participant("p1")))
        browser = await stack.enter_async_context(chromium())
        page = await stack.enter_async_context(visitor(browser))
        await sign_in(page, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
        await page.get_by_test_id("tab-list").click()
        await page.get_by_test_id("link-point:p1").click()
        await page.get_by_test_id("chart-figures-rates").click(timeout=PATIENCE_MS)
        await eventually(lambda: _why_no_figures(page), units=40)
        said = await page.get_by_test_id("chart-rates").get_attribute("aria-label")
        assert said is not None
        assert re.search(r"Lên \(kbps\): thấp nhất \S+, cao nhất [1-9]\S*, mới nhất", said), said

        canvas = page.get_by_test_id("chart-quality").locator("canvas")
        assert await canvas.evaluate(_BAND) == 0
        line.up.faults = Faults(loss=0.3)
        await page.get_by_test_id("incident").first.wait_for(timeout=PATIENCE_MS)

        async def why_no_band() -> str | None:
            pixels = await canvas.evaluate(_BAND)
            return None if pixels > 200 else f"{pixels} pixels of an incident's colour"

        await eventually(why_no_band, units=40)
