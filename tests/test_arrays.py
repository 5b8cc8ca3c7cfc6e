"""Graphs in arrays against networkx: edges that come twice, and what is reached from several starts."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from modelcheck.engine.arrays import csr_of, reached_from, reversed_of, strong_components


@pytest.mark.parametrize("seed", range(100))
def test_components_and_reach_are_those_of_networkx(seed: int) -> None:
    """Many edges come twice: with them, scipy's algorithm for strong components may never end."""
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 12))
    source = np.sort(random.integers(0, size, 3 * size)).astype(np.int32)
    target = random.integers(0, size, 3 * size).astype(np.int32)
    graph = nx.DiGraph(list(zip(source.tolist(), target.tolist(), strict=True)))
    graph.add_nodes_from(range(size))
    many, component = strong_components(csr_of(source, target, size))
    groups = {frozenset(np.flatnonzero(component == number).tolist()) for number in range(many)}
    assert groups == {frozenset(each) for each in nx.strongly_connected_components(graph)}
    starts = np.unique(random.integers(0, size, 2))
    for matrix, walked in (
        (csr_of(source, target, size), graph),
        (reversed_of(source, target, size), graph.reverse()),
    ):
        order, before = reached_from(matrix, starts, np.zeros(len(starts), np.int64))
        lengths = nx.multi_source_dijkstra_path_length(walked, set(starts.tolist()))
        assert set(order.tolist()) == set(lengths)
        assert [lengths[state] for state in order.tolist()] == sorted(lengths.values())
        assert all(lengths[state] == lengths[int(before[state])] + 1 for state in order.tolist() if before[state] >= 0)
        assert {state for state in order.tolist() if before[state] < 0} == set(starts.tolist())
