"""YAML text to plain values: nothing is guessed, every value knows its place, nothing hostile gets through."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcheck.errors import Located, ModelError, Problem
from modelcheck.source import DEEPEST, MOST_BYTES, MOST_VALUES, LocatedList, LocatedMap, Node, read_file, read_text


def values(text: str) -> Node:
    problems: list[Problem] = []
    node = read_text(text, "m.yaml", problems)
    assert problems == []
    return node


def codes(text: str) -> list[str]:
    problems: list[Problem] = []
    try:
        read_text(text, "m.yaml", problems)
    except ModelError as error:
        return [problem.code for problem in error.problems]
    return [problem.code for problem in problems]


def test_yaml_guesses_nothing() -> None:
    text = "on: no\nyes: 1:30\ntime: 1e3\ndate: 2024-01-01\nocta: 017\nnone: ~\nempty:\nnull: null\ntrue: 0x1F\n<<: a\n"
    assert values(text) == {
        "on": "no", "yes": "1:30", "time": "1e3", "date": "2024-01-01", "octa": "017", "none": "~", "empty": "",
        "null": "null", "true": "0x1F", "<<": "a",
    }  # fmt: skip


TEXT = """\
# a comment
name: order
steps:
  reserve: {requires: stock >= 1,
            after: [a, b]}
  "charge": 'it''s "fine"'
formula: >-
  stock >= 1
  and paid
lines: |
  one
  two
plain: goes on
  here
escaped: "a \\"b\\" \\u0041c"
list:
- x
- - y
umlaut: ü ≥ ü
end:
"""


def test_every_value_knows_its_place() -> None:
    places = {}

    def collect(node: Node, path: str) -> None:
        places[path] = (node.position.line, node.position.column)
        assert node.position.text == TEXT.splitlines()[node.position.line - 1]
        if isinstance(node, LocatedMap):
            for key, child in node.items():
                places[f"{path}.{key}?"] = (key.position.line, key.position.column)
                collect(child, f"{path}.{key}")
        elif isinstance(node, LocatedList):
            for index, child in enumerate(node):
                collect(child, f"{path}[{index}]")

    collect(values(TEXT), "")
    assert places == {
        "": (2, 1), ".name?": (2, 1), ".name": (2, 7), ".steps?": (3, 1), ".steps": (4, 3),
        ".steps.reserve?": (4, 3), ".steps.reserve": (4, 12), ".steps.reserve.requires?": (4, 13),
        ".steps.reserve.requires": (4, 23), ".steps.reserve.after?": (5, 13), ".steps.reserve.after": (5, 20),
        ".steps.reserve.after[0]": (5, 21), ".steps.reserve.after[1]": (5, 24), ".steps.charge?": (6, 4),
        ".steps.charge": (6, 14), ".formula?": (7, 1), ".formula": (8, 3), ".lines?": (10, 1), ".lines": (11, 3),
        ".plain?": (13, 1), ".plain": (13, 8), ".escaped?": (15, 1), ".escaped": (15, 11), ".list?": (16, 1),
        ".list": (17, 1), ".list[0]": (17, 3), ".list[1]": (18, 3), ".list[1][0]": (18, 5), ".umlaut?": (19, 1),
        ".umlaut": (19, 9), ".end?": (20, 1), ".end": (20, 5),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "piece", "line", "column"),
    [
        ("name", "der", 2, 9),
        ("formula", "stock", 8, 3),
        ("formula", "and", 9, 3),
        ("formula", "paid", 9, 7),
        ("lines", "two", 12, 3),
        ("plain", "on", 13, 13),
        ("plain", "here", 14, 3),
        ("escaped", "b", 15, 15),
        ("umlaut", "≥", 19, 11),
    ],
)
def test_places_inside_of_values(key: str, piece: str, line: int, column: int) -> None:
    value = values(TEXT)[key]  # type: ignore[call-overload]
    place = value.position.shifted(value.index(piece))
    assert (place.line, place.column) == (line, column)


def test_quoted_keys_and_values() -> None:
    steps = values(TEXT)["steps"]  # type: ignore[call-overload]
    assert steps["charge"] == 'it\'s "fine"'
    assert str(steps["charge"].position.shifted(6)) == "m.yaml:6:21"


def test_a_comma_in_parentheses_belongs_to_the_value() -> None:
    text = "a: {time: lognormal(mean=20ms, sigma=0.5), workers: 4, f: max(a, min(b, c)) > 0,\n  g: min(a,\n  b)}\n"
    node = values(text)
    assert node == {
        "a": {"time": "lognormal(mean=20ms, sigma=0.5)", "workers": "4", "f": "max(a, min(b, c)) > 0", "g": "min(a, b)"}
    }
    inner = node["a"]["g"]  # type: ignore[call-overload]
    assert str(inner.position.shifted(inner.index("b"))) == "m.yaml:3:3"
    assert values("[i in 1..N, j in 1..min(N, 2), k]") == ["i in 1..N", "j in 1..min(N, 2)", "k"]
    assert values("[max(a, {b: c}]") == ["max(a", {"b": "c"}]
    assert values("{x: f(a, y: b), z: }") == {"x": "f(a", "y": "b)", "z": ""}
    assert values("- f(a\n- b)\n") == ["f(a", "b)"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["E006"]),
        ("# only a comment\n", ["E006"]),
        ("---\n", []),
        ("a: 1\n---\nb: 2\n", ["E007"]),
        ("a: 1\n...\nb\n", ["E005"]),
        ("a: [1, 2\n", ["E005"]),
        ("a: 'open\n", ["E005"]),
        ("a:\n\t- 1\n", ["E005"]),
        ("a: @x\n", ["E005"]),
        ("%YAML 9.0\n---\na: 1\n", ["E005"]),
        ("a: b: c\n", ["E005"]),
        ("a: &x 1\nb: 2\n", ["E010"]),
        ("a: *x\n", ["E010"]),
        ("a: !!int 3\nb: !x y\n", ["E011", "E011"]),
        ("? {a: 1}\n: 2\n", ["E013"]),
        ("a: 1\nb: 1\na: 2\nb: 3\n", ["E012", "E012"]),
        ("a: x\x00y\n", ["E004"]),
        ("a: \x1b[31mred\n", ["E004"]),
        ("a: \ud800\n", ["E004"]),
    ],
)
def test_what_is_refused(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_the_first_of_two_values_is_kept() -> None:
    problems: list[Problem] = []
    assert read_text("a: 1\na: {b: 2}\nc: 3\n", "m.yaml", problems) == {"a": "1", "c": "3"}
    assert [str(problem.position) for problem in problems] == ["m.yaml:2:1"]


HOSTILE = {
    "open brackets": ("[" * 200_000, "E008"),
    "open braces": ("{a: " * 100_000, "E008"),
    "question marks": ("? " * 100_000, "E008"),
    "dashes": ("- " * 100_000, "E008"),
    "deep indentation": ("".join(" " * depth + "a:\n" for depth in range(1_000)), "E008"),
    "colons": ("a:" * 100_000, "E005"),
    "too many values": ("[" + "a," * MOST_VALUES + "a]", "E009"),
    "too many bytes": ("a: " + "x" * MOST_BYTES, "E002"),
    "many open parentheses": ("[" + "f(, " * 20_000 + "]", ""),
    "duplicates": ("".join(f"k{i}: 1\n" for i in range(5_000)) + "k4999: 1\n" * 5_000, "E012"),
    "alias bomb": ("a: &a [x]\n" + "".join(f"b{i}: [*a, *a]\n" for i in range(1_000)), "E010"),
    "alias cycle": ("&a [*a]", "E010"),
    "python objects": ("!!python/object/apply:os.system ['true']", "E011"),
    "open parentheses": ("{a: " + "f(, " * 50_000 + "}", ""),
    "spaces in parentheses": ("{a: f(1," + " " * 400_000 + "2)}", ""),
    "quotes": ('"' * 100_000, "E005"),
}


@pytest.mark.parametrize(("text", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_refused_before_they_explode(text: str, code: str) -> None:
    assert codes(text)[:1] == ([code] if code else [])


def test_as_deep_as_allowed_and_no_deeper() -> None:
    assert codes("[" * DEEPEST + "]" * DEEPEST) == []
    assert codes("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)) == ["E008"]


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"

    def code() -> str:
        with pytest.raises(ModelError) as caught:
            read_file(path, [])
        return caught.value.problems[0].code

    assert code() == "E001"
    path.write_bytes("\ufeffa: ü\r\nb: 1\r\n".encode())
    node = read_file(path, [])
    assert node == {"a": "ü", "b": "1"}
    assert node["b"].position.line == 2  # type: ignore[call-overload]
    path.write_bytes(b"a: \xff\n")
    assert code() == "E003"
    path.write_bytes(b"a: 1\n" * MOST_BYTES)
    assert code() == "E002"
    path = tmp_path
    assert code() == "E001"
    with pytest.raises(ModelError):
        read_file("a\x00b", [])


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(alphabet="ab01 :,-[]{}()'\"|>&*!#%@?~\n\t\\", max_size=60))
def test_any_text_gives_values_or_problems_that_point_into_it(text: str) -> None:
    problems: list[Problem] = []
    try:
        node = read_text(text, "m.yaml", problems)
    except ModelError as error:
        problems = list(error.problems)
    else:
        lines = text.split("\n")
        pending: list[Node] = [node]
        while pending:
            each = pending.pop()
            if isinstance(each, LocatedMap):
                pending += [*each.keys(), *each.values()]
            elif isinstance(each, LocatedList):
                pending += each
            else:
                assert isinstance(each, Located)
                for offset, character in enumerate(each):
                    place = each.position.shifted(offset)
                    assert 1 <= place.line <= len(lines)
                    if character.isalnum() and "\\" not in text:
                        assert lines[place.line - 1][place.column - 1] == character
    for problem in problems:
        assert problem.position is not None
        assert 1 <= problem.position.line <= text.count("\n") + 1
