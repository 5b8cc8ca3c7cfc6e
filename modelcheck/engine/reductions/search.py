"""Breadth-first search with fewer states: one of all that are symmetric, and one order of what is independent.

Symmetry alone keeps distances, so that its traces are shortest. With partial order a path to a target may be longer:
an action is taken early that the target does not need. So that no action is put off for ever, a state in which only
some actions are taken must have a new state after it (Bošnački & Holzmann 2005), unless one of them is an action that
no execution takes for ever (`progress`). Both together: Emerson, Jha & Peled
1997.

The partial order takes it that no action leaves a range, since from there nothing goes on. Where one is seen to, the
search begins again with all actions that might so do put in order with all others.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import reduce
from itertools import islice, pairwise
from operator import or_

from ...expressions import compile_expression, conjunction, disjunction, well_defined
from ...system import State, TransitionSystem
from ...trace import Trace, replay
from ..search import BYTES_A_STATE, BYTES_A_VALUE, NOT_LISTABLE, asks_for, breaks_wanted, leads_on
from ..successors import compile_numbered_successors
from ..target import Answer, Limits, Meter, Progress, Target
from .canonical import Canonical
from .dependence import Dependence
from .paths import concrete
from .stubborn import Stubborn
from .symmetry import Symmetry, symmetry_of

REDUCTIONS = frozenset({"symmetry", "partial-order"})
"""The reductions by name."""


def reduced_search(
    system: TransitionSystem,
    targets: Sequence[Target],
    limits: Limits | None = None,
    reductions: Collection[str] = REDUCTIONS,
    progress: Progress | None = None,
) -> Answer:
    """A trace of each target that can be reached: a shortest one unless partial order was used.

    With a limit on the depth, partial order is not used: it changes how far away states are. `states` counts those that
    stand for others. Ctrl-C ends it with what is known so far.
    """
    limits = limits or Limits()
    if not system.enumerable:
        return Answer({}, False, NOT_LISTABLE, method="breadth-first search")
    symmetry = symmetry_of(system, targets) if "symmetry" in reductions else Symmetry()
    ordered = "partial-order" in reductions and limits.depth is None
    leaving, spent = 0, 0.0
    while True:
        dependence = Dependence(system, leaving) if ordered else None
        remaining = replace(limits, seconds=max(0.0, limits.seconds - spent))
        search = ReducedSearch(system, targets, remaining, symmetry, dependence, progress)
        try:
            answer = search.run()
            return replace(answer, seconds=answer.seconds + spent)
        except _Left as left:
            leaving |= 1 << left.number | _writers(system, left.names)
            spent += search.meter.spent


def _writers(system: TransitionSystem, names: Collection[str]) -> int:
    """The actions that may take one of some variables out of its range."""
    known = Dependence(system)
    return sum(
        1 << number
        for number, action in enumerate(system.actions)
        if not action.updates.keys().isdisjoint(names) and known.may_leave(number)
    )


class _Found(Exception):
    """Every target has its trace."""


class _Left(Exception):
    """An action that was taken to stay within the ranges has left those of some variables."""

    def __init__(self, number: int, names: frozenset[str]):
        self.number, self.names = number, names


class ReducedSearch:
    """One search; `symmetry` and `dependence` are what it may use."""

    def __init__(
        self,
        system: TransitionSystem,
        targets: Sequence[Target],
        limits: Limits,
        symmetry: Symmetry,
        dependence: Dependence | None,
        progress: Progress | None = None,
    ):
        self.meter = Meter(limits, progress)
        self.system, self.limits = system, limits
        self.pending = list(targets)
        self.successors = compile_numbered_successors(system)
        self.canonical = Canonical(symmetry)
        self.dependence = dependence
        self.stubborn = None if dependence is None else Stubborn(dependence, targets)
        self.came_from: dict[State, State | None] = {}
        self.first: dict[State, State] = {}  # The initial state that each initial representative stands for.
        self.traces: dict[str, Trace] = {}
        self.transitions, self.depth = 0, 0
        self.watch()

    def run(self) -> Answer:
        """Visit a representative of every state that matters."""
        try:
            stopped = self.levels()
            complete = not stopped
        except _Found:
            stopped, complete = "", False
        except KeyboardInterrupt:
            stopped, complete = "interrupted", False
        used = [name for name, used in (("symmetry", self.canonical.sorters), ("partial order", self.stubborn)) if used]
        method = " with ".join(["breadth-first search", " and ".join(used)] if used else ["breadth-first search"])
        depth = 0 if self.stubborn is not None and not complete else self.depth  # Not all so far was seen.
        return Answer(
            self.traces, complete, stopped, len(self.came_from), self.transitions, depth,
            self.meter.spent, method, reduced=tuple(name.replace(" ", "-") for name in used),
            longer=frozenset(self.traces) if self.stubborn is not None else frozenset(),
        )  # fmt: skip

    def levels(self) -> str:
        """Level by level; says what ended it early, if anything did."""
        for state in islice(self.system.initial_states(), self.limits.states + 1):
            self.first.setdefault(self.canonical(state), state)
        frontier = list(self.first)
        self.came_from.update(dict.fromkeys(frontier))
        level = 0
        while frontier:
            last = self.limits.depth is not None and level >= self.limits.depth
            following: dict[State, None] = {}
            for number, state in enumerate(frontier):
                if number % 64 == 0 and (stopped := self.exhausted(level, len(frontier))):
                    return stopped
                self.visit(state, following, last)
            self.depth = level
            if last:
                return "depth" if any(leads_on(self.system, state) for state in frontier) else ""
            frontier = list(following)
            level += 1
        return ""

    def exhausted(self, level: int, frontier: int) -> str:
        """The limit that is used up, if one is."""
        held = len(self.came_from) * (BYTES_A_STATE + BYTES_A_VALUE * len(self.system.variables))
        return self.meter.used_up(len(self.came_from), frontier, level, held)

    def visit(self, state: State, following: dict[State, None], last: bool) -> None:
        """Look at a state, and add what is new after it."""
        if self.watched is not None and self.watched(state):
            self.report_state(state)
        if not self.system.in_range(state):
            return
        if not last and (self.breaking(state) or any(True for plain in self.chosen for _ in plain.broken(state))):
            self.report_claims(state)
        enabled = self.successors(state)
        if not enabled and self.stuck and not self.system.is_finished(state):
            self.report_stuck(state)
        if last:
            return
        chosen = enabled
        if self.stubborn is not None and len(enabled) > 1:
            numbers = self.stubborn.choose(state, reduce(or_, (1 << number for number, _ in enabled)))
            chosen = [(number, after) for number, after in enabled if numbers >> number & 1]
        new = self.take(state, chosen, following)
        if self.stubborn is not None and len(chosen) < len(enabled):
            onwards = any(self.stubborn.onwards >> number & 1 for number, _ in chosen)
            if self.stubborn.careful and not new and not onwards:
                self.take(state, enabled, following)

    def take(self, state: State, steps: Sequence[tuple[int, State]], following: dict[State, None]) -> bool:
        """Add the states after some actions; whether one of them is still to be visited in the next level."""
        if self.canonical.sorters and len(steps) > 1:
            spared = self.canonical.spared(state, [number for number, _ in steps])
            steps = [step for step in steps if step[0] not in spared]
        new = False
        for number, reached in steps:
            self.transitions += 1
            if self.dependence is not None and not self.system.in_range(reached):
                self.must_be_known_to_leave(number)
            representative = self.canonical(reached)
            if representative not in self.came_from:
                self.came_from[representative] = state
                following[representative] = None
            new = new or representative in following
        return new

    def must_be_known_to_leave(self, number: int) -> None:
        """Begin again where an action leaves a range that was not known to."""
        assert self.dependence is not None
        if not self.dependence.leaving >> number & 1:
            raise _Left(number, frozenset(self.system.actions[number].updates))

    def watch(self) -> None:
        """Compile what is still looked for."""
        system = self.system
        states = [conjunction([well_defined(t.state), t.state]) for t in self.pending if t.state is not None]
        self.watched = compile_expression(disjunction(states), system.positions) if states else None
        wanted = frozenset(pair for target in self.pending for pair in target.claims)
        simple = [breaks_wanted(action, wanted) for action in system.actions if not action.parameters]
        self.breaking = compile_expression(disjunction(simple), system.positions)
        self.chosen = [plain for plain in system.plain if plain.values] if wanted else []
        self.stuck = any(target.stuck for target in self.pending)

    def report_state(self, state: State) -> None:
        """Keep a trace for each target that a state shows."""
        for target in self.pending:
            if target.state is not None and self.system.predicate(target.state)(state):
                self.record(target, self.trace(state))
        self.settle()

    def report_stuck(self, state: State) -> None:
        """Keep a trace to a stuck state."""
        for target in self.pending:
            if target.stuck:
                self.record(target, self.trace(state))
        self.settle()

    def report_claims(self, state: State) -> None:
        """Keep a trace for each wanted claim that an action breaks in a state (or in the one that it stands for)."""
        path = self.trace(state)
        for number, action in enumerate(self.system.plain):
            for claim, reached in action.findings(path.states[-1]):
                for target in self.pending:
                    if target.name not in self.traces and asks_for(target.claims, claim):
                        broken = replace(path, broken=claim)
                        if reached is not None:
                            broken = replace(broken, states=(*path.states, reached), actions=(*path.actions, number))
                        self.record(target, broken)
        self.settle()

    def record(self, target: Target, trace: Trace) -> None:
        """Keep a trace, replayed."""
        self.traces[target.name] = replay(trace)

    def trace(self, state: State) -> Trace:
        """The path of the system to a state, or to one that it stands for."""
        path = [state]
        while (before := self.came_from[path[-1]]) is not None:
            path.append(before)
        path.reverse()
        states = concrete(self.system, self.canonical, self.first[path[0]], path)
        actions = [
            next(number for number, reached in self.system.successors(before) if reached == following)
            for before, following in pairwise(states)
        ]
        return Trace(self.system, tuple(states), tuple(actions))

    def settle(self) -> None:
        """Look no longer for what was found."""
        self.pending = [target for target in self.pending if target.name not in self.traces]
        if not self.pending:
            raise _Found
        self.watch()
        if self.stubborn is not None:
            self.stubborn.look_for(self.pending)
