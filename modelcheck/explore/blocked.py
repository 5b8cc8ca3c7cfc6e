"""What cannot happen in a state, and why: for each action without successors, the part of its guard that is false."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..expressions import Expr, IntType, Value, compare, conjunction, integer, references, well_defined
from ..system import Action, State, TransitionSystem, Variable
from .parts import Parts
from .truth import Truth, conjuncts
from .words import Fact, Words

MOST_FACTS = 3
_BEGINNINGS = ("start", "skip", "publish", "act", "undo start", "end", "")


@dataclass(frozen=True)
class Blocked:
    """An action that is not enabled.

    kind: `guard` (a part of it is false), `division` (the guard divides by zero), `effect` (an update does), `choice`
    (no value that the environment may choose makes it true), `range` (a variable has left its range: the path ends).
    false: the condition that is false here, and must be true first (for `choice`: whatever is chosen).
    facts: the same in words.
    """

    number: int
    action: Action
    kind: str
    false: Expr
    facts: tuple[Fact, ...]

    @property
    def why(self) -> str:
        """The facts as one sentence."""
        return told(self.facts)


def told(facts: Sequence[Fact], subject: str = "", most: int = MOST_FACTS) -> str:
    """Facts as one sentence; of `subject` itself only what is said of it."""
    texts = list(dict.fromkeys(fact.text if fact.subject == subject else str(fact) for fact in facts))
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


class Explainer:
    """Explains for one system why actions are not enabled."""

    def __init__(self, system: TransitionSystem):
        self.system, self.parts = system, Parts(system)
        self.words = Words(self.parts)
        self.truth = Truth(system.positions)

    def out_of_range(self, state: State) -> str:
        """Which variables have left their ranges, in words; empty where none has."""
        if self.system.in_range(state):
            return ""
        left = [f"{v.name} = {value} has left {v.type}" for v, value in self._outside(state)]
        return f"the path ends here: {', '.join(left)}"

    def _outside(self, state: State) -> list[tuple[Variable, Value]]:
        return [
            (variable, value)
            for variable, value in zip(self.system.variables, state, strict=True)
            if (values := bounds(variable)) is not None and value not in values
        ]

    def explain(self, number: int, state: State) -> Blocked:
        """Why an action is not enabled (it must not be)."""
        action = self.system.actions[number]
        if ended := self.out_of_range(state):
            within = [_within(variable) for variable, _ in self._outside(state)]
            return Blocked(number, action, "range", conjunction(within), (Fact("", ended, 0),))
        guard = action.guard
        if action.parameters:
            return self._for_no_choice(number, action, state)
        held = self.truth.value(guard, state)
        if held is None:
            return self._blocked(number, action, "division", well_defined(guard), state)
        if held:
            return self._blocked(number, action, "effect", action.updates_defined, state)
        return self._blocked(number, action, "guard", guard, state)

    def _blocked(self, number: int, action: Action, kind: str, condition: Expr, state: State) -> Blocked:
        false = self.truth.false_part(condition, state)
        facts = self.words.facts(false, state, action)
        if kind in ("division", "effect"):
            what = "its guard" if kind == "division" else "its effect"
            facts = [Fact("", f"{what} divides by zero: {fact}", fact.weight) for fact in facts]
        return Blocked(number, action, kind, false, tuple(facts))

    def _for_no_choice(self, number: int, action: Action, state: State) -> Blocked:
        """Why no choice of parameters enables an action: what does not depend on them, if that is false already."""
        chosen = {parameter.name for parameter in action.parameters}
        fixed = [part for part in conjuncts(action.guard) if not references(part) & chosen]
        if any(self.truth.value(part, state) is False for part in fixed):
            return self._blocked(number, action, "guard", conjunction(fixed), state)
        depends = conjunction([part for part in conjuncts(action.guard) if references(part) & chosen])
        names = ", ".join(sorted(chosen))
        text = f"no value of {names} makes {self.words.written(depends, state)} true"
        return Blocked(
            number, action, "choice", conjunction([well_defined(action.guard), action.guard]), (Fact("", text),)
        )


def enabling(action: Action) -> Expr:
    """Where an action can happen; of one with parameters, what of that does not depend on them."""
    chosen = {parameter.name for parameter in action.parameters}
    parts = [*conjuncts(well_defined(action.guard)), *conjuncts(action.guard), *conjuncts(action.updates_defined)]
    return conjunction(part for part in parts if not references(part) & chosen)


def bounds(variable: Variable) -> range | None:
    """The declared range of a variable, if it has one."""
    kind = variable.type
    if not isinstance(kind, IntType) or kind.low is None or kind.high is None:
        return None
    return range(kind.low, kind.high + 1)


def _within(variable: Variable) -> Expr:
    values = bounds(variable)
    assert values is not None
    low, high = integer(values.start), integer(values.stop - 1)
    return conjunction([compare("<=", low, variable.ref), compare("<=", variable.ref, high)])


@dataclass(frozen=True)
class Row:
    """Actions that are not enabled for the same reason, as one line: names, instance (0: only one), reason."""

    names: tuple[str, ...]
    instance: int
    why: str
    actions: tuple[int, ...]


def rows(blocked: Sequence[Blocked], enabled: Sequence[Action], several: bool) -> list[Row]:
    """What is not enabled as few lines: of each step that which explains it, equal reasons together."""
    found: dict[tuple[int, str], tuple[dict[str, None], list[int]]] = {}
    possible = {(key(action), action.label.phase) for action in enabled}
    for each in telling(blocked, enabled):
        instance = each.action.label.instance if several else 0
        under_way = (key(each.action), each.action.label.phase) in possible
        name = short_name(each.action) if under_way else subject(each.action)
        why = told(_leading(each.facts), name)
        names, numbers = found.setdefault((instance, why), ({}, []))
        names[name] = None
        numbers.append(each.number)
    return [
        Row(tuple(names), instance, _of_several(why) if len(names) > 1 else why, tuple(numbers))
        for (instance, why), (names, numbers) in found.items()
    ]


def _leading(facts: Sequence[Fact]) -> Sequence[Fact]:
    """Without what does not matter as the flow stands."""
    return facts[:1] if facts and not facts[0].weight else facts


def _of_several(why: str) -> str:
    """A sentence about one thing as one about several."""
    first, _, rest = why.partition(" ")
    plural = {"is": "are", "has": "have", "was": "were"}.get(first)
    return f"{plural} {rest.replace(': it waits ', ': they wait ')}" if plural else why


def telling(blocked: Sequence[Blocked], enabled: Sequence[Action]) -> Iterator[Blocked]:
    """Without what says only that something has not begun whose beginning is told, or enabled."""
    possible = {(key(action), action.label.phase) for action in enabled}
    begun = {key for key, _ in possible}
    groups: dict[tuple[int, str], list[Blocked]] = {}
    for each in blocked:
        groups.setdefault(key(each.action), []).append(each)
    for name, group in groups.items():
        ends = [each for each in group if _ends_what_has_begun(each)]
        if len(group) > 1:  # That a message may come again is another way of the same.
            group = [each for each in group if each.action.label.then != "redelivered"] or group
        if name in begun:
            yield from (each for each in group if (name, each.action.label.phase) in possible)
        elif ends:
            yield from ends
        else:
            first = [each for each in group if each.action.label.phase in _BEGINNINGS]
            yield from first or group


def _ends_what_has_begun(blocked: Blocked) -> bool:
    """Whether an action would end something that is under way (a missing input ends a step before it begins)."""
    label = blocked.action.label
    later = label.phase not in _BEGINNINGS and label.text != "missing input"
    return later and not any(fact.idle for fact in blocked.facts)


def key(action: Action) -> tuple[int, str]:
    """Which actions belong together: those of a step (or of undoing it) in an instance."""
    return action.label.instance, subject(action) if action.label.step else action.name


def subject(action: Action) -> str:
    """What an action is about, in a word or two."""
    label = action.label
    if label.phase == "act" or not label.step:
        return short_name(action)
    return f"undo {label.step}" if label.phase.startswith("undo") else label.step


def short_name(action: Action) -> str:
    """An action's name without its instance."""
    return action.name.removesuffix(f"#{action.label.instance}")
