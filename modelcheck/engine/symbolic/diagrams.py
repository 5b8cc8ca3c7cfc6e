"""Binary decision diagrams (Bryant 1986) of the library `dd`: its pure-Python ones, or CUDD where that is installed.

Outside of one operation a diagram is a `Function` of the library, which counts who refers to it. Inside, the recursions
of this package run on nodes: whole numbers in `dd.autoref` (much cheaper there than its functions), functions in CUDD.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any, TypeVar

Function = Any  # dd.autoref.Function or dd.cudd.Function
Node = Any  # a whole number, or a function
Part = TypeVar("Part")
MOST_NODES = 3_000_000  # In pure Python about 400 bytes each, with what is remembered of them.
_OFTEN = 2048  # New nodes between two looks at the clock.


class Exhausted(Exception):
    """A limit came first; `reason` is `seconds`, `memory` or `work`."""

    def __init__(self, reason: str):
        self.reason = reason
        super().__init__(reason)


class Budget:
    """What the operations may still cost: until when, how many nodes at once, and how many steps of work."""

    def __init__(self, seconds: float, nodes: int = MOST_NODES):
        self.started = time.monotonic()
        self.whole = self.until = self.started + seconds
        self.nodes, self.work, self.most_work = nodes, 0, 0

    @property
    def spent(self) -> float:
        return time.monotonic() - self.started

    def allow(self, share: float = 1.0, work: int = 0) -> None:
        """From now on that share of the time that is left; `work`: at most so many steps (0: any number)."""
        now = time.monotonic()
        self.until = now + share * (self.whole - now)
        self.most_work = self.work + work if work else 0

    def check(self, nodes: int) -> None:
        """Raises `Exhausted` where something is used up."""
        if time.monotonic() > self.until:
            raise Exhausted("seconds")
        if nodes > self.nodes:
            raise Exhausted("memory")
        if self.most_work and self.work > self.most_work:
            raise Exhausted("work")


class Diagrams:
    """A set of diagrams over the bits `0 .. count - 1`, ordered by number. `library` says whose they are."""

    library: str
    false: Function
    true: Function

    def __init__(self, manager: Any, count: int, budget: Budget):
        self.manager, self.count, self.budget = manager, count, budget
        self.names = [f"b{bit}" for bit in range(count)]
        manager.declare(*self.names)
        self.false, self.true = manager.false, manager.true
        self.bits: list[Function] = [manager.var(name) for name in self.names]
        self.threshold = 200_000

    def __len__(self) -> int:
        return len(self.manager)

    def ite(self, condition: Function, then: Function, otherwise: Function) -> Function:
        """`then if condition else otherwise`."""
        return self.manager.ite(condition, then, otherwise)

    def exists(self, bits: Iterable[int], function: Function) -> Function:
        """That it holds for some values of these bits."""
        names = [self.names[bit] for bit in bits]
        return self.manager.exist(names, function) if names else function

    def any_of(self, functions: Iterable[Function]) -> Function:
        """Their disjunction, taken pairwise so that intermediate diagrams stay small."""
        return balanced([*functions], self.false, lambda a, b: a | b)

    def all_of(self, functions: Iterable[Function]) -> Function:
        """Their conjunction."""
        return balanced([*functions], self.true, lambda a, b: a & b)

    def size(self, function: Function) -> int:
        """How many nodes it has."""
        return int(function.dag_size)

    def support(self, function: Function) -> set[int]:
        """The bits that it depends on."""
        return {int(name[1:]) for name in self.manager.support(function)}

    # What the recursions need.

    def enter(self, function: Function) -> Node:
        """The node of a function."""
        return function

    def leave(self, node: Node) -> Function:
        """The function of a node."""
        return node

    def level(self, node: Node) -> int:
        """The topmost bit that it depends on; `count` for a constant."""
        raise NotImplementedError

    def split(self, node: Node, bit: int) -> tuple[Node, Node]:
        """What it is where a bit is false and where it is true, for a bit that is not below its topmost one."""
        raise NotImplementedError

    def make(self, bit: int, low: Node, high: Node) -> Node:
        """The node that is `low` where the bit is false and `high` where it is true."""
        raise NotImplementedError

    def union(self, left: Node, right: Node) -> Node:
        """What is in one of two sets."""
        raise NotImplementedError

    def step(self) -> None:
        """Count one step of work, and look at the limits now and then."""
        self.budget.work += 1
        if self.budget.work % _OFTEN == 0:
            self.budget.check(len(self))

    def tidy(self) -> None:
        """Between two operations: forget what nobody refers to, and look at the limits."""
        self.budget.check(len(self))


class PureDiagrams(Diagrams):
    """Diagrams in plain Python."""

    library = "dd.autoref"

    def __init__(self, count: int, budget: Budget):
        from dd import autoref

        super().__init__(autoref.BDD(), count, budget)
        self.numbers = self.true.manager  # What the functions are wrapped around: nodes are numbers there.
        self.unions: dict[tuple[int, int], int] = {}

    def enter(self, function: Function) -> Node:
        return function.node

    def leave(self, node: Node) -> Function:
        return type(self.true)(node, self.manager)

    def level(self, node: Node) -> int:
        return self.numbers.succ(node)[0]  # type: ignore[no-any-return]  # dd's types are partly open

    def split(self, node: Node, bit: int) -> tuple[Node, Node]:
        level, low, high = self.numbers.succ(node)
        if level != bit:
            return node, node
        return (-low, -high) if node < 0 else (low, high)

    def make(self, bit: int, low: Node, high: Node) -> Node:
        self.step()
        return low if low == high else self.numbers.find_or_add(bit, low, high)

    def union(self, left: Node, right: Node) -> Node:
        if left == 1 or right == 1 or left == -right:
            return 1
        if left == -1 or left == right:
            return right
        if right == -1:
            return left
        key = (left, right) if left < right else (right, left)
        if (known := self.unions.get(key)) is not None:
            return known
        bit = min(self.level(left), self.level(right))
        (a, b), (c, d) = self.split(left, bit), self.split(right, bit)
        found = self.make(bit, self.union(a, c), self.union(b, d))
        self.unions[key] = found
        return found

    def tidy(self) -> None:
        if len(self) > self.threshold:
            self.unions.clear()
            self.manager.collect_garbage()
            self.threshold = max(self.threshold, 2 * len(self))
        super().tidy()


class CuddDiagrams(Diagrams):
    """Diagrams of the C library CUDD."""

    library = "dd.cudd"

    def __init__(self, count: int, budget: Budget):
        from dd import cudd

        manager = cudd.BDD()
        manager.configure(reordering=False)  # The recursions rely on the order.
        super().__init__(manager, count, budget)

    def level(self, node: Node) -> int:
        return self.count if node == self.true or node == self.false else int(node.level)

    def split(self, node: Node, bit: int) -> tuple[Node, Node]:
        if self.level(node) != bit:
            return node, node
        low, high = node.low, node.high
        return (~low, ~high) if node.negated else (low, high)

    def make(self, bit: int, low: Node, high: Node) -> Node:
        self.step()
        return self.manager.ite(self.bits[bit], high, low)

    def union(self, left: Node, right: Node) -> Node:
        return left | right


def open_diagrams(count: int, budget: Budget, library: str = "") -> Diagrams:
    """Diagrams over so many bits: of CUDD where it is installed, otherwise in pure Python, or those asked for."""
    if library == "dd.cudd" or (not library and find_spec("dd.cudd") is not None):
        return CuddDiagrams(count, budget)
    return PureDiagrams(count, budget)


def balanced(parts: Sequence[Part], neutral: Part, combine: Callable[[Part, Part], Part]) -> Part:
    """All parts combined, neighbours first, so that what comes up on the way stays small."""
    left = list(parts)
    while len(left) > 1:
        pairs = [left[at : at + 2] for at in range(0, len(left), 2)]
        left = [combine(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return left[0] if left else neutral
