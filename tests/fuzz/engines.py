"""The campaign of the engines: `python -m tests.fuzz.engines 20000` puts so many random systems to all of them.

What plain search says of each target is what every other engine must say: packed search with each kind of index,
reduced search with each combination of reductions, decision diagrams, bounded model checking to the depth it reached,
k-induction and Spacer. Numbers of states agree where nothing is reduced, distances where the shortest trace is
promised, and every trace is replayed and shows what it is said to show. Of nets, soundness with and without reduction
is the same.

Cases come in batches: one kind of system and one seed. A find names its batch; `--shrink KIND SEED` makes it again, as
small as it gets. Cheap engines see all cases, those of z3 a share.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from unittest.mock import patch

from generated import choreographies, orchestrations
from generated_families import families
from generated_nets import random_net
from generated_systems import SYSTEMS
from generated_texts import random_text
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from test_bounded import systems_with_choices
from test_packed import found_after
from test_packed import targets_of as targets_of_data

from modelcheck.check.properties import state_questions
from modelcheck.check.soundness import (
    ALIVE,
    COMPLETE,
    ON_THE_WAY,
    PROPER,
    REACHABLE,
    STRUCTURE,
    asked_by_itself,
    inquire_net,
)
from modelcheck.compile import compile_model
from modelcheck.engine.bounded import bounded, confirm
from modelcheck.engine.induction import induction
from modelcheck.engine.packed import expansion, visited
from modelcheck.engine.packed import layout as layouts
from modelcheck.engine.packed import search as packed
from modelcheck.engine.packed.layout import Unpackable
from modelcheck.engine.reductions import dependence, proofs
from modelcheck.engine.reductions.columns import symmetric_search
from modelcheck.engine.reductions.search import reduced_search
from modelcheck.engine.search import asks_for, search
from modelcheck.engine.spacer import spacer
from modelcheck.engine.symbolic import symbolic
from modelcheck.engine.target import Answer, Limits, Target
from modelcheck.errors import ModelError
from modelcheck.expand import expand
from modelcheck.expressions import Resolver, to_text
from modelcheck.load import load_text
from modelcheck.results import Verdict
from modelcheck.system import TransitionSystem

BATCH = 50
FEW = Limits(states=1_500, seconds=1_000)
LONG = Limits(seconds=60)
DEPTH = 6
COMBINATIONS = ((), ("symmetry",), ("partial-order",), ("symmetry", "partial-order"))
PARTS = (COMPLETE, PROPER, ALIVE, REACHABLE, ON_THE_WAY)
PROOFS = proofs.Proofs()  # The same small questions come again and again: one memory for all cases of a process.
MANY_PROOFS = 1_000_000

Case = tuple[TransitionSystem, list[Target]]


def _whole(system: TransitionSystem) -> Case:
    return system, targets_of_data(system)


def _family(case: Case) -> Case:
    system, targets = case
    return system, [*targets, *targets_of_data(system)]


def _text(number: int) -> Case:
    design = expand(load_text(random_text(number)))
    system = compile_model(design)
    asked = [question.target for question in state_questions(design, system, Resolver())]
    named = [Target(f"property {at}", state=target.state) for at, target in enumerate(asked)]
    return system, [*named, *targets_of_data(system)]


KINDS: dict[str, st.SearchStrategy[Case]] = {
    "systems": SYSTEMS.map(_whole),
    "families": families().map(_family),
    "texts": st.integers(0, 10**9).map(_text),
    "choices": systems_with_choices().map(_whole),
    "orchestrations": orchestrations().map(compile_model).map(_whole),
    "instances": orchestrations(instances=2).map(compile_model).map(_whole),
    "choreographies": choreographies().map(compile_model).map(_whole),
}

WEIGHTS = {  # How many batches of each; small systems cost little.
    "systems": 14, "choices": 5, "choreographies": 4, "families": 2, "texts": 1, "orchestrations": 1, "instances": 1,
}  # fmt: skip


@dataclass
class Tally:
    """How many cases went to each engine, how many of them were decided whole, and what was found."""

    asked: Counter[str] = field(default_factory=Counter)
    finds: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Takes in the tally of other cases."""
        self.asked += other.asked
        self.finds += other.finds


@dataclass
class Oracle:
    """What plain search says: all states and transitions, and how far away each target is."""

    system: TransitionSystem
    targets: Sequence[Target]

    def __post_init__(self) -> None:
        self.counted = search(self.system, (), FEW)
        self.complete = self.counted.complete
        found = search(self.system, self.targets, FEW)
        self.distances = {name: found_after(trace) for name, trace in found.traces.items()}

    def denies(self, answer: Answer, exact: bool, depth: int | None = None) -> Iterator[str]:
        """What an engine says differently. exact: its traces are shortest; depth: it looked no further than that."""
        for target in self.targets:
            trace, here = answer.traces.get(target.name), self.distances.get(target.name)
            absent = answer.complete or target.name in answer.proved
            if trace is not None:
                confirm(target, trace)
                if target.claims and (trace.broken is None or not asks_for(target.claims, trace.broken)):
                    yield f"{target.name}: the trace breaks {trace.broken}"
                if absent and target.name in answer.proved:
                    yield f"{target.name}: both found and excluded"
                there = found_after(trace)
                if here is None:
                    if self.complete:
                        yield f"{target.name}: found after {there} actions, but out of reach"
                elif there < here or (exact and target.name not in answer.longer and there != here):
                    yield f"{target.name}: found after {there} actions, not {here}"
            elif here is not None and (absent or (depth is not None and here < depth)):
                yield f"{target.name}: not found, but after {here} actions"

    def decided(self, answer: Answer) -> Iterator[str]:
        """Targets that an engine without limits should have decided and has not."""
        for target in self.targets if self.complete else ():
            if target.name not in {*answer.traces, *answer.proved} and not answer.complete:
                yield f"{target.name}: left open ({answer.stopped or 'nothing said why'})"

    def counts(self, answer: Answer) -> Iterator[str]:
        """Numbers that differ from those of plain search, where both have seen everything."""
        if self.complete and not answer.complete:
            yield f"stopped: {answer.stopped}"
        elif self.complete and (answer.states, answer.transitions) != (self.counted.states, self.counted.transitions):
            there, here = (answer.states, answer.transitions), (self.counted.states, self.counted.transitions)
            yield f"{there} states and transitions, not {here}"


def _packed_kind(stack: ExitStack, kind: str, states: int) -> bool:
    """Small pieces, and limits so small that even small systems need that kind of index; whether by fingerprints."""
    piece = 3 if states < 100 else 64
    for module, name, value in (
        (expansion, "NARROW", 0), (expansion, "PIECE", piece), (packed, "PIECE", piece),
        (packed, "BATCH", 2 * piece),
    ):  # fmt: skip
        stack.enter_context(patch.object(module, name, value))
    if kind != "bitmap":
        stack.enter_context(patch.object(visited, "BITMAP_BITS", 0))
    if kind in ("hashes", "fingerprints"):
        stack.enter_context(patch.object(layouts, "WORD", 6))
    return kind == "fingerprints"


def packed_differs(oracle: Oracle, kind: str) -> Iterator[str]:
    """What packed search says differently, with one kind of index."""
    with ExitStack() as stack:
        fingerprints = _packed_kind(stack, kind, oracle.counted.states)
        try:
            answer = packed.search_rows(oracle.system, oracle.targets, FEW, fingerprints=fingerprints)
            counted = packed.search_rows(oracle.system, (), FEW, fingerprints=fingerprints)
        except (Unpackable, packed.Overflow):
            return
        yield from oracle.counts(counted)
        yield from oracle.denies(answer, exact=True)


def reduced_differs(oracle: Oracle, reductions: Sequence[str]) -> Iterator[str]:
    """What reduced search says differently."""
    if not oracle.complete:
        return
    answer = reduced_search(oracle.system, oracle.targets, LONG, reductions)
    yield from oracle.denies(answer, exact="partial-order" not in reductions)
    yield from oracle.decided(answer)
    if answer.complete and answer.states > oracle.counted.states:
        yield f"{answer.states} states instead of {oracle.counted.states}"
    if len(reductions) == 2:  # Each alone leaves more to reduce.
        target = oracle.targets[oracle.counted.states % len(oracle.targets)]
        alone = reduced_search(oracle.system, [target], LONG, reductions)
        if (target.name in alone.traces) != (target.name in oracle.distances):
            yield f"{target.name} alone: {alone.stopped or 'the other verdict'}"


def symmetric_differs(oracle: Oracle) -> Iterator[str]:
    """What symmetry over packed states says differently."""
    with ExitStack() as stack:
        _packed_kind(stack, "bitmap", oracle.counted.states)
        try:
            answer = symmetric_search(oracle.system, oracle.targets, FEW)
        except (Unpackable, packed.Overflow):
            return
        if answer is not None:
            yield from oracle.denies(answer, exact=True)
            yield from oracle.decided(answer)


def diagrams_differ(oracle: Oracle) -> Iterator[str]:
    """What decision diagrams say differently."""
    counted = symbolic(oracle.system, (), Limits(seconds=30))
    if counted.complete:
        yield from oracle.counts(counted)
        answer = symbolic(oracle.system, oracle.targets, Limits(seconds=30))
        yield from oracle.denies(answer, exact=True)
        yield from oracle.decided(answer)


def bounded_differs(oracle: Oracle) -> Iterator[str]:
    """What bounded model checking says differently, to the depth it reached."""
    answer = bounded(oracle.system, oracle.targets, Limits(depth=DEPTH, seconds=2))
    yield from oracle.denies(answer, exact=True, depth=answer.depth)


def induction_differs(oracle: Oracle) -> Iterator[str]:
    """What k-induction says differently."""
    answer = induction(oracle.system, oracle.targets, Limits(depth=8, seconds=1))
    yield from oracle.denies(answer, exact=True)


def spacer_differs(oracle: Oracle) -> Iterator[str]:
    """What Spacer says differently."""
    yield from oracle.denies(spacer(oracle.system, oracle.targets, Limits(seconds=1)), exact=False)


Check = Callable[[Oracle], Iterator[str]]
ENGINES: dict[str, tuple[int, Check]] = {  # One case in so many.
    **{
        f"packed, {kind}": (4, lambda oracle, kind=kind: packed_differs(oracle, kind))  # type: ignore[misc]
        for kind in ("bitmap", "runs", "hashes", "fingerprints")
    },
    **{
        " and ".join(names) or "no reduction": (1, lambda oracle, names=names: reduced_differs(oracle, names))  # type: ignore[misc]
        for names in COMBINATIONS
    },
    "packed, symmetric": (1, symmetric_differs),
    "diagrams": (5, diagrams_differ),
    "bounded": (20, bounded_differs),
    "induction": (20, induction_differs),
    "spacer": (40, spacer_differs),
}


def judge(case: Case, number: int | None, tally: Tally) -> Iterator[str]:
    """What the engines say differently of one system; the number decides which of them are asked (None: all)."""
    system, targets = case
    unique = list({target.name: target for target in targets}.values())
    oracle = Oracle(system, unique)
    tally.asked["plain"] += 1
    tally.asked["plain, all states"] += oracle.complete
    for at, (name, (share, check)) in enumerate(ENGINES.items()):
        if number is None or (number + at) % share == 0:
            tally.asked[name] += 1
            try:
                yield from (f"{name}: {what}" for what in check(oracle))
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                yield f"{name}: {type(error).__name__}: {error} ({where.filename}:{where.lineno})"[:400]


def told(system: TransitionSystem) -> str:
    """A system for people, in a few lines."""
    lines = [f"  {each.name}: {each.type}, initially {each.initial}" for each in system.variables]
    for action in system.actions:
        effect = ", ".join(f"{name}: {to_text(value)}" for name, value in action.updates.items())
        chosen = " ".join(f"any {each.name} {each.type}" for each in action.parameters)
        lines.append(f"  {action.name} {chosen} when {to_text(action.guard)}: {effect}")
    return "\n".join([*lines, f"  finished: {to_text(system.finished)}"])


def run_batch(kind: str, begin: int, shrink: bool = False) -> Tally:
    """The tally of a batch; `shrink` raises for what is found, as small as it gets."""
    if kind == "nets":
        return run_nets(range(begin * BATCH, (begin + 1) * BATCH))
    tally, number = Tally(), 0
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)

    @seed(begin)
    @settings(max_examples=BATCH, deadline=None, database=None, phases=phases, suppress_health_check=list(HealthCheck))
    @given(KINDS[kind])
    def cases(case: Case) -> None:
        nonlocal number
        number += 1
        with patch.object(dependence, "Proofs", lambda: PROOFS), patch.object(proofs, "MOST_ASKED", MANY_PROOFS):
            found = list(judge(case, None if shrink else begin * BATCH + number, tally))
        if found and shrink:
            raise AssertionError("\n".join([told(case[0]), *found]))
        tally.finds += [f"{kind} {begin}: {case[0].name}: {what}" for what in found]

    cases()
    return tally


def run_nets(numbers: range) -> Tally:
    """Whether nets are as sound reduced as they are whole; a net that has no bounds is left open by both."""
    tally = Tally()
    limits = Limits(states=2_000)
    for number in numbers:
        net = random_net(number, size=3 + number % 6)
        tally.asked["nets"] += 1
        if not asked_by_itself(net):
            continue
        try:
            system = compile_model(net)
        except ModelError:  # Disturbed too much: it is no net any more.
            continue
        try:
            whole = inquire_net(net, system, limits, frozenset())
            for few in (0, 20_000):
                small = inquire_net(net, system, limits, STRUCTURE, few)
                for part in PARTS:
                    said = {whole.part(part).verdict, small.part(part).verdict}
                    tally.asked[f"nets, {part}: {' and '.join(sorted(map(str, said)))}"] += few == 0
                    if {Verdict.PROVED, Verdict.REFUTED} <= said:
                        tally.finds.append(f"nets {number}: {part}: whole and reduced say different things")
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            tally.finds.append(f"nets {number}: {type(error).__name__}: {error} ({where.filename}:{where.lineno})")
    return tally


def main() -> int:
    """Runs a campaign, or shows what was found, as small as it gets."""
    parser = argparse.ArgumentParser(description="On random systems the engines must never disagree.")
    parser.add_argument("cases", type=int, nargs="?", default=20_000, help="how many systems, and half as many nets")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the seed of the first batches")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    parser.add_argument("--seconds", type=float, metavar="S", help="begin no batch after so long")
    parser.add_argument("--kind", choices=(*KINDS, "nets"), action="append", help="only systems of this kind")
    parser.add_argument("--shrink", nargs=2, metavar=("KIND", "SEED"), help="make a batch again")
    chosen = parser.parse_args()
    if chosen.shrink:
        print(*run_batch(chosen.shrink[0], int(chosen.shrink[1]), shrink=True).finds, sep="\n")
        return 0
    kinds = chosen.kind or [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]
    batches = -(-chosen.cases // BATCH)
    work = [(kinds[at % len(kinds)], chosen.first + at) for at in range(batches)]
    if not chosen.kind:
        work += [("nets", chosen.first + at) for at in range(batches // 2)]
    chance = random.Random(chosen.first)
    chance.shuffle(work)  # So that what is done so far is a fair part of the whole.
    began, whole, shown = time.monotonic(), Tally(), 0
    with ProcessPoolExecutor(chosen.processes) as pool:
        for done, tally in enumerate(pool.map(run_batch, *zip(*work, strict=True)), 1):
            whole.add(tally)
            print(*whole.finds[shown:], sep="\n", end="\n" * (len(whole.finds) > shown), flush=True)
            shown, spent = len(whole.finds), time.monotonic() - began
            if done % 20 == 0 or done == len(work):
                print(f"{done} of {len(work)} batches, {shown} finds, {spent:.0f} s", flush=True)
            if chosen.seconds is not None and spent > chosen.seconds:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    for name, number in whole.asked.items():
        print(f"{number:>9,}  {name}")
    return 1 if whole.finds else 0


if __name__ == "__main__":
    sys.exit(main())
