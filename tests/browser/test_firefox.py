"""Two engines nobody here wrote, in one conference: each is given the floor and watched by the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.commands import GrantFloor
from core.database import Database
from core.model import ConferenceId, ParticipantId, Role, point_participant
from core.session_messages import PictureLimit
from diemcau.network import own_addresses
from signaling.client import SignalingClient
from tests.support.halls import BOTH_WAYS, enter, headless_halls, limit_pictures, pages
from tests.support.installation import Installation, installed
from tests.support.line import Line
from tests.support.pages import shows_camera
from tests.support.polling import UNIT, eventually
from tests.support.watching import CAMERA, Picture, Seat, canvas_camera, kit, look, picture, sent, sound, watch

SPEAKER, OTHER = point_participant("p1"), point_participant("p3")
WHOLE, HALF = 540, 270
"""Lines of the largest layer and of the one below."""
LONGEST_GAP = 1000 * UNIT
"""Between two frames, ms. A decoder that cannot go on waits longer, and asks for a key frame besides."""

_DOUBT = """document.querySelector("[data-testid=stage-waiting], [data-testid=stage-frozen]")?.innerText ?? "" """
"""What the page says over a stage that does not move."""

both_ways = pytest.mark.parametrize(("speaks", "watches"), BOTH_WAYS)


@pytest.fixture
async def installation(database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    """Firefox reaches a node on its own machine only at an address that is not loopback; packets still stay inside."""
    async with installed(database.url, tmp_path, DIEMCAU_MEDIA_HOST="0.0.0.0") as installation:
        yield installation


@dataclass
class Meeting:
    """A page that has the floor, another that watches it behind a line, a headless hall, and the chair."""

    installation: Installation
    conference: ConferenceId
    chair: SignalingClient
    speaker: Seat
    watcher: Seat

    async def give_floor(self, participant: ParticipantId) -> None:
        """Until 15 new frames of that participant have been decoded."""
        await self.chair.command(GrantFloor(participant=participant))
        before: list[int] = []

        async def why_not() -> str | None:
            seen, now = await look(self.watcher), await picture(self.watcher)
            if seen is None or seen["width"] == 0 or shows_camera(seen) is not (participant == SPEAKER):
                return f"the stage shows {seen}, {now}"
            before.append(now.decoded)
            if now.decoded < before[0] + 15:
                return f"{now.decoded - before[0]} new frames"
            said = await self.watcher.run(_DOUBT)
            return f"the page says: {said}" if said else None

        await eventually(why_not, units=30)

    async def limit(self, limit: PictureLimit) -> None:
        """The pictures of everybody who watches, by the technician."""
        for point in ("p2", "p3"):
            await limit_pictures(self.installation, self.conference, point, limit)

    async def shows(self, *, whole: bool) -> None:
        """Until 15 frames of the largest layer have been decoded in a row, or of a smaller one."""
        before: list[int] = []

        async def why_not() -> str | None:
            now = await picture(self.watcher)
            if not (now.height >= WHOLE if whole else 0 < now.height <= HALF):
                before.clear()
                return f"{now}"
            before.append(now.decoded)
            return None if now.decoded >= before[0] + 15 else f"{now.decoded - before[0]} frames of {now}"

        await eventually(why_not, units=40)

    async def sends(self, *layers: str) -> None:
        """Until the speaker's page sends just these."""

        async def why_not() -> str | None:
            now = await sent(self.speaker, CAMERA)
            return None if now.rids == layers else f"the speaker sends {now}"

        await eventually(why_not, units=20)

    async def hears(self) -> None:
        """Until sound has come that is not silence."""
        before = await sound(self.watcher)

        async def why_not() -> str | None:
            now = await sound(self.watcher)
            heard = now.packets > before.packets + 50 and now.energy > before.energy
            return None if heard else f"from {before} to {now}"

        await eventually(why_not, units=20)


@asynccontextmanager
async def met(installation: Installation, speaks: str, watches: str) -> AsyncIterator[Meeting]:
    """Both pages connected, the speaker's whole picture on the watcher's stage."""
    conference = await installation.book_now()
    tokens = await installation.link_tokens(conference.id)
    chair_token = await installation.token(conference.id, Role.CHAIR)
    host = own_addresses()[0]
    async with (
        headless_halls(installation, tokens, ["p3"]),
        Line(installation.settings.media_port, host=host) as line,
        pages() as seats,
        SignalingClient(installation.signaling_url, chair_token) as chair,
    ):
        await enter(seats[speaks], installation, tokens["p1"], kit(), canvas_camera())
        await enter(seats[watches], installation, tokens["p2"], kit((host, line.port)))
        meeting = Meeting(installation, conference.id, chair, seats[speaks], seats[watches])
        await meeting.give_floor(SPEAKER)
        await meeting.shows(whole=True)
        yield meeting


def assert_flowed(before: Picture, after: Picture) -> None:
    """Nothing was lost, nothing had to be asked for again, and the picture never stood still."""
    assert (after.lost - before.lost, after.asked - before.asked) == (0, 0), (before, after)
    assert after.gap < LONGEST_GAP, after


@pytest.mark.timeout(300)
@both_ways
async def test_one_browser_watches_the_other_through_floor_switches_without_a_freeze(
    installation: Installation, speaks: str, watches: str
) -> None:
    async with met(installation, speaks, watches) as meeting:
        await meeting.hears()
        await watch(meeting.watcher)
        before = await picture(meeting.watcher)
        for participant in (OTHER, SPEAKER, OTHER, SPEAKER):
            await meeting.give_floor(participant)
        assert_flowed(before, await picture(meeting.watcher))


@pytest.mark.timeout(300)
@both_ways
async def test_one_browser_watches_the_other_through_layer_switches_without_a_freeze(
    installation: Installation, speaks: str, watches: str
) -> None:
    async with met(installation, speaks, watches) as meeting:
        await meeting.sends("h")
        await watch(meeting.watcher)
        before = await picture(meeting.watcher)
        await meeting.limit(PictureLimit.LOWER)
        await meeting.shows(whole=False)
        # The largest layer is received by nobody now, so it is not sent either: it has to be begun anew.
        await meeting.sends("m")
        await meeting.limit(PictureLimit.FULL)
        await meeting.shows(whole=True)
        await meeting.limit(PictureLimit.LOWER)
        await meeting.shows(whole=False)
        after = await picture(meeting.watcher)
        assert_flowed(before, after)
        assert len(after.sizes) >= 4, after
