"""Delays: what is drawn has the distribution it says, with the mean it says; and wrong ones are refused."""

from __future__ import annotations

import math
import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from modelcheck import model
from modelcheck.errors import Located, ModelError, Position
from modelcheck.load.delays import read_delay, write_delay
from modelcheck.model import Delay
from modelcheck.simulate import simulate
from modelcheck.simulate.delays import (
    Recorded,
    bounds,
    capped_mean,
    cdf,
    mean,
    quantile,
    sampler,
    squared_variation,
    survival,
    variance,
)
from modelcheck.simulate.draws import stream, uniforms
from modelcheck.simulate.exact import NotExact, exact_of
from modelcheck.simulate.setting import setting_of

MU = math.log(2) - 0.125
SIGMA95 = math.log(4) / stats.norm.ppf(0.95)

CASES = [
    ("exponential", {"mean": 2.0}, stats.expon(scale=2)),
    ("uniform", {"low": 1.0, "high": 3.0}, stats.uniform(1, 2)),
    ("lognormal", {"mean": 2.0, "sigma": 0.5}, stats.lognorm(0.5, scale=math.exp(MU))),
    ("lognormal", {"median": 2.0, "p95": 8.0}, stats.lognorm(SIGMA95, scale=2)),
    ("lognormal", {"median": 2.0, "p10": 1.0}, stats.lognorm(math.log(0.5) / stats.norm.ppf(0.1), scale=2)),
    ("gamma", {"mean": 2.0, "shape": 1.7}, stats.gamma(1.7, scale=2 / 1.7)),
    ("erlang", {"mean": 2.0, "shape": 3.0}, stats.erlang(3, scale=2 / 3)),
    ("weibull", {"scale": 2.0, "shape": 1.5}, stats.weibull_min(1.5, scale=2)),
    ("pareto", {"scale": 2.0, "shape": 3.0}, stats.pareto(3, scale=2)),
    ("pareto", {"mean": 3.0, "shape": 3.0}, stats.pareto(3, scale=2)),
    ("triangular", {"low": 1.0, "mode": 1.5, "high": 4.0}, stats.triang(1 / 6, 1, 3)),
    ("triangular", {"low": 1.0, "mode": 1.0, "high": 4.0}, stats.triang(0, 1, 3)),
    ("triangular", {"low": 1.0, "mode": 4.0, "high": 4.0}, stats.triang(1, 1, 3)),
]
IDS = [f"{name}({', '.join(parameters)})" for name, parameters, _ in CASES]
WARM = Delay(distribution="exponential", parameters={"mean": 0.5})
COLD = Delay(distribution="lognormal", parameters={"mean": 4.0, "sigma": 1.0})
OFTEN_WARM = Delay(distribution="mixture", parts=(COLD, WARM), weights=(0.1, 0.9))


def shifted(by: float, delay: Delay) -> Delay:
    return Delay(distribution="shifted", parameters={"by": by}, parts=(delay,))


@pytest.mark.parametrize(("name", "parameters", "known"), CASES, ids=IDS)
def test_what_is_known_of_a_distribution_is_true(
    name: str, parameters: dict[str, float], known: stats.rv_continuous
) -> None:
    delay = Delay(distribution=name, parameters=parameters)
    points = np.array([1e-9, 0.01, 0.3, 0.5, 0.95, 0.999999])
    assert sampler(delay)(points) == pytest.approx(known.ppf(points), rel=1e-9)
    assert quantile(delay)(points) == pytest.approx(known.ppf(points), rel=1e-9)
    times = np.array([-1.0, 0.0, 0.3, 1.0, 1.2, 2.0, 3.0, 7.5])
    assert cdf(delay)(times) == pytest.approx(known.cdf(times), rel=1e-11)
    assert survival(delay)(times) == pytest.approx(known.sf(times), rel=1e-11)
    assert mean(delay) == pytest.approx(known.mean(), rel=1e-12)
    assert variance(delay) == pytest.approx(known.var(), rel=1e-9)
    assert squared_variation(delay) == pytest.approx(known.var() / known.mean() ** 2, rel=1e-9)
    assert bounds(delay) == pytest.approx(known.support())


@pytest.mark.parametrize(
    "delay",
    [
        *(Delay(distribution=name, parameters=parameters) for name, parameters, _ in CASES),
        OFTEN_WARM,
        shifted(0.7, OFTEN_WARM),
        Delay(distribution="pareto", parameters={"scale": 0.5, "shape": 1.0}),
        Delay(distribution="pareto", parameters={"scale": 0.5, "shape": 0.7}),
    ],
    ids=lambda delay: f"{delay.distribution}({', '.join(delay.parameters)})",
)
def test_a_mean_that_is_cut_off_is_the_integral_of_the_survival_function(delay: Delay) -> None:
    edges = [*bounds(delay), *delay.parameters.values()]
    for limit in (0.0, 0.4, 1.2, 2.0, 3.9, 30.0):
        inner = sorted({float(edge) for edge in edges if 0 < edge < limit})
        pieces = [integrate.quad(lambda t: float(survival(delay)(np.array([t]))[0]), low, high, epsabs=1e-13)[0]
                  for low, high in pairwise([0.0, *inner, limit])]  # fmt: skip
        assert capped_mean(delay, limit) == pytest.approx(sum(pieces), rel=1e-9, abs=1e-12)
    assert capped_mean(delay, math.inf) == mean(delay)


def test_a_constant_is_constant() -> None:
    delay = Delay(distribution="constant", parameters={"value": 0.02})
    assert sampler(delay)(np.array([0.1, 0.9])).tolist() == [0.02, 0.02]
    assert mean(delay) == 0.02
    assert variance(delay) == squared_variation(delay) == 0
    assert cdf(delay)(np.array([0.01, 0.02, 0.03])).tolist() == [0, 1, 1]
    assert bounds(delay) == (0.02, 0.02)
    assert capped_mean(delay, 0.01) == 0.01


def test_a_heavy_tail_has_no_mean_or_no_variance() -> None:
    without_mean = Delay(distribution="pareto", parameters={"scale": 1.0, "shape": 1.0})
    without_variance = Delay(distribution="pareto", parameters={"mean": 1.0, "shape": 2.0})
    assert mean(without_mean) == variance(without_mean) == squared_variation(without_mean) == math.inf
    assert mean(without_variance) == 1
    assert variance(without_variance) == math.inf
    assert mean(Delay(distribution="mixture", parts=(without_mean, WARM), weights=(0.5, 0.5))) == math.inf


def test_a_shift_moves_a_delay_and_nothing_else() -> None:
    moved = shifted(0.7, COLD)
    points = np.array([1e-9, 0.3, 0.999])
    assert sampler(moved)(points) == pytest.approx(0.7 + sampler(COLD)(points), rel=1e-15)
    assert mean(moved) == pytest.approx(4.7)
    assert variance(moved) == variance(COLD)
    assert cdf(moved)(np.array([0.5, 0.7, 1.7])) == pytest.approx(cdf(COLD)(np.array([-0.2, 0, 1])))
    assert bounds(moved) == (0.7, math.inf)
    assert bounds(shifted(0.1, delay("constant", value=0.2))) == (0.3, 0.3)
    assert bounds(shifted(0.1, delay("uniform", low=0.2, high=0.7))) == (0.3, 0.8)


def test_a_mixture_has_the_moments_and_the_quantiles_of_its_parts_together() -> None:
    assert mean(OFTEN_WARM) == pytest.approx(0.1 * 4 + 0.9 * 0.5)
    second = 0.1 * 16 * math.e + 0.9 * 0.5
    assert variance(OFTEN_WARM) == pytest.approx(second - 0.85**2)
    times = np.array([0.1, 0.5, 2.0, 20.0])
    assert cdf(OFTEN_WARM)(times) == pytest.approx(0.1 * cdf(COLD)(times) + 0.9 * cdf(WARM)(times))
    points = np.array([1e-9, 0.2, 0.5, 0.9, 0.99, 0.999999])
    assert cdf(OFTEN_WARM)(quantile(OFTEN_WARM)(points)) == pytest.approx(points, rel=1e-12)


def test_a_mixture_is_drawn_with_one_number_that_gives_the_slow_part_where_it_is_large() -> None:
    uniform = (np.arange(100_000) + 0.5) / 100_000
    drawn = sampler(OFTEN_WARM)(uniform)
    assert drawn[:90_000] == pytest.approx(sampler(WARM)(uniform[:90_000] / 0.9))
    assert stats.kstest(drawn, lambda t: cdf(OFTEN_WARM)(t)).statistic < 1e-4
    assert np.isfinite(sampler(OFTEN_WARM)(np.array([2.0**-53, 0.9, np.nextafter(0.9, 0), 1 - 2.0**-53]))).all()


def test_a_delay_is_the_same_whoever_is_drawn_with_it() -> None:
    uniform = uniforms(stream(1, "a"), range(1000))
    for delay in (*(Delay(distribution=n, parameters=p) for n, p, _ in CASES), OFTEN_WARM, shifted(0.1, OFTEN_WARM)):
        together = sampler(delay)(uniform)
        assert [float(sampler(delay)(uniform[i : i + 1])[0]) for i in range(0, 1000, 37)] == together[::37].tolist()


def test_measured_times_are_resampled_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "times.csv"
    file.write_text("seconds,note\n0.3,x\n0.1,y\n\n0.2,z\n0.2,z\n")
    delay = Delay(distribution="empirical", parameters={"file": str(file)})
    drawn = sampler(delay)(np.array([0.0001, 0.24, 0.26, 0.74, 0.76, 1 - 2**-53]))
    assert drawn.tolist() == [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]
    assert mean(delay) == pytest.approx(0.2)
    assert variance(delay) == pytest.approx(0.005)
    assert bounds(delay) == (0.1, 0.3)
    assert cdf(delay)(np.array([0.05, 0.1, 0.2, 0.25, 0.3])).tolist() == [0, 0.25, 0.75, 0.75, 1]
    assert survival(delay)(np.array([0.1, 0.2])).tolist() == [0.75, 0.25]
    assert capped_mean(delay, 0.2) == pytest.approx(0.175)


def test_measured_times_are_a_column_of_the_lines_that_count(tmp_path: Path) -> None:
    file = str(tmp_path / "times.csv")
    Path(file).write_text("who,start,end,took\na,1722673878.25,1722673878.5,7\nb,10,11,8\na,20,20.75,9\n")

    def means(**parameters: str) -> float:
        return mean(Delay(distribution="empirical", parameters={"file": file, **parameters}))

    assert means(column="took") == 8
    assert means(column="took", unit="ms") == 0.008
    assert means(column="end - start", where="who=a") == 0.5
    assert means(column="took", where="who=b") == 8
    for parameters, said in (
        ({"column": "tok"}, "no column 'tok'; did you mean 'took'"),
        ({"column": "took", "where": "who=c"}, "no line has who=c"),
        ({"column": "who"}, "line 2: 'a' is not a number"),
        ({"column": "start - end"}, "-0.25 is not a time"),
        ({"column": "took", "unit": "m"}, "unit must be one of us, ms, s, min, h, not 'm'"),
        ({"column": "took", "where": "who"}, "write where=column=value"),
    ):
        with pytest.raises(ModelError, match=said):
            means(**parameters)


def test_times_that_are_here_already_need_no_file() -> None:
    recorded = Recorded("the first half", (0.2, 0.1))
    assert mean(Delay(distribution="empirical", parameters={"file": recorded})) == pytest.approx(0.15)
    assert pickle.loads(pickle.dumps(recorded)).values == (0.2, 0.1)


def test_a_measured_file_is_looked_for_beside_its_model(tmp_path: Path) -> None:
    (tmp_path / "times.txt").write_text("4\n6\n")
    place = Position(str(tmp_path / "model.yaml"), 3, 11)
    assert mean(Delay(distribution="empirical", parameters={"file": Located("times.txt", place)})) == 5


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("exponental", {"mean": 1}, "did you mean 'exponential'"),
        ("exponential", {}, "needs mean"),
        ("exponential", {"mean": -1}, "above 0, not -1"),
        ("exponential", {"mean": math.nan}, "not nan"),
        ("exponential", {"mean": "1s"}, "not 1s"),
        ("exponential", {"mean": 1, "shape": 2}, "unknown parameter 'shape'"),
        ("erlang", {"mean": 1, "shape": 1.5}, "a whole number"),
        ("uniform", {"low": 2, "high": 1}, "low is larger than high"),
        ("constant", {"value": True}, "not True"),
        ("lognormal", {"mean": 1, "p95": 2}, "'mean' and 'p95' do not go together"),
        ("lognormal", {"median": 1, "p95": 0.5}, "p95 must be above the median"),
        ("lognormal", {"median": 1, "p5": 2}, "p5 must be below the median"),
        ("lognormal", {"median": 1, "p50": 2}, "the median itself"),
        ("lognormal", {"median": 1, "p100": 2}, "unknown parameter 'p100'"),
        ("pareto", {"mean": 1, "shape": 1}, "there is no mean"),
        ("triangular", {"low": 1, "mode": 0, "high": 2}, "low is larger than mode"),
        ("mixture", {}, "from 2 to 100 parts, not 0"),
        ("shifted", {"by": 1}, "one delay is shifted"),
        ("empirical", {"file": "there is no such file"}, "cannot read measured times"),
    ],
)
def test_wrong_delays_are_refused(name: str, parameters: dict[str, float | str], said: str) -> None:
    delay = Delay(distribution=name, parameters=parameters)
    for use in (sampler, mean):
        with pytest.raises(ModelError, match=said):
            use(delay)


@pytest.mark.parametrize(
    ("text", "said"),
    [("1\nx\n", "line 2: 'x' is not a number"), ("1\n-2\n", "line 2: -2 is not a time"), ("", "no numbers")],
)
def test_wrong_measurements_are_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "times").write_text(text)
    with pytest.raises(ModelError, match=said):
        sampler(Delay(distribution="empirical", parameters={"file": str(tmp_path / "times")}))


@pytest.mark.parametrize(
    ("delay", "said"),
    [
        (Delay(distribution="mixture", parts=(WARM, COLD), weights=(0.5, 0.4)), "add up to 90%, not to 100%"),
        (Delay(distribution="mixture", parts=(WARM, COLD), weights=(1.5, -0.5)), "between 0% and 100%"),
        (Delay(distribution="mixture", parts=(WARM, COLD), weights=(1.0,)), "each part needs a probability"),
        (Delay(distribution="exponential", parameters={"mean": 1}, parts=(WARM,)), "not made of parts"),
        (shifted(1, Delay(distribution="exponential")), "needs mean"),
        (shifted(1, shifted(1, shifted(1, shifted(1, shifted(1, WARM))))), "nested deeper than 4"),
    ],
)
def test_wrong_compound_delays_are_refused(delay: Delay, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        sampler(delay)


def delay(distribution: str, **parameters: float | str) -> Delay:
    return Delay(distribution=distribution, parameters=parameters)


@pytest.mark.parametrize(
    ("text", "meant", "written"),
    [
        ("lognormal(median=20ms, p99.9=80ms)", delay("lognormal", **{"median": 0.02, "p99.9": 0.08}), ""),
        ("pareto(20ms, 2.5)", delay("pareto", mean=0.02, shape=2.5), "pareto(mean=20ms, shape=2.5)"),
        ("pareto(shape=2.5, scale=20ms)", delay("pareto", scale=0.02, shape=2.5), "pareto(scale=20ms, shape=2.5)"),
        ("triangular(0, 2s, 3s)", delay("triangular", low=0, mode=2, high=3), "triangular(low=0, mode=2s, high=3s)"),
        ("5ms + exponential(mean=20ms)", shifted(0.005, delay("exponential", mean=0.02)), ""),
        ("exponential(mean=20ms)+5ms", shifted(0.005, delay("exponential", mean=0.02)), "5ms + exponential(mean=20ms)"),
        ("1e+1s + 2s", shifted(10, delay("constant", value=2)), "10s + 2s"),
        (
            "mixture(0.9 exponential(500ms), 10%: 5ms + 2s)",
            Delay(
                distribution="mixture",
                parts=(delay("exponential", mean=0.5), shifted(0.005, delay("constant", value=2))),
                weights=(0.9, 0.1),
            ),
            "mixture(90% exponential(mean=500ms), 10% 5ms + 2s)",
        ),
        (
            "empirical(a.csv, where=who=me, column=end - start)",
            delay("empirical", file="a.csv", where="who=me", column="end - start"),
            "empirical(file=a.csv, column=end - start, where=who=me)",
        ),
    ],
)
def test_delays_are_read_and_written(text: str, meant: Delay, written: str) -> None:
    assert read_delay(text) == meant
    assert write_delay(meant) == (written or text)


@pytest.mark.parametrize(
    "text", ["", "+", "5ms +", "+ 5ms + 2s", "mixture()", "mixture(50% 1s, 50%)", "f((1s)", "1s + 2"]
)
def test_a_delay_that_is_none_is_no_traceback(text: str) -> None:
    if text != "1s + 2":
        with pytest.raises(ModelError):
            read_delay(text)
    else:
        assert mean(read_delay(text)) == 3


def some(low: float = 0.05, high: float = 20.0) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_subnormal=False).map(lambda value: round(value, 6))


@st.composite
def sensible_delays(draw: st.DrawFn, depth: int = 2) -> Delay:
    kind = draw(st.sampled_from([*sorted({name for name, _, _ in CASES}), "constant", *["shifted", "mixture"][:depth]]))
    if kind == "shifted":
        return shifted(draw(some(0)), draw(sensible_delays(depth - 1)))
    if kind == "mixture":
        weight = draw(st.sampled_from((0.5, 0.01, 0.9)))
        parts = (draw(sensible_delays(depth - 1)), draw(sensible_delays(depth - 1)))
        return Delay(distribution=kind, parts=parts, weights=(weight, 1 - weight))
    if kind == "constant":
        return delay(kind, value=draw(some(0)))
    if kind in ("uniform", "triangular"):
        names = ("low", "high") if kind == "uniform" else ("low", "mode", "high")
        values = sorted(draw(st.lists(some(0), min_size=len(names), max_size=len(names), unique=True)))
        return delay(kind, **dict(zip(names, values, strict=True)))
    if kind == "lognormal" and draw(st.booleans()):
        median = draw(some())
        return delay(kind, **{"median": median, "p99": median * (1 + draw(some()))})
    wanted = {
        "lognormal": ("mean", "sigma"), "pareto": ("scale", "shape"), "weibull": ("scale", "shape"),
        "gamma": ("mean", "shape"), "exponential": ("mean",),
    }  # fmt: skip
    if kind == "erlang":
        return delay(kind, mean=draw(some()), shape=draw(st.integers(1, 9)))
    return delay(kind, **{name: draw(some(0.4, 4)) for name in wanted[kind]})


@settings(max_examples=40, deadline=None, derandomize=True)
@given(made=sensible_delays(), limit=some(0, 60))
def test_what_is_drawn_fits_all_that_is_known(made: Delay, limit: float) -> None:
    assert read_delay(write_delay(made)) == made
    count = 5_000
    drawn = sampler(made)((np.arange(count) + 0.5) / count)
    low, high = bounds(made)
    assert low * (1 - 1e-12) <= drawn.min()
    assert drawn.max() <= high * (1 + 1e-12)
    assert np.minimum(drawn, limit).mean() == pytest.approx(capped_mean(made, limit), abs=8 * limit / count + 1e-12)
    assert capped_mean(made, limit) <= min(mean(made), limit) * (1 + 1e-12)
    ordered = np.sort(drawn)
    assert cdf(made)(ordered) + survival(made)(ordered) == pytest.approx(np.ones(count), abs=1e-12)
    assert (cdf(made)(ordered * (1 + 1e-9)) >= np.arange(1, count + 1) / count - 2 / count).all()
    points = np.array([0.001, 0.3, 0.5, 0.9999])
    reached = quantile(made)(points)
    assert (cdf(made)(reached * (1 + 1e-9) + 1e-12) >= points * (1 - 1e-9)).all()
    assert (cdf(made)(reached * (1 - 1e-9) - 1e-12) <= points * (1 + 1e-6)).all()
    if math.isfinite(variance(made)):
        assert variance(made) >= 0


def test_long_texts_are_refused_at_once() -> None:
    for text in ("1e+" * 200_000, "+" * 200_000, "mixture(" * 50_000, f"mixture({'1% 1s, ' * 20_000}1% 1s)"):
        with pytest.raises(ModelError):
            read_delay(text)


def recorded(*values: float, **parameters: str) -> model.Delay:
    return model.Delay(distribution="empirical", parameters={"file": Recorded("r.csv", values), **parameters})


def test_rows_are_drawn_together() -> None:
    """What stands in one line is drawn for one job, in whatever order the lines are; each by itself is as it was."""
    first, second = (3.0, 1.0, 2.0), (30.0, 10.0, 20.0)
    steps = {"a": model.Step(time=recorded(*first, rows="day")), "b": model.Step(time=recorded(*second, rows="day"))}
    design = model.Orchestration(name="o", flow=model.Flow(steps=steps))
    together = simulate(design, 3_000).makespans
    assert {round(each) for each in together} == {11, 22, 33}
    assert np.isclose(together, 33.0).mean() == pytest.approx(1 / 3, abs=0.04)
    apart = {name: model.Step(time=recorded(*times)) for name, times in (("a", first), ("b", second))}
    found = simulate(model.Orchestration(name="o", flow=model.Flow(steps=apart)), 3_000).makespans
    assert len({round(each) for each in found}) == 9
    assert np.array_equal(together, simulate(design, 3_000, back_end="events").makespans)
    with pytest.raises(NotExact, match="rows"):
        exact_of(setting_of(design, 1))


def test_rows_that_cannot_be_drawn_together() -> None:
    steps = {
        "a": model.Step(time=recorded(1.0, 2.0, rows="x")),
        "b": model.Step(time=recorded(1.0, 2.0, 3.0, rows="x")),
    }
    inner = model.Delay(distribution="shifted", parameters={"by": 1.0}, parts=(recorded(1.0, 2.0, rows="x"),))
    for design, code in ((steps, "E432"), ({"a": model.Step(time=inner)}, "E402")):
        with pytest.raises(ModelError) as caught:
            simulate(model.Orchestration(name="o", flow=model.Flow(steps=design)), 2)
        assert caught.value.problems[0].code == code
