"""Which designs can be simulated at all."""

from __future__ import annotations

from .. import model
from ..errors import ModelError, Problem, position_of
from ..expand import expand, flows_of


def simulable(design: model.Model) -> model.Orchestration | model.Choreography:
    """The expanded design; raises `ModelError` where it has no durations, or something that no back end simulates."""
    if isinstance(design, model.System | model.Net):
        kind = "system of bare actions" if isinstance(design, model.System) else "net"
        message = f"'{design.name}' is a {kind}: nothing in it has a duration"
        hint = "simulate an orchestration or a choreography"
        raise ModelError([Problem("E404", message, position_of(design.name), hint)])
    design = expand(design)
    if isinstance(design, model.Orchestration):
        _check_possible(design)
    return design


def _check_possible(design: model.Orchestration) -> None:
    """Timeouts that hide one thing or the other with nobody knows which probability are not simulated: times without
    them would be wrong."""
    for each in flows_of(design).values():
        for step, declared in each.flow.steps.items():
            if declared.origin.hides == "either" and declared.origin.hidden is None:
                message = f"how often a timeout of '{step}' hides a success is not known, so it cannot be simulated"
                hint = "say how often: {hides: either, hidden: 30%}; or 'hides: nothing', or 'hides: success'"
                raise ModelError([Problem("E415", message, position_of(step), hint)])
