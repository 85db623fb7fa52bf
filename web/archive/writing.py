"""Writes a ZIP file piece by piece and keeps the list of what is in it."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

from pydantic import BaseModel

from web.archive.model import FORMAT, JSON_FILES, VERSION, ArchivedFile, Manifest
from web.archive.schema import as_text


class Packer:
    """Every method blocks: call it in a thread. `finish` must be the last."""

    def __init__(self, file: IO[bytes], made_at: datetime) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        # ZIP knows local times without a zone and none before 1980.
        self._moment = made_at.timetuple()[:6]
        self._made_at = made_at
        self._files: list[ArchivedFile] = []
        self.put("schema.json", as_text().encode())

    def put(self, name: str, data: bytes) -> None:
        """Adds a file."""
        with self.piecemeal(name) as add:
            add(data)

    def put_model(self, name: str, model: BaseModel) -> None:
        """Adds a JSON file."""
        assert type(model) is JSON_FILES[name]
        self.put(name, model.model_dump_json(indent=1).encode())

    @contextmanager
    def piecemeal(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Adds a file that is too large to be held whole, by what it gives: a function that takes the next piece."""
        digest, length = hashlib.sha256(), 0
        entry = zipfile.ZipInfo(name, self._moment)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with self._zip.open(entry, "w") as file:

            def add(piece: bytes) -> None:
                nonlocal length
                digest.update(piece)
                length += len(piece)
                file.write(piece)

            yield add
        model = JSON_FILES.get(name)
        named = model.__name__ if model else None
        self._files.append(ArchivedFile(name=name, bytes=length, sha256=digest.hexdigest(), schema_name=named))

    def finish(self, conference: str, title: str, time_zone: str) -> None:
        """Adds the manifest and closes the file."""
        manifest = Manifest.model_validate(
            {
                "format": FORMAT,
                "version": VERSION,
                "conference": conference,
                "title": title,
                "made_at": self._made_at,
                "time_zone": time_zone,
                "files": tuple(self._files),
            }
        )
        entry = zipfile.ZipInfo("manifest.json", self._moment)
        self._zip.writestr(entry, manifest.model_dump_json(indent=1), zipfile.ZIP_DEFLATED)
        self.close()

    def close(self) -> None:
        """Lets go of the file; without `finish` before, what is in it is worth nothing."""
        self._zip.close()
