"""The pages' files."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from yarl import URL

from core.database import Database
from tests.support.website import Website, running_website
from web.pages import find_file


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> AsyncIterator[Website]:
    async with running_website(database, tmp_path) as site:
        yield site


@pytest.fixture
def built(site: Website) -> Path:
    folder = site.data_dir / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Điểm cầu</title>", encoding="utf-8")
    (folder / "icon.svg").write_text("<svg/>", encoding="utf-8")
    (folder / "assets" / "app-1a2b.js").write_text("plain", encoding="utf-8")
    (folder / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(b"packed"))
    (folder.parent / "secret.key").write_text("secret", encoding="utf-8")
    return folder


async def test_before_they_are_built_a_page_says_what_to_run(site: Website) -> None:
    reply = await (await site.visitor()).get("/organizer")
    assert reply.status == 503
    assert b"make pages" in reply.body


@pytest.mark.usefixtures("built")
async def test_an_address_of_the_pages_gets_the_one_page_fresh(site: Website) -> None:
    visitor = await site.visitor()
    for path in ("/", "/sign-in", "/organizer/conference/1", "/j/a.b.c", "/index.html", "/apis"):
        reply = await visitor.get(path)
        assert reply.status == 200, path
        assert "Điểm cầu" in reply.body.decode()
        assert reply.headers["Content-Type"].startswith("text/html")
        assert reply.headers["Cache-Control"] == "no-cache"


@pytest.mark.usefixtures("built")
async def test_a_hashed_asset_is_kept_for_ever_and_comes_packed_to_those_who_unpack(site: Website) -> None:
    visitor = await site.visitor()
    plain = await visitor.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "identity"})
    packed = await visitor.get("/assets/app-1a2b.js", headers={"Accept-Encoding": "gzip"})
    assert (plain.body, packed.body) == (b"plain", b"packed")
    assert packed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert packed.headers["Content-Type"].endswith("/javascript")
    assert packed.headers["Vary"] == "Accept-Encoding"


@pytest.mark.usefixtures("built")
async def test_other_files_are_asked_for_again(site: Website) -> None:
    reply = await (await site.visitor()).get("/icon.svg")
    assert reply.headers["Content-Type"] == "image/svg+xml"
    assert reply.headers["Cache-Control"] == "no-cache"


@pytest.mark.usefixtures("built")
async def test_an_asset_of_an_older_build_is_missed_plainly(site: Website) -> None:
    reply = await (await site.visitor()).get("/assets/app-old.js")
    assert (reply.status, reply.code) == (404, "request.path")


@pytest.mark.parametrize("path", ["../secret.key", "assets/../../secret.key", "/etc/passwd", "a\0b", "x" * 5_000, ""])
def test_no_path_leads_out_of_the_folder(built: Path, path: str) -> None:
    assert find_file(built, path) is None


@pytest.mark.usefixtures("built")
async def test_nor_does_an_address(site: Website) -> None:
    visitor = await site.visitor()
    for path in ("/%2e%2e/secret.key", "/..%2fsecret.key", "//etc/passwd", "/assets/%2e%2e%2f%2e%2e%2fsecret.key"):
        async with visitor.http.get(URL(site.base + path, encoded=True)) as response:
            body = await response.read()
        assert b"secret" not in body, path
        assert b"root:" not in body, path
