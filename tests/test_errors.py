"""Problems point at their place, say what to do, and travel."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from modelcheck.api import check, load
from modelcheck.errors import Located, ModelError, Position, Problem, did_you_mean, position_of
from modelcheck.model import (
    Choreography,
    Compensation,
    Flow,
    Orchestration,
    Participant,
    Step,
    System,
    Transition,
    Variable,
)

LINE = "    requires: stok >= 1"
PLACE = Position("order.yaml", 12, 15, LINE)


def test_a_problem_shows_place_caret_and_hint() -> None:
    problem = Problem("E120", "unknown name 'stok'", PLACE, "did you mean 'stock'?")
    assert problem.render() == (
        "order.yaml:12:15: E120: unknown name 'stok'\n"
        "        requires: stok >= 1\n"
        "                  ^\n"
        "    hint: did you mean 'stock'?"
    )
    assert Problem("E001", "cannot read it").render() == "E001: cannot read it"


def test_the_caret_of_a_long_line_stays_on_the_screen_under_its_character() -> None:
    line = "x" * 500 + "Y" + "z" * 500
    rendered = Problem("E1", "here", Position("f", 1, 501, line)).render().splitlines()
    assert all(len(each) <= 110 for each in rendered)
    assert rendered[1][rendered[2].index("^")] == "Y"
    tabs = Problem("E1", "here", Position("f", 1, 3, "\t\tgo")).render().splitlines()
    assert tabs[1][tabs[2].index("^")] == "g"


def test_long_messages_are_cut() -> None:
    assert len(Problem("E1", "m" * 10_000).render()) < 500


def test_all_problems_come_in_file_order() -> None:
    places = [(9, 1), (2, 7), (2, 3)]
    error = ModelError(Problem("E1", f"{line}:{column}", Position("f", line, column)) for line, column in places)
    assert [problem.message for problem in error.problems] == ["2:3", "2:7", "9:1"]
    assert str(error) == "f:2:3: E1: 2:3\nf:2:7: E1: 2:7\nf:9:1: E1: 9:1"


def test_located_strings_are_strings_that_keep_their_place_in_copies_and_other_processes() -> None:
    located = Located("stok >= 1", PLACE)
    assert located == "stok >= 1"
    assert {located: 1}["stok >= 1"] == 1
    for copied in (copy.deepcopy(located), copy.copy(located), pickle.loads(pickle.dumps(located))):
        assert (copied, position_of(copied)) == (located, PLACE)
    assert position_of("plain") is None
    assert str(PLACE.shifted(3)) == "order.yaml:12:18"


def test_a_model_error_comes_out_of_another_process_as_it_went_in() -> None:
    error = ModelError([Problem("E1", "wrong", PLACE, "do it right")], partial=("half", "a model"))
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.problems, copied.partial, str(copied)) == (error.problems, error.partial, str(error))


def test_hints() -> None:
    assert did_you_mean("stok", ["stock", "paid"]) == "did you mean 'stock'?"
    assert did_you_mean("xyz", ["stock", "paid"]) == "known here: paid, stock"
    assert did_you_mean("xyz", ["stock"], otherwise="try again") == "try again"
    assert did_you_mean("xyz", []) == ""
    assert did_you_mean("xyz", [f"name{i}" for i in range(20)]).endswith(", ...")


def test_structure_and_formulas_are_judged_in_one_go(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "orchestration: bad\nvariables: {stock: {range: 5..0}}\nflow: {steps: {a: {requires: stock >= , aftr: []}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ModelError) as caught:
        load(path)
    assert [problem.code for problem in caught.value.problems] == ["E133", "E114", "E020"]


def codes(design: Orchestration | Choreography | System) -> list[str]:
    with pytest.raises(ModelError) as caught:
        check(design)
    assert all(problem.position is None for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


def test_models_built_in_python_are_judged_like_files() -> None:
    x = {"x": Variable(type="bool", initial=False)}
    undo = Compensation(effect={"x": False}, restores=("y",))
    steps = {"a": Step(effect={"x": True}, compensation=undo)}
    assert codes(Orchestration(name="o", variables=x, flow=Flow(steps=steps))) == ["E140"]
    steps = {"a": Step(effect={"x": True}, compensation=Compensation(restores=("not x",)))}
    assert codes(Orchestration(name="o", variables=x, flow=Flow(steps=steps))) == ["E140"]
    steps = {"a": Step(effect={"x": True}, modifies=("x",), ensures="x")}
    assert codes(Orchestration(name="o", variables=x, flow=Flow(steps=steps))) == ["E141"]
    steps = {"a": Step(after=("b",)), "b": Step(after=("a",))}
    assert codes(Orchestration(name="o", flow=Flow(steps=steps))) == ["E204"]
    assert codes(Orchestration(name="o", variables=x, constants={"x": 1}, flow=Flow(steps={"a": Step()}))) == ["E142"]
    assert codes(System(name="s", variables={"x": Variable(type="{x, y")}, actions={})) == ["E134"]
    assert codes(Choreography(name="c", participants={"event": Participant()})) == ["E142"]


def test_a_loop_of_after_into_which_a_transition_goes_is_no_circle() -> None:
    steps = {
        "a": Step(after=("b",)),
        "b": Step(after=("a",)),
        "c": Step(after=(), transitions=(Transition(to="a"),)),
    }
    check(Orchestration(name="o", flow=Flow(steps=steps)))


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "broken").glob("*.yaml")), ids=lambda path: path.stem)
def test_what_is_left_of_a_broken_model_is_only_good_for_more_problems(path: Path) -> None:
    with pytest.raises(ModelError):
        load(path)


def test_a_constant_from_outside_has_a_place_too(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("system: s\nconstants: {N: 1}\nactions: {a: {when: N > 0}}\n")
    with pytest.raises(ModelError) as caught:
        load(path, {"N": "1 + M"})
    assert str(caught.value) == "constant N:1:5: E120: unknown name 'M'\n    1 + M\n        ^"
    load(path, {"N": "1 + 2"})
