"""Simulated runs as paths of the checked system: what the simulator did, told in the checker's words.

A run that is not a path of the system (`trace.replay` says so) shows that the simulator is wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .. import model
from ..expressions import Value
from ..system import Action, State, TransitionSystem
from ..trace import ReplayError, Trace
from .jobs import Happening
from .plan import plan_of
from .setting import alone, loop_for


@dataclass(frozen=True)
class Recording:
    """A simulation of a few jobs, with everything that happened; `system` has one instance, as the simulator ran it."""

    system: TransitionSystem
    begun: tuple[State, ...]
    arrived: tuple[float, ...]
    happenings: tuple[Happening, ...]


def record(design: model.Orchestration | model.Choreography, jobs: int = 1, seed: int = 1) -> Recording:
    """Simulates some jobs by the event loop and keeps every action. Raises `ModelError`."""
    system = alone(design)
    runs = loop_for(design, system, plan_of(design, seed), record=True).run(range(jobs))
    return Recording(system, runs.begun, runs.arrived, runs.happenings)


def trace_of(recording: Recording, system: TransitionSystem, job: int = 0) -> Trace:
    """A job that ran alone, as a path of the system with one instance."""
    own = [each for each in recording.happenings if each.job == job]
    states = (recording.begun[job], *(each.state for each in own))
    return Trace(system, states, tuple(each.number for each in own))


def joint_trace(recording: Recording, system: TransitionSystem) -> Trace:
    """Several jobs that shared workers and variables, as a path of the system with as many instances.

    It ends where a variable leaves its range: the other jobs of a simulation go on, a path of the system does not.
    Raises `ReplayError` where some action was not possible there, or did something else.
    """
    numbers: dict[str, list[int]] = {}
    for number, action in enumerate(system.actions):
        numbers.setdefault(_name(action), []).append(number)
    state = _initial(recording, system)
    states, actions = [state], []
    for each in recording.happenings:
        if not system.in_range(state):
            break
        name = f"{_name(recording.system.actions[each.number])}#{each.job + 1}"
        known = _projection(recording.system, system, each.job, each.state)
        following = [
            (number, after)
            for number in numbers.get(name, ())
            for after in system.plain[number].successors(state)
            if all(after[position] == value for position, value in known)
        ]
        if not following:
            raise ReplayError(f"{system.name}: '{name}' is not possible at {each.time:g}, or leads elsewhere")
        number, state = following[0]
        states.append(state)
        actions.append(number)
    return Trace(system, tuple(states), tuple(actions))


def _name(action: Action) -> str:
    """What an action is called, wherever in an unordered queue the message is that it takes: others' are in between."""
    return re.sub(r" at \d+", "", action.name) if action.label.queue else action.name


def _initial(recording: Recording, system: TransitionSystem) -> State:
    """The state in which all jobs are still to begin; shared variables are as the first job finds them."""
    state = [variable.initial[0] if variable.initial else False for variable in system.variables]
    for job in reversed(range(len(recording.begun))):
        for position, value in _projection(recording.system, system, job, recording.begun[job]):
            state[position] = value
    return tuple(state)


def _projection(one: TransitionSystem, many: TransitionSystem, job: int, state: State) -> list[tuple[int, Value]]:
    """What a job's state says about the state of all: its own variables and the shared ones."""
    found = []
    for variable, value in zip(one.variables, state, strict=True):
        own = f"{variable.name}#{job + 1}"
        if own in many.positions:
            found.append((many.positions[own], value))
        elif variable.role == "data":
            found.append((many.positions[variable.name], value))
    return found
