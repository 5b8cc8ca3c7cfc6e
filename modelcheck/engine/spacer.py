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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import z3

from ..expressions import Expr, to_text
from ..expressions.read_smt import Unreadable, read_condition
from ..expressions.smt import Irrational, Term
from ..system import TransitionSystem
from ..trace import Trace
from .bounded import Unrolling
from .invariant import excludes, shortened
from .relation import Goal, Relation
from .smt_limits import Clock, Undecided
from .target import Answer, Limits, Target

ACTION = "action"
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
        engine.traces,
        False,
        stopped,
        depth=engine.depth,
        seconds=engine.clock.spent,
        method="Spacer, z3",
        notes=notes,
        proved=engine.proved,
        longer=frozenset(engine.longer),
    )


@dataclass
class _Spacer:
    system: TransitionSystem
    targets: Sequence[Target]
    limits: Limits
    memory: int
    proved: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    traces: dict[str, Trace] = field(default_factory=dict)
    longer: set[str] = field(default_factory=set)
    stopped: str = ""
    depth: int = 0

    def __post_init__(self) -> None:
        self.relation, self.clock = Relation(self.system), Clock(self.limits.seconds)

    @property
    def open(self) -> list[Target]:
        return [t for t in self.targets if t.name not in self.proved and t.name not in self.traces]

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
                return self.unroll(targets, [int(rule[len(ACTION) :]) for rule in found["rules"] if ACTION in rule])
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
            self.tell(targets, readable)
            return True
        self.proved |= {target.name: self.told(target, shown) for target in targets}
        return True

    def tell(self, targets: list[Target], invariant: Expr) -> None:
        """For each target the part of the invariant that its proof needs, as far as time allows to find it."""
        hurried = Clock(min(MOST_SHORTENING, self.left))
        for target in targets:
            needed = shortened(self.relation, invariant, [target], hurried)
            self.proved[target.name] = self.told(target, to_text(needed))

    def told(self, target: Target, invariant: str) -> str:
        """How a target was excluded; an invariant that is too long for a line is kept in the notes."""
        if invariant == "true":
            return "no state shows it, z3"
        how = f"Spacer, invariant {invariant}"
        if len(how) <= LONGEST_SHOWN:
            return how
        self.notes[f"invariant for {target.name}"] = invariant
        return "Spacer, with an invariant that was checked"

    def unroll(self, targets: list[Target], actions: list[int]) -> bool:
        """A trace along these actions; where there is none, of any actions up to that depth."""
        steps = len(actions)
        if self.limits.depth is not None and steps > self.limits.depth:
            self.stopped = "depth"
            return False
        base = Unrolling(self.relation, targets, self.clock)
        for depth, action in enumerate(actions):
            base.advance(depth)
            base.solver.add(self.relation.at(self.relation.fires[action], depth))
        base.look(steps)
        base.look_at_step(steps)
        self.longer |= base.traces.keys()  # Spacer looks for short ones, but does not promise that there is no shorter.
        if not base.traces:
            base, depth = Unrolling(self.relation, targets, self.clock), 0
            base.look(depth)
            while depth < steps and not base.traces and base.extend(depth):
                depth += 1
                base.look(depth)
        self.depth = max(self.depth, steps)
        self.traces |= base.traces
        self.stopped = "" if base.traces else f"no trace of '{targets[0].name}' was found"
        return bool(base.traces)


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
        self.fresh: dict[Term, Term] = {}

    def of(self, targets: Sequence[Target]) -> str:
        relation = self.relation
        here = self.state(list(relation.before.values()))
        rules = [f"(rule (=> {self.text(relation.initial)} {here}) initial)"]
        for number, action in enumerate(relation.system.actions):
            after = {name: relation.term(update, number) for name, update in action.updates.items()}
            arguments = [_like(after.get(name, constant), constant) for name, constant in relation.before.items()]
            guard = relation.term(action.guard, number)
            taken = z3.And(relation.in_range, relation.may_try(number), guard, relation.defined(number))
            rules.append(f"(rule (=> (and {here} {self.text(taken)}) {self.state(arguments)}) {ACTION}{number})")
        wrong = [self.wrong(goal) for target in targets for goal in relation.all_goals(target)]
        rules += [f"(rule (=> (and {here} {self.text(term)}) Bad) bad)" for term in wrong]
        relations = [f"(declare-rel Inv ({_sorts(relation.before.values())}))", "(declare-rel Bad ())"]
        named = [*(new for _, new in (*self.names, *self.chosen)), *self.fresh.values()]
        variables = [f"(declare-var {each} {each.sort().sexpr()})" for each in named]
        return "\n".join([*relations, *variables, *rules])

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
        return str(self.linear(z3.simplify(z3.substitute(term, *self.names, *self.chosen))).sexpr())

    def linear(self, term: Term) -> Term:
        """The term with a fresh variable for each product or quotient that Spacer has no rules for.

        That allows more than the system does: what is unreachable then is unreachable, what is reachable is tried.
        """
        if not z3.is_app(term) or not term.num_args():
            return term
        if _is_hard(term):
            self.fresh.setdefault(term, z3.Const(f"h{len(self.fresh)}", term.sort()))
            return self.fresh[term]
        return term.decl()(*map(self.linear, term.children()))


_QUOTIENTS = (z3.Z3_OP_IDIV, z3.Z3_OP_MOD, z3.Z3_OP_DIV, z3.Z3_OP_REM)


def _is_hard(term: Term) -> bool:
    kind, numbers = (
        term.decl().kind(),
        [z3.is_int_value(each) or z3.is_rational_value(each) for each in term.children()],
    )
    if kind in _QUOTIENTS:
        return not numbers[1]
    return bool(kind == z3.Z3_OP_MUL and numbers.count(False) > 1)


def _sorts(constants: Iterable[Term]) -> str:
    return " ".join(each.sort().sexpr() for each in constants)


def _plain(constants: Iterable[Term], letter: str) -> Iterator[tuple[Term, Term]]:
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
