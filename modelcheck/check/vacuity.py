"""Whether every part of a property that holds is needed, and runs that show where it is.

A part is vacuous if the property holds even when that part is made as hard to satisfy as it can be: false where it
helps, true where it hinders (Beer, Ben-David, Eisner & Rodeh 1997; Kupferman & Vardi 1999). Where it does not hold so,
the counterexample of the harder property is an execution of the design that keeps the property only by that part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from .. import model
from ..engine.arrays import Mask
from ..engine.liveness import find_lasso, possible
from ..engine.state_graph import StateGraph
from ..expressions import BOOL, Expr, as_text, conjunction, disjunction, negation, parse, resolve
from ..expressions.syntax import Number, Syntax
from ..expressions.written import Path, subformulas, with_part, written
from ..results import Run

WORDS = ("always", "never", "outcome", "possible", "leads_to")
MOST_PARTS, LONGEST = 40, 80


@dataclass(frozen=True)
class Judged:
    """What was found about a property that holds: its vacuous parts, and runs that need each of the others."""

    vacuous: tuple[str, ...]
    runs: tuple[Run, ...]


def judge(asked: model.Property, graph: StateGraph, fairness: str) -> Judged:
    """The parts of a property that are vacuous, the largest ones; for each of the others a run that needs it."""
    abouts = asked.about if isinstance(asked.about, tuple) else (asked.about,)
    formulas = tuple(parse(as_text(text)) for text in abouts)
    vacuous: list[tuple[int, Path]] = []
    texts, runs = [], list[Run]()
    for which, path, part, positive in list(_parts(asked.word, formulas))[:MOST_PARTS]:
        if any(which == w and path[: len(p)] == p for w, p in vacuous):
            continue
        hard = with_part(formulas[which], path, Number(not positive, 0))
        trace = _counterexample(asked.word, (*formulas[:which], hard, *formulas[which + 1 :]), graph, fairness)
        if trace is None:
            vacuous.append((which, path))
            texts.append(_short(part))
        else:
            shows = f"kept only because '{_short(part)}' is {str(positive).lower()} here"
            runs.append(replace(trace, shows=shows))
    return Judged(tuple(texts), tuple(runs))


def _short(part: Syntax) -> str:
    text = written(part)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _parts(word: str, formulas: tuple[Syntax, ...]) -> Iterator[tuple[int, Path, Syntax, bool]]:
    """The parts of a property; of one formula, not the whole of it: without it nothing is asked."""
    for which, formula in enumerate(formulas):
        helps = word != "never" and not (word == "leads_to" and which == 0)
        for path, part, positive in subformulas(formula, helps):
            whole = not path and not (word == "leads_to" and which == 0)
            if not whole and not isinstance(part, Number):
                yield which, path, part, positive


def meanings(formula: Syntax, graph: StateGraph) -> list[Expr]:
    """What a formula means in each instance."""
    scopes = graph.system.scope.instances or (graph.system.scope,)
    return [resolve(formula, replace(scope, instances=scopes), BOOL) for scope in scopes]


def bad_states(word: str, formula: Syntax, graph: StateGraph) -> Mask:
    """The states that an `always`, `never` or `outcome` excludes."""
    if word == "never":
        return graph.where(disjunction(meanings(formula, graph)))
    bad = graph.where(negation(conjunction(meanings(formula, graph))))
    return np.asarray(bad & graph.where(graph.system.finished)) if word == "outcome" else bad


def _counterexample(word: str, formulas: tuple[Syntax, ...], graph: StateGraph, fairness: str) -> Run | None:
    """A run that breaks a property; None if there is none."""
    if word == "leads_to":
        for trigger, goal in zip(*(meanings(each, graph) for each in formulas), strict=True):
            start = conjunction([trigger, negation(goal)])
            lasso, _ = find_lasso(graph.system, negation(goal), start, fairness, stuck=True, graph=graph)
            if lasso is not None:
                return Run(lasso, "")
        return None
    if word == "possible":
        traces = (possible(graph.system, goal, graph=graph)[0] for goal in meanings(formulas[0], graph))
        return next((Run(trace, "") for trace in traces if trace is not None), None)
    bad = np.flatnonzero(bad_states(word, formulas[0], graph))
    return Run(graph.trace(*graph.way_to(int(bad[0]))), "") if len(bad) else None
