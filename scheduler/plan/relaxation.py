"""The linear relaxation of a CP-SAT model, solved by GLOP (OR-tools) in some milliseconds. Pure.

What is whole may be a fraction in it, and rules that hold only under a condition are left out: a model whose
relaxation has no solution has none either, and a solution of the relaxation is a good place to begin the search.
"""

from __future__ import annotations

from ortools.linear_solver.python import model_builder as linear
from ortools.sat.python import cp_model

_UNBOUNDED = 1 << 62
"""Beyond this a bound of CP-SAT's means none."""
_MARGIN = 0.5
"""How far sums of whole numbers may miss their limit: the solver's rounding must not prove a model impossible."""


def relaxed(model: cp_model.CpModel) -> list[float] | None:
    """The value of each variable, by its index, in the best solution of the relaxation; None: the model has none."""
    proto = model.proto
    relaxation = linear.Model()  # type: ignore[no-untyped-call]
    variables = [relaxation.new_num_var(v.domain[0], v.domain[1], "") for v in proto.variables]
    for constraint in proto.constraints:
        if constraint.has_linear() and not constraint.enforcement_literal:
            row = constraint.linear
            total = linear.LinearExpr.weighted_sum([variables[i] for i in row.vars], list(row.coeffs))
            relaxation.add_linear_constraint(total, *_bounds(row.domain[0], row.domain[1]))
    goal = proto.objective
    relaxation.minimize(linear.LinearExpr.weighted_sum([variables[i] for i in goal.vars], list(goal.coeffs)))
    solver = linear.Solver("glop")
    if solver.solve(relaxation) != linear.SolveStatus.OPTIMAL:
        return None
    return [float(solver.value(variable)) for variable in variables]


def _bounds(least: int, most: int) -> tuple[float, float]:
    if least == most:
        return least, most
    low = -float("inf") if least <= -_UNBOUNDED else least - _MARGIN
    return low, float("inf") if most >= _UNBOUNDED else most + _MARGIN
