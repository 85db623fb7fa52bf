from __future__ import annotations

import asyncio

from websockets.exceptions import ConnectionClosed

from core.commands import ReleaseFloor
from core.model import Departure
from core.session_messages import Ended, StateView
from signaling.protocol import Accepted, Beat, BeatReply, CloseCode, CommandMessage, Welcome
from tests.support.door import Door, Visitor, open_door, visit
from tests.support.polling import eventually
from tests.support.proxy import CutOffProxy


def told_of_cut(door: Door) -> str | None:
    return None if [r for r in door.bridge.resumes if not r.connected] else "the bridge does not know of the cut"


async def joined_and_cut(door: Door, token: str) -> Welcome:
    async with visit(door.url) as visitor:
        welcome = await visitor.join(token)
    await eventually(lambda: told_of_cut(door))
    return welcome


async def test_a_cut_client_comes_back_to_its_place_and_hears_everything_again() -> None:
    async with open_door() as door:
        token = door.token()
        first = await joined_and_cut(door, token)
        async with visit(door.url) as visitor:
            second = await visitor.join(token, resume=first)
            assert second == first.model_copy(update={"resumed": True, "server_time": second.server_time})
            await visitor.expect(StateView)
            await visitor.send(CommandMessage(id=1, command=ReleaseFloor()).model_dump_json())
            await visitor.expect(Accepted)
        assert len(door.bridge.joins) == 1
        assert [resume.connected for resume in door.bridge.resumes][:2] == [False, True]
        assert door.bridge.leaves == []


async def test_what_was_said_while_away_does_not_arrive_late() -> None:
    async with open_door() as door:
        token = door.token()
        first = await joined_and_cut(door, token)
        door.bridge.tell(first.session, door.bridge.state("stale"))
        async with visit(door.url) as visitor:
            await visitor.join(token, resume=first)
            assert (await visitor.expect(StateView)).title != "stale"


async def test_what_the_focus_says_before_it_has_answered_comes_after_the_welcome() -> None:
    async with open_door() as door:
        token = door.token()
        door.bridge.hold_reply = asyncio.Event()
        async with visit(door.url) as visitor, visit(door.url):
            await visitor.hello(token)
            await eventually(lambda: None if door.bridge.joins else "the join has not reached the bridge")
            async with visit(door.url):  # time for the server to forward what it must not forward yet
                door.bridge.hold_reply.set()
            first = await visitor.expect(Welcome)
            await visitor.expect(StateView)
        await eventually(lambda: told_of_cut(door))
        door.bridge.hold_reply = asyncio.Event()
        async with visit(door.url) as visitor:
            await visitor.hello(token, resume=first)
            await eventually(lambda: None if len(door.bridge.resumes) == 2 else "the resume has not reached the bridge")
            async with visit(door.url):
                door.bridge.hold_reply.set()
            assert (await visitor.expect(Welcome)).resumed
            await visitor.expect(StateView)


async def test_a_client_that_is_back_before_its_old_line_was_missed_takes_over() -> None:
    async with open_door() as door, visit(door.url) as old, visit(door.url) as new:
        token = door.token()
        first = await old.join(token)
        await old.expect(StateView)
        second = await new.join(token, resume=first)
        assert second.resumed
        assert await old.closed() == CloseCode.REPLACED
        await new.expect(StateView)
        await new.send(Beat(id=5).model_dump_json())
        assert (await new.expect(BeatReply)).id == 5
        assert [resume.connected for resume in door.bridge.resumes] == [True]


async def test_a_wrong_key_gets_a_fresh_place_like_anyone_with_the_link() -> None:
    async with open_door() as door, visit(door.url) as old, visit(door.url) as thief:
        token = door.token()
        first = await old.join(token)
        await old.expect(StateView)
        fresh = await thief.join(token, resume=first, key="guessed")
        assert not fresh.resumed
        assert fresh.session != first.session
        assert await old.expect(Ended) == Ended(reason="replaced")


async def test_the_right_key_with_a_link_for_another_point_does_not_open_the_session() -> None:
    async with open_door() as door, visit(door.url) as other:
        first = await joined_and_cut(door, door.token("P1"))
        fresh = await other.join(door.token("P2"), resume=first)
        assert not fresh.resumed
        assert fresh.participant.point == "P2"
        assert fresh.session != first.session


async def test_an_expired_link_resumes_nothing() -> None:
    async with open_door() as door:
        first = await joined_and_cut(door, door.token())
        async with visit(door.url) as visitor:
            await visitor.hello(door.token(hours=-1), resume=first)
            assert await visitor.closed() == CloseCode.REFUSED


async def test_who_stays_away_too_long_has_left_and_gets_a_fresh_place() -> None:
    async with open_door(resume_seconds=0.3) as door:
        token = door.token()
        first = await joined_and_cut(door, token)
        await eventually(lambda: None if door.bridge.leaves else "the place is still kept")
        assert [(leave.session, leave.how) for leave in door.bridge.leaves] == [(first.session, Departure.FAILED)]
        async with visit(door.url) as visitor:
            fresh = await visitor.join(token, resume=first)
            assert not fresh.resumed
        assert len(door.bridge.joins) == 2


async def test_a_bridge_that_forgot_the_session_means_a_fresh_place_on_the_same_line() -> None:
    async with open_door() as door:
        token = door.token()
        first = await joined_and_cut(door, token)
        door.bridge.forget()
        async with visit(door.url) as visitor:
            fresh = await visitor.join(token, resume=first)
            assert not fresh.resumed
            assert fresh.session != first.session
            await visitor.expect(StateView)


async def test_a_session_replaced_while_it_was_cut_cannot_come_back() -> None:
    async with open_door() as door:
        token = door.token()
        first = await joined_and_cut(door, token)
        async with visit(door.url) as second:
            await second.join(token)
            async with visit(door.url) as third:
                fresh = await third.join(token, resume=first)
                assert not fresh.resumed


async def test_a_client_that_stops_beating_is_cut_and_may_resume() -> None:
    async with open_door(signaling_beat_seconds=0.1) as door:
        token = door.token()
        async with visit(door.url) as visitor:
            first = await visitor.join(token)
            assert await visitor.closed() == CloseCode.SILENT
        assert told_of_cut(door) is None
        async with visit(door.url) as again:
            assert (await again.join(token, resume=first)).resumed


async def test_the_bridge_hears_of_cut_and_return_in_the_order_in_which_they_happened() -> None:
    async with open_door() as door:
        token = door.token()
        async with visit(door.url) as visitor:
            first = await visitor.join(token)
            door.bridge.hold = asyncio.Event()
        await eventually(lambda: told_of_cut(door))
        async with visit(door.url) as again:
            await again.hello(token, resume=first)
            async with visit(door.url):  # by the end of its handshake the server has read the hello before it
                assert len(door.bridge.resumes) == 1
            door.bridge.hold.set()
            assert (await again.expect(Welcome)).resumed
        assert [resume.connected for resume in door.bridge.resumes][:2] == [False, True]


async def test_a_line_cut_in_the_middle_loses_nothing_but_the_line() -> None:
    async with open_door() as door, CutOffProxy(door.server.port) as proxy:
        token = door.token()
        url = f"ws://127.0.0.1:{proxy.port}/v1"
        async with visit(url) as visitor:
            first = await visitor.join(token)
            proxy.cut()
            await eventually(lambda: told_of_cut(door))
        async with visit(url) as visitor:
            assert (await visitor.join(token, resume=first)).resumed


async def test_two_tabs_with_the_same_key_do_not_fight() -> None:
    async def outcome(visitor: Visitor) -> int | bool:
        try:
            return (await visitor.expect(Welcome)).resumed
        except ConnectionClosed:
            return await visitor.closed()

    async with open_door() as door, visit(door.url) as one, visit(door.url) as two, visit(door.url) as three:
        token = door.token()
        first = await one.join(token)
        await asyncio.gather(two.hello(token, resume=first), three.hello(token, resume=first))
        assert await one.closed() == CloseCode.REPLACED
        assert {await outcome(two), await outcome(three)} == {True, CloseCode.REPLACED}
