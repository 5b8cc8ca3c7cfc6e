"""Contracts along the control-flow graph, by z3, for all values (Hoare 1969).

Does what holds on arrival at each step, along every path, imply its `requires`; does its effect establish its
`ensures`; does completing establish the flow's? On the graph alone this is exact where one token moves through a
flow without loops, and nobody else writes what it reads. Everything else (parallel branches, loops, shared
variables of several instances, contracts of undoing) is a question about the transition system, and stays with the
engine that explores it; so do refutations, which need a trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import networkx as nx

from .. import model
from ..engine.hoare import ContractAnswer, Statement, verify
from ..engine.target import Limits
from ..expand.several import title_of
from ..expand.timeouts import heard
from ..expressions import TRUE, Expr, conjunction, negation
from ..graph.flow import END, START, flow_graph, jumps_after, loops
from ..orchestration.typed import TypedFlow, TypedStep, type_flow
from ..results import Result, Verdict
from .question import Question
from .several import undisturbed_flows

FLOW = "(flow)"
Entry = tuple[str | None, Expr]


def proved_contracts(design: model.Orchestration, questions: Sequence[Question], limits: Limits) -> Iterator[Result]:
    """The results of those contract questions that z3 proves on the graph; nothing about the others."""
    asked = {question.name: question for question in questions if question.check == "contracts"}
    if not asked:
        return
    for name, each in undisturbed_flows(design).items():
        if graph_is_enough(each):
            yield from _proved(name, each, asked, limits)


def _proved(flow: str, design: model.Orchestration, asked: Mapping[str, Question], limits: Limits) -> Iterator[Result]:
    typed = type_flow(design, instances=1)
    for answer in verify_flow(design, typed, min(limits.seconds, 20.0)):
        question = asked.get(_title(answer, flow))
        if question is None or answer.verdict != "proved":
            continue
        result = Result(
            question.name,
            "contracts",
            Verdict.PROVED,
            "z3 along the flow, for all values",
            assumptions=tuple(f"{name} in {kind}" for name, kind in typed.types.items() if str(kind)[:1].isdigit()),
            position=question.position,
        )
        yield replace(result, vacuous=True, reason=question.vacuous) if answer.vacuous else result


def _title(answer: ContractAnswer, flow: str) -> str:
    name = answer.name.split(": ")[0].removeprefix("begin ")
    return f"{title_of(flow) if name == FLOW else name} {answer.kind}"


def graph_is_enough(design: model.Orchestration) -> bool:
    """Whether one token moves through the flow, once through each step, undisturbed by other instances."""
    graph = flow_graph(design)
    steps = design.flow.steps
    one_start = graph.out_degree(START) == 1
    forks = any(
        sum(data["kind"] == "sequence" for _, _, data in graph.out_edges(name, data=True)) > 1 for name in steps
    )
    alone = str(design.instances) == "1" or not any(declared.shared for declared in design.variables.values())
    return one_start and not forks and not loops(graph).parts and alone and not _retries_with_effect(design)


def _retries_with_effect(design: model.Orchestration) -> bool:
    """Whether a failed attempt changes something before the next: a small loop with data."""
    for step in design.flow.steps.values():
        retry = step.retry or design.policies.retry
        hidden = step.origin.hides == "either" and retry is not None and "timeout" in retry.on
        if hidden or (retry is not None and any(step.outcomes.get(outcome) for outcome in retry.on)):
            return True
    return False


def verify_flow(design: model.Orchestration, typed: TypedFlow, seconds: float) -> list[ContractAnswer]:
    """z3's answers about the contracts of one instance of a sequential flow without loops."""
    graph = flow_graph(design)
    instance = typed.instances[0]
    entries: dict[str, list[Entry]] = {name: [] for name in (*instance.steps, END)}
    entries[next(iter(graph.successors(START)))].append((None, TRUE))
    statements: list[Statement] = []
    order = [node for node in nx.topological_sort(_forward(graph)) if node in instance.steps]
    for name in order:
        statements += _step_statements(instance.steps[name], tuple(entries[name]))
        for source, outcome, condition in _exits(instance.steps[name]):
            for target, branch in _targets(graph, instance.steps[name], outcome):
                if target in entries:
                    entries[target].append((source, conjunction([condition, branch])))
    statements.append(Statement(FLOW, tuple(entries[END]), ensures=instance.ensures))
    initial = conjunction([*(variable.starts for variable in typed.variables), instance.requires or TRUE])
    return verify(statements, typed.types, initial, seconds=seconds)


def _forward(graph: nx.MultiDiGraph[str]) -> nx.DiGraph[str]:
    return nx.DiGraph((a, b) for a, b, data in graph.edges(data=True) if data["kind"] in ("sequence", "jump"))


def _step_statements(step: TypedStep, entries: tuple[Entry, ...]) -> list[Statement]:
    """Arriving, starting (the contract's premise), finishing with each outcome, and committing: a promise is kept
    where the check after the effect is true."""
    arrives = f"{step.name}: arrives"
    started = conjunction([step.when, step.awaits])
    found = [Statement(arrives, entries), Statement(step.name, ((arrives, started),), requires=step.requires)]
    for outcome in step.outcomes:
        known = {parameter.name: parameter.type for parameter in step.parameters} if outcome == "ok" else {}
        guard = step.assumed if outcome == "ok" else TRUE
        updates = step.effects[outcome]
        found.append(Statement(f"{step.name}: {outcome}", ((step.name, TRUE),), None, guard, updates, None, known))
    ensures = None if step.parameters else step.ensures
    found.append(Statement(_commits(step), ((f"{step.name}: ok", step.check or TRUE),), ensures=ensures))
    return found


def _commits(step: TypedStep) -> str:
    return f"{step.name}: commits"


def _exits(step: TypedStep) -> Iterator[tuple[str, str, Expr]]:
    """From where the token moves on: (statement, outcome, condition on the state there)."""
    if step.when != TRUE:
        yield f"{step.name}: arrives", "ok", negation(step.when)
    for outcome in step.outcomes:
        if outcome == "ok":
            yield _commits(step), "ok", TRUE
        elif jumps_after(step.step, heard(outcome)):
            yield f"{step.name}: {outcome}", outcome, TRUE


def _targets(graph: nx.MultiDiGraph[str], step: TypedStep, outcome: str) -> Iterator[tuple[str, Expr]]:
    """Where it moves to; the conditions of a choice are on the state after the step."""
    if jumps_after(step.step, heard(outcome)):
        for target, condition in step.branches(outcome):
            # With no way out the token is gone, and the flow completes.
            yield END if target in (None, "end") else str(target), condition
        return
    for _, target, data in graph.out_edges(step.name, data=True):
        if data["kind"] == "sequence":
            yield target, TRUE
