"""Units and bridge points: looking, uploading, downloading."""

from __future__ import annotations

from urllib.parse import unquote

from aiohttp import web
from pydantic import TypeAdapter

from core.errors import BadInput, Conflict, NotFound
from core.model import BridgePoint, Role
from scheduler.directory_model import MergeRequest, PointRecord, UnitRecord
from scheduler.model import ImportReport, UnitSummary
from scheduler.provinces import ProvinceName, provinces
from web.csvfile import CSV, csv_response, disposition
from web.endpoint import AnyEndpoint, Ask, Endpoint, Nothing, Source
from web.models import CountryRequest, ImportQuery, PointsQuery, UnitHistory
from web.parsing import read_body

ORGANIZER = frozenset({Role.ORGANIZER})
CONSOLES = frozenset({Role.ORGANIZER, Role.CHAIR, Role.TECHNICIAN})
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def list_units(ask: Ask[Nothing]) -> list[UnitSummary]:
    """The administrative tree."""
    return await ask.context.scheduler.units()


async def list_points(ask: Ask[PointsQuery]) -> list[BridgePoint]:
    """The points of a unit, and those that a text finds."""
    return await ask.context.scheduler.points(ask.input.unit, ask.input.q, direct=ask.input.direct)


async def import_directory(ask: Ask[ImportQuery]) -> ImportReport:
    """Takes a directory file, whole or not at all; its name, percent-encoded, tells its format."""
    name = unquote(ask.request.headers.get("X-File-Name", ""))
    if not name or len(name) > 255:
        raise BadInput("directory.file_name", "The header X-File-Name must hold the file's name, percent-encoded.")
    data = await read_body(ask.request, ask.context.settings.limits.directory_bytes)
    return await ask.context.scheduler.import_directory(data, name, ask.input.dry_run)


async def list_provinces(_: Ask[Nothing]) -> list[ProvinceName]:
    """The provinces that can be loaded without a file."""
    return provinces()


async def load_country(ask: Ask[CountryRequest]) -> ImportReport:
    """Loads the real communes, each with a point; what is in the directory already is kept."""
    if ask.input.province is None:
        return await ask.context.scheduler.load_nation()
    return await ask.context.scheduler.load_province(ask.input.province)


async def export_directory(ask: Ask[Nothing]) -> web.Response:
    """The directory as a file that the import takes back."""
    return csv_response(await ask.context.scheduler.export_csv(), "directory.csv")


async def export_spreadsheet(ask: Ask[Nothing]) -> web.Response:
    """The same as a spreadsheet."""
    data = await ask.context.scheduler.export_xlsx()
    headers = {"Content-Disposition": disposition("directory.xlsx")}
    return web.Response(body=data, content_type=XLSX, headers=headers)


async def get_point(ask: Ask[Nothing]) -> PointRecord:
    """One point with its operators, lines and equipment."""
    return await ask.context.scheduler.point(ask.code("code", "directory.unknown_point"))


async def merge_units(ask: Ask[MergeRequest]) -> UnitRecord:
    """Merges units into one, or renames or moves one; what was stays known."""
    return await ask.context.office.mergers.merge(ask.input)


async def get_unit_history(ask: Ask[Nothing]) -> UnitHistory:
    """What a unit was before, and what went into it."""
    mergers, code = ask.context.office.mergers, ask.code("code", "directory.unknown_unit")
    before = await mergers.history(code)
    return UnitHistory(before=tuple(before), predecessors=tuple(await mergers.predecessors(code)))


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/units",
        "The administrative tree",
        list_units,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[UnitSummary]),
        roles=CONSOLES | {Role.ADMINISTRATOR},
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
        "/api/provinces",
        "The country's provinces",
        list_provinces,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[ProvinceName]),
        roles=ORGANIZER,
    ),
    Endpoint(
        "POST",
        "/api/directory/country",
        "Load the communes of a province or of the country",
        load_country,
        CountryRequest,
        Source.JSON,
        reply=TypeAdapter(ImportReport),
        roles=ORGANIZER,
        errors={BadInput: ("directory.unknown_province",)},
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
    Endpoint(
        "GET",
        "/api/directory.xlsx",
        "The directory as a spreadsheet",
        export_spreadsheet,
        Nothing,
        Source.NONE,
        media=XLSX,
        roles=ORGANIZER,
    ),
    Endpoint(
        "GET",
        "/api/points/{code}",
        "A bridge point in full",
        get_point,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(PointRecord),
        roles=CONSOLES,
        errors={NotFound: ("directory.unknown_point",)},
    ),
    Endpoint(
        "POST",
        "/api/units/merge",
        "Merge, rename or move units",
        merge_units,
        MergeRequest,
        Source.JSON,
        reply=TypeAdapter(UnitRecord),
        roles=ORGANIZER,
        errors={
            BadInput: (
                "directory.unknown_unit",
                "directory.merge_incomplete",
                "directory.unit_circle",
                "directory.merge_future",
            ),
            Conflict: ("directory.merged_unit",),
        },
    ),
    Endpoint(
        "GET",
        "/api/units/{code}/history",
        "What a unit was before",
        get_unit_history,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(UnitHistory),
        roles=CONSOLES,
        errors={NotFound: ("directory.unknown_unit",)},
    ),
)
