"""Models to text and back: nothing is lost, verdicts are kept, and what cannot be written is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from generated import choreographies as small_choreographies
from generated import orchestrations as small_orchestrations
from generated_models import models
from generated_systems import ACTIONS, CONDITIONS, VARIABLES
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import modelcheck as mc
from modelcheck.errors import ModelError
from modelcheck.expressions import as_text
from modelcheck.load import KINDS, load_file, load_text, read_delay, reader, reader_of
from modelcheck.load.layout import WIDTH, yaml_text
from modelcheck.load.reader import Reader
from modelcheck.load.values import PROBABILITY, write_duration
from modelcheck.load.write import to_text
from modelcheck.model import (
    Delay,
    Flow,
    GuardedAction,
    Orchestration,
    Publication,
    Retry,
    Service,
    Step,
    System,
    Transition,
    Variable,
)
from modelcheck.source import read_text

LIMITS = mc.Limits(states=3_000, seconds=20)
HERE = Path(__file__).parent
FILES = sorted([*(HERE / "good").glob("*.yaml"), *(HERE.parent / "models").glob("*.yaml")])


def plain(value: Any) -> Any:
    """A model as plain data in which order counts, and numbers given for formulas are their text."""
    if dataclasses.is_dataclass(value):
        return type(value).__name__, [(f.name, plain(getattr(value, f.name))) for f in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        return [(key, plain(each)) for key, each in value.items()]
    if isinstance(value, tuple):
        return tuple(plain(each) for each in value)
    return as_text(value) if isinstance(value, bool | int | float) else value


def constant(seconds: float) -> Delay:
    return Delay(distribution="constant", parameters={"value": seconds})


def in_order(design: Any) -> Any:
    """A model in which order counts, except that of policies, which means nothing."""
    return plain(replace(design, policies=mc.model.Policies()) if isinstance(design, Orchestration) else design)


# --- There and back --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_come_back(path: Path) -> None:
    design = load_file(path)
    text = to_text(design)
    assert load_text(text) == design
    assert plain(load_text(text)) == plain(design)
    assert to_text(load_text(text)) == text
    assert max(map(len, text.splitlines())) <= WIDTH


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(models)
def test_models_come_back(design: mc.model.Model) -> None:
    again = load_text(to_text(design))
    assert again == design
    assert in_order(again) == in_order(design)


def all_keys(found: Reader, seen: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Every key of the tables, with the kind of thing that it belongs to."""
    for key, entry in found.about.keys.items():
        if (found.about.kind, key) not in seen:
            seen.add((found.about.kind, key))
            yield found.about.kind, key
            yield from all_keys(entry.reader, seen)
    for part in found.about.parts:
        yield from all_keys(part, seen)


# Another spelling, what is read only to be refused, and what has a short form that always says all.
NEVER_WRITTEN = {
    ("an action", "for_each"),
    ("a participant", "for_each"),
    ("a step", "for_each"),
    ("a step", "in_turn"),
    ("a property", "deadline"),
    ("a topic", "channel"),
    ("arrivals", "interval"),
    ("arrivals", "rate"),
}


def test_every_key_of_the_tables_is_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {key for kind in KINDS for key in all_keys(reader_of(kind), set())} - NEVER_WRITTEN
    assert len(wanted) > 100
    used: set[tuple[str, str]] = set()
    read_keys = reader.read_keys

    def noticing(node: Any, keys: Any, kind: str, problems: Any) -> Any:
        used.update((kind, key) for key in node)
        return read_keys(node, keys, kind, problems)

    monkeypatch.setattr(reader, "read_keys", noticing)

    class Complete(Exception):
        """All keys were seen: no more models are needed."""

    @settings(
        max_examples=2_000, deadline=None, derandomize=True, database=None, report_multiple_bugs=False,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(models)
    def generate(design: mc.model.Model) -> None:
        to_text(design)
        if not wanted - used:
            raise Complete

    with suppress(Complete):
        generate()
    assert wanted - used == set()


small_systems = st.builds(
    lambda actions, finished: System(
        name="generated",
        variables=VARIABLES,
        actions={f"act{n}": each for n, each in enumerate(actions)},
        finished=finished,
    ),
    st.lists(ACTIONS, min_size=1, max_size=3),
    st.just(False) | CONDITIONS,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(small_orchestrations() | small_orchestrations(instances=2) | small_choreographies() | small_systems)
def test_verdicts_are_kept(design: mc.model.Model) -> None:
    before, after = (mc.check(each, limits=LIMITS) for each in (design, load_text(to_text(design))))
    assert [(each.name, each.verdict, each.vacuous) for each in before.results] == [
        (each.name, each.verdict, each.vacuous) for each in after.results
    ]
    assert [finding.code for finding in before.findings] == [finding.code for finding in after.findings]


@pytest.mark.parametrize("path", sorted((HERE.parent / "models").glob("*.yaml")), ids=lambda path: path.stem)
def test_verdicts_of_the_packaged_models_are_kept(path: Path) -> None:
    design = mc.load(path)
    before, after = (mc.check(each) for each in (design, load_text(to_text(design))))
    assert {each.name: each.verdict for each in before.results} == {each.name: each.verdict for each in after.results}


# --- As a person would have written it -----------------------------------------------------------------------


def test_a_model_built_in_python_as_text() -> None:
    """Numbers and truth values become formulas; what has its default is not said; short forms where they say all."""
    design = Orchestration(
        name="purse",
        description="Money is taken from a purse, and put back when it was not enough. " * 2 + "It is counted.",
        variables={
            "money": Variable(type="0..5", initial=3), "sure": Variable(type="bool"),
            "at": Variable(type="int", initial=0),
        },
        services={"bank": Service(time=constant(0.02), fails={"error": 0.05}), "shop": Service(time=constant(90.0))},
        flow=Flow(
            steps={
                "pay": Step(
                    service="bank", effect={"money": "money - 2"}, outcomes={"error": {}}, retry=Retry(attempts=2),
                    timeout=1.5,
                ),
                "look": Step(transitions=(Transition(to="pay", when="money > 2"), Transition(to="end"))),
            }
        ),
    )  # fmt: skip
    assert (
        to_text(design)
        == """\
orchestration: purse

description: >-
  Money is taken from a purse, and put back when it was not enough. Money is taken from a purse, and put back
  when it was not enough. It is counted.

variables:
  money: {range: 0..5, initial: 3}
  sure: bool
  at: 0

services:
  bank: {time: 20ms, fails: 5%}
  shop: {time: 90s}

flow:
  steps:
    pay: {service: bank, outcomes: {ok: {money: money - 2}, error: {}}, retry: 2, timeout: 1.5s}
    look: {transitions: {pay: money > 2, end: otherwise}}
"""
    )
    assert in_order(load_text(to_text(design))) == in_order(design)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0"), (0.02, "20ms"), (0.1, "100ms"), (1.5, "1.5s"), (90.0, "90s"), (120.0, "2min"), (7200.0, "2h"),
        (0.00025, "250us"), (1e-9, "0.001us"), (0.1 + 0.2, "300.00000000000004ms"), (5e-324, "5e-324s"),
        (1 / 3, "333.3333333333333ms"), (100_000.0, "100000s"), (1e300, "1e+300s"),
        (9.031600926233575e20, "9.031600926233575e+20s"), (2.0**53, "9007199254740992s"),
    ],
)  # fmt: skip
def test_durations_have_units(seconds: float, text: str) -> None:
    design = Orchestration(name="a", services={"s": Service(time=constant(seconds))}, flow=Flow(steps={"a": Step()}))
    assert f"s: {{time: {text}}}" in to_text(design)
    assert load_text(to_text(design)).services["s"].time == constant(seconds)  # type: ignore[union-attr]


@given(st.floats(0, exclude_min=True, allow_infinity=False), st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_numbers_of_all_sizes_come_back_exactly(seconds: float, chance: float) -> None:
    assert read_delay(write_duration(seconds)) == constant(seconds)
    text = f"orchestration: a\nservices: {{s: {{fails: {PROBABILITY.write(chance)}}}}}\nflow: {{steps: {{a: {{}}}}}}\n"
    assert load_text(text).services["s"].fails == {"error": chance}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "block", "flow"),
    [
        ("stock - 1", "stock - 1", "stock - 1"),
        ("rm[i] == a", "rm[i] == a", '"rm[i] == a"'),
        ("max(a, b)", "max(a, b)", "max(a, b)"),
        ("forall i in 1..N: p", '"forall i in 1..N: p"', '"forall i in 1..N: p"'),
        ("x in {a, b}", "x in {a, b}", '"x in {a, b}"'),
        ("-1", "-1", "-1"),
        ("true", "true", "true"),
        ('say "yes"', 'say "yes"', 'say "yes"'),
        ('"yes": no', "'\"yes\": no'", "'\"yes\": no'"),
        ("it's", "it's", "it's"),
        ("# a", '"# a"', '"# a"'),
        (" a", '" a"', '" a"'),
        ("a\tb", '"a\\x09b"', '"a\\x09b"'),
        ("Größe ≥ 1", "Größe ≥ 1", "Größe ≥ 1"),
    ],
)
def test_quotes_only_where_they_are_needed(text: str, block: str, flow: str) -> None:
    assert yaml_text({"k": text}) == f"k: {block}\n"
    assert yaml_text({"k": {"a": text}}) == f"k: {{a: {flow}}}\n"
    for tree in ({"k": text}, {"k": {"a": text}}, {"k": [text, "x"]}, {text: "x"}, {"k": {text: "x"}}):
        assert read_text(yaml_text(tree), "m", []) == tree


# --- What cannot be written ----------------------------------------------------------------------------------


def with_step(step: Step, **others: Any) -> Orchestration:
    return Orchestration(name="a", flow=Flow(steps={"go": step}), **others)


@pytest.mark.parametrize(
    ("design", "says"),
    [
        (with_step(Step(timeout=float("inf"))), "E039: 'a' cannot be written: flow > steps > go > timeout: inf is"),
        (with_step(Step(check=float("nan"))), "flow > steps > go > check: nan is not a number"),
        (with_step(Step(join="some")), "flow > steps > go > join: 'some' is not one of: all, any"),
        (with_step(Step(retry=Retry(attempts=2.5))), "retry > attempts: 2.5 is not a whole number"),  # type: ignore
        (with_step(Step(effect=3)), "effect: a value of type int stands where a mapping is expected"),  # type: ignore
        (with_step(Step(after="go")), "after: a value of type str stands where a list is expected"),  # type: ignore
        (with_step(Step(time="20ms")), "flow > steps > go > time: expected a Delay"),  # type: ignore
        (with_step(Step(time=Delay(distribution="beta"))), "go > time: 'beta' is not a distribution"),
        (with_step(Step(time=Delay(distribution="gamma"))), "'gamma' needs mean=..."),
        (with_step(Step(time=constant(-1))), "a duration cannot be negative: '-1s'"),
        (with_step(Step(check=lambda: True)), "check: a value of type function stands where"),  # type: ignore
        (with_step(Step(check="")), "E022: expected a formula, found nothing"),
        (with_step(Step(service="nobody")), "E030: unknown service 'nobody'"),
        (with_step(Step(outcomes={"lost": {}})), "outcomes > lost: 'lost' is not one of: ok, error, failed, timeout"),
        (with_step(Step(), states=0), "E025: expected a whole number from 1 on, found '0'"),
        (with_step(Step(), properties={"": 3}), "properties > : a value of a wrong type"),
        (Orchestration(name="a", flow=Flow(steps={"pay now": Step()})), "E023: 'pay now' is not a name"),
        (Orchestration(name="a", flow=Flow(steps={"end": Step()})), "E024: a step cannot be called 'end'"),
        (Orchestration(name="a", flow=Flow(steps={"a\nb: c": Step()})), "E023"),
        (System(name="", actions={}), "E039"),
        (System(name="a", actions={"n" * 2000: GuardedAction()}), "E039"),
        (System(name="a", variables={"v": Variable(type=" bool ")}), "E039"),
        ("orchestration", "E039: there is no text for a str"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_an_error(design: Any, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        to_text(design)
    assert says in str(caught.value)
    assert "E039" in {problem.code for problem in caught.value.problems}


def test_an_event_published_twice_is_written_out_the_second_time() -> None:
    event = mc.model.Event(terminal=True)
    design = mc.model.Choreography(name="a", events={"A": event}, starts=(Publication(event="A"),) * 2)
    assert "starts:\n  - A\n  - {event: A}\n" in to_text(design)
    assert load_text(to_text(design)) == design


@given(st.text("ab1_.%+*/=<>()- ,", min_size=1, max_size=8))
def test_texts_of_a_few_characters_come_back(text: str) -> None:
    for tree in ({"k": text}, {"k": {"a": text, "b": "x"}}, {"k": [text, "x"]}, {text: "x"}, {"k": {text: "x"}}):
        assert read_text(yaml_text(tree), "m", []) == tree
