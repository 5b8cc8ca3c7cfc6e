"""In which order the steps of a flow come: what each waits for, and where transitions take over."""

from __future__ import annotations

from ..model import Flow, Step, Transition


def predecessors(flow: Flow) -> dict[str, tuple[str, ...] | None]:
    """What each step waits for: names, an empty tuple for a step that starts at once, None for one that is only
    jumped to.

    Without `after` a step waits for the one written before it, unless an earlier step jumps to it (then it begins a
    branch of its own) or the one before it always jumps elsewhere.
    """
    found: dict[str, tuple[str, ...] | None] = {}
    jumped_to: set[str] = set()
    previous: str | None = None
    for name, step in flow.steps.items():
        if step.after is not None:
            found[name] = tuple(step.after)
        elif previous is None:
            found[name] = ()
        elif name in jumped_to or jumps_after(flow.steps[previous], "ok"):
            found[name] = None
        else:
            found[name] = (previous,)
        jumped_to |= {transition.to for transition in step.transitions}
        previous = name
    return found


def jumps_after(step: Step, outcome: str) -> tuple[Transition, ...]:
    """The transitions that are tried after an outcome; where there are any, no token goes to later steps."""
    return tuple(transition for transition in step.transitions if outcome in transition.on)
