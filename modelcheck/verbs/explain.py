"""The verb explain."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .exits import GOOD
from .terminal import print_json

if TYPE_CHECKING:
    from ..catalogue import Entry


def run(chosen: argparse.Namespace) -> int:
    """Prints what codes of errors and warnings, or words of the language, mean; all codes without one."""
    from ..catalogue import catalogue, explanation
    from ..reference import meaning_of
    from ..report.explain import render_entry, render_list, render_meanings, render_page

    meanings = {word: meaning_of(word) for word in chosen.words if word.upper() not in catalogue()}
    entries = [explanation(word) for word in chosen.words if not meanings.get(word)]
    if not chosen.words:
        entries = list(catalogue().values())
    if chosen.json:
        words = [{"word": word, "where": where, "text": text} for word in meanings for where, text in meanings[word]]
        print_json({"entries": [entry.to_dict() for entry in entries], "words": words})
    elif chosen.markdown:
        print(render_page(entries), end="")
    elif chosen.words:
        by_code: dict[str, Entry] = {entry.code: entry for entry in entries}
        shown = [
            render_meanings(word, meanings[word]) if word in meanings else render_entry(by_code[word.upper()])
            for word in chosen.words
        ]
        print("\n\n".join(shown))
    else:
        print(render_list(entries))
    return GOOD
