"""A transition system as z3 terms: initial states, a step, and what targets ask of them, at any depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import z3

from ..expressions import TRUE, EnumType, Expr, IntType, Value, conjunction, domain, well_defined
from ..expressions.smt import Term, constant, from_z3, in_type, literal, to_z3
from ..system import DIVISION, Action, Claim, State, TransitionSystem, Variable
from ..trace import Trace
from .smt_limits import exists
from .target import Target

MOST_CHOICES_WRITTEN_OUT = 256


@dataclass(frozen=True)
class Goal:
    """A target at one depth, as a term; the action that fires and the claim that it breaks, if any."""

    target: Target
    term: Term
    action: int | None = None
    claim: Claim | None = None


class Relation:
    """A transition system as z3 terms over a state, the next state, and who fires; `at` moves them to a depth."""

    def __init__(self, system: TransitionSystem):
        self.system = system
        self.before = {v.name: constant(v.name, v.type) for v in system.variables}
        self.after = {v.name: constant(f"{v.name}'", v.type) for v in system.variables}
        self.fires = [z3.Bool(f"fires {number}") for number in range(len(system.actions))]
        self.parameters = [
            {p.name: constant(f"{number}/{p.name}", p.type) for p in action.parameters}
            for number, action in enumerate(system.actions)
        ]
        self._moves: dict[int, list[tuple[Term, Term]]] = {}

    def at(self, term: Term, depth: int) -> Term:
        """The term, about the `depth`-th state and the step that leaves it."""
        if depth not in self._moves:
            here = [self.before.values(), self.fires, *(p.values() for p in self.parameters)]
            moved = [(c, _moved(c, depth)) for group in here for c in group]
            after = zip(self.before.values(), self.after.values(), strict=True)
            moved += [(following, _moved(c, depth + 1)) for c, following in after]
            self._moves[depth] = moved
        return z3.substitute(term, *self._moves[depth])

    def term(self, expr: Expr, number: int | None = None) -> Term:
        """A tree over the state before, and over the parameters of an action."""
        return to_z3(expr, self.before if number is None else {**self.before, **self.parameters[number]})

    def condition(self, expr: Expr, number: int | None = None) -> Term:
        """A condition, which does not hold where it divides by zero."""
        return self.term(conjunction([well_defined(expr), expr]), number)

    @cached_property
    def initial(self) -> Term:
        initially = self.system.initially
        parts = [_starts(v, self.before[v.name]) for v in self.system.variables]
        return z3.And(*parts, self.condition(initially))

    @cached_property
    def in_range(self) -> Term:
        """As `TransitionSystem.in_range`: only what is left must be in range."""
        ranged = [v for v in self.system.variables if isinstance(v.type, IntType)]
        return z3.And(*(in_type(self.before[v.name], v.type) for v in ranged))

    @cached_property
    def in_types(self) -> Term:
        """What every reachable state satisfies: enumerations have one of their values."""
        kinds = [v for v in self.system.variables if isinstance(v.type, EnumType)]
        return z3.And(*(in_type(self.before[v.name], v.type) for v in kinds))

    @cached_property
    def attempt(self) -> Term:
        """One action is tried in a state within its ranges; where all is defined the next state is its result."""
        parts = [self.in_range, z3.PbEq([(fires, 1) for fires in self.fires], 1) if self.fires else z3.BoolVal(False)]
        for number, action in enumerate(self.system.actions):
            fires, enabled, defined = self.fires[number], self.may_try(number), self.defined(number)
            result = [self.after[name] == self.term(update, number) for name, update in action.updates.items()]
            parts += [z3.Implies(fires, enabled), z3.Implies(z3.And(fires, defined), z3.And(*result))]
        return z3.And(*parts, *self.frame())

    def frame(self) -> Iterator[Term]:
        """What the firing action does not assign stays as it is."""
        for variable in self.system.variables:
            assigning = [
                fires
                for fires, action in zip(self.fires, self.system.actions, strict=True)
                if variable.name in action.updates
            ]
            unchanged = self.after[variable.name] == self.before[variable.name]
            yield z3.Or(*assigning, unchanged)

    @cached_property
    def step(self) -> Term:
        """An attempt in which nothing divides by zero."""
        return z3.And(
            self.attempt, *(z3.Implies(fires, self.defined(number)) for number, fires in enumerate(self.fires))
        )

    def may_try(self, number: int) -> Term:
        """That an action is enabled with its parameters, or that its guard divides by zero."""
        action = self.system.actions[number]
        choices = [_starts(p, self.parameters[number][p.name]) for p in action.parameters]
        return z3.And(*choices, z3.Implies(self.guard_defined(number), self.term(action.guard, number)))

    def guard_defined(self, number: int) -> Term:
        return self.term(well_defined(self.system.actions[number].guard), number)

    def defined(self, number: int) -> Term:
        action = self.system.actions[number]
        updates = conjunction(well_defined(update) for update in action.updates.values())
        return z3.And(self.guard_defined(number), self.term(updates, number))

    def goals(self, target: Target) -> Iterator[Goal]:
        """What a target asks of a single state."""
        if target.state is not None:
            yield Goal(target, self.condition(target.state))
        if target.stuck:
            yield Goal(target, self.stuck)

    def claim_goals(self, target: Target, succeeds: bool) -> Iterator[Goal]:
        """What a target asks of a step: an action that fires and breaks one of these claims.

        succeeds: whether the action has a successor, which makes the trace one step longer.
        """
        for number, action in enumerate(self.system.actions):
            fires = self.fires[number]
            if succeeds:
                fires = z3.And(fires, self.defined(number))
            elif self.always_defined(action):
                continue
            else:
                fires = z3.And(fires, z3.Not(self.defined(number)))
                if _asks_for(target, DIVISION):
                    yield Goal(target, fires, number, DIVISION)
            for claim in action.claims:
                if _asks_for(target, claim):
                    yield Goal(target, z3.And(fires, self.breaks(number, claim)), number, claim)

    def all_goals(self, target: Target) -> Iterator[Goal]:
        """Everything that shows a target, in a state or in the step that is tried there."""
        yield from self.goals(target)
        for succeeds in (False, True):
            yield from self.claim_goals(target, succeeds)

    def shown(self, target: Target) -> Term:
        """That a state shows the target, or that the step which is tried in it does."""
        terms = [z3.And(self.attempt, goal.term) if goal.claim else goal.term for goal in self.all_goals(target)]
        return z3.Or(*terms)

    def breaks(self, number: int, claim: Claim) -> Term:
        """That an action, when it fires, breaks a claim."""
        return z3.And(self.guard_defined(number), self.term(self.system.actions[number].breaks(claim), number))

    def always_defined(self, action: Action) -> bool:
        return conjunction(map(well_defined, (action.guard, *action.updates.values()))) == TRUE

    @cached_property
    def stuck(self) -> Term:
        """A state within its ranges, not finished, in which no action has a successor."""
        disabled = [self.disabled(number, action) for number, action in enumerate(self.system.actions)]
        return z3.And(self.in_range, z3.Not(self.condition(self.system.finished)), *disabled)

    def disabled(self, number: int, action: Action) -> Term:
        """That no choice of parameters lets an action happen."""
        enabled = z3.And(self.defined(number), self.term(action.guard, number))
        constants = self.parameters[number]
        if not constants:
            return z3.Not(enabled)
        choices = [p.initial_values() for p in action.parameters]
        listed = [values for values in choices if values is not None]
        if len(listed) == len(choices) and prod(map(len, listed)) <= MOST_CHOICES_WRITTEN_OUT:
            terms = [[literal(v, p.type) for v in vs] for p, vs in zip(action.parameters, listed, strict=True)]
            pairs = (zip(constants.values(), chosen, strict=True) for chosen in product(*terms))
            return z3.Not(z3.Or(*(z3.substitute(enabled, *pair) for pair in pairs)))
        allowed = z3.And(*(_starts(p, constants[p.name]) for p in action.parameters))
        return z3.Not(exists(list(constants.values()), z3.And(allowed, enabled)))

    def trace(self, model: Term, depth: int, goal: Goal) -> Trace:
        """The path that a model describes; where an action breaks a claim and has a successor, with that step."""
        actions = [self._fired(model, index) for index in range(depth)]
        if goal.action is not None and _holds(model, self.at(self.defined(goal.action), depth)):
            actions.append(goal.action)
        states = tuple(self._state(model, index) for index in range(len(actions) + 1))
        return Trace(self.system, states, tuple(actions), broken=goal.claim)

    def _fired(self, model: Term, depth: int) -> int:
        return next(n for n, fires in enumerate(self.fires) if _holds(model, self.at(fires, depth)))

    def _state(self, model: Term, depth: int) -> State:
        values: list[Value] = []
        for variable in self.system.variables:
            term = model.eval(self.at(self.before[variable.name], depth), model_completion=True)
            values.append(from_z3(term, variable.type))
        return tuple(values)


def _moved(term: Term, depth: int) -> Term:
    return z3.Const(f"{term.decl().name()}@{depth}", term.sort())


def _holds(model: Term, term: Term) -> bool:
    return bool(z3.is_true(model.eval(term, model_completion=True)))


def _starts(variable: Variable, term: Term) -> Term:
    """That a variable has one of its first values."""
    if variable.initial is None:
        return in_type(term, variable.type)
    values = variable.initial
    whole = domain(variable.type)
    if whole is not None and len(values) == len(whole):
        return in_type(term, variable.type)
    return z3.Or(*(term == literal(value, variable.type) for value in values))


def _asks_for(target: Target, claim: Claim) -> bool:
    return bool(target.claims & {(claim.kind, claim.name), (claim.kind, "*")})
