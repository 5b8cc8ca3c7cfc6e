"""Models calibrated by measurements: a benchmark's executions, and executions that a known model made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import modelcheck as mc
from modelcheck import model
from modelcheck.calibrate import Calibration, Measurements, Span, calibrate, read_measurements
from modelcheck.calibrate.calibration import percentile
from modelcheck.calibrate.fit import FITS, lognormal
from modelcheck.calibrate.matching import match, tasks_of, waiting_for
from modelcheck.cli import main
from modelcheck.compare.arrange import arrange
from modelcheck.errors import ModelError
from modelcheck.simulate import simulate
from modelcheck.simulate.record import record

MEASURED = Path(__file__).parent.parent.parent / "shared" / "corpus" / "timing-sebs" / "aws" / "warm_128.csv"
needs_corpus = pytest.mark.skipif(not MEASURED.is_file(), reason=f"there is no corpus in {MEASURED}")
SHORT = {"jobs": 2_000}


def delay(distribution: str, **parameters: float) -> model.Delay:
    return model.Delay(distribution=distribution, parameters=parameters)


# The measured saga


@pytest.fixture(scope="module")
def trip() -> Calibration:
    return calibrate(mc.load("trip_saga"), MEASURED)


@needs_corpus
def test_the_measured_saga_is_taken_apart(trip: Calibration) -> None:
    assert len(trip.measured) == 77
    assert set(trip.parts.tasks) == {f"{undo}{n}" for undo in ("", "undo ") for n in ("hotel", "rental", "flight")}
    assert trip.parts.between == pytest.approx(0.70, abs=0.005)
    assert {name: len(each.gaps) for name, each in trip.parts.tasks.items() if name != "hotel"} == dict.fromkeys(
        ("rental", "flight", "undo flight", "undo rental", "undo hotel"), 77
    )
    assert not len(trip.parts.tasks["hotel"].gaps)
    # Nothing is lost: durations and gaps add up to the makespans.
    total = sum(each.durations.sum() + each.gaps.sum() for each in trip.parts.tasks.values())
    assert total == pytest.approx(trip.measured.makespans.sum())


@needs_corpus
def test_the_calibrated_saga_takes_what_was_measured(trip: Calibration) -> None:
    measured = {percent: each.value * 1000 for percent, each in trip.whole.measured.items()}
    assert measured == pytest.approx({50: 923, 95: 3207, 99: 4788}, abs=0.5)
    # Resampling each duration and gap by itself, without the model, gives 959, 3136 and 4884.
    simulated = {percent: value * 1000 for percent, value in trip.whole.simulated.items()}
    assert simulated == pytest.approx({50: 959, 95: 3136, 99: 4884}, rel=0.03)
    assert trip.agrees


@needs_corpus
def test_calibrated_on_a_half_it_predicts_the_other_half(trip: Calibration) -> None:
    assert (trip.halves.calibrated_on, trip.halves.measured_on) == (39, 38)
    assert trip.halves.inside(50)
    assert trip.halves.inside(95)
    last = trip.halves.measured[99]
    assert (last.high - last.low) / last.value > 0.3
    assert "p99 of 77 executions is hardly known" in str(trip)


@needs_corpus
def test_halves_predict_each_other_as_well_as_such_halves_can(trip: Calibration) -> None:
    """Over many splits: as often as the half's own executions lie in the intervals of the other half."""
    design = mc.load("trip_saga")
    model_inside, own_inside, lognormals = [], [], []
    for seed in range(1, 13):
        half, other = trip.measured.halves(seed)
        assert not set(half.executions) & set(other.executions)
        intervals = {percent: percentile(other.makespans, percent, seed) for percent in (50, 95)}
        own_inside.append([np.quantile(half.makespans, percent / 100) in each for percent, each in intervals.items()])
        for fit, found in (("empirical", model_inside), ("lognormal", lognormals)):
            result = calibrate(design, half, fit=fit, jobs=400, seed=seed).simulated
            found.append([result.percentiles[percent].value in each for percent, each in intervals.items()])
    assert np.mean(model_inside) >= np.mean(own_inside) - 0.15
    assert np.mean(model_inside, axis=0)[0] > 0.7
    assert not np.any(np.array(lognormals)[:, 1])


@needs_corpus
def test_lognormals_fitted_to_the_body_miss_the_tail(trip: Calibration) -> None:
    assert trip.body.inside(50)
    assert not trip.body.inside(95)
    assert not trip.body.inside(99)
    assert trip.body.measured[99].value / trip.body.simulated[99] > 3.5
    assert "Lognormals fitted to the body miss the tail" in str(trip)


@needs_corpus
def test_a_mixture_has_body_and_tail(tmp_path: Path) -> None:
    found = calibrate(mc.load("trip_saga"), MEASURED, fit="mixture")
    assert found.agrees
    assert found.whole.simulated[99] == pytest.approx(found.whole.measured[99].value, rel=0.1)
    found.save(tmp_path / "mixed.yaml")
    assert "mixture(" in (tmp_path / "mixed.yaml").read_text()
    again = simulate(mc.load(tmp_path / "mixed.yaml"), 500)
    assert np.allclose(again.makespans, simulate(found.design, 500).makespans, rtol=1e-12)


@needs_corpus
def test_whole_executions_are_drawn_together(trip: Calibration, tmp_path: Path) -> None:
    """Resampling whole executions gives the measured distribution itself."""
    found = calibrate(mc.load("trip_saga"), MEASURED, fit="executions")
    measured = np.sort(trip.measured.makespans)
    nearest = measured[np.abs(found.times[:, None] - measured[None, :]).argmin(axis=1)]
    assert found.times == pytest.approx(nearest, abs=1e-6)
    counts = np.array([np.isclose(nearest, each).sum() for each in measured])
    assert counts.min() > 80  # each of 77 in some 130 of 10,000 jobs
    assert found.whole.inside(50)
    assert found.whole.inside(95)
    assert "chance alone moves" in " ".join(str(found).split())
    found.save(tmp_path / "together.yaml")
    again = simulate(mc.load(tmp_path / "together.yaml"), 300)
    assert np.array_equal(again.makespans, simulate(found.design, 300).makespans)


@needs_corpus
def test_measured_times_that_go_together_are_named(trip: Calibration) -> None:
    assert all(0.3 <= abs(each.correlation) <= 1 for each in trip.links)
    assert any({"gap before undo rental", "gap before undo hotel"} == {each.first, each.second} for each in trip.links)
    assert "draws each by itself" in " ".join(str(trip).split())
    assert any("confirm" in note and "it takes none" in note for note in trip.notes)


@needs_corpus
def test_it_can_be_kept_and_read_again(trip: Calibration, tmp_path: Path) -> None:
    files = trip.save(tmp_path / "measured_trip.yaml")
    assert len(files) == 12  # the model, six durations, five gaps
    assert all(path.is_file() for path in files)
    again = simulate(mc.load(tmp_path / "measured_trip.yaml"), 500)
    assert np.array_equal(again.makespans, simulate(trip.design, 500).makespans)
    assert mc.check(tmp_path / "measured_trip.yaml").exit_code == 0


@needs_corpus
def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, picture = tmp_path / "trip.yaml", tmp_path / "trip.png"
    words = ["calibrate", "trip_saga", str(MEASURED), "--jobs", "2000", "-o", str(out), "--plot", str(picture)]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "70.1 % of the measured time lies between the tasks." in printed
    assert f"written: {out}" in printed
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert main(["calibrate", "trip_saga", str(MEASURED), "--json", "--jobs", "500"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["executions"] == 77
    assert data["all"]["percentiles"]["p50"]["inside"] is True
    assert main(["calibrate", "trip_saga", str(MEASURED), "--fit", "lognormal", "--jobs", "500"]) == 1
    assert "does NOT reproduce p95" in capsys.readouterr().out


@needs_corpus
def test_how_it_shows_itself(trip: Calibration) -> None:
    assert max(len(line) for line in str(trip).splitlines()) <= 120
    page = trip._repr_html_()
    assert "undo rental" in page
    assert "<svg" in page or "<table" in page
    assert isinstance(trip.plot(), Figure)
    json.dumps(trip.to_dict(), allow_nan=False)


# Executions that a known model made


def executions_of(
    design: model.Orchestration | model.Choreography, jobs: int, names: Mapping[str, str]
) -> Measurements:
    """What would be measured of a model: the beginnings and ends of its tasks, in simulated runs."""
    recording = record(design, jobs)
    begun: dict[tuple[int, str], float] = {}
    spans: dict[int, list[Span]] = {}
    for each in recording.happenings:
        label = recording.system.actions[each.number].label
        undo, phase = label.phase.startswith("undo"), label.phase.removeprefix("undo ")
        name = f"undo {label.step}" if undo else label.step
        if phase == "start":
            begun[each.job, name] = each.time
        elif phase == "finish":
            spans.setdefault(each.job, []).append(Span(names.get(name, name), begun[each.job, name], each.time))
    return Measurements(tuple(tuple(sorted(each, key=lambda span: span.start)) for each in spans.values()), "made")


def known_flow() -> model.Orchestration:
    """a, then b and c side by side, then d which is refused every second time, so that b is undone."""
    varying, calls = delay("gamma", mean=1.0, shape=2.0), delay("uniform", low=0.1, high=0.3)
    return model.Orchestration(
        name="known",
        coordinators={"boss": model.Coordinator(overhead=calls)},
        services={name: model.Service(time=varying) for name in ("a", "b", "c", "d", "undo_b")},
        variables={"done": model.Variable(type="bool", initial=False), "lucky": model.Variable(type="bool")},
        flow=model.Flow(
            steps={
                "a": model.Step(service="a"),
                "b": model.Step(
                    service="b",
                    after=("a",),
                    effect={"done": True},
                    compensation=model.Compensation(service="undo_b", effect={"done": False}),
                ),
                "c": model.Step(service="c", after=("a",)),
                "d": model.Step(service="d", after=("b", "c"), check="lucky"),
            }
        ),
    )


def known_events() -> model.Choreography:
    """first tells second and third, second tells fourth."""
    varying = delay("gamma", mean=1.0, shape=2.0)
    listens = {"first": "begin", "second": "told", "third": "told", "fourth": "more"}
    tells = {"first": "told", "second": "more"}
    return model.Choreography(
        name="known",
        events={name: model.Event() for name in ("begin", "told", "more")},
        channels={"bus": model.Channel(publish=delay("constant", value=0.05), deliver=delay("exponential", mean=0.2))},
        routes={"begin": ("first",), "told": ("second", "third"), "more": ("fourth",)},
        starts=(model.Publication(event="begin"),),
        participants={
            name: model.Participant(
                subscribes=(event,),
                workers=None,
                handlers={
                    "work": model.Handler(
                        on=event,
                        time=varying,
                        publishes=(model.Publication(event=tells[name]),) if name in tells else (),
                    )
                },
            )
            for name, event in listens.items()
        },
    )


def test_an_orchestration_is_found_again() -> None:
    design, names = known_flow(), {"undo b": "undo_b"}
    found = calibrate(design, executions_of(design, 400, names), **SHORT)
    assert found.agrees
    assert found.whole.inside(99) or found.whole.simulated[99] > found.whole.measured[99].high
    for task in ("b", "c", "d", "undo b"):
        gaps = found.parts.tasks[task].gaps
        assert 0.1 - 1e-9 <= gaps.min() <= gaps.max() <= 0.3 + 1e-9
    assert found.runs["undo b"][0] == pytest.approx(0.5, abs=0.1)
    assert found.notes == ()


def test_a_choreography_is_found_again() -> None:
    design = known_events()
    found = calibrate(design, executions_of(design, 400, {}), **SHORT)
    assert found.agrees
    bus = found.design.channels["bus"]  # type: ignore[union-attr]
    assert bus.publish is None
    assert bus.deliver is not None
    gaps = np.concatenate([each.gaps for each in found.parts.tasks.values() if len(each.gaps)])
    assert gaps.min() >= 0.05 - 1e-9
    assert gaps.mean() == pytest.approx(0.25, abs=0.03)
    # An execution is measured from its first beginning: the delivery of the first event is not in it.
    assert np.mean(found.simulated.makespans) - np.mean(found.times) == pytest.approx(0.25, abs=0.03)


def test_lognormals_find_lognormals() -> None:
    times = np.exp(np.log(0.2) + 0.7 * np.random.default_rng(3).standard_normal(20_000))
    found = lognormal(times, "").parameters
    assert found["sigma"] == pytest.approx(0.7, rel=0.03)
    assert found["mean"] == pytest.approx(0.2 * np.exp(0.7**2 / 2), rel=0.03)
    design = replace(
        known_flow(),
        services={n: model.Service(time=delay("lognormal", mean=1.0, sigma=0.4)) for n in known_flow().services},
        variables={**known_flow().variables, "lucky": model.Variable(type="bool", initial=True)},
    )
    whole = calibrate(design, executions_of(design, 400, {}), fit="lognormal", **SHORT).whole
    assert whole.simulated == pytest.approx({percent: each.value for percent, each in whole.measured.items()}, rel=0.2)
    assert whole.simulated[50] == pytest.approx(whole.measured[50].value, rel=0.04)


def test_many_executions_are_cheap() -> None:
    """The interval of a percentile of many values is that of the bootstrap, without its work."""
    values = np.random.default_rng(2).exponential(1.0, 2_000)
    drawn, ranked = percentile(values, 95), percentile(np.append(values, values[0]), 95)
    assert "bootstrap" in drawn.method
    assert "order statistics" in ranked.method
    assert (ranked.low, ranked.high) == (pytest.approx(drawn.low, rel=0.03), pytest.approx(drawn.high, rel=0.03))


def test_outcomes_that_were_not_measured_are_said() -> None:
    design = known_flow()
    always = replace(design, variables={**design.variables, "lucky": model.Variable(type="bool", initial=False)})
    found = calibrate(design, executions_of(always, 100, {"undo b": "undo_b"}), **SHORT)
    assert any(note.startswith("undo b runs 1 times in a measured execution and 0.") for note in found.notes)


def test_retries_give_no_gaps() -> None:
    spans = (Span("a", 0, 1), Span("a", 5, 6), Span("b", 7, 8))
    steps = {"a": model.Step(service="s", retry=model.Retry(attempts=3)), "b": model.Step(service="s")}
    design = model.Orchestration(
        name="retry",
        services={"s": model.Service(time=delay("constant", value=1.0), fails={"error": 0.2})},
        flow=model.Flow(steps=steps),
    )
    found = calibrate(design, Measurements((spans,) * 6), **SHORT)
    assert (found.parts.tasks["a"].again, len(found.parts.tasks["a"].gaps)) == (6, 0)
    assert list(found.parts.tasks["b"].gaps) == [1.0] * 6
    assert any("came again directly after itself" in note for note in found.notes)


def test_what_overlaps_has_no_gap() -> None:
    steps = {"a": model.Step(time=delay("constant", value=1.0)), "b": model.Step()}
    found = calibrate(
        model.Orchestration(name="clocks", flow=model.Flow(steps=steps)),
        Measurements(tuple((Span("a", n, n + 2.0), Span("b", n + 1.5, n + 3.0)) for n in range(8))),
        **SHORT,
    )
    assert list(found.parts.tasks["b"].gaps) == [0.0] * 8
    assert any("before what it waits for had ended in 100 %" in note for note in found.notes)


def test_a_step_can_have_an_overhead_of_its_own() -> None:
    text = """
orchestration: o
coordinators: {c: {overhead: 1s}}
variables: {x: false}
flow:
  steps:
    a: {time: 10s, overhead: 2s, effect: {x: true}, compensation: {effect: {x: false}, time: 20s, overhead: 4s}}
    b: {time: 100s, check: 1 > 2}
"""
    from modelcheck.load import load_text

    assert simulate(load_text(text, "o.yaml"), 1).mean.value == pytest.approx(10 + 2 + 100 + 1 + 20 + 4)


# Names


def test_tasks_are_known_by_several_names() -> None:
    design = mc.load("trip_saga")
    assert isinstance(design, model.Orchestration)
    found = match(design, ["hotel", "cancel_hotel", "reserve-rental", "undo rental", "undo_flight"])
    assert found == {
        "hotel": "hotel",
        "cancel_hotel": "undo hotel",
        "reserve-rental": "rental",
        "undo rental": "undo rental",
        "undo_flight": "undo flight",
    }
    assert tasks_of(known_events()) == ("first.work", "second.work", "third.work", "fourth.work")
    assert match(design, ["x", "y"], {"x": "undo hotel", "y": ""}) == {"x": "undo hotel"}


def test_who_waits_for_whom() -> None:
    found = waiting_for(known_flow())
    assert found["a"] == set()
    assert found["c"] == {"a"}
    assert found["undo b"] == {"a", "b", "c", "d"}
    design = mc.load("trip_saga")
    assert isinstance(design, model.Orchestration)
    assert "undo flight" in waiting_for(design)["undo rental"]
    assert "undo rental" not in waiting_for(design)["undo flight"]
    lifo = replace(design.policies.compensation, order="lifo")
    assert (
        "undo rental"
        in waiting_for(replace(design, policies=replace(design.policies, compensation=lifo)))["undo flight"]
    )
    parallel = replace(design.policies.compensation, order="parallel")
    both = waiting_for(replace(design, policies=replace(design.policies, compensation=parallel)))
    assert "undo flight" not in both["undo rental"]
    assert waiting_for(known_events())["fourth.work"] == {"first.work", "second.work"}


def test_copies_and_called_flows_are_the_tasks_that_are_written() -> None:
    design = mc.load("group_trip")
    assert isinstance(design, model.Orchestration)
    found = waiting_for(design)
    assert {"book_seat", "book_room"} <= set(found)
    assert found["confirm"] >= {"book_seat", "book_room"}
    inner = set(design.flows["payment"].steps)
    assert inner <= set(found)
    assert found["confirm"] >= inner


# What is wrong


GOOD = "func,start,end,request_id\na,0,1,x\n"


@pytest.mark.parametrize(
    ("text", "changes", "said"),
    [
        ("name,start,end,request_id\na,0,1,x\n", {}, "no column 'func' that tells the task"),
        (GOOD, {"columns": {"start": "begin"}}, "no column 'begin' that tells the start"),
        (GOOD, {"columns": {"tsak": "func"}}, "'tsak' is nothing that a column tells"),
        (GOOD, {"unit": "h"}, "unknown unit 'h'"),
        ("func,start,end,request_id\n", {}, "no execution in it"),
        ("", {}, "no column"),
        (GOOD + "a,3,2,x\n", {}, "line 3: it ends 1 s before it starts"),
        (GOOD + "a,soon,2,x\n", {}, "line 3: 'soon' is no time"),
        (GOOD + "a,soon,2,x\n", {"unit": "ms"}, "'soon' is not a number of ms"),
        (GOOD + "a,nan,2,x\n", {}, "'nan' is not a time"),
        (GOOD + "a,1,2\n", {}, "'request_id' is empty"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read(tmp_path: Path, text: str, changes: dict[str, object], said: str) -> None:
    (tmp_path / "m.csv").write_text(text)
    with pytest.raises(ModelError) as caught:
        read_measurements(tmp_path / "m.csv", **changes)  # type: ignore[arg-type]
    assert {problem.code for problem in caught.value.problems} == {"E450"}
    assert any(said in problem.message for problem in caught.value.problems)


def test_of_many_wrong_lines_some_are_shown(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(GOOD + "a,2,1,x\n" * 50)
    with pytest.raises(ModelError) as caught:
        read_measurements(tmp_path / "m.csv")
    assert len(caught.value.problems) == 6
    assert "45 more lines" in caught.value.problems[-1].message


rubbish = st.text(st.sampled_from('a1.,;"\n\r\0\ufeff-e:TZ'), max_size=40)


@settings(max_examples=60, deadline=None)
@given(st.one_of(rubbish, rubbish.map(lambda text: GOOD + text)).map(str.encode) | st.binary(max_size=30))
def test_rubbish_is_an_error_and_no_more(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("rubbish") / "m.csv"
    path.write_bytes(content)
    problems = []
    try:
        assert len(read_measurements(path)) > 0
    except ModelError as error:
        problems = list(error.problems)
    assert {problem.code for problem in problems} <= {"E450"}


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_files_that_are_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_measurements(tmp_path / name)
    assert caught.value.problems[0].code == "E450"


def test_times_in_other_units_and_as_dates(tmp_path: Path) -> None:
    (tmp_path / "ms.csv").write_text("func,start,end,request_id\na,1000,1500,x\n")
    assert read_measurements(tmp_path / "ms.csv", unit="ms").makespans == pytest.approx([0.5])
    (tmp_path / "date.csv").write_text("what,from,to,id\na,2026-01-31T12:00:00,2026-01-31T12:00:02.5,x\n")
    columns = {"task": "what", "start": "from", "end": "to", "execution": "id"}
    assert read_measurements(tmp_path / "date.csv", columns).makespans == pytest.approx([2.5])


def test_names_that_mean_nothing_or_too_much() -> None:
    twice = replace(known_events(), participants={**known_events().participants})
    with pytest.raises(ModelError) as caught:
        match(twice, ["work", "fisrt.work", "third.work"], {"absent": "first.work"})
    messages = [problem.message for problem in caught.value.problems]
    assert "may be first.work or second.work or third.work or fourth.work" in messages[0]
    assert "is no task of it" in messages[1]
    assert "did you mean 'first.work'?" in caught.value.problems[1].hint
    assert "is not in the measurements" in messages[2]
    with pytest.raises(ModelError, match="nothing that was measured is left"):
        match(twice, ["x"], {"x": ""})


def test_models_and_measurements_that_do_not_fit() -> None:
    few = Measurements(((Span("a", 0.0, 1.0),),) * 3)
    for call, code in (
        (lambda: calibrate(model.System(name="bare"), few), "E404"),
        (lambda: calibrate(known_flow(), few), "E452"),
        (lambda: calibrate(known_flow(), few, fit="normal"), "E452"),
    ):
        with pytest.raises(ModelError) as caught:
            call()
        assert caught.value.problems[0].code == code
    assert set(FITS) == {"empirical", "executions", "lognormal", "mixture"}
    whole = executions_of(known_flow(), 20, {"undo b": "undo_b"})
    for design, measured, said in (
        (known_flow(), whole, "do not do everything once"),
        (known_events(), executions_of(known_events(), 8, {}), "gaps of a channel"),
    ):
        with pytest.raises(ModelError, match=said):
            calibrate(design, measured, fit="executions")


def test_the_folder_that_cannot_be_written(tmp_path: Path) -> None:
    found = calibrate(known_flow(), executions_of(known_flow(), 8, {"undo b": "undo_b"}), jobs=10)
    with pytest.raises(ModelError) as caught:
        found.save(tmp_path / "missing" / "m.yaml")
    assert caught.value.problems[0].code == "E902"


@st.composite
def arranged(draw: st.DrawFn) -> model.Orchestration | model.Choreography:
    """Tasks along a random graph, in either style, with constant times and overheads in eighths of a second."""
    names = [f"t{number}" for number in range(draw(st.integers(1, 5)))]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=6)) if pairs else []
    eighths = st.integers(0, 16).map(lambda count: count / 8)
    times = {name: delay("constant", value=draw(eighths) + 0.125) for name in names}
    shape = draw(st.sampled_from(("graph", "events", "sequence", "star")))
    return arrange(shape, times, edges, draw(eighths), draw(eighths))


@settings(max_examples=20, deadline=None)
@given(arranged())
def test_constant_times_along_any_graph_are_found_exactly(design: model.Orchestration | model.Choreography) -> None:
    measured = executions_of(design, 4, {})
    done = {name for name in measured.tasks if name in dict.fromkeys(tasks_of(design)) and ".hear_" not in name}
    kept = Measurements(tuple(tuple(span for span in each if span.task in done) for each in measured.executions))
    found = calibrate(design, kept, jobs=4)
    assert found.times == pytest.approx(kept.makespans)


def test_a_gap_behind_what_was_not_measured_holds_two_deliveries() -> None:
    times, edges = dict.fromkeys("abcd", delay("constant", value=1.0)), [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]
    measured = executions_of(arrange("events", times, edges, event=0.5), 4, {})
    kept = Measurements(
        tuple(tuple(span for span in each if span.task.endswith(".work")) for each in measured.executions)
    )
    found = calibrate(arrange("events", times, edges), kept, jobs=4)
    assert isinstance(found.design, model.Choreography)
    assert found.design.channels["bus"].deliver == delay("constant", value=0.5)
    assert found.design.channels["inside"].deliver == delay("constant", value=0.0)
    assert found.times == pytest.approx(kept.makespans)
