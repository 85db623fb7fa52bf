"""What the pages' fake camera and microphone play over bad lines."""

from __future__ import annotations

import wave
from array import array
from math import cos, exp, pi, sin
from pathlib import Path
from random import Random

WIDTH, HEIGHT, FRAMES_PER_SECOND = 960, 540, 15
"""The smallest picture of which Chromium makes three layers."""
_CLIP_SECONDS = 52

_RATE = 48_000
_SECONDS = 6
_VOWEL_SECONDS = 0.18
_VOWELS = ((730, 1_090, 2_440), (270, 2_290, 3_010), (300, 870, 2_240), (530, 1_840, 2_480), (570, 840, 2_410))
"""The first three formants in Hz (Peterson and Barney, 1952)."""
_BANDWIDTHS = (80, 100, 140)
_PEAK = 12_000


def draw_detailed_camera(path: Path) -> Path:
    """A YUV4MPEG2 file whose texture wanders to and fro: an encoder needs for it about the bits that it is allowed.

    As long as a condition lasts (half a gigabyte): the player shows the last picture twice before it begins again,
    and the encoder makes a picture of eight times the size after the one in which nothing moved.
    """
    dice = Random(1)
    rows = [bytes(min(235, max(16, round(dice.gauss(126, 14)))) for _ in range(2 * WIDTH)) for _ in range(HEIGHT // 4)]
    chroma = bytes([110]) * (WIDTH * HEIGHT // 4) + bytes([150]) * (WIDTH * HEIGHT // 4)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420mpeg2\n".encode())
        for number in range(_CLIP_SECONDS * FRAMES_PER_SECOND):
            left = 2 * abs(number % (4 * FRAMES_PER_SECOND) - 2 * FRAMES_PER_SECOND)
            file.write(b"FRAME\n" + b"".join(rows[y // 4][left : left + WIDTH] for y in range(HEIGHT)) + chroma)
    return path


def record_voice(path: Path) -> Path:
    """A WAV file of vowels without a pause.

    Never silent, so that nothing is concealed because nothing was sent; and near enough to speech for Opus to code
    it as speech, without which it has no forward error correction.
    """
    sound = _throat()
    for number in range(3):
        sound = _resonate(sound, number)
    loudest = max(abs(value) for value in sound)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(array("h", (int(value / loudest * _PEAK) for value in sound)).tobytes())
    return path


def _throat() -> list[float]:
    """Pulses at a pitch that glides between 105 and 135 Hz."""
    phase, pulses = 0.0, []
    for number in range(_RATE * _SECONDS):
        phase += (120 + 15 * sin(2 * pi * 0.7 * number / _RATE)) / _RATE
        pulses.append(1.0 if phase >= 1 else 0.0)
        phase %= 1
    return pulses


def _resonate(sound: list[float], formant: int) -> list[float]:
    """One two-pole resonator that moves from vowel to vowel."""
    radius = exp(-pi * _BANDWIDTHS[formant] / _RATE)
    before = last = 0.0
    heard = []
    for number, value in enumerate(sound):
        vowel = _VOWELS[int(number / _RATE / _VOWEL_SECONDS) % len(_VOWELS)]
        turned = 2 * radius * cos(2 * pi * vowel[formant] / _RATE)
        before, last = last, (1 - radius) * value + turned * last - radius * radius * before
        heard.append(last)
    return heard
