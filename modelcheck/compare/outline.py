"""What a design does in one complete run, as the formulas see it: its tasks, their mean durations, and which waits
for which.

The complete run is the run without failures that does the most of the tasks that both designs share, and the fewest
others: no undo that nobody needs, no branch for an order that is refused. It is found by simulating some jobs with
the failures left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import networkx as nx

from .. import model
from ..graph.events import OUTSIDE, channel_of, event_graph
from ..graph.flow import START, flow_graph
from ..simulate import alone, loop_for
from ..simulate.delays import mean
from ..simulate.plan import Plan, coordinator_of, plan_of

PILOT = 200
BEGIN = "(begin)"

Timed = model.Orchestration | model.Choreography


@dataclass(frozen=True)
class Work:
    """One task of a design. name: its step or `participant.handler`; owner: the service or participant that does it.

    task: the name under which its durations are drawn. mean: in seconds; None where no duration is given. visits: how
    often it is done in the complete run.
    """

    name: str
    task: str
    owner: str
    mean: float | None
    visits: int

    @property
    def seconds(self) -> float:
        return self.mean or 0.0


@dataclass(frozen=True)
class Outline:
    """The complete run of a design. `order` has an edge where one task waits for another, and from `BEGIN` to what
    starts at once; its `overhead` is what the call, or the event between the two, costs.

    others: tasks with a duration that this run does not need. inline: one listener serves everybody, in turn.
    once: what the coordinator spends on a flow before its first step, in seconds.
    """

    design: Timed
    works: Mapping[str, Work]
    others: tuple[Work, ...]
    order: nx.DiGraph[str]
    inline: bool = False
    once: float = 0.0

    @property
    def total(self) -> float:
        """The sum of the mean durations, each task once."""
        return sum(work.seconds for work in self.works.values())

    @property
    def longest(self) -> float:
        """The largest of the mean durations."""
        return max((work.seconds for work in self.works.values()), default=0.0)

    @property
    def path(self) -> tuple[str, ...]:
        """The longest causal path: the tasks of a chain that takes the longest."""
        return tuple(name for name in self._path(0.0) if self.works[name].mean is not None)

    @property
    def path_length(self) -> float:
        return sum(self.works[name].seconds for name in self.path)

    @property
    def causal(self) -> float:
        """How long the tasks take without overheads and strangers in the queue: the longest path, or with one inline
        listener the sum."""
        return self.total if self.inline else self.path_length

    @property
    def concurrent(self) -> tuple[tuple[str, str], ...]:
        """The pairs of tasks with a duration of which neither waits for the other."""
        after = {name: nx.descendants(self.order, name) for name in self.works}
        timed = [name for name, work in self.works.items() if work.mean is not None]
        return tuple(
            (first, second)
            for index, first in enumerate(timed)
            for second in timed[index + 1 :]
            if first not in after[second] and second not in after[first]
        )

    @property
    def sequential(self) -> bool:
        return not self.concurrent

    def with_overhead(self, overhead: float | None = None) -> tuple[float, int]:
        """The causal time with what the flow and its calls or events cost, and how many of these are on that path.

        `overhead`: the cost of each, in seconds; None: what the design says.
        """
        path = self._path(overhead)
        edges = [self.order.edges[edge] for edge in pairwise((BEGIN, *path)) if edge in self.order.edges]
        cost = sum(edge["overhead"] if overhead is None else overhead for edge in edges)
        work = self.total if self.inline else sum(self.works[name].seconds for name in path)
        return work + cost + self.once, len(edges)

    def share_of(self, owner: str) -> float:
        """The longest causal chain of one owner's tasks."""
        own = [name for name, work in self.works.items() if work.owner == owner]
        closure = nx.transitive_closure_dag(self.order).subgraph(own)
        best = 0.0
        ends: dict[str, float] = {}
        for name in nx.topological_sort(closure):
            before = max((ends[each] for each in closure.predecessors(name)), default=0.0)
            ends[name] = before + self.works[name].seconds
            best = max(best, ends[name])
        return best

    def _path(self, overhead: float | None) -> list[str]:
        """The longest path when each edge costs this; among equals the one with the most edges."""
        ends: dict[str, tuple[float, int]] = {}
        before: dict[str, str] = {}
        for name in nx.topological_sort(self.order):
            begun = (0.0, 0)
            for source, _, edge in self.order.in_edges(name, data=True):
                cost = edge["overhead"] if overhead is None else overhead
                found = (ends[source][0] + cost, ends[source][1] + 1)
                if name not in before or found > begun:
                    begun, before[name] = found, source
            ends[name] = (begun[0] + (self.works[name].seconds if name in self.works else 0.0), begun[1])
        path = [max(ends, key=lambda name: ends[name])]
        while path[-1] in before:
            path.append(before[path[-1]])
        return [name for name in reversed(path) if name != BEGIN]


def outlines(orchestration: model.Orchestration, choreography: model.Choreography) -> tuple[Outline, Outline]:
    """The complete runs of two designs. Raises `ModelError`, as simulating them would."""
    plans = plan_of(orchestration, 1), plan_of(choreography, 1)
    named = [{task.outcome.task for key, task in plan.tasks.items() if key[0] == "step"} for plan in plans]
    wanted = named[0] & named[1]
    return _of_flow(orchestration, plans[0], wanted), _of_events(choreography, plans[1], wanted)


def outline_of(design: Timed) -> Outline:
    """The complete run of one design by itself. Raises `ModelError`, as simulating it would."""
    plan = plan_of(design, 1)
    wanted = {task.outcome.task for key, task in plan.tasks.items() if key[0] == "step"}
    return (_of_flow if isinstance(design, model.Orchestration) else _of_events)(design, plan, wanted)  # type: ignore[arg-type]


def _of_flow(design: model.Orchestration, plan: Plan, wanted: set[str]) -> Outline:
    visits = complete_run(design, plan, wanted)
    graph = flow_graph(design)
    coordinator = coordinator_of(design)
    usual = coordinator[1].overhead if coordinator is not None else None
    own = {name: step.overhead or usual for name, step in design.flow.steps.items()}
    cost = {name: mean(each) if each is not None else 0.0 for name, each in own.items()}
    order: nx.DiGraph[str] = nx.DiGraph()
    order.add_nodes_from((BEGIN, *design.flow.steps))
    for source, target, data in graph.edges(data=True):
        if data["kind"] in ("sequence", "jump") and data["outcome"] == "ok" and target in design.flow.steps:
            order.add_edge(BEGIN if source == START else source, target, overhead=cost[target])
    _drop_back_edges(order, list(design.flow.steps))
    for missing in [name for name in design.flow.steps if name not in visits]:
        pairs = [(a, b, cost[b]) for a in order.predecessors(missing) for b in order.successors(missing)]
        order.add_weighted_edges_from(pairs, weight="overhead")
        order.remove_node(missing)
    owners = {name: step.service or name for name, step in design.flow.steps.items()}
    works, others = _works(plan, visits, owners)
    per_flow = coordinator[1].per_flow if coordinator is not None else None
    return Outline(design, works, others, order, once=mean(per_flow) if per_flow is not None else 0.0)


def _of_events(design: model.Choreography, plan: Plan, wanted: set[str]) -> Outline:
    visits = complete_run(design, plan, wanted)
    graph = event_graph(design)
    order: nx.DiGraph[str] = nx.DiGraph()
    order.add_nodes_from((BEGIN, *visits))
    for event in design.events:
        channel = design.channels.get(channel_of(design, event) or "", model.Channel())
        cost = sum(mean(delay) for delay in (channel.publish, channel.deliver) if delay is not None)
        for source in graph.predecessors(event):
            for target in graph.successors(event):
                if target in visits and (source == OUTSIDE or source in visits):
                    order.add_edge(BEGIN if source == OUTSIDE else source, target, overhead=cost)
    owners = {f"{name}.{key}": name for name, each in design.participants.items() for key in each.handlers}
    _drop_back_edges(order, list(owners))
    works, others = _works(plan, visits, owners)
    return Outline(design, works, others, order, inline=design.listeners == 1)


def complete_run(design: Timed, plan: Plan, wanted: set[str]) -> Counter[str]:
    """How often each step or handler starts in the complete run."""
    tasks = {key: replace(task, shares=(("ok", 1.0),), timeout=None) for key, task in plan.tasks.items()}
    system = alone(design)
    runs = loop_for(design, system, replace(plan, tasks=tasks, interval=None), record=True)
    done: dict[int, Counter[str]] = defaultdict(Counter)
    for happening in runs.run(range(PILOT)).happenings:
        label = system.actions[happening.number].label
        if label.phase == "start":
            done[happening.job][label.step] += 1

    def rank(job: int) -> tuple[int, int, int]:
        found = {tasks["step", name].outcome.task for name in done[job]}
        return len(found & wanted), -len(found - wanted), -done[job].total()

    return done[max(done, key=rank)] if done else Counter()


def handlers_of(design: model.Choreography) -> Iterator[tuple[str, model.Handler]]:
    """Each handler with its name, `participant.handler`."""
    for participant, declared in design.participants.items():
        for name, handler in declared.handlers.items():
            yield f"{participant}.{name}", handler


def _works(plan: Plan, visits: Counter[str], owners: Mapping[str, str]) -> tuple[dict[str, Work], tuple[Work, ...]]:
    """The tasks of the complete run, and those that are done only otherwise."""
    found = {}
    for (kind, name), task in plan.tasks.items():
        if kind == "step":
            average = task.mean if task.delay is not None else None
            found[name] = Work(name, task.outcome.task, owners[name], average, visits[name])
    others = tuple(work for work in found.values() if not work.visits and work.mean is not None)
    return {name: work for name, work in found.items() if work.visits}, others


def _drop_back_edges(order: nx.DiGraph[str], written: Iterable[str]) -> None:
    """Without the edges that close a loop: within a cyclic part, those against the order written."""
    place = {name: index for index, name in enumerate(written)}
    part = {name: index for index, names in enumerate(nx.strongly_connected_components(order)) for name in names}
    order.remove_edges_from(
        [(a, b) for a, b in order.edges if part[a] == part[b] and place.get(a, -1) >= place.get(b, -1)]
    )
