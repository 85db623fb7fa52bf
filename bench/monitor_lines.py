"""What the monitor says of lines whose faults are known: headless halls behind the line emulator, each direction.

Run as `python -m bench.monitor_lines`; prints a table and, as its last line, one JSON object. Truth is what the
emulator counted in the same time: its losses, the delay that was added to the trip as it was before, the cap's rate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from bench.monitor_lines_verdicts import TRIALS, row_of, summary, text_of
from bridge.endpoint.clips import ClipLibrary
from core.database import Database, migrate, open_pool, start_embedded
from tests.support.watched import Outcome, Trial, WatchedHall, watching

AT_ONCE = 4
"""Halls at a time: more would measure this machine and not the monitor."""
LASTS_SECONDS = 24.0
RETURN_SECONDS = 40.0
_GOOD_WITHIN = 60.0


async def measure(trials: Sequence[Trial], at_once: int = AT_ONCE, seconds: float = LASTS_SECONDS) -> list[Outcome]:
    """Every trial with a hall of its own, some at a time."""
    folder = Path(tempfile.mkdtemp(prefix="diemcau-monitor-lines-"))
    server = await asyncio.to_thread(start_embedded, folder / "postgres")
    try:
        outcomes: list[Outcome] = []
        for number, some in enumerate(_batches(trials, at_once)):
            async with _database(server, f"batch_{number}") as database:
                outcomes += await _together(database, some, seconds)
        return outcomes
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _database(server: Any, name: str) -> AsyncIterator[Database]:
    """A new one: to a monitor that goes on after another, the halls of the batch before are lost, and all at once."""
    admin = await asyncpg.connect(server.get_uri())
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    pool = await open_pool(server.get_uri(name))
    try:
        await migrate(pool)
        yield Database(pool, server.get_uri(name))
    finally:
        await pool.close()


def _batches(trials: Sequence[Trial], at_once: int) -> Iterator[Sequence[Trial]]:
    """A cut goes alone: while several halls are ill at a time, their incidents wait for what they may share."""
    cuts = [one for one in trials if one.is_cut]
    others = [one for one in trials if not one.is_cut]
    yield from (others[first : first + at_once] for first in range(0, len(others), at_once))
    yield from ([one] for one in cuts)


async def _together(database: Database, trials: Sequence[Trial], seconds: float) -> list[Outcome]:
    async with watching(database) as (bus, node), AsyncExitStack() as stack:
        halls = []
        for seed in range(len(trials)):
            hall = WatchedHall(bus, node.engine.port, seed * 10 + 1)
            halls.append(await stack.enter_async_context(hall.running(ClipLibrary({}))))
        await asyncio.gather(*(hall.until_good(_GOOD_WITHIN) for hall in halls))
        work = [hall.undergo(trial, seconds, RETURN_SECONDS) for hall, trial in zip(halls, trials, strict=True)]
        outcomes = await asyncio.gather(*work)
        for outcome in outcomes:
            print(text_of(row_of(outcome)), flush=True)
        return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.monitor_lines", description=__doc__)
    parser.add_argument("--only", action="append", help="only trials whose name holds this; may be repeated")
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    wanted = [one for one in TRIALS if not given.only or any(text in one.name for text in given.only)]
    rows: list[dict[str, Any]] = [row_of(one) for one in asyncio.run(measure(wanted, given.at_once))]
    print(json.dumps(summary(rows) | {"rows": rows}, ensure_ascii=False))


if __name__ == "__main__":
    main()
