"""Random small flows by number, for the tests in which proofs on the graph are checked against plain search."""

from __future__ import annotations

import random

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
