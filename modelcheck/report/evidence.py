"""Why a formula is true or false in a state: the parts that decide it, and the variables that they read."""

from __future__ import annotations

from collections.abc import Iterator

from ..expressions import Expr, Operation, references, to_text
from ..system import State, TransitionSystem

LONGEST = 80  # characters of a part that is written out


def deciding(system: TransitionSystem, expr: Expr, state: State) -> Iterator[Expr]:
    """The parts without `and`, `or` and `not` that make a formula as it is: of a false conjunction all
    that is false, of a true disjunction the first that is true, otherwise all."""
    if not isinstance(expr, Operation) or expr.operator not in ("and", "or", "not", "implies"):
        yield expr
        return
    parts = expr.arguments
    if expr.operator in ("and", "or"):
        decisive = [part for part in parts if bool(system.predicate(part)(state)) is (expr.operator == "or")]
        parts = tuple(decisive[:1] if expr.operator == "or" else decisive) or parts
    for part in parts:
        yield from deciding(system, part, state)


def read_by(system: TransitionSystem, expr: Expr, state: State) -> list[str]:
    """The declared variables that decide a formula, as they are declared; where there are none, what a check counts."""
    names = {name for part in deciding(system, expr, state) for name in references(part)}
    read = [variable for variable in system.variables if variable.name in names]
    roles = ("data", "monitor") if not any(variable.role == "data" for variable in read) else ("data",)
    return [variable.name for variable in read if variable.role in roles]


def false_part(system: TransitionSystem, broken: Expr, state: State) -> str:
    """Of a broken conjunction, the parts that are false, as they are written; empty where that is all of it or where it
    speaks of more than declared variables.

    broken: that the conjunction does not hold, perhaps together with when that is asked.
    """
    asked = broken.arguments if isinstance(broken, Operation) and broken.operator == "and" else (broken,)
    declared = (variable for variable in system.variables if variable.role == "data")
    data = {variable.name for variable in declared if variable.told_as == variable.name}
    for part in asked:
        if not (isinstance(part, Operation) and part.operator == "not"):
            continue
        whole = part.arguments[0]
        if isinstance(whole, Operation) and whole.operator == "and":
            false = [each for each in whole.arguments if not system.predicate(each)(state)]
            text = " and ".join(written(each) for each in false)
            if len(false) < len(whole.arguments) and references(whole) <= data and len(text) <= LONGEST:
                return text
    return ""


def written(expr: Expr) -> str:
    """A formula as a person would write it: what is kept as `not a or b` is `a implies b`."""
    if isinstance(expr, Operation) and expr.operator == "or":
        first, *rest = expr.arguments
        if isinstance(first, Operation) and first.operator == "not" and len(rest) == 1:
            return f"{to_text(first.arguments[0])} implies {to_text(rest[0])}"
    return to_text(expr)
