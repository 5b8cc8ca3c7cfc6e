"""Spacer (Komuravelli, Gurfinkel & Chaki 2014), z3's engine for constrained Horn clauses: proofs over unbounded data.

It runs in a child process with limits of its own. What it calls unreachable it gives an invariant for, which is read
back into the model's own names and checked by a plain solver before anything is called proved; what it calls
reachable is unrolled to the depth that it names, for a trace that is replayed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import z3

from ..expressions import to_text
from ..expressions.read_smt import Unreadable, read_condition
from ..expressions.smt import Irrational, Term
from ..system import TransitionSystem
from .bounded import Unrolling
from .invariant import excludes, shortened
from .relation import Goal, Relation
from .smt_limits import Clock, Undecided
from .target import Answer, Limits, Target

MEMORY = 2 * 2**30
LONGEST_SHOWN, MOST_SHORTENING, SHARE_TOGETHER = 160, 3.0, 0.4
_ROOT = Path(__file__).parent.parent.parent  # Where this package lies: the child must find it, too.


def spacer(
    system: TransitionSystem, targets: Sequence[Target], limits: Limits | None = None, memory: int = MEMORY
) -> Answer:
    """A trace of each target that is reached, and `proved`, with its invariant, for those that cannot be.

    memory: bytes for the child process. `limits.depth` bounds the traces; `limits.states` has no meaning here. Ctrl-C
    ends the child, too. Invariants that are too long for `proved` are in `notes`.
    """
    limits = limits or Limits()
    engine = _Spacer(system, targets, limits, memory)
    stopped, notes = "", engine.notes
    try:
        engine.run()
        stopped = engine.stopped if engine.open else ""
    except Undecided as undecided:
        stopped = undecided.reason
    except KeyboardInterrupt:
        stopped = "interrupted"
    except Irrational as reason:
        stopped = "z3"
        notes["z3"] = str(reason)
    return Answer(
        engine.base.traces,
        False,
        stopped,
        depth=engine.depth,
        seconds=engine.clock.spent,
        method="Spacer, z3",
        notes=notes,
        proved=engine.proved,
    )


@dataclass
class _Spacer:
    system: TransitionSystem
    targets: Sequence[Target]
    limits: Limits
    memory: int
    proved: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    depth: int = 0

    def __post_init__(self) -> None:
        self.relation, self.clock = Relation(self.system), Clock(self.limits.seconds)
        self.base = Unrolling(self.relation, self.targets, self.clock)

    @property
    def open(self) -> list[Target]:
        return [target for target in self.base.pending if target.name not in self.proved]

    def run(self) -> None:
        """All targets at once, as long as that finds or excludes some of them; then each alone, in its share."""
        while self.open and self.ask(self.open, SHARE_TOGETHER * self.left):
            pass
        for number, target in enumerate(alone := self.open):
            if target in self.open and len(alone) > 1:
                self.ask([target], self.left / (len(alone) - number))

    @property
    def left(self) -> float:
        return max(0.0, self.clock.seconds - self.clock.spent)

    def ask(self, targets: list[Target], seconds: float) -> bool:
        """Whether anything is known of these targets that was not known before."""
        if seconds <= 0:
            raise Undecided("seconds")
        found = in_child(problem(self.relation, targets), seconds, self.memory)
        match found["verdict"]:
            case "unreachable":
                return self.conclude(targets, str(found["invariant"]))
            case "reachable":
                return self.unroll(targets, int(found["steps"]))
        self.stopped = str(found["reason"])
        return False

    def conclude(self, targets: list[Target], text: str) -> bool:
        """Believe an invariant only after it was checked; what is shown is what was checked, where it can be told."""
        term = read_back(text, self.relation)
        tidy = _tidied(term)
        try:
            readable = read_condition(tidy, {v.name: v.ref for v in self.system.variables})
        except Unreadable:
            if not excludes(self.relation, term, targets, self.clock):
                self.stopped = "the invariant that Spacer gave is none"
                return False
            shown = " ".join(str(tidy).split())
        else:
            if not excludes(self.relation, self.relation.term(readable), targets, self.clock):
                self.stopped = "the invariant that Spacer gave is none"
                return False
            hurried = Clock(min(MOST_SHORTENING, self.left))
            shown = to_text(shortened(self.relation, readable, targets, hurried))
        how = f"Spacer, invariant {shown}"
        if len(how) > LONGEST_SHOWN:
            self.notes |= {f"invariant for {target.name}": shown for target in targets}
            how = "Spacer, with an invariant that was checked"
        self.proved |= {target.name: how for target in targets}
        return True

    def unroll(self, targets: list[Target], steps: int) -> bool:
        """A trace of what is reached in so many steps: a shortest one."""
        before = len(self.base.traces)
        last = steps if self.limits.depth is None else min(steps, self.limits.depth)
        while self.depth <= last:
            self.base.look(self.depth)
            if len(self.base.traces) > before or not self.base.extend(self.depth):
                break
            self.depth += 1
        self.stopped = "" if len(self.base.traces) > before else f"no trace of '{targets[0].name}' was found"
        return len(self.base.traces) > before


def in_child(text: str, seconds: float, memory: int) -> dict[str, Any]:
    """What the child process answers; `unknown` with a reason where it does not live to answer."""
    paths = [str(_ROOT), *(path for path in sys.path if path)]
    command = [sys.executable, "-P", "-m", "modelcheck.engine.spacer_process", str(seconds), str(memory)]
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=seconds + 2, start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"verdict": "unknown", "reason": "seconds"}
    except OSError as error:
        return {"verdict": "unknown", "reason": f"no child process: {error}"}
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"verdict": "unknown", "reason": "memory" if "memory" in done.stderr else "Spacer's process ended early"}
    if found["verdict"] == "unknown" and ("timeout" in found["reason"] or "canceled" in found["reason"]):
        found["reason"] = "seconds"
    return found


def problem(relation: Relation, targets: Sequence[Target]) -> str:
    """The system as Horn clauses: a rule for the initial states, one for each action, one for each way to a target."""
    return _Text(relation).of(targets)


class _Text:
    """Rules over plain names: v0, v1, ... for variables and p0, p1, ... for parameters."""

    def __init__(self, relation: Relation):
        self.relation = relation
        self.names = list(_plain(relation.before.values(), "v"))
        parameters = [constant for group in relation.parameters for constant in group.values()]
        self.chosen = list(_plain(parameters, "p"))

    def of(self, targets: Sequence[Target]) -> str:
        relation = self.relation
        here = self.state(list(relation.before.values()))
        lines = [f"(declare-rel Inv ({' '.join(c.sort().sexpr() for c in relation.before.values())}))"]
        lines += ["(declare-rel Bad ())"]
        lines += [f"(declare-var {new} {new.sort().sexpr()})" for _, new in (*self.names, *self.chosen)]
        lines.append(f"(rule (=> {self.text(relation.initial)} {here}))")
        for number, action in enumerate(relation.system.actions):
            after = {name: relation.term(update, number) for name, update in action.updates.items()}
            arguments = [
                _like(after.get(name, constant), constant) for name, constant in relation.before.items()
            ]
            taken = z3.And(relation.in_range, relation.may_try(number), relation.defined(number))
            lines.append(f"(rule (=> (and {here} {self.text(taken)}) {self.state(arguments)}))")
        for target in targets:
            lines += [f"(rule (=> (and {here} {self.text(self.wrong(goal))}) Bad))" for goal in relation.all_goals(target)]
        return "\n".join(lines)

    def wrong(self, goal: Goal) -> Term:
        """A goal as a condition on one state and on the parameters of the action that fires."""
        if goal.action is None:
            return goal.term
        fires = [(mark, z3.BoolVal(number == goal.action)) for number, mark in enumerate(self.relation.fires)]
        tried = z3.And(self.relation.in_range, self.relation.may_try(goal.action))
        return z3.And(tried, z3.substitute(goal.term, *fires))

    def state(self, terms: Sequence[Term]) -> str:
        return f"(Inv {' '.join(map(self.text, terms))})" if terms else "Inv"

    def text(self, term: Term) -> str:
        return str(z3.simplify(z3.substitute(term, *self.names, *self.chosen)).sexpr())


def _plain(constants: Any, letter: str) -> Any:
    return ((each, z3.Const(f"{letter}{number}", each.sort())) for number, each in enumerate(constants))


def _like(value: Term, like: Term) -> Term:
    return z3.ToReal(value) if z3.is_real(like) and z3.is_int(value) else value


def read_back(text: str, relation: Relation) -> Term:
    """The invariant over the constants of the relation."""
    names = list(_plain(relation.before.values(), "v"))
    asserted = z3.parse_smt2_string(f"(assert {text})", decls={str(new): new for _, new in names})
    return z3.substitute(z3.And(*asserted), *((new, old) for old, new in names))


def _tidied(term: Term) -> Term:
    """The same, without what its other parts say already, where z3 sees that in time."""
    try:
        return z3.TryFor(z3.Then("simplify", "propagate-ineqs", "ctx-solver-simplify"), 1_000)(term).as_expr()
    except z3.Z3Exception:
        return term
