"""Several counterexamples of one property that differ in what goes wrong, each the shortest of its kind.

Two are of different kinds if another action, actor or outcome breaks the property, or another part of it is broken, or
others take part in the loop. Only when there are no more kinds do further ones begin differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from .. import model
from ..engine.arrays import Mask, Numbers
from ..engine.fairness import Duties
from ..engine.liveness import before
from ..engine.loops import Arrivals, Loops
from ..engine.packed.graph import state_graph
from ..engine.state_graph import StateGraph
from ..engine.target import Limits
from ..expressions import TRUE, Expr, as_text, conjunction, negation, parse, references, to_text
from ..expressions.tree import Operation
from ..results import Run
from ..system import Claim, State, TransitionSystem
from ..trace import Trace, replay
from .question import Question
from .vacuity import meanings
from .witnesses import arrivals_within

_INDEX = re.compile(r"\[[^\]]*\]")
MOST_TRIED = 5_000  # Ways to break a property that are looked at.


@dataclass(frozen=True)
class Kind:
    """What tells one counterexample from another: `key` to compare, `text` to say it."""

    key: Hashable
    text: str


Candidates = Iterator[tuple[Kind, Callable[[], Trace]]]


def distinct(candidates: Candidates, most: int) -> list[Run]:
    """The first of each kind, at most so many."""
    kinds: set[Hashable] = set()
    found: dict[object, Run] = {}
    for tried, (kind, trace) in enumerate(candidates):
        if len(found) >= most or tried >= MOST_TRIED:
            break
        if kind.key not in kinds:
            kinds.add(kind.key)
            run = Run(trace(), kind.text)
            found.setdefault((run.trace.states[0], run.trace.actions, run.trace.loop), run)
    return list(found.values())


def alike(trace: Trace, other: Trace, graph: StateGraph) -> bool:
    """Whether two counterexamples end by the same, or have the same in their loops."""
    if trace.loop is not None or other.loop is not None:
        loops = [frozenset(_told(graph, n)[0] for n in each.actions[each.loop or 0 :]) for each in (trace, other)]
        return loops[0] == loops[1] and (trace.loop is None) == (other.loop is None)
    last = [_told(graph, each.actions[-1])[0] if each.actions else None for each in (trace, other)]
    return last[0] == last[1]


def of_question(question: Question, system: TransitionSystem, graph: StateGraph, limits: Limits) -> Candidates:
    """The ways to break what a question asks, the nearest first."""
    if question.monitor is not None:
        graph = state_graph(question.monitor.observe(system), limits)
    target = question.target
    if target.state is not None:
        yield from _into(graph, graph.where(target.state), target.state)
    elif target.stuck:
        stuck = graph.ends & ~graph.where(graph.system.finished)
        yield from _into(graph, stuck, None)
    else:
        yield from _breaking(graph, target.claims)


def _told(graph: StateGraph, number: int) -> tuple[Hashable, str]:
    """An action in the words of a story, and what tells it from others: not of which instance or index it is."""
    action = graph.system.actions[number]
    label = action.label
    name = f"{label.step}: {label.outcome}" if label.outcome and label.step else label.step or action.name
    if label.phase in ("start", "skip", "undo start"):
        name = f"{label.phase} {label.step}"
    elif label.phase == "undo finish":
        name = f"undo {label.step}"
    elif label.phase == "publish":
        name = label.message
    elif label.phase == "end":
        name = f"{label.actor} ends: {label.outcome}"
    elif label.phase == "act":
        name = action.name
    who = f"{label.actor}'s " if label.actor and label.actor not in name else ""
    return tuple(_INDEX.sub("", each) for each in (label.actor, name, label.text)), f"'{who}{name}'"


def _into(graph: StateGraph, bad: Mask, broken: Expr | None) -> Candidates:
    """Ways into bad states by good ones only."""
    for state in np.flatnonzero(bad[: graph.initial]).tolist():
        part = _part(graph, broken, state)
        yield Kind(("initial", part), f"it begins so{part}"), partial(graph.trace, state, [])
    good = arrivals_within(graph, ~bad)
    place = np.full(len(bad), len(bad), np.int64)
    place[good.order] = np.arange(len(good.order))
    edges = np.flatnonzero(good.mask[graph.source] & bad[graph.target])
    for edge in edges[np.argsort(place[graph.source[edges]], kind="stable")].tolist():
        key, text = _told(graph, int(graph.action[edge]))
        part = _part(graph, broken, int(graph.target[edge]))
        yield Kind((key, part), f"{text} leads to it{part}"), partial(_through, good, edge)
    if len(edges):  # Others of the same kinds, by what they begin with.
        yield from _beginning_otherwise(good, edges)


def _beginning_otherwise(good: Arrivals, edges: Numbers) -> Candidates:
    graph = good.graph
    for edge in edges[:MOST_TRIED].tolist():
        _, way = good.way_to(int(graph.source[edge]))
        key, text = _told(graph, int(graph.action[(*way, edge)[0]]))
        last, _ = _told(graph, int(graph.action[edge]))
        yield Kind(("begins", key, last), f"begins with {text}"), partial(_through, good, edge)


def _through(arrivals: Arrivals, edge: int) -> Trace:
    first, way = arrivals.way_to(int(arrivals.graph.source[edge]))
    return arrivals.graph.trace(first, [*way, edge])


def _part(graph: StateGraph, broken: Expr | None, state: int) -> str:
    """Which parts of what should hold are false in a state; empty where there is only one."""
    parts = _must_hold(broken) if broken is not None else ()
    false = [part for part in parts if not graph.system.predicate(part)(graph.states[state])]
    if len(parts) < 2 or not false:
        return ""
    declared = {each.name for each in graph.system.variables if each.role == "data"}
    shown = [f"'{to_text(part)}' is false" for part in false if references(part) <= declared]
    return f": {', '.join(shown[:2])}" if shown else ""


def _must_hold(broken: Expr) -> tuple[Expr, ...]:
    """The conjuncts of what a negation says is broken."""
    match broken:
        case Operation("not", (Operation("and", arguments),)):
            return arguments
        case Operation("and", arguments):
            return next((found for each in arguments if (found := _must_hold(each))), ())
        case Operation("or", arguments):
            return tuple(negation(each) for each in arguments)
    return ()


def _breaking(graph: StateGraph, claims: frozenset[tuple[str, str]]) -> Candidates:
    """The actions that break a claim where they happen."""
    for state in range(graph.expanded):
        values = graph.states[state]
        if not graph.in_range[state]:
            continue
        for number, plain in enumerate(graph.system.plain):
            if plain.harmless or not plain.listed:
                continue
            for claim, after in plain.findings(values):
                if (claim.kind, claim.name) in claims or (claim.kind, "*") in claims:
                    key, text = _told(graph, number)
                    yield (
                        Kind((key, claim.kind, claim.name.split("#")[0], claim.message), f"{text} breaks it"),
                        partial(_broken, graph, state, number, claim, after),
                    )


def _broken(graph: StateGraph, state: int, number: int, claim: Claim, after: State | None) -> Trace:
    first, way = graph.way_to(state)
    here = graph.edges(state) if after is not None else range(0)
    last = [edge for edge in here if graph.action[edge] == number and graph.states[graph.target[edge]] == after]
    return replay(replace(graph.trace(first, way + last[:1]), broken=claim))


def of_execution(asked: model.Property, graph: StateGraph) -> Candidates:
    """The ways to break a property of whole executions, with its fairness."""
    abouts = [parse(as_text(text)) for text in (asked.about if isinstance(asked.about, tuple) else (asked.about,))]
    if asked.word == "possible":
        for goal in meanings(abouts[0], graph):
            hopeful = graph.where(goal) | ~graph.in_range
            hopeful[graph.expanded :] = True
            yield from _into(graph, ~before(graph, hopeful), None)
    elif asked.word == "leads_to":
        for trigger, goal in zip(*(meanings(each, graph) for each in abouts), strict=True):
            start = graph.where(conjunction([trigger, negation(goal)]))
            yield from _for_ever(graph, start, graph.where(negation(goal)), asked.fairness or "weak", stuck=True)
    else:
        everywhere = graph.where(TRUE)
        initial = np.arange(len(everywhere)) < graph.initial
        yield from _for_ever(graph, initial, everywhere, asked.fairness or "weak", stuck=False)


def _for_ever(graph: StateGraph, starts: Mask, inside: Mask, fairness: str, stuck: bool) -> Candidates:
    """The ways to stay inside: to end there, or to go round, by who takes part in the loop and how one comes to it."""
    arrivals = Arrivals.of(graph, starts & inside, inside)
    ending = arrivals.order[graph.ends[arrivals.order]] if stuck else arrivals.order[:0]
    for state in ending.tolist():
        _, way = arrivals.way_to(state)
        key, text = _told(graph, int(graph.action[way[-1]])) if way else ("", "nothing")
        yield Kind(("ends", key), f"it ends, after {text}"), partial(graph.trace, *arrivals.way_to(state))
    loops = Loops(arrivals, Duties(graph, fairness))
    seen: set[tuple[int, Hashable]] = set()
    for entry in loops.entries():
        _, way = arrivals.way_to(entry)
        last = _told(graph, int(graph.action[way[-1]]))[0] if way else ""
        component = int(loops.component[entry])
        if (component, last) in seen:
            continue
        seen.add((component, last))
        lasso = loops.lasso(entry)
        assert lasso.loop is not None
        told = dict(_told(graph, number) for number in lasso.actions[lasso.loop :])
        shown = list(told.values())
        text = ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
        yield Kind(("loop", frozenset(told)), f"{text} for ever"), partial(replay, lasso)
