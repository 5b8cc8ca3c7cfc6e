"""States in bits, and the typed expression tree as diagrams.

A variable with the values low..high is the number `value - low` in as few bits as that takes. Bit k of a state is bit
2k of the diagrams, and its value after an action is bit 2k + 1, so that the two stand together. Choices of parameters,
which are gone once an action's relation is made, stand below all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from ...expressions import BoolType, Expr, Literal, Operation, Ref, Value, well_defined
from ...system import Action, State, TransitionSystem, Variable
from .diagrams import Budget, Diagrams, Function, balanced, open_diagrams
from .domains import Bounds, bounds_of, reachable_bounds, width
from .order import order_variables
from .vectors import Arithmetic, Vector


@dataclass(frozen=True)
class Field:
    """Where a variable stands: its bits (of the diagrams), the lowest first, and the values that they hold."""

    variable: Variable
    bounds: Bounds
    bits: range

    def value(self, point: Mapping[int, bool]) -> Value:
        """What the variable is where the bits are as given; those that are not mentioned are false."""
        number = sum(1 << place for place, bit in enumerate(reversed(self.bits)) if point.get(bit))
        return bool(number) if isinstance(self.variable.type, BoolType) else self.bounds[0] + number


Names = Mapping[str, Vector]


class Encoding:
    """A system over diagrams. Raises `NotFiniteError` where a variable has no bounds."""

    def __init__(self, system: TransitionSystem, budget: Budget, library: str = ""):
        self.system = system
        bounds = reachable_bounds(system)
        variables = {variable.name: variable for variable in system.variables}
        self.pairs = sum(map(width, bounds.values()))
        self.fields: dict[str, Field] = {}
        taken = 0
        for name in order_variables(system):
            bits = range(2 * taken, 2 * (taken + width(bounds[name])), 2)
            self.fields[name] = Field(variables[name], bounds[name], bits)
            taken += width(bounds[name])
        choices = max((sum(map(_choice_width, action.parameters)) for action in system.actions), default=0)
        self.diagrams: Diagrams = open_diagrams(2 * self.pairs + choices, budget, library)
        self.arithmetic = Arithmetic(self.diagrams)
        self.names: dict[str, Vector] = {name: self.number_in(field) for name, field in self.fields.items()}
        self._conditions: dict[int, tuple[Expr, Function]] = {}

    def number_in(self, field: Field, after: int = 0) -> Vector:
        """The value of a variable bit by bit; `after` = 1: after an action."""
        bits = [self.diagrams.bits[bit + after] for bit in reversed(field.bits)]
        unsigned = [*bits, self.diagrams.false]
        return self.arithmetic.add(unsigned, self.arithmetic.number(field.bounds[0])) if field.bounds[0] else unsigned

    # Conditions and numbers.

    def holds(self, expr: Expr, names: Names | None = None) -> Function:
        """Where a condition holds; it does not where it divides by zero."""
        return self.condition(well_defined(expr), names) & self.condition(expr, names)

    def condition(self, expr: Expr, names: Names | None = None) -> Function:
        """Where a condition holds, and anything where it divides by zero."""
        if names is not None:
            return self._condition(expr, names)
        if id(expr) not in self._conditions:
            self._conditions[id(expr)] = (expr, self._condition(expr, self.names))
        return self._conditions[id(expr)][1]

    def _condition(self, expr: Expr, names: Names) -> Function:
        diagrams = self.diagrams
        match expr:
            case Literal(value):
                return diagrams.true if value else diagrams.false
            case Ref(name):
                return names[name][0]
            case Operation("and" | "or" | "not" | "implies" | "if" | "given" as operator, arguments):
                parts = [self._condition(argument, names) for argument in arguments]
                match operator:
                    case "and":
                        return diagrams.all_of(parts)
                    case "or":
                        return diagrams.any_of(parts)
                    case "not":
                        return ~parts[0]
                    case "implies":
                        return ~parts[0] | parts[1]
                    case "given":
                        return parts[1]
                return diagrams.ite(*parts)
            case Operation(operator, (first, second)):
                return self._compare(operator, self.number(first, names), self.number(second, names))
        raise AssertionError(f"no condition: {expr}")

    def _compare(self, operator: str, left: Vector, right: Vector) -> Function:
        match operator:
            case "==":
                return self.arithmetic.equal(left, right)
            case "!=":
                return ~self.arithmetic.equal(left, right)
            case "<":
                return self.arithmetic.less(left, right)
            case "<=":
                return ~self.arithmetic.less(right, left)
            case ">":
                return self.arithmetic.less(right, left)
        assert operator == ">="
        return ~self.arithmetic.less(left, right)

    def number(self, expr: Expr, names: Names | None = None) -> Vector:
        """The value of a tree bit by bit; a truth value counts 0 or 1."""
        names = self.names if names is None else names
        match expr:
            case Literal(value):
                return self.arithmetic.number(int(value))
            case Ref(name):
                return names[name]
            case Operation("if", (test, then, otherwise), kind) if not isinstance(kind, BoolType):
                condition = self._condition(test, names)
                return self.arithmetic.choose(condition, self.number(then, names), self.number(otherwise, names))
            case Operation("given", (_, value), kind) if not isinstance(kind, BoolType):
                return self.number(value, names)
            case Operation(operator, arguments, kind) if not isinstance(kind, BoolType):
                return self._operation(operator, [self.number(argument, names) for argument in arguments])
        return [self._condition(expr, names), self.diagrams.false]

    def _operation(self, operator: str, parts: Sequence[Vector]) -> Vector:
        numbers = self.arithmetic
        match operator:
            case "+":
                return balanced(parts, numbers.number(0), numbers.add)
            case "*":
                return balanced(parts, numbers.number(1), numbers.multiply)
            case "-":
                return numbers.subtract(*parts)
            case "//":
                return numbers.divide(*parts)[0]
            case "%":
                return numbers.divide(*parts)[1]
            case "neg":
                return numbers.negate(parts[0])
            case "abs":
                return numbers.absolute(parts[0])
            case "min":
                return numbers.least(parts)
        assert operator == "max"
        return numbers.greatest(parts)

    # Sets of values.

    def within(self, number: Vector, bounds: Bounds) -> Function:
        """Where a number lies within bounds."""
        low, high = (self.arithmetic.number(bound) for bound in bounds)
        return ~self.arithmetic.less(number, low) & ~self.arithmetic.less(high, number)

    def one_of(self, number: Vector, values: Sequence[Value]) -> Function:
        """Where a number is one of these."""
        known = sorted({int(value) for value in values})
        if known and known[-1] - known[0] + 1 == len(known):
            return self.within(number, (known[0], known[-1]))
        equal, constant = self.arithmetic.equal, self.arithmetic.number
        return self.diagrams.any_of(equal(number, constant(value)) for value in known)

    def inside(self, field: Field, after: int = 0) -> Function:
        """Where a variable has a value at which something goes on: one of its declared range, if it has one."""
        return self.within(self.number_in(field, after), bounds_of(field.variable.type) or field.bounds)

    def initial(self) -> Function:
        """The first states."""
        parts = []
        for name, field in self.fields.items():
            initial, declared = field.variable.initial, bounds_of(field.variable.type)
            vector = self.names[name]
            parts.append(
                self.one_of(vector, initial) if initial is not None else self.within(vector, cast(Bounds, declared))
            )
        return self.diagrams.all_of([*reversed(parts), self.holds(self.system.initially)])

    def choices(self, action: Action) -> tuple[Names, list[int], Function]:
        """The names that an action may use, the bits of its parameters, and where these have a value of theirs."""
        names, bits, allowed = dict(self.names), list[int](), list[Function]()
        free = 2 * self.pairs
        for parameter in action.parameters:
            low, _ = bounds = _choice_bounds(parameter)
            own = range(free, free + width(bounds))
            free += width(bounds)
            unsigned = [*(self.diagrams.bits[bit] for bit in reversed(own)), self.diagrams.false]
            names[parameter.name] = self.arithmetic.add(unsigned, self.arithmetic.number(low)) if low else unsigned
            bits += own
            allowed.append(self.one_of(names[parameter.name], parameter.initial_values() or ()))
        return names, bits, self.diagrams.all_of(allowed)

    # Single states.

    def state_of(self, point: Mapping[int, bool]) -> State:
        """The state whose bits are as given."""
        return tuple(self.fields[variable.name].value(point) for variable in self.system.variables)

    def set_of(self, state: State) -> Function:
        """The set of one state."""
        parts = [
            self.arithmetic.equal(self.names[variable.name], self.arithmetic.number(int(value)))
            for variable, value in zip(self.system.variables, state, strict=True)
        ]
        return self.diagrams.all_of(parts)


def _choice_bounds(parameter: Variable) -> Bounds:
    values = parameter.initial_values() or (0,)
    if isinstance(values, range):
        return values.start, max(values.start, values.stop - 1)
    return int(min(values)), int(max(values))


def _choice_width(parameter: Variable) -> int:
    return width(_choice_bounds(parameter))
