"""What the seed document claims of costs (its section 7), decided by counting operations in simulations.

Each claim says that a count grows with some size. It is counted while that size stays and another grows, and while
both grow; the slopes of log count against log size decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .. import model
from ..simulate import Estimate, SimulationResult, simulate
from .arrange import arrange
from .slope import slope_of

SIZES = (4, 8, 16, 32, 64)
STORE = (16, 32, 64, 128, 256)
WRONG_BY = 0.1  # how far a slope may be from a whole exponent that it is said to have, where counts have lower terms

ONE = model.Delay(distribution="constant", parameters={"value": 1.0})


@dataclass(frozen=True)
class Counted:
    """Counts while a size grows: `against` says which, `slope` how the counts grow with it, `expected` how they do by
    the law that is true."""

    against: str
    sizes: tuple[float, ...]
    counts: tuple[float, ...]
    slope: Estimate
    expected: float

    @property
    def as_expected(self) -> bool:
        """Whether the slope is the expected one, within its interval or the lower terms that small counts have."""
        return abs(self.slope.value - self.expected) <= WRONG_BY or self.expected in self.slope

    def to_dict(self) -> dict[str, object]:
        return {
            "against": self.against,
            "sizes": list(self.sizes),
            "counts": list(self.counts),
            "slope": self.slope.to_dict(),
            "expected": self.expected,
        }


@dataclass(frozen=True)
class Claim:
    """A claim of the seed document and what counting makes of it.

    source: where it stands. says: the claim. counted: of which operations, and how they grew. refuted: whether the
    claim is wrong as it stands. truth: what holds instead, or with it.
    """

    source: str
    says: str
    what: str
    counted: tuple[Counted, ...]
    refuted: bool
    truth: str

    @property
    def verdict(self) -> str:
        """`refuted`, `holds`, or `unexpected` where the counts are not as the true law says either."""
        if not all(each.as_expected for each in self.counted):
            return "unexpected"
        return "refuted" if self.refuted else "holds"

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Each growth: against what, the sizes, the counts, the slope."""
        for each in self.counted:
            sizes, counts = (f"{min(values):,g} to {max(values):,g}" for values in (each.sizes, each.counts))
            slope = f"slope {each.slope.value:.3f} [{each.slope.low:.3f}, {each.slope.high:.3f}]"
            yield f"against {each.against}", sizes, f"{counts} {self.what}", slope

    def __str__(self) -> str:
        from .text import render_sections

        title = f"{self.source}: {self.says}: {self.verdict}"
        return render_sections([(title, list(self.rows()), [self.truth])])

    def to_dict(self) -> dict[str, object]:
        return {
            "source": self.source,
            "says": self.says,
            "what": self.what,
            "verdict": self.verdict,
            "truth": self.truth,
            "counted": [each.to_dict() for each in self.counted],
        }


def claims() -> tuple[Claim, ...]:
    """All claims on costs that are decided by counting."""
    return coordination(), propagation(), event_storage(), rebuilding()


def coordination(sizes: Sequence[int] = SIZES) -> Claim:
    """Section 7.1: the coordinator's effort is O(|S|). It is that of the executions of steps: calls and replies are
    counted with 3 services in a loop that turns ever more often, and in flows of ever more services."""
    looped = [_run(_loop(turns)) for turns in sizes]
    grown = [_run(arrange("sequence", _tasks(count))) for count in sizes]
    counts = [result.message_count for result in looped]
    executions = [3.0 * turns for turns in sizes]
    return Claim(
        "section 7.1",
        "coordination is O(|S|), the number of services",
        "calls and replies",
        (
            _counted("step executions, with 3 services in a loop", executions, counts, 1),
            _counted("services, each called once", sizes, [result.message_count for result in grown], 1),
        ),
        max(counts) > min(counts),
        f"With 3 services there are {counts[0]:g} to {counts[-1]:g} messages, so no function of |S| bounds them: "
        "coordination is O(step executions). Only where every service is called once is that O(|S|).",
    )


def propagation(sizes: Sequence[int] = SIZES) -> Claim:
    """Section 7.1: propagating events is O(|P|). It is the sum of the fan-outs over all occurrences of events:
    deliveries are counted with 4 listeners to an event that occurs ever more often, and with ever more listeners."""
    often = [_run(_broadcast(4, turns)) for turns in sizes]
    wide = [_run(_broadcast(count, 1)) for count in sizes]
    counts = [result.messages["deliveries"] for result in often]
    sums = [4.0 * turns + turns for turns in sizes]
    both = [*counts, *(result.messages["deliveries"] for result in wide)]
    return Claim(
        "section 7.1",
        "propagation is O(|P|), the number of participants",
        "deliveries",
        (
            _counted("occurrences, with 4 listeners", sizes, counts, 1),
            _counted("sum of fan-outs", [*sums, *(count + 1.0 for count in sizes)], both, 1),
        ),
        max(counts) > min(counts),
        f"With 5 participants there are {counts[0]:g} to {counts[-1]:g} deliveries: propagation is the sum, over the "
        "occurrences of events, of how many receive them.",
    )


def event_storage(sizes: Sequence[int] = SIZES) -> Claim:
    """Section 7.2: storing events takes O(|E|). It takes as much as events occur: publications are counted while two
    kinds of events occur ever more often."""
    counts = [_run(_broadcast(1, turns)).messages["publishes"] for turns in sizes]
    return Claim(
        "section 7.2",
        "event storage is O(|E|), the number of events",
        "stored events",
        (_counted("occurrences, with 2 events", sizes, counts, 1),),
        max(counts) > min(counts),
        f"With 2 kinds of events {counts[0]:g} to {counts[-1]:g} are stored by one job, and every job adds as many: "
        "storage grows with occurrences, as long as the system runs, and |E| does not bound it.",
    )


def rebuilding(sizes: Sequence[int] = STORE) -> Claim:
    """Section 6.2 (`rebuild_state`): each event that is applied rebuilds its aggregate from the whole store. The events
    of simulated jobs are applied, all to one aggregate and each to its own; the events looked at are counted."""
    events = [int(_run(_broadcast(1, turns)).messages["publishes"]) for turns in sizes]
    one, own = ([_looked_at(count, aggregates) for count in events] for aggregates in (1, max(events)))
    return Claim(
        "section 6.2",
        "rebuilding an aggregate at each event has no cost worth naming (sections 7.1 and 7.2 name none)",
        "events looked at",
        (
            _counted("events applied to one aggregate, as in the seed", events, one, 2),
            _counted("events applied, each to an aggregate of its own", events, own, 2),
            _counted("events applied, where the state is kept", events, [float(count) for count in events], 1),
        ),
        True,
        f"Applying {events[-1]:,} events looks at {one[-1]:,.0f}, n(n + 1)/2: quadratic, whatever the aggregates are, "
        "because the whole store is filtered each time. Keeping the state and applying what is new is linear.",
    )


def _looked_at(events: int, aggregates: int) -> float:
    """How many stored events the seed's `apply_event` looks at: it stores an event, then filters the store for those
    of its aggregate."""
    store: list[int] = []
    looked_at = 0
    for number in range(events):
        store.append(number % aggregates)
        for kept in store:
            looked_at += 1
            _ = kept == store[-1]  # only then it is folded into the state
    return float(looked_at)


def _counted(against: str, sizes: Sequence[float], counts: Sequence[float], expected: float) -> Counted:
    return Counted(against, tuple(sizes), tuple(counts), slope_of(sizes, counts), expected)


def _run(design: model.Model) -> SimulationResult:
    """One job: counts do not depend on luck here."""
    return simulate(design, 1)


def _tasks(count: int) -> dict[str, model.Delay]:
    return {f"service_{number}": ONE for number in range(1, count + 1)}


def _loop(turns: int) -> model.Orchestration:
    """Three services one after another, so many times."""
    back = (model.Transition(to="first", when=f"turns < {turns}"), model.Transition(to="end"))
    return model.Orchestration(
        name="loop",
        variables={"turns": model.Variable(type=f"0..{turns}", initial=0)},
        services={name: model.Service(time=ONE) for name in ("a", "b", "c")},
        flow=model.Flow(
            steps={
                "first": model.Step(service="a"),
                "second": model.Step(service="b"),
                "third": model.Step(service="c", effect={"turns": "turns + 1"}, transitions=back),
            }
        ),
    )


def _broadcast(listeners: int, turns: int) -> model.Choreography:
    """A source that tells all listeners so many times: after each time it tells itself to go on."""
    names = [f"listener_{number}" for number in range(1, listeners + 1)]
    go_on = model.Publication(event="go", when=f"turns < {turns}")
    source = model.Participant(
        variables={"turns": model.Variable(type=f"0..{turns}", initial=0)},
        subscribes=("go",),
        handlers={
            "tell": model.Handler(
                on="go", time=ONE, effect={"turns": "turns + 1"}, publishes=(model.Publication(event="news"), go_on)
            )
        },
    )
    hears = model.Participant(subscribes=("news",), handlers={"hear": model.Handler(on="news", time=ONE)}, workers=None)
    return model.Choreography(
        name="broadcast",
        events={"go": model.Event(), "news": model.Event()},
        channels={"bus": model.Channel(capacity=turns + 1)},
        routes={"go": ("source",), "news": tuple(names)},
        starts=(model.Publication(event="go"),),
        participants={"source": source, **dict.fromkeys(names, hears)},
    )


@dataclass(frozen=True)
class Averages:
    """Two ways to average executions, whose results differ (the seed's section 5 does both).

    mean_of_rates: the mean of 1/t over the executions; true_rate: n / sum of t, the executions a second that there
    were. exact_mean: of the times in milliseconds; truncated_mean: of whole milliseconds, as the seed keeps them.
    """

    times: tuple[float, ...]
    mean_of_rates: float
    true_rate: float
    exact_mean: float
    truncated_mean: float

    @property
    def law_holds(self) -> bool:
        """The mean of 1/t is at least n / sum of t (the arithmetic mean of rates and their harmonic mean)."""
        return self.mean_of_rates >= self.true_rate * (1 - 1e-12)

    def __str__(self) -> str:
        return (
            f"{len(self.times):,} executions: the mean of 1/t is {self.mean_of_rates:.4g} a second, there were "
            f"{self.true_rate:.4g} a second; the mean of t is {self.exact_mean:.4g} ms, that of whole milliseconds "
            f"{self.truncated_mean:.4g} ms"
        )


def averages_of(times: Sequence[float]) -> Averages:
    """Both averages of some times in seconds, decided in fractions where they are as exact as the times are."""
    exact = [Fraction(time).limit_denominator(10**12) for time in times]
    milliseconds = [int(time * 1000) for time in exact]
    return Averages(
        tuple(float(time) for time in times),
        float(np.mean([float(1 / time) for time in exact])),
        float(len(exact) / sum(exact)),
        float(1000 * sum(exact) / len(exact)),
        float(sum(milliseconds) // len(milliseconds)),
    )


def averages(design: model.Model | None = None, jobs: int = 1_000, seed: int = 1) -> Averages:
    """The averages of simulated times: of a design, or of services that take 0.9 ms on average."""
    time = model.Delay(distribution="lognormal", parameters={"mean": 0.0009, "sigma": 0.5})
    chosen = design if design is not None else arrange("sequence", {"service": time})
    times = simulate(chosen, jobs, seed).makespans
    return averages_of([float(each) for each in times[~np.isnan(times)]])


CLAIMS: tuple[Callable[[], Claim], ...] = (coordination, propagation, event_storage, rebuilding)
