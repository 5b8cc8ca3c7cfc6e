"""Conditions over packed states: what is asked of a field is asked of its bits where they lie."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

from ...expressions import BOOL, Expr, Literal, Operation, Ref, conjunction, well_defined
from ...expressions.columns import compile_columns, needs_objects
from ...expressions.tree import COMPARISONS
from .layout import Field, Layout, Mask, Rows, Unpackable, with_ranges

Test = Callable[["Frame"], Any]  # A mask over the states, or one truth value for all of them.
Evaluate = Callable[["Frame"], Any]

_NUMPY: dict[str, Any] = {
    "==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass
class Frame(Mapping[str, Any]):
    """Some states; the column of a variable is taken out when it is first asked for.

    Parameters of an action are columns, too: each is one value for all states, given in `columns`.
    """

    layout: Layout
    rows: Rows
    columns: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        if name not in self.columns:
            values = self.layout.field_of[name].values(self.rows)
            self.columns[name] = values != 0 if self.layout.type_of[name] == BOOL else values
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layout.field_of)

    def __len__(self) -> int:
        return len(self.layout.field_of)


def compile_condition(expr: Expr, layout: Layout) -> Callable[[Frame], Mask]:
    """A function from states to the mask of those in which a condition holds; it does not hold where it divides by
    zero. Raises `Unpackable` where 64 bits may be too few."""
    test = _test(with_ranges(conjunction([well_defined(expr), expr]), layout.escaping), layout)

    def mask(frame: Frame) -> Mask:
        found = test(frame)
        return found if np.ndim(found) else np.full(frame.rows.shape[1], bool(found))

    return mask


def compile_value(expr: Expr) -> Evaluate:
    """A function from states to the values of a tree, in 64 bits. Raises `Unpackable` where these may be too few."""
    expr = with_ranges(expr)
    if needs_objects(expr):
        raise Unpackable("a formula may need more than 64 bits")
    return compile_columns(expr)


def _test(expr: Expr, layout: Layout) -> Test:
    match expr:
        case Literal(value):
            truth = bool(value)
            return lambda _: truth
        case Ref(name) if name in layout.field_of:
            return _in_place(layout.field_of[name], "!=", 0)
        case Operation("and", arguments):
            fixed, others = fixed_fields(arguments, layout)
            return _folded(operator.and_, [*_words_are(fixed), *(_test(other, layout) for other in others)])
        case Operation("or", arguments):
            return _folded(operator.or_, [_test(argument, layout) for argument in arguments])
        case Operation("not", (argument,)):
            inner = _test(argument, layout)
            return lambda frame: np.logical_not(inner(frame))
        case Operation(sign, (Ref(name), Literal(value))) if sign in _NUMPY and name in layout.field_of:
            if value == int(value):
                return _in_place(layout.field_of[name], sign, int(value))
        case Operation(sign, (Literal() as left, Ref() as right)) if sign in _MIRRORED:
            return _test(Operation(_MIRRORED[sign], (right, left), BOOL), layout)
    return compile_value(expr)


def _folded(fold: Callable[[Any, Any], Any], tests: Sequence[Test]) -> Test:
    return lambda frame: reduce(fold, (test(frame) for test in tests))


def _in_place(kept: Field, sign: str, value: int) -> Test:
    """A comparison of a field with a number, without taking it out."""
    if not kept.low <= value <= kept.high:  # Every value of the field compares alike.
        truth = bool(COMPARISONS[sign](kept.low, value))
        return lambda _: truth
    word, mask, number = kept.word, np.uint64(kept.mask), np.uint64(kept.packed(value))
    compared = _NUMPY[sign]
    return lambda frame: compared(frame.rows[word] & mask, number)


def fixed_fields(parts: Sequence[Expr], layout: Layout) -> tuple[dict[Field, int], list[Expr]]:
    """The fields to which parts of a conjunction give a value, and the other parts."""
    fixed: dict[Field, int] = {}
    others: list[Expr] = []
    for part in parts:
        found = _fixed(part, layout)
        if found is not None and fixed.setdefault(*found) == found[1]:
            continue
        others.append(part)
    return fixed, others


def _fixed(part: Expr, layout: Layout) -> tuple[Field, int] | None:
    match part:
        case Ref(name) if name in layout.field_of and layout.field_of[name].high >= 1:
            return layout.field_of[name], 1
        case Operation("not", (Ref(name),)) if name in layout.field_of and layout.field_of[name].low <= 0:
            return layout.field_of[name], 0
        case Operation("==", (Ref(name), Literal(value))) if name in layout.field_of:
            kept = layout.field_of[name]
            return (kept, int(value)) if kept.low <= value <= kept.high and value == int(value) else None
    return None


def _words_are(fixed: Mapping[Field, int]) -> list[Test]:
    """The comparisons that several fields have given values: one a word."""
    words = {kept.word: (0, 0) for kept in fixed}
    for kept, value in fixed.items():
        mask, number = words[kept.word]
        words[kept.word] = (mask | kept.mask, number | kept.packed(value))
    return [_word_is(word, np.uint64(mask), np.uint64(number)) for word, (mask, number) in words.items()]


def _word_is(word: int, mask: np.uint64, number: np.uint64) -> Test:
    return lambda frame: (frame.rows[word] & mask) == number
