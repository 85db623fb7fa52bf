"""QR codes as the pages draw them."""

from __future__ import annotations

import segno


def modules(text: str) -> tuple[str, ...]:
    """The code of `text` row by row, `1` for dark; without the quiet zone of four modules (ISO/IEC 18004).

    Level M: a seventh of it may be dirty or creased.
    """
    code = segno.make(text, error="m", micro=False)
    return tuple("".join("1" if dark else "0" for dark in row) for row in code.matrix)
