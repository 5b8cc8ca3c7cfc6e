"""Fairness: which executions are left out because someone who could act for ever, or again and again, never does.

Weak and strong fairness are owed to each actor (`Action.process`): who can act all the time from some point on (weak),
or again and again (strong), acts again and again (Lehmann, Pnueli & Stavi 1981). `outcomes` is strong fairness for each
action, and so for each outcome of a step: what is possible again and again happens again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .arrays import Mask, Numbers, Places, csr_of, strong_components
from .state_graph import StateGraph

NONE, WEAK, STRONG, OUTCOMES = "none", "weak", "strong", "outcomes"

# Each notion in words, as verdicts name it.
FAIRNESS = {
    NONE: "no fairness",
    WEAK: "weak fairness for each actor, none for outcomes",
    STRONG: "strong fairness for each actor, none for outcomes",
    OUTCOMES: "strong fairness for each action and each outcome",
}


@dataclass(frozen=True)
class Duties:
    """To whom fairness is owed in a state graph: `of_action` gives the number of each action's party.

    A party can act in a state iff one of its edges leaves it.
    """

    graph: StateGraph
    fairness: str

    def __post_init__(self) -> None:
        if self.fairness not in FAIRNESS:
            raise ValueError(f"fairness is one of {', '.join(FAIRNESS)}, not {self.fairness!r}")

    @cached_property
    def of_action(self) -> Numbers:
        actions = self.graph.system.actions
        if self.fairness == OUTCOMES:
            return np.arange(len(actions), dtype=np.int64)
        numbers: dict[str, int] = {}
        return np.array([numbers.setdefault(action.process, len(numbers)) for action in actions], np.int64)

    @cached_property
    def edges(self) -> list[Places]:
        """The edges of each party, in order."""
        if self.fairness == NONE or not len(self.graph.action):
            return []
        # Of numbers as narrow as this the stable order takes a time linear in the edges.
        of_action = self.of_action.astype(np.int16) if len(self.of_action) < 2**15 else self.of_action
        party = of_action[self.graph.action]
        by_party = np.argsort(party, kind="stable")
        ends = np.cumsum(np.bincount(party, minlength=int(self.of_action.max()) + 1))
        return np.split(by_party.astype(np.int32) if len(party) < 2**31 else by_party, ends[:-1])

    @cached_property
    def _able(self) -> dict[int, Mask]:
        return {}

    def able(self, party: int) -> Mask:
        """The states in which a party can act."""
        if party not in self._able:
            mask = np.zeros(len(self.graph.states), bool)
            mask[self.graph.source[self.edges[party]]] = True
            self._able[party] = mask
        return self._able[party]

    def fair_components(self, within: Mask) -> Places:
        """For each state the number of the largest fair component that it is in, -1 where it is in none.

        A set of states can be run through for ever in a fair way, all of it again and again, iff it is strongly
        connected by some edges, and in it every party acts or cannot act: somewhere, for weak fairness (Emerson & Lei
        1987), anywhere, for strong fairness. Where a party could act but never does so within a component, strong
        fairness forbids the states in which it could, and what is left is decomposed anew (Lichtenstein & Pnueli 1985).
        """
        graph, left = self.graph, within.copy()
        while True:
            kept = None if left.all() else left[graph.source] & left[graph.target]
            many, component = strong_components(csr_of(graph.source, graph.target, len(left), kept))
            if many == len(left):  # Nothing goes round, but for edges from a state to itself.
                inner = graph.source == graph.target
            else:
                inner = component[graph.source] == component[graph.target]
            if kept is not None:
                inner &= kept
            good = np.zeros(many, bool)
            good[component[graph.source[inner]]] = True
            left &= good[component]
            if not left.any():
                break
            if self.fairness == WEAK:
                self._drop_passed_over(left, component, inner)
            elif self._drop_starved(left, component, inner):
                continue
            break
        component[~left] = -1
        return component

    def _acting(self, party: int, component: Places, inner: Mask) -> Mask:
        """The components in which a party acts."""
        acting = np.zeros(int(component.max(initial=-1)) + 1, bool)
        edges = self.edges[party]
        acting[component[self.graph.source[edges[inner[edges]]]]] = True
        return acting

    def _drop_passed_over(self, left: Mask, component: Places, inner: Mask) -> None:
        """Without the components in which some party can act everywhere and acts nowhere: no part of them is fair."""
        good = np.ones(int(component.max(initial=-1)) + 1, bool)
        for party in range(len(self.edges)):
            fine = self._acting(party, component, inner)
            fine[component[left & ~self.able(party)]] = True
            good &= fine
        left &= good[component]

    def _drop_starved(self, left: Mask, component: Places, inner: Mask) -> bool:
        """Without the states in which a party can act that acts nowhere in their component; says if there were any."""
        dropped = np.zeros(len(left), bool)
        for party, edges in enumerate(self.edges):
            where = self.graph.source[edges]
            where = where[left[where]]
            dropped[where[~self._acting(party, component, inner)[component[where]]]] = True
        left &= ~dropped
        return bool(dropped.any())
