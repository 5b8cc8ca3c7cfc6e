"""Which task of a model is meant by each name in a file of measurements, and which task waits for which.

Tasks of an orchestration are its steps and `undo STEP`; those of a choreography `participant.handler`. Names are those
of the model as it is written: all copies of a family are one task.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import networkx as nx

from .. import model
from ..errors import ModelError, Problem, did_you_mean, position_of
from ..expand import expand
from ..graph.events import event_graph
from ..graph.flow import flow_graph, undo_node

Timed = model.Orchestration | model.Choreography


def tasks_of(design: Timed) -> tuple[str, ...]:
    """All tasks that can be measured, in the order written."""
    if isinstance(design, model.Choreography):
        return tuple(f"{name}.{key}" for name, each in design.participants.items() for key in each.handlers)
    steps = list(steps_of(design))
    return (*(name for name, _ in steps), *(undo_node(name) for name, step in steps if step.compensation is not None))


def steps_of(design: model.Orchestration) -> Iterator[tuple[str, model.Step]]:
    """The steps that do work themselves, of the flow and of those it runs, as written."""
    for flow in (design.flow, *design.flows.values()):
        yield from ((name, step) for name, step in flow.steps.items() if step.flow is None)


def match(design: Timed, found: Iterable[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The task that each name of a file means; those that mean nothing on purpose (given as '') are left out.

    A step is known by its name, its task, or its service where no other step uses that; undoing it by `undo STEP` or
    the service of the compensation; a handler by its name with or without its participant, or its task.
    Raises `ModelError` (E451): a name that means no task, or several.
    """
    known, meant = _known(design), dict(given or {})
    problems: list[Problem] = []
    tasks = tasks_of(design)
    matched = {}
    for name in found:
        said = meant.get(name, name)
        if said == "":
            continue
        candidates = (said,) if said in tasks else known.get(_plain(said), ())
        if len(candidates) == 1:
            matched[name] = candidates[0]
            continue
        hint = f"say which: --name '{name}={candidates[0]}'" if candidates else ""
        if not candidates:
            guess = did_you_mean(said, tasks, otherwise="" if problems else f"tasks are {', '.join(tasks)}")
            hint = f"{guess} (--name '{name}=TASK' says what it is, '{name}=' leaves it out)".lstrip()
        what = f"may be {' or '.join(candidates)}" if candidates else "is no task of it"
        message = f"'{said}' is measured, but {what} ('{design.name}')"
        problems.append(Problem("E451", message, position_of(design.name), hint))
    for name in meant:
        if name not in set(found):
            message = f"'{name}' is said to be '{meant[name]}', but is not in the measurements"
            problems.append(Problem("E451", message, None, did_you_mean(name, found)))
    if not matched and not problems:
        problems.append(Problem("E451", "nothing that was measured is left"))
    if problems:
        raise ModelError(problems)
    return matched


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def _known(design: Timed) -> dict[str, tuple[str, ...]]:
    """The tasks by what else they may be called; the first kind of name that fits anything decides."""
    kinds: list[list[tuple[str, str]]] = [[], [], []]
    if isinstance(design, model.Choreography):
        for name, each in design.participants.items():
            for key, handler in each.handlers.items():
                kinds[0].append((f"{name}.{key}", f"{name}.{key}"))
                kinds[1] += [(key, f"{name}.{key}"), (handler.task or key, f"{name}.{key}")]
    else:
        steps = list(steps_of(design))
        uses = Counter(step.service for _, step in steps)
        undoers = Counter(step.compensation.service for _, step in steps if step.compensation is not None)
        for name, step in steps:
            kinds[0].append((name, name))
            kinds[1].append((step.task or name, name))
            if step.service is not None and uses[step.service] == 1 and not undoers[step.service]:
                kinds[2].append((step.service, name))
            if step.compensation is not None:
                kinds[0].append((undo_node(name), undo_node(name)))
                undoer = step.compensation.service
                if undoer is not None and undoers[undoer] == 1 and not uses[undoer]:
                    kinds[2].append((undoer, undo_node(name)))
    known: dict[str, tuple[str, ...]] = {}
    for pairs in kinds:
        found: dict[str, tuple[str, ...]] = {}
        for name, task in pairs:
            found[_plain(name)] = tuple(dict.fromkeys((*found.get(_plain(name), ()), task)))
        known = {**found, **known}
    return known


def waiting_for(design: Timed) -> dict[str, frozenset[str]]:
    """For each task the tasks that it waits for, directly or through others; in a loop also itself."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    expanded = expand(design)
    if isinstance(expanded, model.Choreography):
        graph.add_edges_from(event_graph(expanded).edges())
    else:
        graph.add_edges_from(flow_graph(expanded).edges())
        _add_undoing(graph, expanded)
    is_flow, tasks = isinstance(design, model.Orchestration), tasks_of(design)
    merged = nx.relabel_nodes(graph, {node: written(node, is_flow) for node in graph})
    merged.add_nodes_from(tasks)
    closure = nx.transitive_closure(merged, reflexive=False)
    return {task: frozenset(closure.predecessors(task)).intersection(tasks) for task in tasks}


def _add_undoing(graph: nx.DiGraph[str], design: model.Orchestration) -> None:
    """Undoing waits for what was begun, and strictly last in first out for other undoing."""
    policy = design.policies.compensation
    steps = [name for name in design.flow.steps if name in graph]
    undone = [name for name in steps if undo_node(name) in graph]
    for name in undone:
        before = steps if policy.siblings == "finish" else [name]
        graph.add_edges_from((each, undo_node(name)) for each in before)
        if policy.order == "lifo":
            graph.add_edges_from((undo_node(each), undo_node(name)) for each in undone if each != name)
    if policy.order == "parallel":
        graph.remove_edges_from([(undo_node(a), undo_node(b)) for a in undone for b in undone])


def written(node: str, orchestration: bool) -> str:
    """An expanded task's name as it is written: without an index, and without the steps that run its flow."""
    name = re.sub(r"\[[^]]*\]", "", node)
    if not orchestration or name.startswith("("):
        return name
    undo, step = name.startswith("undo "), name.removeprefix("undo ").rpartition(".")[2]
    return undo_node(step) if undo else step
