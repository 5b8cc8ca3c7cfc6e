"""Where the nodes of a directed graph go: in layers, with few crossings (Sugiyama, Tagawa and Toda 1981).

Cycles are opened along a depth-first search, a node's layer is its longest path from a source, long edges get a
place in each layer that they cross, and layers are ordered by the barycenters of their neighbours.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

Node = Hashable
Point = tuple[float, float]
_SWEEPS = 12


@dataclass(frozen=True)
class Layout:
    """Centres of nodes, and for each edge (source, target) the points on its way; x grows along the layers."""

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
    graph: nx.MultiDiGraph,  # type: ignore[type-arg]
    sizes: Mapping[Node, tuple[float, float]],
    gap: tuple[float, float] = (0.9, 0.35),
    room: Mapping[tuple[Node, Node], float] | None = None,
) -> Layout:
    """A layout in which boxes of these sizes (width, height) do not overlap.

    gap: free space between layers and between the nodes of one; `room`: what an edge's label needs between layers.
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
    y = _heights(columns, chains, sizes, gap[1])
    points = {node: (x[layer], y[node]) for layer, column in enumerate(columns) for node in column}
    ways: dict[tuple[Node, Node], tuple[Point, ...]] = {}
    for a, b in {(a, b) for a, b in graph.edges() if a != b}:
        chain = chains.get((a, b)) or list(reversed(chains[b, a]))
        ways[a, b] = tuple(points[node] for node in chain)
    low = min(y[n] - _height(n, sizes) / 2 for n in y)
    high = max(y[n] + _height(n, sizes) / 2 for n in y)
    places = {node: (points[node][0], points[node][1] - low) for node in graph}
    ways = {edge: tuple((px, py - low) for px, py in way) for edge, way in ways.items()}
    return Layout(places, ways, x[-1] + widths[-1] / 2, high - low)


def _without_cycles(graph: nx.MultiDiGraph) -> nx.DiGraph:  # type: ignore[type-arg]
    """Every edge once, with those that close a cycle of the depth-first search turned round."""
    simple: nx.DiGraph = nx.DiGraph()  # type: ignore[type-arg]
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


def _layers(forward: nx.DiGraph) -> dict[Node, int]:  # type: ignore[type-arg]
    """The longest path from a source; a source stands just before the first that it leads to."""
    layers: dict[Node, int] = {}
    for node in nx.topological_sort(forward):
        layers[node] = max((layers[before] + 1 for before in forward.predecessors(node)), default=0)
    for node in forward:
        if forward.in_degree(node) == 0 and forward.out_degree(node):
            layers[node] = min(layers[after] for after in forward.successors(node)) - 1
    return layers


def _order(
    forward: nx.DiGraph,  # type: ignore[type-arg]
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
    best, fewest = [list(column) for column in columns], _crossings(columns, after)
    for sweep in range(_SWEEPS):
        forwards = sweep % 2 == 0
        neighbours = before if forwards else after
        for index in range(1, len(columns)) if forwards else range(len(columns) - 2, -1, -1):
            fixed = columns[index - 1] if forwards else columns[index + 1]
            rank = {node: place for place, node in enumerate(fixed)}
            old = {node: place for place, node in enumerate(columns[index])}

            def center(node: Node, rank: dict[Node, int] = rank, old: dict[Node, int] = old) -> float:
                near = [rank[other] for other in neighbours.get(node, ()) if other in rank]  # noqa: B023
                return sum(near) / len(near) if near else float(old[node])

            columns[index].sort(key=center)
        crossings = _crossings(columns, after)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    return best


def _neighbours(
    chains: Mapping[tuple[Node, Node], Sequence[Node]],
) -> tuple[dict[Node, list[Node]], dict[Node, list[Node]]]:
    before: dict[Node, list[Node]] = {}
    after: dict[Node, list[Node]] = {}
    for chain in chains.values():
        for a, b in zip(chain, chain[1:], strict=False):
            after.setdefault(a, []).append(b)
            before.setdefault(b, []).append(a)
    return before, after


def _crossings(columns: Sequence[Sequence[Node]], after: Mapping[Node, Sequence[Node]]) -> int:
    count = 0
    for left, right in zip(columns, columns[1:], strict=False):
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
    for (a, b), chain in chains.items():
        needed = max(room.get((a, b), 0.0), room.get((b, a), 0.0))
        if len(chain) == 2 and needed:
            spaces[layer[a]] = max(spaces[layer[a]], needed + 0.3)
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
) -> dict[Node, float]:
    """Each node as near to its neighbours as its layer's order and the sizes allow; bends most of all."""
    before, after = _neighbours(chains)
    y: dict[Node, float] = {}
    for column in columns:
        offset = 0.0
        for node in column:
            y[node] = offset + _height(node, sizes) / 2
            offset += _height(node, sizes) + gap
        middle = (offset - gap) / 2
        for node in column:
            y[node] -= middle
    for sweep in range(2 * _SWEEPS):
        order = columns if sweep % 2 == 0 else columns[::-1]
        for column in order:
            wanted = []
            for node in column:
                near = [*before.get(node, ()), *after.get(node, ())]
                wanted.append(sum(y[other] for other in near) / len(near) if near else y[node])
            separations = [
                (_height(a, sizes) + _height(b, sizes)) / 2 + gap for a, b in zip(column, column[1:], strict=False)
            ]
            for node, place in zip(column, _spread(wanted, separations), strict=True):
                y[node] = place
    return y


def _spread(wanted: Sequence[float], separations: Sequence[float]) -> list[float]:
    """The places nearest to those wanted (least squares) that keep their order and distances: pooling of neighbours."""
    offsets = [0.0]
    for separation in separations:
        offsets.append(offsets[-1] + separation)
    blocks: list[tuple[float, int]] = []
    for place, offset in zip(wanted, offsets, strict=True):
        total, size = place - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / size:
            other, count = blocks.pop()
            total, size = total + other, size + count
        blocks.append((total, size))
    bases = [total / size for total, size in blocks for _ in range(size)]
    return [base + offset for base, offset in zip(bases, offsets, strict=True)]
