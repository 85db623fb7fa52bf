"""Who is told of incidents outside the pages; an administrator's to configure."""

from __future__ import annotations

from pydantic import TypeAdapter

from core.errors import BadInput, Conflict, NotFound
from core.model import Role
from monitor.alarms.model import (
    AlarmBoard,
    Delivery,
    SubscriptionChange,
    SubscriptionFacts,
    SubscriptionId,
    SubscriptionMade,
)
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, In, Nothing, Source
from web.uuids import is_uuid

ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})


def _subscription(ask: Ask[In]) -> SubscriptionId:
    text = ask.request.match_info["alarm"]
    if not is_uuid(text):
        raise NotFound("alarm.unknown", "There is no such subscription. It may have been removed.")
    return SubscriptionId(text.lower())


async def get_alarms(ask: Ask[Nothing]) -> AlarmBoard:
    """All subscriptions, and the newest deliveries with what became of them."""
    return await ask.context.monitor.alarms.board()


async def add_alarm(ask: Ask[SubscriptionFacts]) -> SubscriptionMade:
    """A webhook's secret is in this reply and in no other."""
    return await ask.context.monitor.alarms.add(ask.input, ask.person.username)


async def change_alarm(ask: Ask[SubscriptionChange]) -> SubscriptionMade:
    """A subscription that becomes a webhook gets a secret, which is in this reply only."""
    return await ask.context.monitor.alarms.change(_subscription(ask), ask.input)


async def remove_alarm(ask: Ask[Nothing]) -> AlarmBoard:
    """Nothing is told any more; it can be restored for a day."""
    return await ask.context.monitor.alarms.remove(_subscription(ask))


async def restore_alarm(ask: Ask[Nothing]) -> AlarmBoard:
    """Takes a removal back."""
    return await ask.context.monitor.alarms.restore(_subscription(ask))


async def renew_alarm_secret(ask: Ask[Nothing]) -> SubscriptionMade:
    """A new signing secret; the old one signs nothing any more."""
    return await ask.context.monitor.alarms.renew_secret(_subscription(ask))


async def test_alarm(ask: Ask[Nothing]) -> Delivery:
    """Sends a test alarm; what becomes of it is among the deliveries."""
    return await ask.context.monitor.alarms.test(_subscription(ask))


_BOARD, _MADE = TypeAdapter(AlarmBoard), TypeAdapter(SubscriptionMade)
_ONE = "/api/alarms/{alarm}"
_UNKNOWN: Errors = {NotFound: ("alarm.unknown",)}
_UNUSABLE = ("alarm.address", "alarm.url", "alarm.unit", "alarm.conference")

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/alarms",
        "Who is told of incidents",
        get_alarms,
        Nothing,
        Source.NONE,
        reply=_BOARD,
        roles=ADMINISTRATOR,
    ),
    Endpoint(
        "POST",
        "/api/alarms",
        "Have somebody told of incidents",
        add_alarm,
        SubscriptionFacts,
        Source.JSON,
        reply=_MADE,
        status=201,
        roles=ADMINISTRATOR,
        errors={BadInput: _UNUSABLE, Conflict: ("alarm.no_mail", "alarm.too_many")},
    ),
    Endpoint(
        "PUT",
        _ONE,
        "Change who is told of what",
        change_alarm,
        SubscriptionChange,
        Source.JSON,
        reply=_MADE,
        roles=ADMINISTRATOR,
        errors={**_UNKNOWN, BadInput: _UNUSABLE, Conflict: ("alarm.no_mail", "alarm.changed")},
    ),
    Endpoint(
        "DELETE",
        _ONE,
        "Tell somebody no more",
        remove_alarm,
        Nothing,
        Source.NONE,
        reply=_BOARD,
        roles=ADMINISTRATOR,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/restore",
        "Take the removal of a subscription back",
        restore_alarm,
        Nothing,
        Source.NONE,
        reply=_BOARD,
        roles=ADMINISTRATOR,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/secret",
        "A new secret for a webhook",
        renew_alarm_secret,
        Nothing,
        Source.NONE,
        reply=_MADE,
        roles=ADMINISTRATOR,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/test",
        "Send a test alarm",
        test_alarm,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(Delivery),
        roles=ADMINISTRATOR,
        errors=_UNKNOWN,
    ),
)
