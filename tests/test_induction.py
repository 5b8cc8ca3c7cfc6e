"""k-induction: against the reference search, complete for finite systems, on data without bounds, broken on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import z3
from generated_systems import CONDITIONS, SYSTEMS
from hypothesis import HealthCheck, given, settings
from test_bounded import counter, systems_with_choices, targets_of

from modelcheck.check.claims import claim_questions
from modelcheck.check.properties import state_questions
from modelcheck.check.question import answer_questions
from modelcheck.compile import compile_model
from modelcheck.engine import induction as module
from modelcheck.engine.bounded import bounded
from modelcheck.engine.induction import induction
from modelcheck.engine.relation import Relation
from modelcheck.engine.search import search
from modelcheck.engine.target import Answer, Limits, Target
from modelcheck.expressions import BOOL, FALSE, Resolver, negation, parse, resolve
from modelcheck.load import load_file, load_text
from modelcheck.results import Verdict
from modelcheck.system import TransitionSystem

MODELS = Path(__file__).parent.parent / "models"
QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def system_of(text: str) -> TransitionSystem:
    return compile_model(load_text(f"system: small\n{text}"))


def always(system: TransitionSystem, text: str) -> Target:
    return Target(text, state=negation(resolve(parse(text), system.scope, BOOL)))


def disagreements(searched: Answer, induced: Answer, targets: list[Target]) -> Iterator[str]:
    """What is found by one and excluded by the other, or left open although the system is finite."""
    for target in targets:
        found, trace = searched.traces.get(target.name), induced.traces.get(target.name)
        excluded = target.name in induced.proved or (induced.complete and trace is None)
        if (found is None) != excluded:
            yield f"{target.name}: search {found and len(found)}, k-induction {induced.proved.get(target.name)}"
        elif (
            found is not None and trace is not None and not 0 <= len(found) - len(trace) <= (1 if target.claims else 0)
        ):
            yield f"{target.name}: search {len(found)}, k-induction {len(trace)}"


@QUICK
@given(SYSTEMS)
def test_finite_systems_are_decided_as_search_decides_them(system: TransitionSystem) -> None:
    targets = targets_of(system)
    assert list(disagreements(search(system, targets), induction(system, targets), targets)) == []


@QUICK
@given(systems_with_choices())
def test_so_are_systems_in_which_the_environment_chooses(system: TransitionSystem) -> None:
    targets = targets_of(system)
    assert list(disagreements(search(system, targets), induction(system, targets), targets)) == []


@QUICK
@given(SYSTEMS, CONDITIONS, CONDITIONS)
def test_one_target_helps_another_and_none_spoils_another(system: TransitionSystem, one: str, other: str) -> None:
    targets = [Target(text, state=resolve(parse(text), system.scope, BOOL)) for text in dict.fromkeys((one, other))]
    assert list(disagreements(search(system, targets), induction(system, targets), targets)) == []


TWO = """
variables: {x: {type: int, initial: 0}, y: {type: int, initial: 0}}
actions:
  up: {effect: {x: x + 1, y: y + 1}}
  down: {when: x > 0, effect: {x: x - 1, y: y - 1}}
  jump: {when: x > 3, effect: {x: x + 1}}
"""


def test_data_without_bounds() -> None:
    system = system_of(TWO)
    answer = induction(system, [always(system, "y <= x"), always(system, "x >= 0"), always(system, "x < 6")])
    assert dict(answer.proved) == {"y <= x": "1-induction, z3", "x >= 0": "1-induction, z3"}
    assert len(answer.traces["x < 6"]) == 6
    assert not answer.complete
    assert bounded(system, [always(system, "y <= x")], depth=6).stopped == "depth"


def test_simple_paths_make_it_complete() -> None:
    """From 5 the loop 5, 6, 5, ... could come to 7 after any number of steps: only a simple path cannot."""
    system = system_of("""
variables: {x: {range: 0..9, initial: 0}}
actions:
  around: {when: x < 4, effect: {x: "(x + 1) % 4"}}
  there: {when: x == 5, effect: {x: 6}}
  back: {when: x == 6, effect: {x: 5}}
  out: {when: x == 6, effect: {x: 7}}
""")
    answer = induction(system, [always(system, "x != 7")])
    assert answer.proved["x != 7"].endswith("-induction, z3")


def test_without_simple_paths_it_would_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._Step, "forbid_repetition", lambda *_: False)
    system = system_of("""
variables: {x: {range: 0..9, initial: 0}, y: false}
actions:
  there: {when: x == 5, effect: {x: 6}}
  back: {when: x == 6, effect: {x: 5}}
  out: {when: x == 6, effect: {x: 7}}
  flip: {effect: {y: not y}}
""")
    answer = induction(system, [always(system, "x != 7")], Limits(depth=12))
    assert (answer.stopped, dict(answer.proved)) == ("depth", {})
    monkeypatch.undo()
    assert induction(system, [always(system, "x != 7")], Limits(depth=12)).proved


def test_no_unit_is_lost_with_nine_orders() -> None:
    """9,619,232 states; the invariant is inductive by itself."""
    design = load_file(MODELS / "saga_orders.yaml", {"N": "9", "K": "5"})
    system = compile_model(design)
    questions = [q for q in state_questions(design, system, Resolver()) if q.name == "no unit is lost"]
    (result,), answer = answer_questions(system, questions, induction, Limits())
    assert (result.verdict, result.method) == (Verdict.PROVED, "1-induction, z3")
    assert answer is not None
    assert answer.depth == 0


def test_a_premise_that_is_not_known_to_happen_is_said() -> None:
    text = "actions: {up: {effect: {x: x + 1}}}\nproperties: {p: {always: x > 3 implies x > 2}}\n"
    design = load_text(f"system: premise\nvariables: {{x: {{type: int, initial: 0}}}}\n{text}")
    system = compile_model(design)
    questions = list(state_questions(design, system, Resolver()))
    (result,), _ = answer_questions(system, questions, induction, Limits(depth=2))
    assert (result.verdict, result.vacuous) == (Verdict.PROVED, False)
    assert "not known" in result.reason
    (result,), _ = answer_questions(system, questions, induction, Limits(depth=8))
    assert (result.verdict, result.vacuous, result.reason) == (Verdict.PROVED, False, "")


def test_claims_are_proved_with_the_help_of_what_the_user_asks() -> None:
    """That the stock stays in its range follows from no unit being lost, and from nothing less."""
    design = load_file(MODELS / "saga_orders.yaml", {"N": "6", "K": "3"})
    system = compile_model(design)
    lost = next(q for q in state_questions(design, system, Resolver()) if q.name == "no unit is lost").target
    stuck, range_claims = Target("stuck", stuck=True), claim_questions(system)[0].target.claims
    answer = induction(system, [stuck, Target("range", claims=range_claims), lost])
    assert answer.proved == {
        "stuck": "no state shows it, z3", "range": "1-induction, z3", "no unit is lost": "1-induction, z3"
    }  # fmt: skip


def test_limits_are_kept_and_said() -> None:
    never = always(counter_like := system_of(TWO), "x + y != -1")
    assert induction(counter_like, [never], Limits(seconds=0)).stopped == "seconds"
    assert induction(counter(), [Target("never", state=FALSE)], Limits(depth=0)).proved == {
        "never": "no state shows it, z3"
    }


def test_a_step_case_that_forgets_guards_says_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allowing too much can only leave things open: what is proved rests on allowing everything."""
    monkeypatch.setattr(Relation, "may_try", lambda *_: z3.BoolVal(True))
    system = system_of("variables: {x: {type: int, initial: 0}}\nactions: {up: {when: x < 3, effect: {x: x + 1}}}")
    answer = induction(system, [always(system, "x <= 5")], Limits(depth=3))
    assert answer.proved == {}


def test_a_step_case_that_assumes_too_much_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken on purpose: were what is asked assumed of the last state, too, everything would be proved."""
    original = module._Step.absent_so_far

    def careless(self: module._Step, target: Target) -> z3.BoolRef:
        mark = original(self, target)
        self.solver.add(z3.Implies(mark, z3.Not(self.relation.at(self.shown(target), self.k))))
        return mark

    monkeypatch.setattr(module._Step, "absent_so_far", careless)
    system = system_of("variables: {x: {range: 0..3, initial: 0}}\nactions: {up: {when: x < 3, effect: {x: x + 1}}}")
    targets = [always(system, "x != 2")]
    assert list(disagreements(search(system, targets), induction(system, targets), targets)) != []
