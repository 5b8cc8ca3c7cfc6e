"""XML from strangers: elements with their places, and nothing that a document could do to its reader.

A document type declaration is refused at its first character: without one there are no entities of its own, so nothing
is expanded, and nothing outside of the file is ever fetched. Size, depth and number of elements have limits.

Comments that hold `--` are not legal XML, but tools write them (command lines, for one). So comments are blanked out
before the text is parsed, character by character, so that lines and columns stay what they are.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from ..errors import Located, ModelError, Position, Problem
from ..source import DEEPEST, MOST_BYTES, MOST_VALUES, read_bytes

# Comments, and what may look as if it held one.
_COMMENT = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>", re.DOTALL)
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ENCODINGS = frozenset({"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252", "utf-16"})


@dataclass
class Element:
    """An element: its name without namespace, its attributes, the text directly in it, and the elements in it."""

    name: str
    position: Position
    attributes: dict[str, Located]
    children: list[Element] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> Located:
        """The text directly in it, without the space around."""
        return Located("".join(self.pieces).strip(), self.position)

    def all(self, *names: str) -> Iterator[Element]:
        """The elements directly in it that have one of these names."""
        return (child for child in self.children if child.name in names)

    def first(self, name: str) -> Element | None:
        """The first element directly in it of this name."""
        return next(self.all(name), None)


def read_xml(path: str | Path) -> Element:
    """The root element of a file; raises `ModelError` (E001, E002, E003, E008, E009, E040, E041)."""
    name = str(path)
    return parse_xml(_decoded(read_bytes(path), name), name)


def parse_xml(text: str, file: str) -> Element:
    """The root element of a text; see `read_xml`."""
    if len(text) > MOST_BYTES:
        raise ModelError([Problem("E002", f"'{file}' is larger than {MOST_BYTES:,} bytes")])
    return _Builder(without_comments(text), file).root()


def without_comments(text: str) -> str:
    """The text with spaces in the place of comments, legal or not; line breaks stay."""
    return _COMMENT.sub(lambda found: _blank(found[0]) if found[0].startswith("<!--") else found[0], text)


def _blank(comment: str) -> str:
    return re.sub(r"[^\r\n]", " ", comment)


def _decoded(content: bytes, file: str) -> str:
    declared = _DECLARED.match(content)
    encoding = declared[1].decode() if declared else "utf-8"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif content.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    hint = "save the file as UTF-8"
    try:
        known = codecs.lookup(encoding).name.removesuffix("-sig") in _ENCODINGS
    except LookupError:
        known = False
    if not known:
        raise ModelError([Problem("E003", f"the encoding '{encoding}' is not supported", Position(file, 1, 1), hint)])
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("latin-1").split("\n")
        place = Position(file, len(before), len(before[-1]) + 1)
        message = f"byte 0x{content[error.start]:02x} is not {encoding.upper().removesuffix('-SIG')}"
        raise ModelError([Problem("E003", message, place, hint)]) from None


class _Builder:
    """Builds the tree from the parser's events, which are flat: neither depth nor size can run away unseen."""

    def __init__(self, text: str, file: str):
        self.text, self.file, self.lines = text, file, text.splitlines()
        self.open: list[Element] = []
        self.found: Element | None = None
        self.count = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data

    def root(self) -> Element:
        try:
            self.parser.Parse(self.text, True)
        except expat.ExpatError as error:
            place = self.place(error.lineno, error.offset)
            raise ModelError([Problem("E040", f"not XML: {expat.ErrorString(error.code)}", place)]) from None
        assert self.found is not None  # Without a root there was an error.
        return self.found

    def place(self, line: int, column: int) -> Position:
        return Position(self.file, line, column + 1, self.lines[line - 1] if line <= len(self.lines) else "")

    def here(self) -> Position:
        return self.place(self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber)

    def refuse_doctype(self, *_: object) -> None:
        message = "document type declarations are refused: with them a small file can mean gigabytes, or fetch others"
        raise ModelError([Problem("E041", message, self.here(), "remove '<!DOCTYPE ...>'")])

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        place = self.here()
        if self.count > MOST_VALUES:
            raise ModelError([Problem("E009", f"more than {MOST_VALUES:,} elements", place)])
        if len(self.open) >= DEEPEST:
            raise ModelError([Problem("E008", f"nested more than {DEEPEST} levels deep", place)])
        located = {key.rpartition(" ")[2]: Located(value, place) for key, value in attributes.items()}
        element = Element(name.rpartition(" ")[2], place, located)
        if self.open:
            self.open[-1].children.append(element)
        self.found = self.found or element
        self.open.append(element)

    def end(self, _name: str) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        self.open[-1].pieces.append(text)
