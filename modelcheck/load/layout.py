"""Plain values to YAML as a person would have written it: block style outside, `{...}` for what is short.

Whether a text needs quotes is not decided by YAML's rules but by reading it: it is quoted where our own reader would
take it for something else.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from functools import lru_cache

from ..errors import ModelError
from ..source import Node, read_text
from .writing import Written

WIDTH = 110
# How many single values stand on one line in mappings of 1, 2 and 3 levels.
MOST_ON_A_LINE = {1: 8, 2: 6, 3: 4}

# What reads back as itself everywhere, if its parentheses are in pairs.
_HARMLESS = re.compile(r"[A-Za-z0-9_(][\w.%+*/=<>()-]*( [\w.%+*/=<>()-]+)*\Z", re.ASCII)


def yaml_text(tree: Mapping[str, Written]) -> str:
    """The text of a whole file; what goes over several lines stands between empty lines."""
    blocks: list[list[str]] = []
    for key, value in tree.items():
        lines = list(_entry(key, value, 0, _is_short_section(value)))
        if blocks and len(lines) == len(blocks[-1]) == 1:
            blocks[-1][0] += f"\n{lines[0]}"
        else:
            blocks.append(lines)
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _is_short_section(value: Written) -> bool:
    """At the top only plain lists and a few plain values stand on one line."""
    return _height(value) <= 1 and _size(value) <= 4


def _entry(key: str, value: Written, indent: int, short: bool | None = None) -> Iterator[str]:
    """The lines of `key: value`."""
    start = f"{' ' * indent}{_quoted(key, 'block key')}:"
    if isinstance(value, str):
        yield from _scalar(start, value, indent)
        return
    line = f"{start} {one_line(value)}"
    if not value or (_fits(line, value) if short is None else short and len(line) <= WIDTH):
        yield line
        return
    yield start
    if isinstance(value, dict):
        for inner, each in value.items():
            yield from _entry(inner, each, indent + 2)
    else:
        for each in value:
            yield from _item(each, indent + 2)


def _item(value: Written, indent: int) -> Iterator[str]:
    """The lines of one item of a list."""
    start = f"{' ' * indent}-"
    if isinstance(value, str):
        yield from _scalar(start, value, indent)
    elif not value or not isinstance(value, dict) or _fits(f"{start} {one_line(value)}", value):
        yield f"{start} {one_line(value)}"
    else:
        lines = [line for inner, each in value.items() for line in _entry(inner, each, indent + 2)]
        yield f"{start} {lines[0].lstrip()}"
        yield from lines[1:]


def _fits(line: str, value: Written) -> bool:
    return len(line) <= WIDTH and _size(value) <= MOST_ON_A_LINE.get(_height(value), 0)


def _size(value: Written) -> int:
    if isinstance(value, str):
        return 1
    return sum(_size(each) for each in (value.values() if isinstance(value, dict) else value))


def _height(value: Written) -> int:
    if isinstance(value, str):
        return 0
    return 1 + max((_height(each) for each in (value.values() if isinstance(value, dict) else value)), default=0)


def one_line(value: Written) -> str:
    """A value on one line."""
    if isinstance(value, str):
        return _quoted(value, "item")
    if isinstance(value, list):
        return f"[{', '.join(one_line(each) for each in value)}]"
    return f"{{{', '.join(_flow_entry(key, each) for key, each in value.items())}}}"


def _flow_entry(key: str, value: Written) -> str:
    text = _quoted(value, "value") if isinstance(value, str) else one_line(value)
    return f"{_quoted(key, 'key')}: {text}" if value != "" else _quoted(key, "item")


def _scalar(start: str, text: str, indent: int) -> Iterator[str]:
    """A single value after `start`: on its line, or folded below it where the line would be too long."""
    line = f"{start} {_quoted(text, 'block value')}".rstrip()
    folded = _folded(text, indent + 2) if len(line) > WIDTH or "\n" in text else []
    if folded:
        yield f"{start} {folded[0]}"
        yield from folded[1:]
    else:
        yield line


def _folded(text: str, indent: int) -> list[str]:
    """The lines of a folded (or, with line breaks of its own, literal) text, where it reads back as it was."""
    margin = " " * indent
    if "\n" in text:
        rows, mark = text.split("\n"), "|-"
    else:
        rows, mark = textwrap.wrap(text, WIDTH - indent, break_long_words=False, break_on_hyphens=False), ">-"
    lines = [mark, *(margin + row if row else "" for row in rows)]
    expected: dict[str, str] = {"k": text}
    return lines if _read("k: " + "\n".join(lines) + "\n") == expected else []


# The places where a text can stand, in `{...}` and `[...]` and outside of them: `@` stands for the text.
_PLACES = {"block key": "@: x", "block value": "k: @", "key": "{@: x}", "value": "{k: @, x: y}", "item": "[@, x]"}


@lru_cache(maxsize=10_000)
def _quoted(text: str, place: str) -> str:
    """A text as it can stand in a place: plain where it reads back as itself, else in quotes."""
    if (_HARMLESS.match(text) and text.count("(") == text.count(")")) or _is_plain(text, place):
        return text
    if text.isprintable() and ('"' in text or "\\" in text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _is_plain(text: str, place: str) -> bool:
    """Whether a text without quotes reads back as itself."""
    if not text.isprintable() or "@" in text[:1]:
        return False
    value = _read(_PLACES[place].replace("@", text))
    expected: dict[str, object] = {
        "block key": {text: "x"}, "key": {text: "x"}, "block value": {"k": text}, "value": {"k": text, "x": "y"},
        "item": [text, "x"],
    }  # fmt: skip
    return value == expected[place]


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _read(text: str) -> Node | None:
    problems: list[object] = []
    try:
        value = read_text(text, "", problems)  # type: ignore[arg-type]  # only whether there are any matters
    except ModelError:
        return None
    return None if problems else value
