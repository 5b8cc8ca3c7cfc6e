"""Programs for mutual exclusion and for sharing. A process is its program counter, written as a letter or a word."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from .listing import Program, anywhere, put

Steps = Iterator[tuple[Any, Any]]


def peterson() -> Program:
    """Counters i, r, w, c; the flags are up unless a process is idle; whose turn."""

    def steps(state: Any) -> Steps:
        at, turn = state
        for me in (0, 1):
            other = 1 - me
            match at[me]:
                case "i":
                    yield me, state
                    yield me, (put(at, me, "r"), turn)
                case "r":
                    yield me, (put(at, me, "w"), other)
                case "w" if at[other] == "i" or turn == me:
                    yield me, (put(at, me, "c"), turn)
                case "c":
                    yield me, (put(at, me, "i"), turn)

    return Program(
        [(("i", "i"), turn) for turn in (0, 1)],
        steps,
        {
            "one at a time": ("never", lambda s: s[0] == ("c", "c")),
            "nobody starves": ("leads_to", lambda s: s[0][0] == "r", lambda s: s[0][0] == "c"),
            "the first will ask": ("leads_to", anywhere, lambda s: s[0][0] == "r"),
            "no deadlock": ("no deadlock", lambda s: s[0] == ("i", "i")),
        },
    )


def dekker() -> Program:
    """Counters i, l (flag up, looking), b (flag down, standing back), c."""

    def steps(state: Any) -> Steps:
        at, turn = state
        for me in (0, 1):
            other = 1 - me
            flag = at[other] in "lc"
            match at[me]:
                case "i":
                    yield me, state
                    yield me, (put(at, me, "l"), turn)
                case "l" if not flag:
                    yield me, (put(at, me, "c"), turn)
                case "l" if turn == other:
                    yield me, (put(at, me, "b"), turn)
                case "b" if turn == me:
                    yield me, (put(at, me, "l"), turn)
                case "c":
                    yield me, (put(at, me, "i"), other)

    return Program(
        [(("i", "i"), 0)],
        steps,
        {
            "one at a time": ("never", lambda s: s[0] == ("c", "c")),
            "nobody starves": ("leads_to", lambda s: s[0][0] == "l", lambda s: s[0][0] == "c"),
            "no deadlock": ("no deadlock", lambda s: s[0] == ("i", "i")),
        },
    )


def szymanski(n: int = 3) -> Program:
    """The flags 0 to 4 of the paper, and 5 for flag 4 inside of the critical section."""

    def steps(at: Any) -> Steps:
        for me in range(n):
            others = [min(each, 4) for each in at]
            match at[me]:
                case 0:
                    yield me, at
                    yield me, put(at, me, 1)
                case 1 if all(flag < 3 for flag in others):
                    yield me, put(at, me, 3)
                case 3:
                    yield me, put(at, me, 2 if 1 in others else 4)
                case 2 if 4 in others:
                    yield me, put(at, me, 4)
                case 4 if all(flag < 2 for flag in others[:me]):
                    yield me, put(at, me, 5)
                case 5 if all(flag in (0, 1, 4) for flag in others[me + 1 :]):
                    yield me, put(at, me, 0)

    return Program(
        [(0,) * n],
        steps,
        {
            "one at a time": ("always", lambda at: at.count(5) <= 1),
            "the first gets in": ("leads_to", lambda at: at[0] == 1, lambda at: at[0] == 5),
            "the last gets in": ("leads_to", lambda at: at[-1] == 1, lambda at: at[-1] == 5),
            "no deadlock": ("no deadlock", lambda at: not any(at)),
        },
    )


def lamport_bakery(k: int = 4) -> Program:
    """A customer is (line of the program, its number, what it has read)."""

    def steps(state: Any) -> Steps:
        for me in (0, 1):
            line, number, seen = state[me]
            other_line, other, other_seen = state[1 - me]
            after = None
            match line:
                case 0:
                    yield me, state
                    if max(other, other_seen) <= k - 2:
                        after = (1, number, seen)
                case 1:
                    after = (2, number, other)
                case 2:
                    after = (3, seen + 1, 0)
                case 3 if other_line not in (1, 2):
                    after = (4, number, seen)
                case 4 if not other or (number, me) < (other, 1 - me):
                    after = (5, number, seen)
                case 5:
                    after = (0, 0, seen)
            if after:
                yield me, put(state, me, after)

    return Program(
        [((0, 0, 0), (0, 0, 0))],
        steps,
        {
            "one at a time": ("never", lambda s: s[0][0] == s[1][0] == 5),
            "both may get the same": ("reachable", lambda s: s[0][1] == s[1][1] == 1),
            "nobody starves": ("leads_to", lambda s: s[1][0] == 1, lambda s: s[1][0] == 5),
            "no deadlock": ("no deadlock", lambda s: s[0][0] == s[1][0] == 0),
        },
    )


def test_and_set(n: int = 3) -> Program:  # noqa: PT028 - a program of that name, no test
    """Letters i, t, c; the lock is held exactly while there is a c."""

    def steps(at: Any) -> Steps:
        for me in range(n):
            if at[me] == "i":
                yield me, put(at, me, "t")
            if at[me] == "t" and "c" not in at:
                yield me, put(at, me, "c")
            if at[me] == "c":
                yield me, put(at, me, "i")

    return Program(
        [("i",) * n],
        steps,
        {
            "one at a time": ("always", lambda at: at.count("c") <= 1),
            "somebody gets in": ("leads_to", lambda at: at[0] == "t", lambda at: "c" in at),
            "the first gets in": ("leads_to", lambda at: at[0] == "t", lambda at: at[0] == "c"),
            "it stays possible": ("possible", lambda at: at[0] == "c"),
            "no deadlock": ("no deadlock", lambda at: set(at) == {"i"}),
        },
    )


def token_ring(n: int = 4) -> Program:
    """Letters i, w, c, and who has the token."""

    def steps(state: Any) -> Steps:
        at, token = state
        following = (token + 1) % n
        for me in range(n):
            if at[me] == "i":
                yield me, state
                yield me, (put(at, me, "w"), token)
        if at[token] == "w":
            yield token, (put(at, token, "c"), token)
        if at[token] == "c":
            yield token, (put(at, token, "i"), following)
        if at[token] == "i":
            yield ("link", token), (at, following)

    return Program(
        [(("i",) * n, 0)],
        steps,
        {
            "one at a time": ("always", lambda s: s[0].count("c") <= 1),
            "nobody starves": ("leads_to", lambda s: s[0][1] == "w", lambda s: s[0][1] == "c"),
            "the token comes round": ("leads_to", anywhere, lambda s: s[1] == 0),
        },
    )


def dijkstra_ring(n: int = 4, k: int = 3) -> Program:
    """Machine 0 is privileged where it equals its left neighbour, the others where they differ."""

    def privileged(x: Any) -> list[int]:
        return [me for me in range(n) if (x[me] == x[me - 1]) == (me == 0)]

    def steps(x: Any) -> Steps:
        for me in privileged(x):
            yield me, put(x, me, x[me - 1] if me else (x[0] + 1) % k)

    return Program(
        list(product(range(k), repeat=n)),
        steps,
        {
            "somebody is privileged": ("always", lambda x: bool(privileged(x))),
            "it stabilises": ("leads_to", anywhere, lambda x: len(privileged(x)) == 1),
            "the privilege comes round": ("leads_to", anywhere, lambda x: 0 in privileged(x)),
        },
    )


def dining_philosophers(n: int = 4, ordered: bool = False) -> Program:
    """Which forks each holds: none, the first, or both; a fork is free where nobody holds it."""
    sides = [(me, (me + 1) % n) for me in range(n)]
    forks = [tuple(sorted(pair)) if ordered else pair for pair in sides]

    def held(hands: Any) -> set[int]:
        return {fork for me in range(n) for fork in forks[me][: hands[me]]}

    def steps(hands: Any) -> Steps:
        for me in range(n):
            if hands[me] == 2:
                yield me, put(hands, me, 0)
            elif forks[me][hands[me]] not in held(hands):
                yield me, put(hands, me, hands[me] + 1)

    asks = {
        "neighbours do not eat together": ("never", lambda h: any(h[i] == h[i - 1] == 2 for i in range(n))),
        "the first can eat": ("possible", lambda h: h[0] == 2),
        "no deadlock": ("no deadlock", lambda h: not any(h)),
    }
    asks |= (
        {
            "somebody eats": ("leads_to", anywhere, lambda h: 2 in h),
            "the first eats": ("leads_to", lambda h: h[0] == 1, lambda h: h[0] == 2),
        }
        if ordered
        else {"two can eat at once": ("reachable", lambda h: h.count(2) == 2)}
    )
    return Program([(0,) * n], steps, asks)


def readers_writers(readers: int = 2, writers: int = 2) -> Program:
    """Everybody is away (0), waits (1) or works (2); the first are readers."""
    all_ = range(readers + writers)

    def steps(at: Any) -> Steps:
        for me in all_:
            in_the_way = at[readers:] if me < readers else at
            if at[me] != 1 or 2 not in in_the_way:
                yield me, put(at, me, (at[me] + 1) % 3)

    return Program(
        [(0,) * (readers + writers)],
        steps,
        {
            "a writer is alone": ("never", lambda at: 2 in at[readers:] and at.count(2) > 1),
            "all read at once": ("reachable", lambda at: set(at[:readers]) == {2}),
            "a writer can write": ("possible", lambda at: at[readers] == 2),
            "a writer writes": ("leads_to", lambda at: at[readers] == 1, lambda at: at[readers] == 2),
            "no deadlock": ("no deadlock", lambda at: not any(at)),
        },
    )


def producers_consumers(k: int = 2, p: int = 2, c: int = 2) -> Program:
    """Counters 0, 1 (has its unit of `empty` or `full`), 2 (has `mutex`); the semaphores and the items."""

    def steps(state: Any) -> Steps:
        at, empty, full, mutex, items = state
        for me in range(p + c):
            produces = me < p
            if at[me] == 0 and (empty if produces else full):
                yield me, (put(at, me, 1), empty - produces, full - (not produces), mutex, items)
            if at[me] == 1 and mutex:
                yield me, (put(at, me, 2), empty, full, 0, items)
            if at[me] == 2:
                more = items + (1 if produces else -1)
                yield me, (put(at, me, 0), empty + (not produces), full + produces, 1, more)

    return Program(
        [((0,) * (p + c), k, 0, 1, 0)],
        steps,
        {
            "one at the buffer": ("always", lambda s: s[0].count(2) == 1 - s[3]),
            "places add up": ("always", lambda s: s[1] + s[2] + len([1 for each in s[0] if each]) == k),
            "it can be full": ("reachable", lambda s: s[4] == k),
            "it goes on": ("leads_to", anywhere, lambda s: 2 in s[0][p:]),
            "each gets one": ("leads_to", anywhere, lambda s: s[0][p] == 2),
        },
    )


def milner_scheduler(n: int = 4) -> Program:
    """Whose turn it is, and the set of running tasks."""

    def steps(state: Any) -> Steps:
        turn, running = state
        if turn not in running:
            yield "scheduler", ((turn + 1) % n, running | {turn})
        for task in running:
            yield task, (turn, running - {task})

    return Program(
        [(0, frozenset())],
        steps,
        {
            "all can run at once": ("reachable", lambda s: len(s[1]) == n),
            "each is started again": ("leads_to", lambda s: 0 not in s[1], lambda s: 0 in s[1]),
            "each ends": ("leads_to", lambda s: 0 in s[1], lambda s: 0 not in s[1]),
        },
    )


def mesi(n: int = 3) -> Program:
    """One letter a cache, and whether memory is up to date."""

    def steps(state: Any) -> Steps:
        lines, fresh = state
        for me in range(n):
            if lines[me] == "I" and set(lines) == {"I"}:
                yield me, (put(lines, me, "E"), fresh)
            elif lines[me] == "I":
                yield me, (tuple("S" if at == me or each != "I" else "I" for at, each in enumerate(lines)), True)
            if lines[me] != "M":
                yield me, (put(("I",) * n, me, "M"), False)
            if lines[me] != "I":
                yield me, (put(lines, me, "I"), fresh or lines[me] == "M")

    def alone(state: Any) -> bool:
        return not set(state[0]) & {"M", "E"} or state[0].count("I") == n - 1

    return Program(
        [(("I",) * n, True)],
        steps,
        {
            "who may write is alone": ("always", alone),
            "memory is old only where a line is modified": ("always", lambda s: s[1] == ("M" not in s[0])),
            "all can share": ("reachable", lambda s: set(s[0]) == {"S"}),
        },
    )


def railway_crossing(tracks: int = 2) -> Program:
    """Trains are far, near or on the crossing (0, 1, 2); the gate is up, lowering, down or raising."""

    def steps(state: Any) -> Steps:
        trains, gate = state
        for me, train in enumerate(trains):
            if train == 0:
                yield me, state
            if train != 1 or gate == "down":
                yield me, (put(trains, me, (train + 1) % 3), gate)
        if any(trains):
            change = {"up": "lowering", "raising": "lowering", "lowering": "down"}
        else:
            change = {"lowering": "down", "down": "raising", "raising": "up"}
        if gate in change:
            yield "gate", (trains, change[gate])

    return Program(
        [((0,) * tracks, "up")],
        steps,
        {
            "no train crosses an open road": ("never", lambda s: 2 in s[0] and s[1] != "down"),
            "each train gets over": ("leads_to", lambda s: s[0][0] == 1, lambda s: s[0][0] == 2),
            "the road can open": ("possible", lambda s: s[1] == "up"),
            "the road opens again": ("leads_to", lambda s: s[1] == "down", lambda s: s[1] == "up"),
            "no deadlock": ("no deadlock", lambda s: s == ((0,) * tracks, "up")),
        },
    )


def lift(floors: int = 4) -> Program:
    """Where it is, its direction (1 or -1), and the set of floors that call."""

    def steps(state: Any) -> Steps:
        at, way, calls = state
        for floor in range(floors):
            if floor != at and floor not in calls:
                yield floor, (at, way, calls | {floor})
        if at in calls:
            yield "lift", (at, way, calls - {at})
        elif any((floor - at) * way > 0 for floor in calls):
            yield "lift", (at + way, way, calls)
        elif calls:
            yield "lift", (at, -way, calls)

    return Program(
        [(0, 1, frozenset())],
        steps,
        {
            "the first floor is served": ("leads_to", lambda s: 0 in s[2], lambda s: 0 not in s[2]),
            "the third floor is served": ("leads_to", lambda s: 2 in s[2], lambda s: 2 not in s[2]),
            "all may call at once": ("reachable", lambda s: len(s[2]) == floors),
            "no deadlock": ("no deadlock", lambda s: not s[2]),
        },
    )
