"""Small random systems, and what is true of them by a second, naive reading of the same trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hypothesis import strategies as st

from modelcheck import model
from modelcheck.expressions import Expr, IntType, Literal, Operation, Ref
from modelcheck.guarded import compile_system
from modelcheck.system import Action, Claim, State, TransitionSystem

NUMBERS = st.sampled_from(
    ["a", "b", "0", "1", "2", "a + 1", "b - 1", "a // b", "6 % b", "a + b - 1", "(1 if c else a)"]
)
ATOMS = st.one_of(
    st.tuples(NUMBERS, st.sampled_from(["==", "!=", "<", "<=", ">"]), NUMBERS).map(" ".join),
    st.sampled_from(["c", "not c", "d == red", "d != green", "true", "true"]),
)
CONDITIONS = st.one_of(
    ATOMS,
    st.tuples(ATOMS, st.sampled_from([" and ", " or ", " implies "]), ATOMS).map(lambda parts: "".join(parts)),
)
EFFECTS = st.fixed_dictionaries(
    {},
    optional={
        "a": NUMBERS,
        "b": NUMBERS,
        "c": CONDITIONS,
        "d": st.sampled_from(["red", "green", "blue", "red if c else blue"]),
    },
)
ACTIONS = st.builds(
    model.GuardedAction,
    when=CONDITIONS,
    effect=EFFECTS,
    actor=st.sampled_from([None, "p", "q"]),
)
VARIABLES = {
    "a": model.Variable(type="0..2", initial="{0, 1}"),
    "b": model.Variable(type="0..3", initial=1),
    "c": model.Variable(type="bool", initial=False),
    "d": model.Variable(type="{red, green, blue}", initial="red"),
}


def system_of(actions: Mapping[str, model.GuardedAction], **others: Any) -> TransitionSystem:
    return compile_system(model.System(name="generated", variables=VARIABLES, actions=actions, **others))


SYSTEMS = st.builds(
    lambda actions, finished: system_of({f"act{n}": each for n, each in enumerate(actions)}, finished=finished),
    st.lists(ACTIONS, min_size=1, max_size=5),
    st.one_of(st.just("false"), CONDITIONS),
)


def value(expr: Expr, names: Mapping[str, Any]) -> Any:
    """The value of a tree, by walking it; raises ZeroDivisionError."""
    match expr:
        case Literal(constant):
            return constant
        case Ref(name):
            return names[name]
        case Operation("and", arguments):
            return all(value(argument, names) for argument in arguments)
        case Operation("or", arguments):
            return any(value(argument, names) for argument in arguments)
        case Operation("implies", (premise, conclusion)):
            return not value(premise, names) or value(conclusion, names)
        case Operation("if", (condition, then, otherwise)):
            return value(then if value(condition, names) else otherwise, names)
        case Operation("+", arguments):
            return sum(value(argument, names) for argument in arguments)
        case Operation("given", (condition, there)):
            if not value(condition, names):
                raise ZeroDivisionError("what is not there has no value")
            return value(there, names)
        case Operation("min" | "max" as operator, arguments):
            return {"min": min, "max": max}[operator](value(argument, names) for argument in arguments)
        case Operation(operator, arguments):
            meaning: dict[str, Any] = {
                "not": lambda x: not x, "neg": lambda x: -x, "abs": abs,
                "==": lambda x, y: x == y, "!=": lambda x, y: x != y, "<": lambda x, y: x < y,
                "<=": lambda x, y: x <= y, ">": lambda x, y: x > y, ">=": lambda x, y: x >= y,
                "-": lambda x, y: x - y, "*": lambda x, y: x * y, "//": lambda x, y: x // y, "%": lambda x, y: x % y,
            }  # fmt: skip
            return meaning[operator](*(value(argument, names) for argument in arguments))


def holds(expr: Expr, names: Mapping[str, Any]) -> bool:
    """Whether a condition is true; what divides by zero is not."""
    try:
        return bool(value(expr, names))
    except ZeroDivisionError:
        return False


@dataclass(frozen=True)
class Naive:
    """All that is asked of a system, by definition: sets of states that grow until they do not."""

    system: TransitionSystem

    def names(self, state: State) -> dict[str, Any]:
        return dict(zip((variable.name for variable in self.system.variables), state, strict=True))

    def holds(self, expr: Expr, state: State) -> bool:
        return holds(expr, self.names(state))

    def in_range(self, state: State) -> bool:
        kinds = [variable.type for variable in self.system.variables]
        return all(
            not isinstance(kind, IntType) or kind.low is None or kind.high is None or kind.low <= number <= kind.high
            for kind, number in zip(kinds, state, strict=True)
        )

    def after(self, action: Action, state: State) -> State | None:
        names = self.names(state)
        try:
            changed = {name: value(update, names) for name, update in action.updates.items()}
        except ZeroDivisionError:
            return None
        return tuple({**names, **changed}.values())

    def moves(self, state: State) -> Iterator[tuple[int, State]]:
        """The actions that can happen in a state, with where they lead."""
        if self.in_range(state):
            for number, action in enumerate(self.system.actions):
                after = self.after(action, state) if self.holds(action.guard, state) else None
                if after is not None:
                    yield number, after

    def ends(self, state: State) -> bool:
        return self.in_range(state) and not list(self.moves(state))

    def breaks(self, kind: str, state: State) -> int | None:
        """How many actions more it takes to break a claim of this kind from here (0 if the action has no result)."""
        found: list[int] = []
        for action in self.system.actions if self.in_range(state) else ():
            if kind == "division":
                try:
                    enabled = value(action.guard, self.names(state))
                except ZeroDivisionError:
                    found.append(0)
                    continue
                if enabled and self.after(action, state) is None:
                    found.append(0)
            elif self.holds(action.guard, state):
                wrong = [c for c in action.claims if c.kind == kind and self.is_broken(c, action, state)]
                found += [0 if self.after(action, state) is None else 1 for _ in wrong]
        return min(found, default=None)

    def is_broken(self, claim: Claim, action: Action, state: State) -> bool:
        """A claim that divides by zero is broken, unless the action itself does: then that is the finding."""
        try:
            return not value(claim.holds, self.names(state))
        except ZeroDivisionError:
            return self.after(action, state) is not None

    @cached_property
    def layers(self) -> list[set[State]]:
        """The states by their distance from the initial ones."""
        layers = [set(self.system.initial_states())]
        seen = set(layers[0])
        while layers[-1]:
            layers.append({after for state in layers[-1] for _, after in self.moves(state)} - seen)
            seen |= layers[-1]
        return layers[:-1]

    @cached_property
    def states(self) -> set[State]:
        return set().union(*self.layers)
