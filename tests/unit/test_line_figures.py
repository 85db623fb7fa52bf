"""The bad-line bench's arithmetic: freezes, concealment, and how long adapting took."""

from __future__ import annotations

import pytest

from bench.lines_figures import Reading, figures, recovered_after, settled_after


def moving(start: int, end: int, *, width: int = 960, frames_from: int = 0) -> list[Reading]:
    """A reading each 0.25 s from second `start` to `end`, at 16 frames a second."""
    steps = range(4 * (end - start) + 1)
    return [Reading(at=start + 0.25 * n, frames=frames_from + 4 * n, width=width, samples=12_000 * n) for n in steps]


def standing(start: float, end: float, frames: int) -> list[Reading]:
    steps = range(int(4 * (end - start)) + 1)
    return [Reading(at=start + 0.25 * n, frames=frames, width=960) for n in steps]


def test_a_moving_picture_in_figures() -> None:
    seen = figures(moving(0, 5))
    assert (seen.fps, seen.freezes, seen.frozen_share, seen.concealed_share, seen.width) == (16, 0, 0, 0, 960)


def test_a_picture_that_stands_at_the_end_is_frozen_though_the_browser_does_not_say_so_yet() -> None:
    seen = figures([*moving(0, 5), *standing(5.25, 10, 80)])
    assert seen.freezes == 1
    assert seen.frozen_share == pytest.approx(0.5)


def test_a_picture_that_never_moves_is_frozen_all_the_time() -> None:
    assert figures(standing(0, 4, 7)).frozen_share == 1


def test_sound_made_up_is_a_share_of_what_was_played() -> None:
    first, last = Reading(at=0), Reading(at=10, frames=150, width=960, samples=480_000, concealed=4_800, bytes=125_000)
    seen = figures([first, last])
    assert seen.concealed_share == pytest.approx(0.01)
    assert seen.kbps == pytest.approx(100)


def test_the_layer_is_the_width_shown_longest() -> None:
    assert figures([*moving(0, 2), *moving(3, 9, width=480, frames_from=40)]).width == 480


def test_a_line_settles_when_its_last_stall_is_over() -> None:
    readings = [*moving(0, 1), *standing(1.25, 3, 16), *moving(4, 10, frames_from=20)]
    assert settled_after(readings) == 4
    assert settled_after(moving(0, 5)) == 0


def test_a_line_that_overflows_to_the_end_never_settles() -> None:
    overflowing = [Reading(at=n, frames=15 * n, width=960, carried=100 * n, overflowed=30 * n) for n in range(10)]
    assert settled_after(overflowing) is None
    assert settled_after([*overflowing, Reading(at=10, frames=150, carried=1_000, overflowed=270)]) == 9


def test_a_picture_is_back_when_it_is_large_and_stays_so() -> None:
    readings = [*moving(0, 3, width=240), *moving(4, 5), *moving(6, 8, width=480), *moving(9, 12)]
    assert recovered_after(readings, 960) == 9
    assert recovered_after(readings[:20], 1_280) is None
