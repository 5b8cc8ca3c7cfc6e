"""Structural reduction of nets: a smaller net that is sound exactly where the whole one is, found without any search.

Each rule keeps, in both directions: whether every reachable marking can still complete, whether one is left behind (see
`left_behind`), whether tokens can pile up, whether every transition can happen at all, and whether on a way to the end.
Places of final markings, and of the end in general, are never taken out, except twins of each other.

- `fuse forwards`: a place whose only consumer takes just one token from just that place. Whoever gives to the place
  gives to where the consumer would put it (series fusion of places, Murata 1989; the abstraction rule of Desel & Esparza
  1995; post-agglomeration, Berthelot 1987). In a run that completes the place is empty again, and its consumer can go as
  soon as its token is there: that only makes tokens arrive sooner.
- `fuse backwards`: a place, empty at the start, whose only producer gives just one token to just that place, and nobody
  else takes what that producer takes. Each consumer takes what the producer took (series fusion of transitions;
  pre-agglomeration). The producer can wait until its token is used: nobody else can use what it leaves.
- `parallel transitions`: two that take and give the same (fusion of parallel transitions).
- `parallel places`: two with the same tokens, givers and takers (fusion of parallel places).
- `idle transitions`: one that gives back what it takes (elimination of self-loop transitions), if another that takes
  as much, or gives as much, or the first marking, shows that it can happen.
- `idle places`: a place that each of its transitions gives back to, with enough tokens for all, and as many at the end
  (elimination of self-loop places).

What each transition of the small net stands for is kept as a sequence of transitions of the whole net, so that its runs
are runs of the whole net (`Reduction.lifted`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..model import Net, NetTransition, Place

LONGEST_SEQUENCE = 10_000  # A transition that would stand for more is left as it is.


@dataclass(frozen=True)
class Reduction:
    """A smaller net, and how it speaks of the whole one.

    sinks: where the end is, if no final markings are given. before: what happens in the whole net before the first
    marking of the small one. meaning: what each of its transitions stands for. applied: how often each rule was used.
    """

    whole: Net
    net: Net
    sinks: tuple[str, ...]
    before: tuple[str, ...]
    meaning: dict[str, tuple[str, ...]]
    applied: dict[str, int]

    def lifted(self, run: Iterable[str]) -> list[str]:
        """A run of the small net as a run of the whole net."""
        return [*self.before, *(name for each in run for name in self.meaning[each])]


def reduce_net(net: Net) -> Reduction:
    """The net after all rules, as often as any of them applies."""
    work = _Work(net)
    rules: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("fuse forwards", work.fuse_forwards),
        ("fuse backwards", work.fuse_backwards),
        ("parallel transitions", work.drop_parallel_transitions),
        ("parallel places", work.drop_parallel_places),
        ("idle transitions", work.drop_idle_transitions),
        ("idle places", work.drop_idle_places),
    )
    applied: dict[str, int] = {}
    while any([_counted(name, rule, applied) for name, rule in rules]):  # Each once a round: no short cut.
        pass
    return work.reduction(applied)


def _counted(name: str, rule: Callable[[], bool], applied: dict[str, int]) -> bool:
    count = 0
    while rule():
        count += 1
    if count:
        applied[name] = applied.get(name, 0) + count
    return count > 0


class _Work:
    """The net while it shrinks. Each rule works through the whole net once and says whether it changed anything."""

    def __init__(self, net: Net):
        self.whole = net
        self.tokens = {name: place.tokens for name, place in net.places.items()}
        self.takes = {name: dict(each.takes) for name, each in net.transitions.items()}
        self.gives = {name: dict(each.gives) for name, each in net.transitions.items()}
        self.takers: dict[str, set[str]] = {name: set() for name in net.places}
        self.givers: dict[str, set[str]] = {name: set() for name in net.places}
        for name in net.transitions:
            self.connect(name)
        self.meaning = {name: (name,) for name in net.transitions}
        self.before: list[str] = []
        self.sinks = net.sinks
        self.at_the_end = {place for marking in net.final for place, number in marking.items() if number} or set(
            net.sinks
        )

    def connect(self, transition: str) -> None:
        for place in self.takes[transition]:
            self.takers[place].add(transition)
        for place in self.gives[transition]:
            self.givers[place].add(transition)

    def disconnect(self, transition: str) -> None:
        for place in self.takes[transition]:
            self.takers[place].discard(transition)
        for place in self.gives[transition]:
            self.givers[place].discard(transition)

    def drop_transition(self, name: str) -> None:
        self.disconnect(name)
        del self.takes[name], self.gives[name], self.meaning[name]

    def drop_place(self, name: str) -> None:
        for transition in self.takers.pop(name):
            del self.takes[transition][name]
        for transition in self.givers.pop(name):
            del self.gives[transition][name]
        del self.tokens[name]
        self.at_the_end.discard(name)

    def in_order(self, names: set[str]) -> list[str]:
        """Names of a set in an order that does not depend on hashing."""
        return sorted(names)

    def fuse_forwards(self) -> bool:
        return any([self.fuse_forward(place) for place in list(self.tokens)])

    def fuse_forward(self, place: str) -> bool:
        if place not in self.tokens or place in self.at_the_end or len(self.takers[place]) != 1:
            return False
        (taker,) = self.takers[place]
        if self.takes[taker] != {place: 1} or not self.gives[taker] or place in self.gives[taker]:
            return False
        number = self.tokens[place]
        if not number and not self.givers[place]:
            return False  # The taker never happens: that must not be forgotten.
        meaning, given = self.meaning[taker], self.gives[taker]
        if len(self.before) + number * len(meaning) > LONGEST_SEQUENCE or any(
            len(self.meaning[each]) + self.gives[each][place] * len(meaning) > LONGEST_SEQUENCE
            for each in self.givers[place]
        ):
            return False
        self.before += meaning * number
        for following, weight in given.items():
            self.tokens[following] += number * weight
        for giver in self.in_order(self.givers[place]):
            times = self.gives[giver][place]
            self.meaning[giver] += meaning * times
            for following, weight in given.items():
                self.gives[giver][following] = self.gives[giver].get(following, 0) + times * weight
                self.givers[following].add(giver)
        self.drop_transition(taker)
        self.drop_place(place)
        return True

    def fuse_backwards(self) -> bool:
        return any([self.fuse_backward(place) for place in list(self.tokens)])

    def fuse_backward(self, place: str) -> bool:
        if place not in self.tokens or place in self.at_the_end or self.tokens[place] or len(self.givers[place]) != 1:
            return False
        (giver,) = self.givers[place]
        needed, takers = self.takes[giver], self.takers[place]
        alone = all(self.takers[each] == {giver} and each not in self.at_the_end for each in needed)
        if self.gives[giver] != {place: 1} or not needed or not takers or giver in takers or not alone:
            return False
        meaning = self.meaning[giver]
        if any(self.takes[each][place] != 1 for each in takers):
            return False
        if any(len(self.meaning[each]) + len(meaning) > LONGEST_SEQUENCE for each in takers):
            return False
        for taker in self.in_order(takers):
            self.meaning[taker] = meaning + self.meaning[taker]
            for each, weight in needed.items():
                self.takes[taker][each] = self.takes[taker].get(each, 0) + weight
                self.takers[each].add(taker)
        self.drop_transition(giver)
        self.drop_place(place)
        return True

    def drop_parallel_transitions(self) -> bool:
        groups: dict[object, list[str]] = defaultdict(list)
        for name in self.takes:
            groups[_arcs(self.takes[name]), _arcs(self.gives[name])].append(name)
        more = [name for group in groups.values() for name in group[1:]]
        for name in more:
            self.drop_transition(name)
        return bool(more)

    def drop_parallel_places(self) -> bool:
        groups: dict[object, list[str]] = defaultdict(list)
        for name, tokens in self.tokens.items():
            taken = frozenset((each, self.takes[each][name]) for each in self.takers[name])
            given = frozenset((each, self.gives[each][name]) for each in self.givers[name])
            final = tuple(marking.get(name, 0) for marking in self.whole.final)
            groups[tokens, taken, given, final, name in self.sinks].append(name)
        more = [name for group in groups.values() for name in group[1:]]
        for name in more:
            self.drop_place(name)
        self.sinks = tuple(name for name in self.sinks if name in self.tokens)
        return bool(more)

    def drop_idle_transitions(self) -> bool:
        idle = [name for name in self.takes if self.takes[name] == self.gives[name] and self.shown(name)]
        for name in idle[:1]:  # Two may show each other only.
            self.drop_transition(name)
        return bool(idle)

    def shown(self, name: str) -> bool:
        """Whether a transition can happen wherever some other can, or has, or at the start."""
        needed = self.takes[name]
        some = next(iter(needed), None)
        near = (self.takers[some] | self.givers[some]) if some is not None else set(self.takes)
        return _covers(self.tokens, needed) or any(
            _covers(marking[each], needed) for each in near - {name} for marking in (self.takes, self.gives)
        )

    def drop_idle_places(self) -> bool:
        idle = [name for name in self.tokens if self.is_idle(name)]
        for name in idle:
            self.drop_place(name)
        return bool(idle)

    def is_idle(self, place: str) -> bool:
        around = self.takers[place]
        if not around or around != self.givers[place] or not self.whole.final:
            return False
        enough = all(self.takes[each][place] == self.gives[each][place] <= self.tokens[place] for each in around)
        return enough and all(marking.get(place, 0) == self.tokens[place] for marking in self.whole.final)

    def reduction(self, applied: dict[str, int]) -> Reduction:
        final = tuple({p: n for p, n in marking.items() if p in self.tokens} for marking in self.whole.final)
        net = Net(
            name=self.whole.name,
            places={name: Place(tokens=tokens) for name, tokens in self.tokens.items()},
            transitions={name: NetTransition(takes=self.takes[name], gives=self.gives[name]) for name in self.takes},
            final=final,
        )
        return Reduction(self.whole, net, self.sinks, tuple(self.before), self.meaning, applied)


def _arcs(marking: dict[str, int]) -> frozenset[tuple[str, int]]:
    return frozenset(marking.items())


def _covers(large: dict[str, int], small: dict[str, int]) -> bool:
    return all(large.get(place, 0) >= number for place, number in small.items())
