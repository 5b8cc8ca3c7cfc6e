"""Reachability by sets: which targets can be reached, with a shortest trace for each.

Three phases. Layers, while they cost little: that settles small systems, and traces come at once. Then everything that
can be reached in one go, by saturation, which needs no layers and is often thousands of times cheaper. Then more
layers, if a target lies in what was reached, or if saturation did not end in its share of the time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ...system import Claim, State, TransitionSystem
from ...trace import ReplayError, Trace
from ..bounded import confirm
from ..target import Answer, Limits, Target
from .diagrams import MOST_NODES, Budget, Exhausted, Function
from .domains import MOST_BITS, why_not
from .encoding import Encoding
from .images import Saturation, image
from .layers import Layer, Layers
from .points import count
from .relations import Relations, asks_for

METHOD = "decision diagrams"
_LITTLE = 100_000  # Steps of work that layers may take before saturation is tried.
_SHARE = 0.5  # Of the time that is left, for saturation.


def symbolic(
    system: TransitionSystem,
    targets: Sequence[Target],
    limits: Limits | None = None,
    library: str = "",
    nodes: int = MOST_NODES,
) -> Answer:
    """A shortest trace of each target that can be reached; everything that can be reached is counted exactly.

    Sets of states are decision diagrams of `dd` (`library`: `dd.cudd` or `dd.autoref`, by itself the first that is
    installed) of at most so many nodes. `depth` is how far layers went: of all states where nothing is left to see, 0
    where only saturation was needed. `limits.states` has no meaning here. Where the engine does not apply, `stopped` says
    why (`why_not`). Ctrl-C ends it with what is known so far (`stopped="interrupted"`).
    """
    limits = limits or Limits()
    budget = Budget(limits.seconds, nodes)
    if reason := why_not(system, targets):
        return Answer({}, False, reason, seconds=budget.spent, method=METHOD)
    with deep_recursion():
        return Reachability(system, targets, limits, budget, library).run()


@contextmanager
def deep_recursion() -> Iterator[None]:
    """The recursions go as deep as a state has bits, several calls each: more than Python allows by itself."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 20 * MOST_BITS))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


class Reachability:
    """One search: what is known of the reachable states so far, and the targets that are still to be found."""

    def __init__(
        self, system: TransitionSystem, targets: Sequence[Target], limits: Limits, budget: Budget, library: str
    ):
        self.system, self.limits, self.budget, self.library = system, limits, budget, library
        self.pending, self.asked = list(targets), bool(targets)
        self.traces: dict[str, Trace] = {}
        self.layers: Layers | None = None
        self.reached: Function | None = None  # All states, once they are known.
        self.looked = 0  # Layers in which all targets were looked for.

    def run(self) -> Answer:
        """Search, and say what was found."""
        return self.answer(self.limited(self.phases))

    def limited(self, work: Callable[[], str]) -> str:
        """Do some work; what ended it early, if anything did."""
        try:
            return work()
        except Exhausted as limit:
            return limit.reason
        except (MemoryError, RecursionError):
            return "memory"
        except KeyboardInterrupt:
            return "interrupted"

    def phases(self) -> str:
        encoding = self.encoding = Encoding(self.system, self.budget, self.library)
        relations = self.relations = Relations(encoding)
        self.layers = Layers(encoding, relations)
        self.wanted = {target.name: Wanted.of(relations, target) for target in self.pending}
        if self.limits.depth is not None:
            return self.by_layers()
        try:
            self.budget.allow(_SHARE, _LITTLE)
            return self.by_layers()
        except Exhausted:
            self.budget.allow(_SHARE)
        try:
            self.saturate()
        except Exhausted as limit:
            if limit.reason != "seconds":
                raise
        self.budget.allow()
        return self.by_layers()

    @property
    def done(self) -> bool:
        """Whether nothing is left to find; without targets that is so once everything is counted."""
        return not self.pending and (self.asked or self.reached is not None)

    def by_layers(self) -> str:
        """Layer after layer until nothing is left to find; says what ended it early, if anything did."""
        assert self.layers is not None
        while not self.done:
            while self.looked < len(self.layers.found):
                layer, last = self.layers.found[self.looked], self.looked == self.limits.depth
                self.look(layer, last)
                self.looked += 1
                if last and not self.done:
                    return self.end_of_depth(layer)
            if self.layers.finished:
                self.reached, self.inside = self.layers.seen, self.layers.seen & self.relations.in_range
                return ""
            if not self.done:
                self.layers.extend()
        return ""

    def end_of_depth(self, layer: Layer) -> str:
        """At the last depth: whether something could go on from there."""
        if self.relations.tried & layer.inside != self.encoding.diagrams.false:
            return "depth"
        assert self.layers is not None
        self.reached, self.inside = self.layers.seen, self.layers.seen & self.relations.in_range
        return ""

    def saturate(self) -> None:
        """Everything that can be reached; targets that lie outside of it are settled."""
        assert self.layers is not None
        diagrams, first = self.encoding.diagrams, self.layers.found[0]
        inside = reachable_inside(self.encoding, self.relations, first.inside)
        beyond = first.beyond | image(diagrams, self.relations.beyond, inside)
        self.reached, self.inside = inside | beyond, inside
        self.pending = [t for t in self.pending if self.wanted[t.name].meets(inside, beyond)]

    def look(self, layer: Layer, last: bool) -> None:
        """Traces of what is in a layer; in the last one nothing fires any more."""
        none = self.encoding.diagrams.false
        for target in list(self.pending):
            wanted = self.wanted[target.name]
            if (hit := wanted.states & layer.all) != none:
                self.record(target, hit)
            elif last:
                continue
            elif (hit := wanted.failing & layer.inside) != none:
                self.record(target, hit, leads_on=False)
            elif (hit := wanted.breaking & layer.inside) != none:
                self.record(target, hit, leads_on=True)

    def record(self, target: Target, states: Function, leads_on: bool | None = None) -> None:
        """Keep the trace to one of these states of the layer; `leads_on`: an action breaks a claim there, and leads
        somewhere or not."""
        assert self.layers is not None
        path, actions = self.layers.path(states, self.looked)
        claim = None
        if leads_on is not None:
            number, claim, after = finding(target, self.system, path[-1], leads_on)
            if after is not None:
                path, actions = [*path, after], [*actions, number]
        trace = Trace(self.system, tuple(path), tuple(actions), broken=claim)
        self.traces[target.name] = confirm(target, trace)
        self.pending.remove(target)

    @property
    def states_seen(self) -> Function:
        """All states that were reached so far."""
        assert self.layers is not None
        return self.layers.seen if self.reached is None else self.reached

    def count(self, states: Function) -> int:
        """How many states are in a set."""
        return count(self.encoding.diagrams, states, range(0, 2 * self.encoding.pairs, 2))

    def answer(self, stopped: str) -> Answer:
        """What was seen; `complete` only where nothing ended it early and every state is known."""
        if self.layers is None:
            return Answer(self.traces, False, stopped, seconds=self.budget.spent, method=METHOD)
        complete = self.reached is not None and not stopped
        diagrams, moves = self.encoding.diagrams, self.relations.moves if complete else []
        transitions = sum(count(diagrams, self.inside & move, bits) for move, bits in moves)
        depth = max(0, self.looked - (2 if self.layers.finished else 1))
        method = f"{METHOD}, {diagrams.library}"
        states = self.count(self.states_seen)
        return Answer(self.traces, complete, stopped, states, transitions, depth, self.budget.spent, method)


@dataclass(frozen=True)
class Wanted:
    """What a target asks for, as sets: states, and states in which an action breaks a claim and then leads nowhere
    (`failing`) or somewhere (`breaking`)."""

    states: Function
    failing: Function
    breaking: Function

    @classmethod
    def of(cls, relations: Relations, target: Target) -> Wanted:
        """The sets of a target."""
        return cls(relations.state(target), relations.broken(target, False), relations.broken(target, True))

    def meets(self, inside: Function, beyond: Function) -> bool:
        """Whether one of these states is among those reached."""
        return bool((self.states & (inside | beyond)) | ((self.failing | self.breaking) & inside) != inside & ~inside)


def reachable_inside(encoding: Encoding, relations: Relations, first: Function) -> Function:
    """Everything that can be reached within the ranges, by saturation."""
    return Saturation(encoding.diagrams, relations.within, encoding.pairs).reachable(first)


def finding(target: Target, system: TransitionSystem, state: State, leads_on: bool) -> tuple[int, Claim, State | None]:
    """The action that breaks a claim of the target in a state, the claim, and the state after, as plain evaluation
    has them."""
    for number, action in enumerate(system.plain):
        for claim, after in action.findings(state):
            if asks_for(target, claim) and (after is not None) == leads_on:
                return number, claim, after
    raise ReplayError(f"{system.name}: no action breaks '{target.name}' where the diagrams say so")
