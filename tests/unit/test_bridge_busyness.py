"""What a process says of its own load, of a loop that is really kept from its work."""

from __future__ import annotations

import asyncio
import time

from bridge.busyness import Busyness
from core.messages import NodeLoad


async def _watched(seconds: float, busy_seconds: float) -> NodeLoad:
    """Of a while in which the loop is held for so long again and again, by work that takes CPU."""
    busyness = Busyness()
    watching = asyncio.create_task(busyness.watch())
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            until = time.monotonic() + busy_seconds
            while time.monotonic() < until:
                pass
            await asyncio.sleep(0.005)
        load = busyness.take()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert load is not None
    return load


async def test_a_loop_that_is_held_says_so_and_one_that_is_free_does_not() -> None:
    held, free = await _watched(1.5, 0.2), await _watched(1.5, 0.0)
    # It is held for 200 ms at a time, and looks each 50: on average it comes some 100 to 150 ms late.
    assert held.late_ms > 60, held
    assert held.cores > 3 * free.cores, (held, free)
    assert free.late_ms < held.late_ms / 3, (held, free)


async def test_nothing_is_said_where_nothing_was_looked_at() -> None:
    assert Busyness().take() is None
