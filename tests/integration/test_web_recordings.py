"""The organizer lists and downloads what was recorded; nobody else, and nothing else of the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.recording.sidecar import RecordedChapter, Recording, folder_of, write_sidecar
from core.database import Database
from core.model import ConferenceId, Role
from tests.support.website import Website, running_website, times_of

NAME = "20260105T080000000Z-stage.mkv"


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as running:
        yield running


async def recorded(site: Website) -> ConferenceId:
    """A booked conference with one recording of five bytes, and a file beside it that is none."""
    await site.add_points(1)
    organizer = await site.signed_in(Role.ORGANIZER)
    booking = {"title": "Họp", "times": times_of(datetime.now(UTC)), "points": ["d1"], "units": []}
    booked = await organizer.post("/api/conferences", booking)
    assert booked.status == 201, booked.body
    conference = ConferenceId(booked.json["id"])
    folder = folder_of(site.data_dir, conference)
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(b"12345")
    (folder / "other.json").write_text("{}")
    chapters = (RecordedChapter(start_ms=0, title="Điểm 1"),)
    started = datetime(2026, 1, 5, 8, tzinfo=UTC)
    write_sidecar(
        folder, Recording(name=NAME, conference=conference, title="Họp", started_at=started, chapters=chapters)
    )
    return conference


async def test_the_organizer_lists_and_downloads(site: Website) -> None:
    conference = await recorded(site)
    organizer = await site.signed_in(Role.ORGANIZER)
    [listed] = (await organizer.get(f"/api/conferences/{conference}/recordings")).json
    assert (listed["name"], listed["size"], listed["ended_at"]) == (NAME, 5, None)
    assert listed["chapters"] == [{"start_ms": 0, "title": "Điểm 1"}]
    file = await organizer.get(f"/api/conferences/{conference}/recordings/{NAME}")
    assert (file.status, file.body) == (200, b"12345")
    assert file.headers["Content-Type"] == "video/x-matroska"
    part = await organizer.get(f"/api/conferences/{conference}/recordings/{NAME}", headers={"Range": "bytes=3-"})
    assert (part.status, part.body) == (206, b"45")


@pytest.mark.parametrize(
    "name", ["no.mkv", "other.json", "..%2F..%2Fsecret.key", "%2E%2E", NAME.replace("mkv", "json")]
)
async def test_nothing_else_of_the_disk_can_be_had(site: Website, name: str) -> None:
    conference = await recorded(site)
    (site.data_dir / "secret.key").write_text("x")
    organizer = await site.signed_in(Role.ORGANIZER)
    reply = await organizer.get(f"/api/conferences/{conference}/recordings/{name}")
    assert reply.status in (404, 503)
    assert b"12345" not in reply.body


@pytest.mark.parametrize("role", [Role.CHAIR, Role.OPERATOR, Role.TECHNICIAN])
async def test_nobody_else_may(site: Website, role: Role) -> None:
    conference = await recorded(site)
    person = await site.signed_in(role)
    for path in ("", f"/{NAME}"):
        assert (await person.get(f"/api/conferences/{conference}/recordings{path}")).status == 403


async def test_a_conference_without_recordings_has_none_and_an_unknown_one_is_unknown(site: Website) -> None:
    organizer = await site.signed_in(Role.ORGANIZER)
    reply = await organizer.get("/api/conferences/00000000-0000-0000-0000-000000000000/recordings")
    assert (reply.status, reply.code) == (404, "conference.unknown")
