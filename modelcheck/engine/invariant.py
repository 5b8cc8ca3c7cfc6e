"""Whether a condition is an inductive invariant that excludes targets: by a plain solver, whoever found it."""

from __future__ import annotations

from collections.abc import Sequence

import z3

from ..expressions import Expr, Operation, conjunction
from ..expressions.smt import Term
from .relation import Relation
from .smt_limits import Clock, Undecided
from .target import Target

MOST_SHORTENED = 60


def excludes(relation: Relation, invariant: Term, targets: Sequence[Target], clock: Clock) -> bool:
    """Whether it holds initially, every action keeps it, and no state with it shows a target (Floyd 1967).

    Raises `Undecided`.
    """
    return is_inductive(relation, invariant, clock) and is_enough(relation, invariant, targets, clock)


def is_inductive(relation: Relation, invariant: Term, clock: Clock) -> bool:
    """Whether it holds initially, and every action keeps it. Raises `Undecided`."""
    solver = z3.Solver()
    solver.add(relation.initial, z3.Not(invariant))
    if clock.check(solver):
        return False
    kept = z3.substitute(invariant, *zip(relation.before.values(), relation.after.values(), strict=True))
    solver = z3.Solver()
    solver.add(relation.in_types, invariant, relation.step, z3.Not(kept))
    return not clock.check(solver)


def is_enough(relation: Relation, invariant: Term, targets: Sequence[Target], clock: Clock) -> bool:
    """Whether no state with it shows a target. Raises `Undecided`."""
    solver = z3.Solver()
    solver.add(relation.in_types, invariant, z3.Or(*(relation.shown(target) for target in targets)))
    return not clock.check(solver)


def shortened(relation: Relation, invariant: Expr, targets: Sequence[Target], clock: Clock) -> Expr:
    """The invariant without the parts that its proof does not need; as it is where that takes too long."""
    parts = (
        list(invariant.arguments) if isinstance(invariant, Operation) and invariant.operator == "and" else [invariant]
    )
    if len(parts) > MOST_SHORTENED:
        return invariant
    try:
        for part in sorted(parts, key=lambda each: -len(repr(each))):
            rest = [other for other in parts if other is not part]
            if excludes(relation, relation.term(conjunction(rest)), targets, clock):
                parts = rest
    except Undecided:
        pass
    return conjunction(parts)
