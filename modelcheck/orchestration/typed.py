"""The steps of a flow with their formulas typed, for one instance: what the compiler and the graph checks share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from .. import model
from ..declare import count_instances, declare_constants, declare_variables, read_effect
from ..errors import ModelError, Problem, did_you_mean, position_of
from ..expressions import (
    BOOL,
    TRUE,
    Expr,
    Literal,
    Ref,
    Resolver,
    Scope,
    Type,
    conjunction,
    negation,
    substitute,
)
from ..graph.flow import jumps_after, waiting_circles
from ..names import name_problems
from ..system import Variable


@dataclass(frozen=True)
class TypedCompensation:
    """What undoes a step, with its formulas typed."""

    effect: Mapping[str, Expr]
    requires: Expr | None
    ensures: Expr | None


@dataclass(frozen=True)
class TypedStep:
    """A step whose formulas are typed trees.

    `parameters` and `assumed`: new values that are known only by what `ensures` says of them.
    """

    name: str
    step: model.Step
    outcomes: tuple[str, ...]
    when: Expr
    awaits: Expr
    requires: Expr | None
    ensures: Expr | None
    check: Expr | None
    effects: Mapping[str, Mapping[str, Expr]]
    guards: Mapping[int, Expr]
    compensation: TypedCompensation | None
    parameters: tuple[Variable, ...] = ()
    assumed: Expr = TRUE

    def has_effect(self, outcome: str) -> bool:
        """Whether an ending leaves something to undo: an effect, or a success that a compensation is declared for.

        A false check comes after the effect of a success.
        """
        ending = "ok" if outcome == "check" else outcome
        declared = bool(self.effects.get(ending)) or bool(self.parameters and ending == "ok")
        return declared or (ending == "ok" and self.compensation is not None)

    def branches(self, outcome: str) -> list[tuple[str | None, Expr]]:
        """Where an outcome can lead by transitions: (target, condition after the effect); target None: nowhere.

        Ordered choices exclude each other; the last pair is the case in which no condition holds.
        """
        jumps = jumps_after(self.step, outcome)
        found: list[tuple[str | None, Expr]] = []
        none_before: list[Expr] = []
        for transition in jumps:
            guard = self.guards[self.step.transitions.index(transition)]
            ordered = self.step.choice == "ordered"
            found.append((transition.to, conjunction([*none_before, guard]) if ordered else guard))
            none_before.append(negation(guard))
        found.append((None, conjunction(none_before)))
        return [(target, condition) for target, condition in found if condition != Literal(False, BOOL)]


@dataclass(frozen=True)
class TypedInstance:
    """One instance of a flow: its own variables, the scope of its names, its steps and the contract of the whole."""

    number: int
    scope: Scope
    steps: Mapping[str, TypedStep]
    requires: Expr | None
    ensures: Expr | None


@dataclass(frozen=True)
class TypedFlow:
    """A design's variables and instances, typed; `suffixed` says whether names carry an instance's number."""

    variables: tuple[Variable, ...]
    instances: tuple[TypedInstance, ...]
    scope: Scope
    types: Mapping[str, Type] = field(default_factory=dict)

    @property
    def suffixed(self) -> bool:
        return len(self.instances) > 1


def type_flow(design: model.Orchestration, instances: int | None = None) -> TypedFlow:
    """All formulas of an orchestration, typed; raises `ModelError` with everything that is wrong in them.

    `instances` overrides the design's own number.
    """
    resolver = Resolver()
    constants = declare_constants(design.constants, resolver)
    count = instances or count_instances(design.instances, constants, resolver)
    shared = {name: declared for name, declared in design.variables.items() if declared.shared}
    own = {name: declared for name, declared in design.variables.items() if not declared.shared}
    _check_names(design, resolver)
    resolver.problems += name_problems(design)
    variables, scope = declare_variables(shared, constants, resolver)
    typed = []
    for number in range(1, count + 1):
        added, inner = declare_variables(own, scope, resolver, instance=number if count > 1 else None)
        variables += added
        typed.append(_type_instance(design, number, inner, resolver))
        if resolver.problems:  # The other instances would repeat them.
            raise ModelError(resolver.problems)
    types = {variable.name: variable.type for variable in variables}
    return TypedFlow(tuple(variables), tuple(typed), scope, types)


def _check_names(design: model.Orchestration, resolver: Resolver) -> None:
    """References between parts; a loaded file was checked already, a model built in Python was not."""
    steps = design.flow.steps
    targets = [*steps, "end", "abort"]
    if not steps:
        resolver.problems.append(Problem("E201", f"'{design.name}' has no steps", position_of(design.name)))
    resolver.problems += map(_circle, waiting_circles(design.flow))
    for step in steps.values():
        named: list[tuple[str, Collection[str], str]] = [(name, steps, "step") for name in step.after or ()]
        named += [(transition.to, targets, "step") for transition in step.transitions]
        if step.service is not None and design.services:
            named.append((step.service, design.services, "service"))
        for name, known, what in named:
            if name not in known:
                hint = did_you_mean(name, known)
                problem = Problem("E202", f"unknown {what} '{name}'", position_of(name), hint, unknown=name)
                resolver.problems.append(problem)


def _circle(names: tuple[str, ...]) -> Problem:
    """The problem with steps that wait for each other."""
    first, *others = names
    message = f"'{first}' waits for itself and can never start"
    if others:
        chain = "".join(f"'{name}', which waits for " for name in others)
        message = f"'{first}' waits for {chain}'{first}': none of them can ever start"
    return Problem("E204", message, position_of(first), "a loop is made by transitions")


def _type_instance(design: model.Orchestration, number: int, scope: Scope, resolver: Resolver) -> TypedInstance:
    def formula(text: model.Formula | None) -> Expr | None:
        return None if text is None else resolver.expression(text, scope, BOOL)

    steps = {
        name: _type_step(name, step, design.services.get(step.service or ""), scope, resolver)
        for name, step in design.flow.steps.items()
    }
    return TypedInstance(number, scope, steps, formula(design.flow.requires), formula(design.flow.ensures))


def _type_step(
    name: str, step: model.Step, service: model.Service | None, scope: Scope, resolver: Resolver
) -> TypedStep:
    def formula(text: model.Formula | None) -> Expr | None:
        return None if text is None else resolver.expression(text, scope, BOOL)

    def effect(assignments: model.Effect) -> dict[str, Expr]:
        return read_effect(assignments, scope.names, scope, resolver)

    outcomes = tuple(model.outcome_names(step, service))
    effects = {outcome: effect(step.outcomes.get(outcome, {})) for outcome in outcomes}
    if step.effect:
        effects["ok"] = effect(step.effect)
    ensures = formula(step.ensures)
    parameters = _parameters(step, scope, resolver)
    renamed = {parameter.name[:-1]: parameter.ref for parameter in parameters}
    for name_ in step.modifies:
        if name_ in effects["ok"]:
            message = f"'{name_}' gets a value by 'effect', and another one by 'modifies'"
            resolver.problems.append(Problem("E141", message, position_of(name_), "keep one of them"))
    effects["ok"] = {**effects["ok"], **renamed}
    compensation = None
    if step.compensation is not None:
        undo = step.compensation
        compensation = TypedCompensation(effect(undo.effect), formula(undo.requires), formula(undo.ensures))
        for restored in undo.restores:
            target = resolver.expression(restored, scope)
            if target is not None and not isinstance(target, Ref):
                problem = Problem("E140", f"'{restored}' is not a variable", position_of(restored))
                resolver.problems.append(problem)
    guards = {
        index: TRUE if transition.when is None else formula(transition.when) or TRUE
        for index, transition in enumerate(step.transitions)
    }
    assumed: Expr = TRUE
    if parameters and ensures is not None:
        assumed = substitute(ensures, effects["ok"])
    return TypedStep(
        name, step, outcomes, formula(step.when) or TRUE, formula(step.await_) or TRUE, formula(step.requires),
        ensures, formula(step.check), effects, guards, compensation, parameters, assumed,
    )  # fmt: skip


def _parameters(step: model.Step, scope: Scope, resolver: Resolver) -> tuple[Variable, ...]:
    found = []
    for name in step.modifies:
        target = scope.names.get(name)
        if isinstance(target, Ref):
            # A bounded variable may leave its range only by a known effect; an unknown one is assumed to respect it.
            found.append(Variable(f"{target.name}'", target.type, None, role="parameter"))
        elif name not in scope.broken:
            hint = did_you_mean(name, scope.names)
            problem = Problem("E140", f"unknown variable '{name}'", position_of(name), hint, unknown=name)
            resolver.problems.append(problem)
    return tuple(found)
