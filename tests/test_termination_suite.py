"""Loops from the literature on termination, as `system` models and as flows: what ends, what does not, and why."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from modelcheck.check.run import check_model
from modelcheck.engine.target import Limits
from modelcheck.load import load_text
from modelcheck.results import Result, Verdict
from modelcheck.trace import replay

INTEGER, NUMBER = "{type: int, initial: any}", "{type: real, initial: any}"

Actions = Mapping[str, tuple[str, Mapping[str, str]]]  # name -> guard and effect

# Name (source): variables, actions, the measure that is found.
ENDING: dict[str, tuple[dict[str, str], Actions, str]] = {
    "Podelski & Rybalchenko 2004": (
        {"x": INTEGER, "y": INTEGER},
        {"step": ("x >= 0 and y >= 0", {"x": "x - y - 1"})},
        "x",
    ),
    "greatest common divisor, Bradley, Manna & Sipma 2005": (
        {"x": INTEGER, "y": INTEGER},
        {"left": ("x >= 1 and y >= 1 and x > y", {"x": "x - y"}), "right": ("x >= 1 and y > x", {"y": "y - x"})},
        "x, then y",
    ),
    "one counter resets the other, Bradley, Manna & Sipma 2005": (
        {"x": INTEGER, "y": INTEGER, "n": INTEGER},
        {
            "outer": ("x >= 0 and y >= 0 and n >= 0", {"x": "x - 1", "y": "n"}),
            "inner": ("x >= 0 and y >= 0 and n >= 0", {"y": "y - 1"}),
        },
        "x, then y",
    ),
    "towards a bound, then down, Ben-Amram & Genaim 2014": (
        {"x": INTEGER, "y": INTEGER},
        {"up": ("x >= 0 and y <= 10", {"x": "x - 1", "y": "y + 1"}), "down": ("x >= 0 and y > 10", {"x": "x - 2"})},
        "10 - y, then x",
    ),
    "nested": (
        {"i": INTEGER, "j": INTEGER, "n": INTEGER},
        {"outer": ("i < n and j >= n", {"i": "i + 1", "j": "0"}), "inner": ("i < n and j < n", {"j": "j + 1"})},
        "n - i, then n - j",
    ),
    "with a choice": (
        {"x": INTEGER, "y": INTEGER},
        {"left": ("x > 0", {"x": "x - 1", "y": "y + 1"}), "right": ("x > 0", {"x": "x - 1", "y": "y - 5"})},
        "x",
    ),
    "with a choice, nested": (
        {"x": INTEGER, "y": INTEGER},
        {
            "left": ("x > 0", {"x": "x - 1", "y": "7"}),
            "right": ("y > 0", {"y": "y - 1"}),
            "both": ("x > 0 and y > 0", {"x": "x - 1", "y": "y + x"}),
        },
        "x, then y",
    ),
    "two phases, Ben-Amram & Genaim 2017": (
        {"x": INTEGER, "y": INTEGER},
        {"step": ("x > 0", {"x": "x + y", "y": "y - 1"})},
        "max(y + 1, 0), then x",
    ),
    "three phases": (
        {"x": INTEGER, "y": INTEGER, "z": INTEGER},
        {"step": ("x > 0", {"x": "x + y", "y": "y + z", "z": "z - 1"})},
        "max(z + 1, 0), then max(y + 1, 0), then x",
    ),
    "changing places": ({"x": INTEGER, "y": INTEGER}, {"step": ("x > y", {"x": "y + 1", "y": "x"})}, "x - y"),
    "a budget of money": ({"r": NUMBER}, {"spend": ("r > 0", {"r": "r - 1 / 3"})}, "3 * r"),
    "halved down to a bound": ({"r": NUMBER}, {"halve": ("r > 1", {"r": "r / 2"})}, "2 * r"),
    "real, nested": (
        {"r": NUMBER, "q": NUMBER},
        {"outer": ("r >= 0", {"r": "r - 1 / 2", "q": "9"}), "inner": ("q > 0", {"q": "q - 1"})},
        "2 * r, then q",
    ),
}

GOING_ON: dict[str, tuple[dict[str, str], Actions]] = {
    "past its end": ({"x": INTEGER}, {"step": ("x != 0", {"x": "x - 1"})}),
    "changing sign": ({"x": INTEGER}, {"step": ("x != 0", {"x": "-x"})}),
    "halved to 0": ({"x": INTEGER}, {"step": ("x < 10", {"x": "x // 2"})}),
    "growing, Gupta and others 2008": ({"x": INTEGER, "y": INTEGER}, {"step": ("x >= 0", {"x": "x - y"})}),
    "growing faster": ({"x": INTEGER, "y": INTEGER}, {"step": ("x >= 0", {"x": "x + y", "y": "y + 1"})}),
    "doubled": ({"x": INTEGER}, {"step": ("x > 0", {"x": "2 * x"})}),
    "smaller by ever less": ({"r": NUMBER}, {"step": ("r > 0", {"r": "r / 2"})}),
    "to and fro": ({"x": INTEGER}, {"up": ("x > 0 and x < 5", {"x": "x + 1"}), "down": ("x > 1", {"x": "x - 1"})}),
    "changing places": ({"x": INTEGER, "y": INTEGER}, {"step": ("x + y > 0", {"x": "y", "y": "x"})}),
    "from a first value": ({"x": "{type: int, initial: 3}"}, {"step": ("x > 2", {"x": "x + 1"})}),
    "after a while": ({"x": "{type: int, initial: -2}"}, {"step": ("true", {"x": "x + 1"})}),
}


def ends(variables: Mapping[str, str], actions: Actions) -> Result:
    lines = ["system: loop", "variables:", *(f"  {name}: {declared}" for name, declared in variables.items())]
    lines.append("actions:")
    for name, (guard, effect) in actions.items():
        assigned = ", ".join(f"{variable}: '{value}'" for variable, value in effect.items())
        lines.append(f"  {name}: {{when: '{guard}', effect: {{{assigned}}}}}")
    lines.append("properties: {it ends: {ends: system}}")
    return checked("\n".join(lines), "it ends")


def checked(text: str, name: str) -> Result:
    report = check_model(load_text(text), [name], Limits(states=20_000, seconds=30))
    return next(result for result in report.results if result.name == name)


@pytest.mark.parametrize("name", ENDING)
def test_loops_that_end(name: str) -> None:
    variables, actions, measure = ENDING[name]
    result = ends(variables, actions)
    assert result.verdict == Verdict.PROVED
    assert result.reason == f"every loop has a ranking function: {measure}"


@pytest.mark.parametrize("name", GOING_ON)
def test_loops_that_go_on(name: str) -> None:
    result = ends(*GOING_ON[name])
    assert result.verdict == Verdict.REFUTED
    assert result.trace is not None
    replay(result.trace)


def test_a_walk_with_ever_new_values_says_where_it_goes_on() -> None:
    result = ends(*GOING_ON["past its end"])
    assert result.trace is not None
    assert result.trace.loop is None
    assert result.reason == "from its first state it can go on for ever: step can be taken again and again where x < 0"


def test_what_others_must_have_a_part_in_is_not_refuted_by_one() -> None:
    """Under fairness `stop` happens some time: then nothing goes on, although `step` could for ever."""
    result = checked(
        """
system: stopped
variables: {x: {type: int, initial: 1}, on: true}
actions:
  step: {when: on, effect: {x: x + 1}, actor: runner}
  stop: {when: on, effect: {on: false}, actor: boss}
properties: {it ends: {ends: system}}
""",
        "it ends",
    )
    assert result.verdict != Verdict.REFUTED


@pytest.mark.parametrize(
    "loop",
    [
        ({"x": INTEGER, "y": INTEGER}, {"step": ("x != y", {"x": "max(x, y)", "y": "max(x, y)"})}),
        ({"x": INTEGER, "y": INTEGER}, {"step": ("x > 0 and y > 1", {"x": "x // y"})}),
    ],
)
def test_what_has_no_such_rank_is_never_refuted(loop: tuple[Mapping[str, str], Actions]) -> None:
    assert ends(*loop).verdict in (Verdict.UNKNOWN, Verdict.PROVED)


FLOW = """
orchestration: loop
variables:
  attempts: {{type: int, initial: any}}
  budget: {{type: real, initial: any}}
flow:
  steps:
    ask:
      effect: {{attempts: {step}}}
    answer:
      effect: {{budget: budget - 1 / 2}}
      transitions: [{{to: ask, when: {condition}}}, {{to: end}}]
"""


@pytest.mark.parametrize(
    ("step", "condition", "verdict"),
    [
        ("attempts + 1", "attempts < 3", Verdict.PROVED),
        ("attempts", "budget > 0", Verdict.PROVED),
        ("attempts - 1", "attempts > 0 and budget > 0", Verdict.PROVED),
        ("attempts + 1", "attempts > 0 or budget > 0", Verdict.BOUNDED),
    ],
)
def test_flows_with_counters_and_money(step: str, condition: str, verdict: Verdict) -> None:
    assert checked(FLOW.format(step=step, condition=condition), "termination").verdict == verdict
