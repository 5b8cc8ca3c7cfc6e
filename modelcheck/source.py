"""YAML text to plain values, each with its position; what the values mean is not known here.

Every scalar stays the text that was written: YAML's own guesses (`on`, `no`, `1:30`, `1e3`) never apply.
Only the structure is YAML's: mappings, lists, quotes and comments. Anchors, tags and several documents
are refused, so that a file of a few lines cannot mean gigabytes.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from .errors import Located, ModelError, Position, Problem, report

MOST_BYTES, MOST_VALUES, DEEPEST = 10_000_000, 500_000, 50

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# Also what turns the direction of writing: with it a text seems to mean something else (Boucher, Anderson 2021).
_CONTROL = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_HINTS = {
    "mapping values are not allowed here": "quote a value that contains ': '; check the indentation",
    "found character '\\t'": "indent with spaces, not with tabs",
    "cannot start any token": "quote a value that begins with this character",
    "expected ',' or '}'": "in {...} quote a value that contains one of { } [ ] , or ': '",
    "expected ',' or ']'": "in [...] quote a value that contains one of { } [ ] , or ': '",
    "could not find expected ':'": "write 'key: value'; check the indentation",
    "expected the end of a block": "check the indentation; quote a value that goes on after a closing quote or bracket",
}


_WORDS = {
    "scalar": "a value",
    "block end": "the end of a block",
    "stream end": "the end of the file",
    "block mapping start": "a mapping",
    "block sequence start": "a list",
}
_NO_TAGS, _NO_TAGS_HINT = "tags (words that begin with '!') are not in the language", "to negate write 'not'"


class Spoiled(Located):
    """A value with something wrong in its writing: noted already, and good for nothing."""


class LocatedMap(dict[Located, Any]):
    """A mapping in the order written, with the place where it begins."""

    position: Position


class LocatedList(list[Any]):
    """A list with the place where it begins."""

    position: Position


Event = Any  # PyYAML's types promise less than they hold
Mark = Any

Node = Located | LocatedMap | LocatedList


@dataclass(frozen=True, slots=True)
class SpreadPosition(Position):
    """The place of a text that is quoted or goes over several lines: its characters do not simply follow each other.

    `raw` is what stands in the file from the place `origin` on; `value` is what that means.
    """

    value: str = ""
    raw: str = ""
    origin: tuple[int, int] = (1, 1)
    lines: tuple[str, ...] = ()

    def shifted(self, columns: int) -> Position:
        """The place of the value's character number `columns`."""
        before = _LINE_BREAK.split(self.raw[: _raw_offset(self.value, self.raw, columns)])
        line, column = self.origin
        if len(before) > 1:
            line, column = line + len(before) - 1, 1
        return Position(self.file, line, column + len(before[-1]), self.lines[line - 1])


@dataclass(frozen=True, slots=True)
class JoinedPosition(Position):
    """The place of a text that was put together from several values: where in it each begins, and its place."""

    pieces: tuple[tuple[int, Position], ...] = ()

    def shifted(self, columns: int) -> Position:
        """The place of the character number `columns`, in the piece that it comes from, and of what follows."""
        if columns == 0 or not self.pieces:
            return self
        begun = [piece for piece in self.pieces if piece[0] <= columns] or self.pieces[:1]
        start, place = begun[-1]
        here = place.shifted(max(0, columns - start))
        rest = tuple((begin - columns, where) for begin, where in self.pieces if begin > columns)
        if not rest:
            return here
        return JoinedPosition(here.file, here.line, here.column, here.text, ((0, here), *rest))


def _raw_offset(value: str, raw: str, index: int) -> int:
    """Where the character `index` of a value stands in its raw text: each visible one is looked for in order."""
    start = raw.find("\n") + 1 if raw[:1] in ("|", ">") else 1 if raw[:1] in ("'", '"') else 0
    found = start - 1
    for character in value[: index + 1]:
        if not character.isspace():
            found = max(found, raw.find(character, found + 1))
    if index >= len(value.rstrip()) or value[index].isspace():
        return found + 1
    return max(found, start)


def read_bytes(path: str | Path) -> bytes:
    """What is in a file; raises `ModelError` where it cannot be read (E001) or is too large (E002)."""
    name = str(path)
    try:
        # Opening a pipe would wait for whoever writes to it, for ever.
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise OSError(0, "it is no ordinary file")
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelError([Problem("E001", f"cannot read '{name}': {reason.lower()}")]) from None
    if len(content) > MOST_BYTES:
        raise _too_large(name)
    return content


def read_file(path: str | Path, problems: list[Problem]) -> Node:
    """The values in a file; see `read_text`."""
    name, content = str(path), read_bytes(path)
    try:
        return read_text(content.decode("utf-8-sig"), name, problems)
    except UnicodeDecodeError as error:
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        place = _place_in(content.decode("utf-8", "replace"), len(content[: error.start].decode("utf-8")), name)
        raise ModelError([Problem("E003", message, place, "save the file as UTF-8")]) from None


def read_text(text: str, file: str, problems: list[Problem]) -> Node:
    """The values in a text. What can be read past is noted in `problems`; anything worse raises `ModelError`."""
    if len(text) > MOST_BYTES:
        raise _too_large(file)
    lines = tuple(_LINE_BREAK.split(text))
    if found := _CONTROL.search(text):
        place = _place_in(text, found.start(), file)
        raise ModelError([*problems, Problem("E004", _control_character(found), place)])
    return _Composer(text, file, lines, problems).document()


def _control_character(found: re.Match[str]) -> str:
    return f"control character U+{ord(found.group()):04X}"


def _place_in(text: str, index: int, file: str) -> Position:
    """The place of a character of a text that cannot be read any further; control characters are not repeated."""
    before = _LINE_BREAK.split(text[:index])
    line = _LINE_BREAK.split(text)[len(before) - 1]
    return Position(file, len(before), len(before[-1]) + 1, _CONTROL.sub("\ufffd", line))


def _is_plain(event: Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and not (event.style or event.tag or event.anchor)


def _too_large(file: str) -> ModelError:
    return ModelError([Problem("E002", f"'{file}' is larger than {MOST_BYTES:,} bytes")])


class _Composer:
    """Builds values from YAML's event stream, which is flat: neither depth nor size can run away unseen."""

    def __init__(self, text: str, file: str, lines: tuple[str, ...], problems: list[Problem]):
        self.text, self.file, self.lines, self.problems = text, file, lines, problems
        self.events: Iterator[Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self.waiting: list[Event] = []
        self.values = 0

    def next(self) -> Event:
        return self.waiting.pop(0) if self.waiting else next(self.events)

    def document(self) -> Node:
        try:
            self.next()  # the stream begins
            if isinstance(self.next(), yaml.StreamEndEvent):
                raise self.failure("E006", "there is nothing in this file", None)
            value = self.value(self.next(), 0)
            self.next()  # the document ends
            following = self.next()
            if not isinstance(following, yaml.StreamEndEvent):
                raise self.failure("E007", "a second document begins", following.start_mark, "one model a file")
        except yaml.MarkedYAMLError as error:
            raise self.syntax_error(error) from None
        return value

    def value(self, event: Event, depth: int) -> Node:
        self.values += 1
        if self.values > MOST_VALUES:
            raise self.failure("E009", f"more than {MOST_VALUES:,} values", event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            hint = "write the value out; a formula that begins with '*' must be quoted"
            raise self.failure("E010", f"aliases (*{event.anchor}) are not in the language", event.start_mark, hint)
        tagged = self.refuse_decorations(event)
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event)
            return Spoiled(value, value.position) if tagged else value
        if depth >= DEEPEST:
            raise self.failure("E008", f"nested more than {DEEPEST} levels deep", event.start_mark)
        if isinstance(event, yaml.SequenceStartEvent):
            items = self.sequence(event, depth)
            return Spoiled("", items.position) if tagged else items
        return self.mapping(event, depth)

    def refuse_decorations(self, event: Event) -> bool:
        """Notes an anchor, and a tag; whether there is a tag."""
        if event.anchor is not None:
            hint = "write values out where they are used"
            self.note("E010", f"anchors (&{event.anchor}) are not in the language", event.start_mark, hint)
        if event.tag is not None:
            self.note("E011", _NO_TAGS, event.start_mark, _NO_TAGS_HINT)
        return event.tag is not None

    def scalar(self, event: Event) -> Located:
        if found := _CONTROL.search(event.value):  # Written as an escape, in double quotes.
            self.note("E004", _control_character(found), event.start_mark, "names and texts are shown on terminals")
            return Spoiled(_CONTROL.sub("\ufffd", event.value), self.place(event.start_mark))
        start, end = event.start_mark, event.end_mark
        if event.style is None and event.tag is None and event.anchor is None and start.line == end.line:
            return Located(event.value, self.place(start))
        raw = self.text[start.index : end.index]
        spread = SpreadPosition(
            self.file, 1, 1, value=event.value, raw=raw, origin=(start.line + 1, start.column + 1), lines=self.lines
        )
        first = spread.shifted(0)
        return Located(event.value, replace(spread, line=first.line, column=first.column, text=first.text))

    def sequence(self, start: Event, depth: int) -> LocatedList:
        found = LocatedList()
        found.position = self.place(start.start_mark)
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            found.append(self.value(self.closed(event, 0) if start.flow_style else event, depth + 1))
        return found

    def mapping(self, start: Event, depth: int) -> LocatedMap:
        found = LocatedMap()
        found.position = self.place(start.start_mark)
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            key = self.value(event, depth + 1)
            if not isinstance(key, Located):
                raise self.failure("E013", "a key must be a word", event.start_mark, "quote the key")
            event = self.next()
            value = self.value(self.closed(event, 1) if start.flow_style else event, depth + 1)
            if key in found:
                first = next(known for known in found if known == key)
                message = f"'{key}' is already given in line {first.position.line}"
                report(self.problems, Problem("E012", message, key.position))
            else:
                found[key] = value
        return found

    def closed(self, event: Event, empty: int) -> Event:
        """Inside {...} and [...] YAML ends a value at every comma; here one in parentheses belongs to the value.

        What follows such a comma arrives as a value of its own: in a mapping as a key with `empty` = 1 empty values.
        """
        opened = event.value.count("(") - event.value.count(")") if _is_plain(event) else 0
        end = event.end_mark
        while opened > 0:
            following = [self.next() for _ in range(1 + empty)]
            piece = following[0]
            if not all(map(_is_plain, following)) or not piece.value or any(each.value for each in following[1:]):
                self.waiting = following
                break
            opened += piece.value.count("(") - piece.value.count(")")
            end = piece.end_mark
        if end is not event.end_mark:
            start = event.start_mark
            text = self.text[start.index : end.index]
            text = text if start.line == end.line else " ".join(text.split())
            event = yaml.ScalarEvent(None, None, (True, False), text, start, end)
        return event

    def place(self, mark: Mark) -> Position:
        text = self.lines[mark.line] if mark.line < len(self.lines) else ""
        return Position(self.file, mark.line + 1, mark.column + 1, text)

    def note(self, code: str, message: str, mark: Mark, hint: str = "") -> None:
        report(self.problems, Problem(code, message, self.place(mark) if mark else Position(self.file, 1, 1), hint))

    def failure(self, code: str, message: str, mark: Mark, hint: str = "") -> ModelError:
        self.note(code, message, mark, hint)
        return ModelError(self.problems)

    def syntax_error(self, error: yaml.MarkedYAMLError) -> ModelError:
        place = error.problem_mark or error.context_mark
        if error.context == "while scanning a tag":
            return self.failure("E011", _NO_TAGS, error.context_mark, _NO_TAGS_HINT)
        message = re.sub("'?<([a-z ]+)>'?", lambda found: _WORDS.get(found[1], found[1]), error.problem or "not YAML")
        hint = next((hint for pattern, hint in _HINTS.items() if pattern in message), "")
        if error.context_mark and "flow" in (error.context or ""):
            hint += f"; it begins in line {error.context_mark.line + 1}"
        return self.failure("E005", message, place, hint.removeprefix("; "))
