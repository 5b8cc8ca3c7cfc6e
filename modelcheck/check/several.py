"""Several flows side by side: each by itself, and which of them no other disturbs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .. import model
from ..expand import expand, flows_of
from ..expressions import Expr, conjunction, references
from ..orchestration.typed import TypedFlow, TypedStep, type_flow


@dataclass(frozen=True)
class OneFlow:
    """A flow as a design of its own, typed for one instance.

    Its `requires` is what all flows of the design require: that is assumed of the first values.
    undisturbed: no other flow writes what it speaks of. While all others wait it can run as if it were alone.
    """

    name: str
    design: model.Orchestration
    typed: TypedFlow
    undisturbed: bool


def each_flow(design: model.Orchestration) -> tuple[OneFlow, ...]:
    """The flows that start by themselves, each by itself."""
    flows = flows_of(expand(design))
    typed = {name: type_flow(each, instances=1) for name, each in flows.items()}
    if len(flows) == 1:
        return tuple(OneFlow(name, each, typed[name], True) for name, each in flows.items())
    written = {name: written_by(each) for name, each in typed.items()}
    required = [each.instances[0].requires for each in typed.values()]
    requires = conjunction(each for each in required if each is not None)
    found = []
    for name, each in flows.items():
        others = {variable for other in flows if other != name for variable in written[other]}
        (instance,) = typed[name].instances
        together = replace(typed[name], instances=(replace(instance, requires=requires),))
        found.append(OneFlow(name, each, together, not spoken_of(typed[name]) & others))
    return tuple(found)


def undisturbed_flows(design: model.Orchestration) -> dict[str, model.Orchestration]:
    """The flows that start by themselves and that no other flow disturbs, each as a design of its own."""
    return {each.name: each.design for each in each_flow(design) if each.undisturbed}


def written_by(typed: TypedFlow) -> set[str]:
    """The variables that the steps of a flow and their undos may change."""
    return {name for step in typed.instances[0].steps.values() for effect in _effects(step) for name in effect}


def spoken_of(typed: TypedFlow) -> set[str]:
    """The variables that any formula of a flow reads, or that it writes."""
    instance = typed.instances[0]
    formulas = [instance.requires, instance.ensures, *(f for step in instance.steps.values() for f in _formulas(step))]
    return written_by(typed) | {name for formula in formulas if formula is not None for name in references(formula)}


def _effects(step: TypedStep) -> Iterable[dict[str, Expr]]:
    yield from (dict(effect) for effect in step.effects.values())
    if step.compensation is not None:
        yield dict(step.compensation.effect)


def _formulas(step: TypedStep) -> Iterable[Expr | None]:
    yield from (step.when, step.awaits, step.requires, step.ensures, step.check, step.assumed)
    yield from step.guards.values()
    yield from (value for effect in _effects(step) for value in effect.values())
    if step.compensation is not None:
        yield from (step.compensation.requires, step.compensation.ensures)
