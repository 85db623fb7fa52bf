"""The media bench on a small load: its figures are made of real packets."""

from __future__ import annotations

import asyncio
import socket

import pytest

from bench import janus
from bench.datagrams import CELL_BYTES, Reader
from bench.janus import JanusSubject
from bench.media import SECOND_PUBLISHER
from bench.media_compare import measure
from bench.media_crowd import Crowd
from bench.media_hall import SWITCH_SECONDS, measure_idle, measure_stage, measure_switches
from bench.media_node import PUBLISHER, NodeSubject
from bench.media_source import Source
from bench.media_storm import WATCHERS, measure_storm
from core.model import SlotName

SECONDS = 1.5
LEGS = 4


async def test_the_node_delivers_every_packet_to_every_receiver(capsys: pytest.CaptureFixture[str]) -> None:
    node = await NodeSubject.start()
    try:
        figures = await measure(node, 3, SECONDS, simulcast=True)
    finally:
        await node.close()
    assert figures.delivered_ratio > 0.99  # what is under way at either end of the window is counted on one side only
    assert figures.us_per_packet > 0
    assert "could not be decrypted" not in capsys.readouterr().out


@pytest.mark.skipif(not janus.installed(), reason=janus.INSTALL)
async def test_janus_is_put_under_the_same_load(capsys: pytest.CaptureFixture[str]) -> None:
    subject = await JanusSubject.start()
    try:
        figures = await measure(subject, 3, SECONDS, simulcast=False)
    finally:
        await subject.close()
    assert figures.delivered_ratio > 0.95
    assert "could not be decrypted" not in capsys.readouterr().out


async def test_a_stage_and_its_floor_switches_reach_every_idle_leg() -> None:
    node = await NodeSubject.start()
    sources = {PUBLISHER: Source(b"frst", node.host), SECOND_PUBLISHER: Source(b"scnd", node.host)}
    try:
        async with Crowd() as crowd:
            idle = await measure_idle(node, crowd, LEGS, SECONDS)
            assert not any(receiver.packets for receiver in crowd.receivers)
            for name, source in sources.items():
                await node.join_as(name, source)
                source.speaks = name == PUBLISHER
            await node.show(PUBLISHER)
            stage = await measure_stage(node, crowd, sources[PUBLISHER], SECONDS)
            waited = await measure_switches(node, crowd, list(sources.items()), 2)
            assert sum(receiver.missing for receiver in crowd.receivers) == 0
            assert sum(receiver.repaired for receiver in crowd.receivers) > 0
            assert not any(receiver.undecryptable for receiver in crowd.receivers)
    finally:
        await asyncio.gather(*(source.close() for source in sources.values()))
        await node.close()
    assert idle.join_cpu_ms > 0
    assert stage.tally.delivered_ratio == 1
    assert sum(stage.profile.values()) == pytest.approx(1, abs=0.01)
    assert len(waited) == 2 * LEGS
    assert 0 < waited[0] <= waited[-1] < SWITCH_SECONDS * 1_000


async def test_a_switch_that_does_not_happen_is_counted_as_the_longest() -> None:
    node = await NodeSubject.start()
    source = Source(b"frst", node.host)
    try:
        async with Crowd() as crowd:
            await node.join_source(source)
            await crowd.join(node.join_receiver, 1)
            await crowd.until_all_receive()
            absent = Source(b"scnd", node.host)
            waited = await measure_switches(node, crowd, [(PUBLISHER, source), ("nobody", absent)], 1)
            await absent.close()
    finally:
        await source.close()
        await node.close()
    assert waited == [SWITCH_SECONDS * 1_000]


async def test_a_storm_lets_everybody_in_beside_a_running_stage() -> None:
    node = await NodeSubject.start()
    try:
        storm = await measure_storm(node, LEGS, SECONDS)
    finally:
        await node.close()
    assert storm.joined == LEGS
    assert storm.stage_packets > WATCHERS * 100
    assert storm.seconds > SECONDS / 2


async def test_a_receiver_sees_the_packets_that_it_misses() -> None:
    node = await NodeSubject.start()
    source = Source(b"frst", node.host)
    try:
        async with Crowd() as crowd:
            await node.join_source(source)
            await crowd.join(lambda: node.join_receiver([SlotName.STAGE, SlotName.AUDIO1]), 1)
            await crowd.until_all_receive()
            (receiver,) = crowd.receivers
            stream = next(iter(receiver.streams.values()))
            stream.packets -= 3
            assert receiver.missing == 3
    finally:
        await source.close()
        await node.close()


def test_many_datagrams_are_read_at_once_and_told_apart() -> None:
    reader = Reader()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taker,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as giver,
    ):
        taker.bind(("127.0.0.1", 0))
        giver.connect(taker.getsockname())
        assert reader.read(taker.fileno()) == 0
        sent = [bytes((number,)) * (100 + number) for number in range(7)]
        for datagram in sent:
            giver.send(datagram)
        count = reader.read(taker.fileno())
        cells = [bytes(reader.cells[n * CELL_BYTES : n * CELL_BYTES + reader.length(n)]) for n in range(count)]
    assert cells == sent
