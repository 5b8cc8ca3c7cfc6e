"""What the same tasks would take in each topology: sum, maximum or longest path, in both styles.

That a sequence takes the sum and a star the maximum is a matter of topology: each style has both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import networkx as nx

from .. import model
from ..errors import ModelError, Problem, position_of
from ..expand import expand
from ..simulate import Estimate, simulate
from ..simulate.delays import mean
from ..simulate.result import show_time
from .arrange import FREE, SHAPES, Times, arrange, order_of
from .hypotheses import event_delays, flow_delays
from .outline import Outline, outline_of

JOBS = 1_000
RULES = {
    "sequence": "sum",
    "parallel": "maximum",
    "graph": "longest path",
    "chain": "sum",
    "star": "maximum",
    "events": "longest path",
    "one listener": "sum",
}
SAID = {
    "sequence": "orchestration, one after another",
    "parallel": "orchestration, side by side",
    "graph": "orchestration, along the graph",
    "chain": "choreography, a chain",
    "star": "choreography, a star",
    "events": "choreography, along the graph",
    "one listener": "choreography, one inline listener",
}


@dataclass(frozen=True)
class Arranged:
    """Some tasks in one shape: what the formula makes of their mean durations and overheads, and what was simulated.

    rule: of the formula, `sum`, `maximum` or `longest path`. seconds: its value without overheads. with_overheads:
    along the longest path. messages: operations a job (calls and replies, or publishing and delivering).
    """

    shape: str
    rule: str
    seconds: float
    with_overheads: float
    simulated: Estimate
    messages: float

    @property
    def style(self) -> str:
        """`orchestration` or `choreography`."""
        return SAID[self.shape].partition(",")[0]

    def to_dict(self) -> dict[str, object]:
        return {
            "shape": self.shape,
            "style": self.style,
            "rule": self.rule,
            "formula": self.seconds,
            "formula_with_overheads": self.with_overheads,
            "simulated": self.simulated.to_dict(),
            "messages": self.messages,
        }


@dataclass(frozen=True)
class Topologies:
    """The same tasks in several shapes, simulated on the same draws; times in seconds."""

    tasks: Mapping[str, float]
    arranged: tuple[Arranged, ...]
    jobs: int

    def __getitem__(self, shape: str) -> Arranged:
        return next(each for each in self.arranged if each.shape == shape)

    @property
    def law_holds(self) -> bool:
        """Whether maximum <= longest path <= sum, in the formulas and in what was simulated without overheads."""
        seconds = {each.rule: each.seconds for each in self.arranged}
        path = seconds.get("longest path", seconds["sum"])
        slack = 1e-9 * seconds["sum"]
        return seconds["maximum"] <= path + slack <= seconds["sum"] + 2 * slack

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A row for each shape."""
        yield "", "takes the", "by formula", "with overheads", "simulated", "", "messages"
        for each in self.arranged:
            low, high = show_time(each.simulated.low), show_time(each.simulated.high)
            between = f"[{low}, {high}]" if low != high else ""
            yield (
                SAID[each.shape], each.rule, show_time(each.seconds), show_time(each.with_overheads),
                show_time(each.simulated.value), between, f"{each.messages:.4g}",
            )  # fmt: skip

    def sentence(self) -> str:
        """Topology, not style: with these tasks' numbers."""
        slow, fast = self["sequence"], self["star"]
        return (
            f"Both styles can take the sum ({show_time(slow.seconds)}) and the maximum ({show_time(fast.seconds)}) of "
            "these tasks: sum against maximum is a matter of topology more than of style."
        )

    def __str__(self) -> str:
        from .text import render_sections

        named = ", ".join(f"{name} {show_time(seconds)}" for name, seconds in self.tasks.items())
        return render_sections([(f"the same tasks ({named})", list(self.rows()), [self.sentence()])])

    def _repr_html_(self) -> str:
        from ..report.html_times import render_topologies

        return render_topologies(self)

    def to_dict(self) -> dict[str, object]:
        return {
            "tasks": dict(self.tasks),
            "jobs": self.jobs,
            "topologies": [each.to_dict() for each in self.arranged],
            "law_holds": self.law_holds,
        }


def topologies(
    tasks: Mapping[str, float | model.Delay],
    order: nx.DiGraph[str] | Iterable[tuple[str, str]] | None = None,
    call: float = 0.0,
    event: float = 0.0,
    jobs: int = JOBS,
    seed: int = 1,
) -> Topologies:
    """The tasks in every shape, along a graph only if an `order` is given; see `arrange`. Raises `ModelError`.

    tasks: their times, as delays or in seconds.
    """
    times = {name: _as_delay(time) for name, time in tasks.items()}
    edges = None if order is None else list(order.edges() if isinstance(order, nx.Graph) else order)
    means = {name: mean(time) for name, time in times.items()}
    found = [
        _arranged(shape, times, means, edges, call, event, jobs, seed)
        for shape in SHAPES
        if edges is not None or shape not in FREE
    ]
    return Topologies(means, tuple(found), jobs)


def _as_delay(time: float | model.Delay) -> model.Delay:
    return time if isinstance(time, model.Delay) else model.Delay(distribution="constant", parameters={"value": time})


def _arranged(
    shape: str,
    tasks: Times,
    means: Mapping[str, float],
    edges: list[tuple[str, str]] | None,
    call: float,
    event: float,
    jobs: int,
    seed: int,
) -> Arranged:
    order, design = order_of(shape, tasks, edges), arrange(shape, tasks, edges, call, event)
    cost = call if isinstance(design, model.Orchestration) else event
    result = simulate(design, jobs, seed)
    if shape == "one listener":
        seconds = sum(means.values())
        overheads = seconds + cost  # the deliveries of one event run side by side
    else:
        seconds, overheads = _longest(order, means, 0.0), _longest(order, means, cost)
    return Arranged(shape, RULES[shape], seconds, overheads, result.mean, result.message_count)


def _longest(order: nx.DiGraph[str], means: Mapping[str, float], cost: float) -> float:
    """The longest path, where each task takes its mean and what its call or event costs."""
    ends: dict[str, float] = {}
    for name in nx.topological_sort(order):
        ends[name] = max((ends[each] for each in order.predecessors(name)), default=0.0) + cost + means[name]
    return max(ends.values())


def topologies_of(
    design: model.Model,
    order: nx.DiGraph[str] | Iterable[tuple[str, str]] | None = None,
    call: float = 0.0,
    event: float = 0.0,
    jobs: int = JOBS,
    seed: int = 1,
) -> Topologies:
    """The tasks of a design in every topology, along its own graph or the `order` given. Raises `ModelError`."""
    if not isinstance(design, model.Orchestration | model.Choreography):
        message = f"'{design.name}' is a {model.kind_of(design)}: nothing in it has a duration"
        raise ModelError(
            [Problem("E404", message, position_of(design.name), "give an orchestration or a choreography")]
        )
    expanded = expand(design)
    flow = isinstance(expanded, model.Orchestration)
    times = flow_delays(expanded) if isinstance(expanded, model.Orchestration) else event_delays(expanded)
    tasks, own = tasks_and_order(outline_of(expanded), times)
    if not tasks:
        message = f"no task of '{design.name}' has a duration"
        raise ModelError(
            [Problem("E404", message, position_of(design.name), f"give {'steps' if flow else 'handlers'} a time")]
        )
    return topologies(tasks, own if order is None else order, call, event, jobs, seed)


def tasks_and_order(outline: Outline, times: Mapping[str, model.Delay | None]) -> tuple[Times, nx.DiGraph[str]]:
    """The tasks with a duration of a design's complete run, and which of them waits for which.

    times: how long each takes; a task that is done several times counts once, as in the formulas.
    """
    tasks = {name: time for name in outline.works if (time := times.get(name)) is not None}
    closure = nx.transitive_closure_dag(outline.order).subgraph(tasks)
    names = {name: outline.works[name].task for name in tasks}
    if len(set(names.values())) < len(names):
        names = {name: name.replace(".", "_") for name in tasks}
    plain = {name: _plain(each) for name, each in names.items()}
    return {plain[name]: time for name, time in tasks.items()}, nx.relabel_nodes(nx.DiGraph(closure.edges()), plain)


def _plain(name: str) -> str:
    """A name that a service, an event and a participant can have."""
    return "".join(letter if letter.isalnum() else "_" for letter in name).strip("_")
