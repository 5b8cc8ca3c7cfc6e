"""Unordered steps that conflict: the outcome depends on which runs first (Bernstein 1966).

Two steps that can be in flight at once conflict where one writes what the other reads or writes and their
effects do not commute. Which pairs can overlap is asked of the system; whether they commute, of z3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

import networkx as nx

from .. import model
from ..engine.hoare import counterexample
from ..engine.precedence import precedes
from ..engine.smt_limits import Undecided
from ..engine.target import Target
from ..errors import position_of
from ..expand import flows_of
from ..expressions import TRUE, Expr, Ref, Type, conjunction, equal, references, substitute
from ..graph.flow import flow_graph, order_of_steps, predecessors
from ..graph.reachability import Reachability, bits_of
from ..graph.structure import plain_order
from ..orchestration.typed import TypedFlow, TypedStep, type_flow
from ..results import Finding, Result, Verdict
from ..system import TransitionSystem
from .interference import read, written
from .properties import steps_named
from .question import Question

PREFIX = "conflict: "
MOST_PAIRS, MOST_TIMED = 2_000, 100


def conflict_questions(design: model.Orchestration, system: TransitionSystem) -> list[Question]:
    """For each pair of unordered steps whose effects do not commute: can both be in flight at once?"""
    flows = flows_of(design).values()
    every = [type_flow(each, instances=1) for each in flows]
    typed = every[0]
    steps = {name: step for each in every for name, step in each.instances[0].steps.items()}
    order = order_of_steps(flow_graph(design), steps)
    running = system.scope.predicates["running"]
    found = []
    for first, second in islice(_unordered(steps, order), MOST_PAIRS):
        if _may_conflict(steps[first], steps[second], typed):
            target = Target("", state=conjunction([running[first], running[second]]))
            found.append(Question(f"{PREFIX}{first} and {second}", "ordering", target, wanted=True))
    return found


def _unordered(steps: Mapping[str, TypedStep], order: Reachability) -> Iterator[tuple[str, str]]:
    """The unordered pairs of steps of which one writes what the other reads or writes, in the order written."""
    places = {name: number for number, name in enumerate(steps)}
    writers: dict[str, list[str]] = {}
    readers: dict[str, list[str]] = {}
    for name, step in steps.items():
        for variable in written(step):
            writers.setdefault(variable, []).append(name)
        for variable in written(step) | read(step):
            readers.setdefault(variable, []).append(name)
    pairs: set[tuple[int, int]] = set()
    for variable, writing in writers.items():
        reading = order.bits(readers[variable])
        for writer in writing:
            place = order.place[writer]
            others = reading & ~(order.earlier[place] | order.later[place] | 1 << place)
            for other in map(order.order.__getitem__, islice(bits_of(others), MOST_PAIRS)):
                pairs.add((min(places[writer], places[other]), max(places[writer], places[other])))
        if len(pairs) > MOST_PAIRS:
            break
    names = list(steps)
    return ((names[first], names[second]) for first, second in sorted(pairs))


def conflict_finding(design: model.Orchestration, result: Result) -> Finding | None:
    """The warning for a pair that was found in flight at once."""
    if result.verdict != Verdict.PROVED:
        return None
    names = result.name.removeprefix(PREFIX)
    first = names.split(" and ")[0]
    message = f"{names} are unordered, and the result depends on which finishes first"
    flows = [each.flow for each in flows_of(design).values()]
    where = position_of(next(name for flow in flows for name in flow.steps if name == first))
    hint = "order them with `after`, or make their effects independent"
    if not any({first, names.split(" and ")[1]} <= set(flow.steps) for flow in flows):
        hint = "let one of them `await` the other, or make their effects independent"
    return Finding("W320", message, position=where, hint=hint)


def _may_conflict(first: TypedStep, second: TypedStep, typed: TypedFlow) -> bool:
    for one, other in ((first, second), (second, first)):
        if written(one) & (written(other) | read(other)):
            return not _commute(first.effects["ok"], second.effects["ok"], typed.types) or _disables(first, second)
    return False


def _disables(first: TypedStep, second: TypedStep) -> bool:
    """One writes what the other's contract or check speaks of."""
    for one, other in ((first, second), (second, first)):
        formulas = [f for f in (other.requires, other.ensures, other.check) if f is not None]
        if any(references(formula) & written(one) for formula in formulas):
            return True
    return False


def _commute(first: Mapping[str, Expr], second: Mapping[str, Expr], types: Mapping[str, Type]) -> bool:
    """Whether both orders give the same state, for all states; a doubt counts as no."""
    same = []
    for name in sorted({*first, *second}):
        here = Ref(name, types[name])
        one_way = substitute(second.get(name, here), first)
        other_way = substitute(first.get(name, here), second)
        same.append(equal(one_way, other_way))
    question = conjunction(same)
    if references(question) - set(types):
        return False  # A value that only the environment knows.
    used = {name: types[name] for name in references(question)}
    try:
        return counterexample(TRUE, question, used, seconds=2.0) is None
    except Undecided:
        return False


def proved_precedences(design: model.Orchestration, questions: Sequence[Question]) -> Iterator[Result]:
    """The `before` properties that hold for all durations, by z3 over start and end times of the graph.

    Only where every step runs exactly once if the flow gets that far: a plain flow without `when`. There the one comes
    before the other exactly where it leads to it; of very many steps that is all that is looked at.
    """
    flows = flows_of(design).values()
    names = {name for each in flows for name in each.flow.steps}
    asked = [
        (question, set(steps_named(first, names)), set(steps_named(second, names, begin=True)))
        for question in questions
        for first, second in _pairs(design, question)
    ]
    for each in flows if asked else ():
        yield from _proved_within(each, [known for known in asked if known[1] | known[2] <= each.flow.steps.keys()])


def _pairs(design: model.Orchestration, question: Question) -> list[tuple[model.Formula, model.Formula]]:
    asked = design.properties.get(question.name)
    if asked is None or asked.word != "before" or not isinstance(asked.about, tuple):
        return []
    return [(asked.about[0], asked.about[1])]


def _proved_within(
    design: model.Orchestration, asked: Sequence[tuple[Question, set[str], set[str]]]
) -> Iterator[Result]:
    order = plain_order(design)
    if order is None or any(step.when is not None for step in design.flow.steps.values()):
        return
    waits_for: nx.DiGraph[str] | None = None
    for question, firsts, seconds in asked:
        pairs = list(product(firsts, seconds))
        if not pairs or not all(order.leads(*pair) for pair in pairs):
            continue
        method = "order of the steps"
        if max(order.earlier[order.place[second]].bit_count() for second in seconds) <= MOST_TIMED:
            waits_for = waits_for or _waits_for(design)
            method = "z3 over start and end times"
            if not all(precedes(waits_for, *pair)[0] for pair in pairs):
                continue
        first, second = _pairs(design, question)[0]
        reason = f"{first} ends before {second} starts, whatever the durations"
        yield Result(question.name, "ordering", Verdict.PROVED, method, reason)


def _waits_for(design: model.Orchestration) -> nx.DiGraph[str]:
    order: nx.DiGraph[str] = nx.DiGraph()
    order.add_nodes_from(design.flow.steps)
    order.add_edges_from((a, b) for b, before in predecessors(design.flow).items() for a in before or ())
    return order
