"""From a bare `system` to its transition system: families of actions are written out, one for each index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import model
from .assign import assignments
from .declare import declare_names, declare_variables, range_assumptions, range_claims
from .errors import ModelError, Problem, position_of
from .expand.indices import constant, copies, with_indices
from .expressions import BOOL, FALSE, Expr, Resolver, Scope, Type
from .system import Action, Claim, Label, TransitionSystem

ALONE = "system"


def compile_system(design: model.System) -> TransitionSystem:
    """The transition system of a bare system; raises `ModelError` with everything that is wrong in it."""
    resolver = Resolver()
    constants = declare_names(design, resolver)
    for name in sorted(set(design.constants) & set(design.variables)):
        resolver.problems.append(
            Problem(
                "E142", f"'{name}' is a constant and a variable", position_of(name), "give one of them another name"
            )
        )
    variables, scope = declare_variables(design.variables, constants, resolver)
    place = _Place(resolver, scope, {variable.name: variable.type for variable in variables})
    actions = [action for name, each in design.actions.items() for action in place.family(name, each)]
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
        return [action for key in keys if (action := self.action(name, declared, key)) is not None]

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
        name, _, inside = text.strip().rstrip("]").partition("[")
        values = [constant(part.strip(), self.scope, self.resolver) for part in inside.split(",")]
        return f"{name}[{','.join(map(str, values))}]"

    def effect(self, effect: model.Effect) -> tuple[dict[str, Expr], tuple[Claim, ...]]:
        """All assignments of an effect, and the claims that they stay within the ranges of their variables."""
        updates: dict[str, Expr] = {}
        claims: list[Claim] = []
        for each in assignments(effect, self.scope, self.scope, self.resolver):
            claims += [each.missing] if each.missing is not None else []
            claims += range_claims(each.updates, self.types, each.text)
            updates |= each.updates
        return updates, tuple(claims)
