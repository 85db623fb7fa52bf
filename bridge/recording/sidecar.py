"""What is known of a recording without opening it: a JSON file beside it, replaced whole, so never half written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from core.model import ConferenceId, Model

FOLDER = "recordings"


class RecordedChapter(Model):
    """From `start_ms` of the file on, `title` has the floor (or, with nobody on it, the chair)."""

    start_ms: int
    title: str


class Recording(Model):
    """One file of a recording. `ended_at` None: it is being written, or the process that wrote it was killed."""

    name: str
    """The file's name; with the conference it is all that names it."""
    conference: ConferenceId
    title: str
    started_at: AwareDatetime
    ended_at: datetime | None = None
    duration_ms: int = 0
    size: int = 0
    """Bytes."""
    chapters: tuple[RecordedChapter, ...] = ()


def folder_of(data_dir: Path, conference: ConferenceId) -> Path:
    """Where a conference's recordings are."""
    return data_dir / FOLDER / conference


def write_sidecar(folder: Path, recording: Recording) -> None:
    """Replaces the sidecar of `recording`; raises `OSError`."""
    path = (folder / recording.name).with_suffix(".json")
    fresh = path.with_suffix(".tmp")
    fresh.write_text(recording.model_dump_json(indent=1), encoding="utf-8")
    fresh.replace(path)


def read_sidecars(folder: Path) -> Iterator[Recording]:
    """The recordings in `folder` by the time they began, with their present size; what cannot be read is left out."""
    for path in sorted(folder.glob("*.json")):
        try:
            found = Recording.model_validate_json(path.read_bytes())
            size = (folder / found.name).stat().st_size
        except (ValidationError, OSError):
            continue
        if found.name == path.with_suffix(".mkv").name:
            yield found.model_copy(update={"size": size})
