"""A simulation as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .result import SimulationResult, show_number, show_share, show_time


def lines_of(result: SimulationResult) -> Iterator[str]:
    """The lines of a result: what was simulated, its figures, how they were made, and what to bear in mind."""
    yield heading_of(result)
    rows = list(result.rows())
    cells = [[row.name, row.value, row.interval, row.exactly] for row in rows]
    yield from table([head_of(result), *cells], left=(0, 2))
    pools = pool_cells(result)
    if pools:
        yield ""
        yield from table(pools)
        yield ""
    yield from (f"  {line}" for line in remarks_of(result))


def heading_of(result: SimulationResult) -> str:
    """What was simulated, and how."""
    if not result.jobs:
        return f"{result.name}: exact values ({result.reason})"
    return f"{result.name}: {result.jobs:,} jobs, seed {result.seed}, by {result.back_end} ({result.reason})"


def head_of(result: SimulationResult) -> list[str]:
    """What the columns of the rows are."""
    if not result.jobs:
        return ["", "exactly", "between", ""]
    return ["", "found", f"{100 * result.mean.confidence:.6g} % interval", "exactly"]


def pool_cells(result: SimulationResult) -> list[list[str]]:
    """The workers as rows of a table with a head; only the columns of which something is known."""
    if not result.pools:
        return []
    columns = [("workers", list(result.pools))]
    for title, name, show in (
        ("busy", "busy", show_share),
        ("mean wait", "wait", show_time),
        ("mean queue", "queue", show_number),
        ("longest queue", "longest", show_number),
        ("down", "down", show_share),
    ):
        values = [getattr(each, name) for each in result.pools.values()]
        if any(value is not None for value in values):
            columns.append((title, ["" if value is None else show(value) for value in values]))
            exact = [result.exactly(f"{name} {pool}", show) for pool in result.pools]
            columns += [("exactly", exact)] if any(exact) else []
    return [[title for title, _ in columns], *map(list, zip(*(cells for _, cells in columns), strict=True))]


def remarks_of(result: SimulationResult) -> Iterator[str]:
    """How jobs ended, how many a second, how the figures were made, and notes."""
    if not result.jobs:
        yield from (f"note: {note}" for note in result.notes)
        return
    yield "ended: " + ", ".join(f"{count:,} {ending}" for ending, count in result.outcomes.items())
    if result.throughput is not None:
        messages = show_number(result.throughput * result.message_count)
        yield f"a second: {show_number(result.throughput)} jobs ended, {messages} messages"
    if result.warm_up_rule != "none":
        by = "as given" if result.warm_up_rule == "given" else f"by {result.warm_up_rule}"
        yield f"warm-up: the first {result.warm_up:,} jobs left out ({by})"
    yield f"intervals: the mean by {result.mean.method}; percentiles by {_method(result)}"
    if result.exact:
        times = ("mean", *(f"p{percent}" for percent in result.percentiles))
        methods = dict.fromkeys(result.exact[name].method for name in times if name in result.exact)
        yield f"exactly: by {'; '.join(filter(None, methods)) or 'counting'}"
    if result.precision is not None:
        yield _precision(result)
    if result.stopped == "seconds":
        yield f"stopped by the time limit: what is shown is what {result.jobs:,} jobs tell"
    if result.stopped == "interrupted":
        yield f"interrupted: what is shown is what was known by then, after {result.jobs:,} jobs"
    yield from (f"note: {note}" for note in result.notes)


def _method(result: SimulationResult) -> str:
    return next(iter(result.percentiles.values())).method if result.percentiles else "none"


def _precision(result: SimulationResult) -> str:
    found = show_share(result.sought.precision) if result.sought.precision < 10 else "unknown"
    reached = "reached" if result.stopped == "precision" else "NOT reached"
    asked = f"{show_share(result.precision or 0)} of the {result.precision_of}"
    return f"precision: {asked} was asked for, and {reached}: {found}"


def table(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> Iterator[str]:
    """Cells in columns, some of them to the left; columns without content, but for their head, are left out."""
    used = [index for index in range(len(rows[0])) if index == 0 or any(row[index] for row in rows[1:])]
    widths = {index: max(len(row[index]) for row in rows) for index in used}
    for row in rows:
        cells = [
            row[index].ljust(widths[index]) if index in left else row[index].rjust(widths[index]) for index in used
        ]
        yield ("  " + "  ".join(cells)).rstrip()
