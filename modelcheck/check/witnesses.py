"""Runs that come near what a property excludes, or that do what it promises: so that one can believe that it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .. import model
from ..engine.arrays import Mask, Places, reached_from, reversed_of
from ..engine.loops import Arrivals, chain
from ..engine.packed.graph import state_graph
from ..engine.state_graph import StateGraph
from ..engine.target import Limits
from ..expressions import Expr, Operation, as_text, compile_expression, conjunction, disjunction, negation, parse
from ..expressions.syntax import Apply, Syntax
from ..expressions.written import written
from ..results import Run
from ..system import TransitionSystem
from .question import Question
from .vacuity import bad_states, meanings

_COMPARISONS = ("<", "<=", ">", ">=", "!=")


def of_property(asked: model.Property, graph: StateGraph) -> Iterator[Run]:
    """Runs for a property that holds, beside those that its own parts give (`vacuity.judge`)."""
    abouts = asked.about if isinstance(asked.about, tuple) else (asked.about,)
    if asked.word in ("always", "never", "outcome"):
        yield from _nearest(parse(as_text(abouts[0])), asked.word, graph)
    elif asked.word == "leads_to":
        yield from _answered(abouts, graph)
    elif asked.word == "possible":
        yield from _farthest_from(abouts[0], graph)


def longest_run(graph: StateGraph) -> Iterator[Run]:
    """A run to the end that is farthest away."""
    ending = np.flatnonzero(graph.ends)
    if len(ending):
        first, way = graph.way_to(int(ending[-1]))  # States are in breadth-first order.
        yield Run(graph.trace(first, way), f"no end is farther away than this one: {len(way)} actions")


def of_claims(question: Question, system: TransitionSystem, graph: StateGraph, limits: Limits) -> Iterator[Run]:
    """A shortest run in which something happens that the property speaks of, and is as it should be."""
    wanted = question.target.claims
    if question.monitor is not None:
        graph = state_graph(question.monitor.observe(system), limits)
    asking = [
        number
        for number, action in enumerate(graph.system.actions)
        if any((claim.kind, claim.name) in wanted or (claim.kind, "*") in wanted for claim in action.claims)
    ]
    edges = np.flatnonzero(np.isin(graph.action, asking))
    if len(edges):
        edge = int(edges[0])
        first, way = graph.way_to(int(graph.source[edge]))
        yield Run(graph.trace(first, [*way, edge]), "here it is asked, and as it should be")


def _nearest(formula: Syntax, word: str, graph: StateGraph) -> Iterator[Run]:
    """Where the two sides of a comparison come nearest to each other, for each that the property asks for by itself."""
    parts = formula.arguments if isinstance(formula, Apply) and formula.operator == "and" else (formula,)
    asked = ~bad_states(word, formula, graph)
    if word == "outcome":
        asked &= graph.where(graph.system.finished)
    for part in parts if word != "never" or len(parts) == 1 else ():
        if not (isinstance(part, Apply) and part.operator in _COMPARISONS):
            continue
        best: tuple[float, int] | None = None
        for meaning in meanings(part, graph):
            if isinstance(meaning, Operation) and meaning.operator in _COMPARISONS:
                best = min((each for each in (best, _closest(meaning, asked, graph)) if each is not None), default=None)
        if best is not None:
            trace = graph.trace(*graph.way_to(best[1]))
            between = "its two sides are equal" if not best[0] else f"its two sides are {best[0]:g} apart"
            yield Run(trace, f"nearest to the edge of '{written(part)}': {between}")


def _closest(meaning: Operation, asked: Mask, graph: StateGraph) -> tuple[float, int] | None:
    """The smallest distance between the two sides of a comparison, with the first state that has it."""
    left, right = (compile_expression(side, graph.system.positions) for side in meaning.arguments)
    best: tuple[float, int] | None = None
    for number in np.flatnonzero(asked).tolist():
        state = graph.states[number]
        try:
            distance = float(abs(left(state) - right(state)))
        except (ZeroDivisionError, TypeError):
            continue
        if best is None or distance < best[0]:
            best = (distance, number)
    return best


def _answered(abouts: Sequence[model.Formula], graph: StateGraph) -> Iterator[Run]:
    """From the trigger to the goal: the instance and the trigger from which the goal is farthest away."""
    best: tuple[int, list[int], int] | None = None
    for trigger, goal in zip(*(meanings(parse(as_text(text)), graph) for text in abouts), strict=True):
        asked = graph.where(conjunction([trigger, negation(goal)]))
        if not asked.any():
            continue
        order, towards = _towards(graph, graph.where(goal))
        farthest = order[asked[order]]
        if not len(farthest):
            continue
        start = int(farthest[-1])
        _, way = graph.way_to(start)
        ahead = graph.edges_along(chain(towards, start))
        if best is None or len(ahead) > best[0]:
            best = (len(ahead), way + ahead, graph.way_to(start)[0])
    if best is not None:
        actions = "action" if best[0] == 1 else "actions"
        shows = f"from '{abouts[0]}' to '{abouts[1]}'; it never takes fewer than {best[0]} {actions} from there"
        yield Run(graph.trace(best[2], best[1]), shows)
        return
    both = np.flatnonzero(graph.where(_any_of(abouts[0], graph)))
    if len(both):
        yield Run(graph.trace(*graph.way_to(int(both[0]))), f"whenever '{abouts[0]}' holds, '{abouts[1]}' does already")


def _any_of(text: model.Formula, graph: StateGraph) -> Expr:
    return disjunction(meanings(parse(as_text(text)), graph))


def _farthest_from(text: model.Formula, graph: StateGraph) -> Iterator[Run]:
    """To the state from which it takes longest until the goal can be reached, and on to the goal."""
    goal = graph.where(_any_of(text, graph))
    order, towards = _towards(graph, goal)
    if len(order):
        start = int(order[-1])
        first, way = graph.way_to(start)
        ahead = graph.edges_along(chain(towards, start))
        if ahead:
            shows = f"after action {len(way)} one is farthest from '{text}': {len(ahead)} more"
            yield Run(graph.trace(first, way + ahead), shows)
        else:
            yield Run(graph.trace(first, way), f"'{text}' holds everywhere")


def _towards(graph: StateGraph, goal: Mask) -> tuple[Places, Places]:
    """The states from which a goal can be reached, nearest first, and for each the next state on the way (-1: none)."""
    backwards = reversed_of(graph.source, graph.target, len(goal))
    starts = np.flatnonzero(goal)
    return reached_from(backwards, starts, np.zeros(len(starts), np.int64))


def arrivals_within(graph: StateGraph, inside: Mask) -> Arrivals:
    """The states that can be reached from initial ones without leaving some states."""
    return Arrivals.of(graph, inside & (np.arange(len(inside)) < graph.initial), inside)
