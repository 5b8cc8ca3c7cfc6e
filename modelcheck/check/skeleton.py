"""A model without the formulas of its behaviour: what is left to judge its properties by, where those are wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from .. import model
from ..compile import compile_model
from ..declare import declare_names, declare_variables
from ..errors import ModelError, Problem
from ..expressions import Resolver, Scope
from .properties import property_problems


def problems_of_properties(design: model.Model) -> list[Problem]:
    """What is wrong in the properties of a model that cannot be compiled.

    Only formulas are judged, and in them only what does not depend on the parts that are wrong.
    """
    scope = declare_names(design, Resolver())
    stated = {name: each for name, each in design.properties.items() if each.word != "before"}
    good = _whole(design.variables, scope)
    constants = {name: text for name, text in design.constants.items() if name in scope.names}
    types = {name: text for name, text in design.types.items() if name in scope.types}
    lost = {*design.constants, *design.variables, *design.types} - good.keys() - constants.keys() - types.keys()
    bare: model.Model
    match design:
        case model.Orchestration():
            flows = {name: _bare(flow) for name, flow in design.flows.items()}
            bare = model.Orchestration(name=design.name, variables=good, flow=_bare(design.flow), flows=flows)
        case model.Choreography():
            participants = {name: _silent(each, scope) for name, each in design.participants.items()}
            bare = model.Choreography(name=design.name, variables=good, participants=participants)
            lost |= {
                f"{name}.{variable}"
                for name, each in design.participants.items()
                for variable in each.variables.keys() - participants[name].variables.keys()
            }
        case model.System():
            bare = model.System(name=design.name, variables=good)
        case model.Net():
            places = dict.fromkeys(design.places, model.Place())
            still = dict.fromkeys(design.transitions, model.NetTransition())
            bare = model.Net(name=design.name, places=places, transitions=still)
    try:
        system = compile_model(replace(bare, constants=constants, types=types, properties=stated))
    except ModelError:
        return []
    return [
        each
        for each in property_problems(replace(design, properties=stated), system)
        if not _is_lost(each.unknown, lost)
    ]


def _is_lost(unknown: str, lost: set[str]) -> bool:
    """Whether a name is, or is a part of, one that could not be declared: `line.amount`, `worker[...].busy`."""
    words = re.sub(r"\[[^]]*\]", "", unknown).split(".")
    return any(".".join(words[:count]) in lost for count in range(1, len(words) + 1))


def _bare(flow: model.Flow) -> model.Flow:
    """A flow whose steps do nothing."""
    steps = {
        name: model.Step(for_each=step.for_each, flow=step.flow, origin=step.origin)
        for name, step in flow.steps.items()
    }
    return model.Flow(name=flow.name, steps=steps)


def _silent(participant: model.Participant, scope: Scope) -> model.Participant:
    """A participant that reacts to nothing."""
    return model.Participant(
        variables=_whole(participant.variables, scope),
        handlers=dict.fromkeys(participant.handlers, model.Handler()),
        for_each=participant.for_each,
        origin=participant.origin,
    )


def _whole(variables: Mapping[str, model.Variable], scope: Scope) -> dict[str, model.Variable]:
    """The variables whose declarations are right; their first values do not matter."""
    found = {}
    for name, declared in variables.items():
        for initial in (declared.initial, "any", "[]"):  # A list cannot begin with anything.
            one, resolver = replace(declared, initial=initial), Resolver()
            _, known = declare_variables({name: one}, scope, resolver)
            if not resolver.problems and name not in known.broken:
                found[name] = one
                break
    return found
