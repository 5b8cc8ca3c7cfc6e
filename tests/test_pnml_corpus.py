"""314 workflow nets of industrial process models with published verdicts: all agree, each refutation with its run."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modelcheck.check.soundness import STRUCTURE, soundness_results
from modelcheck.compile import compile_model
from modelcheck.engine.search import count_states
from modelcheck.engine.state_graph import explore
from modelcheck.engine.target import Limits
from modelcheck.formats import load_file
from modelcheck.model import Net
from modelcheck.results import Verdict
from modelcheck.trace import replay

CORPUS = Path(__file__).parent.parent.parent / "shared" / "corpus" / "pnml-ibm"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"there is no corpus in {CORPUS}")


@pytest.fixture(scope="module")
def nets() -> list[tuple[dict[str, Any], Net]]:
    """Each verdict with its net."""
    verdicts = json.loads((CORPUS / "verdicts.json").read_text())
    files = {path.name.removesuffix(".pnml"): path for path in CORPUS.glob("lib_*/*.pnml")}
    found = []
    for verdict in verdicts:
        net = load_file(files[verdict["net"]])
        assert isinstance(net, Net)
        assert (len(net.places), len(net.transitions)) == (verdict["places"], verdict["transitions"])
        found.append((verdict, net))
    assert len(found) == 314
    return found


def test_every_verdict_is_the_published_one(nets: list[tuple[dict[str, Any], Net]]) -> None:
    for verdict, net in nets:
        system = compile_model(net)
        results = [
            compute()
            for _, compute in soundness_results(net, system, Limits(), lambda: pytest.fail("not asked"), STRUCTURE)
        ]
        refuted = [result for result in results if result.verdict == Verdict.REFUTED]
        for result in results:  # What is dead among unboundedly many markings is not decided.
            assert result.verdict in (Verdict.PROVED, Verdict.REFUTED) or "without bound" in result.reason
        assert (not refuted) == verdict["corpus_sound"], verdict
        traces = [result.trace for result in refuted if result.trace is not None]
        assert traces or not refuted
        for trace in traces:
            assert trace.system is system, "runs are runs of the net that was asked about"
            replay(trace)


def test_every_sound_net_has_the_published_number_of_states(nets: list[tuple[dict[str, Any], Net]]) -> None:
    """Without reductions. (Of an unsound net the published number is where that search had stopped.)"""
    for verdict, net in nets:
        if verdict["corpus_sound"]:
            answer = count_states(compile_model(net))
            assert (answer.complete, answer.states) == (True, verdict["states"]), verdict


def test_without_reductions_the_verdicts_are_the_same(nets: list[tuple[dict[str, Any], Net]]) -> None:
    for verdict, net in nets[::7]:
        system = compile_model(net)
        asked = soundness_results(net, system, Limits(), partial(explore, system), frozenset())
        assert all(compute().verdict == Verdict.PROVED for _, compute in asked) == verdict["corpus_sound"]
