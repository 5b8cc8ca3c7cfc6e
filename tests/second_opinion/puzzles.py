"""Puzzles: what can be reached by moves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

from .listing import Program, put

Steps = Iterator[tuple[Any, Any]]


def missionaries_and_cannibals(n: int = 3, boat: int = 2) -> Program:
    """Two banks, each (missionaries, cannibals), and the bank where the boat is."""

    def is_safe(bank: Any) -> bool:
        return bank[0] == 0 or bank[0] >= bank[1]

    def steps(state: Any) -> Steps:
        *banks, here = state
        for m, c in product(range(boat + 1), repeat=2):
            after = list(banks)
            after[here] = (banks[here][0] - m, banks[here][1] - c)
            after[1 - here] = (banks[1 - here][0] + m, banks[1 - here][1] + c)
            if 1 <= m + c <= boat and min(after[here]) >= 0 and all(map(is_safe, after)):
                yield "boat", (*after, 1 - here)

    def over(state: Any) -> bool:
        return bool(state[0] == (0, 0))

    return Program(
        [((n, n), (0, 0), 0)],
        steps,
        {
            "nobody is eaten": ("always", lambda s: is_safe(s[0]) and is_safe(s[1])),
            "all can cross": ("reachable", over),
            "it is never too late": ("possible", over),
            "no deadlock": ("no deadlock", over),
        },
    )


def die_hard() -> Program:
    """Jugs for 3 and 5; a move that changes nothing is none."""

    def steps(state: Any) -> Steps:
        small, big = state
        into_big, into_small = min(small, 5 - big), min(big, 3 - small)
        for after in ((3, big), (small, 5), (0, big), (small, 0),
                      (small - into_big, big + into_big), (small + into_small, big - into_small)):  # fmt: skip
            if after != state:
                yield "you", after

    return Program(
        [(0, 0)],
        steps,
        {
            "it can be measured": ("reachable", lambda s: s[1] == 4),
            "one is full or empty": ("always", lambda s: s[0] in (0, 3) or s[1] in (0, 5)),
        },
    )


def wolf_goat_cabbage() -> Program:
    """Who is on the first bank: m, w, g, c."""

    def eaten(bank: Any) -> bool:
        return "m" not in bank and "g" in bank and len(bank) > 1

    def steps(here: Any) -> Steps:
        there = frozenset("mwgc") - here
        side, other = (here, there) if "m" in here else (there, here)
        for cargo in ({"m"}, *({"m", each} for each in side - {"m"})):
            left, arrived = side - cargo, other | cargo
            if not eaten(left) and not eaten(arrived):
                yield "m", left if side is here else arrived

    return Program(
        [frozenset("mwgc")],
        steps,
        {
            "nobody is eaten": ("never", lambda here: eaten(here) or eaten(frozenset("mwgc") - here)),
            "all can cross": ("reachable", lambda here: not here),
            "no deadlock": ("no deadlock", lambda here: not here),
        },
    )


def bridge_and_torch(limit: int = 17) -> Program:
    """Who is still here, where the torch is, and the minutes."""
    everybody = frozenset({1, 2, 5, 10})

    def steps(state: Any) -> Steps:
        here, torch_is_here, minutes = state
        side = here if torch_is_here else everybody - here
        for group in (*combinations(side, 1), *combinations(side, 2)):
            if minutes + max(group) <= limit:
                yield group, (here ^ frozenset(group), not torch_is_here, minutes + max(group))

    return Program([(everybody, True, 0)], steps, {"all can be over in time": ("reachable", lambda s: not s[0])})


def towers_of_hanoi(n: int = 4) -> Program:
    """Three pegs as stacks, the top first."""

    def steps(pegs: Any) -> Steps:
        for source, target in product(range(3), repeat=2):
            if pegs[source] and (not pegs[target] or pegs[source][0] < pegs[target][0]):
                disc = pegs[source][0]
                yield "monk", put(put(pegs, source, pegs[source][1:]), target, (disc, *pegs[target]))

    def moved(pegs: Any) -> bool:
        return len(pegs[2]) == n

    return Program(
        [(tuple(range(n)), (), ())],
        steps,
        {
            "the tower can move": ("reachable", moved),
            "it is never too late": ("possible", moved),
            "no deadlock": ("no deadlock", moved),
        },
    )


def sliding_puzzle(rows: int = 2, columns: int = 3) -> Program:
    """The board as a string; the hole is 0."""
    first = "012345678"[: rows * columns]

    def steps(board: Any) -> Steps:
        y, x = divmod(board.index("0"), columns)
        for row, column in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= row < rows and 0 <= column < columns:
                tile = board[row * columns + column]
                yield "you", board.translate(str.maketrans({"0": tile, tile: "0"}))

    return Program(
        [first],
        steps,
        {
            "the hole is where it is said": ("always", lambda board: board.count("0") == 1),
            "two can be exchanged": ("reachable", lambda board: board == "021" + first[3:]),
            "it can be restored": ("possible", lambda board: board == first),
        },
    )


def coffee_can(n: int = 12) -> Program:
    """The beans as a string, sorted; and the string at first, which is only remembered."""

    def steps(state: Any) -> Steps:
        first, beans = state
        for pair, back in (("bb", "b"), ("ww", "b"), ("bw", "w")):
            b, w = beans.count("b") - pair.count("b"), beans.count("w") - pair.count("w")
            if b >= 0 and w >= 0:
                yield "hand", (first, "b" * (b + (back == "b")) + "w" * (w + (back == "w")))

    cans = ["b" * b + "w" * w for b in range(n + 1) for w in range(n + 1) if 1 <= b + w <= n]
    last = {0: "b", 1: "w"}
    return Program(
        [(can.count("w") % 2, can) for can in cans],
        steps,
        {
            "white beans stay odd or even": ("always", lambda s: s[0] == s[1].count("w") % 2),
            "the last bean": ("always", lambda s: len(s[1]) > 1 or s[1] == last[s[0]]),
            "it ends": ("ends",),
            "no deadlock": ("no deadlock", lambda s: len(s[1]) == 1),
        },
    )
