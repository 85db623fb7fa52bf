"""Before entering: the lobby says which conference and seat a link is for, and at once when a link is no good."""

from __future__ import annotations

from pathlib import Path

from core.database import Database
from tests.support.organizer import next_week, organizer
from tests.support.polling import eventually


async def test_the_lobby_names_the_conference_the_hall_and_when_the_doors_open(
    database: Database, tmp_path: Path
) -> None:
    async with organizer(database, tmp_path) as desk:
        start = next_week(9)
        id = await desk.book("Họp giao ban", start, "d1")
        link = (await desk.made(f"/api/conferences/{id}/links", method="GET"))[0]
        await desk.open("/j/" + link["url"].rsplit("/", 1)[1])
        told = await desk.at("lobby-conference").inner_text()
        assert "Điểm 1 · Họp giao ban" in told
        assert start.strftime("09:00–11:00, %d/%m/%Y") in told
        assert "phòng mở lúc 08:30" in told

        async def why_not_named() -> str | None:
            title = await desk.page.title()
            return None if title == "Họp giao ban · Điểm cầu" else title

        await eventually(why_not_named)


async def test_a_link_that_was_cut_off_is_said_before_the_devices_are_tried(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.open("/j/cut.off")
        await desk.page.get_by_text("join.invalid").wait_for()
        assert await desk.at("lobby-conference").count() == 0
        await desk.open("/organizer/directory")
        assert "Danh bạ điểm cầu" in await desk.page.title()
