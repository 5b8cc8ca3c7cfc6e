"""What a design says about time, for one seed: its tasks with their draws, and the pools of workers they need.

A task is what lies between a `start` and its `finish`: a step, an undo, a handler. Its key is `step` or `undo`
and the step of the actions' labels.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .. import model
from ..errors import ModelError, Problem, position_of
from ..expand import expand, flows_of
from ..expand.several import engine_of
from .arrivals import Intervals, Users, arrivals_of
from .delays import law_of, rows_of
from .draws import Draws

Key = tuple[str, str]


@dataclass(frozen=True)
class Chance:
    """Something that happens with a probability: so often as the draw is below the share."""

    share: float
    luck: Draws


@dataclass(frozen=True)
class Faults:
    """How a pool breaks down: the time from its start or repair to the next crash, and from there to the repair.

    restarts: what was in progress begins again afterwards; otherwise it goes on. availability: the share of the time in
    which it works.
    """

    every: Draws
    repair: Draws
    restarts: bool
    availability: float


@dataclass(frozen=True)
class Partitions:
    """The servers of a channel, each of which carries the messages of some jobs; `key` says which of a job."""

    channel: str
    count: int
    key: Draws


@dataclass(frozen=True)
class Task:
    """One kind of work. `shares`: the outcomes that are drawn, with their cumulative probabilities.

    delay: how long it takes (None: no time). overhead: what a call costs before it is queued for a worker. pools: whose
    workers it occupies between start and finish. A delay above `timeout` ends as `timeout`, after that time.
    A retry waits `backoff * factor ** (attempt - 1)`. mean: the mean delay, without regard to the timeout.
    priority: those with a higher one go first. desk: the coordinator's workers who make the call, for the time of the
    overhead. hidden: how likely a timeout hides a success, and the draws for it (None: it never does).
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
    priority: int = 0
    desk: str = ""
    hidden: Chance | None = None

    def pause(self, attempt: int) -> float:
        """How long the n-th attempt waits before it is made."""
        return self.backoff * self.factor ** (attempt - 2) if attempt > 1 else 0.0


@dataclass(frozen=True)
class Receiver:
    """A queue that an event is delivered to; `capacity` is the declared one (None: as much as the system has)."""

    name: str
    participant: str
    ordered: bool
    capacity: int | None = None
    overflow: str = "fail"


@dataclass(frozen=True)
class Plan:
    """All tasks of a design, the sizes of its limited pools, when jobs arrive, and what the reader should know.

    interval: the times between the arrivals of jobs, mean_interval their mean; users: who start jobs and wait for
    them; without either, each job is alone. receivers: the queues that each event is put into; publish, deliver: what
    these cost, where they cost time; partitions: the servers that carry an event; repeats, losses: how likely a
    message of a queue comes again, or is lost. correlation: of the durations of one job (0: they are independent).
    faults: the pools that break down; shared: those whose work is shared among all who want it.
    openings: what the coordinators of a job's flows spend before it begins, and at which desk (empty: at none).
    rows: of measured times, by name, from which several delays are drawn together.
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
    partitions: Mapping[str, Partitions] = field(default_factory=dict)
    repeats: Mapping[tuple[str, str], Chance] = field(default_factory=dict)
    losses: Mapping[tuple[str, str], Chance] = field(default_factory=dict)
    faults: Mapping[str, Faults] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()
    openings: tuple[tuple[str, Draws], ...] = ()
    rows: frozenset[str] = frozenset()

    @property
    def together(self) -> bool:
        """Whether jobs share workers, queues and variables."""
        return self.interval is not None or self.users is not None

    @property
    def only_by_events(self) -> str:
        """Why only the event loop simulates this; empty where others may, too."""
        for names, what in (
            (self.faults, "breaks down"),
            (self.shared, "shares its work among all who want it"),
            (self.partitions, "is carried by a partition of its channel"),
            ([event for event, _ in self.repeats], "may come again"),
            ([event for event, _ in self.losses], "may be lost"),
            ([key[1] for key, task in self.tasks.items() if task.priority], "has a priority"),
            ([key[1] for key, task in self.tasks.items() if task.desk], "is called by a coordinator's workers"),
            ([key[1] for key in self.tasks if key[0] == "flow"], "waits for an engine"),
            ([key[1] for key, task in self.tasks.items() if task.hidden], "has a timeout that may hide a success"),
        ):
            if names:
                return f"{next(iter(names))} {what}"
        if self.users is not None:
            return "users wait for their jobs"
        return "a coordinator spends time on each flow" if self.openings else ""


# The size of a pool of workers of whom there are as many as wanted, and who break down all the same.
UNLIMITED = 1 << 30


def plan_of(design: model.Orchestration | model.Choreography, seed: int) -> Plan:
    """The plan of a design; raises `ModelError` with everything that is wrong in its times."""
    from .plan_reactions import plan_choreography

    design = expand(design)
    builder = Builder(seed, design.correlation)
    if not 0 <= design.correlation <= 1:
        message = f"a correlation of {design.correlation:g} cannot be"
        builder.problems.append(Problem("E431", message, position_of(design.name), "give a number from 0 to 1"))
        builder.correlation = 0.0
    if isinstance(design, model.Orchestration):
        _plan_orchestration(design, builder)
    else:
        plan_choreography(design, builder)
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
        builder.deliver, builder.receivers, tuple(builder.notes), users, design.correlation, builder.partitions,
        builder.repeats, builder.losses, builder.faults, frozenset(builder.shared), tuple(builder.openings),
        frozenset(builder.rows),
    )  # fmt: skip


class Builder:
    """A plan in the making."""

    def __init__(self, seed: int, correlation: float):
        self.seed, self.correlation = seed, correlation
        self.tasks: dict[Key, Task] = {}
        self.pools: dict[str, int] = {}
        self.publish: dict[str, Draws] = {}
        self.deliver: dict[tuple[str, str], Draws] = {}
        self.receivers: dict[str, tuple[Receiver, ...]] = {}
        self.partitions: dict[str, Partitions] = {}
        self.repeats: dict[tuple[str, str], Chance] = {}
        self.losses: dict[tuple[str, str], Chance] = {}
        self.faults: dict[str, Faults] = {}
        self.shared: set[str] = set()
        self.rows: dict[str, int] = {}
        self.openings: list[tuple[str, Draws]] = []
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
            rows = rows_of(delay)
        except ModelError as error:
            self.problems += error.problems
            return None, 0.0
        self.timed = True
        if rows is not None:
            return self._rows(*rows, Draws(self.seed, rows[0], "rows", law.draw, delay)), law.mean
        correlation = self.correlation if purpose == "service" else 0.0
        return Draws(self.seed, task, purpose, law.draw or law.quantile, delay, correlation), law.mean

    def _rows(self, name: str, count: int, draws: Draws) -> Draws:
        """Draws of delays that share their lines: these must be as many in each."""
        first = self.rows.setdefault(name, count)
        if first != count:
            message = f"'rows={name}' stands for {first} measured times in one place and {count} in another"
            self.problems.append(Problem("E432", message, None, "give each the same lines of the same file"))
        return draws

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

    def breaking(self, name: str, pools: tuple[str, ...], crashes: model.Crashes | None) -> tuple[str, ...]:
        """The pools of somebody who may break down."""
        if crashes is None:
            return pools
        if not pools:
            self.pools[name], pools = UNLIMITED, (name,)
        every, average = self.draws(name, "crash", crashes.every)
        repair, down = self.draws(name, "repair", crashes.repair)
        if every is not None and average == 0:
            message = f"'{name}' crashes all the time: it works for 0 s between two crashes"
            self.problems.append(Problem("E460", message, position_of(name), "say how long it works: every: 1h"))
        if every is not None and repair is not None:
            share = 1.0 if math.isinf(average) else average / (average + down) if average else 0.0
            self.faults[name] = Faults(every, repair, crashes.work == "starts again", share)
        return pools

    def hidden(self, task: str, step: model.Step) -> Chance | None:
        """How likely a timeout of a step hides a success."""
        share = step.origin.hidden
        if step.origin.hides != "either" or share is None:
            return None
        return self.chance("the timeout policy: 'hidden'", share, Draws(self.seed, task, "hidden"))

    def chance(self, what: str, share: float, luck: Draws) -> Chance:
        """Something that happens with a probability."""
        if not 0 <= share <= 1:
            message = f"{what} is {share:g}, which is no probability"
            self.problems.append(Problem("E407", message, None, "it must be from 0 to 1"))
        return Chance(share, luck)

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


def _plan_orchestration(design: model.Orchestration, builder: Builder) -> None:
    workers = {}
    for name, service in design.services.items():
        workers[name] = builder.breaking(name, builder.pool(name, service.workers), service.crashes)
        if service.discipline == "shared":
            if service.workers is None:
                message = f"'{name}' shares its work among workers, and nobody knows how many"
                builder.problems.append(Problem("E461", message, position_of(name), "say how many: workers: 1"))
            builder.shared.add(name)
    for name, each in flows_of(design).items():
        _plan_flow(each, workers, builder)
        _plan_engine(design, name, each, builder)


def _plan_engine(design: model.Orchestration, name: str, flow: model.Orchestration, builder: Builder) -> None:
    """A flow waits for its engine, if that runs only so many flows at once."""
    place = engine_of(flow)
    engine = design.engines.get(place or "")
    if place is not None and engine is not None and engine.concurrency is not None:
        key = ("flow", f"flow {name}" if name else "flow")
        pools = builder.pool(place, engine.concurrency)
        builder.tasks[key] = Task(key, None, 0.0, Draws(builder.seed, name, "begin"), (("ok", 1.0),), pools=pools)


def _plan_flow(design: model.Orchestration, workers: Mapping[str, tuple[str, ...]], builder: Builder) -> None:
    coordinator = coordinator_of(design)
    slots: tuple[str, ...] = ()
    overhead: model.Delay | None = None
    desk = ""
    if coordinator is not None:
        name, declared = coordinator
        slots, overhead = builder.pool(name, declared.concurrency), declared.overhead
        if declared.workers is not None:
            (desk,) = builder.pool(f"{name} workers" if slots else name, declared.workers)
        opening, _ = builder.draws(design.flow.name, "opening", declared.per_flow)
        if opening is not None:
            builder.openings.append((desk, opening))
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
            step.priority, desk, builder.hidden(task, step),
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
                priority=step.priority, desk=desk,
            )  # fmt: skip


def coordinator_of(design: model.Orchestration) -> tuple[str, model.Coordinator] | None:
    """The coordinator that runs the flow: the one it names, else the only one there is."""
    named = design.coordinators.get(design.flow.coordinator or "")
    if named is not None:
        return str(design.flow.coordinator), named
    return next(iter(design.coordinators.items())) if len(design.coordinators) == 1 else None
