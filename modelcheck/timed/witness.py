"""A timed run that is as late as its delays allow, as a path of the plain system with a time for each action."""

from __future__ import annotations

import math

from ..system import TransitionSystem
from ..trace import Trace, replay
from .node import Node, Timer
from .rules import Rules
from .zones import Bound, latest_times


def witness(system: TransitionSystem, rules: Rules, last: Node) -> tuple[Trace, tuple[float, ...], float]:
    """The run to a node, the time of each action, and the time when it stands there at the latest, in seconds."""
    path = [last]
    while path[-1].parent is not None:
        path.append(path[-1].parent)
    path.reverse()
    bounds: list[tuple[int, int, Bound]] = []
    begun: dict[Timer, int] = dict.fromkeys(path[0].timers, 0)
    for moment, node in enumerate(path[1:], start=1):
        bounds.append((moment, moment - 1, 0))
        assert node.fired is not None
        start = begun.pop(node.fired)
        low, high = node.window
        bounds += [(start, moment, high), (moment, start, -low)]
        # Those that go on had not fired by then.
        bounds += [(since, moment, rules.latest(path[moment - 1], timer)) for timer, since in begun.items()]
        begun |= {timer: moment for timer in node.timers if timer not in begun}
    final = len(path)
    bounds.append((final, final - 1, 0))
    if last.place.finished:
        bounds.append((final - 1, final, 0))
    bounds += [(since, final, rules.latest(last, timer)) for timer, since in begun.items()]
    times = latest_times(final + 1, bounds)
    steps = [step for node in path for step in node.steps]
    moments = [times[moment] for moment, node in enumerate(path) for _ in node.steps]
    trace = Trace(system, (path[0].begin, *(state for _, state in steps)), tuple(number for number, _ in steps))
    known = tuple(rules.unit.seconds(moment) for moment in moments)
    return replay(trace), known if all(map(math.isfinite, known)) else (), rules.unit.seconds(times[final])
