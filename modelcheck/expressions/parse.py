"""From text to a syntax tree: a small tokenizer and a precedence-climbing parser of our own.

The language looks like Python's expressions, but it is not Python: nothing is ever executed, and what
is not in the grammar below is an error at its column.

    expression  = implication ["if" implication "else" expression]
    implication = or [("implies" | "=>") implication]
    or          = and {"or" and}            and = not {"and" not}           not = "not" not | comparison
    comparison  = sum {("==" | "!=" | "<" | "<=" | ">" | ">=") sum} | sum ["not"] "in" (range | set | sum)
    sum         = term {("+" | "-") term}   term = unary {("*" | "//" | "%" | "/") unary}
    unary       = "-" unary | part          range = sum ".." sum            set = "{" expression, ... "}"
    part        = atom {"[" expression, ... "]" | "." name}
    atom        = number | "true" | "false" | name | name "(" expression, ... ")" | "(" expression ")"
                | ("forall" | "exists" | "sum" | "count") name "in" (range | set | sum) ":" expression
                | "[" [expression, ...] "]" | "{" word ":" expression, ... "}"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from .foreign import CHARACTERS, OPERATORS, WORDS
from .syntax import (
    Apply,
    Call,
    Contains,
    Fields,
    Index,
    Items,
    Name,
    Number,
    Part,
    Quantified,
    QuantifiedOver,
    Syntax,
    parts_of,
)

LONGEST_TEXT, LONGEST_NUMBER = 20_000, 30
# Parentheses in each other, and operators in each other (also `a - b - c - ...`): so that no recursion runs away.
DEEPEST_NESTING, DEEPEST_TREE = 40, 100


class ExpressionError(Exception):
    """Something is wrong at an offset of an expression's text."""

    def __init__(self, code: str, message: str, offset: int, hint: str = "", unknown: str = ""):
        self.code, self.message, self.offset, self.hint, self.unknown = code, message, offset, hint, unknown
        super().__init__(f"{message} (at offset {offset})")


class BrokenDeclarationError(ExpressionError):
    """A formula cannot be judged, because the declaration of a name in it is wrong."""


QUANTIFIERS = ("forall", "exists", "sum", "count")
KEYWORDS = frozenset({"and", "or", "not", "implies", "if", "else", "in", "true", "false", "forall"})
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.(?!\.)[0-9]+)?)|(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
    r"|(?P<operator>\.\.|===|==|!=|<=|>=|=>|<>|:=|\+=|-=|//|&&|\|\||\*\*|[-+*/%<>()\[\]{},:=!&|^~.]))"
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


def _tokens(text: str) -> list[_Token]:
    if len(text) > LONGEST_TEXT:
        raise ExpressionError("E110", f"an expression of {len(text)} characters is too long", 0)
    tokens, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if not match or not match.lastgroup:
            offset = position + len(text[position:]) - len(text[position:].lstrip())
            hint = CHARACTERS.get(text[offset], "")
            raise ExpressionError("E111", f"{text[offset]!r} is not part of the expression language", offset, hint)
        kind, piece = match.lastgroup, match.group(match.lastgroup)
        offset = match.start(match.lastgroup)
        if piece in OPERATORS:
            raise ExpressionError("E112", f"'{piece}' is not an operator here", offset, OPERATORS[piece])
        if (fraction := re.match(r"\.[0-9]+", text[offset:])) and not re.search(r"[\w.\])}]\s*\Z", text[:offset]):
            raise ExpressionError("E111", "a number does not begin with '.'", offset, f"write 0{fraction.group()}")
        if kind == "number" and len(piece) > LONGEST_NUMBER:
            raise ExpressionError("E113", f"a number of {len(piece)} digits is too long", offset)
        if kind == "number" and match.end() < len(text) and (text[match.end()].isalpha() or text[match.end()] == "_"):
            raise ExpressionError("E111", f"'{piece}{text[match.end()]}' is neither a number nor a name", offset)
        if kind == "number" and re.match("0[0-9]", piece):
            hint = f"write {piece.lstrip('0') or '0'}"
            raise ExpressionError("E111", f"a number does not begin with 0: '{piece}'", offset, hint)
        tokens.append(_Token(kind, piece, offset))
        position = match.end()
    return [*tokens, _Token("end", "", end)]


@lru_cache(maxsize=10_000)  # The members of a family have their formulas in common.
def parse(text: str) -> Syntax:
    """The syntax tree of an expression; raises `ExpressionError` at the first place that is wrong."""
    parser = _Parser(_tokens(text))
    tree = parser.expression()
    parser.expect_end()
    return _not_too_deep(tree)


def parse_range(text: str) -> tuple[Syntax, Syntax]:
    """The two ends of `low..high`."""
    parser = _Parser(_tokens(text))
    low, high = parser.range()
    parser.expect_end()
    return _not_too_deep(low), _not_too_deep(high)


def _not_too_deep(tree: Syntax) -> Syntax:
    pending = [(tree, 1)]
    while pending:
        node, depth = pending.pop()
        if depth > DEEPEST_TREE:
            raise ExpressionError("E115", f"more than {DEEPEST_TREE} operators within each other", node.offset)
        pending.extend((part, depth + 1) for part in parts_of(node))
    return tree


class _Parser:
    def __init__(self, tokens: list[_Token]):
        self.tokens, self.at, self.depth = tokens, 0, 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self, *texts: str) -> _Token | None:
        """The next token if it is one of these operators or keywords."""
        token = self.next
        if token.kind in ("operator", "name") and token.text in texts:
            self.at += 1
            return token
        return None

    def expect(self, text: str) -> _Token:
        token = self.take(text)
        if token is None:
            error = self.unexpected(f"'{text}'")
            error.hint = error.hint or ("write low..high" if text == ".." else "")
            raise error
        return token

    def expect_end(self) -> None:
        if self.next.kind != "end":
            raise self.unexpected("an operator or the end of the expression")

    def unexpected(self, wanted: str) -> ExpressionError:
        token = self.next
        found = "the end" if token.kind == "end" else f"'{token.text}'"
        hint = WORDS.get(token.text, f"write '{token.text.lower()}'" if token.text.lower() in KEYWORDS else "")
        hint = hint if token.text not in KEYWORDS else ""
        return ExpressionError("E114", f"expected {wanted}, found {found}", token.offset, hint)

    def expression(self) -> Syntax:
        self.depth += 1
        if self.depth > DEEPEST_NESTING:
            raise ExpressionError("E115", "nested too deeply", self.next.offset)
        value = self.implication()
        if token := self.take("if"):
            condition = self.implication()
            self.expect("else")
            value = Apply("if", (condition, value, self.expression()), token.offset)
        self.depth -= 1
        return value

    def implication(self) -> Syntax:
        premises = [self.disjunction()]
        offsets = []
        while token := self.take("implies", "=>"):
            offsets.append(token.offset)
            premises.append(self.disjunction())
        value = premises.pop()
        for premise, offset in zip(reversed(premises), reversed(offsets), strict=True):
            value = Apply("implies", (premise, value), offset)
        return value

    def disjunction(self) -> Syntax:
        return self.chain("or", self.conjunction)

    def conjunction(self) -> Syntax:
        return self.chain("and", self.inversion)

    def chain(self, operator: str, operand: Callable[[], Syntax]) -> Syntax:
        parts: list[Syntax] = [operand()]
        offset = self.next.offset
        while self.take(operator):
            parts.append(operand())
        return parts[0] if len(parts) == 1 else Apply(operator, tuple(parts), offset)

    def inversion(self) -> Syntax:
        negations = []
        while token := self.take("not"):
            negations.append(token.offset)
        value = self.comparison()
        for offset in reversed(negations):
            value = Apply("not", (value,), offset)
        return value

    def comparison(self) -> Syntax:
        left = self.sum()
        if token := self.take("in"):
            return self.membership(left, token.offset)
        if self.next.text == "not" and self.tokens[self.at + 1].text == "in":
            token = self.expect("not")
            self.expect("in")
            return Apply("not", (self.membership(left, token.offset),), token.offset)
        parts: list[Syntax] = []
        while token := self.take("==", "!=", "<", "<=", ">", ">="):
            right = self.sum()
            parts.append(Apply(token.text, (left, right), token.offset))
            left = right
        if not parts:
            return left
        return parts[0] if len(parts) == 1 else Apply("and", tuple(parts), parts[0].offset)

    def membership(self, left: Syntax, offset: int) -> Syntax:
        if self.take("{"):
            members = self.arguments("}")
            return Apply("or", tuple(Apply("==", (left, member), offset) for member in members), offset)
        low = self.sum()
        if not self.take(".."):
            return Contains(left, low, offset)
        high = self.sum()
        return Apply("and", (Apply("<=", (low, left), offset), Apply("<=", (left, high), offset)), offset)

    def range(self) -> tuple[Syntax, Syntax]:
        low = self.sum()
        self.expect("..")
        return low, self.sum()

    def sum(self) -> Syntax:
        return self.left_to_right(self.term, "+", "-")

    def term(self) -> Syntax:
        return self.left_to_right(self.unary, "*", "//", "%", "/")

    def left_to_right(self, operand: Callable[[], Syntax], *operators: str) -> Syntax:
        value = operand()
        while token := self.take(*operators):
            right = operand()
            if token.text == "+" and isinstance(value, Apply) and value.operator == "+":
                value = Apply("+", (*value.arguments, right), value.offset)  # a long sum stays flat
            else:
                value = Apply(token.text, (value, right), token.offset)
        return value

    def unary(self) -> Syntax:
        signs = []
        while token := self.take("-"):
            signs.append(token.offset)
        value = self.part()
        for offset in reversed(signs):
            value = Apply("neg", (value,), offset)
        return value

    def part(self) -> Syntax:
        value = self.atom()
        while token := self.take("[", "."):
            if token.text == "[":
                arguments = self.arguments("]")
                if isinstance(value, Name):
                    value = Index(value.text, arguments, value.offset)
                else:
                    value = Part(value, "", arguments, token.offset)
            elif self.next.kind == "name":
                fields, at = self.next.text, self.next.offset
                self.at += 1
                for field in fields.split("."):
                    value = Part(value, field, (), at)
                    at += len(field) + 1
            else:
                raise self.unexpected("the name of a field")
        return value

    def arguments(self, closing: str) -> tuple[Syntax, ...]:
        found = [self.expression()]
        while self.take(","):
            found.append(self.expression())
        self.expect(closing)
        return tuple(found)

    def atom(self) -> Syntax:
        token = self.next
        if token.kind == "number":
            self.at += 1
            return Number(Fraction(token.text) if "." in token.text else int(token.text), token.offset)
        if token.kind == "name":
            return self.named(token)
        if self.take("("):
            value = self.expression()
            self.expect(")")
            return value
        if self.take("["):
            return Items(() if self.take("]") else self.arguments("]"), token.offset)
        if self.take("{"):
            return self.fields(token)
        raise self.unexpected("a value")

    def fields(self, token: _Token) -> Syntax:
        """A record or a map, after its opening brace."""
        words: list[str] = []
        values: list[Syntax] = []
        while not words or self.take(","):
            minus = "-" if self.take("-") else ""
            if self.next.kind not in ("name", "number") or self.tokens[self.at + 1].text != ":":
                raise self.unexpected("'field: value'")
            words.append(minus + self.next.text)
            self.at += 2
            values.append(self.expression())
        self.expect("}")
        return Fields(tuple(words), tuple(values), token.offset)

    def named(self, token: _Token) -> Syntax:
        if token.text in ("true", "false"):
            self.at += 1
            return Number(token.text == "true", token.offset)
        following = self.tokens[self.at + 1]
        if token.text in QUANTIFIERS and following.kind == "name" and following.text not in KEYWORDS:
            return self.quantified(token)
        if token.text in KEYWORDS:
            raise self.unexpected("a value")
        self.at += 1
        if self.take("("):
            return Call(token.text, self.arguments(")"), token.offset)
        return Name(token.text, token.offset)

    def quantified(self, token: _Token) -> Syntax:
        self.at += 1
        variable = self.next.text
        self.at += 1
        self.expect("in")
        start = self.next.offset
        if self.take("{"):
            over: Syntax = Items(self.arguments("}"), start, is_set=True)
        else:
            over = self.sum()
            if self.take(".."):
                high = self.sum()
                self.expect(":")
                return Quantified(token.text, variable, over, high, self.expression(), token.offset)
        self.expect(":")
        return QuantifiedOver(token.text, variable, over, self.expression(), token.offset)
