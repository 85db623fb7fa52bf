"""Debian's Chromium with a camera that shows what a test drew, driven by Playwright."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)

WIDTH, HEIGHT = 640, 360
LEFT = (220, 110, 40)
RIGHT = (40, 90, 190)
_FRAMES = 30


def _yuv(red: int, green: int, blue: int) -> tuple[int, int, int]:
    """BT.601, limited range."""
    return (
        round(16 + 0.257 * red + 0.504 * green + 0.098 * blue),
        round(128 - 0.148 * red - 0.291 * green + 0.439 * blue),
        round(128 + 0.439 * red - 0.368 * green - 0.071 * blue),
    )


def draw_camera(path: Path) -> Path:
    """A YUV4MPEG2 file: left half `LEFT`, right half `RIGHT`, and a white bar that wanders."""
    left, right = _yuv(*LEFT), _yuv(*RIGHT)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F15:1 Ip A1:1 C420mpeg2\n".encode())
        for number in range(_FRAMES):
            bar = WIDTH * number // _FRAMES // 2 * 2
            luma = bytearray(bytes([left[0]]) * (WIDTH // 2) + bytes([right[0]]) * (WIDTH // 2))
            luma[bar : bar + 20] = bytes([235]) * len(luma[bar : bar + 20])
            planes = [bytes([left[plane]]) * (WIDTH // 4) + bytes([right[plane]]) * (WIDTH // 4) for plane in (1, 2)]
            file.write(b"FRAME\n" + bytes(luma) * HEIGHT + planes[0] * (HEIGHT // 2) + planes[1] * (HEIGHT // 2))
    return path


def _key_digest(certificate: Path) -> str:
    """SHA-256 of a certificate's public key (RFC 7469 section 2.4), which the browser knows it by."""
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    digest = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    return base64.b64encode(digest).decode()


@dataclass
class _Shared:
    """The browser that all share who need no devices of their own."""

    browser: Browser | None = None
    users: int = 0
    running: AsyncExitStack = field(default_factory=AsyncExitStack)


_shared = _Shared()


@asynccontextmanager
async def chromium(
    camera: Path | None = None, microphone: Path | None = None, *, trusts: Path | None = None
) -> AsyncIterator[Browser]:
    """A headless browser; `camera` and `microphone` are the files that its fake devices play.

    `trusts` is a certificate that it accepts as if a known authority had signed it, also of a TURN relay. Who wants
    none of these gets the same browser as others who are using one: pages are apart by their contexts.
    """
    flags = [f"--use-file-for-fake-video-capture={camera}"] if camera else []
    flags += [f"--use-file-for-fake-audio-capture={microphone}"] if microphone else []
    flags += [f"--ignore-certificate-errors-spki-list={await asyncio.to_thread(_key_digest, trusts)}"] if trusts else []
    async with _launched(flags) if flags else _share() as browser:
        yield browser


@asynccontextmanager
async def _launched(flags: list[str]) -> AsyncIterator[Browser]:
    executable = shutil.which("chromium")
    assert executable, "Chromium is not installed: `make browsers` says how to get it"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=[*_FLAGS, *flags])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def _share() -> AsyncIterator[Browser]:
    if _shared.browser is None or not _shared.browser.is_connected():
        await _shared.running.aclose()
        _shared.browser = await _shared.running.enter_async_context(_launched([]))
    _shared.users += 1
    try:
        yield _shared.browser
    finally:
        _shared.users -= 1
        if _shared.users == 0:
            _shared.browser = None
            await _shared.running.aclose()


@asynccontextmanager
async def visitor(browser: Browser, *, language: str = "vi") -> AsyncIterator[Page]:
    """A page of its own cookies whose errors fail the test."""
    context: BrowserContext = await browser.new_context(
        locale=language, permissions=["camera", "microphone"], viewport={"width": 1366, "height": 768}
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield page
        assert not errors, f"the page raised: {errors}"
    finally:
        await context.close()
