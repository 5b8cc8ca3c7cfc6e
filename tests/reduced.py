"""What a reduced search says differently from the full one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modelcheck.engine.reductions.search import reduced_search
from modelcheck.engine.search import search
from modelcheck.engine.target import Limits, Target
from modelcheck.system import TransitionSystem

COMBINATIONS = ((), ("symmetry",), ("partial-order",), ("symmetry", "partial-order"))
FEW = Limits(states=3_000, seconds=1_000)


def differences(
    system: TransitionSystem, targets: Sequence[Target], combinations: Sequence[Sequence[str]] = COMBINATIONS
) -> Iterator[str]:
    """Targets that only one of them reaches, shortest traces that are not, and more states than there are.

    Nothing is said of systems with many states. Every trace is replayed where it is found.
    """
    full = search(system, targets, FEW)
    if full.stopped:
        return
    lengths = {name: len(trace) for name, trace in full.traces.items()}
    for reductions in combinations:
        reduced = reduced_search(system, targets, Limits(seconds=1_000), reductions)
        found = {name: len(trace) for name, trace in reduced.traces.items()}
        if found.keys() != lengths.keys() or reduced.complete != full.complete:
            yield f"{reductions}: {found} instead of {lengths}"
        elif "partial-order" not in reductions and found != lengths:
            yield f"{reductions}: lengths {found} instead of {lengths}"
        elif full.complete and reduced.states > full.states:
            yield f"{reductions}: {reduced.states} states instead of {full.states}"
