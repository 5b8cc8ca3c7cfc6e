"""Delays: what is drawn has the distribution it says, with the mean it says; and wrong ones are refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from modelcheck.errors import Located, ModelError, Position
from modelcheck.load.values import DISTRIBUTIONS
from modelcheck.model import Delay
from modelcheck.simulate.delays import PARAMETERS, mean, sampler

MU = math.log(2) - 0.125

CASES = [
    ("exponential", {"mean": 2.0}, stats.expon(scale=2)),
    ("uniform", {"low": 1.0, "high": 3.0}, stats.uniform(1, 2)),
    ("lognormal", {"mean": 2.0, "sigma": 0.5}, stats.lognorm(0.5, scale=math.exp(MU))),
    ("gamma", {"mean": 2.0, "shape": 1.7}, stats.gamma(1.7, scale=2 / 1.7)),
    ("erlang", {"mean": 2.0, "shape": 3.0}, stats.erlang(3, scale=2 / 3)),
    ("weibull", {"scale": 2.0, "shape": 1.5}, stats.weibull_min(1.5, scale=2)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameters", "known"), CASES, ids=[case[0] for case in CASES])
def test_quantiles_and_mean_are_those_of_the_distribution(
    name: str, parameters: dict[str, float], known: stats.rv_continuous
) -> None:
    delay = Delay(distribution=name, parameters=parameters)
    points = np.array([1e-9, 0.01, 0.3, 0.5, 0.95, 0.999999])
    assert sampler(delay)(points) == pytest.approx(known.ppf(points), rel=1e-9)
    assert mean(delay) == pytest.approx(known.mean(), rel=1e-12)


def test_a_constant_is_constant() -> None:
    delay = Delay(distribution="constant", parameters={"value": 0.02})
    assert sampler(delay)(np.array([0.1, 0.9])).tolist() == [0.02, 0.02]
    assert mean(delay) == 0.02


def test_the_language_and_the_simulator_know_the_same_distributions() -> None:
    assert {name: list(kinds) for name, kinds in DISTRIBUTIONS.items()} == {
        name: list(kinds) for name, kinds in PARAMETERS.items()
    }


def test_measured_times_are_resampled_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "times.csv"
    file.write_text("seconds,note\n0.3,x\n0.1,y\n\n0.2,z\n0.2,z\n")
    delay = Delay(distribution="empirical", parameters={"file": str(file)})
    drawn = sampler(delay)(np.array([0.0001, 0.24, 0.26, 0.74, 0.76, 1 - 2**-53]))
    assert drawn.tolist() == [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]
    assert mean(delay) == pytest.approx(0.2)


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
        ("exponential", {"mean": 1, "shape": 2}, "no parameter 'shape'"),
        ("erlang", {"mean": 1, "shape": 1.5}, "a whole number"),
        ("uniform", {"low": 2, "high": 1}, "low is larger than high"),
        ("constant", {"value": True}, "not True"),
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
