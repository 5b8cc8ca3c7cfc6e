"""Which engine answers: the one that is asked for, the one that fits, or all that apply, compared with each other.

`auto` begins with what is cheapest and goes on with what is left: the search that sees every state where these are few
enough, decision diagrams where they are many, induction and Spacer where the data have no bounds, and at last whatever
the limits still allow of a search. Each answer names the engine that gave it, and says what stopped those before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ..system import TransitionSystem
from .packed.search import packed_search
from .search import search
from .target import MOST_UNROLLED, Answer, Limits, Progress, Target

Engine = Callable[[TransitionSystem, Sequence[Target], Limits], Answer]

REDUCTIONS = ("symmetry", "partial-order", "structure")
EXPLICIT = ("search", "plain", "symbolic")  # These need first values that can be listed.
FIRST_STATES = 2_000_000  # A search that comes to an end before does so in a few seconds.


class Disagreement(Exception):
    """Two engines say different things of one target: one of them is wrong. Never a user's fault."""


@dataclass(frozen=True)
class Strategy:
    """How questions about states are answered.

    engine: a name of `ENGINES`. reductions: those of `REDUCTIONS` that may be used. fingerprints: wide states are told
    apart by hashes of 64 bits. progress: is told how far a search has come.
    """

    engine: str = "auto"
    reductions: frozenset[str] = frozenset(REDUCTIONS)
    fingerprints: bool = False
    progress: Progress | None = field(default=None, compare=False)

    def ask(self, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
        """What the engine says of each target. Raises `Disagreement` where several say different things."""
        return ENGINES[self.engine](self, system, targets, limits)


def _plain(strategy: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    return search(system, targets, limits, strategy.progress)


def _search(strategy: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    return packed_search(system, targets, limits, strategy.progress, strategy.fingerprints)


def _bounded(_: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    from .bounded import bounded

    if len(system.variables) > MOST_UNROLLED:  # z3 would take too long to be told of a single step.
        stopped = f"{len(system.variables):,} variables are too many to unroll"
        return Answer({}, False, stopped, method="not searched")
    return bounded(system, targets, limits)


def _symbolic(_: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    from .symbolic import symbolic

    return symbolic(system, targets, limits)


def _induction(_: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    from .induction import induction

    return induction(system, targets, limits)


def _spacer(_: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    from .spacer import spacer

    return spacer(system, targets, limits)


def _auto(strategy: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    """The engines one after the other, each with what those before have left open."""
    known = Known(targets, limits)
    if not system.enumerable:
        for engine, share in ((_induction, 0.3), (_spacer, 0.5), (_bounded, 1.0)):
            known.ask(partial(engine, strategy), system, share)
        return known.answer
    first = min(limits.states, FIRST_STATES)
    known.ask(partial(_search, strategy), system, 0.3, states=first)
    if known.answer.stopped in ("states", "seconds", "memory") and first < limits.states:
        known.ask(partial(_symbolic, strategy), system, 0.4)
        known.ask(partial(_induction, strategy), system, 0.2)
        known.ask(partial(_search, strategy), system, 1.0)
    return known.answer


class Known:
    """What several engines have said, one after the other; `answer` is all of it in one."""

    def __init__(self, targets: Sequence[Target], limits: Limits):
        self.left, self.limits = list(targets), limits
        self.started = time.monotonic()
        self.answer = Answer({}, False)
        self.decided = False

    def ask(self, engine: Engine, system: TransitionSystem, share: float, states: int | None = None) -> None:
        """Put what is open to one more engine, which may take a share of the seconds that are left."""
        if self.decided:
            return
        left = self.limits.seconds - (time.monotonic() - self.started)
        limits = replace(self.limits, seconds=max(0.0, left * share), states=states or self.limits.states)
        given = engine(system, self.left, limits)
        before, self.answer = self.answer, merged(self.answer, given)
        known = {*self.answer.traces, *self.answer.proved}
        asked, self.left = self.left, [target for target in self.left if target.name not in known]
        self.decided = given.complete or (bool(asked) and not self.left) or given.stopped == "interrupted"
        if not self.decided and before.method:  # What ended the first search is what a reader can change.
            self.answer = replace(self.answer, stopped=before.stopped)


def merged(before: Answer, given: Answer) -> Answer:
    """What two engines have said, one after the other; the figures are those of the one that saw more states."""
    further = given if given.complete or given.states >= before.states else before
    found_by = {**before.found_by, **dict.fromkeys(given.traces, given.method)}
    return replace(
        further,
        traces={**before.traces, **given.traces},
        proved={**before.proved, **given.proved},
        found_by=found_by,
        complete=given.complete,
        seconds=before.seconds + given.seconds,
        notes={**before.notes, **given.notes},
    )


def _all(strategy: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    """Every engine that applies, on all targets; what they say must be the same."""
    names = [*(EXPLICIT if system.enumerable else ()), "bounded", "induction", "spacer"]
    share = replace(limits, seconds=limits.seconds / len(names))
    answers = {name: ENGINES[name](strategy, system, targets, share) for name in names}
    for target in targets:
        _must_agree(system, target, answers)
    counts = {name: each.states for name, each in answers.items() if each.complete and each.states and not each.reduced}
    if not targets and len(set(counts.values())) > 1:
        raise Disagreement(f"{system.name}: the numbers of states differ: {_listed(counts)}")
    total = Answer({}, False)
    for each in sorted(answers.values(), key=lambda answer: answer.complete):
        total = merged(total, each)
    return replace(total, method=f"{total.method}; also {', '.join(answers)}")


def _must_agree(system: TransitionSystem, target: Target, answers: Mapping[str, Answer]) -> None:
    said = {name: verdict for name, answer in answers.items() if (verdict := _verdict(target, answer))}
    if len(set(said.values())) > 1:
        raise Disagreement(f"{system.name}: the engines disagree about '{target.name}': {_listed(said)}")


def _verdict(target: Target, answer: Answer) -> str:
    if target.name in answer.traces:
        return "reached"
    return "not reachable" if answer.complete or target.name in answer.proved else ""


def _listed(said: Mapping[str, object]) -> str:
    return ", ".join(f"{name} says {what}" for name, what in said.items())


ENGINES: Mapping[str, Callable[..., Answer]] = {
    "auto": _auto, "all": _all, "search": _search, "plain": _plain, "symbolic": _symbolic,
    "bounded": _bounded, "induction": _induction, "spacer": _spacer,
}  # fmt: skip
