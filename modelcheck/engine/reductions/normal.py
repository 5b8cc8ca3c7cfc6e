"""Trees in a normal form, each different one a number: trees that differ only in the order of what commutes are one.

With numbers for trees, asking whether an exchange of variables maps a system onto itself is a walk over a graph in
which every shared part is looked at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...expressions import Expr, IntType, Literal, Operation, Ref, Value
from ...expressions.tree import COMPARISONS, PARTIAL

Node = tuple[Any, ...]

_FOLDED = frozenset({"and", "or", "+", "*", "min", "max"})
_MIRRORED = {">": "<", ">=": "<="}
_EITHER_WAY = frozenset({"==", "!="})


class Forest:
    """All trees that were met, as numbered nodes.

    Nodes: (`value`, type, value), (`variable`, name), (operator, numbers of its arguments...), and for variables that
    stay within their domains (`domains`) also (`within`, name, values) for a comparison with a constant and
    (`case`, name, ((value, number), ...)) for a choice by the variable's value.
    """

    def __init__(self, domains: Mapping[str, range]):
        self.domains = domains
        self.nodes: list[Node] = []
        self.names: list[frozenset[str]] = []  # The variables below each node.
        self._total: list[bool] = []
        self._numbers: dict[Node, int] = {}
        self._known: dict[int, tuple[Expr, int]] = {}  # The tree is kept, so that its identity stays its own.

    def number(self, expr: Expr) -> int:
        """The number of a tree's normal form."""
        known = self._known.get(id(expr))
        if known is not None:
            return known[1]
        match expr:
            case Literal(value):
                found = self.constant(value)
            case Ref(name):
                found = self.add(("variable", name))
            case Operation(operator, arguments):
                found = self._comparison(operator, arguments)
                if found < 0:
                    found = self.operation(operator, [self.number(argument) for argument in arguments])
        self._known[id(expr)] = (expr, found)
        return found

    def constant(self, value: Value) -> int:
        """The number of a constant; true and 1 are two."""
        return self.add(("value", type(value).__name__, value))

    def operation(self, operator: str, arguments: list[int]) -> int:
        """The number of an operation on numbered arguments."""
        if operator in _FOLDED:
            return self._folded(operator, arguments)
        if operator in _MIRRORED:
            operator, arguments = _MIRRORED[operator], arguments[::-1]
        elif operator in _EITHER_WAY:
            arguments = sorted(arguments)
        elif operator == "not" and self.nodes[arguments[0]][0] == "within":
            _, name, values = self.nodes[arguments[0]]
            return self.within(name, set(self.domains[name]) - values)
        elif operator == "if" and self.nodes[arguments[0]][0] == "within":
            return self._choice(*arguments)
        return self.add((operator, *arguments))

    def within(self, name: str, values: Iterable[Value]) -> int:
        """The number of the condition that a variable has one of some values."""
        return self.add(("within", name, frozenset(values)))

    def case(self, name: str, branches: Iterable[tuple[Value, int]]) -> int:
        """The number of a choice by a variable's value."""
        return self.add(("case", name, tuple(sorted(branches))))

    def add(self, node: Node) -> int:
        """The number of a node whose parts are in normal form."""
        found = self._numbers.get(node)
        if found is None:
            found = self._numbers[node] = len(self.nodes)
            children = children_of(node)
            own = {node[1]} if node[0] in ("variable", "within", "case") else set()
            self.nodes.append(node)
            self.names.append(frozenset(own).union(*(self.names[child] for child in children)))
            self._total.append(node[0] not in PARTIAL and all(self._total[child] for child in children))
        return found

    def _folded(self, operator: str, arguments: list[int]) -> int:
        flat: list[int] = []
        for argument in arguments:
            node = self.nodes[argument]
            flat += node[1:] if node[0] == operator else (argument,)
        # What may divide by zero is guarded by what stands before it: there the order means something.
        if operator not in ("and", "or") or all(self._total[argument] for argument in flat):
            flat.sort()
        return self.add((operator, *flat))

    def _comparison(self, operator: str, arguments: tuple[Expr, ...]) -> int:
        """The number of a comparison of a variable that stays in its domain with a constant; -1 for anything else."""
        holds = COMPARISONS.get(operator)
        match arguments:
            case (Ref(name), Literal(value)) if holds and name in self.domains:
                return self.within(name, (each for each in self.domains[name] if holds(each, value)))
            case (Literal(value), Ref(name)) if holds and name in self.domains:
                return self.within(name, (each for each in self.domains[name] if holds(value, each)))
        return -1

    def _choice(self, condition: int, then: int, otherwise: int) -> int:
        _, name, values = self.nodes[condition]

        def branch(number: int, value: int) -> int:
            node = self.nodes[number]
            return int(dict(node[2])[value]) if node[:2] == ("case", name) else number

        return self.case(
            name, ((value, branch(then if value in values else otherwise, value)) for value in self.domains[name])
        )


def children_of(node: Node) -> tuple[int, ...]:
    """The numbers of a node's arguments."""
    if node[0] in ("value", "variable", "within"):
        return ()
    return tuple(number for _, number in node[2]) if node[0] == "case" else node[1:]


def domain_of(kind: object) -> range | None:
    """The values of an integer type with bounds."""
    if isinstance(kind, IntType) and kind.low is not None and kind.high is not None:
        return range(kind.low, kind.high + 1)
    return None
