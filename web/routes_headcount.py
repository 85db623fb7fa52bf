"""The people in the halls: declared by each hall's operator, corrected by organizers and the chair."""

from __future__ import annotations

from typing import Any

from pydantic import Field, TypeAdapter

from core.errors import BadInput, Conflict, NotFound, Refused
from core.model import ConferenceId, Model, Role
from monitor.headcount.model import (
    Correction,
    Declaration,
    HallHeadcount,
    HeadcountHistory,
    Headcounts,
    Quorum,
    Snapshot,
    SnapshotDetail,
    SnapshotRequest,
    Snapshots,
)
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.routes_directory import CONSOLES, ORGANIZER

CORRECTORS = frozenset({Role.ORGANIZER, Role.CHAIR})


class HeadcountsQuery(Model):
    """Whether the sums are enough: a page that shows no list asks often."""

    sums_only: bool = False


class QuorumRequest(Model):
    """The rule, or None for none."""

    rule: Quorum | None = Field(default=None)


async def list_headcounts(ask: Ask[HeadcountsQuery]) -> Headcounts:
    """Every hall's expected and declared delegates, the sums by unit, and the quorum."""
    found = await ask.context.monitor.headcounts.all(ask.conference)
    return found.model_copy(update={"rows": (), "units": ()}) if ask.input.sums_only else found


async def correct_headcount(ask: Ask[Correction]) -> HallHeadcount:
    """Corrects a hall's figures, with the reason; what was said before stays in the history."""
    point = ask.code("point", "point.unknown")
    return await ask.context.monitor.headcounts.correct(ask.conference, point, ask.input, ask.person.username)


async def get_headcount_history(ask: Ask[Nothing]) -> HeadcountHistory:
    """Everything that was said about a hall's figures, newest first."""
    return await ask.context.monitor.headcounts.history(ask.conference, ask.code("point", "point.unknown"))


async def set_quorum(ask: Ask[QuorumRequest]) -> Headcounts:
    """Sets the rule of the quorum, or removes it; returns the sums."""
    book, rule = ask.context.monitor.headcounts, ask.input.rule
    if rule is None:
        await book.drop_quorum(ask.conference)
    else:
        await book.set_quorum(ask.conference, rule)
    return (await book.all(ask.conference)).model_copy(update={"rows": (), "units": ()})


async def list_snapshots(ask: Ask[Nothing]) -> Snapshots:
    """The figures kept for items of the agenda, oldest first."""
    return await ask.context.monitor.headcounts.snapshots(ask.conference)


async def take_snapshot(ask: Ask[SnapshotRequest]) -> Snapshot:
    """Keeps the figures of now for an item of the agenda."""
    return await ask.context.monitor.headcounts.take_snapshot(ask.conference, ask.input.item, ask.person.username)


async def get_snapshot(ask: Ask[Nothing]) -> SnapshotDetail:
    """One snapshot with every hall's figures."""
    number = ask.request.match_info["snapshot"]
    if not number.isascii() or not number.isdecimal() or len(number) > 9:
        raise NotFound("snapshot.unknown", "There is no such snapshot.")
    return await ask.context.monitor.headcounts.snapshot(ask.conference, int(number))


async def get_own_headcount(ask: Ask[Nothing]) -> HallHeadcount:
    """The figures of the hall that a join link is for."""
    conference, point = hall_of(ask)
    return await ask.context.monitor.headcounts.hall(conference, point)


async def declare_headcount(ask: Ask[Declaration]) -> HallHeadcount:
    """The holder of a hall's join link says how many are there."""
    conference, point = hall_of(ask)
    return await ask.context.monitor.headcounts.declare(conference, point, ask.input.declared)


def hall_of(ask: Ask[Any]) -> tuple[ConferenceId, str]:
    """The hall that the join link in the path is for. Raises `Refused` for a link that is none, or not a hall's."""
    right = ask.context.signer.join_right(ask.request.match_info["token"], ask.context.clock.now())
    who = right.participant
    if who.role is not Role.OPERATOR or who.point is None:
        raise Refused("headcount.not_a_hall", "Only a point's operator declares its headcount.")
    return right.conference, who.point


_UNKNOWN: Errors = {NotFound: ("conference.unknown",)}
_UNKNOWN_POINT: Errors = {NotFound: ("conference.unknown", "point.unknown")}
_LINK: Errors = {Refused: ("join.expired", "join.invalid", "headcount.not_a_hall"), **_UNKNOWN_POINT}
_HEADCOUNTS = TypeAdapter(Headcounts)
_HALL = TypeAdapter(HallHeadcount)

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint(
        "GET",
        "/api/conferences/{id}/headcounts",
        "How many people are in the halls",
        list_headcounts,
        HeadcountsQuery,
        Source.QUERY,
        reply=_HEADCOUNTS,
        roles=CONSOLES,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "PUT",
        "/api/conferences/{id}/quorum",
        "Set the rule of the quorum",
        set_quorum,
        QuorumRequest,
        Source.JSON,
        reply=_HEADCOUNTS,
        roles=ORGANIZER,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "PUT",
        "/api/conferences/{id}/points/{point}/headcount",
        "Correct a hall's headcount",
        correct_headcount,
        Correction,
        Source.JSON,
        reply=_HALL,
        roles=CORRECTORS,
        errors={
            **_UNKNOWN_POINT,
            BadInput: ("headcount.nothing", "headcount.reason"),
            Conflict: ("headcount.full",),
        },
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/points/{point}/headcount/history",
        "What was said about a hall's headcount",
        get_headcount_history,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(HeadcountHistory),
        roles=CONSOLES,
        errors=_UNKNOWN_POINT,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/snapshots",
        "The figures kept for items of the agenda",
        list_snapshots,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(Snapshots),
        roles=CONSOLES,
        errors=_UNKNOWN,
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/snapshots",
        "Keep the figures of now for an item of the agenda",
        take_snapshot,
        SnapshotRequest,
        Source.JSON,
        reply=TypeAdapter(Snapshot),
        status=201,
        roles=CORRECTORS,
        errors={**_UNKNOWN, BadInput: ("snapshot.item",), Conflict: ("snapshot.full",)},
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/snapshots/{snapshot}",
        "One snapshot with every hall's figures",
        get_snapshot,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(SnapshotDetail),
        roles=CONSOLES,
        errors={NotFound: ("conference.unknown", "snapshot.unknown")},
    ),
    Endpoint(
        "GET",
        "/api/joins/{token}/headcount",
        "The headcount of a join link's hall",
        get_own_headcount,
        Nothing,
        Source.NONE,
        reply=_HALL,
        roles=None,
        errors=_LINK,
    ),
    Endpoint(
        "PUT",
        "/api/joins/{token}/headcount",
        "Declare a headcount by a join link",
        declare_headcount,
        Declaration,
        Source.JSON,
        reply=_HALL,
        roles=None,
        errors={**_LINK, Conflict: ("conference.over", "headcount.full")},
    ),
)
