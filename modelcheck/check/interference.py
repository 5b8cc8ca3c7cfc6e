"""Who may disturb whom in a flow: which variables somebody else may write while a step relies on them.

Where every two steps that are not ordered leave alone what the other reads or writes (Bernstein 1966), no step can tell
in which order the unordered ones ran: each sees what those before it wrote, as if they had run in any one order that
respects theirs (Mazurkiewicz 1977), and proofs about each branch by itself are proofs about all of them together
(Owicki and Gries 1976, where that is called freedom from interference).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice, product

from .. import model
from ..declare import range_claims, shared_among
from ..expand.timeouts import heard
from ..expressions import TRUE, Expr, conjunction, evaluate, references, well_defined
from ..graph.reachability import Reachability
from ..orchestration.typed import TypedFlow, TypedStep

MOST_TRIED = 1_000


def written(step: TypedStep) -> set[str]:
    """The variables that some ending of a step writes."""
    return {name for effect in step.effects.values() for name in effect}


def read(step: TypedStep) -> set[str]:
    """The variables that a step's conditions, contracts and effects read; not those of its compensation."""
    found: set[str] = set()
    for formula in formulas(step):
        found |= references(formula)
    return found


def formulas(step: TypedStep) -> Iterable[Expr]:
    """All formulas of a step but those of its compensation."""
    asked = (step.when, step.awaits, step.requires, step.ensures, step.check)
    yield from (formula for formula in asked if formula is not None)
    yield from step.guards.values()
    yield from (value for effect in step.effects.values() for value in effect.values())


def disturbed(design: model.Orchestration, typed: TypedFlow, order: Reachability | None) -> frozenset[str]:
    """The variables of which a step cannot know who wrote them last.

    `order`: how the steps follow each other where some run side by side; None for a single token. What other instances
    share is disturbed, what a failed attempt writes before the next, what unordered steps write, and what is undone
    while others are still in flight.
    """
    steps = typed.instances[0].steps
    found = shared_with_others(design, typed.types)
    for step in steps.values():
        retry = step.step.retry or design.policies.retry
        for outcome, effect in step.effects.items():
            found |= set(effect) if retry is not None and heard(outcome) in retry.on else set()
    if order is None:
        return frozenset(found)
    if design.policies.compensation.siblings != "finish" and not order.is_total:
        found |= {name for step in steps.values() if step.compensation for name in step.compensation.effect}
    return frozenset(found | _raced(steps, order))


def shared_with_others(design: model.Orchestration, names: Iterable[str]) -> set[str]:
    """Those of some variables that other instances may write."""
    return set() if str(design.instances) == "1" else shared_among(design, names)


def _raced(steps: Mapping[str, TypedStep], order: Reachability) -> set[str]:
    """The variables that one step writes while an unordered one may read or write them.

    Each is walked through along the order: a writer must come after all that looked at it since the writer before.
    """
    raced: set[str] = set()
    since: dict[str, tuple[str | None, list[str]]] = {}
    for name in order.order:
        writes = written(steps[name])
        for variable in writes | read(steps[name]):
            writer, readers = since.setdefault(variable, (None, []))
            if writer is not None and not order.leads(writer, name):
                raced.add(variable)
            if variable not in writes:
                readers.append(name)
                continue
            if not all(order.leads(reader, name) for reader in readers):
                raced.add(variable)
            since[variable] = (name, [])
    return raced


def certain(design: model.Orchestration, typed: TypedFlow, order: Reachability) -> frozenset[str]:
    """The steps of a plain flow that can be run to their good end, whatever the first values are.

    All that leads to such a step can, and so can the step itself: nothing is tested, no value can leave its range or
    fail to exist, no input can be missing. Running these one after the other and nothing else is an execution.
    """
    if not may_begin(design, typed):
        return frozenset()
    found: set[str] = set()
    uncertain = 0
    for place, name in enumerate(order.order):
        if order.earlier[place] & uncertain or not _always_ends_well(typed.instances[0].steps[name], typed):
            uncertain |= 1 << place
        else:
            found.add(name)
    return frozenset(found)


def _always_ends_well(step: TypedStep, typed: TypedFlow) -> bool:
    effect = {name: value for name, value in step.effects["ok"].items() if name in typed.types}
    tested = step.when != TRUE or step.awaits != TRUE or step.check is not None or step.step.input
    known = (
        step.assumed == TRUE
        and not step.missing.get("ok")
        and all(well_defined(value) == TRUE for value in effect.values())
    )
    return not tested and known and not range_claims(effect, typed.types)


def may_begin(design: model.Orchestration, typed: TypedFlow) -> bool:
    """Whether some first values certainly satisfy what the flow requires, in every instance: tried out, where they are
    few."""
    requires = typed.instances[0].requires
    if requires is None:
        return True
    if shared_with_others(design, typed.types):
        return False
    names = references(requires)
    used = [variable for variable in typed.variables if variable.name in names]
    values = [list(islice(variable.initial_values() or (), MOST_TRIED)) for variable in used]
    condition = conjunction([well_defined(requires), requires])
    tried = islice(product(*values), MOST_TRIED)
    return any(evaluate(condition, dict(zip((v.name for v in used), each, strict=True))) for each in tried)


def provided_keys(design: model.Orchestration, step: model.Step) -> list[str]:
    """The context keys that a step writes when it ends well."""
    service = design.services.get(step.service or "")
    offered = None if service is None else service.provides
    return [key for key, output in step.output.items() if offered is None or output in offered]
