"""What the control variables of a system are, read off their types and names: where a flow stands, what a queue holds.

The compilers of flows and of choreographies choose these names; everything else here only asks for a `Part`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..choreography.queues import AGAIN, EVENT, INSTANCE, NO_MESSAGE
from ..expressions import EnumType, Literal, show
from ..graph.events import OUTSIDE
from ..orchestration.control import FLOW_STATUS, STEP_STATUS
from ..system import State, TransitionSystem, Variable

_SLOT = re.compile(r"(?P<queue>.+>.+?)\.(?P<slot>\d+)\.(?P<part>.+)")
_ENDINGS = {".attempt": "attempt", ".owed": "owed", ".place": "place", ".dead_letter": "dead letter"}


@dataclass(frozen=True)
class Part:
    """What a control variable says.

    kind: `flow`, `step` (its status), `token` (from `subject` to `target`), `attempt`, `owed`, `place`, `stack` (how
    many steps are owed), `context`, `handler` (its status), `payload` (what a handler works on), `slot` (of a queue),
    `published`, `dead letter`, `other`. subject: the step, handler, queue or event; target: a token's step, a slot's or
    payload's part.
    """

    variable: Variable
    kind: str
    subject: str
    target: str = ""
    slot: int = 0

    @property
    def instance(self) -> int:
        return self.variable.instance or 0


@dataclass(frozen=True)
class Message:
    """A message in a queue: its event, its instance (0: there is only one), payload, how often it may come again."""

    event: str
    instance: int = 0
    payload: Mapping[str, str] = field(default_factory=dict)
    again: int = 0

    def __str__(self) -> str:
        text = f"{self.event} #{self.instance}" if self.instance else self.event
        if self.payload:
            text += f" ({', '.join(f'{name} = {value}' for name, value in self.payload.items())})"
        return f"{text} [may come again]" if self.again else text


def plain_name(variable: Variable) -> str:
    """A variable's name without its instance."""
    return variable.name.removesuffix(f"#{variable.instance}") if variable.instance else variable.name


class Parts:
    """The control variables of a system by their names."""

    def __init__(self, system: TransitionSystem):
        self.system = system
        self.by_name = {each.name: _part(each) for each in system.variables if each.role == "control"}

    @cached_property
    def queues(self) -> dict[str, list[dict[str, Variable]]]:
        """The slots of each queue: what each part of a message is in."""
        found: dict[str, dict[int, dict[str, Variable]]] = {}
        for part in self.by_name.values():
            if part.kind == "slot":
                found.setdefault(part.subject, {}).setdefault(part.slot, {})[part.target] = part.variable
        return {queue: [slots[index] for index in sorted(slots)] for queue, slots in found.items()}

    def shown(self, variable: Variable, state: State) -> str:
        """The value of a variable as it is written."""
        return show(state[self.system.positions[variable.name]], variable.type)

    def messages(self, queue: str, state: State) -> list[Message]:
        """What a queue holds, in order."""
        found = []
        for slot in self.queues.get(queue, ()):
            shown = {part: self.shown(variable, state) for part, variable in slot.items()}
            if shown[EVENT] == NO_MESSAGE:
                break
            payload = {name: value for name, value in shown.items() if name not in (EVENT, INSTANCE, AGAIN)}
            own = {
                name.rpartition(".")[2]: value
                for name, value in payload.items()
                if "." not in name or name.startswith(f"{shown[EVENT]}.")
            }
            found.append(Message(shown[EVENT], int(shown.get(INSTANCE, 0)), own, int(shown.get(AGAIN, 0))))
        return found

    @cached_property
    def leading_to(self) -> dict[str, tuple[str, ...]]:
        """The steps whose end makes a step's status `ready`, by the name of that variable."""
        ready = Literal(STEP_STATUS.labels.index("ready"), STEP_STATUS)
        found: dict[str, dict[str, None]] = {}
        for action in self.system.actions:
            for name, update in action.updates.items():
                if update == ready and f"{action.label.step}.status" != plain_name(self.by_name[name].variable):
                    found.setdefault(name, {})[action.label.step] = None
        return {name: tuple(steps) for name, steps in found.items()}

    @cached_property
    def publishers(self) -> dict[str, tuple[str, ...]]:
        """Who publishes an event: steps and handlers, or the outside."""
        found: dict[str, dict[str, None]] = {}
        for action in self.system.actions:
            for event in action.label.publishes:
                found.setdefault(event, {})[action.label.step or action.label.actor] = None
        return {event: tuple(names) for event, names in found.items()}


def _part(variable: Variable) -> Part:
    name, kind = plain_name(variable), variable.type
    if kind == FLOW_STATUS:
        return Part(variable, "flow", name)
    if kind == STEP_STATUS:
        return Part(variable, "step", name.removesuffix(".status"))
    if found := _SLOT.fullmatch(name):
        return Part(variable, "slot", found["queue"], found["part"], int(found["slot"]))
    if isinstance(kind, EnumType) and name.endswith(".status"):
        return Part(variable, "handler", name.removesuffix(".status"))
    if name.startswith("context."):
        return Part(variable, "context", name.removeprefix("context."))
    if name.startswith(f"{OUTSIDE}."):
        return Part(variable, "published", name.split(".", 2)[-1])
    if name == "owed":
        return Part(variable, "stack", name)
    for ending, meaning in _ENDINGS.items():
        if name.endswith(ending):
            return Part(variable, meaning, name.removesuffix(ending))
    if ">" in name:
        source, _, target = name.partition(">")
        return Part(variable, "token", source, target)
    if ".event." in name:
        handler, _, payload = name.partition(".event.")
        return Part(variable, "payload", handler, f"event.{payload}")
    return Part(variable, "other", name)
