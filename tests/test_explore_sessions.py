"""Sessions as documents: a script of each model in `tests/explore/`, with all that it must say, and the command line.

After a wanted change of what sessions say, `UPDATE=1 pytest tests/test_explore_sessions.py` writes the documents anew;
read the difference before you keep it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from command_line import run
from hypothesis import given, settings
from hypothesis import strategies as st

import modelcheck as mc
from modelcheck.cli import main
from modelcheck.explore.commands import BY_NAME, COMMANDS
from modelcheck.explore.session import Session, run_script, session_of
from modelcheck.verbs.exits import GOOD, UNUSABLE, WRONG

SESSIONS = Path(__file__).parent / "explore"
Captured = pytest.CaptureFixture[str]


def said(model: str, *lines: str) -> str:
    """What a session says to some lines."""
    out = io.StringIO()
    run_script(session_of(mc.explore(model), False, out), lines)
    return out.getvalue()


@pytest.mark.parametrize("script", sorted(SESSIONS.glob("*.steps")), ids=lambda path: path.stem)
def test_sessions_say_what_they_said(script: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SESSIONS)
    beside = script.with_suffix(".yaml")
    main(["explore", beside.name if beside.exists() else script.stem, "--script", script.name])
    captured = capsys.readouterr()
    document = script.with_suffix(".txt")
    if os.environ.get("UPDATE"):
        document.write_text(captured.out, encoding="utf-8")
    assert captured.out == document.read_text(encoding="utf-8")
    assert captured.err == ""
    assert max(map(len, captured.out.splitlines())) <= 130, "lines fit a terminal"
    assert "\033" not in captured.out


def test_there_is_a_session_of_each_kind() -> None:
    kinds = {type(mc.load(script.stem)).__name__ for script in SESSIONS.glob("*_*.steps")}
    assert kinds == {"Orchestration", "Choreography", "System"}


def test_every_command_is_helped_and_named_once() -> None:
    names = [name for command in COMMANDS for name in command.names]
    assert len(names) == len(set(names)) == len(BY_NAME)
    text = said("retry_loop", "help")
    assert all(command.help in text for command in COMMANDS)


def test_scripts_exit_1_where_something_did_not_work(tmp_path: Path, capsys: Captured) -> None:
    script = tmp_path / "steps.txt"
    script.write_text("1\nstory\n")
    assert run(f"explore retry_loop --script {script}") == GOOD
    script.write_text("1\nstroy\nstory\n")
    assert run(f"explore retry_loop --script {script}") == WRONG
    assert "did you mean 'story'?" in capsys.readouterr().out
    assert run("explore retry_loop --script nosuch.txt") == UNUSABLE
    assert run("explore nosuch") == UNUSABLE
    assert run("explore retry_loop --property nosuch") == UNUSABLE
    assert "E302" in capsys.readouterr().err


def test_a_pipe_is_a_script() -> None:
    command = [sys.executable, "-m", "modelcheck", "explore", "retry_loop"]
    done = subprocess.run(command, input="1\nwhy start\n", capture_output=True, text=True, timeout=60, check=True)
    assert "> why start\n  start: call == ready is false: call = calling" in done.stdout
    assert done.stderr == ""


def test_options_as_data(capsys: Captured) -> None:
    assert run("explore order_orchestration --json") == GOOD
    data = json.loads(capsys.readouterr().out)
    assert [option["number"] for option in data["options"]] == [1, 2]
    assert run("explore retry_loop --json --property 'it may give up'") == GOOD
    assert json.loads(capsys.readouterr().out)["state"]["call"] == "given_up"


def test_saving_and_replaying(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("check seed_order_orchestration --save-trace found -q") == GOOD
    captured = capsys.readouterr()
    files = sorted(Path("found").glob("*.json"))
    assert len(files) > 3
    assert f"saved 'all or nothing' to {files[0].parent}" in captured.err
    for file in files:
        assert run(f"replay {shlex.quote(str(file))}") == GOOD
    assert "the trace replays" in capsys.readouterr().out
    assert run("check seed_order_orchestration --property 'all or nothing' --save-trace one.json -q") == GOOD
    assert run("explore seed_order_orchestration --trace one.json --script /dev/null") == GOOD
    assert "on the trace of all or nothing: refuted" in capsys.readouterr().out
    assert run("replay one.json --json") == GOOD
    assert json.loads(capsys.readouterr().out) == {"replays": True, "steps": 3, "errors": []}
    assert run("replay one.json order_orchestration") == WRONG
    assert "E502" in capsys.readouterr().err
    assert run("replay one.json nosuch") == UNUSABLE
    assert run("replay nosuch.json") == UNUSABLE
    assert run("check retry_loop --save-trace none") == GOOD
    assert "no counterexample to save" in capsys.readouterr().err
    assert run("check seed_order_orchestration --save-trace no/such/folder.json -q") == UNUSABLE


def test_constants_of_a_trace_are_remembered(tmp_path: Path, capsys: Captured) -> None:
    script = tmp_path / "steps.txt"
    script.write_text(f"random 20\nsave {tmp_path}/t.json\n")
    assert run(f"explore retry_loop --set MOST=1 --script {script}") == GOOD
    assert json.loads((tmp_path / "t.json").read_text())["constants"] == {"MOST": "1"}
    assert run(f"replay {tmp_path}/t.json") == GOOD
    assert run(f"explore retry_loop --trace {tmp_path}/t.json --json") == GOOD
    capsys.readouterr()
    script.write_text(f"load {tmp_path}/t.json\n")
    assert run(f"explore retry_loop --script {script}") == WRONG
    assert "E502: the trace was saved with other constants: --set MOST=1" in capsys.readouterr().out
    assert run(f"explore retry_loop --set MOST=1 --script {script}") == GOOD
    assert run(f"replay {tmp_path}/t.json --set NONE=1") == UNUSABLE


WORDS = [
    *BY_NAME,
    "1",
    "2",
    "99",
    "x",
    "start",
    "fail",
    "call == done",
    "attempts",
    "=",
    "x=1",
    '"',
    "'",
    "((",
    "\0",
    "é",
]


@settings(max_examples=150)
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join), max_size=6))
def test_nothing_that_is_typed_ends_in_a_traceback(lines: list[str]) -> None:
    here = mc.explore("retry_loop").random(2)
    here = here if here.options else here.restart()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        session = Session(here, say=lambda _: None)
        for line in lines:
            session.obey(line)
            assert session.here.trace.states[0] in list(session.here.system.initial_states())


def test_a_model_beside_the_trace_is_found(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    model = tmp_path / "models" / "mine.yaml"
    model.write_text("system: mine\nvariables: {n: {type: bool, initial: false}}\nactions: {go: {effect: {n: true}}}\n")
    monkeypatch.chdir(tmp_path / "models")
    mc.explore("mine.yaml").choose(1).save("trace.json")
    monkeypatch.chdir(tmp_path)
    assert run("replay models/trace.json") == GOOD
    model.unlink()
    assert run("replay models/trace.json") == UNUSABLE
    assert "E502: the model of the trace, 'mine.yaml', is not here" in capsys.readouterr().err


def test_control_c_cancels_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["modelcheck.explore.exploration"], "way_to", interrupted)
    text = said("retry_loop", "until call == done", "1")
    assert "cancelled" in text
    assert "retry_loop, step 1" in text


@pytest.mark.skipif(os.name != "posix", reason="a terminal as POSIX has them")
@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_in_a_terminal(no_color: str, colored: bool) -> None:
    """It prompts, colours (not with NO_COLOR), survives Ctrl-C at the prompt, and leaves at Ctrl-D."""
    import pty

    main_end, other_end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "modelcheck", "explore", "retry_loop"],
        stdin=other_end, stdout=other_end, stderr=other_end, start_new_session=True,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": no_color},
    )  # fmt: skip
    os.close(other_end)
    try:
        assert ("\033[1mretry_loop" in read_until(main_end, "> ")) == colored
        os.write(main_end, b"1\n")
        read_until(main_end, "step 1")
        read_until(main_end, "> ")
        process.send_signal(signal.SIGINT)
        assert ask(main_end, b"story\n", "1    start")
        assert ask(main_end, b"\x04", "")
        assert process.wait(timeout=60) == GOOD
    finally:
        process.kill()
        process.wait()
        os.close(main_end)


def ask(descriptor: int, typed: bytes, wanted: str) -> str:
    """Types something, again where a signal swallowed it, until the answer has what is wanted (or all is closed)."""
    for _ in range(30):
        os.write(descriptor, typed)
        with contextlib.suppress(TimeoutError):
            return read_until(descriptor, wanted, seconds=3) if wanted else read_to_end(descriptor)
    raise AssertionError(f"no answer to {typed!r}")


def read_to_end(descriptor: int) -> str:
    """What is still said until the other end is closed, which some systems tell by an error."""
    try:
        read_until(descriptor, "never said", seconds=3)
    except TimeoutError:
        raise
    except OSError:
        return "closed"
    raise AssertionError("it was said")


def read_until(descriptor: int, wanted: str, seconds: float = 60) -> str:
    text = ""
    while wanted not in text:
        ready, _, _ = select.select([descriptor], [], [], seconds)
        if not ready:
            raise TimeoutError(f"no '{wanted}' in: {text}")
        if not (read := os.read(descriptor, 1)):
            raise OSError("closed")
        text += read.decode("latin-1")
    return text


def test_empty_lines_step_where_there_is_one_way() -> None:
    text = said("retry_loop", "", "succeed", "")
    assert text.count("retry_loop, step 1:") == 1
    assert text.count("retry_loop, step 2:") == 2, "and show where nothing can happen"
    text = said("retry_loop", "1", "2", "back", "")
    assert text.count("retry_loop, step 0 of 2") == 1, "or repeat going back"


def test_what_is_undone_comes_back() -> None:
    session = Session(mc.explore("retry_loop"), say=lambda _: None)
    start = session.here
    for line in ("1", "random 3", "back 2", "until call == done", "begin 1"):
        session.obey(line)
    assert not session.failed
    for _ in range(5):
        session.obey("undo")
    assert session.here == start
    for _ in range(5):
        session.obey("redo")
    assert session.here.position == 0
    assert len(session.past) == 5
