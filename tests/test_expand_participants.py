"""Families of participants: each copy has a state of its own, and is named with its index everywhere."""

from __future__ import annotations

from typing import Any

import pytest
from test_expand import problems_of, refuted, report_on

from modelcheck import model
from modelcheck.complexity import complexity_of
from modelcheck.errors import ModelError
from modelcheck.expand import expand
from modelcheck.load import load_text
from modelcheck.report.diagram import graph_of
from modelcheck.report.story import tell
from modelcheck.results import CheckReport
from modelcheck.simulate import simulate

FAMILY = """
choreography: vote
constants: {N: 2}
variables: {votes: {range: 0..2, initial: 0, shared: true}}
events: {Ask: {payload: {who: 1..2}}, Yes: {payload: {by: 1..2}}, No: {}, Closed: {terminal: true}}
channels: {bus: {}}
routes: {Ask: voter, Yes: teller, No: teller}
participants:
  voter:
    for each: i in 1..N
    variables: {asked: false, likes: {type: bool, initial: any}, rank: {range: 0..2, initial: i}}
    subscribes: Ask
    on:
      Ask:
        requires: not asked
        effect: {asked: true}
        ensures: voter[i].asked and rank == i
        publishes: [{event: "Yes", payload: {by: i}, when: likes}, {event: "No", when: not likes}]
        time: 10ms
  teller:
    subscribes: ["Yes", "No"]
    on:
      "Yes": {requires: event.by <= 2, effect: {votes: votes + 1}, publishes: Closed}
      "No": {}
starts: {Ask: {who: 1}}
properties:
  both yes: {reachable: votes == 2}
  counted at most once each: {always: votes <= 2}
  all are asked: {leads_to: ["voter[1].asked", "forall i in 1..N: voter[i].asked"]}
  ranks: {always: "voter[1].rank == 1 and voter[2].rank == 2"}
"""
BY_HAND = """
choreography: vote
variables: {votes: {range: 0..2, initial: 0, shared: true}}
events: {Ask: {payload: {who: 1..2}}, Yes: {payload: {by: 1..2}}, No: {}, Closed: {terminal: true}}
channels: {bus: {}}
routes: {Ask: [voter1, voter2], Yes: teller, No: teller}
participants:
  voter1:
    variables: {asked: false, likes: {type: bool, initial: any}, rank: {range: 0..2, initial: 1}}
    subscribes: Ask
    on:
      Ask:
        requires: not asked
        effect: {asked: true}
        ensures: asked and rank == 1
        publishes: [{event: "Yes", payload: {by: 1}, when: likes}, {event: "No", when: not likes}]
        time: 10ms
  voter2:
    variables: {asked: false, likes: {type: bool, initial: any}, rank: {range: 0..2, initial: 2}}
    subscribes: Ask
    on:
      Ask:
        requires: not asked
        effect: {asked: true}
        ensures: asked and rank == 2
        publishes: [{event: "Yes", payload: {by: 2}, when: likes}, {event: "No", when: not likes}]
        time: 10ms
  teller:
    subscribes: ["Yes", "No"]
    on:
      "Yes": {requires: event.by <= 2, effect: {votes: votes + 1}, publishes: Closed}
      "No": {}
starts: {Ask: {who: 1}}
properties:
  both yes: {reachable: votes == 2}
  counted at most once each: {always: votes <= 2}
  all are asked: {leads_to: [voter1.asked, voter1.asked and voter2.asked]}
  ranks: {always: voter1.rank == 1 and voter2.rank == 2}
"""


def by_hand(report: CheckReport) -> dict[str, Any]:
    return {result.name.replace("[1]", "1").replace("[2]", "2"): result.verdict for result in report.results}


@pytest.mark.parametrize("instances", [1, 2])
def test_a_family_means_what_it_means_written_out(instances: int) -> None:
    more = f"instances: {instances}\n"
    first, second = report_on(FAMILY + more), report_on(BY_HAND + more)
    assert by_hand(first) == by_hand(second)
    for number in ("states", "transitions"):
        assert first.statistics[number] == second.statistics[number]


def test_a_family_takes_as_long_as_written_out() -> None:
    first, second = (simulate(load_text(text), 50) for text in (FAMILY, BY_HAND))
    assert first.mean.value == second.mean.value == pytest.approx(0.01)
    assert first.messages == second.messages


def test_expanding_is_idempotent_and_does_nothing_without_families() -> None:
    family = expand(load_text(FAMILY))
    assert isinstance(family, model.Choreography)
    assert list(family.participants) == ["voter[1]", "voter[2]", "teller"]
    assert family.routes["Ask"] == ("voter[1]", "voter[2]")
    assert expand(family) is family
    plain = load_text(BY_HAND)
    assert expand(plain) is plain
    assert complexity_of(family).counts == complexity_of(load_text(FAMILY)).counts  # type: ignore[arg-type]


def test_routes_name_all_or_one_by_a_computed_index() -> None:
    text = FAMILY.replace("Ask: voter,", 'Ask: ["voter[N - 1]"],')
    properties = '  second is never asked: {never: "voter[2].asked"}\n  one vote: {reachable: votes == 1}\n'
    assert refuted(text + properties) == {"both yes", "all are asked"}
    assert [finding.code for finding in report_on(text).findings if "voter[1]" in finding.message] == []


def test_properties_name_members_by_computed_indices() -> None:
    more = """  at work: {reachable: "running(voter[1].Ask) and running(voter[N].Ask)"}
  some vote: {reachable: "exists i in 1..N: voter[i].likes and voter[N + 1 - i].asked"}
  as many: {always: "votes <= (count i in 1..N: voter[i].asked)"}
  asked before closed: {before: [voter.Ask, Closed]}
  asked before yes: {before: [Ask, voter.Ask]}
"""
    assert refuted(FAMILY + more) == {"asked before closed"}


def test_an_index_may_depend_on_the_state() -> None:
    text = FAMILY.replace("variables: {votes", "variables: {turn: {range: 1..2, initial: any}, votes")
    more = (
        '  somebody: {reachable: "voter[turn].likes and turn == 2"}\n  its own: {always: "voter[turn].rank == turn"}\n'
    )
    assert refuted(text + more) == set()


def test_stories_and_pictures_name_the_members() -> None:
    report = report_on(FAMILY + "  nobody: {never: votes == 1}\n")
    lines = tell(report["nobody"])
    assert any("publishes Ask to voter[1], voter[2]" in line.text for line in lines)
    assert {"voter[1].Ask", "voter[2].Ask"} <= set(map(str, graph_of(load_text(FAMILY))))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "Ask: voter,",
            'Ask: ["voter[3]"],',
            "E233: there is no participant 'voter[3]'; there is voter[1] to voter[2]",
        ),
        ("Yes: teller,", 'Yes: ["teller[1]"],', "E233: there is no participant 'teller[1]'; it is no family"),
        ("Ask: voter,", 'Ask: ["voter[votes]"],', "E120: unknown name 'votes'; known here: N"),
        ("Ask: voter,", "Ask: voters,", "E030: unknown participant 'voters'; did you mean 'voter'?"),
        ("Ask: voter,", 'Ask: ["voter["],', "E023: 'voter[' is not a participant; write 'worker' or 'worker[i]'"),
        ("i in 1..N\n", "i in 1..0\n", "E143: 'voter' has no copies: the range of its index is empty; "),
        ("i in 1..N\n", "rank in 1..N\n", "E142: the index 'rank' has the name of something else; "),
        ("votes <= 2}", '"voter[3].asked"}', "E127: 'voter[3].asked' does not exist; "),
        ("votes <= 2}", '"voter[1].askd"}', "E120: unknown name 'voter[...].askd'; did you mean 'voter[...].asked'?"),
        ("votes <= 2}", "voter.asked}", "E120: unknown name 'voter.asked'; "),
        ("votes <= 2}", "not running(voter.Ask)}", "E128: 'running' does not know 'voter.Ask'; it stands for several"),
        ("effect: {asked: true}", 'effect: {"voter[3 - i].asked": true}', "E213: voter[1] cannot use 'voter[2].asked'"),
        (
            "requires: not asked",
            "requires: not voter[3 - i].asked",
            "E213: voter[1] cannot use 'voter[2].asked': it is",
        ),
        (
            "ensures: voter[i].asked and rank == i",
            'ensures: "forall j in 1..N: voter[j].asked"',
            "E213: voter[1] cannot use 'voter[...].asked': it is private",
        ),
        (
            "ensures: voter[i].asked and rank == i",
            "ensures: voter[rank].asked",
            "E213: voter[1] cannot use 'voter[...].asked': it is private",
        ),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, problem: str) -> None:
    assert old in FAMILY
    assert problems_of(FAMILY.replace(old, new))[0].startswith(problem)


def test_a_design_made_in_python_is_checked_as_well() -> None:
    voter = model.Participant(for_each=(model.Index(name="i", low=1, high=2),))
    routes = {"Ask": ("voter[3]",)}
    design = model.Choreography(name="d", events={"Ask": model.Event()}, routes=routes, participants={"voter": voter})
    with pytest.raises(ModelError, match=r"E233: there is no participant 'voter\[3\]'"):
        expand(design)
