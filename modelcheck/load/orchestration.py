"""The text of an orchestration: services, coordinators, a flow of steps, policies."""

from __future__ import annotations

from .. import model
from ..source import LocatedMap
from .design import ARRIVALS, DELAYS, DESIGN, INSTANCES, NAMES, plain, with_outcomes
from .reader import Key, converted, either, list_of, mapping_of, named, one_or_more, record, short, word
from .values import (
    COUNT,
    DURATION,
    EFFECT,
    FACTOR,
    FAILS,
    FAILURES,
    FORMULA,
    NAME,
    OUTCOMES,
    PROBABILITY,
    STEP_NAME,
    TARGET,
    TEXT,
    unlimited,
)

SERVICE = record(
    "a service",
    {
        "time": Key(DELAYS, "how long a call takes: 20ms, exponential(mean=20ms)"),
        "workers": Key(unlimited(COUNT), "how many calls it serves at once; without it any number"),
        "fails": Key(FAILS, "how often it fails: 5%, or {error: 5%, timeout: 1%}"),
        "provides": Key(list_of(NAME), "the output keys that it returns"),
    },
    plain(model.Service),
)
COORDINATOR = record(
    "a coordinator",
    {
        "concurrency": Key(unlimited(COUNT), "how many steps it can have in flight; without it any number"),
        "overhead": Key(DELAYS, "what it spends on a call"),
    },
    plain(model.Coordinator),
)
RETRY = named(
    "retry",
    short(
        converted(unlimited(COUNT), lambda attempts: model.Retry(attempts=attempts)),
        record(
            "retry",
            {
                "attempts": Key(unlimited(COUNT), "how often it is tried in all, or unlimited"),
                "on": Key(one_or_more(word(*FAILURES)), "the outcomes after which it is tried again"),
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
        "fails": Key(PROBABILITY, "how often undoing fails: 5%"),
    },
    plain(model.Compensation),
)
OUTCOME_NAMES = one_or_more(word("ok", *FAILURES))
_CONDITIONS = {
    "when": Key(FORMULA, "the condition; without it always"),
    "on": Key(OUTCOME_NAMES, "the outcomes after which it is taken: ok without it"),
}
TRANSITION = record(
    "a transition",
    {"to": Key(TEXT, "a step, end or abort", required=True), **_CONDITIONS},
    plain(model.Transition),
)
_GUARD = short(
    converted(FORMULA, lambda text: {} if text == "otherwise" else {"when": text}),
    record(
        "a transition",
        _CONDITIONS,
        lambda values, _node, _problems: values,
    ),
)
_TRANSITION_LIST = list_of(TRANSITION)
_TRANSITION_MAP = converted(
    mapping_of(_GUARD, TEXT),
    lambda guards: tuple(model.Transition(to=to, **guard) for to, guard in guards.items()),
)
TRANSITIONS = either(
    lambda node: _TRANSITION_MAP if isinstance(node, LocatedMap) else _TRANSITION_LIST,
    _TRANSITION_LIST,
    _TRANSITION_MAP,
)


STEP = named(
    "step",
    record(
        "a step",
        {
            "service": Key(NAME, "the service that does the work"),
            "task": Key(NAME, "the name under which its duration is drawn; shared with a handler of the same task"),
            "after": Key(NAMES, "the steps it waits for; the one written before it without this; [] starts at once"),
            "join": Key(word("all", "any"), "wait for all of `after`, or start for each of them"),
            "when": Key(FORMULA, "false on arrival skips the step"),
            "await": Key(FORMULA, "wait until this is true", field="await_"),
            "requires": Key(FORMULA, "contract: what must hold when it starts"),
            "effect": Key(EFFECT, "what it changes when it ends well: {variable: new value}"),
            "ensures": Key(FORMULA, "contract: what must hold after the effect"),
            "modifies": Key(one_or_more(TARGET), "what it may change in a way known only by `ensures`"),
            "check": Key(FORMULA, "tested after the effect; false aborts the flow"),
            "outcomes": Key(OUTCOMES, "the effect of each outcome that can happen: ok, error, failed, timeout"),
            "retry": Key(RETRY, "when it is tried again"),
            "timeout": Key(DURATION, "how long it is waited for"),
            "compensation": Key(COMPENSATION, "how it is undone"),
            "transitions": Key(TRANSITIONS, "where to go afterwards instead of to the steps that come after"),
            "choice": Key(word("ordered", "free"), "transitions are tried in order, or any that holds is taken"),
            "input": Key(mapping_of(NAME, NAME), "{input key: context key}"),
            "output": Key(mapping_of(NAME, NAME), "{context key: output key}"),
            "time": Key(DELAYS, "how long it takes, instead of its service's time"),
        },
        with_outcomes(model.Step),
    ),
)
FLOW = record(
    "the flow",
    {
        "name": Key(NAME, "what it is called"),
        "coordinator": Key(NAME, "who runs it"),
        "requires": Key(FORMULA, "contract: what is assumed at the start"),
        "ensures": Key(FORMULA, "contract: what must hold when it completes"),
        "context": Key(one_or_more(NAME), "the context keys that are there from the start"),
        "steps": Key(mapping_of(STEP, STEP_NAME, "steps as a mapping"), "the steps by name, in order", required=True),
    },
    plain(model.Flow),
    partial=True,
)
_ENDINGS = (*FAILURES, "check")
_UNDONE = word("if effect", "always", "never")
POLICIES = record(
    "policies",
    {
        "compensation": Key(
            record(
                "the compensation policy",
                {
                    "on": Key(one_or_more(word(*_ENDINGS)), "the endings of a step that trigger compensation"),
                    "failing_step": Key(
                        short(
                            converted(_UNDONE, lambda word: dict.fromkeys(_ENDINGS, word)),
                            mapping_of(_UNDONE, word(*_ENDINGS)),
                        ),
                        "whether the failing step itself is undone: if effect, always, never",
                    ),
                    "order": Key(word("reverse", "lifo", "parallel"), "in which order steps are undone"),
                    "on_undo_failure": Key(word("continue", "retry", "stop"), "what happens when undoing fails"),
                    "siblings": Key(word("finish", "abandoned"), "what happens to steps in flight"),
                },
                plain(model.CompensationPolicy),
            ),
            "how failures are undone",
        ),
        "retry": Key(RETRY, "retries of every step that says nothing itself"),
    },
    plain(model.Policies),
)
ORCHESTRATION = {
    **DESIGN,
    "services": Key(mapping_of(SERVICE, NAME), "who does the work"),
    "coordinators": Key(mapping_of(COORDINATOR, NAME), "who runs flows"),
    "flow": Key(FLOW, "the steps and how they follow each other", required=True),
    "policies": Key(POLICIES, "what is done about failures"),
    "instances": INSTANCES,
    "arrivals": ARRIVALS,
}
