"""Who this process is among those of its installation: the same after a restart, and nobody else meanwhile."""

from __future__ import annotations

import fcntl
import secrets
from itertools import count
from pathlib import Path
from typing import IO


class ProcessIdentity:
    """An identity that is kept in `folder` and held by a lock on its file, which ends with the process however it ends.

    A second process on the same folder gets another one.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = next(file for n in count() if (file := _held(folder / f"process-{n}.id")) is not None)
        self._file.seek(0)
        self.text = self._file.read().strip() or secrets.token_hex(8)
        self._file.seek(0)
        self._file.truncate()
        self._file.write(self.text)
        self._file.flush()

    def close(self) -> None:
        """Gives the identity back."""
        self._file.close()


def _held(path: Path) -> IO[str] | None:
    file = path.open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
