"""Waiting for something that happens on its own time, with a reason when it does not."""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from collections.abc import Awaitable, Callable

UNIT = float(os.environ.get("DIEMCAU_TEST_SECONDS", "1"))
"""One unit of patience in seconds; slow machines set it higher."""


async def eventually(check: Callable[[], str | Awaitable[str | None] | None], *, units: float = 10) -> None:
    """Polls until `check` returns None; it returns the reason why not yet, which is what a failure prints."""
    deadline = time.monotonic() + units * UNIT
    while True:
        outcome = check()
        reason = await outcome if inspect.isawaitable(outcome) else outcome
        if reason is None:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {units * UNIT:g} s: {reason}")
        await asyncio.sleep(0.02)
