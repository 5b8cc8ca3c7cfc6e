"""Engines: how many flows each runs at once, over all flows and instances; the others wait to begin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from .. import model
from ..errors import position_of
from ..expand.several import engine_of, title_of
from ..expressions import compare, conjunction, integer, label, total
from ..system import Action, Claim
from .control import Control


def limits_of(flows: Mapping[str, model.Orchestration], instances: int) -> dict[str, int]:
    """The engines that have more flows than they run at once, with how many these are."""
    users = Counter(engine for each in flows.values() for engine in [engine_of(each)] if engine)
    found = {}
    for each in flows.values():
        for name, engine in each.engines.items():
            if engine.concurrency is not None and engine.concurrency < users[name] * instances:
                found[name] = engine.concurrency
    return found


def without_limits(flows: Mapping[str, model.Orchestration]) -> dict[str, int]:
    """The engines that have a limit, with one that they never reach in one instance."""
    engines = {engine_of(each): each.engines.get(engine_of(each) or "") for each in flows.values()}
    return {name: len(flows) for name, each in engines.items() if name and each and each.concurrency is not None}


def begin(control: Control, parts: list[Control], limits: Mapping[str, int]) -> Action:
    """A flow begins when its engine has room. What it requires is assumed at the start, and must hold still."""
    engine = engine_of(control.design) or ""
    busy = total(part.flow_is("running", "aborting") for part in parts if engine_of(part.design) == engine)
    guard = conjunction([control.flow_is("waiting"), compare("<", busy, integer(limits[engine]))])
    claims = []
    if control.instance.requires is not None:
        text, name = control.design.flow.requires, title_of(control.name)
        message = f"{name} requires {text}"
        claims.append(Claim("requires", name, control.instance.requires, message, position_of(text)))
    updates = {control.ref(control.flow).name: label("running", control.statuses)}
    what = f"begins {control.name}".strip()
    story = control.label_for("begin", text=f"{what} on {engine}")
    return control.action(f"begin {control.name}".strip(), guard, updates, story, claims)
