"""From an orchestration to its transition system: the only module that knows how a flow runs.

A step is two atomic actions, `start` and `finish(outcome)`. Control state of each instance: the flow's status, each
step's status (a token that has arrived is the status `ready`), a token for each edge into a join, attempts, and
what is owed: the steps that the coordinator will undo if the flow fails.

What happens when, in short: a step whose `when` is false on arrival is skipped, and passes its token on. After a
failure no step starts; steps in flight finish first (unless abandoned); then what is owed is undone in the policy's
order. The flow has `completed` when no token is left, and `aborted` when nothing is left to undo.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from . import model
from .declare import range_assumptions, range_claims
from .errors import ModelError, Problem, position_of
from .expressions import (
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
    implication,
    integer,
    label,
    negation,
    substitute,
    total,
)
from .graph.flow import flow_graph, jumps_after, leads_to, loops, predecessors
from .system import Action, Claim, Label, TransitionSystem, Variable
from .typed_flow import TypedFlow, TypedInstance, TypedStep, type_flow

FLOW_STATUS = EnumType(("running", "aborting", "completed", "aborted"))
STEP_STATUS = EnumType(("waiting", "ready", "running", "done", "skipped", "failed", "undoing", "undone", "not undone"))


def compile_orchestration(design: model.Orchestration, instances: int | None = None) -> TransitionSystem:
    """The transition system of an orchestration; raises `ModelError`. `instances` overrides the design's number."""
    typed = type_flow(design, instances)
    shape = _shape(design)
    parts = [_Instance(design, typed, each, shape) for each in typed.instances]
    busy = _Busy(design, parts)
    actions = [action for part in parts for action in part.actions(busy)]
    variables = (*typed.variables, *(variable for part in parts for variable in part.variables.values()))
    scopes = tuple(part.property_scope() for part in parts)
    return TransitionSystem(
        name=design.name,
        variables=variables,
        actions=tuple(actions),
        finished=conjunction(part.ended for part in parts),
        initially=conjunction(each.requires for each in typed.instances if each.requires is not None),
        scope=Scope(scopes[0].names, scopes[0].families, scopes[0].predicates, scopes),
        assumptions=_assumptions(design, typed),
    )


def _assumptions(design: model.Orchestration, typed: TypedFlow) -> tuple[str, ...]:
    found = list(range_assumptions(typed.variables))
    if len(typed.instances) > 1:
        found.append(f"{len(typed.instances)} instances")
    if design.flow.requires is not None:
        found.append(f"the flow starts where {design.flow.requires}")
    found += [f"{n} has {s.workers} workers" for n, s in design.services.items() if s.workers is not None]
    return tuple(found)


@dataclass(frozen=True)
class _Shape:
    """The structure of a flow, the same for every instance."""

    waits_for: Mapping[str, tuple[str, ...] | None]
    followers: Mapping[str, tuple[str, ...]]
    in_loop: frozenset[str]
    entries: Mapping[str, int]
    undone_first: Mapping[str, frozenset[str]]


def _shape(design: model.Orchestration) -> _Shape:
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
    return _Shape(
        waits_for, {name: tuple(after) for name, after in followers.items()}, in_loop, entries, leads_to(graph, undone)
    )


class _Busy:
    """How many steps are in flight at a service or coordinator, over all instances: what limits `start`."""

    def __init__(self, design: model.Orchestration, parts: list[_Instance]):
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
                    self.at_service.get(step.compensation.service or "", []).append(undoing)

    def has_room(self, service: str | None) -> Expr:
        """A worker of the service and a slot of the coordinator are free."""
        coordinator = self.design.coordinators.get(self.design.flow.coordinator or "")
        if coordinator is None and len(self.design.coordinators) == 1:
            coordinator = next(iter(self.design.coordinators.values()))
        limits = [(self.everywhere, coordinator.concurrency if coordinator else None)]
        if service in self.design.services:
            limits.append((self.at_service[service], self.design.services[service].workers))
        return conjunction(
            compare("<", total(busy), integer(limit))
            for busy, limit in limits
            if limit is not None and limit < len(busy)
        )


@dataclass
class _Instance:
    """The variables and actions of one instance of the flow."""

    design: model.Orchestration
    typed: TypedFlow
    instance: TypedInstance
    shape: _Shape
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

    def _tokens(self, name: str) -> list[Ref]:
        return (
            [self.ref(f"{source}>{name}") for source in self.shape.waits_for[name] or ()] if self._joins(name) else []
        )

    def arrived(self, name: str) -> Expr:
        """A token is at the step, or one at each edge of its join."""
        ready = self.status_is(name, "ready")
        tokens = self._tokens(name)
        return disjunction([ready, conjunction(tokens)]) if tokens else ready

    def _consume(self, name: str) -> dict[str, Expr]:
        """Taking the token away: those of a join, unless a jump (or a retry) made the step ready by itself."""
        ready = self.status_is(name, "ready")
        jumped_into = self.shape.entries[name] > 1 or self.retry(self.steps[name]) is not None
        return {token.name: conditional(ready, token, FALSE) if jumped_into else FALSE for token in self._tokens(name)}

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
        return Scope(scope.names, scope.families, status)

    # The actions.

    def actions(self, busy: _Busy) -> Iterable[Action]:
        for name in self.steps:
            yield from self._arrive(name, busy)
            for outcome in self.steps[name].outcomes:
                yield from self._finish(name, outcome)
            if self.steps[name].check is not None:
                yield self._fail(name, "check", negation(self._after_check(name)))
        for name, step in self.steps.items():
            if step.compensation is not None:
                yield from self._undo(name, busy)
        yield self._complete()
        yield self._abort()

    def _label(self, phase: str, step: str = "", outcome: str = "", text: str = "") -> Label:
        flow = self.design.flow
        actor = flow.coordinator or next(iter(self.design.coordinators), self.design.name)
        service = flow.steps[step].service or "" if step in flow.steps else ""
        undo = flow.steps[step].compensation if step in flow.steps else None
        if phase.startswith("undo") and undo is not None and undo.service:
            service = undo.service
        return Label(phase, actor, step, outcome, self.instance.number, target=service, text=text)

    def _action(
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

    def _set(self, name: str, status: str) -> dict[str, Expr]:
        return {self.ref(f"{name}.status").name: label(status, STEP_STATUS)}

    def _arrive(self, name: str, busy: _Busy) -> Iterable[Action]:
        """Start, skip, or fail for want of an input."""
        step = self.steps[name]
        here = conjunction([self.flow_is("running"), self.arrived(name)])
        inputs = conjunction(self.ref(f"context.{key}") for key in step.step.input.values())
        claims = []
        if step.requires is not None:
            message = f"{name} requires {step.step.requires}"
            claims.append(Claim("requires", name, step.requires, message, position_of(step.step.requires)))
        guard = conjunction([here, step.when, step.awaits, inputs, busy.has_room(step.step.service)])
        updates = {**self._set(name, "running"), **self._consume(name)}
        yield self._action(f"start {name}", guard, updates, self._label("start", name), claims, step)
        if step.when != TRUE:
            for target, condition in self._ways(step, "ok", {}):
                moves = self._pass_on(name, target)
                guard = conjunction([here, negation(step.when), condition])
                moves = {**self._consume(name), **self._set(name, "skipped"), **moves}
                text = "" if target is None else f"→ {target}"
                yield self._action(
                    f"skip {name}{' ' + text if text else ''}", guard, moves, self._label("skip", name, text=text),
                    self._choice_claims(step, "ok", target), step,
                )  # fmt: skip
        if step.step.input:
            missing = "an input of the step was never written to the context"
            claim = Claim("data", name, FALSE, f"{name}: {missing}", position_of(name))
            yield self._fail(name, "error", negation(inputs), conjunction([here, step.when]), (claim,))

    def _ways(self, step: TypedStep, outcome: str, updates: Mapping[str, Expr]) -> list[tuple[str | None, Expr]]:
        """Where the token goes after an outcome, each with its condition before the effect."""
        if not jumps_after(step.step, outcome):
            return [(None, TRUE)]
        return [(target, substitute(condition, updates)) for target, condition in step.branches(outcome)]

    def _choice_claims(self, step: TypedStep, outcome: str, target: str | None) -> list[Claim]:
        if target is not None or not jumps_after(step.step, outcome):
            return []
        message = f"after {step.name} no transition's condition is true"
        return [Claim("choice", step.name, FALSE, message, position_of(step.name))]

    def _pass_on(self, name: str, target: str | None, jumps: bool | None = None) -> dict[str, Expr]:
        """Tokens to those that come after; to a jump's target only, where the step jumps."""
        if target is None:
            updates: dict[str, Expr] = {}
            for follower in self.shape.followers[name] if jumps is None else ():
                updates |= self._give(follower, name)
            return updates
        if target == "end":
            return {}
        if target == "abort":
            return self._abort_updates(name, "abort", owe=False)
        return self._give(target, None)

    def _give(self, name: str, source: str | None) -> dict[str, Expr]:
        if source is not None and self._joins(name):
            return {self.ref(f"{source}>{name}").name: TRUE}
        updates = self._set(name, "ready")
        if f"{name}.attempt" in self.variables and name in self.shape.in_loop:
            updates[self.ref(f"{name}.attempt").name] = integer(1)
        return updates

    def _token_claims(self, name: str, moves: Mapping[str, Expr]) -> list[Claim]:
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

    def _after_check(self, name: str) -> Expr:
        step = self.steps[name]
        return TRUE if step.check is None else substitute(step.check, step.effects["ok"])

    def _finish(self, name: str, outcome: str) -> Iterable[Action]:
        """The endings of a step in flight with one outcome: success, another attempt, a caught failure, a failure."""
        step = self.steps[name]
        caught = bool(jumps_after(step.step, outcome))
        if outcome != "ok":
            tries_again = self._tries_again(step, outcome)
            if tries_again != FALSE:
                yield self._try_again(step, outcome, tries_again)
            final = negation(tries_again)
            if not caught:
                yield self._fail(name, outcome, final)
                return
        else:
            final = conjunction([self._after_check(name), step.assumed])
        effect = step.effects[outcome]
        passing = self.flow_is("running")
        for target, condition in self._ways(step, outcome, effect):
            text = "" if target is None else f"→ {target}"
            moves = {**self._set(name, "done" if outcome == "ok" else "failed"), **self._owe(name, outcome)}
            moves |= self._pass_on(name, target, jumps=True if caught and target is None else None)
            after = {**effect, **moves}
            guard = conjunction([self.status_is(name, "running"), final, condition])
            claims = [
                *self._ensures(step, outcome), *self._choice_claims(step, outcome, target),
                *(claim_if(passing, claim) for claim in self._token_claims(name, moves)),
            ]  # fmt: skip
            title = f"finish {name}: {outcome}{' ' + text if text else ''}"
            yield self._action(
                title,
                guard,
                self._with_context(step, outcome, after),
                self._label("finish", name, outcome, text),
                claims,
                step,
            )

    def _with_context(self, step: TypedStep, outcome: str, updates: dict[str, Expr]) -> dict[str, Expr]:
        """Output mapping, as the seed has it: what the service does not provide is ignored."""
        if outcome == "ok":
            service = self.design.services.get(step.step.service or "")
            for key, output in step.step.output.items():
                if service is None or service.provides is None or output in service.provides:
                    updates[self.ref(f"context.{key}").name] = TRUE
        return updates

    def _ensures(self, step: TypedStep, outcome: str) -> list[Claim]:
        if outcome != "ok" or step.ensures is None or step.parameters:
            return []
        after = substitute(step.ensures, step.effects["ok"])
        message = f"{step.name} ensures {step.step.ensures}"
        return [Claim("ensures", step.name, after, message, position_of(step.step.ensures))]

    def _tries_again(self, step: TypedStep, outcome: str) -> Expr:
        retry = self.retry(step)
        if retry is None or outcome not in retry.on:
            return FALSE
        if retry.attempts is None:
            return self.flow_is("running")
        if retry.attempts <= 1:
            return FALSE
        more = compare("<", self.ref(f"{step.name}.attempt"), integer(retry.attempts))
        return conjunction([self.flow_is("running"), more])

    def _try_again(self, step: TypedStep, outcome: str, condition: Expr) -> Action:
        name = step.name
        updates = {**step.effects[outcome], **self._set(name, "ready"), **self._owe(name, outcome)}
        if f"{name}.attempt" in self.variables:
            attempt = self.ref(f"{name}.attempt")
            updates[attempt.name] = Operation("+", (attempt, integer(1)), INT)
        guard = conjunction([self.status_is(name, "running"), condition])
        story = self._label("finish", name, outcome, "tries again")
        return self._action(f"finish {name}: {outcome}, tries again", guard, updates, story, (), step)

    def _fail(
        self, name: str, outcome: str, condition: Expr, while_: Expr | None = None, claims: tuple[Claim, ...] = ()
    ) -> Action:
        """An ending that aborts the flow (`check`: the effect has happened, and what it was to establish is false)."""
        step = self.steps[name]
        missing = while_ is not None
        effect: Mapping[str, Expr] = {} if missing else step.effects["ok" if outcome == "check" else outcome]
        guard = conjunction([while_ if while_ is not None else self.status_is(name, "running"), condition])
        if outcome == "check":
            guard = conjunction([guard, step.assumed])
        updates = {**effect, **self._set(name, "failed"), **self._abort_updates(name, outcome, owe=not missing)}
        if missing:
            updates |= self._consume(name)
        title = f"{name}: missing input" if missing else f"finish {name}: {outcome}"
        text = {"check": "its check is false"}.get(outcome, "missing input" if missing else "")
        return self._action(title, guard, updates, self._label("finish", name, outcome, text), claims, step)

    def _abort_updates(self, name: str, outcome: str, owe: bool) -> dict[str, Expr]:
        """The flow's status after a failure: aborting where the policy undoes after it, else aborted at once."""
        undoes = outcome in self.policy.on or outcome == "abort"
        running, flow = self.flow_is("running"), self.ref("flow")
        updates: dict[str, Expr] = {
            flow.name: conditional(running, label("aborting" if undoes else "aborted", FLOW_STATUS), flow)
        }
        return {**updates, **self._owe(name, outcome)} if owe else updates

    def _owe(self, name: str, outcome: str) -> dict[str, Expr]:
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

    def _undo(self, name: str, busy: _Busy) -> Iterable[Action]:
        step = self.steps[name]
        undo, declared = step.compensation, step.step.compensation
        assert undo is not None and declared is not None
        owed = self.ref(f"{name}.owed")
        due = [self.flow_is("aborting"), compare(">", owed, integer(0)), negation(self.status_is(name, "undoing"))]
        if self.policy.siblings == "finish":
            due.append(negation(self.any_status("running")))
        due.append(self._turn(name))
        claims = []
        if undo.requires is not None:
            text = f"undoing {name} requires {declared.requires}"
            claims.append(Claim("requires", f"undo {name}", undo.requires, text, position_of(declared.requires)))
        guard = conjunction([*due, busy.has_room(declared.service)])
        yield self._action(f"undo {name}", guard, self._set(name, "undoing"), self._label("undo start", name), claims)
        claims = []
        if undo.ensures is not None:
            after = substitute(undo.ensures, undo.effect)
            text = f"undoing {name} ensures {declared.ensures}"
            claims.append(Claim("ensures", f"undo {name}", after, text, position_of(declared.ensures)))
        guard = self.status_is(name, "undoing")
        updates = {**undo.effect, **self._set(name, "undone"), **self._settle(name)}
        story = self._label("undo finish", name, "ok")
        yield self._action(f"undone {name}", guard, updates, story, claims)
        if declared.fails > 0:
            yield self._undo_fails(name, guard)

    def _turn(self, name: str) -> Expr:
        """Whether the order of compensation lets a step be undone now."""
        if self.policy.order == "lifo":
            return equal(self.ref(f"{name}.place"), self.ref("owed"))
        if self.policy.order == "parallel":
            return TRUE
        return conjunction(
            equal(self.ref(f"{other}.owed"), integer(0)) for other in sorted(self.shape.undone_first[name])
        )

    def _settle(self, name: str) -> dict[str, Expr]:
        owed = self.ref(f"{name}.owed")
        less: Expr = Operation("-", (owed, integer(1)), INT) if name in self.shape.in_loop else integer(0)
        updates: dict[str, Expr] = {owed.name: less}
        if self.policy.order == "lifo":
            updates[self.ref("owed").name] = Operation("-", (self.ref("owed"), integer(1)), INT)
            updates[self.ref(f"{name}.place").name] = integer(0)
        return updates

    def _undo_fails(self, name: str, guard: Expr) -> Action:
        policy = self.policy.on_undo_failure
        updates = self._set(name, "failed" if policy == "retry" else "not undone")
        if policy == "continue":
            updates |= self._settle(name)
        if policy == "stop":
            updates[self.ref("flow").name] = label("aborted", FLOW_STATUS)
        words = {"continue": "nobody hears of it", "retry": "will be tried again", "stop": "the flow stops"}
        story = self._label("undo finish", name, "error", words[policy])
        return self._action(f"undo {name} fails", guard, updates, story)

    def _complete(self) -> Action:
        """No token is left: the flow has done what it had to."""
        tokens = [token for name in self.steps for token in self._tokens(name)]
        quiet = [negation(self.any_status("ready", "running")), *(negation(token) for token in tokens)]
        claims = []
        ensures, text = self.instance.ensures, self.design.flow.ensures
        if ensures is not None:
            claims.append(Claim("ensures", "flow", ensures, f"the flow ensures {text}", position_of(text)))
        updates = {self.ref("flow").name: label("completed", FLOW_STATUS)}
        guard = conjunction([self.flow_is("running"), *quiet])
        return self._action("complete", guard, updates, self._label("end", outcome="completed"), claims)

    def _abort(self) -> Action:
        """Nothing is left to undo: the flow has ended as a failure."""
        owed = [self.ref(f"{name}.owed") for name, step in self.steps.items() if step.compensation is not None]
        waits_for = ("running", "undoing") if self.policy.siblings == "finish" else ("undoing",)
        settled = [equal(each, integer(0)) for each in owed]
        guard = conjunction([self.flow_is("aborting"), negation(self.any_status(*waits_for)), *settled])
        updates = {self.ref("flow").name: label("aborted", FLOW_STATUS)}
        return self._action("abort", guard, updates, self._label("end", outcome="aborted"))


def claim_if(condition: Expr, claim: Claim) -> Claim:
    """The claim, made only where the condition holds."""
    holds = implication(condition, claim.holds)
    return Claim(claim.kind, claim.name, holds, claim.message, claim.position)
