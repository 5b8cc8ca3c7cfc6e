"""The expression language: its four uses agree, and everything that is wrong is an error at its column."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcheck.errors import Located, Position
from modelcheck.expressions import (
    BOOL,
    INT,
    REAL,
    EnumType,
    Expr,
    ExpressionError,
    IntType,
    Literal,
    Operation,
    Ref,
    Resolver,
    Scope,
    Type,
    Value,
    compile_expression,
    compile_update,
    evaluate,
    integer,
    names_in,
    parse,
    references,
    resolve,
    substitute,
    to_text,
    well_defined,
)
from modelcheck.expressions.columns import evaluate_columns
from modelcheck.expressions.smt import constant, from_z3, literal, to_z3

STATUS = EnumType(("idle", "busy", "done"))
VARIABLES: dict[str, Type] = {
    "a": IntType(-4, 4),
    "b": IntType(-3, 5),
    "n": INT,
    "p": BOOL,
    "q": BOOL,
    "r": REAL,
    "s": STATUS,
    "t": STATUS,
}
SCOPE = Scope({name: Ref(name, kind) for name, kind in VARIABLES.items()})
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


# --- The four uses agree --------------------------------------------------------------------------------------


def trees(kind: str, depth: int) -> st.SearchStrategy[str]:
    """Random expressions of a kind, as text; divisors may be zero or negative."""
    leaves = {
        "int": st.sampled_from(["a", "b", "n", "0", "1", "2", "3", "-2", "7"]),
        "real": st.sampled_from(["r", "0.5", "-1.25", "2.0"]),
        "bool": st.sampled_from(["p", "q", "true", "false"]),
        "enum": st.sampled_from(["s", "t"]),
    }
    if depth == 0:
        return leaves[kind]
    sub = {name: st.deferred(lambda name=name: trees(name, depth - 1)) for name in leaves}
    parts: list[st.SearchStrategy[str]] = [leaves[kind]]

    def binary(left: str, operators: str, right: str) -> st.SearchStrategy[str]:
        return st.builds(
            lambda x, operator, y: f"({x}) {operator} ({y})", sub[left], st.sampled_from(operators.split()), sub[right]
        )

    if kind == "int":
        parts += [
            binary("int", "+ - * // %", "int"),
            st.builds(lambda x: f"-({x})", sub["int"]),
            st.builds(lambda f, x, y: f"{f}({x}, {y})", st.sampled_from(["min", "max"]), sub["int"], sub["int"]),
            st.builds(lambda x: f"abs({x})", sub["int"]),
        ]
    if kind == "real":
        parts += [
            binary("real", "+ - * /", "real"),
            binary("int", "/", "int"),
            st.builds(lambda x, y: f"max({x}, {y})", sub["real"], sub["int"]),
        ]
    if kind == "bool":
        parts += [
            binary("int", "== != < <= > >=", "int"),
            binary("real", "== != < <= > >=", "int"),
            binary("enum", "== !=", "enum"),
            binary("bool", "and or implies ==", "bool"),
            st.builds(lambda x, y: f"({x}) == {y}", sub["enum"], st.sampled_from(STATUS.labels)),
            st.builds(lambda x: f"not ({x})", sub["bool"]),
            st.builds(lambda x, y, z: f"({x}) in ({y})..({z})", sub["int"], sub["int"], sub["int"]),
            st.builds(lambda x: f"({x}) not in {{idle, done}}", sub["enum"]),
        ]
    parts.append(st.builds(lambda c, x, y: f"({x}) if ({c}) else ({y})", sub["bool"], sub[kind], sub[kind]))
    return st.one_of(parts)


def any_tree(depth: int) -> st.SearchStrategy[Expr]:
    def typed(text: str) -> Expr | None:
        try:
            return resolve(parse(text), SCOPE)
        except ExpressionError as error:
            if error.code == "E125":  # a constant division by zero is all that can be wrong here
                return None
            raise

    kinds = st.sampled_from(["int", "real", "bool", "enum"])
    return kinds.flatmap(lambda kind: trees(kind, depth)).map(typed).filter(lambda tree: tree is not None)


STATES = st.fixed_dictionaries(
    {
        "a": st.integers(-4, 4),
        "b": st.integers(-3, 5),
        "n": st.one_of(st.integers(-6, 6), st.integers(-(10**30), 10**30)),
        "p": st.booleans(),
        "q": st.booleans(),
        "r": st.fractions(-3, 3, max_denominator=7),
        "s": st.integers(0, 2),
        "t": st.integers(0, 2),
    }
)


def plain(tree: Expr, state: dict[str, Value]) -> Value | None:
    """The value of a tree, None where it divides by zero."""
    try:
        return evaluate(tree, state)
    except ZeroDivisionError:
        return None


@SLOW
@given(any_tree(3), st.lists(STATES, min_size=1, max_size=5))
def test_numpy_columns_agree_with_plain_python(tree: Expr, states: list[dict[str, Value]]) -> None:
    def column(name: str) -> np.ndarray:
        values = [state[name] for state in states]
        if isinstance(VARIABLES[name], type(BOOL)):
            return np.array(values, dtype=bool)
        small = name in "abst"
        return np.array(values, dtype=np.int8 if small else object)

    columns = {name: column(name) for name in VARIABLES}
    result = np.broadcast_to(np.asarray(evaluate_columns(tree, columns)), len(states))
    defined = np.broadcast_to(np.asarray(evaluate_columns(well_defined(tree), columns)), len(states))
    for row, state in enumerate(states):
        expected = plain(tree, state)
        assert bool(defined[row]) == (expected is not None)
        if expected is not None:
            assert result[row] == expected
            assert isinstance(expected, bool) == (result.dtype == bool)


@SLOW
@given(any_tree(3), STATES)
def test_z3_agrees_with_plain_python(tree: Expr, state: dict[str, Value]) -> None:
    terms = {name: constant(name, kind) for name, kind in VARIABLES.items()}
    values = [(terms[name], literal(state[name], kind)) for name, kind in VARIABLES.items()]
    expected = plain(tree, state)
    defined = z3.simplify(z3.substitute(to_z3(well_defined(tree), terms), *values))
    assert z3.is_true(defined) == (expected is not None)
    assert z3.is_true(defined) or z3.is_false(defined)
    if expected is not None:
        assert from_z3(z3.simplify(z3.substitute(to_z3(tree, terms), *values)), tree.type) == expected


@SLOW
@given(any_tree(3), STATES)
def test_printing_and_reading_back_means_the_same(tree: Expr, state: dict[str, Value]) -> None:
    text = to_text(tree)
    again = resolve(parse(text), SCOPE, tree.type if isinstance(tree.type, EnumType) else None)
    assert plain(again, state) == plain(tree, state), text
    assert to_text(again) == text


@SLOW
@given(any_tree(3), STATES, trees("int", 2))
def test_substitution_is_evaluation_of_the_new_value_first(tree: Expr, state: dict[str, Value], text: str) -> None:
    try:
        replacement = resolve(parse(text), SCOPE)
    except ExpressionError:
        return
    value = plain(replacement, state)
    if value is not None:
        changed = substitute(tree, {"n": replacement})
        assert plain(changed, state) == plain(tree, {**state, "n": value})


@given(st.integers(-30, 30), st.integers(-7, 7).filter(bool))
def test_division_floors_and_the_remainder_has_the_sign_of_the_divisor(dividend: int, divisor: int) -> None:
    scope = {"n": dividend, "a": divisor}
    quotient, remainder = resolve(parse("n // a"), SCOPE), resolve(parse("n % a"), SCOPE)
    assert evaluate(quotient, scope) == dividend // divisor
    assert evaluate(remainder, scope) == dividend % divisor
    x, y = z3.IntVal(dividend), z3.IntVal(divisor)
    assert z3.simplify(to_z3(quotient, {"n": x, "a": y})).as_long() == dividend // divisor
    assert z3.simplify(to_z3(remainder, {"n": x, "a": y})).as_long() == dividend % divisor


def test_large_choices_between_constants_stay_exact_in_columns() -> None:
    tree = resolve(parse("(1000000000000000 if p else 1) * (1000000000000000 if q else 1)"), SCOPE)
    columns = {"p": np.array([True, False]), "q": np.array([True, True])}
    assert list(evaluate_columns(tree, columns)) == [10**30, 10**15]


def test_what_is_not_evaluated_cannot_fail() -> None:
    for text in (
        "a != 0 and 1 // a > 0",
        "a == 0 or 1 // a > 0",
        "a != 0 implies 1 % a > 0",
        "0 if a == 0 else 1 // a",
    ):
        tree = resolve(parse(text), SCOPE)
        assert evaluate(well_defined(tree), {"a": 0}) is True, text
        evaluate(tree, {"a": 0})
    assert evaluate(well_defined(resolve(parse("1 // a > 0 and a != 0"), SCOPE)), {"a": 0}) is False


# --- Meaning ------------------------------------------------------------------------------------------------

FAMILY = {(i,): Ref(f"x[{i}]", INT) for i in (1, 2, 3)}
GRID = {(i, j): Ref(f"y[{i},{j}]", INT) for i in range(6) for j in range(7)}
RICH = Scope(
    {**SCOPE.names, "N": integer(3)},
    {"x": FAMILY, "y": GRID, "none": {}},
    {"done": {"charge": Ref("p", BOOL), "ship": Ref("q", BOOL)}},
    tuple(Scope({"paid": Ref(f"paid#{k}", BOOL), "total": Ref(f"total#{k}", INT)}) for k in (1, 2)),
)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("1 + 2 * 3", "7"),
        ("N - 1", "2"),
        ("a + 1 + 2", "a + 3"),
        ("a - (b - n)", "a - (b - n)"),
        ("a - b - n", "a - b - n"),
        ("-a * b", "-a * b"),
        ("-(a * b)", "-(a * b)"),
        ("a < b < n", "a < b and b < n"),
        ("a in 1..N", "1 <= a and a <= 3"),
        ("s in {idle, done}", "s == idle or s == done"),
        ("s not in {idle}", "not s == idle"),
        ("not not p", "p"),
        ("p implies q implies p", "not p or not q or p"),
        ("p => q", "not p or q"),
        ("p and true", "p"),
        ("p and q or p and not q", "p and q or p and not q"),
        ("(p or q) and p", "(p or q) and p"),
        ("a if p else b if q else n", "a if p else b if q else n"),
        ("(a if p else b) if q else n", "(a if p else b) if q else n"),
        ("s == (idle if p else busy)", "s == (idle if p else busy)"),
        ("(idle if p else busy) == s", "(idle if p else busy) == s"),
        ("busy == s", "busy == s"),
        ("1/2 + r", "r + 1/2"),
        ("r * 0.5", "r * 1/2"),
        ("x[1] + x[N]", "x[1] + x[3]"),
        ("forall i in 1..N: x[i] > 0", "x[1] > 0 and x[2] > 0 and x[3] > 0"),
        ("exists i in 1..2: x[i] > i", "x[1] > 1 or x[2] > 2"),
        ("sum i in 1..N: x[i]", "x[1] + x[2] + x[3]"),
        ("count i in 1..2: x[i] > 0", "(1 if x[1] > 0 else 0) + (1 if x[2] > 0 else 0)"),
        ("forall i in 1..0: x[i] > 0", "true"),
        ("sum i in 1..0: x[i]", "0"),
        ("count(paid)", "(1 if paid#1 else 0) + (1 if paid#2 else 0)"),
        ("exists(paid)", "paid#1 or paid#2"),
        ("sum(total)", "total#1 + total#2"),
        ("done(charge) and not done(ship)", "p and not q"),
        ("min(a, 3, b)", "min(a, 3, b)"),
        ("abs(-3)", "3"),
    ],
)
def test_what_an_expression_becomes(text: str, printed: str) -> None:
    if text == "r * 0.5":
        printed = "r * (1/2)"
    assert to_text(resolve(parse(text), RICH)) == printed


def test_a_computed_index_finds_its_member_and_outside_one_at_the_edge() -> None:
    tree = resolve(parse("y[n, a]"), RICH)
    names = sorted(references(tree))
    function = compile_expression(tree, {name: at for at, name in enumerate(names)})
    values = {f"y[{i},{j}]": 100 * i + j for i, j in GRID}
    for i in range(-2, 8):
        for j in range(-2, 9):
            state = [{**values, "n": i, "a": j}[name] for name in names]
            assert function(state) == 100 * min(max(i, 0), 5) + min(max(j, 0), 6)


def test_a_computed_index_stays_shallow() -> None:
    scope = Scope({"n": Ref("n", INT)}, {"x": {(i,): Ref(f"x[{i}]", INT) for i in range(2_000)}})
    tree = resolve(parse("x[n]"), scope)
    assert evaluate(tree, {"n": 1234, **{f"x[{i}]": i for i in range(2_000)}}) == 1234


@pytest.mark.parametrize("width", [3, 60])
def test_an_update_changes_some_values_and_keeps_the_rest(width: int) -> None:
    state = (2, 5, *range(2, width))
    changes = {0: resolve(parse("a + b"), SCOPE), width - 1: resolve(parse("a - b"), SCOPE)}
    update = compile_update(changes, width, {"a": 1, "b": 0})
    assert update(state) == (7, *state[1:-1], 3)


def test_names() -> None:
    assert names_in("a + x[i] > count(paid) and forall k in 1..N: k > 0") == {"a", "x", "i", "paid", "N", "k"}
    assert names_in("a +") == frozenset()
    assert references(resolve(parse("a + b > 0 and p"), SCOPE)) == {"a", "b", "p"}


def test_numbers_given_by_python_code() -> None:
    resolver = Resolver()
    assert resolver.expression(True, SCOPE) == Literal(True, BOOL)
    assert resolver.expression(3, SCOPE) == Literal(3, INT)
    assert resolver.expression(1e-7, SCOPE) == Literal(Fraction(1, 10**7), REAL)  # type: ignore[arg-type]
    assert resolver.problems == []


# --- Errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "column", "words"),
    [
        ("", "E114", 1, "found the end"),
        ("a +", "E114", 4, "expected a value, found the end"),
        ("a + * b", "E114", 5, "found '*'"),
        ("a b", "E114", 3, "found 'b'"),
        ("(a + b", "E114", 7, "expected ')'"),
        ("a if p", "E114", 7, "expected 'else'"),
        ("x[1", "E114", 4, "expected ']'"),
        ("and p", "E114", 1, "found 'and'"),
        ("a = b", "E112", 3, "write '=='"),
        ("p && q", "E112", 3, "write 'and'"),
        ("p || q", "E112", 3, "write 'or'"),
        ("!p", "E112", 1, "write 'not'"),
        ("a ** 2", "E112", 3, "no powers"),
        ("a ^ 2", "E112", 3, "no powers"),
        ("a $ b", "E111", 3, "'$'"),
        ("a + 'x'", "E111", 5, ""),
        ("a; b", "E111", 2, "';'"),
        ("2x", "E111", 1, "'2x'"),
        ("stok > 0", "E120", 1, "unknown name 'stok'"),
        ("p and qq", "E120", 7, "did you mean 'q'"),
        ("True", "E120", 1, "write 'true'"),
        ("z[1]", "E120", 1, "not an indexed name"),
        ("a[1]", "E120", 1, "not an indexed name"),
        ("len(a)", "E120", 1, "unknown function 'len'"),
        ("a + p", "E121", 5, "expected a number"),
        ("p and a", "E121", 7, "expected a truth value (bool)"),
        ("not a", "E121", 5, "expected a truth value"),
        ("a == p", "E121", 3, "do not go together"),
        ("a == s", "E121", 3, "do not go together"),
        ("s == open", "E120", 6, "known here"),
        ("s + 1", "E121", 1, "expected a number"),
        ("a if b else n", "E121", 6, "truth value"),
        ("a if p else q", "E121", 3, "do not go together"),
        ("x > 1", "E122", 1, "write 'x[...]'"),
        ("s < busy", "E123", 3, "orders numbers"),
        ("p < q", "E123", 3, "orders numbers"),
        ("r // 2", "E124", 3, "for integers"),
        ("a % 0.5", "E124", 3, "use '/'"),
        ("a + 1 // 0", "E125", 7, "division by zero"),
        ("1 % (2 - 2)", "E125", 3, "division by zero"),
        ("x[1, 2]", "E126", 1, "takes 1 index"),
        ("abs(a, b)", "E126", 1, "one value"),
        ("count(p, q)", "E126", 1, "one expression"),
        ("done(1)", "E126", 1, "takes one name"),
        ("x[4]", "E127", 1, "does not exist"),
        ("p or x[0] > 1", "E127", 6, "does not exist"),
        ("done(chrge)", "E128", 6, "did you mean 'charge'"),
        ("none[1]", "E127", 1, "no members"),
        ("forall i in 1..20000: p", "E129", 1, "20000 cases"),
        ("forall i in 1..200: exists j in 1..200: p", "E129", 21, "40000 cases"),
        ("forall i in 1..a: p", "E130", 16, "constant"),
        ("forall i in 1..0.5: p", "E130", 16, "constant"),
        ("9" * 31, "E113", 1, "31 digits"),
        ("a + " + "9" * 25 + " * " + "9" * 25, "E113", 31, "40 digits"),
    ],
)
def test_errors_at_their_column(text: str, code: str, column: int, words: str) -> None:
    resolver = Resolver()
    located = Located(text, Position("model.yaml", 7, 11, ""))
    assert resolver.expression(located, RICH) is None
    (problem,) = resolver.problems
    assert problem.position is not None
    assert (problem.code, problem.position.line, problem.position.column) == (code, 7, 10 + column)
    assert words in f"{problem.message} {problem.hint}"


def test_errors_in_texts_without_a_place_say_where_in_the_text() -> None:
    resolver = Resolver()
    resolver.expression("a + foo", SCOPE)
    assert resolver.problems[0].message == "unknown name 'foo' in 'a + foo' at column 5"


@pytest.mark.parametrize("expected", [BOOL, INT, REAL, STATUS])
def test_the_expected_type_is_kept(expected: Type) -> None:
    fits = {BOOL: "p", INT: "a", REAL: "a", STATUS: "busy"}
    wrong = {BOOL: "a", INT: "r", REAL: "p", STATUS: "p"}
    assert resolve(parse(fits[expected]), SCOPE, expected) is not None
    with pytest.raises(ExpressionError) as caught:
        resolve(parse(wrong[expected]), SCOPE, expected)
    assert caught.value.code == "E121"


HOSTILE = {
    "dunder names": "__class__",
    "dunder calls": "__import__(os)",
    "dunder attributes": "a.__class__.__bases__",
    "attributes of calls": "().__class__",
    "calls on values": "a.bit_length()",
    "lambda": "lambda: 0",
    "comprehension": "[a for a in b]",
    "walrus": "(a := 1)",
    "string": "'a' * 10",
    "format": "f'{a}'",
    "star arguments": "max(*a)",
    "semicolon": "a; import os",
    "newline": "a\nimport os",
    "10,000 parentheses": "(" * 9_999 + ")",
    "balanced parentheses": "(" * 5_000 + "a" + ")" * 5_000,
    "too long": "a + " * 10_000 + "a",
    "a thousand digits": "1" * 1_000,
    "a power in steps": "9999999999 * 9999999999 * 9999999999 * 9999999999 * 9999999999",
    "ten thousand minuses": "-" * 10_000 + "a",
    "many differences": " - ".join(["a"] * 5_000),
    "many products": "*".join(["a"] * 9_000),
    "many negations": "not " * 4_000 + "p",
    "many implications": "p=>" * 6_000 + "p",
    "many choices": "a if p else " * 1_500 + "a",
    "nested choices": "(" * 39 + "foo" + " if p else a)" * 39 + " == s",
    "nested mistakes": "(" * 39 + "foo" + " == 1)" * 39,
    "mixed nesting": "(" * 39 + "a" + ("-a" * 100 + ")") * 39,
    "nested quantifiers": "forall i in 1..9999: " * 30 + "p",
    "nested calls": "max(" * 2_000 + "a" + ")" * 2_000,
    "nested counts": "count(" * 2_000 + "p" + ")" * 2_000,
    "nested indices": "x[" * 2_000 + "1" + "]" * 2_000,
    "null": "a\x00b",
    "unicode": "a \uff0b b",
    "huge range": "a in 1..99999999999 and sum i in 1..99999999999: i > 0",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_expressions_are_errors_like_any_other(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        resolve(parse(text), RICH)
    assert caught.value.code.startswith("E1")
    assert 0 <= caught.value.offset <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        " + ".join(["a"] * 3_000),
        " and ".join(["a > 0"] * 1_500),
        " < ".join(["a"] * 1_500),
        " - ".join(["a"] * 99),
        "not " * 98 + "p",
        "p => " * 98 + "p",
        "(" * 39 + "a" + ")" * 39,
        "-" * 60 + "a",
    ],
    ids=["sum", "and", "comparisons", "differences", "negations", "implications", "parentheses", "signs"],
)
def test_long_but_harmless_expressions_work_everywhere(text: str) -> None:
    tree = resolve(parse(text), SCOPE)
    value = evaluate(tree, {"a": 1, "p": True})
    terms = {"a": z3.IntVal(1), "p": z3.BoolVal(True)}
    assert from_z3(z3.simplify(to_z3(tree, terms)), tree.type) == value
    columns = {"a": np.array([1]), "p": np.array([True])}
    assert np.broadcast_to(evaluate_columns(tree, columns), 1)[0] == value
    assert resolve(parse(to_text(tree)), SCOPE) == tree


@SLOW
@given(st.text(alphabet="abpqsxn019.+-*/%()[]{}<>=!,: \n\t'\"\\_$é", max_size=40))
def test_no_text_gives_anything_but_a_tree_or_an_error(text: str) -> None:
    error = None
    try:
        tree = resolve(parse(text), RICH)
    except ExpressionError as caught:
        error = caught
    if error is None:
        assert isinstance(tree, Literal | Ref | Operation)
    else:
        assert 0 <= error.offset <= len(text)


def test_trees_survive_other_processes() -> None:
    tree = resolve(parse("a + 1 > 0 and s == busy"), SCOPE)
    assert pickle.loads(pickle.dumps(tree)) == tree
