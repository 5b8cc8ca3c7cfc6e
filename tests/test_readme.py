"""What the README shows is what happens today: its commands, its first model, its outputs line by line."""

from __future__ import annotations

import re
import shlex
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


def append(trip: Path, block: int) -> None:
    """What the README says to do: add a block at the end of the file."""
    trip.write_text(f"{trip.read_text(encoding='utf-8')}\n{blocks('yaml')[block]}", encoding="utf-8")


def plain_block(containing: str) -> str:
    return next(block for block in blocks("") if containing in block)


def test_the_seed_is_refuted_as_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["check", "seed_order_orchestration"]) == 0
    output = re.sub(r"\(as expected\) +", "(as expected)  ", capsys.readouterr().out)
    assert shown(plain_block("check seed_order_orchestration"), output) == []


def test_the_trip_saga_from_its_half_compensated_end_to_its_proof(
    trip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Someone who has only the README: writes the model, sees the defect, repairs it, sees the proof, and its price."""
    assert main(["check", "trip.yaml"]) == 1
    assert shown(plain_block("fails to undo book_hotel"), capsys.readouterr().out) == []
    append(trip, 1)
    assert main(["check", "trip.yaml"]) == 1
    assert shown(plain_block("✗ termination"), capsys.readouterr().out) == []
    append(trip, 2)
    assert main(["check", "trip.yaml"]) == 0
    output = capsys.readouterr().out
    assert "5 proved, 1 refuted (as expected)" in output
    assert main(["check", "trip.yaml", "--set", "N=3"]) == 2


def test_every_reservation_of_the_trip_may_fail_and_so_may_every_cancellation(trip: Path) -> None:
    """What the README claims of its model: the defect is there wherever the failure comes."""
    import modelcheck as mc

    design = mc.load(trip)
    assert isinstance(design, mc.model.Orchestration)
    assert len(design.flow.steps) == 3
    for step in design.flow.steps.values():
        assert step.compensation is not None
        assert step.compensation.fails > 0
        assert design.services[step.service or ""].fails


def test_the_first_model_is_simulated_as_shown(trip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(trip, 1)
    assert main(["simulate", "trip.yaml"]) == 0
    assert shown(plain_block("modelcheck simulate trip.yaml"), capsys.readouterr().out) == []


def test_a_typing_mistake_is_answered_as_shown(trip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = trip.read_text(encoding="utf-8").replace("and flight == car", "and fligt == car")
    trip.write_text(text, encoding="utf-8")
    assert main(["check", "trip.yaml"]) == 2
    assert shown(plain_block("fligt"), capsys.readouterr().err) == []


LOOKING_CLOSER = README.split("## Looking closer")[1].split("```python")[0]


def test_the_commands_for_looking_closer_work(trip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(trip, 1)
    append(trip, 2)
    commands = [found for found in re.findall(r"`modelcheck ([^`]+)`", LOOKING_CLOSER) if found != "replay"]
    assert len(commands) >= 6
    for command in commands:
        words = ["trip.yaml" if word == "MODEL" else word for word in shlex.split(command)]
        if words[0] == "explore":
            (trip.parent / "script").write_text(
                "until car\nrestart\nreach book_flight\ngoto termination\n", encoding="utf-8"
            )
            words += ["--script", "script"]
        code = main(words)
        captured = capsys.readouterr()
        assert code in ((0, 1) if words[0] == "outcomes" else (0,)), (command, captured)
    assert (trip.parent / "trip.png").is_file()
    assert list((trip.parent / "traces").iterdir())


def test_every_packaged_model_is_named() -> None:
    said = set(re.findall(r"`(\w+)`", README)) | {
        f"seed_{name}" for name in ("order_orchestration", "order_choreography")
    }
    assert set(model_names()) <= said


def test_its_picture_is_there() -> None:
    for path in re.findall(r"!\[[^]]*\]\(([^)]*)\)", README):
        assert (ROOT / path).is_file()


def test_its_links_lead_somewhere() -> None:
    for path in re.findall(r"(?<!!)\[[^]]*\]\(((?!http)[^)#]*)\)", README):
        assert (ROOT / path).exists(), path


def test_its_python_runs(trip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(trip, 1)
    append(trip, 2)
    names: dict[str, Any] = {}
    exec(blocks("python")[0], names)
    assert names["report"]["all or nothing"].verdict == "proved"
    assert capsys.readouterr().out.startswith("orchestration: trip")
