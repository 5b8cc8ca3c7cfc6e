"""Syntax trees as text again, and their parts and how each counts: what a check of vacuity takes out and names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

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
)
from .text import LEVELS

Path = tuple[int, ...]


def written(node: Syntax) -> str:
    """The text of a syntax tree; what it is short for (`x in 1..3`) is written out."""
    match node:
        case Number(value):
            return str(value).lower()
        case Name(text):
            return text
        case Apply("if", (condition, then, otherwise)):
            return f"({written(then)} if {written(condition)} else {written(otherwise)})"
        case Apply("not" | "neg" as operator, (argument,)):
            return f"{'-' if operator == 'neg' else 'not '}{_inside(argument, operator)}"
        case Apply(operator, arguments):
            return f" {operator} ".join(_inside(argument, operator) for argument in arguments)
        case Index(name, arguments):
            return f"{name}[{_all(arguments)}]"
        case Call(name, arguments):
            return f"{name}({_all(arguments)})"
        case Part(of, field, arguments):
            return written(of) + (f".{field}" if field else f"[{_all(arguments)}]")
        case Quantified(kind, variable, low, high, body):
            return f"({kind} {variable} in {written(low)}..{written(high)}: {written(body)})"
        case QuantifiedOver(kind, variable, over, body):
            return f"({kind} {variable} in {written(over)}: {written(body)})"
        case Contains(item, within):
            return f"{written(item)} in {written(within)}"
        case Items(arguments, _, is_set):
            return f"{{{_all(arguments)}}}" if is_set else f"[{_all(arguments)}]"
        case Fields(words, arguments):
            pairs = zip(words, arguments, strict=True)
            return f"{{{', '.join(f'{word}: {written(argument)}' for word, argument in pairs)}}}"


def _all(arguments: tuple[Syntax, ...]) -> str:
    return ", ".join(map(written, arguments))


def _inside(node: Syntax, operator: str) -> str:
    """An argument, in parentheses where it binds no tighter than the operator that it stands under."""
    loose = isinstance(node, Apply) and node.operator != "if" and LEVELS[node.operator] <= LEVELS[operator]
    return f"({written(node)})" if loose else written(node)


def subformulas(node: Syntax, positive: bool = True, path: Path = ()) -> Iterator[tuple[Path, Syntax, bool]]:
    """The formulas that a formula is made of, the larger ones first: where each stands, and whether making it true more
    often makes the whole true more often (`positive`) or less often."""
    yield path, node, positive
    match node:
        case Apply("and" | "or", arguments):
            for number, argument in enumerate(arguments):
                yield from subformulas(argument, positive, (*path, number))
        case Apply("not", (argument,)):
            yield from subformulas(argument, not positive, (*path, 0))
        case Apply("implies", (premise, conclusion)):
            yield from subformulas(premise, not positive, (*path, 0))
            yield from subformulas(conclusion, positive, (*path, 1))
        case Quantified("forall" | "exists", _, _, _, body) | QuantifiedOver("forall" | "exists", _, _, body):
            yield from subformulas(body, positive, (*path, 0))


def with_part(node: Syntax, path: Path, part: Syntax) -> Syntax:
    """A formula with another one at a place that `subformulas` has named."""
    if not path:
        return part
    here, *rest = path
    match node:
        case Apply(_, arguments):
            inner = with_part(arguments[here], tuple(rest), part)
            return replace(node, arguments=(*arguments[:here], inner, *arguments[here + 1 :]))
        case Quantified() | QuantifiedOver():
            return replace(node, body=with_part(node.body, tuple(rest), part))
    raise ValueError("there is no formula at this place")
