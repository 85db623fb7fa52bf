"""A page of the product behind a bad line: its connection led there, its statistics read."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

from playwright.async_api import Page

from bench.lines_figures import Reading
from tests.support.line import HOST, LineModel

READ_SECONDS = 0.25

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
