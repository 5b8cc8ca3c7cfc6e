"""Paths through families, `worker[i].busy`: how they are written, and which names have their form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from .parse import Index, Path, Syntax

Meaning = TypeVar("Meaning")
Key = tuple[int, ...]
_NUMBER = r"(-?\d+)"


def pieces(syntax: Index | Path) -> tuple[list[tuple[str, int]], list[Syntax]]:
    """The texts of a path, each with how many indices follow it, and these indices."""
    if isinstance(syntax, Index):
        return [(syntax.name, len(syntax.arguments))], list(syntax.arguments)
    found, arguments = pieces(syntax.base)
    return [*found, (f".{syntax.field}", len(syntax.arguments))], [*arguments, *syntax.arguments]


def written(syntax: Index | Path) -> str:
    """A path in short: `worker[...].busy`."""
    return "".join(f"{text}[...]" if count else text for text, count in pieces(syntax)[0])


def filled(syntax: Index | Path, indices: Sequence[int]) -> str:
    """The name that a path stands for where its indices have these values: `worker[1].busy`."""
    rest = list(map(str, indices))
    name = ""
    for text, count in pieces(syntax)[0]:
        name += f"{text}[{','.join(rest[:count])}]" if count else text
        rest = rest[count:]
    return name


def members_of(
    syntax: Path, names: Mapping[str, Meaning], families: Mapping[str, Mapping[Key, Meaning]]
) -> dict[Key, Meaning]:
    """All that a path can mean, by the values of its indices: names like `worker[1].busy`, and members of families."""
    known = dict(names)
    for family, members in families.items():
        known |= {f"{family}[{','.join(map(str, key))}]": member for key, member in members.items()}
    form = re.compile("".join(re.escape(text) + _indices(count) for text, count in pieces(syntax)[0]) + r"\Z")
    found = {tuple(map(int, match.groups())): known[name] for name in known if (match := form.match(name))}
    return dict(sorted(found.items()))


def _indices(count: int) -> str:
    """The regular expression of so many indices."""
    return r"\[" + ",".join([_NUMBER] * count) + r"\]" if count else ""
