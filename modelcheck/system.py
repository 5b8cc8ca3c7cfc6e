"""The transition system: variables and guarded actions. Everything a user can write becomes one.

Search, z3 and the simulator all run this object. A state is a tuple of plain values, one a variable, in
the order of `variables` (enumerations by number); an action is enabled where its guard holds and its
parameters have values; firing it assigns all its updates at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice, product

from .errors import Position
from .expressions import (
    FALSE,
    TRUE,
    EnumType,
    Expr,
    IntType,
    Literal,
    Ref,
    Scope,
    Type,
    Value,
    compile_expression,
    compile_tuple,
    conjunction,
    domain,
    show,
    substitute,
    well_defined,
)

State = tuple[Value, ...]


@dataclass(frozen=True)
class Variable:
    """One variable; `initial` are its possible first values, None stands for any value of its type.

    `role` tells what it is for: `data` was declared by the user, `control` is where a flow or a queue
    stands, `monitor` was added by a check to observe and does not count as state of the design.
    """

    name: str
    type: Type
    initial: tuple[Value, ...] | None
    role: str = "data"
    instance: int | None = None

    @property
    def ref(self) -> Ref:
        return Ref(self.name, self.type)

    def initial_values(self) -> Sequence[Value] | None:
        """All first values, or None where they are infinitely many."""
        return self.initial if self.initial is not None else domain(self.type)


@dataclass(frozen=True)
class Claim:
    """What must hold whenever an action fires, as a condition on the state before (see `after`).

    kind: `requires`, `ensures`, `range`, `division`, `overflow`, `choice`, `unhandled`, `undelivered`,
    `claims`, `data`, ... A broken claim is a finding; the execution goes on unchanged, except that a
    path ends where a variable has left its range.
    """

    kind: str
    name: str
    holds: Expr
    message: str = ""
    position: Position | None = None


@dataclass(frozen=True)
class Label:
    """What an action is in the story: who does what, in which instance.

    phase: `start`, `finish`, `skip`, `undo start`, `undo finish`, `publish`, `act`; `outcome` is that of a
    finish. `step` is the step or handler that the action belongs to, `task` what its duration is drawn for.
    `queue` is the queue a message is taken from, `puts` those that receive one, `publishes` the events published.
    """

    phase: str
    actor: str
    step: str = ""
    outcome: str = ""
    instance: int = 1
    target: str = ""
    message: str = ""
    queue: str = ""
    puts: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Action:
    """A guarded action: where `guard` holds, all `updates` may happen at once.

    `parameters` are values that the environment chooses (a service's unknown effect); guard and updates
    may mention them. `process` is whose weak fairness this action belongs to.
    """

    name: str
    guard: Expr
    updates: Mapping[str, Expr]
    label: Label
    claims: tuple[Claim, ...] = ()
    parameters: tuple[Variable, ...] = ()
    process: str = ""

    def after(self, expr: Expr) -> Expr:
        """A condition on the state after this action, as a condition on the state before."""
        return substitute(expr, self.updates)


@dataclass(frozen=True)
class TransitionSystem:
    """Variables, actions, the constraint on initial states, and where being stuck is being finished.

    `scope` gives the names that properties may use (with one scope an instance in `scope.instances`).
    `assumptions` are the bounds that the model itself states; they go with every verdict of proved.
    """

    name: str
    variables: tuple[Variable, ...]
    actions: tuple[Action, ...]
    finished: Expr = FALSE
    initially: Expr = TRUE
    scope: Scope = field(default_factory=Scope)
    assumptions: tuple[str, ...] = ()

    @cached_property
    def positions(self) -> dict[str, int]:
        return {variable.name: index for index, variable in enumerate(self.variables)}

    @cached_property
    def in_range(self) -> Callable[[State], bool]:
        """Whether a state has every variable within its declared range."""
        from .expressions import compare, integer

        bounds = []
        for variable in self.variables:
            if isinstance(variable.type, IntType) and variable.type.low is not None:
                low, high = integer(variable.type.low), integer(variable.type.high or 0)
                bounds += [compare("<=", low, variable.ref), compare("<=", variable.ref, high)]
        return compile_expression(conjunction(bounds), self.positions)

    def is_finished(self, state: State) -> bool:
        return bool(self._finished(state))

    @cached_property
    def _finished(self) -> Callable[[State], bool]:
        return compile_expression(self.finished, self.positions)

    @property
    def enumerable(self) -> bool:
        """Whether initial states and parameters can be listed, so that explicit search applies."""
        parameters = [p for action in self.actions for p in action.parameters]
        return all(v.initial_values() is not None for v in (*self.variables, *parameters))

    def initial_states(self) -> Iterator[State]:
        """All initial states, in order. Raises ValueError where they cannot be listed."""
        choices = []
        for variable in self.variables:
            values = variable.initial_values()
            if values is None:
                raise ValueError(f"'{variable.name}' has infinitely many initial values")
            choices.append(values)
        allowed = compile_expression(self.initially, self.positions)
        return (state for state in product(*choices) if allowed(state))

    @cached_property
    def plain(self) -> tuple[PlainAction, ...]:
        """The actions, compiled for plain evaluation, in order."""
        return tuple(PlainAction(self, action) for action in self.actions)

    def successors(self, state: State) -> Iterator[tuple[int, State]]:
        """Every enabled action (by its number) with the state it leads to."""
        for number, action in enumerate(self.plain):
            for successor in action.successors(state):
                yield number, successor

    def observed(
        self, variables: Sequence[Variable], updates: Callable[[Action], Mapping[str, Expr]]
    ) -> TransitionSystem:
        """This system with monitors: variables that watch the actions and change nothing else."""
        if not variables:
            return self
        actions = tuple(replace(action, updates={**action.updates, **updates(action)}) for action in self.actions)
        return replace(self, variables=(*self.variables, *variables), actions=actions)

    def show_state(self, state: State) -> dict[str, str]:
        """A state as names and written values."""
        return {v.name: show(value, v.type) for v, value in zip(self.variables, state, strict=True)}


class PlainAction:
    """One action compiled to plain Python functions. The meaning that every engine is tested against."""

    def __init__(self, system: TransitionSystem, action: Action):
        positions = dict(system.positions)
        for parameter in action.parameters:
            positions[parameter.name] = len(positions)
        self.action = action
        self.parameters = [parameter.initial_values() for parameter in action.parameters]
        self.guard = compile_expression(action.guard, positions)
        defined = conjunction(well_defined(update) for update in action.updates.values())
        self.defined = compile_expression(defined, positions)
        self.guard_defined = compile_expression(well_defined(action.guard), positions)
        self._always_defined = defined == TRUE and well_defined(action.guard) == TRUE
        self.update = compile_tuple([action.updates.get(v.name, v.ref) for v in system.variables], positions)
        self.claims = [(claim, compile_expression(claim.holds, positions)) for claim in action.claims]
        self._claim_defined = [compile_expression(well_defined(claim.holds), positions) for claim in action.claims]

    def successors(self, state: State) -> Iterator[State]:
        """The states this action can lead to: none where it is not enabled or has no value (x / 0)."""
        for full in self.enabled(state):
            if self._always_defined or self.defined(full):
                yield self.update(full)

    def enabled(self, state: State) -> Iterator[State]:
        """The state extended by each choice of parameters under which the guard holds."""
        if not self.parameters:
            if (self._always_defined or self.guard_defined(state)) and self.guard(state):
                yield state
            return
        for chosen in product(*(values or () for values in self.parameters)):
            full = state + chosen
            if self.guard_defined(full) and self.guard(full):
                yield full

    def broken(self, state: State) -> Iterator[Claim]:
        """The claims that are broken if this action fires in this state."""
        if self._always_defined and not self.claims:
            return
        if not self.guard_defined(state[: len(state)] if not self.parameters else state):
            yield DIVISION
            return
        for full in self.enabled(state):
            if not self.defined(full):
                yield DIVISION
            for (claim, holds), defined in zip(self.claims, self._claim_defined, strict=True):
                if not defined(full) or not holds(full):
                    yield claim


DIVISION = Claim("division", "division by zero", FALSE, "divides by zero")


@dataclass(frozen=True)
class Trace:
    """A path of a system: states, and the number of the action between each two.

    `loop`: for a lasso, the index of the state that the last state returns to.
    `broken`: the claim that is broken when `last` fires in the final state, where the finding is about an action.
    """

    system: TransitionSystem
    states: tuple[State, ...]
    actions: tuple[int, ...]
    loop: int | None = None
    broken: Claim | None = None

    def __len__(self) -> int:
        return len(self.actions)

    def steps(self) -> Iterator[tuple[State, Action, State]]:
        """Each action with the state before and after it."""
        for index, number in enumerate(self.actions):
            yield self.states[index], self.system.actions[number], self.states[index + 1]


class ReplayError(Exception):
    """A trace is not a path of its system: an engine is wrong. Never a user's fault."""


def replay(trace: Trace) -> Trace:
    """The trace, after walking it through the plain system step by step; raises `ReplayError`.

    Every counterexample passes here before it is shown, whichever engine found it.
    """
    system = trace.system
    first = trace.states[0]
    if not _may_be_initial(system, first):
        raise ReplayError(f"{system.name}: the trace does not begin in an initial state")
    for index, number in enumerate(trace.actions):
        before, after = trace.states[index], trace.states[index + 1]
        if not system.in_range(before):
            raise ReplayError(f"{system.name}: the trace goes on after leaving a range, step {index + 1}")
        if not _leads_to(system, number, before, after):
            name = system.actions[number].name
            raise ReplayError(f"{system.name}: '{name}' does not lead there, step {index + 1}")
    if trace.loop is not None and trace.states[-1] != trace.states[trace.loop]:
        raise ReplayError(f"{system.name}: the loop does not close")
    return trace


def _may_be_initial(system: TransitionSystem, state: State) -> bool:
    for variable, value in zip(system.variables, state, strict=True):
        values = variable.initial_values()
        if values is not None and value not in values:
            return False
    return bool(compile_expression(system.initially, system.positions)(state))


def _leads_to(system: TransitionSystem, number: int, before: State, after: State) -> bool:
    action = system.plain[number]
    if all(values is not None for values in action.parameters):
        return after in islice(action.successors(before), 1_000_000)
    return _leads_to_with_any_parameter(system, number, before, after)


def _leads_to_with_any_parameter(system: TransitionSystem, number: int, before: State, after: State) -> bool:
    """Parameters without a finite domain appear in the state after: read them off there."""
    action = system.actions[number]
    chosen: dict[str, Value] = {}
    for variable, update in action.updates.items():
        if isinstance(update, Ref) and any(p.name == update.name for p in action.parameters):
            chosen[update.name] = after[system.positions[variable]]
    if len(chosen) < len(action.parameters):
        return False
    full = before + tuple(chosen[parameter.name] for parameter in action.parameters)
    plain = system.plain[number]
    return bool(plain.guard_defined(full) and plain.guard(full) and plain.defined(full) and plain.update(full) == after)


def enumeration(*labels: str) -> EnumType:
    return EnumType(tuple(labels))


def starts_as(kind: Type, value: Value) -> tuple[Value, ...]:
    """The initial values of a variable with one, checked against its type."""
    values = domain(kind)
    assert values is None or value in values, (kind, value)
    return (value,)


def literal_of(variable: Variable, value: Value) -> Literal:
    return Literal(value, variable.type)
