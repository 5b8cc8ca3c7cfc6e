"""The complexity formulas of the seed document, evaluated as they stand and repaired, and when they say nothing.

Complexity(O) = |coordinators| * |services| * log |flows|, Complexity(Ch) = |participants| * |events| * log
|subscriptions|. The document leaves the base of the logarithm open: here it is a parameter, e without it. Which of
two such products is smaller does not depend on the base, and is decided over the integers: m log a < n log b exactly
when a^m < b^n.
"""

from __future__ import annotations

import decimal
import math
from dataclasses import dataclass

from . import model
from .errors import ModelError, Problem, position_of
from .expand import expand, flows_of

DIRECT_BITS = 100_000


@dataclass(frozen=True)
class Complexity:
    """One formula with its counts: `first * second * log(argument)`.

    literal: its value as written; None where it is not defined, because the logarithm of 0 is not. shifted: the
    variant with log(1 + argument), which is defined everywhere and 0 only where something is missing. degenerate: why
    the literal value says nothing about the design; empty where it says something.
    """

    formula: str
    counts: tuple[tuple[str, int], tuple[str, int], tuple[str, int]]
    base: float
    literal: float | None
    shifted: float
    degenerate: str = ""

    @property
    def exponent(self) -> int:
        """What the argument is raised to in the comparison over the integers."""
        return self.counts[0][1] * self.counts[1][1]

    @property
    def argument(self) -> int:
        return self.counts[2][1]

    def to_dict(self) -> dict[str, object]:
        return {
            "formula": self.formula,
            "counts": dict(self.counts),
            "base": self.base,
            "literal": self.literal,
            "shifted": self.shifted,
            "degenerate": self.degenerate,
        }


def complexity(
    first: tuple[str, int], second: tuple[str, int], logarithm_of: tuple[str, int], base: float = math.e
) -> Complexity:
    """The formula for named counts. Raises `ModelError`: a count below 0, or a base that is not above 1."""
    named = (first, second, logarithm_of)
    problems = [Problem("E421", f"there cannot be {count} {name}") for name, count in named if count < 0]
    if not (math.isfinite(base) and base > 1):
        problems.append(Problem("E421", f"{base:g} is not the base of a logarithm here", None, "give e, 2 or 10"))
    if problems:
        raise ModelError(problems)
    (name, count), times = logarithm_of, first[1] * second[1]
    degenerate = ""
    if count == 0:
        degenerate = f"log 0 is not defined: there are no {name}"
    elif count == 1:
        degenerate = f"log 1 = 0, so with |{name}| = 1 it is 0 whatever |{first[0]}| and |{second[0]}|"
    elif times == 0:
        degenerate = f"it is 0 because there are no {first[0] if first[1] == 0 else second[0]}"
    return Complexity(
        f"|{first[0]}| * |{second[0]}| * log |{name}|",
        named,
        base,
        _product(times, count, base) if count else None,
        _product(times, count + 1, base),
        degenerate,
    )


def complexity_of(design: model.Orchestration | model.Choreography, base: float = math.e) -> Complexity:
    """The formula for a design, with its counts.

    A flow that names no coordinator is run by one all the same. A subscription is a pair of a participant and an
    event or topic.
    """
    design = expand(design)
    if isinstance(design, model.Orchestration):
        coordinators = max(1, len(design.coordinators))
        flows = ("flows", len(flows_of(design)))
        return complexity(("coordinators", coordinators), ("services", len(design.services)), flows, base)
    if isinstance(design, model.Choreography):
        pairs = sum(len(set(each.subscribes)) for each in design.participants.values())
        participants, events = ("participants", len(design.participants)), ("events", len(design.events))
        return complexity(participants, events, ("subscriptions", pairs), base)
    message = f"the complexity formulas do not speak of a {model.kind_of(design)}"
    raise ModelError(
        [Problem("E420", message, position_of(design.name), "they are about orchestrations and choreographies")]
    )


def compare_complexity(first: Complexity, second: Complexity) -> int | None:
    """-1, 0 or 1 as the first is less than, equal to or more than the second; None where one is not defined."""
    if first.literal is None or second.literal is None:
        return None
    return compare_powers(first.argument, first.exponent, second.argument, second.exponent)


def compare_powers(a: int, m: int, b: int, n: int) -> int:
    """The sign of a^m - b^n for whole numbers a, b >= 1 and m, n >= 0: exact, and without building the powers where
    they would be long.

    Equality is decided over the roots (a^m = b^n only where a and b are powers of one number); what differs, differs
    in some digit of m log a - n log b, and digits are added until it shows.
    """
    if a < 1 or b < 1 or m < 0 or n < 0:
        raise ValueError("powers are compared for bases from 1 and exponents from 0 on")
    if m * a.bit_length() + n * b.bit_length() <= DIRECT_BITS:
        return _sign(a**m - b**n)
    if a == 1 or m == 0 or b == 1 or n == 0:
        return _sign(int(a > 1 and m > 0) - int(b > 1 and n > 0))
    (root, power), (other_root, other_power) = _root(a), _root(b)
    if root == other_root:
        return _sign(power * m - other_power * n)
    digits = 30 + len(str(m)) + len(str(n))
    while True:
        with decimal.localcontext(decimal.Context(prec=digits, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)):
            left, right = (decimal.Decimal(c) * decimal.Decimal(d).ln() for c, d in ((m, a), (n, b)))
            # Each side is rounded twice, each time by at most half a unit in the last digit.
            error = (left + right).scaleb(2 - digits)
            if abs(left - right) > error:
                return 1 if left > right else -1
        digits *= 2


def _product(times: int, argument: int, base: float) -> float:
    logarithm = math.log2(argument) if base == 2 else math.log(argument) / math.log(base)
    try:
        return times * logarithm
    except OverflowError:
        return math.inf


def _root(number: int) -> tuple[int, int]:
    """The smallest r with number = r^k, and k, for a number above 1."""
    for power in range(number.bit_length(), 1, -1):
        found = _integer_root(number, power)
        if found > 1 and found**power == number:
            return found, power
    return number, 1


def _integer_root(number: int, power: int) -> int:
    """The largest r with r^power <= number, by halving."""
    low, high = 1, 1 << -(-number.bit_length() // power)
    while low < high:
        middle = (low + high + 1) // 2
        if middle**power <= number:
            low = middle
        else:
            high = middle - 1
    return low


def _sign(difference: int) -> int:
    return (difference > 0) - (difference < 0)
