"""All passes, and one does not believe it: what happens in the design, what the proofs hang on, how else it fails.

Nothing here changes a verdict. All of it is read off the state graph, which is explored for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from .. import model
from ..compile import compile_model
from ..engine.packed.graph import state_graph
from ..engine.state_graph import StateGraph
from ..engine.target import Limits
from ..errors import Position
from ..expand import expand
from ..expressions import Resolver
from ..results import CheckReport, Finding, Result, Run, Verdict
from ..system import TransitionSystem
from .coverage import coverage_of
from .question import Question
from .run import named_questions
from .several_counterexamples import alike, distinct, of_execution, of_question
from .vacuity import WORDS, judge
from .witnesses import longest_run, of_claims, of_property

MOST_WITNESSES = 6


@dataclass(frozen=True)
class Asked:
    """What is asked for: coverage; witnesses and vacuous parts of proofs; how many counterexamples of the rest."""

    coverage: bool = False
    witnesses: bool = False
    counterexamples: int = 1

    def __bool__(self) -> bool:
        return self.coverage or self.witnesses or self.counterexamples > 1


def look_again(design: model.Model, report: CheckReport, asked: Asked, limits: Limits) -> CheckReport:
    """The report with what was asked for; where states cannot be listed, with a note that says so."""
    look = _Look(expand(design), asked, limits)
    if not look.system.enumerable:
        message = (
            f"'{design.name}' has too many first values or choices: coverage, witnesses and further counterexamples"
        )
        note = Finding("E304", f"{message} need its states", "note", _place(design), "give its variables ranges")
        return replace(report, findings=(*report.findings, note))
    findings = report.findings
    if look.graph.stopped:
        message = f"coverage and witnesses are of {len(look.graph.states):,} states only: {look.graph.stopped}"
        limit = look.graph.stopped
        hint = f"raise --{limit}" if limit in ("states", "depth", "seconds", "memory") else ""
        findings = (*findings, Finding("E304", message, "note", _place(design), hint))
    return replace(
        report,
        results=tuple(look.result(result) for result in report.results),
        findings=findings,
        coverage=coverage_of(look.graph) if asked.coverage else None,
    )


def _place(design: model.Model) -> Position | None:
    return getattr(design.name, "position", None)


@dataclass(frozen=True)
class _Look:
    design: model.Model
    asked: Asked
    limits: Limits

    @cached_property
    def system(self) -> TransitionSystem:
        return compile_model(self.design)

    @cached_property
    def graph(self) -> StateGraph:
        return state_graph(self.system, self.limits)

    @cached_property
    def questions(self) -> dict[str, Question]:
        return {each.name: each for each in named_questions(self.design, self.system, Resolver())}

    def result(self, result: Result) -> Result:
        if result.verdict == Verdict.PROVED and self.asked.witnesses:
            return self._believed(result)
        if result.verdict == Verdict.REFUTED and self.asked.counterexamples > 1 and result.trace is not None:
            return replace(result, others=tuple(self._others(result)))
        return result

    def _property(self, result: Result) -> model.Property | None:
        """The property as it was asked; `termination` is one, too."""
        asked = self.design.properties.get(result.name)
        if asked is None and result.check == "termination":
            asked = model.Property(word="ends", about="system")
        return None if asked is None else replace(asked, fairness=asked.fairness or self.design.fairness)

    def _believed(self, result: Result) -> Result:
        asked, question = self._property(result), self.questions.get(result.name)
        runs: list[Run] = []
        vacuous: tuple[str, ...] = ()
        if result.vacuous:
            return result
        if asked is not None and asked.word in WORDS:
            if not self.graph.stopped:  # Of some states nothing is known to be vacuous.
                judged = judge(asked, self.graph, asked.fairness or "weak")
                runs += judged.runs
                vacuous = judged.vacuous
            runs += of_property(asked, self.graph)
        elif result.check in ("termination", "deadlock"):
            runs += longest_run(self.graph)
        elif question is not None and question.target.claims:
            runs += of_claims(question, self.system, self.graph, self.limits)
        once = {(tuple(run.trace.states), run.trace.actions): run for run in reversed(runs)}
        return replace(result, witnesses=tuple(list(once.values())[::-1][:MOST_WITNESSES]), vacuous_in=vacuous)

    def _others(self, result: Result) -> list[Run]:
        asked, question = self._property(result), self.questions.get(result.name)
        most = self.asked.counterexamples + 1  # One of them is told already.
        if question is not None and not question.wanted:
            found = distinct(of_question(question, self.system, self.graph, self.limits), most)
        elif asked is not None and asked.word in ("leads_to", "possible", "ends"):
            found = distinct(of_execution(asked, self.graph), most)
        else:
            return []
        return _without_first(found, result, self.graph)[: most - 2]


def _without_first(found: list[Run], result: Result, graph: StateGraph) -> list[Run]:
    """Without the one that is told already, or that ends as it does: the report would be longer and say no more."""
    trace = result.trace
    assert trace is not None
    known = next((run for run in found if run.trace.actions == trace.actions and run.trace.loop == trace.loop), None)
    known = known or next((run for run in found if alike(run.trace, trace, graph)), None)
    return [run for run in found if run is not known]
