"""Paths of a transition system, and the proof that they are: every counterexample is replayed before it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from .expressions import IntType, Ref, Value
from .system import DIVISION, Action, Claim, State, TransitionSystem

if TYPE_CHECKING:
    import pathlib

    from matplotlib.axes import Axes


class Path(Sequence[State]):
    """States one after the other, kept as the first one and what changes at each step, by place.

    A long path through wide states takes little memory so; a state is made when it is asked for.
    """

    def __init__(self, first: State, changes: Sequence[Mapping[int, Value]]):
        self.first, self.changes = first, tuple(changes)
        self._at, self._state = 0, first  # The state asked for last: the next one is made from it.

    def __len__(self) -> int:
        return len(self.changes) + 1

    @overload
    def __getitem__(self, index: int) -> State: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[State, ...]: ...
    def __getitem__(self, index: int | slice) -> State | tuple[State, ...]:
        if isinstance(index, slice):
            return tuple(self[each] for each in range(*index.indices(len(self))))
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"there are {len(self)} states")
        if place != self._at:
            at, state = (self._at, self._state) if self._at < place else (0, self.first)
            values = list(state)
            for changed in self.changes[at:place]:
                for position, value in changed.items():
                    values[position] = value
            self._at, self._state = place, tuple(values)
        return self._state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and (self.first, self.changes) == (other.first, other.changes)

    def __hash__(self) -> int:
        return hash((self.first, len(self.changes)))


@dataclass(frozen=True)
class Trace:
    """A path of a system: states, and the number of the action between each two.

    `loop`: for a lasso, the index of the state that the last state returns to.
    `broken`: the claim that is broken when `last` fires in the final state, where the finding is about an action.
    """

    system: TransitionSystem
    states: Sequence[State]
    actions: tuple[int, ...]
    loop: int | None = None
    broken: Claim | None = None

    def __len__(self) -> int:
        return len(self.actions)

    def __bool__(self) -> bool:
        """A trace of no steps is a trace, too."""
        return True

    def steps(self) -> Iterator[tuple[State, Action, State]]:
        """Each action with the state before and after it."""
        for index, number in enumerate(self.actions):
            yield self.states[index], self.system.actions[number], self.states[index + 1]

    def _repr_html_(self) -> str:
        from .report.html import render_trace

        return render_trace(self)

    def plot(self, where: str | pathlib.Path | Axes | None = None) -> Axes | None:
        """The trace as a sequence diagram: into a .png, .svg or .pdf file, into axes, or on a figure of its own.

        Returns the axes, None for a file. Raises `ModelError` where the file has another ending or cannot be written.
        """
        from .plot.files import plot_sequence

        return plot_sequence(self, where)


class ReplayError(Exception):
    """A trace is not a path of its system: an engine is wrong. Never a user's fault."""


def replay(trace: Trace) -> Trace:
    """The trace, after walking it through the plain system step by step; raises `ReplayError`.

    Every counterexample passes here before it is shown, whichever engine found it.
    """
    system = trace.system

    def wrong(what: str) -> ReplayError:
        return ReplayError(f"{system.name}: {what}")

    width = len(system.variables)
    if len(trace.states) != len(trace.actions) + 1 or len(trace.states[0]) != width:
        raise wrong("the trace is not made of states and the actions between them")
    if not _may_be_initial(system, trace.states[0]):
        raise wrong("the trace does not begin in an initial state")
    before, inside = trace.states[0], system.in_range(trace.states[0])
    for index, number in enumerate(trace.actions):
        after = trace.states[index + 1]
        if not inside:
            raise wrong(f"the trace goes on after leaving a range, step {index + 1}")
        if not 0 <= number < len(system.actions):
            raise wrong(f"there is no action {number}, step {index + 1}")
        if after not in _outcomes(system, number, before, after):
            raise wrong(f"'{system.actions[number].name}' does not lead there, step {index + 1}")
        # What an action does not write stays where it was.
        before, inside = after, all(_is_inside(system, name, after) for name in system.actions[number].updates)
    if trace.loop is not None:
        if not 0 <= trace.loop < len(trace):
            raise wrong("the loop has no step")
        if trace.states[-1] != trace.states[trace.loop]:
            raise wrong("the loop does not close")
    if trace.broken is not None and not _breaks(trace, trace.broken):
        raise wrong(f"the trace does not break '{trace.broken.name}'")
    return trace


def _is_inside(system: TransitionSystem, name: str, state: State) -> bool:
    place = system.positions[name]
    kind = system.variables[place].type
    return not isinstance(kind, IntType) or kind.low is None or kind.low <= state[place] <= (kind.high or 0)


def _may_be_initial(system: TransitionSystem, state: State) -> bool:
    for variable, value in zip(system.variables, state, strict=True):
        values = variable.initial_values()
        if values is not None and value not in values:
            return False
    return bool(system.may_begin(state))


def _breaks(trace: Trace, claim: Claim) -> bool:
    """Whether the last action broke the claim, or some action would when it fires in the last state."""
    system, last = trace.system, trace.states[-1]
    if trace.actions:
        number, before = trace.actions[-1], trace.states[-2]
        chosen = _chosen(system, number, before, last)
        if any(found == (claim, last) for full in chosen for found in system.plain[number].findings_of(full)):
            return True
    if not system.in_range(last):
        return False
    if not system.enumerable:
        return True  # Not every choice of parameters can be tried.
    asked = (plain for plain in system.plain if claim == DIVISION or claim in plain.action.claims)
    return any(claim == found for plain in asked for found in plain.broken(last))


def _outcomes(system: TransitionSystem, number: int, before: State, after: State) -> Iterator[State]:
    plain = system.plain[number]
    return (
        plain.update(full)
        for full in _chosen(system, number, before, after)
        if plain.guard(full) and plain.defined(full)
    )


def choice_between(system: TransitionSystem, number: int, before: State, after: State) -> State | None:
    """The state before, extended by parameters with which an action leads to the state after; None if none do."""
    plain = system.plain[number]
    possible = (full for full in _chosen(system, number, before, after) if plain.guard(full) and plain.defined(full))
    return next((full for full in possible if plain.update(full) == after), None)


def _chosen(system: TransitionSystem, number: int, before: State, after: State) -> Iterable[State]:
    """The state before, extended by the choices of parameters that may have led to the state after.

    Where they cannot be listed they appear in the state after: they are read off there.
    """
    if (plain := system.plain[number]).listed:
        return plain.choices(before)
    action, chosen = plain.action, dict[str, Value]()
    for variable, update in action.updates.items():
        if isinstance(update, Ref) and any(parameter.name == update.name for parameter in action.parameters):
            chosen[update.name] = after[system.positions[variable]]
    if len(chosen) < len(action.parameters):
        return ()
    return (before + tuple(chosen[parameter.name] for parameter in action.parameters),)
