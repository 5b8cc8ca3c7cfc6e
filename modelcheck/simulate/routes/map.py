"""The places in which a job can be that does one thing at a time: what it does then depends on drawn outcomes alone.

Such a job is one token on the places of the transition system. Its order of work is known before anything is simulated,
because outcomes are drawn by address, and nothing that it does depends on when it does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import networkx as nx

from ... import model
from ...system import State
from ..arrival_blocks import arrives_not
from ..plan import Key, Task
from ..setting import Setting
from ..walk import Flight, Move, Place, Walk

MOST_PLACES = 5_000


class Obstacle(Exception):
    """Why the order of work of a job is not known beforehand."""


@dataclass(frozen=True)
class Map:
    """The places that a job can reach. later: by place, the tasks that can still come, of which visits must be counted.

    order: which place where something is asked for can follow which, with the task of each.
    """

    walk: Walk
    later: dict[int, frozenset[Key]]
    order: nx.DiGraph[int]
    tasks: dict[int, Task]


def same_choice(moves: Sequence[Move]) -> Sequence[Move]:
    """Those among which a choice is drawn: as the event loop has it, ways of one action."""
    flight, phase = moves[0].flight, moves[0].action.label.phase
    return [move for move in moves if move.flight == flight and move.action.label.phase == phase]


def outcomes_of(task: Task) -> dict[str, None]:
    """What an attempt can end as."""
    found = dict.fromkeys(name for name, _ in task.shares)
    return found if task.timeout is None else {**found, "timeout": None}


def map_of(setting: Setting, initial: Sequence[State]) -> Map:
    """The map of a setting; raises `Obstacle`."""
    if reason := arrives_not(setting.plan):
        raise Obstacle(reason)
    if isinstance(setting.design, model.Choreography):
        raise Obstacle("messages are taken as they come")
    if setting.shared:
        raise Obstacle("jobs share variables")
    for task in setting.plan.tasks.values():
        if len(task.pools) > 1:
            raise Obstacle(f"{task.key[1]} needs workers of {' and '.join(task.pools)} at once")
    walk = Walk(setting.system)
    order: nx.DiGraph[int] = nx.DiGraph()
    tasks: dict[int, Task] = {}
    todo = [walk.place(state) for state in initial]
    seen = {id(place): place for place in todo}
    while todo:
        place = todo.pop()
        order.add_node(id(place))
        for done, other in _ways(setting, walk, place):
            if done is not None:
                tasks[id(place)] = done
            order.add_edge(id(place), id(other))
            if id(other) not in seen:
                if len(seen) >= MOST_PLACES:
                    raise Obstacle(f"there are more than {MOST_PLACES:,} places to be in")
                seen[id(other)] = other
                todo.append(other)
    return Map(walk, _later(order, tasks), order, tasks)


def _ways(setting: Setting, walk: Walk, place: Place) -> Iterator[tuple[Task | None, Place]]:
    """Where a job can be next: after what happens at once, or after the one task that it asks for (which is given)."""
    if place.immediate:
        for move in same_choice(place.immediate):
            yield None, walk.follow(move)
        return
    if place.finished and place.starts:
        raise Obstacle("a job goes on after its end")
    if len(place.starts) > 1:
        names = sorted({key[1] for key, *_ in place.starts})
        raise Obstacle(f"{' and '.join(names[:2])} may happen at the same time")
    for (key, *_), moves in place.starts.items():
        task = setting.plan.tasks[key]
        for move in same_choice(moves):
            working = walk.follow(move)
            _check_alone(working, move.flight)
            for outcome in outcomes_of(task):
                ends = working.finishes.get((move.flight, outcome))
                if not ends:
                    raise Obstacle(f"{key[1]} may be unable to end as {outcome}")
                for end in same_choice(ends):
                    if end.action.label.then == "again at once":
                        raise Obstacle(f"{key[1]} keeps its worker to try again")
                    yield task, walk.follow(end)


def _check_alone(place: Place, flight: Flight) -> None:
    if place.immediate or place.starts or place.running != (flight,) or place.finished:
        raise Obstacle(f"something may happen while {flight[0][1]} is under way")


def _later(order: nx.DiGraph[int], tasks: dict[int, Task]) -> dict[int, frozenset[Key]]:
    """By place, the tasks that can be asked for there or later."""
    found: dict[int, frozenset[Key]] = {}
    parts: nx.DiGraph[int] = nx.condensation(order)
    of_part: dict[int, frozenset[Key]] = {}
    for part in reversed(list(nx.topological_sort(parts))):
        members: set[int] = parts.nodes[part]["members"]
        own = frozenset(tasks[place].key for place in members if place in tasks)
        of_part[part] = own.union(*(of_part[other] for other in parts.successors(part)))
        found |= dict.fromkeys(members, of_part[part])
    return found
