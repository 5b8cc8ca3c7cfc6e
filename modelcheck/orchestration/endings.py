"""The ways a flow ends: completing, undoing what is owed after a failure, aborting."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import position_of
from ..expand.several import title_of
from ..expressions import Expr, compare, conjunction, equal, integer, label, negation, substitute
from ..system import Action, Claim
from .control import Control
from .room import Busy


def undo(control: Control, name: str, busy: Busy) -> Iterable[Action]:
    """Undoing a step that is owed: its start, its end, and its failure where it can fail."""
    step = control.steps[name]
    undo, declared = step.compensation, step.step.compensation
    assert undo is not None
    assert declared is not None
    owed = control.ref(f"{name}.owed")
    due = [control.flow_is("aborting"), compare(">", owed, integer(0)), negation(control.status_is(name, "undoing"))]
    if control.policy.siblings == "finish":
        due.append(negation(control.any_status("running")))
    due.append(control.turn(name))
    claims = []
    if undo.requires is not None:
        text = f"undoing {name} requires {declared.requires}"
        claims.append(Claim("requires", f"undo {name}", undo.requires, text, position_of(declared.requires)))
    guard = conjunction([*due, busy.has_room(control, declared.service or step.step.service)])
    yield control.action(
        f"undo {name}", guard, control.set_status(name, "undoing"), control.label_for("undo start", name), claims
    )
    claims = list(undo.missing)
    if undo.ensures is not None:
        after = substitute(undo.ensures, undo.effect)
        text = f"undoing {name} ensures {declared.ensures}"
        claims.append(Claim("ensures", f"undo {name}", after, text, position_of(declared.ensures)))
    guard = control.status_is(name, "undoing")
    updates = {**undo.effect, **control.set_status(name, "undone"), **control.settle(name)}
    story = control.label_for("undo finish", name, "ok")
    yield control.action(f"undone {name}", guard, updates, story, claims)
    if declared.fails > 0:
        yield _undo_fails(control, name, guard)


def _undo_fails(control: Control, name: str, guard: Expr) -> Action:
    policy = control.policy.on_undo_failure
    updates = control.set_status(name, "failed" if policy == "retry" else "not undone")
    if policy == "continue":
        updates |= control.settle(name)
    if policy == "stop":
        updates[control.ref(control.flow).name] = label("aborted", control.statuses)
    words = {"continue": "nobody hears of it", "retry": "will be tried again", "stop": "the flow stops"}
    then = "again" if policy == "retry" else ""
    story = control.label_for("undo finish", name, "error", words[policy], then)
    return control.action(f"undo {name} fails", guard, updates, story)


def complete(control: Control) -> Action:
    """No token is left: the flow has done what it had to."""
    tokens = [token for name in control.steps for token in control.tokens(name)]
    quiet = [negation(control.any_status("ready", "running")), *(negation(token) for token in tokens)]
    claims = []
    ensures, text = control.instance.ensures, control.design.flow.ensures
    if ensures is not None:
        claims.append(
            Claim("ensures", title_of(control.name), ensures, f"{_speak_of(control)} ensures {text}", position_of(text))
        )
    updates = {control.ref(control.flow).name: label("completed", control.statuses)}
    guard = conjunction([control.flow_is("running"), *quiet])
    story = control.label_for("end", outcome="completed", text=control.name)
    return control.action(f"complete {control.name}".strip(), guard, updates, story, claims)


def abort(control: Control) -> Action:
    """Nothing is left to undo: the flow has ended as a failure."""
    owed = [control.ref(f"{name}.owed") for name, step in control.steps.items() if step.compensation is not None]
    waits_for = ("running", "undoing") if control.policy.siblings == "finish" else ("undoing",)
    settled = [equal(each, integer(0)) for each in owed]
    guard = conjunction([control.flow_is("aborting"), negation(control.any_status(*waits_for)), *settled])
    updates = {control.ref(control.flow).name: label("aborted", control.statuses)}
    story = control.label_for("end", outcome="aborted", text=control.name)
    return control.action(f"abort {control.name}".strip(), guard, updates, story)


def _speak_of(control: Control) -> str:
    return f"the flow {control.name}" if control.name else "the flow"
