"""The command line as documents: what is typed, what comes out, and the exit code."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import run

import modelcheck.api
from modelcheck import library
from modelcheck.cli import main
from modelcheck.errors import ModelError
from modelcheck.trace import ReplayError
from modelcheck.verbs.exits import GOOD, INTERRUPTED, OPEN, UNUSABLE, WRONG, worst

COUNTER = """\
system: counter
constants: {N: 3}
variables:
  n: {range: 0..9, initial: 0}
actions:
  up: {when: n < N, effect: {n: n + 1}}
finished: n == N
properties:
  small: {always: n <= N}
  tiny: {always: n <= 1}
"""


@pytest.fixture(autouse=True)
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of one's own, in the folder where one is."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "counter.yaml"
    path.write_text(COUNTER)
    return path


Captured = pytest.CaptureFixture[str]


def test_a_refuted_property_exits_1_and_tells_why(capsys: Captured) -> None:
    assert run("check counter.yaml") == WRONG
    out = capsys.readouterr().out
    assert out.startswith("counter  counter.yaml\n")
    assert "✓ small" in out
    assert "✗ tiny" in out
    assert "1    up  n 0→1" in out
    assert "2    up  n 1→2" in out
    assert "n <= 1" in out


def test_an_expected_refutation_is_as_it_should_be(counter: Path, capsys: Captured) -> None:
    counter.write_text(COUNTER + "expect: {tiny: refuted}\n")
    assert run("check counter.yaml") == GOOD
    assert "refuted (as expected)" in capsys.readouterr().out
    counter.write_text(COUNTER + "expect: {tiny: refuted, small: refuted}\n")
    assert run("check counter.yaml") == WRONG
    assert "proved (EXPECTED refuted)" in capsys.readouterr().out


def test_constants_can_be_set(capsys: Captured) -> None:
    assert run("check counter.yaml --set N=1") == GOOD
    assert run("check counter.yaml --set N=1 --property tiny") == GOOD
    capsys.readouterr()
    assert run("check counter.yaml --set M=1") == UNUSABLE
    assert "M" in capsys.readouterr().err
    assert run("check counter.yaml --set N") == UNUSABLE


def test_one_property_only(capsys: Captured) -> None:
    assert run("check counter.yaml --property small") == GOOD
    assert "tiny" not in capsys.readouterr().out
    assert run("check counter.yaml --property smal") == UNUSABLE
    assert "did you mean 'small'" in capsys.readouterr().err


def test_a_bound_leaves_it_undecided(capsys: Captured) -> None:
    assert run("check counter.yaml --property small --depth 1") == OPEN
    assert "bounded" in capsys.readouterr().out
    assert run("check counter.yaml --property small --engine bounded --depth 1") == OPEN


def test_several_models_and_folders_and_the_worst_code(counter: Path, capsys: Captured) -> None:
    (counter.parent / "good.yaml").write_text(COUNTER.replace("n <= 1}", "n <= 5}"))
    assert run("check good.yaml counter.yaml") == WRONG
    assert "2 models: 1 as they should be, 1 not" in capsys.readouterr().out
    assert run("check good.yaml nosuch counter.yaml") == UNUSABLE
    captured = capsys.readouterr()
    assert "E901" in captured.err
    assert "3 models: 1 as they should be, 1 not, 1 could not be read" in captured.out
    assert run(f"check {counter.parent}") == WRONG
    (counter.parent / "empty").mkdir()
    assert run("check empty") == UNUSABLE


@pytest.mark.parametrize(
    ("codes", "code"),
    [((), 0), ((0, 0), 0), ((0, 3), 3), ((3, 1), 1), ((1, 2, 3), 2), ((0, 2), 2)],
)
def test_the_worst_code(codes: tuple[int, ...], code: int) -> None:
    assert worst(codes) == code


def test_json(counter: Path, capsys: Captured) -> None:
    assert run("check counter.yaml --json") == WRONG
    data = json.loads(capsys.readouterr().out)
    assert data["exit_code"] == WRONG
    (report,) = data["reports"]
    verdicts = {result["name"]: result["verdict"] for result in report["results"]}
    assert verdicts["small"] == "proved"
    assert verdicts["tiny"] == "refuted"
    assert data["errors"] == []
    counter.write_text("system: counter\nvariabels: {}\n")
    assert run("check counter.yaml --json") == UNUSABLE
    captured = capsys.readouterr()
    error = json.loads(captured.out)["errors"][0]
    assert error["position"]["line"] >= 1
    assert error["code"] in captured.err


def test_html_and_mermaid(counter: Path, capsys: Captured) -> None:
    assert run("check counter.yaml --html page.html --mermaid") == WRONG
    assert "sequenceDiagram" in capsys.readouterr().out
    page = (counter.parent / "page.html").read_text()
    assert "counter" in page
    assert "<script" not in page


def test_quiet(capsys: Captured) -> None:
    assert run("check counter.yaml -q") == WRONG
    out = capsys.readouterr().out
    assert "tiny" in out
    assert "small" not in out


def test_errors_have_a_place_a_caret_and_a_hint(counter: Path, capsys: Captured) -> None:
    counter.write_text(COUNTER.replace("n <= N", "m <= N"))
    assert run("check counter.yaml") == UNUSABLE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "counter.yaml:9:" in captured.err
    assert "^" in captured.err


@pytest.mark.parametrize(
    "command",
    ["", "chekc x", "check", "check x --states 0", "check x --seconds never", "check x --engine magic", "compare x"],
)
def test_wrong_usage_exits_2(command: str, capsys: Captured) -> None:
    assert run(command) == UNUSABLE
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nosuch", "no/such.yaml", "x" * 5000, "nosuch.yaml", "", "a\0b"])
@pytest.mark.parametrize("verb", ["check", "simulate", "graph"])
def test_what_is_not_there(verb: str, name: str, capsys: Captured) -> None:
    assert main([verb, name]) == UNUSABLE
    assert "E9" in capsys.readouterr().err


def test_packaged_models_have_names_from_anywhere(capsys: Captured) -> None:
    assert "order_orchestration" in library.model_names()
    assert run("check order_orchestration") == GOOD
    capsys.readouterr()
    assert run("check order_orchestratoin") == UNUSABLE
    assert "did you mean 'order_orchestration'?" in capsys.readouterr().err


def test_a_file_in_sight_goes_before_a_packaged_model(counter: Path) -> None:
    shutil.copy(counter, "order_orchestration")
    assert library.find_model("order_orchestration") == Path("order_orchestration")
    with pytest.raises(ModelError, match="E901"):
        library.find_model(".")


def test_graphs(capsys: Captured) -> None:
    assert run("graph order_orchestration") == GOOD
    assert "→ charge" in capsys.readouterr().out
    assert run("graph order_orchestration --format mermaid") == GOOD
    assert capsys.readouterr().out.startswith("flowchart LR\n")
    assert run("graph order_choreography --json") == GOOD
    kinds = {node["kind"] for node in json.loads(capsys.readouterr().out)["nodes"]}
    assert {"event", "handler"} <= kinds
    for name in ("flow.png", "flow.svg", "flow.dot", "flow.mmd", "flow.txt"):
        assert run(f"graph order_orchestration -o {name}") == GOOD
        assert Path(name).stat().st_size > 100
    assert run("graph order_orchestration -o flow.doc") == UNUSABLE
    assert run("graph order_orchestration -o nosuch/flow.png") == UNUSABLE
    assert "E902" in capsys.readouterr().err
    assert run("graph counter.yaml") == UNUSABLE
    assert "E904" in capsys.readouterr().err


def test_simulating(capsys: Captured) -> None:
    assert run("simulate order_orchestration --jobs 200 --seed 7 --plot times.png") == GOOD
    first = capsys.readouterr().out
    assert "mean" in first
    assert "seed 7" in first
    assert Path("times.png").read_bytes().startswith(b"\x89PNG")
    assert run("simulate order_orchestration --jobs 200 --seed 7") == GOOD
    assert capsys.readouterr().out == first, "one seed, one result"
    assert run("simulate order_orchestration --jobs 200 --json") == GOOD
    data = json.loads(capsys.readouterr().out)
    assert data["jobs"] == 200
    assert data["seconds"]["mean"]["low"] <= data["seconds"]["mean"]["value"] <= data["seconds"]["mean"]["high"]
    assert run("simulate order_orchestration --plot times.doc") == UNUSABLE


def test_comparing(capsys: Captured) -> None:
    assert run("compare order_orchestration order_choreography --jobs 300 --plot both.png") == GOOD
    out = capsys.readouterr().out
    assert "order_orchestration" in out
    assert "order_choreography" in out
    assert Path("both.png").read_bytes().startswith(b"\x89PNG")
    assert run("compare order_orchestration order_choreography --jobs 300 --json") == GOOD
    json.loads(capsys.readouterr().out)
    assert run("compare order_choreography order_orchestration --jobs 300") == UNUSABLE
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ReplayError("order: the loop does not close"), "an engine is wrong: order: the loop does not close"),
        (RecursionError("deep"), "RecursionError: deep"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_defects_of_the_program_are_told_in_two_lines(
    error: Exception, said: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(modelcheck.api, "check", fail)
    assert run("check counter.yaml") == UNUSABLE
    text = capsys.readouterr().err
    assert text.startswith(f"internal error: {said}")
    assert len(text.splitlines()) == 2
    monkeypatch.setenv("MODELCHECK_TRACEBACK", "1")
    with pytest.raises(type(error)):
        main(["check", "counter.yaml"])


def test_interrupting_keeps_what_is_known(counter: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    check = modelcheck.api.check

    def interrupted_at_the_second(design: object, **options: object) -> object:
        if getattr(design, "name", "") == "second":
            signal.raise_signal(signal.SIGINT)
        return check(design, **options)  # type: ignore[arg-type]

    (counter.parent / "second.yaml").write_text(COUNTER.replace("system: counter", "system: second"))
    monkeypatch.setattr(modelcheck.api, "check", interrupted_at_the_second)
    assert run("check counter.yaml second.yaml counter.yaml") == INTERRUPTED
    captured = capsys.readouterr()
    assert captured.out.count("✗ tiny") == 1
    assert "interrupted" in captured.err
    assert run("check counter.yaml second.yaml --json") == INTERRUPTED
    data = json.loads(capsys.readouterr().out)
    assert [report["model"] for report in data["reports"]] == ["counter"]
    assert data["exit_code"] == INTERRUPTED


SLOW = """\
system: slow
variables: {a: {range: 0..999, initial: 0}, b: {range: 0..999, initial: 0}, c: {range: 0..999, initial: 0}}
actions:
  a: {when: a < 999, effect: {a: a + 1}}
  b: {when: b < 999, effect: {b: b + 1}}
  c: {when: c < 999, effect: {c: c + 1}}
properties:
  small: {never: a + b + c == 2997}
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_control_c_shows_what_is_known_and_ends(counter: Path) -> None:
    (counter.parent / "slow.yaml").write_text(SLOW)
    command = [sys.executable, "-m", "modelcheck", "check", "counter.yaml", "slow.yaml", "counter.yaml"]
    options = ["--states", "1,000,000,000", "--seconds", "3000"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "counter:" not in process.stdout.readline():  # the last line of the first report
            pass
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert "counter:" not in out, "nothing is checked after that"
    assert "interrupted" in error
    assert "Traceback" not in error


@pytest.mark.skipif(os.name != "posix", reason="a shell with pipes")
def test_a_reader_who_leaves_early_hears_no_complaint() -> None:
    command = f"{shlex.quote(sys.executable)} -m modelcheck check counter.yaml counter.yaml -v | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""


def test_characters_that_a_terminal_cannot_show() -> None:
    command = [sys.executable, "-m", "modelcheck", "check", "counter.yaml"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == WRONG
    assert "? tiny" in done.stdout
    assert done.stderr == ""
