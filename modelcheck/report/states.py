"""The state graph of a small system as a graph to draw: states as nodes, actions as edges, a counterexample marked.

A state in which a step has started and can only finish is drawn as part of the edge, where nothing is lost by that: all
that leads there starts the step, all that leads on finishes it. Of a large system only what is near a trace is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ModelError, Problem
from ..expressions import FALSE, BoolType, EnumType, Expr, references
from ..results import Result, Verdict
from ..system import Action, Label, State, TransitionSystem
from ..trace import Trace
from .story import moves_of

if TYPE_CHECKING:
    import networkx as nx

Graph: TypeAlias = "nx.MultiDiGraph[Any]"
Link = tuple[State, tuple[int, ...], State]

MOST_STATES = 60
_MOST_STUBS = 3  # states beside one of a trace
_AFTER = {"start": "finish", "undo start": "undo finish"}


@dataclass(frozen=True)
class _Found:
    """What is to be drawn: states in order, which lead where by which actions, and the way of a trace.

    An edge has the numbers of its actions: one, or the start and the finish of a step.
    """

    system: TransitionSystem
    states: Sequence[State]
    links: Sequence[Link]
    stubs: frozenset[State]
    way: Sequence[Link]


def states_graph(system: TransitionSystem, name: str, result: Result | None = None, violating: Expr = FALSE) -> Graph:
    """The graph of all reachable states; where they are too many, of those on a trace and beside it.

    result: whose trace is marked, if it is given. violating: what no state should be. Nodes are of kind `initial`,
    `state`, `finished`, `deadlock`, `violating`, `reached` (what a witness shows) or `stub` (more follows there), edges
    of kind `action` or `stub`, and `mark`ed where the trace goes. Raises `ModelError` (E906) where there are too many
    states and no trace.
    """
    trace = None if result is None else result.trace
    found = _all_of(system, trace) or (None if trace is None else _near(system, trace))
    if found is None:
        raise ModelError([_too_many(system)])
    return _graph(found, name, result, violating)


def _too_many(system: TransitionSystem) -> Problem:
    from ..engine.state_graph import explore
    from ..engine.target import Limits

    seen = explore(system, Limits(states=100_000, seconds=5.0))
    count = f"more than {len(seen.states):,}" if seen.stopped else f"{len(seen.states):,}"
    if not system.enumerable:
        count = "too many to list"
    message = f"'{system.name}' has {count} states, and {MOST_STATES} can be drawn"
    return Problem("E906", message, hint="draw those near a counterexample: --states --property NAME")


def _all_of(system: TransitionSystem, trace: Trace | None) -> _Found | None:
    """All states, where they are few once those within a step are left out."""
    from ..engine.state_graph import explore
    from ..engine.target import Limits

    seen = explore(system, Limits(states=4 * MOST_STATES, seconds=10.0))
    if seen.stopped or len(seen.states) > 4 * MOST_STATES:
        return None
    numbers = zip(seen.source.tolist(), seen.action.tolist(), seen.target.tolist(), strict=True)
    links: list[Link] = [(seen.states[a], (action,), seen.states[b]) for a, action, b in numbers]
    way = [] if trace is None else list(_way(system, trace))
    known = set(seen.states)
    extra = [link for link in way if link[2] not in known]  # the action that breaks a claim may lead out of a range
    states = [*seen.states, *dict.fromkeys(link[2] for link in extra)]
    links += [link for link in way if link not in set(links)]
    found = _fused(_Found(system, states, links, frozenset(), way))
    return found if len(found.states) <= MOST_STATES else None


def _near(system: TransitionSystem, trace: Trace) -> _Found:
    """The states of a trace, and beside each a few of those that other actions lead to."""
    way = list(_way(system, trace))
    first = tuple(trace.states[0][: len(system.variables)])
    states = list(dict.fromkeys([first, *(state for a, _, b in way for state in (a, b))]))
    on_way = set(states)
    links, stubs = list(dict.fromkeys(way)), []
    for state in list(states):
        beside = 0
        for action, after in system.successors(state) if system.enumerable and system.in_range(state) else ():
            if (state, (action,), after) in links:
                continue
            if after not in on_way:
                beside += 1
                if beside > _MOST_STUBS:
                    continue
                stubs.append(after)
            links.append((state, (action,), after))
    states += dict.fromkeys(stubs)
    return _fused(_Found(system, states, links, frozenset(stubs), way))


def _way(system: TransitionSystem, trace: Trace) -> Iterator[Link]:
    """The trace in a system without the monitors that watched it."""
    places = [trace.system.positions[variable.name] for variable in system.variables]
    numbers = {action.name: number for number, action in enumerate(system.actions)}
    for move in moves_of(trace):
        before, after = (tuple(state[place] for place in places) for state in (move.before, move.after))
        yield before, (numbers[move.action.name],), after


def _fused(found: _Found) -> _Found:
    """Without the states in which a step has started and can only finish."""
    into: dict[State, list[Link]] = {}
    out: dict[State, list[Link]] = {}
    for link in found.links:
        out.setdefault(link[0], []).append(link)
        into.setdefault(link[2], []).append(link)
    actions = found.system.actions
    within = set()
    for state in found.states:
        before, after = into.get(state, []), out.get(state, [])
        begun = [actions[numbers[-1]].label for _, numbers, _ in before]
        labels = {(_step(label), _AFTER.get(label.phase)) for label in begun}
        following = {(_step(label), label.phase) for _, (number,), _ in after for label in [actions[number].label]}
        ends_way = bool(found.way) and state in (found.way[-1][2], found.way[0][0])
        if before and after and labels == following and len(labels) == 1 and not ends_way and state not in found.stubs:
            within.add(state)
    links = [link for link in found.links if link[0] not in within and link[2] not in within]
    for state in within:
        links += [(a, (*start, *finish), b) for a, start, _ in into[state] for _, finish, b in out[state]]
    way: list[Link] = []
    for a, numbers, b in found.way:
        if a in within:
            before_it, start, _ = way.pop()
            way.append((before_it, (*start, *numbers), b))
        else:
            way.append((a, numbers, b))
    states = [state for state in found.states if state not in within]
    order = {state: place for place, state in enumerate(states)}
    links = sorted(dict.fromkeys(links), key=lambda link: (order[link[0]], link[1], order[link[2]]))
    return _Found(found.system, states, links, found.stubs, way)


def _step(label: Label) -> tuple[str, str, int]:
    return label.actor, label.step, label.instance


def _shown(found: _Found, result: Result | None, violating: Expr) -> Callable[[State], bool]:
    """Which states show what the result says, or are excluded by a property."""
    if result is None:
        return found.system.predicate(violating)
    if result.shows is not None and references(result.shows) <= found.system.positions.keys():
        return found.system.predicate(result.shows)
    last = found.way[-1][2] if found.way and result.trace is not None and result.trace.loop is None else None
    return lambda state: state == last


def _graph(found: _Found, name: str, result: Result | None, violating: Expr) -> Graph:
    import networkx as nx

    system = found.system
    graph: Graph = nx.MultiDiGraph(name=f"states of {name}")
    names = _names(found)
    shown = _shown(found, result, violating)
    good = result is not None and result.verdict == Verdict.PROVED
    leads = {link[0] for link in found.links}
    initial = set(system.initial_states()) if system.enumerable else {found.states[0]}
    marked = {state for a, _, b in found.way for state in (a, b)}
    for state in found.states:
        kind = "state"
        words: list[str] = []
        if state in initial:
            kind = "initial"
        if state in found.stubs:
            kind = "stub"
        elif system.is_finished(state) and state not in leads:
            words, kind = [*words, kind] if kind == "initial" else words, "finished"
        elif state not in leads and system.in_range(state):
            words, kind = [*words, kind] if kind == "initial" else words, "deadlock"
            words.append("deadlock")
        if not system.in_range(state):
            kind, words = "violating", [*words, "leaves its range"]
        elif shown(state):
            words += [kind] if kind in ("initial", "finished") else []
            kind, words = "reached" if good else "violating", [*dict.fromkeys(words), "reached" if good else "violates"]
        label = f"{', '.join(words)}:\n{names[state]}" if words else names[state]
        graph.add_node(f"s{len(graph)}", kind=kind, label=label, mark=state in marked)
    node = {state: f"s{place}" for place, state in enumerate(found.states)}
    steps: dict[Link, list[str]] = {}
    for place, link in enumerate(found.way, start=1):
        steps.setdefault(link, []).append(str(place))
    for a, action, b in found.links:
        on_way = steps.get((a, action, b))
        label = _words([system.actions[number] for number in action])
        label = f"{', '.join(on_way)}: {label}" if on_way else label
        kind = "stub" if b in found.stubs else "action"
        graph.add_edge(node[a], node[b], kind=kind, label=label, mark=bool(on_way))
    return graph


def _words(actions: Sequence[Action]) -> str:
    """What is said at an edge: one action, or a whole step with its outcome."""
    name, label = actions[-1].name, actions[-1].label
    who = f" #{label.instance}" if f"#{label.instance}" in name else ""
    again = ", comes again" if actions[0].label.then == "redelivered" else ""
    match label.phase:
        case "finish":
            text = f"{label.step}: {label.outcome or 'ok'}"
        case "undo finish":
            text = f"undo {label.step}{'' if label.outcome in ('', 'ok') else ' fails'}"
        case "start":
            text = f"{label.step} starts"
        case "undo start":
            text = f"undo {label.step} starts"
        case _:
            return name.replace("#", " #")
    return text + who + again


def _names(found: _Found) -> Mapping[State, str]:
    """Each state by what changes anywhere, written short; equal names are numbered."""
    system = found.system
    initial = next(iter(system.initial_states()), found.states[0]) if system.enumerable else found.states[0]
    changing = [
        (place, variable)
        for place, variable in enumerate(system.variables)
        if variable.role != "monitor" and len({state[place] for state in found.states}) > 1
    ]
    names: dict[State, str] = {}
    used: dict[str, int] = {}
    for state in found.states:
        told: dict[str, str] = {}  # a list is told once, whichever of its parts changes
        for place, variable in changing:
            told.setdefault(variable.told_as, _value(system, place, state, initial))
        parts = [words for words in told.values() if words]
        text = _counted(parts) or "as at first"
        used[text] = used.get(text, 0) + 1
        names[state] = text if used[text] == 1 else f"{text} ({used[text]})"
    return names


def _value(system: TransitionSystem, place: int, state: State, initial: State) -> str:
    """A variable in few words; where a flow stands only where it is not at the beginning."""
    variable, written = system.variables[place], system.tell_value(place, state)
    if variable.role == "data":
        if isinstance(variable.type, BoolType) and variable.told_as == variable.name:
            return variable.name if state[place] else f"not {variable.name}"
        return f"{variable.told_as} = {written}"
    if state[place] == initial[place] or not isinstance(variable.type, EnumType):
        return ""
    if variable.name.endswith(".event"):
        return f"{written} waits"
    return f"{variable.name.replace('.status', '')} {written}"


def _counted(parts: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for part in parts:
        counts[part] = counts.get(part, 0) + 1
    return "\n".join(part if count == 1 else f"{count} times {part}" for part, count in counts.items())
