"""What can happen in a state: the enabled actions, each with what it changes and which claims it breaks.

Where the environment chooses a few values, each choice is an option of its own; where many, the option asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from ..errors import ModelError, Problem, did_you_mean
from ..expressions import (
    Expr,
    Literal,
    Resolver,
    Value,
    compile_expression,
    conjunction,
    domain,
    references,
    show,
    substitute,
    well_defined,
)
from ..report.story import Change, Line, story
from ..system import Action, Claim, PlainAction, State, TransitionSystem, Variable
from ..trace import Trace

MOST_VARIANTS, MOST_TOLD = 12, 500
SECONDS_FOR_VALUES = 2.0

Chosen = tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Option:
    """Something that can happen next.

    action_number: its place in the system. chosen: the values of its parameters. after: the state it leads to; None
    where values must be given first. example: values that would do, where values must be given and some are known.
    """

    system: TransitionSystem
    action_number: int
    before: State
    after: State | None
    chosen: Chosen = ()
    example: Chosen = ()

    @property
    def action(self) -> Action:
        return self.system.actions[self.action_number]

    @property
    def name(self) -> str:
        """The action's name, with the values that are chosen."""
        values = ", ".join(shown_choices(self.action, self.chosen))
        return f"{self.action.name} with {values}" if values else self.action.name

    @cached_property
    def line(self) -> Line:
        """It as a line of a story."""
        after = self.before if self.after is None else self.after
        told = story(Trace(self.system, (self.before, after), (self.action_number,)))
        return next(line for line in told if line.kind == "step")

    @property
    def instance(self) -> int:
        return self.line.instance

    @property
    def words(self) -> str:
        """Who does what."""
        return f"{self.line.actor} {self.line.text}" if self.line.actor else self.line.text

    @property
    def changes(self) -> tuple[Change, ...]:
        """What becomes of the declared variables."""
        return () if self.after is None else self.line.changes

    @property
    def needs(self) -> tuple[Variable, ...]:
        """The parameters whose values must be given."""
        return () if self.after is not None else self.action.parameters

    @cached_property
    def breaks(self) -> tuple[Claim, ...]:
        """The claims that are broken if it happens."""
        if self.after is None:
            return ()
        full = self.before + tuple(value for _, value in self.chosen)
        found = self.system.plain[self.action_number].findings_of(full)
        return tuple(claim for claim, _ in found)


def options_in(system: TransitionSystem, state: State) -> Iterator[Option]:
    """Everything that can happen in a state, in the order of the actions."""
    if not system.in_range(state):
        return
    for number, plain in enumerate(system.plain):
        if not plain.action.parameters:
            for after in plain.successors(state):
                yield Option(system, number, state, after)
        elif plain.listed:
            yield from _variants(system, number, state)
        else:
            yield from _with_unknown_values(system, number, state)


def _variants(system: TransitionSystem, number: int, state: State) -> Iterator[Option]:
    """One option for each different outcome of the choices; one that asks for values where they are many."""
    plain = system.plain[number]
    possible = list(islice((full for full in plain.enabled(state) if plain.defined(full)), MOST_VARIANTS + 1))
    if len(possible) > MOST_VARIANTS:
        yield Option(system, number, state, None, example=_named(plain.action, possible[0], len(state)))
        return
    outcomes: dict[State, State] = {}
    for full in possible:
        outcomes.setdefault(plain.update(full), full)
    for after, full in outcomes.items():
        yield Option(system, number, state, after, _named(plain.action, full, len(state)))


def _named(action: Action, full: State, width: int) -> Chosen:
    return tuple(zip((parameter.name for parameter in action.parameters), full[width:], strict=True))


def _with_unknown_values(system: TransitionSystem, number: int, state: State) -> Iterator[Option]:
    """An option that asks for values; none where z3 says that no values do, with an example where it finds some."""
    plain = system.plain[number]
    possible, example = find_values(system, plain.action, state)
    if possible:
        yield Option(system, number, state, None, example=example)


def find_values(system: TransitionSystem, action: Action, state: State) -> tuple[bool, Chosen]:
    """Whether parameters with which an action is enabled may exist, and some if they were found.

    Where z3 cannot tell (in two seconds) they may.
    """
    import z3

    from ..engine.smt_limits import Clock, Undecided
    from ..expressions.smt import Irrational, constant, from_z3, in_type, to_z3

    here: dict[str, Expr] = {v.name: Literal(value, v.type) for v, value in zip(system.variables, state, strict=True)}
    condition = conjunction([well_defined(action.guard), action.guard, action.updates_defined])
    terms = {parameter.name: constant(parameter.name, parameter.type) for parameter in action.parameters}
    solver = z3.Solver()
    solver.add(to_z3(substitute(condition, here), terms))
    solver.add(*(in_type(terms[parameter.name], parameter.type) for parameter in action.parameters))
    try:
        if not Clock(SECONDS_FOR_VALUES).check(solver):
            return False, ()
        found = solver.model()
        values = [
            (p.name, from_z3(found.eval(terms[p.name], model_completion=True), p.type)) for p in action.parameters
        ]
    except (Undecided, Irrational):
        return True, ()
    return True, tuple(values)


def with_values(option: Option, given: Mapping[str, object]) -> Option:
    """The option with values for its parameters, each an expression of the language over the state.

    Raises `ModelError`: E507 for values that are missing, not known or not possible.
    """
    action, system = option.action, option.system
    names = {parameter.name.removesuffix("'"): parameter for parameter in action.parameters}
    given = {name.removesuffix("'"): value for name, value in given.items()}
    hint = "write " + " ".join(f"{name}=..." for name in names) if names else "it needs no values"
    for name in given:
        if name not in names:
            message = f"'{action.name}' has no value '{name}' to choose"
            raise ModelError([Problem("E507", message, hint=did_you_mean(name, names, otherwise=hint))])
    if missing := [name for name in names if name not in given]:
        example = " ".join(f"{name.removesuffix(chr(39))}={value}" for name, value in _shown(action, option.example))
        raise ModelError(
            [Problem("E507", f"'{action.name}' needs a value for {', '.join(missing)}",
                     hint=f"for example {example}" if example else hint)]
        )  # fmt: skip
    chosen = tuple((p.name, value_of(given[name], p, system, option.before)) for name, p in names.items())
    full = option.before + tuple(value for _, value in chosen)
    plain = system.plain[option.action_number]
    if not plain.guard(full) or not plain.defined(full):
        shown = ", ".join(shown_choices(action, chosen))
        raise ModelError([Problem("E507", f"'{action.name}' is not possible with {shown}", hint=_condition(plain))])
    return Option(system, option.action_number, option.before, plain.update(full), chosen)


def _condition(plain: PlainAction) -> str:
    from ..expressions import to_text
    from .truth import conjuncts

    names = {parameter.name for parameter in plain.action.parameters}
    parts = [to_text(part) for part in conjuncts(plain.action.guard) if references(part) & names]
    return f"it asks for {' and '.join(parts)}" if parts else ""


def value_of(text: object, variable: Variable, system: TransitionSystem, state: State | None) -> Value:
    """The value that a text gives a variable; raises `ModelError`, E507 where it is not one of its values."""
    resolver = Resolver()
    source = text if isinstance(text, (str, bool, int, float)) else str(text)
    expr = resolver.expression(source, system.scope, variable.type)
    if expr is None:
        raise ModelError(resolver.problems)
    if state is None and references(expr):
        raise ModelError([Problem("E507", f"'{text}' is not a value")])
    try:
        value: Value = compile_expression(expr, system.positions)(state or ())
    except ZeroDivisionError:
        raise ModelError([Problem("E507", f"'{text}' divides by zero here")]) from None
    values = domain(variable.type)
    if values is not None and value not in values:
        raise ModelError([Problem("E507", f"'{text}' is not one of {variable.type}")])
    return value


def _shown(action: Action, chosen: Chosen) -> list[tuple[str, str]]:
    kinds = {parameter.name: parameter.type for parameter in action.parameters}
    return [(name, show(value, kinds[name])) for name, value in chosen]


def shown_choices(action: Action, chosen: Chosen) -> list[str]:
    """Chosen values as `stock' = 3`."""
    return [f"{name} = {value}" for name, value in _shown(action, chosen)]


def find_option(options: Iterable[Option], text: str) -> list[Option]:
    """The options that a text may mean: by exact name, else by what it is about, else by all its words in order."""
    wanted = " ".join(text.split()).casefold()
    listed = list(options)
    told = [_is_told, _tells] if len(listed) <= MOST_TOLD else []  # Telling what each option does takes its time.
    for matches in (_is_named, _is_about, *told[:1], _has_words, _contains, *told[1:]):
        if found := [option for option in listed if matches(option, wanted)]:
            return found
    return []


def _is_named(option: Option, wanted: str) -> bool:
    action = option.action
    names = {action.name, action.name.removesuffix(f"#{action.label.instance}"), option.name}
    return wanted in {" ".join(name.split()).casefold() for name in names}


def _is_told(option: Option, wanted: str) -> bool:
    return wanted in (option.words.casefold(), option.line.text.casefold())


def _is_about(option: Option, wanted: str) -> bool:
    label = option.action.label
    return wanted in {name.casefold() for name in (label.step, label.step.rpartition(".")[2], label.message) if name}


def _has_words(option: Option, wanted: str) -> bool:
    words = set(re.findall(r"[^\s#:,]+", option.name.casefold()))
    return bool(wanted) and words.issuperset(re.findall(r"[^\s#:,]+", wanted))


def _contains(option: Option, wanted: str) -> bool:
    text = option.name.casefold()
    return all(word in text for word in wanted.split())


def _tells(option: Option, wanted: str) -> bool:
    text = f"{option.name} {option.words}".casefold()
    return all(word in text for word in wanted.split())
