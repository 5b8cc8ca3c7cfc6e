"""The catalogue of codes: complete, its examples give just their codes, and what it says to write instead is right."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import modelcheck
from modelcheck.catalogue import PARTS, Entry, catalogue, explanation
from modelcheck.cli import main
from modelcheck.errors import ModelError
from modelcheck.report.explain import render_page
from modelcheck.verbs.exits import GOOD, UNUSABLE

ROOT = Path(__file__).parent.parent
PACKAGE = Path(modelcheck.__file__).parent
ENTRIES = catalogue()
CODE = re.compile(r"[EW]\d{3}")

# What is too large, or not visible enough, to be printed in the catalogue.
WHOLE = {
    "E000": "system: s\nactions:\n" + "".join(f"  a{i}: {{wen: true}}\n" for i in range(300)),
    "E002": "system: s\n# " + "x" * 10_000_000 + "\nactions: {a: {}}\n",
    "E004": "system: s\nactions: {a\x1b: {}}\n",
    "E008": "system: s\nactions: {a: " + "[" * 60 + "]" * 60 + "}\n",
    "E009": f"system: s\nvariables: {{x: {{values: [{', '.join(f'a{i}' for i in range(500_001))}], initial: a1}}}}\n",
    "E110": f"system: s\nvariables: {{x: 0..1}}\nactions: {{a: {{effect: {{x: {' + '.join('1' * 6000)}}}}}}}\n",
}


def codes_in_the_program() -> set[str]:
    """Every string of the program that is a code."""
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.add(node.value)
    return found


def test_the_catalogue_has_every_code_and_no_other() -> None:
    assert set(ENTRIES) == codes_in_the_program()


def test_the_entries_are_whole() -> None:
    for code, entry in ENTRIES.items():
        assert CODE.fullmatch(code)
        assert entry.title
        assert entry.text
        assert entry.part in PARTS.values(), code
        assert entry.example or entry.command or entry.python, code
        assert entry.remedy or entry.remedy_command or entry.remedy_python, code
        assert not (entry.python and (entry.example or entry.command)), code
    assert {code for code, entry in ENTRIES.items() if entry.abbreviated} == set(WHOLE)
    prefixes = [(code[0], int(code[1:])) for code in ENTRIES]
    assert prefixes == sorted(prefixes), "in the order of the codes"


def codes_of(example: str, command: str, python: str, encoding: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The codes that a model gives with a command, or that a program raises."""
    if python:
        try:
            exec(compile(python, "example", "exec"), {})
        except ModelError as error:
            return {problem.code for problem in error.problems}
        return set()
    Path("model.yaml").write_bytes(example.encode(encoding))
    words = shlex.split((command or "modelcheck check MODEL").replace("MODEL", "model.yaml"))
    main([*words[1:], "--json", *(["--seconds", "10"] if words[1] == "check" else [])])
    return set(_codes(json.loads(capsys.readouterr().out)))


def _codes(data: object) -> Iterator[str]:
    if isinstance(data, dict):
        yield from (value for key, value in data.items() if key == "code")
        for key, value in data.items():
            if key != "entries":  # What `explain` prints.
                yield from _codes(value)
    if isinstance(data, list):
        for value in data:
            yield from _codes(value)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())
def test_an_example_gives_its_code_and_the_remedy_none(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    example = WHOLE.get(entry.code, entry.example)
    found = codes_of(example, entry.command, entry.python, entry.encoding, capsys)
    assert found == {entry.code, *entry.also} if entry.code != "E000" else entry.code in found
    command = entry.remedy_command or (entry.command if entry.remedy else "")
    left = codes_of(entry.remedy, command, entry.remedy_python, "utf-8", capsys)
    assert left - ({"W310", "W301"} - {entry.code}) == set()


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "e120", "W301"]) == GOOD
    out = capsys.readouterr().out
    assert out.startswith("E120: a name that means nothing here\n")
    assert "    actions: {sell: {when: stok > 0" in out
    assert "W301: declared and never used" in out
    assert main(["explain"]) == GOOD
    listed = capsys.readouterr().out
    assert [code for code in ENTRIES if f"  {code}  " not in listed] == []
    assert main(["explain", "--json", "E413"]) == GOOD
    (entry,) = json.loads(capsys.readouterr().out)["entries"]
    assert (entry["code"], entry["part"], entry["command"]) == ("E413", "Simulating", "modelcheck simulate MODEL")


def test_what_cannot_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "E12O"]) == UNUSABLE
    captured = capsys.readouterr()
    assert captured.err.startswith("E905: there is nothing called 'E12O' to explain\n    hint: did you mean 'E")
    with pytest.raises(ModelError, match="lists all codes"):
        explanation("stock")


def test_errors_end_with_where_to_read_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("system: s\nactions: {a: {wen: true}, b: {when: 1 +}}\n")
    assert main(["check", str(path)]) == UNUSABLE
    assert capsys.readouterr().err.endswith("\n`modelcheck explain E020 E114` says more\n")


def test_the_page_is_the_catalogue() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert page == render_page(ENTRIES.values()), "make it again: modelcheck explain --markdown > docs/errors.md"
    assert os.linesep != "\n" or all(line.isprintable() for line in page.split("\n"))
