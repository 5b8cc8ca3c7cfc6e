"""Exact values: those of queueing theory, of maxima, retries and sagas, to nine digits or as many as are known."""

from __future__ import annotations

import math

import pytest
from test_simulate import constant, exponential, flow, lognormal, queues, saga, server

from modelcheck import model
from modelcheck.expand import expand
from modelcheck.simulate import simulate
from modelcheck.simulate.exact import Exact, NotExact, exact_of
from modelcheck.simulate.exact import queues as closed
from modelcheck.simulate.setting import setting_of

CLOSE = 1e-9


def known(design: model.Model) -> Exact:
    expanded = expand(design)
    assert isinstance(expanded, model.Orchestration | model.Choreography)
    return exact_of(setting_of(expanded, 1))


def delay(distribution: str, **parameters: float) -> model.Delay:
    return model.Delay(distribution=distribution, parameters=parameters)


def parallel(*times: model.Delay) -> model.Orchestration:
    return flow({f"s{index}": model.Step(time=time, after=()) for index, time in enumerate(times)})


def row(*times: model.Delay) -> model.Orchestration:
    return flow({f"s{index}": model.Step(time=time) for index, time in enumerate(times)})


def single(time: model.Delay) -> model.Service:
    return model.Service(time=time, workers=1)


# Design, mean response time, and how close to the printed digits.
QUEUES = {
    "M/M/1": (queues(0.8, server()), 5.0, CLOSE),
    "M/M/4, 80 %": (queues(3.2, server(workers=4)), 1.7455405897, CLOSE),
    "M/M/4, 70 %": (queues(2.8, server(workers=4)), 1.3572119319, CLOSE),
    "ten M/M/4": (queues(2.8, *[server(workers=4)] * 10), 13.5721193, 1e-8),
    "M/M/10": (queues(8, server(workers=10)), 1.2045900754, CLOSE),
    "M/D/1": (queues(0.8, single(constant(1))), 3.0, CLOSE),
    "M/E2/1": (queues(0.8, single(delay("erlang", mean=1, shape=2))), 4.0, CLOSE),
    "M/G/1, lognormal 0.5": (queues(0.8, single(lognormal(0.5))), 3.568051, 1e-6),
    "M/G/1, lognormal 1": (queues(0.8, single(lognormal(1))), 6.436564, 1e-6),
    "D/M/1": (queues(0.8, server(), interval=constant(1.25)), 2.69273084, 1e-8),
    "tandem": (queues(0.7, server(1.0), server(1.2), server(0.9)), 31 / 3, CLOSE),
    "fork-join, 50 %": (queues(0.5, server(), server(), parallel=True), 2.875, CLOSE),
    "fork-join, 70 %": (queues(0.7, server(), server(), parallel=True), 4.708333333333, CLOSE),
    "fork-join, 80 %": (queues(0.8, server(), server(), parallel=True), 7.0, CLOSE),
}


@pytest.mark.parametrize("name", QUEUES)
def test_queues(name: str) -> None:
    design, mean, close = QUEUES[name]
    assert known(design)["mean"].value == pytest.approx(mean, rel=close)


def test_formulas_of_queues() -> None:
    assert closed.erlang_c(3.2, 4) == pytest.approx(0.5964324718, rel=CLOSE)
    assert closed.erlang_c(2.8, 4) == pytest.approx(0.4286543182, rel=CLOSE)
    assert closed.erlang_c(8, 10) == pytest.approx(0.4091801508, rel=CLOSE)
    assert closed.wait_mmc(8, 1, 10) == pytest.approx(0.2045900754, rel=CLOSE)
    lost, response = closed.loss_mmck(0.8, 1, 1, 5)
    assert lost == pytest.approx(0.08881950, rel=1e-7)
    assert response == pytest.approx(2.56306521, abs=5e-9)
    assert closed.loss_mmck(3.2, 1, 4, 4)[0] == pytest.approx(closed.erlang_b(3.2, 4), rel=CLOSE)
    assert closed.fork_join(0.7, 1, 2) == pytest.approx(closed.fork_join_of_two(0.7, 1))


def test_percentiles_of_a_queue() -> None:
    found = known(queues(0.8, server()))
    for percent, value in ((50, 3.4657), (95, 14.9787), (99, 23.0259)):
        assert found[f"p{percent}"].value == pytest.approx(value, abs=5e-5)
        assert found[f"p{percent}"].value == pytest.approx(-5 * math.log(1 - percent / 100), rel=CLOSE)
    assert found.within(5.0).value == pytest.approx(1 - math.exp(-1))
    assert found["busy s0"].value == pytest.approx(0.8)
    assert found["queue s0"].value == pytest.approx(3.2)
    assert "steady state" in found.assumptions[0]


def test_several_workers_are_one_where_there_is_one() -> None:
    for workers, rate in ((1, 0.8), (4, 3.0), (4, 2.8)):
        found = known(queues(rate, server(workers=workers)))
        assert found.distribution is not None
        survival = [1 - found.within(0.02 * (i + 0.5)).value for i in range(6_000)]
        assert 0.02 * sum(survival) == pytest.approx(found["mean"].value, rel=1e-4)


MG1 = {
    "constant": constant(1),
    "lognormal": lognormal(0.5),
    "erlang": delay("erlang", mean=1, shape=3),
    "uniform": delay("uniform", low=0.5, high=1.5),
    "shifted": model.Delay(distribution="shifted", parameters={"by": 0.5}, parts=(exponential(0.5),)),
    "mixture": model.Delay(distribution="mixture", parts=(exponential(0.5), constant(3)), weights=(0.8, 0.2)),
}


@pytest.mark.parametrize("name", MG1)
def test_percentiles_of_a_queue_with_any_services(name: str) -> None:
    found = known(queues(0.7, single(MG1[name])))
    assert found["p99"].high - found["p99"].low < 0.02 * found["p99"].value
    result = simulate(queues(0.7, single(MG1[name])), 30_000, seed=3, confidence=0.999)
    for percent, estimate in result.percentiles.items():
        assert found[f"p{percent}"].value in estimate


def test_a_queue_with_constant_services() -> None:
    """M/D/1: P(W <= t) is (1 - rho) exp(rho t) for t < 1 (Erlang 1909, Crommelin 1932)."""
    found = known(queues(0.7, single(constant(1))))
    for wait in (0.25, 0.5, 0.75):
        exact = 0.3 * math.exp(0.7 * wait)
        bounds = found.within(1 + wait)
        assert bounds.low <= exact <= bounds.high
        assert bounds.value == pytest.approx(exact, abs=2e-5)


def feedback(attempts: int | None, fails: float, backoff: float = 0.0) -> model.Orchestration:
    retry = model.Retry(attempts=attempts, backoff=backoff)
    return model.Orchestration(
        name="feedback",
        services={"s": model.Service(time=exponential(1), workers=1, fails={"error": fails})},
        flow=model.Flow(steps={"a": model.Step(service="s", retry=retry)}),
        arrivals=model.Arrivals(interval=exponential(1 / 0.6)),
    )


def test_a_retry_in_a_queue() -> None:
    assert known(feedback(None, 0.2))["mean"].value == pytest.approx(5, rel=CLOSE)
    # A pause before each retry is no queue: it comes on top.
    assert known(feedback(None, 0.2, backoff=2.0))["mean"].value == pytest.approx(5 + 0.25 * 2, rel=CLOSE)


def test_approximations_are_told_apart() -> None:
    found = known(queues(0.7, *[server()] * 10, parallel=True))
    assert "mean" not in found
    assert "mean" in found.missing
    assert found.approximations["mean"].value == pytest.approx(8.051975, abs=1e-6)
    assert "approximation" in found.approximations["mean"].method
    assert "about 8.052 s" in str(found)


def test_maxima() -> None:
    ten = known(parallel(*[exponential(1)] * 10))
    assert ten["mean"].value == pytest.approx(7381 / 2520, rel=CLOSE)
    assert ten["p99"].value == pytest.approx(6.903237, abs=1e-6)
    assert ten["standard deviation"].value ** 2 == pytest.approx(sum(1 / k**2 for k in range(1, 11)), rel=CLOSE)
    rates = [exponential(1), exponential(1 / 2), exponential(1 / 3)]
    assert known(parallel(*rates))["mean"].value == pytest.approx(73 / 60, rel=CLOSE)
    for sigma, mean in ((0.25, 1.439680), (0.5, 1.992225), (1, 3.409358)):
        assert known(parallel(*[lognormal(sigma)] * 10))["mean"].value == pytest.approx(mean, abs=6e-7)


def test_a_maximum_of_unlike_delays() -> None:
    """Of a constant 2 and an exponential one: 2 + exp(-2)."""
    found = known(parallel(constant(2), exponential(1)))
    assert found["mean"].value == pytest.approx(2 + math.exp(-2), rel=CLOSE)
    assert found["p50"].value == pytest.approx(2)
    assert found["p95"].value == pytest.approx(-math.log(0.05))


def test_many_steps_at_once() -> None:
    """A chain would have 2 ** 60 standings."""
    found = known(parallel(*[exponential(1)] * 60))
    assert found["mean"].value == pytest.approx(sum(1 / k for k in range(1, 61)), rel=CLOSE)


def test_attempts() -> None:
    step = model.Step(service="s", retry=model.Retry(attempts=3))
    found = known(flow({"a": step}, s=model.Service(time=constant(1), fails={"error": 0.1})))
    assert found["success"].value == pytest.approx(0.999, rel=CLOSE)
    assert found["visits a"].value == pytest.approx(1.11, rel=CLOSE)
    assert found["calls and replies"].value == pytest.approx(2.22, rel=CLOSE)
    step = model.Step(service="s", retry=model.Retry(attempts=5, backoff=0.1, factor=2))
    found = known(flow({"a": step}, s=model.Service(time=constant(1), fails={"error": 0.2})))
    assert found["mean"].value == pytest.approx(1.28208, rel=CLOSE)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 3.0])
def test_endless_attempts_are_a_geometric_series(factor: float) -> None:
    """The n-th pause, .1 * factor ** (n - 1), comes with probability .2 ** n."""
    step = model.Step(service="s", retry=model.Retry(attempts=None, backoff=0.1, factor=factor))
    found = known(flow({"a": step}, s=model.Service(time=lognormal(1), fails={"error": 0.2})))
    assert found["mean"].value == pytest.approx(1 / 0.8 + 0.1 * 0.2 / (1 - 0.2 * factor), rel=CLOSE)


def test_pauses_that_grow_faster_than_attempts_get_rare() -> None:
    step = model.Step(service="s", retry=model.Retry(attempts=None, backoff=0.1, factor=2))
    with pytest.raises(NotExact, match="infinite"):
        known(flow({"a": step}, s=model.Service(time=lognormal(1), fails={"error": 0.6})))


@pytest.mark.parametrize(
    ("count", "fails", "undo"), [(5, 0.05, 1.0), (10, 0.1, 1.0), (5, 0.05, 0.25), (3, 0.5, 2.0), (12, 0.01, 1.0)]
)
def test_sagas(count: int, fails: float, undo: float) -> None:
    """E[T] = sum of q ** (k - 1) p (k t + (k - 1) c), and q ** n n t."""
    ok = 1 - fails
    mean = sum(ok ** (k - 1) * fails * (k + (k - 1) * undo) for k in range(1, count + 1)) + ok**count * count
    undos = sum(ok ** (k - 1) * fails * (k - 1) for k in range(1, count + 1))
    found = known(saga(count, fails, undo))
    assert found["success"].value == pytest.approx(ok**count, rel=CLOSE)
    assert found["mean"].value == pytest.approx(mean, rel=CLOSE)
    assert found["undos"].value == pytest.approx(undos, rel=CLOSE)


def test_sagas_of_the_reference() -> None:
    found = known(saga(5, 0.05))
    for name, value in (("success", 0.7737809375), ("mean", 4.95363875), ("undos", 0.4292575)):
        assert found[name].value == pytest.approx(value, rel=CLOSE)
    found = known(saga(10, 0.1))
    for name, value in (("success", 0.3486784401), ("mean", 8.8883252371)):
        assert found[name].value == pytest.approx(value, rel=CLOSE)
    found = known(saga(5, 0.1, undo=0.5, attempts=3))
    for name, value in (("success", 0.99500999), ("mean", 5.5438961119)):
        assert found[name].value == pytest.approx(value, rel=CLOSE)


def test_a_parallel_saga() -> None:
    """Undos at once take 1 where something failed and something is to be undone: not where all five have failed."""
    found = known(saga(5, 0.05, parallel=True))
    assert found["mean"].value == pytest.approx(2 - 0.95**5 - 0.05**5, rel=CLOSE)
    assert found["mean"].value == pytest.approx(1.2262190625, abs=4e-7)
    assert found["undos"].value == pytest.approx(0.8810953125, rel=CLOSE)
    design = saga(5, 0.05, parallel=True)
    in_a_row = model.Policies(compensation=model.CompensationPolicy(order="lifo"))
    later = model.Orchestration(name="saga", services=design.services, flow=design.flow, policies=in_a_row)
    assert known(later)["mean"].value == pytest.approx(1.8810953125, rel=CLOSE)


def test_percentiles_of_a_saga_are_all_its_times() -> None:
    found = known(saga(5, 0.05))
    assert [found[name].value for name in ("p50", "p95", "p99")] == [5, 7, 9]
    assert found.within(4.999).value == pytest.approx(0.05 * (1 + 0.95), rel=CLOSE)  # Failed in the first or second.


def test_a_row_of_exponential_delays() -> None:
    found = known(row(*[exponential(1)] * 3))
    assert found["p95"].value == pytest.approx(6.295793622, rel=CLOSE)  # Of the chi-squared distribution, halved.
    unlike = known(row(exponential(1), exponential(0.5)))
    assert unlike.within(1.0).value == pytest.approx((1 - math.exp(-1)) ** 2, rel=CLOSE)  # 1 - 2 e^-t + e^-2t


def test_bounds_hold_and_are_close() -> None:
    """On a grid: uniform delays in a row have the distribution of Irwin and Hall."""
    found = known(row(*[delay("uniform", low=0, high=1)] * 3))
    exact = found.within(1.0)
    assert exact.low <= 1 / 6 <= exact.high
    assert exact.high - exact.low < 1e-3
    assert exact.value == pytest.approx(1 / 6, abs=1e-6)
    assert found["mean"].value == pytest.approx(1.5)
    assert found["p50"].low <= 1.5 <= found["p50"].high


def test_what_is_in_series_and_in_parallel() -> None:
    """a, then b and c at once, then d: the mean is a sum with a maximum in it."""
    step = model.Step
    times = {"a": lognormal(0.5), "b": lognormal(1), "c": exponential(1), "d": constant(0.5)}
    after = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    found = known(flow({name: step(time=time, after=after[name]) for name, time in times.items()}))
    middle = known(parallel(lognormal(1), exponential(1)))
    assert found["mean"].value == pytest.approx(1.5 + middle["mean"].value, rel=CLOSE)
    assert found["p95"].low < found["p95"].value < found["p95"].high
    assert found["p95"].high - found["p95"].low < 0.01


def test_timeouts() -> None:
    step = model.Step(service="s", timeout=1.0)
    found = known(flow({"a": step}, s=model.Service(time=exponential(1))))
    assert found["success"].value == pytest.approx(1 - math.exp(-1), rel=CLOSE)
    assert found["mean"].value == pytest.approx(1 - math.exp(-1), rel=CLOSE)
    assert found["ended aborted"].value == pytest.approx(math.exp(-1), rel=CLOSE)
    # E[min(T, 1) ** 2] = 2 - 4 / e
    square = found["standard deviation"].value ** 2 + found["mean"].value ** 2
    assert square == pytest.approx(2 - 4 / math.e, rel=CLOSE)


def test_mixtures_are_ways() -> None:
    """A cold start: 90 % take .5 on average, 10 % take 2; both without memory."""
    mixed = model.Delay(distribution="mixture", parts=(exponential(0.5), exponential(2)), weights=(0.9, 0.1))
    found = known(row(mixed))
    assert found["mean"].value == pytest.approx(0.65, rel=CLOSE)
    assert found.within(3.0).value == pytest.approx(1 - 0.9 * math.exp(-6) - 0.1 * math.exp(-1.5), rel=CLOSE)
    assert "Markov chain" in found["p50"].method


def test_a_parallel_saga_of_any_delays() -> None:
    """All steps end before an undo begins: the last step counts, then the last undo, whatever the order."""
    step = model.Step(service="s", after=(), compensation=model.Compensation(time=lognormal(0.5)))
    design = flow(dict.fromkeys("abc", step), s=model.Service(time=lognormal(1), fails={"error": 0.3}))
    found = known(design)
    last = {count: known(parallel(*[lognormal(0.5)] * count))["mean"].value for count in (1, 2)}
    undo = 3 * 0.7**2 * 0.3 * last[2] + 3 * 0.7 * 0.3**2 * last[1]
    steps = known(parallel(*[lognormal(1)] * 3))["mean"].value
    assert found["mean"].value == pytest.approx(steps + undo, rel=CLOSE)
    assert found["undos"].value == pytest.approx(3 * 0.7**2 * 0.3 * 2 + 3 * 0.7 * 0.3**2, rel=CLOSE)
    assert found["success"].value == pytest.approx(0.7**3, rel=CLOSE)
    assert found["visits undo a"].value == pytest.approx(found["undos"].value / 3, rel=CLOSE)
    result = simulate(design, 20_000, seed=2, confidence=0.999, back_end="events")
    assert found["mean"].value in result.mean
    for percent, estimate in result.percentiles.items():
        assert found[f"p{percent}"].value in estimate


def test_tails_without_end() -> None:
    """Pareto: P(T > t) = t ** -shape. Without a variance, or even a mean, percentiles are known."""
    for shape, mean in ((1.5, 3.0), (0.9, math.inf)):
        found = known(row(delay("pareto", scale=1, shape=shape)))
        assert found["mean"].value == pytest.approx(mean, rel=CLOSE)
        assert found["standard deviation"].value == math.inf
        for percent in (50, 95, 99):
            true = (1 - percent / 100) ** (-1 / shape)
            assert found[f"p{percent}"].low <= true <= found[f"p{percent}"].high
            assert found[f"p{percent}"].value == pytest.approx(true, rel=2e-3)
        far = found.within(1e5)
        assert far.low <= 1 - 1e5**-shape <= far.high


def test_a_median_far_below_the_mean() -> None:
    """Lognormal with sigma 3: the median is exp(-4.5) of the mean; grids become finer where they have to."""
    found = known(row(lognormal(3), constant(0.001)))
    assert found["p50"].value == pytest.approx(math.exp(-4.5) + 0.001, rel=2e-3)
    assert found["p50"].low <= math.exp(-4.5) + 0.001 <= found["p50"].high


OBSTACLES = {
    "utilisation would be 1.2": queues(1.2, server()),
    "goes on to s1 after s0": queues(0.5, single(constant(1)), server()),
    "several queues": queues(0.5, server(), server(), interval=constant(2)),
    "several workers, and services that are not exponential": queues(
        1.5, model.Service(time=lognormal(1), workers=2)
    ),
    "neither all exponential nor all constant": flow(
        {
            name: model.Step(service="s", after=tuple(after))
            for name, after in {"a": "", "b": "a", "c": "", "d": "c"}.items()
        },
        s=model.Service(time=lognormal(1), fails={"error": 0.1}),
    ),
    "several things at once": queues(0.5, server(), server(2.0), parallel=True),
}  # fmt: skip


@pytest.mark.parametrize("reason", OBSTACLES)
def test_what_is_not_exact_says_why(reason: str) -> None:
    with pytest.raises(NotExact, match=reason):
        known(OBSTACLES[reason])


def test_what_a_result_shows() -> None:
    found = known(saga(5, 0.05))
    assert "success             77.3781 %" in str(found)
    data = found.to_dict()
    assert isinstance(data["values"], dict)
    assert data["values"]["mean"]["value"] == pytest.approx(4.95363875)
    assert data["missing"] == {}


@pytest.mark.parametrize(("concurrency", "mean"), [(1, 2.0), (2, 1.5)])
def test_flows_wait_for_their_engine(concurrency: int, mean: float) -> None:
    """Two flows of one exponential step each: one after the other, or both at once."""
    each = model.Flow(engine="machine", steps={"a": model.Step(time=exponential(1))})
    design = model.Orchestration(
        name="two",
        engines={"machine": model.Engine(concurrency=concurrency)},
        flow=each,
        flows={"other": model.Flow(engine="machine", steps={"b": model.Step(time=exponential(1))})},
    )
    assert known(design)["mean"].value == pytest.approx(mean, rel=CLOSE)
    assert mean in simulate(design, 4_000, seed=1, confidence=0.999).mean


def test_what_a_coordinator_does_before_its_flow() -> None:
    design = row(exponential(1))
    boss = model.Coordinator(per_flow=exponential(0.5), overhead=constant(0.25), workers=1)
    design = model.Orchestration(name="opened", flow=design.flow, coordinators={"boss": boss})
    assert known(design)["mean"].value == pytest.approx(1.75, rel=CLOSE)


def test_a_timeout_that_may_hide_a_success_is_undone() -> None:
    step = model.Step(service="s", timeout=1.0, compensation=model.Compensation(time=constant(2)))
    design = model.Orchestration(
        name="hidden",
        services={"s": model.Service(time=exponential(1))},
        flow=model.Flow(steps={"a": step}),
        policies=model.Policies(timeout=model.TimeoutPolicy(hides="either", hidden=0.25)),
    )
    found, result = known(design), simulate(design, 20_000, seed=1, confidence=0.999)
    for name, estimate in (("success", result.success), ("undos", result.undos), ("mean", result.mean)):
        assert found[name].value in estimate
    assert found["success"].value == pytest.approx(1 - math.exp(-1), rel=CLOSE)
    # Nobody knows whether something was done, so it is undone in any case.
    assert found["undos"].value == pytest.approx(math.exp(-1), rel=CLOSE)
