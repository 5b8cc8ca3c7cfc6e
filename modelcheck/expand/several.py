"""Several flows: which start by themselves, and each as a design of its own.

A flow under `flows` that no step runs starts by itself, beside the one under `flow` if there is one. Its steps are
called `order.reserve`.
"""

from __future__ import annotations

from dataclasses import replace

from .. import model
from ..errors import Problem, position_of
from ..expressions import Resolver

TAKEN = ("flow", "system")


def is_made(flow: model.Flow) -> bool:
    """Whether all steps of a flow have been written out."""
    return bool(flow.steps) and all(step.origin.made for step in flow.steps.values())


def started(design: model.Orchestration, resolver: Resolver) -> list[str]:
    """The names of the flows that start by themselves; notes names that mean something else, and flows that only
    run each other."""

    def problem(code: str, message: str, about: str, hint: str) -> None:
        resolver.problems.append(Problem(code, message, position_of(about), hint))

    calls = {name: _called(flow) for name, flow in design.flows.items()}
    found = [name for name in design.flows if name not in set(_called(design.flow)).union(*calls.values())]
    reached, waiting = set(found), [*found, *_called(design.flow)]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting += [other for other in calls.get(name, ()) if other not in reached]
    for name in design.flows:
        if name not in reached:
            message = f"'{name}' is run only by flows that it runs itself"
            problem("E224", message, name, "let a step of another flow run it")
    taken = (*TAKEN, *design.flow.steps, *([design.flow.name] if design.flow.steps else []))
    for name in found:
        if name in taken:
            problem("E230", f"a flow cannot be called '{name}': that is something else", name, "rename the flow")
        if not design.flows[name].steps:
            problem("E201", f"'{name}' has no steps", name, "")
    return found


def _called(flow: model.Flow) -> list[str]:
    return [step.flow for step in flow.steps.values() if step.flow is not None]


def flows_of(design: model.Orchestration) -> dict[str, model.Orchestration]:
    """Each flow of an expanded design that starts by itself, as a design with that flow only; the one under `flow`
    has the name "".
    """
    if not design.flows:
        return {"": design}
    found = {"": design.flow} if design.flow.steps else {}
    return {name: replace(design, flow=flow, flows={}) for name, flow in {**found, **design.flows}.items()}


def title_of(name: str) -> str:
    """What a flow is called where one speaks of it: `flow` for the one that has no name of its own."""
    return name or "flow"


def coordinator_of(design: model.Orchestration) -> str | None:
    """The coordinator that runs a design's flow: the one it names, else the only one there is."""
    named = design.flow.coordinator
    if named is not None and named in design.coordinators:
        return named
    return next(iter(design.coordinators)) if len(design.coordinators) == 1 else None


def engine_of(design: model.Orchestration) -> str | None:
    """The engine that a design's flow runs on: its own, else that of its coordinator."""
    coordinator = design.coordinators.get(coordinator_of(design) or "")
    return design.flow.engine or (coordinator.engine if coordinator else None)
