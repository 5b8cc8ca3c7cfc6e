"""Questions about whole executions, answered on the explicit state graph.

Executions are maximal paths; which of them count, `fairness` says. Paths that leave a declared range are findings of
their own and not judged here: every answer is about the executions within the ranges.
"""

from __future__ import annotations

import numpy as np

from ..expressions import Expr
from ..system import TransitionSystem
from ..trace import Trace
from .arrays import Mask, reached_from, reversed_of
from .fairness import FAIRNESS, Duties
from .loops import Arrivals, Loops
from .state_graph import StateGraph, explore
from .target import Answer, Limits


def find_lasso(
    system: TransitionSystem,
    within: Expr,
    start: Expr | None = None,
    fairness: str = "weak",
    limits: Limits | None = None,
    stuck: bool = False,
    graph: StateGraph | None = None,
) -> tuple[Trace | None, Answer]:
    """An execution that reaches `start` and from there on stays `within` for ever; None if there is none.

    start: None means that it stays within from its first state on. fairness: a key of
    `FAIRNESS`. stuck: an execution that ends within counts, too (finished or not); its trace has no loop. graph: the
    state graph, where the caller has it already. The way in is a shortest one; the loop is short, not always shortest.
    """
    if fairness not in FAIRNESS:
        raise ValueError(f"fairness is one of {', '.join(FAIRNESS)}, not {fairness!r}")
    graph = graph or explore(system, limits)
    inside = graph.where(within)
    starts = graph.where(start) if start is not None else np.arange(len(graph.states)) < graph.initial
    arrivals = Arrivals.of(graph, starts & inside, inside)
    answer = graph.answer(f"state graph, {FAIRNESS[fairness]}")
    if stuck:
        ending = arrivals.order[graph.ends[arrivals.order]]
        if len(ending):
            return graph.trace(*arrivals.way_to(int(ending[0]))), answer
    return Loops(arrivals, Duties(graph, fairness)).shortest(), answer


def possible(
    system: TransitionSystem, goal: Expr, limits: Limits | None = None, graph: StateGraph | None = None
) -> tuple[Trace | None, Answer]:
    """A shortest trace to a state from which `goal` can no longer be reached (a counterexample to AG EF), or None.

    What lies beyond a limit or outside a range is given the benefit of the doubt.
    """
    graph = graph or explore(system, limits)
    hopeful = graph.where(goal) | ~graph.in_range
    hopeful[graph.expanded :] = True
    hopeless = np.flatnonzero(~before(graph, hopeful))
    answer = graph.answer("state graph")
    if not len(hopeless):
        return None, answer
    first, way = graph.way_to(int(hopeless[0]))
    return graph.trace(first, way), answer


def before(graph: StateGraph, marked: Mask) -> Mask:
    """The states from which a marked one can be reached, with those."""
    if marked.all() or not marked.any():
        return marked.copy()
    backwards = reversed_of(graph.source, graph.target, len(marked))
    starts = np.flatnonzero(marked)
    order, _ = reached_from(backwards, starts, np.zeros(len(starts), np.int64))
    found = marked.copy()
    found[order] = True
    return found
