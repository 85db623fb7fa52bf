"""`make demo`: prepares, books, opens, joins every point, gives the floor, and then hands over to people."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import DiemcauError, Unavailable
from core.model import ConferenceId, ParticipantId, PointRef, Role, point_participant
from core.settings import Settings
from diemcau.demo.api import ApiClient
from diemcau.demo.check import Findings, verdict
from diemcau.demo.children import Child
from diemcau.demo.halls import HallFigures
from diemcau.demo.prepare import Accounts, free_port, prepare
from diemcau.demo.stage import HeadlessChair, Report, delivered_ratio, percentile, see_floor
from diemcau.demo.terminal import Terminal
from diemcau.demo.texts import text
from diemcau.network import LOOPBACK, certificate_for, fingerprint, own_addresses
from signaling.client import SignalingClient

TITLE = "Hội nghị trực tuyến Thành phố Hồ Chí Minh"
_HOURS = 4
_FOLDER = Path(".demo")
_READY_SECONDS = 60.0
_JOIN_SECONDS = 180.0
_MEASURE_SECONDS = 6.0
_GRANTS = 3


@dataclass(frozen=True)
class DemoOptions:
    """What was asked for on the command line."""

    check: bool = False
    https: bool = False
    directory: Path | None = None


@dataclass
class Stage:
    """All that the demonstration holds while it runs."""

    settings: Settings
    terminal: Terminal
    accounts: Accounts
    tls: ssl.SSLContext | None
    server: Child | None = None
    halls: Child | None = None
    healthy: bool = False
    connected: int = 0
    prepared: set[ParticipantId] = field(default_factory=set)
    reports: dict[int, asyncio.Future[Report]] = field(default_factory=dict)

    @property
    def scheme(self) -> str:
        """http or https."""
        return "https" if self.settings.https else "http"

    @property
    def base_url(self) -> str:
        """Where this machine reaches the pages."""
        return f"{self.scheme}://{LOOPBACK}:{self.settings.web_port}"

    @property
    def signaling_url(self) -> str:
        """Where this machine reaches signaling."""
        return f"{'wss' if self.settings.https else 'ws'}://{LOOPBACK}:{self.settings.signaling_port}/v1"

    async def report(self) -> Report:
        """The figures of every hall now."""
        assert self.halls is not None
        number = len(self.reports)
        future = self.reports[number] = asyncio.get_running_loop().create_future()
        self.halls.send({"report": number})
        return await asyncio.wait_for(future, 20)


async def run_demo(options: DemoOptions) -> int:
    """Runs the demonstration; returns the exit code."""
    terminal = Terminal()
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    playing = asyncio.create_task(_play(options, terminal))
    ended = asyncio.create_task(end.wait())
    await asyncio.wait({playing, ended}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if not playing.done():
        terminal.say(text("stopping"))
        playing.cancel()
    try:
        return await playing
    except asyncio.CancelledError:
        return 1 if options.check else 0
    except DiemcauError as error:
        terminal.say(text("failed", reason=error.detail))
        return 1


async def _play(options: DemoOptions, terminal: Terminal) -> int:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(_data_folder(fresh=options.check))
        stage = await _prepare(options, terminal, folder)
        await stack.enter_async_context(_server(stage))
        api = await stack.enter_async_context(ApiClient(stage.base_url, stage.tls))
        await _wait_until_healthy(stage, api)
        await api.sign_in(stage.accounts["organizer"])
        conference, points, fresh = await _book(stage, api)
        await stack.enter_async_context(_halls(stage, api, conference))
        await _wait_until_joined(stage, len(points))
        findings = Findings(points=len(points), connected=stage.connected)
        if fresh:
            await _give_the_floor(stage, conference, points, findings)
        if options.check:
            await _measure(stage, api, conference, findings)
            findings.seconds = round(terminal.seconds, 1)
            problems = verdict(findings)
            for problem in problems:
                terminal.say(text("failed", reason=problem))
            terminal.plain(json.dumps(findings.figures()))
            return 1 if problems else 0
        _hand_over(stage, conference, points)
        await asyncio.Event().wait()
        return 0


@contextmanager
def _data_folder(*, fresh: bool) -> Iterator[Path]:
    """The folder that the next run finds again; or an empty one that is deleted after use."""
    _FOLDER.mkdir(exist_ok=True)
    if not fresh:
        yield _FOLDER / "data"
        return
    folder = Path(tempfile.mkdtemp(prefix="check-", dir=_FOLDER))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _prepare(options: DemoOptions, terminal: Terminal, folder: Path) -> Stage:
    host = "0.0.0.0" if options.https else LOOPBACK  # noqa: S104 - asked for, with HTTPS
    web, signaling, media = _free_ports(Settings(), terminal)
    settings = Settings(
        data_dir=folder,
        host=host,
        # Firefox reaches a local server only at an address that is not loopback.
        media_host="0.0.0.0",  # noqa: S104 - the media port answers only who holds a leg's credentials
        https=options.https,
        web_port=web,
        signaling_port=signaling,
        media_port=media,
    )
    terminal.say(text("database"))
    accounts, count = await prepare(settings, options.directory)
    terminal.say(text("directory", points=count))
    tls = ssl.create_default_context(cafile=certificate_for(settings)[0]) if options.https else None
    return Stage(settings, terminal, accounts, tls)


def _free_ports(wished: Settings, terminal: Terminal) -> list[int]:
    """The ports that were set, or the next free ones, for pages, signaling and media."""
    chosen: list[int] = []
    for wanted, kind in (
        (wished.web_port, socket.SOCK_STREAM),
        (wished.signaling_port, socket.SOCK_STREAM),
        (wished.media_port, socket.SOCK_DGRAM),
    ):
        port = free_port(wanted, kind, taken=chosen)
        if port != wanted:
            terminal.say(text("port", wanted=wanted, used=port))
        chosen.append(port)
    return chosen


# --- the two processes -------------------------------------------------------------------------------


@asynccontextmanager
async def _server(stage: Stage) -> AsyncIterator[None]:
    """The server process; one that ends although nobody asked it to is started again."""
    settings = stage.settings
    environment = {
        "DIEMCAU_DATA_DIR": str(settings.data_dir),
        "DIEMCAU_HOST": settings.host,
        "DIEMCAU_MEDIA_HOST": settings.media_host or settings.host,
        "DIEMCAU_HTTPS": str(settings.https).lower(),
        "DIEMCAU_WEB_PORT": str(settings.web_port),
        "DIEMCAU_SIGNALING_PORT": str(settings.signaling_port),
        "DIEMCAU_MEDIA_PORT": str(settings.media_port),
        "DIEMCAU_LOG_LEVEL": "warning",
    }
    stage.terminal.say(text("server"))
    stage.server = await Child.start("serve", "--child", environment=environment)

    async def keep() -> None:
        while True:
            assert stage.server is not None
            await stage.server.wait()
            if not stage.healthy:
                return
            stage.terminal.say(text("restarted"))
            await asyncio.sleep(0.5)
            stage.server = await Child.start("serve", "--child", environment=environment)

    keeper = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await stage.server.end()


@asynccontextmanager
async def _halls(stage: Stage, api: ApiClient, conference: ConferenceId) -> AsyncIterator[None]:
    """The process of the virtual halls, which begin to join."""
    links = await api.links(conference)
    stage.halls = await Child.start("points")
    listening = asyncio.create_task(_listen(stage, stage.halls))
    ca = str(certificate_for(stage.settings)[0]) if stage.settings.https else None
    halls = [{"point": link.point, "name": link.name, "token": link.url.rpartition("/")[2]} for link in links]
    stage.halls.send({"join": {"url": stage.signaling_url, "ca": ca, "halls": halls}})
    try:
        yield
    finally:
        stage.halls.send({"leave": True})
        await stage.halls.end()
        await listening


async def _listen(stage: Stage, halls: Child) -> None:
    async for line in halls.lines():
        match line:
            case {"event": "connected", "count": int(count)}:
                stage.connected = count
            case {"event": "prepared", "participant": str(participant)}:
                stage.prepared.add(ParticipantId(participant))
            case {"event": "report", "number": int(number), "halls": dict(figures)}:
                report = {ParticipantId(p): HallFigures.model_validate(f) for p, f in figures.items()}
                if not stage.reports[number].done():
                    stage.reports[number].set_result(report)


# --- the acts ----------------------------------------------------------------------------------------


async def _wait_until_healthy(stage: Stage, api: ApiClient) -> None:
    assert stage.server is not None
    ended = asyncio.create_task(stage.server.wait())
    deadline = time.monotonic() + _READY_SECONDS
    try:
        while not await api.healthy():
            if ended.done() or time.monotonic() > deadline:
                raise Unavailable("demo.server", "The server did not come up. Its messages are above.")
            await asyncio.sleep(0.1)
    finally:
        ended.cancel()
    stage.healthy = True


async def _book(stage: Stage, api: ApiClient) -> tuple[ConferenceId, tuple[PointRef, ...], bool]:
    running = await api.running_conference()
    if running is not None:
        conference = await api.conference(running.id)
        stage.terminal.say(text("resumed", title=conference.title, points=len(conference.points)))
        return conference.id, conference.points, False
    conference = await api.book_now(TITLE, await api.points(), _HOURS)
    stage.terminal.say(text("booked", title=conference.title, points=len(conference.points)))
    return conference.id, conference.points, True


async def _wait_until_joined(stage: Stage, total: int) -> None:
    try:
        async with asyncio.timeout(_JOIN_SECONDS):
            while stage.connected < total:
                stage.terminal.progress(text("joining"), stage.connected, total)
                await asyncio.sleep(0.2)
    except TimeoutError as error:
        raise Unavailable("demo.join", f"Only {stage.connected} of {total} points joined.") from error
    stage.terminal.progress(text("joining"), total, total)


async def _give_the_floor(
    stage: Stage, conference: ConferenceId, points: tuple[PointRef, ...], findings: Findings
) -> None:
    """The chair's seat is taken with the chair's own sign-in, and left free again for a person."""
    async with ApiClient(stage.base_url, stage.tls) as api:
        await api.sign_in(stage.accounts["chair"])
        token = await api.enter(conference, Role.CHAIR)
    chair = HeadlessChair(SignalingClient(stage.signaling_url, token, ssl=stage.tls))
    await chair.sit()
    try:
        switch_ms: list[float] = []
        chosen = points[:: max(1, len(points) // _GRANTS)][:_GRANTS]
        await _prepare_clips(stage, [point_participant(point.code) for point in chosen])
        for point in chosen:
            holder = point_participant(point.code)
            commanded_at = await chair.grant(holder)
            seen, missed = await see_floor(stage.report, holder, commanded_at)
            switch_ms += seen
            findings.floor_missed += missed
            findings.floor_grants += 1
            stage.terminal.say(text("granted", name=point.name, count=len(seen)))
            await asyncio.sleep(2.0)
        findings.floor_switch_ms_p95 = percentile(switch_ms, 0.95)
        findings.in_roster = chair.points_present()
    finally:
        await chair.stand_up()


async def _prepare_clips(stage: Stage, holders: list[ParticipantId]) -> None:
    assert stage.halls is not None
    stage.halls.send({"prepare": holders})
    async with asyncio.timeout(30):
        while not stage.prepared.issuperset(holders):
            await asyncio.sleep(0.05)


async def _measure(stage: Stage, api: ApiClient, conference: ConferenceId, findings: Findings) -> None:
    stage.terminal.say(text("measuring"))
    await asyncio.sleep(_MEASURE_SECONDS)
    findings.media_delivered_ratio = delivered_ratio(await stage.report())
    attendance = await api.attendance(conference)
    findings.attendance_rows = sum(1 for row in attendance.rows if row.first_joined is not None)
    findings.count_samples(await api.quality_csv(conference))


def _hand_over(stage: Stage, conference: ConferenceId, points: tuple[PointRef, ...]) -> None:
    say = stage.terminal.plain
    port = stage.settings.web_port
    hosts = [LOOPBACK, *own_addresses()] if stage.settings.https else ["localhost"]
    point = points[-1]
    pages = {
        "chair": ("chair", f"/chair/{conference}", text("chair")),
        "technician": ("technician", f"/technician/{conference}", text("technician")),
        "operator": ("operator", f"/operator/{conference}/{point.code}", text("operator", name=point.name)),
        "organizer": ("organizer", "/organizer", text("organizer")),
    }
    say("")
    say(text("open"))
    for username, path, label in pages.values():
        account = stage.accounts[username]
        say(f"  {label}: {text('sign_in', user=account.username, password=account.password)}")
        for host in hosts:
            say(f"      {stage.scheme}://{host}:{port}{path}")
    say("")
    if stage.settings.https:
        say(text("certificate", fingerprint=fingerprint(certificate_for(stage.settings)[0])))
    else:
        say(text("lan"))
    say(text("end"))
