"""A second tool, which shares no code with modelcheck: programs over plain tuples, all of whose states are listed.

Each program is written anew from the literature, not from the model's text, and says by itself what holds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

State = Any
Is = Callable[[Any], bool]


@dataclass(frozen=True)
class Program:
    """First states, and what each actor can do in a state. asks: what the model's properties ask, by their names:
    a word and one or two conditions on states."""

    initial: Iterable[State]
    steps: Callable[[Any], Iterator[tuple[Hashable, State]]]
    asks: dict[str, tuple[Any, ...]] = field(default_factory=dict)


def put(values: tuple[Any, ...], place: int, value: Any) -> tuple[Any, ...]:
    """The same values with another one at a place."""
    return (*values[:place], value, *values[place + 1 :])


def anywhere(_state: Any) -> bool:
    """True of every state."""
    return True


def listed(program: Program) -> nx.MultiDiGraph:
    """All states that can be reached, and the steps between them, each with its actor."""
    graph: nx.MultiDiGraph = nx.MultiDiGraph()
    graph.add_nodes_from(program.initial)
    pending = list(graph)
    while pending:
        state = pending.pop()
        for actor, after in program.steps(state):
            if after not in graph:
                pending.append(after)
            graph.add_edge(state, after, actor=actor)
    return graph


def verdict(graph: nx.MultiDiGraph, word: str, *conditions: Is) -> bool:
    """Whether what is asked holds in every execution; executions are fair to each actor that can act all the time."""
    match word:
        case "always":
            return all(map(conditions[0], graph))
        case "never":
            return not any(map(conditions[0], graph))
        case "reachable":
            return any(map(conditions[0], graph))
        case "possible":
            backwards = graph.reverse(copy=False)
            hopeful = {state for state in graph if conditions[0](state)}
            for goal in list(hopeful):
                hopeful |= nx.descendants(backwards, goal)
            return len(hopeful) == len(graph)
        case "no deadlock":
            return all(graph.out_degree(state) or conditions[0](state) for state in graph)
        case "leads_to":
            return not any(_can_avoid(graph, *conditions))
        case "ends":
            return not any(_fair_cycles(graph))
    raise ValueError(word)


def _can_avoid(graph: nx.MultiDiGraph, start: Is, goal: Is) -> Iterator[bool]:
    """A fair execution, or one that is stuck, that never comes to the goal after a start."""
    inside = graph.subgraph([state for state in graph if not goal(state)])
    reached = {state for state in inside if start(state)}
    for state in list(reached):
        reached |= nx.descendants(inside, state)
    yield from (True for state in reached if not graph.out_degree(state))
    yield from _fair_cycles(inside.subgraph(reached), graph)


def _fair_cycles(inside: nx.MultiDiGraph, whole: nx.MultiDiGraph | None = None) -> Iterator[bool]:
    """Parts of a graph in which one can stay for ever: each actor acts there, or somewhere cannot."""
    whole = inside if whole is None else whole
    for part in nx.strongly_connected_components(inside):
        acting = {actor for _, _, actor in inside.subgraph(part).edges(data="actor")}
        can = [{actor for _, _, actor in whole.out_edges(state, data="actor")} for state in part]
        if acting and set.intersection(*can) <= acting:
            yield True
