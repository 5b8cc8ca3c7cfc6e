"""Questions about a transition system, and how they are put to the engines.

A check turns what it wants to know into questions: something an engine can look for (a `Target`), possibly
in the system as seen by monitors, with what to say when it is found or cannot be found. All questions
that need no monitor of their own are answered by one exploration of the system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..engine.target import Answer, Limits, Target
from ..errors import Position
from ..expressions import Expr
from ..results import Result, Verdict
from ..system import Action, Claim, TransitionSystem, Variable


@dataclass(frozen=True)
class Monitor:
    """Variables that watch the actions: `updates` gives what each action does to them, `claims` what it must not do."""

    variables: tuple[Variable, ...]
    updates: Callable[[Action], Mapping[str, Expr]]
    claims: Callable[[Action], tuple[Claim, ...]]

    def observe(self, system: TransitionSystem) -> TransitionSystem:
        """The system with the monitor attached."""
        claimed = replace(
            system, actions=tuple(replace(a, claims=(*a.claims, *self.claims(a))) for a in system.actions)
        )
        return claimed.observed(self.variables, self.updates)


@dataclass(frozen=True)
class Question:
    """Something to look for.

    target: finding it refutes the property, or (with `wanted`) proves it. premise: something that must be reachable for
    a proof to mean anything, with the words to say when it is not. found, absent: what to say about either answer.
    """

    name: str
    check: str
    target: Target
    wanted: bool = False
    premise: Expr | None = None
    vacuous: str = ""
    found: str = ""
    absent: str = ""
    monitor: Monitor | None = None
    position: Position | None = None


Ask = Callable[[TransitionSystem, Sequence[Target], Limits], Answer]


def answer_questions(
    system: TransitionSystem, questions: Sequence[Question], engine: Ask, limits: Limits
) -> tuple[list[Result], Answer | None]:
    """The results of all questions, in their order, and the answer about the unmonitored system."""
    results: dict[str, Result] = {}
    plain: Answer | None = None
    for monitor in dict.fromkeys(question.monitor for question in questions):
        group = [question for question in questions if question.monitor is monitor]
        watched = system if monitor is None else monitor.observe(system)
        answer = engine(watched, _targets(group), limits)
        if monitor is None:
            plain = answer
        for question in group:
            results[question.name] = _result(question, answer, system)
    return [results[question.name] for question in questions], plain


def _targets(questions: Sequence[Question]) -> list[Target]:
    targets = []
    for question in questions:
        targets.append(replace(question.target, name=question.name))
        if question.premise is not None:
            targets.append(Target(_premise(question), state=question.premise))
    return targets


def _premise(question: Question) -> str:
    return f"{question.name} (premise)"


def _result(question: Question, answer: Answer, system: TransitionSystem) -> Result:
    trace = answer.traces.get(question.name)
    statistics: dict[str, float | int | str] = {
        "states": answer.states, "transitions": answer.transitions, "depth": answer.depth, "bytes": answer.bytes,
    }  # fmt: skip
    if (invariant := answer.notes.get(f"invariant for {question.name}")) is not None:
        statistics["invariant"] = invariant
    common = Result(
        question.name,
        question.check,
        Verdict.UNKNOWN,
        answer.method,
        assumptions=(*system.assumptions, *assumed(answer)),
        statistics=statistics,
        position=question.position,
    )
    if trace is not None:
        verdict = Verdict.PROVED if question.wanted else Verdict.REFUTED
        broken = trace.broken.message if trace.broken is not None else ""
        method, shortest = answer.found_by.get(question.name, answer.method), question.name not in answer.longer
        common, reason = replace(common, method=method), question.found or broken
        return replace(
            common, verdict=verdict, trace=trace, reason=reason, shows=question.target.state, shortest=shortest
        )
    if answer.complete or question.name in answer.proved:
        return _unreachable(replace(common, method=answer.proved.get(question.name, answer.method)), question, answer)
    # A bound that was set beforehand gives `bounded`; running out of time gives `unknown`.
    if answer.stopped in ("states", "depth"):
        seen = f" ({answer.states:,} states)" if answer.states else ""
        reason = f"nothing found up to {answer.depth} actions{seen}"
        return replace(common, verdict=Verdict.BOUNDED, reason=reason)
    if not answer.states:
        return replace(common, reason=answer.stopped)
    return replace(common, reason=f"stopped after {answer.depth} actions: {answer.stopped}")


def assumed(answer: Answer) -> tuple[str, ...]:
    """What the engine took for granted."""
    return (answer.notes["fingerprints"],) if "fingerprints" in answer.notes else ()


def _unreachable(common: Result, question: Question, answer: Answer) -> Result:
    """What it means that the target cannot be reached; whether that says anything may be open."""
    if question.wanted:
        return replace(common, verdict=Verdict.REFUTED, reason=question.absent)
    premise = _premise(question)
    asked = question.premise is not None and premise not in answer.traces
    vacuous = asked and (answer.complete or premise in answer.proved)
    reason = question.vacuous if vacuous else question.absent
    if asked and not vacuous:
        reason = "; ".join(filter(None, [reason, "not known whether what it speaks of ever happens"]))
    return replace(common, verdict=Verdict.PROVED, reason=reason, vacuous=vacuous)
