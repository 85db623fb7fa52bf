"""What a browser and the server agree on for sound, by the browser's own account."""

from __future__ import annotations

from pathlib import Path

from core.database import Database
from tests.support.chromium import chromium, draw_camera, visitor
from tests.support.installation import installed
from tests.support.pages import enter_by_link
from tests.support.polling import eventually

_KEEP = """{ const Real = RTCPeerConnection; window.__connections = [];
  window.RTCPeerConnection = class extends Real {
    constructor(options) { super(options); window.__connections.push(this); } }; }"""
_SOUND = """() => { const pc = window.__connections.at(-1);
  const lines = (description) => (description?.sdp ?? "").split(/^(?=m=)/m).filter((s) => s.startsWith("m=audio"))
    .map((s) => { const type = /a=rtpmap:(\\d+) opus/.exec(s)?.[1];
      return new RegExp(`a=fmtp:${type} (.*)`).exec(s)?.[1]?.trim() ?? ""; });
  return [lines(pc.localDescription), lines(pc.remoteDescription)]; }"""


async def test_both_sides_ask_for_opus_with_fec_and_dtx(database: Database, tmp_path: Path) -> None:
    async with (
        chromium(draw_camera(tmp_path / "hall.y4m")) as browser,
        installed(database.url, tmp_path) as installation,
        visitor(browser) as hall,
    ):
        conference = await installation.book_now()
        await hall.add_init_script(_KEEP)
        await enter_by_link(hall, installation, conference, "p1")
        await hall.locator("[data-media=connected]").wait_for()

        async def why_not() -> str | None:
            offered, answered = await hall.evaluate(_SOUND)
            complete = len(offered) == len(answered) >= 2
            asked = all({"useinbandfec=1", "usedtx=1"} <= set(each.split(";")) for each in [*offered, *answered])
            return None if complete and asked else f"offered {offered}, answered {answered}"

        await eventually(why_not)
