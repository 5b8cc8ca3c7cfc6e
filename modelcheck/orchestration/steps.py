"""The actions of a step: arriving (start, skip, or a missing input) and finishing with each of its outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import position_of
from ..expand.timeouts import heard
from ..expressions import (
    FALSE,
    INT,
    TRUE,
    Expr,
    Operation,
    conjunction,
    implication,
    integer,
    negation,
    substitute,
)
from ..graph.flow import jumps_after
from ..system import Action, Claim
from .control import Control
from .room import Busy
from .typed import TypedStep


def arrive(control: Control, name: str, busy: Busy) -> Iterable[Action]:
    """Start, skip, or fail for want of an input."""
    step = control.steps[name]
    here = conjunction([control.flow_is("running"), control.arrived(name)])
    inputs = conjunction(control.ref(control.context(key)) for key in step.step.input.values())
    claims = []
    if step.requires is not None:
        message = f"{name} requires {step.step.requires}"
        claims.append(Claim("requires", name, step.requires, message, position_of(step.step.requires)))
    guard = conjunction([here, step.when, step.awaits, inputs, busy.has_room(control, step.step.service)])
    updates = {**control.set_status(name, "running"), **control.consume(name)}
    yield control.action(f"start {name}", guard, updates, control.label_for("start", name), claims, step)
    if step.when != TRUE:
        for target, condition in _ways(step, "ok", {}):
            moves = control.pass_on(name, target)
            guard = conjunction([here, negation(step.when), condition])
            moves = {**control.consume(name), **control.set_status(name, "skipped"), **moves}
            text = "" if target is None else f"→ {target}"
            yield control.action(
                f"skip {name}{' ' + text if text else ''}", guard, moves, control.label_for("skip", name, text=text),
                _choice_claims(step, "ok", target), step,
            )  # fmt: skip
    if step.step.input:
        missing = "an input of the step was never written to the context"
        claim = Claim("data", name, FALSE, f"{name}: {missing}", position_of(name))
        yield fail(control, name, "error", negation(inputs), conjunction([here, step.when]), (claim,))


def pass_through(control: Control, name: str) -> Iterable[Action]:
    """The begin or the end of a flow that a step runs: no work, one action."""
    step, call = control.steps[name], control.steps[name].step.origin.part_of
    claims = []
    for kind, holds, text in (
        ("requires", step.requires, step.step.requires),
        ("ensures", step.ensures, step.step.ensures),
    ):
        if holds is not None:
            claims.append(Claim(kind, call, holds, f"{call} {kind} {text}", position_of(text)))
    here = conjunction([control.flow_is("running"), control.arrived(name), step.awaits])
    for target, condition in _ways(step, "ok", {}):
        if name != call and target == call:
            yield from _skip_call(control, name, call, conjunction([here, condition]))
            continue
        text = f"begins {call}" if name != call else f"completes {call}" + (f" → {target}" if target else "")
        if target is not None and name != call and target.startswith("into "):
            text = f"decides to run {call}"
        moves = {**control.consume(name), **control.set_status(name, "done")}
        moves |= {**control.owe(name, "ok"), **control.pass_on(name, target)}
        claimed = [*claims, *_choice_claims(step, "ok", target), *control.token_claims(name, moves)]
        story = control.label_for("pass", name, text=text)
        yield control.action(f"{name}: {text}", conjunction([here, condition]), moves, story, claimed, step)


def _skip_call(control: Control, begin: str, call: str, guard: Expr) -> Iterable[Action]:
    """Nothing of the flow is run: what comes after the calling step is next."""
    for target, condition in _ways(control.steps[call], "ok", {}):
        moves = {**control.consume(begin), **control.set_status(begin, "skipped"), **control.pass_on(call, target)}
        text = "" if target is None else f"→ {target}"
        claims = [*_choice_claims(control.steps[call], "ok", target), *control.token_claims(call, moves)]
        story = control.label_for("skip", call, text=text)
        title = f"skip {call}{' ' + text if text else ''}"
        yield control.action(title, conjunction([guard, condition]), moves, story, claims, control.steps[begin])


def _ways(step: TypedStep, outcome: str, updates: Mapping[str, Expr]) -> list[tuple[str | None, Expr]]:
    """Where the token goes after an outcome, each with its condition before the effect."""
    if not jumps_after(step.step, heard(outcome)):
        return [(None, TRUE)]
    return [(target, substitute(condition, updates)) for target, condition in step.branches(outcome)]


def _choice_claims(step: TypedStep, outcome: str, target: str | None) -> list[Claim]:
    if target is not None or not jumps_after(step.step, heard(outcome)):
        return []
    message = f"after {step.name} no transition's condition is true"
    return [Claim("choice", step.name, FALSE, message, position_of(step.name))]


def after_check(control: Control, name: str) -> Expr:
    """The step's check as a condition on the state before its effect."""
    step = control.steps[name]
    return TRUE if step.check is None else substitute(step.check, step.effects["ok"])


def finish(control: Control, name: str, outcome: str) -> Iterable[Action]:
    """The endings of a step in flight with one outcome: success, another attempt, a caught failure, a failure."""
    step = control.steps[name]
    caught = bool(jumps_after(step.step, heard(outcome)))
    if outcome != "ok":
        tries_again = control.tries_again(step, outcome)
        if tries_again != FALSE:
            yield _try_again(control, step, outcome, tries_again)
        final = negation(tries_again)
        if not caught:
            yield fail(control, name, outcome, final)
            return
    else:
        final = conjunction([after_check(control, name), step.assumed])
    effect = step.effects[outcome]
    passing = control.flow_is("running")
    for target, condition in _ways(step, outcome, effect):
        text = "" if target is None else f"→ {target}"
        moves = {**control.set_status(name, "done" if outcome == "ok" else "failed"), **control.owe(name, outcome)}
        moves |= control.pass_on(name, target, jumps=True if caught and target is None else None)
        after = {**effect, **moves}
        guard = conjunction([control.status_is(name, "running"), final, condition])
        claims = [
            *step.missing[outcome], *_ensures(step, outcome), *_choice_claims(step, outcome, target),
            *(_claim_if(passing, claim) for claim in control.token_claims(name, moves)),
        ]  # fmt: skip
        title = f"finish {name}: {outcome}{' ' + text if text else ''}"
        yield control.action(
            title,
            guard,
            _with_context(control, step, outcome, after),
            control.label_for("finish", name, outcome, text),
            claims,
            step,
        )


def _with_context(control: Control, step: TypedStep, outcome: str, updates: dict[str, Expr]) -> dict[str, Expr]:
    """Output mapping, as the seed has it: what the service does not provide is ignored."""
    if outcome == "ok":
        service = control.design.services.get(step.step.service or "")
        for key, output in step.step.output.items():
            if service is None or service.provides is None or output in service.provides:
                updates[control.ref(control.context(key)).name] = TRUE
    return updates


def _ensures(step: TypedStep, outcome: str) -> list[Claim]:
    if outcome != "ok" or step.ensures is None or step.parameters:
        return []
    after = substitute(step.ensures, step.effects["ok"])
    message = f"{step.name} ensures {step.step.ensures}"
    return [Claim("ensures", step.name, after, message, position_of(step.step.ensures))]


def _try_again(control: Control, step: TypedStep, outcome: str, condition: Expr) -> Action:
    name = step.name
    updates = {**step.effects[outcome], **control.set_status(name, "ready"), **control.owe(name, outcome)}
    if f"{name}.attempt" in control.variables:
        attempt = control.ref(f"{name}.attempt")
        updates[attempt.name] = Operation("+", (attempt, integer(1)), INT)
    guard = conjunction([control.status_is(name, "running"), condition])
    story = control.label_for("finish", name, outcome, "tries again", then="again")
    title = f"finish {name}: {outcome}, tries again"
    return control.action(title, guard, updates, story, step.missing[outcome], step)


def fail(
    control: Control,
    name: str,
    outcome: str,
    condition: Expr,
    while_: Expr | None = None,
    claims: tuple[Claim, ...] = (),
) -> Action:
    """An ending that aborts the flow (`check`: the effect has happened, and what it was to establish is false)."""
    step = control.steps[name]
    missing = while_ is not None
    ending = "ok" if outcome == "check" else outcome
    effect: Mapping[str, Expr] = {} if missing else step.effects[ending]
    guard = conjunction([while_ if while_ is not None else control.status_is(name, "running"), condition])
    if outcome == "check":
        guard = conjunction([guard, step.assumed])
    updates = {**effect, **control.set_status(name, "failed"), **control.abort_updates(name, outcome, owe=not missing)}
    if missing:
        updates |= control.consume(name)
    else:
        claims = (*claims, *step.missing[ending])
    title = f"{name}: missing input" if missing else f"finish {name}: {outcome}"
    text = {"check": "its check is false"}.get(outcome, "missing input" if missing else "")
    return control.action(title, guard, updates, control.label_for("finish", name, outcome, text), claims, step)


def _claim_if(condition: Expr, claim: Claim) -> Claim:
    """The claim, made only where the condition holds."""
    holds = implication(condition, claim.holds)
    return Claim(claim.kind, claim.name, holds, claim.message, claim.position)
