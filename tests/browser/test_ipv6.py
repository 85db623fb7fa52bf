"""A hall whose network is IPv6 alone: its page sends and sees pictures over it."""

from __future__ import annotations

from pathlib import Path

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, point_participant
from signaling.client import SignalingClient
from tests.support.chromium import chromium, draw_camera, visitor
from tests.support.halls import enter
from tests.support.installation import installed
from tests.support.pages import why_no_moving_picture
from tests.support.polling import eventually
from tests.support.watching import kit, seat_of

_WAY = """(async () => {
  const report = await window.__kit.peers.at(-1).getStats();
  const transport = [...report.values()].find((entry) => entry.type === "transport");
  const pair = report.get(transport.selectedCandidatePairId);
  return [report.get(pair.localCandidateId).address, report.get(pair.remoteCandidateId).address]; })()"""
"""The addresses of the pair that carries the media."""


async def test_pages_send_and_see_pictures_over_ipv6(database: Database, tmp_path: Path) -> None:
    async with (
        chromium(draw_camera(tmp_path / "hall.y4m")) as browser,
        installed(database.url, tmp_path, DIEMCAU_MEDIA_HOST="::1") as installation,
        visitor(browser) as hall,
        visitor(browser) as watcher,
    ):
        conference = await installation.book_now()
        tokens = await installation.link_tokens(conference.id)
        for point, page in (("p1", hall), ("p2", watcher)):
            seat = seat_of(page)
            await enter(seat, installation, tokens[point], kit())
            local, remote = await seat.run(_WAY)
            assert remote == "::1", (local, remote)
        token = await installation.token(conference.id, Role.CHAIR)
        async with SignalingClient(installation.signaling_url, token) as chair:
            await chair.command(GrantFloor(participant=point_participant("p1")))
            bars: set[int] = set()
            await eventually(lambda: why_no_moving_picture(watcher, bars), units=30)
