"""k-induction (Sheeran, Singh & Stålmarck 2000): what no path of k+1 steps shows without having shown it before.

The base case is bounded model checking: nothing is found in the first k steps from an initial state, and what is
found has a shortest trace. The step case takes any k steps through states that show nothing and asks for one more.
Only simple paths that do not come back to an initial state are asked for, since a shortest counterexample is one: so
a finite system is decided in the end. Those constraints are added where a model needs them (Eén & Sörensson 2003).
Targets help each other: all that are still open are assumed absent so far, those that are then found are dropped, and
what remains is proved together (Flanagan & Leino 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import z3

from ..expressions import IntType, compare, conjunction, integer, negation
from ..expressions.smt import Irrational, Term
from ..system import TransitionSystem
from .bounded import Unrolling
from .relation import Relation
from .smt_limits import Clock, Undecided
from .smt_models import holds
from .target import Answer, Limits, Target

MOST_PAIRS_AT_ONCE = 20


def induction(system: TransitionSystem, targets: Sequence[Target], limits: Limits | None = None) -> Answer:
    """A shortest trace of each target that is reached, and `proved` for those that k-induction excludes.

    `limits.depth` bounds k; `limits.states` has no meaning here. complete only if no path goes on, so that all
    executions were seen. Ctrl-C ends it with what is known so far (`stopped="interrupted"`).
    """
    limits = limits or Limits()
    engine = _Induction(system, targets, limits)
    stopped, notes = "", {}
    try:
        stopped = engine.run()
    except Undecided as undecided:
        stopped = undecided.reason
    except KeyboardInterrupt:
        stopped = "interrupted"
    except Irrational as reason:
        stopped, notes = "z3", {"z3": str(reason)}
    wanted = {target.name for target in targets}
    return Answer(
        {name: trace for name, trace in engine.base.traces.items() if name in wanted},
        engine.complete,
        stopped,
        depth=engine.depth,
        seconds=engine.clock.spent,
        method="k-induction, z3",
        notes=notes,
        proved={name: how for name, how in engine.proved.items() if name in wanted},
    )


class _Induction:
    """Base case and step case side by side."""

    def __init__(self, system: TransitionSystem, targets: Sequence[Target], limits: Limits):
        self.relation, self.clock, self.limits = Relation(system), Clock(limits.seconds), limits
        self.asked = list(targets)
        self.base = Unrolling(self.relation, [*targets, *_outside_ranges(system, targets)], self.clock)
        self.step = _Step(self.relation, self.clock)
        self.proved: dict[str, str] = {}
        self.complete, self.depth = False, 0

    def run(self) -> str:
        """Says what ended it early, if anything did."""
        k = 0
        while True:
            # The base case has seen that the first k states, and the steps from them, show nothing of what is open.
            for target in self.step.excluded(self.base.pending):
                self.proved[target.name] = f"{k}-induction, z3" if k else "no state shows it, z3"
                self.base.pending.remove(target)
            if not self.open:
                return ""
            self.base.look(k)
            self.depth = k
            if not self.open:
                return ""
            if k == self.limits.depth:
                self.complete = not self.base.leads_on(k)
                return "" if self.complete else "depth"
            if not self.base.extend(k):
                self.complete = True
                return ""
            self.step.extend()
            k += 1

    @property
    def open(self) -> bool:
        """Whether anything that was asked for is neither found nor excluded."""
        return any(target in self.base.pending for target in self.asked)


def _outside_ranges(system: TransitionSystem, targets: Sequence[Target]) -> list[Target]:
    """That a variable is outside its range, for each: what is excluded so strengthens what else is asked."""
    taken = {target.name for target in targets}
    found = []
    for variable in system.variables:
        kind, name = variable.type, f"{variable.name} out of range"
        if isinstance(kind, IntType) and kind.low is not None and kind.high is not None and name not in taken:
            inside = [compare("<=", integer(kind.low), variable.ref), compare("<=", variable.ref, integer(kind.high))]
            found.append(Target(name, state=negation(conjunction(inside))))
    return found


class _Step:
    """Any k steps through states that show nothing of what is open, and the question whether the next one does."""

    def __init__(self, relation: Relation, clock: Clock):
        self.relation, self.clock, self.k = relation, clock, 0
        self.solver = z3.Solver()
        self.good: dict[Target, Term] = {}
        self.shows: dict[Target, Term] = {}
        self.excluded_for_good: list[Target] = []
        self.different: set[tuple[int, int]] = set()
        self.solver.add(relation.at(relation.in_types, 0))

    def excluded(self, targets: Sequence[Target]) -> list[Target]:
        """The largest part of these targets none of which can come next where none was shown so far."""
        kept = list(targets)
        while kept:
            try:
                found = self.found_next(kept)
            except Undecided as undecided:
                if undecided.reason == "seconds":
                    raise
                alone = [target for target in kept if self.decided(target, kept)]
                if alone == kept:
                    break
                kept = alone
                continue
            if not found:
                break
            kept = [target for target in kept if target not in found]
        for target in kept:
            self.exclude(target)
        return kept

    def decided(self, target: Target, kept: Sequence[Target]) -> bool:
        """Whether z3 can say of one target alone that it does not come next; what it cannot say is left open."""
        try:
            return not self.found_next([target], kept)
        except Undecided as undecided:
            if undecided.reason == "seconds":
                raise
            return False

    def found_next(self, targets: Sequence[Target], assumed: Sequence[Target] | None = None) -> list[Target]:
        """Those of the targets that come next in some simple path; [] where none of them can."""
        assumptions = [self.absent_so_far(target) for target in assumed or targets]
        while True:
            self.solver.push()
            try:
                terms = {target: self.relation.at(self.shown(target), self.k) for target in targets}
                self.solver.add(z3.Or(*terms.values()))
                model = self.solver.model() if self.clock.check(self.solver, *assumptions) else None
            finally:
                self.solver.pop()
            if model is None:
                return []
            if not self.forbid_repetition(model):
                return [target for target, term in terms.items() if holds(model, term)] or list(targets)

    def forbid_repetition(self, model: Term) -> bool:
        """Whether the path of a model passes a state twice; then the next one will not."""
        names = self.relation.before.values()
        states = [
            tuple(str(model.eval(self.relation.at(name, i), model_completion=True)) for name in names)
            for i in range(self.k + 1)
        ]
        pairs = [(i, j) for i, j in combinations(range(self.k + 1), 2) if states[i] == states[j]]
        for i, j in pairs[:MOST_PAIRS_AT_ONCE]:
            assert (i, j) not in self.different, "z3 gave a model of what it was told not to be"
            self.different.add((i, j))
            self.solver.add(z3.Or(*(self.relation.at(n, i) != self.relation.at(n, j) for n in names)))
        return bool(pairs)

    def extend(self) -> None:
        """One more step before the question; what it leads to is not initial."""
        relation, here = self.relation, self.k
        self.solver.add(relation.at(relation.step, here))
        self.solver.add(relation.at(z3.And(relation.in_types, z3.Not(relation.initial)), here + 1))
        for target, mark in self.good.items():
            self.solver.add(z3.Implies(mark, z3.Not(relation.at(self.shown(target), here))))
        self.k += 1
        for target in self.excluded_for_good:
            self.solver.add(z3.Not(relation.at(self.shown(target), self.k)))

    def exclude(self, target: Target) -> None:
        """Nothing that is asked from now on need consider what shows this target."""
        self.excluded_for_good.append(target)
        self.solver.add(*(z3.Not(self.relation.at(self.shown(target), i)) for i in range(self.k + 1)))

    def absent_so_far(self, target: Target) -> Term:
        """A mark that, assumed, says that the target was not shown in the first k states and the steps from them."""
        if target not in self.good:
            self.good[target] = mark = z3.FreshConst(z3.BoolSort(), "absent")
            absent = (z3.Not(self.relation.at(self.shown(target), i)) for i in range(self.k))
            self.solver.add(*(z3.Implies(mark, each) for each in absent))
        return self.good[target]

    def shown(self, target: Target) -> Term:
        """That a state shows the target, or that the step which is tried in it does."""
        if target not in self.shows:
            self.shows[target] = self.relation.shown(target)
        return self.shows[target]
