"""From a bare `system` to its transition system: families of actions are written out, one for each index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from . import model
from .declare import declare_constants, declare_variables, range_assumptions, range_claims
from .errors import Located, ModelError, Problem, did_you_mean, position_of
from .expressions import (
    BOOL,
    FALSE,
    INT,
    TRUE,
    BrokenDeclarationError,
    Expr,
    ExpressionError,
    Literal,
    Ref,
    Resolver,
    Scope,
    Type,
    as_text,
    conditional,
    conjunction,
    disjunction,
    equal,
    integer,
    parse,
    resolve,
)
from .expressions.parse import Index, Name, Syntax
from .expressions.resolve import wrong_indices
from .names import name_problems
from .system import Action, Claim, Label, TransitionSystem

MOST_ACTIONS = 10_000
ALONE = "system"


def compile_system(design: model.System) -> TransitionSystem:
    """The transition system of a bare system; raises `ModelError` with everything that is wrong in it."""
    resolver = Resolver()
    constants = declare_constants(design.constants, resolver)
    resolver.problems += name_problems(design)
    variables, scope = declare_variables(design.variables, constants, resolver)
    place = _Place(resolver, scope, {variable.name: variable.type for variable in variables})
    actions: list[Action] = []
    for name, each in design.actions.items():
        actions += place.family(name, each)
        if len(actions) > MOST_ACTIONS:
            place.problem("E143", f"with '{name}' there are more than {MOST_ACTIONS} actions", name)
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

    def problem(self, code: str, message: str, about: object, hint: str = "") -> None:
        self.resolver.problems.append(Problem(code, message, position_of(about), hint))

    def family(self, name: str, declared: model.GuardedAction) -> list[Action]:
        """The actions of a family, one for each combination of its indices whose guard can hold."""
        for position, index in enumerate(declared.for_each):
            others = (*self.scope.names, *self.scope.families, *(each.name for each in declared.for_each[:position]))
            if index.name in others:
                message = f"the index '{index.name}' has the name of something else"
                self.problem("E142", message, index.name, "give it another name")
        keys = list(islice(self.combinations(declared.for_each, {}), MOST_ACTIONS + 1))
        if len(keys) > MOST_ACTIONS:
            self.problem("E143", f"'{name}' stands for more than {MOST_ACTIONS} actions", name)
            keys = keys[:1]  # What else is wrong with it is wrong with the first one.
        found = []
        if not keys:
            self.parse_only(declared)
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

    def combinations(self, indices: tuple[model.Index, ...], chosen: Mapping[str, int]) -> Iterator[Mapping[str, int]]:
        """The values of the indices in order; the range of one may depend on those before it."""
        if not indices:
            yield chosen
            return
        first, *rest = indices
        scope = self.with_indices(chosen).scope
        low, high = (self.constant(end, scope) for end in (first.low, first.high))
        if low is None or high is None:
            return
        for value in range(low, high + 1):
            yield from self.combinations(tuple(rest), {**chosen, first.name: value})

    def constant(self, text: model.Formula, scope: Scope) -> int | None:
        """The value of a formula that must not depend on the state."""
        value = self.resolver.expression(as_text(text), scope, INT)
        if value is None:
            return None
        if not isinstance(value, Literal):
            self.problem("E131", f"'{text}' is not constant", text)
            return None
        return int(value.value)

    def with_indices(self, key: Mapping[str, int]) -> _Place:
        scope = self.scope.with_names({name: integer(value) for name, value in key.items()})
        return _Place(self.resolver, scope, self.types)

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
            values.append(self.constant(here, self.scope))
            offset += len(part) + 1
        return f"{name.strip()}[{','.join(map(str, values))}]"

    def effect(self, effect: model.Effect) -> tuple[dict[str, Expr], tuple[Claim, ...]]:
        """All assignments of an effect, and the claims that they stay within the ranges of their variables."""
        updates: dict[str, Expr] = {}
        claims: list[Claim] = []
        for name, text in effect.items():
            try:
                target = self.target(parse(name))
            except ExpressionError as error:
                self.resolver.note(error, name)
                continue
            assigned = self.assigned(target, text)
            for repeated in updates.keys() & assigned.keys():
                self.problem("E141", f"'{repeated}' is assigned twice", name)
            if target.exists != TRUE:
                claims.append(Claim("range", name, target.exists, f"{name} does not exist", position_of(name)))
            claims += range_claims(assigned, self.types, text)
            updates |= assigned
        return updates, tuple(claims)

    def assigned(self, target: _Target, text: model.Formula) -> dict[str, Expr]:
        """The new values of all that a target may stand for; where it does not stand for a member, that one stays."""
        found = {}
        for condition, member in target.members:
            value = self.resolver.expression(text, self.scope, member.type)
            if value is not None:
                found[member.name] = conditional(condition, value, member)
        return found

    def target(self, syntax: Syntax) -> _Target:
        """What stands before the colon of an assignment."""
        match syntax:
            case Name(name, offset) if name in self.scope.families:
                raise ExpressionError("E122", f"'{name}' is indexed", offset, f"write '{name}[...]'")
            case Name(name, offset):
                variables = {each: ref for each, ref in self.scope.names.items() if isinstance(ref, Ref)}
                if name in variables:
                    return _Target(((TRUE, variables[name]),))
                if name in self.scope.names:
                    raise ExpressionError("E140", f"'{name}' is a constant, which cannot be assigned", offset)
                hint = did_you_mean(name, (*variables, *self.scope.families))
                raise self.unknown(name, f"unknown variable '{name}'", offset, hint)
            case Index(name, arguments, offset) if name in self.scope.families:
                return self.indexed(name, arguments, offset)
            case Index(name, _, offset):
                hint = did_you_mean(name, self.scope.families, f"there is no indexed '{name}'")
                raise self.unknown(name, f"'{name}' is not an indexed variable", offset, hint)
        raise ExpressionError("E140", "only variables can be assigned", syntax.offset, "write 'name' or 'name[index]'")

    def unknown(self, name: str, message: str, offset: int, hint: str) -> ExpressionError:
        kind = BrokenDeclarationError if name in self.scope.broken else ExpressionError
        return kind("E140", message, offset, hint, unknown=name)

    def indexed(self, name: str, arguments: tuple[Syntax, ...], offset: int) -> _Target:
        """The members of a family that `name[arguments]` may stand for."""
        family = self.scope.families[name]
        if not family:  # What is wrong with its range has been said.
            raise self.unknown(name, f"'{name}' has no members", offset, "")
        dimensions = len(next(iter(family)))
        if len(arguments) != dimensions:
            raise ExpressionError("E126", wrong_indices(name, dimensions, len(arguments)), offset)
        indices = [resolve(argument, self.scope, INT) for argument in arguments]
        known = tuple(int(index.value) for index in indices if isinstance(index, Literal))
        chosen = family.get(known)
        if isinstance(chosen, Ref):  # Not all members need to be looked at.
            return _Target(((TRUE, chosen),))
        members = []
        for key, member in family.items():
            here = conjunction(equal(index, integer(k)) for index, k in zip(indices, key, strict=True))
            if here != FALSE and isinstance(member, Ref):
                members.append((here, member))
        if not members:
            raise ExpressionError("E127", f"this member of '{name}' does not exist", offset)
        exists = TRUE if _surely_inside(indices, list(family)) else disjunction(here for here, _ in members)
        return _Target(tuple(members), exists)


@dataclass(frozen=True)
class _Target:
    """The variables that a target may stand for, each with its condition; `exists`: one of the conditions holds."""

    members: tuple[tuple[Expr, Ref], ...]
    exists: Expr = TRUE


def _surely_inside(indices: list[Expr], keys: list[tuple[int, ...]]) -> bool:
    """Whether the indices cannot leave a family, by interval arithmetic (families are boxes)."""
    from .expressions.columns import interval

    bounds = [interval(index) for index in indices]
    return all(
        each is not None and keys[0][dimension] <= each[0] and each[1] <= keys[-1][dimension]
        for dimension, each in enumerate(bounds)
    )
