"""Whether a goal can be reached from everywhere (AG EF), by sets: classical soundness of finite systems."""

from __future__ import annotations

from dataclasses import replace

from ...expressions import Expr
from ...system import TransitionSystem
from ...trace import Trace, replay
from ..target import Answer, Limits, Target
from .diagrams import MOST_NODES, Budget, Function
from .domains import why_not
from .images import preimage
from .reachability import METHOD, Reachability, deep_recursion


def possible(
    system: TransitionSystem,
    goal: Expr,
    limits: Limits | None = None,
    library: str = "",
    nodes: int = MOST_NODES,
) -> tuple[Trace | None, Answer]:
    """A shortest trace to a state from which `goal` can no longer be reached (a counterexample to AG EF), or None.

    As `engine.liveness.possible`: what lies beyond a depth or outside a range is given the benefit of the doubt. Where a
    limit comes before the answer there is no trace, and the answer is not complete; `notes` says how many states are
    without hope where that was known by then. Arguments as in `symbolic`.
    """
    limits = limits or Limits()
    budget = Budget(limits.seconds, nodes)
    if reason := why_not(system, [Target("goal", state=goal)]):
        return None, Answer({}, False, reason, seconds=budget.spent, method=METHOD)
    with deep_recursion():
        return _Hope(Reachability(system, [], limits, budget, library), goal).decide()


class _Hope:
    def __init__(self, reachability: Reachability, goal: Expr):
        self.search, self.goal = reachability, goal
        self.trace: Trace | None = None
        self.notes: dict[str, str] = {}

    def decide(self) -> tuple[Trace | None, Answer]:
        stopped = self.search.limited(self.search.phases)
        if stopped in ("", "depth"):
            stopped = self.search.limited(self.look) or stopped
        return self.trace, replace(self.search.answer(stopped), notes=self.notes)

    def look(self) -> str:
        search = self.search
        assert search.layers is not None
        search.budget.allow()
        hopeless = search.states_seen & ~self.hopeful()
        if hopeless == search.encoding.diagrams.false:
            return ""
        self.notes = {"hopeless": f"{search.count(hopeless):,} states"}
        path, actions = search.layers.nearest(hopeless)
        self.trace = replay(Trace(search.system, tuple(path), tuple(actions)))
        return ""

    def hopeful(self) -> Function:
        """The states from which the goal, or what nobody looked into, can be reached: the relation's parts backwards, one
        after the other, until none adds anything."""
        search = self.search
        assert search.layers is not None
        seen, diagrams = search.states_seen, search.encoding.diagrams
        found = (search.encoding.holds(self.goal) | ~search.relations.in_range) & seen
        if search.reached is None:
            found = found | search.layers.found[-1].all
        parts = sorted([*search.relations.within, *search.relations.beyond], key=lambda part: -part.top)
        before = diagrams.false
        while found != before and found != seen:
            before = found
            for part in parts:
                found = found | (preimage(diagrams, [part], found) & seen)
            diagrams.tidy()
        return found
