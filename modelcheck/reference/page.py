"""The language reference as one page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..distributions import COMPOUND, DISTRIBUTIONS, UNITS
from ..expressions.parse import __doc__ as _GRAMMAR
from . import vocabulary
from .tables import Mappings, all_mappings, anchor, render

_INTRODUCTION = """\
# The language

<!-- Generated from the tables of the loader: change those, then run `make docs`. -->

A model is one YAML file: a mapping that begins with its kind and name (`orchestration: order`). Every key, with what
its value may be, is in the tables below; what happens when a model runs is told on
[the page about semantics](semantics.md).

Of YAML the language has mappings, lists, quotes and comments. A value is what is written: `on`, `no` and `1:30` are
texts, and nothing is guessed. There are no anchors, aliases, tags or second documents. Quote a formula that contains
`: ` (`"forall i in 1..N: p"`) or begins with a bracket, and inside of `{...}` or `[...]` one that contains brackets
(`{"rm[i]": prepared}`); a comma between parentheses needs no quotes. In a list of one the brackets may be left out.

In Python the same model is built from the frozen dataclasses of `modelcheck.model`; the column *in Python* names the
field that a key fills. `mc.to_text(model)` and `modelcheck convert` write any model as such a file again.

In an editor with a YAML language server (VS Code: the extension *YAML*), keys and words are completed, explained and
checked: run `modelcheck schema > schema.json`, and begin a model with the line

    # yaml-language-server: $schema=schema.json
"""
_TIMES = """\
Times are numbers with a unit (`20ms`, `1.5s`; without a unit: seconds) or a distribution by name with its parameters,
in order or by name: `exponential(35ms)`, `lognormal(mean=20ms, sigma=0.5)`, `lognormal(median=20ms, p95=80ms)`. A
fixed time before a delay is added to it: `5ms + exponential(20ms)`; one delay or another is a mixture: `mixture(90%
exponential(20ms), 10% lognormal(mean=2s, sigma=1))`, of a service that sometimes starts cold. Probabilities are
percentages (`5%`) or numbers (`0.05`), above 0 and below 1: what never happens is left out.
"""
_FORMULAS = """\
A formula is a condition, a new value or a number. It looks like Python, but is a language of its own, and nothing in a
model is ever executed. Names are variables, constants, and the values of enumerations; `rm[i]` is a member of an
indexed variable. In a choreography `event.field` is the payload of the message that is handled, and in properties and
claims `participant.variable` is a variable of that participant. Dividing by zero is a finding.
"""


def reference_text() -> str:
    """The whole reference, as Markdown."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    mappings = all_mappings()
    shared = [each for each in mappings if len(each.models) > 1]
    told: dict[tuple[tuple[str, str], ...], str] = {}
    yield _INTRODUCTION
    yield from _contents(mappings, shared)
    for kind in dict.fromkeys(each.models[0] for each in mappings):
        own = [each for each in mappings if each.models == [kind]]
        yield f"## The keys of {'an' if kind[0] in 'aeiou' else 'a'} {kind}"
        yield ""
        for each in own:
            yield from render(each, told)
    yield "## What several kinds have"
    yield ""
    for each in shared:
        yield from render(each, told)
    yield from _values()
    yield from _formulas()
    yield from _properties()


def _contents(mappings: Iterable[Mappings], shared: list[Mappings]) -> Iterator[str]:
    for kind in dict.fromkeys(each.models[0] for each in mappings):
        own = [each for each in mappings if each.models == [kind]]
        yield f"- {kind}: " + ", ".join(f"[{each.title}](#{anchor(each.title)})" for each in own)
    yield "- several kinds: " + ", ".join(f"[{each.title}](#{anchor(each.title)})" for each in shared)
    titles = ("Types", "Times and probabilities", "Formulas", "Properties", "Verdicts")
    yield "- " + ", ".join(f"[{title}](#{anchor(title)})" for title in titles)
    yield ""


def _table(head: str, rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {head} |"
    yield "|" + "---|" * (head.count("|") + 1)
    yield from (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
    yield ""


def _values() -> Iterator[str]:
    yield "## Types"
    yield ""
    yield from _table("type | values", ((f"`{name}`", text) for name, text in vocabulary.TYPES.items()))
    yield "## Times and probabilities"
    yield ""
    yield _TIMES
    yield from _table("unit | means", ((f"`{unit}`", text) for unit, text in UNITS.items()))
    rows = ((_calls(name), each.meaning) for name, each in DISTRIBUTIONS.items())
    yield from _table("distribution | meaning", rows)


def _calls(name: str) -> str:
    """A distribution with its parameters, in each way that they can be given."""
    if name in COMPOUND:
        return name
    given = (", ".join((*form, *DISTRIBUTIONS[name].optional)) for form in DISTRIBUTIONS[name].forms)
    return " or ".join(f"`{name}({each})`" for each in given)


def _formulas() -> Iterator[str]:
    yield "## Formulas"
    yield ""
    yield _FORMULAS
    yield "Operators, those that bind loosest first:"
    yield ""
    rows = ((f"`{operator}`", example, meaning) for operator, example, meaning in vocabulary.OPERATORS)
    yield from _table("operator | example | meaning", rows)
    yield "Functions, and what goes over an index:"
    yield ""
    yield from _listed({**vocabulary.FUNCTIONS, **vocabulary.QUANTIFIERS})
    yield vocabulary.OVER_INSTANCES
    yield ""
    yield "Predicates, in properties of an orchestration:"
    yield ""
    yield from _listed(vocabulary.ORCHESTRATION_PREDICATES)
    yield "Predicates, in properties of a choreography:"
    yield ""
    yield from _listed(vocabulary.CHOREOGRAPHY_PREDICATES)
    yield "The grammar:"
    yield ""
    yield "```"
    text = (_GRAMMAR or "").split("\n\n")[-1]
    yield from (line.removeprefix("    ") for line in text.rstrip().splitlines())
    yield "```"
    yield ""


def _listed(meanings: Mapping[str, str]) -> Iterator[str]:
    yield from (f"- {text}" for text in meanings.values())
    yield ""


def _properties() -> Iterator[str]:
    yield "## Properties"
    yield ""
    yield "A property is one word and what it is about; its name, in front, is what a report calls it."
    yield ""
    keys = next(each.keys for each in all_mappings() if each.title == "property")
    rows = (
        (f"`{word}`", f"`{vocabulary.PROPERTY_EXAMPLES[word]}`", entry.meaning)
        for word, entry in keys.items()
        if word in vocabulary.PROPERTY_EXAMPLES
    )
    yield from _table("word | example | meaning", rows)
    yield "## Verdicts"
    yield ""
    yield from _table("verdict | means", ((f"`{word}`", text) for word, text in vocabulary.VERDICTS.items()))
