"""Recordings: what there is of a conference, and the files."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web
from pydantic import TypeAdapter

from bridge.recording.sidecar import Recording, folder_of, read_sidecars
from core.errors import NotFound
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.routes_directory import ORGANIZER

MATROSKA = "video/x-matroska"
_NAME = re.compile(r"[0-9A-Za-z-]{1,80}\.mkv")
_UNKNOWN: Errors = {NotFound: ("conference.unknown",)}


async def list_recordings(ask: Ask[Nothing]) -> list[Recording]:
    """The files of a conference in the order they were begun; one without an end is being written, or was cut off."""
    await ask.context.scheduler.conference(ask.conference)
    folder = folder_of(ask.context.settings.data_dir, ask.conference)
    return await asyncio.to_thread(lambda: list(read_sidecars(folder)))


async def download_recording(ask: Ask[Nothing]) -> web.StreamResponse:
    """One file, whole or in ranges. One that is still being written ends where it is now."""
    name = ask.request.match_info["name"]
    path = folder_of(ask.context.settings.data_dir, ask.conference) / name
    if _NAME.fullmatch(name) is None or not await asyncio.to_thread(path.is_file):
        raise NotFound("recording.unknown", "There is no such recording.")
    headers = {"Content-Type": MATROSKA, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.FileResponse(path, headers=headers)


ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/conferences/{id}/recordings",
        "Recordings of a conference",
        list_recordings,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[Recording]),
        roles=ORGANIZER,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/recordings/{name}",
        "One file of a recording",
        download_recording,
        Nothing,
        Source.NONE,
        media=MATROSKA,
        roles=ORGANIZER,
        errors={NotFound: ("conference.unknown", "recording.unknown")},
    ),
)
