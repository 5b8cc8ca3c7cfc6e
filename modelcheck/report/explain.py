"""The catalogue of codes for people: an entry or a list on the terminal, and the page `docs/errors.md`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

from ..catalogue import Entry
from ..errors import harmless

WIDTH = 100


def render_entry(entry: Entry) -> str:
    """One entry as text."""
    lines = [f"{entry.code}: {entry.title}", "", *textwrap.wrap(entry.text, WIDTH)]
    for heading, form in (("for example:", _forms(entry)), ("instead:", _remedies(entry))):
        lines += ["", heading]
        for _, text in form:
            lines += ["", *(f"    {harmless(line)}" for line in text.rstrip().splitlines())]
    return "\n".join(lines)


def render_meanings(word: str, meanings: Iterable[tuple[str, str]]) -> str:
    """What a word of the language means, in each of its places."""
    lines = [word]
    for where, text in meanings:
        lines += ["", f"{where}:", *(f"    {line}" for line in textwrap.wrap(text, WIDTH))]
    return "\n".join(lines)


def render_list(entries: Iterable[Entry]) -> str:
    """All codes with their titles, under headings."""
    lines: list[str] = []
    for part, group in groupby(entries, key=lambda entry: entry.part):
        lines += ["", part, *(f"  {entry.code}  {entry.title}" for entry in group)]
    return "\n".join(
        [
            *lines[1:],
            "",
            "`modelcheck explain CODE` says more; `modelcheck explain WORD` explains words of models, such as retry.",
        ]
    )


def render_page(entries: Iterable[Entry]) -> str:
    """The page of all codes, in Markdown."""
    return "\n".join(_page(entries)) + "\n"


def _page(entries: Iterable[Entry]) -> Iterator[str]:
    yield "# Errors and warnings"
    yield ""
    yield "What each code means, a smallest example that causes it, and what to write instead. On the command line:"
    yield "`modelcheck explain E120`. This page is made from `modelcheck/catalogue.yaml` by"
    yield "`modelcheck explain --markdown`."
    for part, group in groupby(entries, key=lambda entry: entry.part):
        yield from ("", f"## {part}")
        for entry in group:
            yield from ("", f"### {entry.code}: {entry.title}", "", *textwrap.wrap(entry.text, 118))
            yield from _fenced(_forms(entry))
            yield from ("", "Instead:")
            yield from _fenced(_remedies(entry))


def _fenced(forms: Iterable[tuple[str, str]]) -> Iterator[str]:
    for language, text in forms:
        yield from ("", f"```{language}", *map(harmless, text.rstrip().splitlines()), "```")


def _forms(entry: Entry) -> list[tuple[str, str]]:
    return _shown(entry.example, entry.command, entry.python)


def _remedies(entry: Entry) -> list[tuple[str, str]]:
    return _shown(entry.remedy, entry.remedy_command or (entry.command if entry.remedy else ""), entry.remedy_python)


def _shown(example: str, command: str, python: str) -> list[tuple[str, str]]:
    """The texts of an example with their languages; the command only where it says something."""
    found = [("yaml", example), ("console", f"$ {command.replace('MODEL', 'model.yaml')}"), ("python", python)]
    return [(language, text) for language, text in found if text.removeprefix("$ ")]
