"""An organizer at the built pages in Chromium, on a website that runs in the test's own process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Locator, Page

from core.database import Database
from core.model import Role
from tests.support.chromium import chromium, visitor
from tests.support.polling import eventually
from tests.support.website import PASSWORD, Visitor, Website, running_website, times_of
from web.pages import STATIC

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass
class Desk:
    """The organizer's page, and the same organizer's HTTP client to set the scene with."""

    site: Website
    page: Page
    api: Visitor

    async def open(self, path: str) -> None:
        """Goes to a page of the website."""
        await self.page.goto(self.site.base + path)

    def at(self, testid: str) -> Locator:
        """What the page marks with this name."""
        return self.page.get_by_test_id(testid)

    async def made(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """The reply of a request that must succeed."""
        reply = await self.api.ask(method, path, json=body)
        assert reply.status in {200, 201, 204}, reply.body
        return reply.json

    async def book(self, title: str, start: datetime, *points: str, **more: Any) -> str:
        """Books two hours and returns the conference's id."""
        booking = {"title": title, "times": times_of(start), "points": points, **more}
        id: str = (await self.made("/api/bookings", booking))["conference"]["id"]
        return id

    async def until(self, testid: str, attribute: str, value: str) -> None:
        """Waits until an element's attribute has a value."""

        async def why_not() -> str | None:
            element = self.at(testid)
            seen = await element.first.get_attribute(attribute) if await element.count() else "not there"
            return None if seen == value else f"{testid} has {attribute} {seen}"

        await eventually(why_not)


def next_week(hour: int = 9, *, days: int = 8) -> datetime:
    """An hour of a day to come in Vietnam."""
    return (datetime.now(ZONE) + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)


@asynccontextmanager
async def organizer(database: Database, data_dir: Path, *, points: int = 3, **changes: Any) -> AsyncIterator[Desk]:
    """An organizer who is signed in; province `p` has communes c1 … with a point d1 … each.

    `changes` are settings of the website.
    """
    async with running_website(database, data_dir, pages=STATIC, **changes) as site, chromium() as browser:
        await site.add_points(points)
        api = await site.signed_in(Role.ORGANIZER)
        async with visitor(browser) as page:
            signed_in = {"username": "organizer", "password": PASSWORD}
            await page.request.post(site.base + "/api/sign-in", data=signed_in)
            yield Desk(site, page, api)
