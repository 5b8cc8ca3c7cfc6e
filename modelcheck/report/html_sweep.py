"""Sweeps and replications as HTML tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .elements import block, faint, table, text

if TYPE_CHECKING:
    from ..sweep import Replications, Sweep


def render_sweep(found: Sweep) -> str:
    """The table of a sweep, and what else there is to say about it."""
    head, *rows = found.shown()
    lines = [[f"<strong>{text(cell)}</strong>" for cell in head]]
    count = len(found.parameters)
    for row in rows:
        failed = len(row) < len(head)
        lines.append([faint(cell) if failed and place >= count else text(cell) for place, cell in enumerate(row)])
    remarks = "<br>".join(text(remark) for remark in found.remarks())
    return block(f"<p><strong>{text(found.heading())}</strong></p>", table(lines), f"<small>{remarks}</small>")


def render_replications(found: Replications) -> str:
    """The means over replications."""
    heading, *rest = (line.strip() for line in str(found).splitlines())
    rows = found.rows()
    remarks = "<br>".join(text(line) for line in rest[len(rows) :])
    return block(
        f"<p><strong>{text(heading)}</strong></p>",
        table([text(name), text(value), faint(interval)] for name, value, interval in rows),
        f"<small>{remarks}</small>",
    )
