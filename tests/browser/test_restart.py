"""A hall whose way to the node breaks: the page restarts ICE, and its leg and its picture go on."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import Page, WebSocketRoute

from core.commands import GrantFloor
from core.database import Database
from core.model import Role, point_participant
from signaling.client import SignalingClient
from tests.support.chromium import chromium, draw_camera, visitor
from tests.support.installation import installed
from tests.support.line import Line
from tests.support.pages import enter_by_link, why_no_moving_picture
from tests.support.polling import eventually

_KEEP = """{ const Real = RTCPeerConnection; window.peers = [];
  window.RTCPeerConnection = class extends Real {
    constructor(options) { super(options); window.peers.push(this); } }; }"""
_PEERS = "window.peers.map((p) => p.connectionState)"


async def through(page: Page, lines: list[Line], sent: list[str]) -> None:
    """All that the page is told about the node's address is the newest of `lines`; `sent` gathers what it asks."""

    async def route(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def up(text: str | bytes) -> None:
            sent.append(json.loads(text)["type"])
            server.send(text)

        def down(text: str | bytes) -> None:
            message = json.loads(text)
            if message["type"] == "answer":
                message["sdp"] = lines[-1].rewrite(message["sdp"])
            socket.send(json.dumps(message))

        socket.on_message(up)
        server.on_message(down)

    await page.route_web_socket("**/v1", route)


async def test_a_moved_hall_keeps_its_leg_and_its_picture_goes_on(database: Database, tmp_path: Path) -> None:
    async with chromium(draw_camera(tmp_path / "hall.y4m")) as browser, installed(database.url, tmp_path) as place:
        conference = await place.book_now()
        token = await place.token(conference.id, Role.CHAIR)
        port = place.settings.media_port
        async with visitor(browser) as hall, visitor(browser) as watcher, Line(port) as first, Line(port) as second:
            lines: list[Line] = [first]
            sent: list[str] = []
            await hall.add_init_script(_KEEP)
            await through(hall, lines, sent)
            await enter_by_link(hall, place, conference, "p1")
            await enter_by_link(watcher, place, conference, "p2")
            await hall.locator("[data-media=connected]").wait_for()
            async with SignalingClient(place.signaling_url, token) as chair:
                await chair.command(GrantFloor(participant=point_participant("p1")))
                before: set[int] = set()
                await eventually(lambda: why_no_moving_picture(watcher, before), units=30)
                lines.append(second)
                first.cut = True

                async def why_not_moved() -> str | None:
                    states = await hall.evaluate(_PEERS)
                    moved = second.carried > 50 and states == ["connected"]
                    return None if moved else f"{states}, {second.carried} packets, the page sent {sent}"

                await eventually(why_not_moved, units=30)
                after: set[int] = set()
                await eventually(lambda: why_no_moving_picture(watcher, after), units=10)
                # Its own slots are the same as before: whoever speaks next is seen in it.
                await chair.command(GrantFloor(participant=point_participant("p2")))
                received: set[int] = set()
                await eventually(lambda: why_no_moving_picture(hall, received), units=20)
        assert sent.count("connect") == 1
        assert sent.count("restart") >= 1
