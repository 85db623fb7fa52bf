from __future__ import annotations

import pytest

from core.bus import Bus, Call, Overflow, Topic
from core.errors import NotFound, Unavailable
from core.model import Model


class Ping(Model):
    number: int


PING: Topic[Ping] = Topic("ping", Ping)
ECHO: Call[Ping, Ping] = Call("echo", Ping, Ping)


async def test_every_listener_hears_what_is_published_after_it_subscribed(bus: Bus) -> None:
    bus.publish(PING, Ping(number=0))
    with bus.subscribe(PING) as first, bus.subscribe(PING) as second:
        bus.publish(PING, Ping(number=1))
        assert (await anext(aiter(first))).number == 1
        assert (await anext(aiter(second))).number == 1


async def test_a_slow_listener_is_told_that_it_missed_something(bus: Bus) -> None:
    with bus.subscribe(PING, limit=2) as slow:
        for number in range(3):
            bus.publish(PING, Ping(number=number))
        heard = []
        with pytest.raises(Overflow):
            async for ping in slow:
                heard.append(ping.number)
        assert heard == [0, 1]


async def test_a_lossy_listener_keeps_the_newest(bus: Bus) -> None:
    with bus.subscribe(PING, limit=2, lossy=True) as slow:
        for number in range(5):
            bus.publish(PING, Ping(number=number))
        messages = aiter(slow)
        assert [(await anext(messages)).number, (await anext(messages)).number] == [3, 4]
    assert (bus.dropped_messages, bus.overflows) == (3, 0)


async def test_a_listener_that_must_start_again_is_counted_once(bus: Bus) -> None:
    with bus.subscribe(PING, limit=2):
        for number in range(5):
            bus.publish(PING, Ping(number=number))
    assert (bus.dropped_messages, bus.overflows) == (0, 1)


async def test_a_call_returns_the_answer_and_passes_errors_on(bus: Bus) -> None:
    async def echo(ping: Ping) -> Ping:
        if ping.number < 0:
            raise NotFound("ping.unknown", "There is no such ping.")
        return ping

    bus.answer(ECHO, echo)
    assert (await bus.request(ECHO, Ping(number=7))).number == 7
    with pytest.raises(NotFound):
        await bus.request(ECHO, Ping(number=-1))


async def test_a_call_without_an_answerer_says_so(bus: Bus) -> None:
    with pytest.raises(Unavailable) as caught:
        await bus.request(ECHO, Ping(number=1))
    assert caught.value.code == "service.absent"


async def test_an_answerer_that_breaks_does_not_leak_its_error(bus: Bus) -> None:
    async def broken(_: Ping) -> Ping:
        raise ZeroDivisionError("secret detail")

    bus.answer(ECHO, broken)
    with pytest.raises(Unavailable) as caught:
        await bus.request(ECHO, Ping(number=1))
    assert "secret" not in str(caught.value)
