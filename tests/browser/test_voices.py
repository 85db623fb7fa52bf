"""Who hears whom, in both browsers: everybody but oneself, and nobody whose microphone is closed."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.commands import GrantFloor, RevokeFloor, SetMicrophoneOpen, SetMuted
from core.database import Database
from core.model import Role, point_participant
from signaling.client import SignalingClient
from tests.support.halls import BOTH_WAYS, enter, headless_halls, pages
from tests.support.installation import installed
from tests.support.polling import eventually
from tests.support.watching import MICROPHONE, Seat, kit, sent, sound

FIRST, SECOND, THIRD = (point_participant(f"p{n}") for n in (1, 2, 3))
_MANY = 50
"""Packets of 20 ms: a second of sound."""


async def hears(listener: Seat, *deaf: Seat) -> None:
    """Until a second of sound that is not silence has come to `listener`; to the others nothing comes meanwhile."""
    before = await sound(listener)
    others = [await sound(each) for each in deaf]

    async def why_not() -> str | None:
        now = await sound(listener)
        heard = now.packets > before.packets + _MANY and now.energy > before.energy
        return None if heard else f"from {before} to {now}"

    await eventually(why_not, units=20)
    assert [(await sound(each)).packets for each in deaf] == [each.packets for each in others]


async def silent(seat: Seat) -> None:
    """Until a page has stopped sending sound; what was under way is over then."""
    counts: list[int] = []

    async def why_not() -> str | None:
        counts.append((await sent(seat, MICROPHONE)).packets)
        still = len(counts) > 10 and len(set(counts[-10:])) == 1
        return None if still else f"{counts[-10:]} packets"

    await eventually(why_not)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("one", "other"), BOTH_WAYS)
async def test_everybody_hears_the_speaker_but_himself_and_a_closed_microphone_sends_nothing(
    database: Database, tmp_path: Path, one: str, other: str
) -> None:
    # Firefox reaches a node on its own machine only at an address that is not loopback.
    async with (
        installed(database.url, tmp_path, DIEMCAU_MEDIA_HOST="0.0.0.0") as installation,
        pages() as seats,
    ):
        conference = await installation.book_now()
        tokens = await installation.link_tokens(conference.id)
        chair_token = await installation.token(conference.id, Role.CHAIR)
        first, second = seats[one], seats[other]
        await enter(first, installation, tokens["p1"], kit())
        await enter(second, installation, tokens["p2"], kit())
        async with SignalingClient(installation.signaling_url, chair_token) as chair:
            await chair.command(GrantFloor(participant=FIRST))
            await hears(second, first)
            assert (await sent(second, MICROPHONE)).packets == 0

            # With the microphone of another open as well, each hears only the other.
            async with headless_halls(installation, tokens, ["p3"]) as halls:
                await chair.command(SetMicrophoneOpen(participant=THIRD, open=True))
                await hears(first)
                await chair.command(SetMicrophoneOpen(participant=THIRD, open=False))

                # Closed by the chair: the page stops sending, and the others hear nothing from then on.
                await chair.command(SetMuted(participant=FIRST, muted=True))
                await silent(first)
                closed = (await sent(first, MICROPHONE)).packets
                before = await sound(second)
                await chair.command(SetMicrophoneOpen(participant=SECOND, open=True))
                await hears(first, second)
                assert (await sent(first, MICROPHONE)).packets == closed
                assert (await sound(second)).packets == before.packets
                assert halls["p3"].connected
            await chair.command(SetMicrophoneOpen(participant=SECOND, open=False))
            await chair.command(RevokeFloor())
            await silent(second)
