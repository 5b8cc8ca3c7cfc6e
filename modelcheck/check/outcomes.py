"""What the outside sees of a design when it has ended: the values of its observables, and whether two designs agree.

A design's `observe` gives each observable the name by which the outside knows it and the formula that it is in this
design. Two designs that observe the same names can be compared, whatever they call things inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .. import model
from ..compile import compile_model
from ..engine.packed.graph import state_graph
from ..engine.state_graph import StateGraph
from ..engine.target import Limits
from ..errors import ModelError, Problem, position_of
from ..expressions import Expr, Resolver, compile_expression, show
from ..results import Verdict
from ..trace import Trace
from .properties import observables

Seen = tuple[str, ...]  # the value of each observable, as it is written in a model


@dataclass(frozen=True)
class Outcomes:
    """What can be seen of one design: for each outcome a shortest execution that ends so.

    names: the observables, in order. complete: every execution was seen; `stopped` says what came first otherwise.
    """

    design: str
    names: tuple[str, ...]
    runs: Mapping[Seen, Trace]
    complete: bool
    stopped: str = ""
    states: int = 0

    def __str__(self) -> str:
        from ..report.outcomes import render_outcomes

        return render_outcomes(self)

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        from ..report.outcomes import outcomes_data

        return outcomes_data(self)


@dataclass(frozen=True)
class Agreement:
    """Two designs beside each other: do they allow the same outcomes?

    verdict: proved where both were seen whole and allow the same; refuted where one was seen whole and does not have an
    outcome of the other.
    """

    first: Outcomes
    second: Outcomes
    verdict: Verdict

    @property
    def only_first(self) -> tuple[Seen, ...]:
        return tuple(seen for seen in self.first.runs if seen not in self.second.runs)

    @property
    def only_second(self) -> tuple[Seen, ...]:
        return tuple(seen for seen in self.second.runs if seen not in self.first.runs)

    def __str__(self) -> str:
        from ..report.outcomes import render_agreement

        return render_agreement(self)

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        from ..report.outcomes import agreement_data

        return agreement_data(self)


def outcomes_of(design: model.Model, limits: Limits | None = None) -> Outcomes:
    """The observable outcomes of all executions that end; of several instances, those of each.

    Raises `ModelError`: nothing is observed, or a formula is wrong.
    """
    system = compile_model(design)
    resolver = Resolver()
    views = observables(design, system, resolver)
    if resolver.problems:
        raise ModelError(resolver.problems)
    if not design.observe:
        hint = "write 'observe: {paid: payment.paid}': the outside's name, and the formula here"
        raise ModelError([Problem("E307", f"'{design.name}' observes nothing", position_of(design.name), hint)])
    graph = state_graph(system, limits)
    return Outcomes(
        design.name,
        tuple(design.observe),
        _runs(graph, views),
        not graph.stopped,
        graph.stopped,
        len(graph.states),
    )


def _runs(graph: StateGraph, views: Sequence[Mapping[str, Expr]]) -> dict[Seen, Trace]:
    """A shortest execution to each outcome; states are in breadth-first order."""
    read = [
        [(compile_expression(value, graph.system.positions), value.type) for value in view.values()] for view in views
    ]
    first: dict[Seen, int] = {}
    for number in np.flatnonzero(graph.ends).tolist():
        state = graph.states[number]
        for view in read:
            first.setdefault(tuple(show(function(state), kind) for function, kind in view), number)
    return {seen: graph.trace(*graph.way_to(number)) for seen, number in first.items()}


def compare_outcomes(first: model.Model, second: model.Model, limits: Limits | None = None) -> Agreement:
    """Do two designs allow the same observable outcomes? Raises `ModelError` where they observe different things."""
    missing = [
        Problem("E308", f"'{there.name}' does not observe '{name}', and '{here.name}' does", position_of(name))
        for here, there in ((first, second), (second, first))
        for name in here.observe
        if name not in there.observe
    ]
    if missing:
        raise ModelError(missing)
    one = outcomes_of(first, limits)
    other = outcomes_of(_in_order(second, one.names), limits)
    return Agreement(one, other, _verdict(one, other))


def _in_order(design: model.Model, names: Sequence[str]) -> model.Model:
    return replace(design, observe={name: design.observe[name] for name in names})


def _verdict(first: Outcomes, second: Outcomes) -> Verdict:
    lacking = (second.complete and any(seen not in second.runs for seen in first.runs)) or (
        first.complete and any(seen not in first.runs for seen in second.runs)
    )
    if lacking:
        return Verdict.REFUTED
    if first.complete and second.complete:
        return Verdict.PROVED
    bounded = {"states", "depth", ""}
    return Verdict.BOUNDED if {first.stopped, second.stopped} <= bounded else Verdict.UNKNOWN
