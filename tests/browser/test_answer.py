"""A hall answers its invitation by the link in the mail, without signing in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.clock import SystemClock
from core.database import Database
from core.identity import AnswerRight, Signer, load_secret
from scheduler.invitations.model import InviteRequest
from scheduler.invitations.service import Invitations
from tests.support.chromium import chromium, visitor
from tests.support.installation import installed
from tests.support.pages import why_not_state
from tests.support.polling import eventually


async def test_the_link_in_the_mail_opens_a_page_that_takes_the_answer(database: Database, tmp_path: Path) -> None:
    async with installed(database.url, tmp_path) as installation, chromium() as browser, visitor(browser) as page:
        conference = await installation.book_now()
        signer = Signer(load_secret(installation.settings.data_dir, None))
        invitations = Invitations(database, SystemClock(), signer, installation.settings)
        await invitations.send(conference.id, InviteRequest(), "organizer")
        right = AnswerRight(conference=conference.id, point="p1")
        token = signer.answer_token(right, datetime.now(UTC) + timedelta(hours=1))
        await page.goto(f"{installation.base_url}/a/{token}")
        await eventually(lambda: why_not_state(page, "answer-state", "waiting"))
        await page.get_by_test_id("delegates").fill("32")
        await page.get_by_test_id("confirm").click()
        await eventually(lambda: why_not_state(page, "answer-state", "confirmed"))
        row = await database.pool.fetchrow("SELECT answer, delegates FROM invitation WHERE answer = 'confirmed'")
        assert row is not None
        assert row["delegates"] == 32
        await page.get_by_test_id("propose-open").click()
        await page.get_by_test_id("propose-day").fill("31/02/2100")
        assert await page.get_by_test_id("propose").is_disabled()
        await page.get_by_test_id("propose-day").fill("05/12/2100")
        await page.get_by_test_id("propose-start").fill("14:00")
        await page.get_by_test_id("propose-stop").fill("16:30")
        await page.get_by_test_id("propose").click()
        await eventually(lambda: why_not_state(page, "answer-state", "proposed"))
        proposed = await database.pool.fetchrow(
            "SELECT proposed_start, proposed_stop FROM invitation WHERE answer = 'proposed'"
        )
        assert tuple(proposed or ()) == (datetime(2100, 12, 5, 7, tzinfo=UTC), datetime(2100, 12, 5, 9, 30, tzinfo=UTC))
