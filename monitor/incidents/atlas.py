"""Where points hang, from the directory and the current plans."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from uuid import UUID

import asyncpg

from core.database import Database, load_queries
from core.model import ConferenceId, PointCode, UnitCode
from monitor.incidents.topology import Place, Topology

_SQL = load_queries("monitor.incidents")


async def load_topology(
    database: Database,
    points: Collection[PointCode],
    conferences: Collection[ConferenceId],
    carried: Mapping[PointCode, str],
) -> Topology:
    """The topology of `points`; of those in no plan `carried` tells the node. Raises asyncpg's own errors."""
    async with database.pool.acquire() as connection:
        places = await connection.fetch(_SQL["places"], list(points))
        units = {row["code"]: row for row in await connection.fetch(_SQL["units"])}
        planned = await connection.fetch(_SQL["nodes"], [UUID(conference) for conference in conferences])
        names = await connection.fetch(_SQL["node_names"])
    nodes = {**carried, **{PointCode(row["point"]): row["node"] for row in planned}}
    return Topology(
        places={PointCode(row["code"]): _place(row, units, nodes) for row in places},
        unit_names={UnitCode(code): row["name"] for code, row in units.items()},
        uplinks={UnitCode(code): row["uplink_kbps"] for code, row in units.items()},
        roots=frozenset(UnitCode(code) for code, row in units.items() if row["parent"] is None),
        node_names={row["code"]: row["name"] for row in names},
    )


def _place(row: asyncpg.Record, units: Mapping[str, asyncpg.Record], nodes: Mapping[PointCode, str]) -> Place:
    return Place(
        point=PointCode(row["code"]),
        name=row["name"],
        units=tuple(_upwards(row["unit"], units)),
        provider=row["provider"],
        node=nodes.get(PointCode(row["code"]), ""),
        up_kbps=row["up_kbps"],
        down_kbps=row["down_kbps"],
    )


def _upwards(unit: str | None, units: Mapping[str, asyncpg.Record]) -> Iterator[UnitCode]:
    seen: set[str] = set()
    while unit is not None and unit in units and unit not in seen:
        seen.add(unit)
        yield UnitCode(unit)
        unit = units[unit]["parent"]
