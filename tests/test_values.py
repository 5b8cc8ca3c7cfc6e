"""Models with records, lists and maps, from text to verdicts."""

from __future__ import annotations

import pytest

import modelcheck as mc
from modelcheck.compile import compile_model
from modelcheck.engine.search import count_states
from modelcheck.load import load_text
from modelcheck.report.story import tell

BASKET = """
orchestration: basket
types:
  Thing: {book, pen}
  Line:  {thing: Thing, amount: 0..3}
variables:
  basket: {type: list of Line at most 2, initial: []}
  line:   {type: Line, initial: {thing: pen, amount: 1..2}}
  stock:  {type: map from Thing to 0..3, initial: {book: 0, pen: 3}, shared: true}
services: {shop: {fails: 5%}}
flow:
  steps:
    choose:
      effect: {basket: 'append(basket, line)'}
      ensures: 'basket.length >= 1 and last(basket) == line'
      compensation: {effect: {basket: 'front(basket)'}, restores: basket}
    double:
      requires: basket != []
      effect: {'basket[1].amount': 'basket[1].amount + 1'}
      compensation: {effect: {'basket[1].amount': 'basket[1].amount - 1'}}
    pick:
      service: shop
      effect: {'stock[line.thing]': 'stock[line.thing] - first(basket).amount'}
properties:
  nothing left:  {never: 'failed(flow) and basket != []'}
  all as wanted: {always: 'forall x in basket: x.thing == line.thing'}
"""


def test_a_flow_with_records_lists_and_maps() -> None:
    report = mc.check(load_text(BASKET))
    assert report.exit_code == 0, str(report)
    assert report["undoing choose restores basket"].verdict == "proved"
    assert report["stock[pen] in range"].verdict == "proved"


def test_undoing_the_wrong_end_of_a_list_is_found() -> None:
    result = mc.check(load_text(BASKET.replace("front(basket)", "rest(basket)")))["undoing choose restores basket"]
    assert result.verdict == "refuted"
    assert "basket.length = 1" in result.reason  # The only way: taking away the first of two.


def test_engines_agree_about_them() -> None:
    design = load_text(BASKET)
    search = mc.check(design, engine="search")
    bounded = mc.check(design, engine="bounded", limits=mc.Limits(depth=12))
    for one, other in zip(search.results, bounded.results, strict=True):
        assert one.name == other.name
        assert {str(one.verdict), str(other.verdict)} != {"proved", "refuted"}, one.name


def test_a_broken_promise_about_a_list_is_told_in_one_piece() -> None:
    design = load_text(BASKET.replace("nothing left:  {never: 'failed(flow) and", "nothing left: {never: '"))
    result = mc.check(design)["nothing left"]
    assert result.verdict == "refuted"
    changes = [str(change) for line in tell(result) for change in line.changes]
    basket = "[{thing: pen, amount: 1}]"
    assert changes == ["line.amount = 1", f"basket []→{basket}", f"basket = {basket}"]


@pytest.mark.parametrize(
    ("effect", "name", "words"),
    [
        (
            "basket: 'append(append(basket, line), line)'",
            "basket.length in range",
            "basket.length leaves its range 0..2",
        ),
        ("'basket[2].amount': 1", "basket[2].amount in range", "basket[2].amount does not exist"),
        ("'line.amount': 'basket[2].amount'", "no missing item", "takes an item that is not there"),
        ("'line.amount': 'first(rest(basket)).amount'", "no missing item", "takes an item that is not there"),
    ],
)
def test_what_is_not_there_is_a_finding(effect: str, name: str, words: str) -> None:
    design = load_text(BASKET.replace("{'basket[1].amount': 'basket[1].amount + 1'}\n", f"{{{effect}}}\n"))
    result = mc.check(design)[name]
    assert result.verdict == "refuted"
    assert words in tell(result)[-1].text


FLAT = """
system: flat
variables: {kind: {values: [a, b], initial: {a, b}}, size: {range: 0..2, initial: 0}, s1: {range: 0..2, initial: 0},
            s2: {range: 0..2, initial: 0}, n: {range: 0..2, initial: 0}}
actions:
  more: {when: size < 2, effect: {size: size + 1}}
  push: {when: n < 2, effect: {s1: 'size if n == 0 else s1', s2: 'size if n == 1 else s2', n: n + 1}}
  pop:  {when: n > 0, effect: {s1: s2, s2: 0, n: n - 1}}
"""
NESTED = """
system: nested
variables: {thing: {type: {kind: {a, b}, size: 0..2}, initial: {kind: any, size: 0}},
            sizes: {type: list of 0..2 at most 2, initial: []}}
actions:
  more: {when: thing.size < 2, effect: {thing.size: thing.size + 1}}
  push: {when: 'length(sizes) < 2', effect: {sizes: 'append(sizes, thing.size)'}}
  pop:  {when: 'sizes != []', effect: {sizes: rest(sizes)}}
"""


def test_they_are_nothing_but_their_variables() -> None:
    flat, nested = (count_states(compile_model(load_text(text))) for text in (FLAT, NESTED))
    assert (flat.states, flat.transitions) == (nested.states, nested.transitions)
    assert flat.states > 2 * 3 * 3


def test_each_instance_has_its_own() -> None:
    design = load_text(BASKET + "instances: 2\n")
    report = mc.check(design, properties=["all as wanted"])
    assert report.exit_code == 0
    names = compile_model(design).show_state(next(compile_model(design).initial_states()))
    assert names["basket#1"] == "[]"
    assert names["line#2"] == "{thing: pen, amount: 1}"
    assert names["stock"] == "{book: 0, pen: 3}"


SHORT_AND_LONG = """
orchestration: lists of different types
types: {Few: list of 0..3 at most 1, Many: list of 0..3 at most 2}
variables:
  wide: {type: list of 0..3 at most 2, initial: []}
  tall: {type: list of 1..3 at most 2, initial: []}
  high: {type: list of 2..3 at most 3, initial: '[2]'}
  few:  {type: '{inside: list of Few at most 1}', initial: '{inside: [[1]]}'}
  many: {type: '{inside: list of Many at most 1}', initial: '{inside: [[1, 2]]}'}
flow:
  steps:
    widen:  {effect: {wide: tall}, ensures: 'wide == [] and wide == tall and rest(high) == wide'}
    narrow: {effect: {tall: rest(high)}, ensures: 'tall == [] and wide == tall'}
    choose: {effect: {tall: '[3] if wide == high else high'}, ensures: 'tall == [2] and tall == high'}
    empty:  {effect: {tall: rest(tall)}, ensures: 'tall == [] and tall == wide'}
    deep:   {effect: {many: few if many == few else many}, ensures: 'many.inside[1] == [1, 2]'}
"""


@pytest.mark.parametrize("engine", ["auto", "search", "bounded"])
def test_lists_of_different_ranges_and_bounds_are_equal_where_their_items_are(engine: str) -> None:
    """What is beyond a list's length is a 0 where items are from 0..3, and a 1 where they are from 1..3."""
    report = mc.check(load_text(SHORT_AND_LONG), engine=engine)
    for name in ("widen ensures", "narrow ensures", "choose ensures", "empty ensures", "deep ensures"):
        assert report[name].verdict != "refuted", str(report)
    assert engine == "bounded" or all(each.verdict == "proved" for each in report.results), str(report)


SHARED_LOOP = """
orchestration: each instance waits for what the other takes back
instances: 2
variables: {n: {DECLARED, shared: true}}
flow:
  steps:
    reset: {effect: {'MEMBER': 0}}
    set:   {after: reset, effect: {'MEMBER': 1}}
    look:  {after: set, transitions: [{to: end, when: 'MEMBER == 1'}, {to: reset}]}
"""


@pytest.mark.parametrize(
    ("declared", "member"),
    [
        ("type: 0..1, initial: 0", "n"),
        ("type: map from 0..1 to 0..1, initial: 0", "n[0]"),
        ("type: '{a: 0..1}', initial: '{a: 0}'", "n.a"),
        ("type: 'map from 0..1 to {a: 0..1}', initial: '{0: {a: 0}, 1: {a: 0}}'", "n[0].a"),
    ],
)
def test_no_rank_counts_on_a_part_that_other_instances_write(declared: str, member: str) -> None:
    text = SHARED_LOOP.replace("DECLARED", declared).replace("MEMBER", member)
    assert mc.check(load_text(text))["termination"].verdict == "refuted"
    alone = mc.check(load_text(text.replace("instances: 2", "instances: 1")))["termination"]
    assert alone.verdict == "proved"


def test_a_step_may_change_and_an_undo_may_restore_one_field() -> None:
    text = """
orchestration: quote
types: {Line: {cost: 0..3, state: bool}}
variables: {line: {type: Line, initial: {cost: 0, state: false}}}
flow:
  steps:
    ask: {modifies: line.cost, ensures: line.cost >= 2}
    take:
      requires: line.cost >= 2 and not line.state
      effect: {line.state: true}
      compensation: {effect: {line.state: false}, restores: [line.state, line.cost]}
properties: {any such cost: {reachable: line.cost == 3}}
"""
    report = mc.check(load_text(text))
    verdicts = {result.name: result.verdict for result in report.results}
    assert verdicts["any such cost"] == "proved"
    assert verdicts["undoing take restores line.cost"] == "proved"
    assert verdicts["undoing take restores line.state"] == "proved"
    with pytest.raises(mc.ModelError, match="E144"):
        mc.check(load_text(text.replace("modifies: line.cost", "modifies: line.price")))


def test_values_are_written_out_as_yaml_has_them() -> None:
    text = NESTED.replace("effect: {sizes: rest(sizes)}", "effect: {sizes: [], thing: {kind: b, size: 2}}")
    quoted = NESTED.replace("effect: {sizes: rest(sizes)}", "effect: {sizes: '[]', thing: '{kind: b, size: 2}'}")
    assert count_states(compile_model(load_text(text))).states == count_states(compile_model(load_text(quoted))).states
    assert load_text(text) == load_text(quoted)
    assert load_text(mc.to_text(load_text(text))) == load_text(text)
