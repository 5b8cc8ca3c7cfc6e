"""A trace as a sequence diagram in plain data: who stands there, what goes from whom to whom, what is said beside it.

`mermaid`, `sequence_drawing` (SVG, and figures in `plot.sequence`) are all made from this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..expressions import EnumType
from ..results import Result
from ..simulate.result import show_time
from ..system import Label, State
from ..trace import Trace
from .story import Line, Move, moves_of, receiver_of, story, tell


@dataclass(frozen=True)
class Arrow:
    """Something that goes from one lifeline to another (numbers in `lifelines`).

    kind: `call`, `reply`, `failure` (a reply that says so), `event`, or `dead` (given up; it goes nowhere). row: when
    it is sent. arrives: when it is taken, None where that never happens in this trace. mark: `again` (delivered once
    more), `lost`, `waiting` (not taken by the end), or nothing. undo: whether it belongs to undoing.
    """

    row: int
    source: int
    target: int
    text: str
    kind: str
    arrives: int | None
    mark: str = ""
    undo: bool = False


@dataclass(frozen=True)
class Note:
    """Something said at a lifeline: what it did by itself (`text`), and what changed.

    kind: `deed`, `begin`, and at the end `broken` or `reached`, which concern all lifelines.
    """

    row: int
    lifeline: int
    text: str
    changes: tuple[str, ...] = ()
    kind: str = "deed"
    undo: bool = False


@dataclass(frozen=True)
class Frame:
    """The rows first..last repeat."""

    first: int
    last: int
    text: str = "loop for ever"


@dataclass(frozen=True)
class Diagram:
    """A sequence diagram: lifelines from left to right, arrows and notes in order of time, frames around rows."""

    title: str
    lifelines: tuple[str, ...]
    items: tuple[Arrow | Note, ...]
    frames: tuple[Frame, ...]
    rows: int


@dataclass
class _Making:
    """The diagram while it is made."""

    trace: Trace
    times: Sequence[str] = ()
    names: list[str] = field(default_factory=list)
    items: list[Arrow | Note] = field(default_factory=list)
    row: int = 0
    # What waits in each queue: the arrow's place among the items, its event and its instance.
    waiting: dict[str, list[tuple[int, str, int]]] = field(default_factory=dict)

    def lifeline(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)

    def at(self, index: int) -> str:
        """The time of an action, where times are known."""
        return f"  @\N{NO-BREAK SPACE}{self.times[index]}" if self.times else ""

    def add(self, item: Arrow | Note) -> None:
        self.items.append(item)
        self.row = item.row + 1

    def step(self, line: Line, moves: Sequence[Move]) -> None:
        """The arrows and notes of one line of the story."""
        last = moves[-1].action.label
        who = f" #{line.instance}" if line.instance else ""
        actor = self.lifeline(last.actor if line.actor or last.phase != "act" else self.trace.system.name)
        undo = last.phase.startswith("undo")
        changes = tuple(str(change) for change in line.changes)
        again = sum(self.take(move.action.label) for move in moves) > 0
        if last.target and last.target != last.actor and last.step:
            self.call(line, moves, actor, who)
            if changes:
                self.add(Note(self.row, actor, "", changes, undo=undo))
            return
        receivers = bool(last.puts)
        deed = line.text.partition(", publishes ")[0] if receivers else line.text
        if last.phase == "publish" and receivers:
            deed = ""
        deed += " (delivered again)" if again else ""
        if deed or changes:
            told = f"{deed}{who}{self.at(moves[-1].index)}" if deed else ""
            self.add(Note(self.row, actor, told, changes, undo=undo))
        self.publish(moves[-1], actor, who)
        if last.text == "dead letter":
            self.add(Arrow(self.row, actor, actor, f"dead letter: {last.message}{who}", "dead", None))

    def call(self, line: Line, moves: Sequence[Move], actor: int, who: str) -> None:
        """A call of a service and its reply, or one of the two."""
        first, last = moves[0].action.label, moves[-1].action.label
        target = self.lifeline(last.target)
        undo = last.phase.startswith("undo")
        if first.phase in ("start", "undo start"):
            text = f"{'undo ' if undo else ''}{last.step}{who}{self.at(moves[0].index)}"
            self.add(Arrow(self.row, actor, target, text, "call", self.row, undo=undo))
        if last.phase in ("finish", "undo finish"):
            good = last.outcome in ("", "ok")
            said = line.text.partition(": ")[2] or ("undone" if undo and good else last.outcome or "ok")
            kind = "reply" if good else "failure"
            text = said + who + self.at(moves[-1].index)
            self.add(Arrow(self.row, target, actor, text, kind, self.row, undo=undo))

    def publish(self, move: Move, actor: int, who: str) -> None:
        """A message into each queue that receives one."""
        label = move.action.label
        row = self.row
        for queue in label.puts:
            room = _arrivals(self.trace, queue, move.before, move.after)
            for event in _into(self.trace, queue, label.publishes):
                lost = room is not None and room <= 0
                room = None if room is None else room - 1
                arrow = Arrow(
                    row, actor, self.lifeline(receiver_of(queue)), event + who + self.at(move.index), "event", None
                )
                if not lost:
                    self.waiting.setdefault(queue, []).append((len(self.items), event, label.instance))
                self.add(replace(arrow, mark="lost" if lost else "waiting"))
                row = self.row

    def take(self, label: Label) -> bool:
        """A message arrives where it is taken; one that comes again (says the answer) is an arrow once more."""
        waiting = self.waiting.get(label.queue, [])
        found = next((each for each in waiting if each[1:] == (label.message, label.instance)), None)
        if found is None:
            return False
        sent = self.items[found[0]]
        assert isinstance(sent, Arrow)
        again = sent.arrives is not None
        if not again:
            self.items[found[0]] = replace(sent, arrives=self.row, mark="")
        else:
            self.items.append(replace(sent, arrives=self.row, mark="again"))
        if label.then != "redelivered":
            waiting.remove(found)
        return again


def sequence_of(told: Trace | Result, times: Sequence[str] = ()) -> Diagram:
    """The sequence diagram of a trace, or of a result's trace with what it shows; `times`: when each action happens, if
    the result does not say so itself.

    Raises ValueError where a result has no trace.
    """
    trace = told if isinstance(told, Trace) else told.trace
    if trace is None:
        raise ValueError("this result has no trace to draw")
    lines = story(trace) if isinstance(told, Trace) else tell(told, timed=False)
    if isinstance(told, Result):
        times = times or [show_time(time) for time in told.times]
    making = _Making(trace, [time.replace(" ", "\N{NO-BREAK SPACE}") for time in times])
    moves = moves_of(trace)
    begins, loop = "", None
    for line in lines:
        if line.kind == "begin":
            begins = f"{line.text} {', '.join(str(change) for change in line.changes)}"
        elif line.kind == "loop":
            loop = making.row
        elif line.kind == "step":
            making.step(line, [moves[index] for index in line.actions])
    frames = () if loop is None else (Frame(loop, making.row - 1),)
    notes = list(_ends(told, lines, making.row))
    making.items += notes
    if begins:
        making.items.insert(0, Note(-1, 0, begins, kind="begin"))
    if not making.names:
        making.names.append(trace.system.name)
    title = trace.system.name if isinstance(told, Trace) else f"{trace.system.name}: {told.name}"
    return Diagram(title, tuple(making.names), tuple(making.items), frames, making.row + len(notes))


def _ends(told: Trace | Result, lines: Sequence[Line], row: int) -> Iterator[Note]:
    """What is wrong (or reached) in the end, with the values that show it."""
    last = lines[-1] if lines else None
    if isinstance(told, Result) and last is not None and last.kind in ("broken", "reached"):
        yield Note(row, 0, last.text, tuple(str(change) for change in last.changes), last.kind)
    elif isinstance(told, Trace) and told.broken is not None:
        yield Note(row, 0, told.broken.message or told.broken.name, kind="broken")


def _into(trace: Trace, queue: str, events: Sequence[str]) -> list[str]:
    """Which of these events go into a queue: those that it can hold."""
    place = trace.system.positions.get(f"{queue}.0.event")
    kind = None if place is None else trace.system.variables[place].type
    return [event for event in events if not isinstance(kind, EnumType) or event in kind.labels]


def _arrivals(trace: Trace, queue: str, before: State, after: State) -> int | None:
    """How many more messages a queue holds after an action; None where it is not known."""
    places = [
        place
        for name, place in trace.system.positions.items()
        if name.startswith(f"{queue}.") and name.endswith(".event")
    ]
    return sum((after[place] != 0) - (before[place] != 0) for place in places) if places else None
