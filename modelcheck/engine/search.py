"""Explicit breadth-first search: the reference engine, kept plain, and the oracle for every other one.

States are visited in order of their distance from the initial ones, so the first trace of each target is a shortest
one. A state with a variable outside its range is seen, but nothing goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, pairwise

from ..expressions import TRUE, Expr, compile_expression, conjunction, disjunction, negation, well_defined
from ..system import DIVISION, Action, Claim, State, TransitionSystem
from ..trace import Trace, replay
from .successors import compile_successors
from .target import Answer, Limits, Meter, Progress, Target

NOT_LISTABLE = "too many first values to list"
_BATCH = 256  # States between two looks at the clock.

BYTES_A_STATE, BYTES_A_VALUE = 160, 8  # A tuple in a dictionary; its values are shared small numbers.


def search(
    system: TransitionSystem,
    targets: Sequence[Target],
    limits: Limits | None = None,
    progress: Progress | None = None,
    until: Callable[[int, int], bool] | None = None,
) -> Answer:
    """A shortest trace of each target that can be reached; stops early once all are found.

    Without targets everything is explored and counted. `progress` is told how far it has come, a few times a second.
    `until` is asked before each level, with the number of states and of those in the level, whether to leave the rest
    to another engine (`stopped="large"`). Ctrl-C ends it with what is known so far (`stopped="interrupted"`).
    """
    return _Search(system, targets, limits or Limits(), progress, until).run()


def count_states(system: TransitionSystem, limits: Limits | None = None) -> Answer:
    """How many states, transitions (a state, an action, a state after it) and levels there are."""
    return search(system, (), limits)


class _Found(Exception):
    """Every target has its trace."""


class _Search:
    def __init__(
        self,
        system: TransitionSystem,
        targets: Sequence[Target],
        limits: Limits,
        progress: Progress | None,
        until: Callable[[int, int], bool] | None,
    ):
        self.system, self.limits, self.until = system, limits, until
        self.meter = Meter(limits, progress)
        self.pending = list(targets)
        self.traces: dict[str, Trace] = {}
        self.came_from: dict[State, State | None] = {}
        self.transitions, self.depth = 0, 0
        self.watch()

    def run(self) -> Answer:
        stopped = NOT_LISTABLE
        try:
            if self.system.enumerable:
                stopped = self.levels()
            complete = not stopped
        except _Found:
            stopped, complete = "", False
        except KeyboardInterrupt:
            stopped, complete = "interrupted", False
        return Answer(
            self.traces, complete, stopped, len(self.came_from), self.transitions, self.depth,
            self.meter.spent, "breadth-first search", bytes=self.bytes,
        )  # fmt: skip

    @property
    def bytes(self) -> int:
        """The memory of the states, about."""
        return len(self.came_from) * (BYTES_A_STATE + BYTES_A_VALUE * len(self.system.variables))

    def levels(self) -> str:
        """Visit all states, level by level; says what ended it early, if anything did."""
        self.successors = compile_successors(self.system)
        frontier = list(islice(self.system.initial_states(), self.limits.states + 1))
        self.came_from.update(dict.fromkeys(frontier))
        level = 0
        while frontier:
            last = self.limits.depth is not None and level >= self.limits.depth
            if self.until is not None and self.until(len(self.came_from), len(frontier)):
                return "large"
            following: list[State] = []
            for batch in _batches(frontier):
                if stopped := self.exhausted(level, len(frontier)):
                    return stopped
                following += self.look(batch) if last else self.expand(batch)
            self.depth = level
            if last:
                return "depth" if any(leads_on(self.system, state) for state in frontier) else ""
            frontier = following
            level += 1
        return ""

    def exhausted(self, level: int, frontier: int) -> str:
        """The limit that is used up, if one is."""
        return self.meter.used_up(len(self.came_from), frontier, level, self.bytes)

    def expand(self, batch: Sequence[State]) -> list[State]:
        """The new states that follow these, after looking at each. The loop that all the time goes into."""
        came_from, successors, in_range = self.came_from, self.successors, self.system.in_range
        found: list[State] = []
        for state in batch:
            if self.watched is not None and self.watched(state):
                self.report_state(state)
            if not in_range(state):
                continue
            if self.breaking is not None and self.breaking(state):
                self.report_claims(state)
            following = successors(state)
            if not following and self.stuck:
                self.report_stuck(state)
            self.transitions += len(following)
            for after in following:
                if after not in came_from:
                    came_from[after] = state
                    found.append(after)
        return found

    def look(self, batch: Sequence[State]) -> list[State]:
        """What can be said of states beyond which nothing is explored."""
        for state in batch:
            if self.watched is not None and self.watched(state):
                self.report_state(state)
            if self.stuck and self.system.in_range(state) and not self.successors(state):
                self.report_stuck(state)
        return []

    def watch(self) -> None:
        """Compile what is still looked for into one condition on states and one on the actions that leave them."""
        states = [conjunction([well_defined(t.state), t.state]) for t in self.pending if t.state is not None]
        wanted = frozenset(pair for target in self.pending for pair in target.claims)
        positions = self.system.positions
        self.watched = compile_expression(disjunction(states), positions) if states else None
        self.breaking = _breaking(self.system, wanted) if wanted else None
        self.stuck = any(target.stuck for target in self.pending)

    def report_state(self, state: State) -> None:
        for target in self.pending:
            if target.state is not None and self.system.predicate(target.state)(state):
                self.record(target, self.path(state))
        self.settle()

    def report_stuck(self, state: State) -> None:
        if not self.system.is_finished(state):
            for target in self.pending:
                if target.stuck:
                    self.record(target, self.path(state))
            self.settle()

    def report_claims(self, state: State) -> None:
        for number, action in enumerate(self.system.plain):
            for claim, after in action.findings(state):
                for target in self.pending:
                    if target.name not in self.traces and asks_for(target.claims, claim):
                        self.record(target, self.path(state), number, claim, after)
        self.settle()

    def record(
        self,
        target: Target,
        path: list[State],
        number: int | None = None,
        claim: Claim | None = None,
        after: State | None = None,
    ) -> None:
        """Keep the trace along a path; where an action breaks a claim and leads somewhere, with that step."""
        actions = [self.action_between(before, following) for before, following in pairwise(path)]
        if number is not None and after is not None:
            path, actions = [*path, after], [*actions, number]
        self.traces[target.name] = replay(Trace(self.system, tuple(path), tuple(actions), broken=claim))

    def settle(self) -> None:
        """Look no longer for what was found."""
        self.pending = [target for target in self.pending if target.name not in self.traces]
        if not self.pending:
            raise _Found
        self.watch()

    def path(self, state: State) -> list[State]:
        """The states from an initial one to this one."""
        found = [state]
        while (before := self.came_from[found[-1]]) is not None:
            found.append(before)
        return found[::-1]

    def action_between(self, before: State, after: State) -> int:
        return next(number for number, following in self.system.successors(before) if following == after)


def leads_on(system: TransitionSystem, state: State) -> bool:
    """Whether something can be tried in a state, be it only a division by zero."""
    if not system.in_range(state):
        return False
    divides = (claim is DIVISION for plain in system.plain for claim in plain.broken(state))
    return any(True for _ in system.successors(state)) or any(divides)


def _batches(states: Sequence[State]) -> Iterator[Sequence[State]]:
    return (states[first : first + _BATCH] for first in range(0, len(states), _BATCH))


def asks_for(claims: frozenset[tuple[str, str]], claim: Claim) -> bool:
    """Whether a claim is among those of the given kinds and names."""
    return (claim.kind, claim.name) in claims or (claim.kind, "*") in claims


def _breaking(system: TransitionSystem, wanted: frozenset[tuple[str, str]]) -> Callable[[State], bool]:
    """Whether some action that is enabled in a state breaks a wanted claim."""
    simple = disjunction(breaks_wanted(action, wanted) for action in system.actions if not action.parameters)
    breaks = compile_expression(simple, system.positions)
    others = [plain for plain in system.plain if plain.values and breaks_wanted(plain.action, wanted) != negation(TRUE)]
    if not others:
        return breaks
    return lambda state: (
        breaks(state) or any(asks_for(wanted, claim) for action in others for claim in action.broken(state))
    )


def breaks_wanted(action: Action, wanted: frozenset[tuple[str, str]]) -> Expr:
    """The condition under which an action breaks a wanted claim, as `PlainAction.findings` defines it."""
    guard_defined = well_defined(action.guard)
    wrong = [action.breaks(claim) for claim in action.claims if asks_for(wanted, claim)]
    undefined: Iterable[Expr] = ()
    if asks_for(wanted, DIVISION):
        wrong.append(negation(action.updates_defined))
        undefined = [negation(guard_defined)]
    return disjunction([*undefined, conjunction([guard_defined, action.guard, disjunction(wrong)])])
