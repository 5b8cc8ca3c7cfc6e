"""The steps of a flow with their formulas typed, for one instance: what the compiler and the graph checks share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from weakref import ref

from .. import model
from ..assign import read_effect, variables_of
from ..declare import count_instances, declare_names, declare_variables
from ..errors import ModelError, Problem, did_you_mean, position_of
from ..expand import expand
from ..expand.indices import with_indices
from ..expand.several import engine_of
from ..expand.timeouts import HIDDEN, heard
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
from ..expressions.composite import Tree, leaves, tidy
from ..graph.flow import jumps_after, waiting_circles
from ..names import name_problems
from ..system import Claim, Variable


@dataclass(frozen=True)
class TypedCompensation:
    """What undoes a step, with its formulas typed; `missing`: the claims that the members it assigns exist."""

    effect: Mapping[str, Expr]
    requires: Expr | None
    ensures: Expr | None
    restores: tuple[tuple[str, Tree], ...] = ()
    missing: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class TypedStep:
    """A step whose formulas are typed trees.

    `parameters` and `assumed`: new values that are known only by what `ensures` says of them.
    `missing`: for each outcome, the claims that the members which its effect assigns exist.
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
    missing: Mapping[str, tuple[Claim, ...]] = field(default_factory=dict)

    def has_effect(self, outcome: str) -> bool:
        """Whether an ending leaves something to undo: an effect, or a success that a compensation is declared for.

        A false check comes after the effect of a success; a timeout may hide one.
        """
        ending = "ok" if outcome == "check" else outcome
        declared = bool(self.effects.get(ending)) or bool(self.parameters and ending == "ok")
        undone = self.compensation is not None or bool(self.step.origin.undone_with)
        done = ending in ("ok", HIDDEN) or (ending == "timeout" and self.step.origin.hides == "success")
        return declared or (done and undone)

    @property
    def may_have_effect(self) -> bool:
        """Whether some ending leaves something to undo."""
        return any(self.has_effect(outcome) for outcome in self.outcomes)

    def branches(self, outcome: str) -> list[tuple[str | None, Expr]]:
        """Where an outcome can lead by transitions: (target, condition after the effect); target None: nowhere.

        Ordered choices exclude each other; the last pair is the case in which no condition holds.
        """
        jumps = jumps_after(self.step, heard(outcome))
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

    `instances` overrides the design's own number. Many checks ask for it: the last answers are kept, as long as their
    designs are there and are not compiled again (`forget`).
    """
    number = 1 if instances is None and str(design.instances) == "1" else instances
    key = (id(design), number)
    known = _TYPED.get(key)
    if known is not None and known[0]() is design:
        return known[1]
    typed = _type_flow(design, number)
    while len(_TYPED) >= MOST_KEPT:
        _TYPED.pop(next(iter(_TYPED)))
    _TYPED[key] = (ref(design, lambda _: _TYPED.pop(key, None)), typed)
    return typed


def forget(design: model.Orchestration) -> None:
    """Types a design anew when it is asked for next: who made it in Python may have changed a dictionary in it."""
    for key in [key for key in _TYPED if key[0] == id(design)]:
        del _TYPED[key]


# By the very object, not by what it is equal to: equal texts may stand at different places of a file.
MOST_KEPT = 8
_TYPED: dict[tuple[int, int | None], tuple[ref[model.Orchestration], TypedFlow]] = {}


def _type_flow(design: model.Orchestration, instances: int | None) -> TypedFlow:
    resolver = Resolver()
    resolver.problems += name_problems(design)
    design = expand(design)
    constants = declare_names(design, resolver)
    count = instances or count_instances(design.instances, constants, resolver)
    shared = {name: declared for name, declared in design.variables.items() if declared.shared}
    own = {name: declared for name, declared in design.variables.items() if not declared.shared}
    _check_names(design, resolver)
    variables, scope = declare_variables(shared, constants, resolver)
    typed = []
    for number in range(1, count + 1):
        added, inner = declare_variables(own, scope, resolver, instance=number if count > 1 else None)
        variables += added
        typed.append(_type_instance(design, number, inner, resolver))
        if resolver.problems:  # The other instances would repeat them.
            raise ModelError(dict.fromkeys(resolver.problems))
    types = {variable.name: variable.type for variable in variables}
    return TypedFlow(tuple(variables), tuple(typed), scope, types)


def _check_names(design: model.Orchestration, resolver: Resolver) -> None:
    """References between parts; a loaded file was checked already, a model built in Python was not."""
    steps = design.flow.steps
    targets = [*steps, "end", "abort"]
    if not steps:
        resolver.problems.append(Problem("E201", f"'{design.name}' has no steps", position_of(design.name)))
    resolver.problems += map(_circle, waiting_circles(design.flow))
    engine = engine_of(design)
    if engine is not None and engine not in design.engines:
        hint = did_you_mean(engine, design.engines)
        resolver.problems.append(
            Problem("E202", f"unknown engine '{engine}'", position_of(engine), hint, unknown=engine)
        )
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
    inside = with_indices(scope, step.origin.indices)

    def formula(text: model.Formula | None) -> Expr | None:
        return None if text is None else resolver.expression(text, inside, BOOL)

    outcomes = tuple(model.outcome_names(step, service))
    written = {outcome: step.outcomes.get(outcome, {}) for outcome in outcomes}
    if step.effect:
        written["ok"] = step.effect
    if step.origin.hides == "either" and "timeout" in outcomes:
        outcomes, written = (*outcomes, HIDDEN), {**written, HIDDEN: written["ok"]}
    effects, missing = {}, {}
    for outcome, effect in written.items():
        effects[outcome], missing[outcome] = read_effect(effect, scope, inside, resolver)
    ensures = formula(step.ensures)
    # A bounded variable may leave its range only by a known effect; an unknown one is assumed to respect it.
    known = variables_of(step.modifies, inside, resolver)
    parts = [leaf for _, value in known for _, leaf in leaves(value) if isinstance(leaf, Ref)]
    parameters = tuple(Variable(f"{ref.name}'", ref.type, None, role="parameter") for ref in parts)
    renamed = {parameter.name[:-1]: parameter.ref for parameter in parameters}
    for name_ in step.modifies:
        if name_ in effects["ok"]:
            message = f"'{name_}' gets a value by 'effect', and another one by 'modifies'"
            resolver.problems.append(Problem("E141", message, position_of(name_), "keep one of them"))
    effects["ok"] = {**effects["ok"], **renamed}
    guards = {
        index: TRUE if transition.when is None else formula(transition.when) or TRUE
        for index, transition in enumerate(step.transitions)
    }
    promised = [*(tidy(value) for _, value in known), *([ensures] if parameters and ensures is not None else [])]
    assumed = substitute(conjunction(promised), effects["ok"])
    return TypedStep(
        name, step, outcomes, formula(step.when) or TRUE, formula(step.await_) or TRUE, formula(step.requires),
        ensures, formula(step.check), effects, guards, _type_compensation(step, scope, inside, resolver),
        parameters, assumed, missing,
    )  # fmt: skip


def _type_compensation(step: model.Step, scope: Scope, inside: Scope, resolver: Resolver) -> TypedCompensation | None:
    undo = step.compensation
    if undo is None:
        return None
    requires, ensures = (
        None if text is None else resolver.expression(text, inside, BOOL) for text in (undo.requires, undo.ensures)
    )
    effect, missing = read_effect(undo.effect, scope, inside, resolver)
    return TypedCompensation(effect, requires, ensures, tuple(variables_of(undo.restores, inside, resolver)), missing)
