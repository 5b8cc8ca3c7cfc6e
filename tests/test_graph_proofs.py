"""What is proved on the graph of a flow is compared with plain search over random flows: never a disagreement."""

from __future__ import annotations

import os

import pytest
from random_flows import random_flow

from modelcheck import model
from modelcheck.api import check
from modelcheck.engine.target import Limits
from modelcheck.errors import ModelError
from modelcheck.results import Verdict

# More with MODELCHECK_FLOWS=20000: a few hundred are enough to see that nothing has changed.
FLOWS = int(os.environ.get("MODELCHECK_FLOWS", "240"))
SOME = Limits(states=20_000, seconds=60)


def disagreements(design: model.Orchestration) -> list[str]:
    """What the report says differently where the graph may speak, from what search alone says."""
    try:
        searched = check(design, engine="search", limits=SOME)
    except ModelError:
        return []
    report = check(design, limits=SOME)
    # To search, a step is reached even where a value has just left its range; to the graph, the path has ended there.
    ends = any(result.check == "ranges" and result.verdict == Verdict.REFUTED for result in searched.results)
    found = [
        f"{result.name}: {report[result.name]}, searched: {result}"
        for result in searched.results
        if result.verdict in (Verdict.PROVED, Verdict.REFUTED)
        and (
            report[result.name].verdict != result.verdict
            or (report[result.name].vacuous != result.vacuous and not (ends and report[result.name].vacuous))
        )
    ]
    if any(result.verdict not in (Verdict.PROVED, Verdict.REFUTED) for result in searched.results):
        return found
    return found + [str(each) for each in set(report.findings) ^ set(searched.findings)]


@pytest.mark.parametrize("block", range(8))
def test_proofs_on_the_graph_agree_with_search(block: int) -> None:
    wrong = {}
    for number in range(block, FLOWS, 8):
        if found := disagreements(random_flow(number)):
            wrong[number] = found
    assert wrong == {}
