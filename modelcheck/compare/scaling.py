"""Time against the number of services: the same tasks in a row and side by side, in both styles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from .. import model
from ..errors import ModelError, Problem, did_you_mean
from ..simulate import Estimate, simulate

TYPICAL = model.Delay(distribution="lognormal", parameters={"mean": 0.02, "sigma": 0.5})
MOST_SERVICES = 200
GROWING = (2, 4, 8, 16)


@dataclass(frozen=True)
class Scaling:
    """One topology for each number of services: its mean time in seconds, and its messages a job."""

    kind: str
    services: tuple[int, ...]
    means: tuple[Estimate, ...]
    messages: tuple[float, ...]

    @property
    def message_exponent(self) -> float:
        """k where the messages grow like services^k: the slope of a straight line through the logarithms."""
        return float(np.polyfit(np.log(self.services), np.log(self.messages), 1)[0])


def scaling(
    kind: str,
    services: Sequence[int],
    time: model.Delay = TYPICAL,
    call: float = 0.0,
    event: float = 0.0,
    jobs: int = 1_000,
    seed: int = 1,
) -> Scaling:
    """The mean time of `sequence` and `parallel` (orchestrations), `chain` and `star` (choreographies).

    time: how long each service takes. call, event: what each call of the coordinator and each event costs, in seconds.
    Raises `ModelError`.
    """
    designs = [topology(kind, count, time, call, event) for count in services]
    found = [simulate(design, jobs, seed) for design in designs]
    messages = tuple(result.message_count for result in found)
    return Scaling(kind, tuple(services), tuple(result.mean for result in found), messages)


@cache
def message_growth() -> tuple[Scaling, ...]:
    """How the messages of each topology grow: counted in one job for some numbers of services."""
    return tuple(scaling(kind, GROWING, _constant(1.0), jobs=1) for kind in TOPOLOGIES)


def topology(
    kind: str, services: int, time: model.Delay, call: float = 0.0, event: float = 0.0
) -> model.Orchestration | model.Choreography:
    """The design of so many services, all alike, as one of `TOPOLOGIES`."""
    if kind not in TOPOLOGIES:
        raise ModelError([Problem("E422", f"unknown topology '{kind}'", None, did_you_mean(kind, TOPOLOGIES))])
    if not 1 <= services <= MOST_SERVICES:
        raise ModelError([Problem("E422", f"cannot draw {services} services", None, f"from 1 to {MOST_SERVICES}")])
    if not all(math.isfinite(cost) and cost >= 0 for cost in (call, event)):
        raise ModelError([Problem("E422", "an overhead is a number of seconds from 0 on")])
    return (
        _flow(kind, services, time, call) if kind in ("sequence", "parallel") else _events(kind, services, time, event)
    )


TOPOLOGIES = ("sequence", "parallel", "chain", "star")


def _constant(seconds: float) -> model.Delay:
    return model.Delay(distribution="constant", parameters={"value": seconds})


def _flow(kind: str, count: int, time: model.Delay, call: float) -> model.Orchestration:
    names = [f"service_{number}" for number in range(1, count + 1)]
    after = () if kind == "parallel" else None
    return model.Orchestration(
        name=kind,
        services={name: model.Service(time=time) for name in names},
        coordinators={"coordinator": model.Coordinator(overhead=_constant(call))},
        flow=model.Flow(steps={name: model.Step(service=name, after=after) for name in names}),
    )


def _events(kind: str, count: int, time: model.Delay, event: float) -> model.Choreography:
    names = [f"service_{number}" for number in range(1, count + 1)]
    triggers = {
        name: "begin" if kind == "star" or number == 0 else f"done_{number}" for number, name in enumerate(names)
    }
    publishes = {name: f"done_{number}" for number, name in enumerate(names, start=1)} if kind == "chain" else {}
    heard = {trigger: tuple(name for name in names if triggers[name] == trigger) for trigger in triggers.values()}
    return model.Choreography(
        name=kind,
        events={
            name: model.Event(terminal=name not in heard) for name in {"begin": 0, **dict.fromkeys(publishes.values())}
        },
        channels={"bus": model.Channel(deliver=_constant(event))},
        routes=heard,
        starts=(model.Publication(event="begin"),),
        participants={
            name: model.Participant(
                subscribes=(triggers[name],),
                handlers={
                    name: model.Handler(
                        on=triggers[name],
                        time=time,
                        publishes=(model.Publication(event=publishes[name]),) if name in publishes else (),
                    )
                },
            )
            for name in names
        },
    )
