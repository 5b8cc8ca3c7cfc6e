"""The seed's time formulas beside the truth: audit B10, B11 and B12, with their numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.compare import Comparison, compare
from modelcheck.compare.crossover import sweep, with_call_overhead, with_event_overhead
from modelcheck.compare.formulas import formulas_of
from modelcheck.compare.hypotheses import most_at_once
from modelcheck.compare.outline import BEGIN, Outline, outlines
from modelcheck.compare.scaling import TOPOLOGIES, scaling
from modelcheck.errors import ModelError
from modelcheck.simulate import simulate

TIMES = (3.0, 5.0, 4.0, 2.0)
CHAIN, FAN_OUT, INDEPENDENT = (None, 0, 1, 2), (None, 0, 0, 0), (None, None, None, None)


def constant(seconds: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": seconds})


def varying(seconds: float, sigma: float = 0.5) -> model.Delay:
    return model.Delay(distribution="lognormal", parameters={"mean": seconds, "sigma": sigma})


def flow(
    delays: Sequence[model.Delay | float], parallel: bool = False, call: float = 0.0, **changes: object
) -> model.Orchestration:
    """Tasks t0, t1, ... in a row or side by side."""
    timed = [delay if isinstance(delay, model.Delay) else constant(delay) for delay in delays]
    after = () if parallel else None
    design = model.Orchestration(
        name="flow",
        services={f"s{n}": model.Service(time=delay) for n, delay in enumerate(timed)},
        flow=model.Flow(steps={f"t{n}": model.Step(service=f"s{n}", after=after) for n in range(len(timed))}),
    )
    return replace(with_call_overhead(design, call), **changes)


def events(
    delays: Sequence[model.Delay | float], after: Sequence[int | None], event: float = 0.0, **changes: object
) -> model.Choreography:
    """Tasks t0, t1, ... each of which reacts to what another publishes, or to what the outside does."""
    timed = [delay if isinstance(delay, model.Delay) else constant(delay) for delay in delays]
    names = [f"t{number}" for number in range(len(timed))]
    on = ["begin" if before is None else f"done{before}" for before in after]
    design = model.Choreography(
        name="events",
        events={name: model.Event(terminal=True) for name in ("begin", *(f"done{n}" for n in range(len(timed))))},
        channels={"bus": model.Channel()},
        routes={trigger: tuple(f"p{n}" for n, each in enumerate(on) if each == trigger) for trigger in on},
        starts=(model.Publication(event="begin"),),
        participants={
            f"p{n}": model.Participant(
                subscribes=(on[n],),
                handlers={
                    name: model.Handler(on=on[n], time=timed[n], publishes=(model.Publication(event=f"done{n}"),))
                },
            )
            for n, name in enumerate(names)
        },
    )
    return replace(with_event_overhead(design, event), **changes)


def both(first: model.Orchestration, second: model.Choreography, jobs: int = 50) -> Comparison:
    return compare(first, second, jobs=jobs)


def mean_time(design: model.Model, jobs: int = 3) -> float:
    return simulate(design, jobs).mean.value


# B10 and B11


@pytest.mark.parametrize(("after", "time"), [(INDEPENDENT, 5), (FAN_OUT, 8), (CHAIN, 14)])
def test_what_a_choreography_takes_is_its_longest_path(after: Sequence[int | None], time: float) -> None:
    found = both(flow(TIMES), events(TIMES, after))
    assert found.formulas.choreography_path_length == time
    assert found.formulas.choreography_max == 5
    assert found.formulas.choreography_sum == found.formulas.orchestration_sum == 14
    assert found.simulated[1].mean.value == pytest.approx(time)
    assert found.simulated[0].mean.value == pytest.approx(14)
    assert found.formulas.law_holds


@pytest.mark.parametrize("after", [INDEPENDENT, FAN_OUT, CHAIN])
def test_one_listener_takes_the_sum_whatever_the_topology(after: Sequence[int | None]) -> None:
    found = both(flow(TIMES), events(TIMES, after, listeners=1))
    assert found.simulated[1].mean.value == pytest.approx(14)
    assert found.formulas.causal == found.formulas.choreography_time == 14
    broken = next(each for each in found.broken if each.name == "workers are unlimited")
    assert "one listener" in broken.evidence


def test_one_worker_takes_the_sum() -> None:
    begins = tuple(f"begin{n}" for n in range(4))
    design = model.Choreography(
        name="one worker",
        events={name: model.Event() for name in begins},
        routes=dict.fromkeys(begins, ("one",)),
        starts=tuple(model.Publication(event=name) for name in begins),
        participants={
            "one": model.Participant(
                subscribes=begins,
                handlers={f"t{n}": model.Handler(on=begins[n], time=constant(TIMES[n])) for n in range(4)},
                workers=1,
            )
        },
    )
    found = both(flow(TIMES), design)
    assert found.formulas.choreography_path_length == 5
    assert found.simulated[1].mean.value == pytest.approx(14)
    assert "1 worker of one" in next(each for each in found.broken if each.name == "workers are unlimited").evidence
    freed = replace(design, participants={"one": replace(design.participants["one"], workers=None)})
    assert mean_time(freed) == pytest.approx(5)


def test_a_sequential_flow_takes_the_sum_and_its_calls() -> None:
    found = both(flow(TIMES, call=0.5), events(TIMES, CHAIN, event=0.25))
    assert found.formulas.seed_orchestration == 16
    assert found.simulated[0].mean.value == pytest.approx(16)
    assert found.formulas.choreography_time == 15
    assert found.simulated[1].mean.value == pytest.approx(15)
    assert found.faster == "choreography"
    assert found.difference.value == pytest.approx(1)


def test_a_parallel_flow_takes_its_longest_path_not_the_sum() -> None:
    found = both(flow(TIMES, parallel=True), events(TIMES, FAN_OUT))
    assert found.formulas.orchestration_path_length == 5
    assert found.simulated[0].mean.value == pytest.approx(5)
    assert found.formulas.choreography_faster is None
    assert "side by side" in next(each for each in found.broken if each.theorem == "3.3.1").evidence
    assert found.faster == "orchestration"


def test_a_mean_of_maxima_is_not_a_maximum_of_means() -> None:
    found = compare(flow([varying(1.0)] * 10), events([varying(1.0)] * 10, (None,) * 10), jobs=4000)
    assert found.formulas.choreography_max == 1
    assert 1.992225 in found.simulated[1].mean  # the reference's value
    assert any("mean of maxima" in each.evidence for each in found.broken)
    assert not found.crossovers[0].formula_exact


# B12


def test_larger_coordination_overhead_does_not_make_the_choreography_faster() -> None:
    found = both(flow((1, 1), parallel=True, call=0.5), events((1, 1), (None, 0)))
    assert found.simulated[1].mean.value == pytest.approx(2)
    assert found.simulated[0].mean.value == pytest.approx(1.5)
    assert found.formulas.coordination_overhead > found.formulas.event_overhead
    assert "it is refuted: the orchestration is faster" in " ".join(str(found).split())
    assert found.faster == "orchestration"


times = st.integers(1, 64).map(lambda eighths: eighths / 8)
overheads = st.integers(0, 16).map(lambda eighths: eighths / 8)


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[float], list[int | None]]:
    """Durations, and for each task the earlier one that it reacts to."""
    durations = draw(st.lists(times, min_size=1, max_size=5))
    after = [draw(st.none() | st.integers(0, n - 1)) if n else None for n in range(len(durations))]
    return durations, after


@settings(max_examples=30, deadline=None)
@given(trees(), overheads, overheads)
def test_the_exact_condition_is_exact(tree: tuple[list[float], list[int | None]], call: float, event: float) -> None:
    durations, after = tree
    first, second = flow(durations, call=call), events(durations, after, event=event)
    formulas = formulas_of(*outlines(first, second))
    ours, theirs = mean_time(first), mean_time(second)
    assert formulas.choreography_faster == (theirs < ours - 1e-9)
    assert formulas.saved - formulas.paid == pytest.approx(ours - theirs)
    assert formulas.law_holds
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_weighted_edges_from((-1 if b is None else b, n, durations[n]) for n, b in enumerate(after))
    assert formulas.choreography_path_length == pytest.approx(nx.dag_longest_path_length(graph))


# Crossovers


def test_crossover_by_simulation_is_the_one_of_the_formula() -> None:
    found = both(flow(TIMES, call=0.0), events(TIMES, CHAIN, event=0.5))
    calls, hops = found.crossovers
    assert calls.formula == pytest.approx(0.5)  # 14 + 4c = 14 + 4 * 0.5
    assert calls.simulated is not None
    assert calls.simulated.value == pytest.approx(0.5, abs=1e-4)
    assert hops.formula == pytest.approx(0)
    assert calls.now == 0
    assert hops.now == 0.5


def test_event_crossover_where_another_path_becomes_the_longest() -> None:
    # Two branches: 6 in one hop after the first, or 2 + 2 in two; at 1 each the latter has 3 hops and is as long.
    first, second = flow((1, 6, 2, 2), call=0.5), events((1, 6, 2, 2), (None, 0, 0, 2), event=0.0)
    found = both(first, second)
    hops = found.crossovers[1]
    assert hops.formula == pytest.approx(8 / 3)  # 13 = 5 + 3e beats 7 + 2e
    assert hops.simulated is not None
    assert hops.simulated.value == pytest.approx(8 / 3, abs=1e-3)
    assert found.crossovers[0].formula is None
    assert found.crossovers[0].simulated is None
    assert "even where this costs nothing" in found.crossovers[0].reason


def test_among_equally_long_paths_the_one_with_more_events_counts() -> None:
    for after in ((None, None, 1), (None, 0, None)):
        durations = (2, 1, 1) if after[1] is None else (1, 1, 2)
        formulas = formulas_of(*outlines(flow(durations), events(durations, after)))
        assert (formulas.choreography_path_length, formulas.hops) == (2, 2)


@settings(max_examples=10, deadline=None)
@given(trees(), overheads)
def test_at_the_crossover_both_take_the_same(tree: tuple[list[float], list[int | None]], call: float) -> None:
    durations, after = tree
    found = both(flow(durations, call=call), events(durations, after), jobs=3)
    hops = found.crossovers[1]
    assert hops.formula is not None
    assert mean_time(with_event_overhead(found.choreography, hops.formula)) == pytest.approx(
        mean_time(found.orchestration)
    )
    assert hops.simulated is not None
    assert hops.simulated.value == pytest.approx(hops.formula, abs=1e-4)


def test_crossover_interval_covers_and_shrinks() -> None:
    # Independent luck in the two designs: the tasks have other names.
    first = flow([varying(1.0)] * 3, call=0.0)
    steps = {name: replace(step, task=f"other {name}") for name, step in first.flow.steps.items()}
    first = replace(first, flow=replace(first.flow, steps=steps))
    few, many = (compare(first, events([varying(1.0)] * 3, CHAIN[:3], event=0.5), jobs=jobs) for jobs in (200, 3200))
    for found in (few, many):
        assert found.crossovers[0].simulated is not None
        assert found.crossovers[0].simulated.low < found.crossovers[0].simulated.high
    widths = [found.crossovers[0].simulated.high - found.crossovers[0].simulated.low for found in (few, many)]  # type: ignore[union-attr]
    assert widths[1] < widths[0] / 2
    assert many.crossovers[0].simulated is not None
    assert abs(many.crossovers[0].simulated.value - 0.5) < widths[1]


def test_sweep_is_level_on_one_side_and_rises_on_the_other() -> None:
    first, second = flow(TIMES), events(TIMES, CHAIN)
    calls = sweep(first, second, "call", [0.0, 1.0], jobs=5)
    assert calls.orchestration == pytest.approx((14, 18))
    assert calls.choreography == pytest.approx((14, 14))
    hops = sweep(first, second, "event", [0.0, 1.0], jobs=5)
    assert hops.orchestration == pytest.approx((14, 14))
    assert hops.choreography == pytest.approx((14, 18))


# Pairing


def test_both_designs_see_the_same_draws() -> None:
    delays = [varying(0.1), varying(0.2), varying(0.3)]
    found = compare(flow(delays, call=0.004), events(delays, CHAIN[:3], event=0.001), jobs=500)
    assert np.std(found.simulated[0].makespans) > 0.05
    differences = found.pairs.orchestration - found.pairs.choreography
    assert differences == pytest.approx(np.full(500, 0.009), abs=1e-9)
    assert found.faster == "choreography"
    assert found.difference.high - found.difference.low < 1e-9


def test_no_difference_is_called_one_where_there_is_none() -> None:
    delays = [varying(0.1), varying(0.2)]
    found = both(flow(delays), events(delays, CHAIN[:2]))
    assert found.faster is None
    assert "No difference can be told" in str(found)


def test_only_like_is_compared_with_like() -> None:
    delays = [varying(0.1), varying(0.2)]
    first = flow(delays)
    steps = dict(first.flow.steps)
    steps["t0"] = replace(
        steps["t0"], transitions=(model.Transition(to="t1", when="lucky"), model.Transition(to="end"))
    )
    lucky = {"lucky": model.Variable(type="bool", initial="any")}
    found = compare(
        replace(first, variables=lucky, flow=replace(first.flow, steps=steps)), events(delays, CHAIN[:2]), jobs=400
    )
    assert 0.4 < found.pairs.share < 0.6
    assert not found.pairs.all_alike
    assert found.pairs.orchestration == pytest.approx(found.pairs.choreography)
    assert "like for like" in str(found)
    assert any("chooses what comes next" in each.evidence for each in found.broken)


# The complete run


def test_the_complete_run_leaves_out_undos_and_refusals() -> None:
    second = events((1, 1), (None, 0))
    refusal = model.Handler(on="begin", when="not good", time=constant(9))
    participants = dict(second.participants)
    shop = participants["p0"]
    handlers = {"t0": replace(shop.handlers["t0"], when="good"), "refuse": refusal}
    participants["p0"] = replace(
        shop, handlers=handlers, variables={"good": model.Variable(type="bool", initial="any")}
    )
    _, outline = outlines(flow((1, 1)), replace(second, participants=participants))
    assert set(outline.works) == {"p0.t0", "p1.t1"}
    assert [work.name for work in outline.others] == ["p0.refuse"]
    assert outline.path == ("p0.t0", "p1.t1")


def test_tasks_that_only_one_design_has() -> None:
    found = both(flow((1, 2, 4)), events((1, 2), CHAIN[:2]))
    assert [work.task for work in found.shared] == ["t0", "t1"]
    assert [work.task for work in found.alone[0]] == ["t2"]
    assert not found.alone[1]
    assert any("only the orchestration does t2" in each.evidence for each in found.broken)
    assert "they do not do the same work: only the orchestration does t2" in " ".join(str(found).split())


def test_the_most_tasks_at_once_by_trying_all_sets() -> None:
    order: nx.DiGraph[str] = nx.DiGraph([(BEGIN, "a"), ("a", "b"), ("a", "c"), ("c", "d"), (BEGIN, "e"), ("b", "f")])
    outline = Outline(flow((1,)), {}, (), order)
    names = ["a", "b", "c", "d", "e", "f"]
    after = {name: nx.descendants(order, name) for name in names}
    largest = 0
    for bits in range(1 << len(names)):
        chosen = [name for index, name in enumerate(names) if bits >> index & 1]
        if all(b not in after[a] for a in chosen for b in chosen):
            largest = max(largest, len(chosen))
    assert most_at_once(outline, names) == largest == 3
    assert most_at_once(outline, ["a", "b"]) == 1
    assert most_at_once(outline, []) == 0


# Hypotheses


def services(design: model.Orchestration, **changes: object) -> model.Orchestration:
    return replace(design, services={**design.services, "s0": replace(design.services["s0"], **changes)})


def step(design: model.Orchestration, **changes: object) -> model.Orchestration:
    steps = {**design.flow.steps, "t0": replace(design.flow.steps["t0"], **changes)}
    return replace(design, flow=replace(design.flow, steps=steps))


def handler(design: model.Choreography, **changes: object) -> model.Choreography:
    own = design.participants["p0"]
    changed = replace(own, handlers={"t0": replace(own.handlers["t0"], **changes)})
    return replace(design, participants={**design.participants, "p0": changed})


FLOW, EVENTS = flow((1, 1)), events((1, 1), (None, None))
ARRIVALS = model.Arrivals(interval=constant(10))
CRASHES = model.Crashes(every=varying(1000.0), repair=constant(1.0))


def test_a_pair_that_breaks_nothing() -> None:
    found = both(FLOW, EVENTS)
    assert [each.name for each in found.broken] == []
    assert all(each.formula_exact for each in found.crossovers)
    assert str(found).count("all its hypotheses hold") == 3


@pytest.mark.parametrize(
    ("first", "second", "name", "evidence"),
    [
        (flow((1, 1), parallel=True), EVENTS, "the steps run strictly one after another", "t0 and t1"),
        (
            step(services(FLOW, fails={"error": 0.1}), retry=model.Retry(attempts=3)),
            EVENTS,
            "every step runs exactly once",
            "t0 is tried up to 3 times",
        ),
        (step(FLOW, when="1 > 0"), EVENTS, "every step runs exactly once", "skipped"),
        (services(FLOW, fails={"failed": 0.1}), EVENTS, "nothing fails", "failed (10 %)"),
        (
            step(flow((1, 1)), compensation=model.Compensation(), check="1 > 2"),
            EVENTS,
            "nothing fails",
            "t0 is checked",
        ),
        (services(replace(FLOW, arrivals=ARRIVALS), workers=1), EVENTS, "nothing queues", "1 worker of s0"),
        (services(FLOW, time=varying(1)), EVENTS, "durations are constant", "t0 is lognormal"),
        (FLOW, events((1, 1), (None, 0)), "every reaction starts at once", "p0.t0 -> p1.t1"),
        (FLOW, replace(EVENTS, listeners=1), "workers are unlimited", "one listener"),
        (FLOW, replace(EVENTS, arrivals=ARRIVALS), "workers are unlimited", "jobs arrive"),
        (FLOW, handler(EVENTS, fails={"error": 0.1}), "nothing fails", "error (10 %)"),
        (
            FLOW,
            replace(EVENTS, channels={"bus": model.Channel(delivery="at least once", capacity=2)}),
            "every handler runs exactly once",
            "again",
        ),
        (
            FLOW,
            replace(EVENTS, channels={"bus": model.Channel(deliver=varying(0.1))}),
            "the overhead of an event is constant",
            "delivery on bus",
        ),
        (
            replace(FLOW, coordinators={"coordinator": model.Coordinator(overhead=varying(0.1))}),
            EVENTS,
            "the overhead of a call is constant",
            "coordinator",
        ),
        (services(FLOW, crashes=CRASHES), EVENTS, "nothing fails", "s0 crashes"),
        (
            FLOW,
            replace(EVENTS, participants={n: replace(p, crashes=CRASHES) for n, p in EVENTS.participants.items()}),
            "nothing fails",
            "p0 crashes",
        ),
        (
            replace(flow((1, 1), parallel=True), coordinators={"coordinator": model.Coordinator(workers=1)}),
            EVENTS,
            "nothing queues",
            "calls wait for 1 worker of coordinator",
        ),
        (
            FLOW,
            replace(EVENTS, channels={"bus": model.Channel(partitions=1)}, arrivals=ARRIVALS),
            "workers are unlimited",
            "partitions of bus",
        ),
        (flow((1, 1, 1)), EVENTS, "both do the same tasks", "only the orchestration does t2"),
        (flow((1, 2)), EVENTS, "a shared task takes as long in both", "t1"),
        (services(FLOW, fails={"failed": 0.1}), EVENTS, "a shared task fails as often in both", "nothing but ok in"),
    ],
)
def test_each_hypothesis_can_be_broken(
    first: model.Orchestration, second: model.Choreography, name: str, evidence: str
) -> None:
    found = both(first, second, jobs=20)
    assert evidence in next(each for each in found.broken if each.name == name).evidence
    if name != "every reaction starts at once":
        assert not found.crossovers[0].formula_exact or name == "durations are constant"


def test_what_a_flow_costs_once_is_part_of_its_overhead() -> None:
    first = flow(TIMES, call=0.5)
    coordinators = {name: replace(each, per_flow=constant(3.0)) for name, each in first.coordinators.items()}
    found = both(replace(first, coordinators=coordinators), events(TIMES, CHAIN, event=0.25))
    assert found.formulas.coordination_overhead == 5
    assert found.formulas.seed_orchestration == 19
    assert found.simulated[0].mean.value == pytest.approx(19)
    calls, hops = found.crossovers
    assert calls.formula is None  # without any call it is slower: 17 against 15
    assert hops.formula == pytest.approx(1.25)  # 14 + 4e = 19
    assert hops.simulated is not None
    assert hops.simulated.value == pytest.approx(1.25, abs=1e-3)


def test_a_steps_own_overhead_counts_instead_of_the_coordinators() -> None:
    first = step(flow((1, 2), call=0.5), overhead=constant(4.0))
    found = both(first, events((1, 2), CHAIN[:2]))
    assert found.formulas.coordination_overhead == 4.5
    assert found.simulated[0].mean.value == pytest.approx(7.5)
    assert with_call_overhead(first, 0.25).flow.steps["t0"].overhead is None


def test_undos_are_counted() -> None:
    first = flow((1, 1))
    steps = dict(first.flow.steps)
    steps["t0"] = replace(steps["t0"], compensation=model.Compensation(effect={"done": False}), effect={"done": True})
    first = replace(first, variables={"done": model.Variable(type="bool", initial=False)})
    first = replace(first, flow=replace(first.flow, steps=steps))
    first = replace(first, services={**first.services, "s1": replace(first.services["s1"], fails={"failed": 0.5})})
    found = compare(first, EVENTS, jobs=200)
    assert "undos a job" in next(each for each in found.broken if each.name == "nothing is compensated").evidence


# Messages, and how it shows itself


def test_messages_are_counted() -> None:
    found = both(flow(TIMES), events(TIMES, FAN_OUT))
    assert found.simulated[0].messages == {"calls and replies": 8}
    # begin is delivered once, what t0 says three times; nobody hears what the others say.
    assert found.simulated[1].messages == {"publishes": 5, "deliveries": 4}
    assert "publishing and delivering are two operations" in str(found)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (events(TIMES, CHAIN), "a chain (t0 -> t1 -> t2 -> t3), so it takes the sum 14 s, not 5 s"),
        (events(TIMES, FAN_OUT), "longest causal path 8 s"),
        (events(TIMES, INDEPENDENT), "takes the maximum 5 s, not the sum 14 s"),
        (events(TIMES, INDEPENDENT, listeners=1), "served by one listener, in turn, so it takes the sum 14 s"),
    ],
)
def test_topology_more_than_style(second: model.Choreography, said: str) -> None:
    text = str(both(flow(TIMES), second))
    assert "topology more than of style" in text
    assert said in " ".join(text.split())


def test_data_is_plain_and_says_the_same() -> None:
    found = both(flow(TIMES, call=0.5), events(TIMES, CHAIN, event=0.25))
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["faster"] == "choreography"
    assert data["formulas"]["condition"]["choreography_faster"] is True
    assert data["formulas"]["choreography"]["longest_path"]["seconds"] == 14
    assert data["complexity"]["orchestration"]["degenerate"].startswith("log 1 = 0")
    assert data["tasks"]["shared"] == ["t0", "t1", "t2", "t3"]


def test_html_is_escaped() -> None:
    shown = both(replace(FLOW, name="<script>"), EVENTS)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_lines_fit_a_terminal() -> None:
    assert max(len(line) for line in str(both(flow(TIMES), events(TIMES, CHAIN))).splitlines()) <= 120


@pytest.mark.parametrize(
    ("first", "second", "count", "hint"),
    [
        (EVENTS, FLOW, 2, "the other way round"),
        (FLOW, FLOW, 1, "give a choreography"),
        (model.System(name="bare"), EVENTS, 1, "give an orchestration"),
    ],
)
def test_other_kinds_of_models_are_an_error(first: model.Model, second: model.Model, count: int, hint: str) -> None:
    with pytest.raises(ModelError) as caught:
        compare(first, second)
    assert [problem.code for problem in caught.value.problems] == ["E420"] * count
    assert hint in caught.value.problems[0].hint


# Time against the number of services


def test_scaling_by_topology() -> None:
    found = {kind: scaling(kind, (1, 4), constant(2.0), call=0.5, event=0.25, jobs=3) for kind in TOPOLOGIES}
    means = {kind: [mean.value for mean in each.means] for kind, each in found.items()}
    assert means["sequence"] == pytest.approx([2.5, 10])
    assert means["parallel"] == pytest.approx([2.5, 2.5])
    assert means["chain"] == pytest.approx([2.25, 9])
    assert means["star"] == pytest.approx([2.25, 2.25])


def test_messages_are_counted_as_services_grow() -> None:
    flows, stars = scaling("parallel", (2, 4, 8), jobs=1), scaling("star", (2, 4, 8), jobs=1)
    assert flows.messages == (4, 8, 16)
    assert flows.message_exponent == pytest.approx(1)
    assert stars.messages == (3, 5, 9)  # one event is published, each service receives it
    assert 0.7 < stars.message_exponent < 1
    assert "n^1.00 (sequence)" in str(both(FLOW, EVENTS))


def test_scaling_of_what_there_is_not() -> None:
    for call in (
        lambda: scaling("ring", (1,)),
        lambda: scaling("star", (0,)),
        lambda: scaling("star", (10**9,)),
        lambda: scaling("chain", (1,), event=-1.0),
    ):
        with pytest.raises(ModelError) as caught:
            call()
        assert caught.value.problems[0].code == "E422"


# At the edges


def test_nothing_to_compare_is_said() -> None:
    first = step(FLOW, await_="1 > 2")  # waits for ever
    found = both(first, EVENTS)
    assert found.faster is None
    assert found.crossovers[0].simulated is None
    assert "nothing can be compared" in str(found)
    assert found._repr_html_()


def test_jobs_that_queue_are_compared_after_the_warm_up() -> None:
    delays = [model.Delay(distribution="exponential", parameters={"mean": 1.0})] * 2
    arrivals = model.Arrivals(interval=model.Delay(distribution="exponential", parameters={"mean": 2.0}))
    first, second = flow(delays, arrivals=arrivals), events(delays, CHAIN[:2], arrivals=arrivals)
    first = replace(first, services={name: replace(each, workers=1) for name, each in first.services.items()})
    found = compare(first, second, jobs=1000)
    assert found.pairs.orchestration == pytest.approx(found.pairs.choreography)  # one worker each, on both sides
    assert found.simulated[0].mean.value > 2.5
    assert found.faster is None


def test_one_job_is_enough() -> None:
    found = compare(FLOW, EVENTS, jobs=1)
    assert found.faster is None  # one job has no interval
    assert str(found)


def test_nothing_with_a_duration_is_an_error() -> None:
    bare = model.Orchestration(name="bare", flow=model.Flow(steps={"t0": model.Step()}))
    with pytest.raises(ModelError) as caught:
        compare(bare, EVENTS, jobs=5)
    assert caught.value.problems[0].code == "E404"


def test_endless_events_are_an_error() -> None:
    design = events((1, 1), (None, 0))
    again = replace(design.participants["p1"].handlers["t1"], publishes=(model.Publication(event="begin"),))
    participants = {**design.participants, "p1": replace(design.participants["p1"], handlers={"t1": again})}
    with pytest.raises(ModelError):
        compare(FLOW, replace(design, participants=participants), jobs=1)


def test_loops_run_once_in_the_formula() -> None:
    first = flow((1, 2))
    steps = dict(first.flow.steps)
    back = (model.Transition(to="t0", when="turns < 3"), model.Transition(to="end"))
    steps["t1"] = replace(steps["t1"], effect={"turns": "turns + 1"}, transitions=back)
    turns = {"turns": model.Variable(type="0..3", initial=0)}
    found = both(replace(first, variables=turns, flow=replace(first.flow, steps=steps)), events((1, 2), CHAIN[:2]))
    assert found.formulas.orchestration_sum == 3
    assert found.simulated[0].mean.value == pytest.approx(9)
    broken = next(each for each in found.broken if each.name == "every step runs exactly once")
    assert "t0 is in a loop" in broken.evidence
