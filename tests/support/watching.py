"""What a page sees and hears by its own account, in whichever browser: every frame's time, and the receiver's counts.

A page is prepared before it is opened, so that its connection can be led through a line of the tests and be asked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from playwright.async_api import Page

from tests.support.chromium import LEFT, RIGHT
from tests.support.firefox import Tab
from tests.support.pages import LOOK, STAGE

_KIT = """(() => {
  const kit = window.__kit = { peers: [], lead: %(lead)s };
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...all) { super(...all); kit.peers.push(this); }
    setRemoteDescription(description) {
      if (kit.lead === null) return super.setRemoteDescription(description);
      const led = (_, head, tail) => `${head} ${kit.lead.host} ${kit.lead.port} ${tail}`;
      const sdp = description.sdp.replace(/^(a=candidate:\\S+ \\d+ udp \\d+) \\S+ \\d+ (typ host.*)$/gm, led);
      return super.setRemoteDescription({ type: description.type, sdp });
    }
  };
  kit.watch = (selector) => {
    const video = document.querySelector(selector);
    const seen = kit.seen = { frames: 0, gap: 0, sizes: [], last: null };
    const note = (now, { width, height }) => {
      if (kit.seen !== seen) return;
      if (seen.last !== null) seen.gap = Math.max(seen.gap, now - seen.last);
      seen.last = now;
      seen.frames += 1;
      if (seen.sizes.at(-1) !== height) seen.sizes.push(height);
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
    return true;
  };
  kit.inbound = async (match) => {
    const found = [];
    for (const receiver of kit.peers.at(-1).getReceivers()) {
      if (!match(receiver)) continue;
      for (const entry of (await receiver.getStats()).values()) if (entry.type === "inbound-rtp") found.push(entry);
    }
    return found;
  };
  kit.picture = async (selector) => {
    const [track] = document.querySelector(selector).srcObject.getVideoTracks();
    const [entry] = await kit.inbound((receiver) => receiver.track === track);
    const { frames, gap, sizes } = kit.seen ?? { frames: 0, gap: 0, sizes: [] };
    return { frames, gap, sizes, height: entry?.frameHeight ?? 0, decoded: entry?.framesDecoded ?? 0,
             lost: entry?.packetsLost ?? 0, asked: entry?.pliCount ?? 0, dropped: entry?.framesDropped ?? 0,
             freezes: entry?.freezeCount ?? 0, frozen: entry?.totalFreezesDuration ?? 0 };
  };
  kit.sent = async () => {
    const found = [];
    for (const { mid, sender } of kit.peers.at(-1).getTransceivers()) {
      const { encodings } = sender.getParameters();
      const rids = encodings.filter((encoding) => encoding.active && sender.track).map((encoding) => encoding.rid);
      const entries = [...(await sender.getStats()).values()].filter((entry) => entry.type === "outbound-rtp");
      const sum = (name) => entries.reduce((total, entry) => total + (entry[name] ?? 0), 0);
      if (entries.length > 0) found.push({ mid, rids, packets: sum("packetsSent"), frames: sum("framesSent"),
        fps: Math.max(0, ...encodings.filter((encoding) => encoding.active).map((e) => e.maxFramerate ?? 0)) });
    }
    return found;
  };
  kit.sound = async () => {
    const all = await kit.inbound((receiver) => receiver.track.kind === "audio");
    const sum = (name) => all.reduce((total, entry) => total + (entry[name] ?? 0), 0);
    return { packets: sum("packetsReceived"), energy: sum("totalAudioEnergy"),
             concealed: sum("concealedSamples") - sum("silentConcealedSamples"), samples: sum("totalSamplesReceived") };
  };
})()"""


@dataclass(frozen=True)
class Picture:
    """Of one slot. `gap` (ms), `frames` and `sizes` (heights in order) since `watch`, the rest since the beginning."""

    frames: int
    gap: float
    sizes: list[int]
    height: int
    decoded: int
    lost: int
    asked: int
    """Key frames asked for: the decoder could not go on."""
    dropped: int
    freezes: int
    frozen: float


@dataclass(frozen=True)
class Sound:
    """Of all slots together."""

    packets: int
    energy: float
    concealed: int
    samples: int


@dataclass(frozen=True)
class Sent:
    """What a page has sent of one of its devices; nothing counts as 0 packets."""

    mid: str = ""
    rids: tuple[str, ...] = ()
    """The layers that it sends now, from small to large."""
    packets: int = 0
    frames: int = 0
    fps: float = 0
    """The most pictures a second that it was told to send; 0: any."""


MICROPHONE, CAMERA, CONTENT = "0", "1", "2"
"""The m-lines of what a page sends."""


class Seat(Protocol):
    """A page of the product in some browser."""

    async def prepare(self, script: str) -> None:
        """Has `script` run in the page before its own."""

    async def open(self, url: str) -> None: ...
    async def click(self, testid: str) -> None: ...
    async def run(self, expression: str) -> Any: ...


class ChromiumSeat:
    """A page that Playwright drives."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def prepare(self, script: str) -> None:
        await self._page.add_init_script(script)

    async def open(self, url: str) -> None:
        await self._page.goto(url)

    async def click(self, testid: str) -> None:
        await self._page.get_by_test_id(testid).click()

    async def run(self, expression: str) -> Any:
        return await self._page.evaluate(f"async () => ({expression})")


def seat_of(page: Page | Tab) -> Seat:
    """The page, to be driven without minding which browser it is in."""
    return ChromiumSeat(page) if isinstance(page, Page) else page


def kit(lead: tuple[str, int] | None = None) -> str:
    """The script that a page is prepared with; its media goes to the address `lead` instead of the node's."""
    return _KIT % {"lead": json.dumps(lead and {"host": lead[0], "port": lead[1]})}


def canvas_camera() -> str:
    """The script that gives a page a camera with the colours of `draw_camera` and three layers' worth of detail."""
    script = Path(__file__).with_name("canvas_camera.js").read_text()
    return f"({script})({list(LEFT)}, {list(RIGHT)})"


async def watch(seat: Seat, selector: str = STAGE) -> None:
    """Every frame of that picture counts from now on."""
    await seat.run(f"window.__kit.watch({selector!r})")


async def picture(seat: Seat, selector: str = STAGE) -> Picture:
    return Picture(**await seat.run(f"window.__kit.picture({selector!r})"))


async def sound(seat: Seat) -> Sound:
    return Sound(**await seat.run("window.__kit.sound()"))


async def sent(seat: Seat, mid: str) -> Sent:
    for one in await seat.run("window.__kit.sent()"):
        if one["mid"] == mid:
            return Sent(**{**one, "rids": tuple(one["rids"])})
    return Sent()


async def look(seat: Seat, selector: str = STAGE) -> Any:
    """What `LOOK` sees there; None while there is no such picture."""
    return await seat.run(f"(() => {{ const e = document.querySelector({selector!r}); return e && ({LOOK})(e); }})()")


async def media_state(seat: Seat) -> Any:
    """What the page says of its media."""
    return await seat.run("document.querySelector('[data-testid=connection]')?.dataset.media ?? null")
