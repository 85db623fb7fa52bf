"""Units and bridge points: looking, uploading, downloading."""

from __future__ import annotations

from urllib.parse import unquote

from aiohttp import web
from pydantic import TypeAdapter

from core.errors import BadInput
from core.model import BridgePoint, Role
from scheduler.model import ImportReport, UnitSummary
from web.csvfile import CSV, csv_response
from web.endpoint import AnyEndpoint, Ask, Endpoint, Nothing, Source
from web.models import ImportQuery, PointsQuery
from web.parsing import read_body

ORGANIZER = frozenset({Role.ORGANIZER})
CONSOLES = frozenset({Role.ORGANIZER, Role.CHAIR, Role.TECHNICIAN})


async def list_units(ask: Ask[Nothing]) -> list[UnitSummary]:
    """The administrative tree."""
    return await ask.context.scheduler.units()


async def list_points(ask: Ask[PointsQuery]) -> list[BridgePoint]:
    """The points of a unit's whole subtree, and those that a text finds."""
    return await ask.context.scheduler.points(ask.input.unit, ask.input.q)


async def import_directory(ask: Ask[ImportQuery]) -> ImportReport:
    """Takes a directory file, whole or not at all; its name, percent-encoded, tells its format."""
    name = unquote(ask.request.headers.get("X-File-Name", ""))
    if not name or len(name) > 255:
        raise BadInput("directory.file_name", "The header X-File-Name must hold the file's name, percent-encoded.")
    data = await read_body(ask.request, ask.context.settings.limits.directory_bytes)
    return await ask.context.scheduler.import_directory(data, name, ask.input.dry_run)


async def export_directory(ask: Ask[Nothing]) -> web.Response:
    """The directory as a file that the import takes back."""
    return csv_response(await ask.context.scheduler.export_csv(), "directory.csv")


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/units",
        "The administrative tree",
        list_units,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[UnitSummary]),
        roles=CONSOLES,
    ),
    Endpoint(
        "GET",
        "/api/points",
        "Bridge points",
        list_points,
        PointsQuery,
        Source.QUERY,
        reply=TypeAdapter(list[BridgePoint]),
        roles=CONSOLES,
    ),
    Endpoint(
        "POST",
        "/api/directory",
        "Load a directory file (.csv or .xlsx)",
        import_directory,
        ImportQuery,
        Source.FILE,
        reply=TypeAdapter(ImportReport),
        roles=ORGANIZER,
        errors={BadInput: ("directory.file_name",)},
    ),
    Endpoint(
        "GET",
        "/api/directory.csv",
        "The directory as a file",
        export_directory,
        Nothing,
        Source.NONE,
        media=CSV,
        roles=ORGANIZER,
    ),
)
