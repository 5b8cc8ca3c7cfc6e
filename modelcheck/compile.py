"""From any model to its transition system."""

from __future__ import annotations

from . import model
from .system import TransitionSystem


def compile_model(design: model.Model) -> TransitionSystem:
    """The transition system of a model; raises `ModelError` with everything that is wrong in its formulas."""
    match design:
        case model.Orchestration():
            from .orchestration import compile_orchestration

            return compile_orchestration(design)
        case model.Choreography():
            from .choreography import compile_choreography

            return compile_choreography(design)
        case model.System():
            from .guarded import compile_system

            return compile_system(design)
        case model.Net():
            from .net import compile_net

            return compile_net(design)
