"""A small country whose halls are in and whose lines are sampled: some of them ill."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from uuid import UUID

from core.database import Database
from core.messages import PRESENCE, SAMPLES, NodeLoad, PresenceChanged, SampleBatch
from core.model import ConferenceId, LegId, LinkSample, Participant, Presence, Role, point_participant
from scheduler.plan.model import Assignment, Plan, ProfileName
from tests.support.website import Website, times_of

HALLS = 12
ILL = [f"d{n}" for n in range(1, 7)]
"""The halls of the first of two provinces."""


async def add_country(database: Database) -> None:
    """A centre, two provinces with six communes each, a hall in every commune."""
    await database.pool.execute("INSERT INTO unit (code, name, kind) VALUES ('tw', 'Trung ương', 'centre')")
    for province, first in (("p1", 1), ("p2", 7)):
        await database.pool.execute(
            "INSERT INTO unit (code, name, kind, parent) VALUES ($1, 'Tỉnh ' || $1, 'province', 'tw')", province
        )
        await database.pool.execute(
            "INSERT INTO unit (code, name, kind, parent)"
            " SELECT 'c' || n, 'Xã ' || n, 'commune', $1 FROM generate_series($2::int, $2::int + 5) n",
            province,
            first,
        )
    await database.pool.execute(
        "INSERT INTO bridge_point (code, name, unit, seats)"
        " SELECT 'd' || n, 'Điểm ' || n, 'c' || n, 30 FROM generate_series(1, $1) n",
        HALLS,
    )


BY_PROVIDER = {"Viettel": (1, 2, 3, 7, 8, 9), "VNPT": (4, 5, 6, 10, 11, 12)}
BY_NODE = {"n1": (1, 4, 5, 7, 8, 10), "n2": (2, 3, 6, 9, 11, 12)}
"""The numbers of the halls of each provider and node: three in each province, three of each other."""


async def add_providers(database: Database) -> None:
    """A main line for every hall, of one of two providers, and a backup of the other that says nothing of it."""
    for provider, halls in BY_PROVIDER.items():
        await database.pool.execute(
            "INSERT INTO point_line (point, backup, provider)"
            " SELECT number, code <> ALL ($2::text[]), $1 FROM bridge_point",
            provider,
            [f"d{n}" for n in halls],
        )


async def add_plan(database: Database, conference: ConferenceId) -> None:
    """A current plan in which two nodes serve the halls, and one that it replaced."""
    for code in BY_NODE:
        await database.pool.execute(
            "INSERT INTO media_node (code, name, unit, legs, kbps) VALUES ($1, 'Nút ' || $1, 'tw', 100, 100000)", code
        )
    planned = _plan({f"d{n}": code for code, halls in BY_NODE.items() for n in halls})
    for number, plan in enumerate((_plan({f"d{n}": "n9" for n in range(1, HALLS + 1)}), planned), 1):
        await database.pool.execute(
            "INSERT INTO conference_plan (conference, number, made_at, current, document)"
            " VALUES ($1, $2, now(), $3, $4)",
            UUID(conference),
            number,
            plan is planned,
            plan.model_dump(mode="json"),
        )


def _plan(nodes: Mapping[str, str]) -> Plan:
    assignments = tuple(Assignment(point=point, node=node, profile=ProfileName.LIGHT) for point, node in nodes.items())
    return Plan(
        wanted=ProfileName.LIGHT,
        profile=ProfileName.LIGHT,
        root=assignments[0].node,
        assignments=assignments,
        trunks=(),
        links=(),
        nodes=(),
        cost=0,
        bound=0,
        gap=0.0,
    )


def hall(code: str) -> Participant:
    """The participant that a hall is."""
    return Participant(id=point_participant(code), role=Role.OPERATOR, name=f"Điểm {code}", point=code)


def sample(site: Website, conference: ConferenceId, code: str, ill: Sequence[str], loss: float = 0.3) -> LinkSample:
    """Those of `ill` lose this share of their packets."""
    lost = loss if code in ill else 0.0
    return LinkSample(
        conference=conference,
        participant=point_participant(code),
        leg=LegId(f"l-{code}"),
        at=site.clock.now(),
        kbps_up=900,
        kbps_down=2_000,
        loss_up=lost,
        loss_down=lost,
        jitter_up_ms=3,
        jitter_down_ms=3,
        rtt_ms=20,
    )


def tell_presence(site: Website, conference: ConferenceId, code: str, presence: Presence) -> None:
    """The bridge's news of a hall."""
    news = PresenceChanged(conference=conference, participant=hall(code), presence=presence, at=site.clock.now())
    site.bus.publish(PRESENCE, news)


@asynccontextmanager
async def taking_part(
    site: Website,
    conference: ConferenceId,
    ill: Sequence[str],
    loss: float = 0.3,
    silent: Sequence[str] = (),
    node: str = "",
    load: NodeLoad | None = None,
) -> AsyncIterator[None]:
    """All halls are in, and their lines are sampled but for those of `silent`; both may be changed meanwhile.

    `node` is what carries them, as busy as `load` says.
    """
    codes = [f"d{n}" for n in range(1, HALLS + 1)]
    for code in codes:
        tell_presence(site, conference, code, Presence.LOST if code in silent else Presence.PRESENT)

    async def sampled() -> None:
        for _ in count():
            samples = tuple(sample(site, conference, code, ill, loss) for code in codes if code not in silent)
            site.bus.publish(SAMPLES, SampleBatch(at=site.clock.now(), samples=samples, node=node, load=load))
            await asyncio.sleep(0.5)

    sampling = asyncio.create_task(sampled())
    try:
        yield
    finally:
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)


async def booked(site: Website) -> ConferenceId:
    """A conference of the whole country."""
    organizer = await site.signed_in(Role.ORGANIZER)
    times = times_of(site.clock.now() + timedelta(minutes=1))
    reply = await organizer.post("/api/conferences", {"title": "Giao ban", "times": times, "units": ["tw"]})
    return ConferenceId(reply.json["id"])
