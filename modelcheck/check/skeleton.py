"""A model without the formulas of its behaviour: what is left to judge its properties by, where those are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .. import model
from ..compile import compile_model
from ..declare import declare_constants, declare_variables
from ..errors import ModelError, Problem
from ..expressions import Resolver, Scope
from .properties import property_problems


def problems_of_properties(design: model.Model) -> list[Problem]:
    """What is wrong in the properties of a model that cannot be compiled.

    Only formulas are judged, and in them only what does not depend on the parts that are wrong.
    """
    scope = declare_constants(design.constants, Resolver())
    stated = {name: each for name, each in design.properties.items() if each.word != "before"}
    good = _whole(design.variables, scope)
    constants = {name: text for name, text in design.constants.items() if name in scope.names}
    bare: model.Model
    match design:
        case model.Orchestration():
            steps = {name: model.Step() for name in design.flow.steps}
            flow = model.Flow(name=design.flow.name, steps=steps)
            bare = model.Orchestration(name=design.name, variables=good, flow=flow)
        case model.Choreography():
            participants = {
                name: model.Participant(
                    variables=_whole(each.variables, scope), handlers=dict.fromkeys(each.handlers, model.Handler())
                )
                for name, each in design.participants.items()
            }
            bare = model.Choreography(name=design.name, variables=good, participants=participants)
        case model.System():
            bare = model.System(name=design.name, variables=good)
    try:
        system = compile_model(replace(bare, constants=constants, properties=stated))
    except ModelError:
        return []
    lost = {*design.constants, *design.variables} - good.keys() - constants.keys()
    return [each for each in property_problems(replace(design, properties=stated), system) if each.unknown not in lost]


def _whole(variables: Mapping[str, model.Variable], scope: Scope) -> dict[str, model.Variable]:
    """The variables whose declarations are right; their first values do not matter."""
    found = {}
    for name, declared in variables.items():
        resolver = Resolver()
        _, known = declare_variables({name: replace(declared, initial="any")}, scope, resolver)
        if not resolver.problems and name not in known.broken:
            found[name] = replace(declared, initial="any")
    return found
