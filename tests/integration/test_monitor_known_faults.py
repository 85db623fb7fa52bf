"""What the monitor says of a line whose faults are known; the whole table is `python -m bench.monitor_lines`."""

from __future__ import annotations

import pytest

from bench.monitor_lines_verdicts import UNKNOWN_SECONDS, row_of
from bridge.endpoint.clips import ClipLibrary
from core.database import Database
from core.model import Grade
from core.quality import Direction
from tests.support.line import Faults
from tests.support.polling import UNIT
from tests.support.watched import Trial, WatchedHall, watching

LOSS = Faults(loss=0.15)
TRIALS = [
    Trial("loss up", Direction.UP, LOSS, (Grade.POOR,)),
    Trial("loss down", Direction.DOWN, LOSS, (Grade.POOR,)),
    # Its figure is the time until its incident, which must be the hall's own and be called a lost endpoint.
    Trial("cut", None, Faults(loss=1.0), (Grade.UNKNOWN,)),
]


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
