"""A line goes bad for real, and a technician deals with it on one page: from the suggestion to the closed incident."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, SlotName, point_participant
from diemcau.demo.halls import VirtualHall
from signaling.client import SignalingClient
from tests.support.chromium import chromium, visitor
from tests.support.halls import LedClient, headless_halls
from tests.support.installation import Installation, installed
from tests.support.line import Faults, Line
from tests.support.pages import sign_in
from tests.support.polling import UNIT, eventually

SPEAKER = point_participant("p2")
PATIENCE_MS = 30_000 * UNIT


@dataclass
class Scene:
    """Three halls that see and hear p2; p1 is behind `line`, and a technician's page is open."""

    page: Page
    line: Line
    halls: dict[str, VirtualHall]

    def packets(self, point: str, slot: SlotName) -> int:
        """What that hall has received in a slot on its present connection."""
        found = self.halls[point].figures().slots.get(slot)
        return found.packets if found else 0

    def why_not_more(self, point: str, slot: SlotName, than: int) -> str | None:
        now = self.packets(point, slot)
        return None if now > than else f"{point} has {now} packets of {slot}"

    async def shows(self, testid: str, text: str) -> None:
        """Waits until the page says it there."""
        await self.page.get_by_test_id(testid).get_by_text(text).wait_for(timeout=PATIENCE_MS)


@asynccontextmanager
async def scene(installation: Installation) -> AsyncIterator[Scene]:
    conference = await installation.book_now()
    tokens = await installation.link_tokens(conference.id)
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(Line(installation.settings.media_port, seed=7))
        halls = await stack.enter_async_context(headless_halls(installation, tokens, tokens, {"p1": line}))
        token = await installation.token(conference.id, Role.CHAIR)
        chair = await stack.enter_async_context(SignalingClient(installation.signaling_url, token))
        await chair.command(GrantFloor(participant=SPEAKER))
        browser = await stack.enter_async_context(chromium())
        page = await stack.enter_async_context(visitor(browser))
        await sign_in(page, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
        made = Scene(page, line, halls)
        await page.get_by_test_id("incidents").wait_for()
        for slot in (SlotName.STAGE, SlotName.AUDIO1):
            await eventually(lambda slot=slot: made.why_not_more("p1", slot, 50), units=20)  # type: ignore[misc]
        yield made


async def _only_sound_comes(scene: Scene) -> None:
    """To p1, while the others see on."""

    async def settled() -> str | None:
        pictures, others = scene.packets("p1", SlotName.STAGE), scene.packets("p3", SlotName.STAGE)
        sound = scene.packets("p1", SlotName.AUDIO1)
        await eventually(lambda: scene.why_not_more("p3", SlotName.STAGE, others + 40), units=20)
        assert scene.packets("p1", SlotName.AUDIO1) > sound
        more = scene.packets("p1", SlotName.STAGE) - pictures
        return f"{more} packets of pictures came" if more else None

    await eventually(settled, units=20)


@pytest.mark.timeout(300)
async def test_a_technician_sees_what_to_do_does_it_takes_it_back_and_closes_the_incident(
    database: Database, tmp_path: Path
) -> None:
    async with installed(database.url, tmp_path) as installation, scene(installation) as now:
        page, line = now.page, now.line
        line.down.faults = Faults(loss=0.3)
        suggested = page.get_by_test_id("incident-suggested")
        await suggested.wait_for(timeout=PATIENCE_MS)
        incident = page.get_by_test_id("incident")
        # The one line that is ill, and nobody else's.
        assert await incident.count() == 1
        assert await incident.get_attribute("data-cause") == "path_loss"
        assert "Phường 1" in await incident.inner_text()
        assert await suggested.get_attribute("data-action") == "lower_layer"

        await page.get_by_test_id("act-lower_layer").click()
        await now.shows("incident-limited", "Đang giảm hình")
        await page.get_by_test_id("act-sound_only").click()
        await now.shows("incident-limited", "Đang chỉ truyền tiếng")
        await page.get_by_text("1 điểm cầu chỉ còn truyền tiếng.").wait_for()
        await _only_sound_comes(now)

        before = now.packets("p1", SlotName.STAGE)
        await page.get_by_role("button", name="Hoàn tác").last.click()
        await now.shows("incident-limited", "Đang giảm hình")
        await eventually(lambda: now.why_not_more("p1", SlotName.STAGE, before + 20), units=20)

        client = now.halls["p1"].client
        assert isinstance(client, LedClient)
        offers = client.offers
        await page.get_by_test_id("act-reconnect").click()
        await eventually(lambda: None if client.offers > offers else "p1 has not connected anew", units=20)
        await eventually(lambda: None if now.halls["p1"].connected else "p1 is not connected", units=20)

        # As when the monitor judges anew while somebody's finger is on its way: that is no reason to refuse.
        await database.pool.execute("UPDATE incident SET version = version + 1")
        await page.get_by_test_id("incident-acknowledge").click()
        await page.get_by_test_id("incident-acknowledge").wait_for(state="detached")
        await page.get_by_test_id("incident-own").click()
        await incident.get_by_text("Người xử lý: Người technician").wait_for()
        await page.get_by_test_id("incident-note").click()
        await page.get_by_test_id("note-text").fill("Đã gọi nhà mạng")
        await page.get_by_test_id("note-save").click()
        await now.shows("incident-history", "Ghi chú: Đã gọi nhà mạng")
        await page.get_by_test_id("incident-close").click()
        await incident.wait_for(state="detached")

        await page.get_by_test_id("incidents-closed").click()
        over = page.get_by_test_id("closed-incident")
        await over.get_by_text("Người technician đóng").wait_for()
        await over.get_by_role("button").click()
        told = await page.get_by_test_id("incident-history").inner_text()
        done = (
            "Mở sự cố",
            "Giảm hình",
            "Chỉ truyền tiếng",
            "Cho kết nối lại",
            "Đã ghi nhận",
            "Nhận xử lý",
            "Đóng sự cố",
        )
        assert [text for text in done if text not in told] == []
