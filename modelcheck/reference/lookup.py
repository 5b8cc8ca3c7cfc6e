"""What a single word of the language means."""

from __future__ import annotations

from ..distributions import DISTRIBUTIONS, UNITS
from . import vocabulary
from .tables import all_mappings, words_of


def meaning_of(word: str) -> list[tuple[str, str]]:
    """What a word of the language means: pairs of where it stands ("key of a step") and its meaning there.

    Keys, values, types, operators, functions, predicates, distributions, units and verdicts; empty for any other word.
    """
    found = []
    for each in all_mappings():
        if word in each.keys:
            found.append((f"key of {each.kind}", each.keys[word].meaning))
        for key, entry in each.keys.items():
            if word in (words := words_of(entry.reader)):
                found.append((f"value of '{key}' in {each.kind}", words[word]))
    found += [("operator", meaning) for names, _, meaning in vocabulary.OPERATORS if word in names.split()]
    places = {
        "type": vocabulary.TYPES,
        "unit of time": UNITS,
        "distribution": {name: each.meaning for name, each in DISTRIBUTIONS.items()},
        "function": {**vocabulary.FUNCTIONS, **vocabulary.QUANTIFIERS},
        "predicate of an orchestration": vocabulary.ORCHESTRATION_PREDICATES,
        "predicate of a choreography": vocabulary.CHOREOGRAPHY_PREDICATES,
        "verdict": vocabulary.VERDICTS,
    }
    found += [(where, meanings[word]) for where, meanings in places.items() if word in meanings]
    return list(dict.fromkeys(found))
