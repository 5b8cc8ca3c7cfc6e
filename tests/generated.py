"""Random small designs, for the tests in which engines check each other."""

from __future__ import annotations

from hypothesis import strategies as st

from modelcheck import model

NAMES = ("a", "b", "c", "d")
VARIABLES = {
    "x": model.Variable(type="0..2", initial="0..1"),
    "p": model.Variable(type="bool", initial=False),
    "q": model.Variable(type="bool", initial="any", shared=True),
}
CONDITIONS = ("p", "not p", "q", "x >= 1", "x == 0", "p or x < 2", "q and not p")
EFFECTS = (
    {}, {"p": True}, {"p": "not p"}, {"x": "x + 1"}, {"x": "x - 1"}, {"x": 0}, {"q": "p", "p": "q"}, {"x": "2 // x"},
)  # fmt: skip

conditions = st.sampled_from(CONDITIONS)
effects = st.sampled_from(EFFECTS)
maybe = st.none() | conditions


@st.composite
def steps(draw: st.DrawFn, position: int, count: int) -> model.Step:
    """One step of a flow of `count`, waiting only for earlier ones; now and then it jumps, even backwards."""
    earlier = NAMES[:position]
    after = draw(st.none() | st.sets(st.sampled_from(earlier), max_size=2).map(tuple) if earlier else st.none())
    outcomes = draw(st.dictionaries(st.sampled_from(("error", "failed", "timeout")), effects, max_size=1))
    jumps: tuple[model.Transition, ...] = ()
    if draw(st.integers(0, 3)) == 0:
        targets = st.sampled_from((*NAMES[:count], "end", "abort"))
        jumps = (
            model.Transition(to=draw(targets), when=draw(conditions)),
            model.Transition(to=draw(targets), when=draw(maybe)),
        )
    return model.Step(
        after=after,
        join=draw(st.sampled_from(("all", "all", "any"))),
        when=draw(maybe),
        requires=draw(maybe),
        effect=draw(effects),
        ensures=draw(maybe),
        check=draw(st.none() | st.none() | conditions),
        outcomes=outcomes,
        retry=draw(st.none() | st.sampled_from((model.Retry(attempts=2), model.Retry(attempts=None)))),
        compensation=draw(st.none() | st.builds(model.Compensation, effect=effects, fails=st.sampled_from((0.0, 0.1)))),
        transitions=jumps,
        choice=draw(st.sampled_from(("ordered", "free"))),
    )


@st.composite
def orchestrations(draw: st.DrawFn, instances: int = 1) -> model.Orchestration:
    """A flow of one to three steps over two small variables."""
    count = draw(st.integers(1, 3 if instances == 1 else 2))
    policy = model.CompensationPolicy(
        order=draw(st.sampled_from(("reverse", "parallel"))),
        on_undo_failure=draw(st.sampled_from(("stop", "continue", "retry"))),
        siblings=draw(st.sampled_from(("finish", "abandoned"))),
    )
    flow = model.Flow(
        requires=draw(maybe),
        ensures=draw(maybe),
        steps={NAMES[index]: draw(steps(index, count)) for index in range(count)},
    )
    return model.Orchestration(
        name="generated",
        variables=VARIABLES,
        flow=flow,
        policies=model.Policies(compensation=policy),
        instances=instances,
    )


@st.composite
def choreographies(draw: st.DrawFn) -> model.Choreography:
    """Two participants and up to three events, on a small channel of any kind."""
    events = ("E", "F", "G")[: draw(st.integers(1, 3))]
    order = draw(st.sampled_from(("fifo", "unordered")))
    oldest = ("drop oldest",) if order == "fifo" else ()
    channel = model.Channel(
        capacity=draw(st.integers(1, 2)),
        order=order,
        delivery=draw(st.sampled_from(("exactly once", "at least once", "at most once"))),
        overflow=draw(st.sampled_from(("fail", "drop newest", "block", *oldest))),
    )
    publications = st.lists(st.sampled_from(events), max_size=2, unique=True).map(
        lambda names: tuple(model.Publication(event=name) for name in names)
    )
    participants = {}
    for name in ("u", "v"):
        handled = draw(st.sets(st.sampled_from(events), max_size=2))
        handlers = {
            f"on{event}": model.Handler(
                on=event,
                when=draw(st.none() | st.sampled_from(("n == 0", "n < 2"))),
                effect=draw(st.sampled_from(({}, {"n": "n + 1"}, {"n": "min(n + 1, 2)"}))),
                publishes=draw(publications),
            )
            for event in sorted(handled)
        }
        participants[name] = model.Participant(
            variables={"n": model.Variable(type="0..2", initial=0)},
            subscribes=tuple(sorted(draw(st.sets(st.sampled_from(events)) | st.just(handled)))),
            handlers=handlers,
        )
    return model.Choreography(
        name="generated",
        events={event: model.Event(terminal=draw(st.booleans())) for event in events},
        channels={"bus": channel},
        routes={event: tuple(draw(st.sets(st.sampled_from(("u", "v"))).map(sorted))) for event in events},
        participants=participants,
        starts=(model.Publication(event=events[0]),),
    )
