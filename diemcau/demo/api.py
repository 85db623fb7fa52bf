"""The product's own HTTP API, as the demonstration's organizer uses it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import aiohttp
from pydantic import TypeAdapter

from core.errors import DiemcauError
from core.identity import Principal
from core.model import ConferenceId, ConferenceState, Model, Role
from diemcau.demo.prepare import Account
from monitor.model import Attendance
from scheduler.model import (
    BookingRequest,
    Conference,
    ConferenceSummary,
    EnterReply,
    EnterRequest,
    PointLink,
    RequestedTimes,
)

T = TypeVar("T")


class ApiClient:
    """A signed-in HTTP client. Errors are `DiemcauError`s with the server's code."""

    def __init__(self, base_url: str, tls: ssl.SSLContext | None) -> None:
        self._base = base_url
        jar = aiohttp.CookieJar(unsafe=True)
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls or True), cookie_jar=jar)

    async def __aenter__(self) -> ApiClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def healthy(self) -> bool:
        """Whether the server answers."""
        try:
            async with self._http.get(f"{self._base}/healthz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def sign_in(self, account: Account) -> None:
        """Signs in for the requests that follow."""
        await self._call("POST", "/api/sign-in", TypeAdapter(Principal), account)

    async def running_conference(self) -> ConferenceSummary | None:
        """The conference that is open now, if any."""
        listed = await self._call("GET", "/api/conferences", TypeAdapter(list[ConferenceSummary]))
        now = datetime.now(UTC)
        return next((c for c in listed if c.state is ConferenceState.OPEN and c.times.stop > now), None)

    async def book_now(self, title: str, points: list[str], hours: float) -> Conference:
        """Books `points` from now on."""
        now = datetime.now(UTC)
        start, stop = now + timedelta(seconds=20), now + timedelta(hours=hours)
        times = RequestedTimes(can_join_after=now, start=start, stop=stop, must_join_before=stop)
        request = BookingRequest(title=title, times=times, points=tuple(points))
        return await self._call("POST", "/api/conferences", TypeAdapter(Conference), request)

    async def points(self) -> list[str]:
        """Codes of every point in the directory."""
        listed = await self._call("GET", "/api/points", TypeAdapter(list[dict[str, Any]]))
        return [point["code"] for point in listed]

    async def conference(self, conference: ConferenceId) -> Conference:
        """One conference."""
        return await self._call("GET", f"/api/conferences/{conference}", TypeAdapter(Conference))

    async def links(self, conference: ConferenceId) -> list[PointLink]:
        """The join links of a conference."""
        return await self._call("GET", f"/api/conferences/{conference}/links", TypeAdapter(list[PointLink]))

    async def enter(self, conference: ConferenceId, role: Role) -> str:
        """A token for signaling."""
        path = f"/api/conferences/{conference}/enter"
        return (await self._call("POST", path, TypeAdapter(EnterReply), EnterRequest(role=role))).token

    async def attendance(self, conference: ConferenceId) -> Attendance:
        """Who was there."""
        return await self._call("GET", f"/api/conferences/{conference}/attendance", TypeAdapter(Attendance))

    async def quality_csv(self, conference: ConferenceId) -> str:
        """All samples, as a person would download them."""
        async with self._http.get(f"{self._base}/api/conferences/{conference}/quality.csv") as response:
            return await response.text("utf-8-sig")

    async def _call(self, method: str, path: str, reply: TypeAdapter[T], body: Model | None = None) -> T:
        data = body.model_dump_json() if body else None
        headers = {"Content-Type": "application/json"} if body else {}
        async with self._http.request(method, self._base + path, data=data, headers=headers) as response:
            content = await response.read()
            if response.status >= 400:
                problem = await response.json(content_type=None)
                raise DiemcauError(problem["code"], problem["detail"], **problem["data"])
            return reply.validate_json(content)
