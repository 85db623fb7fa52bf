"""Loading the directory over HTTP."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest

from core.database import Database
from core.model import Role
from tests.support.website import Reply, Visitor, Website, running_website

HEADER = "code,name,unit,unit_name,unit_kind,parent_unit,seats,contact\r\n"
GOOD = HEADER + "d1,Điểm Một,c1,Xã Một,commune,,30,\r\nd2,Điểm Hai,c2,Xã Hai,commune,,40,\r\n"


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        yield site


@pytest.fixture
async def organizer(site: Website) -> Visitor:
    return await site.signed_in(Role.ORGANIZER)


async def upload(visitor: Visitor, data: bytes, *, dry_run: bool = False, name: str = "Điểm cầu.csv") -> Reply:
    path = f"/api/directory?dry_run={str(dry_run).lower()}"
    return await visitor.ask("POST", path, data=io.BytesIO(data), headers={"X-File-Name": quote(name)})


async def test_a_good_file_is_checked_then_applied_then_known(organizer: Visitor) -> None:
    checked = await upload(organizer, GOOD.encode(), dry_run=True)
    assert (checked.status, checked.json["applied"], checked.json["points_new"]) == (200, False, 2)
    assert (await organizer.get("/api/points")).json == []
    applied = await upload(organizer, GOOD.encode())
    assert (applied.json["applied"], applied.json["units_new"], applied.json["points_new"]) == (True, 2, 2)
    assert [point["name"] for point in (await organizer.get("/api/points")).json] == ["Điểm Một", "Điểm Hai"]
    again = await upload(organizer, GOOD.encode())
    assert (again.json["points_new"], again.json["points_unchanged"]) == (0, 2)


async def test_what_is_downloaded_can_be_loaded_again(organizer: Visitor) -> None:
    await upload(organizer, GOOD.encode())
    file = await organizer.get("/api/directory.csv")
    assert file.body.startswith(b"\xef\xbb\xbfcode,")
    assert file.headers["Content-Disposition"].startswith('attachment; filename="directory.csv"')
    again = await upload(organizer, file.body)
    assert (again.json["problem_count"], again.json["points_unchanged"]) == (0, 2)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ((GOOD + "d1,Lặp lại,c1,,,,1,\r\n").encode(), "directory.duplicate_code"),
        ((HEADER + "d1,Điểm,khong-co,,,,1,\r\n").encode(), "directory.unknown_unit"),
        (GOOD.encode("utf-16"), "directory.encoding"),
        (HEADER.encode() + b"d1,\xff\xfe\xfa,c1,Xa,commune,,1,\r\n", "directory.encoding"),
        (
            (HEADER + "".join(f"d{n},Điểm,c1,Xã,commune,,1,\r\n" for n in range(100_000))).encode(),
            "directory.too_many_rows",
        ),
        (b"", "directory.empty"),
    ],
    ids=["duplicate", "unknown unit", "utf-16", "bad bytes", "100,000 rows", "empty"],
)
async def test_each_fault_of_a_file_is_named_and_nothing_is_applied(organizer: Visitor, data: bytes, code: str) -> None:
    reply = await upload(organizer, data)
    assert reply.status == 200
    assert reply.json["applied"] is False
    assert code in {problem["code"] for problem in reply.json["problems"]}
    assert reply.json["problem_count"] >= 1
    assert (await organizer.get("/api/points")).json == []


async def test_a_file_beyond_the_limit_is_refused_before_it_is_read(database: Database, tmp_path: Path) -> None:
    limits = {"directory_bytes": 2_000_000, "request_bytes": 1_000}
    async with running_website(database, tmp_path, limits=limits) as site:
        organizer = await site.signed_in(Role.ORGANIZER)
        assert (await upload(organizer, GOOD.encode() * 20)).status == 200, "only JSON bodies have the small limit"
        reply = await upload(organizer, b"x" * 2_000_001)
        assert (reply.status, reply.code, reply.json["data"]["limit"]) == (413, "request.too_large", 2_000_000)


async def test_a_file_needs_its_name(organizer: Visitor) -> None:
    for name in ("", "x" * 256):
        reply = await upload(organizer, GOOD.encode(), name=name)
        assert (reply.status, reply.code) == (400, "directory.file_name")


async def test_an_unknown_option_is_refused(organizer: Visitor) -> None:
    reply = await organizer.ask("POST", "/api/directory?dryrun=true", data=b"x", headers={"X-File-Name": "a.csv"})
    assert (reply.status, reply.code) == (400, "request.invalid")
