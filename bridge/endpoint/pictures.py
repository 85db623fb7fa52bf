"""Drawing a hall's picture: a colour of its own, its name, a ball that moves and a frame counter."""

from __future__ import annotations

import colorsys
import math
import zlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from io import BytesIO

from PIL import Image, ImageChops, ImageDraw, ImageFont

from core.model import ParticipantId

Colour = tuple[int, int, int]

_WHITE: Colour = (255, 255, 255)
_MOST_LINES = 3


def background(participant: ParticipantId) -> Colour:
    """The colour of a participant: always the same one, dark enough for white letters."""
    hue = zlib.crc32(participant.encode()) / 2**32
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.65, 0.55)
    return round(red * 255), round(green * 255), round(blue * 255)


def pictures(participant: ParticipantId, name: str, width: int, height: int, count: int) -> Iterator[Image.Image]:
    """`count` pictures that make a loop: after the last one the first follows without a visible step."""
    still = Image.new("RGB", (width, height), background(participant))
    _draw_name(ImageDraw.Draw(still), name, width, height)
    crowd = Image.effect_noise((width, height // 9), 90).convert("RGB")
    font = _font(height // 12)
    radius = height / 14
    for number in range(count):
        picture = still.copy()
        # A scrolling strip of noise costs an encoder about as many bits as a hall full of people.
        picture.paste(ImageChops.offset(crowd, width * number // count, 0), (0, height - height // 9))
        draw = ImageDraw.Draw(picture)
        x = width / 2 - math.cos(2 * math.pi * number / count) * (width / 2 - 2 * radius)
        y = height * 0.74
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_WHITE)
        draw.text((width * 0.02, height * 0.02), f"{number + 1:03d}/{count:03d}", font=font, fill=_WHITE)
        yield picture


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Roboto has every Vietnamese letter; Pillow's own font lacks most of them."""
    return ImageFont.truetype(BytesIO(_font_file()), size)


@cache
def _font_file() -> bytes:
    return resources.files("font_roboto").joinpath("files/Roboto-Bold.ttf").read_bytes()


def _draw_name(draw: ImageDraw.ImageDraw, name: str, width: int, height: int) -> None:
    box_width, box_height = width * 0.92, height * 0.5
    for size in range(height // 4, height // 24, -2):
        font = _font(size)
        text = "\n".join(_wrapped(name, font, box_width))
        left, top, right, bottom = draw.multiline_textbbox((0, 0), text, font=font, align="center")
        if right - left <= box_width and bottom - top <= box_height and text.count("\n") < _MOST_LINES:
            break
    draw.multiline_text((width / 2, height * 0.4), text, font=font, fill=_WHITE, anchor="mm", align="center")


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
