"""Prints documents, each in a process of its own.

Typesetting thousands of rows takes seconds and up to a gigabyte, of which the typesetter gives nothing back: not in the
process that carries conferences. Run as a script, this file is that process: page in, document out.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress
from importlib import resources

MOST_SECONDS = 120.0
TAGGED_ROWS = 2_000
"""Above so many table rows the document has no tags: they would be nine tenths of the file."""
_KIND_TO_OTHERS = 10


class PressFailed(Exception):
    """The document could not be made; the text is what the typesetter said."""


async def printed(page: bytes) -> bytes:
    """The PDF of a page description (JSON, see `report.typ`). Raises `PressFailed`; cancelled, it prints no further."""
    folder = resources.files("monitor.reports").joinpath("report.typ")
    fonts = resources.files("font_roboto").joinpath("files")
    # -P: the folder of this file is no place to import from.
    command = (sys.executable, "-P", __file__, str(folder), str(fonts))
    child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(MOST_SECONDS):
            document, said = await child.communicate(page)
    except TimeoutError:
        raise PressFailed(f"no document within {MOST_SECONDS:.0f} s") from None
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    if child.returncode != 0:
        raise PressFailed(said.decode(errors="replace")[-2_000:] or f"ended with {child.returncode}")
    return document


def _main(template: str, fonts: str) -> None:
    # Only here: the server itself has no use for the typesetter.
    import typst

    os.nice(_KIND_TO_OTHERS)
    page = sys.stdin.buffer.read()
    rows = sum(len(table["rows"]) for table in json.loads(page)["tables"])
    document = typst.compile(
        template,
        font_paths=[fonts],
        ignore_system_fonts=True,
        sys_inputs={"page": page.decode()},
        pdf_tags=rows <= TAGGED_ROWS,
    )
    sys.stdout.buffer.write(document)


if __name__ == "__main__":
    _main(*sys.argv[1:])
