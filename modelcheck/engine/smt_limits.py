"""z3 with a time limit, always."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import z3

MOST_MILLISECONDS = 2_000


class Undecided(Exception):
    """z3 gave no answer; `reason` is `seconds` where the time was up, otherwise `z3`."""

    def __init__(self, reason: str):
        self.reason = reason
        super().__init__(f"no answer: {reason}")


class Clock:
    """The seconds that a question may take in all, over any number of calls of z3."""

    def __init__(self, seconds: float):
        self.seconds, self.started = seconds, time.monotonic()

    @property
    def spent(self) -> float:
        return time.monotonic() - self.started

    def check(self, solver: Any, *assumptions: Any) -> bool:
        """Whether what the solver holds is satisfiable; raises `Undecided`."""
        left = self.seconds - self.spent
        if left <= 0:
            raise Undecided("seconds")
        solver.set("timeout", max(1, int(left * 1000)))
        try:
            outcome = solver.check(*assumptions)
        except z3.Z3Exception as error:
            raise Undecided("z3") from error
        if outcome == z3.unknown and "interrupted" in solver.reason_unknown():  # z3 takes Ctrl-C for itself
            raise KeyboardInterrupt
        if outcome == z3.unknown:
            raise Undecided("seconds" if self.spent >= 0.95 * self.seconds else "z3")
        return bool(outcome == z3.sat)


def exists(choices: Sequence[Any], condition: Any) -> Any:
    """That some choice satisfies a condition: without a quantifier, where z3 can eliminate it in time."""
    quantified = z3.Exists(list(choices), condition)
    try:
        return z3.TryFor(z3.Tactic("qe"), MOST_MILLISECONDS)(quantified).as_expr()
    except z3.Z3Exception:
        return quantified
