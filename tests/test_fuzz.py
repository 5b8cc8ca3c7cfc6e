"""A small, reproducible sample of the campaign (`make campaign`), and every find of it so far."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.campaign import HARD, judge, run
from fuzz.mutations import case

from modelcheck.api import check, load
from modelcheck.results import Verdict

FINDS = sorted((Path(__file__).parent / "fuzz" / "finds").glob("*.yaml"))
SAMPLE, PARTS = 1_500, 6


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_models_end_in_a_report_or_in_an_error(part: int) -> None:
    tally = run(range(part * SAMPLE // PARTS, (part + 1) * SAMPLE // PARTS))
    assert tally.finds == []
    assert tally.cases == SAMPLE // PARTS
    assert tally.loaded > tally.cases // 10, "the mutations are so gentle that many models are still models"
    assert len(tally.codes) > 20, "and so rough that many things go wrong"
    assert tally.slowest[0] < HARD


def test_cases_are_reproducible() -> None:
    assert [case(number) for number in range(50)] == [case(number) for number in range(50)]
    assert len({case(number) for number in range(50)}) > 40


@pytest.mark.parametrize("path", FINDS, ids=lambda path: path.stem)
def test_what_was_found_stays_found(path: Path, tmp_path: Path) -> None:
    judge(path.read_text("utf-8"), tmp_path)


def test_a_find_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception of another kind, and an error without a problem, are noticed."""

    def fails(*_: object, **__: object) -> None:
        raise KeyError("x'")

    monkeypatch.setattr("fuzz.campaign.load", fails)
    tally = run([1])
    assert [number for number, _ in tally.finds] == [1]
    assert "KeyError" in tally.finds[0][1]
    with pytest.raises(KeyError):
        judge("system: s\n", tmp_path)


def test_a_loop_with_an_effect_known_only_by_its_contract(tmp_path: Path) -> None:
    """It ends where the contract says that the loop is not taken again, and may go on for ever where it does not."""
    text = """\
orchestration: o
variables: {x: {range: 0..5, initial: 5}}
flow: {steps: {a: {modifies: x, ensures: CONTRACT, transitions: {a: x > 0, end: otherwise}}}}
"""
    path = tmp_path / "m.yaml"
    for contract, verdict in (("x == 0", Verdict.PROVED), ("x >= 0", Verdict.REFUTED)):
        path.write_text(text.replace("CONTRACT", contract))
        assert check(load(path))["termination"].verdict == verdict
