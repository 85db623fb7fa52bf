"""What an organizer does with a booked conference: its plan, another to compare, and a time that a hall proposed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from core.database import Database
from core.identity import AnswerRight, Signer
from core.model import ConferenceId, Role
from core.settings import Smtp
from tests.support.organizer import Desk, next_week, organizer
from tests.support.website import SECRET, Visitor


async def _node(desk: Desk, code: str, legs: int) -> None:
    node = {"name": f"Nút {code}", "unit": "p", "legs": legs, "kbps": 1_000_000}
    await desk.made(f"/api/nodes/{code}", node, "PUT")


async def test_a_plan_says_who_serves_whom_and_why_and_is_compared_with_the_one_before(
    database: Database, tmp_path: Path
) -> None:
    async with organizer(database, tmp_path) as desk:
        await _node(desk, "n1", 600)
        id = await desk.book("Họp có kế hoạch", next_week(), "d1", "d2", "d3")
        await desk.open(f"/organizer/conference/{id}/plan")
        plan = desk.at("plan")
        await plan.wait_for()
        assert await plan.get_attribute("data-profile") == "standard"
        await desk.at("why-d2").click()
        assert "n1" in await desk.at("plan-why").inner_text()
        await desk.at("plan-profile").select_option("light")
        await desk.at("replan").click()
        await desk.until("plan", "data-profile", "light")
        await desk.at("plan-compare").select_option("1")
        assert "tiêu chuẩn → nhẹ" in await desk.at("plan-difference").inner_text()


async def test_without_a_node_the_plan_page_says_what_is_missing(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path) as desk:
        id = await desk.book("Họp", next_week(), "d1")
        await desk.open(f"/organizer/conference/{id}/plan")
        await desk.page.get_by_text("Chưa có kế hoạch").wait_for()


async def test_a_time_that_a_hall_proposed_is_accepted_and_the_conference_moves(
    database: Database, tmp_path: Path
) -> None:
    start = next_week()
    wanted = start + timedelta(hours=5)
    async with organizer(database, tmp_path) as desk:
        id = await desk.book("Họp", start, "d1", "d2")
        await desk.made(f"/api/conferences/{id}/invitations", {})
        right = AnswerRight(conference=ConferenceId(id), point="d1")
        hall: Visitor = await desk.site.visitor()
        answer = {
            "answer": "proposed",
            "proposed_start": wanted.isoformat(),
            "proposed_stop": (wanted + timedelta(hours=2)).isoformat(),
        }
        token = Signer(SECRET).answer_token(right, start + timedelta(days=1))
        assert (await hall.post(f"/api/answers/{token}", answer)).status == 200
        await desk.open(f"/organizer/conference/{id}/invitations")
        await desk.until("answer-d1", "data-state", "proposed")
        await desk.at("accept-d1").click()
        await desk.until("answer-d1", "data-state", "confirmed")
        row = await database.pool.fetchrow("SELECT start, stop FROM conference")
        assert row is not None
        assert (row["start"], row["stop"]) == (wanted, wanted + timedelta(hours=2))


async def test_a_node_registered_on_the_page_gives_the_next_booking_a_plan(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path) as desk:
        await desk.open("/organizer/directory?open=nodes")
        await desk.at("node-add").click()
        await desk.at("node-code").fill("n1")
        await desk.at("node-name").fill("Máy chủ tỉnh")
        await desk.at("node-unit").click()
        await desk.at("node-unit-search").fill("tinh")
        await desk.page.keyboard.press("Enter")
        await desk.at("node-save").click()
        await desk.at("node-n1").wait_for()
        id = await desk.book("Họp", next_week(), "d1")
        await desk.open(f"/organizer/conference/{id}/plan")
        await desk.at("plan").wait_for()


async def test_points_without_an_address_are_named_after_inviting_and_a_conference_is_booked_again(
    database: Database, tmp_path: Path
) -> None:
    start = next_week()
    async with organizer(database, tmp_path, smtp=Smtp(host="127.0.0.1", sender="hop@example.vn")) as desk:
        id = await desk.book("Giao ban", start, "d1", "d2")
        await desk.open(f"/organizer/conference/{id}/invitations")
        await desk.at("invite").click()
        assert "2 điểm cầu không có địa chỉ thư" in await desk.at("no-address").inner_text()
        await desk.at("tab-overview").click()
        await desk.at("book-again").click()
        await desk.at("again-day").fill((start + timedelta(days=1)).strftime("%d/%m/%Y"))
        await desk.at("again-start").fill("09:00")
        await desk.at("again-book").click()
        await desk.page.wait_for_url(lambda url: "/conference/" in url and id not in url)
        starts = await database.pool.fetch("SELECT start FROM conference ORDER BY start")
        assert [row["start"] for row in starts] == [start, start + timedelta(days=1)]


async def test_a_node_closed_on_the_page_is_named_while_booking_and_what_the_others_cannot_carry_is_not_booked(
    database: Database, tmp_path: Path
) -> None:
    start = next_week()
    async with organizer(database, tmp_path) as desk:
        await _node(desk, "n1", 600)
        await _node(desk, "n2", 4)
        await desk.open("/organizer/directory?open=nodes")
        await desk.at("close-n1").click()
        await desk.at("close-reason").fill("Thay nguồn")
        for field in ("close-day", "close-last"):
            await desk.at(field).fill(start.strftime("%d/%m/%Y"))
        await desk.at("close-from").fill("08:00")
        await desk.at("close-to").fill("10:00")
        await desk.at("close-do").click()
        await desk.at("node-window").wait_for()
        await desk.open("/organizer/new")
        await desk.at("title").fill("Giao ban")
        await desk.at("day").fill(start.strftime("%d/%m/%Y"))
        await desk.at("start").fill("09:00")
        await desk.at("stop").fill("11:00")
        await desk.at("select-point:d1").check()
        await desk.until("closed-nodes", "data-outlook", "carried")
        named = await desk.at("closed-nodes").inner_text()
        assert "Nút n1 bảo trì từ" in named
        assert "Thay nguồn" in named
        await desk.at("select-all").click()
        await desk.until("closed-nodes", "data-outlook", "refused")
        assert "máy chủ Nút n2 thiếu 1 kết nối" in await desk.at("closed-nodes").inner_text()
        assert await desk.at("book").is_disabled()
        await desk.at("start").fill("10:30")
        await desk.at("closed-nodes").wait_for(state="detached")
        await desk.at("book").click()
        await desk.at("conference-title").wait_for()


async def test_a_chair_is_appointed_and_one_who_is_elsewhere_is_refused_by_name(
    database: Database, tmp_path: Path
) -> None:
    start = next_week()
    async with organizer(database, tmp_path) as desk:
        for name in ("minh", "hoa"):
            await desk.site.signed_in(Role.CHAIR, username=name)
        id = await desk.book("Giao ban", start, "d1")
        await desk.book("Họp tổng kết", start, "d2", chair="hoa")
        await desk.open(f"/organizer/conference/{id}")
        assert await desk.at("chair-now").inner_text() == "Chưa chọn"
        await desk.at("chair-change").click()
        await desk.at("chair").select_option("hoa")
        await desk.at("chair-save").click()
        await desk.until("problem", "data-code", "chair.elsewhere")
        assert "Họp tổng kết" in await desk.at("problem").inner_text()
        await desk.at("chair").select_option("minh")
        await desk.at("chair-save").click()
        await desk.page.get_by_role("dialog").wait_for(state="detached")
        await desk.at("chair-now").filter(has_text="Người minh").wait_for()
        await desk.made(f"/api/conferences/{id}", {"title": "Giao ban tuần"}, "PATCH")
        await desk.at("chair-change").click()
        await desk.at("chair").select_option("")
        await desk.at("chair-save").click()
        await desk.until("problem", "data-code", "conference.changed")
        await desk.page.keyboard.press("Escape")
        await desk.at("tab-history").click()
        assert "Chủ tọa: Người minh" in await desk.at("history").inner_text()


async def test_a_server_that_sends_no_mail_says_so_instead_of_blaming_the_directory(
    database: Database, tmp_path: Path
) -> None:
    async with organizer(database, tmp_path) as desk:
        id = await desk.book("Giao ban", next_week(), "d1", "d2")
        await desk.open(f"/organizer/conference/{id}/invitations")
        assert "chưa cấu hình gửi thư" in await desk.at("no-mail").inner_text()
        await desk.at("invite").click()
        await desk.at("answer-counts").wait_for()
        assert await desk.at("no-address").count() == 0


async def test_a_plan_without_any_node_says_what_is_missing(database: Database, tmp_path: Path) -> None:
    async with organizer(database, tmp_path) as desk:
        id = await desk.book("Giao ban", next_week(), "d1")
        await desk.open(f"/organizer/conference/{id}/plan")
        await desk.at("replan").click()
        await desk.page.get_by_text("chưa khai báo máy chủ hình nào").wait_for()
