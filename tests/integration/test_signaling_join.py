from __future__ import annotations

import asyncio

import pytest

from core.commands import ReleaseFloor
from core.errors import NotFound, Refused
from core.model import AUDIENCE_SLOTS, Departure, SlotName, Track
from core.session_messages import Ended, StateView
from signaling.protocol import (
    Accepted,
    Answer,
    Beat,
    BeatReply,
    Bye,
    CloseCode,
    CommandMessage,
    Connect,
    ErrorMessage,
)
from tests.support.door import CONFERENCE, Door, open_door, visit
from tests.support.polling import eventually


async def refusal(door: Door, token: str, point: str | None = None) -> tuple[ErrorMessage, int]:
    async with visit(door.url) as visitor:
        await visitor.hello(token, point=point)
        return await visitor.expect(ErrorMessage), await visitor.closed()


async def test_a_good_link_is_welcomed_and_then_hears_the_state() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        welcome = await visitor.join(door.token(), point="P1")
        assert (welcome.conference, welcome.resumed, welcome.slots) == (CONFERENCE, False, AUDIENCE_SLOTS)
        assert (welcome.beat_seconds, welcome.resume_seconds) == (5, 30)
        assert welcome.participant.point == "P1"
        assert [join.session for join in door.bridge.joins] == [welcome.session]
        await visitor.expect(StateView)


async def test_media_commands_and_beats_are_answered_by_their_number() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        await visitor.join(door.token())
        await visitor.expect(StateView)
        offer = Connect(id=1, sdp="offer", receive={"0": SlotName.STAGE}, send={"1": Track.CAMERA})
        await visitor.send(offer.model_dump_json())
        assert await visitor.expect(Answer) == Answer(id=1, sdp="answer to offer")
        assert door.bridge.connects[0].receive == {"0": SlotName.STAGE}
        assert door.bridge.connects[0].send == {"1": Track.CAMERA}
        await visitor.send(CommandMessage(id=2, command=ReleaseFloor()).model_dump_json())
        assert await visitor.expect(Accepted) == Accepted(id=2)
        assert door.bridge.commands[0].command == ReleaseFloor()
        await visitor.send(Beat(id=3).model_dump_json())
        assert (await visitor.expect(BeatReply)).id == 3


async def test_beats_are_answered_while_the_bridge_works_and_requests_keep_their_order() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        await visitor.join(door.token())
        await visitor.expect(StateView)
        door.bridge.hold = asyncio.Event()
        await visitor.send(Connect(id=1, sdp="offer", receive={}, send={}).model_dump_json())
        await eventually(lambda: None if door.bridge.connects else "the offer has not reached the bridge")
        await visitor.send(Beat(id=2).model_dump_json())
        assert (await visitor.expect(BeatReply)).id == 2
        for number in (3, 4):
            await visitor.send(CommandMessage(id=number, command=ReleaseFloor()).model_dump_json())
        door.bridge.hold.set()
        assert (await visitor.expect(Answer)).id == 1
        assert [(await visitor.expect(Accepted)).id, (await visitor.expect(Accepted)).id] == [3, 4]


async def test_a_refused_command_is_told_with_its_number_and_the_session_goes_on() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        await visitor.join(door.token())
        await visitor.expect(StateView)
        door.bridge.refusal = Refused("command.not_holder", "You do not have the floor.", needs="floor")
        await visitor.send(CommandMessage(id=9, command=ReleaseFloor()).model_dump_json())
        told = await visitor.expect(ErrorMessage)
        assert (told.id, told.code, told.data, told.status) == (9, "command.not_holder", {"needs": "floor"}, 403)
        door.bridge.refusal = None
        await visitor.send(CommandMessage(id=10, command=ReleaseFloor()).model_dump_json())
        await visitor.expect(Accepted)


async def test_goodbye_leaves_at_once() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        welcome = await visitor.join(door.token())
        await visitor.send(Bye().model_dump_json())
        assert await visitor.closed() == CloseCode.DONE
        await eventually(lambda: None if door.bridge.leaves else "no leave")
        assert [(leave.session, leave.how) for leave in door.bridge.leaves] == [(welcome.session, Departure.DEPARTED)]


async def test_an_expired_link_is_told_so() -> None:
    async with open_door() as door:
        told, code = await refusal(door, door.token(hours=-1))
        assert (told.code, code) == ("join.expired", CloseCode.REFUSED)
        assert door.bridge.joins == []


async def test_every_other_wrong_link_gets_one_and_the_same_answer() -> None:
    async with open_door() as door:
        good = door.token()
        answers = [
            await refusal(door, "nonsense"),
            await refusal(door, ""),
            await refusal(door, good[:-3] + "abc"),
            await refusal(door, good, point="P2"),
            await refusal(door, Door().token("P9") + "x"),
        ]
        assert door.bridge.joins == []
        door.bridge.refusal = NotFound("join.unknown", "There is no such conference.")
        answers.append(await refusal(door, good))
        assert {code for _, code in answers} == {CloseCode.REFUSED}
        assert len({told.model_dump_json() for told, _ in answers}) == 1
        assert answers[0][0].code == "join.invalid"


async def test_closed_doors_say_that_later_will_do() -> None:
    async with open_door() as door:
        door.bridge.refusal = Refused("join.not_open", "The doors open at 08:00.", opens="2026-03-02T08:00:00Z")
        told, code = await refusal(door, door.token())
        assert (told.code, told.retry, told.data) == ("join.not_open", True, {"opens": "2026-03-02T08:00:00Z"})
        assert code == CloseCode.TRY_AGAIN


async def test_without_a_bridge_the_client_shall_try_again() -> None:
    async with open_door() as door:
        door.bridge.stop()
        told, code = await refusal(door, door.token())
        assert (told.code, told.retry, code) == ("service.absent", True, CloseCode.TRY_AGAIN)


async def test_the_same_place_joined_elsewhere_replaces_the_first() -> None:
    async with open_door() as door, visit(door.url) as first, visit(door.url) as second:
        await first.join(door.token())
        await first.expect(StateView)
        await second.join(door.token())
        assert await first.expect(Ended) == Ended(reason="replaced")
        assert await first.closed() == CloseCode.REPLACED
        await second.expect(StateView)
        assert door.bridge.leaves == []


async def test_the_end_of_the_conference_closes_every_session() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        welcome = await visitor.join(door.token())
        await visitor.expect(StateView)
        door.bridge.tell(welcome.session, Ended(reason="closed"))
        assert await visitor.expect(Ended) == Ended(reason="closed")
        assert await visitor.closed() == CloseCode.ENDED


async def test_a_stopping_server_says_going_away_and_nobody_leaves() -> None:
    async with open_door() as door, visit(door.url) as visitor, visit(door.url) as silent:
        await visitor.join(door.token())
        async with asyncio.timeout(5):
            await door.server.stop()
        assert await visitor.closed() == CloseCode.GOING_AWAY
        assert await silent.closed() == CloseCode.GOING_AWAY
        assert door.bridge.leaves == []
        assert door.bridge.resumes == []


async def test_a_stop_does_not_wait_for_a_slow_bridge() -> None:
    async with open_door() as door, visit(door.url) as visitor:
        door.bridge.hold = asyncio.Event()
        await visitor.hello(door.token())
        await eventually(lambda: None if door.bridge.joins else "the join has not reached the bridge")
        async with asyncio.timeout(5):
            await door.server.stop()


@pytest.mark.parametrize("count", [40])
async def test_many_join_at_once_and_each_hears_its_own(count: int) -> None:
    async def one(door: Door, number: int) -> str:
        async with visit(door.url) as visitor:
            welcome = await visitor.join(door.token(f"P{number}"))
            door.bridge.tell(welcome.session, door.bridge.state(f"for P{number}"))
            await visitor.expect(StateView)
            return (await visitor.expect(StateView)).title

    async with open_door() as door:
        titles = await asyncio.gather(*(one(door, number) for number in range(count)))
        assert titles == [f"for P{number}" for number in range(count)]
