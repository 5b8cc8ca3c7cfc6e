"""Paths through families, `worker[i].busy`: how they are written, and which names have their form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

from .scope import Scope
from .syntax import Index, Part, Syntax

Meaning = TypeVar("Meaning")
Key = tuple[int, ...]
_NUMBER = r"(-?\d+)"


def root_of(syntax: Syntax) -> Syntax:
    """What a part is a part of, in the end."""
    while isinstance(syntax, Part):
        syntax = syntax.of
    return syntax


def is_path(syntax: Part, scope: Scope) -> bool:
    """Whether a part begins with a family that is no variable itself, such as that of a participant."""
    root = root_of(syntax)
    return isinstance(root, Index) and root.name not in scope.names and root.name not in scope.families


def pieces(syntax: Syntax) -> tuple[list[tuple[str, int]], list[Syntax]]:
    """The texts of a path, each with how many indices follow it, and these indices."""
    if isinstance(syntax, Index):
        return [(syntax.name, len(syntax.arguments))], list(syntax.arguments)
    assert isinstance(syntax, Part)
    found, arguments = pieces(syntax.of)
    if syntax.field:
        return [*found, (f".{syntax.field}", 0)], arguments
    text, count = found.pop()
    rest = [(text, len(syntax.arguments))] if not count else [(text, count), ("", len(syntax.arguments))]
    return [*found, *rest], [*arguments, *syntax.arguments]


def written(syntax: Syntax) -> str:
    """A path in short: `worker[...].busy`."""
    return "".join(f"{text}[...]" if count else text for text, count in pieces(syntax)[0])


def in_short(name: str, index: str = "[...]") -> str:
    """A name with its indices in another form: `worker[...].busy` for `worker[1].busy`."""
    return re.sub(r"\[[^]]*\]", index, name)


def filled(syntax: Syntax, indices: Sequence[int]) -> str:
    """The name that a path stands for where its indices have these values: `worker[1].busy`."""
    rest = list(map(str, indices))
    name = ""
    for text, count in pieces(syntax)[0]:
        name += f"{text}[{','.join(rest[:count])}]" if count else text
        rest = rest[count:]
    return name


def members_of(
    syntax: Syntax, names: Mapping[str, Meaning], families: Mapping[str, Mapping[Key, Meaning]]
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
