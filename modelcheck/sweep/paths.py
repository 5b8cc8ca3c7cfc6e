"""Places in a model by the keys of its text: `services.payment.workers`, `flow.steps.charge.retry.attempts`.

The tables of the loader say what stands where, and their readers read the value.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .. import model
from ..errors import Located, ModelError, Position, Problem, did_you_mean, position_of
from ..load import reader_of, with_constants
from ..load.delays import DELAY
from ..load.hints import key_hint
from ..load.reader import MISSING, Key, Problems, Reader
from ..load.values import FAILS, PROBABILITY
from ..load.writing import CannotWrite

Design = TypeVar("Design", bound=model.Design)
DEEPEST, MOST_PATHS = 8, 5_000
# What people vary, to be listed where nothing is like what was written.
_LIKELY = re.compile(r"^\w+$|\.(time|workers|fails|overhead|concurrency|capacity|publish|deliver|attempts)$")
# What says nothing about how long things take, and is not one value.
_NO_PARAMETERS = ("constants", "types", "properties", "observe", "expect", "states", "fairness", "description")


def with_value(design: Design, path: str, text: str) -> Design:
    """The design with another value for a constant or at a path, written as in a model's text.

    0 for a probability means that the outcome does not exist. Raises `ModelError`: there is no such place (E443), or
    what its reader says about the value.
    """
    problems: Problems = []
    located = text if isinstance(text, Located) else Located(text, Position(f"parameter {path}", 1, 1, text))
    if path in design.constants:
        found: Design = with_constants(design, {path: located}, problems)
    else:
        where = Located(path, Position(f"parameter {path}", 1, 1, path))
        reader = reader_of(model.kind_of(design))  # type: ignore[arg-type]  # these are all the designs there are
        found = _Walk(design, where, located, problems).into(reader, design, path)
    if problems:
        raise ModelError(problems)
    return found


@dataclass(frozen=True)
class _Walk:
    """On the way to a place; what is wrong with the value is noted in `problems`."""

    design: model.Design
    path: Located
    text: Located
    problems: Problems

    def into(self, reader: Reader, value: Any, rest: str) -> Any:
        """The value with something else at `rest`, which is empty where it is to be replaced itself."""
        if not rest:
            return self.read(reader, value)
        if isinstance(value, model.Delay):
            return self.into_delay(value, rest)
        for form in _forms(reader):
            if form.about.keys and (form.about.fills is not None or dataclasses.is_dataclass(value)):
                return self.into_record(form, value, rest)
            if form.about.named:
                return self.into_mapping(form, value or {}, rest)
        raise self.unknown(rest, [])

    def into_record(self, reader: Reader, value: Any, rest: str) -> Any:
        """A dataclass with another value for one of its fields."""
        head, _, tail = rest.partition(".")
        entry = reader.about.keys.get(head)
        if entry is None:
            raise self.unknown(rest, list(reader.about.keys))
        kind = reader.about.fills if value is None else type(value)
        name = _field(entry, head, kind)
        if name is None or kind is None or (value is self.design and head in _NO_PARAMETERS):
            raise self.wrong(f"'{head}' cannot be varied")
        changed = {name: self.into(entry.reader, getattr(value, name, None), tail)}
        try:
            return replace(value, **changed) if value is not None else kind(**changed)
        except TypeError:
            raise self.wrong(f"there is no {reader.about.kind.removeprefix('the ')} that could be changed") from None

    def into_mapping(self, reader: Reader, value: Mapping[str, Any], rest: str) -> dict[str, Any]:
        """A mapping with another value for a name. New names may only be words of the language: outcomes."""
        item, names = reader.about.parts
        head = next((name for name in sorted(value, key=len, reverse=True) if f"{rest}.".startswith(f"{name}.")), None)
        if head is None:
            head = rest.partition(".")[0]
            if head not in names.about.words:
                raise self.unknown(rest, [*value, *names.about.words])
        found = self.into(item, value.get(head), rest[len(head) + 1 :])
        return {**{name: each for name, each in value.items() if name != head or found is not None}} | (
            {} if found is None else {head: found}
        )

    def into_delay(self, value: model.Delay, name: str) -> Any:
        """A delay with another parameter."""
        written = _written_delay(value)
        known = re.findall(r"(\w+)=", written)
        if known.count(name) != 1:
            hint = did_you_mean(name, known, "it is a constant: give it a whole value, such as 20ms")
            raise self.wrong(f"the delay {written} has no single '{name}'", hint)
        return self.read(DELAY, value, re.sub(rf"\b{name}=[^,()]+", lambda _: f"{name}={self.text}", written))

    def read(self, reader: Reader, value: Any, text: str = "") -> Any:
        """The value that the text means; the old one where it means none."""
        if reader in (PROBABILITY, FAILS) and re.fullmatch(r"0+(\.0*)?\s*%?", self.text.strip()):
            return {} if reader is FAILS else 0.0 if isinstance(value, float) and self.path.endswith(".fails") else None
        if any(form.about.keys or form.about.named for form in _forms(reader)[:1]) and len(_forms(reader)) == 1:
            raise self.wrong("this is a mapping of several values", f"name one of them: {self.path}.KEY")
        found = reader.read(
            Located(text, position_of(self.text) or Position("", 1, 1)) if text else self.text, self.problems
        )
        return value if found is MISSING else found

    def unknown(self, rest: str, known: list[str]) -> ModelError:
        """There is no such place: perhaps one that ends like it, or reads like it."""
        head = rest.partition(".")[0]
        places = [*self.design.constants, *paths_of(self.design)]
        before = self.path[: len(self.path) - len(rest)]
        whole = [place for place in places if place.endswith(f".{self.path}")]
        hint = f"did you mean '{whole[0]}'?" if whole else key_hint(head, known) if known else ""
        if not whole and "did you mean" in hint:
            hint = re.sub("'(.*)'", lambda found: f"'{before}{found[1]}{rest[len(head) :]}'", hint)
        elif not whole:
            likely = [place for place in places if _LIKELY.search(place)]
            hint = did_you_mean(self.path, places, otherwise=" ").strip() or did_you_mean(self.path, likely)
        return self.wrong(f"there is no '{before}{head}'", hint)

    def wrong(self, message: str, hint: str = "") -> ModelError:
        return ModelError([Problem("E443", f"{message} in '{self.design.name}'", self.path.position, hint)])


def _forms(reader: Reader) -> list[Reader]:
    """The reader, or the readers of the forms in which its value may be written."""
    about = reader.about
    if about.keys or about.named or not about.parts:
        return [reader]
    return [form for part in about.parts for form in _forms(part)]


def _field(entry: Key, key: str, kind: type | None) -> str | None:
    """The field of a dataclass that a key fills; None where it has none of that name."""
    name = entry.field or key
    known = {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
    return name if name in known else None


def _written_delay(value: model.Delay) -> str:
    try:
        return str(DELAY.write(value))
    except CannotWrite:
        return value.distribution


def paths_of(design: model.Design) -> list[str]:
    """The paths to single values of a model, of what stands in it and of what could."""
    found: list[str] = []

    def collect(reader: Reader, value: Any, path: str, depth: int) -> None:
        if len(found) > MOST_PATHS or depth > DEEPEST:
            return
        forms = _forms(reader)
        if path and any(not (form.about.keys or form.about.named) for form in forms):
            found.append(path)
        for name, inner, child in _children(forms, value):
            collect(inner, child, f"{path}.{name}" if path else name, depth + 1)

    collect(reader_of(model.kind_of(design)), design, "", 0)  # type: ignore[arg-type]
    outside = (*_NO_PARAMETERS, model.kind_of(design))  # type: ignore[arg-type]
    return [path for path in found if path.partition(".")[0] not in outside]


def _children(forms: list[Reader], value: Any) -> Iterator[tuple[str, Reader, Any]]:
    for form in forms:
        if form.about.named and isinstance(value, Mapping):
            yield from ((str(name), form.about.parts[0], each) for name, each in value.items())
        for key, entry in form.about.keys.items():
            if value is not None and (name := _field(entry, key, type(value))) is not None:
                yield key, entry.reader, getattr(value, name)
