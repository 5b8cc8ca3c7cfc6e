"""Programs for protocols and agreement. A channel is a tuple, the oldest message first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

from .listing import Program, anywhere, put

Steps = Iterator[tuple[Any, Any]]


def alternating_bit() -> Program:
    """Lamport's variables msgQ, ackQ, sBit, sAck, rBit, sent, rcvd; anything within a channel can be lost."""

    def steps(state: Any) -> Steps:
        messages, acks, s_bit, s_ack, r_bit, sent, received = state
        if len(messages) < 2:
            for value in "rb" if s_ack == s_bit else ():
                bit = 1 - s_bit
                yield "sender", ((*messages, (bit, value)), acks, bit, s_ack, r_bit, value, received)
            if s_ack != s_bit:
                yield "sender", ((*messages, (s_bit, sent)), acks, s_bit, s_ack, r_bit, sent, received)
        if acks:
            yield "ear", (messages, acks[1:], s_bit, acks[0], r_bit, sent, received)
        if messages:
            bit, value = messages[0]
            yield "receiver's ear", (messages[1:], acks, s_bit, s_ack, bit, sent, value)
        if len(acks) < 2:
            yield "receiver", (messages, (*acks, r_bit), s_bit, s_ack, r_bit, sent, received)
        for lost in range(len(messages)):
            yield "storm", (messages[:lost] + messages[lost + 1 :], *state[1:])
        for lost in range(len(acks)):
            yield "storm", (messages, acks[:lost] + acks[lost + 1 :], *state[2:])

    return Program(
        [((), (), bit, bit, bit, value, value) for bit, value in product((0, 1), "rb")],
        steps,
        {
            "what is acknowledged has arrived": ("always", lambda s: s[3] != s[2] or s[6] == s[5]),
            "it can always go on": ("possible", lambda s: s[3] == s[2]),
            "each frame arrives": ("leads_to", lambda s: s[3] != s[2], lambda s: s[3] == s[2]),
        },
    )


def sliding_window(n: int = 4, w: int = 2, m: int = 3, c: int = 2) -> Program:
    """Go back N: messages are pairs (what the program sees, the true number), so that it cannot cheat."""

    def steps(state: Any) -> Steps:
        frames, acks, base, expected, deceived = state
        for number in range(base, min(base + w, n)) if len(frames) < c else ():
            yield "sender", ((*frames, (number % m, number)), acks, base, expected, deceived)
        if frames and len(acks) < c:
            seen, true = frames[0]
            takes = expected < n and seen == expected % m
            now = expected + takes
            wrong = deceived or (takes and true != expected)
            yield "receiver", (frames[1:], (*acks, (now % m, now)), base, now, wrong)
        if acks:
            ahead = (acks[0][0] - base % m) % m
            slides = 1 <= ahead <= w and base + ahead <= n
            yield "ear", (frames, acks[1:], base + ahead if slides else base, expected, deceived)
        for lost in range(len(frames)):
            yield "storm", (frames[:lost] + frames[lost + 1 :], *state[1:])
        for lost in range(len(acks)):
            yield "storm", (frames, acks[:lost] + acks[lost + 1 :], *state[2:])

    return Program(
        [((), (), 0, 0, False)],
        steps,
        {
            "the receiver is not deceived": ("never", lambda s: s[4]),
            "what is acknowledged has arrived": ("always", lambda s: s[2] <= s[3]),
            "all can arrive": ("possible", lambda s: s[2] == n),
            "all arrive": ("leads_to", anywhere, lambda s: s[2] == n),
        },
    )


def bounded_retransmission(n: int = 3, r: int = 2) -> Program:
    """The sender's state, its chunk, the tries left, the line (None or the chunk's parity), an ack, what arrived."""

    def steps(state: Any) -> Steps:
        sender, chunk, left, line, ack, got = state
        if sender == "send":
            yield "sender", ("wait", chunk, left, chunk % 2, ack, got)
        if sender == "wait" and line is None and not ack:
            gives_up = "unknown" if chunk == n else "not ok"
            yield "sender", ("send", chunk, left - 1, line, ack, got) if left else (gives_up, *state[1:])
        if ack:
            after = ("ok", chunk, left) if chunk == n else ("send", chunk + 1, r)
            yield "sender", (*after, line, False, got)
            yield "storm", (sender, chunk, left, line, False, got)
        if line is not None:
            is_new = got < n and line == (got + 1) % 2
            yield "receiver", (sender, chunk, left, None, True, got + is_new)
            yield "storm", (sender, chunk, left, None, ack, got)

    return Program(
        [("send", 1, r, None, False, 0)],
        steps,
        {
            "ok is true": ("always", lambda s: s[0] != "ok" or s[5] == n),
            "not ok is true": ("always", lambda s: s[0] != "not ok" or s[5] < n),
            "one is in doubt": ("always", lambda s: s[0] != "unknown" or s[5] in (n - 1, n)),
            "unknown, and all arrived": ("reachable", lambda s: s[0] == "unknown" and s[5] == n),
            "unknown, and one is missing": ("reachable", lambda s: s[0] == "unknown" and s[5] == n - 1),
            "no chunk is skipped": ("always", lambda s: s[5] in (s[1] - 1, s[1])),
            "it ends": ("ends",),
            "no deadlock": ("no deadlock", lambda s: s[0] in ("ok", "not ok", "unknown")),
        },
    )


def chang_roberts(n: int = 3) -> Program:
    """The ring of numbers, what each node is (0 asleep, 1 awake, 2 leader), and its inbox."""

    def steps(state: Any) -> Steps:
        ring, nodes, boxes = state
        for me in range(n):
            following = (me + 1) % n
            if nodes[me] == 0:
                yield me, (ring, put(nodes, me, 1), put(boxes, following, (*boxes[following], ring[me])))
            if boxes[me]:
                heard, rest = boxes[me][0], put(boxes, me, boxes[me][1:])
                if heard > ring[me]:
                    yield me, (ring, nodes, put(rest, following, (*rest[following], heard)))
                else:
                    yield me, (ring, put(nodes, me, 2) if heard == ring[me] else nodes, rest)

    return Program(
        [(ring, (0,) * n, ((),) * n) for ring in permutations(range(n))],
        steps,
        {
            "only the largest leads": ("always", lambda s: all(s[0][i] == n - 1 for i in range(n) if s[1][i] == 2)),
            "there will be a leader": ("leads_to", anywhere, lambda s: 2 in s[1]),
            "the others may sleep": ("reachable", lambda s: any(s[1][i - 1] == 2 and s[1][i] == 0 for i in range(n))),
            "it ends": ("ends",),
            "no deadlock": ("no deadlock", lambda s: 2 in s[1]),
        },
    )


def termination_detection(n: int = 3) -> Program:
    """EWD 840: the set of active nodes, the set of black ones, where the token is and whether it is black."""

    def steps(state: Any) -> Steps:
        active, black, token, dark = state
        if token == 0 and (dark or 0 in black):
            yield ("token", 0), (active, black - {0}, n - 1, False)
        if token > 0 and (token not in active or token in black or dark):
            yield ("token", token), (active, black - {token}, token - 1, dark or token in black)
        for me in active:
            yield me, (active - {me}, black, token, dark)
            for other in set(range(n)) - {me}:
                yield me, (active | {other}, black | {me} if other > me else black, token, dark)

    def detects(state: Any) -> bool:
        _, black, token, dark = state
        return token == 0 and not dark and 0 not in black

    sets = [frozenset(i for i in range(n) if number >> i & 1) for number in range(2**n)]
    return Program(
        [(active, black, token, True) for active, black, token in product(sets, sets, range(n))],
        steps,
        {
            "what is detected is so": ("never", lambda s: detects(s) and 0 not in s[0] and bool(s[0])),
            "the end is detected": ("leads_to", lambda s: not s[0], detects),
            "the work ends": ("leads_to", anywhere, lambda s: not s[0]),
            "no deadlock": ("no deadlock", lambda s: not s[0]),
        },
    )


def paxos(acceptors: int = 3, ballots: int = 2) -> Program:
    """Messages are a growing set, as in Lamport's text: 1b (ballot, who, last vote), 2a (ballot, value), 2b."""
    majority = acceptors // 2 + 1
    numbers = range(1, ballots + 1)

    def steps(state: Any) -> Steps:
        promised, last, sent = state
        for b in numbers:
            proposed = [message[2] for message in sent if message[:2] == ("2a", b)]
            answers = [message[3] for message in sent if message[:2] == ("1b", b)]
            if not proposed and len(answers) >= majority:
                value = max(answers)[1] or b
                yield ("ballot", b), (promised, last, sent | {("2a", b, value)})
            for me in range(acceptors):
                if promised[me] < b:
                    yield me, (put(promised, me, b), last, sent | {("1b", b, me, last[me])})
                if proposed and promised[me] <= b and ("2b", b, me) not in sent:
                    vote = (b, proposed[0])
                    yield me, (put(promised, me, b), put(last, me, vote), sent | {("2b", b, me)})

    def chosen(state: Any) -> set[int]:
        sent = state[2]
        won = [b for b in numbers if len([1 for m in sent if m[:2] == ("2b", b)]) >= majority]
        return {message[2] for message in sent if message[0] == "2a" and message[1] in won}

    def last_wins(state: Any) -> bool:
        votes = len([1 for message in state[2] if message[:2] == ("2b", ballots)])
        return votes >= majority and ("2a", ballots, ballots) in state[2]

    return Program(
        [((0,) * acceptors, ((0, 0),) * acceptors, frozenset())],
        steps,
        {
            "no two are chosen": ("always", lambda s: len(chosen(s)) <= 1),
            "two can be proposed": ("reachable", lambda s: {("2a", 1, 1), ("2a", 2, 2)} <= s[2]),
            "each can be chosen": ("reachable", last_wins),
            "one is chosen": ("leads_to", anywhere, lambda s: bool(chosen(s))),
            "no deadlock": ("no deadlock", lambda s: bool(chosen(s))),
        },
    )


def needham_schroeder(fixed: bool = False) -> Program:
    """The intruder as Dolev and Yao have it: it takes apart what is sealed for it, and keeps what is not.

    A message is (for whom, parts...). Alice is (line, partner), as is Bob; then the nonces that the intruder knows, and
    the messages that it cannot read.
    """

    def sent(message: tuple[str, ...], known: Any, sealed: Any) -> tuple[Any, Any]:
        """What the intruder has when it has seen one more message."""
        to, *parts = message
        if to == "I":
            return known | {part for part in parts if part[0] == "n"}, sealed
        return known, sealed | {message}

    def steps(state: Any) -> Steps:
        (a_line, a_to), (b_line, b_to), known, sealed = state

        def can_come(message: tuple[str, ...]) -> bool:
            """Whether the intruder can bring it: pass it on, or write it."""
            return message in sealed or all(part in known for part in message[1:] if part[0] == "n")

        if a_line == 0:
            for to in "BI":
                yield "A", ((1, to), (b_line, b_to), *sent((to, "na", "A"), known, sealed))
        if b_line == 0:
            for nonce, who in product(("na", "ni"), "AI"):
                if can_come(("B", nonce, who)):
                    answer = (who, nonce, "nb", "B") if fixed else (who, nonce, "nb")
                    yield "B", ((a_line, a_to), (1, who), *sent(answer, known, sealed))
        if a_line == 1:
            for nonce in ("nb", "ni"):
                if can_come(("A", "na", nonce, a_to) if fixed else ("A", "na", nonce)):
                    yield "A", ((2, a_to), (b_line, b_to), *sent((a_to, nonce), known, sealed))
        if b_line == 1 and can_come(("B", "nb")):
            yield "B", ((a_line, a_to), (2, b_to), known, sealed)

    return Program(
        [((0, ""), (0, ""), frozenset({"ni"}), frozenset())],
        steps,
        {
            "they can meet": ("reachable", lambda s: s[:2] == ((2, "B"), (2, "A"))),
            "bob speaks to whom he thinks": ("never", lambda s: s[1] == (2, "A") and s[0][1] != "B"),
            "alice speaks to whom she thinks": ("never", lambda s: s[0] == (2, "B") and s[1][1] != "A"),
            "their secret is kept": ("never", lambda s: s[1][1] == "A" and "nb" in s[2]),
        },
    )
