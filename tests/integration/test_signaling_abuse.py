from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from contextlib import suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Opcode
from websockets.typing import Subprotocol

from core.session_messages import StateView
from signaling.protocol import Beat, BeatReply, CloseCode, ErrorMessage, Welcome
from tests.support.door import Door, Visitor, open_door, visit
from tests.support.polling import UNIT, eventually

MEGABYTE = 1024 * 1024


async def works(visitor: Visitor) -> None:
    """Asserts that an honest client is served, and at once."""
    async with asyncio.timeout(1 * UNIT):
        await visitor.send(Beat(id=77).model_dump_json())
        assert (await visitor.expect(BeatReply)).id == 77


async def joined(door: Door, visitor: Visitor, point: str = "P1") -> Welcome:
    welcome = await visitor.join(door.token(point))
    await visitor.expect(StateView)
    return welcome


GARBAGE = [
    "",
    "hello",
    "null",
    "[]",
    "{}",
    '{"type":"hello"}',
    '{"type":"no such thing"}',
    '{"type":"beat","id":-1}',
    '{"type":"beat","id":1,"more":2}',
    '{"type":"command","id":1,"command":{"type":"no such command"}}',
    "[" * 60_000,
    '{"a":' * 10_000,
    '{"type":"beat","id":1e400}',
    "\x00" * 100,
    b"\x00\xff binary",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_named_to_its_sender_who_may_go_on(garbage: str | bytes) -> None:
    async with open_door() as door, visit(door.url) as visitor:
        await joined(door, visitor)
        await visitor.send(garbage)
        told = await visitor.expect(ErrorMessage)
        assert (told.id, told.code, told.retry) == (None, "signaling.bad_message", False)
        await works(visitor)


async def test_garbage_without_end_is_closed_and_nobody_else_notices() -> None:
    async with open_door() as door, visit(door.url) as honest, visit(door.url) as noisy:
        await joined(door, honest)
        await joined(door, noisy, "P2")
        for _ in range(4):
            await noisy.send("noise")
        assert await noisy.closed() == CloseCode.BAD_MESSAGE
        await works(honest)


@pytest.mark.parametrize("garbage", ["noise", b"noise", '{"type":"bye","x":1}', '{"type":"beat","id":1}'])
async def test_garbage_instead_of_hello_is_closed_at_once(garbage: str | bytes) -> None:
    async with open_door() as door, visit(door.url) as visitor:
        await visitor.send(garbage)
        assert (await visitor.expect(ErrorMessage)).code == "signaling.bad_message"
        assert await visitor.closed() == CloseCode.BAD_MESSAGE


async def test_text_that_is_not_utf8_closes_its_own_line_only() -> None:
    async with open_door() as door, visit(door.url) as honest, visit(door.url) as broken:
        await joined(door, honest)
        await joined(door, broken, "P2")
        await broken.socket.send(b"\xff\xfe", text=True)
        assert await broken.closed() == 1007
        await works(honest)


async def test_a_message_just_within_the_limit_is_read_and_one_byte_more_is_not() -> None:
    async with open_door() as door, visit(door.url) as within, visit(door.url) as over:
        limit = door.settings.limits.signaling_message_bytes
        await joined(door, within)
        beat = Beat(id=1).model_dump_json()
        await within.send(beat + " " * (limit - len(beat)))
        await within.expect(BeatReply)
        await joined(door, over, "P2")
        await over.send(beat + " " * (limit - len(beat) + 1))
        assert await over.closed() == CloseCode.TOO_LARGE


async def pour(visitor: Visitor, data: str | Iterable[str]) -> None:
    """Sends for as long as the server lets it."""
    with suppress(ConnectionClosed):
        await visitor.socket.send(data)


async def test_ten_megabytes_cost_their_sender_the_line_and_nobody_else_anything() -> None:
    async with open_door() as door, visit(door.url) as honest, visit(door.url) as huge:
        await joined(door, honest)
        await joined(door, huge, "P2")
        _, code, _ = await asyncio.gather(pour(huge, "x" * 10 * MEGABYTE), huge.closed(), works(honest))
        assert code == CloseCode.TOO_LARGE
        await works(honest)
        await eventually(lambda: None if door.bridge.resumes else "the place of the sender was not kept")


async def test_ten_megabytes_in_fragments_are_no_better() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        await joined(door, visitor)
        fragments = ("x" * 60_000 for _ in range(170))
        _, code = await asyncio.gather(pour(visitor, fragments), visitor.closed())
        assert code == CloseCode.TOO_LARGE


async def test_a_burst_within_the_limit_passes_and_a_flood_is_cut() -> None:
    limits = {"signaling_burst": 30, "signaling_messages_per_second": 1}
    async with open_door(**limits) as door, visit(door.url) as honest, visit(door.url) as flood:
        await joined(door, honest)
        await joined(door, flood, "P2")
        for number in range(29):  # hello was the first
            await flood.send(Beat(id=number).model_dump_json())
        for number in range(29):
            assert (await flood.expect(BeatReply)).id == number
        for _ in range(20):
            await flood.send(Beat(id=0).model_dump_json())
        told = await flood.expect(ErrorMessage)
        assert (told.code, told.retry) == ("signaling.too_fast", True)
        assert await flood.closed() == CloseCode.TOO_FAST
        await works(honest)
        assert door.bridge.leaves == []


async def test_a_flood_cannot_begin_again_by_resuming() -> None:
    async with open_door(signaling_burst=5, signaling_messages_per_second=0.01) as door:
        async with visit(door.url) as flood:
            welcome = await joined(door, flood)
            for _ in range(6):
                await flood.send(Beat(id=0).model_dump_json())
            assert await flood.closed() == CloseCode.TOO_FAST
        async with visit(door.url) as again:
            assert (await again.join(door.token(), resume=welcome)).resumed
            await again.send(Beat(id=0).model_dump_json())
            assert await again.closed() == CloseCode.TOO_FAST


async def test_who_says_nothing_is_closed_after_the_hello_time() -> None:
    async with open_door(signaling_hello_seconds=0.3) as door, visit(door.url) as visitor:
        assert await visitor.closed() == CloseCode.SILENT
        assert door.bridge.joins == []


async def test_an_unread_client_is_cut_alone_and_keeps_its_place() -> None:
    async with open_door(signaling_unread_seconds=0.3) as door, visit(door.url) as honest:
        await joined(door, honest)
        async with visit(door.url, max_queue=1) as deaf:
            welcome = await joined(door, deaf, "P2")
            deaf.socket.transport.pause_reading()
            big = door.bridge.state().model_copy(update={"title": "x" * MEGABYTE})
            for _ in range(40):
                door.bridge.tell(welcome.session, big)
            await works(honest)
            await eventually(lambda: None if door.bridge.resumes else "the unread client is still connected")
            await works(honest)
        async with visit(door.url) as again:
            assert (await again.join(door.token("P2"), resume=welcome)).resumed
        assert door.bridge.leaves == []


async def test_a_stop_does_not_wait_for_a_client_that_does_not_read() -> None:
    async with open_door(signaling_unread_seconds=60) as door, visit(door.url, max_queue=1) as deaf:
        welcome = await joined(door, deaf)
        deaf.socket.transport.pause_reading()
        big = door.bridge.state().model_copy(update={"title": "x" * MEGABYTE})
        for _ in range(40):
            door.bridge.tell(welcome.session, big)
        async with visit(door.url):  # time for the server to fill the line
            pass
        async with asyncio.timeout(6 * UNIT):
            await door.server.stop()


async def test_a_focus_that_says_more_than_the_queue_holds_makes_the_client_resume() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        welcome = await joined(door, visitor)
        for _ in range(1_500):  # without giving the server a turn to send
            door.bridge.tell(welcome.session, door.bridge.state())
        await visitor.closed()
        async with visit(door.url) as again:
            assert (await again.join(door.token(), resume=welcome)).resumed
            await again.expect(StateView)
            await works(again)


async def test_control_frames_from_an_attacker_are_answered_or_closed_by_the_library() -> None:
    async with open_door() as door, visit(door.url) as visitor, visit(door.url) as honest:
        await joined(door, honest)
        await joined(door, visitor, "P2")
        async with asyncio.timeout(5 * UNIT):
            await (await visitor.socket.ping(os.urandom(125)))
        visitor.socket.transport.write(bytes([0x80 | Opcode.TEXT, 0x05]) + b"naked")  # unmasked: RFC 6455 5.1
        assert await visitor.closed() in (1002, 1006)
        await works(honest)


async def test_raw_noise_on_the_port_is_dropped() -> None:
    async with open_door(signaling_hello_seconds=0.5) as door, visit(door.url) as honest:
        await joined(door, honest)
        for noise in (os.urandom(4_096), b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
            reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
            writer.write(noise)
            async with asyncio.timeout(10 * UNIT):
                with suppress(ConnectionResetError):
                    await reader.read()
            writer.close()
        await works(honest)


# --- before the upgrade ---


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:8080"])
async def test_the_pages_own_origin_and_endpoints_without_one_come_in(origin: str | None) -> None:
    async with open_door() as door, visit(door.url, origin=origin) as visitor:
        await joined(door, visitor)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1:8080", "http://127.0.0.1", "http://127.0.0.1:8081"]
)
async def test_any_other_origin_is_refused_before_the_upgrade(origin: str) -> None:
    async with open_door() as door:
        with pytest.raises(InvalidStatus) as refused:
            async with visit(door.url, origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_one_connection_too_many_is_refused_with_503_until_one_goes() -> None:
    async with open_door(signaling_connections=2) as door, visit(door.url) as first:
        async with visit(door.url):
            with pytest.raises(InvalidStatus) as refused:
                async with visit(door.url):
                    pass
            assert refused.value.response.status_code == 503
            await joined(door, first)
        await eventually(lambda: admitted(door))


async def admitted(door: Door) -> str | None:
    try:
        async with visit(door.url):
            return None
    except InvalidStatus:
        return "the place of the one who went is not free"


async def http(door: Door, request: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.server.port)
    writer.write(f"GET {request} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    async with asyncio.timeout(5 * UNIT):
        answer = await reader.read()
    writer.close()
    return answer.decode()


async def test_a_browser_that_opens_the_port_is_told_that_its_certificate_is_accepted() -> None:
    async with open_door() as door:
        page = await http(door, "/")
        assert page.startswith("HTTP/1.1 200 ")
        assert "Đã chấp nhận chứng chỉ" in page
        assert "Certificate accepted" in page


@pytest.mark.parametrize(("path", "status"), [("/x", 404), ("/v2", 404), ("//", 404), ("/v1", 426), ("/v1?x=1", 426)])
async def test_other_paths_are_not_there(path: str, status: int) -> None:
    async with open_door() as door:
        assert (await http(door, path)).startswith(f"HTTP/1.1 {status} ")


async def test_the_subprotocol_is_required() -> None:
    async with open_door() as door:
        for offered in (None, [Subprotocol("diemcau.v0")]):
            with pytest.raises(InvalidStatus) as refused:
                await connect(door.url, subprotocols=offered, proxy=None)
            assert refused.value.response.status_code == 400
