"""Pieces of pages: no scripts, all text escaped, in the page's own colours, on light and on dark."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_CELL = "text-align:left;vertical-align:top;padding:.15em .9em .15em 0;border:0;background:none;color:inherit"
_TABLE = "border-collapse:collapse;border:0;background:none;color:inherit;font-size:inherit;margin:.3em 0"
FAINT = "opacity:.75"


def text(value: object) -> str:
    """A value as text that means nothing to a browser."""
    return escape(str(value))


def table(rows: Iterable[Iterable[str]]) -> str:
    """Rows of cells that are HTML already."""
    inner = "".join(
        f'<tr style="background:none">{"".join(f"<td style={_quoted(_CELL)}>{cell}</td>" for cell in row)}</tr>'
        for row in rows
    )
    return f'<table style="{_TABLE}"><tbody>{inner}</tbody></table>'


def faint(value: object) -> str:
    """Text that matters less."""
    return f'<span style="{FAINT}">{text(value)}</span>'


def coloured(value: object, colour: str) -> str:
    """Text in a colour that can be read on light and on dark."""
    return f'<span style="color:{colour};white-space:nowrap">{text(value)}</span>'


def figure(svg: str) -> str:
    """A picture that scrolls by itself where it is wider than the page."""
    return f'<div style="overflow-x:auto;margin:.5em 0">{svg}</div>'


def block(*parts: str) -> str:
    """A fragment of a page."""
    return f'<div style="color:inherit;line-height:1.4">{"".join(parts)}</div>'


def page(title: str, *parts: str) -> str:
    """A page of its own, in the reader's colours."""
    head = f'<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{text(title)}</title>'
    style = "font-family:system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em"
    return f'<!doctype html><html lang="en"><head>{head}</head><body style="{style}">{"".join(parts)}</body></html>\n'


def _quoted(style: str) -> str:
    return f'"{style}"'
