"""What is looked for among packed states: targets compiled to masks over whole frontiers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np

from ...expressions import FALSE, Expr, disjunction
from ...system import Claim, State
from ..search import asks_for, breaks_wanted
from ..target import Target
from .actions import PackedAction
from .conditions import Frame, compile_condition
from .layout import Layout, Mask


class Watch:
    """The targets that have no trace yet."""

    def __init__(self, layout: Layout, actions: Sequence[PackedAction], targets: Sequence[Target]):
        self.layout, self.actions = layout, actions
        self.finished = compile_condition(layout.system.finished, layout)
        self.pending = list(targets)
        self.settle(())

    def settle(self, found: Collection[str]) -> None:
        """Look no longer for what was found."""
        self.pending = [target for target in self.pending if target.name not in found]
        layout = self.layout
        self.states = [(t, compile_condition(t.state, layout)) for t in self.pending if t.state is not None]
        wanted = frozenset(pair for target in self.pending for pair in target.claims)
        breaking = ((action, breaks_wanted(layout.system.actions[action.number], wanted)) for action in self.actions)
        self.claims = [(action, condition) for action, condition in self._simple(breaking)]
        self.stuck = [target for target in self.pending if target.stuck]

    def _simple(
        self, breaking: Iterator[tuple[PackedAction, Expr]]
    ) -> Iterator[tuple[PackedAction, Callable[[Frame], Mask]]]:
        """One condition for all actions without parameters, and one for each of the others."""
        plain: list[tuple[PackedAction, Expr]] = []
        for action, condition in breaking:
            if condition == FALSE:
                continue
            if self.layout.system.actions[action.number].parameters:
                yield action, compile_condition(condition, self.layout)
            else:
                plain.append((action, condition))
        if plain:
            yield plain[0][0], compile_condition(disjunction(condition for _, condition in plain), self.layout)

    def in_states(self, frame: Frame) -> Iterator[tuple[Target, int]]:
        """Each target that some of these states show, with the place of the first one."""
        for target, condition in self.states:
            places = np.flatnonzero(condition(frame))
            if len(places):
                yield target, int(places[0])

    def breaking(self, frame: Frame) -> int | None:
        """The place of a state in which some action breaks a wanted claim."""
        for action, condition in self.claims:
            for chosen in action.choices:
                here = Frame(frame.layout, frame.rows, {**frame.columns, **chosen}) if chosen else frame
                places = np.flatnonzero(condition(here))
                if len(places):
                    return int(places[0])
        return None

    def broken_in(self, state: State) -> Iterator[tuple[Target, int, Claim, State | None]]:
        """The wanted claims that actions break in a state: with the action, and where it leads."""
        for number, action in enumerate(self.layout.system.plain):
            for claim, after in action.findings(state):
                for target in self.pending:
                    if asks_for(target.claims, claim):
                        yield target, number, claim, after
