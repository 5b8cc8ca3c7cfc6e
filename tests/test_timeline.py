"""Single runs in time: what is shown is what was simulated, as text, chart, sequence diagram and Chrome trace."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from command_line import run

import modelcheck as mc
from modelcheck.errors import ModelError
from modelcheck.load import load_text
from modelcheck.report.timeline_drawing import gantt_drawing, ticks
from modelcheck.simulate import simulate
from modelcheck.simulate.timeline import Timeline, timeline

QUEUED = """
orchestration: o
services: {s: {time: 3s, workers: 1}}
arrivals: 1s
flow: {steps: {a: {service: s}}}
"""
RETRIED = """
orchestration: o
services: {s: {time: 1s, fails: 60%}}
flow: {steps: {a: {service: s, retry: {attempts: 3, backoff: 500ms}}, b: {}}}
"""
EVENTS = """
choreography: c
events: {Go: {}, Done: {terminal: true}}
channels: {bus: {deliver: 100ms}}
routes: {Go: p}
starts: [Go]
participants: {p: {subscribes: Go, handlers: {h: {on: Go, time: 1s, publishes: Done}}}}
"""


def of(text: str, jobs: int = 1, seed: int = 1) -> Timeline:
    return timeline(load_text(text), jobs, seed)


@pytest.mark.parametrize("name", ["order_orchestration", "order_choreography", "group_trip"])
def test_it_shows_what_simulate_simulates(name: str) -> None:
    found, simulated = mc.timeline(name, jobs=20, seed=5), simulate(mc.load(name), 20, seed=5, back_end="events")
    lasted = [ended - arrived for arrived, ended in zip(found.arrived, found.ended, strict=True)]
    assert lasted == pytest.approx(simulated.makespans.tolist(), nan_ok=True)
    for span in found.spans:
        assert span.since <= span.begun
        assert not span.begun > span.ended


def test_jobs_wait_for_a_worker() -> None:
    spans = of(QUEUED, 3).spans
    assert [(span.since, span.begun, span.ended) for span in spans] == [(1, 1, 4), (2, 4, 7), (3, 7, 10)]
    assert "after waiting 4 s" in str(of(QUEUED, 3))


def test_each_attempt_is_a_span_and_waits_for_its_backoff() -> None:
    found = next(found for seed in range(30) if len((found := of(RETRIED, seed=seed)).of(0)) > 2)
    first, second = found.spans[:2]
    assert (first.outcome, first.attempt, second.attempt, second.title[:12]) == ("error", 1, 2, "a, attempt 2")
    assert (second.since, second.begun) == (first.ended, first.ended + 0.5)


def test_messages_are_sent_and_taken() -> None:
    found = of(EVENTS)
    assert [(m.event, m.sent, m.taken) for m in found.messages] == [("Go", 0.0, 0.1)]
    (span,) = found.spans
    assert (span.kind, span.name, span.since, span.begun, span.ended) == ("handler", "p.h", 0.0, 0.1, 1.1)


def test_a_chrome_trace_nests_on_each_thread() -> None:
    data = of(QUEUED, 6).to_chrome()
    slices = [event for event in data["traceEvents"] if event["ph"] == "X"]
    assert {event["cat"] for event in slices} == {"waiting", "step"}
    for one in slices:
        for other in slices:
            if one is not other and (one["pid"], one["tid"]) == (other["pid"], other["tid"]):
                assert one["ts"] + one["dur"] <= other["ts"] or other["ts"] + other["dur"] <= one["ts"]
    arrows = [event["ph"] for event in of(EVENTS).to_chrome()["traceEvents"] if event.get("cat") == "message"]
    assert arrows == ["s", "f"]
    json.dumps(data, allow_nan=False)


def test_pictures(tmp_path: Path) -> None:
    outputs = [tmp_path / name for name in ("chart.svg", "chart.png", "trace.json")]
    for path in outputs:
        assert run(f"timeline order_orchestration -o {path} --sequence {tmp_path / 'sequence.svg'}") == 0
        assert path.stat().st_size > 500
    assert "reserve" in outputs[0].read_text()
    assert "@\u00a0" in (tmp_path / "sequence.svg").read_text()
    assert json.loads(outputs[2].read_text())["traceEvents"]
    assert of(QUEUED, 2).plot().has_data() is not None


def test_data_has_no_infinities() -> None:
    text = EVENTS.replace("publishes: Done", "when: false, publishes: Done")
    found = of(text)
    assert found.to_dict()["jobs"]
    json.dumps(found.to_dict(), allow_nan=False)


def test_round_ticks() -> None:
    assert ticks(1.0) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert ticks(0.047) == pytest.approx([0, 0.01, 0.02, 0.03, 0.04])
    assert all(math.isfinite(tick) for tick in ticks(1e-9))


def test_too_much_is_refused() -> None:
    with pytest.raises(ModelError, match="E411"):
        of(QUEUED, 1_001)
    with pytest.raises(ModelError, match="rows"):
        gantt_drawing(of(QUEUED, 500))
    with pytest.raises(ModelError, match="E418"):
        of(QUEUED, 2).plot_sequence()
    assert run("timeline order_orchestration -o x.txt") == 2


LATE = """
orchestration: o
services: {s: {time: "uniform(low=1s, high=2s)", fails: 10%}}
flow: {steps: {a: {service: s, retry: {attempts: 2, backoff: 500ms}}, b: {service: s}}}
properties: {soon: {deadline: 4s}, later: {deadline: 7s}}
"""


def test_the_counterexample_to_a_deadline_is_a_timeline() -> None:
    """Each action at the latest time: 2 s, a pause, and the second attempt may still be at work after 4.5 s."""
    report = mc.check(load_text(LATE))
    found = mc.timeline(report["soon"])
    assert [(span.begun, span.attempt) for span in found.spans] == [(0.0, 1), (2.5, 2)]
    assert found.lasts == found.until == 4.5
    assert "takes 4.5 s" in str(found)
    assert "goes on, after waiting 500 ms" in str(found)
    assert "goes on" in found._repr_html_()
    assert "at 2 s" in str(report)
    assert "@\N{NO-BREAK SPACE}2\N{NO-BREAK SPACE}s" in report["soon"]._repr_html_()
    with pytest.raises(ModelError, match="E419"):
        mc.timeline(report["later"])


def test_the_verb_shows_the_counterexample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "late.yaml"
    file.write_text(LATE, encoding="utf-8")
    assert run(f"timeline {file} --property soon") == 0
    assert capsys.readouterr().out.startswith("o: soon: 1 job, 4.5 s")
