"""A state as people think of it: data, where the flows stand, who is at work, what is in the queues."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..expressions import references, show
from ..system import PlainAction, State, TransitionSystem, Variable
from .parts import Part, Parts, plain_name

_MARKS = {"attempt": "attempt", "owed": "to undo"}


@dataclass(frozen=True)
class Section:
    """A part of a state: a title and its lines."""

    title: str
    lines: tuple[str, ...]


def sections(parts: Parts, state: State) -> list[Section]:
    """Everything but the data, told; nothing where there is nothing to tell."""
    found = [*_flows(parts, state), *_handlers(parts, state), *_queues(parts, state), *_others(parts, state)]
    return [section for section in found if section.lines]


def data_that_matters(system: TransitionSystem, state: State, first: State, most: int) -> tuple[list[Variable], int]:
    """The declared variables to show first, in their order, and how many are left out.

    All where they are few; otherwise those that have changed, and those that enabled actions read, go first. Of a
    record, list or map one variable stands for all.
    """
    data = [variable for variable in system.variables if variable.role == "data"]
    declared: dict[str, Variable] = {}
    for variable in data:
        declared.setdefault(_whole_name(variable), variable)
    if len(declared) <= most:
        return list(declared.values()), 0
    changed = [v for v in data if state[system.positions[v.name]] != first[system.positions[v.name]]]
    read = {name for plain in system.plain[:2000] if _may(plain, state) for name in references(plain.action.guard)}
    ranked = [*changed, *(v for v in data if v.name in read), *data]
    kept = set(list(dict.fromkeys(map(_whole_name, ranked)))[:most])
    return [variable for name, variable in declared.items() if name in kept], len(declared) - len(kept)


def _whole_name(variable: Variable) -> str:
    return variable.name if variable.whole is None else variable.whole.name


def _may(plain: PlainAction, state: State) -> bool:
    return bool(not plain.action.parameters and plain.guard(state))


def written(system: TransitionSystem, state: State, variables: Iterable[Variable]) -> list[str]:
    """Values as `stock = 1`; of a part of a record, list or map, the whole."""
    return [f"{_whole_name(v)} = {_value(system, state, v)}" for v in variables]


def _value(system: TransitionSystem, state: State, variable: Variable) -> str:
    if variable.whole is not None:
        return system.show_whole(variable.whole, state)
    return show(state[system.positions[variable.name]], variable.type)


def _flows(parts: Parts, state: State) -> list[Section]:
    flows = [part for part in parts.by_name.values() if part.kind == "flow"]
    found = []
    for flow in flows:
        several = len({f.instance for f in flows}) > 1
        title = f"{flow.subject} #{flow.instance}" if several else flow.subject
        lines = [parts.shown(flow.variable, state)]
        if steps := _steps(parts, state, flow):
            lines.append(", ".join(steps))
        found.append(Section(title, (": ".join(lines),)))
    return found


def _steps(parts: Parts, state: State, flow: Part) -> list[str]:
    """Each step of a flow that is not just waiting, with its attempt and that it is still to be undone."""
    notes: dict[str, list[str]] = {}
    for part in parts.by_name.values():
        if part.instance != flow.instance or part.kind not in _MARKS:
            continue
        value = parts.shown(part.variable, state)
        if part.kind == "attempt" and value != "1":
            notes.setdefault(part.subject, []).append(f"attempt {value}")
        if part.kind == "owed" and value != "0" and parts.shown(flow.variable, state) == "aborting":
            notes.setdefault(part.subject, []).append("to undo")
    told = []
    waiting = 0
    for part in parts.by_name.values():
        if part.kind != "step" or part.instance != flow.instance:
            continue
        status = parts.shown(part.variable, state)
        if status == "waiting":
            waiting += 1
            continue
        note = f" ({', '.join(notes[part.subject])})" if part.subject in notes else ""
        told.append(f"{part.subject} {status}{note}")
    tokens = [
        f"{part.subject} has led to {part.target}"
        for part in parts.by_name.values()
        if part.kind == "token" and part.instance == flow.instance and parts.shown(part.variable, state) == "true"
    ]
    return [*told, *tokens, *([f"{waiting} waiting"] if waiting else [])]


def _handlers(parts: Parts, state: State) -> list[Section]:
    busy = []
    for part in parts.by_name.values():
        if part.kind != "handler" or (status := parts.shown(part.variable, state)) in ("idle", "waiting"):
            continue
        suffix = part.variable.name.removeprefix(plain_name(part.variable))
        payload = [
            f"{other.target.removeprefix('event.')} = {parts.shown(other.variable, state)}"
            for other in parts.by_name.values()
            if other.kind == "payload" and other.subject == part.subject and other.instance == part.instance
        ]
        about = f" ({', '.join(payload)})" if payload and status in ("running", "retrying") else ""
        busy.append(f"{part.subject}{' ' + suffix if suffix else ''} {status}{about}")
    return [Section("at work", tuple(busy))]


def _queues(parts: Parts, state: State) -> list[Section]:
    lines = [
        f"{queue}: {', '.join(map(str, messages))}"
        for queue in parts.queues
        if (messages := parts.messages(queue, state))
    ]
    return [Section("queues", tuple(lines))]


def _others(parts: Parts, state: State) -> list[Section]:
    published, written_, dead, others = list[str](), list[str](), list[str](), list[str]()
    for part in parts.by_name.values():
        is_so = parts.shown(part.variable, state)
        name = part.subject + (f" #{part.instance}" if part.variable.name.endswith(f"#{part.instance}") else "")
        if part.kind == "published" and is_so == "false":
            published.append(name)
        elif part.kind == "context" and is_so == "true":
            written_.append(name)
        elif part.kind == "dead letter" and is_so == "true":
            dead.append(name)
        elif part.kind == "other" and state[parts.system.positions[part.variable.name]] not in (
            part.variable.initial or ()
        ):
            others.append(f"{part.variable.name} = {is_so}")
    rows = (("to be published", published), ("context", written_), ("dead letters", dead), ("also", others))
    return [Section(title, (", ".join(names),)) for title, names in rows if names]
