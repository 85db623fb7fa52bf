"""A screen shared from one browser and read in the other: only with the chair's word, in a slot of its own, sharp."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.commands import DenyContent, GrantContent, GrantFloor, RevokeContent
from core.database import Database
from core.model import Role, point_participant
from signaling.client import SignalingClient
from tests.support.halls import BOTH_WAYS, enter, pages
from tests.support.installation import Installation, installed
from tests.support.pages import shows_camera
from tests.support.polling import eventually
from tests.support.watching import CONTENT, Seat, canvas_camera, kit, look, picture, sent

HALL = point_participant("p1")
SHOWN = "[data-testid=content-video]"
WIDTH, HEIGHT = 1280, 720
CONTRAST = 100
"""Between strokes that are black and white, of 255; half as many pixels would leave an even grey."""
_STROKES = """(video) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 200, height: 20 });
  const context = canvas.getContext("2d");
  context.drawImage(video, 400, 90, 200, 20, 0, 0, 200, 20);
  const pixels = context.getImageData(0, 10, 200, 1).data;
  const differences = Array.from({ length: 198 }, (_, x) => Math.abs(pixels[x * 4] - pixels[(x + 2) * 4]));
  return [video.videoWidth, video.videoHeight,
          differences.reduce((sum, each) => sum + each, 0) / differences.length];
}"""
"""Size, and how much columns two apart differ where the screen has strokes two pixels wide."""
_SENDER = """(() => {
  const { sender } = window.__kit.peers.at(-1).getTransceivers().find(({ mid }) => mid === "2");
  const all = sender.getParameters().encodings.filter(({ active }) => active);
  return { hint: sender.track?.contentHint ?? "",
           layers: all.map(({ rid, maxFramerate, maxBitrate }) => [rid, maxFramerate, maxBitrate]) };
})()"""


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    """Firefox reaches a node on its own machine only at an address that is not loopback; packets still stay inside."""
    async with installed(database.url, tmp_path, DIEMCAU_MEDIA_HOST="0.0.0.0") as installation:
        yield installation


def screen() -> str:
    return f"({(Path(__file__).parents[1] / 'support' / 'canvas_screen.js').read_text()})()"


async def state(seat: Seat) -> str | None:
    """What the hall's page says of its sharing; None: nothing, and it may ask."""
    found: str | None = await seat.run("document.querySelector('[data-testid=content-state]')?.dataset.state ?? null")
    return found


async def told(seat: Seat, wanted: str | None) -> None:
    async def why_not() -> str | None:
        now = await state(seat)
        return None if now == wanted else f"the page says {now}"

    await eventually(why_not)


async def strokes_of(seat: Seat) -> tuple[int, int, float]:
    """What `_STROKES` tells; zeros while the page shows no screen."""
    shown = f"(() => {{ const e = document.querySelector('{SHOWN}'); return e && ({_STROKES})(e); }})()"
    width, height, contrast = await seat.run(shown) or (0, 0, 0.0)
    return width, height, contrast


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("shares", "watches"), BOTH_WAYS)
async def test_a_screen_from_one_browser_is_read_in_the_other_when_the_chair_lets_it(
    installation: Installation, shares: str, watches: str
) -> None:
    conference = await installation.book_now()
    tokens = await installation.link_tokens(conference.id)
    chair_token = await installation.token(conference.id, Role.CHAIR)
    async with pages() as seats, SignalingClient(installation.signaling_url, chair_token) as chair:
        hall, watcher = seats[shares], seats[watches]
        await enter(hall, installation, tokens["p1"], kit(), canvas_camera(), screen())
        await enter(watcher, installation, tokens["p2"], kit())

        # The chair says no: nothing of the screen has left the computer, and it is not captured any more.
        await hall.click("share-screen")
        await told(hall, "waiting")
        await chair.command(DenyContent(participant=HALL))
        await told(hall, None)
        assert (await sent(hall, CONTENT)).packets == 0
        assert await hall.run("window.__screens.map((track) => track.readyState)") == ["ended"]

        await hall.click("share-screen")
        await told(hall, "waiting")
        assert (await sent(hall, CONTENT)).packets == 0
        assert (await strokes_of(watcher))[0] == 0
        await chair.command(GrantContent(participant=HALL))
        await told(hall, "mine")

        async def why_not_read() -> str | None:
            width, height, contrast = await strokes_of(watcher)
            frames = (await picture(watcher, SHOWN)).decoded if width else 0
            sharp = (width, height) == (WIDTH, HEIGHT) and frames > 5 and contrast > CONTRAST
            return None if sharp else f"{width}x{height}, {frames} frames, contrast {contrast}"

        await eventually(why_not_read, units=40)
        sender = await hall.run(_SENDER)
        assert sender["hint"] == "text"
        assert sender["layers"] == [["l", 5, 300_000], ["h", 15, 1_800_000]]

        # It has a slot of its own: the same hall's camera comes beside it.
        await chair.command(GrantFloor(participant=HALL))

        async def why_not_both() -> str | None:
            seen = await look(watcher)
            camera = seen is not None and seen["width"] > 0 and shows_camera(seen)
            return await why_not_read() if camera else f"the stage shows {seen}"

        await eventually(why_not_both, units=40)

        await chair.command(RevokeContent())
        await told(hall, None)
        assert await hall.run("window.__screens.at(-1).readyState") == "ended"
        assert await watcher.run(f"document.querySelector('{SHOWN}')") is None
