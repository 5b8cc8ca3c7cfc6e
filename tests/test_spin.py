"""SPIN stores as many states as we count: of the saga that it is measured with, and of classic systems."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import modelcheck as mc
from modelcheck import model

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "benchmarks"))

from spin import SpinRun, missing, run_spin, spin_seconds  # noqa: E402 - it is found only now

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"{missing()} is not installed")


def run(name: str, **macros: int) -> SpinRun:
    found = run_spin(HERE / "second_opinion" / f"{name}.pml", macros, optimised=False)
    assert found is not None
    return found


@pytest.mark.parametrize(("orders", "units", "states", "transitions"), [(3, 2, 218, 651), (7, 3, 89_168, 533_344)])
def test_the_saga_has_as_many_states_in_promela(orders: int, units: int, states: int, transitions: int) -> None:
    """And as many transitions: SPIN counts its way into the first state, too."""
    found = spin_seconds(orders, units)
    assert found is not None
    assert (found.states, found.transitions) == (states, transitions + 1)


@pytest.mark.parametrize(
    ("name", "macros", "errors"),
    [
        ("peterson", {}, 0),
        ("dekker", {}, 0),
        ("szymanski", {}, 0),
        ("dining_philosophers", {"N": 4}, 1),
        ("producers_consumers", {"K": 2}, 0),
    ],
)
def test_classic_systems_have_as_many_states_in_promela(name: str, macros: dict[str, int], errors: int) -> None:
    design = mc.load(name)
    assert isinstance(design, model.System)
    found = run(name, **macros)
    assert (found.states, found.errors) == (design.states, errors)


def test_all_rings_of_three_together_have_as_many_states_in_promela() -> None:
    """Up to turning there are two of them, each of which begins in three ways."""
    runs = [run("chang_roberts", A=a, B=b, C=c) for a, b, c in ((1, 2, 3), (1, 3, 2))]
    assert 3 * sum(found.states for found in runs) == mc.load("chang_roberts").states
    assert not any(found.errors for found in runs)


def test_what_is_missing_is_said_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert spin_seconds(3, 2) is None
    assert capsys.readouterr().out == "  skipped: spin and gcc is not installed\n"
