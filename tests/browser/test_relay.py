"""A hall that reaches no UDP port takes part through a TURN relay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, point_participant
from core.settings import Settings
from diemcau.network import certificate_for
from signaling.client import SignalingClient
from tests.support.chromium import chromium, draw_camera, visitor
from tests.support.coturn import coturn
from tests.support.installation import installed
from tests.support.pages import enter_by_link, why_no_moving_picture
from tests.support.polling import eventually

RELAY_ONLY = """{ const Real = RTCPeerConnection; window.__peers = [];
  window.RTCPeerConnection = class extends Real {
    constructor(options) { super({ ...options, iceTransportPolicy: "relay" }); window.__peers.push(this); } }; }"""
_WAY = """async () => {
  const report = await window.__peers.at(-1).getStats();
  const transport = [...report.values()].find((entry) => entry.type === "transport");
  const pair = report.get(transport.selectedCandidatePairId);
  const { candidateType, relayProtocol } = report.get(pair.localCandidateId);
  return [candidateType, relayProtocol]; }"""
"""Of the candidate that carries the media."""


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_hall_behind_a_strict_firewall_sends_its_picture_through_the_relay(
    database: Database, tmp_path: Path, transport: str
) -> None:
    chain, key = certificate_for(Settings(data_dir=tmp_path))
    async with (
        coturn(certificate=(chain, key)) as relay,
        chromium(draw_camera(tmp_path / "hall.y4m"), trusts=chain) as browser,
    ):
        urls = json.dumps([getattr(relay, transport)])
        async with installed(
            database.url, tmp_path, DIEMCAU_TURN_URLS=urls, DIEMCAU_TURN_SECRET=relay.secret
        ) as installation:
            conference = await installation.book_now()
            token = await installation.token(conference.id, Role.CHAIR)
            async with visitor(browser) as hall, visitor(browser) as watcher:
                await hall.add_init_script(RELAY_ONLY)
                await enter_by_link(hall, installation, conference, "p1")
                await enter_by_link(watcher, installation, conference, "p2")
                await hall.locator("[data-media=connected]").wait_for()
                assert await hall.evaluate(_WAY) == ["relay", transport]
                async with SignalingClient(installation.signaling_url, token) as chair:
                    await chair.command(GrantFloor(participant=point_participant("p1")))
                    bars: set[int] = set()
                    await eventually(lambda: why_no_moving_picture(watcher, bars), units=30)
                    await eventually(lambda: _why_not_told(database), units=30)


async def _why_not_told(database: Database) -> str | None:
    """The monitor keeps of each sample whether it came by the relay, and what the node lets the hall send."""
    rows = await database.pool.fetch(
        "SELECT participant, array_agg(DISTINCT relayed) FILTER (WHERE relayed IS NOT NULL) AS relayed,"
        " max(remb_up_kbps) AS remb FROM link_sample GROUP BY participant"
    )
    told = {row["participant"]: (row["relayed"], (row["remb"] or 0) > 0) for row in rows}
    wanted = {point_participant("p1"): ([True], True), point_participant("p2"): ([False], True)}
    return None if told == wanted else f"told: {told}"
