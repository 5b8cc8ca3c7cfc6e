"""What the channels of a choreography cost, from the gaps before the handlers that they deliver to."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import numpy as np

from .. import model
from ..expand import expand
from ..graph.events import DEFAULT_CHANNEL, OUTSIDE, channel_of, event_graph
from ..simulate.delays import Array
from .gaps import TaskTimes
from .matching import written


def gaps_by_channel(
    design: model.Choreography, times: Mapping[str, TaskTimes], within: frozenset[str]
) -> dict[str, Array]:
    """The gaps that each channel accounts for, of all its events together.

    A gap behind a handler that is not measured (`within`) holds the deliveries to that handler as well. Where a channel
    has other gaps these are taken; else what the deliveries before it cost on average is subtracted.
    """
    expanded = expand(design)
    graph = event_graph(expanded)
    direct: dict[str, list[Array]] = {}
    behind: dict[str, list[tuple[str, Array]]] = {}
    for event in expanded.events:
        place = channel_of(expanded, event) or DEFAULT_CHANNEL
        hidden = [source for source in graph.predecessors(event) if written(source, False) in within]
        for task in dict.fromkeys(written(handler, False) for handler in graph.successors(event)):
            if task in times and len(times[task].gaps):
                if hidden:
                    behind.setdefault(place, []).append((hidden[0], times[task].gaps))
                else:
                    direct.setdefault(place, []).append(times[task].gaps)
    found = {place: np.concatenate(gaps) for place, gaps in direct.items()}
    means = {place: float(gaps.mean()) for place, gaps in found.items()}
    for place, pairs in behind.items():
        if place not in found:
            rest = [np.maximum(0.0, gaps - _before(expanded, graph, source, means, within)) for source, gaps in pairs]
            found[place] = np.concatenate(rest)
    return found


def _before(
    design: model.Choreography,
    graph: nx.MultiDiGraph[str],
    handler: str,
    means: Mapping[str, float],
    within: frozenset[str],
) -> float:
    """What the deliveries cost on average that lead to a handler through others that are not measured."""
    cost, seen = 0.0, set()
    while handler not in seen:
        seen.add(handler)
        event = next(iter(graph.predecessors(handler)), None)
        if event is None:
            break
        cost += means.get(channel_of(design, event) or DEFAULT_CHANNEL, 0.0)
        earlier = [each for each in graph.predecessors(event) if each != OUTSIDE and written(each, False) in within]
        if not earlier:
            break
        handler = earlier[0]
    return cost
