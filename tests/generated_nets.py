"""Random workflow nets with a seed: grown by refinement, which keeps them sound, and disturbed, which may not."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from modelcheck.model import Net, NetTransition, Place


@dataclass
class Growing:
    """A net on its way: arcs by transition, and the places with their tokens."""

    random: random.Random
    tokens: dict[str, int] = field(default_factory=lambda: {"i": 1, "o": 0})
    takes: dict[str, dict[str, int]] = field(default_factory=lambda: {"t0": {"i": 1}})
    gives: dict[str, dict[str, int]] = field(default_factory=lambda: {"t0": {"o": 1}})

    def new_place(self) -> str:
        name = f"p{len(self.tokens)}"
        self.tokens[name] = 0
        return name

    def new_transition(self, takes: dict[str, int], gives: dict[str, int]) -> str:
        name = f"t{len(self.takes)}"
        self.takes[name], self.gives[name] = dict(takes), dict(gives)
        return name

    def grow(self) -> None:
        """One refinement: sequence, choice, parallel branches or a loop, in the place of a transition."""
        name = self.random.choice(list(self.takes))
        kind = self.random.choice(["sequence", "choice", "parallel", "loop", "again"])
        if kind == "sequence":
            place = self.new_place()
            self.new_transition({place: 1}, self.gives[name])
            self.gives[name] = {place: 1}
        elif kind == "choice":
            self.new_transition(self.takes[name], self.gives[name])
        elif kind == "parallel":
            places = [(self.new_place(), self.new_place()) for _ in range(self.random.randint(2, 3))]
            self.new_transition({after: 1 for _, after in places}, self.gives[name])
            self.gives[name] = {before: 1 for before, _ in places}
            for before, after in places:
                self.new_transition({before: 1}, {after: 1})
        elif kind == "loop":
            before, after = self.new_place(), self.new_place()
            self.new_transition({before: 1}, {after: 1})
            self.new_transition({after: 1}, {before: 1})
            self.new_transition({after: 1}, self.gives[name])
            self.gives[name] = {before: 1}
        elif (place := self.random.choice(list(self.tokens))) != "o":
            self.new_transition({place: 1}, {place: 1})

    def disturb(self) -> None:
        """One change of an arc, a weight or a token."""
        name, place = self.random.choice(list(self.takes)), self.random.choice(list(self.tokens))
        kind = self.random.choice(["take", "give", "stop taking", "stop giving", "weight", "token", "end", "swap"])
        if kind == "take" and place != "o":
            self.takes[name][place] = 1
        elif kind == "give" and place != "i":
            self.gives[name][place] = 1
        elif kind == "stop taking" and len(self.takes[name]) > 1:
            self.takes[name].popitem()
        elif kind == "stop giving" and self.gives[name]:
            self.gives[name].popitem()
        elif kind == "weight" and self.gives[name]:
            self.gives[name][self.random.choice(list(self.gives[name]))] = 2
        elif kind == "token":
            self.tokens[place] = self.random.randint(0, 2)
        elif kind == "end":
            self.gives[name][self.new_place()] = 1
        elif kind == "swap":
            other = self.random.choice(list(self.gives))
            self.gives[name], self.gives[other] = self.gives[other], self.gives[name]


def random_net(seed: int, size: int = 5, disturbed: int | None = None) -> Net:
    """A net of about `size` refinements and some disturbances (None: 0 to 3); the same for the same seed."""
    chance = random.Random(seed)
    growing = Growing(chance)
    for _ in range(chance.randint(0, size)):
        growing.grow()
    for _ in range(chance.randint(0, 3) if disturbed is None else disturbed):
        growing.disturb()
    final: tuple[dict[str, int], ...] = ()
    kind = chance.choice(["sinks", "sinks", "one", "two", "resource"])
    if kind == "one":
        final = ({"o": 1},)
    elif kind == "two":
        final = ({"o": 1}, {"o": 1, chance.choice(list(growing.tokens)): 1})
    elif kind == "resource":  # What some transitions borrow and give back.
        growing.tokens["r"] = chance.randint(0, 2)
        for name in chance.sample(list(growing.takes), k=min(2, len(growing.takes))):
            growing.takes[name]["r"] = growing.gives[name]["r"] = 1
        final = ({"o": 1, **({"r": growing.tokens["r"]} if growing.tokens["r"] else {})},)
    return Net(
        name=f"net {seed}",
        places={name: Place(tokens=number) for name, number in growing.tokens.items()},
        transitions={
            name: NetTransition(takes=growing.takes[name], gives=growing.gives[name]) for name in growing.takes
        },
        final=final,
    )
