"""Where the nodes of a directed graph go: in layers, with few crossings (Sugiyama, Tagawa and Toda 1981).

Cycles are opened along a depth-first search, a node's layer is its longest path from a source, long edges get a
place in each layer that they cross, and layers are ordered by the barycenters of their neighbours.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import networkx as nx

Node = Hashable
Point = tuple[float, float]
_SWEEPS = 12
_ATTEMPTS = 12


@dataclass(frozen=True)
class Layout:
    """Centres of nodes, and for each edge (source, target), both ways, the points between; x grows along the layers."""

    places: Mapping[Node, Point]
    ways: Mapping[tuple[Node, Node], tuple[Point, ...]]
    width: float
    height: float


@dataclass(frozen=True)
class _Bend:
    """Where the edge `source` → `target` crosses a layer."""

    source: Node
    target: Node
    layer: int


def layered(
    graph: nx.MultiDiGraph[Any],
    sizes: Mapping[Node, tuple[float, float]],
    gap: tuple[float, float] = (0.6, 0.35),
    room: Mapping[tuple[Node, Node], float] | None = None,
    straight: Set[tuple[Node, Node]] = frozenset(),
) -> Layout:
    """A layout in which boxes of these sizes (width, height) do not overlap.

    gap: free space between layers and between the nodes of one; `room`: what an edge's label needs between layers;
    `straight`: the edges that should be level before others.
    """
    forward = _without_cycles(graph)
    layers = _layers(forward)
    chains = {
        (a, b): [a, *(_Bend(a, b, layer) for layer in range(layers[a] + 1, layers[b])), b] for a, b in forward.edges
    }
    columns = _order(forward, layers, chains)
    widths = [max((sizes[n][0] for n in column if not isinstance(n, _Bend)), default=0.0) for column in columns]
    spaces = _spaces(columns, chains, gap[0], room or {})
    x = _running(widths, spaces)
    y = _heights(columns, chains, sizes, gap[1], straight)
    low = min((y[n] - _height(n, sizes) / 2 for n in y), default=0.0)
    high = max((y[n] + _height(n, sizes) / 2 for n in y), default=0.0)
    places = {node: (x[layers[node]], y[node] - low) for node in graph}
    ways: dict[tuple[Node, Node], tuple[Point, ...]] = {}
    for (a, b), chain in chains.items():
        # Level across each layer, so that an edge rises and falls between layers only.
        way = []
        for node, layer in zip(chain, range(layers[a], layers[b] + 1), strict=True):
            way += [(x[layer] - widths[layer] / 2, y[node] - low), (x[layer] + widths[layer] / 2, y[node] - low)]
        ways[a, b] = tuple(way[1:-1])
        ways[b, a] = tuple(reversed(way[1:-1]))
    return Layout(places, ways, x[-1] + widths[-1] / 2, high - low)


def _without_cycles(graph: nx.MultiDiGraph[Any]) -> nx.DiGraph[Any]:
    """Every edge once, with those that close a cycle of the depth-first search turned round."""
    simple: nx.DiGraph[Any] = nx.DiGraph()
    simple.add_nodes_from(graph)
    sources = [node for node in graph if graph.in_degree(node) == 0]
    finished: dict[Node, int] = {}
    for start in [*sources, *graph]:
        if start not in finished:
            for node in nx.dfs_postorder_nodes(graph.subgraph(set(graph) - set(finished)), start):
                finished[node] = len(finished)
    for a, b in graph.edges():
        if a != b:
            simple.add_edge(*((a, b) if finished[a] > finished[b] else (b, a)))
    return simple


def _layers(forward: nx.DiGraph[Any]) -> dict[Node, int]:
    """The longest path from a source; a source stands just before the first that it leads to."""
    layers: dict[Node, int] = {}
    for node in nx.topological_sort(forward):
        layers[node] = max((layers[before] + 1 for before in forward.predecessors(node)), default=0)
    for node in forward:
        if forward.in_degree(node) == 0 and forward.out_degree(node):
            layers[node] = min(layers[after] for after in forward.successors(node)) - 1
    return layers


def _order(
    forward: nx.DiGraph[Any],
    layers: Mapping[Node, int],
    chains: Mapping[tuple[Node, Node], Sequence[Node]],
) -> list[list[Node]]:
    """The layers, each in the order in which the fewest edges cross among those that the sweeps have seen."""
    columns: list[list[Node]] = [[] for _ in range(max(layers.values(), default=0) + 1)]
    for node in forward:
        columns[layers[node]].append(node)
    for chain in chains.values():
        for bend in chain[1:-1]:
            assert isinstance(bend, _Bend)
            columns[bend.layer].append(bend)
    before, after = _neighbours(chains)
    best, fewest = columns, _crossings(columns, after)
    dice = random.Random(1)
    for attempt in range(_ATTEMPTS):
        current = [list(column) for column in columns]
        for column in current if attempt else []:
            dice.shuffle(column)
        for sweep in range(_SWEEPS):
            _sweep(current, before if sweep % 2 == 0 else after, ahead=sweep % 2 == 0)
            crossings = _crossings(current, after)
            if crossings < fewest:
                best, fewest = [list(column) for column in current], crossings
        if fewest == 0:
            break
    return best


def _sweep(columns: list[list[Node]], neighbours: Mapping[Node, Sequence[Node]], ahead: bool) -> None:
    """Orders each layer by the barycenters of its nodes' neighbours in the layer before (or after)."""
    step = 1 if ahead else -1
    for index in range(1, len(columns)) if ahead else range(len(columns) - 2, -1, -1):
        rank = {node: place for place, node in enumerate(columns[index - step])}
        center: dict[Node, float] = {}
        for place, node in enumerate(columns[index]):
            near = [rank[other] for other in neighbours.get(node, ())]
            center[node] = sum(near) / len(near) if near else float(place)
        columns[index].sort(key=center.__getitem__)


def _neighbours(
    chains: Mapping[tuple[Node, Node], Sequence[Node]],
) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    before: dict[Node, list[Node]] = {}
    after: dict[Node, list[Node]] = {}
    for chain in chains.values():
        for a, b in pairwise(chain):
            after.setdefault(a, []).append(b)
            before.setdefault(b, []).append(a)
    return before, after


def _crossings(columns: Sequence[Sequence[Node]], after: Mapping[Node, Sequence[Node]]) -> int:
    count = 0
    for left, right in pairwise(columns):
        rank = {node: place for place, node in enumerate(right)}
        edges = [(place, rank[other]) for place, node in enumerate(left) for other in after.get(node, ())]
        count += sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(edges) for c, d in edges[:i])
    return count


def _spaces(
    columns: Sequence[Sequence[Node]],
    chains: Mapping[tuple[Node, Node], Sequence[Node]],
    gap: float,
    room: Mapping[tuple[Node, Node], float],
) -> list[float]:
    """The free space between neighbouring layers: enough for the labels of the edges that begin there."""
    layer = {node: index for index, column in enumerate(columns) for node in column}
    spaces = [gap] * (len(columns) - 1)
    for a, b in chains:
        for place, needed in ((layer[a], room.get((a, b), 0.0)), (layer[b] - 1, room.get((b, a), 0.0))):
            spaces[place] = max(spaces[place], needed + 0.2)
    return spaces


def _running(widths: Sequence[float], spaces: Sequence[float]) -> list[float]:
    """The centre of each layer."""
    x, edge = [], 0.0
    for width, space in zip(widths, [*spaces, 0.0], strict=True):
        x.append(edge + width / 2)
        edge += width + space
    return x


def _height(node: Node, sizes: Mapping[Node, tuple[float, float]]) -> float:
    return 0.12 if isinstance(node, _Bend) else sizes[node][1]


def _heights(
    columns: Sequence[Sequence[Node]],
    chains: Mapping[tuple[Node, Node], Sequence[Node]],
    sizes: Mapping[Node, tuple[float, float]],
    gap: float,
    straight: Set[tuple[Node, Node]],
) -> dict[Node, float]:
    """Each node as near to its neighbours as its layer's order and the sizes allow; bends most of all."""
    pulls: dict[Node, list[tuple[Node, float]]] = {}
    pulls_back: dict[Node, list[tuple[Node, float]]] = {}
    for edge, chain in chains.items():
        for a, b in pairwise(chain):
            pull = 8.0 if edge in straight else 1.0
            pulls.setdefault(a, []).append((b, pull))
            pulls.setdefault(b, []).append((a, pull))
            pulls_back.setdefault(b, []).append((a, pull))
    y: dict[Node, float] = {}
    for column in columns:
        offset = 0.0
        for node in column:
            y[node] = offset + _height(node, sizes) / 2
            offset += _height(node, sizes) + gap
        middle = (offset - gap) / 2
        for node in column:
            y[node] -= middle
    for sweep in range(6 * _SWEEPS + 1):
        # The last sweep looks back only, so that a chain ends up level.
        near = pulls_back if sweep == 6 * _SWEEPS else pulls
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            wanted = [_pulled(y, node, near.get(node, ())) for node in column]
            separations = [(_height(a, sizes) + _height(b, sizes)) / 2 + gap for a, b in pairwise(column)]
            y |= zip(column, _spread(wanted, separations), strict=True)
    return y


def _pulled(y: Mapping[Node, float], node: Node, pulls: Sequence[tuple[Node, float]]) -> float:
    """Where its neighbours would have a node."""
    if not pulls:
        return y[node]
    return sum(pull * y[other] for other, pull in pulls) / sum(pull for _, pull in pulls)


def _spread(wanted: Sequence[float], separations: Sequence[float]) -> list[float]:
    """The places nearest to those wanted (least squares) that keep their order and distances: pooling of neighbours."""
    offsets = list(accumulate(separations, initial=0.0))[: len(wanted)]
    blocks: list[tuple[float, int]] = []
    for place, offset in zip(wanted, offsets, strict=True):
        total, size = place - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / size:
            other, count = blocks.pop()
            total, size = total + other, size + count
        blocks.append((total, size))
    bases = [total / size for total, size in blocks for _ in range(size)]
    return [base + offset for base, offset in zip(bases, offsets, strict=True)]
