"""The control state of one instance of a flow: its variables, and what can be said and done with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import networkx as nx

from .. import model
from ..declare import range_claims
from ..errors import ModelError, Problem, position_of
from ..expand.timeouts import HIDDEN, heard
from ..expressions import (
    BOOL,
    FALSE,
    INT,
    TRUE,
    EnumType,
    Expr,
    IntType,
    Operation,
    Ref,
    Scope,
    Type,
    compare,
    conditional,
    conjunction,
    disjunction,
    equal,
    integer,
    label,
    negation,
)
from ..graph.flow import flow_graph, jumps_after, loops, order_of_steps, predecessors
from ..graph.structure import plain_order
from ..system import Action, Claim, Label, Variable
from .typed import TypedFlow, TypedInstance, TypedStep

FLOW_STATUS = EnumType(("running", "aborting", "completed", "aborted"))
QUEUED_STATUS = EnumType(("waiting", *FLOW_STATUS.labels))
STEP_STATUS = EnumType(("waiting", "ready", "running", "done", "skipped", "failed", "undoing", "undone", "not undone"))


@dataclass(frozen=True)
class Shape:
    """The structure of a flow, the same for every instance."""

    waits_for: Mapping[str, tuple[str, ...] | None]
    followers: Mapping[str, tuple[str, ...]]
    in_loop: frozenset[str]
    entries: Mapping[str, int]
    undone_first: Mapping[str, frozenset[str]]


def shape_of(design: model.Orchestration) -> Shape:
    """The structure of a design's flow."""
    graph = flow_graph(design)
    steps = design.flow.steps
    waits_for = predecessors(design.flow)
    followers: dict[str, list[str]] = {name: [] for name in steps}
    entries = dict.fromkeys(steps, 0)
    for name, before in waits_for.items():
        joins = before is not None and len(before) > 1 and steps[name].join == "all"
        entries[name] += 1 if joins or before == () else len(before or ())
        for source in before or ():
            if not jumps_after(steps[source], "ok"):
                followers[source].append(name)
    for step in steps.values():
        for transition in step.transitions:
            if transition.to in entries:
                entries[transition.to] += 1
    undone = [name for name, step in steps.items() if step.compensation is not None]
    cyclic = loops(graph)
    grouped = [name for name, step in steps.items() if step.origin.undone_with and name in cyclic]
    if grouped:
        call = steps[grouped[0]].origin.undone_with
        hint = f"give the steps of what '{call}' runs compensations of their own"
        message = f"'{call}' cannot be undone as a whole: it runs in a loop"
        raise ModelError([Problem("E235", message, position_of(call), hint)])
    in_loop = frozenset(name for name in steps if name in cyclic)
    policy = design.policies.compensation
    if policy.order == "lifo" and in_loop & set(undone):
        name = sorted(in_loop & set(undone))[0]
        hint = "use 'order: reverse', which undoes as often as the step ran"
        raise ModelError([Problem("E203", f"'lifo' does not work for '{name}' in a loop", position_of(name), hint)])
    return Shape(
        waits_for,
        {name: tuple(after) for name, after in followers.items()},
        in_loop,
        entries,
        _undone_first(design, graph, undone),
    )


def _undone_first(
    design: model.Orchestration, graph: nx.MultiDiGraph[str], undone: list[str]
) -> dict[str, frozenset[str]]:
    """Which steps must not be owed any more when a step is undone: all later ones.

    Where every step runs once and nothing is in flight by then, a later one that is never skipped stands for those
    after it: they cannot be owed without it. So the guards of a long flow stay short.
    """
    steps = design.flow.steps
    settled = design.policies.compensation.siblings == "finish" and plain_order(design) is not None
    standing = {name for name in undone if settled and steps[name].when is None}
    return order_of_steps(graph, steps).next_among(undone, standing)


@dataclass
class Control:
    """The variables and actions of one instance of a flow.

    name: empty for the flow under `flow`. queued: it waits for its engine before it begins.
    """

    design: model.Orchestration
    typed: TypedFlow
    instance: TypedInstance
    shape: Shape
    name: str = ""
    queued: bool = False
    variables: dict[str, Variable] = field(default_factory=dict)
    asked: dict[tuple[str, ...], Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.policy = self.design.policies.compensation
        self.steps = self.instance.steps
        self.statuses = QUEUED_STATUS if self.queued else FLOW_STATUS
        self._declare(self.flow, self.statuses, 0)
        for name, step in self.steps.items():
            before = self.shape.waits_for[name]
            self._declare(
                f"{name}.status", STEP_STATUS, STEP_STATUS.labels.index("ready" if before == () else "waiting")
            )
            if self._joins(name):
                for source in before or ():
                    self._declare(f"{source}>{name}", BOOL, False)
            retry = self.retry(step)
            tried = retry is not None and not step.step.origin.instant
            if tried and retry is not None and retry.attempts is not None and retry.attempts > 1:
                self._declare(f"{name}.attempt", IntType(1, retry.attempts), 1)
            if step.compensation is not None:
                self._declare(f"{name}.owed", INT if name in self.shape.in_loop else IntType(0, 1), 0)
                if self.policy.order == "lifo":
                    self._declare(f"{name}.place", IntType(0, len(self.steps)), 0)
        if self.policy.order == "lifo":
            self._declare(self.height, IntType(0, len(self.steps)), 0)
        for key in self._context_keys():
            self._declare(self.context(key), BOOL, key in self.design.flow.context)

    @property
    def flow(self) -> str:
        """The variable of the flow's status, where there are several flows with its name."""
        return f"flow {self.name}" if self.name else "flow"

    @property
    def height(self) -> str:
        """The variable that counts what is owed, for `order: lifo`."""
        return f"owed {self.name}" if self.name else "owed"

    def context(self, key: str) -> str:
        """The variable that tells whether a key of the context was written."""
        return f"context.{self.name}.{key}" if self.name else f"context.{key}"

    def _declare(self, name: str, kind: Type, initial: bool | int) -> None:
        suffix = f"#{self.instance.number}" if self.typed.suffixed else ""
        self.variables[name] = Variable(f"{name}{suffix}", kind, (initial,), "control", self.instance.number)

    def _context_keys(self) -> list[str]:
        keys = list(self.design.flow.context)
        for step in self.design.flow.steps.values():
            keys += [*step.input.values(), *step.output]
        return list(dict.fromkeys(keys))

    # What can be said about the control state.

    def ref(self, name: str) -> Ref:
        return self.variables[name].ref

    def status_is(self, step: str, *statuses: str) -> Expr:
        reference = self.ref(f"{step}.status")
        return disjunction(equal(reference, label(status, STEP_STATUS)) for status in statuses)

    def flow_is(self, *statuses: str) -> Expr:
        return disjunction(equal(self.ref(self.flow), label(status, self.statuses)) for status in statuses)

    @property
    def ended(self) -> Expr:
        return self.flow_is("completed", "aborted")

    def retry(self, step: TypedStep) -> model.Retry | None:
        return step.step.retry or self.design.policies.retry

    def _joins(self, name: str) -> bool:
        before = self.shape.waits_for[name]
        return before is not None and len(before) > 1 and self.design.flow.steps[name].join == "all"

    def tokens(self, name: str) -> list[Ref]:
        return (
            [self.ref(f"{source}>{name}") for source in self.shape.waits_for[name] or ()] if self._joins(name) else []
        )

    def arrived(self, name: str) -> Expr:
        """A token is at the step, or one at each edge of its join."""
        ready = self.status_is(name, "ready")
        tokens = self.tokens(name)
        return disjunction([ready, conjunction(tokens)]) if tokens else ready

    def consume(self, name: str) -> dict[str, Expr]:
        """Taking the token away: those of a join, unless a jump (or a retry) made the step ready by itself."""
        ready = self.status_is(name, "ready")
        jumped_into = self.shape.entries[name] > 1 or self.retry(self.steps[name]) is not None
        return {token.name: conditional(ready, token, FALSE) if jumped_into else FALSE for token in self.tokens(name)}

    def any_status(self, *statuses: str) -> Expr:
        """That some step has one of these; one tree for all who ask, since it grows with the flow."""
        if statuses not in self.asked:
            self.asked[statuses] = disjunction(self.status_is(name, *statuses) for name in self.steps)
        return self.asked[statuses]

    def property_scope(self) -> Scope:
        """The names that properties may use for this instance."""
        status = {s: {n: self.status_is(n, s) for n in self.steps} for s in STEP_STATUS.labels if " " not in s}
        for name, step in self.steps.items():
            if step.step.origin.part_of == name:
                self._speak_of_call(name, status)
        flow_name = self.design.flow.name
        for word in self.statuses.labels:
            status.setdefault(word, {})[flow_name] = self.flow_is(word)
        status["failed"][flow_name] = self.flow_is("aborted")
        status["ended"] = {flow_name: self.ended}
        scope = self.instance.scope
        return replace(scope, predicates=status)

    def _speak_of_call(self, name: str, status: dict[str, dict[str, Expr]]) -> None:
        """What properties may say of a step that runs a flow: of all that it runs, and of its own end."""
        inner = [each for each in self.steps if each.startswith(f"{name}.")]
        begin = f"begin {name}"
        status["skipped"][name] = self.status_is(begin, "skipped") if begin in self.steps else FALSE
        for word in ("running", "failed", "undoing"):
            status[word][name] = disjunction(
                [self.status_is(name, word), *(self.status_is(each, word) for each in inner)]
            )

    def label_for(self, phase: str, step: str = "", outcome: str = "", text: str = "", then: str = "") -> Label:
        flow = self.design.flow
        actor = flow.coordinator or next(iter(self.design.coordinators), self.name or self.design.name)
        service = flow.steps[step].service or "" if step in flow.steps else ""
        undo = flow.steps[step].compensation if step in flow.steps else None
        if phase.startswith("undo") and undo is not None:
            service = undo.service or service
        really = outcome if outcome == HIDDEN else ""
        if really:
            text = ", ".join(part for part in ("although the work was done", text) if part)
        known, number = heard(outcome), self.instance.number
        return Label(phase, actor, step, known, number, target=service, then=then, text=text, really=really)

    def action(
        self,
        name: str,
        guard: Expr,
        updates: Mapping[str, Expr],
        story: Label,
        claims: Iterable[Claim] = (),
        step: TypedStep | None = None,
    ) -> Action:
        suffix = f"#{self.instance.number}" if self.typed.suffixed else ""
        about = story.step or self.design.flow.name
        ranged = range_claims({k: v for k, v in updates.items() if k in self.typed.types}, self.typed.types, about)
        owner = story.step or self.flow
        return Action(
            f"{name}{suffix}",
            guard,
            dict(updates),
            story,
            (*claims, *ranged),
            step.parameters if step and story.outcome in ("ok", "check") else (),
            f"{owner}{suffix}",
        )

    def set_status(self, name: str, status: str) -> dict[str, Expr]:
        return {self.ref(f"{name}.status").name: label(status, STEP_STATUS)}

    def pass_on(self, name: str, target: str | None, jumps: bool | None = None) -> dict[str, Expr]:
        """Tokens to those that come after; to a jump's target only, where the step jumps."""
        if target is None:
            updates: dict[str, Expr] = {}
            for follower in self.shape.followers[name] if jumps is None else ():
                updates |= self._give(follower, name)
            return updates
        if target == "end":
            return {}
        if target == "abort":
            return self.abort_updates(name, "abort", owe=False)
        return self._give(target, None)

    def _give(self, name: str, source: str | None) -> dict[str, Expr]:
        if source is not None and self._joins(name):
            return {self.ref(f"{source}>{name}").name: TRUE}
        updates = self.set_status(name, "ready")
        if f"{name}.attempt" in self.variables and name in self.shape.in_loop:
            updates[self.ref(f"{name}.attempt").name] = integer(1)
        return updates

    def token_claims(self, name: str, moves: Mapping[str, Expr]) -> list[Claim]:
        """Where several ways lead to a step, a second token must not arrive while the first is there."""
        claims = []
        for other in self._may_get_two:
            status = self.ref(f"{other}.status").name
            if other != name and moves.get(status) == label("ready", STEP_STATUS):
                message = f"a second token arrives at {other} while the first is still there"
                free = negation(self.status_is(other, "ready", "running"))
                claims.append(Claim("tokens", other, free, message, position_of(other)))
        return claims

    @cached_property
    def _may_get_two(self) -> list[str]:
        return [name for name in self.steps if self.shape.entries[name] > 1]

    def tries_again(self, step: TypedStep, outcome: str) -> Expr:
        retry = self.retry(step)
        if retry is None or heard(outcome) not in retry.on:
            return FALSE
        if retry.attempts is None:
            return self.flow_is("running")
        if retry.attempts <= 1:
            return FALSE
        more = compare("<", self.ref(f"{step.name}.attempt"), integer(retry.attempts))
        return conjunction([self.flow_is("running"), more])

    def abort_updates(self, name: str, outcome: str, owe: bool) -> dict[str, Expr]:
        """The flow's status after a failure: aborting where the policy undoes after it, else aborted at once."""
        undoes = heard(outcome) in self.policy.on or outcome == "abort"
        running, flow = self.flow_is("running"), self.ref(self.flow)
        updates: dict[str, Expr] = {
            flow.name: conditional(running, label("aborting" if undoes else "aborted", self.statuses), flow)
        }
        return {**updates, **self.owe(name, outcome)} if owe else updates

    def owe(self, name: str, outcome: str) -> dict[str, Expr]:
        """What the coordinator notes to undo after an ending; after failures the policy decides.

        Where a timeout may hide a success, `if effect` undoes what may have had one: it hears the same both times.
        """
        step = self.steps[name]
        whole = step.step.origin.undone_with
        if step.compensation is None and not whole:
            return {}
        choice = "if effect" if outcome == "ok" else self.policy.failing_step.get(heard(outcome), "if effect")
        possible = HIDDEN if heard(outcome) == "timeout" and HIDDEN in step.outcomes else outcome
        if choice == "never" or (choice == "if effect" and not step.has_effect(possible)):
            return {}
        owing = whole or name
        owed = self.ref(f"{owing}.owed")
        more: Expr = Operation("+", (owed, integer(1)), INT) if owing in self.shape.in_loop else integer(1)
        updates: dict[str, Expr] = {owed.name: more}
        if self.policy.order == "lifo":
            top, place = self.ref(self.height), self.ref(f"{owing}.place")
            height: Expr = Operation("+", (top, integer(1)), INT)
            if whole or step.step.origin.part_of or self.retry(step):  # Owed once, from its first effect on.
                noted = compare(">", owed, integer(0))
                updates |= {
                    top.name: conditional(noted, top, height), place.name: conditional(noted, place, height)
                }  # fmt: skip
            else:
                updates |= {top.name: height, place.name: height}
        return updates

    def turn(self, name: str) -> Expr:
        """Whether the order of compensation lets a step be undone now."""
        if self.policy.order == "lifo":
            return equal(self.ref(f"{name}.place"), self.ref(self.height))
        if self.policy.order == "parallel":
            return TRUE
        return conjunction(
            equal(self.ref(f"{other}.owed"), integer(0)) for other in sorted(self.shape.undone_first[name])
        )

    def settle(self, name: str) -> dict[str, Expr]:
        owed = self.ref(f"{name}.owed")
        less: Expr = Operation("-", (owed, integer(1)), INT) if name in self.shape.in_loop else integer(0)
        updates: dict[str, Expr] = {owed.name: less}
        if self.policy.order == "lifo":
            updates[self.ref(self.height).name] = Operation("-", (self.ref(self.height), integer(1)), INT)
            updates[self.ref(f"{name}.place").name] = integer(0)
        return updates
