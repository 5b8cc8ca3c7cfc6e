"""From a place/transition net to its transition system: a variable a place, an action a transition.

A place gets a range where the structure of the net bounds its tokens (`bounds`): then no marking leaves it, and nothing
is cut off. Otherwise it holds any whole number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..declare import declare_names, declare_variables
from ..errors import ModelError
from ..expressions import (
    FALSE,
    TRUE,
    Expr,
    Ref,
    Resolver,
    compare,
    conjunction,
    disjunction,
    equal,
    integer,
    total,
)
from ..model import Net, NetTransition, Variable
from ..petri import Marking
from ..system import Action, Label, TransitionSystem
from .bounds import structural_bounds

PROCESS = "net"
MOST_BOUNDED = 5_000  # Places and transitions up to which bounds are computed.


def compile_net(net: Net) -> TransitionSystem:
    """The transition system of a net; its finished states are the final markings."""
    small = len(net.places) + len(net.transitions) <= MOST_BOUNDED
    bounds = structural_bounds(net) if small else {}
    declared = {
        name: Variable(type=f"0..{bounds[name]}" if name in bounds else "int", initial=place.tokens)
        for name, place in net.places.items()
    }
    resolver = Resolver()
    variables, scope = declare_variables(declared, declare_names(net, resolver), resolver)
    if resolver.problems:
        raise ModelError(resolver.problems)
    refs = {variable.name: variable.ref for variable in variables}
    actions = tuple(_action(name, each, refs) for name, each in net.transitions.items())
    return TransitionSystem(net.name, tuple(variables), actions, final_condition(net, refs), TRUE, scope)


def _action(name: str, each: NetTransition, places: dict[str, Ref]) -> Action:
    guard = conjunction(compare(">=", places[place], integer(number)) for place, number in each.takes.items())
    change = {
        place: each.gives.get(place, 0) - each.takes.get(place, 0)
        for place in dict.fromkeys([*each.takes, *each.gives])
    }
    updates = {place: total([places[place], integer(number)]) for place, number in change.items() if number}
    return Action(name, guard, updates, Label("act", name, step=name), process=PROCESS)


def with_sinks(system: TransitionSystem, net: Net, sinks: Sequence[str]) -> TransitionSystem:
    """The system of a net whose sinks are these, whether or not anything gives to them."""
    places = {variable.name: variable.ref for variable in system.variables}
    return replace(system, finished=final_condition(net, places, sinks))


def final_condition(net: Net, places: Mapping[str, Ref], sinks: Sequence[str] | None = None) -> Expr:
    """Where a net has ended: in a final marking; without any given, with tokens on sinks only and at most one on each.

    False for a net without sinks: that never ends. `sinks`: these, instead of those that the net has.
    """
    if net.final:
        return disjunction(_exactly(marking, places) for marking in net.final)
    sinks = net.sinks if sinks is None else sinks
    if not sinks:
        return FALSE
    rest = [equal(place, integer(0)) for name, place in places.items() if name not in sinks]
    once = [compare("<=", places[name], integer(1)) for name in sinks]
    some = disjunction(equal(places[name], integer(1)) for name in sinks)
    return conjunction([some, *once, *rest])


def left_behind(net: Net, places: Mapping[str, Ref], sinks: Sequence[str] | None = None) -> Expr:
    """Where a net has completed and left something behind: a marking strictly above a final one.

    Of several final markings only the largest count: below them it may still be on its way from one to another.
    Without final markings given: a sink has several tokens, or all sinks have one and some other place has, too.
    """
    if net.final:
        largest = [m for m in net.final if not any(_covers(other, m) and other != m for other in net.final)]
        return disjunction(_strictly_above(marking, places) for marking in largest)
    sinks = net.sinks if sinks is None else sinks
    twice = [compare(">", places[name], integer(1)) for name in sinks]
    complete = [compare(">=", places[name], integer(1)) for name in sinks]
    rest = disjunction(compare(">", place, integer(0)) for name, place in places.items() if name not in sinks)
    return disjunction([*twice, conjunction([*complete, rest])])


def _exactly(marking: Marking, places: Mapping[str, Ref]) -> Expr:
    return conjunction(equal(place, integer(marking.get(name, 0))) for name, place in places.items())


def _strictly_above(marking: Marking, places: Mapping[str, Ref]) -> Expr:
    above = [compare(">=", place, integer(marking.get(name, 0))) for name, place in places.items()]
    more = disjunction(compare(">", place, integer(marking.get(name, 0))) for name, place in places.items())
    return conjunction([*above, more])


def _covers(large: Marking, small: Marking) -> bool:
    return all(large.get(name, 0) >= number for name, number in small.items())
