"""Deadlines in the worst case are not proved where something takes time that the search through zones does not know."""

from __future__ import annotations

from typing import Any

import pytest

from modelcheck import model
from modelcheck.check.deadline import deadline_results
from modelcheck.engine.target import Limits
from modelcheck.results import Verdict


def constant(value: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": value})


CRASHES = model.Crashes(every=constant(1), repair=constant(50))


@pytest.mark.parametrize(
    ("service", "coordinator"),
    [
        ({}, {"per_flow": constant(5)}),
        ({}, {"overhead": constant(2), "workers": 1}),
        ({"workers": 1, "crashes": CRASHES}, {}),
        ({"workers": 1, "discipline": "shared"}, {}),
    ],
)
def test_a_deadline_is_unknown_where_the_search_has_no_rule(
    service: dict[str, Any], coordinator: dict[str, Any]
) -> None:
    design = model.Orchestration(
        name="late",
        services={"a": model.Service(time=constant(1), **service)},
        coordinators={"boss": model.Coordinator(**coordinator)},
        flow=model.Flow(steps={name: model.Step(service="a", after=()) for name in ("p", "q")}),
        properties={"in time": model.Property(word="deadline", about=3)},
    )
    ((_, compute),) = deadline_results(design, Limits())
    assert compute().verdict == Verdict.UNKNOWN
