"""The classic systems: verdicts and numbers of states as in the literature, by formulas, and by a second tool."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from math import factorial
from pathlib import Path

import pytest
from second_opinion import mutual_exclusion, protocols, puzzles
from second_opinion.listing import Program, listed, verdict

import modelcheck as mc
from modelcheck import model
from modelcheck.compile import compile_model
from modelcheck.engine.search import count_states
from modelcheck.library import find_model, models_folder, models_in
from modelcheck.load import load_text
from modelcheck.results import CheckReport

FOLDER = models_folder() / "systems"
NAMES = [path.stem for path in models_in(FOLDER)]


@cache
def checked(name: str) -> CheckReport:
    return mc.check(name)


def second(name: str) -> Callable[..., Program]:
    """The program of the second tool for a model."""
    for module in (mutual_exclusion, protocols, puzzles):
        if hasattr(module, name):
            return getattr(module, name)  # type: ignore[no-any-return]
    assert name == "dining_philosophers_ordered"
    return lambda n=4: mutual_exclusion.dining_philosophers(n, ordered=True)


def states(name: str, **constants: int) -> int:
    """How many states a model has with these constants."""
    design = mc.load(name, {key: str(value) for key, value in constants.items()})
    answer = count_states(compile_model(design))
    assert answer.complete
    return answer.states


def test_there_are_enough_of_them_and_each_says_where_it_is_from() -> None:
    assert len(NAMES) >= 24
    for name in NAMES:
        text = (FOLDER / f"{name}.yaml").read_text("utf-8")
        comment = text.split("\nsystem: ")[0]
        assert text.startswith("# "), name
        assert re.search(r"\b1[6-9]\d\d\b|\b20\d\d\b|about 800", comment), name
        assert f"\nsystem: {name}\n" in text


def test_names_are_used_once() -> None:
    assert not {path.stem for path in models_in(models_folder())} & set(NAMES)
    assert find_model("peterson") == FOLDER / "peterson.yaml"


@pytest.mark.parametrize("name", NAMES)
def test_every_verdict_is_the_expected_one(name: str) -> None:
    report = checked(name)
    assert report.exit_code == 0
    assert report["states"].verdict == "proved"
    assert not report.findings


@pytest.mark.parametrize("name", NAMES)
def test_a_second_tool_counts_the_same_states_and_comes_to_the_same_verdicts(name: str) -> None:
    design, report, program = mc.load(name), checked(name), second(name)()
    graph = listed(program)
    assert len(graph) == design.states
    by_model = {each.name for each in report.results if each.name in design.properties or each.name == "no deadlock"}
    assert set(program.asks) == by_model
    for asked, (word, *conditions) in program.asks.items():
        assert verdict(graph, word, *conditions) == (report[asked].verdict == "proved"), asked


FORMULAS: dict[str, tuple[list[dict[str, int]], Callable[..., float]]] = {
    "dining_philosophers": ([{"N": n} for n in (2, 3, 5, 6)], lambda N: (1 + 2**0.5) ** N + (1 - 2**0.5) ** N),
    "test_and_set": ([{"N": n} for n in (1, 2, 5)], lambda N: 2**N + N * 2 ** (N - 1)),
    "token_ring": ([{"N": n} for n in (2, 3, 5)], lambda N: 3 * N * 2 ** (N - 1)),
    "dijkstra_ring": ([{"N": 3, "K": 3}, {"N": 5, "K": 4}], lambda N, K: K**N),
    "readers_writers": ([{"R": 3, "W": 2}], lambda R, W: 3**R * 2**W + 2**R * W * 2 ** (W - 1)),
    "milner_scheduler": ([{"N": n} for n in (2, 3, 5)], lambda N: N * 2**N),
    "towers_of_hanoi": ([{"N": n} for n in (1, 2, 3, 5)], lambda N: 3**N),
    "sliding_puzzle": ([{"ROWS": 2, "COLUMNS": 2}], lambda ROWS, COLUMNS: factorial(ROWS * COLUMNS) / 2),
    "coffee_can": ([{"N": n} for n in (1, 5, 100)], lambda N: (N + 1) * (N + 2) / 2 - 1),
}


@pytest.mark.parametrize(
    ("name", "constants"), [(name, each) for name, (values, _) in FORMULAS.items() for each in values], ids=str
)
def test_a_formula_counts_the_same_states(name: str, constants: dict[str, int]) -> None:
    assert states(name, **constants) == round(FORMULAS[name][1](**constants))


SCALED = [
    ("dining_philosophers_ordered", {"N": 3}, (3,)),
    ("dining_philosophers_ordered", {"N": 5}, (5,)),
    ("szymanski", {"N": 2}, (2,)),
    ("szymanski", {"N": 4}, (4,)),
    ("lamport_bakery", {"K": 6}, (6,)),
    ("producers_consumers", {"K": 3, "P": 2, "C": 1}, (3, 2, 1)),
    ("sliding_window", {"N": 5, "W": 2, "M": 4}, (5, 2, 4)),
    ("sliding_window", {"M": 2}, (4, 2, 2)),
    ("bounded_retransmission", {"N": 4, "R": 1}, (4, 1)),
    ("chang_roberts", {"N": 2}, (2,)),
    ("chang_roberts", {"N": 4}, (4,)),
    ("lift", {"F": 5}, (5,)),
    ("railway_crossing", {"T": 3}, (3,)),
    ("bridge_and_torch", {"LIMIT": 16}, (16,)),
    ("missionaries_and_cannibals", {"N": 4, "B": 3}, (4, 3)),
    ("paxos", {"A": 2}, (2,)),
    ("needham_schroeder", {"FIXED": 1}, (True,)),
]


@pytest.mark.parametrize(("name", "constants", "arguments"), SCALED, ids=str)
def test_so_it_is_with_other_constants(name: str, constants: dict[str, int], arguments: tuple[int, ...]) -> None:
    assert states(name, **constants) == len(listed(second(name)(*arguments)))


@pytest.mark.parametrize(("constants", "counted"), [({"N": 3}, 302), ({"N": 4}, 1566)])
def test_termination_detection_has_the_states_that_tlc_counts(constants: dict[str, int], counted: int) -> None:
    """The examples of TLA+ state them: specifications/ewd840/manifest.json."""
    assert states("termination_detection", **constants) == counted


def test_the_alternating_bit_has_the_states_that_tlc_counts_when_it_begins_like_lamports() -> None:
    """240: specifications/SpecifyingSystems/manifest.json in the examples of TLA+, MCAlternatingBit."""
    text = (FOLDER / "alternating_bit.yaml").read_text("utf-8").replace(" and sent == received\n", "\n", 1)
    assert count_states(compile_model(load_text(text))).states == 240


LENGTHS = {
    ("die_hard", "it can be measured"): 6,
    ("missionaries_and_cannibals", "all can cross"): 11,
    ("wolf_goat_cabbage", "all can cross"): 7,
    ("towers_of_hanoi", "the tower can move"): 2**4 - 1,
    ("bridge_and_torch", "all can be over in time"): 5,
    ("needham_schroeder", "bob speaks to whom he thinks"): 4,
    ("dining_philosophers", "no deadlock"): 4,
}


@pytest.mark.parametrize(("name", "asked"), LENGTHS)
def test_solutions_and_attacks_are_as_long_as_the_literature_says(name: str, asked: str) -> None:
    trace = checked(name)[asked].trace
    assert trace is not None
    assert len(trace.actions) == LENGTHS[name, asked]


def test_the_farthest_order_of_the_small_puzzle_is_21_moves_away() -> None:
    assert count_states(compile_model(mc.load("sliding_puzzle"))).depth == 21


@pytest.mark.parametrize(
    ("name", "constants", "asked", "expected"),
    [
        ("dijkstra_ring", {"K": "2"}, "it stabilises", "refuted"),
        ("dijkstra_ring", {"N": "5", "K": "4"}, "it stabilises", "proved"),
        ("sliding_window", {"M": "2"}, "the receiver is not deceived", "refuted"),
        ("bridge_and_torch", {"LIMIT": "16"}, "all can be over in time", "refuted"),
        ("missionaries_and_cannibals", {"N": "4"}, "all can cross", "refuted"),
        ("missionaries_and_cannibals", {"N": "5", "B": "3"}, "all can cross", "proved"),
        ("missionaries_and_cannibals", {"N": "6", "B": "3"}, "all can cross", "refuted"),
        ("needham_schroeder", {"FIXED": "1"}, "bob speaks to whom he thinks", "proved"),
        ("needham_schroeder", {"FIXED": "1"}, "their secret is kept", "proved"),
    ],
)
def test_what_the_comments_say_of_other_constants_is_so(
    name: str, constants: dict[str, str], asked: str, expected: str
) -> None:
    design = mc.load(name, constants)
    assert isinstance(design, model.System)
    assert mc.check(design, properties=[asked])[asked].verdict == expected


def test_the_path_of_a_packaged_system_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert mc.check("die_hard").exit_code == 0
