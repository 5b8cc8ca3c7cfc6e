"""The tables of the loader, as tables for people: every mapping with its keys, every word with its meaning."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..load import KINDS, reader_of
from ..load.layout import one_line
from ..load.reader import Key, Reader
from ..load.writing import CannotWrite, default_of


@dataclass
class Mappings:
    """Mappings that describe one kind of thing ("a step"), with all keys that any of them has."""

    kind: str
    fills: type | None
    keys: dict[str, Key] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return re.sub(r"^(a|an|the|this) ", "", self.kind)


def all_mappings() -> list[Mappings]:
    """Every mapping of the language once, in the order of the tables; those of whole files first of their kind."""
    found: dict[str, Mappings] = {}
    for name in KINDS:
        for reader in _records(reader_of(name)):
            about = reader.about
            here = found.setdefault(about.kind, Mappings(about.kind, about.fills))
            here.fills = here.fills or about.fills
            here.keys |= {key: entry for key, entry in about.keys.items() if key not in here.keys}
            if name not in here.models:
                here.models.append(name)
    return list(found.values())


def _records(reader: Reader) -> Iterator[Reader]:
    """A reader's mappings, each before those in it."""
    if reader.about.keys:
        yield reader
    for part in (*reader.about.parts, *(entry.reader for entry in reader.about.keys.values())):
        yield from _records(part)


def words_of(reader: Reader) -> dict[str, str]:
    """The words that a value may be, with their meanings; not those of mappings in it."""
    words = dict(reader.about.words)
    for part in reader.about.parts:
        words |= words_of(part)
    return words


def render(mappings: Mappings, told: dict[tuple[tuple[str, str], ...], str]) -> Iterator[str]:
    """The section of one kind of mapping; `told` remembers where words were explained already."""
    yield f"### {mappings.title}"
    yield ""
    yield "| key | value | default | in Python | meaning |"
    yield "|---|---|---|---|---|"
    spellings = {id(entry): key for key, entry in reversed(list(mappings.keys.items()))}
    for key, entry in mappings.keys.items():
        meaning = entry.meaning
        if spellings[id(entry)] != key:
            meaning = f"another way to write `{spellings[id(entry)]}`"
        cells = (f"`{key}`", _value(entry.reader), _default(entry, key, mappings.fills), _field(entry, key, mappings))
        yield f"| {' | '.join(_cell(cell) for cell in (*cells, meaning))} |"
    yield ""
    for key, entry in mappings.keys.items():
        words = words_of(entry.reader)
        if not words or spellings[id(entry)] != key:
            continue
        place = told.setdefault(tuple(words.items()), f"`{key}` of [{mappings.title}](#{anchor(mappings.title)})")
        if place == f"`{key}` of [{mappings.title}](#{anchor(mappings.title)})":
            yield f"The words of `{key}`:"
            yield ""
            yield from (f"- `{word}`: {meaning}" for word, meaning in words.items())
        else:
            yield f"The words of `{key}` mean what they mean for {place}."
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# Single values that have a section of their own.
_LINKED = {
    "a formula": "a [formula](#formulas)",
    "a type": "a [type](#types)",
    "a delay": "a [delay](#times-and-probabilities)",
    "a duration": "a [duration](#times-and-probabilities)",
    "a probability": "a [probability](#times-and-probabilities)",
}


def _value(reader: Reader) -> str:
    """What a value may be, in words, with links to the mappings."""
    about = reader.about
    if about.keys:
        title = re.sub(r"^(a|an|the|this) ", "", about.kind)
        article = about.kind.removesuffix(title)
        return f"{article}[{title}](#{anchor(title)})"
    parts = [_value(part) for part in about.parts]
    if about.text.startswith("{0} or {1}"):  # Forms that read the same are one.
        return " or ".join(dict.fromkeys(parts))
    text = re.sub(r"\{(\d+)\}", lambda found: parts[int(found[1])], about.text)
    return _LINKED.get(text, text)


def anchor(title: str) -> str:
    """How a heading is linked to."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _default(entry: Key, key: str, fills: type | None) -> str:
    if entry.required:
        return "required"
    known = _fields(fills)
    name = entry.field or key
    value = default_of(known[name]) if name in known else None
    if value is None or value is dataclasses.MISSING or value in ("", (), {}):
        return ""
    try:
        text = one_line(entry.reader.write(value))
    except CannotWrite:
        return ""
    return "" if text == "{}" else f"`{text}`"


def _field(entry: Key, key: str, mappings: Mappings) -> str:
    name = entry.field or key
    if entry.python:
        return f"`{entry.python}`"
    if mappings.fills is not None and name in _fields(mappings.fills):
        return f"`{mappings.fills.__name__}.{name}`"
    return ""


def _fields(fills: type | None) -> Mapping[str, dataclasses.Field[object]]:
    if fills is None or not dataclasses.is_dataclass(fills):
        return {}
    return {each.name: each for each in dataclasses.fields(fills)}
