"""The instance solved exactly by CP-SAT (OR-tools). Pure; blocking, the solver runs without the interpreter's lock.

One worker, a fixed seed and a limit counted in the solver's own work, not in seconds: the same instance gets the same
plan on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from scheduler.plan.greedy import spread
from scheduler.plan.instance import Cut, Instance
from scheduler.plan.model import MAX_DEPTH, Limit, LimitKind
from scheduler.plan.network import Link, Side
from scheduler.plan.solution import ACCURACY, DoesNotFit, Kept, Solution

STAY_TOLERANCE = 0.01
"""How much dearer than the one found a plan may be that moves fewer points."""
_WORK = 0.6
"""The limit of one solving in the solver's deterministic time; a unit is two to three seconds."""
_POLISH_WORK = 0.15
_EXCESS_WORK = 0.3
_FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)
_MOST = 1_000_000_000


def solve(instance: Instance, kept: Kept | None = None, seed: int = 0, accuracy: float = ACCURACY) -> Solution:
    """The plan with the least weighted traffic, then the fewest nodes; raises `DoesNotFit`.

    With `kept`, of all plans within `STAY_TOLERANCE` of that one, the one that moves the fewest points.
    """
    solution = _smallest(instance, _cheapest(instance, seed, accuracy), seed)
    return solution if kept is None else _calmest(instance, solution, kept, seed)


def _cheapest(instance: Instance, seed: int, accuracy: float) -> Solution:
    """First without detours, which is small: a plan that needs none there is the best of all."""
    direct = _Model(instance, _direct(instance), _cheapest_detours(instance))
    direct.hint(*spread(instance))
    solver, status = _minimized(direct, direct.cost(), seed, accuracy)
    if status == cp_model.INFEASIBLE:
        raise DoesNotFit(_loosened(instance, seed)[1])
    bound = _bound(solver)
    if status != cp_model.UNKNOWN and not direct.elsewhere_used(solver):
        return direct.solution(solver, bound)
    full = _Model(instance, _all(instance))
    full.hint(*(spread(instance) if status == cp_model.UNKNOWN else direct.plan(solver)))
    solver, status = _minimized(full, full.cost(), seed, accuracy)
    if status in _FOUND:
        return full.solution(solver, max(bound, _bound(solver)))
    loose, limits = _loosened(instance, seed)
    if limits or loose is None:
        raise DoesNotFit(limits)
    return replace(loose, bound=min(loose.cost, max(bound, _bound(solver))))


def _smallest(instance: Instance, best: Solution, seed: int) -> Solution:
    """The plan with the fewest nodes that is no dearer than `best`."""
    near = _near(instance, best, best.served, best.cost)
    solver, status = _minimized(near, near.nodes(), seed, accuracy=0.0, work=_POLISH_WORK)
    return near.solution(solver, best.bound) if status in _FOUND else best


def _calmest(instance: Instance, best: Solution, kept: Kept, seed: int) -> Solution:
    """The plan about as good as `best`, with no more nodes, that moves the fewest points."""
    near = _near(instance, best, {*best.served, *kept.served}, best.cost + int(best.cost * STAY_TOLERANCE))
    near.model.add(near.nodes() <= len(best.upstream) + 1)
    solver, status = _minimized(near, near.moved(kept), seed, accuracy=0.0, work=_POLISH_WORK)
    return near.solution(solver, best.bound) if status in _FOUND else best


def _near(instance: Instance, best: Solution, pairs: Iterable[tuple[int, int]], cost: int) -> _Model:
    """A model of plans up to that cost, with detours if `pairs` has any; the search starts from `best`."""
    direct = _direct(instance)
    near = _Model(instance, direct if direct.issuperset(pairs) else _all(instance))
    near.model.add(near.cost() <= cost)
    near.hint(best.served, best.upstream)
    return near


def _loosened(instance: Instance, seed: int) -> tuple[Solution | None, list[Limit]]:
    """The plan without detours that exceeds the limits least, and the limits that it exceeds."""
    loose = _Model(instance, _direct(instance), elastic=True)
    loose.hint(*spread(instance))
    solver, status = _minimized(loose, loose.lack(), seed, accuracy=0.02, work=_EXCESS_WORK)
    return (loose.solution(solver, 0), loose.exceeded(solver)) if status in _FOUND else (None, [])


def _minimized(
    model: _Model, objective: cp_model.LinearExpr, seed: int, accuracy: float, work: float = _WORK
) -> tuple[cp_model.CpSolver, cp_model.CpSolverStatus]:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = work
    solver.parameters.relative_gap_limit = accuracy
    model.model.minimize(objective)
    return solver, solver.solve(model.model)


def _all(instance: Instance) -> set[tuple[int, int]]:
    return {(g, n) for g in range(len(instance.groups)) for n in range(len(instance.nodes))}


def _direct(instance: Instance) -> set[tuple[int, int]]:
    """Each group with the nodes on its way to the root: legs to any other node go there and come back."""
    way = {group.anchor: set(instance.network.above(group.anchor)) for group in instance.groups}
    return {(g, n) for g, n in _all(instance) if instance.nodes[n].unit in way[instance.groups[g].anchor]}


def _cheapest_detours(instance: Instance) -> dict[int, int]:
    """For each group the least that a leg to a node off its way costs."""
    direct = _direct(instance)
    costs: dict[int, int] = {}
    for g, n in _all(instance) - direct:
        costs[g] = min(costs.get(g, instance.cost[g][n]), instance.cost[g][n])
    return costs


Term = tuple[cp_model.IntVar, int]
"""A variable and its coefficient."""


@dataclass(frozen=True)
class _Slack:
    """How far one limit is exceeded; `weight` makes legs comparable to kbit/s."""

    variable: cp_model.IntVar
    weight: int
    limit: Limit
    """With nothing needed yet beyond what is free."""
    terms: tuple[Term, ...]
    constant: int


class _Model:
    """The variables and constraints of docs/planning.md for some pairs of group and node.

    `detours` gives groups a further place for legs, without limits and at that cost: the model is then a relaxation.
    """

    def __init__(
        self,
        instance: Instance,
        pairs: set[tuple[int, int]],
        detours: Mapping[int, int] | None = None,
        elastic: bool = False,
    ) -> None:
        self.instance = instance
        self.model = cp_model.CpModel()
        self._pairs = sorted(pairs)
        self._detours = dict(detours or {})
        self._slacks: list[_Slack] | None = [] if elastic else None
        count = range(len(instance.nodes))
        self._detour_flags: list[tuple[cp_model.IntVar, list[tuple[int, int]]]] = []
        self._open = [self.model.new_bool_var(f"open{n}") for n in count]
        self._served = {
            (g, n): self.model.new_int_var(0, len(instance.groups[g].points), f"served{g},{n}") for g, n in self._pairs
        }
        self._elsewhere = {
            g: self.model.new_int_var(0, len(instance.groups[g].points), f"elsewhere{g}") for g in self._detours
        }
        # A node that may serve nobody cannot relay either: whatever it relays for lies behind it.
        self._useful = {0} | {n for _, n in self._pairs}
        self._joins = {
            (n, upper): self.model.new_bool_var(f"joins{n},{upper}")
            for n in sorted(self._useful)
            for upper in instance.uplinks[n]
            if upper in self._useful
        }
        self._serve_all()
        self._join_all()
        for n in count:
            self._node_limits(n)
        for cut in instance.cuts:
            self._link_limits(cut)

    def cost(self) -> cp_model.LinearExpr:
        """Weighted traffic."""
        terms = [(var, self.instance.cost[g][n]) for (g, n), var in self._served.items()]
        terms += [(var, self._detours[g]) for g, var in self._elsewhere.items()]
        terms += [(var, self.instance.uplinks[n][upper]) for (n, upper), var in self._joins.items()]
        return _sum(terms)

    def nodes(self) -> cp_model.LinearExpr:
        """Open nodes."""
        return _sum([(var, 1) for var in self._open])

    def moved(self, before: Kept) -> cp_model.LinearExpr:
        """Points and, far less, trunks that do not stay where they were."""
        terms = []
        for (g, n), most in before.served.items():
            leaves = self.model.new_int_var(0, most, f"leaves{g},{n}")
            self.model.add(leaves >= most - self._served[g, n])
            terms.append((leaves, len(self._open) + 1))
        gone = [1 - self._joins[pair] for pair in before.upstream.items() if pair in self._joins]
        return _sum(terms) + cp_model.LinearExpr.sum(gone)

    def elsewhere_used(self, solver: cp_model.CpSolver) -> bool:
        """Whether the solved relaxation puts legs where no node is."""
        return any(solver.value(var) for var in self._elsewhere.values())

    def lack(self) -> cp_model.LinearExpr:
        """What an elastic model exceeds, all limits together."""
        return _sum([(slack.variable, slack.weight) for slack in self._slacks or ()])

    def exceeded(self, solver: cp_model.CpSolver) -> list[Limit]:
        """The limits that the solved elastic model exceeds."""
        lacks = [(slack.limit, solver.value(slack.variable)) for slack in self._slacks or ()]
        return [limit.model_copy(update={"needed": limit.free + lack}) for limit, lack in lacks if lack > 0]

    def hint(
        self,
        served: Mapping[tuple[int, int], int],
        upstream: Mapping[int, int],
        homeless: Mapping[int, int] | None = None,
    ) -> None:
        """Starts the search from a known plan, which need not fit."""
        known: list[Term] = []
        left = dict(homeless or {})
        for pair, count in served.items():
            if pair not in self._served:
                left[pair[0]] = left.get(pair[0], 0) + count
        for (g, n), var in self._served.items():
            extra = left.get(g, 0) if n == 0 and g not in self._elsewhere else 0
            known.append((var, served.get((g, n), 0) + extra))
        known += [(var, left.get(g, 0)) for g, var in self._elsewhere.items()]
        known += [(var, int(upstream.get(n) == upper)) for (n, upper), var in self._joins.items()]
        known += [(var, int(n == 0 or (n in upstream and n in self._useful))) for n, var in enumerate(self._open)]
        known += [(var, max(int(n > 0), _depth(n, upstream))) for n, var in enumerate(self._depth)]
        known += [(var, int(any(served.get(pair) for pair in pairs))) for var, pairs in self._detour_flags]
        values = {var.index: value for var, value in known}
        for slack in self._slacks or ():
            total = sum(values[var.index] * rate for var, rate in slack.terms) + slack.constant
            known.append((slack.variable, max(0, total - slack.limit.free)))
        for var, value in known:
            self.model.add_hint(var, value)

    def plan(self, solver: cp_model.CpSolver) -> tuple[dict[tuple[int, int], int], dict[int, int], dict[int, int]]:
        """Points per (group, node), upstream nodes, and points elsewhere, as the solver found them."""
        served = {key: count for key, var in self._served.items() if (count := solver.value(var))}
        upstream = {n: upper for (n, upper), var in self._joins.items() if solver.value(var)}
        return served, upstream, {g: count for g, var in self._elsewhere.items() if (count := solver.value(var))}

    def solution(self, solver: cp_model.CpSolver, bound: int) -> Solution:
        """What the solver found; `bound` is a cost that no plan can be below."""
        served, upstream, _ = self.plan(solver)
        _drop_idle(served, upstream)
        cost = sum(self.instance.cost[g][n] * count for (g, n), count in served.items())
        cost += sum(self.instance.uplinks[n][upper] for n, upper in upstream.items())
        return Solution(served, upstream, cost, min(cost, bound))

    def _serve_all(self) -> None:
        self.model.add(self._open[0] == 1)
        for g, group in enumerate(self.instance.groups):
            row = [var for (other, _), var in self._served.items() if other == g]
            row += [var for other, var in self._elsewhere.items() if other == g]
            self.model.add(_sum([(var, 1) for var in row]) == len(group.points))
        for (g, n), var in self._served.items():
            if n:
                self.model.add(var <= len(self.instance.groups[g].points) * self._open[n])

    def _join_all(self) -> None:
        """Every open node but the root joins one open node; depths grow along trunks, so there is no loop."""
        self._depth = depth = [
            self.model.new_int_var(min(n, 1), MAX_DEPTH if n else 0, f"depth{n}") for n in range(len(self._open))
        ]
        for n, uppers in enumerate(self.instance.uplinks[1:], start=1):
            joins = [upper for upper in uppers if (n, upper) in self._joins]
            self.model.add(_sum([(self._joins[n, upper], 1) for upper in joins]) == self._open[n])
            for upper in joins:
                if upper:
                    self.model.add_implication(self._joins[n, upper], self._open[upper])
                    self.model.add(depth[n] >= depth[upper] + 1).only_enforce_if(self._joins[n, upper])

    def _node_limits(self, n: int) -> None:
        instance, node, free, profile = (
            self.instance,
            self.instance.nodes[n],
            self.instance.free[n],
            self.instance.profile,
        )
        points = [(var, instance.down_kbps(instance.groups[g])) for (g, m), var in self._served.items() if m == n]
        below = [join for (_, upper), join in self._joins.items() if upper == n]
        legs = [*((var, 1) for var, _ in points), *((join, 1) for join in below)]
        sent = [*points, *((join, profile.trunk_down_kbps) for join in below)]
        if n == 0:
            own_legs, own_kbps = instance.consoles, instance.consoles * profile.down_kbps
        else:
            own_legs, own_kbps = 0, 0
            legs.append((self._open[n], 1))
            sent.append((self._open[n], profile.trunk_up_kbps))
        limit = Limit(kind=LimitKind.NODE_LEGS, code=node.code, needed=0, free=free.legs, capacity=node.legs)
        self._at_most(limit, legs, own_legs, profile.down_kbps)
        limit = Limit(kind=LimitKind.NODE_KBPS, code=node.code, needed=0, free=free.kbps, capacity=node.kbps)
        self._at_most(limit, sent, own_kbps, 1)

    def _link_limits(self, cut: Cut) -> None:
        instance, profile = self.instance, self.instance.profile
        outward: list[Term] = []
        inward: list[Term] = []
        detours: list[tuple[int, int]] = []
        for (g, n), var in self._served.items():
            rate = instance.down_kbps(instance.groups[g])
            if g in cut.groups and n not in cut.nodes:
                outward.append((var, rate))
            elif g not in cut.groups and n in cut.nodes:
                inward.append((var, rate))
                detours.append((g, n))
        for (n, upper), join in self._joins.items():
            if n in cut.nodes and upper not in cut.nodes:
                outward.append((join, profile.trunk_down_kbps))
        if detours:
            # Points from elsewhere are served behind the link: what they send goes in and comes out again.
            detour = self.model.new_bool_var("detour")
            self._detour_flags.append((detour, detours))
            for g, n in detours:
                self.model.add(self._served[g, n] <= len(instance.groups[g].points) * detour)
            outward.append((detour, profile.trunk_up_kbps))
            inward.append((detour, profile.trunk_up_kbps - cut.senders_kbps))
        self._side(cut.link, cut.link.outward, outward, 0)
        self._side(cut.link, cut.link.inward, inward, cut.senders_kbps)

    def _side(self, link: Link, side: Side, terms: list[Term], constant: int) -> None:
        if side.capacity is not None and side.free is not None:
            limit = Limit(
                kind=LimitKind.LINK,
                code=link.unit,
                direction=side.direction,
                needed=0,
                free=side.free,
                capacity=side.capacity,
            )
            self._at_most(limit, terms, constant, 1)

    def _at_most(self, limit: Limit, terms: list[Term], constant: int, weight: int) -> None:
        if self._slacks is None:
            self.model.add(_sum(terms) + constant <= limit.free)
            return
        slack = self.model.new_int_var(0, _MOST, "slack")
        self._slacks.append(_Slack(slack, weight, limit, tuple(terms), constant))
        self.model.add(_sum(terms) + constant <= limit.free + slack)


def _sum(terms: Sequence[Term]) -> cp_model.LinearExpr:
    # A sum over nothing would come back as a plain number.
    return cp_model.LinearExpr.weighted_sum([var for var, _ in terms], [rate for _, rate in terms]) + 0


def _drop_idle(served: Mapping[tuple[int, int], int], upstream: dict[int, int]) -> None:
    """Nodes that serve no point and no other node leave the plan."""
    while idle := set(upstream) - {n for _, n in served} - set(upstream.values()):
        for n in idle:
            del upstream[n]


def _depth(n: int, upstream: Mapping[int, int]) -> int:
    """Trunks between the node and the root."""
    depth = 0
    while n in upstream and depth < len(upstream):
        n = upstream[n]
        depth += 1
    return depth


def _bound(solver: cp_model.CpSolver) -> int:
    """A cost that no plan can be below."""
    return max(0, math.ceil(solver.best_objective_bound - 1e-6))
