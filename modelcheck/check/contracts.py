"""Contracts along the control-flow graph, by z3, for all values (Hoare 1969).

Does what holds on arrival at each step, along every path, imply its `requires`; does its effect establish its
`ensures`; does completing establish the flow's; can a variable leave its range, a choice be without a way out? On the
graph this is exact where one token moves through a flow without loops, and where branches side by side do not disturb
each other: then each is a sequence by itself. What somebody else may write (an unordered step, another instance, a
failed attempt) is taken to have any value: what is proved then is still true. Everything else (loops, contracts of
undoing, branches with choices) is a question about the transition system, and stays with the engine that explores it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import networkx as nx

from .. import model
from ..declare import range_assumptions
from ..engine.hoare import ContractAnswer, Statement, verify
from ..engine.target import Limits
from ..expand.several import title_of
from ..expand.timeouts import heard
from ..expressions import BOOL, TRUE, Expr, IntType, Type, conjunction, disjunction, negation, substitute
from ..graph.flow import END, START, flow_graph, jumps_after, loops
from ..graph.reachability import Reachability
from ..graph.structure import is_sequential, plain_order
from ..orchestration.typed import TypedFlow, TypedStep
from ..results import Result, Verdict
from ..system import Claim, TransitionSystem, Variable
from .interference import certain, disturbed, provided_keys
from .question import Question
from .several import OneFlow, each_flow

FLOW, WAY_OUT = "(flow)", ": way out"
METHOD = "z3 along the flow, for all values"
Entry = tuple[str | None, Expr]


@dataclass(frozen=True)
class FlowAnswers:
    """What z3 says about one instance of a flow. design, typed: with that flow only, which is called `flow`.

    exact: what is refuted is broken in some execution; else some variables were taken to have any value. reached: the
    steps that are certainly reached. order: how the steps follow each other where some run side by side. assumptions:
    the ranges that the model states.
    """

    flow: str
    design: model.Orchestration
    typed: TypedFlow
    answers: Mapping[tuple[str, str], ContractAnswer]
    exact: bool
    reached: frozenset[str]
    order: Reachability | None
    assumptions: tuple[str, ...] = ()

    @property
    def steps(self) -> Mapping[str, TypedStep]:
        """The steps, typed."""
        return self.typed.instances[0].steps

    def subject(self, answer: ContractAnswer) -> str:
        """What an answer speaks of: a step, the step that runs the flow it begins or ends, or the flow."""
        name = answer.name.split(": ")[0]
        return title_of(self.flow) if name == FLOW else self.steps[name].step.origin.part_of or name

    def title(self, answer: ContractAnswer) -> str:
        """The name of the question that an answer answers."""
        return f"{self.subject(answer)} {answer.kind}"


def graph_is_enough(design: model.Orchestration) -> bool:
    """Whether one token moves through the only flow, once through each step, undisturbed by others."""
    flow, *others = each_flow(design)
    graph = flow_graph(flow.design)
    if others or loops(graph).parts or not is_sequential(flow.design.flow, graph):
        return False
    return not disturbed(flow.design, flow.typed, None)


def flow_answers(design: model.Orchestration, limits: Limits) -> tuple[FlowAnswers, ...]:
    """z3's answers about each flow that no other disturbs and of which the graph tells enough."""
    found = (_answers(each, limits) for each in each_flow(design) if each.undisturbed)
    return tuple(each for each in found if each is not None)


def _answers(flow: OneFlow, limits: Limits) -> FlowAnswers | None:
    design = flow.design
    graph = flow_graph(design)
    order = plain_order(design)
    if order is None and (loops(graph).parts or not is_sequential(design.flow, graph)):
        return None
    typed = _with_context(design, flow.typed)
    open_to_all = disturbed(design, typed, order)
    statements = _sequential(graph, typed) if order is None else _side_by_side(graph, typed, order)
    if open_to_all:
        statements = [replace(statement, forgets=open_to_all) for statement in statements]
    requires = typed.instances[0].requires or TRUE
    initial = conjunction([*(variable.starts for variable in typed.variables), requires])
    found = verify(statements, typed.types, initial, seconds=min(limits.seconds, 20.0))
    reached = certain(design, typed, order) if order is not None and open_to_all else frozenset[str]()
    ranges = range_assumptions(typed.variables)
    answers = {(each.name, each.kind): each for each in found}
    return FlowAnswers(flow.name, design, typed, answers, not open_to_all, reached, order, ranges)


def proved_contracts(design: model.Orchestration, questions: Sequence[Question], limits: Limits) -> Iterator[Result]:
    """The results of those contract questions that z3 proves on the graph; nothing about the others."""
    if any(each.check == "contracts" for each in questions):
        for answers in flow_answers(design, limits):
            yield from contract_results(answers, questions)


def contract_results(found: FlowAnswers, questions: Sequence[Question]) -> Iterator[Result]:
    """The contracts that are proved."""
    asked = {question.name: question for question in questions if question.check == "contracts"}
    for answer in found.answers.values():
        question = asked.get(found.title(answer))
        if question is None or answer.verdict != "proved" or WAY_OUT in answer.name:
            continue
        name = answer.name.split(": ")[0]
        if answer.vacuous:
            yield replace(proved(question, found), vacuous=True, reason=question.vacuous)
        elif found.exact or (len(found.reached) == len(found.steps) if name == FLOW else name in found.reached):
            yield proved(question, found)


def proved(question: Question, found: FlowAnswers) -> Result:
    """A question that z3 has decided along the flow."""
    verdict, ranges = Verdict.PROVED, found.assumptions
    return Result(question.name, question.check, verdict, METHOD, assumptions=ranges, position=question.position)


def range_results(
    flows: Sequence[FlowAnswers], questions: Sequence[Question], system: TransitionSystem
) -> Iterator[Result]:
    """The variables that no step takes out of their range; what an undo writes is not looked at here, nor whether an
    item that is assigned is there."""
    of_step = {name: found for found in flows for name in found.steps}
    kept: dict[str, FlowAnswers | None] = {}
    for action in system.actions:
        label, found = action.label, of_step.get(action.label.step)
        for claim in action.claims:
            if claim.kind == "range":
                outcome = "ok" if label.outcome == "check" else label.really or label.outcome
                name = claim.name.split("#")[0]
                kept_here = label.phase == "finish" and found and _stays_in_range(found, label.step, outcome, claim)
                kept[name] = found if kept_here and kept.get(name, found) is not None else None
    for question in questions:
        by_flow = kept.get(question.name.removesuffix(" in range"))
        if question.check == "ranges" and by_flow is not None:
            yield proved(question, by_flow)


def _stays_in_range(found: FlowAnswers, step: str, outcome: str, claim: Claim) -> bool:
    answer = found.answers.get((f"{step}: {outcome}", "range"))
    about_items = {each.message for each in found.steps[step].missing.get(outcome, ())}
    return answer is not None and answer.verdict == "proved" and claim.message not in about_items


def choice_results(found: FlowAnswers, questions: Sequence[Question]) -> Iterator[Result]:
    """The steps after which some transition can always be taken."""
    ways: dict[str, bool] = {}
    for (name, kind), answer in found.answers.items():
        step, separator, _ = name.partition(WAY_OUT)
        if separator and kind == "ensures":
            step = step.split(": ")[0]
            ways[step] = ways.get(step, True) and answer.verdict == "proved"
    for question in questions:
        if ways.get(question.name.removeprefix("a way out of ")) and question.name.startswith("a way out of "):
            yield proved(question, found)


def _with_context(design: model.Orchestration, typed: TypedFlow) -> TypedFlow:
    """The flow with the context's keys as variables: a step without its inputs does not start."""
    inputs = {key for step in design.flow.steps.values() for key in step.input.values()}
    if not inputs:
        return typed
    keys = {key: Variable(f"context.{key}", BOOL, (key in design.flow.context,)) for key in sorted(inputs)}

    def extended(step: TypedStep) -> TypedStep:
        given = conjunction([step.awaits, *(keys[key].ref for key in step.step.input.values())])
        written = {keys[key].name: TRUE for key in provided_keys(design, step.step) if key in keys}
        return replace(step, awaits=given, effects={**step.effects, "ok": {**step.effects["ok"], **written}})

    (instance,) = typed.instances
    instance = replace(instance, steps={name: extended(step) for name, step in instance.steps.items()})
    types = {**typed.types, **{variable.name: variable.type for variable in keys.values()}}
    return replace(typed, variables=(*typed.variables, *keys.values()), instances=(instance,), types=types)


# The statements.


def _sequential(graph: nx.MultiDiGraph[str], typed: TypedFlow) -> list[Statement]:
    """A flow in which one token moves: a step is entered by any of the ways that lead to it."""
    instance = typed.instances[0]
    entries: dict[str, list[Entry]] = {name: [] for name in (*instance.steps, END)}
    entries[next(iter(graph.successors(START)))].append((None, TRUE))
    statements: list[Statement] = []
    for name in (node for node in nx.topological_sort(_forward(graph)) if node in instance.steps):
        step = instance.steps[name]
        statements += [*_step_statements(step, tuple(entries[name]), typed), *_ways_out(step)]
        for source, outcome, condition in _exits(step):
            for target, branch in _targets(graph, step, outcome):
                here = conjunction([condition, branch])
                if target != name and target == step.step.origin.part_of:
                    # The flow is not run: the contract of the step that runs it is not asked.
                    whole = instance.steps[target]
                    statements += _way_past(whole, source, here)
                    ways = [(onwards, conjunction([here, where])) for onwards, where in _targets(graph, whole, "ok")]
                else:
                    ways = [(target, here)]
                for onwards, where in ways:
                    if onwards in entries:
                        entries[onwards].append((source, where))
    statements.append(Statement(FLOW, tuple(entries[END]), ensures=instance.ensures))
    return statements


def _side_by_side(graph: nx.MultiDiGraph[str], typed: TypedFlow, order: Reachability) -> list[Statement]:
    """A plain flow: a step is entered when all that it waits for has passed, by running or by being skipped."""
    instance = typed.instances[0]
    statements: list[Statement] = []
    passes: dict[str, str | None] = {START: None}
    for name in order.order:
        step = instance.steps[name]
        entries = tuple((passes[source], TRUE) for source in graph.predecessors(name))
        arrives, *others = _step_statements(step, entries, typed)
        statements += [replace(arrives, every=True), *others]
        passes[name] = _commits(step)
        if step.when != TRUE:
            passes[name] = f"{name}: passes"
            exits = tuple((source, condition) for source, outcome, condition in _exits(step) if outcome == "ok")
            statements.append(Statement(f"{name}: passes", exits))
    ends = tuple((passes[name], TRUE) for name in graph.predecessors(END))
    statements.append(Statement(FLOW, ends, ensures=instance.ensures, every=True))
    return statements


def _forward(graph: nx.MultiDiGraph[str]) -> nx.DiGraph[str]:
    return nx.DiGraph((a, b) for a, b, data in graph.edges(data=True) if data["kind"] in ("sequence", "jump"))


def _step_statements(step: TypedStep, entries: tuple[Entry, ...], typed: TypedFlow) -> list[Statement]:
    """Arriving, starting (the contract's premise), finishing with each outcome, and committing: a promise is kept
    where the check after the effect is true, be the effect within its ranges or not."""
    arrives = f"{step.name}: arrives"
    started = conjunction([step.when, step.awaits])
    requires, whole = step.requires, step.step.origin.part_of
    skips = whole != step.name and any(target == whole for target, _ in step.branches("ok"))
    found = [Statement(arrives, entries), Statement(step.name, ((arrives, started),), None if skips else requires)]
    if skips:  # What a step that runs a flow requires is asked where it runs it.
        begins = disjunction(condition for target, condition in step.branches("ok") if target != whole)
        found.append(Statement(f"{step.name}: begins", ((step.name, begins),), requires))
    for outcome in step.outcomes:
        known = {parameter.name: parameter.type for parameter in step.parameters} if outcome == "ok" else {}
        guard = step.assumed if outcome == "ok" else TRUE
        updates = step.effects[outcome]
        found.append(Statement(f"{step.name}: {outcome}", ((step.name, TRUE),), None, guard, updates, None, known))
    ensures = None if step.parameters else step.ensures
    effect = step.effects["ok"]
    if ensures is not None and any(_ranged(typed.types[name]) for name in effect):
        # The system asks for it as the effect happens, even where that leaves a range and the path ends.
        checked = substitute(step.check or TRUE, effect)
        found.append(Statement(f"{step.name}: promises", ((step.name, TRUE),), None, checked, effect, ensures))
        ensures = None
    found.append(Statement(_commits(step), ((f"{step.name}: ok", step.check or TRUE),), ensures=ensures))
    return found


def _ways_out(step: TypedStep) -> Iterator[Statement]:
    """After each ending that chooses where to go, and after being skipped: that some transition can be taken. It is
    asked as the effect happens, even where that leaves a range."""
    for outcome in step.outcomes:
        none = [condition for target, condition in step.branches(outcome) if target is None]
        if not jumps_after(step.step, heard(outcome)):
            continue
        some, effect = negation(conjunction(none)) if none else TRUE, step.effects[outcome]
        checked = conjunction([substitute(step.check or TRUE, effect), step.assumed]) if outcome == "ok" else TRUE
        known = {parameter.name: parameter.type for parameter in step.parameters} if outcome == "ok" else {}
        name = f"{step.name}: {outcome}{WAY_OUT}"
        yield Statement(name, ((step.name, TRUE),), None, checked, effect, some, known)
        if outcome == "ok" and step.when != TRUE:
            entry = (f"{step.name}: arrives", negation(step.when))
            yield Statement(f"{step.name}: skipped{WAY_OUT}", (entry,), ensures=some)


def _way_past(whole: TypedStep, source: str, condition: Expr) -> Iterator[Statement]:
    """After skipping a step that runs a flow: that some transition of it can be taken."""
    if jumps_after(whole.step, "ok"):
        none = [condition for target, condition in whole.branches("ok") if target is None]
        some = negation(conjunction(none)) if none else TRUE
        yield Statement(f"{whole.name}: passed by{WAY_OUT}", ((source, condition),), ensures=some)


def _ranged(kind: Type) -> bool:
    return isinstance(kind, IntType) and kind.low is not None


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
