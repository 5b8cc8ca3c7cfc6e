"""Several flows side by side: which of them can be looked at by itself, because no other writes what it speaks of."""

from __future__ import annotations

from collections.abc import Iterable

from .. import model
from ..expand import expand, flows_of
from ..expressions import Expr, references
from ..orchestration.typed import TypedFlow, TypedStep, type_flow


def undisturbed_flows(design: model.Orchestration) -> dict[str, model.Orchestration]:
    """The flows that start by themselves and that no other flow disturbs, each as a design of its own."""
    flows = flows_of(expand(design))
    if len(flows) == 1:
        return flows
    typed = {name: type_flow(each, instances=1) for name, each in flows.items()}
    written = {name: written_by(each) for name, each in typed.items()}
    return {
        name: each
        for name, each in flows.items()
        if not spoken_of(typed[name]) & {v for other in flows if other != name for v in written[other]}
    }


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
