"""Precedence by z3 against ancestors in the graph, and the laws of time over all small graphs and all durations."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from typing import Any

import networkx as nx
import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcheck.engine import precedence
from modelcheck.engine.precedence import critical_path_terms, list_schedule_term, precedes

Tasks = nx.DiGraph  # of small integers
TASKS = range(4)
POSSIBLE = list(combinations(TASKS, 2))


def tasks(*edges: tuple[Any, Any], alone: tuple[Any, ...] = ()) -> Tasks[Any]:
    graph: Tasks[Any] = nx.DiGraph(edges)
    graph.add_nodes_from(alone)
    return graph


def four_task_graphs() -> Iterator[Tasks[int]]:
    """All directed acyclic graphs of four tasks, up to their names."""
    for chosen in range(2 ** len(POSSIBLE)):
        yield tasks(*(pair for bit, pair in enumerate(POSSIBLE) if chosen >> bit & 1), alone=tuple(TASKS))


def is_valid(premises: list[Any], conclusion: Any) -> bool:
    solver = z3.Solver()
    solver.set("timeout", 20_000)
    solver.add(*premises, z3.Not(conclusion))
    outcome = solver.check()
    assert outcome != z3.unknown
    return bool(outcome == z3.unsat)


DURATIONS = {task: z3.Real(f"duration {task}") for task in TASKS}
NOT_NEGATIVE = [duration >= 0 for duration in DURATIONS.values()]


def test_what_waits_comes_after() -> None:
    assert precedes(tasks(("reserve", "ship")), "reserve", "ship") == (True, {})
    assert precedes(tasks(("reserve", "pack"), ("pack", "ship")), "reserve", "ship")[0]


def test_parallel_tasks_can_overlap_from_time_zero() -> None:
    graph = tasks(("start", "reserve"), ("start", "charge"))
    holds, times = precedes(graph, "reserve", "charge")
    assert not holds
    assert times["reserve"][1] > times["charge"][0]
    assert times["charge"][0] == 0


@pytest.mark.parametrize("pair", [("ship", "reserve"), ("ship", "ship")])
def test_the_other_way_round_is_refuted(pair: tuple[str, str]) -> None:
    assert not precedes(tasks(("reserve", "ship")), *pair)[0]


def test_what_can_never_start_and_what_is_not_there_are_errors() -> None:
    with pytest.raises(ValueError, match="circle"):
        precedes(tasks(("a", "b"), ("b", "a"), ("b", "c")), "a", "c")
    with pytest.raises(ValueError, match="no task 'd'"):
        precedes(tasks(("a", "b")), "a", "d")


GRAPHS = st.integers(2, 7).flatmap(
    lambda size: st.builds(
        lambda edges: tasks(*edges, alone=tuple(range(size))),
        st.sets(st.sampled_from(list(combinations(range(size), 2)))),
    )
)


def disagreements(graph: Tasks[int]) -> list[str]:
    found = []
    for first in graph:
        for then in graph:
            holds, times = precedes(graph, first, then)
            if holds != (first in nx.ancestors(graph, then)):
                found.append(f"{first} before {then}: {holds}")
            elif not holds and not _possible(graph, times, first, then):
                found.append(f"{first} before {then}: {times}")
    return found


def _possible(graph: Tasks[int], times: precedence.Times, first: int, then: int) -> bool:
    ordered = all(times[a][1] <= times[b][0] for a, b in graph.edges if a in times and b in times)
    return ordered and all(0 <= start <= end for start, end in times.values()) and times[first][1] > times[then][0]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(GRAPHS)
def test_precedence_is_being_an_ancestor(graph: Tasks[int]) -> None:
    assert disagreements(graph) == []


def test_a_solver_that_forgets_an_edge_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    original = nx.DiGraph.subgraph

    def careless(graph: Tasks[int], nodes: set[int]) -> Tasks[int]:
        copied: Tasks[int] = nx.DiGraph(original(graph, nodes))
        copied.remove_edges_from(list(copied.edges)[:1])
        return copied

    monkeypatch.setattr(nx.DiGraph, "subgraph", careless)
    assert disagreements(tasks((0, 1), (1, 2))) != []


def test_b11_the_longest_path_lies_between_the_longest_task_and_the_sum() -> None:
    for graph in four_task_graphs():
        time = critical_path_terms(graph, DURATIONS)
        between = z3.And(time.longest_task <= time.longest_path, time.longest_path <= time.total)
        assert is_valid(NOT_NEGATIVE, between), graph.edges


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_b11_so_does_list_scheduling_above_the_longest_path(workers: int) -> None:
    for graph in four_task_graphs():
        time = critical_path_terms(graph, DURATIONS)
        end = list_schedule_term(graph, DURATIONS, TASKS, workers)
        assert is_valid(NOT_NEGATIVE, z3.And(time.longest_path <= end, end <= time.total)), graph.edges
        if workers == 1:
            assert is_valid(NOT_NEGATIVE, end == time.total)


@pytest.mark.parametrize(
    ("edges", "longest_path"), [((), 5), (((0, 1), (0, 2), (0, 3)), 8), (((0, 1), (1, 2), (2, 3)), 14)]
)
def test_b11_the_times_of_independent_fan_out_and_chain(edges: tuple[tuple[int, int], ...], longest_path: int) -> None:
    graph = tasks(*edges, alone=tuple(TASKS))
    given_times = {task: z3.RealVal(value) for task, value in enumerate((3, 5, 4, 2))}
    assert z3.simplify(critical_path_terms(graph, given_times).longest_path).as_fraction() == Fraction(longest_path)
    assert z3.simplify(list_schedule_term(graph, given_times, TASKS, 1)).as_fraction() == 14


COORDINATION, EVENTS = z3.Reals("coordination events")


def test_b12_the_exact_condition_for_a_sequential_orchestration() -> None:
    for graph in four_task_graphs():
        time = critical_path_terms(graph, DURATIONS)
        faster = time.longest_path + EVENTS < time.total + COORDINATION
        assert is_valid(NOT_NEGATIVE, faster == (time.total - time.longest_path > EVENTS - COORDINATION))
        cheaper = [EVENTS >= 0, EVENTS <= COORDINATION]
        assert is_valid([*NOT_NEGATIVE, *cheaper], time.longest_path + EVENTS <= time.total + COORDINATION)


def test_b12_is_false_for_a_parallel_orchestration_against_a_chain() -> None:
    durations = {0: z3.Real("a"), 1: z3.Real("b")}
    parallel = critical_path_terms(tasks(alone=(0, 1)), durations)
    chain = critical_path_terms(tasks((0, 1)), durations)
    premises = [duration >= 0 for duration in durations.values()] + [EVENTS >= 0, EVENTS <= COORDINATION]
    slower = chain.longest_path + EVENTS > parallel.longest_path + COORDINATION
    assert not is_valid(premises, z3.Not(slower))
    here = [durations[0] == 1, durations[1] == 1, COORDINATION * 2 == 1, EVENTS == 0]
    assert is_valid(here, slower)
    assert is_valid(
        here, z3.And(chain.longest_path + EVENTS == 2, parallel.longest_path + COORDINATION == Fraction(3, 2))
    )


def test_no_tasks_take_no_time() -> None:
    time = critical_path_terms(tasks(), {})
    assert [z3.simplify(each).as_fraction() for each in (time.longest_task, time.longest_path, time.total)] == [0, 0, 0]
