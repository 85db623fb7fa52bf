"""How often a process looks for garbage that refers to itself."""

from __future__ import annotations

import gc

_YOUNG = 20_000
_MIDDLE = 20
_OLD = 50


def expect_many_messages() -> None:
    """For a process in which thousands of messages a second are made and soon forgotten.

    They refer to nothing that refers back, so counting references frees them. With Python's own thresholds (700 new
    objects) the collector looked through them again and again: a third of the monitor's time at its fastest.
    What is there already is never looked through again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
