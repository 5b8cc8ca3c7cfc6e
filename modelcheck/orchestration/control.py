"""The control state of one instance of a flow: its variables, and what can be said and done with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .. import model
from ..declare import range_claims
from ..errors import ModelError, Problem, position_of
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
    total,
)
from ..graph.flow import flow_graph, jumps_after, leads_to, loops, predecessors
from ..system import Action, Claim, Label, Variable
from .typed import TypedFlow, TypedInstance, TypedStep

FLOW_STATUS = EnumType(("running", "aborting", "completed", "aborted"))
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
    in_loop = frozenset(name for name in steps if name in cyclic)
    policy = design.policies.compensation
    if policy.order == "lifo" and in_loop & set(undone):
        name = sorted(in_loop & set(undone))[0]
        hint = "use 'order: reverse', which undoes as often as the step ran"
        raise ModelError([Problem("E203", f"'lifo' does not work for '{name}' in a loop", position_of(name), hint)])
    return Shape(
        waits_for, {name: tuple(after) for name, after in followers.items()}, in_loop, entries, leads_to(graph, undone)
    )


@dataclass
class Control:
    """The variables and actions of one instance of the flow."""

    design: model.Orchestration
    typed: TypedFlow
    instance: TypedInstance
    shape: Shape
    variables: dict[str, Variable] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.policy = self.design.policies.compensation
        self.steps = self.instance.steps
        self._declare("flow", FLOW_STATUS, FLOW_STATUS.labels.index("running"))
        for name, step in self.steps.items():
            before = self.shape.waits_for[name]
            self._declare(
                f"{name}.status", STEP_STATUS, STEP_STATUS.labels.index("ready" if before == () else "waiting")
            )
            if self._joins(name):
                for source in before or ():
                    self._declare(f"{source}>{name}", BOOL, False)
            retry = self.retry(step)
            if retry is not None and retry.attempts is not None and retry.attempts > 1:
                self._declare(f"{name}.attempt", IntType(1, retry.attempts), 1)
            if step.compensation is not None:
                self._declare(f"{name}.owed", INT if name in self.shape.in_loop else IntType(0, 1), 0)
                if self.policy.order == "lifo":
                    self._declare(f"{name}.place", IntType(0, len(self.steps)), 0)
        if self.policy.order == "lifo":
            self._declare("owed", IntType(0, len(self.steps)), 0)
        for key in self._context_keys():
            self._declare(f"context.{key}", BOOL, key in self.design.flow.context)

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
        return disjunction(equal(self.ref("flow"), label(status, FLOW_STATUS)) for status in statuses)

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
        return disjunction(self.status_is(name, *statuses) for name in self.steps)

    def property_scope(self) -> Scope:
        """The names that properties may use for this instance."""
        status = {s: {n: self.status_is(n, s) for n in self.steps} for s in STEP_STATUS.labels if " " not in s}
        flow_name = self.design.flow.name
        for word in FLOW_STATUS.labels:
            status.setdefault(word, {})[flow_name] = self.flow_is(word)
        status["failed"][flow_name] = self.flow_is("aborted")
        status["ended"] = {flow_name: self.ended}
        scope = self.instance.scope
        return Scope(scope.names, scope.families, status, broken=scope.broken)

    def label_for(self, phase: str, step: str = "", outcome: str = "", text: str = "", then: str = "") -> Label:
        flow = self.design.flow
        actor = flow.coordinator or next(iter(self.design.coordinators), self.design.name)
        service = flow.steps[step].service or "" if step in flow.steps else ""
        undo = flow.steps[step].compensation if step in flow.steps else None
        if phase.startswith("undo") and undo is not None:
            service = undo.service or service
        return Label(phase, actor, step, outcome, self.instance.number, target=service, then=then, text=text)

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
        owner = story.step or "flow"
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
        for other in self.steps:
            status = self.ref(f"{other}.status").name
            several = self.shape.entries[other] > 1 and other != name
            if several and moves.get(status) == label("ready", STEP_STATUS):
                message = f"a second token arrives at {other} while the first is still there"
                free = negation(self.status_is(other, "ready", "running"))
                claims.append(Claim("tokens", other, free, message, position_of(other)))
        return claims

    def tries_again(self, step: TypedStep, outcome: str) -> Expr:
        retry = self.retry(step)
        if retry is None or outcome not in retry.on:
            return FALSE
        if retry.attempts is None:
            return self.flow_is("running")
        if retry.attempts <= 1:
            return FALSE
        more = compare("<", self.ref(f"{step.name}.attempt"), integer(retry.attempts))
        return conjunction([self.flow_is("running"), more])

    def abort_updates(self, name: str, outcome: str, owe: bool) -> dict[str, Expr]:
        """The flow's status after a failure: aborting where the policy undoes after it, else aborted at once."""
        undoes = outcome in self.policy.on or outcome == "abort"
        running, flow = self.flow_is("running"), self.ref("flow")
        updates: dict[str, Expr] = {
            flow.name: conditional(running, label("aborting" if undoes else "aborted", FLOW_STATUS), flow)
        }
        return {**updates, **self.owe(name, outcome)} if owe else updates

    def owe(self, name: str, outcome: str) -> dict[str, Expr]:
        """What the coordinator notes to undo after an ending; after failures the policy decides."""
        step = self.steps[name]
        if step.compensation is None:
            return {}
        choice = "if effect" if outcome == "ok" else self.policy.failing_step.get(outcome, "if effect")
        if choice == "never" or (choice == "if effect" and not step.has_effect(outcome)):
            return {}
        owed = self.ref(f"{name}.owed")
        more: Expr = Operation("+", (owed, integer(1)), INT) if name in self.shape.in_loop else integer(1)
        updates: dict[str, Expr] = {owed.name: more}
        if self.policy.order == "lifo":
            height = Operation("+", (self.ref("owed"), integer(1)), INT)
            updates |= {self.ref("owed").name: height, self.ref(f"{name}.place").name: height}
        return updates

    def turn(self, name: str) -> Expr:
        """Whether the order of compensation lets a step be undone now."""
        if self.policy.order == "lifo":
            return equal(self.ref(f"{name}.place"), self.ref("owed"))
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
            updates[self.ref("owed").name] = Operation("-", (self.ref("owed"), integer(1)), INT)
            updates[self.ref(f"{name}.place").name] = integer(0)
        return updates


class Busy:
    """How many steps are in flight at a service or coordinator, over all instances: what limits `start`."""

    def __init__(self, design: model.Orchestration, parts: list[Control]):
        self.design = design
        self.at_service: dict[str, list[Expr]] = {name: [] for name in design.services}
        self.everywhere: list[Expr] = []
        for part in parts:
            for name, step in design.flow.steps.items():
                running = part.status_is(name, "running")
                self.everywhere.append(running)
                self.at_service.get(step.service or "", []).append(running)
                if step.compensation is not None:
                    undoing = part.status_is(name, "undoing")
                    self.everywhere.append(undoing)
                    self.at_service.get(step.compensation.service or step.service or "", []).append(undoing)

    def has_room(self, service: str | None) -> Expr:
        """A worker of the service and a slot of the coordinator are free."""
        coordinator = self.design.coordinators.get(self.design.flow.coordinator or "")
        if coordinator is None and len(self.design.coordinators) == 1:
            coordinator = next(iter(self.design.coordinators.values()))
        limits = [(self.everywhere, coordinator.concurrency if coordinator else None)]
        if service is not None and service in self.design.services:
            limits.append((self.at_service[service], self.design.services[service].workers))
        return conjunction(
            compare("<", total(busy), integer(limit))
            for busy, limit in limits
            if limit is not None and limit < len(busy)
        )
