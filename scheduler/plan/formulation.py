"""The model of docs/planning.md as variables and constraints of CP-SAT, and what a solved one says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ortools.sat.python import cp_model

from scheduler.plan.instance import Cut, Instance
from scheduler.plan.model import MAX_DEPTH, Limit, LimitKind
from scheduler.plan.network import Link, Side
from scheduler.plan.relaxation import relaxed
from scheduler.plan.solution import Kept, Solution

_MOST = 1_000_000_000
_ROUNDING = 1e-6
"""What the linear solver leaves of a whole number."""

Term = tuple[cp_model.IntVar, int]
"""A variable and its coefficient."""


Known = tuple[dict[tuple[int, int], int], dict[int, int], dict[int, int]]
"""A plan: points per (group, node), each node's upstream node, and per group the points that no node serves."""


@dataclass(frozen=True)
class _Slack:
    """How far one limit is exceeded; `weight` makes legs comparable to kbit/s."""

    variable: cp_model.IntVar
    weight: int
    limit: Limit
    """With nothing needed yet beyond what is free."""
    terms: tuple[Term, ...]
    constant: int


@dataclass(frozen=True)
class Relaxed:
    """A plan that divides points: how many each (group, node) serves, and how many are served where no node is."""

    served: Mapping[tuple[int, int], float]
    elsewhere: float

    def rounded(self, instance: Instance) -> dict[tuple[int, int], int]:
        """The same in whole points: of each group those with the greatest remainders are rounded up."""
        whole = {pair: int(count + _ROUNDING) for pair, count in self.served.items()}
        left = [len(group.points) for group in instance.groups]
        for (g, _), count in whole.items():
            left[g] -= count
        for g, n in sorted(whole, key=lambda pair: (whole[pair] - self.served[pair], pair)):
            if left[g] > 0:
                whole[g, n] += 1
                left[g] -= 1
        return {pair: count for pair, count in whole.items() if count}


class Formulation:
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

    def relaxed(self, objective: cp_model.LinearExpr) -> Relaxed | None:
        """The best plan in fractions of points and nodes; None when not even such a plan keeps within all limits."""
        self.model.minimize(objective)
        values = relaxed(self.model)
        if values is None:
            return None
        served = {pair: values[var.index] for pair, var in self._served.items()}
        return Relaxed(served, sum(values[var.index] for var in self._elsewhere.values()))

    def lack(self) -> cp_model.LinearExpr:
        """What an elastic model exceeds, all limits together."""
        return _sum([(slack.variable, slack.weight) for slack in self._slacks or ()])

    def exceeded(self, solver: cp_model.CpSolver) -> list[Limit]:
        """The limits that the solved elastic model exceeds."""
        lacks = [(slack.limit, solver.value(slack.variable)) for slack in self._slacks or ()]
        return [limit.model_copy(update={"needed": limit.free + lack}) for limit, lack in lacks if lack > 0]

    def hint(self, known: Known) -> None:
        """Starts the search from a known plan, which need not fit."""
        for var, value in [*self._values(known), *self._excess(known)]:
            self.model.add_hint(var, value)

    def lacking(self, known: Known) -> int:
        """What a known plan exceeds, weighed as in `lack`."""
        weights = {slack.variable.index: slack.weight for slack in self._slacks or ()}
        return sum(weights[var.index] * value for var, value in self._excess(known))

    def _values(self, known: Known) -> list[Term]:
        served, upstream, homeless = known
        values: list[Term] = []
        left = dict(homeless)
        for pair, count in served.items():
            if pair not in self._served:
                left[pair[0]] = left.get(pair[0], 0) + count
        for (g, n), var in self._served.items():
            extra = left.get(g, 0) if n == 0 and g not in self._elsewhere else 0
            values.append((var, served.get((g, n), 0) + extra))
        values += [(var, left.get(g, 0)) for g, var in self._elsewhere.items()]
        values += [(var, int(upstream.get(n) == upper)) for (n, upper), var in self._joins.items()]
        values += [(var, int(n == 0 or (n in upstream and n in self._useful))) for n, var in enumerate(self._open)]
        values += [(var, max(int(n > 0), _depth(n, upstream))) for n, var in enumerate(self._depth)]
        return values + [(var, int(any(served.get(pair) for pair in pairs))) for var, pairs in self._detour_flags]

    def _excess(self, known: Known) -> list[Term]:
        values = {var.index: value for var, value in self._values(known)}
        excess = []
        for slack in self._slacks or ():
            total = sum(values[var.index] * rate for var, rate in slack.terms) + slack.constant
            excess.append((slack.variable, max(0, total - slack.limit.free)))
        return excess

    def plan(self, solver: cp_model.CpSolver) -> Known:
        """What the solver found."""
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
