"""The instance solved exactly by CP-SAT (OR-tools). Pure; blocking, the solver runs without the interpreter's lock.

One worker, a fixed seed and a limit counted in the solver's own work, not in seconds: the same instance gets the same
plan on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from ortools.sat.python import cp_model

from scheduler.plan.formulation import Formulation
from scheduler.plan.greedy import spread
from scheduler.plan.instance import Instance
from scheduler.plan.model import Limit
from scheduler.plan.solution import ACCURACY, DoesNotFit, Kept, Solution

STAY_TOLERANCE = 0.01
"""How much dearer than the one found a plan may be that moves fewer points."""
_WORK = 0.6
"""The limit of one solving in the solver's deterministic time; a unit is two to three seconds."""
_POLISH_WORK = 0.15
_EXCESS_WORK = (0.06, 0.3)
"""For naming the limits that are exceeded: as a rule the first is plenty, because the relaxation has done the work."""
_DIVIDED = 1e-6
_FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)


def solve(instance: Instance, kept: Kept | None = None, seed: int = 0, accuracy: float = ACCURACY) -> Solution:
    """The plan with the least weighted traffic, then the fewest nodes; raises `DoesNotFit`.

    With `kept`, of all plans within `STAY_TOLERANCE` of that one, the one that moves the fewest points.
    """
    solution = _smallest(instance, _cheapest(instance, seed, accuracy), seed)
    return solution if kept is None else _calmest(instance, solution, kept, seed)


def _cheapest(instance: Instance, seed: int, accuracy: float) -> Solution:
    """First without detours, which is small: a plan that needs none there is the best of all."""
    direct = Formulation(instance, _direct(instance), _cheapest_detours(instance))
    if _hopeless(instance, direct):
        raise DoesNotFit(_loosened(instance, seed)[1])
    direct.hint(spread(instance))
    solver, status = _minimized(direct, direct.cost(), seed, accuracy)
    if status == cp_model.INFEASIBLE:
        raise DoesNotFit(_loosened(instance, seed)[1])
    bound = _bound(solver)
    if status != cp_model.UNKNOWN and not direct.elsewhere_used(solver):
        return direct.solution(solver, bound)
    full = Formulation(instance, _all(instance))
    full.hint(spread(instance) if status == cp_model.UNKNOWN else direct.plan(solver))
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


def _near(instance: Instance, best: Solution, pairs: Iterable[tuple[int, int]], cost: int) -> Formulation:
    """A model of plans up to that cost, with detours if `pairs` has any; the search starts from `best`."""
    direct = _direct(instance)
    near = Formulation(instance, direct if direct.issuperset(pairs) else _all(instance))
    near.model.add(near.cost() <= cost)
    near.hint((best.served, best.upstream, {}))
    return near


def _hopeless(instance: Instance, direct: Formulation) -> bool:
    """Whether not even a plan that divides points and nodes fits; a search would take far longer to find that."""
    divided = direct.relaxed(direct.cost())
    if divided is None or divided.elsewhere <= _DIVIDED:
        return divided is None
    full = Formulation(instance, _all(instance))
    return full.relaxed(full.cost()) is None


def _loosened(instance: Instance, seed: int) -> tuple[Solution | None, list[Limit]]:
    """The plan without detours that exceeds the limits least, and the limits that it exceeds."""
    loose = Formulation(instance, _direct(instance), elastic=True)
    known = [spread(instance)]
    divided = loose.relaxed(loose.lack())
    if divided is not None:
        known.append((divided.rounded(instance), known[0][1], {}))
    loose.hint(min(known, key=loose.lacking))
    for work in _EXCESS_WORK:
        solver, status = _minimized(loose, loose.lack(), seed, accuracy=0.02, work=work)
        if status in _FOUND:
            return loose.solution(solver, 0), loose.exceeded(solver)
    return None, []


def _minimized(
    model: Formulation, objective: cp_model.LinearExpr, seed: int, accuracy: float, work: float = _WORK
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


def _bound(solver: cp_model.CpSolver) -> int:
    """A cost that no plan can be below."""
    return max(0, math.ceil(solver.best_objective_bound - 1e-6))
