"""False conditions in words: "charge has not been reached: it waits for reserve", "stock >= 1 is false: stock = 0".

Where a flow stands and what a queue holds is told; conditions on data are written as they are, with the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..choreography.queues import AGAIN, EVENT, INSTANCE, NO_MESSAGE
from ..expressions import EnumType, Expr, Literal, Operation, Ref, references, show, substitute, to_text
from ..system import Action, State
from .parts import Part, Parts
from .truth import conjuncts

MOST_VALUES, LONGEST = 6, 160
_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_STEP_IS = {
    "waiting": "has not been reached", "ready": "has not started", "running": "is under way", "done": "is done",
    "skipped": "was skipped", "failed": "has failed", "undoing": "is being undone", "undone": "has been undone",
    "not undone": "could not be undone",
}  # fmt: skip
_HANDLER_IS = {
    "idle": "is not at work", "waiting": "has not begun", "running": "is at work",
    "retrying": "has failed and will try again", "done": "is done",
}  # fmt: skip
_FLOW_IS = {
    "running": "is running (nothing has failed)", "aborting": "is aborting", "completed": "has completed",
    "aborted": "has aborted",
}  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """Something that is so and should not be. `weight`: the smaller, the more it explains.

    `idle` marks what says no more than that something has not begun.
    """

    subject: str
    text: str
    weight: int = 5
    idle: bool = False

    def __str__(self) -> str:
        return f"{self.subject} {self.text}" if self.subject else self.text


class Words:
    """Tells false conditions of a system."""

    def __init__(self, parts: Parts):
        self.parts, self.system = parts, parts.system

    def facts(self, false: Expr, state: State, action: Action | None = None) -> list[Fact]:
        """Why a condition is false, as facts; what explains most comes first."""
        found = dict.fromkeys(fact for part in conjuncts(false) for fact in _Telling(self, state, action).false(part))
        return sorted(found, key=lambda fact: fact.weight)

    def written(self, expr: Expr, state: State) -> str:
        """A condition as it would be written in a model."""
        return _Telling(self, state, None).written(expr)


@dataclass(frozen=True)
class _Telling:
    """Telling about one state, for one action."""

    words: Words
    state: State
    action: Action | None

    @property
    def parts(self) -> Parts:
        return self.words.parts

    def shown(self, name: str) -> str:
        system = self.words.system
        return show(self.state[system.positions[name]], system.variables[system.positions[name]].type)

    def named(self, part: Part) -> str:
        """A step or handler; with its instance where it is another one than the action's."""
        own = self.action is None or part.instance in (0, self.action.label.instance)
        return part.subject if own else f"{part.subject} #{part.instance}"

    def false(self, expr: Expr) -> Iterator[Fact]:
        """Facts about a condition that is false."""
        if not isinstance(expr, Operation):
            yield from self.atom(expr, True)
        elif expr.operator == "not":
            yield from self.true(expr.arguments[0])
        elif expr.operator == "and":
            for argument in expr.arguments:
                yield from self.false(argument)
        elif expr.operator == "or":
            yield from self.alternatives(expr)
        else:
            yield from self.atom(expr, True)

    def true(self, expr: Expr) -> Iterator[Fact]:
        """Facts about a condition that is true and should not be."""
        if isinstance(expr, Operation) and expr.operator == "not":
            yield from self.false(expr.arguments[0])
        elif isinstance(expr, Operation) and expr.operator in ("and", "or") and self.about_control(expr):
            if expr.operator == "and" and (told := self.of_slots(expr)):
                yield told
                return
            facts = [fact for argument in expr.arguments for fact in self.true(argument)]
            yield from facts if expr.operator == "or" else _joined(facts)
        else:
            yield from self.atom(expr, False)

    def about_control(self, expr: Expr) -> bool:
        return bool(references(expr) & self.parts.by_name.keys())

    def alternatives(self, expr: Operation) -> Iterator[Fact]:
        """Nothing of what would do is so."""
        if not self.about_control(expr):
            yield self.of_data(expr, True)
            return
        facts = [fact for argument in expr.arguments for fact in self.false(argument)]
        missing = [fact for fact in facts if fact.text.startswith("waits for ")]
        reached = [fact for fact in facts if fact.text.startswith(_STEP_IS["waiting"])]
        if missing and reached:  # a join: the tokens that are there are no reason
            names = ", ".join(fact.text.removeprefix("waits for ") for fact in missing)
            yield Fact(missing[0].subject, f"{_STEP_IS['waiting']}: it waits for {names}", 1)
            return
        if missing:
            facts = [fact for fact in facts if fact not in missing]
        yield from _joined(facts)

    def atom(self, expr: Expr, wanted: bool) -> Iterator[Fact]:
        """Facts about something that is not combined: it is not as wanted."""
        named = sorted(references(expr) & self.parts.by_name.keys())
        parts = [self.parts.by_name[name] for name in named]
        kinds = {part.kind for part in parts}
        if len(parts) == 1 and (value := _compared(expr)) is not None:
            teller = _TELLERS.get(parts[0].kind)
            if teller is not None and (told := teller(self, parts[0], value, wanted)) is not None:
                yield told
                return
        if kinds and kinds <= {"step", "handler"}:
            yield self.busy(expr, parts)
            return
        if "place" in kinds:
            yield Fact("", "what was done last is undone first", 3)
            return
        if kinds & {"slot"} and any(self.is_void(part) for part in parts if part.kind == "slot"):
            return  # What a message says that is not there.
        yield self.of_data(expr, wanted)

    def busy(self, expr: Expr, parts: Iterable[Part]) -> Fact:
        """Workers are taken: who has them."""
        at_work = [part for part in parts if self.shown(part.variable.name) in ("running", "undoing", "retrying")]
        names = ", ".join(self.named(part) for part in at_work)
        who = (self.action.label.target or self.action.label.actor) if self.action else "it"
        limit = next((str(a.value) for a in getattr(expr, "arguments", ()) if isinstance(a, Literal)), "")
        return Fact(who, f"has no worker free: {names} (at most {limit} at once)" if names else "has no worker free", 3)

    def of_slots(self, expr: Operation) -> Fact | None:
        """The same message stands in the slot before: it is taken from there."""
        parts = [self.parts.by_name.get(name) for name in references(expr)]
        if all(part is not None and part.kind == "slot" for part in parts) and len({p.slot for p in parts if p}) > 1:
            return Fact("", "an equal message before it is taken first", 6)
        return None

    def is_void(self, part: Part) -> bool:
        """Whether a slot holds no message, or not one of the kind that the action takes."""
        event = self.shown(self.parts.queues[part.subject][part.slot][EVENT].name)
        return event == NO_MESSAGE or bool(self.action and event != self.action.label.message)

    def of_data(self, expr: Expr, wanted: bool) -> Fact:
        """A condition on data as it is written, with the values that it reads."""
        if isinstance(expr, Ref):
            name = self.readable(expr.name)
            return Fact("", f"{name} is {'false' if wanted else 'true'}")
        if not wanted:
            opposite = _OPPOSITE.get(expr.operator) if isinstance(expr, Operation) else None
            if isinstance(expr, Operation) and opposite:
                expr = Operation(opposite, expr.arguments, expr.type)
            else:
                expr = Operation("not", (expr,), expr.type)
        return Fact("", f"{self.written(expr)} is false{self.values(expr)}")

    def written(self, expr: Expr) -> str:
        """A condition as text, names of messages' parts as the model writes them."""
        renamed: dict[str, Expr] = {
            name: Ref(self.readable(name), self.parts.by_name[name].variable.type)
            for name in references(expr) & self.parts.by_name.keys()
        }
        text = to_text(substitute(expr, renamed))
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."

    def readable(self, name: str) -> str:
        part = self.parts.by_name.get(name)
        if part is None:
            return name
        if part.kind == "slot":
            return f"event.{part.target.rpartition('.')[2]}"
        return part.target if part.kind == "payload" else name

    def values(self, expr: Expr) -> str:
        positions = self.words.system.positions
        names = sorted((name for name in references(expr) if name in positions), key=positions.__getitem__)
        shown = [f"{self.readable(name)} = {self.shown(name)}" for name in names[:MOST_VALUES]]
        if len(names) > MOST_VALUES:
            shown.append(f"and {len(names) - MOST_VALUES} more")
        return f": {', '.join(shown)}" if shown else ""

    # What each kind of control variable says when it is not as wanted. `value` is what it is compared with.

    def flow(self, part: Part, value: str, _wanted: bool) -> Fact:
        name = "the flow" if part.subject == "flow" else part.subject
        is_now = self.shown(part.variable.name)
        return Fact(name, _FLOW_IS.get(is_now, f"is {is_now}"), 0, idle=value == "aborting" and is_now == "running")

    def step(self, part: Part, value: str, wanted: bool) -> Fact:
        is_now = self.shown(part.variable.name)
        text = _STEP_IS.get(is_now, f"is {is_now}")
        if wanted and value == "ready" and is_now == "waiting":
            text += self.waits_for(part)
        elif wanted and value in ("running", "undoing") and is_now in ("waiting", "ready"):
            text = "has not started"
        elif not wanted and is_now == "ready":
            text = "is still to start"
        return Fact(self.named(part), text, 1, idle=wanted and value in ("running", "undoing"))

    def waits_for(self, part: Part) -> str:
        """What must happen before a step is reached, and whether it still can."""
        before = self.parts.leading_to.get(part.variable.name, ())
        suffix = f"#{part.instance}" if part.variable.name.endswith(f"#{part.instance}") else ""
        over = ("done", "skipped", "failed", "undone", "not undone")
        names = {name: f"{name}.status{suffix}" for name in before}
        open_ = [name for name, status in names.items() if status not in self.parts.by_name]
        open_ += [name for name, status in names.items() if name not in open_ and self.shown(status) not in over]
        if open_:
            return f": it waits for {' or '.join(sorted(open_, key=before.index))}"
        return f": {' and '.join(before)} did not lead to it" if before else ""

    def token(self, part: Part, _value: str, wanted: bool) -> Fact:
        if wanted:
            return Fact(part.target, f"waits for {part.subject}", 1)
        return Fact(part.target, f"is still to come, {part.subject} has led to it", 1)

    def attempt(self, part: Part, _value: str, wanted: bool) -> Fact:
        number, most = self.shown(part.variable.name), getattr(part.variable.type, "high", "?")
        if wanted:
            return Fact(self.named(part), f"has had all its {most} attempts", 2)
        return Fact(self.named(part), f"will be tried again (this is attempt {number} of {most})", 2)

    def owed(self, part: Part, _value: str, _wanted: bool) -> Fact:
        if self.shown(part.variable.name) == "0":
            return Fact(self.named(part), "has nothing to undo", 2)
        return Fact(self.named(part), "is still to be undone", 2)

    def context(self, part: Part, _value: str, wanted: bool) -> Fact:
        if wanted:
            return Fact("", f"nothing has written '{part.subject}' to the context", 2)
        return Fact("", f"'{part.subject}' has been written to the context", 2)

    def handler(self, part: Part, value: str, wanted: bool) -> Fact:
        is_now = self.shown(part.variable.name)
        label = self.action.label if self.action else None
        own = label is not None and part.subject.startswith(label.step) and part.instance in (0, label.instance)
        idle = wanted and value in ("running", "retrying")
        if not own and not wanted and self.action is not None:
            name = self.named(part).removeprefix(f"{self.action.label.actor}.")
            return Fact(self.action.label.actor, f"is busy with {name}", 3)
        return Fact(self.named(part), _HANDLER_IS.get(is_now, f"is {is_now}"), 1, idle)

    def slot(self, part: Part, value: str, wanted: bool) -> Fact | None:
        if part.target == AGAIN:
            return None if self.is_void(part) else Fact("", "the message will not come again", 2)
        if part.target not in (EVENT, INSTANCE):
            return None
        if value == NO_MESSAGE and part.target == EVENT:
            return self.has_room(part, wanted)
        event, instance = (self.action.label.message, self.action.label.instance) if self.action else (value, 0)
        messages = self.parts.messages(part.subject, self.state)
        wanted_name = f"{event} #{instance}" if INSTANCE in self.parts.queues[part.subject][0] else event
        for place, message in enumerate(messages):
            if message.event == event and message.instance in (0, instance) and place > part.slot:
                return Fact(wanted_name, f"waits behind {messages[part.slot]}", 2)
        publishers = self.parts.publishers.get(event, ())
        by = f" ({', '.join(publishers)} {'publishes' if len(publishers) == 1 else 'publish'} it)" if publishers else ""
        return Fact("", f"no {wanted_name} in {part.subject}{by}", 0)

    def has_room(self, part: Part, wanted: bool) -> Fact:
        if wanted:
            return Fact("", f"the queue {part.subject} is full", 2)
        return Fact("", f"the queue {part.subject} is empty", 2)

    def published(self, part: Part, _value: str, wanted: bool) -> Fact:
        text = "has not been published" if wanted else "has been published"
        return Fact(self.named(part), text, 1)


def _joined(facts: list[Fact]) -> Iterator[Fact]:
    """Facts that count together."""
    facts = [fact for fact in facts if not fact.text.startswith("is running")] or facts
    if facts:
        text = " and ".join(dict.fromkeys(map(str, facts)))
        yield facts[0] if len(facts) == 1 else Fact("", text, min(fact.weight for fact in facts))


def _compared(expr: Expr) -> str | None:
    """What a variable is compared with, as it is written; "true" for a bare truth value."""
    if isinstance(expr, Ref):
        return "true"
    if isinstance(expr, Operation) and len(expr.arguments) == 2:
        pairs = (expr.arguments, expr.arguments[::-1])
        for left, right in pairs:
            if isinstance(left, Ref) and isinstance(right, Literal):
                kind = left.type if isinstance(left.type, EnumType) else right.type
                return show(right.value, kind)
    return None


_TELLERS: dict[str, Callable[[_Telling, Part, str, bool], Fact | None]] = {
    "flow": _Telling.flow,
    "step": _Telling.step,
    "token": _Telling.token,
    "attempt": _Telling.attempt,
    "owed": _Telling.owed,
    "context": _Telling.context,
    "handler": _Telling.handler,
    "slot": _Telling.slot,
    "published": _Telling.published,
}
