"""Text to models: every key of every kind, and the exact words when something is wrong."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelcheck import model
from modelcheck.api import load
from modelcheck.catalogue import catalogue
from modelcheck.errors import Located, ModelError
from modelcheck.load import json_schema, load_file, load_text, read_delay
from modelcheck.load.choreography import CHANNEL, CHOREOGRAPHY, EVENT, HANDLER, PARTICIPANT
from modelcheck.load.design import VARIABLE
from modelcheck.load.guarded import ACTION, SYSTEM
from modelcheck.load.orchestration import COMPENSATION, COORDINATOR, FLOW, ORCHESTRATION, POLICIES, SERVICE, STEP
from modelcheck.model import (
    Arrivals,
    Channel,
    Choreography,
    Compensation,
    CompensationPolicy,
    Coordinator,
    Delay,
    Event,
    GuardedAction,
    Handler,
    Index,
    Orchestration,
    Policies,
    Property,
    Publication,
    Retry,
    Service,
    Step,
    System,
    Transition,
    Variable,
)

HERE = Path(__file__).parent
GOOD = sorted((HERE / "good").glob("*.yaml"))
BROKEN = sorted((HERE / "broken").glob("*.yaml"))


def constant(seconds: float) -> Delay:
    return Delay(distribution="constant", parameters={"value": seconds})


# --- What a good file becomes -------------------------------------------------------------------------------


def test_an_orchestration() -> None:
    design = load_file(HERE / "good/orchestration.yaml")
    assert isinstance(design, Orchestration)
    assert (design.name, design.instances, design.states) == ("order", "N", 288)
    assert design.description == "An order is reserved, paid and shipped; what fails is undone."
    assert design.constants == {"N": "2", "most": "N + 3"}
    assert design.variables == {
        "stock": Variable(type="0..5", initial="0..2", shared=True),
        "status": Variable(type="{created, paid, shipped}", initial="created"),
        "mood": Variable(type="{calm, busy}", initial="{calm, busy}"),
        "slot": Variable(type="bool", initial="false", over=("1..N",)),
        "grid": Variable(type="0..3", initial="0", over=("1..N", "0..1")),
        "reserved": Variable(type="bool", initial="false"),
        "paid": Variable(type="bool", initial="false"),
        "attempts": Variable(type="int", initial="0"),
        "ratio": Variable(type="real", initial="0.5"),
        "level": Variable(type="0..3"),
    }
    assert list(design.variables)[:3] == ["stock", "status", "mood"]
    assert design.services == {
        "inventory": Service(
            time=Delay(distribution="lognormal", parameters={"mean": 0.02, "sigma": 0.5}),
            workers=4,
            provides=("order_id",),
        ),
        "payment": Service(
            time=Delay(distribution="exponential", parameters={"mean": 0.035}), fails={"error": 0.05, "timeout": 0.01}
        ),
        "shipping": Service(time=constant(0.02), fails={"error": 0.005}),
    }
    assert design.coordinators == {"orders": Coordinator(concurrency=8, overhead=constant(0.002))}
    undone = dict.fromkeys(("error", "failed", "timeout", "check"), "if effect")
    assert design.policies == Policies(
        compensation=CompensationPolicy(failing_step=undone, order="lifo", on_undo_failure="retry"),
        retry=Retry(attempts=2),
    )
    assert design.arrivals == Arrivals(interval=Delay(distribution="exponential", parameters={"mean": 1.25}))
    assert design.properties["reserve before charge"] == Property(word="before", about=("reserve", "charge"))
    assert design.properties["nothing left behind"] == Property(word="compensated", about="handle_order")
    assert design.expect == {"stock never negative": "proved", "no free goods": "refuted", "termination": "bounded"}


def test_a_flow() -> None:
    design = load_file(HERE / "good/orchestration.yaml")
    assert isinstance(design, Orchestration)
    flow = design.flow
    assert (flow.name, flow.coordinator, flow.context) == ("handle_order", "orders", ("customer", "items"))
    assert (flow.requires, flow.ensures) == ("stock >= 0", "paid == reserved")
    assert flow.steps == {
        "reserve": Step(
            service="inventory",
            task="reservation",
            requires="stock >= 1",
            effect={"stock": "stock - 1", "reserved": "true"},
            ensures="stock >= 0 and reserved",
            input={"goods": "items"},
            output={"order": "order_id"},
            compensation=Compensation(
                effect={"stock": "stock + 1", "reserved": "false"}, time=constant(0.005), fails=0.01
            ),
        ),
        "charge": Step(
            service="payment",
            after=("reserve",),
            when="not paid",
            retry=Retry(attempts=3, on=("error",), backoff=0.1, factor=1.5),
            timeout=2.0,
            effect={"paid": "true"},
            outcomes={"error": {}, "timeout": {"paid": "true"}},
            check="paid",
            compensation=Compensation(
                service="payment", effect={"paid": "false"}, ensures="not paid", restores=("paid", "slot[1]")
            ),
            transitions=(
                Transition(to="pack", when="paid"),
                Transition(to="charge", on=("error", "timeout"), when="attempts < 3"),
                Transition(to="abort"),
            ),
        ),
        "pack": Step(
            after=(),
            join="any",
            await_="reserved",
            modifies=("attempts",),
            ensures="attempts >= 0",
            choice="free",
            transitions=(Transition(to="ship", when="stock > 0"), Transition(to="notify")),
        ),
        "ship": Step(time=constant(1.5), effect={"slot[1]": "true", "status": "shipped"}),
        "notify": Step(after=("pack", "ship")),
    }


def test_a_choreography() -> None:
    design = load_file(HERE / "good/choreography.yaml")
    assert isinstance(design, Choreography)
    assert design.events == {
        "OrderCreated": Event(payload={"amount": "1..3"}, topic="orders", claims="stock >= 0"),
        "PaymentProcessed": Event(payload={"amount": "int", "method": "{card, cash}"}),
        "OrderShipped": Event(terminal=True),
        "OrderRejected": Event(),
    }
    assert design.topics == {"orders": "bus", "payments": "bus"}
    assert design.channels["spare"] == Channel()
    assert design.channels["bus"] == Channel(
        capacity=10,
        delivery="at least once",
        duplicates=2,
        overflow="block",
        publish=constant(0.001),
        deliver=constant(0.002),
    )
    assert design.routes == {"OrderCreated": ("payment",), "PaymentProcessed": ("shipping",)}
    payment, shipping = design.participants.values()
    assert (payment.workers, shipping.workers) == (None, 1)
    assert (payment.subscribes, shipping.subscribes) == (("OrderCreated",), ("PaymentProcessed",))
    assert payment.variables == {"paid": Variable(type="bool", initial="false")}
    charge = Handler(
        on="OrderCreated",
        task="charging",
        when="not paid",
        requires="stock > 0",
        effect={"paid": "true", "stock": "stock - 1"},
        ensures="paid",
        outcomes={"error": {}},
        on_failure="dead letter",
        publishes=(Publication(event="PaymentProcessed", payload={"amount": "event.amount", "method": "card"}),),
        time=Delay(distribution="exponential", parameters={"mean": 0.035}),
        fails={"error": 0.05},
    )
    audit = Handler(publishes=(Publication(event="OrderRejected", when="not paid"),))
    assert payment.handlers == {"charge": charge, "audit": audit}
    published = (
        Publication(event="OrderShipped"),
        Publication(event="OrderRejected"),
        Publication(event="OrderCreated", payload={"amount": "1"}, when="stock > 0"),
    )
    assert shipping.handlers == {"PaymentProcessed": Handler(on="PaymentProcessed", publishes=published)}
    assert design.starts == (Publication(event="OrderCreated", payload={"amount": "1"}),)
    assert (design.listeners, design.instances) == (1, "2")
    assert design.arrivals == Arrivals(interval=Delay(distribution="exponential", parameters={"mean": 1.25}))


def test_a_system() -> None:
    design = load_file(HERE / "good/system.yaml")
    assert isinstance(design, System)
    i, j = Index(name="i", low="1", high="N"), Index(name="j", low="1", high="min(N, 2)")
    assert design.actions == {
        "prepare": GuardedAction(for_each=(i,), when="rm[i] == working", effect={"rm[i]": "prepared"}, actor="manager"),
        "agree": GuardedAction(
            for_each=(i, j), when="rm[i] == prepared and rm[j] == prepared", effect={"decided": "true"}
        ),
    }
    assert design.finished == "decided"
    assert design.initially == "forall i in 1..N - 1: rm[i] == working"
    assert str(design.actions["agree"].for_each[1].high.position) == f"{HERE}/good/system.yaml:14:35"  # type: ignore


def test_the_shortest_models() -> None:
    assert load_text("system: a\nactions:\n") == System(name="a")
    assert load_text("orchestration: a\nflow: {steps: {go: }}\n").flow.steps == {"go": Step()}  # type: ignore
    tiny = load_text("choreography: a\nevents: {Went: }\nparticipants: {someone: }\nstarts: [Went]\n")
    assert isinstance(tiny, Choreography)
    assert tiny.starts == (Publication(event="Went"),)


def test_several_starts_in_one_mapping() -> None:
    text = "choreography: a\nevents: {A: , B: {payload: {x: int}}}\nparticipants: {}\nstarts: {A: , B: {x: 1}}\n"
    assert load_text(text).starts == (Publication(event="A"), Publication(event="B", payload={"x": "1"}))  # type: ignore


def test_retries_without_end() -> None:
    text = "orchestration: a\npolicies: {retry: unlimited}\nflow: {steps: {go: {retry: {attempts: unlimited}}}}\n"
    design = load_text(text)
    assert isinstance(design, Orchestration)
    assert design.policies.retry == design.flow.steps["go"].retry == Retry(attempts=None)


def strings(value: Any) -> Iterator[str]:
    """Every string in a model."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            yield from strings(getattr(value, each.name))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from strings(key)
            yield from strings(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from strings(each)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_was_written_keeps_its_place(path: Path) -> None:
    lines = path.read_text().splitlines()
    located = [text for text in strings(load_file(path)) if isinstance(text, Located)]
    assert len(located) > 20
    for text in located:
        if re.fullmatch(r"[\w.]+( [-+<>=]+ \w+)?", text):
            at = text.position
            assert lines[at.line - 1][at.column - 1 :].startswith(text), (text, str(at))


def test_constants_are_replaced() -> None:
    text = "system: a\nconstants: {N: 3, most: N + 1}\nactions:\n"
    assert load_text(text, constants={"N": "5"}).constants == {"N": "5", "most": "N + 1"}
    with pytest.raises(ModelError, match=r"E032: there is no constant 'M' to set\n    hint: known here: N, most"):
        load_text(text, constants={"M": "5"})


# --- The declarations are complete --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataclass", "reader", "other"),
    [
        (model.Service, SERVICE, {}),
        (model.Coordinator, COORDINATOR, {}),
        (model.Step, STEP, {"await_": "await", "for_each": "for each", "in_turn": "in turn"}),
        (model.Compensation, COMPENSATION, {}),
        (model.Flow, FLOW, {}),
        (model.Policies, POLICIES, {}),
        (model.Event, EVENT, {}),
        (model.Channel, CHANNEL, {}),
        (model.Handler, HANDLER, {}),
        (model.Participant, PARTICIPANT, {"for_each": "for each"}),
        (model.GuardedAction, ACTION, {"for_each": "for each"}),
        (model.Variable, VARIABLE, {}),
    ],
)
def test_every_field_of_the_model_can_be_written(dataclass: Any, reader: Any, other: dict[str, str]) -> None:
    schema = reader.schema
    if "$ref" in schema:
        schema = reader.definitions[schema["$ref"].rpartition("/")[2]]
    for form in schema.get("anyOf", [schema]):
        if "properties" in form:
            schema = form
    names = {field.name for field in dataclasses.fields(dataclass)} - {"origin"}  # Only `expand` sets it.
    assert {other.get(name, name) for name in names} <= set(schema["properties"])


@pytest.mark.parametrize(
    ("dataclass", "keys"),
    [(model.Orchestration, ORCHESTRATION), (model.Choreography, CHOREOGRAPHY), (model.System, SYSTEM)],
)
def test_every_top_level_field_can_be_written(dataclass: Any, keys: dict[str, Any]) -> None:
    assert {field.name for field in dataclasses.fields(dataclass)} == {"name", *keys}


def test_every_key_has_a_meaning_in_the_schema() -> None:
    def keys(schema: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(schema, list):
            for each in schema:
                yield from keys(each)
        elif isinstance(schema, dict):
            for name, each in schema.items():
                if name == "properties":
                    yield from each.items()
                yield from keys(list(each.values()) if name in ("properties", "$defs") else each)

    found = list(keys(json_schema()))
    assert len(found) > 100
    assert [key for key, schema in found if not schema["description"]] == []


# --- What is wrong, in the exact words ----------------------------------------------------------------------


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_broken_models(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(ModelError) as caught:
        load(path.name)
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text("utf-8"), "python tests/rewrite_broken.py"


def test_there_are_many_broken_models_and_each_problem_has_a_place() -> None:
    assert len(BROKEN) >= 80
    codes = set()
    for path in BROKEN:
        with pytest.raises(ModelError) as caught:
            load(path)
        for problem in caught.value.problems:
            codes.add(problem.code)
            assert problem.position is not None
            assert problem.position.file == str(path)
    in_files = {
        code
        for code, entry in catalogue().items()
        if code.startswith("E") and entry.example and not entry.command and not entry.abbreviated
    }
    assert in_files - codes == set()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"E001: cannot read '.*': no such file or directory"):
        load_file(tmp_path / "none.yaml")
    with pytest.raises(ModelError, match=r"E001: cannot read '.*': is a directory"):
        load_file(tmp_path)


def test_after_two_hundred_problems_it_is_enough() -> None:
    text = "system: a\n" + "".join(f"{'k' * 30}{number}: 1\n" for number in range(20_000))
    with pytest.raises(ModelError) as caught:
        load_text(text)
    assert len(caught.value.problems) == 201
    assert caught.value.problems[-1].code == "E000"


@pytest.mark.parametrize(
    "text",
    [
        "system: a\nactions: {go: {for each: 'i in" + " " * 100_000 + "'}}",
        "system: a\nactions: {go: {effect: {'" + "x." * 100_000 + "': 1}}}",
        "system: " + "a" * 900_000 + "\nactions: {" + "b" * 10_000 + "-: 1}",
        "orchestration: a\nservices: {s: {time: '" + "f(" * 100_000 + "'}}\nflow: {steps: {}}",
        "orchestration: a\nservices: {s: {time: '" + "9" * 500_000 + "'}}\nflow: {steps: {}}",
        "orchestration: a\nservices: {s: {time: 'uniform(" + "low=1," * 100_000 + ")'}}\nflow: {steps: {}}",
        "orchestration: a\nservices: {s: {fails: '" + "0" * 500_000 + "%'}}\nflow: {steps: {}}",
    ],
)
def test_hostile_values_are_refused_briefly_and_without_exploding(text: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_text(text)
    assert len(str(caught.value)) < 150_000


@pytest.mark.parametrize(
    ("text", "distribution", "parameters"),
    [
        ("20ms", "constant", {"value": 0.02}),
        ("3", "constant", {"value": 3.0}),
        ("1.5 h", "constant", {"value": 5400.0}),
        ("2min", "constant", {"value": 120.0}),
        ("250us", "constant", {"value": 0.00025}),
        ("0", "constant", {"value": 0.0}),
        ("1e-3s", "constant", {"value": 0.001}),
        ("constant(2s)", "constant", {"value": 2.0}),
        ("exponential(mean=35ms)", "exponential", {"mean": 0.035}),
        ("exponential( 35ms )", "exponential", {"mean": 0.035}),
        ("uniform(1ms, 2ms)", "uniform", {"low": 0.001, "high": 0.002}),
        ("uniform(low=0, high=1)", "uniform", {"low": 0.0, "high": 1.0}),
        ("lognormal(20ms, sigma=0.5)", "lognormal", {"mean": 0.02, "sigma": 0.5}),
        ("gamma(mean=1s, shape=2.5)", "gamma", {"mean": 1.0, "shape": 2.5}),
        ("erlang(mean=1s, shape=3)", "erlang", {"mean": 1.0, "shape": 3.0}),
        ("weibull(scale=1s, shape=0.7)", "weibull", {"scale": 1.0, "shape": 0.7}),
        ("empirical(file=times/charge.csv)", "empirical", {"file": "times/charge.csv"}),
        ("empirical(times.csv)", "empirical", {"file": "times.csv"}),
    ],
)
def test_delays(text: str, distribution: str, parameters: dict[str, Any]) -> None:
    delay = read_delay(text)
    assert delay.distribution == distribution
    assert delay.parameters == pytest.approx(parameters) if distribution != "empirical" else parameters


@pytest.mark.parametrize("text", ["", "ms", "-1s", "nan", "inf", "1 2", "exp(1)", "erlang(1s, 0)", "uniform(2, 1)"])
def test_what_is_no_delay(text: str) -> None:
    with pytest.raises(ModelError):
        read_delay(text)


DAMAGES = ["drop", "swap", "cut", "indent", "empty", "double"]
LINES = [line for path in GOOD for line in path.read_text().splitlines()]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(GOOD),
    st.lists(st.tuples(st.integers(0, 120), st.sampled_from(DAMAGES)), max_size=4),
    st.sampled_from(LINES),
)
def test_damaged_models_give_a_model_or_problems(path: Path, damages: list[tuple[int, str]], other: str) -> None:
    lines = path.read_text().splitlines()
    for number, damage in damages:
        at = number % len(lines)
        line = lines[at]
        changed = {
            "drop": "",
            "swap": other,
            "cut": line[: len(line) // 2],
            "indent": f"  {line}",
            "empty": line.partition(":")[0] + ":",
            "double": f"{line}\n{line}",
        }
        lines[at] = changed[damage]
    try:
        design = load_text("\n".join(lines), "m.yaml")
    except ModelError as error:
        problems = error.problems
    else:
        assert isinstance(design, Orchestration | Choreography | System)
        return
    assert problems
    assert all(problem.position is not None for problem in problems)
