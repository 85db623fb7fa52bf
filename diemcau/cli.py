"""The command line: `python -m diemcau serve | demo | account | import`."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from core.bus import Bus
from core.clock import SystemClock
from core.database import open_database
from core.errors import DiemcauError
from core.identity import Signer, load_secret
from core.model import Role
from core.settings import Settings
from diemcau.app import serve
from diemcau.demo.children import parents_lines, tell_parent
from diemcau.demo.points import run_points
from diemcau.demo.run import DemoOptions, run_demo
from diemcau.logs import configure_logs
from scheduler.service import Scheduler
from web.accounts import ensure_account


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(asyncio.run(options.run(options)) or 0)
    except DiemcauError as error:
        print(error.detail, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="diemcau", description="Video conferences of hundreds of halls.")
    commands = parser.add_subparsers(required=True)

    server = commands.add_parser("serve", help="run the server with the settings of DIEMCAU_… and diemcau.toml")
    server.add_argument("--child", action="store_true", help="end when standard input ends")
    server.set_defaults(run=_serve)

    demo = commands.add_parser("demo", help="a whole conference of 168 points on this machine")
    demo.add_argument("--check", action="store_true", help="run to the end without a person; one JSON line last")
    demo.add_argument("--https", action="store_true", help="reachable from the network, with a generated certificate")
    demo.add_argument("--points", type=Path, help="your own directory of points, CSV or XLSX")
    demo.set_defaults(run=_demo)

    points = commands.add_parser("points", help="virtual halls, told what to do in lines of JSON")
    points.set_defaults(run=_points)

    account = commands.add_parser("account", help="make or change an account")
    account.add_argument("username")
    account.add_argument("name")
    account.add_argument("roles", nargs="+", choices=[role.value for role in Role])
    account.set_defaults(run=_account)

    directory = commands.add_parser("import", help="load a directory of units and points")
    directory.add_argument("source", help="a CSV or XLSX file, or province:79 for Ho Chi Minh City, or nation")
    directory.add_argument("--dry-run", action="store_true", help="only list what it would do")
    directory.set_defaults(run=_import)
    return parser


async def _serve(options: argparse.Namespace) -> int:
    settings = Settings()
    configure_logs(settings)
    if not options.child:
        await serve(settings)
        return 0
    parent = asyncio.create_task(_until_parent_ends())
    server = asyncio.create_task(serve(settings, on_ready=lambda: tell_parent({"event": "ready"})))
    await asyncio.wait({parent, server}, return_when=asyncio.FIRST_COMPLETED)
    if not server.done():
        server.cancel()
    parent.cancel()
    results = await asyncio.gather(server, parent, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return 0


async def _until_parent_ends() -> None:
    async for _ in parents_lines():
        pass


async def _demo(options: argparse.Namespace) -> int:
    configure_logs(Settings(log_level="warning"))
    return await run_demo(DemoOptions(check=options.check, https=options.https, directory=options.points))


async def _points(_: argparse.Namespace) -> int:
    configure_logs(Settings(log_level="warning"))
    await run_points()
    return 0


async def _account(options: argparse.Namespace) -> int:
    password = getpass.getpass("Password: ")
    database = await open_database(Settings())
    try:
        roles = [Role(role) for role in options.roles]
        await ensure_account(database, options.username, options.name, password, roles)
    finally:
        await database.close()
    print(f"{options.username}: {', '.join(roles)}")
    return 0


async def _import(options: argparse.Namespace) -> int:
    settings = Settings()
    database = await open_database(settings)
    try:
        signer = Signer(load_secret(settings.data_dir, settings.secret))
        scheduler = Scheduler(database, Bus(), SystemClock(), signer, settings.limits)
        if options.source == "nation":
            report = await scheduler.load_nation()
        elif options.source.startswith("province:"):
            report = await scheduler.load_province(options.source.removeprefix("province:"))
        else:
            data = await asyncio.to_thread(Path(options.source).read_bytes)
            report = await scheduler.import_directory(data, Path(options.source).name, options.dry_run)
    finally:
        await database.close()
    for problem in report.problems:
        print(f"row {problem.row}, column {problem.column}: {problem.message}", file=sys.stderr)
    print(
        f"{report.rows} rows: units +{report.units_new} ~{report.units_updated}, "
        f"points +{report.points_new} ~{report.points_updated}, {report.problem_count} problems"
    )
    return 1 if report.problem_count else 0
