"""One Chromium for all tests that need no devices of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.chromium import chromium


@pytest.fixture(scope="session", autouse=True)
async def started_once() -> AsyncIterator[None]:
    """While it is in use, each `chromium()` is the same."""
    async with chromium():
        yield
