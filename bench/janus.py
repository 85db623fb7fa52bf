"""Debian's Janus as a subject: its own process on loopback, one VideoRoom."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from bench.janus_api import JanusApi
from bench.media_client import HOST, CountingReceiver, local_of
from bench.media_source import Source
from bridge.endpoint.line import SecureLine
from bridge.endpoint.negotiation import read_description

INSTALL = "Janus is not installed; to compare with it: apt-get install janus"
_BINARY = Path("/usr/bin/janus")
_STARTS_WITHIN = 20.0
_CONNECTS_WITHIN = 20.0
_ROOM = 1_234
_UNUSED_PLUGINS = "voicemail recordplay sip lua duktape textroom audiobridge nosip videocall echotest streaming"
_UNUSED_TRANSPORTS = "rabbitmq mqtt nanomsg pfunix http"


def installed() -> bool:
    """Whether Debian's package is here."""
    return _BINARY.exists()


def _write_configuration(folder: Path, port: int) -> None:
    libraries = next(Path("/usr/lib").glob("*/janus"))
    unused = {
        "plugins": ",".join(f"libjanus_{name}.so" for name in _UNUSED_PLUGINS.split()),
        "transports": ",".join(f"libjanus_{name}.so" for name in _UNUSED_TRANSPORTS.split()),
    }
    kinds = ("plugins", "transports", "events", "loggers")
    folders = " ".join(f'{kind}_folder = "{libraries}/{kind}"' for kind in kinds)
    general = f'general: {{ configs_folder = "{folder}" {folders} debug_level = 2 }}'
    lists = [f'{kind}: {{ disable = "{names}" }}' for kind, names in unused.items()]
    _write(folder / "janus.jcfg", general, 'media: { rtp_port_range = "20000-40000" }', "nat: { }", *lists)
    websocket = f'general: {{ ws = true ws_port = {port} ws_ip = "{HOST}" }}'
    _write(folder / "janus.transport.websockets.jcfg", websocket, "admin: { admin_ws = false }")
    _write(folder / "janus.plugin.videoroom.jcfg", "general: { }")


def _write(path: Path, *lines: str) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class JanusSubject:
    """A Janus process that this bench started, and ends by its id."""

    name = "janus"
    host: str | None = None
    """Janus takes no loopback address as a candidate; between a machine's own addresses packets stay inside it too."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, api: JanusApi) -> None:
        self.pid = process.pid
        self._process = process
        self._folder = folder
        self._api = api
        self._feed = 0

    @classmethod
    async def start(cls) -> JanusSubject:
        """Starts Janus with a configuration of its own. Raises `RuntimeError` when it does not come up."""
        folder = Path(tempfile.mkdtemp(prefix="bench-janus-"))
        port = _free_port()
        _write_configuration(folder, port)
        process = await asyncio.create_subprocess_exec(
            str(_BINARY), "-F", str(folder),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            api = JanusApi(await _connected(process, port))
            subject = cls(process, folder, api)
            await api.open()
        except BaseException:
            await _end(process, folder)
            raise
        return subject

    async def join_source(self, source: Source) -> None:
        """Makes the room and publishes into it."""
        handle = await self._api.attach()
        room = {
            "request": "create", "room": _ROOM, "bitrate": 100_000_000, "publishers": 2,
            "videocodec": "vp8", "transport_wide_cc_ext": False, "record": False,
        }  # fmt: skip
        await self._api.message(handle, room)
        joined = await self._api.message(handle, {"request": "join", "ptype": "publisher", "room": _ROOM})
        self._feed = joined["plugindata"]["data"]["id"]
        offer, _, _ = source.offer()
        reply = await self._api.message(handle, {"request": "publish"}, {"type": "offer", "sdp": offer})
        await source.play(read_description(reply["jsep"]["sdp"]), timeout=_CONNECTS_WITHIN)

    async def join_receiver(self) -> CountingReceiver:
        """Subscribes to the publisher; here Janus offers."""
        handle = await self._api.attach()
        streams = [{"feed": self._feed, "mid": mid} for mid in ("0", "1")]
        body = {"request": "join", "ptype": "subscriber", "room": _ROOM, "streams": streams}
        offer: str = (await self._api.message(handle, body))["jsep"]["sdp"]
        receiver = CountingReceiver(self.host, controlling=False)
        receiver.repair_types = {int(number) for number in re.findall(r"a=rtpmap:(\d+) rtx/", offer)}
        jsep = {"type": "answer", "sdp": _answer(offer, receiver)}
        async with asyncio.TaskGroup() as together:
            together.create_task(receiver.connect(read_description(offer).peer, timeout=_CONNECTS_WITHIN))
            together.create_task(self._api.message(handle, {"request": "start"}, jsep))
        await self._api.keep_alive()
        return receiver

    async def close(self) -> None:
        """Ends the process and removes its configuration."""
        await self._api.close()
        await _end(self._process, self._folder)


def _answer(offer: str, line: SecureLine) -> str:
    """The offer turned round: same sections and payload types, this side's credentials and certificate."""
    local = local_of(line)
    replaced = {
        "a=ice-ufrag:": local.credentials.ufrag,
        "a=ice-pwd:": local.credentials.password,
        "a=fingerprint:": f"sha-256 {local.fingerprint}",
        "a=setup:": "active",
    }
    dropped = ("a=candidate:", "a=end-of-candidates", "a=ssrc", "a=msid:", "a=ice-options:")
    lines: list[str] = []
    for line_ in offer.split("\r\n"):
        prefix = next((p for p in replaced if line_.startswith(p)), None)
        if prefix:
            lines.append(prefix + replaced[prefix])
        elif line_ == "a=sendonly":
            lines.append("a=recvonly")
        elif not line_.startswith(dropped):
            lines.append(line_)
    return "\r\n".join(lines)


async def _connected(process: asyncio.subprocess.Process, port: int) -> ClientConnection:
    """Waits until Janus listens."""
    async with asyncio.timeout(_STARTS_WITHIN):
        while process.returncode is None:
            with suppress(OSError):
                return await connect(f"ws://{HOST}:{port}", subprotocols=[Subprotocol("janus-protocol")])
            await asyncio.sleep(0.1)
    raise RuntimeError(f"Janus ended by itself with {process.returncode}")


async def _end(process: asyncio.subprocess.Process, folder: Path) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
