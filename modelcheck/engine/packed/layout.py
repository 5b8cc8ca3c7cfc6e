"""How a state is packed: each variable is a field of bits in one of a few 64-bit words.

A field holds every value that its variable can take, also those just outside its range that an update can give it:
such states are seen, though nothing goes on from them. An integer without a range gets 32 bits, and a value that does
not fit ends the packed search (`Overflow`): nothing is ever cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...expressions import (
    BOOL,
    Expr,
    IntType,
    RealType,
    Ref,
    Type,
    Value,
    compare,
    conjunction,
    domain,
    integer,
    substitute,
)
from ...expressions.columns import interval
from ...expressions.tree import walk
from ...system import State, TransitionSystem

Rows = npt.NDArray[np.uint64]  # (words, states): each word of many states lies together.
Column = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

WORD = 64
UNRANGED = IntType(-(1 << 31), (1 << 31) - 1)
WIDEST = 62


class Unpackable(Exception):
    """A system whose states do not fit into words of bits; says why, in words."""


class Overflow(Exception):
    """An integer without a range has left the 32 bits that were kept for it."""


@dataclass(frozen=True)
class Field:
    """Where a variable lies: `bits` bits from `shift` on in word `word`, holding its value less `low`.

    `escapes`: it may hold values outside the range of its variable. `unranged`: its variable has no range.
    """

    word: int
    shift: int
    bits: int
    low: int
    escapes: bool = False
    unranged: bool = False

    @property
    def mask(self) -> int:
        """The bits of the field, in place."""
        return ((1 << self.bits) - 1) << self.shift

    @property
    def high(self) -> int:
        return self.low + (1 << self.bits) - 1

    def packed(self, value: int) -> int:
        """A value in place."""
        return (value - self.low) << self.shift

    def values(self, rows: Rows) -> Numbers:
        """The values in each state."""
        raw = (rows[self.word] >> np.uint64(self.shift)) & np.uint64((1 << self.bits) - 1)
        return np.asarray(raw.astype(np.int64) + self.low)


@dataclass(frozen=True)
class Layout:
    """The fields of all variables of a system, in their order, and how many words they take."""

    system: TransitionSystem
    fields: tuple[Field, ...]
    words: int

    @cached_property
    def field_of(self) -> dict[str, Field]:
        return {variable.name: field for variable, field in zip(self.system.variables, self.fields, strict=True)}

    @cached_property
    def type_of(self) -> dict[str, Type]:
        return {variable.name: variable.type for variable in self.system.variables}

    @cached_property
    def within(self) -> Expr:
        """That no variable that could leave its range has left it."""
        bounds = []
        for variable, field in zip(self.system.variables, self.fields, strict=True):
            if field.escapes and isinstance(variable.type, IntType):
                low, high = integer(variable.type.low or 0), integer(variable.type.high or 0)
                bounds += [compare(">=", variable.ref, low), compare("<=", variable.ref, high)]
        return conjunction(bounds)

    @cached_property
    def escaping(self) -> dict[str, IntType]:
        """The values that integers which may leave their ranges can have where they are seen."""
        pairs = zip(self.system.variables, self.fields, strict=True)
        return {
            variable.name: IntType(field.low, field.high)
            for variable, field in pairs
            if field.escapes and isinstance(variable.type, IntType)
        }

    @property
    def bits(self) -> int:
        """The bits of all fields together."""
        return sum(field.bits for field in self.fields)

    def pack(self, states: Iterable[State]) -> Rows:
        """States as rows. Raises `Overflow`."""
        packed = [self._words(state) for state in states]
        return np.array(packed, np.uint64).reshape(len(packed), self.words).T.copy()

    def _words(self, state: State) -> list[int]:
        words = [0] * self.words
        for field, value in zip(self.fields, state, strict=True):
            number = int(value)
            if not field.low <= number <= field.high:
                raise Overflow
            words[field.word] |= field.packed(number)
        return words

    def unpack(self, rows: Rows) -> list[State]:
        """Rows as states, with plain values."""
        columns = [
            convert(field.values(rows).tolist()) for field, convert in zip(self.fields, self._plain, strict=True)
        ]
        return list(zip(*columns, strict=True)) if columns else [()] * rows.shape[1]

    @cached_property
    def _plain(self) -> list[Callable[[list[int]], list[Value]]]:
        """Numbers as the plain values of each variable."""
        return [_truths if variable.type == BOOL else _numbers for variable in self.system.variables]

    def initial(self) -> Rows:
        """All combinations of first values, whether `initially` holds or not."""
        rows = np.zeros((self.words, 1), np.uint64)
        for variable, field in zip(self.system.variables, self.fields, strict=True):
            values = variable.initial_values()
            assert values is not None
            if any(not field.low <= int(value) <= field.high for value in values):
                raise Overflow
            first = np.array([field.packed(int(value)) for value in values], np.uint64)
            rows = np.repeat(rows, len(first), axis=1)
            rows[field.word] |= np.tile(first, rows.shape[1] // max(len(first), 1))
        return rows


def layout_of(system: TransitionSystem, order: Sequence[str] | None = None) -> Layout:
    """The layout of a system's states; `order` names variables that are to lie next to each other, first.

    Raises `Unpackable` for fractions, and for variables that an update may take too far.
    """
    shapes = {variable.name: _shape(system, variable.name, variable.type) for variable in system.variables}
    placed: dict[str, Field] = {}
    word, free = 0, WORD
    for name in dict.fromkeys([*(order or ()), *shapes]):
        shape = shapes[name]
        if shape.bits > free:
            word, free = word + 1, WORD
        placed[name] = replace(shape, word=word, shift=WORD - free)
        free -= shape.bits
    return Layout(system, tuple(placed[variable.name] for variable in system.variables), word + 1)


def _shape(system: TransitionSystem, name: str, kind: Type) -> Field:
    """A field for a variable that is not placed yet."""
    if isinstance(kind, RealType):
        raise Unpackable(f"'{name}' is a real number")
    values = domain(kind)
    if values is None:
        return Field(0, 0, 32, UNRANGED.low or 0, unranged=True)
    low, high = _reached(system, name)
    bits = max(1, (high - low).bit_length())
    if bits > WIDEST:
        raise Unpackable(f"'{name}' may leave its range by far")
    return Field(0, 0, bits, low, escapes=low < int(values[0]) or high > int(values[-1]))


def _reached(system: TransitionSystem, name: str) -> tuple[int, int]:
    """The numbers between which all first values and all results of updates lie (from states within the ranges)."""
    first = system.variables[system.positions[name]].initial_values() or (0,)
    low, high = int(min(first)), int(max(first))
    for action in system.actions:
        update = action.updates.get(name)
        if update is None or update == system.variables[system.positions[name]].ref:
            continue
        bounds = interval(with_ranges(update))
        if bounds is None:
            raise Unpackable(f"nothing bounds what '{action.name}' gives '{name}'")
        low, high = min(low, bounds[0]), max(high, bounds[1])
    return low, high


def with_ranges(expr: Expr, wider: Mapping[str, IntType] | None = None) -> Expr:
    """The tree with integers without a range as the 32-bit numbers that they are while they fit; `wider`: the ranges of
    others, where the tree is read outside of their own."""
    wider = wider or {}
    changed = {
        node.name: Ref(node.name, wider.get(node.name, UNRANGED))
        for node in walk(expr)
        if isinstance(node, Ref) and isinstance(node.type, IntType) and (node.type.low is None or node.name in wider)
    }
    return substitute(expr, changed) if changed else expr


def _numbers(values: list[int]) -> list[Value]:
    return list(values)


def _truths(values: list[int]) -> list[Value]:
    return [bool(value) for value in values]
