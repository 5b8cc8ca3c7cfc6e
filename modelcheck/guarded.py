"""From a bare `system` to its transition system: families of actions are written out, one for each index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import model
from .assign import assignments
from .declare import declare_names, declare_variables, range_assumptions, range_claims
from .errors import Located, ModelError, Problem, position_of
from .expand.indices import constant, copies, with_indices
from .expressions import BOOL, FALSE, Expr, ExpressionError, Resolver, Scope, Type, as_text, parse
from .names import name_problems
from .system import Action, Claim, Label, TransitionSystem

ALONE = "system"
MOST_ACTIONS = 10_000


def compile_system(design: model.System) -> TransitionSystem:
    """The transition system of a bare system; raises `ModelError` with everything that is wrong in it."""
    resolver = Resolver()
    constants = declare_names(design, resolver)
    resolver.problems += name_problems(design)
    variables, scope = declare_variables(design.variables, constants, resolver)
    place = _Place(resolver, scope, {variable.name: variable.type for variable in variables})
    actions: list[Action] = []
    for name, each in design.actions.items():
        actions += place.family(name, each)
        if len(actions) > MOST_ACTIONS:
            message = f"with '{name}' there are more than {MOST_ACTIONS} actions"
            resolver.problems.append(Problem("E143", message, position_of(name)))
            break
    finished = resolver.expression(design.finished, scope, BOOL)
    initially = resolver.expression(design.initially, scope, BOOL)
    if resolver.problems or finished is None or initially is None:
        raise ModelError(dict.fromkeys(resolver.problems))
    return TransitionSystem(
        design.name, tuple(variables), tuple(actions), finished, initially, scope, range_assumptions(variables)
    )


@dataclass(frozen=True)
class _Place:
    """Where actions are read: what names mean, and the types of the variables that can be assigned."""

    resolver: Resolver
    scope: Scope
    types: Mapping[str, Type]

    def family(self, name: str, declared: model.GuardedAction) -> list[Action]:
        """The actions of a family, one for each combination of its indices whose guard can hold."""
        keys = copies(name, declared.for_each, self.scope, self.resolver) if declared.for_each else [{}]
        if not keys:
            self.parse_only(declared)
        found = []
        before = len(self.resolver.problems)
        for key in keys:
            action = self.action(name, declared, key)
            if len(self.resolver.problems) > before:
                break  # The others would repeat them.
            if action is not None:
                found.append(action)
        return found

    def parse_only(self, declared: model.GuardedAction) -> None:
        """Notes what is wrong in the writing of formulas that stand for no action."""
        for text in (declared.when, *declared.effect.values()):
            try:
                parse(as_text(text))
            except ExpressionError as error:
                self.resolver.note(error, as_text(text))

    def with_indices(self, key: Mapping[str, int]) -> _Place:
        return _Place(self.resolver, with_indices(self.scope, key), self.types)

    def action(self, name: str, declared: model.GuardedAction, key: Mapping[str, int]) -> Action | None:
        """One action; None where something is wrong, or where its guard is false whatever the state."""
        here = self.with_indices(key)
        guard = self.resolver.expression(declared.when, here.scope, BOOL)
        if guard == FALSE and key:
            return None
        updates, claims = here.effect(declared.effect)
        process = here.actor(declared.actor) if declared.actor else ALONE
        if guard is None:
            return None
        full_name = f"{name}[{','.join(map(str, key.values()))}]" if key else name
        label = Label("act", process if declared.actor else full_name, step=name)
        return Action(full_name, guard, updates, label, claims, process=process)

    def actor(self, text: str) -> str:
        """Whose action it is: `tm`, or a member `rm[i]` with the values of the family's indices."""
        if "[" not in text:
            return text.strip()
        name, _, inside = text.rstrip().rstrip("]").partition("[")
        place, offset = position_of(text), len(name) + 1
        values = []
        for part in inside.split(","):
            start = offset + len(part) - len(part.lstrip())
            here = Located(part.strip(), place.shifted(start)) if place else part.strip()
            values.append(constant(here, self.scope, self.resolver))
            offset += len(part) + 1
        return f"{name.strip()}[{','.join(map(str, values))}]"

    def effect(self, effect: model.Effect) -> tuple[dict[str, Expr], tuple[Claim, ...]]:
        """All assignments of an effect, and the claims that they stay within the ranges of their variables."""
        updates: dict[str, Expr] = {}
        claims: list[Claim] = []
        for each in assignments(effect, self.scope, self.scope, self.resolver):
            claims += [each.missing] if each.missing is not None else []
            claims += range_claims(each.updates, self.types, each.text)
            updates |= each.updates
        return updates, tuple(claims)
