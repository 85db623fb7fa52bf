"""A real IMAP server (Debian's Dovecot) on loopback, with one mailbox."""

from __future__ import annotations

import asyncio
import getpass
import imaplib
import os
import shutil
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from core.settings import Imap, Settings
from diemcau.network import certificate_for
from tests.support.installation import HOST, free_ports

USER, PASSWORD = "lich@cau.example.vn", "mật-khẩu-hộp-thư"
_CONFIG = """
protocols = imap
listen = {host}
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
mail_location = maildir:{folder}/mail
disable_plaintext_auth = no
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_dh =
first_valid_uid = 1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
imap_capability = {capability}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={mail} gid={mail_group} home={folder}/mail
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """Its ports, and the certificate that it shows."""

    plain: int
    tls: int
    certificate: Path

    def imap(self, security: Literal["tls", "starttls", "none"] = "none", **more: Any) -> Imap:
        """Settings that fetch from its mailbox."""
        port = self.tls if security == "tls" else self.plain
        secret = more.pop("password", PASSWORD)
        return Imap(host=HOST, port=port, security=security, user=USER, password=SecretStr(secret), **more)

    async def arrives(self, *mails: bytes) -> None:
        """Puts mails into the mailbox, as a mail server does."""
        for mail in mails:
            await asyncio.to_thread(self._append, mail)

    async def lies_in(self, folder: str) -> list[tuple[bytes, bool]]:
        """The mails in a folder, each with whether it was read; empty when there is no such folder."""
        return await asyncio.to_thread(self._list, folder)

    def _append(self, mail: bytes) -> None:
        with self._client() as client:
            assert client.append("INBOX", "", "", mail)[0] == "OK"

    def _list(self, folder: str) -> list[tuple[bytes, bool]]:
        with self._client() as client:
            if client.select(f'"{folder}"', readonly=True)[0] != "OK":
                return []
            _, [found] = client.search(None, "ALL")
            return [self._one(client, number) for number in found.split()]

    @staticmethod
    def _one(client: imaplib.IMAP4, number: bytes) -> tuple[bytes, bool]:
        _, parts = client.fetch(number.decode(), "(FLAGS BODY.PEEK[])")
        [(head, body)] = [part for part in parts if isinstance(part, tuple)]
        return body, rb"\Seen" in head + b"".join(part for part in parts if isinstance(part, bytes))

    def _client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4(HOST, self.plain, timeout=10)
        client.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
        return client


@asynccontextmanager
async def dovecot(*, can_move: bool = True) -> AsyncIterator[Dovecot]:
    """The running server, ended by its id; without `can_move` it knows only what RFC 3501 asks of every server."""
    executable = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert executable, "dovecot is not installed: `make browsers` says how to get it"
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="diemcau-imap-"))
    plain, tls = free_ports(2)
    certificate, key = await asyncio.to_thread(certificate_for, Settings(data_dir=folder / "tls"))
    await asyncio.to_thread(_write, folder, plain, tls, certificate, key, can_move)
    process = await asyncio.create_subprocess_exec(
        executable, "-F", "-c", str(folder / "dovecot.conf"), stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        await _listening(plain, folder / "log")
        yield Dovecot(plain, tls, certificate)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _write(folder: Path, plain: int, tls: int, certificate: Path, key: Path, can_move: bool) -> None:
    """As root it runs as its package's own users and keeps mail as nobody; else all is the present user's."""
    root, me = os.getuid() == 0, getpass.getuser()
    mail, mail_group = (65_534, 65_534) if root else (os.getuid(), os.getgid())
    (folder / "mail").mkdir()
    if root:
        os.chown(folder / "mail", mail, mail_group)
    folder.chmod(0o755)
    text = _CONFIG.format(
        host=HOST,
        folder=folder,
        certificate=certificate,
        key=key,
        internal="dovecot" if root else me,
        internal_group="dovecot" if root else os.getgid(),
        login="dovenull" if root else me,
        mail=mail,
        mail_group=mail_group,
        plain=plain,
        tls=tls,
        password=PASSWORD,
        capability="" if can_move else "IMAP4rev1",
    )
    (folder / "dovecot.conf").write_text(text, encoding="utf-8")


async def _listening(port: int, log: Path) -> None:
    try:
        async with asyncio.timeout(15):
            while True:
                with suppress(OSError):
                    _, writer = await asyncio.open_connection(HOST, port)
                    writer.close()
                    await writer.wait_closed()
                    return
                await asyncio.sleep(0.05)
    except TimeoutError as exc:
        told = await asyncio.to_thread(log.read_text) if log.exists() else "nothing"  # noqa: ASYNC240
        raise AssertionError(f"dovecot does not listen; it says: {told}") from exc
