"""A job as a semi-Markov process: its standings, and the delays and probabilities that lead from one to the next.

Where one delay runs at a time, it can have any distribution. Where several run at once, the next standing is known if
all of them have no memory (they race, each ahead with its share of the rates), if all of them are constants (what is
left of each is part of the standing), or if it does not matter in which order they end (see `barrier`). Otherwise
`NotExact` says which delays are in each other's way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import networkx as nx

from ..plan import Key
from ..setting import Setting, endings_of
from ..walk import Place, Walk
from .barrier import Barrier
from .journey import Journey
from .laws import Constant, Exponential, Law, Other, Stages, fraction
from .parallel import latest_of
from .reason import NotExact
from .state import Clock, Dice, Finish, Left, Standing, World, all_ways, world_of
from .tree import Latest

MOST_STANDINGS, MOST_MOVES = 10_000, 100_000


@dataclass(frozen=True)
class Edge:
    """A way from one standing to another: with this probability, after all these stages."""

    source: int
    target: int
    share: float
    stages: Stages


@dataclass
class Process:
    """Standings by number. endings: how a job has ended that stands there for ever, and whether it has ended in time.

    begins: where jobs begin. ended: standings in which the time of the job is over. counts: what is counted on the
    next move from a standing, on average; together: the most delays that run at once.
    """

    begins: dict[int, float] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    ended: list[bool] = field(default_factory=list)
    endings: dict[int, str] = field(default_factory=dict)
    counts: dict[int, Counter[str | Key]] = field(default_factory=dict)
    first: Counter[str | Key] = field(default_factory=Counter)
    standings: list[Standing] = field(default_factory=list)
    together: int = 0

    def __len__(self) -> int:
        return len(self.ended)


def process_of(setting: Setting, most: int = MOST_STANDINGS) -> Process:
    """The process of a job that is alone, or that no other job can delay. Raises `NotExact`."""
    explorer = _Explorer(setting, most)
    states = setting.loop().acting.initial
    for state in states:
        for share, job in all_ways(partial(_begun, explorer.world, explorer.world.walk.place(state))):
            number = explorer.number(job.standing())
            found = explorer.process
            found.begins[number] = found.begins.get(number, 0.0) + share / len(states)
            for what, count in job.counted.items():
                found.first[what] += share / len(states) * count  # type: ignore[assignment]
    explorer.explore()
    return explorer.process


def _begun(world: World, place: Place, dice: Dice) -> Journey:
    job = Journey(world, dice, place)
    job.begin()
    return job


def _fired(
    world: World, standing: Standing, clocks: tuple[Clock, ...], later: bool, fired: Clock, dice: Dice
) -> Journey:
    job = Journey.resume(world, standing, dice, clocks, later)
    job.fire(fired)
    return job


def loops_of(count: int, edges: Iterable[Edge]) -> list[list[int]]:
    """The standings in groups that can reach each other, what comes last first."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from((edge.source, edge.target) for edge in edges)
    groups = nx.condensation(graph)
    return [sorted(groups.nodes[group]["members"]) for group in reversed(list(nx.topological_sort(groups)))]


class Mixed(Exception):
    """Delays of several kinds run at once."""


class _Explorer:
    def __init__(self, setting: Setting, most: int):
        queues = dict.fromkeys(each.name for row in setting.plan.receivers.values() for each in row)
        self.world = world_of(Walk(setting.system, (), queues), setting.plan)
        self.ending: Callable[..., str] = endings_of(setting.system)
        self.process, self.most = Process(), most
        self.numbers: dict[Standing, int] = {}
        self.latest: dict[tuple[Stages, ...], Latest] = {}

    def number(self, standing: Standing) -> int:
        """The number of a standing, a new one where it is new."""
        found = self.numbers.get(standing)
        if found is None:
            found = self.numbers[standing] = len(self.numbers)
            if found >= self.most:
                raise NotExact(f"a job can stand in more than {self.most:,} ways")
            self.process.standings.append(standing)
            self.process.ended.append(standing.ended)
        return found

    def explore(self) -> None:
        """Every standing that can be reached."""
        done = 0
        while done < len(self.process.standings):
            standing = self.process.standings[done]
            place = self.world.places[standing.place]
            if standing.clocks and not place.stuck:
                self.process.together = max(self.process.together, len(standing.clocks))
                self._leave(done, standing)
            elif standing.ended:
                self.process.endings[done] = _ending(standing, self.ending(place.state, standing.failed))
            else:
                self.process.endings[done] = "out of range" if place.stuck else "stuck"
            done += 1
            if len(self.process.edges) > MOST_MOVES:
                raise NotExact(f"a job can move in more than {MOST_MOVES:,} ways")

    def _leave(self, source: int, standing: Standing) -> None:
        try:
            self._race(source, standing)
        except Mixed:
            self._wait_for_all(source, standing)

    def _wait_for_all(self, source: int, standing: Standing) -> None:
        barrier = Barrier(self._fire, standing, self.most // 3)
        rows = tuple(clock.stages for clock in standing.clocks)
        if rows not in self.latest:
            self.latest[rows] = latest_of(rows)
        stages: Stages = (self.latest[rows],)
        self.process.edges += [Edge(source, self.number(end), share, stages) for end, share in barrier.after.items()]
        self.process.counts[source] = barrier.counts

    def _fire(self, standing: Standing, index: int) -> list[tuple[float, Journey]]:
        clocks = _without(standing.clocks, index)
        return list(all_ways(partial(_fired, self.world, standing, clocks, True, standing.clocks[index])))

    def _race(self, source: int, standing: Standing) -> None:
        merged: dict[tuple[int, Stages], float] = {}
        counts: Counter[str | Key] = Counter()
        for share, stages, fired, clocks in races(standing.clocks):
            if fired is None:
                target = self.number(replace(standing, clocks=clocks, now=standing.later() if stages else standing.now))
                merged[target, stages] = merged.get((target, stages), 0.0) + share
                continue
            for chance, job in all_ways(partial(_fired, self.world, standing, clocks, bool(stages), fired)):
                target = self.number(job.standing())
                merged[target, stages] = merged.get((target, stages), 0.0) + share * chance
                for what, count in job.counted.items():
                    counts[what] += share * chance * count  # type: ignore[assignment]
        self.process.edges += [Edge(source, target, share, stages) for (target, stages), share in merged.items()]
        if counts:
            self.process.counts[source] = counts


def _ending(standing: Standing, label: str) -> str:
    if standing.dead and label == "failed":
        return "dead-lettered"
    return "lost" if standing.lost and label == "finished" else label


def races(clocks: tuple[Clock, ...]) -> Iterator[tuple[float, Stages, Clock | None, tuple[Clock, ...]]]:
    """What comes next where these delays run: probability, time until then, which of them is over, those that go on."""
    over = _first_over(clocks)
    if over is not None:
        yield 1.0, (), clocks[over], _without(clocks, over)
    elif len(clocks) == 1:
        yield 1.0, clocks[0].stages, clocks[0], ()
    else:
        heads = [clock.stages[0] for clock in clocks]
        if all(isinstance(head, Exponential) for head in heads):
            yield from _race(clocks, [head.rate for head in heads if isinstance(head, Exponential)])
        elif all(isinstance(head, Constant) or (isinstance(head, Other) and head.atoms) for head in heads):
            yield from _step(clocks, heads)
        else:
            raise Mixed


def _first_over(clocks: tuple[Clock, ...]) -> int | None:
    """The delay that is over and comes first: those of tasks, then the others, in the order in which they began."""
    found = [(not isinstance(clock.what, Finish | Left), i) for i, clock in enumerate(clocks) if not clock.stages]
    return min(found)[1] if found else None


def _without(clocks: tuple[Clock, ...], index: int) -> tuple[Clock, ...]:
    return (*clocks[:index], *clocks[index + 1 :])


def _race(
    clocks: tuple[Clock, ...], rates: list[float]
) -> Iterator[tuple[float, Stages, Clock | None, tuple[Clock, ...]]]:
    total = sum(rates)
    elapsed: Stages = (Exponential(total),)
    for index, (clock, rate) in enumerate(zip(clocks, rates, strict=True)):
        if len(clock.stages) > 1:
            later = replace(clock, stages=clock.stages[1:])
            yield rate / total, elapsed, None, (*clocks[:index], later, *clocks[index + 1 :])
        else:
            yield rate / total, elapsed, clock, _without(clocks, index)


def _step(
    clocks: tuple[Clock, ...], heads: list[Law]
) -> Iterator[tuple[float, Stages, Clock | None, tuple[Clock, ...]]]:
    """The time until the first constant is over; of measured times, first each of their values with its share."""
    for index, head in enumerate(heads):
        if isinstance(head, Other) and head.atoms:
            for value, share in head.atoms.items():
                drawn = replace(clocks[index], stages=(Constant(fraction(value)), *clocks[index].stages[1:]))
                yield share, (), None, (*clocks[:index], drawn, *clocks[index + 1 :])
            return
    step = min(head.value for head in heads if isinstance(head, Constant))
    after = []
    for clock, head in zip(clocks, heads, strict=True):
        assert isinstance(head, Constant)
        left = head.value - step
        rest: Stages = (Constant(left),) if left else ()
        after.append(replace(clock, stages=(*rest, *clock.stages[1:])))
    elapsed: Stages = (Constant(step),) if step else ()
    over = _first_over(tuple(after))
    if over is None:
        yield 1.0, elapsed, None, tuple(after)
    else:
        yield 1.0, elapsed, after[over], _without(tuple(after), over)
