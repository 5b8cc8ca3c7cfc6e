"""The saga as instances of one flow: all that is asked of its states, whole where it is small and reduced where not."""

from __future__ import annotations

import pytest

from modelcheck.api import load
from modelcheck.check.properties import state_questions
from modelcheck.compile import compile_model
from modelcheck.engine.reductions.search import reduced_search
from modelcheck.engine.search import search
from modelcheck.engine.target import Limits, Target
from modelcheck.expand import expand
from modelcheck.expressions import Resolver
from modelcheck.system import TransitionSystem

LIMITS = Limits(seconds=1_000)
REACHED = {"all can be sold"}


def saga(orders: int, units: int) -> tuple[TransitionSystem, list[Target]]:
    """The system, and a target for each property about states, the range of the stock, and being stuck."""
    design = expand(load("saga_instances", {"N": str(orders), "K": str(units)}))
    system = compile_model(design)
    asked = {question.name: question.target.state for question in state_questions(design, system, Resolver())}
    assert len(asked) == 5
    return system, [
        *(Target(name, state=state) for name, state in asked.items()),
        Target("range", claims=frozenset({("range", "*")})),
        Target("stuck", stuck=True),
    ]


@pytest.mark.parametrize(("orders", "units"), [(2, 1), (3, 1), (3, 2)])
def test_few_orders_are_decided_alike_whole_and_reduced(orders: int, units: int) -> None:
    system, targets = saga(orders, units)
    whole, reduced = search(system, targets, LIMITS), reduced_search(system, targets, LIMITS)
    assert set(whole.traces) == set(reduced.traces) == REACHED
    assert whole.complete
    assert reduced.complete
    assert reduced.states < whole.states


def test_nine_orders_are_decided_with_symmetry_and_partial_order() -> None:
    """Whole there are more than 7e11 states (what decision diagrams count within 25 actions)."""
    system, targets = saga(9, 5)
    answer = reduced_search(system, targets, LIMITS)
    assert (answer.complete, answer.states, set(answer.traces)) == (True, 93_639, REACHED)


def test_what_is_asked_of_few_variables_needs_fewer_states() -> None:
    system, targets = saga(9, 5)
    answer = reduced_search(system, [target for target in targets if target.stuck], LIMITS)
    assert (answer.complete, answer.states, answer.traces) == (True, 20_343, {})
