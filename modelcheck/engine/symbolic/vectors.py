"""Arithmetic on whole numbers given bit by bit: diagrams in two's complement, the lowest bit first, the sign last.

Every operation is exact: results are as wide as their values need. Ripple adders, shift-and-add and restoring division,
as in any book on computer arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence

from .diagrams import Diagrams, Function

Vector = list[Function]


class Arithmetic:
    """Operations on vectors over one set of diagrams."""

    def __init__(self, diagrams: Diagrams):
        self.diagrams, self.false, self.true = diagrams, diagrams.false, diagrams.true

    def number(self, value: int) -> Vector:
        """A constant."""
        return [self.true if value >> bit & 1 else self.false for bit in range(value.bit_length() + 1)]

    def widen(self, vector: Vector, width: int) -> Vector:
        """The same numbers in more bits."""
        return vector + [vector[-1]] * (width - len(vector))

    def trim(self, vector: Vector) -> Vector:
        """The same numbers without superfluous bits."""
        width = len(vector)
        while width > 1 and vector[width - 1] == vector[width - 2]:
            width -= 1
        return vector[:width]

    def add(self, left: Vector, right: Vector, carry: Function | None = None) -> Vector:
        """left + right, and one more where `carry`."""
        width = max(len(left), len(right)) + 1
        carry = self.false if carry is None else carry
        total: Vector = []
        for a, b in zip(self.widen(left, width), self.widen(right, width), strict=True):
            either = self.differ(a, b)
            total.append(self.differ(either, carry))
            carry = (a & b) | (either & carry)
        return self.trim(total)

    def differ(self, left: Function, right: Function) -> Function:
        """Exactly one of them."""
        return self.diagrams.ite(left, ~right, right)

    def subtract(self, left: Vector, right: Vector) -> Vector:
        """left - right."""
        return self.add(left, [~bit for bit in right], self.true)

    def negate(self, vector: Vector) -> Vector:
        """-vector."""
        return self.subtract(self.number(0), vector)

    def choose(self, condition: Function, then: Vector, otherwise: Vector) -> Vector:
        """`then if condition else otherwise`."""
        width = max(len(then), len(otherwise))
        pairs = zip(self.widen(then, width), self.widen(otherwise, width), strict=True)
        return self.trim([self.diagrams.ite(condition, a, b) for a, b in pairs])

    def absolute(self, vector: Vector) -> Vector:
        """|vector|."""
        return self.choose(vector[-1], self.negate(vector), vector)

    def equal(self, left: Vector, right: Vector) -> Function:
        """left == right."""
        width = max(len(left), len(right))
        pairs = zip(self.widen(left, width), self.widen(right, width), strict=True)
        return self.diagrams.all_of(~self.differ(a, b) for a, b in pairs)

    def less(self, left: Vector, right: Vector) -> Function:
        """left < right, decided from the lowest bit up."""
        width = max(len(left), len(right))
        left, right = self.widen(left, width), self.widen(right, width)
        found = self.false
        for a, b in zip(
            [*left[:-1], right[-1]], [*right[:-1], left[-1]], strict=True
        ):  # The sign weighs the other way.
            found = self.diagrams.ite(self.differ(a, b), b, found)
        return found

    def least(self, parts: Sequence[Vector]) -> Vector:
        """The smallest of them."""
        found, *others = parts
        for other in others:
            found = self.choose(self.less(other, found), other, found)
        return found

    def greatest(self, parts: Sequence[Vector]) -> Vector:
        """The largest of them."""
        found, *others = parts
        for other in others:
            found = self.choose(self.less(found, other), other, found)
        return found

    def multiply(self, left: Vector, right: Vector) -> Vector:
        """left * right."""
        width = len(left) + len(right)
        left, total = self.widen(left, width), self.number(0)
        for bit, factor in enumerate(self.widen(right, width)):
            shifted = ([self.false] * bit + left)[:width]
            total = self.widen(self.add(total, [factor & each for each in shifted]), width)[:width]
        return self.trim(total)

    def divide(self, left: Vector, right: Vector) -> tuple[Vector, Vector]:
        """left // right and left % right, rounded down as in Python; arbitrary where right is zero."""
        divisor = self.absolute(right)
        digits = self.absolute(left)
        quotient: Vector = []
        rest = self.number(0)
        for digit in reversed(digits):
            rest = self.trim([digit, *rest])
            fits = ~self.less(rest, divisor)
            rest = self.choose(fits, self.subtract(rest, divisor), rest)
            quotient.insert(0, fits)
        size = self.trim([*quotient, self.false])
        opposite = self.differ(left[-1], right[-1])
        leaves = ~self.equal(rest, self.number(0))
        down = self.negate(size)
        floor = self.choose(opposite, self.choose(leaves, self.subtract(down, self.number(1)), down), size)
        signed = self.choose(left[-1], self.negate(rest), rest)
        return floor, self.choose(opposite & leaves, self.add(signed, right), signed)
