"""Reports of a conference as files."""

from __future__ import annotations

import asyncio
import tempfile

from aiohttp import web

from core.errors import NotFound, Unavailable
from core.model import Model
from monitor.reports.tables import Section
from monitor.reports.texts import Language
from web.archive.collecting import pack
from web.csvfile import CSV, csv_response, disposition
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.middleware import STREAM, send
from web.routes_directory import CONSOLES, ORGANIZER, XLSX

PDF = "application/pdf"
ZIP = "application/zip"
_PIECE_BYTES = 256 * 1024
_UNKNOWN: Errors = {NotFound: ("conference.unknown",)}
_PRINTED: Errors = {**_UNKNOWN, Unavailable: ("report.not_printed",)}


class ReportQuery(Model):
    """In which language."""

    language: Language = "vi"


class ReportTableQuery(Model):
    """Which table, in which language."""

    section: Section = "attendance"
    language: Language = "vi"


async def download_report_csv(ask: Ask[ReportTableQuery]) -> web.Response:
    """One table of the report."""
    text = await ask.context.monitor.reports.csv(ask.conference, ask.input.section, ask.input.language)
    return csv_response(text, f"report-{ask.input.section}-{ask.conference}.csv")


async def download_report_xlsx(ask: Ask[ReportQuery]) -> web.Response:
    """The report as a workbook."""
    data = await ask.context.monitor.reports.xlsx(ask.conference, ask.input.language)
    return _file(data, XLSX, f"report-{ask.conference}.xlsx")


async def download_report_pdf(ask: Ask[ReportQuery]) -> web.Response:
    """The report as a document."""
    data = await ask.context.monitor.reports.pdf(ask.conference, ask.input.language)
    return _file(data, PDF, f"report-{ask.conference}.pdf")


async def download_archive(ask: Ask[Nothing]) -> web.StreamResponse:
    """The whole conference as one file that other tools can read."""
    with tempfile.TemporaryFile() as file:
        await pack(ask.context, ask.conference, file)
        size, _ = file.tell(), file.seek(0)
        response = web.StreamResponse(
            headers={
                "Content-Disposition": disposition(f"conference-{ask.conference}.zip"),
                "Content-Length": str(size),
            }
        )
        response.content_type = ZIP
        await response.prepare(ask.request)
        ask.request[STREAM] = response
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            await send(response, piece)
        await response.write_eof()
    return response


def _file(data: bytes, media: str, name: str) -> web.Response:
    return web.Response(body=data, content_type=media, headers={"Content-Disposition": disposition(name)})


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/conferences/{id}/archive.zip",
        "A whole conference as one archive",
        download_archive,
        Nothing,
        Source.NONE,
        media=ZIP,
        roles=ORGANIZER,
        errors=_PRINTED,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/report.csv",
        "One table of a conference's report",
        download_report_csv,
        ReportTableQuery,
        Source.QUERY,
        media=CSV,
        roles=CONSOLES,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/report.xlsx",
        "A conference's report as a workbook",
        download_report_xlsx,
        ReportQuery,
        Source.QUERY,
        media=XLSX,
        roles=CONSOLES,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/report.pdf",
        "A conference's report as a document",
        download_report_pdf,
        ReportQuery,
        Source.QUERY,
        media=PDF,
        roles=CONSOLES,
        errors=_PRINTED,
    ),
)
