"""The diagnosis of a conference before it begins."""

from __future__ import annotations

from pydantic import TypeAdapter

from core.errors import NotFound
from scheduler.findings import DiagnosisReport
from web.endpoint import AnyEndpoint, Ask, Endpoint, Nothing, Source
from web.routes_conferences import UNKNOWN
from web.routes_directory import CONSOLES


async def diagnose_conference(ask: Ask[Nothing]) -> DiagnosisReport:
    """Looks the conference over now and keeps the report."""
    return await ask.context.office.diagnosis.run(ask.conference)


async def get_diagnosis(ask: Ask[Nothing]) -> DiagnosisReport:
    """The newest report, made by hand or by the clock."""
    await ask.context.scheduler.conference(ask.conference)
    report = await ask.context.office.diagnosis.latest(ask.conference)
    if report is None:
        raise NotFound("diagnosis.none", "This conference has not been diagnosed yet.")
    return report


_REPORT = TypeAdapter(DiagnosisReport)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "POST",
        "/api/conferences/{id}/diagnosis",
        "Look a conference over",
        diagnose_conference,
        Nothing,
        Source.NONE,
        reply=_REPORT,
        roles=CONSOLES,
        errors=UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/diagnosis",
        "The newest diagnosis",
        get_diagnosis,
        Nothing,
        Source.NONE,
        reply=_REPORT,
        roles=CONSOLES,
        errors={NotFound: ("conference.unknown", "diagnosis.none")},
    ),
)
