"""An order of tasks as sums and maxima of independent delays.

An order is built from its elements in series and in parallel if and only if it can be taken apart again and again: into
parts that have nothing to do with each other, or into parts of which each precedes the next (Valdes, Tarjan and Lawler
1982, "The recognition of series parallel digraphs", SIAM J. Comput. 11). Then no delay is in two terms, and all
terms of a sum or of a maximum are independent.
"""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx

from ... import model
from ..maxplus import flow_order, obstacle
from ..plan import Plan, Task
from ..setting import Setting
from .laws import ways_of
from .reason import NotExact
from .tree import Leaf, Parallel, Series, Tree

MOST_DELAYS = 2_000


def tree_of(setting: Setting) -> Tree:
    """The time of a job as a tree, where its tasks and their order are always the same. Raises `NotExact`."""
    reason = setting.plan.only_by_events or obstacle(setting.design, setting.plan, setting.system)
    if reason:
        raise NotExact(reason)
    order, leaves = _order_of(setting)
    if len(leaves) > MOST_DELAYS:
        raise NotExact(f"there are more than {MOST_DELAYS:,} delays")
    closure = nx.transitive_closure_dag(order)
    return _take_apart(closure, leaves)


def _order_of(setting: Setting) -> tuple[nx.DiGraph[str], dict[str, Leaf]]:
    design, plan = setting.design, setting.plan
    if isinstance(design, model.Orchestration):
        order = flow_order(design)
        return order, {name: _leaf(plan.tasks["step", name]) for name in order}
    return _order_of_events(design, plan)


def _order_of_events(design: model.Choreography, plan: Plan) -> tuple[nx.DiGraph[str], dict[str, Leaf]]:
    from ..reactions import reactions

    order: nx.DiGraph[str] = nx.DiGraph()
    leaves: dict[str, Leaf] = {}
    for each in reactions(design):
        row = [f"handler {each.cause}"] if each.cause else []
        if each.event is not None:
            publish, deliver = plan.publish.get(each.event), plan.deliver.get((each.event, each.queue))
            for name, draws in ((f"publish {each.event}", publish), (f"deliver {each.handler}", deliver)):
                row.append(name)
                leaves[name] = Leaf(tuple((way.share, way.stages) for way in ways_of(draws.delay if draws else None)))
        row.append(f"handler {each.handler}")
        leaves[row[-1]] = _leaf(plan.tasks["step", each.handler])
        nx.add_path(order, row)
    return order, leaves


def _leaf(task: Task) -> Leaf:
    if len(task.shares) > 1 or task.timeout is not None:
        raise NotExact(f"'{task.key[1]}' may be tried again while others run")
    before = ways_of(task.overhead.delay if task.overhead else None)
    after = ways_of(task.delay.delay if task.delay else None)
    return Leaf(tuple((a.share * b.share, a.stages + b.stages) for a in before for b in after))


def _take_apart(order: nx.DiGraph[str], leaves: Mapping[str, Leaf]) -> Tree:
    """The tree of an order that is transitively closed."""
    names = list(order)
    if len(names) == 1:
        return leaves[names[0]]
    related: nx.Graph[str] = nx.Graph(order.edges)
    related.add_nodes_from(names)
    groups = list(nx.connected_components(related))
    kind: type[Series] | type[Parallel] = Parallel
    if len(groups) == 1:
        kind, groups = Series, list(nx.connected_components(nx.complement(related)))
    if len(groups) == 1:
        raise NotExact("its steps are not in series and in parallel, so that their times depend on each other")
    parts = [_take_apart(order.subgraph(group), leaves) for group in groups]
    parts = [part for part in parts if not _takes_no_time(part)] or parts[:1]
    return parts[0] if len(parts) == 1 else kind(tuple(parts))


def _takes_no_time(tree: Tree) -> bool:
    return isinstance(tree, Leaf) and not any(stages for _, stages in tree.ways)
