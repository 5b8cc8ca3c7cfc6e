"""Ranks from a weight for each value: against lassos in the state graph, on the saga, and broken on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from generated_systems import CONDITIONS, SYSTEMS, Naive
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.check.leads_to import ends_pending
from modelcheck.check.run import check_model
from modelcheck.compile import compile_model
from modelcheck.engine import rank_of_values as module
from modelcheck.engine.induction import induction
from modelcheck.engine.liveness import find_lasso
from modelcheck.engine.rank_of_values import ValueRank, rank_of_values
from modelcheck.engine.search import search
from modelcheck.engine.target import Limits
from modelcheck.expressions import BOOL, TRUE, Expr, Ref, evaluate, negation, parse, resolve, total
from modelcheck.expressions.tree import conjunction
from modelcheck.guarded import compile_system
from modelcheck.load import load_file, load_text
from modelcheck.results import Verdict
from modelcheck.system import State, TransitionSystem
from modelcheck.trace import replay

MODELS = Path(__file__).parent.parent / "models"
QUICK = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def system_of(text: str) -> TransitionSystem:
    return compile_model(load_text(f"system: small\n{text}"))


def typed(system: TransitionSystem, text: str) -> Expr:
    return resolve(parse(text), system.scope, BOOL)


# Systems of which a fair part ends: each action moves something on.
EFFECTS = st.sampled_from([
    {"a": "a + 1"}, {"a": "a - 1"}, {"b": "b - 1"}, {"b": "b - 1", "a": "2"}, {"c": "true"}, {"a": "b"},
    {"c": "false", "b": "b - 2"}, {"d": "green"}, {"d": "blue", "b": "b + 1"}, {"d": "red if c else blue"},
    {"b": "min(b, a)"},
])  # fmt: skip
GUARDS = st.sampled_from([
    "not c", "d == red", "d == green and a > 0", "d != blue", "b > 0", "a < 2 and b > 1", "c and a == 2", "true",
    "6 % b == 0",
])  # fmt: skip
ENDING = st.lists(st.builds(model.GuardedAction, when=GUARDS, effect=EFFECTS), min_size=1, max_size=4).map(
    lambda actions: compile_system(
        model.System(name="ending", variables=VARIABLES, actions={f"act{n}": each for n, each in enumerate(actions)})
    )
)
VARIABLES = {
    "a": model.Variable(type="0..2", initial="{0, 1}"),
    "b": model.Variable(type="0..40", initial=3),
    "c": model.Variable(type="bool", initial=False),
    "d": model.Variable(type="{red, green, blue}", initial="red"),
}


def value(part: ValueRank, state: Mapping[str, object]) -> int:
    refs = [(name, part.variables[name]) for name in (*part.weights, *part.coefficients)]
    return int(evaluate(total(part.of(name, Ref(name, each.type)) for name, each in refs), state))  # type: ignore[arg-type]


def falls(parts: tuple[ValueRank, ...], old: Mapping[str, object], new: Mapping[str, object]) -> bool:
    before, after = [value(part, old) for part in parts], [value(part, new) for part in parts]
    return after < before


@QUICK
@given(st.one_of(SYSTEMS, ENDING))
def test_a_rank_goes_down_at_every_step_and_there_is_no_lasso(system: TransitionSystem) -> None:
    parts = rank_of_values(system)
    assume(parts)
    naive = Naive(system)
    for state in naive.states:
        for _, after in naive.moves(state):
            assert not naive.in_range(after) or falls(parts, naive.names(state), naive.names(after))
    assert find_lasso(system, TRUE, fairness="none")[0] is None


def test_thirty_orders_end_without_a_look_at_their_states() -> None:
    system = compile_model(load_file(MODELS / "saga_orders.yaml", {"N": "30", "K": "10"}))
    (part,) = rank_of_values(system)
    assert str(part) == (
        "every order(idle 5, reserved 3, paid 2, refund_due 1, shipped 0, release_due 0, cancelled 0) - stock"
    )


def test_one_part_after_another() -> None:
    system = system_of("""
variables: {x: {range: 0..9, initial: 9}, y: {range: 0..100, initial: 3}, z: {range: 0..5, initial: 0}}
actions:
  a: {when: x > 0, effect: {x: x - 1, y: 100}}
  b: {when: y > 0, effect: {y: y - 1}}
  c: {when: z == 0, effect: {z: z + 1}}
  d: {effect: {z: z + (1 if x > 2 else 2)}}
""")
    assert [str(part) for part in rank_of_values(system)] == ["z(0 5, 1 4, 2 3, 3 2, 4 1, 5 0) + x", "y"]


@pytest.mark.parametrize(
    ("variables", "actions"),
    [
        ("x: {type: int, initial: 9}", "a: {when: x > 0, effect: {x: x - 1}}"),  # nothing bounds it
        ("x: {range: 0..9, initial: 9}", "a: {when: x > 0, effect: {x: x - 1}}\n  b: {effect: {x: x + 1}}"),
        ("x: false", "a: {effect: {x: not x}}"),
        ("x: false", "a: {effect: {x: x}}"),
        ("x: {range: 0..99, initial: 9}", "a: {effect: {x: x * x}}"),
    ],
)  # fmt: skip
def test_what_does_not_end_or_is_not_known_to_has_no_rank(variables: str, actions: str) -> None:
    assert rank_of_values(system_of(f"variables: {{{variables}}}\nactions:\n  {actions}\n")) == ()


def test_a_programme_that_is_solved_wrongly_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken on purpose: z3 verifies the weights, whatever the programme says."""
    system = system_of("variables: {x: {range: 0..50, initial: 9}}\nactions: {a: {when: x > 0, effect: {x: x - 1}}}")
    assert rank_of_values(system)
    original = module._Programme.read

    def wrong(self: module._Programme, *arguments: object) -> ValueRank:
        return replace(original(self, *arguments), coefficients={"x": -1})  # type: ignore[arg-type]

    monkeypatch.setattr(module._Programme, "read", wrong)
    assert rank_of_values(system) == ()


# leads_to, where everything ends.


@QUICK
@given(ENDING, CONDITIONS, CONDITIONS)
def test_leads_to_as_a_question_about_ends_is_what_the_state_graph_says(
    system: TransitionSystem, trigger: str, goal: str
) -> None:
    assume(rank_of_values(system))
    first, then = typed(system, trigger), typed(system, goal)
    start = conjunction([first, negation(then)])
    lasso, _ = find_lasso(system, within=negation(then), start=start, stuck=True)
    for engine in (search, induction):
        found = ends_pending(system, first, then, engine, Limits())
        assert (found.trace is None) == (lasso is None)
        assert found.excluded == (lasso is None)
        if found.trace is not None and lasso is not None:
            assert len(replay(found.trace)) >= 0
            assert ends_without(system, found.trace.states, first, then)


def ends_without(system: TransitionSystem, states: tuple[State, ...], trigger: Expr, goal: Expr) -> bool:
    naive = Naive(system)
    without = [naive.holds(negation(goal), state) for state in states]
    asked = [naive.holds(conjunction([trigger, negation(goal)]), state) for state in states]
    return naive.ends(states[-1]) and any(asked[i] and all(without[i:]) for i in range(len(states)))


def saga(property_text: str, **constants: str) -> model.Model:
    text = (MODELS / "saga_orders.yaml").read_text()
    head, _, _ = text.partition("properties:")
    return load_text(f"{head}properties:\n  p: {property_text}\n", constants=constants)


def test_the_saga_settles_its_orders() -> None:
    kept = saga('{leads_to: ["order[1] == reserved", "order[1] in {shipped, cancelled}"]}', N="5", K="2")
    (result,) = [each for each in check_model(kept, ["p"], Limits()).results if each.name == "p"]
    assert (result.verdict, result.vacuous) == (Verdict.PROVED, False)
    assert "every action decreases every order(" in result.method
    broken = saga('{leads_to: ["order[1] == reserved", "order[1] == shipped"]}', N="5", K="2")
    (result,) = [each for each in check_model(broken, ["p"], Limits()).results if each.name == "p"]
    assert result.verdict == Verdict.REFUTED
    assert result.trace is not None
    assert {variable.role for variable in result.trace.system.variables} == {"data"}
    never = saga('{leads_to: ["stock == 7", "order[1] == shipped"]}', N="5", K="2")
    (result,) = [each for each in check_model(never, ["p"], Limits()).results if each.name == "p"]
    assert (result.verdict, result.vacuous) == (Verdict.PROVED, True)
