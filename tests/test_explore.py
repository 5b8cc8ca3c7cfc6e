"""Stepping through designs: moving, asking, values, initial states, counterexamples, saved traces."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

import pytest
from generated import choreographies, orchestrations
from generated_systems import SYSTEMS
from hypothesis import given, settings
from hypothesis import strategies as st

import modelcheck as mc
from modelcheck import library, model
from modelcheck.compile import compile_model
from modelcheck.errors import ModelError
from modelcheck.explore.exploration import Exploration, begin
from modelcheck.explore.saved import read, replayed, save, trace_data
from modelcheck.system import TransitionSystem
from modelcheck.trace import Trace, replay

ORDER = "order_orchestration"


@pytest.fixture(scope="module")
def order() -> Exploration:
    return mc.explore(ORDER)


def model_of(tmp_path: Path, text: str) -> str:
    path = tmp_path / "model.yaml"
    path.write_text(text)
    return str(path)


# Moving.


def test_it_can_choose_by_number_and_by_name(order: Exploration) -> None:
    there = order.choose(1).choose("ok → charge").choose("charge")
    assert there.position == 3
    assert [option.words for option in there.options][:2] == [
        "orders finishes charge at payment: ok",
        "orders finishes charge at payment: error",
    ]
    assert there.options[0].changes[0].variable == "paid#1"
    assert order.choose("start reserve#2").options[-1].action.name == "finish reserve: failed#2"
    assert replay(there.trace) == there.trace


def test_explorations_never_change(order: Exploration) -> None:
    before = (order.position, order.trace, order.state)
    order.choose(1).back().random(3).goto("an order can be shipped")
    assert (order.position, order.trace, order.state) == before


def test_it_can_go_back_and_forward_again(order: Exploration) -> None:
    there = order.choose(1).choose(1).choose("start charge#1")
    assert there.back(2).position == 1
    assert there.back(99).position == 0
    assert there.back(2).forward(2) == there
    assert there.restart().forward(99) == there
    assert there.restart().choose(1).trace == there.trace, "the same way keeps what lies ahead"
    assert len(there.restart().choose(2).trace) == 1, "another way does not"
    assert there.at(2).position == 2
    with pytest.raises(ModelError, match=r"E505.*no step 4"):
        there.at(4)


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (0, "E505: there is no option 0"),
        (3, "E505: there is no option 3"),
        ("start reserve", "E505: 'start reserve' may be 2 options"),
        ("start charge #1", "E506: 'start charge#1' is not enabled: charge has not been reached: it waits for reserve"),
        ("strat charge#1", "E505: there is no action 'strat charge#1'"),
        ("", "E505"),
    ],
)
def test_what_cannot_be_chosen(order: Exploration, which: int | str, said: str) -> None:
    with pytest.raises(ModelError) as error:
        order.choose(which)
    assert said in str(error.value)


def test_until_is_a_shortest_way(order: Exploration) -> None:
    there = order.until("shipped")
    assert len(there.trace) == 6
    assert there.evaluate("count(shipped)") == 1
    assert there.until("shipped") is there
    twice = there.back(2).until("completed(flow)")
    assert twice.trace.actions[:4] == there.trace.actions[:4]
    with pytest.raises(ModelError, match="E509: no way from here"):
        order.until("stock > 1")
    with pytest.raises(ModelError, match=r"E509.*stopped after"):
        order.until("count(shipped) == 1 and completed(flow)", mc.Limits(states=3))
    with pytest.raises(ModelError, match=r"(?s)E120.*did you mean 'paid'"):
        order.until("payd")


def test_a_shortest_way_to_where_an_action_can_happen(order: Exploration) -> None:
    there = order.until_enabled("start ship#2")
    assert len(there.trace) == 4
    assert there.find("start ship#2").action.name == "start ship#2"
    assert there.until_enabled("start ship#2") is there
    assert there.until_enabled("undone charge#2").options
    with pytest.raises(ModelError, match="E505"):
        order.until_enabled("shipp")
    with pytest.raises(ModelError, match="E509: no way from here leads to 'start reserve#1' enabled"):
        order.choose("start reserve#1").until_enabled("start reserve#1")


def test_what_would_help(order: Exploration) -> None:
    here = order.choose("start reserve#1")
    blocked = next(each for each in here.blocked if each.action.name == "start charge#1")
    assert here.helps(blocked) == ([1], [])
    assert "option 1 makes it possible" in here.why_not("start charge#1")
    commit = mc.explore("two_phase_commit").choose("prepare[1]").choose("prepare[2]")
    assert "options 1, 2 make a part of that true" in commit.why_not("commit")
    for name in ("start charge#1", "undo reserve#1", "complete#1"):
        blocked = next(each for each in here.blocked if each.action.name == name)
        for number in range(1, len(here.options) + 1):
            after = here.choose(number)
            enabled = any(option.action.name == name for option in after.options)
            assert (number in here.helps(blocked)[0]) == enabled


def test_random_walks_depend_on_the_seed_only(order: Exploration) -> None:
    walks = {seed: order.random(12, seed).trace.actions for seed in range(6)}
    assert walks[3] == order.random(12, 3).trace.actions
    assert len(set(walks.values())) > 1
    end = order.random(1000)
    assert end.status == "finished"
    assert replay(end.trace) == end.trace


def test_it_can_stand_on_a_counterexample() -> None:
    here = mc.explore("seed_order_orchestration").counterexample("all or nothing")
    assert here.status == "finished"
    assert "all or nothing: refuted" in here.shows
    assert "all or nothing: refuted" in here.story()
    assert here.goto("all or nothing", 1).position == 1
    assert mc.explore("seed_order_orchestration", property="all or nothing") == here
    with pytest.raises(ModelError, match=r"(?s)E302.*did you mean 'all or nothing'"):
        here.goto("all or nothin")
    with pytest.raises(ModelError, match=r"E508.*it is proved"):
        mc.explore(ORDER).goto("all or nothing")


def test_the_claim_of_another_monitor_is_told_though_the_system_has_no_monitor() -> None:
    here = mc.explore("seed_order_choreography").goto("paid before it is said")
    assert here.system is here.trace.system
    assert len(here.values) == len(here.system.variables)
    assert "refuted" in here.shows


def test_a_lasso_says_where_it_returns_to() -> None:
    here = mc.explore("retry_forever").counterexample("it ends")
    assert here.trace.loop == 0
    assert "it repeats from step 0 on" in str(here)
    assert "from here on it repeats" in here.story()


def test_every_trace_of_every_packaged_check_can_be_gone_along() -> None:
    for name in library.model_names():
        here = mc.explore(name)
        for result in mc.check(name).results:
            if result.trace is not None:
                there = here.goto(result.name)
                assert replay(there.trace) == there.trace
                assert result.name in there.shows


# Asking.


def test_a_claim_that_an_option_would_break_is_told_beforehand(tmp_path: Path) -> None:
    text = "system: s\nvariables: {n: {range: 0..1, initial: 1}}\nactions: {up: {effect: {n: n + 1}}}\n"
    here = mc.explore(model_of(tmp_path, text))
    assert [claim.kind for claim in here.options[0].breaks] == ["range"]
    assert "✗  this breaks: n leaves its range 0..1" in str(here)
    there = here.choose(1)
    assert there.status == "path ended"
    assert not there.options
    assert there.blocked[0].kind == "range"
    assert "the path ends here: n = 2 has left 0..1" in str(there)


def test_deadlock_and_finished(tmp_path: Path) -> None:
    text = "system: s\nvariables: {n: {range: 0..2, initial: 0}}\nactions: {up: {when: n < 2, effect: {n: n + 1}}}\n"
    stuck = mc.explore(model_of(tmp_path, text)).random(9)
    assert stuck.status == "deadlock"
    assert "deadlock: nothing is enabled, and it is not finished" in str(stuck)
    assert stuck.why_not() == "  up  n < 2 is false: n = 2"
    done = mc.explore(model_of(tmp_path, text + "finished: n == 2\n")).random(9)
    assert done.status == "finished"


def test_formulas_are_those_of_properties(order: Exploration) -> None:
    there = order.until("paid")
    assert there.evaluate("stock + count(paid)") == 1
    assert there.evaluate("paid") == {1: True, 2: False}
    assert there.evaluate("done(charge) and not shipped") == {1: True, 2: False}
    assert there.evaluate("exists(paid)") is True
    with pytest.raises(ModelError, match="E120"):
        there.evaluate("__import__")
    assert mc.explore("two_phase_commit").evaluate("tm") == "waiting"
    assert "divides by zero" in str(order.evaluate("1 // (stock - 1)"))


def test_properties_here() -> None:
    held = {each.name: each.holds for each in mc.explore("seed_order_orchestration").goto("all or nothing").properties}
    assert held["all or nothing"] is False
    assert held["no more goods than there were"] is True
    assert held["reserve before charge"] is None
    assert held["an order can be shipped"] is False


@pytest.mark.parametrize(
    ("moves", "name", "said"),
    [
        ([], "charge #1", "charge has not been reached: it waits for reserve"),
        ([], "undo charge#1", "the flow is running (nothing has failed); charge has nothing to undo"),
        (["start reserve#1"], "finish reserve: ok → end#1", "stock < 1 is false: stock = 1"),
        (["start reserve#1", "failed"], "undo reserve#1", "reserve has nothing to undo"),
        (["start reserve#1", "failed"], "start charge#1", "the flow is aborting"),
    ],
)
def test_why_not_in_words(order: Exploration, moves: list[str], name: str, said: str) -> None:
    here = order
    for move in moves:
        here = here.choose(move)
    assert said in here.why_not(name)


def test_why_a_handler_cannot_start() -> None:
    here = mc.explore("order_choreography")
    assert "no OrderPlaced #1 in bus>inventory (outside publishes it)" in " ".join(
        here.why_not("start inventory.reserve").split()
    )
    both = here.choose("publishes OrderPlaced#2").choose("publishes OrderPlaced#1")
    assert "OrderPlaced #1 waits behind OrderPlaced #2" in both.why_not("start inventory.reserve from bus>inventory#1")
    busy = both.choose("start inventory.reserve from bus>inventory#2")
    assert "inventory is busy with reserve #2" in busy.why_not("start inventory.reserve from bus>inventory#1")
    assert "queues   bus>inventory: OrderPlaced #1 [may come again]" in str(busy)
    assert "inventory.reserve #2 running" in str(busy)


JOIN = """\
orchestration: joining
services: {desk: {workers: 1}}
flow:
  steps:
    a: {after: [], service: desk}
    b: {after: [], service: desk}
    c: {after: [a, b]}
"""


def test_why_a_join_waits_and_who_has_the_worker(tmp_path: Path) -> None:
    here = mc.explore(model_of(tmp_path, JOIN))
    assert "c: c has not been reached: it waits for a, b" in here.why_not("start c")
    there = here.choose("start a")
    assert "desk has no worker free: a (at most 1 at once)" in there.why_not("start b")
    assert "c: c has not been reached: it waits for b" in there.choose("finish a: ok").why_not("start c")


def test_as_data(order: Exploration) -> None:
    data = json.loads(json.dumps(order.to_dict()))
    assert data["options"][1]["number"] == 2
    assert data["state"]["stock"] == "1"
    assert len(data["blocked"]) == 36
    assert data["blocked"][0]["false"]


def test_in_a_notebook(tmp_path: Path) -> None:
    text = "system: '<b>s</b>'\nvariables: {n: {range: 0..1, initial: 1}}\nactions: {up: {effect: {n: n + 1}}}\n"
    here = mc.explore(model_of(tmp_path, text))
    page = here._repr_html_()
    assert "<script" not in page
    assert "<b>s</b>" not in page
    assert "this breaks" in page
    page = mc.explore(ORDER).choose(1)._repr_html_()
    assert "<details>" in page
    assert "it waits for reserve" in page
    assert page.count("<table") == page.count("</table>")


# Where it begins.


def test_other_initial_states() -> None:
    here = mc.explore("seed_order_orchestration")
    assert "(other values: begin)" in str(here)
    assert here.state["stock"] == "0"
    assert here.begin(2).state["stock"] == "1"
    assert here.begin(stock=1) == here.begin(2)
    for wrong, said in (
        ({"stock": 9}, "E507"),
        ({"stok": 1}, "(?s)E504.*did you mean 'stock'"),
        ({"paid": True}, "E504"),
    ):
        with pytest.raises(ModelError, match=said):
            here.begin(**wrong)
    with pytest.raises(ModelError, match="E504: there is no initial state 7"):
        here.begin(7)


ENDLESS = """\
orchestration: endless
variables:
  want: {type: int, initial: any}
  got:  {type: int, initial: 0}
  part: {type: real, initial: 0}
flow:
  requires: want > 3
  steps:
    get: {modifies: [got, part], ensures: got >= want and got % 7 == 2 and part * 2 == got}
    give: {after: get, requires: got > 5}
"""


def test_values_without_end(tmp_path: Path) -> None:
    here = mc.explore(model_of(tmp_path, ENDLESS))
    assert int(here.state["want"]) > 3, "an initial state that z3 finds"
    here = here.begin(want=10)
    there = here.choose("start get")
    option = there.options[0]
    assert [variable.name for variable in option.needs] == ["got'", "part'"]
    assert option.example, "values that would do"
    with pytest.raises(ModelError, match=r"E507.*needs a value for got, part"):
        there.choose(1)
    with pytest.raises(ModelError, match=r"E507.*not possible with got' = 3"):
        there.choose(1, got=3, part="1.5")
    with pytest.raises(ModelError, match=r"E507.*no value 'git'"):
        there.choose(1, git=3)
    with pytest.raises(ModelError, match="E121"):
        there.choose(1, got=True, part=1)
    got = there.choose(1, got="want + 6", part=8)
    assert got.state["got"] == "16"
    assert there.random(1).position == 2
    assert here.until("got > 20").evaluate("got > 20") is True
    got.save(tmp_path / "trace.json")
    assert mc.explore(model_of(tmp_path, ENDLESS), trace=tmp_path / "trace.json") == got


def test_no_value_does(tmp_path: Path) -> None:
    text = ENDLESS.replace("part * 2 == got", "got < want - 5")
    here = mc.explore(model_of(tmp_path, text)).choose(1)
    assert here.status == "deadlock"
    assert [each.kind for each in here.blocked if each.action.name == "finish get: ok"] == ["choice"]
    assert "no value of got', part' makes" in here.why_not("finish get: ok")


# Saved traces.


@settings(max_examples=40)
@given(st.one_of(SYSTEMS, orchestrations(), orchestrations(instances=2), choreographies()), st.integers(0, 5))
def test_saved_traces_replay(design: model.Model | TransitionSystem, seed: int) -> None:
    plain = design if isinstance(design, TransitionSystem) else None
    named = model.System(name="generated") if isinstance(design, TransitionSystem) else design
    try:
        here = begin(named, plain or compile_model(named))
    except ModelError:
        return
    there = here.random(12, seed)
    data = json.loads(json.dumps(trace_data(there)))
    again = replayed(here, data)
    assert again.trace.states == there.trace.states
    assert [here.system.actions[a].name for a in again.trace.actions] == [
        here.system.actions[a].name for a in there.trace.actions
    ]


def test_a_saved_trace_is_readable_and_replays(tmp_path: Path, order: Exploration) -> None:
    there = order.until("paid").save(tmp_path / "trace.json")
    data = json.loads((tmp_path / "trace.json").read_text())
    assert data["format"] == "modelcheck trace"
    assert data["steps"][1] == {
        "action": "finish reserve: ok → charge", "instance": 1, "choices": {},
        "changes": {"stock": "0", "reserved#1": "true"},
    }  # fmt: skip
    assert mc.explore(ORDER, trace=tmp_path / "trace.json") == there
    there.back(2).save(tmp_path / "trace.json")
    assert mc.explore(ORDER, trace=tmp_path / "trace.json").position == 2


TWICE = """\
choreography: twice
events: {Asked: {payload: {amount: 1..3}, terminal: true}}
channels: {bus: {capacity: 2}}
routes: {Asked: p}
starts: [{event: Asked, payload: {amount: 2}}, {event: Asked, payload: {amount: 3}}]
participants:
  p: {variables: {got: {range: 0..3, initial: 0}}, subscribes: Asked, handlers: {take: {on: Asked, time: 1s}}}
"""


def test_actions_of_one_name_are_told_apart(tmp_path: Path) -> None:
    here = mc.explore(model_of(tmp_path, TWICE))
    assert [option.action.name for option in here.options] == ["publishes Asked", "publishes Asked"]
    for number in (1, 2):
        there = here.choose(number).save(tmp_path / "trace.json")
        assert mc.explore(model_of(tmp_path, TWICE), trace=tmp_path / "trace.json") == there
    assert "queues           bus>p: Asked (amount = 3)" in str(here.choose(2))
    with pytest.raises(ModelError, match=r"E505.*may be 2 options"):
        here.choose("publishes Asked")


CHANGED = [
    ("{paid: true}", "{paid: false}", "step 4: 'finish charge: ok#1' leaves paid#1 as it is, and made it true"),
    ("stock:    {range: 0..2, initial: 1", "stock:    {range: 0..2, initial: 2", "the beginning: stock never begins"),
    ("charge: reserved,", "charge: stock > 3,", "step 2: 'finish reserve: ok → charge' is not enabled"),
    ("orchestration: order_orchestration", "orchestration: other", "E502: the trace is of 'order_orchestration'"),
]


@pytest.mark.parametrize(("old", "new", "said"), CHANGED)
def test_a_changed_model_says_where_it_differs(
    tmp_path: Path, order: Exploration, old: str, new: str, said: str
) -> None:
    order.until("paid").save(tmp_path / "trace.json")
    text = library.find_model(ORDER).read_text()
    assert old in text
    path = tmp_path / "changed.yaml"
    path.write_text(text.replace(old, new).replace("reserved and not paid", "reserved"))
    with pytest.raises(ModelError) as error:
        mc.explore(path, trace=tmp_path / "trace.json")
    assert said in str(error.value)


def test_a_lasso_and_a_broken_claim_survive(tmp_path: Path) -> None:
    lasso = mc.explore("retry_forever").counterexample("it ends").save(tmp_path / "lasso.json")
    assert mc.explore("retry_forever", trace=tmp_path / "lasso.json") == lasso
    broken = mc.explore("seed_order_choreography").goto("OrderShipped is true").save(tmp_path / "broken.json")
    assert broken.trace.broken is not None
    assert mc.explore("seed_order_choreography", trace=tmp_path / "broken.json") == broken
    data = read(tmp_path / "broken.json")
    data["broken"]["name"] = "PaymentProcessed"
    data["steps"] = data["steps"][:1]
    with pytest.raises(ModelError, match=r"E503.*'PaymentProcessed' is not broken"):
        replayed(mc.explore("seed_order_choreography"), data)
    data = read(tmp_path / "lasso.json")
    data["steps"] = data["steps"][:1]
    with pytest.raises(ModelError, match=r"E503.*the loop does not close"):
        replayed(mc.explore("retry_forever"), data)


GOOD_FILE = {"format": "modelcheck trace", "version": 1, "model": ORDER, "steps": [{"action": "start reserve"}]}
HOSTILE: list[bytes] = [
    b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"1" * 5000, b'{"format": "modelcheck trace"}',
    *(
        json.dumps(GOOD_FILE | wrong).encode()
        for wrong in (
            {"version": 2}, {"version": [1]}, {"model": 3}, {"steps": 3}, {"steps": [1]}, {"steps": [{}]},
            {"steps": [{"action": 1}]}, {"steps": [{"action": "a", "instance": "x"}]}, {"initial": []},
            {"steps": [{"action": "a", "choices": 3}]}, {"steps": [{"action": "a", "which": 0}]},
            {"steps": [{"action": "a", "changes": {"x": []}}]},
            {"initial": {"x": None}}, {"loop": "x"}, {"loop": 7}, {"loop": True}, {"broken": 3}, {"constants": 3},
            {"shows": 3}, {"file": 3},
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("content", HOSTILE)
def test_what_is_no_trace(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trace.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="E501"):
        mc.explore(ORDER, trace=path)


def test_a_file_that_is_too_large_or_not_there(tmp_path: Path, order: Exploration) -> None:
    path = tmp_path / "trace.json"
    with path.open("wb") as file:
        file.truncate(30_000_000)
    with pytest.raises(ModelError, match=r"E501.*bytes"):
        read(path)
    for wrong in (tmp_path, tmp_path / "none.json", "a\0b"):
        with pytest.raises(ModelError, match="E902"):
            read(wrong)
        with pytest.raises(ModelError, match="E902"):
            save(order, wrong if wrong != tmp_path / "none.json" else tmp_path / "no" / "such.json")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"steps": [{"action": "strat reserve"}]}, "step 1: there is no action"),
        ({"steps": [{"action": "start reserve", "instance": 99}]}, "step 1: there is no action"),
        ({"steps": [{"action": "start charge"}]}, "step 1: 'start charge' is not enabled"),
        ({"steps": [{"action": "start reserve", "choices": {"x": 1}}]}, "step 1: 'start reserve#1' has no value 'x'"),
        ({"initial": {"nosuch": 1}}, "the beginning: there is no variable 'nosuch'"),
        ({"initial": {"stock": "__import__"}}, "the beginning: unknown name"),
        ({"initial": {"stock": "9" * 4000}}, "the beginning"),
        ({"broken": {"kind": "x", "name": "y"}}, "the end"),
    ],
)
def test_traces_that_do_not_replay(order: Exploration, tmp_path: Path, wrong: dict[str, object], said: str) -> None:
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(GOOD_FILE | wrong))
    with pytest.raises(ModelError) as error:
        replayed(order, read(path))
    assert "E503" in str(error.value)
    assert said in str(error.value)


@settings(max_examples=150)
@given(st.integers(0, 2**32))
def test_mutated_traces_end_in_errors_of_ours(seed: int) -> None:
    draw = random.Random(seed)
    here = mc.explore("retry_loop")
    text = list(json.dumps(trace_data(here.random(6, 2))))
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(text))
        text[place] = draw.choice(['"', "{", "}", "[", "0", "-1", "null", ",", "x", "", "true", "1e999"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        path.write_text("".join(text))
        codes: set[str] = set()
        try:
            replayed(here, read(path))
        except ModelError as error:
            codes = {problem.code for problem in error.problems}
        assert codes <= {"E501", "E502", "E503"}


# Size.


def test_ten_thousand_options_are_paged() -> None:
    from modelcheck.expressions import BOOL, TRUE, negation
    from modelcheck.system import Action, Label, Variable

    variables = tuple(Variable(f"flag{n}", BOOL, (False,)) for n in range(600))
    actions = tuple(
        Action(f"set{n}", negation(variables[n % 600].ref), {f"flag{n % 600}": TRUE}, Label("act", "someone"))
        for n in range(10_000)
    )
    system = TransitionSystem("wide", variables, actions)
    here = begin(model.System(name="wide"), system)
    text = str(here)
    assert "1 to 20 of 10,000" in text
    assert "and 576 more (state all)" in text
    assert len(text.splitlines()) < 40
    there = here.choose("set9999")
    assert there.state["flag399"] == "true"
    assert "flag399 = true" in str(there)
    assert "17 of 10,000 actions are not enabled" in str(there)
    assert Trace(system, there.trace.states, there.trace.actions) == there.trace
