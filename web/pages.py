"""The pages: files built by Vite in `web/static`, and `index.html` for every address that a page handles itself."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from core.errors import NotFound

STATIC = Path(__file__).parent / "static"
_HASHED = "assets/"
"""Vite puts a hash of the content into the names below this folder: such a file never changes."""

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Diemcau</title>
<h1>The pages are not built yet</h1>
<p>Run <code>make pages</code> in the project's folder, then reload this page.</p>
"""


def find_file(folder: Path, path: str) -> Path | None:
    """The file that `path` names inside `folder`, never outside it."""
    if not path or "\0" in path or len(path) > 500:
        return None
    file = (folder / path).resolve()
    return file if file.is_relative_to(folder.resolve()) and file.is_file() else None


class Pages:
    """Answers every address that is not the API's."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A file of the pages, or the page that finds out by itself what its address means.

        Raises `NotFound` for an asset that is no longer there.
        """
        path = request.match_info["path"]
        file = find_file(self._folder, path)
        if file is not None and path != "index.html":
            forever = path.startswith(_HASHED)
            return _file(file, "public, max-age=31536000, immutable" if forever else "no-cache")
        if path.startswith(_HASHED):
            raise NotFound("request.path", "This file is no longer there. Reload the page.")
        index = find_file(self._folder, "index.html")
        if index is None:
            return web.Response(text=_NOT_BUILT, content_type="text/html", status=503)
        return _file(index, "no-cache")


def _file(file: Path, caching: str) -> web.FileResponse:
    # FileResponse sends `file.gz` or `file.br` beside it to those who accept it, and answers ranges and ETags.
    return web.FileResponse(file, headers={"Cache-Control": caching, "Vary": "Accept-Encoding"})


def add_pages(app: web.Application, pages: Pages) -> None:
    """Makes `pages` answer every address outside `/api` that no other route does."""
    resource = app.router.add_resource("/{path:(?!api(/|$)).*}")
    for method in ("GET", "HEAD"):
        resource.add_route(method, pages.answer)
