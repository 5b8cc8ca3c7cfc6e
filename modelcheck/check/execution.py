"""A contract that z3 refutes along a flow, run in the plain system: the counterexample is replayed like any other.

z3 gives the first values and the steps on the way; running them one after the other needs no search, however long the
flow is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from .. import model
from ..engine.hoare import ContractAnswer
from ..expressions import Value
from ..results import Result, Verdict
from ..system import Claim, Label, State, TransitionSystem
from ..trace import Path, Trace, replay
from .contracts import FLOW, METHOD, WAY_OUT, FlowAnswers
from .question import Question

MOST_TOLD, MOST_RUN, MOST_TRIES = 10, 3, 1_000
LONG_FLOW, WIDE = 8, 64


def refuted_contracts(system: TransitionSystem, found: FlowAnswers, questions: Sequence[Question]) -> Iterator[Result]:
    """The contracts of a flow that are broken, each with an execution that breaks it; the first few of very many.

    Where the flow is small and the execution may not be a shortest one, nothing: search finds a shortest one.
    """
    asked = {question.name: question for question in questions if question.check == "contracts"}
    wanted = [
        (answer, asked[found.title(answer)])
        for answer in found.answers.values()
        if found.exact and answer.verdict == "refuted" and found.title(answer) in asked and WAY_OUT not in answer.name
    ]
    shortest = _all_run_once(found.design)
    if not wanted or (len(system.variables) <= WIDE and not (shortest and len(found.steps) > LONG_FLOW)):
        return
    runner = _Runner(system)
    for answer, question in wanted[:MOST_TOLD]:
        trace = runner.trace(answer, found)
        if trace is not None:
            yield _refuted(question, trace, shortest)
    rest, broken = wanted[MOST_TOLD:], set[tuple[str, str]]()
    for answer, _ in rest[::-1][:MOST_RUN]:
        broken |= runner.broken(answer, found)
    reason = f"broken in an execution like the {MOST_TOLD} that are told"
    for answer, question in rest:
        if (answer.kind, found.subject(answer)) in broken:
            yield replace(_refuted(question, None, False), reason=reason)


def _refuted(question: Question, trace: Trace | None, shortest: bool) -> Result:
    reason = trace.broken.message if trace is not None and trace.broken is not None else ""
    return Result(
        question.name, question.check, Verdict.REFUTED, f"{METHOD}, and run", reason, trace, shortest,
        position=question.position,
    )  # fmt: skip


def _all_run_once(design: model.Orchestration) -> bool:
    """Whether an execution to some step has to run just those before it, each once: then it is a shortest one."""
    return not any(step.transitions or step.when is not None for step in design.flow.steps.values())


class _Runner:
    """Runs the first instance of a flow along the steps that z3 names."""

    def __init__(self, system: TransitionSystem):
        self.system = system
        self.of_step: dict[str, list[int]] = {}
        for number, action in enumerate(system.actions):
            if action.label.instance == 1:
                self.of_step.setdefault(action.label.step, []).append(number)

    def trace(self, answer: ContractAnswer, found: FlowAnswers) -> Trace | None:
        """The execution that ends by breaking the contract, replayed; None where it could not be run."""
        run = self.run(answer, found)
        if run is None:
            return None
        first, changes, actions, last = run
        kind, name = answer.kind, found.subject(answer)
        claim = next(
            (c for c, _ in self.findings(actions[-1], last) if (c.kind, c.name.split("#")[0]) == (kind, name)), None
        )
        if claim is None:
            return None
        return replay(Trace(self.system, Path(first, changes), tuple(actions), broken=claim))

    def broken(self, answer: ContractAnswer, found: FlowAnswers) -> set[tuple[str, str]]:
        """All claims that are broken on the way to one of them."""
        run = self.run(answer, found)
        if run is None:
            return set()
        first, changes, actions, _ = run
        path, seen = Path(first, changes), set[tuple[str, str]]()
        for index, number in enumerate(actions):
            if self.system.actions[number].claims:
                seen |= {(claim.kind, claim.name.split("#")[0]) for claim, _ in self.findings(number, path[index])}
        return seen

    def findings(self, number: int, state: State) -> Iterator[tuple[Claim, State | None]]:
        return self.system.plain[number].findings(state)

    def run(
        self, answer: ContractAnswer, found: FlowAnswers
    ) -> tuple[State, list[dict[int, Value]], list[int], State] | None:
        """First state, changes, actions and the state before the last action."""
        first = self.first_state(answer.counterexample)
        if first is None:
            return None
        run = _Run(self, first)
        return (first, run.changes, run.actions, run.before) if all(map(run.take, _program(answer, found))) else None

    def first_state(self, values: Mapping[str, Value]) -> State | None:
        chosen: list[Value] = []
        for variable in self.system.variables:
            name = variable.name.split("#")[0]
            possible = variable.initial_values()
            if name in values and variable.instance in (None, 1):
                chosen.append(values[name])
            elif possible is not None and not len(possible):
                return None
            else:
                chosen.append(0 if possible is None else possible[0])
        return tuple(chosen) if self.system.may_begin(tuple(chosen)) else None


class _Run:
    """One execution as it grows."""

    def __init__(self, runner: _Runner, first: State):
        self.runner, self.system, self.state, self.before = runner, runner.system, first, first
        self.changes: list[dict[int, Value]] = []
        self.actions: list[int] = []

    def take(self, wanted: tuple[str, str, str, str]) -> bool:
        """Does one thing: (step, phase, outcome, where it goes on). A failure that is tried again is tried until it is
        not. Says whether it could be done."""
        step, phase, outcome, following = wanted
        for _ in range(MOST_TRIES):
            enabled = [n for n in self.runner.of_step.get(step, ()) if self.is_enabled(n, phase, outcome)]
            final = [n for n in enabled if self.label_of(n).then != "again"]
            if final:
                preferred = [n for n in final if self.label_of(n).text.endswith(f"→ {following}")]
                self.fire((preferred or final)[0])
                return True
            if not enabled or outcome in ("", "ok"):
                return False
            self.fire(enabled[0])
            if not self.take((step, "start", "", "")):
                return False
        return False

    def label_of(self, number: int) -> Label:
        return self.system.actions[number].label

    def is_enabled(self, number: int, phase: str, outcome: str) -> bool:
        label, plain = self.label_of(number), self.system.plain[number]
        if label.phase != phase or (outcome and outcome != (label.really or label.outcome)) or plain.values:
            return False
        return bool(plain.guard(self.state)) and bool(plain.defined(self.state))

    def fire(self, number: int) -> None:
        after = self.system.plain[number].update(self.state)
        places = [self.system.positions[name] for name in self.system.actions[number].updates]
        self.changes.append({place: after[place] for place in places if after[place] != self.state[place]})
        self.actions.append(number)
        self.before, self.state = self.state, after


def _program(answer: ContractAnswer, found: FlowAnswers) -> Iterator[tuple[str, str, str, str]]:
    """What has to be done, one after the other, as (step, phase, outcome, where it goes on)."""
    passed = set(answer.path)
    steps = list(dict.fromkeys(name.split(": ")[0] for name in answer.path))
    last = steps[-1]
    for name, following in zip(steps, [*steps[1:], ""], strict=True):
        if name == FLOW:
            yield "", "end", "completed", ""
        elif name not in passed:
            yield name, "skip", "", following
        elif found.steps[name].step.origin.instant:
            yield name, "pass", "", following
        else:
            yield name, "start", "", ""
            if name != last or answer.kind != "requires":
                outcomes = [o for o in found.steps[name].outcomes if f"{name}: {o}" in passed]
                goes_on = "end" if following == FLOW else following
                yield name, "finish", outcomes[-1] if outcomes else "ok", goes_on
