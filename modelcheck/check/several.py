"""Several flows side by side: each by itself, and which of them no other disturbs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .. import model
from ..expand import expand, flows_of
from ..expressions import Expr, conjunction, references
from ..orchestration.typed import TypedFlow, TypedStep, type_flow
from .interference import formulas, written


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
    changed = {name: written_by(each) for name, each in typed.items()}
    required = [each.instances[0].requires for each in typed.values()]
    requires = conjunction(each for each in required if each is not None)
    found = []
    for name, each in flows.items():
        others = {variable for other in flows if other != name for variable in changed[other]}
        (instance,) = typed[name].instances
        together = replace(typed[name], instances=(replace(instance, requires=requires),))
        found.append(OneFlow(name, each, together, not spoken_of(typed[name]) & others))
    return tuple(found)


def undisturbed_flows(design: model.Orchestration) -> dict[str, model.Orchestration]:
    """The flows that start by themselves and that no other flow disturbs, each as a design of its own."""
    return {each.name: each.design for each in each_flow(design) if each.undisturbed}


def written_by(typed: TypedFlow) -> set[str]:
    """The variables that the steps of a flow and their undos may change."""
    steps = typed.instances[0].steps.values()
    undone = (name for step in steps if step.compensation is not None for name in step.compensation.effect)
    return set(undone).union(*map(written, steps))


def spoken_of(typed: TypedFlow) -> set[str]:
    """The variables that any formula of a flow reads, or that it writes."""
    instance = typed.instances[0]
    asked = [instance.requires, instance.ensures, *(f for step in instance.steps.values() for f in _formulas(step))]
    return written_by(typed) | {name for formula in asked if formula is not None for name in references(formula)}


def _formulas(step: TypedStep) -> Iterable[Expr | None]:
    """All formulas of a step, also of its undo, and what is assumed of values that only its contract knows."""
    yield from (*formulas(step), step.assumed)
    if step.compensation is not None:
        yield from (step.compensation.requires, step.compensation.ensures, *step.compensation.effect.values())
