"""A hall's page reports how it fares, and the technician's page shows it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, point_participant
from signaling.client import SignalingClient
from tests.support.chromium import chromium, draw_camera, visitor
from tests.support.installation import installed
from tests.support.pages import enter_by_link, sign_in
from tests.support.polling import eventually

HALL = point_participant("p1")


async def test_the_technician_sees_what_a_hall_decodes_its_devices_and_its_way(
    database: Database, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        installation = await stack.enter_async_context(installed(database.url, tmp_path))
        conference = await installation.book_now()
        token = await installation.token(conference.id, Role.CHAIR)
        speaking = await stack.enter_async_context(chromium(draw_camera(tmp_path / "hall.y4m")))
        browser = await stack.enter_async_context(chromium())
        speaker = await stack.enter_async_context(visitor(speaking))
        hall = await stack.enter_async_context(visitor(browser))
        technician = await stack.enter_async_context(visitor(browser))
        await enter_by_link(speaker, installation, conference, "p2")
        await enter_by_link(hall, installation, conference, "p1")
        await speaker.locator("[data-media=connected]").wait_for()
        await hall.locator("[data-media=connected]").wait_for()
        chair = await stack.enter_async_context(SignalingClient(installation.signaling_url, token))
        await chair.command(GrantFloor(participant=point_participant("p2")))
        await sign_in(technician, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
        await technician.get_by_test_id("tab-list").click()
        await technician.get_by_test_id(f"link-{HALL}").click()
        panel = technician.get_by_test_id("endpoint")

        async def why_not_complete() -> str | None:
            text = await panel.inner_text()
            wanted = ("hình/giây", "trực tiếp", "Lệch đồng hồ", "trước", "hoạt động")
            missing = [word for word in wanted if word not in text]
            return f"without {missing}: {text!r}" if missing else None

        await eventually(why_not_complete, units=30)
        picture = await panel.get_by_test_id("endpoint-picture").inner_text()
        assert float(picture.split()[0]) > 0
        assert "×" in picture
        await technician.screenshot(path=tmp_path / "technician.png", full_page=True)
