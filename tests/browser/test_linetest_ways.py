"""A line test over each way to the node: directly, and by a real relay; where what it found is read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from core.database import Database
from core.model import ConferenceId, Role
from core.settings import Settings
from diemcau.network import certificate_for
from tests.browser.test_linetest import run_test
from tests.browser.test_relay import RELAY_ONLY
from tests.support.chromium import chromium, visitor
from tests.support.coturn import coturn
from tests.support.installation import HOST, Installation, free_ports, installed
from tests.support.pages import sign_in


async def _tested(hall: Page, installation: Installation, conference: ConferenceId) -> None:
    """The hall tests its line from its join link."""
    tokens = await installation.link_tokens(conference)
    await hall.goto(f"{installation.base_url}/t/{tokens['p1']}")
    await run_test(hall)


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_a_hall_whose_udp_is_blocked_is_told_by_which_way_the_relay_carries_it(
    database: Database, tmp_path: Path, way: str
) -> None:
    chain, key = certificate_for(Settings(data_dir=tmp_path))
    async with coturn(certificate=(chain, key)) as relay, chromium(trusts=chain) as browser:
        urls = json.dumps([getattr(relay, way)])
        async with (
            installed(database.url, tmp_path, DIEMCAU_TURN_URLS=urls, DIEMCAU_TURN_SECRET=relay.secret) as installation,
            visitor(browser) as hall,
            visitor(browser) as technician,
            visitor(browser) as organizer,
        ):
            conference = await installation.book_now()
            await hall.add_init_script(RELAY_ONLY)
            await _tested(hall, installation, conference.id)
            told = hall.get_by_test_id("finding-by_relay")
            assert f"({way.upper()})" in await told.inner_text()
            assert await hall.get_by_test_id("finding-no_relay").count() == 0
            kept = await _kept_result(database)
            assert (kept["page"]["candidate"], kept["page"]["relay_protocol"]) == ("relay", way)
            assert kept["page"]["relays"] == {way: True}
            # It carried something: the relay stood in for the way that is closed.
            assert kept["verdict"]["carries"] is not None, kept

            await sign_in(technician, installation, Role.TECHNICIAN, f"/technician/{conference.id}")
            await technician.get_by_test_id("tab-list").click()
            await technician.get_by_test_id("link-point:p1").click()
            past = technician.get_by_test_id("point-detail").get_by_test_id("line-tests")
            await past.locator("summary").first.click()
            await past.locator("details.test summary").click()
            assert f"({way.upper()})" in await past.get_by_test_id("finding-by_relay").inner_text()

            await sign_in(organizer, installation, Role.ORGANIZER, "/organizer/new")
            await organizer.get_by_role("checkbox").first.check()
            await organizer.locator("[data-testid=tested-lines][data-tested='1']").wait_for()


async def test_a_hall_that_is_reached_directly_is_told_which_relays_would_not_stand_in(
    database: Database, tmp_path: Path
) -> None:
    [nobody] = free_ports(1)
    async with coturn() as relay, chromium() as browser:
        urls = json.dumps([relay.udp, f"turn:{HOST}:{nobody}?transport=tcp"])
        async with (
            installed(database.url, tmp_path, DIEMCAU_TURN_URLS=urls, DIEMCAU_TURN_SECRET=relay.secret) as installation,
            visitor(browser) as hall,
        ):
            conference = await installation.book_now()
            await _tested(hall, installation, conference.id)
            assert await hall.get_by_test_id("finding-by_relay").count() == 0
            assert "TCP" in await hall.get_by_test_id("finding-no_relay").inner_text()
            kept = await _kept_result(database)
    assert kept["page"]["candidate"] == "host"
    assert kept["page"]["relays"] == {"udp": True, "tcp": False}
    found = [(one["code"], one["state"]) for one in kept["verdict"]["findings"]]
    assert ("no_relay", "tcp") in found


async def _kept_result(database: Database) -> Any:
    """What is kept of the only test."""
    [row] = await database.pool.fetch("SELECT by, result FROM line_test")
    assert row["by"] == "point:p1"
    return row["result"]
