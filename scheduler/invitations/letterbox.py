"""A mailbox over IMAP (RFC 3501): what lies in it, one mail at a time, and putting it away. Blocking: for a thread.

The standard library's client suffices for one mailbox that is looked into once a minute, and lives as long as Python.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from core.settings import Imap

TRANSPORT_ERRORS = (imaplib.IMAP4.error, OSError)
"""What a server raises that is away, breaks off or refuses; its words may hold addresses."""


class Letterbox:
    """A signed-in session in `imap.folder`; a context manager that makes it and ends it."""

    def __init__(self, imap: Imap) -> None:
        self._imap = imap
        self._known: set[str] = set()
        self._client: Any = None

    def __enter__(self) -> Letterbox:
        self._client = _connect(self._imap)
        try:
            self._sign_in()
            self._done(self._client.select, _quoted(self._imap.folder))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the session; harmless when it is broken."""
        with suppress(*TRANSPORT_ERRORS):
            self._client.logout()

    def mails(self, limit: int) -> list[tuple[bytes, int]]:
        """The UIDs of the first mails that lie in the folder, and the size of each in bytes."""
        found = self._done(self._client.uid, "SEARCH", "UNDELETED")
        uids = b" ".join(line for line in found if line).split()[:limit]
        return [(uid, self._size(uid)) for uid in uids]

    def read(self, uid: bytes) -> bytes | None:
        """A mail as it arrived, still unread; None when another client has taken it away meanwhile."""
        for part in self._done(self._client.uid, "FETCH", uid, "(BODY.PEEK[])"):
            if isinstance(part, tuple):
                return bytes(part[1])
        return None

    def put(self, uid: bytes, folder: str, *, read: bool) -> None:
        """Moves a mail to a folder, which is made when there is none; `read` marks it first."""
        self._make(folder)
        if read:
            self._done(self._client.uid, "STORE", uid, "+FLAGS.SILENT", r"(\Seen)")
        if "MOVE" in self._client.capabilities:  # RFC 6851
            self._done(self._client.uid, "MOVE", uid, _quoted(folder))
            return
        # A session that breaks off between leaves a copy, and the same mail to be put away again.
        self._done(self._client.uid, "COPY", uid, _quoted(folder))
        self._done(self._client.uid, "STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        self._done(self._client.expunge)

    def _size(self, uid: bytes) -> int:
        for part in self._done(self._client.uid, "FETCH", uid, "(RFC822.SIZE)"):
            if isinstance(part, bytes) and b"RFC822.SIZE" in part:
                return int(part.rpartition(b"RFC822.SIZE")[2].strip(b" )").split()[0])
        return 0

    def _sign_in(self) -> None:
        user, password = self._imap.user, self._imap.password.get_secret_value()
        if "AUTH=PLAIN" in self._client.capabilities:
            # RFC 4616; unlike LOGIN it carries every letter.
            self._done(self._client.authenticate, "PLAIN", lambda _: f"\0{user}\0{password}".encode())
        else:
            self._done(self._client.login, user, password)
        # Many servers tell all that they can only now.
        *_, told = self._done(self._client.capability)
        self._client.capabilities = tuple(told.decode("ascii", errors="replace").upper().split())

    def _make(self, folder: str) -> None:
        if folder in self._known:
            return
        [found, *_] = self._done(self._client.list, '""', _quoted(folder))
        if found is None:
            self._done(self._client.create, _quoted(folder))
            self._done(self._client.subscribe, _quoted(folder))
        self._known.add(folder)

    @staticmethod
    def _done(command: Callable[..., tuple[str, list[Any]]], *arguments: Any) -> list[Any]:
        kind, data = command(*arguments)
        if kind != "OK":
            raise imaplib.IMAP4.error(f"{command.__name__} was answered {kind}")
        return data


def _connect(imap: Imap) -> imaplib.IMAP4:
    if imap.security == "tls":
        context = ssl.create_default_context()
        return imaplib.IMAP4_SSL(imap.host, imap.port, ssl_context=context, timeout=imap.timeout_seconds)
    client = imaplib.IMAP4(imap.host, imap.port, timeout=imap.timeout_seconds)
    if imap.security == "starttls":
        client.starttls(ssl.create_default_context())
    return client


def _quoted(name: str) -> str:
    """The settings let no quotation mark into a folder's name."""
    return f'"{name}"'
