"""Delegates on the pages: the secretary loads the list, the hall's desk and a telephone check in, the tree follows."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

from core.database import Database
from core.model import Role
from tests.support.chromium import chromium, visitor
from tests.support.installation import installed
from tests.support.pages import sign_in

LIST = "Mã đại biểu,Họ và tên,Chức vụ,Mã điểm cầu\n" + "".join(
    f"DB{n},Đại biểu số {n},Ủy viên,p{1 + n % 2}\n" for n in range(1, 9)
)


async def load(page: Page, name: str, text: str) -> None:
    await page.get_by_test_id("delegates-file").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    )


async def verified(page: Page, code: str, count: int) -> None:
    await expect(page.get_by_test_id(f"people-{code}")).to_have_attribute("data-verified", str(count), timeout=20_000)


async def test_delegates_from_the_file_to_the_sums(database: Database, tmp_path: Path) -> None:
    async with (
        installed(database.url, tmp_path) as installation,
        chromium() as browser,
        visitor(browser) as secretary,
        visitor(browser) as hall,
        visitor(browser) as phone,
    ):
        conference = await installation.book_now()
        await sign_in(secretary, installation, Role.ORGANIZER, f"/organizer/conference/{conference.id}/delegates")
        await load(secretary, "sai.csv", LIST.replace("p2", "p9"))
        await expect(secretary.get_by_test_id("delegate-import")).to_contain_text("không thuộc hội nghị")
        await load(secretary, "dai-bieu.csv", LIST)
        await secretary.get_by_test_id("delegates-apply").click()
        await expect(secretary.get_by_test_id("people-79")).to_have_attribute("data-expected", "8", timeout=20_000)

        tokens = await installation.link_tokens(conference.id)
        await hall.set_viewport_size({"width": 360, "height": 740})
        await hall.goto(f"{installation.base_url}/desk/{tokens['p1']}")
        await hall.get_by_test_id("present-DB2").click()
        await expect(hall.get_by_test_id("delegate-DB2")).to_have_attribute("data-state", "present")
        await verified(secretary, "p1", 1)
        await verified(secretary, "79", 1)

        await hall.get_by_test_id("absent-DB4").click()
        await hall.get_by_test_id("reason.trip").click()
        await expect(hall.get_by_test_id("delegate-DB4")).to_contain_text("Đi công tác")
        await hall.get_by_test_id("undo-DB4").click()
        await hall.get_by_test_id("desk-search").fill("so 4")
        await hall.get_by_test_id("desk-search").press("Enter")
        await expect(hall.get_by_test_id("delegate-DB4")).to_have_attribute("data-state", "present")
        await verified(secretary, "79", 2)

        await secretary.get_by_test_id("people-open-p1").click()
        await secretary.get_by_test_id("open-DB6").click()
        url = await secretary.get_by_test_id("ticket-copy").get_attribute("data-url")
        assert url
        await phone.goto(url)
        await phone.get_by_test_id("ticket-here").click()
        await expect(phone.get_by_test_id("ticket-state")).to_have_attribute("data-state", "present")
        await secretary.get_by_test_id("ticket-renew").click()
        await expect(secretary.get_by_test_id("ticket-copy")).not_to_have_attribute("data-url", url)
        await phone.reload()
        await expect(phone.get_by_test_id("problem")).to_have_attribute("data-code", "ticket.invalid")
        scanned = await secretary.get_by_test_id("ticket-copy").get_attribute("data-url")

        await hall.reload()
        await hall.get_by_test_id("undo-DB6").click()
        await expect(hall.get_by_test_id("delegate-DB6")).to_have_attribute("data-state", "awaited")
        await hall.get_by_test_id("desk-search").fill(scanned or "")
        await hall.get_by_test_id("desk-search").press("Enter")
        await expect(hall.get_by_test_id("delegate-DB6")).to_contain_text("quét mã")
        await hall.get_by_test_id("desk-codes").click()
        await expect(hall.get_by_role("img", name="Mã QR của Đại biểu số 2")).to_be_visible()

        await secretary.keyboard.press("Escape")
        await secretary.keyboard.press("Escape")
        await secretary.get_by_test_id("snapshot-item").fill("Biểu quyết")
        await secretary.get_by_test_id("snapshot-take").click()
        await expect(secretary.get_by_test_id("snapshot-1")).to_have_attribute("data-verified", "3")
