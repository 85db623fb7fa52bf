"""Spoilt input for everything that parses bytes from the network."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

INPUTS = int(os.environ.get("DIEMCAU_FUZZ_INPUTS", "400"))
"""Inputs of each test. The suite always takes the same ones; a longer hunt sets the variable and gets more."""

F = TypeVar("F", bound=Callable[..., Any])


def fuzzed(test: F) -> F:
    """Runs a test over `INPUTS` inputs, the same ones each time."""
    settle = settings(
        max_examples=INPUTS, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    decorated: F = settle(test)
    return decorated


def spoilt(packets: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Anything, or one of `packets` with some of its bytes changed, cut, repeated or taken from another one."""
    dice = st.randoms(use_true_random=False)
    return st.one_of(st.binary(max_size=300), st.builds(spoil, st.sampled_from(packets), dice, st.just(packets)))


def spoil(packet: bytes, dice: Random, others: Sequence[bytes]) -> bytes:
    """One to four changes to a packet."""
    changed = bytearray(packet)
    for _ in range(dice.randint(1, 4)):
        _CHANGES[dice.randrange(len(_CHANGES))](changed, dice, others)
    return bytes(changed)


def _flip(data: bytearray, dice: Random, _: Sequence[bytes]) -> None:
    if data:
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _extreme(data: bytearray, dice: Random, _: Sequence[bytes]) -> None:
    if data:
        at = dice.randrange(len(data))
        data[at : at + dice.choice((1, 2, 4))] = dice.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * dice.choice(
            (1, 2, 4)
        )


def _cut(data: bytearray, dice: Random, _: Sequence[bytes]) -> None:
    del data[dice.randrange(len(data) + 1) :]


def _remove(data: bytearray, dice: Random, _: Sequence[bytes]) -> None:
    at = dice.randrange(len(data) + 1)
    del data[at : at + dice.randint(1, 8)]


def _insert(data: bytearray, dice: Random, _: Sequence[bytes]) -> None:
    at = dice.randrange(len(data) + 1)
    data[at:at] = dice.randbytes(dice.randint(1, 8))


def _splice(data: bytearray, dice: Random, others: Sequence[bytes]) -> None:
    other = dice.choice(others)
    at = dice.randrange(len(data) + 1)
    begin = dice.randrange(len(other) + 1)
    data[at:] = other[begin:]


_CHANGES = (_flip, _flip, _extreme, _cut, _remove, _insert, _splice)


def spoilt_text(text: str) -> st.SearchStrategy[str]:
    """A description of lines with lines lost, doubled, swapped, or spoilt within."""
    return st.builds(_spoil_text, st.just(text), st.randoms(use_true_random=False))


def _spoil_text(text: str, dice: Random) -> str:
    lines = text.splitlines()
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(lines))
        kind = dice.randrange(6)
        if kind == 0 and len(lines) > 1:
            del lines[at]
        elif kind == 1:
            lines.insert(dice.randrange(len(lines)), lines[at])
        elif kind == 2:
            other = dice.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            lines[at] = _spoil_line(lines[at], dice, kind)
    return dice.choice(("\r\n", "\r\n", "\n", "\r")).join(lines) + dice.choice(("\r\n", ""))


def _spoil_line(line: str, dice: Random, kind: int) -> str:
    at = dice.randrange(len(line) + 1)
    if kind == 3:
        return line[:at]
    if kind == 4:
        words = line.split(" ")
        words[dice.randrange(len(words))] = dice.choice(_WORDS)
        return " ".join(words)
    return line[:at] + dice.choice(_WORDS) + line[at + dice.randint(0, 2) :]


_WORDS = (
    "", " ", ":", "=", "/", "-1", "0", "65536", "4294967296", "9" * 40, "1e9", "٣", "\t", "\x00", "é", "😀", "\u2028",
    "a=", "m=video", "~", ";", ",", "%s", "../", "a=simulcast:send ", "a=candidate:", "a=ssrc:", "a=extmap:1 ", "send",
)  # fmt: skip
