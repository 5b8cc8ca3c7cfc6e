"""modelcheck: a formal model checker and simulator for service designs.

    import modelcheck as mc
    report = mc.check("order_orchestration")      # a packaged model, a path, or a model built in Python
    mc.simulate("order_orchestration", jobs=10_000)
    mc.model.Orchestration(name=..., flow=...)    # models in Python, with the names of the text
    mc.sweep("order_orchestration", {"services.payment.workers": "1..8"}, workers=4)
    mc.compare("order_orchestration", "order_choreography")
    mc.explore("order_orchestration").choose(1).why_not("charge")

Names are imported when they are first used, so that `import modelcheck` costs next to nothing.
"""

from __future__ import annotations

import sys
from types import ModuleType

TYPE_CHECKING = False  # As in `typing`, which takes a third of the time that help takes.
if TYPE_CHECKING:
    from typing import Any

    from . import model as model
    from .api import (
        calibrate,
        check,
        compare,
        difference,
        explore,
        graph,
        load,
        outcomes,
        replicate,
        same_outcomes,
        scale,
        simulate,
        sweep,
        timeline,
        to_text,
        topologies,
    )
    from .engine.target import Limits
    from .errors import ModelError
    from .results import CheckReport, Finding, Result, Verdict

__version__ = "0.1.0"

_HOMES = {
    "calibrate": "api",
    "check": "api",
    "compare": "api",
    "difference": "api",
    "explore": "api",
    "graph": "api",
    "load": "api",
    "outcomes": "api",
    "replicate": "api",
    "same_outcomes": "api",
    "scale": "api",
    "simulate": "api",
    "sweep": "api",
    "timeline": "api",
    "to_text": "api",
    "topologies": "api",
    "CheckReport": "results",
    "Finding": "results",
    "Limits": "engine.target",
    "ModelError": "errors",
    "Result": "results",
    "Verdict": "results",
}

__all__ = [
    "CheckReport",
    "Finding",
    "Limits",
    "ModelError",
    "Result",
    "Verdict",
    "calibrate",
    "check",
    "compare",
    "difference",
    "explore",
    "graph",
    "load",
    "model",
    "outcomes",
    "replicate",
    "same_outcomes",
    "scale",
    "simulate",
    "sweep",
    "timeline",
    "to_text",
    "topologies",
]


class _Package(ModuleType):
    """The package as a module: verbs stay functions although packages of the same names hold their parts.

    Importing `modelcheck.check.run` would otherwise bind the package `check` over the function `check`.
    """

    def __getattr__(self, name: str) -> Any:
        from importlib import import_module

        if name == "model":  # The classes for building models in Python.
            return import_module(".model", __name__)
        if name not in _HOMES:
            raise AttributeError(f"module 'modelcheck' has no attribute '{name}'")
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *__all__})


sys.modules[__name__].__class__ = _Package
