"""A comparison as people read it: short tables and plain sentences."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..simulate import Estimate
from ..simulate.result import show_time
from .crossover import Crossover
from .hypotheses import COMPARISON, MAXIMUM, SUM
from .scaling import message_growth

if TYPE_CHECKING:
    from .comparison import Comparison

WIDTH = 110
FORMULAS = {
    SUM: "Time(O) = sum + coordination overhead",
    MAXIMUM: "Time(Ch) = max + event overhead",
    COMPARISON: "the lower overhead decides",
}

Row = tuple[str, ...]


def render(found: Comparison) -> str:
    """The comparison as text."""
    heading = (
        f"{found.orchestration.name} (orchestration) beside {found.choreography.name} (choreography): "
        f"{found.jobs:,} jobs of each, seed {found.seed}, the same draws"
    )
    return textwrap.fill(heading, WIDTH) + "\n\n" + render_sections(sections(found))


def render_sections(found: Iterable[tuple[str, list[Row], list[str]]]) -> str:
    """Titles, tables and sentences."""
    blocks = []
    for title, rows, sentences in found:
        lines = [title, *table(rows)]
        for sentence in sentences:
            lines += textwrap.wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="  ")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def sections(found: Comparison) -> Iterator[tuple[str, list[Row], list[str]]]:
    """Each section of a comparison: its title, its rows, its sentences."""
    yield "tasks, with their mean durations", list(_tasks(found)), []
    yield "time", list(_times(found)), [_who(found), *_unequal(found)]
    yield "when the choreography is faster", [], [_law(found), _condition(found), _as_written(found)]
    yield "where both are equally fast", list(_crossovers(found)), []
    yield "hypotheses of the formulas that this pair breaks", list(_broken(found)), _kept(found)
    yield "messages a job, as simulated", list(_messages(found)), []
    yield (
        "complexity by the formulas",
        list(_complexity(found)),
        [*_degenerate(found), _complexity_order(found), _growth()],
    )
    if found.topologies is not None:
        yield "the orchestration's tasks in each topology", list(found.topologies.rows()), [_of_each(found)]
    yield "in short", [], [in_short(found)]


def _tasks(found: Comparison) -> Iterator[Row]:
    first, second = found.outlines
    there = {work.task: work for work in second.works.values() if work.mean is not None}
    yield "", "orchestration", "", "choreography", ""
    for work in first.works.values():
        if work.mean is not None:
            other = there.pop(work.task, None)
            right = (show_time(other.seconds), other.owner) if other is not None else ("-", "")
            yield work.task, show_time(work.seconds), work.owner, *right
    for work in there.values():
        yield work.task, "-", "", show_time(work.seconds), work.owner
    sums = found.formulas.orchestration_sum, found.formulas.choreography_sum
    yield "sum", show_time(sums[0]), "", show_time(sums[1]), ""
    if any(found.alone):
        alone = [sum(work.seconds for work in works) for works in found.alone]
        yield "of it only there", show_time(alone[0]), "", show_time(alone[1]), ""


def _times(found: Comparison) -> Iterator[Row]:
    formulas = found.formulas
    yield "", "orchestration", "", "choreography", ""
    yield (
        "by the seed's formula",
        show_time(formulas.seed_orchestration),
        f"{show_time(formulas.orchestration_sum)} + {show_time(formulas.coordination_overhead)} overhead",
        show_time(formulas.seed_choreography),
        f"{show_time(formulas.choreography_max)} + {show_time(formulas.event_overhead)} overhead",
    )
    yield (
        "longest causal path",
        show_time(formulas.orchestration_path_length),
        _path(formulas.orchestration_path),
        show_time(formulas.choreography_path_length),
        _path(formulas.choreography_path),
    )
    listener = "one listener: the sum" if formulas.inline else ""
    yield (
        "  with overheads",
        show_time(formulas.orchestration_time),
        _times_of(formulas.calls, "call"),
        show_time(formulas.choreography_time),
        listener or _times_of(formulas.hops, "event"),
    )
    first, second = found.simulated
    rows = [("simulated mean", first.mean, second.mean)]
    rows += [(f"  p{percent}", each, second.percentiles[percent]) for percent, each in first.percentiles.items()]
    for name, ours, theirs in rows:
        yield name, show_time(ours.value), _interval(ours), show_time(theirs.value), _interval(theirs)
    if not found.pairs.all_alike and len(found.pairs.orchestration):
        like = (show_time(float(each.mean())) for each in (found.pairs.orchestration, found.pairs.choreography))
        yield "  like for like", next(like), f"{100 * found.pairs.share:.3g} % of the jobs", next(like), ""


def _who(found: Comparison) -> str:
    pairs = found.pairs
    if not len(pairs.orchestration):
        return "There is no job in which both did the same tasks: nothing can be compared."
    where = "on average, job by job" if pairs.all_alike else "in the jobs in which both did the same tasks, job by job"
    low, high = sorted((abs(pairs.difference.low), abs(pairs.difference.high)))
    if found.faster is None:
        return f"No difference can be told {where} (choreography later by {_signed_interval(pairs.difference)})."
    percent = 100 * abs(pairs.difference.value) / max(pairs.orchestration.mean(), pairs.choreography.mean())
    between = f", between {show_time(low)} and {show_time(high)}" if high - low > 1e-9 * high else ""
    return (
        f"The {found.faster} is faster by {show_time(abs(pairs.difference.value))}{between} ({percent:.3g} %), {where}."
    )


def _unequal(found: Comparison) -> list[str]:
    """A warning where the two do not do the same work."""
    evidence = [each.evidence for each in found.broken if each.theorem == COMPARISON and "same tasks" in each.name]
    return [f"Mind that they do not do the same work: {each}." for each in evidence]


def _signed_interval(difference: Estimate) -> str:
    return f"{show_time(-difference.value)}, interval {show_time(-difference.high)} to {show_time(-difference.low)}"


def _law(found: Comparison) -> str:
    formulas = found.formulas
    parts = [formulas.choreography_max, formulas.choreography_path_length, formulas.choreography_sum]
    verdict = "holds" if formulas.law_holds else "is BROKEN, which cannot be: please report it"
    return f"The law max <= longest path <= sum {verdict}: {' <= '.join(show_time(each) for each in parts)}."


def _condition(found: Comparison) -> str:
    formulas = found.formulas
    if formulas.choreography_faster is None:
        return (
            "The exact condition (sum - longest path > event overhead - coordination overhead) speaks of sequential "
            "orchestrations only; this one runs steps side by side, so the longest paths with overheads decide: "
            f"{show_time(formulas.orchestration_time)} against {show_time(formulas.choreography_time)}."
        )
    sign, verdict = (">", "is faster") if formulas.choreography_faster else ("<=", "is not faster")
    what = "sum - sum (one listener serves all)" if formulas.inline else "sum - longest path"
    said = f"Exactly: {what} {sign} event overhead - coordination overhead, that is {show_time(formulas.saved)} {sign} "
    return f"{said}{show_time(formulas.paid)}: the choreography {verdict}, as far as mean durations decide."


def _as_written(found: Comparison) -> str:
    """Theorem 3.3.3 as the seed document states it, and what became of it here."""
    formulas = found.formulas
    said = "Theorem 3.3.3 as written (the greater overhead loses)"
    if formulas.paid >= 0:
        return f"{said} says nothing here: the coordination overhead is not above the event overhead."
    became = "; so it is, in simulation." if found.faster == "choreography" else f"; it is refuted: {_result(found)}."
    ours, theirs = show_time(formulas.coordination_overhead), show_time(formulas.event_overhead)
    return f"{said}: {ours} of coordination > {theirs} of events, so the choreography would be faster{became}"


def _result(found: Comparison) -> str:
    return "no difference can be told" if found.faster is None else f"the {found.faster} is faster"


def _crossovers(found: Comparison) -> Iterator[Row]:
    yield "overhead of", "now", "by formula", "simulated", ""
    for each in found.crossovers:
        exact = "exact" if each.formula_exact else "hypotheses broken"
        by_formula = f"{show_time(each.formula)} ({exact})" if each.formula is not None else "never"
        yield f"a{'n' if each.of == 'event' else ''} {each.of}", show_time(each.now), by_formula, *_simulated(each)


def _simulated(each: Crossover) -> tuple[str, str]:
    if each.simulated is None:
        return "never", each.reason
    return show_time(each.simulated.value), f"{_interval(each.simulated)} over {each.jobs:,} jobs"


def _broken(found: Comparison) -> Iterator[Row]:
    for hypothesis in found.broken:
        yield hypothesis.theorem, hypothesis.name, f"but {hypothesis.evidence}"


def _kept(found: Comparison) -> list[str]:
    said = []
    for theorem, formula in FORMULAS.items():
        broken = [hypothesis for hypothesis in found.broken if hypothesis.theorem == theorem]
        if not broken:
            said.append(f"{theorem} ({formula}): all its hypotheses hold.")
    return said


def _messages(found: Comparison) -> Iterator[Row]:
    for result in found.simulated:
        for name, count in result.messages.items():
            note = "2 for each execution of a step" if result.kind == "orchestration" else ""
            yield result.kind, name, f"{count:.4g}", note
    events = found.simulated[1].messages
    yield (
        "choreography",
        "both",
        f"{sum(events.values()):.4g}",
        "publishing and delivering are two operations of the broker",
    )


def _complexity(found: Comparison) -> Iterator[Row]:
    yield "", "formula", "counts", "natural log", "with log(1 + .)"
    for name, each in zip(("orchestration", "choreography"), found.complexities, strict=True):
        counts = ", ".join(str(count) for _, count in each.counts)
        literal = "not defined" if each.literal is None else f"{each.literal:.4g}"
        yield name, each.formula, counts, literal, f"{each.shifted:.4g}"


def _growth() -> str:
    """What was counted instead."""
    grown = message_growth()
    fitted = ", ".join(f"n^{each.message_exponent:.2f} ({each.kind})" for each in grown)
    counted = f"{', '.join(str(count) for count in grown[0].services[:-1])} and {grown[0].services[-1]}"
    return f"Counted instead: with n services, messages a job grow like {fitted}, fitted at n = {counted}."


def _of_each(found: Comparison) -> str:
    topologies = found.topologies
    assert topologies is not None
    return f"{topologies.sentence()} ({topologies.jobs:,} jobs each, the same draws.)"


def _degenerate(found: Comparison) -> list[str]:
    kinds = zip(("orchestration", "choreography"), found.complexities, strict=True)
    return [f"The {kind}'s formula says nothing: {each.degenerate}." for kind, each in kinds if each.degenerate]


def _complexity_order(found: Comparison) -> str:
    first, second = found.complexities
    order = found.complexity_order
    if order is None:
        return "They cannot be compared: the logarithm of 0 is not defined."
    sign = {-1: "<", 0: "=", 1: ">"}[order]
    powers = f"{first.argument}^{first.exponent} {sign} {second.argument}^{second.exponent}"
    warning = ", which says nothing where a formula degenerates" if first.degenerate or second.degenerate else ""
    return f"In whole numbers, whatever the base: {powers}{warning}."


def in_short(found: Comparison) -> str:
    """Sum or maximum is a matter of topology more than of style: with the numbers of this pair."""
    formulas = found.formulas
    path, ours = show_time(formulas.orchestration_path_length), show_time(formulas.orchestration_sum)
    if formulas.sequential:
        independent = show_time(found.outlines[0].longest)
        other = (
            f"takes the sum {ours} because its steps run one after another; side by side they could take {independent}"
        )
    else:
        other = f"runs steps side by side and takes {path}, not the sum {ours}"
    return (
        f"Sum or maximum is a matter of topology more than of style: this choreography {_shape(found)}. "
        f"The orchestration {other}."
    )


def _shape(found: Comparison) -> str:
    """What the choreography's topology makes of its tasks."""
    formulas = found.formulas
    path, most, total = formulas.choreography_path_length, formulas.choreography_max, formulas.choreography_sum
    slack, chain = 1e-9 * total, _path(formulas.choreography_path)
    if total - most <= slack:
        return f"has one task to wait for, so its maximum and its sum are both {show_time(total)}"
    if total - path <= slack:
        return f"is a chain ({chain}), so it takes the sum {show_time(total)}, not {show_time(most)}"
    if formulas.inline:
        return f"is served by one listener, in turn, so it takes the sum {show_time(total)}, not {show_time(most)}"
    if path - most <= slack:
        return (
            f"reacts with everything at once, so it takes the maximum {show_time(most)}, not the sum {show_time(total)}"
        )
    between = f"between the maximum {show_time(most)} and the sum {show_time(total)}"
    return f"takes its longest causal path {show_time(path)} ({chain}), {between}"


def _path(tasks: tuple[str, ...]) -> str:
    names = [task.rpartition(".")[2] for task in tasks]
    shown = names if len(names) <= 6 else [*names[:3], "...", *names[-2:]]
    return " -> ".join(shown)


def _times_of(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _interval(found: Estimate) -> str:
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return ""
    return f"[{show_time(found.low)}, {show_time(found.high)}]"


def table(rows: list[Row]) -> list[str]:
    """Rows in columns; the last column is wrapped."""
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        start = "  " + "".join(f"{text:<{width}}  " for text, width in zip(row, widths, strict=False))
        wrapped = textwrap.wrap(row[-1], max(30, WIDTH - len(start))) or [""]
        lines += [(start + wrapped[0]).rstrip(), *(" " * len(start) + more for more in wrapped[1:])]
    return lines
