"""While a conference is recorded, every hall's page says so; only then."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bridge.recording.sidecar import folder_of, read_sidecars
from core.database import Database
from core.model import Role, point_participant
from tests.support.chromium import chromium, draw_camera, visitor
from tests.support.firefox import firefox
from tests.support.halls import enter
from tests.support.installation import installed
from tests.support.pages import sign_in
from tests.support.polling import eventually
from tests.support.watching import Seat, kit, seat_of

FLAG = """(() => { const e = document.querySelector("[data-testid=recording]");
  return e && e.checkVisibility() && e.getBoundingClientRect().height > 0 ? e.innerText.trim() : ""; })()"""
WORDS = "ĐANG GHI HÌNH"


async def flagged(seats: list[Seat], *, recorded: bool) -> None:
    async def why_not() -> str | None:
        said = [await seat.run(FLAG) for seat in seats]
        return None if all((WORDS in words) is recorded for words in said) else f"the pages say {said}"

    await eventually(why_not)


@pytest.mark.timeout(180)
async def test_every_hall_sees_that_it_is_recorded_and_when_it_is_not_any_more(
    database: Database, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        # Firefox reaches a node on its own machine only at an address that is not loopback.
        installation = await stack.enter_async_context(installed(database.url, tmp_path, DIEMCAU_MEDIA_HOST="0.0.0.0"))
        browser = await stack.enter_async_context(chromium(draw_camera(tmp_path / "hall.y4m")))
        fox = await stack.enter_async_context(firefox())
        conference = await installation.book_now()
        tokens = await installation.link_tokens(conference.id)
        chair = await stack.enter_async_context(visitor(browser))
        early = seat_of(await stack.enter_async_context(visitor(browser)))
        late = seat_of(await fox.tab())
        await sign_in(chair, installation, Role.CHAIR, f"/chair/{conference.id}")
        await chair.get_by_test_id("join").click()
        await enter(early, installation, tokens["p1"], kit())
        await chair.get_by_test_id(f"grant-{point_participant('p1')}").first.click()
        await flagged([early], recorded=False)

        await chair.get_by_test_id("record").click()
        await flagged([early, seat_of(chair)], recorded=True)
        await enter(late, installation, tokens["p2"], kit())
        await flagged([early, late], recorded=True)
        folder = folder_of(tmp_path, conference.id)

        def why_no_file() -> str | None:
            sizes = [each.size for each in read_sidecars(folder)]
            return None if any(size > 20_000 for size in sizes) else f"files of {sizes} bytes"

        await eventually(why_no_file, units=20)

        await chair.get_by_test_id("record").click()
        await flagged([early, late, seat_of(chair)], recorded=False)
        await eventually(lambda: None if all(r.ended_at for r in read_sidecars(folder)) else "not finished")
