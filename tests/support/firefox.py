"""Debian's Firefox ESR with a fake camera, driven over WebDriver BiDi by `websockets` (no geckodriver needed)."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect

from tests.support.installation import free_ports

_PREFERENCES: dict[str, bool | int | str] = {
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "media.gmp-manager.updateEnabled": False,
    "app.update.auto": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "toolkit.telemetry.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "services.settings.server": "data:,",
    "extensions.update.enabled": False,
    "remote.active-protocols": 1,
    "intl.accept_languages": "vi",
}
_UP_SECONDS = 40.0


class Tab:
    """One page; JavaScript goes in, JSON comes out."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    async def prepare(self, script: str) -> None:
        """Has `script` run in each document before its own scripts."""
        await self._firefox.ask(
            "script.addPreloadScript", functionDeclaration=f"() => {{ {script} }}", contexts=[self._context]
        )

    async def open(self, url: str) -> None:
        """Loads a page."""
        await self._firefox.ask("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def run(self, expression: str) -> Any:
        """The value of a JavaScript expression, a promise's included; raises RuntimeError with what it threw."""
        reply = await self._firefox.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
            target={"context": self._context},
            awaitPromise=True,
        )
        if reply["type"] != "success":
            raise RuntimeError(reply["exceptionDetails"]["text"])
        return json.loads(reply["result"]["value"])

    async def click(self, testid: str) -> None:
        """Clicks the element when it is there and enabled."""
        script = f"""(() => {{ const e = document.querySelector('[data-testid="{testid}"]');
            if (!e || e.disabled) return false; e.click(); return true; }})()"""
        await self._until(script)

    async def fill(self, testid: str, text: str) -> None:
        """Types into the field when it is there."""
        script = f"""(() => {{ const e = document.querySelector('[data-testid="{testid}"]');
            if (!e) return false; e.value = {json.dumps(text)};
            e.dispatchEvent(new Event("input", {{ bubbles: true }})); return true; }})()"""
        await self._until(script)

    async def look(self, selector: str, function: str) -> Any:
        """`function` applied to the first element that matches; None while there is none."""
        return await self.run(
            f"(() => {{ const e = document.querySelector({selector!r}); return e && ({function})(e); }})()"
        )

    async def _until(self, script: str) -> None:
        async with asyncio.timeout(_UP_SECONDS):
            while not await self.run(script):
                await asyncio.sleep(0.1)


class Firefox:
    """A running browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._number = 0

    async def ask(self, method: str, **parameters: Any) -> Any:
        """One BiDi command; raises RuntimeError with the browser's words."""
        self._number += 1
        number = self._number
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        async for text in self._socket:
            message = json.loads(text)
            if message.get("id") == number:
                if message["type"] == "error":
                    raise RuntimeError(f"{message['error']}: {message['message']}")
                return message["result"]
        raise RuntimeError("the browser closed the connection")

    async def tab(self) -> Tab:
        """A new page."""
        return Tab(self, (await self.ask("browsingContext.create", type="tab"))["context"])


@asynccontextmanager
async def firefox() -> AsyncIterator[Firefox]:
    """A headless browser with a profile of its own, ended by its id."""
    executable = shutil.which("firefox-esr")
    assert executable, "Firefox ESR is not installed: `make browsers` says how to get it"
    profile = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="diemcau-firefox-"))
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in _PREFERENCES.items()]
    await asyncio.to_thread((profile / "user.js").write_text, "".join(lines))
    [port] = free_ports(1)
    process = await asyncio.create_subprocess_exec(
        executable,
        "--headless",
        "--no-remote",
        "--profile",
        str(profile),
        "--remote-debugging-port",
        str(port),
        env={**os.environ, "HOME": str(profile), "MOZ_HEADLESS": "1"},
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        async with await _bidi(port) as socket:
            browser = Firefox(socket)
            await browser.ask("session.new", capabilities={})
            yield browser
    finally:
        await _end(process)
        await asyncio.to_thread(shutil.rmtree, profile, ignore_errors=True)


async def _bidi(port: int) -> ClientConnection:
    async with asyncio.timeout(_UP_SECONDS):
        while True:
            with suppress(OSError, websockets.WebSocketException):
                return await connect(f"ws://127.0.0.1:{port}/session", max_size=None, proxy=None)
            await asyncio.sleep(0.2)


async def _end(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(10):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
