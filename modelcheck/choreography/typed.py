"""A choreography with its formulas typed, instance by instance.

A participant's formulas see its own variables (also as `payment.paid`), the design's own ones, and the payload of the
event they react to; what an event claims, and properties, see everybody's state by its full name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .. import model
from ..assign import read_effect
from ..datatypes import read_type
from ..declare import count_instances, declare_names, declare_variables
from ..errors import Located, ModelError, Problem, did_you_mean, position_of
from ..expand import expand
from ..expand.indices import with_indices
from ..expressions import BOOL, TRUE, Expr, Ref, Resolver, Scope, Type, as_text, names_in, substitute
from ..expressions.composite import AnyType, Tree, build, leaves
from ..names import name_problems
from ..system import Claim, Variable
from .private import foreign_paths
from .wrong import structure_problems

MOST_VARIABLES = 20_000


@dataclass(frozen=True)
class TypedPublication:
    """An event to be published; `when` and the payload speak of the state after the effect."""

    event: str
    payload: Mapping[str, Expr]
    when: Expr
    conditional: bool
    on: tuple[str, ...] = ("ok",)

    def substituted(self, replacements: Mapping[str, Expr]) -> TypedPublication:
        payload = {name: substitute(value, replacements) for name, value in self.payload.items()}
        return replace(self, payload=payload, when=substitute(self.when, replacements))


@dataclass(frozen=True)
class TypedHandler:
    """A handler; `name` is `participant.handler`, and `event.field` in its formulas is a placeholder.

    missing: for each outcome, the claims that the members which its effect assigns exist.
    """

    name: str
    participant: str
    handler: model.Handler
    when: Expr
    requires: Expr | None
    ensures: Expr | None
    effects: Mapping[str, Mapping[str, Expr]]
    publishes: tuple[TypedPublication, ...]
    missing: Mapping[str, tuple[Claim, ...]] = field(default_factory=dict)

    def substituted(self, replacements: Mapping[str, Expr]) -> TypedHandler:
        """With the payload that it handles."""
        if not replacements:
            return self

        def changed(formula: Expr | None) -> Expr | None:
            return None if formula is None else substitute(formula, replacements)

        return replace(
            self,
            when=substitute(self.when, replacements),
            requires=changed(self.requires),
            ensures=changed(self.ensures),
            effects={
                outcome: {name: substitute(value, replacements) for name, value in effect.items()}
                for outcome, effect in self.effects.items()
            },
            publishes=tuple(publication.substituted(replacements) for publication in self.publishes),
            missing={
                outcome: tuple(replace(claim, holds=substitute(claim.holds, replacements)) for claim in claims)
                for outcome, claims in self.missing.items()
            },
        )


@dataclass(frozen=True)
class TypedInstance:
    """One instance: the names that properties may use, handlers, what the outside publishes, what events claim."""

    number: int
    scope: Scope
    handlers: Mapping[str, TypedHandler]
    starts: tuple[TypedPublication, ...]
    claims: Mapping[str, Expr]


@dataclass(frozen=True)
class TypedChoreography:
    """Declared variables, instances, the types of payloads (of each scalar part) and of variables by name."""

    variables: tuple[Variable, ...]
    instances: tuple[TypedInstance, ...]
    payloads: Mapping[str, Mapping[str, Type]]
    types: Mapping[str, Type]


def type_choreography(design: model.Choreography, instances: int | None = None) -> TypedChoreography:
    """All formulas of a choreography, typed; raises `ModelError` with everything that is wrong in them.

    `instances` overrides the design's own number.
    """
    resolver = Resolver()
    resolver.problems += name_problems(design)
    design = expand(design)
    resolver.problems += structure_problems(design)
    constants = declare_names(design, resolver)
    count = instances or count_instances(design.instances, constants, resolver)
    kinds = {
        event: {name: kind for name, text in declared.payload.items() if (kind := read_type(text, constants, resolver))}
        for event, declared in design.events.items()
    }
    payloads = {event: _scalars(fields) for event, fields in kinds.items()}
    variables, shared = _declare(design, _Names(constants, {}), resolver, shared=True)
    typed = []
    for number in range(1, count + 1):
        own, names = _declare(design, shared, resolver, shared=False, instance=number if count > 1 else None)
        variables += own
        typed.append(_Typing(design, names, kinds, resolver).instance(number))
        if resolver.problems:  # The other instances would repeat them.
            raise ModelError(dict.fromkeys(resolver.problems))
    types = {variable.name: variable.type for variable in variables}
    return TypedChoreography(tuple(variables), tuple(typed), payloads, types)


def _scalars(fields: Mapping[str, AnyType]) -> dict[str, Type]:
    """The scalar parts of a payload with their types."""
    trees = ((name, _placeholder(name, kind)) for name, kind in fields.items())
    return {part: leaf.type for name, value in trees for part, leaf in leaves(value, name)}


def _placeholder(name: str, kind: AnyType) -> Tree:
    """What stands for a field of a payload in formulas, until a message is known."""
    return build(kind, name, Ref)


@dataclass(frozen=True)
class _Names:
    """What everybody can read, and what each participant calls its own."""

    common: Scope
    private: Mapping[str, Scope]

    def within(self, participant: str) -> Scope:
        """The scope of a participant's formulas: its own names, bare and in full, before the common ones."""
        return _joined(self.common, *self._own(participant))

    def everywhere(self) -> Scope:
        """The scope of properties and of what events claim: full names."""
        return _joined(self.common, *(_prefixed(scope, name) for name, scope in self.private.items()))

    def _own(self, participant: str) -> tuple[Scope, ...]:
        own = self.private.get(participant, Scope())
        return _prefixed(own, participant), own


def _joined(*scopes: Scope) -> Scope:
    names = {name: value for scope in scopes for name, value in scope.names.items()}
    families = {name: family for scope in scopes for name, family in scope.families.items()}
    broken = {name for scope in scopes for name in scope.broken} - names.keys() - families.keys()
    return replace(scopes[0], names=names, families=families, broken=frozenset(broken))


def _prefixed(scope: Scope, participant: str) -> Scope:
    return Scope(
        {f"{participant}.{name}": value for name, value in scope.names.items()},
        {f"{participant}.{name}": family for name, family in scope.families.items()},
        broken=frozenset(f"{participant}.{name}" for name in scope.broken),
    )


def _declare(
    design: model.Choreography, known: _Names, resolver: Resolver, shared: bool, instance: int | None = None
) -> tuple[list[Variable], _Names]:
    """The variables that are shared, or those of one instance."""

    def chosen(declared: Mapping[str, model.Variable]) -> dict[str, model.Variable]:
        return {name: variable for name, variable in declared.items() if variable.shared == shared}

    found, common = declare_variables(chosen(design.variables), known.common, resolver, instance=instance)
    private = dict(known.private)
    for name, participant in design.participants.items():
        if len(found) > MOST_VARIABLES:
            message = f"with those of '{name}' there are more than {MOST_VARIABLES} variables"
            resolver.problems.append(Problem("E148", message, position_of(name)))
            raise ModelError(resolver.problems)
        own = chosen(participant.variables)
        here = with_indices(known.common, participant.origin.indices)
        added, scope = declare_variables(own, here, resolver, f"{name}.", instance)
        found += added
        mine = Scope(
            {key: scope.names[key] for key in own if key in scope.names},
            {key: scope.families[key] for key in own if key in scope.families},
            broken=frozenset(key for key in own if key in scope.broken),
        )
        private[name] = _joined(private.get(name, Scope()), mine)
    return found, _Names(common, private)


@dataclass(frozen=True)
class _Typing:
    """The formulas of one instance."""

    design: model.Choreography
    names: _Names
    payloads: Mapping[str, Mapping[str, AnyType]]
    resolver: Resolver

    def instance(self, number: int) -> TypedInstance:
        handlers, wrong = {}, set[str]()
        for name, participant in self.design.participants.items():
            family, before = name.partition("[")[0], len(self.resolver.problems)
            if family in wrong:
                continue  # Its other members would repeat the problems of the first.
            for key, handler in participant.handlers.items():
                handlers[f"{name}.{key}"] = self.handler(name, key, handler)
            if len(self.resolver.problems) > before:
                wrong.add(family)
        starts = tuple(self.publication(each, self.names.common) for each in self.design.starts)
        scope = self.names.everywhere()
        claims = {}
        for event, declared in self.design.events.items():
            if declared.claims is not None:
                known = scope.with_names(self.payload(event))
                known = replace(known, broken=known.broken | self.broken_fields(event))
                claim = self.resolver.expression(declared.claims, known, BOOL)
                claims[event] = TRUE if claim is None else claim
        return TypedInstance(number, scope, handlers, starts, claims)

    def payload(self, event: str | None) -> dict[str, Tree]:
        fields = self.payloads.get(event or "", {})
        return {f"event.{name}": _placeholder(f"event.{name}", kind) for name, kind in fields.items()}

    def broken_fields(self, event: str | None) -> set[str]:
        """The fields of an event whose types are wrong."""
        declared = self.design.events.get(event or "", model.Event()).payload
        return {f"event.{name}" for name in declared if name not in self.payloads.get(event or "", {})}

    def handler(self, participant: str, key: str, handler: model.Handler) -> TypedHandler:
        indices = self.design.participants[participant].origin.indices
        inside = with_indices(self.names.within(participant), indices)
        scope = inside.with_names(self.payload(handler.on))
        scope = replace(scope, broken=scope.broken | self.broken_fields(handler.on))

        def formula(text: model.Formula | None) -> Expr | None:
            return self.formula(text, scope, participant)

        outcomes = dict.fromkeys(("ok", *model.OUTCOMES, *handler.outcomes, *handler.fails))
        named = {"ok", *handler.outcomes, *handler.fails}
        written = {outcome: handler.outcomes.get(outcome, {}) for outcome in outcomes if outcome in named}
        if handler.effect:
            written["ok"] = handler.effect
        effects, missing = {}, {}
        for outcome, effect in written.items():
            effects[outcome], missing[outcome] = self.effect(effect, inside, scope, participant)
        publishes = tuple(self.publication(each, scope, participant) for each in handler.publishes)
        name, place = f"{participant}.{key}", position_of(key)
        return TypedHandler(
            Located(name, place) if place else name,
            participant,
            handler,
            formula(handler.when) or TRUE,
            formula(handler.requires),
            formula(handler.ensures),
            effects,
            publishes,
            missing,
        )

    def effect(
        self, effect: model.Effect, inside: Scope, scope: Scope, participant: str
    ) -> tuple[dict[str, Expr], tuple[Claim, ...]]:
        allowed = {
            name: value
            for name, value in effect.items()
            if self.may_use([name], participant, name)
            and self.may_follow(name, scope, participant)
            and self.may_read(value, scope, participant)
        }
        return read_effect(allowed, inside, scope, self.resolver)

    def publication(
        self, publication: model.Publication, scope: Scope, participant: str | None = None
    ) -> TypedPublication:
        fields = self.payloads.get(publication.event, {})
        payload: dict[str, Expr] = {}
        for name, kind in fields.items():
            if name in publication.payload:
                value = self.value(publication.payload[name], scope, participant, kind)
                payload |= leaves(_placeholder(f"event.{name}", kind) if value is None else value, name)
            else:
                message = f"'{publication.event}' is published without its field '{name}'"
                hint = f"write {{{publication.event}: {{{name}: ...}}}}"
                place = position_of(publication.event)
                self.resolver.problems.append(Problem("E214", message, place, hint, unknown=name))
        declared = self.design.events.get(publication.event, model.Event()).payload
        for name in publication.payload:
            if name not in declared and publication.event in self.design.events:
                hint = did_you_mean(name, declared, otherwise="its payload is empty")
                message = f"'{publication.event}' has no field '{name}'"
                self.resolver.problems.append(Problem("E214", message, position_of(name), hint, unknown=name))
        when = self.formula(publication.when, scope, participant)
        guarded = publication.when is not None
        return TypedPublication(publication.event, payload, TRUE if when is None else when, guarded, publication.on)

    def formula(self, text: model.Formula | None, scope: Scope, participant: str | None) -> Expr | None:
        if text is None or not self.may_read(text, scope, participant):
            return None
        return self.resolver.expression(text, scope, BOOL)

    def value(self, text: model.Formula, scope: Scope, participant: str | None, expected: AnyType) -> Tree | None:
        return self.resolver.value(text, scope, expected) if self.may_read(text, scope, participant) else None

    def may_read(self, text: model.Formula, scope: Scope, participant: str | None) -> bool:
        names = sorted(names_in(as_text(text)))
        return self.may_use(names, participant, text) and self.may_follow(text, scope, participant)

    def may_follow(self, text: model.Formula, scope: Scope, participant: str | None) -> bool:
        """Whether no path like `worker[i].busy` leads to another participant's private state."""
        if "]" not in as_text(text):
            return True
        others = [name for name in self.design.participants if name != participant]
        foreign = foreign_paths(as_text(text), scope, self.names.everywhere(), others)
        for name in foreign:
            hint = "pass it in the payload of an event, or declare it among the design's own variables"
            message = f"{participant or 'the outside'} cannot use '{name}': it is private"
            self.resolver.problems.append(Problem("E213", message, position_of(text), hint))
        return not foreign

    def may_use(self, names: Iterable[str], participant: str | None, place: object) -> bool:
        """Whether no name is another participant's private state; a problem is noted where one is."""
        foreign = [name for name in names if self._owner(name) not in (None, participant)]
        for name in foreign:
            who = participant or "the outside"
            message = f"{who} cannot use '{name}': it is private to {self._owner(name)}"
            hint = "pass it in the payload of an event, or declare it among the design's own variables"
            self.resolver.problems.append(Problem("E213", message, position_of(place), hint))
        return not foreign

    def _owner(self, name: str) -> str | None:
        owner, dot, rest = name.partition(".")
        private = self.design.participants[owner].variables if owner in self.design.participants else {}
        return owner if dot and rest.partition("[")[0] in private else None
