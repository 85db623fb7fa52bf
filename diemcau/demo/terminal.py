"""Progress on a terminal: one line that fills where it can be rewritten, plain lines where not."""

from __future__ import annotations

import sys
import time


class Terminal:
    """Writes to standard output with the time since the start before each line."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._live = sys.stdout.isatty()
        self._open_line = False

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def say(self, line: str = "") -> None:
        """A line of its own."""
        self._finish_line()
        print(f"{self.seconds:6.1f} s  {line}" if line else "", flush=True)

    def plain(self, line: str) -> None:
        """A line without the time, for what a program or a person copies."""
        self._finish_line()
        print(line, flush=True)

    def progress(self, label: str, done: int, total: int) -> None:
        """A bar that fills; without a terminal, only its end is printed."""
        if not self._live:
            if done == total:
                self.say(f"{label}: {done}/{total}")
            return
        filled = round(30 * done / total) if total else 30
        print(
            f"\r{self.seconds:6.1f} s  {label} [{'█' * filled}{'·' * (30 - filled)}] {done}/{total}", end="", flush=True
        )
        self._open_line = True
        if done == total:
            self._finish_line()

    def _finish_line(self) -> None:
        if self._open_line:
            print(flush=True)
            self._open_line = False
