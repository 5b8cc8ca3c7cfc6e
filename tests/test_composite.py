"""Records, lists and maps: what they mean is what the same operations on Python's values give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcheck.datatypes import read_initials, read_type
from modelcheck.errors import Located, Position
from modelcheck.expressions import Expr, Ref, Resolver, Scope, Type, compile_expression, domain, evaluate, well_defined
from modelcheck.expressions.composite import COMPOSITES, AnyType, ListType, MapType, RecordType, Tree, build, leaves
from modelcheck.expressions.smt import constant, literal, to_z3

TYPES = {
    "Item": "{book, pen, cup}",
    "Line": "{item: Item, amount: 0..3}",
    "Lines": "list of Line at most 2",
    "Stock": "map from Item to 0..3",
    "Shelf": "map from 1..2 to list of Item at most 2",
    "Deep": "{line: Line, stock: Stock, flags: map from bool to bool}",
}


def types() -> Scope:
    from modelcheck.datatypes import declare_types

    resolver = Resolver()
    scope = declare_types(TYPES, Scope(), resolver)
    assert resolver.problems == []
    return scope


SCOPE = types()


def variable(name: str, kind: AnyType) -> Tree:
    return build(kind, name, lambda part, scalar: Ref(part, scalar))


def scope_of(**variables: str) -> Scope:
    return SCOPE.with_names({name: variable(name, SCOPE.types[kind]) for name, kind in variables.items()})


def read(text: str, scope: Scope, expected: AnyType | None = None) -> Tree:
    resolver = Resolver()
    value = resolver.value(text, scope, expected)
    assert value is not None, resolver.problems
    return value


# Python's values of our types: dictionaries, lists, numbers; and how they lie in the variables.


def values(kind: AnyType) -> st.SearchStrategy[Any]:
    match kind:
        case RecordType(fields):
            return st.fixed_dictionaries({name: values(each) for name, each in fields})
        case ListType(of, most):
            return st.lists(values(of), max_size=most)
        case MapType(_, to):
            return st.fixed_dictionaries({key: values(to) for key in kind.keys})
    return st.sampled_from(list(domain(kind) or ()))


def spread(name: str, kind: AnyType, value: Any) -> dict[str, Any]:
    """A Python value as the values of the scalar variables that hold it."""
    from modelcheck.expressions import show
    from modelcheck.expressions.composite import resting

    found: dict[str, Any] = {}
    match kind:
        case RecordType(fields):
            for field, each in fields:
                found |= spread(f"{name}.{field}", each, value[field])
        case ListType(of, most):
            found[f"{name}.length"] = len(value)
            for at in range(1, most + 1):
                if at <= len(value):
                    found |= spread(f"{name}[{at}]", of, value[at - 1])
                else:
                    found |= {part: evaluate(each) for part, each in leaves(resting(of), f"{name}[{at}]")}
        case MapType(key, to):
            for each in kind.keys:
                found |= spread(f"{name}[{show(each, key)}]", to, value[each])
        case _:
            found[name] = value
    return found


def gathered(value: Tree, known: Mapping[str, Any]) -> Any:
    """The Python value of a tree."""
    from modelcheck.expressions.composite import List, Map, Record

    match value:
        case Record(_, fields):
            return {name: gathered(part, known) for name, part in fields.items()}
        case List(_, length, items):
            return [gathered(item, known) for item in items[: int(evaluated(length, known))]]
        case Map(_, entries):
            return {key: gathered(part, known) for key, part in entries.items()}
    assert not isinstance(value, COMPOSITES)
    return evaluated(value, known)


def evaluated(expr: Expr, known: Mapping[str, Any]) -> Any:
    """A value by plain evaluation, which z3 has to agree with."""
    names = {name: place for place, name in enumerate(known)}
    return compile_expression(expr, names)(tuple(known.values()))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Scope, dict[str, Any], dict[str, Any]]:
    """Two lists, two maps, a shelf and a deep record, with their values."""
    kinds = {"a": "Lines", "b": "Lines", "s": "Stock", "t": "Stock", "shelf": "Shelf", "d": "Deep", "line": "Line"}
    python = {name: draw(values(SCOPE.types[kind])) for name, kind in kinds.items()}
    python["i"] = draw(st.integers(0, 3))
    python["k"] = draw(st.integers(0, 2))
    scope = scope_of(**kinds)
    whole = {"i": read_kind("0..3"), "k": SCOPE.types["Item"]}
    scope = scope.with_names({name: variable(name, kind) for name, kind in whole.items()})
    known: dict[str, Any] = {}
    for name, kind in {**{n: SCOPE.types[k] for n, k in kinds.items()}, **whole}.items():
        known |= spread(name, kind, python[name])
    return scope, python, known


def read_kind(text: str) -> AnyType:
    resolver = Resolver()
    kind = read_type(text, SCOPE, resolver)
    assert kind is not None, resolver.problems
    return kind


MEANINGS: dict[str, Any] = {
    "length(a)": lambda v: len(v["a"]),
    "a.length + length(b)": lambda v: len(v["a"]) + len(v["b"]),
    "a == b": lambda v: v["a"] == v["b"],
    "a != b": lambda v: v["a"] != v["b"],
    "s == t": lambda v: v["s"] == v["t"],
    "a == []": lambda v: v["a"] == [],
    "[] == a": lambda v: v["a"] == [],
    "a == [{item: pen, amount: i}]": lambda v: v["a"] == [{"item": 1, "amount": v["i"]}],
    "line in a": lambda v: v["line"] in v["a"],
    "line not in a": lambda v: v["line"] not in v["a"],
    "k in s": lambda v: v["k"] in v["s"],
    "i in shelf": lambda v: v["i"] in (1, 2),
    "s[k]": lambda v: v["s"][v["k"]],
    "s[book] + s[pen]": lambda v: v["s"][0] + v["s"][1],
    "d.line.amount + d.stock[cup]": lambda v: v["d"]["line"]["amount"] + v["d"]["stock"][2],
    "d.flags[true]": lambda v: v["d"]["flags"][True],
    "d.flags[i > 1] and d.flags[false]": lambda v: v["d"]["flags"][v["i"] > 1] and v["d"]["flags"][False],
    "forall x in a: x.amount > 1": lambda v: all(x["amount"] > 1 for x in v["a"]),
    "exists x in a: x == line": lambda v: any(x == v["line"] for x in v["a"]),
    "count x in a: x.item == k": lambda v: sum(x["item"] == v["k"] for x in v["a"]),
    "sum x in a: x.amount": lambda v: sum(x["amount"] for x in v["a"]),
    "sum q in s: s[q]": lambda v: sum(v["s"].values()),
    "forall q in Item: s[q] <= t[q]": lambda v: all(v["s"][q] <= v["t"][q] for q in range(3)),
    "exists q in {book, k}: s[q] == 3": None,  # a label without a type: an error, see below
    "exists q in {i, 2}: q == 3": lambda v: v["i"] == 3,
    "sum n in shelf: length(shelf[n])": lambda v: sum(map(len, v["shelf"].values())),
    "count n in 1..2: k in shelf[n]": lambda v: sum(v["k"] in v["shelf"][n] for n in (1, 2)),
    "(a if i > 1 else b) == b": lambda v: (v["a"] if v["i"] > 1 else v["b"]) == v["b"],
    "rest(append(b, line)).length": lambda v: len(v["b"]),
}
PARTIAL: dict[str, Any] = {
    "first(a).amount": lambda v: v["a"][0]["amount"],
    "last(a).item == k": lambda v: v["a"][-1]["item"] == v["k"],
    "a[i].amount": lambda v: v["a"][v["i"] - 1]["amount"] if v["i"] else 1 // 0,
    "a[2].item == pen": lambda v: v["a"][1]["item"] == 1,
    "first(shelf[i])== k": lambda v: v["shelf"][v["i"]][0] == v["k"],
    "rest(a).length": lambda v: len(v["a"]) - 1 if v["a"] else 1 // 0,
    "length(a) > 0 and first(a).amount > 0": lambda v: len(v["a"]) > 0 and v["a"][0]["amount"] > 0,
    "i == 0 or i > a.length or a[i] == line": lambda v: (
        v["i"] == 0 or v["i"] > len(v["a"]) or v["a"][v["i"] - 1] == v["line"]
    ),
}


@given(cases())
def test_means_what_python_means(case: tuple[Scope, dict[str, Any], dict[str, Any]]) -> None:
    scope, python, known = case
    for text, meaning in MEANINGS.items():
        if meaning is not None:
            value = read(text, scope)
            assert not isinstance(value, COMPOSITES)
            assert evaluated(well_defined(value), known), text
            assert evaluated(value, known) == meaning(python), text


@given(cases())
def test_what_is_not_there_has_no_value(case: tuple[Scope, dict[str, Any], dict[str, Any]]) -> None:
    scope, python, known = case
    for text, meaning in PARTIAL.items():
        value = read(text, scope)
        assert not isinstance(value, COMPOSITES)
        try:
            wanted = meaning(python)
        except (IndexError, KeyError, ZeroDivisionError):
            assert not evaluated(well_defined(value), known), text
        else:
            assert evaluated(well_defined(value), known), text
            assert evaluated(value, known) == wanted, text


@given(cases())
def test_lists_grow_and_shrink(case: tuple[Scope, dict[str, Any], dict[str, Any]]) -> None:
    scope, python, known = case
    lines = SCOPE.types["Lines"]
    if len(python["a"]) < 2:
        assert gathered(read("append(a, line)", scope, lines), known) == [*python["a"], python["line"]]
    if python["a"]:
        assert gathered(read("rest(a)", scope, lines), known) == python["a"][1:]
        assert gathered(read("front(a)", scope, lines), known) == python["a"][:-1]
        assert read("front(a) == []", scope) is not None
    assert gathered(read("d.line if i > 1 else line", scope), known) == (
        python["d"]["line"] if python["i"] > 1 else python["line"]
    )
    assert gathered(read("{item: k, amount: i}", scope, SCOPE.types["Line"]), known) == {
        "item": python["k"],
        "amount": python["i"],
    }


@given(cases(), st.sampled_from([text for text in (*MEANINGS, *PARTIAL) if MEANINGS.get(text, 1)]))
def test_z3_means_the_same(case: tuple[Scope, dict[str, Any], dict[str, Any]], text: str) -> None:
    import z3

    scope, _, known = case
    value = read(text, scope)
    assert not isinstance(value, COMPOSITES)
    if not evaluated(well_defined(value), known):
        return
    kinds: dict[str, Type] = {}
    for name, each in scope.names.items():
        kinds |= {part: leaf.type for part, leaf in leaves(each, name)}
    terms = {name: constant(name, kind) for name, kind in kinds.items()}
    pairs = [(terms[name], literal(known[name], kinds[name])) for name in kinds]
    result = z3.simplify(z3.substitute(to_z3(value, terms), pairs))
    assert str(result) == str(z3.simplify(literal(evaluated(value, known), value.type)))


@pytest.mark.parametrize(
    ("text", "code", "column", "words"),
    [
        ("a.amount", "E144", 3, "no field"),
        ("line.amuont", "E144", 6, "did you mean 'amount'"),
        ("line.amount.x", "E144", 13, "no field 'x'"),
        ("line[1]", "E145", 6, "has no items"),
        ("s[table]", "E120", 3, "unknown name 'table'"),
        ("shelf[3]", "E127", 7, "no key"),
        ("shelf[true]", "E121", 7, "expected an integer"),
        ("a < b", "E123", 3, "orders numbers"),
        ("a == s", "E121", 3, "do not go together"),
        ("a + 1", "E121", 1, "expected a number, found a list"),
        ("first(s)", "E121", 1, "takes a list"),
        ("append(a, 3)", "E121", 11, "expected a record"),
        ("append(a)", "E126", 1, "a list and a value"),
        ("[] == []", "E146", 7, "cannot be told"),
        ("{item: pen}", "E146", 1, "cannot be told"),
        ("line == {item: pen}", "E147", 9, "'amount' is missing"),
        ("line == {item: pen, amount: 1, size: 2}", "E144", 38, "no field 'size'"),
        ("line == {item: pen, item: pen}", "E141", 9, "given twice"),
        ("3 in line", "E145", 3, "no members"),
        ("forall x in i: x > 0", "E145", 13, "nothing to go through"),
        ("a.", "E114", 3, "the name of a field"),
        ("(a", "E114", 3, "expected ')'"),
        ("first(a).amount.", "E114", 17, "the name of a field"),
    ],
)
def test_mistakes_have_a_place(text: str, code: str, column: int, words: str) -> None:
    kinds = {"a": "Lines", "b": "Lines", "s": "Stock", "shelf": "Shelf", "line": "Line"}
    scope = scope_of(**kinds).with_names({"i": Ref("i", read_kind("0..3"))})  # type: ignore[arg-type]  # a scalar
    resolver = Resolver()
    assert resolver.value(Located(text, Position("m.yaml", 1, 1)), scope) is None
    (problem,) = resolver.problems
    assert (problem.code, problem.position.column if problem.position else 0) == (code, column)
    assert words in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("list of 0..3 at most 2", "list of 0..3 at most 2"),
        ("list of list of bool at most 2 at most 3", "list of list of bool at most 2 at most 3"),
        ("map from {a, b} to map from bool to 0..1", "map from {a, b} to map from bool to 0..1"),
        ("{x: 0..1, y: {u, v}, z: {w: real}}", "{x: 0..1, y: {u, v}, z: {w: real}}"),
        ("Line", "{item: {book, pen, cup}, amount: 0..3}"),
    ],
)
def test_types_are_read_and_shown(text: str, shown: str) -> None:
    kind = read_kind(text)
    assert str(kind) == shown
    assert read_kind(str(kind)) == kind


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("list of Itme at most 2", "E134", 9),
        ("list of Item at most 0", "E148", 22),
        ("list of Item at most n", "E120", 22),
        ("list of Item", "E134", 1),
        ("map from int to bool", "E148", 10),
        ("map from Line to bool", "E148", 10),
        ("{a: bool, a: bool}", "E136", 11),
        ("{a: bool, b}", "E135", 11),
        ("{a b, c}", "E135", 2),
        ("{a: 3..1}", "E133", 5),
        ("list of list of list of 0..1 at most 99 at most 99 at most 99", "E148", 9),
        ("list of " * 12 + "bool" + " at most 1" * 12, "E148", 73),
    ],
)
def test_wrong_types_have_a_place(text: str, code: str, column: int) -> None:
    resolver = Resolver()
    assert read_type(Located(text, Position("m.yaml", 1, 1)), SCOPE, resolver) is None
    (problem,) = resolver.problems
    assert (problem.code, problem.position.column if problem.position else 0) == (code, column)


@pytest.mark.parametrize(
    ("text", "kind", "first"),
    [
        ("{item: pen, amount: 0..2}", "Line", {"v.item": (1,), "v.amount": (0, 1, 2)}),
        ("any", "Line", {"v.item": (0, 1, 2), "v.amount": (0, 1, 2, 3)}),
        ("2", "Stock", {"v[book]": (2,), "v[pen]": (2,), "v[cup]": (2,)}),
        ("{0, 2}", "Stock", {"v[book]": (0, 2), "v[pen]": (0, 2), "v[cup]": (0, 2)}),
        ("{book: 1, pen: any, cup: {0, 3}}", "Stock", {"v[book]": (1,), "v[pen]": (0, 1, 2, 3), "v[cup]": (0, 3)}),
        ("[]", "Shelf", dict.fromkeys((f"v[{n}]{part}" for n in (1, 2) for part in (".length", "[1]", "[2]")), (0,))),
        (
            "[{item: cup, amount: 1}]",
            "Lines",
            {"v.length": (1,), "v[1].item": (2,), "v[1].amount": (1,), "v[2].item": (0,), "v[2].amount": (0,)},
        ),
    ],
)  # fmt: skip
def test_first_values(text: str, kind: str, first: dict[str, Any]) -> None:
    resolver = Resolver()
    assert read_initials(text, SCOPE.types[kind], "v", SCOPE, resolver) == first
    assert resolver.problems == []


@pytest.mark.parametrize(
    ("text", "kind", "code", "column"),
    [
        ("any", "Lines", "E137", 1),
        ("[{item: cup, amount: 1}, {item: cup, amount: 1}, {item: cup, amount: 1}]", "Lines", "E137", 1),
        ("[{item: cup}]", "Lines", "E147", 2),
        ("{item: cup, amount: 7}", "Line", "E137", 21),
        ("{item: cup, amuont: 1}", "Line", "E144", 13),
        ("3", "Line", "E137", 1),
        ("{book: 1, pem: 2, cup: 1}", "Stock", "E144", 11),
        ("{book: 1}", "Stock", "E147", 1),
        ("9", "Stock", "E137", 1),
    ],
)
def test_wrong_first_values_have_a_place(text: str, kind: str, code: str, column: int) -> None:
    resolver = Resolver()
    read_initials(Located(text, Position("m.yaml", 1, 1)), SCOPE.types[kind], "v", SCOPE, resolver)
    assert [(p.code, p.position.column if p.position else 0) for p in resolver.problems] == [(code, column)]
