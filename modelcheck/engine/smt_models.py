"""Models for many conditions at once: what one model satisfies needs no other."""

from __future__ import annotations

from collections.abc import Sequence

import z3

from ..expressions.smt import Term
from .smt_limits import Clock, Undecided

MOST_HURRIED = 0.05


def models(solver: Term, conditions: Sequence[Term], clock: Clock) -> list[Term | str | None]:
    """For each condition a model, None where there is none, or why z3 does not know."""
    found: list[Term | str | None] = [None] * len(conditions)
    asked = {number: term for number, term in enumerate(map(z3.simplify, conditions)) if not z3.is_false(term)}
    marks = {number: z3.FreshConst(z3.BoolSort(), "asked") for number in asked}
    solver.add(*(z3.Implies(marks[number], term) for number, term in asked.items()))
    pending = list(asked)
    try:
        while pending and (model := _model(solver, z3.Or(*(marks[i] for i in pending)), clock)) is not None:
            for i in pending:
                if holds(model, asked[i]):
                    found[i] = model
            pending = [i for i in pending if found[i] is None]
    except Undecided:
        again = Clock(clock.seconds)
        for i in pending:
            found[i] = _alone(solver, marks[i], again, max(MOST_HURRIED, clock.seconds / len(pending)))
    return found


def _model(solver: Term, condition: Term, clock: Clock) -> Term | None:
    solver.push()
    try:
        solver.add(condition)
        return solver.model() if clock.check(solver) else None
    finally:
        solver.pop()


def _alone(solver: Term, condition: Term, clock: Clock, share: float) -> Term | str | None:
    """The answer for one condition, where all together were too hard, in its share of as much time again."""
    try:
        return _model(solver, condition, Clock(min(share, clock.seconds - clock.spent)))
    except Undecided as undecided:
        return undecided.reason


def holds(model: Term, term: Term) -> bool:
    """Whether a term is true in a model; what the model leaves open is chosen."""
    return bool(z3.is_true(model.eval(term, model_completion=True)))
