"""From a design as it is written to one without short forms: families and called flows written out.

Graphs, compilers, checks and simulator know only what is left then. Expanding is idempotent, and gives the same
object where there is nothing to expand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, cast

from .. import model
from ..errors import ModelError
from ..expressions import Resolver
from .indices import declare_constants
from .participants import expand_participants
from .several import flows_of, is_made, started
from .steps import Expansion, is_plain
from .timeouts import with_timeouts

__all__ = ["expand", "flows_of"]

Design = TypeVar("Design", bound=model.Design)


def expand(design: Design) -> Design:
    """The design with every family of steps or participants, every call of a flow and the timeout policy written out.

    Raises `ModelError` with all that is wrong in them.
    """
    if isinstance(design, model.Orchestration):
        return cast(Design, _expand_orchestration(design))
    if isinstance(design, model.Choreography):
        return cast(Design, expand_participants(design))
    return design


def _expand_orchestration(design: model.Orchestration) -> model.Orchestration:
    resolver = Resolver()
    design = with_timeouts(design, resolver)
    if resolver.problems:
        raise ModelError(resolver.problems)
    if is_plain(design.flow) and all(is_made(flow) for flow in design.flows.values()):
        return design
    expansion = Expansion(design, declare_constants(design.constants, resolver), resolver)
    flow = design.flow if is_plain(design.flow) else replace(design.flow, steps=expansion.steps_of(design.flow))
    flows = {}
    for name in started(design, resolver):
        own = design.flows[name]
        inside = replace(expansion, within=(name,), prefix=f"{name}.")
        flows[name] = replace(own, name=name, steps=inside.steps_of(own))
    if resolver.problems:
        raise ModelError(dict.fromkeys(resolver.problems))
    return replace(design, flow=flow, flows=flows)
