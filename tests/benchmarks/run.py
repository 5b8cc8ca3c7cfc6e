"""Benchmarks as ratios: how time grows with a flow, what help costs beside Python itself, how fast search is beside a
plain loop and beside SPIN, and simulation beside SimPy and Ciw. A ratio says the same on every machine; a broken
bound ends with exit code 1.

    make bench            everything, a few minutes
    make bench ONLY=help  only what has this in its name
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

from flows import branches_text, row, row_text
from states import decided, large, packed
from sweeps import sweeps

from modelcheck.api import check
from modelcheck.check.contracts import flow_answers
from modelcheck.check.ordering import proved_precedences
from modelcheck.check.properties import state_questions
from modelcheck.check.termination import termination_result
from modelcheck.compile import compile_model
from modelcheck.engine.search import count_states
from modelcheck.engine.target import Limits
from modelcheck.expressions import Resolver
from modelcheck.load import load_text

STEPS, BRANCHES = (1_000, 2_000, 5_000, 10_000), (250, 500, 1_000)
LIMITS = Limits(seconds=120)
# Twice the steps may cost this much more than twice the time: caches run full, and others use the machine.
SLACK = 1.6

Work = Callable[[], object]
Row = tuple[str, float, float | None]


def seconds(work: Work, times: int = 2) -> float:
    """The least processor time of a few runs."""
    return min(_once(work) for _ in range(times))


def _once(work: Work) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def growth() -> Iterator[Row]:
    """Time for the larger size by time for the smaller, by the ratio of the sizes: 1 is linear."""
    for what, sizes, text in (("steps in a row", STEPS, row_text), ("branches", BRANCHES, branches_text)):
        for name, part in PARTS.items():
            times = [seconds(part(text(size))) for size in sizes]
            for place in range(1, len(sizes)):
                small, large = sizes[place - 1 : place + 1]
                # What takes next to no time does not grow.
                ratio = times[place] / max(times[place - 1], 0.05) / (large / small)
                yield f"{name}, {small:,} → {large:,} {what}, by the sizes", ratio, SLACK


def _contracts(text: str) -> Work:
    design = load_text(text)
    return lambda: flow_answers(design, LIMITS)  # type: ignore[arg-type]


def _termination(text: str) -> Work:
    design = load_text(text)
    system = compile_model(design)
    return lambda: termination_result(design, system, LIMITS)


def _ordering(text: str) -> Work:
    design = load_text(text)
    system = compile_model(design)
    return lambda: list(proved_precedences(design, list(state_questions(design, system, Resolver()))))  # type: ignore[arg-type]


PARTS: dict[str, Callable[[str], Work]] = {
    "loading": lambda text: lambda: load_text(text),
    "contracts": _contracts,
    "termination": _termination,
    "ordering": _ordering,
    "the whole check": lambda text: lambda: check(load_text(text)),
}


def built() -> Iterator[Row]:
    """A model built in Python takes no longer than its text."""
    text, design = row_text(2_000), row(2_000)
    yield (
        "check of a flow built in Python, by the check of its text",
        seconds(lambda: check(design)) / seconds(lambda: check(load_text(text))),
        1.2,
    )


def help_() -> Iterator[Row]:
    """Processor time of a process that prints help, by that of one that does nothing."""
    nothing = _process("-c", "pass")
    yield "modelcheck --help, by python -c pass", _process("-m", "modelcheck", "--help") / nothing, 4.0


def _process(*arguments: str) -> float:
    best = float("inf")
    for _ in range(30):
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.execv(sys.executable, [sys.executable, *arguments])
        _, _, used = os.wait4(child, 0)
        best = min(best, used.ru_utime + used.ru_stime)
    return best


def search() -> Iterator[Row]:
    """Time a transition of search, by that of a loop that finds each state of as many in a set once."""
    text = "\n".join(["orchestration: fan", "flow:", "  steps:", *(f"    s{k}: {{after: []}}" for k in range(10))])
    system = compile_model(load_text(text + "\n"))
    states, transitions = count_states(system).states, count_states(system).transitions
    searched = seconds(lambda: count_states(system)) / transitions

    def loop() -> None:
        seen = {(0,) * 11}
        for number in range(states):
            state = (number & 3, number >> 2 & 3, number >> 4 & 3, number >> 6, 0, 1, 2, 3, 4, 5, 6)
            if state not in seen:
                seen.add(state)

    yield "a transition of search, by a tuple made and looked up", searched / (seconds(loop) / states), 2.5


def simulation() -> Iterator[Row]:
    """Seven models beside SimPy, two of them beside Ciw, too; and the memory of many jobs."""
    if find_spec("simpy") is None or find_spec("ciw") is None:
        print("  skipped: SimPy and Ciw are not installed")
        return
    from peers import memory, peers

    yield from peers()
    yield from memory()


BENCHMARKS: dict[str, Callable[[], Iterator[Row]]] = {
    "help": help_,
    "search": search,
    "packed": packed,
    "large": large,
    "decided": decided,
    "simulation": simulation,
    "sweeps": sweeps,
    "built": built,
    "growth": growth,
}


def main(wanted: str = "") -> int:
    """Prints every ratio with its bound; 1 if one is broken."""
    broken = 0
    for name, benchmark in BENCHMARKS.items():
        if wanted not in name:
            continue
        for what, ratio, bound in benchmark():
            too_much = bound is not None and ratio > bound
            broken += too_much
            limit = "" if bound is None else f"   at most {bound:g}"
            print(f"{'✗' if too_much else '✓'} {ratio:8.2f}  {what}{limit}", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
