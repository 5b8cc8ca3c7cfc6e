"""Precedence and time over a partial order of tasks, decided by z3 over real start and end times.

A task starts when all that it waits for has ended (an AND-join) and somebody gets to it; it takes any time >= 0.
The terms for the longest path and for list scheduling let z3 prove laws for all durations (Graham 1966).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import networkx as nx
import z3

from ..expressions import REAL
from ..expressions.smt import Term, from_z3
from .smt_limits import Clock

Task = Hashable
Times = dict[Task, tuple[Fraction, Fraction]]


def precedes(graph: nx.DiGraph[Any], first: Task, then: Task, seconds: float = 20.0) -> tuple[bool, Times]:
    """Whether `first` always ends before `then` starts, given what waits for what; if not, times that show it.

    The witness gives start and end of the two tasks and of all that they wait for. Raises `Undecided`, and ValueError
    where there is no such task, or tasks wait for each other in a circle (so that they could never start).
    """
    for task in (first, then):
        if task not in graph:
            raise ValueError(f"there is no task '{task}'")
    involved = graph.subgraph({first, then} | nx.ancestors(graph, first) | nx.ancestors(graph, then))
    if not nx.is_directed_acyclic_graph(involved):
        raise ValueError("tasks wait for each other in a circle")
    solver = z3.SolverFor("QF_LRA")
    times = {task: (z3.Real(f"start {i}"), z3.Real(f"end {i}")) for i, task in enumerate(involved)}
    for start, end in times.values():
        solver.add(start >= 0, end >= start)
    solver.add(*(times[before][1] <= times[after][0] for before, after in involved.edges))
    solver.add(times[first][1] > times[then][0])
    if not Clock(seconds).check(solver):
        return True, {}
    model = solver.model()

    def moment(term: Term) -> Fraction:
        return Fraction(from_z3(model.eval(term, model_completion=True), REAL))

    return False, {task: (moment(start), moment(end)) for task, (start, end) in times.items()}


@dataclass(frozen=True)
class CriticalPath:
    """Terms over symbolic durations: the longest task, the longest path, and the sum of all tasks."""

    longest_task: Term
    longest_path: Term
    total: Term


def critical_path_terms(graph: nx.DiGraph[Any], durations: Mapping[Task, Term]) -> CriticalPath:
    """The three times between which every execution of the tasks lies, as z3 terms over their durations."""
    ends: dict[Task, Term] = {}
    for task in nx.topological_sort(graph):
        ends[task] = _latest([ends[before] for before in graph.predecessors(task)]) + durations[task]
    tasks = [durations[task] for task in graph]
    return CriticalPath(_latest(tasks), _latest(list(ends.values())), z3.Sum(*tasks) if tasks else z3.RealVal(0))


def list_schedule_term(
    graph: nx.DiGraph[Any], durations: Mapping[Task, Term], order: Sequence[Task], workers: int
) -> Term:
    """When the last task ends if `workers` take the tasks in this order, each as soon as it is ready (Graham 1966).

    `order` must be topological: no task before one that it waits for.
    """
    free: list[Term] = [z3.RealVal(0)] * workers  # when each worker is free again, the first one first
    ends: dict[Task, Term] = {}
    for task in order:
        ready = _latest([ends[before] for before in graph.predecessors(task)])
        ends[task] = _larger(ready, free[0]) + durations[task]
        free = _inserted(free[1:], ends[task])
    return _latest(list(ends.values()))


def _inserted(ordered: Sequence[Term], value: Term) -> list[Term]:
    """Ordered terms with one more, in order."""
    result = []
    for other in ordered:
        result.append(_smaller(other, value))
        value = _larger(other, value)
    return [*result, value]


def _larger(left: Term, right: Term) -> Term:
    return z3.If(left >= right, left, right)


def _smaller(left: Term, right: Term) -> Term:
    return z3.If(left <= right, left, right)


def _latest(terms: Sequence[Term]) -> Term:
    """The largest of these times, 0 if there are none (durations are never negative)."""
    latest = z3.RealVal(0)
    for index, term in enumerate(terms):
        latest = term if index == 0 else _larger(latest, term)
    return latest
