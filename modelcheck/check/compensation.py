"""Is every failure undone: exactly the steps that had an effect, once each, in the right order?

The coordinator's own notes (what it thinks it owes) are not trusted: monitors watch which endings had an
effect and which were undone, and the two are compared at each failed end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from .. import model
from ..engine.hoare import counterexample
from ..engine.smt_limits import Undecided
from ..engine.target import Target
from ..errors import position_of
from ..expressions import (
    BOOL,
    FALSE,
    INT,
    TRUE,
    Expr,
    Ref,
    compare,
    conjunction,
    disjunction,
    equal,
    integer,
    negation,
    parse,
    references,
    resolve,
    show,
    substitute,
    total,
)
from ..graph.flow import Loops, flow_graph, leads_to, loops
from ..orchestration.typed import TypedFlow, TypedStep, type_flow
from ..results import Finding, Result, Verdict
from ..system import Action, Claim, TransitionSystem, Variable
from .question import Monitor, Question


@dataclass(frozen=True)
class _Witness:
    """What really happened to each step of each instance: is an effect of it there, and has it been undone?"""

    typed: TypedFlow
    earlier: Mapping[str, frozenset[str]]
    in_loop: Loops

    def effect(self, step: str, instance: int) -> Variable:
        """How many effects are there to undo: a step that runs once has at most one, however often it was tried."""
        return Variable(f"effects of {step}#{instance}", INT, (0,), "monitor", instance)

    def remain(self, step: str, instance: int) -> Expr:
        return compare(">", self.effect(step, instance).ref, integer(0))

    def undone(self, step: str, instance: int) -> Variable:
        return Variable(f"{step}#{instance} was undone", BOOL, (False,), "monitor", instance)

    @property
    def variables(self) -> tuple[Variable, ...]:
        numbers = [each.number for each in self.typed.instances]
        return tuple(each(step, k) for k in numbers for step in self.earlier for each in (self.effect, self.undone))

    def updates(self, action: Action) -> Mapping[str, Expr]:
        label = action.label
        if label.step not in self.earlier:
            return {}
        effects, undone = (each(label.step, label.instance).ref for each in (self.effect, self.undone))
        repeats = label.step in self.in_loop
        if label.phase == "finish" and self.typed.instances[0].steps[label.step].has_effect(label.outcome):
            return {effects.name: total([effects, integer(1)]) if repeats else integer(1), undone.name: FALSE}
        if label.phase == "undo finish" and label.outcome == "ok":
            return {effects.name: total([effects, integer(-1)]) if repeats else integer(0), undone.name: TRUE}
        return {}

    def claims(self, action: Action) -> tuple[Claim, ...]:
        """Undoing what had no effect, or undoing after something that came earlier was undone."""
        label = action.label
        if label.phase != "undo finish" or label.outcome != "ok":
            return ()
        spurious = f"{label.step} is undone although it had no effect"
        found = [Claim("spurious", "*", self.remain(label.step, label.instance), spurious)]
        for other in sorted(self.earlier[label.step]):
            message = f"{other} was undone before {label.step}, which came after it"
            found.append(Claim("undo order", "*", negation(self.undone(other, label.instance).ref), message))
        return tuple(found)


def compensation_questions(design: model.Orchestration, system: TransitionSystem) -> list[Question]:
    """What must hold at each failed end, and whenever something is undone; empty where nothing can fail."""
    typed = type_flow(design)
    flow = design.flow.name
    failed = [(scope, scope.predicates["failed"][flow]) for scope in system.scope.instances]
    if not any(_may_abort(action) for action in system.actions):
        return []
    with_effect = [name for name, step in typed.instances[0].steps.items() if _leaves_something(step)]
    if not with_effect:
        return []
    later = leads_to(flow_graph(design), with_effect)
    earlier = {step: frozenset(other for other in with_effect if step in later[other]) for step in with_effect}
    witness = _Witness(typed, earlier, loops(flow_graph(design)))
    monitor = Monitor(witness.variables, witness.updates, witness.claims)
    left = disjunction(
        conjunction([ended, witness.remain(step, number)])
        for number, (_, ended) in enumerate(failed, start=1)
        for step in with_effect
    )
    some_failed = disjunction(ended for _, ended in failed)
    position = position_of(design.name)
    questions = [
        Question(
            "compensation",
            "compensation",
            Target("", state=left),
            premise=some_failed,
            vacuous="no failed end is reachable",
            found="the flow has failed, and an effect is left that was not undone",
            monitor=monitor,
            position=position,
        ),
        Question(
            "only effects are undone",
            "compensation",
            Target("", claims=frozenset({("spurious", "*")})),
            monitor=monitor,
            position=position,
        ),
    ]
    if any(earlier.values()) and design.policies.compensation.order != "parallel":
        target = Target("", claims=frozenset({("undo order", "*")}))
        questions.append(Question("undone in reverse", "compensation", target, monitor=monitor, position=position))
    return questions


def _may_abort(action: Action) -> bool:
    """Whether an action ends the flow as a failure, or begins to."""
    changes_flow = any(name.split("#")[0] == "flow" for name in action.updates)
    return action.label.phase != "end" and changes_flow


def _leaves_something(step: TypedStep) -> bool:
    return any(step.has_effect(outcome) for outcome in step.outcomes)


def restoration_results(design: model.Orchestration, seconds: float) -> Iterator[Result]:
    """Does a step followed by its undo restore what the compensation declares in `restores`? By z3, for all values
    that satisfy the step's `requires` and the declared ranges."""
    typed = type_flow(design, instances=1)
    for name, step in typed.instances[0].steps.items():
        declared = step.step.compensation
        if declared is None or step.compensation is None or not declared.restores:
            continue
        for variable in declared.restores:
            yield _restores(name, step, variable, typed, seconds)


def _restores(name: str, step: TypedStep, variable: str, typed: TypedFlow, seconds: float) -> Result:
    assert step.compensation is not None
    target = resolve(parse(variable), typed.instances[0].scope)
    assert isinstance(target, Ref)
    undone = substitute(step.compensation.effect.get(target.name, target), step.effects["ok"])
    restored, premise = equal(undone, target), step.requires or TRUE
    types = {**typed.types, **{parameter.name: parameter.type for parameter in step.parameters}}
    used = {each: types[each] for each in sorted(references(restored) | references(premise))}
    method = "z3, for all values"
    result = Result(
        f"undoing {name} restores {variable}",
        "compensation",
        Verdict.PROVED,
        method,
        position=position_of(variable),
    )
    try:
        values = counterexample(premise, restored, used, seconds)
    except Undecided as undecided:
        return replace(result, verdict=Verdict.UNKNOWN, reason=str(undecided))
    if values is None:
        return result
    shown = ", ".join(f"{each} = {show(value, used[each])}" for each, value in values.items())
    return replace(result, verdict=Verdict.REFUTED, reason=f"not from {shown}")


def policy_findings(design: model.Orchestration) -> Iterator[Finding]:
    """Steps with an effect that nothing undoes although a later step can fail."""
    graph = flow_graph(design)
    steps = design.flow.steps
    later = leads_to(graph, list(steps)) if len(steps) <= 2000 else {}
    fails = {source for source, _, data in graph.edges(data=True) if data["kind"] == "failure"}
    for name, step in steps.items():
        if (
            (step.effect or step.outcomes.get("ok"))
            and step.compensation is None
            and later.get(name, frozenset()) & fails
        ):
            culprit = sorted(later[name] & fails)[0]
            yield Finding(
                "W310",
                f"'{name}' has an effect and no compensation, and '{culprit}' after it can fail",
                position=position_of(name),
                hint="add a compensation, or an empty one if nothing has to be undone",
            )
