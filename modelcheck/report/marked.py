"""The way of a counterexample through a flow or an event graph: its steps numbered, its edges marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..graph.events import OUTSIDE
from ..graph.flow import ABORT, END, START, undo_node
from ..system import Label
from ..trace import Trace
from .story import moves_of, story

if TYPE_CHECKING:
    import networkx as nx

Graph: TypeAlias = "nx.MultiDiGraph[Any]"
_ALWAYS, _LAST = -1, 1_000_000


@dataclass(frozen=True)
class _Visit:
    """A node that was passed: from when to when, with what outcome, and where it jumped to."""

    node: str
    begin: int
    end: int
    instance: int
    outcome: str = "ok"
    target: str = ""


def marked(graph: Graph, trace: Trace) -> Graph:
    """A copy in which what the trace passes is marked; labels of steps and handlers begin with the numbers of the
    story's lines that tell of them."""
    copy = graph.copy()
    visits = [visit for visit in _visits(trace) if visit.node in graph]
    for node in {visit.node for visit in visits}:
        copy.nodes[node]["mark"] = True
    numbers = _numbers(trace)
    for node, lines in numbers.items():
        if node in copy:
            label = str(copy.nodes[node].get("label") or node)
            copy.nodes[node]["label"] = f"{', '.join(map(str, lines))}: {label}"
    for source, target, data in copy.edges(data=True):
        if data.get("kind") == "compensation":
            data["mark"] = _undone_behind(copy, target)  # What had no effect is passed on the way there.
        elif any(_goes(data, a, b) for a in visits if a.node == source for b in visits if b.node == target):
            data["mark"] = True
    return copy


def _undone_behind(graph: Graph, node: str) -> bool:
    import networkx as nx

    return any(graph.nodes[each].get("mark") for each in (node, *nx.descendants(graph, node)))


def _goes(data: dict[str, Any], a: _Visit, b: _Visit) -> bool:
    """Whether the way from one visit to another is along this edge."""
    if a.instance != b.instance or b.begin < a.end or a is b:
        return False
    if data.get("kind") in ("sequence", "jump", "failure") and data.get("outcome") != a.outcome:
        return False
    return data.get("kind") != "jump" or not a.target or a.target in (b.node, b.node.strip("()"))


def _numbers(trace: Trace) -> dict[str, list[int]]:
    """The lines of the story that tell of each node."""
    moves, found = moves_of(trace), dict[str, list[int]]()
    for line in story(trace):
        for label in (moves[index].action.label for index in line.actions):
            node = _node(label)
            if node and line.number not in found.setdefault(node, []):
                found[node].append(line.number)
    return found


def _node(label: Label) -> str:
    if not label.step or label.phase not in ("start", "finish", "skip", "undo start", "undo finish"):
        return ""
    return undo_node(label.step) if label.phase.startswith("undo") else label.step


def _visits(trace: Trace) -> Iterator[_Visit]:
    """What a trace passes, in order."""
    labels = [move.action.label for move in moves_of(trace)]
    for instance in sorted({label.instance for label in labels}):
        yield _Visit(START, _ALWAYS, _ALWAYS, instance)
        yield from _passed(labels, instance)


def _passed(labels: list[Label], instance: int) -> Iterator[_Visit]:
    begun: dict[str, int] = {}
    aborted = False
    here = [(time, label) for time, label in enumerate(labels) if label.instance == instance]
    for time, label in here:
        node = _node(label)
        target = label.text.removeprefix("→ ") if label.text.startswith("→ ") else ""
        if label.phase in ("start", "undo start"):
            begun[node] = time
            if label.message:  # a handler begins: its event has arrived
                yield _Visit(label.message, begun.get(f"event {label.message}", time), time, instance)
        elif node:
            yield _Visit(node, begun.pop(node, time), time, instance, label.outcome or "ok", target)
        if label.phase == "finish" and label.outcome not in ("", "ok") and not target and not aborted:
            aborted = True
            yield _Visit(ABORT, time, time, instance)
        if target == "end" or (label.phase == "end" and label.outcome == "completed"):
            yield _Visit(END, time, _LAST, instance)
        for event in label.publishes:
            if label.phase == "publish":
                yield _Visit(OUTSIDE, time, time, instance)
            begun.setdefault(f"event {event}", time)
            yield _Visit(event, time, time, instance)
    for node, time in begun.items():  # started, and not yet done
        if not node.startswith("event "):
            yield _Visit(node, time, _LAST, instance)
