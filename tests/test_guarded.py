"""Bare systems: families written out, targets, actors, ranges, and everything that can be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from modelcheck import model
from modelcheck.errors import ModelError
from modelcheck.expressions import to_text
from modelcheck.guarded import compile_system
from modelcheck.load import load_text
from modelcheck.system import Action, TransitionSystem

ARRAY = {"x": model.Variable(type="0..3", initial=0, over=("1..3",)), "k": model.Variable(type="1..3", initial=1)}


def compiled(
    variables: Mapping[str, model.Variable] | None = None, constants: Mapping[str, int] | None = None, **action: object
) -> TransitionSystem:
    actions = {"act": model.GuardedAction(**action)}  # type: ignore[arg-type]
    return compile_system(
        model.System(name="s", variables=variables or ARRAY, constants=constants or {}, actions=actions)
    )


def each(name: str, low: model.Formula, high: model.Formula) -> model.Index:
    return model.Index(name=name, low=low, high=high)


def after(action: Action, system: TransitionSystem, **values: int) -> dict[str, int]:
    """The values after an action, from the initial state with some values replaced."""
    first = next(system.initial_states())
    before = tuple(values.get(v.name, value) for v, value in zip(system.variables, first, strict=True))
    number = system.actions.index(action)
    (found,) = system.plain[number].successors(before)
    return {variable.name: int(value) for variable, value in zip(system.variables, found, strict=True)}


def codes(**action: object) -> list[str]:
    with pytest.raises(ModelError) as caught:
        compiled(**action)  # type: ignore[arg-type]
    return [problem.code for problem in caught.value.problems]


def test_a_family_is_one_action_for_each_index() -> None:
    system = compiled(for_each=(each("i", 1, 3),), when="x[i] == 0", effect={"x[i]": "i"}, actor="who[i]")
    assert [action.name for action in system.actions] == ["act[1]", "act[2]", "act[3]"]
    assert [action.process for action in system.actions] == ["who[1]", "who[2]", "who[3]"]
    assert [action.label.actor for action in system.actions] == ["who[1]", "who[2]", "who[3]"]
    assert to_text(system.actions[1].guard) == "x[2] == 0"
    assert after(system.actions[1], system) == {"x[1]": 0, "x[2]": 2, "x[3]": 0, "k": 1}


def test_indices_may_depend_on_each_other_and_on_constants() -> None:
    system = compiled(
        for_each=(each("i", 1, "N"), each("j", "i + 1", "N")), effect={"x[j]": "x[i]"}, constants={"N": 3}
    )
    assert [action.name for action in system.actions] == ["act[1,2]", "act[1,3]", "act[2,3]"]


def test_a_member_whose_guard_is_false_anyway_is_left_out() -> None:
    """So that `x[i - 1]` need not exist where the guard says that it is not used."""
    system = compiled(for_each=(each("i", 1, 3),), when="i > 1", effect={"x[i]": "x[i - 1]"})
    assert [action.name for action in system.actions] == ["act[2]", "act[3]"]


def test_without_an_actor_all_actions_are_one_process() -> None:
    assert {action.process for action in compiled(for_each=(each("i", 1, 3),), effect={}).actions} == {"system"}


def test_an_actor_without_an_index_is_one_actor() -> None:
    assert {action.process for action in compiled(for_each=(each("i", 1, 3),), actor="tm").actions} == {"tm"}


@pytest.mark.parametrize("k", [1, 2, 3])
def test_an_index_that_depends_on_the_state_assigns_one_member(k: int) -> None:
    system = compiled(effect={"x[k]": "x[k] + 2", "k": "k % 3 + 1"})
    values = after(system.actions[0], system, k=k, **{"x[2]": 1})
    expected = {"x[1]": 0, "x[2]": 1, "x[3]": 0}
    expected[f"x[{k}]"] += 2
    assert values == {**expected, "k": k % 3 + 1}


def test_an_index_outside_its_family_assigns_nothing_and_is_a_finding() -> None:
    system = compiled(effect={"x[k + 1]": 3})
    (action,) = system.actions
    assert after(action, system, k=3)["x[3]"] == 0
    assert [claim.message for claim in system.plain[0].broken((0, 0, 0, 3))] == ["x[k + 1] does not exist"]
    assert not list(system.plain[0].broken((0, 0, 0, 2)))
    assert compiled(effect={"x[k]": 3}).actions[0].claims == ()


def test_two_indices() -> None:
    variables = {"m": model.Variable(type="bool", initial=False, over=("1..2", "0..1"))}
    system = compiled(variables, for_each=(each("i", 1, 2),), effect={"m[i, i - 1]": True})
    assert [list(action.updates) for action in system.actions] == [["m[1,0]"], ["m[2,1]"]]


def test_all_updates_happen_at_once() -> None:
    system = compiled(effect={"x[1]": "x[2]", "x[2]": "x[1]"})
    assert after(system.actions[0], system, **{"x[1]": 1, "x[2]": 2})["x[1]"] == 2


def test_a_range_claim_points_at_the_effect() -> None:
    text = "system: s\nvariables: {x: {range: 0..3, initial: 0}}\nactions:\n  go: {effect: {x: x + 1}}\n"
    design = load_text(text, "s.yaml")
    assert isinstance(design, model.System)
    (claim,) = compile_system(design).actions[0].claims
    assert (claim.kind, claim.name, claim.message) == ("range", "x", "x leaves its range 0..3")
    assert str(claim.position) == "s.yaml:4:20"


def test_what_provably_stays_within_its_range_is_not_claimed() -> None:
    system = compiled(effect={"x[1]": "min(x[1] + 1, 3)", "x[2]": "x[3]", "x[3]": "k"})
    assert system.actions[0].claims == ()


def test_finished_and_initially() -> None:
    variables = {"a": model.Variable(type="0..2"), "b": model.Variable(type="0..2")}
    design = model.System(name="s", variables=variables, initially="a < b", finished="a == b")
    system = compile_system(design)
    assert list(system.initial_states()) == [(0, 1), (0, 2), (1, 2)]
    assert system.is_finished((2, 2))
    assert not system.is_finished((1, 2))


def test_a_condition_on_first_states_that_divides_by_zero_does_not_hold() -> None:
    variables = {"a": model.Variable(type="0..2")}
    system = compile_system(model.System(name="s", variables=variables, initially="2 // a == 1", finished="2 // a > 0"))
    assert list(system.initial_states()) == [(2,)]
    assert not system.is_finished((0,))


def test_ranges_are_assumptions_and_names_are_in_scope() -> None:
    system = compiled(constants={"N": 2})
    assert set(system.assumptions) == {"x[1] in 0..3", "x[2] in 0..3", "x[3] in 0..3", "k in 1..3"}
    assert set(system.scope.names) == {"N", "k"}
    assert set(system.scope.families) == {"x"}


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ({"effect": {"y": 1}}, "E140"),
        ({"effect": {"y[1]": 1}}, "E140"),
        ({"effect": {"x[1] + 1": 1}}, "E140"),
        ({"effect": {"x[": 1}}, "E114"),
        ({"effect": {"x": 1}}, "E122"),
        ({"effect": {"x[4]": 1}}, "E127"),
        ({"effect": {"x[1, 2]": 1}}, "E126"),
        ({"effect": {"x[true]": 1}}, "E121"),
        ({"effect": {"k": "true"}}, "E121"),
        ({"effect": {"x[1]": 1, "x[3 - 2]": 2}}, "E141"),
        ({"effect": {"x[1]": 1, "x[k]": 2}}, "E141"),
        ({"for_each": (each("k", 1, 2),)}, "E142"),
        ({"for_each": (each("i", 1, 10**6),)}, "E143"),
        ({"for_each": (each("i", 1, "k"),)}, "E131"),
        ({"for_each": (each("i", 1, 2), each("i", 1, 2))}, "E142"),
        ({"for_each": (each("i", 1, 2),), "actor": "a[k]"}, "E131"),
        ({"when": "k"}, "E121"),
        ({"when": "nobody > 1"}, "E120"),
    ],
)
def test_what_is_wrong_has_a_code(action: dict[str, object], code: str) -> None:
    assert code in codes(**action)


def test_all_problems_come_at_once_and_each_once() -> None:
    assert codes(for_each=(each("i", 1, 3),), when="nobody", effect={"y": 1, "z": 2}) == ["E120", "E140", "E140"]


def test_a_constant_is_no_variable() -> None:
    with pytest.raises(ModelError) as caught:
        compiled({"N": model.Variable(type="bool")}, constants={"N": 3})
    assert caught.value.problems[0].code == "E142"
    with pytest.raises(ModelError, match="E140"):
        compiled(constants={"N": 3}, effect={"N": 4})
