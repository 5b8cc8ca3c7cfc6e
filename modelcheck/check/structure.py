"""What the structure of a flow proves by itself, whatever its data: no deadlock, one token, inputs, undoing.

The theorems are stated where they are used. They speak of flows whose formulas divide by nothing and wait for nothing,
so that a step that has arrived can start, and one that has started can end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .. import model
from ..declare import range_claims
from ..expand.timeouts import HIDDEN
from ..expressions import TRUE, Expr, well_defined
from ..graph.flow import flow_graph
from ..graph.reachability import Reachability
from ..graph.structure import has_joins, is_sequential, plain_order
from ..orchestration.typed import TypedFlow, TypedStep
from ..results import Result, Verdict
from ..system import TransitionSystem
from .interference import certain, formulas, may_begin, provided_keys
from .ordering import PREFIX
from .question import Question
from .several import OneFlow, each_flow

METHOD = "structure of the flow"


def proved_by_structure(
    design: model.Orchestration, system: TransitionSystem, questions: Sequence[Question]
) -> Iterator[Result]:
    """The results of those questions that the structure of the flows decides."""
    flows = [_facts(each) for each in each_flow(design)]
    deadlock_free = all(each.cannot_get_stuck for each in flows)
    of_all = {name: why for each in flows[:1] for name, why in each.undoing.items()}
    undoing = {name: why for name, why in of_all.items() if all(name in each.undoing for each in flows)}
    for question in questions:
        reason = ""
        if question.check == "deadlock" and deadlock_free:
            reason = "what has arrived can start, what has started can end, and joins get all their tokens"
        elif question.check == "soundness" and any(question.name in each.one_token for each in flows):
            reason = "there is one token"
        elif question.check == "data" and any(question.name in each.inputs for each in flows):
            reason = "a step before it writes them"
        elif question.check == "compensation" and question.name in undoing:
            reason = undoing[question.name]
        elif question.name.startswith(PREFIX) and any(_overlap(question, each) for each in flows):
            reason = "nothing keeps them from being in flight at once"
        if reason:
            yield _proved(question, system, reason)


def flows_are_sound(design: model.Orchestration) -> bool:
    """Whether the structure proves that each flow can always complete, leaves nothing in flight and can run all steps.

    Plain partial orders that cannot get stuck: whatever has happened, steps and undos can go on to end well, each once;
    completing waits until no token is left, aborting until nothing is in flight, where siblings finish first or there
    is never more than one.
    """
    flows = [_facts(each) for each in each_flow(design)]
    finish = design.policies.compensation.siblings == "finish"
    return all(
        each.cannot_get_stuck
        and each.order is not None
        and (finish or each.order.is_total)
        and each.reached == each.design.flow.steps.keys()
        for each in flows
    )


@dataclass(frozen=True)
class _Facts:
    """What the structure of one flow says. one_token, inputs: names of questions that it proves; undoing: names with
    the reasons. reached: the steps that certainly can be run to their good end."""

    design: model.Orchestration
    order: Reachability | None
    cannot_get_stuck: bool
    one_token: frozenset[str]
    inputs: frozenset[str]
    undoing: Mapping[str, str]
    reached: frozenset[str]


def _facts(flow: OneFlow) -> _Facts:
    design, typed = flow.design, flow.typed
    order = plain_order(design)
    single = is_sequential(design.flow, flow_graph(design))
    tokens = frozenset(f"one token at {name}" for name in design.flow.steps if single)
    stuck = not cannot_get_stuck(design, typed, order)
    if order is None:
        return _Facts(design, None, not stuck, tokens, frozenset(), {}, frozenset())
    inputs = frozenset(f"inputs of {name}" for name in _provided(design, order))
    undoing = _undoing(design, typed, order)
    return _Facts(design, order, not stuck, tokens, inputs, undoing, certain(design, typed, order))


def _proved(question: Question, system: TransitionSystem, reason: str) -> Result:
    result = Result(question.name, question.check, Verdict.PROVED, METHOD, reason, position=question.position)
    return replace(result, assumptions=system.assumptions)


def cannot_get_stuck(design: model.Orchestration, typed: TypedFlow, order: Reachability | None) -> bool:
    """Whether something can always happen until every instance has ended.

    A step in flight can end: its outcomes leave no case out. A step that has arrived can start, be skipped or fail for
    want of an input, if not at once for want of a worker or a slot, then when whoever holds it has ended; nobody who
    holds one waits for another. So a running flow is stuck only before a join that has some of its tokens for ever.
    Without joins there is none; nor in a plain partial order, an acyclic marked graph: of the steps that have not
    passed a token on take the first one in the order, all that it waits for have, so it has arrived (Commoner, Holt,
    Even and Pnueli 1971, theorem 1; as soundness of workflow nets: van der Aalst 1997). Undoing is stuck nowhere: of
    the steps that are owed one comes last in the order, and nothing has to be undone before it; only what is last in
    first out may lose count when an attempt is owed twice.
    """
    if order is None and has_joins(design.flow):
        return False
    if design.policies.compensation.order == "lifo":
        return False
    return not any(
        step.awaits != TRUE or step.assumed != TRUE or _may_be_undefined(step)
        for step in typed.instances[0].steps.values()
    )


def _may_be_undefined(step: TypedStep) -> bool:
    undo = list(step.compensation.effect.values()) if step.compensation is not None else []
    asked: list[Expr] = [*formulas(step), *undo]
    return any(well_defined(formula) != TRUE for formula in asked)


def _provided(design: model.Orchestration, order: Reachability) -> frozenset[str]:
    """The steps each of whose inputs is there from the start, or written by a step before it that is never skipped."""
    steps = design.flow.steps
    writers: dict[str, int] = {}
    for name, step in steps.items():
        for key in provided_keys(design, step) if step.when is None else ():
            writers[key] = writers.get(key, 0) | 1 << order.place[name]
    given = frozenset(design.flow.context)
    return frozenset(
        name
        for name, step in steps.items()
        if all(key in given or writers.get(key, 0) & order.earlier[order.place[name]] for key in step.input.values())
    )


def _undoing(design: model.Orchestration, typed: TypedFlow, order: Reachability) -> dict[str, str]:
    """The questions about compensation that are true of a plain flow, by name, each with the reason.

    Every step runs once, and when undoing begins nothing is in flight (siblings finish first). Then what is owed is
    noted by the very actions that have an effect, and taken off by undoing it; the flow has failed when nothing is
    owed; and a step is undone only when nothing is owed that came after it, so that none of these is undone later.
    """
    policy = design.policies.compensation
    steps = typed.instances[0].steps
    if policy.siblings != "finish" and not order.is_total:
        return {}
    if any(step.step.origin.undone_with for step in steps.values()):
        return {}  # What is undone as a whole is owed from its first effect on, before its own end.
    owed_as_had = all(_owed_as_had(step, policy) for step in steps.values())
    found: dict[str, str] = {}
    if owed_as_had:
        found["only effects are undone"] = "what is owed is what had an effect"
    undone = all(step.compensation is not None for step in steps.values() if step.may_have_effect)
    endings = {outcome for step in steps.values() for outcome in _failures(step)}
    gives_up = policy.on_undo_failure != "retry" and any(
        step.step.compensation is not None and step.step.compensation.fails > 0 for step in steps.values()
    )
    if owed_as_had and undone and endings <= set(policy.on) and not gives_up and _can_fail(design, typed, order):
        found["compensation"] = "each effect is owed until it is undone, and the flow has failed when nothing is owed"
    if policy.order == "reverse":
        found["undone in reverse"] = "a step is undone when nothing that came after it is owed"
    return found


def _can_fail(design: model.Orchestration, typed: TypedFlow, order: Reachability) -> bool:
    """Whether some execution certainly fails: some step starts for certain and can fail for good, and neither its
    effect nor what is undone then can leave a range."""
    surely = order.bits(certain(design, typed, order))
    steps = typed.instances[0].steps
    safely_undone = order.bits({name for name, step in steps.items() if _undo_stays_in_range(step, typed)})
    for place, name in enumerate(order.order):
        step, before = steps[name], order.earlier[place]
        started = not before & ~surely and step.when == TRUE == step.awaits and not step.step.input
        undone = not (before | 1 << place) & ~safely_undone
        if started and undone and may_begin(design, typed):
            retry = step.step.retry or design.policies.retry
            endless = retry.on if retry is not None and retry.attempts is None else ()
            final = [outcome for outcome in step.outcomes if outcome != "ok" and outcome not in endless]
            if any(not range_claims(step.effects[outcome], typed.types) for outcome in final):
                return True
    return False


def _undo_stays_in_range(step: TypedStep, typed: TypedFlow) -> bool:
    undo = step.compensation
    if undo is None:
        return True
    return not range_claims(undo.effect, typed.types) and all(well_defined(e) == TRUE for e in undo.effect.values())


def _failures(step: TypedStep) -> list[str]:
    """The endings of a step without transitions that make the flow fail, now or after some attempts."""
    missing = ["error"] if step.step.input else []
    return [*(o for o in step.outcomes if o != "ok"), *(["check"] if step.check is not None else []), *missing]


def _owed_as_had(step: TypedStep, policy: model.CompensationPolicy) -> bool:
    """Whether the coordinator owes a step's undoing exactly after endings that had an effect."""
    if step.step.input and step.has_effect("error"):
        return False  # Failing for want of an input has none.
    if HIDDEN in step.outcomes:
        return False  # Whether there was an effect is not known when its undoing is noted.
    if step.compensation is None:
        return True
    failures = [outcome for outcome in (*step.outcomes, "check") if outcome != "ok"]
    choices = {outcome: policy.failing_step.get(outcome, "if effect") for outcome in failures}
    return all(choice == "if effect" or (choice == "always") == step.has_effect(o) for o, choice in choices.items())


def _overlap(question: Question, flow: _Facts) -> bool:
    """Whether two unordered steps can certainly be in flight at once: all before them can end well, and there are
    workers and slots for both."""
    first, second = question.name.removeprefix(PREFIX).split(" and ")
    if flow.order is None or not {first, second} <= flow.reached or flow.order.ordered(first, second):
        return False
    steps = [flow.design.flow.steps[name] for name in (first, second)]
    if any(step.origin.instant for step in steps):
        return False
    slots = [each.concurrency for each in flow.design.coordinators.values()]
    workers = [each.at_once for name, each in flow.design.services.items() if name in {s.service for s in steps}]
    return all(limit is None or limit >= 2 for limit in (*slots, *workers))
