"""The media bench on a small load: its figures are made of real packets."""

from __future__ import annotations

import pytest

from bench import janus
from bench.janus import JanusSubject
from bench.media import Load, measure
from bench.media_node import NodeSubject

LOAD = Load(receivers=3, packets_per_second=200, size=1_100, seconds=1)


async def test_the_node_delivers_every_packet_to_every_receiver(capsys: pytest.CaptureFixture[str]) -> None:
    node = await NodeSubject.start()
    try:
        figures = await measure(node, LOAD)
    finally:
        await node.close()
    assert figures.delivered_ratio == 1
    assert figures.us_per_packet > 0
    assert "could not be decrypted" not in capsys.readouterr().out


@pytest.mark.skipif(not janus.installed(), reason=janus.INSTALL)
async def test_janus_is_put_under_the_same_load(capsys: pytest.CaptureFixture[str]) -> None:
    subject = await JanusSubject.start()
    try:
        figures = await measure(subject, LOAD)
    finally:
        await subject.close()
    assert figures.delivered_ratio > 0.95
    assert "could not be decrypted" not in capsys.readouterr().out
