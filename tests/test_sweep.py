"""Sweeps and replications: the table, its rows, and that it does not matter who made them."""

from __future__ import annotations

import csv
import io
import json
import math
import multiprocessing
import os
import re
import shlex
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modelcheck as mc
from modelcheck.cli import main
from modelcheck.errors import ModelError
from modelcheck.load import load_text
from modelcheck.simulate import SimulationResult, simulate
from modelcheck.sweep import work
from modelcheck.sweep.paths import with_value
from modelcheck.sweep.replicate import seed_of
from modelcheck.sweep.values import values_of

QUEUE = """
orchestration: queue
constants: {N: 1}
services:
  cook: {time: exponential(mean=20ms), workers: 2}
  oven: {time: 5ms}
flow:
  steps:
    cook: {service: cook}
    bake: {service: oven, after: cook}
arrivals: exponential(mean=15ms)
"""
PARAMETERS = {"services.cook.workers": "1..3", "arrivals": "exponential(mean=15ms..25ms/10ms)"}


@pytest.fixture(scope="module")
def queue() -> mc.model.Model:
    return load_text(QUEUE)


@pytest.fixture(scope="module")
def found(queue: mc.model.Model) -> Any:
    return mc.sweep(queue, PARAMETERS, jobs=400, seed=7)


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """Two processes, for all tests: to start them takes longer than what they do."""
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        yield processes


def longest(result: SimulationResult) -> float:
    return float(np.nanmax(result.makespans))


def deadly(_result: SimulationResult) -> float:
    os._exit(1)


def hungry(result: SimulationResult) -> float:
    if longest(result) > 4:
        raise MemoryError
    return longest(result)


def test_the_first_parameter_changes_slowest_and_each_row_is_that_simulation(queue: mc.model.Model, found: Any) -> None:
    assert [row.values for row in found] == [
        (str(workers), f"exponential(mean={mean}ms)") for workers in (1, 2, 3) for mean in (15, 25)
    ]
    for row in found.rows[1:]:
        design = queue
        for path, text in zip(found.parameters, row.values, strict=True):
            design = with_value(design, path, text)
        result = simulate(design, jobs=400, seed=7)
        assert row.answer.figures["mean"] == result.mean
        assert row.answer.figures["p99"] == result.percentiles[99]
        assert row.answer.back_end == result.back_end


def test_a_design_that_cannot_be_simulated_is_a_row_with_its_error(found: Any) -> None:
    assert len(found) == 6
    assert found.failed == 1
    assert found.complete
    assert found.rows[0].error.startswith("E413: cook cannot keep up")
    assert math.isnan(found["mean"][0])
    assert np.isfinite(found["mean"][1:]).all()
    assert "E413: cook cannot keep up" in str(found)
    assert "1 of 6 designs cannot be simulated" in str(found)


def test_more_workers_are_never_slower_on_the_same_draws(found: Any) -> None:
    """Job by job: that is what the same draws are for."""
    mean = found["mean"].reshape(3, 2)
    assert mean[1, 1] <= mean[0, 1]
    assert (mean[2] <= mean[1]).all()


def test_it_does_not_matter_who_did_the_work(queue: mc.model.Model, found: Any, pool: ProcessPoolExecutor) -> None:
    assert mc.sweep(queue, PARAMETERS, jobs=400, seed=7, executor=pool) == found
    assert mc.sweep(queue, PARAMETERS, jobs=400, seed=7, workers=2) == found
    with ThreadPoolExecutor(3) as threads:
        assert mc.sweep(queue, PARAMETERS, jobs=400, seed=7, executor=threads) == found


@pytest.fixture
def dask_waits() -> Iterator[None]:
    """On a machine with much to do a cluster takes its time to start."""
    pytest.importorskip("distributed")  # It must have read its defaults by then.
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "300s", "distributed.comm.timeouts.tcp": "300s"}):
        yield


@pytest.mark.usefixtures("dask_waits")
def test_a_real_dask_cluster_gives_the_same_bits(queue: mc.model.Model, found: Any) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=40
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor()
        assert mc.sweep(queue, PARAMETERS, jobs=400, seed=7, executor=executor) == found
        alone = mc.replicate(queue, replications=4, jobs=200)
        assert mc.replicate(queue, replications=4, jobs=200, executor=executor) == alone
        with pytest.raises(ModelError, match=r"client.get_executor\(\)"):
            mc.sweep(queue, PARAMETERS, jobs=400, executor=client)


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.lists(st.integers(5, 40), min_size=1, max_size=3),
    st.integers(0, 99),
)
def test_any_grid_in_parts_is_the_grid(workers: list[int], means: list[int], seed: int) -> None:
    """Designs of a part are simulated one after the other in one process: none leaves anything behind."""
    design = load_text(QUEUE)
    grid = {"services.cook.workers": workers, "services.cook.time.mean": [f"{each}ms" for each in means]}
    try:
        whole = mc.sweep(design, grid, jobs=40, seed=seed)
    except ModelError:
        return
    for row in whole:
        single = {name: [value] for name, value in zip(whole.parameters, row.values, strict=True)}
        assert answer_of(design, single, seed) in (row.answer, row.answer.problems)


def answer_of(design: mc.model.Model, single: Any, seed: int) -> Any:
    try:
        return mc.sweep(design, single, jobs=40, seed=seed).rows[0].answer
    except ModelError as error:
        return error.problems


def test_zip_goes_through_all_parameters_together(queue: mc.model.Model) -> None:
    given = {"services.cook.workers": "2,3,4", "services.cook.time.mean": "10ms..30ms/10ms", "N": "5"}
    found = mc.sweep(queue, given, jobs=50, mode="zip")
    assert [row.values for row in found] == [("2", "10ms", "5"), ("3", "20ms", "5"), ("4", "30ms", "5")]
    with pytest.raises(ModelError, match="E445: 'N' has 2 values, another parameter 3"):
        mc.sweep(queue, {**given, "N": "1,2"}, jobs=50, mode="zip")


def test_paired_differences_from_a_base(queue: mc.model.Model, pool: ProcessPoolExecutor) -> None:
    times = {"services.oven.time": "5ms,6ms,15ms"}
    found = mc.sweep(queue, times, jobs=300, base="model")
    differences = [row.answer.figures["difference"] for row in found]
    assert [round(each.value, 12) for each in differences] == [0, 0.001, 0.01]
    # The oven has no queue: each job takes exactly so much longer, and the interval of the difference says so.
    assert all(each.high - each.low < 1e-9 for each in differences)
    assert mc.sweep(queue, times, jobs=300, base="first") == found
    assert mc.sweep(queue, times, jobs=300, base={"services.oven.time": "5ms"}, executor=pool) == found
    with pytest.raises(ModelError, match="E444: 'last' is no base"):
        mc.sweep(queue, times, jobs=300, base="last")


def test_measures_by_name_and_by_function(queue: mc.model.Model, pool: ProcessPoolExecutor) -> None:
    times = {"services.oven.time": "5ms,15ms"}
    found = mc.sweep(queue, times, jobs=300, measures="mean, p90, busy cook")
    assert found.figures == ("mean", "p90", "busy cook")
    mine = mc.sweep(queue, times, jobs=300, measures={"longest": longest, "half": "p50"}, executor=pool)
    assert mine["longest"][1] - mine["longest"][0] == pytest.approx(0.01)
    assert mine["half"][1] - mine["half"][0] == pytest.approx(0.01)
    with pytest.raises(ModelError, match=r"E447: there is no measure 'meen'\n.*did you mean 'mean'"):
        mc.sweep(queue, times, jobs=300, measures=["meen"])
    with pytest.raises(ModelError, match="E447: the measure 'wrong' failed: ZeroDivisionError"):
        mc.sweep(queue, times, jobs=300, measures={"wrong": lambda _: 1 / 0})


class Mortal(Executor):
    """Does its first work, in any order, and then dies."""

    def __init__(self, lives: int) -> None:
        self.lives = lives

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.lives -= 1
        if self.lives < 0:
            future.set_exception(BrokenExecutor("killed"))
        else:
            future.set_result(work(*given, **named))
        return future


def test_the_death_of_a_worker_loses_nothing_that_is_known(queue: mc.model.Model, found: Any) -> None:
    part = mc.sweep(queue, PARAMETERS, jobs=400, seed=7, executor=Mortal(4))
    assert part.rows[:4] == found.rows[:4]
    assert [row.known for row in part.rows[4:]] == [False, False]
    assert part.rows[5].error.startswith("E442: a worker has died before its work was done: killed")
    assert not part.complete
    assert "a worker has died: 4 of 6 designs are known" in str(part)
    with pytest.raises(ModelError, match="E442"):
        mc.sweep(queue, PARAMETERS, jobs=400, executor=Mortal(0))
    with pytest.raises(ModelError, match="E442"):
        mc.sweep(queue, {"services.oven.time": "5ms,6ms"}, jobs=50, measures={"longest": deadly}, workers=2)


def test_want_of_memory_is_an_error_of_that_design(queue: mc.model.Model) -> None:
    found = mc.sweep(queue, {"services.oven.time": "5ms,5s"}, jobs=50, measures={"longest": hungry})
    assert [row.error[:4] for row in found] == ["", "E442"]
    assert found.complete


def interrupted_after(count: int) -> Any:
    def tell(done: int, _whole: int) -> None:
        if done >= count:
            raise KeyboardInterrupt

    return tell


def test_ctrl_c_gives_what_is_known_and_says_so(queue: mc.model.Model, found: Any) -> None:
    part = mc.sweep(queue, PARAMETERS, jobs=400, seed=7, progress=interrupted_after(4))
    assert not part.complete
    assert [row.known for row in part] == [True] * 4 + [False] * 2
    assert part.rows[:4] == found.rows[:4]
    assert "interrupted: 4 of 6 designs are known" in str(part)
    assert part.to_dict()["complete"] is False
    assert [row["error"] for row in csv.DictReader(io.StringIO(part.to_csv()))][4:] == ["interrupted"] * 2


def test_progress_is_told(queue: mc.model.Model) -> None:
    told = []
    mc.sweep(queue, PARAMETERS, jobs=20, progress=lambda *seen: told.append(seen))
    assert told == [(done, 6) for done in range(7)]


def test_what_changes_nothing_is_said(queue: mc.model.Model) -> None:
    found = mc.sweep(queue, {"instances": "1,2", "services.oven.time": "5ms,6ms"}, jobs=50)
    assert "'instances' changes nothing that was measured" in str(found)
    assert "'services.oven.time' changes nothing" not in str(found)


def test_notes_say_of_how_many_designs_they_are(queue: mc.model.Model) -> None:
    found = mc.sweep(queue, {"services.cook.time.mean": "10ms,28.6ms"}, jobs=400)
    assert "note (1 of 2): cook is close to saturation" in str(found)


def test_as_csv(found: Any, tmp_path: Path) -> None:
    text = found.to_csv(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text(encoding="utf-8") == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 6
    assert [row["services.cook.workers"] for row in rows] == ["1", "1", "2", "2", "3", "3"]
    assert [float(row["arrivals seconds"]) for row in rows] == [0.015, 0.025] * 3
    assert rows[0]["mean"] == ""
    assert rows[0]["error"].startswith("E413")
    for row, value in zip(rows[1:], found["mean"][1:], strict=True):
        assert float(row["mean"]) == value, "to the last bit"
        assert float(row["mean low"]) <= value <= float(row["mean high"])
    with pytest.raises(ModelError, match="E902"):
        found.to_csv(tmp_path / "nowhere" / "table.csv")


def test_as_parquet(found: Any, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found.to_parquet(tmp_path / "table.parquet")
    read = parquet.read_table(tmp_path / "table.parquet").to_pydict()
    assert read == found.columns()
    with pytest.raises(ModelError, match="E902"):
        found.to_parquet(tmp_path / "nowhere" / "table.parquet")


def test_parquet_without_pyarrow(found: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModelError, match=r"E448.*\n.*pip install 'modelcheck\[parquet\]'"):
        found.to_parquet(tmp_path / "table.parquet")


def test_as_data_and_as_a_table_in_a_notebook(found: Any) -> None:
    data = json.loads(json.dumps(found.to_dict()))
    assert (data["model"], data["jobs"], data["seed"], data["failed"]) == ("queue", 400, 7, 1)
    assert [row["services.cook.workers"] for row in data["rows"]] == [1, 1, 2, 2, 3, 3]
    page = found._repr_html_()
    assert page.count("<tr") == 7
    assert "cannot keep up" in page


def test_columns_by_name(found: Any) -> None:
    assert list(found["arrivals"]) == [0.015, 0.025] * 3
    with pytest.raises(KeyError, match="did you mean 'mean'"):
        found["meann"]
    with pytest.raises(KeyError, match="no numbers"):
        found["error"]


def test_pictures(found: Any, tmp_path: Path) -> None:
    axes = found.plot(x="arrivals")
    assert [line.get_label() for line in axes.get_lines()] == ["1", "2", "3"]
    line = axes.get_lines()[1]
    assert list(line.get_ydata()) == [value * 1000 for value in found["mean"][2:4]]
    assert "arrivals" in axes.get_xlabel()
    assert axes.get_ylabel() == "mean (ms)"
    assert "1 design cannot be simulated" in axes.get_title(loc="left")
    for name in ("a.png", "a.svg", "a.pdf"):
        found.plot(ax=tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1_000
    with pytest.raises(ModelError, match="E449: there is no measure 'men'"):
        found.plot(y="men")
    with pytest.raises(ModelError, match="E903"):
        found.plot(ax=tmp_path / "a.txt")


def test_words_are_drawn_beside_each_other() -> None:
    found = mc.sweep("order_choreography", {"channels.bus.order": "fifo,unordered"}, jobs=50)
    assert [label.get_text() for label in found.plot().get_xticklabels()] == ["fifo", "unordered"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "E444: nothing is varied"),
        ([("N", "1"), ("N", "2")], "E444: 'N' is given twice"),
        ({"services.cook.workers": "8..1"}, "E445"),
        ({"services.cook.workers": "0..2"}, r"E025.*found '0'"),
        ({"services.cook.workers": "1..100000", "N": "1..10000"}, "E446: 100,000 x 10,000 = 1,000,000,000 designs"),
        ({"services.cok.workers": "1..2"}, r"E443.*\n.*\n.*\n.*did you mean 'services.cook.workers'"),
        ({"flow.steps.bake.service": "oven,ofen"}, "ofen"),
        ({"flow.steps.bake.after": "cook,bak"}, "bak"),
    ],
)
def test_careless_parameters_are_answered_before_anything_runs(
    queue: mc.model.Model, parameters: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "simulate", lambda *_: pytest.fail("it has begun"))
    with pytest.raises(ModelError, match=message):
        mc.sweep(queue, parameters, jobs=50)


def test_all_that_is_wrong_is_said_at_once(queue: mc.model.Model) -> None:
    with pytest.raises(ModelError) as caught:
        mc.sweep(queue, {"services.cook.workers": "0,1", "arrivals": "8..1", "M": "1"})
    assert {problem.code for problem in caught.value.problems} == {"E025", "E443", "E445"}


def test_what_is_wrong_with_every_design_is_an_error() -> None:
    with pytest.raises(ModelError, match="E404"):
        mc.sweep("two_phase_commit", {"N": "2,3"}, jobs=10)
    with pytest.raises(ModelError, match="E411"):
        mc.sweep("order_orchestration", {"services.payment.workers": "2,3"}, jobs=0)
    with pytest.raises(ModelError, match="E440"):
        mc.sweep("order_orchestration", {"services.payment.workers": "2,3"}, jobs=10, workers=0)


def test_replications_are_independent_simulations_and_their_mean(
    queue: mc.model.Model, pool: ProcessPoolExecutor
) -> None:
    found = mc.replicate(queue, replications=5, jobs=300, seed=3)
    assert found.seeds == tuple(seed_of(3, number) for number in range(5))
    assert len(set(found.seeds)) == 5
    means = [simulate(queue, jobs=300, seed=seed).mean.value for seed in found.seeds]
    assert found.values["mean"] == tuple(means)
    spread = np.std(means, ddof=1) / math.sqrt(5) * 2.7764451051977987  # t for 95 % and four degrees of freedom
    assert found["mean"].value == pytest.approx(np.mean(means))
    assert found["mean"].high - found["mean"].value == pytest.approx(spread)
    assert mc.replicate(queue, replications=5, jobs=300, seed=3, executor=pool) == found
    assert "5 replications of 300 jobs" in str(found)
    assert "replications" in found._repr_html_()
    json.dumps(found.to_dict())


def test_replications_hold_the_exact_mean() -> None:
    """M/M/1 at two thirds: a job takes 1 / (mu - lambda) = 60 ms (Kleinrock 1975)."""
    text = QUEUE.replace("workers: 2", "workers: 1").replace("oven: {time: 5ms}", "oven: {}")
    design = load_text(text.replace("mean=15ms", "mean=30ms"))
    found = mc.replicate(design, replications=8, jobs=4_000, confidence=0.999)
    assert 0.06 in found["mean"]
    assert (
        0.06
        not in mc.replicate(
            with_value(design, "services.cook.time.mean", "23ms"), replications=8, jobs=4_000, confidence=0.999
        )["mean"]
    )


def test_replications_that_are_none(queue: mc.model.Model) -> None:
    for wrong in (0, 1, 1.5, 10**9):
        with pytest.raises(ModelError, match="E444"):
            mc.replicate(queue, replications=wrong)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="E413"):
        mc.replicate(with_value(queue, "services.cook.workers", "1"), replications=3, jobs=50)


def test_options_of_simulate(queue: mc.model.Model) -> None:
    times = {"services.oven.time": "5ms,6ms"}
    found = mc.sweep(queue, times, jobs=300, back_end="events", warmup="none", confidence=0.99)
    one = simulate(queue, jobs=300, back_end="events", warmup="none", confidence=0.99)
    assert found.rows[0].answer.figures["mean"] == one.mean
    with pytest.raises(ModelError, match="E412"):
        mc.sweep(queue, times, jobs=300, back_end="max-plus")
    for wrong in ("seconds", "backend"):
        with pytest.raises(TypeError, match=f"'{wrong}' is no option here"):
            mc.sweep(queue, times, jobs=300, **{wrong: 1})
        with pytest.raises(TypeError, match=f"'{wrong}' is no option here"):
            mc.replicate(queue, **{wrong: 1})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "queue.yaml").write_text(QUEUE, encoding="utf-8")
    return tmp_path


VARY = ["--vary", "services.cook.workers=1..3", "--vary", "arrivals=exponential(mean=15ms..25ms/10ms)"]


def test_the_verb(folder: Path, capsys: pytest.CaptureFixture[str], found: Any) -> None:
    files = ["--csv", "t.csv", "--parquet", "t.parquet", "--plot", "t.svg"]
    assert main(["sweep", "queue.yaml", *VARY, "--jobs", "400", "--seed", "7", *files]) == 0
    assert capsys.readouterr().out == f"{found}\n"
    assert (folder / "t.csv").read_text() == found.to_csv()
    assert (folder / "t.parquet").is_file()
    assert (folder / "t.svg").is_file()
    words = ["sweep", "queue.yaml", *VARY, "--jobs", "400", "--seed", "7", "--workers", "2", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(found.to_dict()))
    words = ["sweep", "queue.yaml", "--vary", "services.oven.time=5ms,15ms", "--vary", "services.cook.workers=2,3"]
    assert main([*words, "--zip", "--jobs", "50", "--base", "model", "--measures", "mean,p90"]) == 0
    head = capsys.readouterr().out.splitlines()[1].split()
    assert head == ["services.oven.time", "services.cook.workers", "mean", "p90", "difference"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--vary", "services.cok.workers=1"], "did you mean 'services.cook.workers'"),
        (["--vary", "services.cook.workers=1..8", "--csv", "nowhere/t.csv"], "there is no such folder"),
        (["--vary", "services.cook.workers=1..8", "--plot", "t.txt"], "E903"),
        (["--vary", "services.cook.workers=1..8", "--set", "M=1"], "E032"),
    ],
)
def test_the_verb_says_what_is_wrong(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert main(["sweep", "queue.yaml", *words]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", [[], ["--vary", "a"], ["--vary", "=1"], ["--vary", "N=1", "--workers", "0"]])
def test_the_verb_used_wrongly(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["sweep", "queue.yaml", *words])
    assert "modelcheck sweep: error" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_sweep_of_saturated_designs_only_is_not_as_it_should_be(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--vary", "arrivals=5ms,8ms", "--jobs", "50"]
    assert main(["sweep", "queue.yaml", *words]) == 1
    assert capsys.readouterr().out.count("E413") == 2


def test_ctrl_c_in_the_verb(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []

    def third(*given: Any) -> Any:
        begun.append(given)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return simulate(*given)

    monkeypatch.setattr(work, "simulate", third)
    assert main(["sweep", "queue.yaml", *VARY, "--jobs", "50", "--csv", "t.csv"]) == 130
    assert "interrupted: 2 of 6 designs are known" in capsys.readouterr().out
    assert len((folder / "t.csv").read_text().splitlines()) == 7


@pytest.mark.usefixtures("folder")
def test_replications_in_the_verb_simulate(queue: mc.model.Model, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", "queue.yaml", "--replications", "3", "--jobs", "200", "--seed", "4"]
    assert main(words) == 0
    assert capsys.readouterr().out == f"{mc.replicate(queue, replications=3, jobs=200, seed=4)}\n"
    assert main([*words, "--plot", "t.png"]) == 2
    assert "E444: --plot is about one simulation" in capsys.readouterr().err
    assert main(["simulate", "queue.yaml", "--jobs", "200", "--workers", "2"]) == 0
    assert "one process has simulated them" in capsys.readouterr().err


PAGE = (Path(__file__).parent.parent / "docs" / "time_sweep.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("dask_waits")
def test_what_the_page_shows_works(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("distributed")
    (command,) = re.findall(r"^\$ modelcheck (.*)$", PAGE, re.MULTILINE)
    assert main(shlex.split(command)) == 0
    assert "0 s ± 0 s" in capsys.readouterr().out, "one row is the model as it stands"
    names: dict[str, Any] = {}
    for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        exec(block, names)
    assert len(names["same"]) == 3


@pytest.mark.parametrize("values", re.findall(r"^\| `(.*?)`(?:, `(.*?)`)? \|", PAGE, re.MULTILINE))
def test_the_values_of_the_page_are_values(values: tuple[str, str]) -> None:
    for written in filter(None, values):
        assert len(values_of("x", written)) > 1
