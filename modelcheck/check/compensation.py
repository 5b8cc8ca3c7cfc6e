"""Is every failure undone: exactly the steps that had an effect, once each, in the right order?

The coordinator's own notes (what it thinks it owes) are not trusted: monitors watch which endings had an
effect and which were undone, and the two are compared at each failed end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .. import model
from ..engine.target import Target
from ..errors import position_of
from ..expressions import BOOL, FALSE, TRUE, Expr, conjunction, disjunction, negation
from ..graph.flow import flow_graph, leads_to
from ..orchestration.typed import TypedFlow, TypedStep, type_flow
from ..results import Finding, Result, Verdict
from ..system import Action, Claim, TransitionSystem, Variable
from .question import Monitor, Question


@dataclass(frozen=True)
class _Residue:
    """One monitor a step and instance: whether an effect of it is there that was not undone."""

    design: model.Orchestration
    typed: TypedFlow
    steps: tuple[str, ...]

    def variable(self, step: str, instance: int) -> Variable:
        return Variable(f"effect of {step}#{instance}", BOOL, (False,), "monitor", instance)

    @property
    def variables(self) -> tuple[Variable, ...]:
        return tuple(self.variable(step, each.number) for each in self.typed.instances for step in self.steps)

    def updates(self, action: Action) -> Mapping[str, Expr]:
        label = action.label
        if label.step not in self.steps:
            return {}
        residue = self.variable(label.step, label.instance).name
        if label.phase == "finish" and self.typed.instances[0].steps[label.step].has_effect(label.outcome):
            return {residue: TRUE}
        if label.phase == "undo finish" and label.outcome == "ok":
            return {residue: FALSE}
        return {}

    def claims(self, action: Action) -> tuple[Claim, ...]:
        """Undoing what had no effect, or undoing before what came later is undone."""
        label = action.label
        if label.phase != "undo finish" or label.outcome != "ok":
            return ()
        spurious = f"{label.step} is undone although it had no effect"
        found = [Claim("spurious", "*", self.variable(label.step, label.instance).ref, spurious)]
        if self.design.policies.compensation.order != "parallel":
            later = leads_to(flow_graph(self.design), list(self.steps))[label.step]
            free = conjunction(negation(self.variable(other, label.instance).ref) for other in sorted(later))
            if free != TRUE:
                names = ", ".join(sorted(later))
                found.append(Claim("undo order", "*", free, f"{label.step} is undone before {names}"))
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
    residue = _Residue(design, typed, tuple(with_effect))
    monitor = Monitor(residue.variables, residue.updates, residue.claims)
    left = disjunction(
        conjunction([ended, residue.variable(step, number).ref])
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
    if len(with_effect) > 1 and design.policies.compensation.order != "parallel":
        target = Target("", claims=frozenset({("undo order", "*")}))
        questions.append(Question("undone in reverse", "compensation", target, monitor=monitor, position=position))
    return questions


def _may_abort(action: Action) -> bool:
    label = action.label
    return (label.phase == "finish" and label.outcome not in ("ok", "")) or label.outcome == "aborted"


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
            yield _restores(name, step, str(variable), typed, seconds)


def _restores(name: str, step: TypedStep, variable: str, typed: TypedFlow, seconds: float) -> Result:
    import z3

    from ..expressions import Ref, equal, substitute
    from ..expressions.smt import constant, in_type, to_z3

    assert step.compensation is not None
    target = typed.instances[0].scope.names[variable]
    assert isinstance(target, Ref)
    undone = substitute(step.compensation.effect.get(target.name, target), step.effects["ok"])
    terms = {v.name: constant(v.name, v.type) for v in (*typed.variables, *step.parameters)}
    solver = z3.Solver()
    solver.set("timeout", int(seconds * 1000))
    for each in (*typed.variables, *step.parameters):
        solver.add(in_type(terms[each.name], each.type))
    solver.add(to_z3(step.requires or TRUE, terms))
    solver.add(z3.Not(to_z3(equal(undone, target), terms)))
    outcome = solver.check()
    title = f"undoing {name} restores {variable}"
    position = position_of(step.step.compensation.restores[0]) if step.step.compensation else None
    if outcome == z3.unsat:
        return Result(title, "compensation", Verdict.PROVED, "z3, for all values", position=position)
    if outcome == z3.unknown:
        return Result(title, "compensation", Verdict.UNKNOWN, "z3", str(solver.reason_unknown()), position=position)
    values = solver.model()
    shown = ", ".join(f"{each} = {values[terms[each]]}" for each in sorted(terms) if values[terms[each]] is not None)
    return Result(title, "compensation", Verdict.REFUTED, "z3, for all values", f"not from {shown}", position=position)


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
