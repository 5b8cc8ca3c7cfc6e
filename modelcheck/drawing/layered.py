"""Where the nodes of a directed graph go: in layers, with few crossings (Sugiyama, Tagawa and Toda 1981).

Cycles are opened along a depth-first search, a node's layer is its longest path from a source, and layers are ordered
by the barycenters of their neighbours. Each layer has a column; an edge's label has a place in a column of its own
between two layers, as a node has, so that no label meets anything. An edge passes each column on its way through a
bend; edges of one kind that share a target may share their bends, so that many of them become one line.
"""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import networkx as nx

Node = Hashable
Size = tuple[float, float]
_SWEEPS, _ATTEMPTS, _MANY = 12, 12, 1500
_STRAIGHTER = 8.0  # how much more a main edge pulls its ends level than another
GAP, NARROW = 14.0, 8.0  # between two boxes above each other; between two edges


@dataclass(frozen=True)
class Edge:
    """An edge to draw. label: the size of its label, if it has one. straight: level before others. bundled: it may
    share its way with others of its kind to the same target."""

    source: Node
    target: Node
    kind: str = ""
    label: Size | None = None
    straight: bool = False
    bundled: bool = False


@dataclass(frozen=True)
class Bend:
    """Where an edge (or a bundle of them) passes a column."""

    of: Hashable
    column: int


@dataclass(frozen=True)
class LabelPlace:
    """The place of an edge's label."""

    edge: Edge


Station = Hashable  # a node, a bend or the place of a label


@dataclass(frozen=True)
class Columns:
    """Stations in columns from left to right, each from top to bottom, with the way of each edge along them.

    ways lead from left to right, also where the edge leads back. y: the middle of each station. links: the pieces of
    all ways, and how much each pulls its ends level.
    """

    columns: tuple[tuple[Station, ...], ...]
    column_of: Mapping[Station, int]
    ways: Mapping[Edge, tuple[Station, ...]]
    sizes: Mapping[Station, Size]
    y: Mapping[Station, float]
    links: tuple[tuple[Station, Station, float], ...]

    def size(self, station: Station) -> Size:
        """Width and height; a bend has none."""
        return self.sizes.get(station, (0.0, 0.0))


def arrange(sizes: Mapping[Node, Size], edges: Sequence[Edge]) -> Columns:
    """Columns in which boxes of these sizes do not overlap; an edge from a node to itself is left out."""
    edges = [edge for edge in edges if edge.source != edge.target]
    forward = _without_cycles(sizes, edges)
    layers = _layers(forward)
    ways = _ways(edges, layers)
    used = sorted({2 * layer for layer in layers.values()} | {c for way in ways.values() for _, c in way})
    index = {column: place for place, column in enumerate(used)}
    column_of: dict[Station, int] = {node: index[2 * layers[node]] for node in sizes}
    column_of |= {station: index[column] for way in ways.values() for station, column in way}
    plain = {edge: tuple(station for station, _ in way) for edge, way in ways.items()}
    links = list(dict.fromkeys(pair for way in plain.values() for pair in pairwise(way)))
    columns = _order(column_of, links, len(used))
    all_sizes: dict[Station, Size] = dict(sizes)
    all_sizes |= {LabelPlace(edge): edge.label for edge in edges if edge.label}
    pulls = {pair: _STRAIGHTER for edge, way in plain.items() if edge.straight for pair in pairwise(way)}
    pulling = tuple((a, b, pulls.get((a, b), 1.0)) for a, b in links)
    y = _heights(columns, pulling, all_sizes)
    return Columns(tuple(map(tuple, columns)), column_of, plain, all_sizes, y, pulling)


def in_rows(columns: Columns, row: Sequence[int]) -> Columns:
    """The same columns where each stands in a row of a page: what is in another row pulls no longer."""
    y: dict[Station, float] = {}
    for number in range(max(row) + 1):
        here = [column for column, at in zip(columns.columns, row, strict=True) if at == number]
        inside = {station for column in here for station in column}
        y |= _heights(here, [link for link in columns.links if link[0] in inside and link[1] in inside], columns.sizes)
    return replace(columns, y=y)


def _without_cycles(nodes: Mapping[Node, Size], edges: Sequence[Edge]) -> nx.DiGraph[Node]:
    """Every edge once, with those that close a cycle of the depth-first search turned round."""
    graph: nx.DiGraph[Node] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    graph.add_edges_from((edge.source, edge.target) for edge in edges)
    simple: nx.DiGraph[Node] = nx.DiGraph()
    simple.add_nodes_from(nodes)
    sources = [node for node in graph if graph.in_degree(node) == 0]
    finished: dict[Node, int] = {}
    for start in [*sources, *graph]:
        if start not in finished:
            for node in nx.dfs_postorder_nodes(graph.subgraph(set(graph) - set(finished)), start):
                finished[node] = len(finished)
    for a, b in graph.edges():
        simple.add_edge(*((a, b) if finished[a] > finished[b] else (b, a)))
    return simple


def _layers(forward: nx.DiGraph[Node]) -> dict[Node, int]:
    """The longest path from a source; a source stands just before the first that it leads to."""
    layers: dict[Node, int] = {}
    for node in nx.topological_sort(forward):
        layers[node] = max((layers[before] + 1 for before in forward.predecessors(node)), default=0)
    for node in forward:
        if forward.in_degree(node) == 0 and forward.out_degree(node):
            layers[node] = min(layers[after] for after in forward.successors(node)) - 1
    return layers


def _ways(edges: Sequence[Edge], layers: Mapping[Node, int]) -> dict[Edge, list[tuple[Station, int]]]:
    """The stations of each edge with their columns: even for layers, odd for the labels between."""
    labels: dict[Edge, int] = {}
    for edge in edges:
        if edge.label:
            ahead = layers[edge.source] < layers[edge.target]
            labels[edge] = 2 * layers[edge.source] + (1 if ahead else -1)
    odd = set(labels.values())
    ways = {}
    for edge in edges:
        left, right = sorted((edge.source, edge.target), key=lambda node: layers[node])
        between = [c for c in range(2 * layers[left] + 1, 2 * layers[right]) if c % 2 == 0 or c in odd]
        way: list[tuple[Station, int]] = [(left, 2 * layers[left])]
        for column in between:
            if column == labels.get(edge):
                way.append((LabelPlace(edge), column))
            else:
                shared = edge.bundled and abs(column - 2 * layers[edge.source]) > 1
                way.append((Bend((edge.kind, edge.target) if shared else edge, column), column))
        ways[edge] = [*way, (right, 2 * layers[right])]
    return ways


def _order(
    column_of: Mapping[Station, int], links: Sequence[tuple[Station, Station]], count: int
) -> list[list[Station]]:
    """The columns, each in the order in which the fewest edges cross among those that the sweeps have seen."""
    columns: list[list[Station]] = [[] for _ in range(count)]
    for station, column in column_of.items():
        columns[column].append(station)
    before: dict[Station, list[Station]] = {}
    after: dict[Station, list[Station]] = {}
    for a, b in links:
        after.setdefault(a, []).append(b)
        before.setdefault(b, []).append(a)
    best, fewest = columns, _crossings(columns, after)
    dice = random.Random(1)
    for attempt in range(_ATTEMPTS if len(column_of) < _MANY else 1):
        current = [list(column) for column in columns]
        for stations in current if attempt else []:
            dice.shuffle(stations)
        for sweep in range(_SWEEPS):
            if fewest == 0:
                return best
            _sweep(current, before if sweep % 2 == 0 else after, ahead=sweep % 2 == 0)
            crossings = _crossings(current, after)
            if crossings < fewest:
                best, fewest = [list(column) for column in current], crossings
    return best


def _sweep(columns: list[list[Station]], neighbours: Mapping[Station, Sequence[Station]], ahead: bool) -> None:
    """Orders each column by the barycenters of its stations' neighbours in the column before (or after)."""
    step = 1 if ahead else -1
    for index in range(1, len(columns)) if ahead else range(len(columns) - 2, -1, -1):
        rank = {station: place for place, station in enumerate(columns[index - step])}
        center: dict[Station, float] = {}
        for place, station in enumerate(columns[index]):
            near = [rank[other] for other in neighbours.get(station, ()) if other in rank]
            center[station] = sum(near) / len(near) if near else float(place)
        columns[index].sort(key=center.__getitem__)


def _crossings(columns: Sequence[Sequence[Station]], after: Mapping[Station, Sequence[Station]]) -> int:
    """How many pairs of links between neighbouring columns cross."""
    count = 0
    for left, right in pairwise(columns):
        rank = {station: place for place, station in enumerate(right)}
        seen: list[int] = []
        for station in left:
            ends = sorted(rank[other] for other in after.get(station, ()))
            for end in ends:
                count += len(seen) - bisect_left(seen, end + 1)
            for end in ends:
                insort(seen, end)
    return count


def separation(above: Station, below: Station, sizes: Mapping[Station, Size]) -> float:
    """How far apart the middles of two stations of one column must be."""
    both_nodes = not any(isinstance(each, (Bend, LabelPlace)) for each in (above, below))
    heights = sizes.get(above, (0.0, 0.0))[1] + sizes.get(below, (0.0, 0.0))[1]
    return heights / 2 + (GAP if both_nodes else NARROW)


def _heights(
    columns: Sequence[Sequence[Station]], links: Sequence[tuple[Station, Station, float]], sizes: Mapping[Station, Size]
) -> dict[Station, float]:
    """Each station as near to its neighbours as its column's order and the sizes allow."""
    pulls: dict[Station, list[tuple[Station, float]]] = {}
    pulls_back: dict[Station, list[tuple[Station, float]]] = {}
    for a, b, pull in links:
        pulls.setdefault(a, []).append((b, pull))
        pulls.setdefault(b, []).append((a, pull))
        pulls_back.setdefault(b, []).append((a, pull))
    apart = [[separation(a, b, sizes) for a, b in pairwise(column)] for column in columns]
    y: dict[Station, float] = {}
    for column, distances in zip(columns, apart, strict=True):
        offsets = list(accumulate(distances, initial=0.0))
        y |= {station: offset - offsets[-1] / 2 for station, offset in zip(column, offsets, strict=False)}
    sweeps = 6 * _SWEEPS if len(y) < _MANY else _SWEEPS
    for sweep in range(sweeps + 1):
        # The last sweep looks back only, so that a chain ends up level.
        near = pulls_back if sweep == sweeps else pulls
        order = range(len(columns)) if sweep % 2 == 0 else range(len(columns) - 1, -1, -1)
        for index in order:
            wanted = [_pulled(y, station, near.get(station, ())) for station in columns[index]]
            y |= zip(columns[index], _spread(wanted, apart[index]), strict=True)
    return y


def _pulled(
    y: Mapping[Station, float], station: Station, pulls: Sequence[tuple[Station, float]]
) -> tuple[float, float]:
    """Where its neighbours would have a station, and how much they pull."""
    if not pulls:
        return y[station], 0.1
    strength = sum(pull for _, pull in pulls)
    return sum(pull * y[other] for other, pull in pulls) / strength, strength


def _spread(wanted: Sequence[tuple[float, float]], separations: Sequence[float]) -> list[float]:
    """The places nearest to those wanted (least squares, with weights) that keep their order and distances: pooling of
    neighbours."""
    offsets = list(accumulate(separations, initial=0.0))[: len(wanted)]
    blocks: list[tuple[float, float, int]] = []
    for (place, weight), offset in zip(wanted, offsets, strict=True):
        total, strength, size = weight * (place - offset), weight, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / strength:
            other, more, count = blocks.pop()
            total, strength, size = total + other, strength + more, size + count
        blocks.append((total, strength, size))
    bases = [total / strength for total, strength, size in blocks for _ in range(size)]
    return [base + offset for base, offset in zip(bases, offsets, strict=True)]
