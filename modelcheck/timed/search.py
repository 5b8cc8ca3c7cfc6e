"""Whether a job is done in time whatever its delays are: a search through the zones of a timed run.

The job is alone in an empty system and moves as in a simulation: what can happen at once does, what can start starts
when its call has been made and a worker is free, in any order of those who wait. A delay is any value between its
bounds, an outcome any that the system allows. Zones (see `zones`) hold all values of the delays at once; one that lies
in another one with everything else alike is not looked at again (Bengtsson and Yi 2004).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from ..simulate.setting import Setting
from ..simulate.walk import Ask, Flight, Move, Walk
from ..trace import Trace
from .node import GLOBAL, Message, Node, Timer
from .rules import Rules, rules_of
from .zones import Bound, Zone, at_least, at_most, includes, later, upper, with_clock, without_clock

MOST_NODES = 200_000


class Blocked(Exception):
    """A task waits for something that a job alone cannot bring about."""


@dataclass(frozen=True)
class WorstCase:
    """What the search has found. Times are in seconds.

    exceeded: a run that is not over in time, and the time of each of its actions (none where delays have no bounds);
    after: how long it lasts at least; never: it does not end at all. longest: how long a job takes at most, where all
    were looked at; else `stopped` says why not.
    """

    exceeded: Trace | None = None
    times: tuple[float, ...] = ()
    after: float = 0.0
    never: bool = False
    longest: float = 0.0
    stopped: str = ""
    nodes: int = 0


def worst_case(setting: Setting, within: float, seconds: float = 60.0, most: int = MOST_NODES) -> WorstCase:
    """Whether every job that is alone is over within so many seconds."""
    rules = rules_of(setting.plan, within)
    search = _Search(setting, Walk(setting.system), rules, rules.unit.whole(within))
    return search.run(time.monotonic() + seconds, most)


@dataclass
class _Search:
    setting: Setting
    walk: Walk
    rules: Rules
    within: Bound

    def run(self, until: float, most: int) -> WorstCase:
        seen: dict[tuple[object, ...], list[Zone]] = {}
        todo = deque(node for first in self._first() for node in self._settled(first))
        longest: Bound = 0
        nodes = 0
        while todo:
            node = todo.popleft()
            known = seen.setdefault(node.key, [])
            if any(includes(zone, node.zone) for zone in known):
                continue
            known.append(node.zone)
            nodes += 1
            if nodes > most or time.monotonic() > until:
                return WorstCase(stopped=f"{nodes:,} zones were looked at", nodes=nodes)
            if node.place.finished:
                longest = max(longest, upper(node.zone, GLOBAL))
                if longest > self.within:
                    return self._exceeded(node, nodes, False)
                continue
            passed = self._time_passes(node)
            if not node.timers or passed is None or upper(passed, GLOBAL) > self.within:
                return self._exceeded(node, nodes, not node.timers)
            todo.extend(each for fired in self._fired(node, passed) for each in self._settled(fired))
        return WorstCase(longest=self.rules.unit.seconds(longest), nodes=nodes)

    def _first(self) -> Iterator[Node]:
        for state in self.setting.system.initial_states():
            yield Node(self.walk.place(state), begin=state)

    def _time_passes(self, node: Node) -> Zone | None:
        """As much time as all timers allow."""
        zone: Zone | None = later(node.zone)
        for number, timer in enumerate(node.timers):
            zone = at_most(zone, number + 2, self.rules.latest(node, timer)) if zone is not None else None
        return zone

    def _fired(self, node: Node, zone: Zone) -> Iterator[Node]:
        """Each way in which a timer can be the next to fire."""
        for number, timer in enumerate(node.timers):
            kind, what, low, high = timer
            rest = node.timers[:number] + node.timers[number + 1 :]

            def reached(low: Bound, high: Bound, number: int = number) -> Zone | None:
                part = at_least(zone, number + 2, low)
                part = at_most(part, number + 2, high) if part is not None else None
                return None if part is None else without_clock(part, number + 2)

            if kind == "task":
                options = list(self.rules.outcomes(node, cast(Flight, what)))
                if not options:
                    raise Blocked(cast(Flight, what)[0][1])
                for outcome, window in options:
                    if (then := reached(*window)) is None:
                        continue
                    after = _child(node, rest, then, timer, window)
                    for move in node.place.finishes[cast(Flight, what), outcome]:
                        yield self._moved(after, move)
                continue
            if (then := reached(low, high)) is None:
                continue
            after = _child(node, rest, then, timer, (low, high))
            if kind == "call":
                yield replace(after, waiting=after.waiting | {cast(Ask, what)})
            else:
                queue, event, _ = cast(Message, what)
                inbox = tuple((queue, event, -1) if each == what else each for each in node.inbox)
                yield replace(after, inbox=inbox)

    def _settled(self, node: Node) -> Iterator[Node]:
        """All that happens at once, until time must pass: every way in which it can."""
        todo = [node]
        while todo:
            node = todo.pop()
            if node.place.immediate:
                todo.extend(self._moved(node, move) for move in node.place.immediate)
                continue
            node = self._asked(node)
            ready = self._ready(node)
            if not ready:
                yield _sorted(node)
            for ask in ready:
                todo.extend(self._started(node, ask, move) for move in node.place.starts[ask])

    def _asked(self, node: Node) -> Node:
        """Asks for what can start and was not asked for."""
        waiting = node.waiting & set(node.place.starts)
        timers, zone = node.timers, node.zone
        asked = {what for kind, what, *_ in timers if kind == "call"}
        for ask, moves in node.place.starts.items():
            if ask in asked or ask in waiting or (ask[1] and self._arrived(node, ask) is None):
                continue
            window = self.rules.call(ask, node.attempt(moves[0].flight))
            if window[1] == 0:
                waiting |= {ask}
            else:
                timers, zone = (*timers, ("call", ask, *window)), with_clock(zone)
        return replace(node, waiting=waiting, timers=timers, zone=zone)

    def _ready(self, node: Node) -> list[Ask]:
        """What starts now: one of those that do not take anything from each other, or any of those that do."""
        free = self._free(node)
        found = []
        for ask in sorted(node.waiting):
            task = self.rules.plan.tasks[ask[0]]
            held = node.place.starts[ask][0].flight in node.held
            taken = ask[1] and self._arrived(node, ask) is None
            if not taken and (held or all(free[pool] > 0 for pool in task.pools)):
                found.append(ask)
        wanted: dict[str, int] = dict.fromkeys(free, 0)
        for ask in node.waiting:
            for pool in self.rules.plan.tasks[ask[0]].pools:
                wanted[pool] += 1
        contended = any(wanted[pool] > max(free[pool], 0) for pool in free if wanted[pool])
        return found if contended or any(ask[1] for ask in found) else found[:1]

    def _free(self, node: Node) -> dict[str, int]:
        free = dict(self.rules.plan.pools)
        running = [flight for kind, flight, *_ in node.timers if kind == "task"]
        for flight in (*running, *node.held):
            for pool in self.rules.plan.tasks[cast(Flight, flight)[0]].pools:
                free[pool] -= 1
        return free

    def _arrived(self, node: Node, ask: Ask) -> Message | None:
        """The message that would be taken, if it is there: where a queue keeps order, not before those in front."""
        _, queue, message, _ = ask
        for each in node.inbox:
            if each[0] != queue:
                continue
            if each[2] < 0 and each[1] == message:
                return each
            if each[2] >= 0 and queue in self.rules.ordered:
                return None
        return None

    def _started(self, node: Node, ask: Ask, move: Move) -> Node:
        key, queue, _, _ = ask
        inbox = list(node.inbox)
        if queue:
            inbox.remove(cast(Message, self._arrived(node, ask)))
        node = replace(node, waiting=node.waiting - {ask}, held=node.held - {move.flight}, inbox=tuple(inbox))
        if key[0] != "act":
            node = replace(node, timers=(*node.timers, ("task", move.flight, 0, 0)), zone=with_clock(node.zone))
        return self._moved(node, move)

    def _moved(self, node: Node, move: Move) -> Node:
        """After an action: attempts are counted, messages are sent."""
        label, attempts, held = move.action.label, dict(node.attempts), node.held
        if label.phase in ("finish", "undo finish"):
            made = attempts.pop(move.flight, 0)
            if label.then in ("again", "again at once"):
                attempts[move.flight] = self.rules.counted(move.flight, made + 1)
            held = held | {move.flight} if label.then == "again at once" else held - {move.flight}
        place = self.walk.follow(move)
        node = replace(
            node,
            place=place,
            steps=(*node.steps, (move.number, place.state)),
            attempts=tuple(sorted(attempts.items())),
            held=held,
        )
        for number, event in enumerate(label.publishes):
            for receiver in self.rules.plan.receivers.get(event, ()):
                if (number, receiver.name) not in label.loses:
                    node = self._sent(node, event, receiver.name)
        return node

    def _sent(self, node: Node, event: str, queue: str) -> Node:
        window = self.rules.travel(event, queue)
        if window[1] == 0:
            return replace(node, inbox=(*node.inbox, (queue, event, -1)))
        serial = max((number for _, _, number in node.inbox), default=-1) + 1
        message = (queue, event, serial)
        return replace(
            node,
            inbox=(*node.inbox, message),
            timers=(*node.timers, ("message", message, *window)),
            zone=with_clock(node.zone),
        )

    def _exceeded(self, node: Node, nodes: int, never: bool) -> WorstCase:
        from .witness import witness

        trace, times, after = witness(self.setting.system, self.rules, node)
        return WorstCase(trace, times, after, never=never, nodes=nodes)


def _child(node: Node, timers: tuple[Timer, ...], zone: Zone, fired: Timer, window: tuple[Bound, Bound]) -> Node:
    return replace(node, timers=timers, zone=zone, parent=node, steps=(), fired=fired, window=window)


def _sorted(node: Node) -> Node:
    """The same moment with its timers in order, so that alike moments are alike."""
    order = sorted(range(len(node.timers)), key=lambda number: repr(node.timers[number]))
    if order == list(range(len(order))):
        return node
    places = [0, 1, *(number + 2 for number in order)]
    zone = tuple(tuple(node.zone[row][column] for column in places) for row in places)
    return replace(node, timers=tuple(node.timers[number] for number in order), zone=zone)
