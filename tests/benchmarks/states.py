"""Large state spaces: beside SPIN, beside the plain search, and in bytes a state."""

from __future__ import annotations

import time
from collections.abc import Iterator

from spin import spin_seconds

from modelcheck.api import check, load
from modelcheck.compile import compile_model
from modelcheck.engine.packed.graph import packed_graph
from modelcheck.engine.packed.search import packed_search
from modelcheck.engine.search import search
from modelcheck.engine.target import Limits
from modelcheck.results import Verdict
from modelcheck.system import TransitionSystem

Row = tuple[str, float, float | None]

LIMITS = Limits(seconds=600)


def saga(n: int, k: int) -> TransitionSystem:
    """N sagas over K units of stock, as the packaged model has them."""
    return compile_model(load("saga_orders", {"N": str(n), "K": str(k)}))


def large() -> Iterator[Row]:
    """The saga with 9,619,232 states, all of them seen by each."""
    system = saga(9, 5)
    before = time.process_time()
    answer = packed_search(system, (), LIMITS)
    ours = time.process_time() - before
    if (answer.states, answer.transitions, answer.complete) != (9_619_232, 82_740_672, True):
        raise SystemExit(f"saga N=9 K=5: {answer.states:,} states, {answer.transitions:,} transitions")
    print(f"  saga N=9 K=5: {answer.states:,} states in {ours:.1f} s of processor time")
    yield "bytes a state, saga N=9 K=5", answer.bytes / answer.states, 100.0
    if (spin := spin_seconds(9, 5)) is not None:
        print(
            f"  SPIN, no reduction: {spin.states:,} states in {spin.seconds:.1f} s, compiled in {spin.compiling:.1f} s"
        )
        yield "search, by SPIN without reduction (saga N=9 K=5)", ours / spin.seconds, 0.25


def packed() -> Iterator[Row]:
    """The packed search beside the plain one, and the state graph with every edge beside the search."""
    system = saga(8, 4)
    times = []
    for engine in (packed_search, search):
        before = time.process_time()
        engine(system, (), LIMITS)
        times.append(time.process_time() - before)
    yield "packed search, by plain search (saga N=8 K=4)", times[0] / times[1], 0.2
    before = time.process_time()
    packed_graph(system, LIMITS)
    yield "state graph, by packed search (saga N=8 K=4)", (time.process_time() - before) / times[0], 12.0


def decided() -> Iterator[Row]:
    """Sagas that cannot be counted out one by one, decided whole; the time by that of a small one."""
    before = time.process_time()
    report = check(load("saga_orders", {"N": "3", "K": "2"}))
    small = time.process_time() - before
    for n, k, engine in ((20, 10, "auto"), (20, 10, "symbolic"), (30, 10, "auto")):
        before = time.process_time()
        report = check(load("saga_orders", {"N": str(n), "K": str(k)}), engine=engine, limits=LIMITS)
        seconds = time.process_time() - before
        if any(result.verdict != Verdict.PROVED for result in report.results):
            raise SystemExit(f"saga N={n} K={k} is not decided by --engine {engine}")
        print(f"  saga N={n} K={k}, --engine {engine}: {report.statistics['states']:,} states, {seconds:.1f} s")
        yield f"saga N={n} K={k}, --engine {engine}, by N=3 K=2", seconds / small, None
