"""What a browser and the server agree on for sound, by the browser's own account."""

from __future__ import annotations

import math
import struct
import wave
from collections import deque
from pathlib import Path

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, point_participant
from signaling.client import SignalingClient
from tests.support.chromium import chromium, draw_camera, visitor
from tests.support.halls import enter
from tests.support.installation import installed
from tests.support.pages import enter_by_link
from tests.support.polling import eventually
from tests.support.watching import MICROPHONE, Seat, kit, seat_of, sent

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


_RATE, _SPOKEN, _QUIET = 48_000, 6, 6
"""Samples a second, and seconds of a voice and of nothing by turns."""


def draw_microphone(path: Path) -> Path:
    """A WAV file: 300 Hz with overtones that swell four times a second, as syllables do, then digital silence."""
    voice = bytearray()
    for number in range(_RATE * _SPOKEN):
        t = number / _RATE
        tone = sum(math.sin(2 * math.pi * 300 * k * t) / k for k in (1, 2, 3))
        voice += struct.pack("<h", round(8000 * tone * (0.6 + 0.4 * math.sin(2 * math.pi * 4 * t))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(bytes(voice) + bytes(2 * _RATE * _QUIET))
    return path


async def sends_a_second(seat: Seat, least: float, most: float) -> None:
    """Until an open microphone has sent so many packets a second, over two seconds in a row, by the page's clock."""
    seen: deque[tuple[float, int]] = deque(maxlen=400)

    async def why_not() -> str | None:
        now = float(await seat.run("performance.now()")) / 1000
        seen.append((now, (await sent(seat, MICROPHONE)).packets))
        while len(seen) > 2 and now - seen[1][0] >= 2:
            seen.popleft()
        (began, before), (ended, after) = seen[0], seen[-1]
        if ended - began < 2:
            return f"{ended - began} s so far"
        rate = (after - before) / (ended - began)
        return None if least <= rate <= most else f"{rate:.1f} packets a second"

    await eventually(why_not, units=20)


async def test_an_open_microphone_in_a_quiet_hall_sends_a_packet_now_and_then(
    database: Database, tmp_path: Path
) -> None:
    async with (
        chromium(microphone=draw_microphone(tmp_path / "hall.wav")) as browser,
        installed(database.url, tmp_path) as installation,
        visitor(browser) as page,
    ):
        conference = await installation.book_now()
        tokens = await installation.link_tokens(conference.id)
        hall = seat_of(page)
        await enter(hall, installation, tokens["p1"], kit())
        token = await installation.token(conference.id, Role.CHAIR)
        async with SignalingClient(installation.signaling_url, token) as chair:
            await chair.command(GrantFloor(participant=point_participant("p1")))
            # 20 ms a packet while somebody speaks; every 400 ms one while nobody does (RFC 6716, section 2.1.9).
            await sends_a_second(hall, 45, 55)
            await sends_a_second(hall, 1, 10)
            await sends_a_second(hall, 45, 55)
