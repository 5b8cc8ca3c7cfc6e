"""What a user writes, as frozen dataclasses with the same names as in the text.

Formulas are strings in the expression language (`"stock >= 1"`), or Python's numbers and truth values. Strings that
were read from a file are `Located`, so that every later error can point at its line. Times are in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# The redundant aliases say that these belong to the model.
from .designs import Design as Design
from .designs import Property as Property
from .designs import Variable as Variable
from .durations import Arrivals as Arrivals
from .durations import Bursts as Bursts
from .durations import Crashes as Crashes
from .durations import Delay as Delay
from .durations import Recording as Recording
from .families import Formula as Formula
from .families import Index as Index
from .families import Origin as Origin
from .petri import Net as Net
from .petri import NetTransition as NetTransition
from .petri import Place as Place

Effect = Mapping[str, Formula]

OUTCOMES = ("ok", "error", "failed", "timeout")


@dataclass(frozen=True, kw_only=True)
class Service:
    """Something that does work: how long it takes, on how many workers (None: unlimited), how often it fails.

    `fails` are probabilities of outcomes other than ok (0 < p < 1; an outcome of probability 0 does not exist).
    `provides`: the output keys it returns (None: whatever is asked for). discipline: calls are served `in turn`, or
    all at once by workers who are `shared`: each call then takes the longer the more there are.
    """

    time: Delay | None = None
    workers: int | None = None
    fails: Mapping[str, float] = field(default_factory=dict)
    provides: tuple[str, ...] | None = None
    discipline: str = "in turn"
    crashes: Crashes | None = None

    @property
    def at_once(self) -> int | None:
        """How many calls it serves at once (None: any number)."""
        return None if self.discipline == "shared" else self.workers


@dataclass(frozen=True, kw_only=True)
class Coordinator:
    """Who runs a flow: how many steps it can have in flight (None: any), what a call costs it, its engine.

    per_flow: what it spends on a flow before the first step. workers: how many such things it does at once (None: any
    number), one after the other.
    """

    concurrency: int | None = None
    overhead: Delay | None = None
    per_flow: Delay | None = None
    workers: int | None = None
    engine: str | None = None


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Where flows run: how many of them at once, over all flows and instances (None: any number); others wait."""

    concurrency: int | None = None


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Try again after these outcomes, at most `attempts` times in all (None: endlessly)."""

    attempts: int | None = 3
    on: tuple[str, ...] = ("error", "timeout")
    backoff: float = 0.0
    factor: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Compensation:
    """What undoes a step.

    service: who does it (None: the step's own service). fails: the probability of its outcome `error`; 0: it cannot.
    overhead: what the call costs its coordinator (None: as every call).
    restores: variables that step and undo together must leave as they were.
    """

    effect: Effect = field(default_factory=dict)
    requires: Formula | None = None
    ensures: Formula | None = None
    service: str | None = None
    time: Delay | None = None
    overhead: Delay | None = None
    fails: float = 0.0
    restores: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A guarded jump to a step, to `end` (this token is done) or to `abort`; `on` says after which outcomes."""

    to: str
    when: Formula | None = None
    on: tuple[str, ...] = ("ok",)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a flow.

    after: the steps it waits for (None: the step written before it; empty: it starts at once). `join: any` starts
    for each of them instead of waiting for all. when: false on arrival skips the step. await_: waits until true.
    requires, ensures: contracts. modifies: variables whose new value is known only by `ensures`. check: tested
    after the effect; false aborts the flow. outcomes: the effect of each outcome that can happen. transitions: where
    to go instead of to the steps that come after; tried in order unless `choice: free`.
    input: {input key: context key}; output: {context key: output key}, as the seed document has it.
    overhead: what its call costs the coordinator, before it is queued for a worker (None: as every call).
    for_each: one copy `name[i]` for each value of its indices, all at once, or `in_turn` one after the other.
    flow: the name of a flow whose steps are run here, as `name.step`; after it comes what comes after this step.
    priority: of those who wait for a worker, the highest goes first.
    origin: nothing that is written, see `Origin`.
    """

    service: str | None = None
    task: str | None = None
    after: tuple[str, ...] | None = None
    join: str = "all"
    when: Formula | None = None
    await_: Formula | None = None
    requires: Formula | None = None
    effect: Effect = field(default_factory=dict)
    ensures: Formula | None = None
    modifies: tuple[str, ...] = ()
    check: Formula | None = None
    outcomes: Mapping[str, Effect] = field(default_factory=dict)
    retry: Retry | None = None
    timeout: float | None = None
    compensation: Compensation | None = None
    transitions: tuple[Transition, ...] = ()
    choice: str = "ordered"
    input: Mapping[str, str] = field(default_factory=dict)
    output: Mapping[str, str] = field(default_factory=dict)
    time: Delay | None = None
    overhead: Delay | None = None
    priority: int = 0
    for_each: tuple[Index, ...] = ()
    in_turn: bool = False
    flow: str | None = None
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, kw_only=True)
class CompensationPolicy:
    """How failures are undone. The defaults are right; the other values are what real systems do wrong.

    on: which endings of a step trigger compensation (`check` is a false check); any other failure ends the flow
    with nothing undone. failing_step: is the failing step itself undone: `if effect` its outcome had one, `always`,
    `never`. order: `reverse` undoes b before a where a led to b and the rest at once, `lifo` strictly last in first
    out, `parallel` all at once. on_undo_failure: `continue` with the others (nobody hears of it), `retry` endlessly,
    `stop`. siblings in flight when a step fails: `finish` first, or are `abandoned` (their effect may still happen).
    """

    on: tuple[str, ...] = ("error", "failed", "timeout", "check")
    failing_step: Mapping[str, str] = field(default_factory=dict)
    order: str = "reverse"
    on_undo_failure: str = "stop"
    siblings: str = "finish"


@dataclass(frozen=True, kw_only=True)
class TimeoutPolicy:
    """How long steps without a timeout are waited for (None: as long as it takes), and what a timeout hides that has no
    effect of its own: `nothing` (no effect happened), `success` (it did, and nobody heard), `either`.

    hidden: with `either`, the probability that it hides a success (None: nobody knows)."""

    after: float | None = None
    hides: str = "nothing"
    hidden: float | None = None


@dataclass(frozen=True, kw_only=True)
class Policies:
    """What holds for all steps that say nothing else: how failures are undone, retries, timeouts."""

    compensation: CompensationPolicy = field(default_factory=CompensationPolicy)
    retry: Retry | None = None
    timeout: TimeoutPolicy = field(default_factory=TimeoutPolicy)


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Steps with a contract for the whole: `requires` is assumed at the start, `ensures` must hold on completion."""

    name: str = "flow"
    coordinator: str | None = None
    engine: str | None = None
    requires: Formula | None = None
    ensures: Formula | None = None
    context: tuple[str, ...] = ()
    steps: Mapping[str, Step] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Orchestration(Design):
    """A coordinator calls services step by step, and compensates when something fails.

    flows: flows that steps run; those that no step runs start by themselves, beside `flow` or instead of it.
    correlation: of the durations of one job, from 0 (none) to 1: by one common factor, whatever their distributions.
    """

    services: Mapping[str, Service] = field(default_factory=dict)
    coordinators: Mapping[str, Coordinator] = field(default_factory=dict)
    engines: Mapping[str, Engine] = field(default_factory=dict)
    flow: Flow = field(default_factory=Flow)
    flows: Mapping[str, Flow] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)
    instances: Formula = 1
    arrivals: Arrivals | None = None
    correlation: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event: typed payload, its topic, the channel it travels on, and the fact that it claims.

    claims: what must be true whenever it is published. terminal: nobody has to consume it.
    """

    payload: Mapping[str, str] = field(default_factory=dict)
    topic: str | None = None
    claims: Formula | None = None
    terminal: bool = False


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A queue for each receiver, shared by all instances.

    capacity: messages that fit (None: as many as the design can send, where that is finite, else `default_capacity`).
    order: `fifo` or `unordered`. delivery: `exactly once`, `at least once` (each message up to `duplicates` times
    more), or `at most once` (a message may be lost on its way). overflow: `fail` (a finding), `block` (the publisher
    waits), `drop newest`, `drop oldest` (the first of those that wait; only `fifo`).
    publish, deliver: what each costs in time. partitions: how many servers carry its messages, each those of some jobs
    and one after the other (None: all are carried at once). repeats, loses: the probability that a message comes again,
    or is lost.
    """

    capacity: int | None = None
    order: str = "fifo"
    delivery: str = "exactly once"
    duplicates: int = 1
    overflow: str = "fail"
    publish: Delay | None = None
    deliver: Delay | None = None
    partitions: int | None = None
    repeats: float = 0.0
    loses: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Publication:
    """An event that is published, with the values of its payload, when `when` holds after the effect.

    on: the outcomes after which it is. A failure that is told of in this way is handled.
    """

    event: str
    payload: Mapping[str, Formula] = field(default_factory=dict)
    when: Formula | None = None
    on: tuple[str, ...] = ("ok",)


@dataclass(frozen=True, kw_only=True)
class Handler:
    """How a participant reacts to an event (`on`), or acts by itself once in each instance (`on` is None).

    when: the guard; a message that finds no handler whose guard holds is unhandled. outcomes: the effect of each
    outcome other than ok that can happen. on_failure: `drop` the message (nobody hears of it), `retry` it,
    or `dead letter` it; not where an event is published `on` that outcome. publishes: after the effect, in the same
    atomic action. Names in formulas: the participant's own variables, shared ones, and `event.field`.
    priority: of what waits for the participant's workers, the highest goes first.
    """

    on: str | None = None
    task: str | None = None
    when: Formula | None = None
    requires: Formula | None = None
    effect: Effect = field(default_factory=dict)
    ensures: Formula | None = None
    publishes: tuple[Publication, ...] = ()
    outcomes: Mapping[str, Effect] = field(default_factory=dict)
    on_failure: str = "drop"
    time: Delay | None = None
    fails: Mapping[str, float] = field(default_factory=dict)
    priority: int = 0


@dataclass(frozen=True, kw_only=True)
class Participant:
    """An autonomous party: private state, subscriptions, handlers.

    workers: how many events it handles at once (None: any number). for_each: one copy `name[i]`, with a state of its
    own, for each value of its indices. origin: nothing that is written, see `Origin`.
    """

    variables: Mapping[str, Variable] = field(default_factory=dict)
    subscribes: tuple[str, ...] = ()
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    workers: int | None = 1
    crashes: Crashes | None = None
    for_each: tuple[Index, ...] = ()
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, kw_only=True)
class Choreography(Design):
    """Participants react to events. Delivery needs a routing rule AND a subscription AND a handler.

    routes: event or topic to the participants it is routed to. starts: what the outside publishes once an instance.
    listeners: how many events are handled at once by all participants together (None: each has its own workers).
    correlation: of the durations of one job, as in an orchestration.
    """

    events: Mapping[str, Event] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    routes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    participants: Mapping[str, Participant] = field(default_factory=dict)
    starts: tuple[Publication, ...] = ()
    listeners: int | None = None
    instances: Formula = 1
    arrivals: Arrivals | None = None
    correlation: float = 0.0


@dataclass(frozen=True, kw_only=True)
class GuardedAction:
    """An action of a bare system. Targets of effects may be indexed: `rm[i]`. `actor`: whose weak fairness it has."""

    for_each: tuple[Index, ...] = ()
    when: Formula = True
    effect: Effect = field(default_factory=dict)
    actor: str | None = None


@dataclass(frozen=True, kw_only=True)
class System(Design):
    """Bare variables and guarded actions. `finished`: where being stuck is being done."""

    actions: Mapping[str, GuardedAction] = field(default_factory=dict)
    finished: Formula = False
    initially: Formula = True


Model = Orchestration | Choreography | System | Net


def kind_of(model: Model) -> str:
    """The word that a model's text begins with."""
    return type(model).__name__.lower()


def outcome_names(step: Step, service: Service | None) -> Sequence[str]:
    """The outcomes that a step can have, ok first: those with an effect, those its service fails with, a `timeout`."""
    timeout = () if step.timeout is None else ("timeout",)
    found = ["ok", *step.outcomes, *(service.fails if service else ()), *timeout]
    return [name for name in OUTCOMES if name in found] + [n for n in dict.fromkeys(found) if n not in OUTCOMES]
