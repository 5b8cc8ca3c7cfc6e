"""All checks of one model: which apply, which engine answers, and the report."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .. import model
from ..compile import compile_model
from ..engine.strategy import ENGINES, EXPLICIT, Strategy
from ..engine.target import Answer, Limits, Target
from ..errors import ModelError, Problem, did_you_mean, position_of
from ..expand import expand
from ..expressions import FALSE, Resolver
from ..results import CheckReport, Finding, Result, Verdict
from ..system import TransitionSystem
from .claims import claim_questions
from .contracts import choice_results, contract_results, flow_answers, range_results
from .execution import refuted_contracts
from .lint import lint
from .liveness import LIVENESS, answers_by_themselves, liveness_results
from .ordering import PREFIX, conflict_finding, conflict_questions, proved_precedences
from .properties import state_questions
from .question import Ask, Question, answer_questions, assumed
from .structure import proved_by_structure


def check_model(
    design: model.Model, properties: Sequence[str] | None, limits: Limits, strategy: Strategy | None = None
) -> CheckReport:
    """The report on a model: its own properties and every check that applies to its kind.

    Raises `ModelError` for formulas that are wrong, and for names in `properties` or `expect` that mean nothing.
    """
    began, strategy = time.monotonic(), strategy or Strategy()
    design = expand(design)
    system = compile_model(design)
    resolver = Resolver()
    questions = _questions(design, system, resolver)
    liveness = list(liveness_results(design, system, resolver, limits, strategy)) if not resolver.problems else []
    if resolver.problems:
        raise ModelError(resolver.problems)
    names = [question.name for question in questions] + [name for name, _ in liveness]
    _check_names(design, properties, names)
    if properties is not None:
        questions = [q for q in questions if q.name in properties or q.name.startswith(PREFIX)]
    proved = (
        {result.name: result for result in _proved_on_graph(design, system, questions, limits)}
        if strategy.engine == "auto"
        else {}
    )
    remaining = [question for question in questions if question.name not in proved]
    answered, answer = answer_questions(system, remaining, _engine(system, strategy), limits)
    by_name = {result.name: result for result in answered} | proved
    findings = list(lint(design)) if properties is None else []
    if isinstance(design, model.Orchestration):
        findings += _conflicts(design, by_name)
    results = [by_name[question.name] for question in questions if question.name in by_name]
    results += [compute() for name, compute in liveness if properties is None or name in properties]
    results += _pinned(design, system, answer, limits, strategy) if properties is None else []
    return CheckReport(
        design.name,
        tuple(_expected(design, result) for result in results),
        tuple(findings),
        assumptions=(*system.assumptions, *(assumed(answer) if answer is not None else ())),
        statistics=_statistics(answer, time.monotonic() - began),
    )


def _questions(design: model.Model, system: TransitionSystem, resolver: Resolver) -> list[Question]:
    questions = named_questions(design, system, resolver)
    if isinstance(design, model.Orchestration):
        questions += conflict_questions(design, system)
    return questions


def named_questions(design: model.Model, system: TransitionSystem, resolver: Resolver) -> list[Question]:
    """The questions whose answers are results, called by name."""
    questions = [*state_questions(design, system, resolver), *claim_questions(system)]
    if _may_be_stuck(design, system):
        found = "nothing is enabled, and it is not finished"
        questions.append(Question("no deadlock", "deadlock", Target("", stuck=True), found=found))
    if isinstance(design, model.Orchestration):
        from .compensation import compensation_questions

        questions += compensation_questions(design, system)
    return questions


def _may_be_stuck(design: model.Model, system: TransitionSystem) -> bool:
    """Whether being stuck is asked for by itself: of what can finish, and of a net that cannot."""
    if isinstance(design, model.Net):  # One that has an end is asked whether it is sound.
        return system.finished == FALSE
    return not isinstance(design, model.System) or system.finished != FALSE


def expectation_problems(design: model.Model, system: TransitionSystem) -> list[Problem]:
    """What is wrong with the names of properties and expectations, of a model whose formulas are right."""
    if not design.expect and not design.properties:
        return []
    design = expand(design)
    names = [question.name for question in named_questions(design, system, Resolver())]
    names += [name for name, each in design.properties.items() if name not in names and each.word in LIVENESS]
    return _name_problems(design, [*names, *answers_by_themselves(design)])


def _name_problems(design: model.Model, names: Sequence[str]) -> list[Problem]:
    """Expectations that name no property would silently expect nothing."""
    known = Counter([*names, "states"])
    problems = [
        Problem("E306", f"'{name}' is the name of a check: call the property something else", position_of(name))
        for name in design.properties
        if known[name] > 1
    ]
    for wanted in design.expect:
        if wanted not in known:
            hint = did_you_mean(wanted, known)
            problems.append(Problem("E302", f"there is no property '{wanted}' to expect", position_of(wanted), hint))
    return problems


def _check_names(design: model.Model, properties: Sequence[str] | None, names: Sequence[str]) -> None:
    """Expectations and choices that name no property would silently choose nothing."""
    known = [*names, "states"]
    problems = _name_problems(design, names)
    problems += [
        Problem("E302", f"there is no property '{wanted}'", None, did_you_mean(wanted, known))
        for wanted in properties or ()
        if wanted not in known
    ]
    if problems:
        raise ModelError(problems)


def _engine(system: TransitionSystem, strategy: Strategy) -> Ask:
    """The engine that was asked for, if there is one of that name and it can do something with the system."""
    if strategy.engine not in ENGINES:
        hint = did_you_mean(strategy.engine, ENGINES)
        raise ModelError([Problem("E303", f"unknown engine '{strategy.engine}'", hint=hint)])
    if strategy.engine in EXPLICIT and not system.enumerable:
        message = f"'{system.name}' has too many first values or choices for a search to list"
        hint = "give its variables ranges or initial values, or use '--engine bounded'"
        raise ModelError([Problem("E304", message, hint=hint)])
    return strategy.ask


def _proved_on_graph(
    design: model.Model, system: TransitionSystem, questions: Sequence[Question], limits: Limits
) -> Iterator[Result]:
    """What is decided on the graph, for all values and without exploring states."""
    if isinstance(design, model.Orchestration):
        yield from proved_by_structure(design, system, questions)
        yield from proved_precedences(design, questions)
        asked = any(question.check in ("contracts", "ranges", "soundness") for question in questions)
        flows = flow_answers(design, limits) if asked else ()
        yield from range_results(flows, questions, system)
        for found in flows:
            yield from contract_results(found, questions)
            yield from choice_results(found, questions)
            yield from refuted_contracts(system, found, questions)


def _conflicts(design: model.Orchestration, results: dict[str, Result]) -> Iterator[Finding]:
    for name in [name for name in results if name.startswith(PREFIX)]:
        finding = conflict_finding(design, results.pop(name))
        if finding is not None:
            yield finding


def _pinned(
    design: model.Model, system: TransitionSystem, answer: Answer | None, limits: Limits, strategy: Strategy
) -> list[Result]:
    """The number of states that the model says it has, against the number that is counted."""
    if design.states is None or not system.enumerable:
        return []
    if answer is None or not answer.complete or answer.reduced or not answer.states:
        # The engine may have found all that it was looking for before it had seen every state.
        answer = replace(strategy, reductions=frozenset()).ask(system, (), limits)
    common = Result("states", "states", Verdict.UNKNOWN, answer.method, f"{answer.states:,} counted")
    if not answer.complete:
        return [replace(common, reason=f"not all states were counted: {answer.stopped or 'this engine counts none'}")]
    right = answer.states == design.states
    reason = f"{answer.states:,} states" if right else f"{answer.states:,} states, not {design.states:,}"
    return [replace(common, verdict=Verdict.PROVED if right else Verdict.REFUTED, reason=reason)]


def _expected(design: model.Model, result: Result) -> Result:
    wanted = design.expect.get(result.name)
    return result if wanted is None else replace(result, expected=Verdict(str(wanted)))


def _statistics(answer: Answer | None, seconds: float) -> dict[str, float | int | str]:
    found: dict[str, float | int | str] = {"seconds": round(seconds, 3)}
    if answer is not None:
        found |= {"states": answer.states, "transitions": answer.transitions, "depth": answer.depth}
        found |= {"complete": str(answer.complete).lower(), "bytes": answer.bytes}
        if answer.reduced:
            found["reduced"] = " and ".join(name.replace("-", " ") for name in answer.reduced)
    return found
