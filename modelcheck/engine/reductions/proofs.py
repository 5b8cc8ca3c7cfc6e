"""Small questions to z3, each asked once for all formulas of one shape.

Variables are taken to have any value of their kind (labels: one of the labels), also beyond their ranges, so that what
is shown holds in every state. What z3 does not settle within its allowance counts as possible.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...expressions import EnumType, Expr, Literal, Operation, Ref, Type
from ...expressions.tree import walk

ALLOWANCE = 400_000  # z3's own count of its work, so that answers do not depend on the machine.
MOST_ASKED, MOST_NODES = 3_000, 4_000


class Proofs:
    """What was asked so far, by shape."""

    def __init__(self) -> None:
        self.answers: dict[tuple[object, ...], bool] = {}

    def possible(self, formula: Expr) -> bool:
        """Whether some state satisfies a formula; true where that is not known."""
        if isinstance(formula, Literal):
            return bool(formula.value)
        shape = tuple(_shape(formula))
        if len(shape) > MOST_NODES:
            return True
        found = self.answers.get(shape)
        if found is None:
            found = self.answers[shape] = len(self.answers) >= MOST_ASKED or _satisfiable(formula)
        return found


def _shape(formula: Expr) -> Iterator[object]:
    """A formula up to the names of its variables."""
    names: dict[str, int] = {}
    for node in walk(formula):
        match node:
            case Literal(value):
                yield type(value), value
            case Ref(name, kind):
                yield names.setdefault(name, len(names)), _sort(kind)
            case Operation(operator, arguments):
                yield operator, len(arguments)


def _sort(kind: Type) -> object:
    return len(kind.labels) if isinstance(kind, EnumType) else type(kind)


def _satisfiable(formula: Expr) -> bool:
    import z3

    from ...expressions.smt import constant, in_type, to_z3

    kinds = {node.name: node.type for node in walk(formula) if isinstance(node, Ref)}
    terms = {name: constant(f"v{number}", kinds[name]) for number, name in enumerate(kinds)}
    solver = z3.Solver()
    solver.set("rlimit", ALLOWANCE)
    solver.set("timeout", 1_000)
    for name, kind in kinds.items():
        if isinstance(kind, EnumType):
            solver.add(in_type(terms[name], kind))
    try:
        solver.add(to_z3(formula, terms))
        return bool(solver.check() != z3.unsat)
    except z3.Z3Exception:
        return True
