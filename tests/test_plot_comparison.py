"""The pictures of a comparison: what they show, and that they touch nothing global."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from modelcheck import model
from modelcheck.compare import Comparison, compare, scaling
from modelcheck.compare.crossover import with_call_overhead, with_event_overhead
from modelcheck.compare.scaling import topology
from modelcheck.errors import ModelError
from modelcheck.plot.comparison import distributions, plot_comparison, time_against_overhead, time_against_services

SECOND = model.Delay(distribution="constant", parameters={"value": 1.0})
VARYING = model.Delay(distribution="lognormal", parameters={"mean": 0.05, "sigma": 0.5})


def pair(time: model.Delay = SECOND, call: float = 0.5, event: float = 0.25, jobs: int = 40) -> Comparison:
    first, second = topology("sequence", 3, time), topology("chain", 3, time)
    assert isinstance(first, model.Orchestration)
    assert isinstance(second, model.Choreography)
    return compare(with_call_overhead(first, call), with_event_overhead(second, event), jobs=jobs)


def test_four_pictures_and_nothing_global() -> None:
    settings = dict(mpl.rcParams)
    figure = pair().plot()
    assert isinstance(figure, Figure)
    assert len(figure.axes) == 4
    for ax in figure.axes:
        assert ax.get_title()
        assert ax.get_xlabel()
        assert ax.get_ylabel()
    assert dict(mpl.rcParams) == settings
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_files(tmp_path: Path, suffix: str, magic: bytes) -> None:
    path = tmp_path / f"picture{suffix}"
    pair().plot(path)
    assert path.read_bytes().startswith(magic)


@pytest.mark.parametrize("name", ["picture.gif", "picture", "missing/picture.png"])
def test_files_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError) as caught:
        plot_comparison(pair(), tmp_path / name)
    assert caught.value.problems[0].code == "E423"


def test_axes_are_used_where_given() -> None:
    figure = Figure()
    ax = figure.add_subplot()
    found = pair()
    assert time_against_overhead(found, ax) is ax
    assert distributions(found) is not ax


def test_services_are_drawn_as_they_scale() -> None:
    ax = time_against_services([scaling(kind, (1, 2, 4), SECOND, jobs=3) for kind in ("star", "sequence")])
    drawn = {str(line.get_label()): list(np.asarray(line.get_ydata())) for line in ax.get_lines()}
    assert drawn == {
        "orchestration, in a row": pytest.approx([1, 2, 4]),
        "choreography, a star": pytest.approx([1, 1, 1]),
    }
    assert "(s)" in ax.get_ylabel()


def test_lines_cross_where_the_crossover_is_marked() -> None:
    ax = time_against_overhead(pair(call=0.5, event=0.25))
    lines = {str(line.get_label()): line for line in ax.get_lines()}
    x = np.asarray(lines["orchestration"].get_xdata(), dtype=float)
    gap = np.asarray(lines["orchestration"].get_ydata(), dtype=float) - np.asarray(lines["choreography"].get_ydata())
    crossing = float(np.interp(0.0, gap, x))
    assert "250 ms a call" in ax.get_title()
    marked = [float(np.asarray(line.get_xdata())[0]) for line in ax.get_lines() if str(line.get_label())[0] == "_"]
    assert marked == [pytest.approx(crossing, rel=1e-3)]
    assert float(np.asarray(lines["as designed"].get_xdata())[0]) * 1000 == pytest.approx(500, rel=1e-6)


def test_overhead_of_events_where_calls_have_no_crossover() -> None:
    first, second = topology("sequence", 3, SECOND), topology("star", 3, SECOND)
    assert isinstance(first, model.Orchestration)
    assert isinstance(second, model.Choreography)
    ax = time_against_overhead(compare(first, second, jobs=5))
    assert ax.get_title() == "Equally fast at 2 s an event"
    assert "overhead of an event (s)" in ax.get_xlabel()


def test_distributions_are_the_shares_done() -> None:
    found = pair(VARYING, call=0.002, event=0.001, jobs=300)
    ax = distributions(found)
    line = next(line for line in ax.get_lines() if str(line.get_label()).startswith("orchestration"))
    x, y = np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)
    for share in (0.25, 0.5, 0.9):
        quantile = float(np.quantile(found.pairs.orchestration, share, method="inverted_cdf")) * 1000
        assert y[np.searchsorted(x, quantile * (1 + 1e-9), side="right") - 1] == pytest.approx(share, abs=1e-9)
    assert "(ms)" in ax.get_xlabel()
    assert y[-1] == 1
