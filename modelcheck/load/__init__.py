"""Text to model: the only place that knows the file format.

The format is declared in tables (`design`, `orchestration`, `choreography`, `guarded`), from which the JSON schema
comes as well; `references` sees that names mean something. All problems of a file are reported at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import model
from ..errors import Located, ModelError, Position, Problem, did_you_mean, report
from ..source import LocatedList, LocatedMap, Node, read_file, read_text
from .choreography import CHOREOGRAPHY
from .delays import read_delay
from .guarded import SYSTEM
from .net import NET
from .orchestration import ORCHESTRATION
from .reader import MISSING, Json, Key, Problems, Reader, found, note, record, scalar
from .references import check_references
from .writing import Builds

__all__ = [
    "Partial",
    "json_schema",
    "load_file",
    "load_text",
    "read_delay",
    "reader_of",
    "schema_text",
    "with_constants",
]

KINDS: Mapping[str, tuple[Callable[..., Any], Mapping[str, Key]]] = {
    "orchestration": (model.Orchestration, ORCHESTRATION),
    "choreography": (model.Choreography, CHOREOGRAPHY),
    "system": (model.System, SYSTEM),
    "net": (model.Net, NET),
}
WRITTEN_LAST = ("properties", "expect", "states")
KINDS_TO_COME = ("hybrid", "saga", "event_sourcing", "cqrs")


_TITLE = scalar("the name of this design", lambda text, _: text, {"type": "string"})


def load_text(text: str, file: str = "<text>", constants: Mapping[str, str] | None = None) -> model.Model:
    """The model that a text describes; `constants` replace declared ones. Raises `ModelError` with all problems."""
    problems: Problems = []
    return _load(read_text(text, file, problems), constants or {}, problems)


def load_file(path: str | Path, constants: Mapping[str, str] | None = None) -> model.Model:
    """The model in a file; see `load_text`."""
    problems: Problems = []
    return _load(read_file(path, problems), constants or {}, problems)


def _load(document: Node, constants: Mapping[str, str], problems: Problems) -> model.Model:
    design = _read(document, problems)
    if design is not MISSING and isinstance(document, LocatedMap):
        check_references(design, document, problems)
        design = with_constants(design, constants, problems)
    if problems:
        whole = isinstance(design, model.Model)
        partial = Partial(design, _declared(document) - _present(design)) if whole else None
        raise ModelError(problems, partial=partial)
    assert isinstance(design, model.Design)
    return design  # type: ignore[return-value]  # these are all the designs there are


@dataclass(frozen=True)
class Partial:
    """What could be made of a file with mistakes; and the names that may be declared in what could not be read."""

    design: model.Model
    lost: frozenset[str]


_USES = frozenset(
    {"effect", "outcomes", "initial", "over", "modifies", "restores", "before", "leads_to", "publishes", "starts"}
)


def _declared(document: Node) -> frozenset[str]:
    """Every key of a file, and the items of its lists; but not where names are only used."""
    found: set[str] = set()
    pending: list[Node] = [document]
    while pending:
        node = pending.pop()
        if isinstance(node, LocatedList):
            pending += node
            found |= {item for item in node if isinstance(item, Located)}
        elif isinstance(node, LocatedMap):
            found |= set(node)
            pending += [value for key, value in node.items() if key not in _USES]
    return frozenset(found)


def _present(design: model.Model) -> frozenset[str]:
    """The names that could be read."""
    found: list[Mapping[str, object]] = [design.types, design.constants, design.variables]
    match design:
        case model.Orchestration():
            found += [design.services, design.coordinators, design.engines, design.flows]
            found += [flow.steps for flow in (design.flow, *design.flows.values())]
        case model.Choreography():
            found += [design.events, design.topics, design.channels, design.participants]
            found += [each.variables for each in design.participants.values()]
        case model.System():
            found += [design.actions]
        case model.Net():
            found += [design.places, design.transitions]
    return frozenset(name for names in found for name in names)


def _read(document: Node, problems: Problems) -> Any:
    if not isinstance(document, LocatedMap):
        hint = "begin with 'orchestration: name', 'choreography: name', 'system: name' or 'net: name'"
        return note(problems, "E022", f"expected a model as a mapping, found {found(document)}", document, hint)
    kinds = [key for key in document if key in KINDS or key in KINDS_TO_COME]
    if not kinds:
        first = next(iter(document), None)
        hint = did_you_mean(first or "", KINDS, otherwise=f"begin with one of: {', '.join(KINDS)}")
        return note(problems, "E031", "this does not say what kind of model it is", first or document, hint)
    if len(kinds) > 1:
        return note(problems, "E031", f"one model a file: this is '{kinds[0]}' already", kinds[1])
    if kinds[0] in KINDS_TO_COME:
        return note(problems, "E033", f"'{kinds[0]}' is not supported yet", kinds[0], f"there is: {', '.join(KINDS)}")
    return reader_of(kinds[0]).read(document, problems)


def _whole(kind: str) -> Reader:
    dataclass, keys = KINDS[kind]
    top = {kind: Key(_TITLE, "the name of this design", field="name", required=True), **keys}
    last = {key: top.pop(key) for key in WRITTEN_LAST}
    build = Builds(dataclass, lambda values, _node, _problems: {"name": "", **values})
    reader = record(f"this {kind}", {**top, **last}, build, partial=True)
    return _with_some_flow(reader) if kind == "orchestration" else reader


def _with_some_flow(reader: Reader) -> Reader:
    """An orchestration has a flow, or several by name."""

    def read(node: Node, problems: Problems) -> Any:
        if isinstance(node, LocatedMap) and "flow" not in node and "flows" not in node:
            note(problems, "E021", f"this orchestration needs 'flow': {ORCHESTRATION['flow'].meaning}", node)
        return reader.read(node, problems)

    some = [{"required": ["flow"]}, {"required": ["flows"]}]
    return replace(reader, read=read, schema={**reader.schema, "anyOf": some})


# All are read at the start, so that hints know what each key is a key of.
WHOLES: Mapping[str, Reader] = {kind: _whole(kind) for kind in KINDS}


def reader_of(kind: str) -> Reader:
    """The reader of a whole file of a kind."""
    return WHOLES[kind]


def with_constants(design: Any, constants: Mapping[str, str], problems: Problems) -> Any:
    """A model with other values for constants that it declares; notes those that it does not."""
    for name in constants:
        if name not in design.constants:
            hint = did_you_mean(name, design.constants) or "this model declares no constants"
            report(problems, Problem("E032", f"there is no constant '{name}' to set", hint=hint))
    values = {
        name: _given(name, constants[name]) if name in constants else text for name, text in design.constants.items()
    }
    if all(str(design.constants[name]) == str(value) for name, value in values.items()):
        return design
    # The number of states was counted for the constants that stand in the file.
    return replace(design, constants=values, states=None)


def _given(name: str, value: str) -> str:
    """A constant's value from outside, with a place that says so."""
    return Located(value, Position(f"constant {name}", 1, 1, value)) if isinstance(value, str) else value


def json_schema() -> Json:
    """The JSON schema of model files, for editors; generated from the tables of the format."""
    wholes = list(WHOLES.values())
    definitions = {name: each for reader in wholes for name, each in reader.definitions.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a modelcheck model",
        "oneOf": [reader.schema for reader in wholes],
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as it is kept beside the package's modules."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"
