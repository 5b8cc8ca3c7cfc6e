"""What the README shows is what happens today: its commands, its first model, its outputs line by line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from modelcheck.cli import main
from modelcheck.library import model_names

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in order; those without one for ``."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for name, text in fenced if name == language]


def shown(text: str, output: str) -> list[str]:
    """The lines of a block that the output does not have; `...` stands for what was left out."""
    printed = {line.strip() for line in output.splitlines()}
    return [line for line in text.splitlines() if line.strip() not in printed | {"", "..."} and line[:1] != "$"]


@pytest.fixture
def trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trip.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    return tmp_path / "trip.yaml"


def repair(trip: Path) -> None:
    """What the README says to do."""
    effect, compensation = "      effect: {hotel: true}\n", blocks("yaml")[1]
    trip.write_text(trip.read_text(encoding="utf-8").replace(effect, effect + compensation), encoding="utf-8")


def plain_block(containing: str) -> str:
    return next(block for block in blocks("") if containing in block)


def test_the_seed_is_refuted_as_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["check", "seed_order_orchestration"]) == 0
    output = re.sub(r"\(as expected\) +", "(as expected)  ", capsys.readouterr().out)
    assert shown(plain_block("check seed_order_orchestration"), output) == []


def test_the_first_model_is_refuted_and_then_proved(trip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "trip.yaml"]) == 1
    assert shown(plain_block("3  trip  ends: aborted"), capsys.readouterr().out) == []
    repair(trip)
    assert main(["check", "trip.yaml"]) == 0
    assert "6 proved" in capsys.readouterr().out
    assert "`6 proved`" in README


def test_the_first_model_is_simulated_as_shown(trip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repair(trip)
    assert main(["simulate", "trip.yaml"]) == 0
    assert shown(plain_block("modelcheck simulate trip.yaml"), capsys.readouterr().out) == []


def test_a_typing_mistake_is_answered_as_shown(trip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = trip.read_text(encoding="utf-8").replace("hotel == flight", "hotel == fligt")
    trip.write_text(text, encoding="utf-8")
    assert main(["check", "trip.yaml"]) == 2
    assert shown(plain_block("fligt"), capsys.readouterr().err) == []


def test_every_packaged_model_is_named() -> None:
    said = set(re.findall(r"`(\w+)`", README)) | {
        f"seed_{name}" for name in ("order_orchestration", "order_choreography")
    }
    assert set(model_names()) <= said


def test_its_picture_is_there() -> None:
    for path in re.findall(r"!\[[^]]*\]\(([^)]*)\)", README):
        assert (ROOT / path).is_file()


def test_its_python_runs(trip: Path) -> None:
    repair(trip)
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)
    assert names["report"]["both or none"].verdict == "proved"
