"""Structural reduction: each rule by an example, and random nets are sound exactly where the reduced ones are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from importlib import import_module

import pytest
from generated_nets import random_net

from modelcheck.check.soundness import (
    ALIVE,
    COMPLETE,
    ON_THE_WAY,
    PROPER,
    REACHABLE,
    STRUCTURE,
    Inquiry,
    asked_by_itself,
    inquire_net,
)
from modelcheck.compile import compile_model
from modelcheck.engine.search import search
from modelcheck.engine.state_graph import explore
from modelcheck.engine.target import Limits, Target
from modelcheck.model import Net, NetTransition, Place
from modelcheck.net.bounds import structural_bounds
from modelcheck.net.reduction import reduce_net
from modelcheck.results import Verdict
from modelcheck.trace import replay

PARTS = (COMPLETE, PROPER, ALIVE, REACHABLE, ON_THE_WAY)
LIMITS = Limits(states=2_000)
DECIDED = {Verdict.PROVED, Verdict.REFUTED}


def net(transitions: str, final: tuple[dict[str, int], ...] = (), **tokens: int) -> Net:
    """A net from lines `name: a b 2*c -> d`; all places are empty but `i`, which has one token, and those given."""
    found: dict[str, NetTransition] = {}
    for line in transitions.strip().splitlines():
        name, _, arcs = line.strip().partition(":")
        takes, gives = ({}, {})
        for side, words in zip((takes, gives), arcs.split("->"), strict=True):
            for word in words.split():
                number, _, place = word.rpartition("*")
                side[place] = int(number or 1)
        found[name] = NetTransition(takes=takes, gives=gives)
    names = dict.fromkeys(place for each in found.values() for place in (*each.takes, *each.gives))
    places = {name: Place(tokens=tokens.get(name, int(name == "i"))) for name in names}
    return Net(name="n", places=places, transitions=found, final=final)


def parallel(branches: int) -> Net:
    """Branches of one step each, between a fork and a join."""
    names = range(branches)
    steps = "\n".join(f"t{j}: a{j} -> b{j}" for j in names)
    before, after = (" ".join(f"{x}{j}" for j in names) for x in "ab")
    return net(f"fork: i -> {before}\n{steps}\njoin: {after} -> o")


@pytest.mark.parametrize(
    ("text", "rule", "left"),
    [
        ("t: i -> p\nu: p -> o", "fuse forwards", 0),
        ("r: i -> a\ns: i -> b\nt: a b -> p\nu: p -> o\nv: p -> o2", "fuse backwards", 4),
        ("t: i i2 -> o\nu: i i2 -> o\nv: i -> o i2", "parallel transitions", 2),
        ("t: i -> p q o2\nu: p q o2 -> o", "parallel places", 0),
        ("t: i j -> o\nu: i -> i\nv: j -> j i", "idle transitions", 2),
    ],
)
def test_each_rule(text: str, rule: str, left: int) -> None:
    reduction = reduce_net(net(text))
    assert reduction.applied[rule] >= 1
    assert len(reduction.net.transitions) == left


def test_an_idle_place_is_one_that_is_given_back() -> None:
    text = "t: i j r -> p r\nu: i p -> o"
    assert "r" not in reduce_net(net(text, ({"o": 1, "r": 1},), r=1)).net.places
    assert "r" in reduce_net(net(text, ({"o": 1},), r=1)).net.places
    assert "r" in reduce_net(net(text, ({"o": 1, "r": 0},), r=0)).net.places


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("t: i -> o\nu: p -> q\nv: q -> o", "nothing gives to p: that u is dead must not be forgotten"),
        ("t: i -> o p\nu: p -> ", "u gives nothing: what is left on p must be seen"),
        ("t: i -> p\nu: p -> o\nv: p -> o p2\nw: p p2 -> o", "somebody else takes from the place"),
        ("t: i -> a b\nu: a -> c\nv: a b -> o\nw: c -> o\nx: c b -> o", "somebody else takes what the producer takes"),
    ],
)
def test_where_a_rule_must_not_apply(text: str, why: str) -> None:
    given = net(text)
    assert _verdicts(inquire_net(given, compile_model(given), LIMITS, STRUCTURE)) == _verdicts(
        inquire_net(given, compile_model(given), LIMITS, frozenset())
    ), why


def test_a_run_of_the_small_net_is_a_run_of_the_whole() -> None:
    given = net("a: i -> p q\nb: p -> r\nc: q -> s\nd: r s -> t\ne: t s -> o")
    reduction = reduce_net(given)
    system = compile_model(given)
    number = {action.name: place for place, action in enumerate(system.actions)}
    state = next(iter(system.initial_states()))
    for name in reduction.lifted(list(reduction.net.transitions)[:1]):
        (state,) = system.plain[number[name]].successors(state)


def _verdicts(inquiry: Inquiry) -> dict[str, Verdict]:
    return {part: inquiry.part(part).verdict for part in PARTS}


def compared(seeds: range, size: int, few: int) -> Counter[tuple[str, Verdict]]:
    """How often each verdict came, after comparing those with and without reduction and looking at each run."""
    seen: Counter[tuple[str, Verdict]] = Counter()
    for seed in seeds:
        given = random_net(seed, size)
        if not asked_by_itself(given):
            continue
        system = compile_model(given)
        whole = inquire_net(given, system, LIMITS, frozenset())
        small = inquire_net(given, system, LIMITS, STRUCTURE, few)
        for name in PARTS:
            one, other = whole.part(name), small.part(name)
            if {one.verdict, other.verdict} <= DECIDED:
                assert one.verdict == other.verdict, (seed, name, one.reason, other.reason)
            seen[name, other.verdict] += 1
            if other.trace is not None:
                assert other.trace.system is system
                assert replay(other.trace)
            if name == COMPLETE and other.trace is not None:
                last = zip(system.variables, other.trace.states[-1], strict=True)
                beyond = replace(system, variables=tuple(replace(each, initial=(value,)) for each, value in last))
                reached = search(beyond, [Target("end", state=system.finished)], LIMITS)
                assert not reached.traces, (seed, "the end can still be reached")
    return seen


@pytest.mark.parametrize("few", [0, 20_000])
@pytest.mark.parametrize("first", range(0, 300, 75))
def test_random_nets_are_sound_where_the_reduced_ones_are(first: int, few: int) -> None:
    """With `few` = 0 the runs of the reduced net are told, of the whole net."""
    seen = compared(range(first, first + 75), 5, few)
    for name in PARTS:
        assert seen[name, Verdict.PROVED] > 10
        assert seen[name, Verdict.REFUTED] > 5


def test_reduction_finds_work_in_random_nets() -> None:
    applied: Counter[str] = Counter()
    for seed in range(400):
        applied.update(reduce_net(random_net(seed)).applied)
    assert min(applied.values()) >= 3
    assert len(applied) == 6


@pytest.mark.parametrize("branches", [20, 200])
def test_parallel_branches_reduce_to_nothing(branches: int) -> None:
    reduction = reduce_net(parallel(branches))
    assert (list(reduction.net.places), list(reduction.net.transitions)) == (["o"], [])
    assert reduction.net.initial == {"o": 1}
    given = parallel(branches)
    system = compile_model(given)
    assert set(_verdicts(inquire_net(given, system, Limits(states=10), STRUCTURE)).values()) == {Verdict.PROVED}


@pytest.mark.parametrize("branches", [1, 4, 12])
def test_without_reductions_there_are_all_interleavings(branches: int) -> None:
    """Each branch is before or after its step, 2^k; and there are the markings before the fork and after the join."""
    given = parallel(branches)
    asked = inquire_net(given, compile_model(given), Limits(), frozenset())
    assert asked.part(COMPLETE).verdict == Verdict.PROVED
    assert asked.statistics["states"] == 2**branches + 2


def test_bounds_are_never_exceeded() -> None:
    bounded = 0
    for seed in range(150):
        given = random_net(seed)
        bounds = structural_bounds(given)
        bounded += bool(bounds)
        graph = explore(compile_model(given), Limits(states=300))
        for state in graph.states:
            for name, value in zip(given.places, state, strict=True):
                assert 0 <= value <= bounds.get(name, value), (seed, name)
    assert bounded > 50
    assert structural_bounds(net("t: i -> i p\nu: i -> o")) == {}


def test_the_module_of_the_rules_knows_no_engine() -> None:
    assert "engine" not in vars(import_module("modelcheck.net.reduction"))
