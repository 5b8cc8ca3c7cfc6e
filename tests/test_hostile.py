"""Hostile input through every door: refused with a clear error, in little time and memory, shown harmlessly.

The large ones run in a process of their own, which the operating system would end at a gigabyte or at some seconds.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest

from modelcheck.api import check, load
from modelcheck.cli import main
from modelcheck.errors import MOST_PROBLEMS, ModelError, Problem, harmless
from modelcheck.model import GuardedAction, Orchestration, System
from modelcheck.verbs.exits import UNUSABLE

MEMORY, SECONDS = 1_000_000_000, 20


def confined() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def run(*arguments: str | bytes, timeout: float = 120) -> tuple[int, str, str]:
    """Exit code, output and errors of a command line in a confined process."""
    command = [sys.executable, "-m", "modelcheck", *arguments]
    done = subprocess.run(command, capture_output=True, timeout=timeout, check=False, preexec_fn=confined)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def codes(path: Path | str) -> list[str]:
    with pytest.raises(ModelError) as caught:
        load(path)
    assert len(str(caught.value)) < 200_000
    return [problem.code for problem in caught.value.problems]


SYSTEM = "system: s\nvariables: {x: false}\nactions:\n  a: {when: 'FORMULA'}\n"


def formula(text: str) -> str:
    return SYSTEM.replace("FORMULA", text)


def service(text: str) -> str:
    return f"orchestration: o\nservices: {{s: {{{text}}}}}\nflow: {{steps: {{a: {{}}}}}}\n"


def variable(text: str) -> str:
    return f"system: s\nvariables: {{x: {text}}}\nactions: {{a: {{}}}}\n"


FORALL = "forall {0} in 1..100: "
DEEP = {
    "braces": ("system: s\nactions: " + "{a: " * 10_000, "E008"),
    "brackets": ("system: s\nactions: " + "[" * 10_000, "E008"),
    "closed brackets": ("system: s\nactions: " + "[" * 10_000 + "]" * 10_000, "E008"),
    "indentation": ("system: s\nactions:\n" + "".join(f"{' ' * i}a:\n" for i in range(1, 1_200)), "E008"),
    "list items": ("system: s\nactions:\n  " + "- " * 10_000, "E008"),
    "parentheses": (formula("(" * 9_000 + "x" + ")" * 9_000), "E115"),
    "nots": (formula("not " * 4_900 + "x"), "E115"),
    "minus signs": (formula("-" * 19_000 + "1 > 0"), "E115"),
    "attributes": (formula("a" + ".b" * 9_000), "E120"),
    "indices": (formula("a[" * 6_000 + "1" + "]" * 6_000), "E115"),
    "calls": (formula("min(" * 3_900 + "1" + ")" * 3_900), "E115"),
    "implications": (formula("x implies " * 1_900 + "x"), "E115"),
    "choices": (formula("x if x else " * 1_600 + "x"), "E115"),
    "quantifiers": (formula("".join(f"forall i{i} in 1..1: " for i in range(900)) + "x"), "E115"),
    "a trillion cases": (formula("".join(FORALL.format(name) for name in "abcdef") + "x"), "E129"),
    "a long formula": (formula("x or " * 4_100 + "x"), "E110"),
    "digits": (formula("9" * 1_000 + " > 0"), "E113"),
    "digits as a time": (service("time: " + "9" * 1_000 + "s"), "E026"),
    "digits as a count": (service("workers: " + "9" * 1_000), "E025"),
    "an exponent as a time": (service("time: 1e999999"), "E026"),
    "an exponent as a delay": (service("time: gamma(1s, 1e999999)"), "E029"),
    "an exponent as a probability": (service("fails: 1e999999%"), "E027"),
    "an exponent as a value": (variable("1e999999"), "E022"),
    "a power by products": (formula(" * ".join(["9" * 30] * 60) + " > 0"), "E113"),
    "a huge range": (variable("0.." + "1" + "0" * 30), "E113"),
    "a range of any number": (variable("{range: 0..10, initial: 0..1" + "0" * 20 + "}"), "E133"),
    "members": (variable("{type: bool, over: 1..1000000000}"), "E132"),
    "members of members": (variable("{type: bool, over: [1..9999, 1..9998, 1..9997]}"), "E132"),
    "actions": ("system: s\nactions: {a: {for each: i in 1..1000000000}}\n", "E143"),
    "actions of actions": ("system: s\nactions: {a: {for each: 'i in 1..99999, j in i..99999'}}\n", "E143"),
    "instances": ("orchestration: o\nflow: {steps: {a: {}}}\ninstances: 1000000000\n", "E138"),
    "a name": ("system: s\nactions: {" + "a" * 100_000 + ": {wen: true}}\n", "E005"),
    "a name of a design": ("system: " + "s" * 100_000 + "\nactions: {a: {wen: true}}\n", "E020"),
    "a wrong name": ("system: s\nactions: {" + "a-" * 500 + ": {}}\n", "E023"),
    "a quoted wrong name": ("system: s\nactions: {'" + "a-" * 50_000 + "': {}}\n", "E005"),
    "a line": ("system: s\nactions: {a: {}, " + " " * 100_000 + "b: {wen: true}}\n", "E020"),
    "a name in a formula": (formula("a" * 19_000), "E120"),
    "an alias bomb": (
        "system: s\na: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise("abcdefghi")), "E010"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), DEEP.values(), ids=DEEP.keys())
def test_what_is_deep_long_or_large(text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    assert code in codes(path)


def test_a_million_steps_keys_and_problems(tmp_path: Path) -> None:
    """Too much for a file is refused at once; what fits into one is read, and its first problems are told."""
    path = tmp_path / "m.yaml"
    path.write_text("orchestration: o\nflow:\n  steps:\n" + "".join(f"    s{i}: {{}}\n" for i in range(1_000_000)))
    code, _, errors = run("check", str(path))
    assert (code, errors[:5]) == (UNUSABLE, "E002:")
    path.write_text("system: s\nactions:\n" + "".join(f" {i:x}:\n" for i in range(99_000)))
    code, _, errors = run("check", str(path))
    assert code == UNUSABLE
    assert "E009" in errors or "E000" in errors
    assert errors.count("\n") < 5 * MOST_PROBLEMS


def test_fifty_megabytes_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    with path.open("wb") as file:
        file.write(b"system: s\n")
        file.truncate(50_000_000)
    code, _, errors = run("check", str(path))
    assert code == UNUSABLE
    assert errors.startswith("E002")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"system: \xe9\n", "E003"),
        ("system: s\n".encode("utf-16"), "E003"),
        ("system: s\n".encode("utf-16-le"), "E004"),
        ("system: s\n".encode("utf-32-be"), "E004"),
        (b"system: s\x00\n", "E004"),
        (b"\x00" * 1000, "E004"),
        (b"\xff" * 1000, "E003"),
        (b"\x7fELF\x02\x01\x01", "E004"),
        (b"\xed\xa0\x80", "E003"),
        (b"system: \xf4\x90\x80\x80", "E003"),
        (b"PK\x03\x04", "E004"),
        (b"system: s\xe2\x80\xae\n", "E004"),
    ],
)
def test_bytes_that_are_no_text(content: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(content)
    assert codes(path) == [code]


def test_files_that_are_no_files(tmp_path: Path) -> None:
    """Nothing waits for a pipe, nothing reads a device, and each says what it is."""
    fifo, dangling, loop, sock = (tmp_path / name for name in ("fifo.yaml", "link.yaml", "loop.yaml", "socket.yaml"))
    os.mkfifo(fifo)
    dangling.symlink_to(tmp_path / "nothing.yaml")
    loop.symlink_to(loop)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(sock))
        for path in (fifo, sock, Path("/dev/zero"), Path("/dev/null")):
            assert codes(path) == ["E001"]
    for path in (dangling, loop, tmp_path):
        assert codes(path) == ["E901"]
    for name in (
        "",
        ".",
        "..",
        "/",
        "~",
        "-",
        "a\x00b.yaml",
        "x" * 300 + ".yaml",
        "x/" * 3_000 + "y.yaml",
        "\udcff.yaml",
    ):
        assert codes(name) in (["E901"], ["E001"]), name


@pytest.mark.skipif(os.geteuid() == 0, reason="for root every file is readable")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("system: s\n")
    path.chmod(0)
    assert codes(path) == ["E001"]


EVIL = (
    "\x1b[31mred",
    "a\x9b2Jb",
    "\u202egnp.elif",
    "a\u2066b",
    "line\nbreak",
    "\x07bell",
    "\ufeffhidden\u200b",
    "tab\tbed",
)


def is_harmless(text: str) -> bool:
    return all(each == "\n" or unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for each in text)


@pytest.mark.parametrize("name", EVIL)
def test_names_that_would_control_the_terminal(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As paths, constants, properties, engines' limits, codes, and names within a file."""
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text("system: s\nconstants: {N: 1}\nactions: {a: {}}\n")
    Path(f"{name}.yaml").write_text("system: s\nactions: {a: {wen: true}}\n")
    Path("inside.yaml").write_text(f"system: s\nactions: {{a: {{{json.dumps(name)}: true}}}}\n")
    for arguments in (
        ["check", f"{name}.yaml"],
        ["check", f"no {name}.yaml"],
        ["check", f"no {name}"],
        ["check", "inside.yaml"],
        ["check", "good.yaml", "--property", name],
        ["check", "good.yaml", "--set", f"{name}=1"],
        ["check", "good.yaml", "--set", f"N={name}"],
        ["graph", "order_orchestration", "-o", f"{name}/x.dot"],
        ["graph", "order_orchestration", "-o", f"x.{name}"],
        ["explain", name],
    ):
        assert main(arguments) == UNUSABLE, arguments
        captured = capsys.readouterr()
        assert is_harmless(captured.err), (arguments, captured.err)
        assert main([*arguments, "--json"]) == UNUSABLE
        captured = capsys.readouterr()
        assert is_harmless(captured.out), arguments
        assert json.loads(captured.out)["errors"], arguments


VALUES = {
    "9" * 1_000: "E113",
    "1e999999": "E111",
    "-" * 15_000 + "1": "E115",
    "(" * 9_000: "E115",
    "x" * 100_000: "E110",
    "x" * 19_000: "E120",
    "__import__('os').system('true')": "E111",
    "1 // 0": "E125",
    "true": "E121",
    "M": "E120",
    "1000000000": "E132",
    "0": "E133",
    "1.5": "E130",
    "{1, 2}": "E114",
    "\x00": "E111",
    "1; 2": "E111",
    "sum i in 1..1000000000: i": "E129",
}


@pytest.mark.parametrize(("value", "code"), VALUES.items(), ids=[value[:20] for value in VALUES])
def test_constants_from_outside(value: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "system: s\nconstants: {N: 2}\nvariables: {x: {type: bool, initial: true, over: 1..N}}\n"
        "actions: {a: {for each: i in 1..N, when: 'x[i]', effect: {'x[i]': false}}}\n"
    )
    assert main(["check", str(path), "--set", f"N={value}", "--json"]) == UNUSABLE
    captured = capsys.readouterr()
    found = json.loads(captured.out)["errors"]
    assert code in [error["code"] for error in found], captured.err
    assert len(captured.err) < 20_000


NUMBERS = ("0", "-1", "1e3", "nan", "inf", "", "x", "1" * 30, "9" * 5_000, "\x1b[2J", "1,0", "٣", "1.5", "--")


@pytest.mark.parametrize("number", NUMBERS, ids=[ascii(number[:10]) for number in NUMBERS])
def test_numbers_of_the_command_line(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each ends in a report, or in a sentence about the argument; never in a defect."""
    for arguments in (
        ["check", "two_phase_commit", "--property", "agreement"],
        ["check", "two_phase_commit", "--property", "agreement", "--engine", "bounded"],
    ):
        for option in ("--states", "--depth", "--seconds"):
            judged([*arguments, f"{option}={number}"], capsys)
    for option in ("--jobs", "--seed"):
        judged(["simulate", "order_orchestration", "--jobs", "10", f"{option}={number}"], capsys)


def judged(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(arguments)
    except SystemExit as error:
        code = int(str(error.code))
    captured = capsys.readouterr()
    assert code in (0, 1, 2, 3)
    assert "internal error" not in captured.err
    assert is_harmless(captured.err), captured.err
    assert len(captured.err) < 2_000


def test_measured_times_are_files_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "fifo.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\x00" * 1_000)
    (tmp_path / "text.csv").write_text("x" * 100_000 + "\n" + "9" * 5_000 + "\n1e999\n")
    for name in ("fifo.csv", "bytes.csv", "text.csv", "/dev/zero", "..", "none.csv", "/dev/stdin"):
        path = tmp_path / "m.yaml"
        path.write_text(f"orchestration: o\nflow: {{steps: {{a: {{time: empirical({name})}}}}}}\n")
        assert main(["simulate", str(path), "--jobs", "10"]) == UNUSABLE
        captured = capsys.readouterr()
        assert "E403" in captured.err
        assert is_harmless(captured.err)
        assert len(captured.err) < 2_000


def test_models_in_python_are_not_trusted_either() -> None:
    """Names and formulas of models that do not come from files."""
    evil = System(name="\x1b[2J", variables={}, actions={"a\nb": GuardedAction(when="(" * 5_000)})
    with pytest.raises(ModelError) as caught:
        check(evil)
    assert is_harmless(str(caught.value))
    with pytest.raises(ModelError) as caught:
        check(Orchestration(name="\u202eo"))
    assert is_harmless(str(caught.value))


def test_harmless_keeps_every_column() -> None:
    text = "a\x1b\u202e\tb\nc\u200bé☃\U0001f600"
    assert len(harmless(text)) == len(text)
    assert harmless(text) == "a\ufffd\ufffd b c\ufffdé☃\U0001f600"
    assert is_harmless(Problem("E1", "m\x1b" * 1_000, hint="\x1b" * 10_000).render())
    assert len(Problem("E1", "m\x1b" * 1_000, hint="\x1b" * 10_000).render()) < 1_000


def test_the_whole_command_stays_small(tmp_path: Path) -> None:
    """Start-up, reading and refusing, within the memory and time of the confined process."""
    path = tmp_path / "m.yaml"
    for text, code in (
        (variable("{range: 0..1, over: [1..100, 1..100]}").replace("{}", "{for each: i in 1..99999999}"), "E143"),
        (formula("".join(FORALL.format(name) for name in "abcdef") + "x"), "E129"),
        ("system: s\nactions: " + "[" * 500_000, "E008"),
        ("system: s\nactions: {a: {}, b: " + "x: " * 300_000 + "}\n", "E005"),
        ("system: s\n" + "a: &a [x]\n" * 50_000, "E010"),
    ):  # fmt: skip
        path.write_text(text)
        status, _, errors = run("check", str(path))
        assert status == UNUSABLE
        assert code in errors, errors[:500]
