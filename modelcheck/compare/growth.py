"""How times grow: with the number of services, with the load and with what calls and events cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import model
from ..simulate.result import show_time
from .crossover import Sweep, sweep
from .loads import JOBS, Loads, Timed, loads, loads_of_shapes, with_rate
from .scaling import TOPOLOGIES, Scaling, scaling
from .topologies import SAID

if TYPE_CHECKING:
    from .comparison import Comparison

SERVICES = (1, 2, 4, 8, 16)
SHARES = (0.2, 0.5, 0.8, 0.9)
STEPS = (0.0, 0.5, 1.0, 2.0)
LIKE = 3
SWEEP_JOBS = 1_000
OTHER_WORK = 0.05


@dataclass(frozen=True)
class Growth:
    """How the two designs and the topologies scale.

    services: the topologies, with tasks and overheads like those of the pair. shapes: they under load, with `LIKE`
    services of one worker each. loads: the two designs under load, as they are (empty where nothing is limited).
    overheads: the two designs while a call, and while an event costs more. alone: which share of jobs succeeds
    in each design when each runs by itself.
    """

    services: tuple[Scaling, ...]
    shapes: tuple[Loads, ...]
    loads: tuple[Loads, ...]
    overheads: tuple[Sweep, ...]
    alone: tuple[float, ...] = ()

    def sections(self) -> Iterator[tuple[str, list[tuple[str, ...]], list[str]]]:
        """Each table: its title, its rows, its sentences."""
        rows = [("services", *(str(count) for count in self.services[0].services), "messages")]
        rows += [
            (SAID[each.kind], *(show_time(mean.value) for mean in each.means), f"n^{each.message_exponent:.2f}")
            for each in self.services
        ]
        yield "mean time as services grow", rows, []
        yield f"time under load, {LIKE} services of one worker each", list(_load_rows(self.shapes)), [_limits()]
        if self.loads:
            yield "time under load, the two designs as they are", list(_load_rows(self.loads)), list(self.warnings())
        else:
            yield "time under load, the two designs as they are", [], ["Nothing in them has limited workers."]
        for each in self.overheads:
            rows = [
                (f"overhead of each {each.of}", *(show_time(seconds) for seconds in each.overheads)),
                ("orchestration", *(show_time(seconds) for seconds in each.orchestration)),
                ("choreography", *(show_time(seconds) for seconds in each.choreography)),
            ]
            yield f"mean time as each {each.of} costs more", rows, []

    def warnings(self) -> Iterator[str]:
        """Where other work is done under load than by jobs that run alone."""
        for each, alone in zip(self.loads, self.alone, strict=True):
            loaded = [point.success for point in each.points if point.success is not None]
            if loaded and max(abs(share - alone) for share in loaded) > OTHER_WORK:
                least = min(loaded, key=lambda share: -abs(share - alone))
                yield (
                    f"Mind that jobs under load share their variables: {100 * least:.3g} % of those of {each.name}"
                    f" succeed, alone {100 * alone:.3g} %. These are times of other work."
                )

    def __str__(self) -> str:
        from .text import render_sections

        return render_sections(self.sections())

    def to_dict(self) -> dict[str, object]:
        return {
            "services": [each.to_dict() for each in self.services],
            "load_of_topologies": [each.to_dict() for each in self.shapes],
            "load": [each.to_dict() for each in self.loads],
            "overheads": [
                {
                    "of": each.of,
                    "seconds": list(each.overheads),
                    "orchestration": list(each.orchestration),
                    "choreography": list(each.choreography),
                }
                for each in self.overheads
            ],
        }


def growth_of(found: Comparison, services: Sequence[int] = SERVICES, shares: Sequence[float] = SHARES) -> Growth:
    """How a pair of designs, and topologies with tasks like theirs, scale. Raises `ModelError`, as simulating does."""
    time, (call, event) = typical(found), (each.now for each in found.crossovers)
    seed, jobs = found.seed, min(found.jobs, SWEEP_JOBS)
    names = [f"service_{number}" for number in range(1, LIKE + 1)]
    shapes = loads_of_shapes(dict.fromkeys(names, time), shares, 1, call, event, min(found.jobs, JOBS), seed)
    scale = max(outline.total for outline in found.outlines)
    swept = []
    for crossover in found.crossovers:
        usual = crossover.now or scale / 10
        costs = [step * usual for step in STEPS]
        compared = found.pairs.compared
        swept.append(sweep(found.orchestration, found.choreography, crossover.of, costs, jobs, seed, compared))
    return Growth(
        tuple(scaling(kind, services, time, call, event, jobs, seed) for kind in TOPOLOGIES),
        shapes,
        loads_of_pair(found, shares),
        tuple(swept),
        tuple(result.success.value for result in found.simulated),
    )


def typical(found: Comparison) -> model.Delay:
    """A duration like those of the pair's tasks: lognormal, with their average."""
    timed = [work.seconds for outline in found.outlines for work in outline.works.values() if work.mean]
    average = sum(timed) / len(timed) if timed else 0.02
    return model.Delay(distribution="lognormal", parameters={"mean": average, "sigma": 0.5})


def loads_of_pair(found: Comparison, shares: Sequence[float] = SHARES, jobs: int = JOBS) -> tuple[Loads, ...]:
    """The two designs as they are, at rates that are these shares of what the slower one can take."""
    limits = [limit for design in (found.orchestration, found.choreography) if (limit := capacity(design, found))]
    if not limits:
        return ()
    rates = [share * min(limits) for share in shares]
    return tuple(loads(each, rates, jobs, found.seed) for each in (found.orchestration, found.choreography))


def capacity(design: Timed, found: Comparison) -> float:
    """The rate, in jobs a second, at which the busiest pool of a design never rests; 0 where nothing is limited."""
    from ..simulate import simulate

    slow = 0.2 / max(outline.total for outline in found.outlines)
    result = simulate(with_rate(design, slow), min(found.jobs, JOBS), found.seed)
    busiest = max(result.utilisation.values(), default=0.0)
    return slow / busiest if busiest else 0.0


def _load_rows(found: Sequence[Loads]) -> Iterator[tuple[str, ...]]:
    yield "jobs a second", *(f"{each.rate:.3g}" for each in found[0].points)
    for each in found:
        yield SAID.get(each.name, each.name), *(show_time(p.mean.value) if p.mean else "too fast" for p in each.points)
        yield "  p95", *(show_time(p.late.value) if p.late else "" for p in each.points)


def _limits() -> str:
    return (
        "The same topology takes the same under load in both styles; one inline listener does all the work and is at "
        "its limit first."
    )
