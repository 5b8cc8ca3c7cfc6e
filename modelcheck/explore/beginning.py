"""Where an exploration begins: initial states, listed where they are few, otherwise found for given values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from ..errors import ModelError, Problem, did_you_mean
from ..expressions import TRUE, Value
from ..system import State, TransitionSystem, Variable
from .options import value_of

SECONDS = 10.0


def first_states(system: TransitionSystem, most: int) -> list[State]:
    """The first few initial states in order; one where they cannot be listed. Raises `ModelError`, E504, for none."""
    found = list(islice(system.initial_states(), most)) if _listed(system) else [_found(system)]
    if not found:
        raise ModelError([Problem("E504", f"'{system.name}' has no initial state", hint="its conditions exclude all")])
    return found


def open_variables(system: TransitionSystem) -> list[Variable]:
    """The variables that have several first values."""
    return [v for v in system.variables if (values := v.initial_values()) is None or len(values) > 1]


def state_with(system: TransitionSystem, given: Mapping[str, object]) -> State:
    """An initial state in which some variables have these values (texts of the language).

    Raises `ModelError`: E504 for names that are not variables, values that are not first values, and no such state.
    """
    known = {variable.name: variable for variable in system.variables}
    pinned: dict[str, Variable] = {}
    for name, text in given.items():
        if name not in known:
            open_ = [variable.name for variable in open_variables(system)]
            hint = did_you_mean(name, known, otherwise=f"variables with several first values: {', '.join(open_)}")
            raise ModelError([Problem("E504", f"there is no variable '{name}'", hint=hint)])
        variable = known[name]
        value = value_of(text, variable, system, None)
        values = variable.initial_values()
        if values is not None and value not in values:
            raise ModelError([Problem("E504", f"{name} never begins with {text}")])
        pinned[name] = replace(variable, initial=(value,))
    narrowed = replace(system, variables=tuple(pinned.get(v.name, v) for v in system.variables))
    try:
        return first_states(narrowed, 1)[0]
    except ModelError:
        shown = ", ".join(f"{name} = {text}" for name, text in given.items())
        raise ModelError([Problem("E504", f"no initial state has {shown}")]) from None


def _listed(system: TransitionSystem) -> bool:
    try:
        next(system.initial_states(), None)
    except ValueError:
        return False
    return True


def _found(system: TransitionSystem) -> State:
    """Some initial state: with plain values where they do, otherwise one that z3 finds."""
    plain = tuple(_plain_value(variable) for variable in system.variables)
    if system.may_begin(plain):
        return plain
    from ..engine.bounded import bounded
    from ..engine.target import Limits, Target

    answer = bounded(system, [Target("begins", state=TRUE)], Limits(depth=0, seconds=SECONDS))
    if "begins" not in answer.traces:
        reason = "no values satisfy its conditions" if answer.complete else "none was found in time"
        raise ModelError([Problem("E504", f"'{system.name}' has no initial state: {reason}")])
    return answer.traces["begins"].states[0]


def _plain_value(variable: Variable) -> Value:
    values = variable.initial_values()
    return values[0] if values else 0
