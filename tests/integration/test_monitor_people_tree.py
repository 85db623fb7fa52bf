"""Live sums up a unit tree of three levels, 542 halls and 5,000 delegates: after every step as a simple model has them.

The model adds from the top down what the product adds from the halls up; what the feed told is put together as a page
does it, and must come to the same.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from core.database import Database
from core.identity import JoinRight, Signer
from core.messages import PRESENCE, PresenceChanged
from core.model import ConferenceId, Departure, Participant, PointCode, Presence, Role, point_participant
from monitor.headcount import teller
from tests.support.polling import eventually
from tests.support.website import SECRET, Visitor, Website, running_website, times_of

PROVINCES, HALLS, DELEGATES, SEED = 34, 542, 5_000, 7
BUSY = ("d-vn", "d-t00", "d-t09", "d-x000", "d-x034", "d-x001", "d-x500")
"""Where the steps happen, so that several meet in one hall, and halls of all three levels in one province."""
SUMS = ("points", "answered", "present", "expected", "declared", "listed", "verified", "absent")
REPORTED = ("points", "came", "late", "early", "expected", "declared", "listed", "verified", "absent")


@dataclass
class Hall:
    """One hall of the model: what was said last, and the state of each delegate of its list."""

    unit: str
    expected: int
    declared: int | None = None
    present: bool = False
    came: bool = False
    late: bool = False
    early: bool = False
    delegates: dict[str, str] = field(default_factory=dict)

    def counted(self) -> Counter[str]:
        states = Counter(self.delegates.values())
        told = {"points": 1, "answered": self.declared is not None, "present": self.present, "expected": self.expected}
        people = {"listed": len(self.delegates), "verified": states["present"], "absent": states["absent"]}
        moved = {"came": self.came, "late": self.late, "early": self.early}
        return Counter(told | people | moved | {"declared": self.declared or 0})


def tree() -> tuple[dict[str, str | None], dict[str, Hall]]:
    """The centre, 34 provinces, 507 communes: one hall in each, and 0 to 24 delegates on its list."""
    communes = HALLS - PROVINCES - 1
    parents: dict[str, str | None] = {"vn": None, **{f"t{n:02}": "vn" for n in range(PROVINCES)}}
    parents |= {f"x{n:03}": f"t{n % PROVINCES:02}" for n in range(communes)}
    random, halls = Random(SEED), {f"d-{unit}": Hall(unit, 12) for unit in parents}
    codes = sorted(halls)
    for n in range(DELEGATES):
        halls[random.choice(codes)].delegates[f"DB{n}"] = "awaited"
    for hall in halls.values():
        hall.expected = len(hall.delegates) or hall.expected
    return parents, halls


@dataclass
class Story:
    """A conference, its model, and what a page that follows the feed has heard."""

    site: Website
    organizer: Visitor
    conference: ConferenceId
    start: datetime
    parents: dict[str, str | None]
    halls: dict[str, Hall]
    random: Random
    units_heard: dict[str, Any] = field(default_factory=dict)
    rows_heard: dict[str, Any] = field(default_factory=dict)
    total_heard: Any = None

    @property
    def path(self) -> str:
        return f"/api/conferences/{self.conference}"

    def sums(self, names: tuple[str, ...] = SUMS) -> dict[str, dict[str, int]]:
        """By unit: its own halls and everything below it."""
        below: dict[str | None, list[str]] = {}
        for unit, parent in self.parents.items():
            below.setdefault(parent, []).append(unit)
        own: dict[str, list[Hall]] = {}
        for hall in self.halls.values():
            own.setdefault(hall.unit, []).append(hall)
        found: dict[str, Counter[str]] = {}

        def add(unit: str) -> Counter[str]:
            found[unit] = Counter()
            for hall in own.get(unit, []):
                found[unit].update(hall.counted())
            for child in below.get(unit, []):
                found[unit].update(add(child))
            return found[unit]

        add("vn")
        return {unit: {name: counts[name] for name in names} for unit, counts in found.items()}

    async def agrees(self, step: str) -> None:
        """The API has the model's sums now, and the feed comes to them."""
        wanted = self.sums()
        # What comes over the bus is digested a moment later.
        await eventually(lambda: self._asked(wanted, step))
        await eventually(lambda: self._heard(wanted, step))

    async def _asked(self, wanted: dict[str, dict[str, int]], step: str) -> str | None:
        seen = (await self.organizer.get(f"{self.path}/headcounts")).json
        told = {unit["code"]: unit["sum"] for unit in seen["units"]}
        assert {unit["code"]: unit["parent"] for unit in seen["units"]} == self.parents
        return _differences(step, wanted, told) or (
            None if seen["total"] == wanted["vn"] else f"{step}: {seen['total']}"
        )

    def _heard(self, wanted: dict[str, dict[str, int]], step: str) -> str | None:
        if self.total_heard != wanted["vn"]:
            return f"the feed after {step}: {self.total_heard}"
        present = sum(row["present"] for row in self.rows_heard.values())
        assert present == wanted["vn"]["present"]
        return _differences(f"the feed after {step}", wanted, self.units_heard)

    def hear(self, news: dict[str, Any]) -> None:
        self.units_heard |= {unit["code"]: unit["sum"] for unit in news["units"]}
        self.rows_heard |= {row["point"]: row for row in news["rows"]}
        self.total_heard = news["total"]

    # --- who is asked about ------------------------------------------------------------------------

    def a_hall(self, fits: Callable[[Hall], bool] = lambda hall: True) -> tuple[str, Hall]:
        code = self.random.choice([code for code in BUSY if fits(self.halls[code])])
        return code, self.halls[code]

    def a_delegate(self, *states: str) -> tuple[str, Hall, str]:
        point, hall = self.a_hall(lambda hall: any(state in states for state in hall.delegates.values()))
        return point, hall, self.random.choice([c for c, state in hall.delegates.items() if state in states])

    def operator(self, point: str) -> Participant:
        return Participant(id=point_participant(point), role=Role.OPERATOR, name=point, point=PointCode(point))

    def desk(self, point: str) -> str:
        right = JoinRight(conference=self.conference, participant=self.operator(point))
        return f"/api/joins/{Signer(SECRET).join_token(right, self.site.clock.now() + timedelta(hours=1))}"

    async def ticket(self, code: str) -> str:
        return str((await self.organizer.get(f"{self.path}/delegates/{code}/ticket")).json["url"])

    async def put(self, path: str, **said: Any) -> None:
        reply = await self.organizer.ask("PUT", path, json=said)
        assert reply.status == 200, reply.json

    async def post(self, path: str, said: Any = None) -> None:
        reply = await self.organizer.post(path, said)
        assert reply.status == 200, reply.json


def _differences(step: str, wanted: dict[str, Any], told: dict[str, Any]) -> str | None:
    wrong = {unit: (sums, told.get(unit)) for unit, sums in wanted.items() if told.get(unit) != sums}
    return f"{step}: {len(wrong)} units, such as {next(iter(wrong.items()))}" if wrong else None


# --- what can happen ---------------------------------------------------------------------------------


async def checked_in_from_the_list(story: Story) -> None:
    point, hall, code = story.a_delegate("awaited")
    await story.put(f"{story.desk(point)}/delegates/{code}", state="present")
    hall.delegates[code] = "present"


async def scanned_at_the_desk(story: Story) -> None:
    point, hall, code = story.a_delegate("awaited", "absent")
    await story.post(f"{story.desk(point)}/scan", {"text": await story.ticket(code)})
    hall.delegates[code] = "present"


async def checked_in_by_phone(story: Story) -> None:
    _, hall, code = story.a_delegate("awaited")
    await story.post(f"/api/tickets/{(await story.ticket(code)).rsplit('/', 1)[1]}")
    hall.delegates[code] = "present"


async def absent_with_a_reason(story: Story) -> None:
    point, hall, code = story.a_delegate("awaited", "present")
    await story.put(f"{story.desk(point)}/delegates/{code}", state="absent", reason="Đi công tác nước ngoài")
    hall.delegates[code] = "absent"


async def undone_at_the_desk(story: Story) -> None:
    point, hall, code = story.a_delegate("present")
    await story.put(f"{story.desk(point)}/delegates/{code}", state="awaited")
    hall.delegates[code] = "awaited"


async def corrected_by_the_secretary(story: Story) -> None:
    _, hall, code = story.a_delegate("absent")
    await story.put(f"{story.path}/delegates/{code}", state="present")
    hall.delegates[code] = "present"


async def declared(story: Story) -> None:
    point, hall = story.a_hall()
    hall.declared = story.random.randrange(40)
    await story.put(f"{story.desk(point)}/headcount", declared=hall.declared)


async def declared_corrected(story: Story) -> None:
    point, hall = story.a_hall(lambda hall: hall.declared is not None)
    hall.declared = story.random.randrange(40)
    await story.put(f"{story.path}/points/{point}/headcount", declared=hall.declared, why="đếm lại")


async def expected_corrected(story: Story) -> None:
    point, hall = story.a_hall()
    hall.expected = story.random.randrange(40)
    await story.put(f"{story.path}/points/{point}/headcount", expected=hall.expected, why="thêm ghế")


async def came_in_time(story: Story) -> None:
    point, hall = story.a_hall(lambda hall: not hall.came)
    moved(story, point, Presence.PRESENT, minutes=-10)
    hall.present = hall.came = True


async def came_late(story: Story) -> None:
    point, hall = story.a_hall(lambda hall: not hall.came)
    moved(story, point, Presence.PRESENT, minutes=7)
    hall.present = hall.came = hall.late = True


async def lost(story: Story) -> None:
    point, hall = story.a_hall(lambda hall: hall.present)
    moved(story, point, Presence.LOST, minutes=20)
    hall.present = False


async def came_back(story: Story) -> None:
    point, hall = story.a_hall(lambda hall: hall.came and not hall.present and not hall.early)
    moved(story, point, Presence.PRESENT, minutes=25)
    hall.present = True


async def left_early(story: Story) -> None:
    point, hall = story.a_hall(lambda hall: hall.present)
    how = story.random.choice([Departure.DEPARTED, Departure.FAILED, Departure.REMOVED])
    moved(story, point, Presence.ABSENT, minutes=30, how=how)
    hall.present, hall.early = False, True


def moved(story: Story, point: str, presence: Presence, minutes: int, how: Departure | None = None) -> None:
    """The bridge tells of a hall's endpoint, so many minutes after the start."""
    at, who = story.start + timedelta(minutes=minutes), story.operator(point)
    news = PresenceChanged(conference=story.conference, participant=who, presence=presence, how=how, at=at)
    story.site.bus.publish(PRESENCE, news)


STEPS: tuple[Callable[[Story], Awaitable[None]], ...] = (
    checked_in_from_the_list,
    scanned_at_the_desk,
    checked_in_by_phone,
    absent_with_a_reason,
    undone_at_the_desk,
    corrected_by_the_secretary,
    declared,
    declared_corrected,
    expected_corrected,
    came_in_time,
    came_late,
    lost,
    came_back,
    left_early,
)


# --- the stage ---------------------------------------------------------------------------------------


@pytest.fixture
async def story(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    monkeypatch.setattr(teller, "SPACING_SECONDS", 0.02)
    parents, halls = tree()
    kinds = {"v": "centre", "t": "province", "x": "commune"}
    units = [(unit, f"Đơn vị {unit}", kinds[unit[0]], parent) for unit, parent in parents.items()]
    points = [(code, f"Điểm cầu {hall.unit}", hall.unit) for code, hall in halls.items()]
    await database.pool.executemany("INSERT INTO unit (code, name, kind, parent) VALUES ($1, $2, $3, $4)", units)
    await database.pool.executemany(
        "INSERT INTO bridge_point (code, name, unit, seats) VALUES ($1, $2, $3, 12)", points
    )
    async with running_website(database, tmp_path) as site:
        organizer = await site.signed_in(Role.ORGANIZER)
        start = site.clock.now() + timedelta(minutes=1)
        body = {"title": "Hội nghị toàn quốc", "times": times_of(start), "points": sorted(halls)}
        booked = ConferenceId((await organizer.post("/api/conferences", body)).json["id"])
        lines = [f"{code},Đại biểu {code},{point}" for point, hall in halls.items() for code in hall.delegates]
        file, named = "\n".join(("code,name,point", *lines)).encode(), {"X-File-Name": "dai-bieu.csv"}
        loaded = await organizer.ask("POST", f"/api/conferences/{booked}/delegates", data=file, headers=named)
        assert (loaded.json["applied"], loaded.json["added"]) == (True, DELEGATES)
        story = Story(site, organizer, booked, start, parents, halls, Random(SEED))
        async with _followed(story):
            yield story


@asynccontextmanager
async def _followed(story: Story) -> AsyncIterator[None]:
    following = asyncio.Event()

    async def follow() -> None:
        url = f"{story.site.base}{story.path}/feed?only=people"
        async with story.organizer.http.get(url, read_bufsize=1 << 20) as reply:
            name = ""
            async for line in reply.content:
                text = line.decode().strip()
                name = text.removeprefix("event: ") if text.startswith("event: ") else name
                if text.startswith("data: ") and name == "headcounts":
                    story.hear(json.loads(text.removeprefix("data: ")))
                elif text.startswith("data: ") and name == "snapshot":
                    following.set()

    task = asyncio.create_task(follow())
    try:
        await asyncio.wait_for(following.wait(), 10)
        yield
    finally:
        task.cancel()


async def test_after_every_step_each_unit_has_the_sums_of_all_below_it_and_the_feed_tells_them(story: Story) -> None:
    for step in STEPS * 3:
        await step(story)
        await story.agrees(step.__name__)
    closed = {"type": "closed", "by": "chair"}
    events, at = "INSERT INTO conference_event VALUES ($1, 1, $2, $3)", story.start + timedelta(hours=1)
    await story.site.database.pool.execute(events, story.conference, at, closed)
    await eventually(lambda: _reported(story))


async def _reported(story: Story) -> str | None:
    """Whether the report, too, has the model's sums: who came late, and who left before the chair closed."""
    wanted = story.sums(REPORTED)
    assert wanted["vn"]["late"] == wanted["vn"]["early"] == 3
    report = await story.site.monitor.reports.report(story.conference)
    told = {one.unit.code: {name: getattr(one.counts, name) for name in REPORTED} for one in report.units}
    return _differences("the report", wanted, told)


async def test_what_many_halls_say_at_once_comes_to_the_same_sums(story: Story) -> None:
    """The minutes before the opening: everybody declares and checks in, each hall for itself."""
    crowd = [(point, hall) for point, hall in story.halls.items() if hall.delegates]

    async def opening(mine: list[tuple[str, Hall]]) -> None:
        for point, hall in mine:
            code = next(iter(hall.delegates))
            hall.declared = len(hall.delegates)
            await story.put(f"{story.desk(point)}/headcount", declared=hall.declared)
            await story.put(f"{story.desk(point)}/delegates/{code}", state="present")
            hall.delegates[code] = "present"

    await asyncio.gather(*(opening(crowd[n::16]) for n in range(16)))
    await story.agrees("the opening")
    assert story.sums()["vn"]["verified"] == len(crowd)
