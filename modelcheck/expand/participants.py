"""Families of participants written out: `worker[1]`, `worker[2]`, ..., each with a state of its own."""

from __future__ import annotations

from dataclasses import replace

from .. import model
from ..errors import ModelError, Problem, position_of
from ..expressions import Resolver, Scope
from .indices import copies, declare_constants, member_name, member_named


def expand_participants(design: model.Choreography) -> model.Choreography:
    """The design with each participant of a family by itself, and routes to all of them or to the one they name; the
    same object where there is nothing to write out. Raises `ModelError`."""
    named = [name for receivers in design.routes.values() for name in receivers if "[" in name]
    if not any(each.for_each for each in design.participants.values()) and set(named) <= set(design.participants):
        return design
    resolver = Resolver()
    constants = declare_constants(design.constants, resolver)
    members: dict[str, list[str]] = {}
    participants = {}
    for name, each in design.participants.items():
        taken = (*design.types, *design.variables, *each.variables)
        before = len(resolver.problems)
        found = copies(name, each.for_each, constants, resolver, taken) if each.for_each else [{}]
        if not found and len(resolver.problems) == before:
            message, hint = f"'{name}' has no copies: the range of its index is empty", "write i in 1..N"
            resolver.problems.append(Problem("E143", message, position_of(name), hint))
        members[name] = [member_name(name, values) for values in found]
        for full, values in zip(members[name], found, strict=True):
            origin = replace(each.origin, made=True, indices=values)
            participants[full] = replace(each, for_each=(), origin=origin)
    routes = {
        routed: tuple(dict.fromkeys(full for name in names for full in _receivers(name, members, constants, resolver)))
        for routed, names in design.routes.items()
    }
    if resolver.problems:
        raise ModelError(dict.fromkeys(resolver.problems))
    return replace(design, participants=participants, routes=routes)


def _receivers(name: str, members: dict[str, list[str]], constants: Scope, resolver: Resolver) -> list[str]:
    """The participants that a route names: all of a family, or the member `worker[N]`."""
    if "[" not in name:
        return members.get(name, [name])  # What is unknown is said by who checks the structure.
    found = member_named(name, constants, resolver, "participant")
    if found is None:
        return []
    family, key = found
    full = f"{family}[{','.join(map(str, key))}]"
    known = members.get(family, [])
    if full not in known:
        hint = f"there is {known[0]} to {known[-1]}" if known and "[" in known[0] else "it is no family"
        resolver.problems.append(
            Problem("E233", f"there is no participant '{full}'", position_of(name), hint, unknown=family)
        )
    return [each for each in known if each == full]
