"""Ways through a design that engines find: to a condition, and along the trace of a property."""

from __future__ import annotations

from dataclasses import replace

from ..engine.target import Answer, Limits, Target
from ..errors import ModelError, Problem
from ..expressions import TRUE, Expr
from ..model import Model
from ..report.story import tell
from ..system import State, TransitionSystem
from ..trace import Trace, replay

WAY, DEPTH = Limits(states=500_000, seconds=30.0), 20


def way_to(system: TransitionSystem, state: State, text: str, condition: Expr, limits: Limits | None) -> Trace:
    """A shortest path from a state to where a condition holds; raises `ModelError`, E509, where none is found."""
    pinned = tuple(replace(v, initial=(value,)) for v, value in zip(system.variables, state, strict=True))
    start = replace(system, variables=pinned, initially=TRUE)
    answer = _asked(start, Target("here", state=condition), limits or WAY)
    if "here" in answer.traces:
        return answer.traces["here"]
    if answer.complete:
        raise ModelError([Problem("E509", f"no way from here leads to {text}")])
    message = f"no way to {text} was found: stopped after {answer.depth} steps ({answer.stopped})"
    raise ModelError([Problem("E509", message, hint="it may be farther: go some steps towards it, and ask again")])


def _asked(system: TransitionSystem, target: Target, limits: Limits) -> Answer:
    if system.enumerable:
        from ..engine.search import search

        return search(system, [target], limits)
    from ..engine.bounded import bounded

    return bounded(system, [target], limits, DEPTH)


def trace_of(design: Model, system: TransitionSystem, name: str, limits: Limits | None) -> tuple[Trace, str]:
    """The trace that the check of a property shows, as a path of the plain system, and what it shows."""
    from ..check.run import check_model

    result = check_model(design, [name], limits or Limits())[name]
    if result.trace is None:
        message = f"'{name}' has no trace to go along: it is {result.verdict}"
        raise ModelError([Problem("E508", message, hint=result.reason or f"by {result.method}")])
    shows = f"{name}: {result.verdict}: {tell(result)[-1].text}"
    return without_monitors(result.trace, system), shows


def without_monitors(trace: Trace, system: TransitionSystem) -> Trace:
    """A trace of a system with monitors as one of the system that they watch. Raises `ReplayError` if it is none."""
    places = [trace.system.positions[variable.name] for variable in system.variables]
    states = tuple(tuple(state[place] for place in places) for state in trace.states)
    known = any(trace.broken in action.claims for action in system.actions)
    loop = trace.loop if trace.loop is not None and states[trace.loop] == states[-1] else None
    return replay(Trace(system, states, trace.actions, loop, trace.broken if known else None))
