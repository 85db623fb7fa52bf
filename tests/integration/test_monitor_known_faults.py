"""What the monitor says of a line whose faults are known; the whole table is `python -m bench.monitor_lines`."""

from __future__ import annotations

import pytest

from bench.monitor_lines_verdicts import UNKNOWN_SECONDS, row_of
from bridge.endpoint.clips import ClipLibrary
from core.database import Database
from core.model import Grade
from core.quality import Direction
from tests.support.line import Faults
from tests.support.polling import UNIT, eventually
from tests.support.watched import Trial, WatchedHall, watching

LOSS = Faults(loss=0.15)
TRIALS = [
    Trial("loss up", Direction.UP, LOSS, (Grade.POOR,)),
    Trial("loss down", Direction.DOWN, LOSS, (Grade.POOR,)),
    # Its figure is the time until its incident, which must be the hall's own and be called a lost endpoint.
    Trial("cut", None, Faults(loss=1.0), (Grade.UNKNOWN,)),
]


MEASURED = (
    "kbps_up",
    "kbps_down",
    "bytes_up",
    "bytes_down",
    "loss_up",
    "loss_down",
    "jitter_up_ms",
    "jitter_down_ms",
    "rtt_ms",
    "nacks_up",
    "nacks_down",
    "key_frames_up",
    "key_frames_down",
    "remb_down_kbps",
)
"""`remb_up_kbps` is told only to those who stamp their packets (abs-send-time), as browsers do:
`tests/browser/test_relay.py`."""


@pytest.mark.parametrize("trial", TRIALS, ids=[one.name for one in TRIALS])
async def test_a_known_fault_is_told_rightly_soon_and_forgotten_soon(database: Database, trial: Trial) -> None:
    async with watching(database, sample_seconds=1.0) as (bus, node):
        hall = WatchedHall(bus, node.engine.port, seed=7)
        async with hall.running(ClipLibrary({})):
            await hall.until_good(60 * UNIT)
            outcome = await hall.undergo(trial, 24.0 if trial.is_cut else 20.0, 40.0 * UNIT)
    row = row_of(outcome)
    assert row["figure_right"], row
    assert outcome.right_after is not None, row
    assert outcome.right_after <= (UNKNOWN_SECONDS if trial.is_cut else 10) * UNIT, row
    assert trial.is_cut or outcome.good_after is not None, row


async def test_a_lossy_line_fills_every_figure_that_the_node_measures(database: Database) -> None:
    # So much that some packets do not come at the second time of asking either, and a key frame is asked for.
    lossy = Faults(loss=0.3, delay_ms=30, jitter_ms=15)
    async with watching(database, sample_seconds=1.0) as (bus, node):
        hall = WatchedHall(bus, node.engine.port, seed=11)
        async with hall.running(ClipLibrary({})):
            await hall.until_good(60 * UNIT)
            # A grade may come before the first report that tells of a round trip.
            await eventually(
                lambda: None if hall.newest and hall.newest.sample.rtt_ms else "no round trip measured", units=60
            )
            assert hall.newest is not None
            before = hall.newest.sample
            hall.line.up.faults = hall.line.down.faults = lossy
            seen = dict.fromkeys(MEASURED, 0.0)

            def why_not_all() -> str | None:
                assert hall.newest is not None
                sample = hall.newest.sample
                if sample.at > before.at:
                    for name in MEASURED:
                        seen[name] = max(seen[name], getattr(sample, name) or 0.0)
                missing = [name for name, value in seen.items() if value <= 0]
                return f"never measured: {missing}" if missing else None

            await eventually(why_not_all, units=60)
    assert before.rtt_ms is not None
    assert seen["rtt_ms"] > before.rtt_ms + 30
    for lost in (seen["loss_up"], seen["loss_down"]):
        assert 0.1 < lost < 0.6
