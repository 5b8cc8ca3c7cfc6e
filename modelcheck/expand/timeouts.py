"""The timeout policy: steps get its timeout, and what a timeout hides.

`nothing`: the work was not done. `success`: it was done, and nobody heard of it. `either`: both can happen, and the
coordinator cannot tell which; then a timeout has a second way to end, `HIDDEN`, which it hears of as `timeout`.
"""

from __future__ import annotations

from dataclasses import replace

from .. import model
from ..errors import Problem, position_of
from ..expressions import Resolver

HIDDEN = "timeout, done"


def heard(outcome: str) -> str:
    """The outcome as the coordinator hears of it."""
    return "timeout" if outcome == HIDDEN else outcome


def with_timeouts(design: model.Orchestration, resolver: Resolver) -> model.Orchestration:
    """The design with its timeout policy written into its steps; the same object where it has none."""
    policy = design.policies.timeout
    if policy == model.TimeoutPolicy():
        return design

    def applied(flow: model.Flow) -> model.Flow:
        return replace(flow, steps={name: _applied(name, each, design, resolver) for name, each in flow.steps.items()})

    flows = {name: applied(flow) for name, flow in design.flows.items()}
    policies = replace(design.policies, timeout=model.TimeoutPolicy())
    return replace(design, flow=applied(design.flow), flows=flows, policies=policies)


def _applied(name: str, step: model.Step, design: model.Orchestration, resolver: Resolver) -> model.Step:
    policy = design.policies.timeout
    if step.flow is not None:
        return step
    if step.timeout is None and policy.after is not None:
        step = replace(step, timeout=policy.after)
    possible = "timeout" in model.outcome_names(step, design.services.get(step.service or ""))
    if not possible or "timeout" in step.outcomes or policy.hides == "nothing":
        return step
    if step.modifies:
        message = f"nobody knows what a timeout of '{name}' hides: the step's effect is known only by 'ensures'"
        hint = "say the effect of a timeout: outcomes: {timeout: ...}"
        resolver.problems.append(Problem("E232", message, position_of(name), hint))
    if policy.hides == "success":
        done = step.effect or step.outcomes.get("ok", {})
        step = replace(step, outcomes={**step.outcomes, "timeout": done})
    return replace(step, origin=replace(step.origin, hides=policy.hides, hidden=policy.hidden))
