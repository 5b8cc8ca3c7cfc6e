"""What happens in a design, how often, and why the rest never does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from ..engine.arrays import Mask
from ..engine.state_graph import StateGraph
from ..expressions import Expr, Operation, conjunction, references, to_text, well_defined
from ..results import Coverage, Happening
from ..system import Action

_UNDOES = "starts to be undone"
_STARTS = ("starts", _UNDOES)
_PHASES = {"start": "starts", "skip": "is skipped", "pass": "is passed", "undo start": _UNDOES}
MOST_REASONS, LONGEST = 2, 200


def coverage_of(graph: StateGraph) -> Coverage:
    """How often each thing happens in a state graph; of what never does, which part of its condition is never true."""
    fired = np.bincount(graph.action, minlength=len(graph.system.actions))
    together: dict[tuple[str, str, str], list[int]] = {}
    for number, action in enumerate(graph.system.actions):
        together.setdefault(_named(action), []).append(number)
    never_begins = {
        (subject, what) for (subject, what, _), group in together.items() if what in _STARTS and not fired[group].any()
    }
    happenings = []
    for (subject, what, actor), group in together.items():
        times, why = int(fired[group].sum()), ""
        if not times:
            start = _UNDOES if what in ("is undone", "fails to be undone") else "starts"
            late = what not in (*_STARTS, "is skipped") and (subject, start) in never_begins
            why = f"it never {start}" if late else _why_never(graph, group)
        happenings.append(Happening(subject, what, actor, times, why))
    return Coverage(tuple(happenings), len(graph.states), len(graph.source), graph.stopped)


def _named(action: Action) -> tuple[str, str, str]:
    """What an action is, in the words of the model: of which step, what happens, by whom."""
    label = action.label
    match label.phase:
        case "act":
            return action.name, "", label.actor
        case "publish":
            return label.message, "is published", label.actor
        case "begin" | "end":
            return label.step or label.actor, label.outcome or ("begins" if label.phase == "begin" else "ends"), ""
        case "finish":
            branch = f" {label.text}" if label.text.startswith("→") else ""
            outcome = "its check is false" if label.outcome == "check" else label.outcome or "ok"
            return label.step, f"{outcome}{branch}", label.actor
        case "undo finish":
            return label.step, "is undone" if label.outcome in ("", "ok") else "fails to be undone", label.actor
    return label.step or action.name, _PHASES.get(label.phase, label.phase), label.actor


def _why_never(graph: StateGraph, group: Sequence[int]) -> str:
    """Why none of some actions ever happens: the reasons of each, the shortest first."""
    actions = (graph.system.actions[number] for number in group)
    reasons = sorted(dict.fromkeys(_reason(graph, action) for action in actions), key=len)
    more = f"; and {len(reasons) - MOST_REASONS} other reasons" if len(reasons) > MOST_REASONS else ""
    return "; ".join(reasons[:MOST_REASONS]) + more


def _reason(graph: StateGraph, action: Action) -> str:
    chosen = {parameter.name for parameter in action.parameters}
    conditions = [well_defined(action.guard), action.guard, action.updates_defined]
    asked = [part for each in conditions for part in _conjuncts(each) if not references(part) & chosen]
    core = never_together(graph, asked)
    if not core:
        return f"no value of {', '.join(sorted(chosen))} makes it possible"
    texts = [_text(part) for part in core]
    if len(texts) == 1:
        reached = re.fullmatch(r"ready\((.*)\)", texts[0])
        return "it is never reached" if reached else f"'{texts[0]}' is never true"
    return f"never together: {', '.join(repr(text) for text in texts)}"


def never_together(graph: StateGraph, conditions: Sequence[Expr]) -> tuple[Expr, ...]:
    """A smallest part of some conditions (none of it can be left out) that hold together in no state from which
    anything goes on; empty if all of them hold in one."""
    here = graph.in_range.copy()
    here[graph.expanded :] = False
    masks = [(condition, graph.where(condition)) for condition in conditions]
    # The rarest ones stay: they say most.
    masks.sort(key=lambda pair: -int((pair[1] & here).sum()))
    if _all(here, masks).any():
        return ()
    for pair in list(masks):
        rest = [each for each in masks if each is not pair]
        if not _all(here, rest).any():
            masks = rest
    return tuple(condition for condition, _ in masks)


def _all(here: Mask, masks: Sequence[tuple[Expr, Mask]]) -> Mask:
    return np.asarray(np.logical_and.reduce([here, *(mask for _, mask in masks)]), bool)


def _conjuncts(expr: Expr) -> Iterator[Expr]:
    if isinstance(expr, Operation) and expr.operator == "and":
        for argument in expr.arguments:
            yield from _conjuncts(argument)
    elif expr != conjunction([]):
        yield expr


def _text(expr: Expr) -> str:
    """A condition as the model's own words would put it: `charge.status#1 == running` is `running(charge)`."""
    text = re.sub(r"#\d+", "", to_text(expr))
    text = re.sub(r"([\w.\[\],-]+)\.status == (\w+)", r"\2(\1)", text)
    text = re.sub(r"([\w.\[\],-]+)\.owed > 0", r"an effect of \1 is to be undone", text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
