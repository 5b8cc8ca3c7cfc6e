"""Is every failure undone: exactly the steps that had an effect, once each, in the right order?

The coordinator's own notes (what it thinks it owes) are not trusted: monitors watch which endings had an
effect and which were undone, and the two are compared at each failed end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from .. import model
from ..declare import range_claims
from ..engine.hoare import counterexample
from ..engine.smt_limits import Undecided
from ..engine.target import Target
from ..errors import position_of
from ..expand import flows_of
from ..expand.timeouts import HIDDEN
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
    references,
    show,
    substitute,
    total,
    well_defined,
)
from ..expressions.composite import Tree, leaves, tidy
from ..graph.flow import Loops, flow_graph, loops, order_of_steps
from ..graph.reachability import Reachability, bits_of
from ..orchestration.typed import TypedFlow, TypedStep, type_flow
from ..results import Finding, Result, Verdict
from ..system import Action, Claim, TransitionSystem, Variable
from .question import Monitor, Question


@dataclass(frozen=True)
class _Witness:
    """What really happened to each step of each instance: is an effect of it there, and has it been undone?"""

    typed: TypedFlow
    steps: Collection[str]
    order: Reachability
    in_loop: Loops

    def owner(self, step: str) -> str:
        """The step whose undo undoes a step: itself, or the step that runs the flow it belongs to."""
        known = self.typed.instances[0].steps.get(step)
        return step if known is None else known.step.origin.undone_with or step

    def may_be_hidden(self, step: str) -> bool:
        """Whether a timeout of a step, or of what it runs, leaves open if the work was done."""
        steps = self.typed.instances[0].steps
        return any(HIDDEN in each.outcomes for name, each in steps.items() if self.owner(name) == step)

    @cached_property
    def watched(self) -> int:
        """The steps that can have an effect, as bits."""
        return self.order.bits(self.steps)

    def earlier(self, step: str) -> int:
        """Those of them that lead to a step, as bits."""
        return self.order.earlier[self.order.place[step]] & self.watched

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
        return tuple(each(step, k) for k in numbers for step in self.steps for each in (self.effect, self.undone))

    def updates(self, action: Action) -> Mapping[str, Expr]:
        label = action.label
        owner = self.owner(label.step)
        if owner not in self.steps:
            return {}
        effects, undone = (each(owner, label.instance).ref for each in (self.effect, self.undone))
        repeats = owner in self.in_loop
        if label.phase == "finish" and self.typed.instances[0].steps[label.step].has_effect(
            label.really or label.outcome
        ):
            return {effects.name: total([effects, integer(1)]) if repeats else integer(1), undone.name: FALSE}
        if label.phase == "undo finish" and label.outcome == "ok":
            return {effects.name: total([effects, integer(-1)]) if repeats else integer(0), undone.name: TRUE}
        return {}

    def claims(self, action: Action) -> tuple[Claim, ...]:
        """Undoing what had no effect, or undoing after something that came earlier was undone."""
        label = action.label
        if label.phase != "undo finish" or label.outcome != "ok" or label.step not in self.steps:
            return ()
        spurious = f"{label.step} is undone although it had no effect"
        needed = self.remain(label.step, label.instance)
        if self.may_be_hidden(label.step):
            # Nobody could know whether there was an effect: undoing nothing is right as long as it changes nothing.
            changed = {name: value for name, value in action.updates.items() if name in self.typed.types}
            same = [equal(value, Ref(name, self.typed.types[name])) for name, value in changed.items()]
            needed = disjunction([needed, conjunction(same)])
        found = [Claim("spurious", "*", needed, spurious)]
        for other in sorted(self.order.order[place] for place in bits_of(self.earlier(label.step))):
            message = f"{other} was undone before {label.step}, which came after it"
            found.append(Claim("undo order", "*", negation(self.undone(other, label.instance).ref), message))
        return tuple(found)


def compensation_questions(
    design: model.Orchestration, system: TransitionSystem, only: str | None = None
) -> list[Question]:
    """What must hold at each failed end, and whenever something is undone; empty where nothing can fail.

    only: of one flow, by its name ("" for the one under `flow`); None: of all.
    """
    flows = {name: each for name, each in flows_of(design).items() if only in (None, name)}
    witnesses = [(each, witness) for each in flows.values() if (witness := _witness(each)).steps]
    if not witnesses or not any(_may_abort(action, flows) for action in system.actions):
        return []
    monitor = Monitor(
        tuple(variable for _, witness in witnesses for variable in witness.variables),
        lambda action: {k: v for _, witness in witnesses for k, v in witness.updates(action).items()},
        lambda action: tuple(claim for _, witness in witnesses for claim in witness.claims(action)),
    )
    failed = [
        (scope.predicates["failed"][each.flow.name], number, witness)
        for each, witness in witnesses
        for number, scope in enumerate(system.scope.instances, start=1)
    ]
    left = disjunction(
        conjunction([ended, witness.remain(step, number)])
        for ended, number, witness in failed
        for step in witness.steps
    )
    some_failed = disjunction(ended for ended, _, _ in failed)
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
    ordered = any(witness.earlier(step) for _, witness in witnesses for step in witness.steps)
    if ordered and design.policies.compensation.order != "parallel":
        target = Target("", claims=frozenset({("undo order", "*")}))
        questions.append(Question("undone in reverse", "compensation", target, monitor=monitor, position=position))
    return questions


def _witness(design: model.Orchestration) -> _Witness:
    """What is watched of the steps of one flow that leave something to undo."""
    typed = type_flow(design)
    steps = typed.instances[0].steps
    leaving = [step.step.origin.undone_with or name for name, step in steps.items() if step.may_have_effect]
    graph = flow_graph(design)
    return _Witness(typed, dict.fromkeys(leaving), order_of_steps(graph, steps), loops(graph))


def _may_abort(action: Action, flows: Mapping[str, model.Orchestration]) -> bool:
    """Whether an action ends one of these flows as a failure, or begins to."""
    statuses = {f"flow {name}".strip() for name in flows}
    changes_flow = any(name.split("#")[0] in statuses for name in action.updates)
    return action.label.phase not in ("begin", "end") and changes_flow


def restoration_results(design: model.Orchestration, seconds: float) -> Iterator[Result]:
    """Does a step followed by its undo restore what the compensation declares in `restores`? By z3, for all values
    that satisfy the step's `requires` and the declared ranges."""
    typed_flows = [type_flow(each, instances=1) for each in flows_of(design).values()]
    for typed, name, step in [(t, name, step) for t in typed_flows for name, step in t.instances[0].steps.items()]:
        for variable, target in step.compensation.restores if step.compensation else ():
            yield _restores(name, step, variable, target, typed, seconds)


def _restores(name: str, step: TypedStep, variable: str, target: Tree, typed: TypedFlow, seconds: float) -> Result:
    assert step.compensation is not None
    done, undo = step.effects["ok"], step.compensation.effect
    restored = conjunction(
        equal(substitute(undo.get(leaf.name, leaf), done), leaf) for _, leaf in leaves(target) if isinstance(leaf, Ref)
    )
    # A path ends where a range is left, which is a finding of its own.
    within = (claim.holds for claim in range_claims(done, typed.types))
    wholes = {each.whole: tidy(each.whole.value) for each in typed.variables if each.whole is not None}
    premise = conjunction([step.requires or TRUE, *within, *map(well_defined, done.values()), *wholes.values()])
    types = {**typed.types, **{parameter.name: parameter.type for parameter in step.parameters}}
    used = {each: types[each] for each in sorted(references(restored) | references(premise))}
    method = "z3, for all values"
    shown = target.name if isinstance(target, Ref) and "[" in variable else variable
    result = Result(
        f"undoing {name} restores {shown}",
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
    found = ", ".join(f"{each} = {show(value, used[each])}" for each, value in values.items())
    return replace(result, verdict=Verdict.REFUTED, reason=f"not from {found}")


def policy_findings(design: model.Orchestration) -> Iterator[Finding]:
    """Steps with an effect that nothing undoes although a later step can fail."""
    for each in flows_of(design).values():
        yield from _policy_findings(each)


def _policy_findings(design: model.Orchestration) -> Iterator[Finding]:
    graph = flow_graph(design)
    steps = design.flow.steps
    order = order_of_steps(graph, steps)
    fails = order.bits({source for source, _, data in graph.edges(data=True) if data["kind"] == "failure"})
    for name, step in steps.items():
        if (
            (step.effect or step.outcomes.get("ok"))
            and step.compensation is None
            and not step.origin.undone_with
            and (after := order.later[order.place[name]] & fails)
        ):
            culprit = order.order[next(bits_of(after))]
            yield Finding(
                "W310",
                f"'{name}' has an effect and no compensation, and '{culprit}' after it can fail",
                position=position_of(name),
                hint="add a compensation, or an empty one if nothing has to be undone",
            )
