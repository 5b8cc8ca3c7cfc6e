"""Random models of all three kinds that use every key of the language, with all that is hard to write as text.

They are models that can be loaded, not models that make sense: formulas may be any text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from modelcheck import model
from modelcheck.distributions import COMPOUND, DISTRIBUTIONS, PERCENTILE
from modelcheck.load.values import FAILURES

# What no file may hold, neither as it is nor as an escape.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
NAMES = ("a", "b2", "go_on", "straße", "名前", "event", "of", "on", "yes", "null", "x" * 60)
names = st.sampled_from(NAMES)
texts = (
    st.sampled_from(
        (
            "it's \"both\"", "a: b", "# no comment", "- a", "{a}", "[", "x #y", "null", "~", "1:30", "on", "*a", "&b",
            "!c", "|", "> x", "@", "`", "%", "a, b", "two  blanks", "ends:", "\ttab", "line\nbreak", "a\n\nb\n c",
            "\u2028", "\x85", "\ufeff", "Größe ≥ 名前", "🙂", "?", "? a", "---", "...", "\\n", "''", '"',
            "word " * 60 + "end", "w" * 300, "max(a, 0)", "f(a, b", "}", "=", "<<", "true", "a\r\nb",
        )
    )
    | st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
).map(lambda text: CONTROL.sub("", text).strip() or "blank")  # fmt: skip
formulas = texts | st.sampled_from(
    (
        "x >= -1", "p implies q", "forall i in 1..N: rm[i] == done", "x in {a, b}", "-3", "0.1", "otherwise", " p ",
        "min(a, b) + max(a, 0)", "a and b", "1e300", "unlimited", "x\n  >= 1",
    )
)  # fmt: skip
targets = st.sampled_from(("a", "b2", "straße", "rm[i]", "grid[i, j + 1]", "order.amount"))
effects = st.dictionaries(targets, formulas, max_size=3)
maybe_formula = st.none() | formulas
maybe_name = st.none() | names
seconds = st.floats(0, 1e300) | st.sampled_from((0.0, 5e-324, 0.1 + 0.2, 1 / 3, 0.02, 90.0, 5400.0, 1.7e308, 2e-7))
times = seconds.filter(bool)
chances = st.floats(0, 1, exclude_min=True, exclude_max=True) | st.sampled_from((0.05, 5e-324, 1 - 2**-53, 0.07))
failures = st.sampled_from(tuple(FAILURES))


def some(values: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=most, unique=True).map(tuple)


def under_names(values: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(names, values, max_size=most)


@st.composite
def delays(draw: st.DrawFn, depth: int = 3) -> model.Delay:
    kind = draw(st.sampled_from(tuple(DISTRIBUTIONS if depth else set(DISTRIBUTIONS) - set(COMPOUND))))
    if kind == "shifted":
        part = draw(delays(depth - 1))
        return model.Delay(distribution=kind, parameters={"by": draw(seconds)}, parts=(part,))
    if kind == "mixture":
        weights = draw(st.sampled_from(((0.9, 0.1), (0.5, 0.25, 0.25), (1 / 3, 1 / 3, 1 / 3), (1e-9, 1 - 1e-9))))
        parts = tuple(draw(delays(depth - 1)) for _ in weights)
        return model.Delay(distribution=kind, parts=parts, weights=weights)
    needed, optional = draw(st.sampled_from(DISTRIBUTIONS[kind].forms)), DISTRIBUTIONS[kind].optional
    chosen = {**needed, **{key: what for key, what in optional.items() if draw(st.booleans())}}
    parameters = {key: draw(parameter(what)) for key, what in chosen.items()}
    if kind in ("uniform", "triangular"):
        parameters = dict(zip(parameters, sorted(parameters.values()), strict=True))
        parameters["high"] = max(parameters["high"], 1e-300)
    if kind == "pareto" and "mean" in parameters:
        parameters["shape"] = max(parameters["shape"], 1.5)
    if PERCENTILE in parameters:
        low, high = sorted((parameters["median"], parameters.pop(PERCENTILE)))
        parameters["median"] = low if low < high else low / 2
        parameters[draw(st.sampled_from(("p95", "p99.9", "p60")))] = high
    return model.Delay(distribution=kind, parameters=parameters)


def parameter(what: str) -> st.SearchStrategy[Any]:
    """Values of a parameter of a distribution, of the kind that the table of distributions says."""
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "file": st.sampled_from(("times.csv", "a b/größe.csv", "c:\\x.csv", "#1.csv", "=")),
        "column": st.sampled_from(("seconds", "end - start", "a=b")),
        "condition": st.sampled_from(("status=ok", "a b=c=d")),
        "unit": st.sampled_from(("ms", "s")),
        "name": st.sampled_from(("trip", "a b")),
        "count": st.integers(1, 2**60).map(float),
    }
    return kinds.get(what, seconds if what.endswith("or 0") else times)


maybe_delay = st.none() | delays()
deadlines = st.builds(model.Property, word=st.just("deadline"), about=seconds | st.tuples(seconds, chances))
crashes = st.none() | st.builds(
    model.Crashes, every=delays(), repair=delays(), work=st.sampled_from(("waits", "starts again"))
)
priorities = st.integers(-3, 3) | st.just(10**9 - 1)
sizes = st.integers(1, 10**11).map(lambda size: {"size": size}) | st.builds(
    dict, size=st.sampled_from((1.0, 2.5, 1e300)), geometric=st.just(True)
)
arrivals = (
    st.builds(model.Arrivals, interval=delays())
    | st.builds(
        model.Arrivals, bursts=st.tuples(sizes, delays()).map(lambda both: model.Bursts(**both[0], every=both[1]))
    )
    | st.builds(
        model.Arrivals,
        recorded=st.builds(
            model.Recording,
            file=st.sampled_from(("times.csv", "a b/größe.csv", "#1.csv", "50/s")),
            column=st.just("") | st.sampled_from(("started", "a: b")),
            where=st.just("") | st.sampled_from(("status=ok", "a b=c=d")),
            unit=st.sampled_from(("s", "ms")),
        ),
    )
    | st.builds(model.Arrivals, users=st.integers(1, 10**11), think=maybe_delay)
)
correlations = st.just(0.0) | st.floats(0, 1)
fails = st.dictionaries(failures, chances, max_size=3).filter(lambda rates: sum(rates.values()) < 1)
retries = st.builds(
    model.Retry,
    attempts=st.none() | st.integers(1, 10**11),
    on=some(failures),
    backoff=st.just(0.0) | seconds,
    factor=st.just(1.0) | st.floats(1, 1e300),
)
notions = st.sampled_from(("none", "weak", "strong", "outcomes"))
properties = st.builds(
    model.Property, word=st.sampled_from(("always", "never", "reachable", "possible", "outcome")), about=formulas
) | st.builds(
    model.Property,
    word=st.just("leads_to"),
    about=st.tuples(formulas, formulas).filter(lambda p: p[0] != p[1]),
    fairness=st.none() | notions,
)
kinds = st.sampled_from(
    (
        "bool", "int", "real", "0..5", "{idle, busy}", "{a,b}", "N - 1..N", "{null, on}", "Item",
        "{item: Item, amount: 0..5}", "{ item:{a,b} }", "list of {a: 0..1} at most N", "map from {a, b} to real",
    )
)  # fmt: skip
starts = st.sampled_from(
    ("true", "false", "0", "-3", "0.5", "0..2", "{1, 3}", "{1,3}", "[]", "[1, 2]", "[{a: 1}, {a: {0, 1}}]", "{a: any}")
)
variables = st.builds(
    model.Variable,
    type=kinds,
    initial=st.just("any") | starts | formulas,
    shared=st.booleans(),
    over=some(st.sampled_from(("1..N", "0..1", "a..b")), 2),
)


def common(own_properties: st.SearchStrategy[model.Property]) -> dict[str, st.SearchStrategy[Any]]:
    """The fields that every kind of model has."""
    return {
        "name": texts,
        "description": st.just("") | texts,
        "constants": under_names(formulas),
        "types": under_names(kinds),
        "observe": under_names(formulas),
        "variables": under_names(variables),
        "properties": st.dictionaries(texts, properties | own_properties, max_size=4),
        "expect": st.dictionaries(texts, st.sampled_from(("proved", "refuted", "bounded", "unknown")), max_size=2),
        "states": st.none() | st.integers(1, 10**11),
        "fairness": notions,
    }


indices = st.builds(
    model.Index,
    name=st.sampled_from(("i", "j", "größe")),
    low=st.sampled_from(("1", "0", "N - 1", "-2")),
    high=st.sampled_from(("N", "3", "min(N, 2)", "N + 1")),
)
copies = st.lists(indices, min_size=1, max_size=2).map(tuple)


@st.composite
def orchestrations(draw: st.DrawFn) -> model.Orchestration:
    services = draw(
        under_names(
            st.builds(
                model.Service,
                time=maybe_delay,
                workers=st.none() | st.integers(1, 99),
                fails=fails,
                provides=st.none() | some(names),
                discipline=st.sampled_from(("in turn", "shared")),
                crashes=crashes,
            )
        )
    )
    engines = draw(under_names(st.builds(model.Engine, concurrency=st.none() | st.integers(1, 9)), 2))
    engine = st.none() | st.sampled_from(tuple(engines)) if engines else st.none()
    coordinator = st.builds(
        model.Coordinator,
        concurrency=st.none() | st.integers(1, 9),
        overhead=maybe_delay,
        engine=engine,
        per_flow=maybe_delay,
        workers=st.none() | st.integers(1, 9),
    )
    coordinators = draw(under_names(coordinator, 2))
    step_names = tuple(draw(st.lists(names, min_size=1, max_size=3, unique=True)))
    declared = draw(st.dictionaries(st.sampled_from(("a", "b2")), variables, max_size=2))
    service = st.none() | st.sampled_from(tuple(services)) if services else st.none()
    changed = some(st.sampled_from((*declared, *(f"{name}[1]" for name in declared)))) if declared else st.just(())
    transitions = st.lists(
        st.builds(
            model.Transition,
            to=st.sampled_from((*step_names, "end", "abort")),
            when=maybe_formula,
            on=st.just(("ok",)) | some(st.sampled_from(("ok", *FAILURES))),
        ),
        max_size=3,
    ).map(tuple)
    compensations = st.builds(
        model.Compensation,
        effect=effects,
        requires=maybe_formula,
        ensures=maybe_formula,
        service=service,
        time=maybe_delay,
        overhead=maybe_delay,
        fails=st.just(0.0) | chances,
        restores=changed,
    )
    steps = st.builds(
        model.Step,
        service=service,
        task=maybe_name,
        after=st.none() | some(st.sampled_from(step_names)),
        join=st.sampled_from(("all", "any")),
        when=maybe_formula,
        await_=maybe_formula,
        requires=maybe_formula,
        effect=effects,
        ensures=maybe_formula,
        modifies=changed,
        check=maybe_formula,
        outcomes=st.just({}) | st.dictionaries(failures, effects, max_size=2),
        retry=st.none() | retries,
        timeout=st.none() | seconds,
        compensation=st.none() | compensations,
        transitions=transitions,
        choice=st.sampled_from(("ordered", "free")),
        input=st.dictionaries(names, names, max_size=2),
        output=st.dictionaries(names, names, max_size=2),
        time=maybe_delay,
        overhead=maybe_delay,
        priority=priorities,
        for_each=st.just(()) | copies,
        in_turn=st.booleans(),
    ).map(lambda step: step if step.for_each else replace(step, in_turn=False))
    endings = st.sampled_from((*FAILURES, "check"))
    undone = st.sampled_from(("if effect", "always", "never"))
    policies = st.builds(
        model.Policies,
        compensation=st.builds(
            model.CompensationPolicy,
            on=some(endings, 4),
            failing_step=st.dictionaries(endings, undone)
            | undone.map(lambda word: dict.fromkeys((*FAILURES, "check"), word)),
            order=st.sampled_from(("reverse", "lifo", "parallel")),
            on_undo_failure=st.sampled_from(("stop", "continue", "retry")),
            siblings=st.sampled_from(("finish", "abandoned")),
        ),
        retry=st.none() | retries,
        timeout=st.builds(
            model.TimeoutPolicy,
            after=st.none() | seconds,
            hides=st.sampled_from(("nothing", "success", "either")),
            hidden=st.none() | chances,
        ),
    )
    flow = st.builds(
        model.Flow,
        name=names,
        coordinator=st.none() | st.sampled_from(tuple(coordinators)) if coordinators else st.none(),
        engine=engine,
        requires=maybe_formula,
        ensures=maybe_formula,
        context=some(names),
        steps=st.fixed_dictionaries(dict.fromkeys(step_names, steps)),
    )
    flows = draw(under_names(flow, 2))
    runs = st.none() | st.sampled_from(tuple(flows)) if flows else st.none()
    calling = st.tuples(steps, runs).map(lambda both: replace(both[0], flow=both[1]))
    flow = st.tuples(flow, st.fixed_dictionaries(dict.fromkeys(step_names, calling))).map(
        lambda both: replace(both[0], steps=both[1])
    )
    about = st.sampled_from(step_names)
    own = st.builds(
        model.Property, word=st.just("before"), about=st.tuples(about, about).filter(lambda p: p[0] != p[1])
    ) | st.builds(model.Property, word=st.sampled_from(("ends", "compensated")), about=st.just("flow"))
    own = own if len(step_names) > 1 else st.just(model.Property(word="compensated", about="flow"))
    fields = {**common(own), "variables": st.just(declared)}
    return draw(
        st.builds(
            model.Orchestration,
            **fields,
            services=st.just(services),
            coordinators=st.just(coordinators),
            engines=st.just(engines),
            flow=flow,
            flows=st.just(flows),
            policies=policies,
            instances=st.just("3") | formulas,
            arrivals=st.none() | arrivals,
            correlation=correlations,
        )
    )


@st.composite
def publications(draw: st.DrawFn, payloads: dict[str, tuple[str, ...]]) -> model.Publication:
    event = draw(st.sampled_from(tuple(payloads)))
    given = draw(st.dictionaries(st.sampled_from(payloads[event]), formulas)) if payloads[event] else {}
    on = draw(st.just(("ok",)) | some(st.sampled_from(("ok", *FAILURES))))
    return model.Publication(event=event, payload=given, when=draw(st.none() | st.none() | formulas), on=on)


@st.composite
def choreographies(draw: st.DrawFn) -> model.Choreography:
    channels = draw(
        under_names(
            st.builds(
                model.Channel,
                capacity=st.none() | st.integers(1, 9),
                order=st.sampled_from(("fifo", "unordered")),
                delivery=st.sampled_from(("exactly once", "at least once", "at most once")),
                duplicates=st.integers(1, 3),
                overflow=st.sampled_from(("fail", "block", "drop newest", "drop oldest")),
                publish=maybe_delay,
                deliver=maybe_delay,
                partitions=st.none() | st.integers(1, 9),
                repeats=st.just(0.0) | chances,
                loses=st.just(0.0) | chances,
            )
        )
    )
    topics = draw(under_names(st.sampled_from(tuple(channels)))) if channels else {}
    topic = st.none() | st.sampled_from(tuple(topics)) if topics else st.none()
    events = draw(
        st.dictionaries(
            names,
            st.builds(
                model.Event,
                payload=under_names(kinds, 2),
                topic=topic,
                claims=maybe_formula,
                terminal=st.booleans(),
            ),
            min_size=1,
            max_size=4,
        )
    )
    payloads = {name: tuple(event.payload) for name, event in events.items()}
    published = st.lists(publications(payloads), max_size=3).map(tuple)
    handler = st.builds(
        model.Handler,
        on=st.none() | st.sampled_from(tuple(events)),
        task=maybe_name,
        when=maybe_formula,
        requires=maybe_formula,
        effect=effects,
        ensures=maybe_formula,
        publishes=published,
        outcomes=st.just({}) | st.dictionaries(failures, effects, max_size=2),
        on_failure=st.sampled_from(("drop", "retry", "dead letter")),
        time=maybe_delay,
        fails=fails,
        priority=priorities,
    )
    reactions = st.lists(st.sampled_from(tuple(events)), max_size=2, unique=True).flatmap(
        lambda found: st.fixed_dictionaries(
            {name: handler.map(lambda each, name=name: _on(each, name)) for name in found}
        )
    )
    participant = st.builds(
        model.Participant,
        variables=under_names(variables, 2),
        subscribes=some(st.sampled_from((*events, *topics))),
        handlers=st.tuples(under_names(handler, 2), reactions).map(lambda both: {**both[0], **both[1]}),
        workers=st.none() | st.integers(1, 3),
        crashes=crashes,
        for_each=st.just(()) | copies,
    )
    participants = draw(under_names(participant, 2))
    who = some(st.sampled_from(tuple(participants))) if participants else st.just(())
    about = st.sampled_from(tuple(events))
    own = st.builds(model.Property, word=st.just("ends"), about=st.just("system")) | deadlines
    if len(events) > 1:
        own |= st.builds(
            model.Property, word=st.just("before"), about=st.tuples(about, about).filter(lambda p: p[0] != p[1])
        )
    return draw(
        st.builds(
            model.Choreography,
            **common(own),
            events=st.just(events),
            topics=st.just(topics),
            channels=st.just(channels),
            routes=st.dictionaries(st.sampled_from((*events, *topics)), who),
            participants=st.just(participants),
            starts=published,
            listeners=st.none() | st.integers(1, 3),
            instances=st.just("3") | formulas,
            arrivals=st.none() | arrivals,
            correlation=correlations,
        )
    )


def _on(handler: model.Handler, event: str) -> model.Handler:
    return model.Handler(**{**vars(handler), "on": event})


systems = st.builds(
    model.System,
    **common(st.builds(model.Property, word=st.just("ends"), about=st.just("system"))),
    actions=under_names(
        st.builds(
            model.GuardedAction,
            for_each=st.lists(indices, max_size=2).map(tuple),
            when=formulas,
            effect=effects,
            actor=st.none() | texts,
        )
    ),
    finished=formulas,
    initially=formulas,
)
titles = st.just("") | texts
soundness = st.builds(
    model.Property, word=st.just("sound"), about=st.sampled_from(("classical", "weak", "relaxed", "easy"))
)


@st.composite
def nets(draw: st.DrawFn) -> model.Net:
    """Nets whose markings name their own places."""
    place = st.builds(model.Place, tokens=st.integers(0, 9), title=titles)
    places = draw(st.dictionaries(names, place, min_size=1, max_size=3))
    some_places, tokens, most = st.sampled_from(sorted(places)), st.integers(1, 9), len(places)
    markings = st.just({}) | st.dictionaries(some_places, tokens, min_size=1, max_size=most)
    ends = st.dictionaries(some_places, tokens, min_size=1, max_size=most)
    transition = st.builds(model.NetTransition, takes=markings, gives=markings, title=titles)
    shared = {key: each for key, each in common(soundness).items() if key not in ("constants", "types", "variables")}
    return model.Net(
        **{key: draw(each) for key, each in shared.items()},
        places=places,
        transitions=draw(under_names(transition)),
        final=tuple(draw(st.lists(ends, max_size=2))),
    )


models = st.one_of(orchestrations(), choreographies(), systems, nets())
