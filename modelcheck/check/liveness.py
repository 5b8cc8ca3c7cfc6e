"""Questions about whole executions, which need the state graph: termination, `leads_to`, `possible`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

from .. import model
from ..engine.fairness import FAIRNESS
from ..engine.liveness import find_lasso, possible
from ..engine.packed.graph import state_graph
from ..engine.rank_of_values import ValueRank, rank_of_values
from ..engine.state_graph import StateGraph
from ..engine.strategy import Strategy
from ..engine.target import Answer, Limits
from ..errors import position_of
from ..expand import expand, flows_of
from ..expressions import BOOL, Expr, Resolver, conjunction, negation
from ..results import Result, Verdict
from ..system import TransitionSystem
from ..trace import Trace
from .compensation import compensation_questions, restoration_results
from .deadline import deadline_problems, deadline_results
from .leads_to import ends_pending
from .properties import each_instance, only_flows
from .question import Ask, answer_questions
from .soundness import names_by_themselves, soundness_problems, soundness_results
from .termination import MOST_SECONDS, termination_result, told

Compute = Callable[[], Result]
Explore = Callable[[], StateGraph]


LIVENESS = ("ends", "possible", "leads_to", "compensated", "sound", "deadline")


def answers_by_themselves(design: model.Model) -> Iterator[str]:
    """The names of the answers that `liveness_results` gives without having been asked by a property."""
    yield from names_by_themselves(design)
    if not isinstance(design, model.System | model.Net):
        yield "termination"
    if isinstance(design, model.Orchestration):
        steps = [each for flow in flows_of(expand(design)).values() for each in flow.flow.steps.items()]
        for name, step in steps:
            if step.compensation is not None:
                yield from (f"undoing {name} restores {variable}" for variable in step.compensation.restores)


def liveness_results(
    design: model.Model,
    system: TransitionSystem,
    resolver: Resolver,
    limits: Limits,
    strategy: Strategy | None = None,
) -> Iterator[tuple[str, Compute]]:
    """The name of each such question, with the function that answers it; formulas are typed at once."""
    strategy = strategy or Strategy()
    ask = strategy.ask
    graph = cache(lambda: state_graph(system, limits))  # All questions share one state graph, made when first needed.
    ranked = cache(lambda: rank_of_values(system, min(limits.seconds, MOST_SECONDS)))
    for name, asked in design.properties.items():
        about, fairness = asked.about, asked.fairness or design.fairness
        if asked.word == "ends":
            flow = _flow_named(about, design)
            if flow is None:
                yield name, _ends(design, system, limits, name, graph, fairness)
            else:
                assert isinstance(design, model.Orchestration)
                yield name, _flow_ends(name, flow or design.flow.name, system, graph, fairness)
        elif asked.word == "possible" and not isinstance(about, tuple):
            goals = each_instance(about, system, resolver)
            if goals:
                yield name, _possible(name, goals, about, system, graph)
        elif asked.word == "leads_to" and isinstance(about, tuple):
            pairs = _pairs(about, system, resolver)
            if pairs:
                yield name, _leads_to(name, pairs, about, system, limits, graph, ranked, fairness, ask)
        elif asked.word == "compensated":
            if isinstance(design, model.Orchestration):
                yield name, _compensated(name, design, system, limits, _flow_named(about, design), ask)
            else:
                resolver.problems.append(only_flows(name))
    resolver.problems += [*soundness_problems(design, system), *deadline_problems(design)]
    if not resolver.problems:
        yield from deadline_results(design, limits)
    yield from soundness_results(design, system, limits, graph, strategy.reductions)
    if not isinstance(design, model.System | model.Net):
        yield "termination", _ends(design, system, limits, "termination", graph, design.fairness)
    if isinstance(design, model.Orchestration):
        for result in restoration_results(design, min(limits.seconds, 10.0)):
            yield result.name, _known(result)


def _known(result: Result) -> Compute:
    return lambda: result


def _ends(
    design: model.Model, system: TransitionSystem, limits: Limits, name: str, graph: Explore, fairness: str
) -> Compute:
    return lambda: termination_result(design, system, limits, name, graph, fairness)


def _flow_named(about: object, design: model.Model) -> str | None:
    """Which of several flows a property speaks of ("" for the one under `flow`); None: all there is."""
    flows = flows_of(design) if isinstance(design, model.Orchestration) else {}
    if len(flows) < 2 or about == "system":
        return None
    return str(about) if about in flows else ""


def _flow_ends(name: str, flow: str, system: TransitionSystem, graph: Explore, fairness: str) -> Compute:
    """Whether one of several flows always ends: no fair execution goes on for ever, or is stuck, before it has."""

    def compute() -> Result:
        for scope in system.scope.instances:
            ended = scope.predicates["ended"][flow]
            trace, answer = find_lasso(system, negation(ended), fairness=fairness, stuck=True, graph=graph())
            result = _of_graph(
                name, system, trace, answer, "it never ends", "it ends in every fair execution", fairness
            )
            if result.verdict != Verdict.PROVED:
                break
        return replace(result, check="termination")

    return compute


def _compensated(
    name: str, design: model.Orchestration, system: TransitionSystem, limits: Limits, flow: str | None, ask: Ask
) -> Compute:
    """All that the check `compensation` asks, under the user's name: what is left, what was undone, in which order."""

    def compute() -> Result:
        questions = compensation_questions(design, system, flow)
        if not questions:
            reason = "nothing can fail, or nothing has an effect"
            return Result(
                name, "compensation", Verdict.PROVED, "graph", reason, vacuous=True, position=position_of(name)
            )
        results, _ = answer_questions(system, questions, ask, limits)
        worst = next((result for result in results if result.verdict != Verdict.PROVED), results[0])
        return replace(worst, name=name, position=position_of(name))

    return compute


def _pairs(about: tuple[model.Formula, ...], system: TransitionSystem, resolver: Resolver) -> list[tuple[Expr, Expr]]:
    """Trigger and goal in each instance."""
    scopes = system.scope.instances or (system.scope,)
    found = []
    for scope in scopes:
        inner = replace(scope, instances=scopes)
        trigger, goal = (resolver.expression(text, inner, BOOL) for text in about)
        if trigger is None or goal is None:
            return []
        found.append((trigger, goal))
    return found


def _possible(name: str, goals: list[Expr], text: model.Formula, system: TransitionSystem, graph: Explore) -> Compute:
    def compute() -> Result:
        for goal in goals:
            trace, answer = possible(system, goal, graph=graph())
            found = f"from here, {text} can no longer be reached"
            result = _of_graph(name, system, trace, answer, found, f"{text} can always be reached")
            if result.verdict != Verdict.PROVED:
                return result
        return result

    return compute


def _leads_to(
    name: str,
    pairs: list[tuple[Expr, Expr]],
    about: tuple[model.Formula, ...],
    system: TransitionSystem,
    limits: Limits,
    graph: Explore,
    ranked: Callable[[], tuple[ValueRank, ...]],
    fairness: str,
    ask: Ask,
) -> Compute:
    def compute() -> Result:
        if parts := ranked():
            return _leads_to_before_the_end(name, pairs, about, system, limits, told(parts), ask)
        triggered = False
        for trigger, goal in pairs:
            # Whoever is in `start` without the goal must not stay without it for ever.
            start = conjunction([trigger, negation(goal)])
            trace, answer = find_lasso(system, negation(goal), start, fairness, stuck=True, graph=graph())
            found = f"{about[0]} happens, and then {about[1]} never does"
            result = _of_graph(name, system, trace, answer, found, "no fair execution avoids it", fairness)
            if result.verdict != Verdict.PROVED:
                return result
            triggered = triggered or bool(graph().where(trigger).any())  # Proved: the graph is whole.
        if not triggered:
            return replace(result, vacuous=True, reason=f"{about[0]} never happens")
        return result

    return compute


def _leads_to_before_the_end(
    name: str,
    pairs: list[tuple[Expr, Expr]],
    about: tuple[model.Formula, ...],
    system: TransitionSystem,
    limits: Limits,
    rank: str,
    ask: Ask,
) -> Result:
    """`leads_to` where a rank shows that every execution ends: through an engine, in each instance."""
    triggered: list[bool | None] = []
    for trigger, goal in pairs:
        found = ends_pending(system, trigger, goal, ask, limits)
        answer = replace(found.answer, complete=found.excluded)
        result = _of_graph(name, system, found.trace, answer, f"{about[0]} happens, and then {about[1]} never does", "")
        result = replace(result, method=f"{answer.method}; every action decreases {rank}")
        if result.verdict != Verdict.PROVED:
            return result
        triggered.append(found.triggered)
    if any(triggered):
        return replace(result, reason="no execution ends without it, and every execution ends")
    if None in triggered:
        return replace(result, reason=f"not known whether {about[0]} ever happens")
    return replace(result, vacuous=True, reason=f"{about[0]} never happens")


def _of_graph(
    name: str,
    system: TransitionSystem,
    trace: Trace | None,
    answer: Answer,
    found: str,
    absent: str,
    fairness: str | None = None,
) -> Result:
    """The result of looking through the state graph; `fairness` where it matters."""
    method = "state graph" if fairness is None else f"state graph, {FAIRNESS[fairness]}"
    common = Result(
        name, "properties", Verdict.UNKNOWN, method, assumptions=system.assumptions,
        statistics={"states": answer.states}, position=position_of(name),
    )  # fmt: skip
    if trace is not None:
        return replace(common, verdict=Verdict.REFUTED, trace=trace, reason=found)
    if answer.complete:
        return replace(common, verdict=Verdict.PROVED, reason=absent)
    if answer.stopped in ("states", "depth"):
        return replace(common, verdict=Verdict.BOUNDED, reason=f"stopped at {answer.states:,} states")
    return replace(common, reason=f"stopped: {answer.stopped}")
