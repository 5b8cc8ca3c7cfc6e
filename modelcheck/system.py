"""The transition system: variables and guarded actions. Everything a user can write becomes one.

Search, z3 and the simulator all run this object. A state is a tuple of plain values, one a variable, in
the order of `variables` (enumerations by number); an action is enabled where its guard holds and its
parameters have values; firing it assigns all its updates at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

from .errors import Position
from .expressions import (
    FALSE,
    TRUE,
    Expr,
    IntType,
    Literal,
    Ref,
    Scope,
    Type,
    Value,
    compile_expression,
    compile_update,
    conjunction,
    disjunction,
    domain,
    equal,
    negation,
    references,
    show,
    substitute,
    well_defined,
)
from .expressions.composite import AnyType, List, Tree, build, parts, show_composite

State = tuple[Value, ...]

MOST_INITIAL, MOST_CHOICES = 10_000_000, 100_000


@dataclass(frozen=True)
class Whole:
    """A record, list or map that several variables make up together; `name` as in the system, with its instance."""

    name: str
    type: AnyType

    @cached_property
    def value(self) -> Tree:
        """The value as a tree over its variables."""
        base, mark, instance = self.name.partition("#")
        return build(self.type, base, lambda part, kind: Ref(f"{part}{mark}{instance}", kind))

    def list_with(self, variable: str) -> Whole | None:
        """The outermost list that a variable of this value is a part of: a list is told in one piece."""
        base, mark, instance = self.name.partition("#")
        name, value = base, self.value
        while not isinstance(value, List):
            inner = [(n, part) for n, part in parts(value, name) if variable.startswith((f"{n}.", f"{n}["))]
            if not inner:
                return None
            ((name, value),) = inner
        return Whole(f"{name}{mark}{instance}", value.type)


@dataclass(frozen=True)
class Variable:
    """One variable; `initial` are its possible first values, None stands for any value of its type.

    `role` tells what it is for: `data` was declared by the user, `control` is where a flow or a queue
    stands, `monitor` was added by a check to observe and does not count as state of the design. `whole`: the record,
    list or map that it is a part of; `in_list`: the outermost list of that.
    """

    name: str
    type: Type
    initial: tuple[Value, ...] | None
    role: str = "data"
    instance: int | None = None
    whole: Whole | None = None
    in_list: Whole | None = None

    @property
    def ref(self) -> Ref:
        return Ref(self.name, self.type)

    @property
    def told_as(self) -> str:
        """The name under which a change of it is told: its own, or that of the list that it is a part of."""
        return self.name if self.in_list is None else self.in_list.name

    @property
    def starts(self) -> Expr:
        """That it has one of its first values; true where any value is one."""
        if self.initial is None:
            return TRUE
        return disjunction(equal(self.ref, Literal(value, self.type)) for value in self.initial)

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

    phase: `begin` (of a flow that waited), `start`, `finish`, `skip`, `pass` (what takes no time), `undo start`,
    `undo finish`, `publish`, `act`; `outcome` is that of a finish. `step` is the step or handler that the action
    belongs to, `task` what its duration is drawn for.
    `then`: what follows by itself, `again` (another attempt), `again at once` (the same, keeping its worker),
    `redelivered` (the message stays in its queue). `text` is for people only.
    `queue` is the queue a message is taken from, `puts` those that receive one, `publishes` the events published.
    `loses`: which messages are lost on their way: the number of the publication, and the queue that does not get it.
    `really`: how a finish ended in truth, where the actor hears of another `outcome`.
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
    then: str = ""
    text: str = ""
    really: str = ""
    loses: tuple[tuple[int, str], ...] = ()


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

    @property
    def updates_defined(self) -> Expr:
        """Where no update divides by zero."""
        return conjunction(well_defined(update) for update in self.updates.values())

    def breaks(self, claim: Claim) -> Expr:
        """Where firing breaks a claim: it is false, or divides by zero although the action itself does not."""
        defined = well_defined(claim.holds)
        false = conjunction([defined, negation(claim.holds)])
        return disjunction([false, conjunction([negation(defined), self.updates_defined])])


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
        return self.predicate(self.finished)

    @cached_property
    def enumerable(self) -> bool:
        """Whether initial states and parameters are few enough to be listed, so that explicit search applies."""
        actions = all(_can_be_listed(action.parameters, MOST_CHOICES) for action in self.actions)
        return actions and _can_be_listed(self.variables, MOST_INITIAL)

    def initial_states(self) -> Iterator[State]:
        """All initial states, in order. Raises ValueError where they cannot be listed."""
        if not _can_be_listed(self.variables, MOST_INITIAL):
            raise ValueError(f"'{self.name}' has too many initial states to list")
        return filter(self.may_begin, product(*(variable.initial_values() or () for variable in self.variables)))

    @cached_property
    def may_begin(self) -> Callable[[State], Any]:
        """Whether a state whose values are first values is initial."""
        return self.predicate(self.initially)

    def predicate(self, condition: Expr) -> Callable[[State], Any]:
        """A condition compiled for states; it does not hold where it divides by zero."""
        return compile_expression(conjunction([well_defined(condition), condition]), self.positions)

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
        """A state as names and written values; records, lists and maps in one piece."""
        shown: dict[str, str] = {}
        for variable, value in zip(self.variables, state, strict=True):
            if variable.whole is None:
                shown[variable.name] = show(value, variable.type)
            elif variable.whole.name not in shown:
                shown[variable.whole.name] = self.show_whole(variable.whole, state)
        return shown

    def shown_at(self, place: int, state: State) -> tuple[str, str]:
        """The entry of `show_state` to which the variable at a place belongs."""
        variable = self.variables[place]
        if variable.whole is None:
            return variable.name, show(state[place], variable.type)
        return variable.whole.name, self.show_whole(variable.whole, state)

    def show_whole(self, whole: Whole, state: State) -> str:
        """A record, list or map as it is written."""
        return show_composite(whole.value, lambda part: state[self.positions[next(iter(references(part)))]])

    def tell_value(self, place: int, state: State) -> str:
        """The value of the variable at a place as it is written, or of the list that it is a part of."""
        variable = self.variables[place]
        if variable.in_list is None:
            return show(state[place], variable.type)
        return self.show_whole(variable.in_list, state)


class PlainAction:
    """One action compiled to plain Python functions. The meaning that every engine is tested against.

    What divides by zero is not true and has no value: an undefined guard does not hold, an undefined
    update leads nowhere, an undefined claim is broken; and the first two are findings (`DIVISION`).
    """

    def __init__(self, system: TransitionSystem, action: Action):
        self.action, self.width = action, len(system.variables)
        self.positions: Mapping[str, int] = system.positions
        if action.parameters:
            numbers = enumerate((parameter.name for parameter in action.parameters), start=self.width)
            self.positions = {**system.positions, **{name: number for number, name in numbers}}
        self.values = [parameter.initial_values() or () for parameter in action.parameters]
        self.listed = _can_be_listed(action.parameters, MOST_CHOICES)

    def compiled(self, condition: Expr) -> Callable[[State], Any]:
        """A condition on a state extended by parameters; it does not hold where it divides by zero."""
        return compile_expression(conjunction([well_defined(condition), condition]), self.positions)

    # Compiled when first used: an engine that has its own functions needs only some of them.

    @cached_property
    def guard(self) -> Callable[[State], Any]:
        return self.compiled(self.action.guard)

    @cached_property
    def guard_defined(self) -> Callable[[State], Any]:
        return self.compiled(well_defined(self.action.guard))

    @cached_property
    def defined(self) -> Callable[[State], Any]:
        return self.compiled(self.action.updates_defined)

    @cached_property
    def update(self) -> Callable[[State], State]:
        changes = {self.positions[name]: value for name, value in self.action.updates.items()}
        return compile_update(changes, self.width, self.positions)

    @cached_property
    def claims(self) -> list[tuple[Claim, Callable[[State], Any]]]:
        """Each claim with the condition that breaks it."""
        return [(claim, compile_expression(self.action.breaks(claim), self.positions)) for claim in self.action.claims]

    @cached_property
    def harmless(self) -> bool:
        """Whether nothing can be found wrong when it fires."""
        return not self.action.claims and well_defined(self.action.guard) == TRUE == self.action.updates_defined

    def choices(self, state: State) -> Iterator[State]:
        """The state extended by each choice of parameters. Raises ValueError where they cannot be listed."""
        if not self.values:
            return iter((state,))
        if not self.listed:
            raise ValueError(f"'{self.action.name}' has too many choices to list")
        return (state + chosen for chosen in product(*self.values))

    def enabled(self, state: State) -> Iterator[State]:
        """The state extended by each choice of parameters under which the guard holds."""
        return filter(self.guard, self.choices(state))

    def successors(self, state: State) -> Iterator[State]:
        """The states this action can lead to, each once: none where it is not enabled or has no value (x / 0)."""
        following = (self.update(full) for full in self.enabled(state) if self.defined(full))
        return iter(dict.fromkeys(following)) if self.values else following

    def findings(self, state: State) -> Iterator[tuple[Claim, State | None]]:
        """The claims that are broken if this action fires in this state, with the state after it, if there is one."""
        if not self.harmless:
            for full in self.choices(state):
                yield from self.findings_of(full)

    def findings_of(self, full: State) -> Iterator[tuple[Claim, State | None]]:
        """`findings` for one choice of parameters."""
        if not self.guard_defined(full):
            yield DIVISION, None
        elif self.guard(full):
            after = self.update(full) if self.defined(full) else None
            if after is None:
                yield DIVISION, None
            for claim, breaks in self.claims:
                if breaks(full):
                    yield claim, after

    def broken(self, state: State) -> Iterator[Claim]:
        """The claims that are broken if this action fires in this state."""
        return (claim for claim, _ in self.findings(state))


DIVISION = Claim("division", "every value exists", FALSE)


def _can_be_listed(variables: Iterable[Variable], most: int) -> bool:
    """Whether there are at most so many combinations of initial values."""
    size = 1
    for variable in variables:
        values = variable.initial_values()
        if values is None:
            return False
        size *= max(0, values.stop - values.start) if isinstance(values, range) else len(values)
        if size > most:
            return False
    return True
