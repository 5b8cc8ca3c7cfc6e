"""An exploration of a design: a path so far, where on it one stands, and everything that can be asked there.

Explorations never change: whatever moves returns a new one, so that cells of a notebook can be run again in any
order, and everything can be undone by going back to an earlier object.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError, Problem, did_you_mean
from ..expressions import disjunction
from ..model import Model
from ..system import State, TransitionSystem
from ..trace import Trace
from .beginning import first_states, state_with
from .blocked import Blocked, Explainer, enabling, telling
from .formulas import PropertyHere, Text, conditions, properties_here, shown_value
from .options import Option, find_option, options_in, with_values
from .parts import Parts
from .travel import trace_of, way_to
from .truth import conjuncts

if TYPE_CHECKING:
    from ..engine.target import Limits

MOST_NAMED, MOST_COUNTED, MOST_TRIED = 8, 100_000, 200


@dataclass(frozen=True)
class Exploration:
    """A path of a design and a place on it. What lies ahead after stepping back is kept until another way is chosen.

    Moving: `choose`, `back`, `forward`, `restart`, `begin`, `until`, `until_enabled`, `random`, `goto`,
    `counterexample`. Asking: `options`, `blocked`, `why_not`, `helps`, `evaluate`, `properties`, `status`, `state`,
    `story`, `save`.

    design: the model. trace: the path. position: how many of its steps are done. file and constants: where the
    model came from, for saved traces. shows: what the path was found for.
    """

    design: Model
    trace: Trace
    position: int = 0
    file: str = ""
    constants: Mapping[str, str] = field(default_factory=dict)
    shows: str = ""
    explainer: Explainer | None = field(default=None, repr=False, compare=False)

    # Where one stands.

    @property
    def system(self) -> TransitionSystem:
        return self.trace.system

    @property
    def values(self) -> State:
        """The state: one plain value a variable."""
        return self.trace.states[self.position]

    @property
    def state(self) -> dict[str, str]:
        """The state as names and written values."""
        return self.system.show_state(self.values)

    @property
    def path(self) -> Trace:
        """The path up to here."""
        if self.position == len(self.trace):
            return self.trace
        return Trace(self.system, self.trace.states[: self.position + 1], self.trace.actions[: self.position])

    @cached_property
    def options(self) -> Sequence[Option]:
        """What can happen here, in the order in which it is numbered from 1."""
        return tuple(options_in(self.system, self.values))

    @cached_property
    def blocked(self) -> Sequence[Blocked]:
        """The actions that cannot happen here, and why."""
        possible = {option.action_number for option in self.options}
        numbers = (number for number in range(len(self.system.actions)) if number not in possible)
        return tuple(self._explainer.explain(number, self.values) for number in numbers)

    @property
    def _explainer(self) -> Explainer:
        return self.explainer or Explainer(self.system)

    @property
    def parts(self) -> Parts:
        """What the control variables of the system are."""
        return self._explainer.parts

    @property
    def status(self) -> str:
        """`finished`, `deadlock`, `path ended` (a variable has left its range), or `open`."""
        if not self.system.in_range(self.values):
            return "path ended"
        if self.system.is_finished(self.values):
            return "finished"
        return "open" if self.options else "deadlock"

    @property
    def end(self) -> str:
        """Which variables have left their ranges, so that the path ends here; empty otherwise."""
        return self._explainer.out_of_range(self.values)

    @property
    def properties(self) -> list[PropertyHere]:
        """The design's own properties, and what is true of them here."""
        return properties_here(self.design, self.system, self.values)

    def evaluate(self, formula: str) -> object:
        """The value of a formula of the property language here; one a value for each instance where they differ.

        Enumeration values are their names. Raises `ModelError`.
        """
        return shown_value(formula, self.system, self.values)

    # Moving. Each returns a new exploration.

    def choose(self, which: int | str, **values: object) -> Exploration:
        """Lets an option happen: by its number (from 1) or by words of its name.

        `values` are those of parameters that the environment chooses. Raises `ModelError`: E505 for what is not
        there or is ambiguous, E506 for what is not enabled (with the reason), E507 for values.
        """
        option = self.find(which)
        if option.needs or values:
            option = with_values(option, values)
        return self.happened(option)

    def happened(self, option: Option) -> Exploration:
        """The exploration after an option of this state has happened."""
        after = option.after
        assert after is not None
        here = self.position
        if self.is_next(option):
            return replace(self, position=here + 1)
        states = (*self.trace.states[: here + 1], after)
        trace = Trace(self.system, states, (*self.trace.actions[:here], option.action_number))
        return replace(self, trace=trace, position=here + 1, shows="")

    def is_next(self, option: Option) -> bool:
        """Whether an option is what happens next on the path ahead."""
        here = self.position
        return here < len(self.trace) and (
            (self.trace.actions[here], self.trace.states[here + 1]) == (option.action_number, option.after)
        )

    def find(self, which: int | str) -> Option:
        """The option of a number or name; raises `ModelError` (E505, E506)."""
        if isinstance(which, int) or which.strip().isdigit():
            number = int(which)
            if not 1 <= number <= len(self.options):
                hint = f"choose 1 to {len(self.options)}" if self.options else "nothing can happen here"
                raise ModelError([Problem("E505", f"there is no option {number}", hint=hint)])
            return self.options[number - 1]
        found = find_option(self.options, which)
        if len(found) == 1:
            return found[0]
        if found:
            names = [f"{self.options.index(option) + 1}: {option.name}" for option in found[:MOST_NAMED]]
            more = f", and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
            raise ModelError(
                [Problem("E505", f"'{which}' may be {len(found)} options", hint=f"{'; '.join(names)}{more}")]
            )
        raise ModelError([self._not_possible(which)])

    def _not_possible(self, name: str) -> Problem:
        _, blocked = self.named(name)
        if not blocked:
            known = {each.name for each in self.options} | {action.name for action in self.system.actions}
            known |= {action.label.step for action in self.system.actions} - {""}
            return Problem("E505", f"there is no action '{name}'", hint=did_you_mean(name, known))
        first = blocked[0]
        return Problem("E506", f"'{first.action.name}' is not enabled: {first.why}")

    def named(self, name: str) -> tuple[list[Option], list[Blocked]]:
        """What a name may mean: of that, what can happen, and what cannot (without what has just not begun)."""
        found = self._meant(name)
        possible = [option for option in self.options if option.action_number in found]
        blocked = [each for each in self.blocked if each.number in found]
        return possible, list(telling(blocked, [option.action for option in possible]))

    def _meant(self, name: str) -> set[int]:
        """The numbers of the actions that a name may mean."""
        candidates = [Option(self.system, number, self.values, self.values) for number in self._numbers_like(name)]
        return {option.action_number for option in find_option(candidates, name)}

    def _numbers_like(self, name: str) -> list[int]:
        words = name.casefold().split()
        return [
            number
            for number, action in enumerate(self.system.actions)
            if all(word in f"{action.name} {action.label.step} {action.label.message}".casefold() for word in words)
        ]

    def back(self, steps: int = 1) -> Exploration:
        """Some steps back, at most to the beginning."""
        return replace(self, position=max(0, self.position - steps))

    def forward(self, steps: int = 1) -> Exploration:
        """Some steps forward again, on the way that was gone before."""
        return replace(self, position=min(len(self.trace), self.position + steps))

    def at(self, step: int) -> Exploration:
        """After so many steps of the path; raises `ModelError`, E505, where it is shorter."""
        if not 0 <= step <= len(self.trace):
            message = f"the path has no step {step}"
            raise ModelError([Problem("E505", message, hint=f"it has {len(self.trace)}, and begins at 0")])
        return replace(self, position=step)

    def restart(self) -> Exploration:
        """At the beginning of the path; it can be gone again with `forward`."""
        return replace(self, position=0)

    def begin(self, which: int | None = None, /, **values: object) -> Exploration:
        """In another initial state: by its number among all (from 1), or with given values of variables.

        Raises `ModelError`, E504. Names that are not words of Python go into a mapping: `begin(**{"stock[1]": 2})`.
        """
        if which is None:
            state = state_with(self.system, values)
        else:
            if which > MOST_COUNTED:
                raise ModelError([Problem("E504", f"initial state {which} is too far to count", hint="give values")])
            states = first_states(self.system, max(1, which))
            if not 1 <= which <= len(states):
                raise ModelError(
                    [Problem("E504", f"there is no initial state {which}", hint=f"there are {len(states)}")]
                )
            state = states[which - 1]
        return replace(self, trace=Trace(self.system, (state,), ()), position=0, shows="")

    def random(self, steps: int, seed: int = 1) -> Exploration:
        """A walk of some steps, each chosen evenly among what is enabled; shorter where nothing is."""
        draw, here = random.Random(seed), self
        for _ in range(steps):
            ready = [option for option in here.options if option.after is not None or option.example]
            if not ready:
                break
            option = draw.choice(ready)
            if option.after is None:
                option = with_values(option, dict(option.example))
            here = here.happened(option)
        return here

    def until(self, condition: str, limits: Limits | None = None) -> Exploration:
        """A shortest way from here to a state in which a condition holds (of several instances: in one of them).

        Raises `ModelError`: E509 where there is none, or none was found within the limits.
        """
        wanted = conditions(condition, self.system)
        return self._gone(way_to(self.system, self.values, f"a state with {condition}", wanted, limits))

    def _gone(self, way: Trace) -> Exploration:
        """After a way from here."""
        states = (*self.trace.states[: self.position], *way.states)
        trace = Trace(self.system, states, (*self.trace.actions[: self.position], *way.actions))
        return replace(self, trace=trace, position=len(trace), shows="") if len(way) else self

    def until_enabled(self, name: str, limits: Limits | None = None) -> Exploration:
        """A shortest way from here to a state in which an action can happen (one of those that a name may mean).

        Raises `ModelError`: E505 for a name of nothing, E509 where no way leads there. For an action whose parameters
        the environment chooses, to where all is true that does not depend on them.
        """
        numbers = self._meant(name)
        if not numbers:
            raise ModelError([self._not_possible(name)])
        wanted = disjunction(enabling(self.system.actions[number]) for number in numbers)
        way = way_to(self.system, self.values, f"'{name}' enabled", wanted, limits)
        return self._gone(way)

    def helps(self, blocked: Blocked) -> tuple[list[int], list[int]]:
        """The options (by number) after which a blocked action can happen, and those that make a part of it true."""
        parts = conjuncts(blocked.false)
        enabled, partly = [], []
        for number, option in enumerate(self.options[:MOST_TRIED], start=1):
            if option.after is None or blocked.kind != "guard":
                continue
            if any(self.system.plain[blocked.number].successors(option.after)):
                enabled.append(number)
            elif any(self._explainer.truth.value(part, option.after) for part in parts):
                partly.append(number)
        return enabled, partly

    def goto(self, name: str, step: int | None = None, limits: Limits | None = None) -> Exploration:
        """On the counterexample (or witness) of a property, after some of its steps; without a number, at its end.

        Raises `ModelError`: E302 for a name that is no property's, E508 where the check has no trace to show.
        """
        trace, shows = trace_of(self.design, self.system, name, limits)
        there = replace(self, trace=trace, position=len(trace), shows=shows)
        return there if step is None else there.at(step)

    def counterexample(self, name: str) -> Exploration:
        """At the end of a property's counterexample or witness."""
        return self.goto(name)

    # Telling. Texts show themselves as they are.

    def why_not(self, name: str = "") -> Text:
        """Why what cannot happen cannot: of all actions, or of those that a name may mean."""
        from .screen import why_text

        return Text(why_text(self, name))

    def story(self) -> Text:
        """What has happened so far."""
        from .screen import story_text

        return Text(story_text(self))

    def to_dict(self) -> dict[str, object]:
        """State, options, what is blocked and why, as plain data."""
        from .data import exploration_data

        return exploration_data(self)

    def save(self, path: str | Path) -> Exploration:
        """Writes the path up to here as a trace that `explore` and `replay` read; returns this exploration."""
        from .saved import save

        save(self, path)
        return self

    def __str__(self) -> str:
        from .screen import screen_text

        return screen_text(self)

    def _repr_html_(self) -> str:
        from .page import exploration_html

        return exploration_html(self)


def begin(
    design: Model, system: TransitionSystem, file: str = "", constants: Mapping[str, str] | None = None
) -> Exploration:
    """The exploration of a design, in its first initial state."""
    first = first_states(system, 1)[0]
    return Exploration(design, Trace(system, (first,), ()), 0, file, dict(constants or {}), explainer=Explainer(system))
