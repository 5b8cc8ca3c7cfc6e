"""Steps that run another flow: its steps take their place, as `pack.wrap` for the step `wrap` of what `pack` runs.

The calling step itself becomes the end of the whole, so that others can wait for it and properties can name it. Where
the whole begins under a condition, waits or requires something, there is a step before it as well. Both take no time
and happen in one action (`Origin.instant`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .. import model
from ..errors import Problem, position_of
from ..expressions import Resolver, as_text
from .indices import located
from .order import jumps_after, predecessors

NO_MEANING = (
    "service", "task", "effect", "modifies", "check", "outcomes", "timeout", "input", "output", "time",
)  # fmt: skip


def begin_name(call: str) -> str:
    """The step before the whole, where there is one."""
    return located(f"begin {call}", call)


def into_name(call: str) -> str:
    """The step that starts all that begins at once, where the one before it chooses whether to."""
    return located(f"into {call}", call)


@dataclass(frozen=True)
class Call:
    """A step that runs a flow: the steps of that flow, written out, and how they hang together.

    entries: those that start at once. exits: those after which nothing comes. sequential: one token moves through it.
    begins: it needs a step of its own to begin.
    """

    name: str
    step: model.Step
    flow: model.Flow
    steps: Mapping[str, model.Step]
    entries: tuple[str, ...]
    exits: tuple[str, ...]
    sequential: bool
    begins: bool

    @property
    def entry(self) -> str:
        return begin_name(self.name) if self.begins else self.entries[0]


def call_of(name: str, step: model.Step, flow: model.Flow, steps: Mapping[str, model.Step], jumped_to: bool) -> Call:
    """What a step that runs a flow becomes; `jumped_to`: some transition goes to it."""
    waits_for = predecessors(model.Flow(steps=steps))
    entries = tuple(each for each, before in waits_for.items() if before == ())
    followers: dict[str, list[str]] = {each: [] for each, inner in steps.items() if not jumps_after(inner, "ok")}
    for later, before in waits_for.items():
        for each in before or ():
            if each in followers:
                followers[each].append(later)
    exits = tuple(each for each, later in followers.items() if not later)
    sequential = len(entries) == 1 and all(len(later) <= 1 for later in followers.values())
    conditions = (step.when, step.await_, step.requires, flow.requires)
    begins = any(each is not None for each in conditions) or (
        len(entries) > 1 and (jumped_to or (step.join == "any" and len(step.after or ()) > 1))
    )
    return Call(name, step, flow, steps, entries, exits, sequential, begins)


def written_out(call: Call, step: model.Step) -> dict[str, model.Step]:
    """The steps that take the place of a call; `step` is the calling one with its references resolved."""
    indices = step.origin.indices
    origin = model.Origin(made=True, indices=indices, instant=True, part_of=call.name)
    found: dict[str, model.Step] = {}
    after, join = step.after, step.join
    if call.begins:
        begin = model.Step(
            after=after, join=join, await_=step.await_, requires=_both(step.requires, call.flow.requires),
            transitions=_whether(call, step), origin=origin,
        )  # fmt: skip
        found[begin_name(call.name)] = begin
        after, join = (begin_name(call.name),), "all"
        if step.when is not None:
            after = None
            if len(call.entries) > 1:
                found[into_name(call.name)] = model.Step(after=None, origin=origin)
                after = (into_name(call.name),)
    for name, inner in call.steps.items():
        if name in call.entries:
            inner = replace(inner, after=after, join=join)
        found[name] = _inside(inner, call, step)
    found[call.name] = model.Step(
        after=call.exits or None,
        join="any" if call.sequential else "all",
        ensures=_both(step.ensures, call.flow.ensures),
        compensation=step.compensation,
        transitions=tuple(replace(each, on=("ok",)) for each in step.transitions if "ok" in each.on),
        choice=step.choice,
        origin=origin,
    )
    return found


def _whether(call: Call, step: model.Step) -> tuple[model.Transition, ...]:
    """The choice between running the flow and skipping all of it."""
    if step.when is None:
        return ()
    first = into_name(call.name) if len(call.entries) > 1 else call.entries[0]
    return (model.Transition(to=first, when=step.when), model.Transition(to=call.name))


def _inside(inner: model.Step, call: Call, step: model.Step) -> model.Step:
    """A step of the flow, with what the calling step says about failures and undoing."""
    transitions = [replace(each, to=call.name) if each.to == "end" else each for each in inner.transitions]
    if not inner.origin.instant:
        for each in step.transitions:
            on = tuple(outcome for outcome in each.on if outcome != "ok" and not jumps_after(inner, outcome))
            transitions += [replace(each, on=on)] if on else []
    origin = inner.origin
    if step.compensation is not None and not origin.instant:
        origin = replace(origin, undone_with=call.name)
    return replace(inner, transitions=tuple(transitions), origin=origin)


def _both(first: model.Formula | None, second: model.Formula | None) -> model.Formula | None:
    if first is None or second is None:
        return second if first is None else first
    return located(f"({as_text(first)}) and ({as_text(second)})", first)


def call_problems(call: Call, resolver: Resolver) -> None:
    """Notes what a calling step says that cannot be meant for a whole flow."""

    def problem(code: str, message: str, about: object, hint: str) -> None:
        resolver.problems.append(Problem(code, message, position_of(about), hint))

    step, name, flow = call.step, call.name, call.step.flow
    nothing = model.Step()
    for key in NO_MEANING:
        if getattr(step, key) != getattr(nothing, key):
            hint = f"give it to a step of '{flow}'"
            problem("E225", f"'{key}' means nothing on a step that runs a flow", name, hint)
    if step.retry is not None:
        problem("E226", f"'{name}' runs a flow, which cannot be tried again as a whole", name, "retry its single steps")
    failures = [each for each in step.transitions if set(each.on) - {"ok"}]
    if failures and not call.sequential:
        message = f"'{flow}' has steps in parallel, so that '{name}' cannot jump away when one of them fails"
        problem("E226", message, failures[0].to, f"give the transition to a step of '{flow}'")
    if step.compensation is not None and any(inner.compensation for inner in call.steps.values()):
        message = f"both '{name}' and steps of '{flow}' say how they are undone"
        problem("E227", message, name, "keep one of them")
    ends = [t.to for inner in call.steps.values() for t in inner.transitions if t.to == "end"]
    chooses = any(jumps_after(inner, "ok") for inner in call.steps.values())
    if not call.sequential and (ends or (chooses and len(call.exits) > 1)):
        message = f"'{flow}' has steps in parallel and several ways to end, so that nobody knows when it has ended"
        problem("E228", message, ends[0] if ends else name, "let all ways lead to one last step, with 'join: any'")
    if not call.exits and not ends:
        problem("E228", f"'{flow}' never ends: no step of it is the last", name, "let a transition go to 'end'")
    for key in ("coordinator", "engine", "context"):
        if not getattr(call.flow, key):
            continue
        hint = "it belongs to the flow that calls it"
        problem("E225", f"'{key}' means nothing on '{flow}', which the step '{name}' runs", name, hint)
