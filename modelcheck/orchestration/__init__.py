"""From an orchestration to its transition system: the only module that knows how a flow runs.

A step is two atomic actions, `start` and `finish(outcome)`. Control state of each instance: each flow's status, each
step's status (a token that has arrived is the status `ready`), a token for each edge into a join, attempts, and
what is owed: the steps that the coordinator will undo if the flow fails.

What happens when, in short: a step whose `when` is false on arrival is skipped, and passes its token on. After a
failure no step of that flow starts; steps in flight finish first (unless abandoned); then what is owed is undone in
the policy's order. A flow has `completed` when no token is left, and `aborted` when nothing is left to undo. Several
flows run side by side: they share variables, services and coordinators, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .. import model
from ..declare import range_assumptions
from ..errors import ModelError, Problem
from ..expand import expand, flows_of
from ..expand.several import engine_of
from ..expressions import Scope, conjunction, negation
from ..system import Action, TransitionSystem
from .control import Control, shape_of
from .endings import abort, complete, undo
from .engines import begin, limits_of, without_limits
from .room import Busy
from .steps import after_check, arrive, fail, finish, pass_through
from .typed import TypedFlow, forget, type_flow


def compile_orchestration(
    design: model.Orchestration, instances: int | None = None, engines: bool = True
) -> TransitionSystem:
    """The transition system of an orchestration; raises `ModelError`. `instances` overrides the design's number.

    engines: whether they limit how many flows run. Otherwise a flow whose engine has a limit begins when it likes, for
    somebody else to say when.
    """
    design = expand(design)
    forget(design)
    flows = flows_of(design)
    typed = _type_all(flows, instances)
    first = next(iter(typed.values()))
    shapes = {name: shape_of(each) for name, each in flows.items()}
    limits = limits_of(flows, len(first.instances)) if engines else without_limits(flows)
    queued = {name: (engine_of(each) or "") in limits for name, each in flows.items()}
    parts = [
        Control(flows[name], typed[name], typed[name].instances[number], shapes[name], name, queued[name])
        for number in range(len(first.instances))
        for name in flows
    ]
    busy = Busy(design, parts)
    actions = [begin(part, parts, limits) for part in parts if part.queued]
    actions += [action for part in parts for action in _actions(part, busy)]
    variables = (*first.variables, *(variable for part in parts for variable in part.variables.values()))
    scopes = _scopes(parts)
    instances_of = [each for one in typed.values() for each in one.instances]
    return TransitionSystem(
        name=design.name,
        variables=variables,
        actions=tuple(actions),
        finished=conjunction(part.ended for part in parts),
        initially=conjunction(each.requires for each in instances_of if each.requires is not None),
        scope=replace(scopes[0], instances=scopes),
        assumptions=(*_assumptions(design, first), *(f"{name} runs {n} flows at once" for name, n in limits.items())),
    )


def _type_all(flows: Mapping[str, model.Orchestration], instances: int | None) -> dict[str, TypedFlow]:
    """Each flow typed; raises `ModelError` with what is wrong in any of them."""
    typed: dict[str, TypedFlow] = {}
    problems: list[Problem] = []
    for name, each in flows.items():
        try:
            typed[name] = type_flow(each, instances)
        except ModelError as error:
            problems += error.problems
    if problems:
        raise ModelError(dict.fromkeys(problems))
    return typed


def _scopes(parts: list[Control]) -> tuple[Scope, ...]:
    """For each instance the names that properties may use: the predicates of all its flows."""
    found: dict[int, Scope] = {}
    for part in parts:
        scope = part.property_scope()
        before = found.setdefault(part.instance.number, replace(scope, predicates={}))
        merged = {word: {**before.predicates.get(word, {}), **known} for word, known in scope.predicates.items()}
        found[part.instance.number] = replace(scope, predicates=merged)
    return tuple(found.values())


def _assumptions(design: model.Orchestration, typed: TypedFlow) -> tuple[str, ...]:
    found = list(range_assumptions(typed.variables))
    if len(typed.instances) > 1:
        found.append(f"{len(typed.instances)} instances")
    for name, each in flows_of(design).items():
        if each.flow.requires is not None:
            found.append(f"the flow {name} starts where {each.flow.requires}".replace("  ", " "))
    found += [f"{n} has {s.workers} workers" for n, s in design.services.items() if s.at_once is not None]
    return tuple(found)


def _actions(control: Control, busy: Busy) -> Iterable[Action]:
    for name in control.steps:
        if control.steps[name].step.origin.instant:
            yield from pass_through(control, name)
            continue
        yield from arrive(control, name, busy)
        for outcome in control.steps[name].outcomes:
            yield from finish(control, name, outcome)
        if control.steps[name].check is not None:
            yield fail(control, name, "check", negation(after_check(control, name)))
    for name, step in control.steps.items():
        if step.compensation is not None:
            yield from undo(control, name, busy)
    yield complete(control)
    yield abort(control)
