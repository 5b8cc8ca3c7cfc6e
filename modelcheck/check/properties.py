"""The user's own properties, as questions.

A property that names variables of an instance speaks of each instance, unless it counts or sums over them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from .. import model
from ..engine.target import Target
from ..errors import Problem, did_you_mean, position_of
from ..expressions import BOOL, FALSE, TRUE, Expr, Operation, Resolver, conjunction, disjunction, negation
from ..system import Action, Claim, TransitionSystem, Variable
from .question import Monitor, Question

WORDS = {
    "always": "holds in every reachable state",
    "never": "holds in no reachable state",
    "reachable": "holds in some reachable state",
    "possible": "from every reachable state, a state where it holds can still be reached (AG EF)",
    "leads_to": "whenever the first holds, the second holds then or later, in every fair execution",
    "before": "the second never happens unless the first has happened before, in the same instance",
    "ends": "every fair execution of the flow (or system) ends",
    "compensated": "at each failed end, exactly the steps that had an effect are undone, once each, in order",
    "outcome": "holds whenever the flow has ended",
    "deadline": "a job is over within this time, whatever its delays are, or with a probability",
    "sound": "it can always complete, completing leaves nothing behind, and everything can happen (or a weaker notion)",
}


def each_instance(text: model.Formula, system: TransitionSystem, resolver: Resolver) -> list[Expr]:
    """What a formula means in each instance; one meaning where it names nothing of an instance."""
    scopes = system.scope.instances or (system.scope,)
    found: list[Expr] = []
    for scope in scopes:
        value = resolver.expression(text, replace(scope, instances=scopes), BOOL)
        if value is None:
            return []
        if value not in found:
            found.append(value)
    return found


def state_questions(design: model.Model, system: TransitionSystem, resolver: Resolver) -> Iterator[Question]:
    """The questions about states and about order; the others (`possible`, `leads_to`, `ends`) need the state graph."""
    for name, asked in design.properties.items():
        about = asked.about
        if asked.word == "before" and isinstance(about, tuple):
            yield from _before(name, about, system, resolver)
        elif asked.word in ("always", "never", "reachable", "outcome") and not isinstance(about, tuple):
            yield from _about_states(name, asked.word, about, system, resolver)


def violations(design: model.Model, system: TransitionSystem) -> Expr:
    """The states that some `always`, `never` or `outcome` of a design excludes."""
    resolver = Resolver()
    words = {name for name, asked in design.properties.items() if asked.word in ("always", "never", "outcome")}
    asked = [question for question in state_questions(design, system, resolver) if question.name in words]
    return disjunction(question.target.state for question in asked if question.target.state is not None)


def property_problems(design: model.Model, system: TransitionSystem) -> list[Problem]:
    """Everything that is wrong in the formulas of a design's own properties."""
    resolver = Resolver()
    list(state_questions(design, system, resolver))
    for name, asked in design.properties.items():
        if asked.word == "compensated" and not isinstance(design, model.Orchestration):
            resolver.problems.append(only_flows(name))
        if asked.word in ("leads_to", "possible"):
            for text in asked.about if isinstance(asked.about, tuple) else (asked.about,):
                each_instance(text, system, resolver)
    from .deadline import deadline_problems
    from .soundness import soundness_problems

    own = [*soundness_problems(design, system), *deadline_problems(design)]
    return [*resolver.problems, *own, *_observable_problems(design, system)]


def _observable_problems(design: model.Model, system: TransitionSystem) -> list[Problem]:
    resolver = Resolver()
    observables(design, system, resolver)
    return resolver.problems


def observables(design: model.Design, system: TransitionSystem, resolver: Resolver) -> list[Mapping[str, Expr]]:
    """What each observable is, in each instance; problems are noted."""
    scopes = system.scope.instances or (system.scope,)
    views: list[Mapping[str, Expr]] = []
    for scope in scopes:
        view = {name: resolver.expression(text, scope) for name, text in design.observe.items()}
        if resolver.problems:  # The other instances would repeat them.
            return []
        views.append({name: value for name, value in view.items() if value is not None})
    return views


def only_flows(name: str) -> Problem:
    """The problem with a property that asks whether something else than a flow is compensated."""
    hint = "say with 'outcome', 'always' or 'never' what should hold"
    return Problem("E305", "only a flow can be 'compensated'", position_of(name), hint)


def _about_states(
    name: str, word: str, text: model.Formula, system: TransitionSystem, resolver: Resolver
) -> Iterator[Question]:
    meanings = each_instance(text, system, resolver)
    if not meanings:
        return
    position = position_of(name)
    if word == "reachable":
        target = Target(name, state=disjunction(meanings))
        absent = f"no reachable state has {text}"
        yield Question(
            name, "properties", target, wanted=True, found=f"{text} is reached", absent=absent, position=position
        )
        return
    if word == "never":
        target = Target(name, state=disjunction(meanings))
        yield Question(name, "properties", target, found=f"reached: {text}", position=position)
        return
    bad = negation(conjunction(meanings))
    if word == "outcome":
        bad = conjunction([system.finished, bad])
    yield Question(
        name,
        "properties",
        Target(name, state=bad),
        premise=_premise(meanings),
        vacuous="its premise is never true",
        found=f"broken: {text}",
        position=position,
    )


def _premise(meanings: list[Expr]) -> Expr | None:
    """What must be reachable for `p implies q` to say anything: p."""
    premises = []
    for meaning in meanings:
        if not (isinstance(meaning, Operation) and meaning.operator == "or"):
            return None
        first = meaning.arguments[0]
        if not (isinstance(first, Operation) and first.operator == "not"):
            return None
        premises.append(first.arguments[0])
    return disjunction(premises)


@dataclass(frozen=True)
class _Occurrence:
    """Which actions count as something happening: the successful end of a step or handler, an event's publication."""

    name: str

    def done_by(self, action: Action) -> bool:
        label = action.label
        published = (self.name == label.message and label.phase == "publish") or self.name in label.publishes
        ends = label.phase in ("finish", "act", "pass")
        finished = label.step == self.name and ends and label.outcome in ("ok", "")
        return published or finished or (label.phase == "act" and action.name.split("[")[0] == self.name)

    def begun_by(self, action: Action) -> bool:
        label = action.label
        if label.step == self.name and label.phase == "start":
            return True
        return (label.phase not in ("start", "finish") and self.done_by(action)) or self.name in label.publishes


def _occurrences(
    text: model.Formula, system: TransitionSystem, resolver: Resolver, begin: bool = False
) -> list[_Occurrence]:
    """What a name in `before` stands for: itself, or each copy of a family of steps.

    begin: what matters is when it begins; a step that runs a flow does so with the first of its steps.
    """
    name = _without_spaces(text)
    labels = {action.label.step for action in system.actions}
    named = steps_named(text, labels, begin)
    if named and (name not in labels or len(named) > 1):
        return [_Occurrence(each) for each in sorted(named, key=_natural)]
    occurrence = _Occurrence(name)
    if any(occurrence.done_by(action) for action in system.actions):
        return [occurrence]
    known = labels | {action.name.split("[")[0] for action in system.actions}
    known |= {event for action in system.actions for event in (*action.label.publishes, action.label.message)}
    hint = did_you_mean(name, {each for each in known if each and " " not in each})
    resolver.problems.append(
        Problem("E301", f"nothing called '{text}' happens in this design", position_of(text), hint)
    )
    return []


def steps_named(text: model.Formula, known: Collection[str], begin: bool = False) -> list[str]:
    """The steps that a name stands for: itself, or each copy of a family; with `begin` also what it runs."""
    name = _without_spaces(text)
    named = [each for each in known if name in (each, re.sub(r"\[[\d,-]+\]", "", each))]
    return named + [each for each in known for whole in named if begin and each.startswith(f"{whole}.")]


def _without_spaces(text: model.Formula) -> str:
    return re.sub(r"\s+", "", str(text))


def _natural(name: str) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d+", name)], name


def _before(
    name: str, about: tuple[model.Formula, ...], system: TransitionSystem, resolver: Resolver
) -> Iterator[Question]:
    firsts = _occurrences(about[0], system, resolver)
    seconds = _occurrences(about[1], system, resolver, begin=True)
    if not firsts or not seconds:
        return
    instances = sorted({action.label.instance for action in system.actions})
    happened = {
        (first, k): Variable(f"{name}: {first.name}#{k}", BOOL, (False,), "monitor", k)
        for k in instances
        for first in firsts
    }

    def updates(action: Action) -> Mapping[str, Expr]:
        done = [first for first in firsts if first.done_by(action)]
        return {happened[first, action.label.instance].name: TRUE for first in done}

    def claims(action: Action) -> tuple[Claim, ...]:
        begun = next((second for second in seconds if second.begun_by(action)), None)
        if begun is None:
            return ()
        return tuple(
            Claim(
                "before", name, happened[first, action.label.instance].ref,
                f"{begun.name} happens before {first.name}", position_of(name),
            )
            for first in firsts
            if not first.done_by(action)
        )  # fmt: skip

    monitor = Monitor(tuple(happened.values()), updates, claims)
    begins = disjunction(a.guard for a in system.actions if any(second.begun_by(a) for second in seconds))
    yield Question(
        name,
        "ordering",
        Target(name, claims=frozenset({("before", name)})),
        premise=begins if begins != FALSE else None,
        vacuous=f"{about[1]} never happens",
        monitor=monitor,
        position=position_of(name),
    )
