"""A small sample of the campaign of the engines (`make campaign-engines`), and every find of it so far."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fuzz import engines
from fuzz.engines import ENGINES, KINDS, WEIGHTS, run_batch
from generated_texts import random_text

from modelcheck.expressions import TRUE
from modelcheck.load import load_text
from modelcheck.system import TransitionSystem

EVERYBODY = {"plain", *ENGINES}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BATCH", 10)


@pytest.mark.parametrize("kind", [*KINDS, "nets"])
def test_no_engine_disagrees(kind: str) -> None:
    tally = run_batch(kind, 1)
    assert tally.finds == []
    if kind == "nets":
        assert tally.asked["nets"] == 10
    else:
        assert tally.asked["plain"] >= 8
        assert tally.asked["symmetry"] == tally.asked["plain"] >= tally.asked["plain, all states"] > 0


def test_every_kind_has_its_share() -> None:
    assert WEIGHTS.keys() == KINDS.keys()


def test_texts_are_reproducible_and_different() -> None:
    texts = [random_text(number) for number in range(200)]
    assert texts == [random_text(number) for number in range(200)]
    assert len(set(texts)) == 200
    for text in texts[:40]:
        load_text(text)


def test_an_engine_that_forgets_guards_is_a_find(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken on purpose: its numbers differ, and it finds what is out of reach."""
    real = engines.packed.search_rows

    def forgets(system: TransitionSystem, *others: object, **more: object) -> object:
        return real(replace(system, actions=tuple(replace(a, guard=TRUE) for a in system.actions)), *others, **more)

    monkeypatch.setattr(engines.packed, "search_rows", forgets)
    finds = run_batch("systems", 1).finds
    assert any("states and transitions, not" in find for find in finds)


def test_an_engine_that_leaves_something_out_is_a_find(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken on purpose: what it does not find it calls out of reach."""
    real = engines.reduced_search

    def forgets(*given: object, **more: object) -> object:
        return replace(real(*given, **more), traces={}, complete=True)

    monkeypatch.setattr(engines, "reduced_search", forgets)
    assert any("partial-order: " in find and "not found, but after" in find for find in run_batch("systems", 1).finds)


def test_what_an_engine_raises_is_a_find(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> object:
        raise KeyError("x")

    monkeypatch.setattr(engines, "symmetric_search", fails)
    finds = run_batch("systems", 1).finds
    assert len(finds) >= 8
    assert all("packed, symmetric: KeyError" in find for find in finds)
