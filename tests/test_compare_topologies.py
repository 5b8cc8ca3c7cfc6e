"""The same tasks in every topology (audit B11), and how times grow with services, load and overheads."""

from __future__ import annotations

import json
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modelcheck as mc
from modelcheck import model
from modelcheck.cli import main
from modelcheck.compare.arrange import SHAPES, arrange
from modelcheck.compare.comparison import Comparison, compare
from modelcheck.compare.crossover import with_call_overhead
from modelcheck.compare.growth import Growth
from modelcheck.compare.loads import loads, loads_of_shapes, with_rate, with_workers
from modelcheck.compare.scaling import topology
from modelcheck.compare.topologies import topologies
from modelcheck.errors import ModelError
from modelcheck.simulate import simulate

AUDIT = {"a": 3.0, "b": 5.0, "c": 4.0, "d": 2.0}
FAN_OUT = [("a", "b"), ("a", "c"), ("a", "d")]


def constant(seconds: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": seconds})


def varying(seconds: float) -> model.Delay:
    return model.Delay(distribution="exponential", parameters={"mean": seconds})


def test_the_numbers_of_the_audit() -> None:
    """B11: with times 3, 5, 4, 2 independent 5, fan-out 8, chain 14, and one worker always 14."""
    found = mc.topologies(AUDIT, FAN_OUT, jobs=2)
    seconds = {each.shape: each.simulated.value for each in found.arranged}
    assert seconds == pytest.approx(
        {"star": 5, "parallel": 5, "events": 8, "graph": 8, "chain": 14, "sequence": 14, "one listener": 14}
    )
    assert {each.shape: each.seconds for each in found.arranged} == pytest.approx(seconds)
    assert found.law_holds
    assert "Both styles can take the sum (14 s) and the maximum (5 s)" in " ".join(str(found).split())


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """Durations in eighths, so that sums are exact, and edges from earlier to later tasks."""
    times = draw(st.lists(st.integers(1, 64), min_size=2, max_size=5))
    names = [f"t{number}" for number in range(len(times))]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=7))
    return {name: time / 8 for name, time in zip(names, times, strict=True)}, edges


@settings(max_examples=15, deadline=None)
@given(graphs(), st.integers(0, 8), st.integers(0, 8))
def test_along_any_graph_both_styles_take_the_longest_path(
    drawn: tuple[dict[str, float], list[tuple[str, str]]], call: int, event: int
) -> None:
    times, edges = drawn
    graph: nx.DiGraph[str] = nx.DiGraph(edges)
    graph.add_nodes_from(times)
    costs = {"graph": call / 8, "events": event / 8}
    found = topologies({n: constant(t) for n, t in times.items()}, graph, costs["graph"], costs["events"], jobs=1)
    for shape, cost in costs.items():
        weighted = nx.DiGraph((a, b, {"weight": times[b] + cost}) for a, b in edges)
        weighted.add_weighted_edges_from((-1, name, times[name] + cost) for name in times)
        longest = nx.dag_longest_path_length(weighted)
        assert found[shape].with_overheads == pytest.approx(longest)
        assert found[shape].simulated.value == pytest.approx(longest)
    assert found.law_holds
    assert max(times.values()) <= found["graph"].seconds <= sum(times.values())


def test_the_same_shape_sees_the_same_draws_in_both_styles() -> None:
    tasks = {name: varying(time) for name, time in AUDIT.items()}
    found = topologies(tasks, FAN_OUT, jobs=300)
    for ours, theirs in (
        ("sequence", "chain"),
        ("parallel", "star"),
        ("graph", "events"),
        ("sequence", "one listener"),
    ):
        assert found[ours].simulated.value == pytest.approx(found[theirs].simulated.value)


def test_arranged_designs_are_designs() -> None:
    """They can be written, and checked: nothing is lost, nothing waits for ever."""
    tasks = dict.fromkeys("abcd", constant(1.0))
    for shape in SHAPES:
        design = arrange(shape, tasks, [("a", "c"), ("b", "c"), ("c", "d")])
        report = mc.check(design)
        assert not [result for result in report.results if result.verdict == "refuted"], shape
        mc.to_text(design)


def test_messages_of_each_shape() -> None:
    found = topologies(dict.fromkeys("abcd", constant(1.0)), FAN_OUT, jobs=1)
    counted = {each.shape: each.messages for each in found.arranged}
    assert counted["sequence"] == counted["parallel"] == counted["graph"] == 8
    assert counted["chain"] == 8  # four events, published and delivered once each
    assert counted["star"] == 5  # one is published and delivered four times
    assert counted["events"] == 6


def test_tasks_of_a_design() -> None:
    found = mc.topologies("group_trip", jobs=20)
    assert {"book_room", "book_seat_1", "confirm"} <= set(found.tasks)
    assert found["sequence"].seconds == pytest.approx(0.57)
    assert found["graph"].seconds == pytest.approx(0.25)
    other = mc.topologies("order_choreography", jobs=20)
    assert other["chain"].seconds == pytest.approx(0.105)
    assert "book_room" in found._repr_html_()
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("shape", "tasks", "order", "said"),
    [
        ("ring", "ab", None, "unknown topology 'ring'"),
        ("graph", "ab", None, "needs an order"),
        ("graph", "ab", [("a", "x")], "'x', which is no task"),
        ("events", "ab", [("a", "b"), ("b", "a")], "in a circle"),
        ("chain", "", None, "cannot arrange 0 tasks"),
    ],
)
def test_what_cannot_be_arranged(shape: str, tasks: str, order: list[tuple[str, str]] | None, said: str) -> None:
    with pytest.raises(ModelError) as caught:
        arrange(shape, dict.fromkeys(tasks, constant(1.0)), order)
    assert caught.value.problems[0].code == "E422"
    assert said in caught.value.problems[0].message


def test_designs_without_durations_have_no_topologies() -> None:
    for design in (
        model.System(name="bare"),
        model.Orchestration(name="o", flow=model.Flow(steps={"a": model.Step()})),
    ):
        with pytest.raises(ModelError) as caught:
            mc.topologies(design)
        assert caught.value.problems[0].code == "E404"


# Growth


@pytest.fixture(scope="module")
def pair() -> Comparison:
    first, second = topology("sequence", 3, varying(1.0)), topology("chain", 3, varying(1.0))
    assert isinstance(first, model.Orchestration)
    assert isinstance(second, model.Choreography)
    return compare(with_call_overhead(first, 0.1), with_workers(second, 1), jobs=400)


@pytest.fixture(scope="module")
def growth(pair: Comparison) -> Growth:
    return pair.growth()


def test_a_comparison_shows_the_topologies_of_its_tasks(pair: Comparison) -> None:
    found = pair.topologies
    assert found is not None
    assert found.tasks == pytest.approx({"service_1": 1.0, "service_2": 1.0, "service_3": 1.0})
    assert found["sequence"].with_overheads == pytest.approx(3.3)
    assert "choreography, one inline listener" in str(pair)
    assert {each.shape for each in found.arranged} == set(SHAPES) - {"graph", "events"}  # its order is a chain
    fanned = compare(pair.orchestration, _fan_out(), jobs=20).topologies
    assert fanned is not None
    assert fanned["events"].seconds == pytest.approx(2.0)


def _fan_out() -> model.Choreography:
    tasks = {f"service_{number}": varying(1.0) for number in (1, 2, 3)}
    design = arrange("events", tasks, [("service_1", "service_2"), ("service_1", "service_3")])
    assert isinstance(design, model.Choreography)
    return design


def test_growth_with_services(growth: Growth) -> None:
    means = {each.kind: [mean.value for mean in each.means] for each in growth.services}
    assert means["sequence"][-1] > 14
    assert means["star"][-1] < 5
    assert {each.kind: round(each.message_exponent, 1) for each in growth.services}["chain"] == 1.0


def test_growth_with_load_is_that_of_the_topology(growth: Growth) -> None:
    found = {each.name: [point.mean.value if point.mean else None for point in each.points] for each in growth.shapes}
    ours, theirs = found["sequence"], found["chain"]
    assert all(later > earlier for earlier, later in pairwise(each for each in ours if each is not None))
    for mine, other in zip(ours, theirs, strict=True):
        assert mine is not None
        assert other is not None
        assert mine - other == pytest.approx(0.3, abs=0.1)  # three calls of 0.1
    assert found["one listener"][1:] == [None] * 3  # three times the work on one worker: too much beyond a third


def test_a_single_queue_under_load_is_the_textbook_one() -> None:
    """M/M/1: the mean time is 1/(mu - lambda)."""
    (found,) = {each.name: each for each in loads_of_shapes({"a": varying(1.0)}, (0.5,), jobs=20_000)}[
        "sequence"
    ].points
    assert found.rate == 0.5
    assert found.mean is not None
    assert found.mean.value == pytest.approx(2.0, rel=0.08)
    assert found.busiest == pytest.approx(0.5, rel=0.05)


def test_the_pair_under_load(pair: Comparison, growth: Growth) -> None:
    assert len(growth.loads) == 2  # each participant has one worker
    assert [point.rate for point in growth.loads[0].points] == [point.rate for point in growth.loads[1].points]
    unlimited = with_workers(pair.orchestration, 99)
    assert loads(unlimited, [0.01], 50).points[0].busiest < 0.01


def test_growth_of_work_that_changes_under_load_is_said() -> None:
    found = mc.compare("order_orchestration", "order_choreography", jobs=300).growth()
    assert any("These are times of other work" in line for line in found.warnings())


def test_growth_shows_itself(growth: Growth, capsys: pytest.CaptureFixture[str]) -> None:
    text = str(growth)
    for said in ("mean time as services grow", "time under load", "too fast", "as each call costs more"):
        assert said in text
    json.dumps(growth.to_dict(), allow_nan=False)
    words = ["compare", "order_orchestration", "order_choreography", "--jobs", "100", "--scaling"]
    assert main(words) == 0
    assert "mean time as services grow" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["scaling"]["services"]) == 4


def test_rates_and_workers_that_cannot_be() -> None:
    design = topology("star", 2, varying(1.0))
    for call in (lambda: with_rate(design, 0.0), lambda: with_workers(design, 2, "service_9")):
        with pytest.raises(ModelError) as caught:
            call()
        assert caught.value.problems[0].code == "E426"


def test_arrivals_keep_their_kind() -> None:
    design = with_rate(topology("star", 2, varying(1.0)), 4.0)
    assert design.arrivals is not None
    assert design.arrivals.interval == varying(0.25)
    even = with_rate(model.Orchestration(name="o", arrivals=model.Arrivals(interval=constant(1.0))), 4.0)
    assert even.arrivals is not None
    assert even.arrivals.interval == constant(0.25)
    bursts = model.Arrivals(bursts=model.Bursts(size=3, every=constant(1.0)))
    found = with_rate(model.Orchestration(name="o", arrivals=bursts), 6.0).arrivals
    assert found is not None
    assert found.bursts == model.Bursts(size=3, every=constant(0.5))
    users = model.Orchestration(name="o", arrivals=model.Arrivals(users=3, think=constant(1.0)))
    with pytest.raises(ModelError, match="their rate is not free"):
        with_rate(users, 1.0)
    assert simulate(with_workers(with_rate(topology("star", 2, constant(1.0)), 0.5), 1), 50).utilisation
