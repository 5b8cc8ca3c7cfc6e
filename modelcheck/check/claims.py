"""Every claim that an action of the system makes, as a question: can it be broken?"""

from __future__ import annotations

from collections.abc import Iterator

from ..engine.target import Target
from ..errors import Position
from ..expressions import TRUE, Expr, Operation, disjunction, well_defined
from ..expressions.tree import PARTIAL, walk
from ..system import TransitionSystem
from .question import Question

# Kind of claim -> the check it belongs to, the name of the property, what is vacuous about a proof.
CHECKS: dict[str, tuple[str, str]] = {
    "requires": ("contracts", "{} requires"),
    "ensures": ("contracts", "{} ensures"),
    "range": ("ranges", "{} in range"),
    "choice": ("soundness", "a way out of {}"),
    "tokens": ("soundness", "one token at {}"),
    "data": ("data", "inputs of {}"),
    "undelivered": ("delivery", "{} delivered"),
    "unhandled": ("delivery", "{} handled"),
    "overflow": ("delivery", "capacity of {}"),
    "payload": ("delivery", "payload of {}"),
    "fault": ("delivery", "failures of {}"),
    "claims": ("causality", "{} is true"),
    "spurious": ("compensation", "only effects are undone"),
    "undo order": ("compensation", "undone in reverse"),
}


def claim_questions(system: TransitionSystem) -> list[Question]:
    """One question for each (kind, name) of claim; proofs about actions that never happen are vacuous."""
    guards: dict[tuple[str, str], list[Expr]] = {}
    positions: dict[tuple[str, str], Position | None] = {}
    named: dict[str, set[str]] = {}
    for action in system.actions:
        for claim in action.claims:
            key = (claim.kind, claim.name.split("#")[0])
            named.setdefault(key[1], set()).add(claim.name)
            guards.setdefault(key, []).append(action.guard)
            positions.setdefault(key, claim.position)
    questions = []
    for (kind, name), enabled in guards.items():
        check, title = CHECKS.get(kind, (kind, "{} " + kind))
        # Only contracts are vacuous when their action never happens: elsewhere that is how it should be.
        premise = disjunction(enabled) if kind in ("requires", "ensures", "claims") else None
        questions.append(
            Question(
                title.format(name),
                check,
                Target("", claims=frozenset((kind, each) for each in named[name])),
                premise=premise,
                vacuous=f"{name} never happens",
                position=positions[kind, name],
            )
        )
    if partial := partial_operators(system):
        divides, takes = partial - {"given"}, "given" in partial
        name = "every value exists" if divides and takes else "no missing item" if takes else "no division by zero"
        found = " or ".join(["divides by zero"] * bool(divides) + ["takes an item that is not there"] * takes)
        questions.append(Question(name, "divisions", Target("", claims=frozenset({("division", "*")})), found=found))
    return questions


def partial_operators(system: TransitionSystem) -> frozenset[str]:
    """The operators of the actions' formulas that do not always have a value: divisions, and taking an item."""
    return frozenset(
        node.operator
        for expr in _formulas(system)
        if well_defined(expr) != TRUE
        for node in walk(expr)
        if isinstance(node, Operation) and node.operator in PARTIAL
    )


def _formulas(system: TransitionSystem) -> Iterator[Expr]:
    """The formulas of all actions; what many guards share is looked at once."""
    seen: set[int] = set()
    for action in system.actions:
        for expr in (action.guard, *action.updates.values(), *(claim.holds for claim in action.claims)):
            parts = expr.arguments if isinstance(expr, Operation) and expr.operator == "and" else (expr,)
            for part in parts:
                while isinstance(part, Operation) and part.operator == "not":
                    part = part.arguments[0]
                if isinstance(part, Operation) and id(part) not in seen:
                    seen.add(id(part))
                    yield part
