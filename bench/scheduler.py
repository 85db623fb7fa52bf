"""Booking, contention, clash lists, free time and plans at the nation's size, each beside its floor in the same run.

Run as `python -m bench.scheduler`; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import statistics
import time
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog

from bench.scheduler_book import DAYS, NEW_YEAR, SLOTS_UTC, embedded_database, fill_year
from bench.scheduler_plan import measure_plans
from core.bus import Bus
from core.clock import ManualClock
from core.database import Database
from core.errors import Conflict
from core.identity import Signer
from core.settings import Limits
from scheduler.bookings import Bookings
from scheduler.choosing import Choosing
from scheduler.choosing_model import Choice
from scheduler.free_time_model import FreeTimeRequest
from scheduler.free_time_search import FreeTime
from scheduler.model import BookingRequest, ClashRequest, RequestedTimes
from scheduler.service import Scheduler

PARTY = 542
BOOKERS = 200
POINTS_EACH = 20
SHARED = 400
"""Points that the bookers of an overlapping round fight for."""
CONNECTIONS = 20
ZONE = "Asia/Ho_Chi_Minh"
TWO_HOURS = timedelta(hours=2)


class Bench:
    """The parts under measurement, over one database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.pool = database.pool
        clock, bus, limits = ManualClock(NEW_YEAR - timedelta(days=1)), Bus(), Limits()
        self.scheduler = Scheduler(database, bus, clock, Signer("the bench needs no secret, only a long one"), limits)
        self.bookings = Bookings(database, bus, clock, limits)
        self.free_time = FreeTime(database, clock, Choosing(database, clock, limits), ZONE)
        self.rng = random.Random(PARTY)

    async def load(self, reservations: int) -> dict[str, Any]:
        """The nation and a year of bookings."""
        began = time.perf_counter()
        report = await self.scheduler.load_nation()
        seconds = time.perf_counter() - began
        print(f"nation: {report.units_new:,} units, {report.points_new:,} points in {seconds:.2f} s")
        return {"nation_load_s": round(seconds, 2), "reservations": await fill_year(self.database, reservations)}

    async def codes(self) -> list[str]:
        """All points, every province mixed."""
        codes = [point.code for point in await self.scheduler.points()]
        self.rng.shuffle(codes)
        return codes

    async def booking(self, rounds: int) -> dict[str, Any]:
        """542 points booked, beside a bare insert of the same rows; in turns, so that both meet the same table."""
        codes = (await self.codes())[:PARTY]
        numbers = await self._numbers(codes)
        ours: list[float] = []
        floor: list[float] = []
        for i in range(rounds):
            free = NEW_YEAR + timedelta(days=DAYS + i)
            request = _request("Hội nghị", free, codes)
            ours.append(await _timed(self.bookings.book(request, "bench")))
            floor.append(await _timed(self._insert(free + TWO_HOURS, numbers)))
        return {
            **_figures("book_542", ours),
            **_figures("book_floor", floor),
            "book_ratio": round(_p95(ours) / _p95(floor), 2),
        }

    async def _insert(self, start: datetime, numbers: list[int]) -> None:
        """The floor: what any booking must write, in one transaction of two statements."""
        id, stop = uuid4(), start + TWO_HOURS
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO conference (id, title, state, can_join_after, start, stop, must_join_before, booked_by,"
                " booked_at, changed_by, changed_at)"
                " VALUES ($1, 'Hội nghị', 'confirmed', $2, $2, $3, $3, 'bench', $2, 'bench', $2)",
                id,
                start,
                stop,
            )
            await connection.execute(
                "INSERT INTO reservation (conference, point, during)"
                " SELECT $1, point, tstzrange($3, $4) FROM unnest($2::int[]) AS given (point)",
                id,
                numbers,
                start,
                stop,
            )

    async def contention(self, rounds: int) -> dict[str, Any]:
        """200 bookers at once, on the same points and on their own: who wins, who is told what, how fast."""
        codes = await self.codes()
        tally = {"won": 0, "told": 0, "deadlocks": 0, "untold": 0}
        fought: list[float] = []
        apart: list[float] = []
        for i in range(rounds):
            start = NEW_YEAR + timedelta(days=2 * DAYS + i)
            alone = [codes[j * POINTS_EACH % len(codes) :][:POINTS_EACH] for j in range(BOOKERS)]
            alone = [part for part in alone if len(part) == POINTS_EACH][: len(codes) // POINTS_EACH]
            apart.append(await self._round(start, alone, {"won": 0, "told": 0, "deadlocks": 0, "untold": 0}))
            mixed = [self.rng.sample(codes[:SHARED], POINTS_EACH) for _ in range(len(alone))]
            fought.append(await self._round(start + TWO_HOURS, mixed, tally))
        doubles = await self._double_bookings()
        print(f"contention: {tally}, {doubles} double bookings")
        return {
            "double_bookings": doubles,
            "deadlocks": tally["deadlocks"],
            "losers_told": tally["told"],
            "losers_untold": tally["untold"],
            "winners": tally["won"],
            "requests_per_s_overlapping": round(statistics.median(fought)),
            "requests_per_s_apart": round(statistics.median(apart)),
            "overlap_throughput_ratio": round(statistics.median(fought) / statistics.median(apart), 2),
        }

    async def _round(self, start: datetime, wishes: Sequence[list[str]], tally: dict[str, int]) -> float:
        """All at once; answered requests per second."""
        began = time.perf_counter()
        outcomes = await asyncio.gather(
            *(self.bookings.book(_request("Họp", start, codes), "bench") for codes in wishes), return_exceptions=True
        )
        seconds = time.perf_counter() - began
        for outcome in outcomes:
            if not isinstance(outcome, BaseException):
                tally["won"] += 1
            elif isinstance(outcome, Conflict) and outcome.code == "booking.clash":
                tally["told" if outcome.data["clashes"] else "untold"] += 1
            else:
                tally["deadlocks"] += 1
                print(f"surfaced: {outcome!r}")
        return len(wishes) / seconds

    async def _double_bookings(self) -> int:
        """Pairs of held reservations of one point that overlap; counted from the rows, not by the constraint."""
        found: int = await self.pool.fetchval(
            "SELECT count(*) FROM ("
            " SELECT during, lag(during) OVER (PARTITION BY point ORDER BY lower(during)) AS before"
            " FROM reservation WHERE held) AS pair WHERE during && before"
        )
        return found

    async def clashes(self, rounds: int) -> dict[str, Any]:
        """The clash list of every point of the nation, beside the bare read of the reservations that overlap.

        At the hours of the year's conferences, which hold a province or two; and where every point is taken.
        """
        ours: list[float] = []
        floor: list[float] = []
        for _ in range(rounds):
            day = NEW_YEAR + timedelta(days=self.rng.randrange(DAYS))
            start = day + timedelta(hours=self.rng.choice(SLOTS_UTC))
            request = ClashRequest(times=_times(start), units=("VN",))
            ours.append(await _timed(self.bookings.clashes(request)))
            floor.append(await _timed(self._overlapping(start)))
        sunday = NEW_YEAR + timedelta(days=(6 - NEW_YEAR.weekday()) % 7, hours=1)
        await self.bookings.book(_request("Toàn quốc", sunday, await self.codes()), "bench")
        everywhere = ClashRequest(times=_times(sunday), units=("VN",))
        taken = len((await self.bookings.clashes(everywhere)).clashes)
        worst = [await _timed(self.bookings.clashes(everywhere)) for _ in range(rounds)]
        print(f"clash list of a time at which {taken:,} points are taken:")
        return {
            **_figures("clash_3321", ours),
            **_figures("clash_floor", floor),
            **_figures("clash_all_taken", worst),
        }

    async def _overlapping(self, start: datetime) -> None:
        await self.pool.fetch(
            "SELECT point, conference, during FROM reservation WHERE held AND during && tstzrange($1, $2)",
            start,
            start + TWO_HOURS,
        )

    async def free(self, rounds: int) -> dict[str, Any]:
        """Free time of 542 points over the year: with a window found, and with none, where blockers are worked out."""
        codes = (await self.codes())[:PARTY]
        numbers = await self._numbers(codes)
        request = FreeTimeRequest(
            minutes=120,
            earliest=NEW_YEAR,
            latest=NEW_YEAR + timedelta(days=DAYS),
            choice=Choice(points=tuple(codes)),
            chair="bench",
        )
        # Longer than any gap that is left, so that the whole year is searched in vain.
        hopeless = request.model_copy(update={"minutes": 210, "before_minutes": 600, "after_minutes": 600})
        found = await self.free_time.find(request)
        none = await self.free_time.find(hopeless)
        print(
            f"free time: {len(found.windows)} windows; hopeless: {len(none.windows)}, {none.starts} starts, "
            f"nearest misses {[miss.busy for miss in none.near_misses]} busy"
        )
        ours = [await _timed(self.free_time.find(request)) for _ in range(rounds)]
        vain = [await _timed(self.free_time.find(hopeless)) for _ in range(rounds)]
        floor = [await _timed(self._rows_of(numbers)) for _ in range(rounds)]
        return {
            "free_time_ms": round(_p95([*ours, *vain]), 1),
            **_figures("free_time_found", ours),
            **_figures("free_time_none", vain),
            **_figures("free_time_floor", floor),
        }

    async def _rows_of(self, numbers: list[int]) -> None:
        """The floor: the same reservations, only fetched."""
        await self.pool.fetch(
            "SELECT point, lower(during), upper(during) FROM reservation"
            " WHERE held AND point = ANY ($1::int[]) AND during && tstzrange($2, $3)",
            numbers,
            NEW_YEAR,
            NEW_YEAR + timedelta(days=DAYS),
        )

    async def _numbers(self, codes: Sequence[str]) -> list[int]:
        rows = await self.pool.fetch("SELECT number FROM bridge_point WHERE code = ANY ($1::text[])", codes)
        return [row["number"] for row in rows]


def _request(title: str, start: datetime, codes: Sequence[str]) -> BookingRequest:
    return BookingRequest(title=title, times=_times(start), points=tuple(codes))


def _times(start: datetime) -> RequestedTimes:
    stop = start + TWO_HOURS
    return RequestedTimes(can_join_after=start, start=start, stop=stop, must_join_before=stop)


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1_000


def _p95(times_ms: Sequence[float]) -> float:
    return statistics.quantiles(times_ms, n=20, method="inclusive")[-1]


def _figures(name: str, times_ms: Sequence[float]) -> dict[str, float]:
    figures = {f"{name}_ms_p50": round(statistics.median(times_ms), 1), f"{name}_ms_p95": round(_p95(times_ms), 1)}
    print(", ".join(f"{key} {value}" for key, value in figures.items()))
    return figures


async def run(reservations: int, rounds: int, *, plans: bool) -> dict[str, Any]:
    """Everything, in one run."""
    async with embedded_database(CONNECTIONS) as database:
        bench = Bench(database)
        figures = await bench.load(reservations)
        figures |= await bench.booking(rounds)
        figures |= await bench.contention(max(1, rounds // 10))
        figures |= await bench.clashes(rounds)
        figures |= await bench.free(max(2, rounds // 2))
    figures |= measure_plans() if plans else {"plan_3356_s": None, "plan_gap": None}
    return figures | {"load_average": round(os.getloadavg()[1], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scheduler", description=__doc__)
    parser.add_argument("--reservations", type=int, default=200_000, help="in the table before anything is measured")
    parser.add_argument("--rounds", type=int, default=60, help="bookings and clash lists that are timed")
    parser.add_argument("--no-plans", action="store_true", help="leave the cascade plans out")
    given = parser.parse_args()
    if not (1_000 <= given.reservations <= 2_000_000 and 2 <= given.rounds <= 365):
        parser.error("--reservations must be 1,000..2,000,000, --rounds 2..365")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print(json.dumps(asyncio.run(run(given.reservations, given.rounds, plans=not given.no_plans))))


if __name__ == "__main__":
    main()
