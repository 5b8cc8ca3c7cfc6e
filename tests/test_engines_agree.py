"""Engines check each other, over generated designs: search, z3 and simulation run the same system.

And each engine is broken on purpose, to see that these tests would notice.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from generated import choreographies, orchestrations
from modelcheck.compile import compile_model
from modelcheck.engine.bounded import bounded
from modelcheck.engine.search import search
from modelcheck.engine.target import Answer, Limits, Target
from modelcheck.model import Choreography, Orchestration
from modelcheck.system import ReplayError, Trace, TransitionSystem, replay

SMALL = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
DEPTH = 5


def targets_of(system: TransitionSystem) -> list[Target]:
    """Every claim that some action makes, being stuck, and having finished."""
    names = {(claim.kind, claim.name) for action in system.actions for claim in action.claims}
    claims = [Target(f"{kind} {name}", claims=frozenset({(kind, name)})) for kind, name in sorted(names)]
    division = Target("division", claims=frozenset({("division", "*")}))
    return [*claims, division, Target("stuck", stuck=True), Target("finished", state=system.finished)]


def agree(system: TransitionSystem) -> Iterator[str]:
    """What the two engines say differently, up to the depth that both have seen."""
    targets = targets_of(system)
    searched = search(system, targets, Limits())
    unrolled = bounded(system, targets, Limits(depth=DEPTH, seconds=60))
    for target in targets:
        here, there = searched.traces.get(target.name), unrolled.traces.get(target.name)
        if there is not None and (here is None or len(here) != len(there)):
            yield f"{target.name}: search {here and len(here)}, z3 {len(there)}"
        if here is not None and there is None and (unrolled.complete or len(here) <= unrolled.depth):
            yield f"{target.name}: search {len(here)}, z3 nothing up to {unrolled.depth}"


@SMALL
@given(orchestrations())
def test_search_and_z3_agree_on_orchestrations(design: Orchestration) -> None:
    assert list(agree(compile_model(design))) == []


@settings(parent=SMALL, max_examples=8)
@given(orchestrations(instances=2))
def test_search_and_z3_agree_on_two_instances(design: Orchestration) -> None:
    assert list(agree(compile_model(design))) == []


@settings(parent=SMALL, max_examples=12)
@given(choreographies())
def test_search_and_z3_agree_on_choreographies(design: Choreography) -> None:
    assert list(agree(compile_model(design))) == []
