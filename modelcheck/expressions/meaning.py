"""What operators, parts and functions mean for typed values: the rules of types, and what is said where they break."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..errors import did_you_mean
from . import composite, tree
from .composite import COMPOSITES, AnyType, List, ListType, Map, MapType, Record, RecordType, Tree, fits
from .parse import ExpressionError
from .tree import BOOL, INT, REAL, BoolType, Expr, IntType, Literal, Operation, RealType

NUMBERS = (IntType, RealType)


def kind_of(kind: AnyType) -> str:
    """A type in words."""
    match kind:
        case BoolType():
            return "a truth value (bool)"
        case IntType():
            return "an integer"
        case RealType():
            return "a number"
        case RecordType(fields):
            return f"a record ({', '.join(name for name, _ in fields)})"
        case ListType(of):
            return f"a list of {of}"
        case MapType():
            return f"a {kind}"
    return f"one of {kind}"


def must_fit(value: Tree, expected: AnyType, offset: int) -> Tree:
    """The value in the shape of the type that is wanted."""
    if not fits(value.type, expected):
        raise ExpressionError("E121", f"expected {kind_of(expected)}, found {kind_of(value.type)}", offset)
    return composite.to_shape(value, expected)


def must_be_alike(left: Tree, right: Tree, offset: int) -> None:
    """Numbers go with numbers, everything else with its own kind."""
    if isinstance(left.type, NUMBERS) and isinstance(right.type, NUMBERS):
        return
    if not fits(right.type, left.type):
        raise ExpressionError("E121", f"{kind_of(left.type)} and {kind_of(right.type)} do not go together", offset)


def compared(operator: str, left: Tree, right: Tree, offset: int) -> Expr:
    """A comparison: what is made of parts can only be equal or not."""
    must_be_alike(left, right, offset)
    if operator not in ("==", "!=") and not isinstance(left.type, NUMBERS):
        raise ExpressionError("E123", f"'{operator}' orders numbers, not {kind_of(left.type)}", offset)
    if isinstance(left, COMPOSITES) or isinstance(right, COMPOSITES):
        equal = composite.same(left, right)
        return equal if operator == "==" else tree.negation(equal)
    return tree.compare(operator, left, right)


def chosen(condition: Expr, then: Tree, otherwise: Tree, offset: int) -> Tree:
    """`then if condition else otherwise`."""
    must_be_alike(then, otherwise, offset)
    return composite.choose(condition, then, otherwise)


def number(value: Tree, offset: int) -> Expr:
    """The value, which has to be a number."""
    if isinstance(value, COMPOSITES):
        raise ExpressionError("E121", f"expected a number, found {kind_of(value.type)}", offset)
    if isinstance(value.type, BoolType):
        raise ExpressionError(
            "E121", "expected a number, found a truth value (bool)", offset, "write '1 if ... else 0'"
        )
    if not isinstance(value.type, NUMBERS):
        raise ExpressionError("E121", f"expected a number, found {kind_of(value.type)}", offset)
    return value


def arithmetic(operator: str, values: list[Expr], offset: int = 0) -> Expr:
    """A typed arithmetic operation; constants are computed at once (so `N - 1` is a number)."""
    real = operator == "/" or any(value.type == REAL for value in values)
    if operator in ("//", "%") and real:
        raise ExpressionError("E124", f"'{operator}' is for integers", offset, "use '/' for reals")
    if all(isinstance(value, Literal) for value in values):
        from .python import evaluate

        operation = Operation(operator, tuple(values), REAL if real else INT)
        if operator in tree.DIVISIONS and evaluate(values[1]) == 0:
            raise ExpressionError("E125", "division by zero", offset)
        result = evaluate(operation)
        if not -(10**40) <= result <= 10**40:
            raise ExpressionError("E113", "a constant of more than 40 digits", offset)
        return Literal(result, REAL if real else INT)
    if operator == "+":
        return tree.total(values)
    return Operation(operator, tuple(values), REAL if real else INT)


def member(name: str, family: Mapping[tuple[int, ...], Tree], indices: Sequence[Expr], offset: int) -> Tree:
    """The member of an indexed name at some indices.

    A computed index outside the family reads a member at its edge; ranges guard against it.
    """
    if not family:
        raise ExpressionError("E127", f"'{name}' has no members", offset)
    dimensions = len(next(iter(family)))
    if len(indices) != dimensions:
        raise ExpressionError("E126", wrong_indices(name, dimensions, len(indices)), offset)
    if all(isinstance(index, Literal) for index in indices):
        key = tuple(int(index.value) for index in indices if isinstance(index, Literal))
        if key not in family:
            raise ExpressionError("E127", f"'{name}[{', '.join(map(str, key))}]' does not exist", offset)
        return family[key]
    return _halving(indices, sorted(family.items(), key=lambda each: each[0]))


def wrong_indices(name: str, wanted: int, found: int) -> str:
    """That an indexed variable takes another number of indices, in words."""
    return f"'{name}' takes {wanted} {'index' if wanted == 1 else 'indices'}, found {found}"


def _halving(indices: Sequence[Expr], members: list[tuple[tuple[int, ...], Tree]]) -> Tree:
    if len(members) == 1:
        return members[0][1]
    dimension = next(at for at in range(len(indices)) if members[0][0][at] != members[-1][0][at])
    values = sorted({key[dimension] for key, _ in members})
    middle = values[len(values) // 2]
    below = [each for each in members if each[0][dimension] < middle]
    above = [each for each in members if each[0][dimension] >= middle]
    here = tree.compare("<", indices[dimension], tree.integer(middle))
    return composite.choose(here, _halving(indices, below), _halving(indices, above))


def item(value: Tree, index: Tree, offset: int) -> Tree:
    """`queue[1]`, `stock[book]`."""
    match value:
        case List():
            return composite.item(value, number(index, offset))
        case Map(kind):
            key = must_fit(index, kind.key, offset)
            assert not isinstance(key, COMPOSITES)
            if isinstance(key, Literal) and key.value not in value.entries:
                raise ExpressionError("E127", f"{key.value} is no key of this map: {kind.key}", offset)
            return composite.entry(value, key)
    raise ExpressionError("E145", f"{kind_of(value.type)} has no items", offset)


def field(value: Tree, name: str, offset: int) -> Tree:
    """`line.amount`, `queue.length`."""
    if isinstance(value, List) and name == composite.LENGTH:
        return value.length
    fields = value.fields if isinstance(value, Record) else {}
    if name not in fields:
        none = f"{kind_of(value.type)} has no fields" + (" but 'length'" if isinstance(value, List) else "")
        hint = did_you_mean(name, fields, otherwise="" if fields else none)
        raise ExpressionError("E144", f"there is no field '{name}'", offset, hint)
    return fields[name]


def contained(wanted: Tree, within: Tree, offset: int) -> Expr:
    """`x in queue`, `k in stock`."""
    match within:
        case List(kind):
            return composite.contains(within, must_fit(wanted, kind.of, offset))
        case Map(kind):
            key = must_fit(wanted, kind.key, offset)
            assert not isinstance(key, COMPOSITES)
            return composite.has_key(within, key)
    hint = "write 'x in low..high', 'x in {a, b}' or 'x in list'"
    raise ExpressionError("E145", f"{kind_of(within.type)} has no members", offset, hint)


def cases_of(over: Tree, offset: int) -> list[tuple[Expr, Tree]]:
    """What a quantifier goes over: the items of a list or the keys of a map, each with the condition that it exists."""
    match over:
        case List():
            return [(composite.is_there(over, at), each) for at, each in enumerate(over.items, start=1)]
        case Map(kind):
            return [(tree.TRUE, Literal(key, kind.key)) for key in over.entries]
    hint = "write 'i in low..high', 'x in list', 'k in map', 'v in {a, b}' or the name of a type"
    raise ExpressionError("E145", f"there is nothing to go through in {kind_of(over.type)}", offset, hint)


def combined(kind: str, cases: Sequence[tuple[Expr, Tree]], offset: int) -> Expr:
    """`forall`, `exists`, `count` or `sum` of values, each with the condition that its case exists."""
    if kind == "sum":
        return tree.total(
            tree.conditional(there, number(value, offset), tree.integer(0)) for there, value in cases
        )  # fmt: skip
    truths = []
    for there, value in cases:
        truth = must_fit(value, BOOL, offset)
        assert not isinstance(truth, COMPOSITES)
        truths.append((there, truth))
    if kind == "forall":
        return tree.conjunction(tree.implication(there, truth) for there, truth in truths)
    both = [tree.conjunction([there, truth]) for there, truth in truths]
    return tree.total(both) if kind == "count" else tree.disjunction(both)


_LISTS: Mapping[str, Callable[[List], Tree]] = {
    "length": lambda value: value.length,
    "first": composite.first,
    "last": composite.last,
    "rest": composite.rest,
    "front": composite.front,
}
LIST_FUNCTIONS = (*_LISTS, "append")


def list_function(name: str, value: Tree, offset: int) -> Tree:
    """`length(queue)`, `first(queue)`, `last(queue)`, `rest(queue)`, `front(queue)`."""
    if not isinstance(value, List):
        raise ExpressionError("E121", f"'{name}' takes a list, not {kind_of(value.type)}", offset)
    if not value.items:
        raise ExpressionError("E127", f"there is nothing in [] for '{name}'", offset)
    return _LISTS[name](value)
