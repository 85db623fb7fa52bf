"""The archive of a conference, read as another tool would: by its manifest, its schema, and its figures."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import datetime, timedelta
from typing import Any

import jsonschema_rs
import openpyxl
import pytest

from core.model import Role
from monitor.reports.tables import tables
from tests.integration.test_monitor_reports import CONFERENCE, site  # noqa: F401
from tests.support.website import Website
from web.archive.model import JSON_FILES

PATH = f"/api/conferences/{CONFERENCE}/archive.zip"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def opened(body: bytes) -> tuple[zipfile.ZipFile, dict[str, Any]]:
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.testzip() is None
    return archive, json.loads(archive.read("manifest.json"))


def validator(archive: zipfile.ZipFile, name: str) -> Any:
    document = json.loads(archive.read("schema.json"))
    return jsonschema_rs.validator_for(
        {"$schema": DRAFT, "$ref": f"#/$defs/{name}", "$defs": document["$defs"]}, validate_formats=True
    )


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_the_archive_is_whole_and_follows_its_schema(site: Website) -> None:  # noqa: F811
    organizer = await site.signed_in(Role.ORGANIZER)
    reply = await organizer.get(PATH)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/zip")
    archive, manifest = opened(reply.body)
    validator(archive, "Manifest").validate(manifest)
    assert (manifest["format"], manifest["version"], manifest["title"]) == ("diemcau-conference", 1, "=Hội nghị")
    listed = {file["name"]: file for file in manifest["files"]}
    assert set(listed) | {"manifest.json"} == set(archive.namelist())
    assert set(JSON_FILES) <= set(archive.namelist())
    for name, file in listed.items():
        data = archive.read(name)
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
        if file["schema_name"]:
            check = validator(archive, file["schema_name"])
            for part in data.splitlines() if name.endswith(".jsonl") else [data]:
                check.validate(json.loads(part))
    assert archive.read("reports/report-vi.pdf").startswith(b"%PDF")


async def test_another_tool_comes_to_the_same_figures(site: Website) -> None:  # noqa: F811
    organizer = await site.signed_in(Role.ORGANIZER)
    archive, _ = opened((await organizer.get(PATH)).body)

    def read(name: str) -> Any:
        return json.loads(archive.read(name))

    report = await site.monitor.reports.report(CONFERENCE)
    times = read("conference.json")["conference"]["times"]
    seconds: dict[str, float] = {}
    first: dict[str, datetime] = {}
    for span in read("attendance.json")["intervals"]:
        came, left = moment(span["joined_at"]), moment(span["left_at"])
        seconds[span["point"]] = seconds.get(span["point"], 0) + (left - came).total_seconds()
        first[span["point"]] = min(came, first.get(span["point"], came))
    told = {p.attended.point: p.attended.seconds_present for p in report.points if p.came}
    assert seconds == told
    late = {point for point, came in first.items() if came - moment(times["start"]) >= timedelta(minutes=1)}
    assert late == {p.attended.point for p in report.points if p.late}

    lines: dict[str, list[dict[str, Any]]] = {}
    for line in archive.read("minutes.jsonl").splitlines():
        minute = json.loads(line)
        lines.setdefault(minute["participant"].removeprefix("point:"), []).append(minute)
    for figures in report.points:
        if figures.line is None:
            continue
        minutes = lines[figures.attended.point]
        samples = sum(m["samples"] for m in minutes)
        poor = sum(m["poor"] for m in minutes)
        loss = sum(m["loss_down"] * m["samples"] for m in minutes) / samples
        assert (samples, round(100 * poor / samples, 1)) == (figures.line.samples, figures.line.poor_percent)
        assert round(100 * loss, 1) == pytest.approx(figures.line.loss_down)

    people = read("people.json")
    states = [one["delegate"]["state"] for one in people["delegates"]]
    assert (len(states), states.count("present"), states.count("absent")) == (12, 4, 4)
    assert people["headcounts"]["total"]["verified"] == report.total.verified
    assert people["snapshots"][0]["total"]["verified"] == report.snapshots[0].verified
    assert len(read("incidents.json")["incidents"]) == len(report.incidents)
    assert [event["event"]["type"] for event in read("events.json")["events"]] == [e.kind for e in report.events]
    book = openpyxl.load_workbook(io.BytesIO(archive.read("reports/report-en.xlsx")))
    assert len(book.worksheets) == len(tables(report, "en", datetime.now().astimezone().tzinfo))  # type: ignore[arg-type]


async def test_only_organizers_get_it_and_only_of_a_known_conference(site: Website) -> None:  # noqa: F811
    for role in (Role.CHAIR, Role.TECHNICIAN, Role.OPERATOR):
        assert (await (await site.signed_in(role)).get(PATH)).code == "role.missing"
    organizer = await site.signed_in(Role.ORGANIZER)
    unknown = PATH.replace("42", "99")
    assert (await organizer.get(unknown)).code == "conference.unknown"
