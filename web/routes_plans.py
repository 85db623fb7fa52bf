"""Media nodes, their maintenance, and plans: which node serves which point, and why."""

from __future__ import annotations

import re

from pydantic import TypeAdapter

from core.errors import BadInput, Conflict, NotFound
from core.model import Role
from scheduler.model import ConferenceChange
from scheduler.plan.compare import PlanDifference
from scheduler.plan.explain import Explanation
from scheduler.plan.model import MediaNode, NodeMaintenance, PlanOutcome, PlanWish, Profile, StoredPlan
from scheduler.plan.service import PlanNumber
from web.endpoint import AnyEndpoint, Ask, Endpoint, Errors, Nothing, Source
from web.models import (
    NodeChanged,
    NodeFacts,
    NodeWindow,
    NodeWindowQuery,
    NodeWindowRequest,
    PlanPair,
    PlanProblems,
    PlanQuery,
)
from web.routes_conferences import UNKNOWN
from web.routes_directory import CONSOLES, ORGANIZER

_NODE_KEEPERS = frozenset({Role.ORGANIZER, Role.TECHNICIAN})
_WINDOW = re.compile(r"[0-9]{1,9}")


async def list_nodes(ask: Ask[Nothing]) -> list[MediaNode]:
    """The registered media nodes."""
    return await ask.context.office.plans.nodes()


async def put_node(ask: Ask[NodeFacts]) -> NodeChanged:
    """Registers or changes a node; tells which conferences are planned with it."""
    node = MediaNode(code=ask.code("node", "plan.unknown_node"), **ask.input.model_dump())
    conferences = await ask.context.office.plans.put_node(node)
    return NodeChanged(node=node, conferences=tuple(conferences))


async def remove_node(ask: Ask[Nothing]) -> list[MediaNode]:
    """Forgets a node that no plan needs; returns those that are left."""
    await ask.context.office.plans.remove_node(ask.code("node", "plan.unknown_node"))
    return await ask.context.office.plans.nodes()


async def list_node_windows(ask: Ask[NodeWindowQuery]) -> list[NodeMaintenance]:
    """The maintenance windows of one node or of all."""
    return await ask.context.office.plans.windows(ask.input.node)


async def add_node_window(ask: Ask[NodeWindowRequest]) -> NodeWindow:
    """Takes a node out of service for a while; tells which conferences are planned with it then."""
    asked = NodeMaintenance(**ask.input.model_dump())
    window, conferences = await ask.context.office.plans.add_window(asked)
    return NodeWindow(window=window, conferences=tuple(conferences))


async def remove_node_window(ask: Ask[Nothing]) -> list[NodeMaintenance]:
    """Puts a node back into service; returns the windows that are left."""
    text = ask.request.match_info["window"]
    if _WINDOW.fullmatch(text) is None:
        raise NotFound("plan.unknown_window", "There is no such maintenance window.")
    await ask.context.office.plans.remove_window(int(text))
    return await ask.context.office.plans.windows()


async def list_profiles(ask: Ask[Nothing]) -> tuple[Profile, ...]:
    """The profiles from the heaviest to the lightest."""
    return await ask.context.office.plans.profiles()


async def get_wish(ask: Ask[Nothing]) -> PlanWish:
    """What a conference wants of its plan."""
    return (await ask.context.scheduler.conference(ask.conference)).wish


async def set_wish(ask: Ask[PlanWish]) -> PlanOutcome:
    """Changes what a conference wants and plans it anew, or changes nothing."""
    change = ConferenceChange(wish=ask.input)
    booked = await ask.context.scheduler.bookings.change(ask.conference, change, ask.person.username)
    return booked.plan or await ask.context.office.plans.plan(ask.conference)


async def plan_conference(ask: Ask[Nothing]) -> PlanOutcome:
    """Plans a conference as things are now."""
    return await ask.context.office.plans.plan(ask.conference)


async def get_plan(ask: Ask[PlanQuery]) -> StoredPlan:
    """A conference's current plan, or one of its latest."""
    return await ask.context.office.plans.get(ask.conference, ask.input.number)


async def list_plans(ask: Ask[Nothing]) -> list[PlanNumber]:
    """The plans of a conference that are kept."""
    await ask.context.scheduler.conference(ask.conference)
    return await ask.context.office.plans.numbers(ask.conference)


async def explain_plan(ask: Ask[Nothing]) -> Explanation:
    """Why a point is served by its node."""
    return await ask.context.office.plans.explain(ask.conference, ask.code("point", "plan.no_point"))


async def check_plan(ask: Ask[Nothing]) -> PlanProblems:
    """Why a conference's plan no longer holds."""
    await ask.context.scheduler.conference(ask.conference)
    return PlanProblems(problems=tuple(await ask.context.office.plans.problems(ask.conference)))


async def compare_plans(ask: Ask[PlanPair]) -> PlanDifference:
    """How two plans differ."""
    return await ask.context.office.plans.compare(ask.input.before, ask.input.after)


_NODES = TypeAdapter(list[MediaNode])
_WINDOWS = TypeAdapter(list[NodeMaintenance])
_OUTCOME = TypeAdapter(PlanOutcome)
_NO_NODE: Errors = {NotFound: ("plan.unknown_node",)}
_NO_PLAN: Errors = {NotFound: ("conference.unknown", "plan.none")}
_PLANNING: Errors = {**UNKNOWN, Conflict: ("plan.over_capacity",)}

ENDPOINTS: tuple[AnyEndpoint, ...] = (
    Endpoint("GET", "/api/nodes", "Media nodes", list_nodes, Nothing, Source.NONE, reply=_NODES, roles=CONSOLES),
    Endpoint(
        "PUT",
        "/api/nodes/{node}",
        "Register or change a media node",
        put_node,
        NodeFacts,
        Source.JSON,
        reply=TypeAdapter(NodeChanged),
        roles=_NODE_KEEPERS,
        errors={**_NO_NODE, BadInput: ("plan.unknown_unit",)},
    ),
    Endpoint(
        "DELETE",
        "/api/nodes/{node}",
        "Forget a media node",
        remove_node,
        Nothing,
        Source.NONE,
        reply=_NODES,
        roles=_NODE_KEEPERS,
        errors={**_NO_NODE, Conflict: ("plan.node_in_use",)},
    ),
    Endpoint(
        "GET",
        "/api/node-maintenance",
        "Maintenance windows of media nodes",
        list_node_windows,
        NodeWindowQuery,
        Source.QUERY,
        reply=_WINDOWS,
        roles=CONSOLES,
    ),
    Endpoint(
        "POST",
        "/api/node-maintenance",
        "Take a media node out of service for a while",
        add_node_window,
        NodeWindowRequest,
        Source.JSON,
        reply=TypeAdapter(NodeWindow),
        status=201,
        roles=_NODE_KEEPERS,
        errors={**_NO_NODE, BadInput: ("plan.window",)},
    ),
    Endpoint(
        "DELETE",
        "/api/node-maintenance/{window}",
        "Put a media node back into service",
        remove_node_window,
        Nothing,
        Source.NONE,
        reply=_WINDOWS,
        roles=_NODE_KEEPERS,
        errors={NotFound: ("plan.unknown_window",)},
    ),
    Endpoint(
        "GET",
        "/api/profiles",
        "What a conference may send",
        list_profiles,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(tuple[Profile, ...]),
        roles=CONSOLES,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/plan/wish",
        "What a conference wants of its plan",
        get_wish,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(PlanWish),
        roles=CONSOLES,
        errors=UNKNOWN,
    ),
    Endpoint(
        "PUT",
        "/api/conferences/{id}/plan/wish",
        "Change it and plan anew",
        set_wish,
        PlanWish,
        Source.JSON,
        reply=_OUTCOME,
        roles=ORGANIZER,
        errors={
            **UNKNOWN,
            BadInput: ("plan.lightest", "plan.unknown_unit"),
            Conflict: ("plan.over_capacity", "conference.over", "conference.running"),
        },
    ),
    Endpoint(
        "POST",
        "/api/conferences/{id}/plan",
        "Plan a conference",
        plan_conference,
        Nothing,
        Source.NONE,
        reply=_OUTCOME,
        roles=_NODE_KEEPERS,
        errors=_PLANNING,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/plan",
        "A conference's plan",
        get_plan,
        PlanQuery,
        Source.QUERY,
        reply=TypeAdapter(StoredPlan),
        roles=CONSOLES,
        errors=_NO_PLAN,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/plans",
        "The plans that are kept",
        list_plans,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(list[PlanNumber]),
        roles=CONSOLES,
        errors=UNKNOWN,
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/plan/points/{point}",
        "Why this node for this point",
        explain_plan,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(Explanation),
        roles=CONSOLES,
        errors={NotFound: ("conference.unknown", "plan.none", "plan.no_point")},
    ),
    Endpoint(
        "GET",
        "/api/conferences/{id}/plan/problems",
        "Whether the plan still holds",
        check_plan,
        Nothing,
        Source.NONE,
        reply=TypeAdapter(PlanProblems),
        roles=CONSOLES,
        errors=UNKNOWN,
    ),
    Endpoint(
        "POST",
        "/api/plans/compare",
        "How two plans differ",
        compare_plans,
        PlanPair,
        Source.JSON,
        reply=TypeAdapter(PlanDifference),
        roles=CONSOLES,
        errors=_NO_PLAN,
    ),
)
