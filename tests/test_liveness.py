"""Lassos, ends and AG EF: small examples whose answer one can see, and all fair cycles by brute force."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import networkx as nx
import pytest
from generated_systems import CONDITIONS, SYSTEMS, Naive
from hypothesis import given, settings
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.compile import compile_model
from modelcheck.engine.fairness import FAIRNESS
from modelcheck.engine.liveness import find_lasso, possible
from modelcheck.engine.state_graph import explore
from modelcheck.engine.successors import NumberedSuccessors, compile_numbered_successors
from modelcheck.engine.target import Limits
from modelcheck.expressions import BOOL, TRUE, Expr, negation, resolve
from modelcheck.expressions.parse import parse
from modelcheck.load import load_file, load_text
from modelcheck.system import State, TransitionSystem
from modelcheck.trace import Trace, replay

MODELS = Path(__file__).parent.parent / "models"


def system_of(text: str) -> TransitionSystem:
    return compile_model(load_text(f"system: small\n{text}"))


def packaged(name: str, **constants: int) -> TransitionSystem:
    return compile_model(load_file(MODELS / f"{name}.yaml", {key: str(n) for key, n in constants.items()}))


def typed(system: TransitionSystem, text: str) -> Expr:
    return resolve(parse(text), system.scope, BOOL)


def names(trace: Trace | None) -> tuple[list[str], list[str]]:
    """The actions on the way in, and those of the loop."""
    assert trace is not None
    assert replay(trace) is trace
    way = len(trace) if trace.loop is None else trace.loop
    actions = [action.name for _, action, _ in trace.steps()]
    return actions[:way], actions[way:]


# Two lamps: `a` blinks for ever, `b` waits to be switched on once.
BLINK = """
variables: {a: false, b: false}
actions:
  blink: {effect: {a: not a}, actor: a}
  switch: {when: not b, effect: {b: true}, actor: b}
"""


def test_weak_fairness_lets_everyone_act() -> None:
    system = system_of(BLINK)
    off = typed(system, "not b")
    assert find_lasso(system, off)[0] is None
    assert names(find_lasso(system, off, fairness="none")[0]) == ([], ["blink", "blink"])
    assert names(find_lasso(system, TRUE)[0]) == (["switch"], ["blink", "blink"])


def test_a_process_that_is_disabled_now_and_then_may_be_passed_over() -> None:
    """Weak fairness, not strong: being enabled again and again is not enough."""
    system = system_of(BLINK.replace("when: not b", "when: a and not b"))
    assert names(find_lasso(system, typed(system, "not b"))[0]) == ([], ["blink", "blink"])


def test_strong_fairness_serves_who_can_act_again_and_again() -> None:
    """The classic: a request is granted only while the other one rests, and that is again and again."""
    system = system_of(BLINK.replace("when: not b", "when: a and not b"))
    off = typed(system, "not b")
    for fairness in ("strong", "outcomes"):
        assert find_lasso(system, off, fairness=fairness)[0] is None
        assert names(find_lasso(system, TRUE, fairness=fairness)[0]) == (["blink", "switch"], ["blink", "blink"])


# A lock that two want: whoever gives it back can have it again at once.
LOCK = """
variables: {a: {values: [idle, waits, has], initial: idle}, b: {values: [idle, waits, has], initial: idle}}
actions:
  ask_a: {when: a == idle, effect: {a: waits}, actor: a}
  ask_b: {when: b == idle, effect: {b: waits}, actor: b}
  take_a: {when: a == waits and b != has, effect: {a: has}, actor: a}
  take_b: {when: b == waits and a != has, effect: {b: has}, actor: b}
  give_a: {when: a == has, effect: {a: idle}, actor: a}
  give_b: {when: b == has, effect: {b: idle}, actor: b}
"""


@pytest.mark.parametrize(
    ("fairness", "starves"), [("none", True), ("weak", True), ("strong", False), ("outcomes", False)]
)
def test_a_lock_needs_strong_fairness(fairness: str, starves: bool) -> None:
    system = system_of(LOCK)
    waits = typed(system, "a == waits")
    lasso, _ = find_lasso(system, waits, start=waits, fairness=fairness)
    assert (lasso is not None) == starves


# Up and down a ladder, and out at its top; each rung has an actor who climbs from it.
LADDER = """
variables: {x: {range: 0..3, initial: 3}, out: false}
actions:
  climb: {for each: k in 0..2, when: x == k and not out, effect: {x: k + 1}, actor: "climber[k]"}
  down: {when: x > 0 and not out, effect: {x: x - 1}, actor: down}
  rest: {when: not out, effect: {}, actor: rest}
  leave: {when: x == 3 and not out, effect: {out: true}, actor: leaver}
"""


def test_strong_fairness_decomposes_again_and_again() -> None:
    """Who could leave at 3 forbids 3, so who would climb to it forbids 2, and so on: only where nobody climbs from 0
    can it go on for ever, at 0."""
    ladder, short = system_of(LADDER), system_of(LADDER.replace("0..2, when", "1..2, when"))
    inside = typed(ladder, "not out")
    assert find_lasso(ladder, inside, fairness="weak")[0] is not None
    assert find_lasso(ladder, inside, fairness="strong")[0] is None
    lasso, _ = find_lasso(short, inside, fairness="strong")
    assert names(lasso) == (["down"] * 3, ["rest"])


def test_with_fair_outcomes_a_way_out_is_taken() -> None:
    """A retry without end may fail each time; if each outcome is fair, it does not."""
    system = packaged("retry_forever")
    assert find_lasso(system, TRUE, fairness="strong")[0] is not None
    assert find_lasso(system, TRUE, fairness="outcomes")[0] is None


def test_nothing_is_assumed_of_outcomes() -> None:
    lasso, answer = find_lasso(packaged("retry_forever"), TRUE)
    assert names(lasso) == ([], ["start", "fail"])
    assert answer.complete
    assert find_lasso(packaged("retry_loop"), TRUE)[0] is None


def test_the_loop_serves_every_process() -> None:
    """Three processes that are always enabled: the shortest fair loop has an action of each."""
    system = system_of("""
variables: {x: {range: 0..1, initial: 0}, y: {range: 0..1, initial: 0}, z: {range: 0..1, initial: 0}}
actions:
  x: {effect: {x: 1 - x}, actor: x}
  y: {effect: {y: 1 - y}, actor: y}
  z: {effect: {z: 1 - z}, actor: z}
""")
    way, loop = names(find_lasso(system, TRUE)[0])
    assert way == []
    assert sorted(loop) == ["x", "x", "y", "y", "z", "z"]
    assert len(names(find_lasso(system, TRUE, fairness="none")[0])[1]) == 2


def test_an_action_that_changes_nothing_is_a_cycle() -> None:
    system = system_of("variables: {x: {range: 0..2, initial: 0}}\nactions: {go: {effect: {x: min(x + 1, 2)}}}")
    assert names(find_lasso(system, TRUE)[0]) == (["go", "go"], ["go"])


def test_after_start_it_stays_within() -> None:
    """p leads to q is refuted by reaching p, and from there never q."""
    system = system_of("""
variables: {at: {values: [idle, asked, lost, answered], initial: idle}}
actions:
  ask: {when: at == idle, effect: {at: asked}}
  lose: {when: at == asked, effect: {at: lost}}
  answer: {when: at == asked, effect: {at: answered}}
  wait: {when: at == lost, effect: {}}
  again: {when: at == answered, effect: {at: idle}}
""")
    asked, unanswered = typed(system, "at == asked"), typed(system, "at != answered")
    assert names(find_lasso(system, unanswered, asked)[0]) == (["ask", "lose"], ["wait"])
    assert find_lasso(system, typed(system, "at != lost and at != answered"), asked)[0] is None


def test_an_execution_that_ends_counts_where_asked() -> None:
    system = system_of(BLINK.replace("{effect: {a: not a}", "{when: not a, effect: {a: true}"))
    never_b = typed(system, "not b")
    assert find_lasso(system, never_b, stuck=True)[0] is None
    ended, _ = find_lasso(system, TRUE, stuck=True)
    assert ended is not None
    assert ended.loop is None
    assert sorted(names(ended)[0]) == ["blink", "switch"]
    assert find_lasso(system, TRUE)[0] is None


def test_what_leaves_a_range_is_no_end_and_no_loop() -> None:
    system = system_of("variables: {x: {range: 0..2, initial: 0}}\nactions: {go: {effect: {x: x + 1}}}")
    assert find_lasso(system, TRUE, stuck=True)[0] is None
    assert possible(system, typed(system, "x < 0"))[0] is None


def test_possible_finds_the_point_of_no_return() -> None:
    system = system_of("""
variables: {at: {values: [up, down, broken], initial: up}}
actions:
  fall: {when: at == up, effect: {at: down}}
  rise: {when: at == down, effect: {at: up}}
  break: {when: at == down, effect: {at: broken}}
""")
    assert names(possible(system, typed(system, "at == up"))[0])[0] == ["fall", "break"]
    assert possible(system, typed(system, "at != up"))[0] is None
    assert possible(packaged("retry_forever"), typed(packaged("retry_forever"), "call == done"))[0] is None


def test_two_phase_commit_ends_and_decides() -> None:
    system = packaged("two_phase_commit", N=5)
    graph = explore(system)
    assert (len(graph.states), len(graph.source)) == (8_832, 37_345)
    assert find_lasso(system, TRUE, graph=graph)[0] is None
    decided = typed(system, "forall i in 1..5: rm[i] in {committed, aborted}")
    assert find_lasso(system, negation(decided), stuck=True, graph=graph)[0] is None
    trace, answer = possible(system, typed(system, "sent_commit"), graph=graph)
    assert len(names(trace)[0]) == 1
    assert answer.complete


# Limits.


@pytest.mark.parametrize(
    ("limits", "stopped"), [(Limits(depth=2), "depth"), (Limits(states=300), "states"), (Limits(seconds=-1), "seconds")]
)
def test_a_limit_that_comes_first_is_said(limits: Limits, stopped: str) -> None:
    system = packaged("saga_orders", N=5, K=2)
    for _, answer in (find_lasso(system, TRUE, limits=limits), possible(system, TRUE, limits)):
        assert (answer.stopped, answer.complete) == (stopped, False)


def test_what_lies_beyond_a_limit_has_the_benefit_of_the_doubt() -> None:
    system = packaged("retry_loop")
    done = typed(system, "call == done")
    assert len(names(possible(system, done)[0])[0]) == 6
    assert possible(system, done, Limits(depth=5))[0] is None
    assert find_lasso(system, TRUE, limits=Limits(depth=1), stuck=True)[0] is None


def test_control_c_keeps_what_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    system = packaged("retry_loop")
    real = compile_numbered_successors(system)

    def interrupted(_: TransitionSystem) -> NumberedSuccessors:
        left = iter(range(4))

        def successors(state: State) -> list[tuple[int, State]]:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return real(state)

        return successors

    monkeypatch.setattr("modelcheck.engine.state_graph.compile_numbered_successors", interrupted)
    graph = explore(system)
    assert (graph.stopped, graph.expanded) == ("interrupted", 4)
    assert graph.source.max() < 4
    assert graph.target.max() < len(graph.states)


def test_fairness_has_four_values() -> None:
    with pytest.raises(ValueError, match="one of none, weak, strong, outcomes"):
        find_lasso(packaged("retry_loop"), TRUE, fairness="fair")


# By brute force, on random systems.


def parties(naive: Naive, fairness: str) -> list[object]:
    """To whom fairness is owed, for each action."""
    if fairness == "outcomes":
        return list(range(len(naive.system.actions)))
    return [action.process for action in naive.system.actions]


def fair_cycle_exists(naive: Naive, within: Expr, start: Expr | None, fairness: str) -> bool:
    """By the definition: among the states that can be reached there is a set of states that some walk visits all of
    again and again, by inner edges, and that is fair to all."""
    inside = {each for each in naive.states if naive.holds(within, each)}
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(inside)
    moves = {each: list(naive.moves(each)) for each in naive.states}
    owed = parties(naive, fairness)
    graph.add_edges_from((s, t, number) for s in inside for number, t in moves[s] if t in inside)
    starts = inside & naive.layers[0] if start is None else {each for each in inside if naive.holds(start, each)}
    reached = starts.union(*(nx.descendants(graph, each) for each in starts))
    able = {each: {owed[number] for number, _ in moves[each]} for each in naive.states}
    return any(
        _fair_part(graph, part, able, owed, fairness)
        for part in nx.strongly_connected_components(graph.subgraph(reached))
    )


def _fair_part(
    graph: nx.MultiDiGraph, part: set[State], able: dict[State, set[object]], owed: list[object], fairness: str
) -> bool:
    """Whether a strongly connected set, or for strong fairness a part of it without some states, is fair."""
    acting = {owed[number] for _, _, number in graph.subgraph(part).edges(keys=True)}
    if not acting or fairness == "none":
        return bool(acting)
    if fairness == "weak":
        return all(who in acting or any(who not in able[each] for each in part) for who in owed)
    starved = {who for who in owed if who not in acting and any(who in able[each] for each in part)}
    if not starved:
        return True
    # A fair loop is fair to the first of them: it stays where that one cannot act.
    who = min(starved, key=str)
    rest = {each for each in part if who not in able[each]}
    return any(
        _fair_part(graph, less, able, owed, fairness) for less in nx.strongly_connected_components(graph.subgraph(rest))
    )


def is_fair(naive: Naive, trace: Trace, fairness: str) -> bool:
    """Whether in the loop all to whom fairness is owed act, or cannot act somewhere (weak) or anywhere (strong)."""
    assert trace.loop is not None
    owed = parties(naive, fairness)
    acting = {owed[number] for number in trace.actions[trace.loop :]}
    able = [{owed[n] for n, _ in naive.moves(each)} for each in trace.states[trace.loop :]]
    wronged = all if fairness == "weak" else any
    return not any(wronged(who in each for each in able) for who in set(owed) - acting)


@settings(max_examples=400, derandomize=True)
@given(SYSTEMS, CONDITIONS, st.one_of(st.none(), CONDITIONS), st.sampled_from(sorted(FAIRNESS)))
def test_a_lasso_is_found_iff_there_is_a_fair_cycle(
    system: TransitionSystem, within_text: str, start_text: str | None, fairness: str
) -> None:
    naive = Naive(system)
    within = typed(system, within_text)
    start = None if start_text is None else typed(system, start_text)
    trace, answer = find_lasso(system, within, start, fairness)
    assert answer.complete
    assert (trace is not None) == fair_cycle_exists(naive, within, start, fairness)
    if trace is None:
        return
    assert trace.loop is not None
    assert fairness == "none" or is_fair(naive, trace, fairness)
    begins = [
        index
        for index, each in enumerate(trace.states[: trace.loop + 1])
        if (index == 0 if start is None else naive.holds(start, each))
        and all(naive.holds(within, later) for later in trace.states[index:])
    ]
    assert begins


@settings(max_examples=150, derandomize=True)
@given(SYSTEMS, CONDITIONS)
def test_ends_and_ag_ef_by_definition(system: TransitionSystem, text: str) -> None:
    naive = Naive(system)
    condition = typed(system, text)
    graph = nx.DiGraph()
    graph.add_nodes_from(naive.states)
    graph.add_edges_from((each, after) for each in naive.states for _, after in naive.moves(each))
    fine = {each for each in naive.states if naive.holds(condition, each) or not naive.in_range(each)}
    hopeful = fine.union(*(nx.ancestors(graph, each) for each in fine))
    trace, _ = possible(system, condition)
    lost = [distance for distance, layer in enumerate(naive.layers) if layer - hopeful]
    assert (None if trace is None else len(trace)) == min(lost, default=None)
    inside = graph.subgraph(each for each in naive.states if naive.holds(condition, each))
    starts = naive.layers[0] & set(inside)
    reached = starts.union(*(nx.descendants(inside, each) for each in starts))
    trace, _ = find_lasso(system, condition, fairness="none", stuck=True)
    ends = any(naive.ends(each) for each in reached)
    assert (trace is not None and trace.loop is None) == ends


def test_the_way_in_is_a_shortest_one() -> None:
    """The start is far from one initial state and near to another."""
    variables: Mapping[str, model.Variable] = {"x": model.Variable(type="0..9", initial="{0, 6}")}
    actions = {
        "up": model.GuardedAction(when="x < 8", effect={"x": "x + 1"}),
        "stay": model.GuardedAction(when="x >= 8", effect={}),
    }
    system = compile_model(model.System(name="two ways", variables=variables, actions=actions))
    assert names(find_lasso(system, TRUE, typed(system, "x == 7"))[0]) == (["up", "up"], ["stay"])
