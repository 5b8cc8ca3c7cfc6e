"""An exploration as HTML for notebooks: no scripts, all text escaped, readable on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from .exploration import Exploration
from .options import Option
from .screen import PAGE, data_of, heading, named_row, status_lines, told_option, why_rows
from .view import sections

_GOOD, _BAD = "#2a9d5c", "#d64545"  # each readable on white and on black
_CELL = "text-align:left;vertical-align:top;padding:.15em .9em .15em 0;border:0;background:none;color:inherit"
_TABLE = "border-collapse:collapse;border:0;background:none;color:inherit;font-size:inherit;margin:.3em 0"
_CODE = "background:none;color:inherit"
_FAINT = "opacity:.7"
MOST_ROWS = 60


def exploration_html(here: Exploration) -> str:
    """State, numbered options, and what is not enabled with the reasons, folded."""
    title, *notes = heading(here).splitlines()
    parts = [f"<p><strong>{_text(title)}</strong></p>"]
    parts += [f'<p style="{_FAINT}">{_text(note)}</p>' for note in notes]
    parts.append(_table(_state(here)))
    parts.append(_table(_options(here)))
    parts += [
        f'<p style="color:{_BAD if here.status != "finished" else _GOOD}">{_text(line.strip())}</p>'
        for line, _ in status_lines(here)
        if here.status != "open" and "'why'" not in line
    ]
    parts += [_blocked(here), _properties(here)]
    return f'<div style="color:inherit;line-height:1.4">{"".join(parts)}</div>'


def _text(value: object) -> str:
    return escape(str(value))


def _table(rows: Iterable[str]) -> str:
    body = "".join(rows)
    return f'<table style="{_TABLE}"><tbody>{body}</tbody></table>' if body else ""


def _row(*cells: str) -> str:
    inner = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)
    return f'<tr style="background:none">{inner}</tr>'


def _state(here: Exploration) -> Iterable[str]:
    for title, values in data_of(here):
        code = ", ".join(f'<code style="{_CODE};white-space:nowrap">{_text(value)}</code>' for value in values)
        yield _row(_faint(title), code)
    for section in sections(here.parts, here.values):
        yield _row(_faint(section.title), "<br>".join(map(_text, section.lines)))


def _faint(title: str) -> str:
    return f'<span style="{_FAINT};white-space:nowrap">{_text(title)}</span>'


def _options(here: Exploration) -> Iterable[str]:
    for number, option in enumerate(here.options[:PAGE], start=1):
        yield from _option(number, option, here)
    if len(here.options) > PAGE:
        yield _row("", "", f'<span style="{_FAINT}">and {len(here.options) - PAGE:,} more</span>')


def _option(number: int, option: Option, here: Exploration) -> Iterable[str]:
    step, *broken = told_option(number, option, here)
    actor = f"{step.actor} #{step.instance}" if step.instance else step.actor
    changes = _text(", ".join(map(str, step.changes)))
    yield _row(f"<strong>{number}</strong>", _text(actor), _text(step.text), f'<code style="{_CODE}">{changes}</code>')
    for line in broken:
        yield _row("", "", f'<span style="color:{_BAD}">✗ {_text(line.text)}</span>', "")


def _blocked(here: Exploration) -> str:
    found = why_rows(here)
    if not found:
        return ""
    shown = [_row(_text(named_row(row)), _text(row.why)) for row in found[:MOST_ROWS]]
    if len(found) > MOST_ROWS:
        shown.append(_row("", f"and {len(found) - MOST_ROWS:,} more"))
    title = f"not enabled: {len(here.blocked)} of {len(here.system.actions)} actions, and why"
    return f'<details><summary style="{_FAINT}">{title}</summary>{_table(shown)}</details>'


def _properties(here: Exploration) -> str:
    told = [each for each in here.properties if each.holds is not None]
    if not told:
        return ""
    shown = []
    for each in told:
        reaching = each.word in ("reachable", "possible")
        colour = _GOOD if each.holds else "inherit" if reaching else _BAD
        mark = "✓" if each.holds else "·" if reaching else "✗"
        shown.append(
            _row(f'<span style="color:{colour}">{mark}</span>', _text(each.name), _text(f"{each.word} {each.text}"))
        )
    opened = " open" if any(not e.holds and e.word in ("always", "never", "outcome") for e in told) else ""
    return f'<details{opened}><summary style="{_FAINT}">properties here</summary>{_table(shown)}</details>'
