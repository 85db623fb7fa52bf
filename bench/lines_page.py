"""A page of the product behind a bad line: its connection led there, its statistics read."""

from __future__ import annotations

import asyncio
import json
import time
import wave
from array import array
from collections.abc import Callable
from math import pi, sin
from pathlib import Path
from random import Random

from playwright.async_api import Page

from bench.lines_figures import Reading
from tests.support.line import HOST, LineModel

READ_SECONDS = 0.25
WIDTH, HEIGHT, FRAMES_PER_SECOND = 960, 540, 15
"""The smallest picture of which Chromium makes three layers."""

_LEAD = """(({host, port, repair}) => {
  const prototype = RTCPeerConnection.prototype;
  const accept = prototype.setRemoteDescription;
  prototype.setRemoteDescription = function (description) {
    window.linePeer = this;
    const lead = (_, head, tail) => `${head} ${host} ${port} ${tail}`;
    const sdp = description.sdp.replace(/^(a=candidate:\\S+ \\d+ udp \\d+) \\S+ \\d+ (typ host.*)$/gm, lead);
    return accept.call(this, {type: description.type, sdp});
  };
  if (repair) return;
  const own = Object.getOwnPropertyDescriptor(prototype, "localDescription").get;
  Object.defineProperty(prototype, "localDescription", { get() {
    const description = own.call(this);
    const sdp = description?.sdp.replace(/^a=rtcp-fb:\\d+ nack\\r\\n/gm, "");
    return description && {type: description.type, sdp};
  }});
})(%s);"""

_READ = """async () => {
  const best = {video: {}, audio: {}};
  for (const entry of (await window.linePeer.getStats()).values()) {
    if (entry.type !== "inbound-rtp") continue;
    const found = best[entry.kind];
    if (entry.packetsReceived > (found.packetsReceived ?? 0)) best[entry.kind] = entry;
  }
  const {video, audio} = best;
  return {
    frames: video.framesDecoded ?? 0, width: video.frameWidth ?? 0, freezes: video.freezeCount ?? 0,
    frozen_seconds: video.totalFreezesDuration ?? 0,
    concealed: (audio.concealedSamples ?? 0) - (audio.silentConcealedSamples ?? 0),
    samples: audio.totalSamplesReceived ?? 0,
    bytes: (video.bytesReceived ?? 0) + (audio.bytesReceived ?? 0),
    repaired: (video.retransmittedPacketsReceived ?? 0) + (audio.retransmittedPacketsReceived ?? 0),
  };
}"""


async def lead(page: Page, port: int, *, repair: bool) -> None:
    """Before the page is opened: its connection will go through the line at `port`, without NACK unless `repair`."""
    await page.add_init_script(_LEAD % json.dumps({"host": HOST, "port": port, "repair": repair}))


async def read(page: Page, line: LineModel) -> Reading:
    """What the page receives now; `line` is the direction that its picture comes over."""
    counts = await page.evaluate(_READ)
    return Reading(at=time.monotonic(), carried=line.packets, overflowed=line.overflowed, **counts)


async def watch(pages: dict[str, Page], line: Callable[[str], LineModel], seconds: float) -> dict[str, list[Reading]]:
    """Readings of all pages over a while."""
    seen: dict[str, list[Reading]] = {name: [] for name in pages}
    end = time.monotonic() + seconds
    while time.monotonic() < end or len(next(iter(seen.values()))) < 2:
        readings = await asyncio.gather(*(read(page, line(name)) for name, page in pages.items()))
        for name, reading in zip(pages, readings, strict=True):
            seen[name].append(reading)
        await asyncio.sleep(READ_SECONDS)
    return seen


def draw_detailed_camera(path: Path) -> Path:
    """A YUV4MPEG2 file whose texture wanders: an encoder needs for it all the bits that it is allowed."""
    dice = Random(1)
    rows = [bytes(min(235, max(16, round(dice.gauss(126, 26)))) for _ in range(2 * WIDTH)) for _ in range(HEIGHT // 4)]
    chroma = bytes([110]) * (WIDTH * HEIGHT // 4) + bytes([150]) * (WIDTH * HEIGHT // 4)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420mpeg2\n".encode())
        for number in range(4 * FRAMES_PER_SECOND):
            left = number * 4 % WIDTH
            luma = b"".join(rows[y // 4][left : left + WIDTH] for y in range(HEIGHT))
            file.write(b"FRAME\n" + luma + chroma)
    return path


def record_voice(path: Path) -> Path:
    """A WAV file of a murmur that is never silent, so that nothing is concealed because nothing was sent."""
    samples = array("h")
    for number in range(48_000 * 6):
        moment = number / 48_000
        loudness = 3_000 + 2_000 * sin(2 * pi * 3 * moment)
        samples.append(int(loudness * (sin(2 * pi * 150 * moment) + 0.5 * sin(2 * pi * 310 * moment))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(samples.tobytes())
    return path
