"""An exploration as plain data: what `--json` prints."""

from __future__ import annotations

from ..expressions import to_text
from .blocked import short_name
from .exploration import Exploration
from .options import Option


def exploration_data(here: Exploration) -> dict[str, object]:
    """Where one stands, what can happen, what cannot and why; numbers of options are those that `choose` takes."""
    return {
        "model": here.design.name,
        "step": here.position,
        "status": here.status,
        "shows": here.shows,
        "state": here.state,
        "options": [_option(number, option) for number, option in enumerate(here.options, start=1)],
        "blocked": [
            {
                "action": short_name(each.action),
                "instance": each.action.label.instance,
                "kind": each.kind,
                "false": to_text(each.false),
                "why": [str(fact) for fact in each.facts],
            }
            for each in here.blocked
        ],
        "properties": [
            {"name": each.name, "word": each.word, "about": each.text, "holds": each.holds} for each in here.properties
        ],
    }


def _option(number: int, option: Option) -> dict[str, object]:
    chosen = {name: str(value) for name, value in option.chosen}
    return {
        "number": number,
        "action": short_name(option.action),
        "instance": option.action.label.instance,
        "words": option.words,
        "changes": {change.variable: {"from": change.before, "to": change.after} for change in option.changes},
        "breaks": [{"kind": claim.kind, "name": claim.name, "message": claim.message} for claim in option.breaks],
        "choices": chosen,
        "needs": [variable.name for variable in option.needs],
    }
