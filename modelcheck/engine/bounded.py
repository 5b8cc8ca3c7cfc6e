"""Bounded model checking (Biere, Cimatti, Clarke & Zhu 1999): the system unrolled step by step, in z3.

One solver holds the path so far; at each depth it is asked for all targets at once, so that the first
trace of each is a shortest one. Every trace is walked through the plain system before it is returned.
"""

from __future__ import annotations

from collections.abc import Sequence

import z3

from ..expressions.smt import Irrational
from ..system import TransitionSystem
from ..trace import ReplayError, Trace, replay
from .relation import Goal, Relation
from .smt_limits import Clock, Undecided
from .target import Answer, Limits, Target


def bounded(
    system: TransitionSystem, targets: Sequence[Target], limits: Limits | None = None, depth: int = 20
) -> Answer:
    """The shortest trace of each target that up to `depth` actions reach (`limits.depth` wins where given).

    complete only if no path has another step, so that all executions were seen. `limits.states` has no meaning here.
    Ctrl-C ends it with what is known so far (`stopped="interrupted"`).
    """
    limits = limits or Limits()
    deepest = limits.depth if limits.depth is not None else depth
    unrolling = Unrolling(Relation(system), targets, Clock(limits.seconds))
    reached, stopped, complete, notes = 0, "depth", False, {}
    try:
        for here in range(deepest + 1):
            unrolling.look(here)
            reached = here
            if not unrolling.pending:
                stopped = ""
                break
            if not (unrolling.extend(here) if here < deepest else unrolling.leads_on(here)):
                stopped, complete = "", True
                break
    except Undecided as undecided:
        stopped = undecided.reason
    except KeyboardInterrupt:
        stopped = "interrupted"
    except Irrational as reason:
        stopped, notes = "z3", {"z3": str(reason)}
    return Answer(
        unrolling.traces,
        complete,
        stopped,
        depth=reached,
        seconds=unrolling.clock.spent,
        method="bounded model checking, z3",
        notes=notes,
    )


class Unrolling:
    """The paths from the initial states, one step longer at a time, with the targets that are still looked for."""

    def __init__(self, relation: Relation, targets: Sequence[Target], clock: Clock):
        self.relation, self.pending, self.clock = relation, list(targets), clock
        self.solver = z3.Solver()
        self.solver.add(relation.at(relation.initial, 0))
        self.traces: dict[str, Trace] = {}

    def look(self, depth: int) -> None:
        """Ask for what a state at this depth may show."""
        self.find([goal for target in self.pending for goal in self.relation.goals(target)], depth)

    def extend(self, depth: int) -> bool:
        """Ask for what may break in the step from `depth`, then take it; False where there is none to take."""
        self.look_at_step(depth)
        if not self.pending:
            return True
        self.advance(depth)
        return self.clock.check(self.solver)

    def advance(self, depth: int) -> None:
        """Take the step from `depth`, without asking anything."""
        self.solver.add(self.relation.at(self.relation.step, depth))

    def look_at_step(self, depth: int) -> None:
        """Ask for what the step that is tried at this depth may break."""
        relation = self.relation
        for succeeds in (False, True):
            goals = [goal for target in self.pending for goal in relation.claim_goals(target, succeeds)]
            if goals:
                self.solver.push()
                self.solver.add(relation.at(relation.attempt, depth))
                self.find(goals, depth)
                self.solver.pop()

    def leads_on(self, depth: int) -> bool:
        """Whether anything could still be tried beyond the last depth."""
        self.solver.add(self.relation.at(self.relation.attempt, depth))
        try:
            return self.clock.check(self.solver)
        except Undecided:
            return True

    def find(self, goals: list[Goal], depth: int) -> None:
        """A trace for each target of these that can be reached here; found ones are no longer pending."""
        while goals:
            self.solver.push()
            marks = [z3.Bool(f"goal {index}@{depth}") for index in range(len(goals))]
            for mark, goal in zip(marks, goals, strict=True):
                self.solver.add(mark == self.relation.at(goal.term, depth))
            self.solver.add(z3.Or(*marks))
            model = self.solver.model() if self.clock.check(self.solver) else None
            self.solver.pop()
            if model is None:
                return
            for mark, goal in zip(marks, goals, strict=True):
                if goal.target in self.pending and z3.is_true(model.eval(mark, model_completion=True)):
                    self.traces[goal.target.name] = confirm(goal.target, self.relation.trace(model, depth, goal))
                    self.pending.remove(goal.target)
            goals = [goal for goal in goals if goal.target in self.pending]


def confirm(target: Target, trace: Trace) -> Trace:
    """The trace, replayed, after seeing in the plain system that it shows what it is said to show."""
    replay(trace)
    system = trace.system
    if not _shows(system, target, trace):
        raise ReplayError(f"{system.name}: the trace does not reach '{target.name}'")
    return trace


def _shows(system: TransitionSystem, target: Target, trace: Trace) -> bool:
    last = trace.states[-1]
    if target.state is not None:
        return bool(system.predicate(target.state)(last))
    if target.stuck:
        listed = all(action.listed for action in system.plain)  # otherwise z3 alone can say that nothing is enabled
        return not system.is_finished(last) and not (listed and any(system.successors(last)))
    return trace.broken is not None  # and `replay` has seen it break
