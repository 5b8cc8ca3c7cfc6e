"""`leads_to` where every execution ends: then it is a question about the states in which executions end.

A monitor notes whether something has been asked for and not come yet. An execution that ends so is a counterexample;
one that never ends does not exist, so that fairness has nothing to say. Any engine can answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..engine.target import Answer, Limits, Target
from ..expressions import BOOL, Expr, conjunction, disjunction, equal, negation, well_defined
from ..system import Action, TransitionSystem, Variable
from ..trace import Trace, replay
from .question import Ask

AT_THE_END, EVER = "pending at the end", "ever asked for"


@dataclass(frozen=True)
class EndsPending:
    """What an engine says: a trace of the plain system to an end without the goal, whether the trigger ever happens
    (None: not known), and the engine's own answer, in which `excluded` says whether there is no such trace."""

    trace: Trace | None
    excluded: bool
    triggered: bool | None
    answer: Answer


def ends_pending(system: TransitionSystem, trigger: Expr, goal: Expr, engine: Ask, limits: Limits) -> EndsPending:
    """Whether an execution of a system that always ends can end with the trigger and, from then on, not the goal."""
    watched = _watched(system, trigger, goal)
    targets = [Target(AT_THE_END, stuck=True), Target(EVER, state=trigger)]
    answer = engine(watched, targets, limits)
    found = answer.traces.get(AT_THE_END)
    never = answer.complete or EVER in answer.proved
    triggered = True if EVER in answer.traces else False if never else None
    excluded = found is None and (answer.complete or AT_THE_END in answer.proved)
    return EndsPending(None if found is None else _plain(found, system), excluded, triggered, answer)


def _watched(system: TransitionSystem, trigger: Expr, goal: Expr) -> TransitionSystem:
    """The system with the monitor; it is not finished where something is pending."""
    stays = _holds(negation(goal))
    begins = _holds(conjunction([trigger, negation(goal)]))
    pending = Variable(_free("pending", system), BOOL, (False, True), "monitor")

    def updates(action: Action) -> Mapping[str, Expr]:
        asked = disjunction([pending.ref, action.after(begins)])
        return {pending.name: conjunction([action.after(stays), asked])}

    watched = system.observed((pending,), updates)
    initially = conjunction([system.initially, equal(pending.ref, begins)])
    return replace(watched, initially=initially, finished=negation(pending.ref))


def _holds(condition: Expr) -> Expr:
    """A condition that is false where it divides by zero."""
    return conjunction([well_defined(condition), condition])


def _free(name: str, system: TransitionSystem) -> str:
    while name in system.positions:
        name += "'"
    return name


def _plain(trace: Trace, system: TransitionSystem) -> Trace:
    """The trace without the monitor, as a path of the plain system."""
    width = len(system.variables)
    return replay(Trace(system, tuple(state[:width] for state in trace.states), trace.actions))
