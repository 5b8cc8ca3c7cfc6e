"""What is simulated: a design with its transition system and its plan."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from .. import model
from ..declare import shared_among
from ..errors import position_of
from ..system import State, TransitionSystem
from .events import EventLoop
from .plan import Plan, plan_of

Timed = model.Orchestration | model.Choreography


@dataclass(frozen=True)
class Setting:
    """An expanded design, its system with one instance, and its plan."""

    design: Timed
    system: TransitionSystem
    plan: Plan

    @property
    def shared(self) -> set[str]:
        """The variables that jobs share."""
        return shared_among(self.design, (v.name for v in self.system.variables if v.role == "data"))

    def loop(self, record: bool = False) -> EventLoop:
        """An event loop for it."""
        return loop_for(self.design, self.system, self.plan, record)


def setting_of(design: Timed, seed: int) -> Setting:
    """The setting of an expanded design; raises `ModelError` with what is wrong in its times."""
    return Setting(design, alone(design), plan_of(design, seed))


_KEPT: deque[tuple[Timed, TransitionSystem]] = deque(maxlen=2)


def alone(design: Timed) -> TransitionSystem:
    """The system with one instance, whose actions are those of the checked system, in the same order.

    A flow's workers do not limit it here: the pools do that, for all jobs together and in order of asking. A system
    does not know how long anything takes, so that designs which differ in that alone have the same: the last two are
    kept.
    """
    bare = _untimed(design)
    for known, system in list(_KEPT):
        if known == bare and position_of(known.name) == position_of(bare.name):
            return system
    system = _compiled(bare)
    _KEPT.append((bare, system))
    return system


def _compiled(design: Timed) -> TransitionSystem:
    if isinstance(design, model.Orchestration):
        from ..orchestration import compile_orchestration

        return compile_orchestration(design, instances=1, engines=False)
    from ..choreography import compile_choreography

    return compile_choreography(design, instances=1)


def _untimed(design: Timed) -> Timed:
    """The design without what a system does not depend on: times, workers of a flow, how often something fails."""
    if isinstance(design, model.Orchestration):
        services = {
            name: replace(each, time=None, workers=None, fails=dict.fromkeys(each.fails, 0.5))
            for name, each in design.services.items()
        }
        coordinators = {
            name: replace(each, concurrency=None, overhead=None) for name, each in design.coordinators.items()
        }
        flow = _untimed_flow(design.flow)
        flows = {name: _untimed_flow(each) for name, each in design.flows.items()}
        return replace(design, services=services, coordinators=coordinators, flow=flow, flows=flows, arrivals=None)
    participants = {
        name: replace(each, handlers={key: replace(handler, time=None) for key, handler in each.handlers.items()})
        for name, each in design.participants.items()
    }
    channels = {name: replace(each, publish=None, deliver=None) for name, each in design.channels.items()}
    return replace(design, participants=participants, channels=channels, arrivals=None)


def _untimed_flow(flow: model.Flow) -> model.Flow:
    steps = {
        name: replace(
            step,
            time=None,
            overhead=None,
            compensation=step.compensation and replace(step.compensation, time=None, overhead=None),
        )
        for name, step in flow.steps.items()
    }
    return replace(flow, steps=steps)


def loop_for(design: Timed, system: TransitionSystem, plan: Plan, record: bool = False) -> EventLoop:
    """An event loop for a design, from its system `alone` and its plan."""
    shared = shared_among(design, (v.name for v in system.variables if v.role == "data"))
    names = [v.name for v in system.variables if v.name in shared]
    return EventLoop(system, plan, endings_of(system), names, record)


def endings_of(system: TransitionSystem) -> Callable[[State, bool], str]:
    """How a finished job ended: a flow's status; a choreography has finished, or failed if a handler did for good."""
    statuses = [v for v in system.variables if v.role == "control" and v.name.split(" ")[0] == "flow"]
    if not statuses:
        return lambda _, failed: "failed" if failed else "finished"
    labels = getattr(statuses[0].type, "labels", ())
    places = [system.positions[variable.name] for variable in statuses]

    def ending(state: State, _: bool) -> str:
        """Of several flows, the ending that is not the best: one that has aborted counts."""
        found = {str(labels[int(state[place])]) for place in places}
        return found.pop() if len(found) == 1 else "aborted"

    return ending
