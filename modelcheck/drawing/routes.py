"""From columns to places on a page: rows of columns, as lines of a text, and the way of each edge between them.

What is wider than a page is cut between columns, where few edges pass, and goes on below; an edge that is cut runs
round the end of its row to the beginning of the next one, beside the others without crossing them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .layered import Bend, Columns, Edge, LabelPlace, Node, Size, Station, in_rows
from .shapes import Point

Link = tuple[Station, Station]

PAGE = 900.0  # points
BETWEEN, BESIDE_LABEL, TRACK, ROW_GAP = 30.0, 16.0, 8.0, 26.0
STEEP, WIDEST = 0.2, 90.0
PORT = 7.0  # between two edges that leave one node, at most


@dataclass(frozen=True)
class Layout:
    """Centres of nodes and of labels, and the ways of edges: pieces of cubic Bézier curves, each from its first point.

    The last piece of an edge ends at its target, unless it joins another edge on its way there (`joins`).
    """

    places: Mapping[Node, Point]
    labels: Mapping[Edge, Point]
    pieces: Mapping[Edge, tuple[tuple[Point, ...], ...]]
    joins: frozenset[Edge]
    width: float
    height: float


@dataclass(frozen=True)
class _Placed:
    """Columns on the page: left and right end of each, the row it stands in, and what is to be added to y there."""

    columns: Columns
    boxes: Mapping[Node, Size]
    left: Sequence[float]
    right: Sequence[float]
    row: Sequence[int]
    shift: Sequence[float]
    bottom: Sequence[float]
    tracks: Sequence[Mapping[Link, int]]
    margin: float
    end: float

    def box(self, station: Station) -> Size:
        """The size in which edges meet a station."""
        return self.boxes.get(station) or self.columns.size(station)

    def y(self, station: Station) -> float:
        return self.columns.y[station] + self.shift[self.row_of(station)]

    def row_of(self, station: Station) -> int:
        """The row in which a station stands."""
        return self.row[self.columns.column_of[station]]


def route(columns: Columns, boxes: Mapping[Node, Size], page: float = PAGE) -> Layout:
    """Places and ways, in rows that are about as wide as a page. boxes: where nodes are met, which may be less than
    the room that they need."""
    if not columns.columns:
        return Layout({}, {}, {}, frozenset(), 0.0, 0.0)
    placed = _place(columns, boxes, page)
    ports = _ports(placed)
    labels: dict[Edge, Point] = {}
    pieces: dict[Edge, tuple[tuple[Point, ...], ...]] = {}
    joins: set[Edge] = set()
    drawn: set[tuple[str, Node, Station | None, Station]] = set()
    for edge, way in columns.ways.items():
        back = way[0] != edge.source
        steps = [(b, a) for a, b in reversed(list(pairwise(way)))] if back else list(pairwise(way))
        found: list[tuple[Point, ...]] = []
        current: list[Point] = []
        for a, b in steps:
            if edge.bundled and (edge.kind, edge.target, a, b) in drawn:
                joins.add(edge)
                break
            drawn.add((edge.kind, edge.target, a, b))
            cut = (edge.kind, edge.target, None, b)
            passes = edge.bundled and isinstance(b, Bend) and not back and placed.row_of(a) != placed.row_of(b)
            joining = passes and cut in drawn
            if passes:
                drawn.add(cut)
            ahead = list(_between(placed, ports, edge, *((b, a) if back else (a, b)), joining))
            points = ahead[::-1] if back else ahead
            current = current + points[1:] if current else points
            if joining:  # From the end of the row on it is one line with another.
                joins.add(edge)
                break
            if isinstance(b, LabelPlace):
                found.append(tuple(current))
                current = []
        if current:
            found.append(tuple(current))
        pieces[edge] = tuple(found)
    for station, column in columns.column_of.items():
        if isinstance(station, LabelPlace):
            labels[station.edge] = (placed.left[column] + placed.right[column]) / 2, placed.y(station)
    places = {
        station: ((placed.left[column] + placed.right[column]) / 2, placed.y(station))
        for station, column in columns.column_of.items()
        if station in columns.sizes and not isinstance(station, LabelPlace)
    }
    return Layout(places, labels, pieces, frozenset(joins), placed.end, placed.bottom[-1])


def _place(columns: Columns, boxes: Mapping[Node, Size], page: float) -> _Placed:
    widths = [max((columns.size(station)[0] for station in column), default=0.0) for column in columns.columns]
    labelled = [any(isinstance(station, LabelPlace) for station in column) for column in columns.columns]
    spaces = [BESIDE_LABEL if a or b else BETWEEN for a, b in pairwise(labelled)]
    into: list[list[Link]] = [[] for _ in columns.columns]  # what comes into each column
    for a, b, _ in columns.links:
        at, rise = columns.column_of[a], abs(columns.y[a] - columns.y[b])
        spaces[at] = max(spaces[at], min(STEEP * rise, WIDEST))  # Steep lines need room.
        into[at + 1].append((a, b))
    cuts = _cuts([len(each) for each in into], widths, spaces, labelled, page)
    links = [into[cut] for cut in cuts]
    tracks = [_tracks(columns, each) for each in links]
    most = max((len(set(each.values())) for each in tracks), default=0)
    margin = most * TRACK + (BETWEEN if most else 0.0)
    left, right, row = [], [], []
    x, rows, end = margin, 0, 0.0
    for index, width in enumerate(widths):
        if index in cuts:
            x, rows = margin, rows + 1
        left.append(x)
        right.append(x + width)
        row.append(rows)
        end = max(end, x + width)
        x += width + (spaces[index] if index < len(spaces) else 0.0)
    if rows:
        columns = in_rows(columns, row)
        tracks = [_tracks(columns, each) for each in links]
    shift, bottoms = [], []
    bottom = 0.0
    for number in range(rows + 1):
        here = [s for index, column in enumerate(columns.columns) if row[index] == number for s in column]
        low = min(columns.y[s] - columns.size(s)[1] / 2 for s in here)
        high = max(columns.y[s] + columns.size(s)[1] / 2 for s in here)
        shift.append(bottom - low)
        bottoms.append(bottom + high - low)
        bottom = bottoms[-1] + ROW_GAP + (len(set(tracks[number].values())) * TRACK if number < len(tracks) else 0.0)
    return _Placed(columns, boxes, left, right, row, shift, bottoms, tracks, margin, end + margin)


def _cuts(
    passing: Sequence[int], widths: Sequence[float], spaces: Sequence[float], labelled: Sequence[bool], page: float
) -> list[int]:
    """The columns that begin a new row: where few edges pass, and never between a label and its edge's source."""
    cuts: list[int] = []
    start, total = 0, 0.0
    ends = []
    for width, space in zip(widths, [*spaces, 0.0], strict=True):
        ends.append(total + width)
        total += width + space
    while start < len(widths) and ends[-1] - (ends[start] - widths[start]) > page:
        begin = ends[start] - widths[start]
        fits = [
            index for index in range(start + 1, len(widths)) if ends[index - 1] - begin <= page and not labelled[index]
        ]
        if not fits:
            fits = [next((index for index in range(start + 1, len(widths)) if not labelled[index]), len(widths))]
        late = [index for index in fits if ends[index - 1] - begin > 0.6 * page] or fits[-1:]
        start = min(late, key=lambda index: (passing[index] if index < len(widths) else 0, -index))
        if start < len(widths):
            cuts.append(start)
    return cuts


def _tracks(columns: Columns, links: Sequence[Link]) -> dict[Link, int]:
    """From below: the lowest that leaves a row is nearest to it, and comes in lowest in the next. What goes on through
    the same bend shares a track."""
    tracks: dict[Link, int] = {}
    shared: dict[Station, int] = {}
    used = 0
    for link in sorted(links, key=lambda link: (columns.y[link[0]], columns.y[link[1]]), reverse=True):
        if link[1] in shared:
            tracks[link] = shared[link[1]]
            continue
        tracks[link] = used
        if isinstance(link[1], Bend):
            shared[link[1]] = used
        used += 1
    return tracks


def _between(
    placed: _Placed, ports: Mapping[tuple[Edge, Node], float], edge: Edge, a: Station, b: Station, joining: bool
) -> Iterator[Point]:
    """The way from one station to the next, from the right of the first to the left of the second; one that joins
    another ends outside of its row."""
    at, to = placed.columns.column_of[a], placed.columns.column_of[b]
    begin, end = placed.y(a) + ports.get((edge, a), 0.0), placed.y(b) + ports.get((edge, b), 0.0)
    (first, out), (into, _) = _span(placed, a, at), _span(placed, b, to)
    is_bend = a not in placed.columns.sizes
    yield (first if is_bend else out, begin)
    yield from _straight((first if is_bend else out, begin), (placed.right[at], begin))
    if placed.row[at] != placed.row[to]:
        track = placed.tracks[placed.row[at]][a, b]
        total = len(set(placed.tracks[placed.row[at]].values()))
        outer = placed.end - placed.margin + BETWEEN / 2 + track * TRACK
        inner = placed.margin - BETWEEN / 2 - (total - 1 - track) * TRACK
        level = placed.bottom[placed.row[at]] + ROW_GAP / 2 + track * TRACK
        corners = [(placed.right[at], begin), (outer, begin), (outer, level), (inner, level), (inner, end)]
        for here, there in pairwise(corners[:3] if joining else [*corners, (placed.left[to], end)]):
            yield from _straight(here, there)
        if joining:
            return
    else:
        half = (placed.left[to] - placed.right[at]) / 2
        yield from ((placed.right[at] + half, begin), (placed.left[to] - half, end), (placed.left[to], end))
    yield from _straight((placed.left[to], end), (into, end))


def _span(placed: _Placed, station: Station, column: int) -> tuple[float, float]:
    """Left and right end of a station; a bend is as wide as its column."""
    if station not in placed.columns.sizes:
        return placed.left[column], placed.left[column]
    middle, half = (placed.left[column] + placed.right[column]) / 2, placed.box(station)[0] / 2
    return middle - half, middle + half


def _straight(here: Point, there: Point) -> Iterator[Point]:
    if abs(here[0] - there[0]) + abs(here[1] - there[1]) > 1e-6:
        yield here[0] + (there[0] - here[0]) / 3, here[1] + (there[1] - here[1]) / 3
        yield here[0] + 2 * (there[0] - here[0]) / 3, here[1] + 2 * (there[1] - here[1]) / 3
        yield there


def _ports(placed: _Placed) -> dict[tuple[Edge, Node], float]:
    """How far from the middle of a node's side each edge meets it: in the order of what they lead to, the main one in
    the middle."""
    sides: dict[tuple[Node, int], list[tuple[float, Edge, Station]]] = {}
    for edge, way in placed.columns.ways.items():
        for node, near, side in ((way[0], way[1], 1), (way[-1], way[-2], -1)):
            sides.setdefault((node, side), []).append((placed.columns.y[near], edge, near))
    ports = {}
    for (node, _), meeting in sides.items():
        groups: dict[object, list[Edge]] = {}
        for _, edge, near in sorted(meeting, key=lambda each: each[0]):
            arriving = edge.bundled and edge.target == node
            groups.setdefault((edge.kind, near) if arriving else edge, []).append(edge)
        half = placed.box(node)[1] / 2 - 4
        step = min(PORT, 2 * half / max(len(groups) - 1, 1))
        offsets = [(place - (len(groups) - 1) / 2) * step for place in range(len(groups))]
        mains = [
            offset for offset, group in zip(offsets, groups.values(), strict=True) if any(e.straight for e in group)
        ]
        middle = mains[0] if len(mains) == 1 else 0.0
        for offset, group in zip(offsets, groups.values(), strict=True):
            for edge in group:
                ports[edge, node] = max(-half, min(half, offset - middle))
    return ports
