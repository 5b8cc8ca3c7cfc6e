"""Soundness by name: can it always complete, does completing leave nothing behind, can everything happen.

The notions are those of van der Aalst et al. (2011, "Soundness of workflow nets: classification, decidability, and
analysis"); relaxed soundness is Dehnert & van der Aalst's (2004), weak soundness Martens' (2005).

The end of a net are its final markings; of flows, that all have ended; of a `system`, where it is `finished`. Something
is left behind where a net has a marking strictly above a final one, or tokens pile up without bound; where something
can still happen although all flows have ended; where a `system` leaves its end again. What should happen at some time
are the transitions of a net, the steps of flows, the handlers of participants, the actions of a system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from .. import model
from ..compile import compile_model
from ..engine.completion import Completion
from ..engine.packed.graph import state_graph
from ..engine.state_graph import StateGraph
from ..engine.target import Limits
from ..errors import Problem, did_you_mean, position_of
from ..expressions import FALSE, IntType
from ..net import left_behind, with_sinks
from ..net.reduction import Reduction, reduce_net
from ..results import Result, Verdict
from ..system import TransitionSystem
from ..trace import Trace, replay
from .structure import flows_are_sound

NOTIONS = {
    "classical": "from everywhere the end can be reached, nothing is left behind there, and everything can happen",
    "weak": "from everywhere the end can be reached, and nothing is left behind there",
    "relaxed": "everything can happen on some way to the end",
    "easy": "the end can be reached",
}
COMPLETE, PROPER, ALIVE = "option to complete", "proper completion", "no dead transition"
ON_THE_WAY, REACHABLE = "everything on a way to the end", "an end"
PARTS = {
    "classical": (COMPLETE, PROPER, ALIVE),
    "weak": (COMPLETE, PROPER),
    "relaxed": (REACHABLE, ON_THE_WAY),
    "easy": (REACHABLE,),
}
STRUCTURE = frozenset({"structure"})
FEW = 20_000  # States up to which the whole net is searched for a shortest counterexample.
GROWING = (2_000, 50_000)  # States after which a net that may be unbounded is searched for growth.
MOST_NAMED = 10

Compute = Callable[[], Result]
Explore = Callable[[], StateGraph]


def asked_by_itself(design: model.Model) -> bool:
    """Whether soundness is asked of a model without a property that asks: of a net that has an end."""
    return isinstance(design, model.Net) and bool(design.final or design.sinks)


def names_by_themselves(design: model.Model) -> list[str]:
    """The names of the answers that come without a property that asks."""
    return [f"sound: {part}" for part in PARTS["classical"]] if asked_by_itself(design) else []


def soundness_results(
    design: model.Model,
    system: TransitionSystem,
    limits: Limits,
    graph: Explore,
    reductions: frozenset[str] = STRUCTURE,
) -> Iterator[tuple[str, Compute]]:
    """The name of each answer with the function that gives it: each property as a whole, what a net is asked by itself
    part by part. `reductions` without `structure`: nothing but the state graph decides."""
    inquiry = cache(lambda: _inquiry(design, system, limits, graph, reductions))
    for name, asked in design.properties.items():
        if asked.word == "sound" and str(asked.about) in NOTIONS:
            yield name, _together(name, PARTS[str(asked.about)], inquiry, system)
    for part in PARTS["classical"] if asked_by_itself(design) else ():
        yield f"sound: {part}", _together(f"sound: {part}", (part,), inquiry, system)


def has_end(design: model.Model, system: TransitionSystem) -> bool:
    """Whether there is an end to be reached."""
    return not isinstance(design, model.System | model.Net) or system.finished != FALSE


def soundness_problems(design: model.Model, system: TransitionSystem) -> Iterator[Problem]:
    """What is wrong with properties that ask for soundness: no such notion (E028), nothing to end in (E309)."""
    for name, asked in design.properties.items():
        if asked.word == "sound" and str(asked.about) not in NOTIONS:
            message = f"'{asked.about}' is not one of: {', '.join(NOTIONS)}"
            yield Problem("E028", message, position_of(name), did_you_mean(str(asked.about), NOTIONS))
        elif asked.word == "sound" and not has_end(design, system):
            what = "its 'finished' is never true" if isinstance(design, model.System) else "it has no final marking"
            hint = (
                "say with 'finished' where it has ended"
                if isinstance(design, model.System)
                else "give 'final', or a place that no transition takes from"
            )
            yield Problem("E309", f"'{design.name}' has no end to be sound about: {what}", position_of(name), hint)


@dataclass(frozen=True)
class Part:
    """The answer to one part: a verdict, why, and the trace where there is one. `shortest` as in `Result`.

    method: how it was found, where that is not how the others were.
    """

    verdict: Verdict
    reason: str
    trace: Trace | None = None
    shortest: bool = True
    method: str = ""


@dataclass(frozen=True)
class Inquiry:
    """The parts of soundness about one system, each answered when it is asked for."""

    part: Callable[[str], Part]
    method: str
    statistics: Mapping[str, float | int | str]


def _together(name: str, parts: Sequence[str], inquiry: Callable[[], Inquiry], system: TransitionSystem) -> Compute:
    def compute() -> Result:
        asked = inquiry()
        found = {part: asked.part(part) for part in parts}
        wrong = {part: each for part, each in found.items() if each.verdict != Verdict.PROVED}
        first = next(iter(sorted(wrong.values(), key=lambda each: _ORDER[each.verdict])), next(iter(found.values())))
        told = wrong or found
        reason = "; ".join(f"{part}: {each.reason}" if len(parts) > 1 else each.reason for part, each in told.items())
        return Result(
            name, "soundness", first.verdict, first.method or asked.method, reason, first.trace, first.shortest,
            assumptions=system.assumptions, statistics=asked.statistics, position=position_of(name),
        )  # fmt: skip

    return compute


_ORDER = {Verdict.REFUTED: 0, Verdict.UNKNOWN: 1, Verdict.BOUNDED: 2, Verdict.PROVED: 3}


def _inquiry(
    design: model.Model, system: TransitionSystem, limits: Limits, graph: Explore, reductions: frozenset[str]
) -> Inquiry:
    if isinstance(design, model.Net):
        return inquire_net(design, system, limits, reductions)
    if isinstance(design, model.Orchestration) and "structure" in reductions and flows_are_sound(design):
        reason = {
            COMPLETE: "what has arrived can start, what has started can end, and joins get all their tokens",
            PROPER: "a flow ends when no token is left, and nothing is in flight",
            ALIVE: "every step can be reached and run",
        }
        every = "whatever it does, every step can be run and the end reached"
        return Inquiry(lambda part: Part(Verdict.PROVED, reason.get(part, every)), "structure of the flow", {})
    found = completion_of(design, system, graph())
    return Inquiry(_Answers(found, design).part, "state graph", {"states": len(found.graph.states)})


def inquire_net(
    net: model.Net, system: TransitionSystem, limits: Limits, reductions: frozenset[str], few: int = FEW
) -> Inquiry:
    """On the reduced net where it is sound; else on the whole one, if it has few states, or with lifted runs."""
    if "structure" not in reductions:
        whole = _net_graph(net, system, limits)
        return Inquiry(_Answers(whole, net).part, "state graph", {"states": len(whole.graph.states)})
    reduction = reduce_net(net)
    small = reduction.net
    small_system = with_sinks(compile_model(small), small, reduction.sinks)
    reduced = _net_graph(small, small_system, limits, reduction.sinks)
    before, after = (len(each.places) + len(each.transitions) for each in (net, small))
    method = f"structural reduction (from {before:,} to {after:,} places and transitions), state graph"
    answers = _Answers(reduced, small, reduced=True)
    statistics: dict[str, float | int | str] = {"states": len(reduced.graph.states)}

    @cache
    def of_whole() -> _Answers:
        small_limits = replace(limits, states=min(limits.states, few))
        return _Answers(_net_graph(net, system, small_limits), net)

    def part(name: str) -> Part:
        found = answers.part(name)
        if found.verdict == Verdict.PROVED and found.trace is None:
            return found
        known = of_whole().part(name)
        if known.verdict == found.verdict:
            return replace(known, method="state graph")
        return _lifted(found, reduction, system)

    return Inquiry(part, method, statistics)


def _lifted(part: Part, reduction: Reduction, system: TransitionSystem) -> Part:
    """What was found in the reduced net, told of the whole one; the run is one of the whole net, and replayed."""
    if part.trace is None:
        return part
    number = {action.name: n for n, action in enumerate(system.actions)}
    small = [part.trace.system.actions[n].name for n in part.trace.actions]
    run = [number[name] for name in reduction.lifted(small)]
    state = next(iter(system.initial_states()))
    states = [state]
    for action in run:
        state = system.plain[action].update(state)
        states.append(state)
    loop = None if part.trace.loop is None else len(reduction.lifted(small[: part.trace.loop]))
    return replace(part, trace=replay(Trace(system, tuple(states), tuple(run), loop=loop)), shortest=False)


def completion_of(design: model.Model, system: TransitionSystem, graph: StateGraph) -> Completion:
    """The ends of a design in its state graph, and where something is left behind."""
    ends = graph.where(system.finished)
    left = np.zeros(len(graph.states), bool)
    if isinstance(design, model.System):
        left[graph.source[ends[graph.source] & ~ends[graph.target]]] = True
    elif not isinstance(design, model.Net):
        left[graph.source[ends[graph.source]]] = True
    return Completion(graph, ends, left, _units(design, system))


def _units(design: model.Model, system: TransitionSystem) -> dict[str, list[int]]:
    """What should happen at some time, by name, with the numbers of its actions."""
    units: dict[str, list[int]] = {}
    for number, action in enumerate(system.actions):
        label = action.label
        if label.step and label.phase in ("act", "start", "pass"):
            name = f"{label.actor}.{label.step}" if isinstance(design, model.Choreography) else label.step
            units.setdefault(name, []).append(number)
    return units


def _net_graph(
    net: model.Net, system: TransitionSystem, limits: Limits, sinks: Sequence[str] | None = None
) -> Completion:
    """The state graph of a net; where tokens may pile up, it grows until they do, it is whole, or a limit comes."""
    bounded = all(isinstance(v.type, IntType) and v.type.low is not None for v in system.variables)
    sizes = [] if bounded else [size for size in GROWING if size < limits.states]
    for size in [*sizes, limits.states]:
        graph = state_graph(system, replace(limits, states=size))
        places = {variable.name: variable.ref for variable in system.variables}
        left = graph.where(left_behind(net, places, sinks))
        found = Completion(graph, graph.where(system.finished), left, _units(net, system))
        if found.whole or graph.stopped != "states" or (not bounded and found.growth is not None):
            break
    return found


@dataclass(frozen=True)
class _Answers:
    """The parts of soundness, from a state graph."""

    found: Completion
    design: model.Model
    reduced: bool = False

    def part(self, name: str) -> Part:
        answer = {COMPLETE: self.complete, PROPER: self.proper, ALIVE: self.alive, ON_THE_WAY: self.on_the_way,
                  REACHABLE: self.reachable}  # fmt: skip
        return answer[name]()

    @property
    def kind(self) -> str:
        return {model.Net: "transition", model.Orchestration: "step", model.Choreography: "handler"}.get(
            type(self.design), "action"
        )

    def complete(self) -> Part:
        trace = self.found.hopeless()
        if trace is None:
            return self.unless_stopped("the end can be reached from everywhere")
        words = "it goes round for ever: the end can no longer be reached" if trace.loop is not None else "it is stuck"
        return Part(Verdict.REFUTED, f"{words}{self.tell(trace)}", trace)

    def proper(self) -> Part:
        trace = self.found.behind()
        if trace is not None:
            left = {model.Net: "more tokens than any end has", model.System: "it has ended, and leaves its end again"}
            words = left.get(type(self.design), "all has ended, and something is still going on")
            return Part(Verdict.REFUTED, f"{words}{self.tell(trace)}", trace)
        if (growth := self.growth) is not None:
            trace, smaller = growth
            grown = [
                variable.name
                for variable, before, after in zip(
                    trace.system.variables, trace.states[smaller], trace.states[-1], strict=True
                )
                if after > before
            ]
            words = f"tokens pile up without bound on {_listed(grown)}: what happens from step {smaller + 1} on"
            return Part(Verdict.REFUTED, f"{words} can be repeated for ever", trace)
        return self.unless_stopped(f"nothing is left behind{self.safety()}")

    @property
    def growth(self) -> tuple[Trace, int] | None:
        return self.found.growth if isinstance(self.design, model.Net) and not self.found.whole else None

    def safety(self) -> str:
        """How many tokens a place of a net can hold; of a reduced net that says nothing about the places it lacks."""
        if self.reduced or not isinstance(self.design, model.Net) or not self.found.graph.states:
            return ""
        most = max((max(state, default=0) for state in self.found.graph.states), default=0)
        return "; no place ever holds more than one token" if most <= 1 else f"; a place can hold {most:,} tokens"

    def alive(self) -> Part:
        never = self.found.never()
        if not never:
            return Part(Verdict.PROVED, f"every {self.kind} can happen")
        return self.unless_stopped("", f"never happens: {_listed(never)}")

    def on_the_way(self) -> Part:
        if self.found.end() is None:
            return self.reachable()
        never = self.found.never_completing()
        if not never:
            return Part(Verdict.PROVED, f"every {self.kind} is on some way to the end")
        return self.unless_stopped("", f"on no way to the end: {_listed(never)}")

    def reachable(self) -> Part:
        trace = self.found.end()
        if trace is not None:
            return Part(Verdict.PROVED, "the end can be reached", trace)
        return self.unless_stopped("", "no end can be reached")

    def unless_stopped(self, holds: str, fails: str = "") -> Part:
        """What is true if the whole graph was seen; else that a limit came first."""
        graph = self.found.graph
        if not graph.stopped:
            return Part(Verdict.REFUTED if fails else Verdict.PROVED, fails or holds)
        if self.growth is not None:
            return Part(
                Verdict.UNKNOWN, f"not decided: tokens pile up without bound ({len(graph.states):,} states seen)"
            )
        verdict = Verdict.BOUNDED if graph.stopped in ("states", "depth") else Verdict.UNKNOWN
        return Part(verdict, f"stopped at {len(graph.states):,} states: {graph.stopped}")

    def tell(self, trace: Trace) -> str:
        """Where the tokens of a net lie in the end."""
        if not isinstance(self.design, model.Net):
            return ""
        final = zip(trace.system.variables, trace.states[-1], strict=True)
        marked = [variable.name for variable, value in final if value]
        return f", with tokens on {_listed(marked)}" if marked else ", and no token is left"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
