"""What a design says about time, for one seed: its tasks with their draws, and the pools of workers they need.

A task is what lies between a `start` and its `finish`: a step, an undo, a handler. Its key is `step` or `undo`
and the step of the actions' labels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .. import model
from ..errors import ModelError, Problem, position_of
from ..expand import expand, flows_of
from ..graph.events import DEFAULT_CHANNEL, channel_of, deliveries
from .arrivals import Intervals, Users, arrivals_of
from .delays import law_of
from .draws import Draws

Key = tuple[str, str]


@dataclass(frozen=True)
class Task:
    """One kind of work. `shares`: the outcomes that are drawn, with their cumulative probabilities.

    delay: how long it takes (None: no time). overhead: what a call costs before it is queued for a worker. pools: whose
    workers it occupies between start and finish. A delay above `timeout` ends as `timeout`, after that time.
    A retry waits `backoff * factor ** (attempt - 1)`. mean: the mean delay, without regard to the timeout.
    """

    key: Key
    delay: Draws | None
    mean: float
    outcome: Draws
    shares: tuple[tuple[str, float], ...]
    overhead: Draws | None = None
    pools: tuple[str, ...] = ()
    timeout: float | None = None
    backoff: float = 0.0
    factor: float = 1.0

    def pause(self, attempt: int) -> float:
        """How long the n-th attempt waits before it is made."""
        return self.backoff * self.factor ** (attempt - 2) if attempt > 1 else 0.0


@dataclass(frozen=True)
class Receiver:
    """A queue that an event is delivered to; `capacity` is that of the system (None: not known here)."""

    name: str
    participant: str
    ordered: bool
    capacity: int | None = None


@dataclass(frozen=True)
class Plan:
    """All tasks of a design, the sizes of its limited pools, when jobs arrive, and what the reader should know.

    interval: the times between the arrivals of jobs, mean_interval their mean; users: who start jobs and wait for
    them; without either, each job is alone. receivers: the queues that each event is put into; publish, deliver: what
    these cost, where they cost time. correlation: of the durations of one job (0: they are independent).
    """

    seed: int
    tasks: Mapping[Key, Task]
    pools: Mapping[str, int]
    interval: Intervals | None = None
    mean_interval: float = 0.0
    publish: Mapping[str, Draws] = field(default_factory=dict)
    deliver: Mapping[tuple[str, str], Draws] = field(default_factory=dict)
    receivers: Mapping[str, tuple[Receiver, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    users: Users | None = None
    correlation: float = 0.0


def plan_of(design: model.Orchestration | model.Choreography, seed: int) -> Plan:
    """The plan of a design; raises `ModelError` with everything that is wrong in its times."""
    design = expand(design)
    builder = _Builder(seed, design.correlation)
    if not 0 <= design.correlation <= 1:
        message = f"a correlation of {design.correlation:g} cannot be"
        builder.problems.append(Problem("E431", message, position_of(design.name), "give a number from 0 to 1"))
        builder.correlation = 0.0
    if isinstance(design, model.Orchestration):
        _plan_orchestration(design, builder)
    else:
        _plan_choreography(design, builder)
    interval, users = builder.arrivals(design)
    if builder.problems:
        raise ModelError(dict.fromkeys(builder.problems))
    if not builder.timed:
        hint = "give a service, a step or a handler a time, such as 'time: exponential(mean=20ms)'"
        raise ModelError(
            [Problem("E404", f"nothing in '{design.name}' has a duration", position_of(design.name), hint)]
        )
    if builder.untimed:
        listed = ", ".join(builder.untimed[:4]) + (", ..." if len(builder.untimed) > 4 else "")
        builder.notes.append(
            f"no time is given for {listed}: {'it takes' if len(builder.untimed) == 1 else 'they take'} none"
        )
    return Plan(
        seed, builder.tasks, builder.pools, interval, 0.0 if interval is None else interval.mean, builder.publish,
        builder.deliver, builder.receivers, tuple(builder.notes), users, design.correlation,
    )  # fmt: skip


class _Builder:
    def __init__(self, seed: int, correlation: float):
        self.seed, self.correlation = seed, correlation
        self.tasks: dict[Key, Task] = {}
        self.pools: dict[str, int] = {}
        self.publish: dict[str, Draws] = {}
        self.deliver: dict[tuple[str, str], Draws] = {}
        self.receivers: dict[str, tuple[Receiver, ...]] = {}
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        self.timed = False
        self.untimed: list[str] = []
        self._named: Counter[str] = Counter()

    def task_name(self, name: str) -> str:
        """The second step that names the same task has draws of its own, the same in every design."""
        self._named[name] += 1
        return name if self._named[name] == 1 else f"{name}#{self._named[name]}"

    def draws(self, task: str, purpose: str, delay: model.Delay | None) -> tuple[Draws | None, float]:
        """The draws of a delay, and its mean; nothing where there is no delay."""
        if delay is None:
            return None, 0.0
        try:
            law = law_of(delay)
        except ModelError as error:
            self.problems += error.problems
            return None, 0.0
        self.timed = True
        correlation = self.correlation if purpose == "service" else 0.0
        return Draws(self.seed, task, purpose, law.draw or law.quantile, delay, correlation), law.mean

    def arrivals(self, design: model.Orchestration | model.Choreography) -> tuple[Intervals | None, Users | None]:
        """How jobs arrive; and what cannot be done in time, because it takes for ever on average."""
        try:
            intervals, users, note = arrivals_of(design.arrivals, self.seed, design.name)
        except ModelError as error:
            self.problems += error.problems
            return None, None
        self.notes += [note] if note else []
        endless = [task for task in self.tasks.values() if math.isinf(task.mean) and task.timeout is None]
        for task in endless:
            if task.pools and intervals is not None:
                message = f"{task.pools[-1]} cannot keep up: what {task.key[1]} takes has no mean"
                hint = "another distribution (a shape above 1), or a timeout"
                self.problems.append(Problem("E413", message, position_of(task.key[1]), hint))
            else:
                self.notes.append(f"what {task.key[1]} takes has no mean: look at percentiles, not at means")
        return intervals, users

    def pool(self, name: str, size: int | None) -> tuple[str, ...]:
        if size is None:
            return ()
        if size < 1:
            self.problems.append(Problem("E406", f"'{name}' has {size} workers: nothing would ever start"))
        self.pools[name] = size
        return (name,)

    def shares(self, name: str, fails: Mapping[str, float], possible: Iterable[str]) -> tuple[tuple[str, float], ...]:
        """Cumulative probabilities of the outcomes; those without a probability are not simulated, and that is said."""
        total = 0.0
        found = []
        for outcome, share in fails.items():
            if not 0 <= share <= 1:
                message = f"{name}: the probability of '{outcome}' is {share}"
                self.problems.append(Problem("E407", message, position_of(outcome), "it must be from 0 to 1"))
            total += share
            if share > 0:
                found.append((outcome, total))
        if total > 1 + 1e-12:
            message = f"{name}: the probabilities of its failures add up to {total:g}"
            self.problems.append(Problem("E407", message, position_of(name), "they must leave something for ok"))
        unknown = [outcome for outcome in possible if outcome != "ok" and outcome not in fails]
        if unknown:
            listed = " and ".join(unknown)
            self.notes.append(f"{name}: {listed} not simulated, because no probability is given")
        return (*found, ("ok", 1.0)) if total < 1 else tuple(found)


def _plan_orchestration(design: model.Orchestration, builder: _Builder) -> None:
    workers = {name: builder.pool(name, service.workers) for name, service in design.services.items()}
    for each in flows_of(design).values():
        _plan_flow(each, workers, builder)


def _plan_flow(design: model.Orchestration, workers: Mapping[str, tuple[str, ...]], builder: _Builder) -> None:
    coordinator = coordinator_of(design)
    slots: tuple[str, ...] = ()
    overhead: model.Delay | None = None
    if coordinator is not None:
        name, declared = coordinator
        slots, overhead = builder.pool(name, declared.concurrency), declared.overhead
    for name, step in design.flow.steps.items():
        if step.origin.instant and step.compensation is None:
            continue
        service = design.services.get(step.service or "")
        task = builder.task_name(step.task or name)
        possible = [o for o in model.outcome_names(step, service) if o != "timeout" or step.timeout is None]
        retry = step.retry or design.policies.retry or model.Retry(attempts=1)
        delay, average = builder.draws(task, "service", step.time or (service.time if service else None))
        call = builder.draws(task, "overhead", step.overhead or overhead)[0]
        builder.tasks["step", name] = Task(
            ("step", name), delay, average, Draws(builder.seed, task, "outcome"),
            builder.shares(name, service.fails if service else {}, possible),
            call, (*slots, *workers.get(step.service or "", ())), step.timeout, retry.backoff, retry.factor,
        )  # fmt: skip
        if delay is None and not step.origin.instant:
            builder.untimed.append(name)
        if step.compensation is not None:
            undo = step.compensation
            place = undo.service or step.service or ""
            service = design.services.get(place)
            delay, average = builder.draws(task, "undo", undo.time or (service.time if service else None))
            fails = {"error": undo.fails} if undo.fails else {}
            builder.tasks["undo", name] = Task(
                ("undo", name), delay, average, Draws(builder.seed, task, "undo outcome"),
                builder.shares(f"undo {name}", fails, ()),
                builder.draws(task, "undo overhead", undo.overhead or overhead)[0], (*slots, *workers.get(place, ())),
            )  # fmt: skip


def coordinator_of(design: model.Orchestration) -> tuple[str, model.Coordinator] | None:
    """The coordinator that runs the flow: the one it names, else the only one there is."""
    named = design.coordinators.get(design.flow.coordinator or "")
    if named is not None:
        return str(design.flow.coordinator), named
    return next(iter(design.coordinators.items())) if len(design.coordinators) == 1 else None


def handlers_of(design: model.Choreography) -> Iterator[tuple[str, str, model.Handler]]:
    """Participant, `participant.handler` and the handler, in the order written."""
    for name, participant in design.participants.items():
        for key, handler in participant.handlers.items():
            yield name, f"{name}.{key}", handler


def _plan_choreography(design: model.Choreography, builder: _Builder) -> None:
    listeners = builder.pool("listeners", design.listeners)
    for name, participant in design.participants.items():
        pools = (*listeners, *builder.pool(name, participant.workers))
        never = Draws(builder.seed, name, "outcome")
        # Taking a message that no handler wants takes a worker, and no time.
        builder.tasks["act", name] = Task(("act", name), None, 0.0, never, (("ok", 1.0),), pools=pools)
        for key, handler in participant.handlers.items():
            _plan_handler(f"{name}.{key}", handler, handler.task or key, pools, builder)
    for event in design.events:
        _plan_event(design, event, builder)


def _plan_handler(name: str, handler: model.Handler, named: str, pools: tuple[str, ...], builder: _Builder) -> None:
    task = builder.task_name(named)
    delay, average = builder.draws(task, "service", handler.time)
    shares = builder.shares(name, handler.fails, handler.outcomes)
    outcome = Draws(builder.seed, task, "outcome")
    builder.tasks["step", name] = Task(("step", name), delay, average, outcome, shares, pools=pools)
    if delay is None:
        builder.untimed.append(name)


def _plan_event(design: model.Choreography, event: str, builder: _Builder) -> None:
    place = channel_of(design, event) or DEFAULT_CHANNEL
    channel = design.channels.get(place, model.Channel())
    receivers = tuple(
        Receiver(f"{place}>{delivery.participant}", delivery.participant, channel.order == "fifo", channel.capacity)
        for delivery in deliveries(design)
        if delivery.event == event and delivery.effective
    )
    builder.receivers[event] = receivers
    publish, _ = builder.draws(event, "publish", channel.publish)
    if publish is not None:
        builder.publish[event] = publish
    for receiver in receivers:
        deliver, _ = builder.draws(f"{event}>{receiver.participant}", "deliver", channel.deliver)
        if deliver is not None:
            builder.deliver[event, receiver.name] = deliver
    if channel.delivery == "at least once" and channel.duplicates and receivers:
        note = f"{place}: duplicates not simulated, because no probability is given"
        if note not in builder.notes:
            builder.notes.append(note)
