"""The JSON schema for editors: it accepts every good model and refuses whatever is wrong in its structure."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from generated_models import models
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

import modelcheck
from modelcheck.errors import ModelError
from modelcheck.load import json_schema, load_file, schema_text
from modelcheck.load.write import to_text
from modelcheck.source import LocatedList, LocatedMap, Node, read_file, read_text

HERE = Path(__file__).parent
GOOD = sorted([*(HERE / "good").glob("*.yaml"), *(HERE.parent / "models").glob("*.yaml")])
BROKEN = sorted((HERE / "broken").glob("*.yaml"))
VALIDATOR = Draft202012Validator(json_schema())

# What a schema can see of what is wrong. Names that mean nothing (E030), values listed twice (E012) and what is
# wrong in texts (durations, delays, probabilities, formulas) it cannot, and YAML itself (E0 to E11) comes before it.
IN_STRUCTURE = {
    "E020": "an unknown key",
    "E021": "a missing key",
    "E022": "a value of another shape",
    "E025": "no truth value, no whole number",
    "E028": "not one of the words",
    "E031": "no kind, two kinds, or a property of two words",
    "E033": "not supported yet",
}


def core(node: Node) -> Any:
    """What an editor makes of a file: YAML 1.2's core schema (chapter 10.3), for which JSON schemas are written."""
    if isinstance(node, LocatedMap):
        return {str(key): core(value) for key, value in node.items()}
    if isinstance(node, LocatedList):
        return [core(item) for item in node]
    if re.fullmatch(r"|~|null|Null|NULL", node):
        return None
    if re.fullmatch(r"true|True|TRUE|false|False|FALSE", node):
        return node.lower() == "true"
    if re.fullmatch(r"[-+]?[0-9]+", node):
        return int(node)
    if re.fullmatch(r"0o[0-7]+|0x[0-9a-fA-F]+", node):
        return int(node, 0)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", node):
        return float(node)
    return str(node)


def texts(node: Node) -> Any:
    """The same with every value as the text that was written, as our own reader has it."""
    if isinstance(node, LocatedMap):
        return {str(key): texts(value) for key, value in node.items()}
    if isinstance(node, LocatedList):
        return [texts(item) for item in node]
    return str(node) or None


def complaints(value: Any) -> list[str]:
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in VALIDATOR.iter_errors(value)]


def test_the_schema_beside_the_package_is_the_generated_one() -> None:
    kept = (Path(modelcheck.__file__).parent / "schema.json").read_text("utf-8")
    assert kept == schema_text(), "regenerate it: make docs (or python -m modelcheck schema > modelcheck/schema.json)"
    Draft202012Validator.check_schema(json.loads(kept))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_models_are_accepted(path: Path) -> None:
    node = read_file(path, [])
    assert complaints(core(node)) == []
    assert complaints(texts(node)) == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(models)
def test_generated_models_are_accepted(design: modelcheck.model.Model) -> None:
    assert complaints(texts(read_text(to_text(design), "m", []))) == []


def codes_of(path: Path) -> set[str]:
    """What the reader finds wrong; nothing where only formulas are."""
    try:
        load_file(path)
    except ModelError as error:
        return {problem.code for problem in error.problems}
    return set()


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_models_that_are_wrong_in_structure_are_refused(path: Path) -> None:
    codes = codes_of(path)
    if codes and codes <= set(IN_STRUCTURE):
        node = read_file(path, [])
        assert complaints(core(node))
        assert complaints(texts(node))


def test_there_are_broken_models_for_each_code_that_a_schema_sees() -> None:
    in_structure = [path for path in BROKEN if set() < codes_of(path) <= set(IN_STRUCTURE)]
    assert len(in_structure) >= 10
    assert set().union(*map(codes_of, BROKEN)) >= set(IN_STRUCTURE)


@pytest.mark.parametrize(
    "line",
    ["sates: 3", "states: many", "states: 0", "variables: [a]", "properties: {p: {alway: x}}", "expect: {p: yes}"],
)
def test_a_single_mistake_is_enough(line: str) -> None:
    good = "system: a\nactions: {}\n"
    assert complaints(core(read_text(good, "m", []))) == []
    assert complaints(core(read_text(f"{good}{line}\n", "m", [])))
