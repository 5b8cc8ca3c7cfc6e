"""Bounds on the tokens of places that the structure of a net gives, without looking at markings.

Weights y > 0 of the places whose weighted total no transition increases (yᵀC <= 0 for the incidence matrix C) bound
each place p by yᵀM₀ / y(p), whatever happens (a sub-invariant; Memmi & Roucairol 1980, Murata 1989, section 5.1). One
linear program finds them where there are any; what it finds is rounded to whole numbers and verified exactly.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from ..model import Net

_LARGEST_DENOMINATOR = 1_000


def structural_bounds(net: Net) -> dict[str, int]:
    """The most tokens that each place can hold; empty where no weights of all places bound the whole net."""
    weights = _weights(net)
    if not weights or not all(_decreases(weights, net, name) for name in net.transitions):
        return {}
    supply = sum(weights[name] * tokens for name, tokens in net.initial.items())
    return {name: supply // weight for name, weight in weights.items()}


def _decreases(weights: dict[str, int], net: Net, transition: str) -> bool:
    """Whether a transition gives no more than it takes, weighted."""
    each = net.transitions[transition]
    given = sum(weights[place] * number for place, number in each.gives.items())
    return given <= sum(weights[place] * number for place, number in each.takes.items())


def _weights(net: Net) -> dict[str, int]:
    """Whole weights from 1 on that the program proposes; empty where it finds none."""
    import numpy as np
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    if not net.places or not net.transitions:
        return dict.fromkeys(net.places, 1)
    place_number = {name: number for number, name in enumerate(net.places)}
    rows, columns, values = [], [], []
    for row, each in enumerate(net.transitions.values()):
        for sign, marking in ((1, each.gives), (-1, each.takes)):
            for place, number in marking.items():
                rows.append(row)
                columns.append(place_number[place])
                values.append(float(sign * number))
    change = csr_array((values, (rows, columns)), shape=(len(net.transitions), len(net.places)))
    # The smallest weights keep the bounds small, too.
    cost = np.array([1.0 + 1_000.0 * place.tokens for place in net.places.values()])
    found = linprog(cost, A_ub=change, b_ub=np.zeros(len(net.transitions)), bounds=(1, None), method="highs")
    if not found.success:
        return {}
    exact = [Fraction(float(value)).limit_denominator(_LARGEST_DENOMINATOR) for value in found.x]
    scale = lcm(*(value.denominator for value in exact))
    if scale > 10**12:
        return {}
    return {name: int(value * scale) for name, value in zip(net.places, exact, strict=True)}
