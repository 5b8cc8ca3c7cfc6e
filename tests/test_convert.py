"""`modelcheck convert` and `modelcheck schema`, as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import run

import modelcheck as mc
from modelcheck.load import load_text, schema_text
from modelcheck.verbs.exits import GOOD, UNUSABLE

PURSE = """\
# What a purse can pay.
system: purse
constants: {N: 3}
variables: {money: {range: '0..N', initial: "N"}}
actions:
    pay: {when: money > 0, effect: {money: money - 1}}   # one coin
states: 4
"""
WRITTEN = """\
system: purse
constants: {N: 3}

variables:
  money: {range: 0..N, initial: N}

actions:
  pay: {when: money > 0, effect: {money: money - 1}}

states: 4
"""


@pytest.fixture(autouse=True)
def purse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "purse.yaml"
    path.write_text(PURSE)
    return path


Captured = pytest.CaptureFixture[str]


def test_a_model_is_printed_without_its_comments(capsys: Captured) -> None:
    assert run("convert purse.yaml") == GOOD
    assert capsys.readouterr().out == WRITTEN
    assert mc.to_text(load_text(WRITTEN)) == WRITTEN


def test_help_says_that_comments_are_lost(capsys: Captured) -> None:
    assert run("convert --help") == GOOD
    assert "comments of the source are not kept" in " ".join(capsys.readouterr().out.split())


def test_a_model_is_written_to_a_file(tmp_path: Path, capsys: Captured) -> None:
    assert run("convert order_choreography --to yaml -o order.yaml") == GOOD
    assert capsys.readouterr().out == ""
    assert mc.load(tmp_path / "order.yaml") == mc.load("order_choreography")
    assert run("convert purse.yaml -o nowhere/purse.yaml") == UNUSABLE
    assert "E902: cannot read or write 'nowhere/purse.yaml'" in capsys.readouterr().err


def test_constants_are_written_as_they_were_set(capsys: Captured) -> None:
    assert run("convert purse.yaml --set N=5") == GOOD
    written = capsys.readouterr().out
    assert "constants: {N: 5}" in written
    assert "states" not in written  # They were counted for another N.


def test_a_model_as_data(capsys: Captured) -> None:
    assert run("convert purse.yaml --json") == GOOD
    assert json.loads(capsys.readouterr().out) == {"model": "purse", "format": "yaml", "text": WRITTEN}


@pytest.mark.parametrize("command", ["convert nothing.yaml", "convert purse.yaml --to bpmn", "convert"])
def test_what_cannot_be_converted(command: str, capsys: Captured) -> None:
    assert run(command) == UNUSABLE
    assert "Traceback" not in capsys.readouterr().err


def test_a_model_with_mistakes_is_not_written(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "wrong.yaml").write_text(PURSE.replace("money - 1", "mony - 1"))
    assert run("convert wrong.yaml -o out.yaml") == UNUSABLE
    assert "did you mean 'money'?" in capsys.readouterr().err
    assert not (tmp_path / "out.yaml").exists()


def test_the_schema_is_printed(capsys: Captured) -> None:
    assert run("schema") == GOOD
    printed = capsys.readouterr().out
    assert printed == schema_text()
    assert json.loads(printed)["oneOf"]
