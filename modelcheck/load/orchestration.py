"""The text of an orchestration: services, coordinators, a flow of steps, policies."""

from __future__ import annotations

from typing import Any

from .. import model
from ..source import LocatedMap
from .arrivals import ARRIVALS, CORRELATION
from .delays import DELAYS
from .design import DESIGN, INSTANCES, outcomes_apart, plain, said_with_outcomes
from .indices import STEP_REFERENCE, for_each
from .reader import Key, Problems, converted, either, list_of, mapping_of, named, note, one_or_more, record, short, word
from .values import (
    COUNT,
    DURATION,
    EFFECT,
    FACTOR,
    FAILS,
    FAILURES,
    FORMULA,
    NAME,
    OUTCOME_MEANINGS,
    OUTCOMES,
    PROBABILITY,
    STEP_NAME,
    TARGET,
    TEXT,
    TRUTH,
    unlimited,
)
from .workers import CRASHES, DISCIPLINE, PRIORITIES
from .writing import Builds, CannotWrite, only, said

SERVICE = record(
    "a service",
    {
        "time": Key(DELAYS, "how long a call takes: 20ms, exponential(mean=20ms)"),
        "workers": Key(unlimited(COUNT), "how many calls it serves at once; without it any number"),
        "fails": Key(FAILS, "how often it fails: 5%, or {error: 5%, timeout: 1%}"),
        "provides": Key(list_of(NAME), "the output keys that it returns"),
        "discipline": DISCIPLINE,
        "crashes": CRASHES,
    },
    plain(model.Service),
)
COORDINATOR = record(
    "a coordinator",
    {
        "concurrency": Key(unlimited(COUNT), "how many steps it can have in flight; without it any number"),
        "overhead": Key(DELAYS, "what it spends on a call"),
        "per_flow": Key(DELAYS, "what it spends on a flow, before the first step"),
        "workers": Key(unlimited(COUNT), "how many calls and flows it does that for at once; without it any number"),
        "engine": Key(NAME, "the engine that its flows run on"),
    },
    plain(model.Coordinator),
)
ENGINE = record(
    "an engine",
    {"concurrency": Key(unlimited(COUNT), "how many flows it runs at once, the others wait; without it any number")},
    plain(model.Engine),
)
RETRY = named(
    "retry",
    short(
        converted(unlimited(COUNT), lambda attempts: model.Retry(attempts=attempts), only("attempts")),
        record(
            "retry",
            {
                "attempts": Key(unlimited(COUNT), "how often it is tried in all, or unlimited"),
                "on": Key(one_or_more(word(meanings=FAILURES)), "the outcomes after which it is tried again"),
                "backoff": Key(DURATION, "the wait before the second attempt"),
                "factor": Key(FACTOR, "what each wait is multiplied with"),
            },
            plain(model.Retry),
        ),
    ),
)
COMPENSATION = record(
    "a compensation",
    {
        "effect": Key(EFFECT, "what undoing changes"),
        "requires": Key(FORMULA, "what must hold when it is undone"),
        "ensures": Key(FORMULA, "what must hold afterwards"),
        "restores": Key(one_or_more(TARGET), "variables that step and undo together leave as they were"),
        "service": Key(NAME, "the service that undoes it; the step's own without this"),
        "time": Key(DELAYS, "how long it takes"),
        "overhead": Key(DELAYS, "what its call costs, instead of the coordinator's overhead"),
        "fails": Key(PROBABILITY, "how often undoing fails: 5%"),
    },
    plain(model.Compensation),
)
OUTCOME_NAMES = one_or_more(word(meanings=OUTCOME_MEANINGS))
_CONDITIONS = {
    "when": Key(FORMULA, "the condition; without it always"),
    "on": Key(OUTCOME_NAMES, "the outcomes after which it is taken: ok without it"),
}
TRANSITION = record(
    "a transition",
    {"to": Key(TEXT, "a step, end or abort", required=True), **_CONDITIONS},
    plain(model.Transition),
)


def _condition(guard: dict[str, Any]) -> Any:
    """The one formula that a guard is, where it is no more than that."""
    if not guard:
        return "otherwise"
    if set(guard) == {"when"} and guard["when"] != "otherwise":
        return guard["when"]
    raise CannotWrite("more than a condition is to be said")


def _guards(transitions: tuple[model.Transition, ...]) -> dict[str, Any]:
    """Transitions by their targets, where no target is there twice."""
    guards = {}
    for transition in transitions:
        guard = said(transition)
        to = guard.pop("to")
        if to in guards:
            raise CannotWrite(f"there are two transitions to '{to}'")
        guards[to] = guard
    return guards


_GUARD = short(
    converted(FORMULA, lambda text: {} if text == "otherwise" else {"when": text}, _condition),
    record(
        "a transition",
        _CONDITIONS,
        lambda values, _node, _problems: values,
        fills=model.Transition,
    ),
)
_TRANSITION_LIST = list_of(TRANSITION)
_TRANSITION_MAP = converted(
    mapping_of(_GUARD, TEXT),
    lambda guards: tuple(model.Transition(to=to, **guard) for to, guard in guards.items()),
    _guards,
)
TRANSITIONS = either(
    lambda node: _TRANSITION_MAP if isinstance(node, LocatedMap) else _TRANSITION_LIST,
    _TRANSITION_MAP,
    _TRANSITION_LIST,
)


def _copies(values: dict[str, Any], node: LocatedMap, problems: Problems) -> dict[str, Any]:
    if values.get("in_turn") and not values.get("for_each"):
        note(problems, "E031", "'in turn' is about the copies of a step with 'for each'", node)
    return outcomes_apart(values, node, problems)


_FOR_EACH = for_each("one copy of the step for each index, all at once: i in 1..N, j in 1..M")
_IN_TURN = Key(TRUTH, "the copies run one after the other instead of all at once", field="in_turn")
STEP = named(
    "step",
    record(
        "a step",
        {
            "for each": _FOR_EACH,
            "for_each": _FOR_EACH,
            "in turn": _IN_TURN,
            "in_turn": _IN_TURN,
            "service": Key(NAME, "the service that does the work"),
            "flow": Key(NAME, "the flow under `flows` that is run here; what comes after the step waits for its end"),
            "task": Key(
                NAME,
                "the name under which its duration is drawn: a handler of that task in another design takes as long",
            ),
            "after": Key(
                one_or_more(STEP_REFERENCE),
                "the steps it waits for; without it the one written before it; `[]`: it starts at once",
            ),
            "join": Key(
                word(
                    meanings={
                        "all": "wait for a token from each of the steps in `after`",
                        "any": "start once for each token that arrives",
                    }
                ),
                "wait for all of `after`, or start for each of them",
            ),
            "when": Key(FORMULA, "false on arrival: the step is skipped, and those that come after it go on"),
            "await": Key(FORMULA, "where it is false on arrival, the step waits until it is true", field="await_"),
            "requires": Key(FORMULA, "contract: what must hold when it starts"),
            "effect": Key(EFFECT, "what it changes when it ends well: {variable: new value}"),
            "ensures": Key(FORMULA, "contract: what must hold after the effect"),
            "modifies": Key(one_or_more(TARGET), "what it may change in a way known only by `ensures`"),
            "check": Key(
                FORMULA,
                "tested after the effect; false ends the flow as a failure, and the effect stays until it is undone",
            ),
            "outcomes": Key(OUTCOMES, "the effect of each outcome that can happen: ok, error, failed, timeout"),
            "retry": Key(RETRY, "when it is tried again"),
            "timeout": Key(DURATION, "how long it is waited for; the step can then end in `timeout`"),
            "compensation": Key(COMPENSATION, "how it is undone"),
            "transitions": Key(
                TRANSITIONS,
                "where to go afterwards, not to the steps that come after: a step, `end` (of this branch) or `abort`",
            ),
            "choice": Key(
                word(
                    meanings={
                        "ordered": "the first transition whose condition holds is taken",
                        "free": "any transition whose condition holds may be taken",
                    }
                ),
                "transitions are tried in order, or any that holds is taken",
            ),
            "input": Key(
                mapping_of(NAME, NAME),
                "`{input key: context key}`: what it needs from the context; what was never written is a finding",
            ),
            "output": Key(
                mapping_of(NAME, NAME),
                "`{context key: output key}`: what the step writes to the context, where its service provides it",
            ),
            "time": Key(DELAYS, "how long it takes, instead of its service's time"),
            "overhead": Key(DELAYS, "what its call costs, instead of the coordinator's overhead"),
            "priority": PRIORITIES,
        },
        Builds(model.Step, _copies),
        said_with_outcomes,
    ),
)
_HIDDEN = {
    "nothing": "the work was not done",
    "success": "the work was done, and nobody heard of it",
    "either": "one or the other",
}
FLOW = record(
    "the flow",
    {
        "name": Key(NAME, "what it is called"),
        "coordinator": Key(NAME, "who runs it; without it the only coordinator, if there is one"),
        "engine": Key(NAME, "the engine it runs on, instead of its coordinator's"),
        "requires": Key(FORMULA, "contract: what is assumed at the start"),
        "ensures": Key(FORMULA, "contract: what must hold when it completes"),
        "context": Key(one_or_more(NAME), "the context keys that are there from the start"),
        "steps": Key(mapping_of(STEP, STEP_NAME, "steps as a mapping"), "the steps by name, in order", required=True),
    },
    plain(model.Flow),
    partial=True,
)
_ENDINGS = {**FAILURES, "check": "the step's `check` was false after its effect"}
_UNDONE = word(
    meanings={
        "if effect": "it is undone where the outcome with which it ended has an effect",
        "always": "it is undone, even where nothing has happened",
        "never": "it is not undone, even where something has happened",
    }
)


def _undone(word: str) -> dict[str, str]:
    return dict.fromkeys(_ENDINGS, word)


def _same_for_all(policy: Any) -> str:
    """The word that holds for all endings."""
    for choice in _UNDONE.about.words:
        if policy == _undone(choice):
            return choice
    raise CannotWrite("it is not the same for all endings")


_ORDERS = {
    "reverse": "a step is undone before those that led to it; steps that did not lead to each other at once",
    "lifo": "strictly the last step that ended first, one at a time",
    "parallel": "all at once",
}
_UNDO_FAILURES = {
    "stop": "the flow ends there, with the rest not undone",
    "continue": "the others are undone; nobody hears of the one that was not",
    "retry": "it is tried again without end",
}
_SIBLINGS = {
    "finish": "they end first; what they did is undone as well",
    "abandoned": "undoing begins at once; what they still do stays",
}
_HIDDEN = {
    "nothing": "the work was not done",
    "success": "the work was done, and nobody heard of it",
    "either": "both can happen, and nobody can tell which",
}
POLICIES = record(
    "policies",
    {
        "compensation": Key(
            record(
                "the compensation policy",
                {
                    "on": Key(one_or_more(word(meanings=_ENDINGS)), "the endings of a step that trigger compensation"),
                    "failing_step": Key(
                        short(
                            converted(_UNDONE, _undone, _same_for_all),
                            mapping_of(_UNDONE, word(meanings=_ENDINGS)),
                        ),
                        "whether the failing step itself is undone, for all endings or each; without it `if effect`",
                    ),
                    "order": Key(word(meanings=_ORDERS), "in which order steps are undone"),
                    "on_undo_failure": Key(word(meanings=_UNDO_FAILURES), "what happens when undoing fails"),
                    "siblings": Key(word(meanings=_SIBLINGS), "what happens to steps in flight"),
                },
                plain(model.CompensationPolicy),
            ),
            "how failures are undone",
        ),
        "retry": Key(RETRY, "retries of every step that says nothing itself"),
        "timeout": Key(
            short(
                converted(DURATION, lambda after: model.TimeoutPolicy(after=after)),
                record(
                    "the timeout policy",
                    {
                        "after": Key(DURATION, "how long every step is waited for that says nothing itself"),
                        "hides": Key(
                            word(meanings=_HIDDEN),
                            "what a timeout without an effect of its own means",
                        ),
                        "hidden": Key(
                            PROBABILITY, "with `hides: either`, how often it hides that the work was done: 30%"
                        ),
                    },
                    plain(model.TimeoutPolicy),
                ),
            ),
            "timeouts of every step that says nothing itself, and what they hide",
        ),
    },
    plain(model.Policies),
)
ORCHESTRATION = {
    **DESIGN,
    "services": Key(mapping_of(SERVICE, NAME), "who does the work"),
    "coordinators": Key(mapping_of(COORDINATOR, NAME), "who runs flows"),
    "engines": Key(mapping_of(ENGINE, NAME), "where flows run, so many at once"),
    "flow": Key(FLOW, "the steps and how they follow each other"),
    "flows": Key(mapping_of(FLOW, NAME), "flows by name: those that no step runs start by themselves"),
    "policies": Key(POLICIES, "what is done about failures"),
    "instances": INSTANCES,
    "arrivals": ARRIVALS,
    "correlation": CORRELATION,
}
