"""Which engine answers: the one that is asked for, the one that fits, or all that apply, compared with each other.

`auto` begins with what is cheapest and goes on with what is left: the search that sees every state where these are few
enough, then one order of what is independent, decision diagrams, induction, and at last whatever the limits still allow
of a search; where the data have no bounds, induction, Spacer and bounded model checking. Each answer names the engine
that gave it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from ..expressions import domain
from ..system import TransitionSystem
from .packed.layout import Overflow, Unpackable
from .packed.search import is_large, packed_search
from .search import search
from .target import MOST_UNROLLED, Answer, Limits, Progress, Target

REDUCTIONS = ("symmetry", "partial-order", "structure")
EXPLICIT = ("search", "plain", "symbolic")  # These need first values that can be listed.
FIRST_STATES, FEWER_STATES, FEW_STATES = 2_000_000, 200_000, 20_000  # A search that ends before takes a few seconds.
BYTES_A_NODE = 400  # Of a decision diagram, with its place in the tables.
OUT_OF = ("states", "memory", "seconds")


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
    """Every state, plainly while they are few; then packed, of symmetric ones one. What is too much even so is searched
    in one order of what is independent: traces are no shortest ones then."""
    known = Known(targets, limits)
    known.ask(partial(search, progress=strategy.progress, until=is_large), system)
    if known.answer.stopped != "large":
        return known.answer
    again = "partial-order" in strategy.reductions and bool(targets)
    known.ask(partial(_packed, strategy), system, 0.6 if again else 1.0)
    if again and known.answer.stopped in OUT_OF:
        known.ask(partial(_ordered, strategy), system)
    return known.answer


def _packed(strategy: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    """Packed states, with symmetry where there is any that no target can tell."""
    if "symmetry" in strategy.reductions and targets:
        from .reductions.columns import symmetric_search

        with suppress(Unpackable, Overflow):
            answer = symmetric_search(system, targets, limits, strategy.progress)
            if answer is not None:
                return answer
    return packed_search(system, targets, limits, strategy.progress, strategy.fingerprints)


def _ordered(strategy: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    """One order of what is independent, and whatever else may be left out."""
    from .reductions.search import reduced_search

    return reduced_search(system, targets, limits, strategy.reductions - {"structure"}, strategy.progress)


def _bounded(_: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    from .bounded import bounded

    return bounded(system, targets, limits) if len(system.variables) <= MOST_UNROLLED else _too_wide(system)


def _symbolic(_: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    from .symbolic import symbolic

    return symbolic(system, targets, limits, nodes=limits.memory // BYTES_A_NODE)


def _induction(_: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    from .induction import induction

    return induction(system, targets, limits) if len(system.variables) <= MOST_UNROLLED else _too_wide(system)


def _spacer(_: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    from .spacer import spacer

    return spacer(system, targets, limits) if len(system.variables) <= MOST_UNROLLED else _too_wide(system)


def _too_wide(system: TransitionSystem) -> Answer:
    """No answer about a system that z3 would take too long to be told of."""
    return Answer({}, False, f"{len(system.variables):,} variables are too many to unroll", method="not searched")


def _auto(strategy: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    """The engines one after the other, each with what those before have left open."""
    known = Known(targets, limits)
    if not system.enumerable:
        for engine, share in ((_induction, 0.1), (_spacer, 0.2), (_bounded, 1.0)):
            known.ask(partial(engine, strategy), system, share)
        return known.answer
    finite = _is_finite(system)
    if finite:
        known.ask(partial(search, progress=strategy.progress, until=is_large), system)
        if known.answer.stopped != "large":
            return known.answer
    first = FIRST_STATES if finite else FEW_STATES
    known.ask(partial(_packed, strategy), system, 0.15, first)
    if known.answer.stopped in OUT_OF and "partial-order" in strategy.reductions and targets:
        known.ask(
            partial(_ordered, strategy), system, 0.4, FEWER_STATES if finite or _has_actors(system) else FEW_STATES
        )
    if known.answer.stopped not in OUT_OF or limits.states <= first:
        return known.answer
    known.ask(partial(_symbolic if finite else _induction, strategy), system, 0.4)
    known.ask(partial(_induction if finite else _spacer, strategy), system, 0.4)
    known.ask(partial(_packed, strategy), system, states=None if finite else FIRST_STATES)
    return known.answer


def _is_finite(system: TransitionSystem) -> bool:
    return all(domain(variable.type) is not None for variable in system.variables)


def _has_actors(system: TransitionSystem) -> bool:
    """Whether there is an order of what several do."""
    return len({action.process for action in system.actions}) > 1


class Known:
    """What several engines have said, one after the other; `answer` is all of it in one."""

    def __init__(self, targets: Sequence[Target], limits: Limits):
        self.left, self.limits = list(targets), limits
        self.started = time.monotonic()
        self.answer = Answer({}, False)
        self.decided = False

    def ask(
        self, engine: Callable[..., Answer], system: TransitionSystem, share: float = 1.0, states: int | None = None
    ) -> None:
        """Put what is open to one more engine, which may take a share of the seconds left, and so many states."""
        if self.decided:
            return
        left = self.limits.seconds - (time.monotonic() - self.started)
        most = min(self.limits.states, states or self.limits.states)
        given = engine(system, self.left, replace(self.limits, seconds=max(0.0, left * share), states=most))
        self.answer = merged(self.answer, given)
        known = {*self.answer.traces, *self.answer.proved}
        asked, self.left = self.left, [target for target in self.left if target.name not in known]
        self.decided = given.complete or (bool(asked) and not self.left) or given.stopped == "interrupted"


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
        stopped=given.stopped,
        depth=max(before.depth, given.depth),
        longer=before.longer | given.longer,
        seconds=before.seconds + given.seconds,
        notes={**before.notes, **given.notes},
    )


def _all(strategy: Strategy, system: TransitionSystem, targets: Sequence[Target], limits: Limits) -> Answer:
    """Every engine that applies, on all targets; what they say must be the same."""
    names = [*(EXPLICIT if system.enumerable else ()), "bounded", "induction", "spacer"]
    share = replace(limits, seconds=limits.seconds / len(names))
    answers = {name: ENGINES[name](strategy, system, targets, share) for name in names}
    agreed = {target.name: _agreed(system, target, answers) for target in targets}
    counts = {name: each.states for name, each in answers.items() if each.complete and each.states and not each.reduced}
    if not targets and len(set(counts.values())) > 1:
        raise Disagreement(f"{system.name}: the numbers of states differ: {_listed(counts)}")
    best = max(answers.values(), key=lambda answer: (answer.complete, answer.states))
    finders = {name: [each for each in answers.values() if name in each.traces] for name in agreed}
    traces = {name: min((each.traces[name] for each in found), key=len) for name, found in finders.items() if found}
    return replace(
        best,
        traces=traces,
        proved={name: said for name, said in agreed.items() if name not in traces and said},
        found_by={name: agreed[name] for name in traces},
        longer=frozenset(name for name in traces if all(name in each.longer for each in finders[name])),
        notes={key: text for each in answers.values() for key, text in each.notes.items()},
    )


def _agreed(system: TransitionSystem, target: Target, answers: Mapping[str, Answer]) -> str:
    """Who has an answer about a target, in words; nothing where nobody has."""
    said = {name: verdict for name, answer in answers.items() if (verdict := _verdict(target, answer))}
    if len(set(said.values())) > 1:
        raise Disagreement(f"{system.name}: the engines disagree about '{target.name}': {_listed(said)}")
    return f"agreed by {', '.join(said)}" if said else ""


def _verdict(target: Target, answer: Answer) -> str:
    if target.name in answer.traces:
        return "it is reached"
    return "it cannot be" if answer.complete or target.name in answer.proved else ""


def _listed(said: Mapping[str, object]) -> str:
    return ", ".join(f"{name} says {what}" for name, what in said.items())


ENGINES: Mapping[str, Callable[..., Answer]] = {
    "auto": _auto, "all": _all, "search": _search, "plain": _plain, "symbolic": _symbolic,
    "bounded": _bounded, "induction": _induction, "spacer": _spacer,
}  # fmt: skip
