"""Nothing that identifies a person or opens a door may stand in a log line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog
from structlog.testing import capture_logs

from core.commands import ReleaseFloor
from core.errors import Refused
from core.session_messages import StateView
from signaling.client import SignalingClient
from signaling.protocol import CommandMessage, Connect, ErrorMessage, Welcome
from tests.support.door import Door, open_door, visit
from tests.support.polling import eventually

NAME = "Trần Thị Bí Mật"
SDP = "v=0 candidate:1 1 udp 1 198.51.100.77 50000 typ host"


@pytest.fixture
def library_lines() -> Iterator[StringIO]:
    """Everything that any library logs by the standard module, at every level."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


async def a_whole_life(door: Door) -> list[str]:
    """Walks through everything that logs; returns the secrets that were used."""
    token = door.token(name=NAME)
    async with visit(door.url, origin="http://127.0.0.1:8080") as visitor:
        first = await visitor.join(token)
        await visitor.expect(StateView)
        await visitor.send(Connect(id=1, sdp=SDP, receive={}, send={}).model_dump_json())
        await visitor.receive()
        door.bridge.refusal = Refused("command.refused", f"Not you, {NAME}.", name=NAME)
        await visitor.send(CommandMessage(id=2, command=ReleaseFloor()).model_dump_json())
        await visitor.expect(ErrorMessage)
        door.bridge.refusal = None
        await visitor.send(f'{{"type":"{token}"}}')
        await visitor.expect(ErrorMessage)
    await eventually(lambda: None if door.bridge.resumes else "the cut was not told")
    async with visit(door.url) as visitor:
        second = await visitor.join(token, resume=first)
        for _ in range(5):
            await visitor.send(token)
        await visitor.closed()
    async with visit(door.url) as visitor:
        await visitor.hello(token + "x")
        await visitor.closed()
    async with SignalingClient(door.url, token) as client:
        async for message in client:
            if isinstance(message, Welcome):
                break
        key = client.welcome.key if client.welcome is not None else ""
    assert second.resumed
    return [token, first.key, key]


async def test_no_log_line_holds_a_token_a_key_an_address_a_name_or_sdp(library_lines: StringIO) -> None:
    with capture_logs() as ours:
        async with open_door(resume_seconds=0.3) as door:
            secrets = await a_whole_life(door)
            await eventually(lambda: None if door.bridge.leaves else "nobody left")
    lines = "\n".join(repr(line) for line in ours) + library_lines.getvalue()
    assert len(ours) > 15
    for what in (*secrets, *(part for token in secrets[:1] for part in token.split(".")), NAME, "Bí Mật"):
        assert what
        assert what not in lines
    for what in ("127.0.0.1", "198.51.100.77", "candidate", "v=0"):
        assert what not in lines


def test_structlog_is_what_the_privacy_test_listens_to() -> None:
    with capture_logs() as lines:
        structlog.get_logger("signaling").info("probe", session="s")
    assert lines == [{"event": "probe", "session": "s", "log_level": "info"}]
