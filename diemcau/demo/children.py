"""The demonstration's two processes: the server, and the virtual halls. Both end when their standard input does."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

END_SECONDS = 15.0


class Child:
    """A process of ours that is spoken to in lines of JSON and ends with us, however we end."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, *arguments: str, environment: Mapping[str, str] | None = None) -> Child:
        """Starts `python -m diemcau …` in a session of its own, so that Ctrl-C reaches only the parent."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "diemcau",
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            limit=8 * 1024 * 1024,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def send(self, message: Any) -> None:
        """Writes one line; a child that is gone hears nothing."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    def signal(self, number: int) -> None:
        """Sends a signal to the process."""
        self._process.send_signal(number)

    async def lines(self) -> AsyncIterator[dict[str, Any]]:
        """What the child says, until it ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            yield json.loads(line)

    async def wait(self) -> int:
        """The exit code, when it has ended."""
        return await self._process.wait()

    async def end(self) -> None:
        """Closes its standard input and waits; a child that does not end in time is killed by its id."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


async def parents_lines() -> AsyncIterator[dict[str, Any]]:
    """In a child: what the parent says, until it ends or closes the pipe."""
    reader = asyncio.StreamReader(limit=8 * 1024 * 1024)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        async for line in reader:
            yield json.loads(line)
    finally:
        transport.close()


def tell_parent(message: dict[str, Any]) -> None:
    """In a child: one line to the parent."""
    sys.stdout.write(json.dumps(message) + "\n")
    with suppress(BrokenPipeError):
        sys.stdout.flush()
