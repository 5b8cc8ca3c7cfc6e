"""Random small flows by number, for the tests in which proofs on the graph are checked against plain search."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from modelcheck import model

VARIABLES = {
    "x": model.Variable(type="0..2", initial="0..1"),
    "y": model.Variable(type="0..2", initial=0),
    "n": model.Variable(type="0..4", initial=0),
    "p": model.Variable(type="bool", initial=False),
    "q": model.Variable(type="bool", initial="any", shared=True),
}
CONDITIONS = ("p", "not p", "q", "x >= 1", "x == 0", "y == n", "y <= 1", "n >= 1", "p or x < 2", "q and not p", "true")
EFFECTS = (
    {}, {}, {"p": True}, {"p": "not p"}, {"x": "x + 1"}, {"x": "x - 1"}, {"x": 0}, {"q": "p"}, {"y": "y + 1"},
    {"y": "y + 1", "n": "n + 1"}, {"n": "n + 1"}, {"y": "x"}, {"n": "y"}, {"x": "2 // x"},
)  # fmt: skip


def random_flow(number: int) -> model.Orchestration:
    """The flow of a number: always the same one. Rows, branches, joins, choices, retries, undoing, interference."""
    dice = random.Random(number)
    count = dice.randint(1, 5)
    names = [f"s{place}" for place in range(count)]
    plain = dice.random() < 0.7
    often = dice.choice((0.15, 0.4))
    steps = {name: _step(dice, names[:place], names, plain, often) for place, name in enumerate(names)}
    compensation = model.CompensationPolicy(
        on=dice.choice((("error", "failed", "timeout", "check"), ("error", "failed", "timeout", "check"), ("error",))),
        failing_step=dice.choice(({}, {}, {"error": "always"}, {"error": "never"})),
        order=dice.choice(("reverse", "reverse", "parallel", "lifo")),
        on_undo_failure=dice.choice(("stop", "continue", "retry")),
        siblings=dice.choice(("finish", "finish", "abandoned")),
    )
    return model.Orchestration(
        name=f"flow{number}",
        variables=VARIABLES,
        services={"work": model.Service(workers=dice.choice((None, 1, 2)))},
        coordinators={"boss": model.Coordinator(concurrency=dice.choice((None, None, 1, 2)))},
        flow=model.Flow(
            requires=_maybe(dice, 0.2),
            ensures=_maybe(dice, 0.5),
            context=dice.choice(((), ("k",))),
            steps=steps,
        ),
        policies=model.Policies(compensation=compensation),
        instances=2 if count <= 2 and dice.random() < 0.1 else 1,
    )


def _maybe(dice: random.Random, often: float) -> str | None:
    return dice.choice(CONDITIONS) if dice.random() < often else None


def _step(dice: random.Random, earlier: list[str], names: list[str], plain: bool, often: float) -> model.Step:
    after = tuple(dice.sample(earlier, min(len(earlier), dice.choice((0, 1, 1, 2))))) if dice.random() < 0.6 else None
    jumps: tuple[model.Transition, ...] = ()
    if not plain and dice.random() < 0.4:
        targets = [*names[len(earlier) + 1 :], "end", "abort"] if dice.random() < 0.8 else [*names, "end"]
        on = dice.choice((("ok",), ("ok",), ("ok", "error")))
        jumps = tuple(
            model.Transition(to=dice.choice(targets), when=dice.choice((*CONDITIONS, None)), on=on) for _ in range(2)
        )
    outcomes = {dice.choice(("error", "failed")): dice.choice(EFFECTS)} if dice.random() < 0.35 else {}
    return model.Step(
        service=dice.choice(("work", None)),
        after=after,
        join=dice.choice(("all", "all", "all", "any")) if not plain else "all",
        when=_maybe(dice, often / 2),
        await_=_maybe(dice, 0.05),
        requires=_maybe(dice, 0.5),
        effect=dice.choice(EFFECTS[:-1] if dice.random() < 0.95 else EFFECTS),
        ensures=_maybe(dice, 0.5),
        check=_maybe(dice, often / 2),
        modifies=("p",) if dice.random() < 0.03 else (),
        outcomes=outcomes,
        retry=dice.choice((model.Retry(attempts=2), model.Retry(attempts=None))) if dice.random() < often / 2 else None,
        compensation=model.Compensation(effect=dice.choice(EFFECTS[:-1]), fails=dice.choice((0.0, 0.0, 0.1)))
        if dice.random() < often
        else None,
        transitions=jumps,
        choice=dice.choice(("ordered", "ordered", "free")),
        input={"i": "k"} if dice.random() < 0.1 else {},
        output={"k": "o"} if dice.random() < 0.1 else {},
    )


# Designs with several flows, families, called flows, timeouts that hide something, and lists.

RICHER = {
    **VARIABLES,
    "items": model.Variable(type="list of 0..1 at most 2", initial="[0]"),
    "c": model.Variable(type="0..2", initial=0, over=("1..2",)),
}
RICHER_CONDITIONS = (
    "items.length >= 1", "items.length <= 1", "items[1] == 0", "c[1] == 0", "c[2] <= 1", "c[1] + c[2] < 2",
)  # fmt: skip
RICHER_EFFECTS = (
    {"items": "append(items, 1)"}, {"items": "rest(items)"}, {"items": []}, {"items[1]": 1}, {"items[2]": 0},
    {"c[1]": "c[1] + 1"}, {"c[2]": "c[1]"}, {"c[1]": 0, "p": True}, {"items": "[x - x, 1]"},
)  # fmt: skip
COPY_CONDITIONS = ("c[i] == 0", "c[i] <= 1", "i == 1", "p or c[i] >= 1")
COPY_EFFECTS = ({"c[i]": "c[i] + 1"}, {"c[i]": 0}, {"c[i]": "i - 1"}, {"n": "n + 1"}, {"p": True})


def random_design(number: int) -> model.Orchestration:
    """The design of a number: always the same one. Each has some of what flows are written with in a short form."""
    dice = random.Random(f"design {number}")
    design = random_flow(dice.randrange(1_000_000))
    steps = {name: _richer(dice, step) for name, step in list(design.flow.steps.items())[: dice.randint(1, 3)]}
    steps = {name: _within(step, steps) for name, step in steps.items()}
    flows = {}
    if dice.random() < 0.45:
        plain = dice.random() < 0.7
        flows["part"] = _small_flow(dice, plain)
        steps[f"s{len(steps)}"] = _call(dice, list(steps), flows["part"])
    if dice.random() < 0.4:
        steps[f"s{len(steps)}"] = _family(dice, list(steps))
    if dice.random() < 0.45:
        flows["other"] = _small_flow(dice, dice.random() < 0.7)
        if dice.random() < 0.6:
            flows["other"] = _with_own_variables(flows["other"])
    hides = dice.choice(("nothing", "success", "either", "either"))
    timeout = model.TimeoutPolicy(after=1.0, hides=hides) if dice.random() < 0.3 else model.TimeoutPolicy()
    policies = replace(design.policies, timeout=timeout, retry=dice.choice((None,) * 8 + (model.Retry(attempts=2),)))
    engine = dice.choice((None, None, "machine")) if "other" in flows else None
    return replace(
        design,
        name=f"design{number}",
        variables={**RICHER, **{f"{name}2": each for name, each in RICHER.items()}},
        engines={"machine": model.Engine(concurrency=1)} if engine else {},
        flow=replace(design.flow, steps=steps, engine=engine),
        flows={name: replace(each, engine=engine if name == "other" else None) for name, each in flows.items()},
        policies=policies,
        properties={"asked": model.Property(word="before", about=_two_names(dice, steps, flows))}
        if dice.random() < 0.3
        else {},
        instances=2 if len(steps) + len(flows) <= 2 and dice.random() < 0.3 else 1,
    )


def _two_names(dice: random.Random, steps: Collection[str], flows: Mapping[str, model.Flow]) -> tuple[str, str]:
    """Two steps, of whatever flow; one that is a family or runs a flow stands for all that this means."""
    names = [*steps, *(f"other.{name}" for name in (flows["other"].steps if "other" in flows else ()))]
    return dice.choice(names), dice.choice(names)


def _richer(dice: random.Random, step: model.Step) -> model.Step:
    """The step, perhaps with a list or a member of an indexed variable."""
    changed: dict[str, Any] = {}
    if dice.random() < 0.4:
        changed["effect"] = dice.choice(RICHER_EFFECTS)
    for key in ("requires", "ensures", "when", "check"):
        if getattr(step, key) is not None and dice.random() < 0.4:
            changed[key] = dice.choice(RICHER_CONDITIONS)
    if step.compensation is not None and dice.random() < 0.3:
        changed["compensation"] = replace(step.compensation, effect=dice.choice(RICHER_EFFECTS))
    return replace(step, **changed)


def _within(step: model.Step, names: Collection[str]) -> model.Step:
    """The step without jumps to others than these."""
    return replace(step, transitions=tuple(each for each in step.transitions if each.to in (*names, "end", "abort")))


def _small_flow(dice: random.Random, plain: bool) -> model.Flow:
    names = [f"t{place}" for place in range(dice.randint(1, 2))]
    steps = {name: _richer(dice, _step(dice, names[:at], names, plain, 0.25)) for at, name in enumerate(names)}
    steps = {name: replace(step, input={}) for name, step in steps.items()}
    return model.Flow(requires=_maybe(dice, 0.2), ensures=_maybe(dice, 0.4), steps=steps)


def _call(dice: random.Random, earlier: list[str], called: model.Flow) -> model.Step:
    undone = any(step.compensation for step in called.steps.values())
    undo = model.Compensation(effect=dice.choice(EFFECTS[:-1])) if not undone and dice.random() < 0.3 else None
    return model.Step(
        flow="part",
        after=tuple(dice.sample(earlier, 1)) if earlier and dice.random() < 0.4 else None,
        when=_maybe(dice, 0.3),
        requires=_maybe(dice, 0.3),
        ensures=_maybe(dice, 0.4),
        compensation=undo,
    )


def _family(dice: random.Random, earlier: list[str]) -> model.Step:
    def maybe(often: float) -> str | None:
        return dice.choice(COPY_CONDITIONS) if dice.random() < often else None

    return model.Step(
        for_each=(model.Index(name="i", low=1, high=2),),
        in_turn=dice.random() < 0.5,
        service=dice.choice(("work", None)),
        after=tuple(dice.sample(earlier, 1)) if earlier and dice.random() < 0.4 else None,
        when=maybe(0.15),
        requires=maybe(0.4),
        effect=dice.choice(COPY_EFFECTS),
        ensures=maybe(0.5),
        check=maybe(0.15),
        outcomes={"error": {}} if dice.random() < 0.3 else {},
        compensation=model.Compensation(effect=dice.choice(COPY_EFFECTS)) if dice.random() < 0.3 else None,
    )


def _with_own_variables(flow: model.Flow) -> model.Flow:
    """The flow over variables of its own: `x2` for `x`."""

    def own(value: Any) -> Any:
        match value:
            case str():
                return re.sub(rf"\b({'|'.join(RICHER)})\b", r"\g<1>2", value)
            case dict():
                return {own(name): own(each) for name, each in value.items()}
        return value

    def renamed(step: model.Step) -> model.Step:
        undo = step.compensation
        return replace(
            step,
            **{key: own(getattr(step, key)) for key in ("when", "await_", "requires", "effect", "ensures", "check")},
            modifies=tuple(map(own, step.modifies)),
            outcomes={outcome: own(effect) for outcome, effect in step.outcomes.items()},
            transitions=tuple(replace(each, when=own(each.when)) for each in step.transitions),
            compensation=undo and replace(undo, effect=own(undo.effect)),
        )

    steps = {name: renamed(step) for name, step in flow.steps.items()}
    return replace(flow, requires=own(flow.requires), ensures=own(flow.ensures), steps=steps)
