"""The language reference and the JSON schema say what the loader does: all of it, and in time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelcheck.choreography import compile_choreography
from modelcheck.distributions import SECONDS, UNITS
from modelcheck.expressions import text as printing
from modelcheck.expressions.meaning import LIST_FUNCTIONS
from modelcheck.expressions.parse import QUANTIFIERS
from modelcheck.guarded import compile_system
from modelcheck.load import KINDS, json_schema, load_text, reader_of
from modelcheck.load.design import PROPERTY
from modelcheck.load.reader import Reader
from modelcheck.orchestration import compile_orchestration
from modelcheck.reference import meaning_of, reference_text, vocabulary
from modelcheck.reference.tables import all_mappings, words_of
from modelcheck.results import Verdict

DOCS = Path(__file__).parent.parent / "docs"
LANGUAGE = (DOCS / "language.md").read_text("utf-8")


def readers(found: Reader) -> Iterator[Reader]:
    """A reader and all that are in it."""
    yield found
    for part in (*found.about.parts, *(entry.reader for entry in found.about.keys.values())):
        yield from readers(part)


ALL = [found for kind in KINDS for found in readers(reader_of(kind))]


def test_the_reference_is_the_generated_one() -> None:
    assert reference_text() == LANGUAGE, (
        "regenerate it: make docs (or python -m modelcheck.reference > docs/language.md)"
    )


def test_every_key_and_every_word_has_a_meaning_and_stands_in_the_reference() -> None:
    mappings = all_mappings()
    assert len(mappings) > 20
    for each in mappings:
        section = LANGUAGE.partition(f"\n### {each.title}\n")[2].partition("\n### ")[0]
        assert section, each.kind
        for key, entry in each.keys.items():
            assert entry.meaning, (each.kind, key)
            assert re.search(rf"^\| `{key}` \|.*\|$", section, re.M), (each.kind, key)
            for word, meaning in words_of(entry.reader).items():
                assert meaning, f"the word '{word}' of '{key}' in {each.kind} needs a meaning"
                assert f"\n- `{word}`: {meaning}\n" in LANGUAGE


def test_every_key_and_every_word_stands_in_the_schema() -> None:
    keys, words = set(), set()

    def collect(schema: Any) -> None:
        if isinstance(schema, dict):
            keys.update(schema.get("properties", {}))
            words.update(str(each) for each in [*schema.get("enum", []), schema.get("const", "")])
            for name, each in schema.items():
                collect(list(each.values()) if name in ("properties", "$defs") else each)
        elif isinstance(schema, list):
            for each in schema:
                collect(each)

    collect(json_schema())
    assert {key for found in ALL for key in found.about.keys} == keys
    assert {word for found in ALL for word in found.about.words} <= words


def test_every_key_names_a_field_in_python() -> None:
    from modelcheck import model

    rows = re.findall(r"^\| `[\w ]+` \| .* \| (.*) \| .* \|$", LANGUAGE, re.M)
    assert len(rows) > 120
    for name in rows:
        if name:
            dataclass, _, field = name.strip("`").partition(".")
            assert field in getattr(model, dataclass).__dataclass_fields__, name
    # A topic in its long form is the only mapping that becomes a plain value.
    assert rows.count("") == 1


def test_the_vocabulary_is_that_of_the_program() -> None:
    operators = {name for names, _, _ in vocabulary.OPERATORS for name in names.replace("...", "").split()}
    assert operators == {*printing.LEVELS, "else", "in"} - {"neg"}
    assert list(vocabulary.QUANTIFIERS) == list(QUANTIFIERS)
    assert set(vocabulary.FUNCTIONS) == {"min", "max", "abs", *LIST_FUNCTIONS}
    assert list(UNITS) == list(SECONDS)
    assert set(vocabulary.PROPERTY_EXAMPLES) == set(PROPERTY.about.keys) - {"deadline"}
    assert set(vocabulary.VERDICTS) == {*Verdict, "vacuous"}


def test_operators_bind_in_the_order_of_the_reference() -> None:
    levels = [
        {printing.LEVELS[name] for name in names.replace("... else", "").split() if name in printing.LEVELS}
        for names, _, _ in vocabulary.OPERATORS[:-1]
    ]
    flat = [level for found in levels for level in sorted(found)]
    assert flat == sorted(flat)


def test_the_types_are_types() -> None:
    for name in vocabulary.TYPES:
        initial = "[]" if name.startswith("list") else "any"
        text = f'variables: {{v: {{type: "{name}", initial: {initial}}}}}\nactions: {{}}\n'
        text = f"system: a\ntypes: {{Item: {{book, pen}}}}\n{text}"
        assert compile_system(load_text(text)).variables, name  # type: ignore[arg-type]


def test_the_predicates_are_those_of_the_compilers() -> None:
    flow = compile_orchestration(load_text("orchestration: a\nflow: {steps: {go: }}\n"))  # type: ignore[arg-type]
    assert set(flow.scope.predicates) == set(vocabulary.ORCHESTRATION_PREDICATES)
    text = "choreography: a\nevents: {E: }\nroutes: {E: p}\nstarts: E\n"
    text += "participants: {p: {subscribes: E, on: {E: {fails: 5%, on_failure: dead letter}}}}\n"
    events = compile_choreography(load_text(text))  # type: ignore[arg-type]
    assert set(events.scope.predicates) == set(vocabulary.CHOREOGRAPHY_PREDICATES)


def test_the_examples_of_properties_are_properties() -> None:
    from modelcheck import check

    for word, example in vocabulary.PROPERTY_EXAMPLES.items():
        design = load_text(f"{vocabulary.PROPERTY_FRAME}  {example}\n")
        ((name, asked),) = design.properties.items()
        assert (asked.word == word) if word != "fairness" else asked.fairness
        assert check(design)[name].as_it_should_be, example


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ("await", "key of a step"),
        ("lifo", "value of 'order' in the compensation policy"),
        ("always", "key of a property"),
        ("implies", "operator"),
        ("forall", "function"),
        ("dead_letter", "predicate of a choreography"),
        ("gamma", "distribution"),
        ("ms", "unit of time"),
        ("real", "type"),
        ("vacuous", "verdict"),
    ],
)
def test_a_word_is_explained(word: str, where: str) -> None:
    assert where in [place for place, _ in meaning_of(word)]
    assert all(text for _, text in meaning_of(word))
    assert meaning_of("nothing like it") == []
