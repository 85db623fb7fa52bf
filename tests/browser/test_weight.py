"""How much a browser that was never here fetches to show a page: everything but the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.database import Database
from tests.support.organizer import organizer

MOST = 150_000
_FETCHED = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .filter(({name}) => !new URL(name).pathname.startsWith("/api/"))
  .reduce((sum, {transferSize}) => sum + transferSize, 0)"""


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/sign-in", "sign-in"),
        ("/organizer", "new-conference"),
        ("/organizer/calendar", "calendar"),
        ("/organizer/new", "select-all"),
        ("/organizer/directory", "directory"),
    ],
)
async def test_a_page_is_light_for_a_slow_line(database: Database, tmp_path: Path, path: str, seen: str) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.open(path)
        await desk.at(seen).wait_for()
        await desk.page.evaluate("document.fonts.ready")
        fetched = await desk.page.evaluate(_FETCHED)
        assert 20_000 < fetched < MOST, f"{path} fetches {fetched} bytes"
