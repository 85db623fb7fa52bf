"""Before the server starts: the data folder, the accounts of the consoles, and the directory of points."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
from collections.abc import Collection
from pathlib import Path

from core.bus import Bus
from core.clock import SystemClock
from core.database import Database, open_database
from core.errors import BadInput
from core.identity import Signer, load_secret
from core.model import Model, Role
from core.settings import Settings
from diemcau.demo.texts import text
from scheduler.model import ImportReport
from scheduler.service import Scheduler
from web.accounts import ensure_account

HO_CHI_MINH_CITY = "79"

_PEOPLE = {
    "organizer": ("Ban tổ chức", Role.ORGANIZER),
    "chair": ("Chủ tọa", Role.CHAIR),
    "technician": ("Kỹ thuật", Role.TECHNICIAN),
    "administrator": ("Quản trị hệ thống", Role.ADMINISTRATOR),
    "operator": ("Vận hành điểm cầu", Role.OPERATOR),
}


class Account(Model):
    """A sign-in that the demonstration made."""

    username: str
    password: str


Accounts = dict[str, Account]


async def prepare(settings: Settings, directory: Path | None) -> tuple[Accounts, int]:
    """Brings database, accounts and directory up; returns the sign-ins and the number of points.

    Without `directory` it loads Ho Chi Minh City's 168 communes. Raises `BadInput` when the file cannot be used,
    naming the first problems.
    """
    database = await open_database(settings)
    try:
        accounts = _load_accounts(settings.data_dir / "demo-accounts.json")
        for username, account in accounts.items():
            name, role = _PEOPLE[username]
            await ensure_account(database, username, name, account.password, [role])
        return accounts, await _load_directory(settings, database, directory)
    finally:
        await database.close()


async def _load_directory(settings: Settings, database: Database, directory: Path | None) -> int:
    signer = Signer(load_secret(settings.data_dir, settings.secret))
    scheduler = Scheduler(database, Bus(), SystemClock(), signer, settings.limits)
    if directory is not None:
        data = await asyncio.to_thread(directory.read_bytes)
        report = await scheduler.import_directory(data, directory.name, dry_run=False)
    elif not await scheduler.points():
        report = await scheduler.load_province(HO_CHI_MINH_CITY)
    else:
        return len(await scheduler.points())
    _require_clean(report)
    return len(await scheduler.points())


def _require_clean(report: ImportReport) -> None:
    if report.applied:
        return
    lines = [text("import_problem", row=p.row, column=p.column, message=p.message) for p in report.problems[:10]]
    raise BadInput("directory.problems", "\n".join(lines))


def _load_accounts(path: Path) -> Accounts:
    """The accounts of last time, and new ones for people who were not there then."""
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known = {username: Account.model_validate(account) for username, account in stored.items()}
    accounts = {name: known.get(name) or Account(username=name, password=_password()) for name in _PEOPLE}
    if accounts != known:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({name: account.model_dump() for name, account in accounts.items()}, file)
    return accounts


def _password() -> str:
    return f"{secrets.token_hex(2)}-{secrets.token_hex(2)}"


def free_port(wanted: int, kind: socket.SocketKind = socket.SOCK_STREAM, *, taken: Collection[int] = ()) -> int:
    """`wanted` when nothing listens there and it is not `taken`, else the next such; any for 0."""
    for port in range(wanted, wanted + 200):
        if port in taken:
            continue
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("0.0.0.0", port))  # noqa: S104 - a probe, closed at once
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise OSError(f"no free port from {wanted} on")
