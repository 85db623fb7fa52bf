"""A conference recorded: what the file holds, who may have it, and what a kill leaves."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from bridge.node import BridgeNode
from bridge.recording.sidecar import Recording, folder_of, read_sidecars
from core.bus import Bus
from core.clock import SystemClock
from core.commands import GrantFloor, StartRecording, StopRecording
from core.database import Database
from core.errors import Refused
from core.messages import OPEN, OpenConference
from core.model import ConferenceSpec
from core.session_messages import StateView
from core.settings import Settings
from tests.integration.test_node import Seat, seats
from tests.support.conferences import CHAIR_SEAT, hall, spec_of
from tests.support.polling import UNIT, eventually


@dataclass
class Studio:
    """A running node with an open conference of two points."""

    node: BridgeNode
    bus: Bus
    spec: ConferenceSpec
    folder: Path

    def recordings(self) -> list[Recording]:
        return list(read_sidecars(self.folder))

    def finished(self, count: int = 1) -> str | None:
        done = [r for r in self.recordings() if r.ended_at is not None]
        return None if len(done) == count else f"{self.recordings()}"

    def growing(self, above: int) -> str | None:
        size = sum(r.size for r in self.recordings())
        return None if size > above else f"{size} bytes"


def studio_settings(data_dir: Path) -> Settings:
    return Settings(media_port=0, sample_seconds=0.3, reconnect_grace_seconds=30.0, data_dir=data_dir)


@pytest.fixture
async def studio(database: Database, bus: Bus, tmp_path: Path) -> AsyncIterator[Studio]:
    node = BridgeNode(studio_settings(tmp_path), database, bus, SystemClock(), ["127.0.0.1"])
    await node.start()
    spec = spec_of(2)
    await bus.request(OPEN, OpenConference(spec=spec))
    yield Studio(node, bus, spec, folder_of(tmp_path, spec.id))
    await node.stop()


async def follow(*members: Seat) -> None:
    """Lets endpoints do what they are told, as pages would."""
    while True:
        for seat in members:
            seat.follow_directive()
        await asyncio.sleep(0.05)


def shown(path: Path, stream: int) -> list[av.VideoFrame]:
    with av.open(str(path)) as file:
        return list(file.decode(file.streams.video[stream]))


async def test_the_stage_and_the_sound_are_recorded_with_a_chapter_for_each_speaker(studio: Studio) -> None:
    async with seats(studio.bus, studio.spec, CHAIR_SEAT, hall(1)) as (chair, point):
        following = asyncio.create_task(follow(chair, point))
        try:
            for seat in (chair, point):
                await seat.connect()
            await chair.do(StartRecording())
            await eventually(lambda: studio.growing(20_000), units=15)
            for seat in (chair, point):
                state = seat.newest(StateView)
                assert isinstance(state, StateView)
                assert state.recording
            await chair.do(GrantFloor(participant=point.participant.id))
            await eventually(lambda: None if len(studio.recordings()[0].chapters) == 2 else "no second chapter")
            before = studio.recordings()[0].size
            await eventually(lambda: studio.growing(before + 60_000), units=15)
            await chair.do(StopRecording())
            await eventually(studio.finished)
            state = point.newest(StateView)
            assert isinstance(state, StateView)
            assert not state.recording
        finally:
            following.cancel()
            await asyncio.wait([following])
    [about] = studio.recordings()
    path = studio.folder / about.name
    frames = shown(path, 0)
    times = [frame.time for frame in frames]
    assert len(frames) > 20
    assert times == sorted(times)
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 4 * UNIT
    with av.open(str(path)) as file:
        assert [c["metadata"]["title"] for c in file.chapters()] == ["Chủ tọa", "Điểm 1"]
        assert file.duration is not None
        assert abs(file.duration / 1_000 - about.duration_ms) < 100
        chairs_sound = file.streams.audio[1]
        assert sum(1 for frame in file.decode(chairs_sound) if frame.samples) > 20
    assert [chapter.title for chapter in about.chapters] == ["Chủ tọa", "Điểm 1"]


async def test_only_the_chair_records(studio: Studio) -> None:
    async with seats(studio.bus, studio.spec, hall(1)) as (point,):
        with pytest.raises(Refused) as refused:
            await point.do(StartRecording())
    assert refused.value.code == "command.chair_only"


async def test_a_restarted_node_goes_on_recording_in_a_new_file(
    studio: Studio, database: Database, tmp_path: Path
) -> None:
    async with seats(studio.bus, studio.spec, CHAIR_SEAT) as (chair,):
        following = asyncio.create_task(follow(chair))
        await chair.connect()
        await chair.do(StartRecording())
        await eventually(lambda: studio.growing(10_000), units=15)
        following.cancel()
        await asyncio.wait([following])
    await studio.node.stop()
    assert studio.finished() is None
    node = BridgeNode(studio_settings(tmp_path), database, studio.bus, SystemClock(), ["127.0.0.1"])
    await node.start()
    try:
        async with seats(studio.bus, studio.spec, CHAIR_SEAT) as (chair,):
            following = asyncio.create_task(follow(chair))
            await chair.connect()
            await eventually(lambda: None if len(studio.recordings()) == 2 else "no second file", units=15)
            await eventually(
                lambda: None if isinstance(s := chair.newest(StateView), StateView) and s.recording else "off"
            )
            following.cancel()
            await asyncio.wait([following])
    finally:
        await node.stop()
    assert studio.finished(2) is None


async def test_a_killed_process_leaves_a_playable_file(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.recording_child", str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    async with asyncio.timeout(60):
        while await child.stdout.readline() != b"written\n":
            pass
        child.send_signal(signal.SIGKILL)
        assert await child.wait() == -signal.SIGKILL
    [about] = read_sidecars(tmp_path)
    assert about.ended_at is None
    assert [chapter.title for chapter in about.chapters] == ["Điểm 1"]
    frames = shown(tmp_path / about.name, 0)
    assert 57.0 < (frames[-1].time or 0.0) <= 60.0
    with av.open(str(tmp_path / about.name)) as file:
        heard = [frame.time or 0.0 for frame in file.decode(file.streams.audio[0])]
    assert 57.0 < heard[-1] <= 60.1
