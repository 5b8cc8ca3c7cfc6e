"""Does every execution end? On the graph where that is enough, by ranking functions, else by a lasso.

Decompose first: only strongly connected parts of the graph can run for ever. A part without data is a cycle that
z3's unsat core names; a part with data needs a ranking function; what has none is searched for a lasso.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .. import model
from ..engine.blocks import large_blocks
from ..engine.fairness import FAIRNESS
from ..engine.liveness import find_lasso
from ..engine.rank_of_values import ValueRank, rank_of_values
from ..engine.ranking import Edge, RankResult, rank
from ..engine.state_graph import StateGraph
from ..engine.target import Limits
from ..errors import position_of
from ..expand import expand, flows_of
from ..expressions import (
    TRUE,
    Expr,
    Operation,
    Type,
    Value,
    conjunction,
    disjunction,
    negation,
    references,
    substitute,
    to_text,
)
from ..graph.flow import ABORT, END, flow_graph, jumps_after, loops
from ..orchestration import compile_orchestration
from ..orchestration.typed import TypedFlow, type_flow
from ..results import Result, Verdict
from ..system import TransitionSystem
from .endless import endless_trace
from .interference import shared_with_others
from .several import undisturbed_flows

MOST_RANKED = 8
MOST_SECONDS = 10.0


@dataclass(frozen=True)
class _Loops:
    """What can go round in a design: nodes, edges with data, the types of the data.

    undisturbed: a rank over them speaks for the whole system, since nobody else writes what they read.
    standing: what always holds of the variables that nothing ever changes.
    """

    nodes: tuple[Hashable, ...]
    edges: tuple[Edge, ...]
    types: Mapping[str, Type]
    undisturbed: bool = True
    standing: Expr = TRUE


def termination_result(
    design: model.Model,
    system: TransitionSystem,
    limits: Limits,
    name: str = "termination",
    graph: Callable[[], StateGraph] | None = None,
    fairness: str | None = None,
) -> Result:
    """The verdict on termination, with ranks, the cycle, or a lasso; `graph` gives the state graph if it is needed.

    fairness: which executions must end, if it is needed (None: as the design says)."""
    found = _loops(design, system)
    common = Result(name, "termination", Verdict.UNKNOWN, "", position=position_of(design.name))
    common = replace(common, assumptions=system.assumptions)
    ranked: RankResult | None = None
    if not found.edges:
        return replace(common, verdict=Verdict.PROVED, method="graph", reason="nothing goes round")
    # A few actions are worth a rank, which says why they end; many are sooner explored than ranked.
    worthwhile = len(found.edges) <= MOST_RANKED or not system.enumerable
    if found.undisturbed and worthwhile:
        ranked = rank(found.nodes, found.edges, found.types, dict.fromkeys(found.nodes, found.standing))
        if ranked.proved:
            measures = _measures(ranked)
            reason = f"every loop has a ranking function: {measures}"
            return replace(common, verdict=Verdict.PROVED, method=f"z3: {measures} decreases", reason=reason)
    if not (ranked and _recurrent_state(ranked)) and (
        parts := rank_of_values(system, min(limits.seconds, MOST_SECONDS))
    ):
        reason = f"every action decreases a rank: {told(parts)}"
        return replace(common, verdict=Verdict.PROVED, method="a weight for each value, z3", reason=reason)
    asked = fairness or design.fairness
    walks = ranked if isinstance(design, model.System) else None
    if walks is not None and (endless := _endless(common, system, walks, limits, asked)):
        return endless
    return _by_lasso(common, system, ranked, limits, graph, asked)


def _endless(
    common: Result, system: TransitionSystem, ranked: RankResult, limits: Limits, fairness: str
) -> Result | None:
    """The refutation by a walk that can always be taken again, though with other values each time.

    Everybody to whom this fairness is owed has a part in it."""
    for found in [loop.recurrence for loop in ranked.loops if loop.recurrence and not loop.recurrence.returns]:
        if shown := endless_trace(system, found, limits, fairness):
            trace, entry = shown
            names = ", ".join(map(str, found.edges))
            wherever = "" if found.where == TRUE else f" where {to_text(found.where)}"
            begin = f"after {entry} steps" if entry else "from its first state"
            reason = f"{begin} it can go on for ever: {names} can be taken again and again{wherever}"
            method = f"recurrent set, z3, {FAIRNESS[fairness]}"
            return replace(common, verdict=Verdict.REFUTED, method=method, trace=trace, reason=reason)
    return None


def told(parts: Sequence[ValueRank]) -> str:
    """A lexicographic rank as text."""
    return ", then ".join(map(str, parts))


def _by_lasso(
    common: Result,
    system: TransitionSystem,
    ranked: RankResult | None,
    limits: Limits,
    graph: Callable[[], StateGraph] | None,
    fairness: str,
) -> Result:
    """A fair cycle of the state graph; for data without bounds, from the state that z3 says recurs."""
    explored = system
    if not system.enumerable:
        common = replace(common, method="ranking functions, z3")
        if ranked is None:
            return replace(common, reason="others write what the loop reads, and there are too many states to list")
        explored = _starting_at(system, _recurrent_state(ranked))
        if not explored.enumerable:
            return replace(common, reason=f"no ranking function{_cycle(ranked)}, and too many states to list")
    known = graph() if graph is not None and explored is system else None
    lasso, answer = find_lasso(explored, within=TRUE, fairness=fairness, limits=limits, graph=known)
    why = _cycle(ranked) if ranked is not None else ""
    statistics: dict[str, float | int | str] = {"states": answer.states}
    common = replace(common, statistics=statistics)
    if lasso is not None:
        trace = replace(lasso, system=system)
        reason = f"it can go round for ever{why}"
        return replace(
            common,
            verdict=Verdict.REFUTED,
            method=f"lasso in the state graph, {FAIRNESS[fairness]}",
            trace=trace,
            reason=reason,
        )
    if answer.complete and explored is system:
        method = f"no fair cycle in the state graph, {FAIRNESS[fairness]}"
        return replace(common, verdict=Verdict.PROVED, method=method, reason="no execution goes round for ever")
    if answer.stopped in ("states", "depth"):
        return replace(
            common, verdict=Verdict.BOUNDED, method="state graph", reason=f"stopped at {answer.states:,} states{why}"
        )
    return replace(common, method="state graph", reason=f"no ranking function and no lasso found{why}")


def _measures(ranked: RankResult) -> str:
    """The measures that decrease, as text: `2 - attempts` at one place, `a, then b` where lexicographic."""
    texts = dict.fromkeys(", then ".join(loop.measure(loop.nodes[0])) for loop in ranked.loops)
    return "; ".join(text for text in texts if text) or "a measure of each loop"


def _cycle(ranked: RankResult) -> str:
    """The cycle that z3's unsat core names, as words."""
    cores = [", ".join(str(edge) for edge in loop.core) for loop in ranked.loops if loop.core]
    return f": nothing decreases along {'; '.join(cores)}" if cores else ""


def _recurrent_state(ranked: RankResult) -> dict[str, Value]:
    """The data with which z3 found a loop to come back to itself."""
    return {name: value for loop in ranked.loops if loop.recurrence for name, value in loop.recurrence.state.items()}


def _starting_at(system: TransitionSystem, witness: Mapping[str, Value]) -> TransitionSystem:
    """The system with the data that z3 chose: every execution of it is one of the system's."""
    variables = tuple(
        replace(v, initial=(witness[v.name],)) if v.initial is None and v.name in witness else v
        for v in system.variables
    )
    return replace(system, variables=variables)


def _loops(design: model.Model, system: TransitionSystem) -> _Loops:
    match design:
        case model.Orchestration():
            flows = flows_of(expand(design))
            alone = undisturbed_flows(design)
            found = [_flow_loops(each, name in alone) for name, each in flows.items()]
            edges = tuple(edge for each in found for edge in each.edges)
            # What one flow never changes another one may: it stands only where nobody does.
            one = system if not edges or str(design.instances) == "1" else compile_orchestration(design, instances=1)
            return _Loops(
                tuple(node for each in found for node in each.nodes),
                edges,
                {name: kind for each in found for name, kind in each.types.items()},
                all(each.undisturbed for each in found),
                _standing(one),
            )
        case model.Choreography():
            return _event_loops(design)
        case _:
            edges = tuple(Edge("system", "system", a.guard, a.updates, a.name) for a in system.actions)
            types = {variable.name: variable.type for variable in system.variables}
            undisturbed = not any(action.parameters for action in system.actions)
            return _Loops(("system",), edges, types, undisturbed, _standing(system))


def _event_loops(design: model.Choreography) -> _Loops:
    """Who sets off whom, with what is known of the payloads; private state is left out, so that a rank (a time to
    live that decreases) holds for every state, instance and channel."""
    from .delivery import emission_data, emission_edges

    if not _cyclic(tuple(emission_edges(design))):
        return _Loops((), (), {})
    edges, types = emission_data(design)
    nodes = tuple(dict.fromkeys(node for edge in edges for node in (edge.source, edge.target)))
    return _Loops(nodes, tuple(edges), types)


def _cyclic(edges: tuple[Edge, ...]) -> tuple[Edge, ...]:
    """The edges, if they contain a cycle; none otherwise."""
    import networkx as nx

    graph = nx.DiGraph((edge.source, edge.target) for edge in edges)
    return () if nx.is_directed_acyclic_graph(graph) else edges


def _flow_loops(design: model.Orchestration, alone: bool) -> _Loops:
    """Loops of one flow, endless retries, and compensations that are retried for ever; `alone`: no other flow writes
    what it reads."""
    graph = flow_graph(design)
    cyclic = loops(graph)
    endless = [
        (name, what) for name, step in design.flow.steps.items() for what in _retried_for_ever(design, name, step)
    ]
    if not cyclic.parts and not endless:
        return _Loops((), (), {})
    typed = type_flow(design, instances=1)
    steps = typed.instances[0].steps
    edges = [Edge(name, name, TRUE, {}, f"{what} is tried again") for name, what in endless]
    inside = {name for part in cyclic.parts for name in part}
    for source, target, data in graph.edges(data=True):
        if source not in inside or target in (END, ABORT) or data["kind"] not in ("sequence", "jump"):
            continue
        step = steps[source]
        effect = step.effects.get(data["outcome"], {})
        condition = (
            _condition(step.branches(data["outcome"]), target) if jumps_after(step.step, data["outcome"]) else TRUE
        )
        unknown = {parameter.name: parameter.type for parameter in step.parameters if data["outcome"] == "ok"}
        guard = conjunction([step.when, substitute(condition, effect), step.assumed if unknown else TRUE])
        edges.append(Edge(source, target, guard, effect, f"{source} → {target}", unknown))
        if step.when != TRUE and data["outcome"] == "ok":
            # A skipped step passes its token on without its effect.
            skipped = conjunction([negation(step.when), condition])
            edges.append(Edge(source, target, skipped, {}, f"{source} skipped → {target}"))
    if any(edge.reads for edge in edges):
        edges = large_blocks(edges)
    undisturbed = alone and _undisturbed(design, typed, inside, edges)
    return _Loops(tuple(steps), tuple(edges), typed.types, undisturbed)


def _standing(system: TransitionSystem) -> Expr:
    """What is assumed at the start about variables that no action changes: it holds for ever."""
    written = {name for action in system.actions for name in action.updates}
    initially = system.initially
    parts = initially.arguments if isinstance(initially, Operation) and initially.operator == "and" else (initially,)
    kept = [part for part in parts if not references(part) & written]
    kept += [v.starts for v in system.variables if v.name not in written and v.role == "data"]
    return conjunction(kept)


def _condition(branches: list[tuple[str | None, Expr]], target: str) -> Expr:
    """When any of the transitions to a step is taken."""
    return disjunction(condition for to, condition in branches if to == target)


def _retried_for_ever(design: model.Orchestration, name: str, step: model.Step) -> Iterator[str]:
    """What may be tried again without end: a step, undoing it."""
    retry = step.retry or design.policies.retry
    outcomes = model.outcome_names(step, design.services.get(step.service or ""))
    if retry is not None and retry.attempts is None and any(outcome in retry.on for outcome in outcomes):
        yield name
    undo = step.compensation
    if undo is not None and undo.fails > 0 and design.policies.compensation.on_undo_failure == "retry":
        yield f"undoing {name}"


def _undisturbed(design: model.Orchestration, typed: TypedFlow, inside: set[str], edges: list[Edge]) -> bool:
    """Whether only the loop itself writes what its guards and effects read: then ranks over it are sound."""
    read = {name for edge in edges for name in references(edge.guard)}
    read |= {name for edge in edges for value in edge.updates.values() for name in references(value)}
    if any(effect for name in inside for o, effect in typed.instances[0].steps[name].effects.items() if o != "ok"):
        return False  # A failed attempt may change what the loop counts.
    if shared_with_others(design, read):
        return False
    parallel_writers = (
        name
        for other, step in typed.instances[0].steps.items()
        if other not in inside
        for effect in step.effects.values()
        for name in effect
    )
    # A step before the loop may write too; then the graph is still sound, since a rank holds for all entry values,
    # but a parallel one is not told apart here, so any writer outside sends the question to the state graph.
    return not read & set(parallel_writers) and not any(_forks(design, name) for name in inside)


def _forks(design: model.Orchestration, name: str) -> bool:
    return sum(name in (step.after or ()) for step in design.flow.steps.values()) > 1
