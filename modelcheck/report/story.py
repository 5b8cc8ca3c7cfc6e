"""A trace told as a story: who did what, one line a step, with what changed and nothing else.

A step's `start` and `finish` are one line unless something happened in between. Where a flow stands and what a queue
holds is told in words, not as changes of control variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..expressions import references
from ..results import Result, Verdict
from ..simulate.result import show_time
from ..system import DIVISION, Action, Label, State, TransitionSystem, Variable
from ..trace import Trace
from .evidence import false_part, read_by

MOST_MENTIONED = 8
LONG_STORY, FIRST_TOLD, LAST_TOLD = 40, 5, 10


@dataclass(frozen=True)
class Change:
    """A variable whose value became another, both as written in a model; `before` is empty where only one matters."""

    variable: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.variable} {self.before}→{self.after}" if self.before else f"{self.variable} = {self.after}"


@dataclass(frozen=True)
class Line:
    """One line of a story.

    kind: `begin` (which initial values), `step`, `more` (steps left out), `loop` (what follows repeats), `repeat` (it
    does), `broken` (what is wrong) or `reached`. number: 1, 2, ... for steps, else 0. instance: 0 where there is only
    one. actions: the actions told here, as their places in `told_actions` of the `unrolled` trace.
    """

    kind: str
    text: str
    actor: str = ""
    changes: tuple[Change, ...] = ()
    number: int = 0
    instance: int = 0
    actions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Move:
    """One action of a trace, with the state before and after it.

    `final` is the state after one that breaks its claim when it fires at the end.
    """

    index: int
    action: Action
    trace: Trace
    final: State | None = None

    @property
    def before(self) -> State:
        return self.trace.states[self.index]

    @property
    def after(self) -> State:
        return self.trace.states[self.index + 1] if self.final is None else self.final


def tell(result: Result, timed: bool = True) -> list[Line]:
    """The story of a result's trace with its last line, what it shows; empty for a result without a trace.

    timed: with the times of its actions, where they are known.
    """
    if result.trace is None:
        return []
    return [*_timed(story(result.trace), result.times if timed else ()), _conclusion(result, result.trace)]


def _timed(lines: Iterable[Line], times: Sequence[float]) -> list[Line]:
    """The lines with the time at which the last action of each happens, where times are known."""
    if not times:
        return list(lines)
    return [
        replace(line, text=f"{line.text}, at {show_time(times[line.actions[-1]])}") if line.actions else line
        for line in lines
    ]


def story(trace: Trace) -> list[Line]:
    """The lines of a trace. Where it breaks a claim, the action that does so is the last of them."""
    trace = unrolled(trace)
    moves = moves_of(trace)
    lines = list(_beginning(trace, moves))
    several = len({action.label.instance for action in trace.system.actions}) > 1
    for number, group in enumerate(_fused(moves, trace.loop), start=1):
        if trace.loop is not None and group[0].index == trace.loop:
            lines.append(Line("loop", "from here on it repeats:"))
        lines.append(_step(trace.system, group, number, several))
    if trace.loop is not None:
        lines.append(Line("repeat", "... and so on for ever"))
    return lines


def shortened(lines: Sequence[Line]) -> list[Line]:
    """A long story without its middle."""
    if len(lines) <= LONG_STORY:
        return list(lines)
    left_out = Line("more", f"... {len(lines) - FIRST_TOLD - LAST_TOLD:,} more steps")
    return [*lines[:FIRST_TOLD], left_out, *lines[-LAST_TOLD:]]


def unrolled(trace: Trace) -> Trace:
    """The same lasso with a loop that does not begin between the start and the finish of a step."""
    loop, actions = trace.loop, trace.system.actions
    if loop is None or loop == 0:
        return trace
    begun, ended = (actions[trace.actions[place]].label for place in (loop - 1, loop))
    if not _belong(begun, ended):
        return trace
    states = (*trace.states, trace.states[loop + 1])
    return replace(trace, states=states, actions=(*trace.actions, trace.actions[loop]), loop=loop + 1)


def moves_of(trace: Trace) -> list[Move]:
    """The actions of a trace in which no loop begins within a step (`unrolled`), with the one that breaks its claim."""
    trace = unrolled(trace)
    found = [Move(index, trace.system.actions[number], trace) for index, number in enumerate(trace.actions)]
    final = trace.states[-1]
    for number in told_actions(trace)[len(found) :]:
        after = next(
            (after for claim, after in trace.system.plain[number].findings(final) if claim == trace.broken), None
        )
        found.append(Move(len(found), trace.system.actions[number], trace, final if after is None else after))
    return found


def told_actions(trace: Trace) -> tuple[int, ...]:
    """The numbers of a trace's actions, with the one that breaks its claim when it fires in the final state, if the
    claim is not broken by then."""
    if trace.broken is None or _last_breaks(trace):
        return trace.actions
    for number, action in enumerate(trace.system.plain):
        named = trace.broken == DIVISION or trace.broken in action.action.claims
        if named and action.listed and trace.broken in action.broken(trace.states[-1]):
            return (*trace.actions, number)
    return trace.actions


def _last_breaks(trace: Trace) -> bool:
    if not trace.actions:
        return False
    last = trace.system.plain[trace.actions[-1]]
    return not last.listed or any(
        claim == trace.broken and after == trace.states[-1] for claim, after in last.findings(trace.states[-2])
    )


def _fused(moves: Sequence[Move], loop: int | None) -> Iterator[Sequence[Move]]:
    """The moves, with a start and the finish right after it together."""
    index = 0
    while index < len(moves):
        group = moves[index : index + 2]
        if len(group) < 2 or group[1].index == loop or not _belong(group[0].action.label, group[1].action.label):
            group = group[:1]
        yield group
        index += len(group)


def _belong(first: Label, second: Label) -> bool:
    pairs = {"start": "finish", "undo start": "undo finish"}
    same = (first.actor, first.step, first.instance) == (second.actor, second.step, second.instance)
    return same and pairs.get(first.phase) == second.phase


def _step(system: TransitionSystem, group: Sequence[Move], number: int, several: bool) -> Line:
    labels = [move.action.label for move in group]
    last = group[-1]
    before, after = group[0].before, last.after
    written = {name for move in group for name in move.action.updates}
    changes = _changes(system, before, after, written, "data")
    if not changes and labels[-1].phase == "act" and not labels[-1].queue:
        changes = _changes(system, before, after, written, "control")
    actor = labels[-1].actor
    return Line(
        "step",
        _deed(last.action, labels),
        "" if last.action.name.startswith(actor) and not labels[-1].text else actor,
        changes,
        number,
        labels[-1].instance if several else 0,
        tuple(move.index for move in group),
    )


def _changes(
    system: TransitionSystem, before: State, after: State, written: Iterable[str], role: str
) -> tuple[Change, ...]:
    found: dict[str, Change] = {}
    for place in sorted(system.positions[name] for name in written):
        variable = system.variables[place]
        if before[place] != after[place] and variable.role == role and variable.told_as not in found:
            values = (system.tell_value(place, state) for state in (before, after))
            found[variable.told_as] = Change(variable.told_as, *values)
    return tuple(found.values())


def _deed(action: Action, labels: Sequence[Label]) -> str:
    """What was done, in words."""
    label = labels[-1]
    place = f" at {label.target}" if label.target and label.target != label.actor else ""
    message = next((each.message for each in labels if each.queue and each.message), "")
    name = label.step.removeprefix(f"{label.actor}.")
    step = f"{name} on {message}" if message and message != name else name
    failed = label.outcome not in ("", "ok")
    outcome = "its check is false" if label.outcome == "check" else label.outcome or "ok"
    match label.phase:
        case "start":
            text = f"starts {step}{place}"
        case "finish":
            text = f"{'' if len(labels) > 1 else 'finishes '}{step}{place}: {outcome}"
        case "skip":
            text = f"skips {step}"
        case "undo start":
            text = f"starts to undo {step}{place}"
        case "undo finish":
            text = f"{'fails to undo' if failed else 'undoes'} {step}{place}"
        case "end":
            text = f"ends: {label.outcome}" if label.outcome else "ends"
        case "begin" | "pass":
            text = label.text
        case "publish":
            text = ""
        case _:
            text = label.text or _without_index(action.name, label.actor)
    notes = [each.text for each in labels if each.text and each.text not in (text, outcome)]
    text += "".join(f" {note}" if note.startswith("→") else f" ({note})" for note in notes)
    if label.phase == "publish":
        return _published(label) + text
    return ", ".join(part for part in (text, _published(label)) if part)


def _without_index(name: str, actor: str) -> str:
    """The name of an action without the index that its actor has, too: `buyer[1]` does `check`."""
    index = actor[actor.find("[") :] if actor.endswith("]") else ""
    return name.removesuffix(index) if index and name != actor else name


def _published(label: Label) -> str:
    """The events published and who receives them."""
    if not label.publishes:
        return ""
    receivers = ", ".join(dict.fromkeys(receiver_of(queue) for queue in label.puts))
    return f"publishes {', '.join(label.publishes)}" + (f" to {receivers}" if receivers else "")


def receiver_of(queue: str) -> str:
    """The participant that a queue `channel>participant` belongs to."""
    return queue.rpartition(">")[2]


def _beginning(trace: Trace, moves: Sequence[Move]) -> Iterator[Line]:
    """The initial values that were chosen among several, of the variables that matter in this trace."""
    matter: set[str] = set()
    for move in moves:
        matter |= references(move.action.guard)
        for name, update in move.action.updates.items():
            matter |= {name} | references(update)
    if trace.broken is not None:
        matter |= references(trace.broken.holds)
    chosen = [v for v in trace.system.variables if v.role == "data" and v.name in matter and _is_open(v)]
    if chosen:
        yield Line("begin", "begins with", changes=values_in(trace.system, trace.states[0], (v.name for v in chosen)))


def _is_open(variable: Variable) -> bool:
    values = variable.initial_values()
    return values is None or len(values) > 1


def values_in(system: TransitionSystem, state: State, names: Iterable[str]) -> tuple[Change, ...]:
    """The values of some variables in a state; of a part of a list, the whole list."""
    alone = len({action.label.instance for action in system.actions}) == 1
    places = [system.positions[name] for name in names]
    shown = {system.variables[place].told_as: system.tell_value(place, state) for place in places}
    return tuple(Change(name.removesuffix("#1") if alone else name, "", value) for name, value in shown.items())


def _conclusion(result: Result, trace: Trace) -> Line:
    """What the trace shows, with the values that show it; of a broken conjunction only what is false."""
    kind = "reached" if result.verdict == Verdict.PROVED else "broken"
    text = result.reason
    state = _telling_state(trace)
    if trace.broken is not None and (trace.broken.message or not text):
        text = trace.broken.message or f"{trace.broken.kind} of {trace.broken.name}"
    elif kind == "broken" and result.shows is not None and (part := false_part(trace.system, result.shows, state)):
        text = f"broken: {part}"
    text = text or ("reached" if kind == "reached" else f"'{result.name}' does not hold")
    return Line(kind, text, changes=values_in(trace.system, state, _mentioned(result, trace, state, text)))


# Claims about the state in which an action begins; others are about the one it leads to.
BEFORE = frozenset({"requires", "choice", "unhandled", "before"})


def _telling_state(trace: Trace) -> State:
    """The state whose values show what is wrong."""
    if trace.broken is None or not (moves := moves_of(trace)):
        return trace.states[-1]
    return moves[-1].before if trace.broken.kind in BEFORE else moves[-1].after


def _mentioned(result: Result, trace: Trace, state: State, text: str) -> list[str]:
    """The declared variables that decide what is shown, that a broken claim reads, or that a sentence names."""
    declared = [variable for variable in trace.system.variables if variable.role == "data"]
    if trace.broken is not None:
        named = references(trace.broken.holds)
        return [variable.name for variable in declared if variable.name in named][:MOST_MENTIONED]
    if result.shows is not None and (found := read_by(trace.system, result.shows, state)):
        return found[:MOST_MENTIONED]
    words = set(re.findall(r"[^\W\d][\w.]*", f"{result.name} {text}"))
    found = [variable.name for variable in declared if re.split(r"[\[#]", variable.name)[0] in words]
    return found[:MOST_MENTIONED]
