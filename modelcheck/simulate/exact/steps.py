"""The time of a job whose delays are constants: every value that it can have, with its probability."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from heapq import heappop, heappush

import numpy as np

from .distribution import Steps
from .laws import Constant
from .process import Edge, Process
from .reason import NotExact

MOST_TURNS, NEGLIGIBLE = 300_000, 1e-15


def steps_of(process: Process, ended: float) -> Steps:
    """The distribution of the time of jobs that end. Raises `NotExact` where it has too many values."""
    leaving: dict[int, list[tuple[Edge, Fraction]]] = {}
    for edge in process.edges:
        if not process.ended[edge.source]:
            time = sum((law.value for law in edge.stages if isinstance(law, Constant)), Fraction(0))
            leaving.setdefault(edge.source, []).append((edge, time))
    mass: dict[tuple[Fraction, int], float] = defaultdict(float)
    over: dict[Fraction, float] = defaultdict(float)
    heap: list[tuple[Fraction, int]] = []
    for number, share in process.begins.items():
        mass[Fraction(0), number] += share
        heap.append((Fraction(0), number))
    heap.sort()
    left, turns = 1.0, 0
    while heap and left > NEGLIGIBLE:
        time, number = heappop(heap)
        share = mass.pop((time, number), 0.0)
        turns += 1
        if turns > MOST_TURNS:
            raise NotExact("the time of a job can have too many values")
        if process.ended[number]:
            over[time] += share
        if process.ended[number] or number in process.endings:
            left -= share
            continue
        for edge, step in leaving[number]:
            place = (time + step, edge.target)
            if place not in mass:
                heappush(heap, place)
            mass[place] += share * edge.share
    times = sorted(over)
    cumulative = np.cumsum([over[time] for time in times]) / ended
    missing = sum(mass.values()) / ended
    return Steps(np.array([float(time) for time in times]), cumulative, "all its values", missing)
