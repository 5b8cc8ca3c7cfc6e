"""From an orchestration to its transition system: the only module that knows how a flow runs.

A step is two atomic actions, `start` and `finish(outcome)`. Control state of each instance: the flow's status, each
step's status (a token that has arrived is the status `ready`), a token for each edge into a join, attempts, and
what is owed: the steps that the coordinator will undo if the flow fails.

What happens when, in short: a step whose `when` is false on arrival is skipped, and passes its token on. After a
failure no step starts; steps in flight finish first (unless abandoned); then what is owed is undone in the policy's
order. The flow has `completed` when no token is left, and `aborted` when nothing is left to undo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .. import model
from ..declare import range_assumptions
from ..expand import expand
from ..expressions import conjunction, negation
from ..system import Action, TransitionSystem
from .control import Busy, Control, shape_of
from .endings import abort, complete, undo
from .steps import after_check, arrive, fail, finish, pass_through
from .typed import TypedFlow, type_flow


def compile_orchestration(design: model.Orchestration, instances: int | None = None) -> TransitionSystem:
    """The transition system of an orchestration; raises `ModelError`. `instances` overrides the design's number."""
    design = expand(design)
    typed = type_flow(design, instances)
    shape = shape_of(design)
    parts = [Control(design, typed, each, shape) for each in typed.instances]
    busy = Busy(design, parts)
    actions = [action for part in parts for action in _actions(part, busy)]
    variables = (*typed.variables, *(variable for part in parts for variable in part.variables.values()))
    scopes = tuple(part.property_scope() for part in parts)
    return TransitionSystem(
        name=design.name,
        variables=variables,
        actions=tuple(actions),
        finished=conjunction(part.ended for part in parts),
        initially=conjunction(each.requires for each in typed.instances if each.requires is not None),
        scope=replace(scopes[0], instances=scopes),
        assumptions=_assumptions(design, typed),
    )


def _assumptions(design: model.Orchestration, typed: TypedFlow) -> tuple[str, ...]:
    found = list(range_assumptions(typed.variables))
    if len(typed.instances) > 1:
        found.append(f"{len(typed.instances)} instances")
    if design.flow.requires is not None:
        found.append(f"the flow starts where {design.flow.requires}")
    found += [f"{n} has {s.workers} workers" for n, s in design.services.items() if s.workers is not None]
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
