"""The page about semantics is a test: every example on it is checked, and what stands beside it must come out.

A `yaml` block that begins with a kind is a model; any other replaces keys of the model before it. A `text` block says
what comes out: a line `verdict  name` for a result, `states  n`, `warning  code`, and stories under `name:`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from modelcheck.api import check
from modelcheck.compile import compile_model
from modelcheck.engine.search import count_states
from modelcheck.load import KINDS, load_text
from modelcheck.model import Model
from modelcheck.reference.tables import all_mappings, words_of
from modelcheck.report.story import tell
from modelcheck.report.text import render_story
from modelcheck.results import CheckReport, Result

PAGE = Path(__file__).parent.parent / "docs" / "semantics.md"
REST = "everything else"


@dataclass(frozen=True)
class Example:
    """A model of the page, where it stands, and what is said about it."""

    line: int
    model: str
    says: str


def sections(text: str) -> dict[str, str]:
    """The top-level keys of a model with their text."""
    found = re.split(r"^(?=\w)", text, flags=re.M)
    return {part.partition(":")[0]: part for part in found if part.strip()}


def examples() -> list[Example]:
    """The examples in the order of the page."""
    text = PAGE.read_text("utf-8")
    found: list[Example] = []
    whole: dict[str, str] = {}
    for match in re.finditer(r"^```yaml\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", text, flags=re.M | re.S):
        given = sections(match[1])
        if next(iter(given)) in KINDS:
            whole = given
        model = "".join({**whole, **given}.values())
        found.append(Example(text[: match.start()].count("\n") + 1, model, match[2] or ""))
    return found


EXAMPLES = examples()


def loaded(example: Example) -> Model:
    return load_text(example.model, f"docs/semantics.md (line {example.line})")


def verdict(result: Result) -> str:
    return "vacuous" if result.vacuous else str(result.verdict)


def story_of(result: Result) -> list[str]:
    return [line.strip() for line in render_story(tell(result), 100)]


def compare(report: CheckReport, says: str, design: Model) -> list[str]:
    """What the page says that is not so; every line is looked at."""
    wrong = []
    named = set()
    lines = says.splitlines()
    for at, line in enumerate(lines):
        if line.startswith(" "):
            continue
        word, _, name = (part.strip() for part in line.partition("  "))
        if line.endswith(":"):
            told = [each.strip() for each in lines[at + 1 :]]
            story = story_of(report[line[:-1]])
            ends = next((k for k, each in enumerate(lines[at + 1 :]) if not each.startswith(" ")), len(told))
            if [re.sub(r"\s+", " ", each) for each in told[:ends]] != [re.sub(r"\s+", " ", each) for each in story]:
                wrong.append(f"{line[:-1]} is told as\n" + "\n".join(f"  {each}" for each in story))
        elif word == "states":
            states = count_states(compile_model(design)).states
            if str(states) != name:
                wrong.append(f"there are {states} states")
        elif word == "warning":
            if name not in {finding.code for finding in report.findings}:
                wrong.append(f"the findings are {[finding.code for finding in report.findings]}")
        elif name == REST:
            others = {each.name: verdict(each) for each in report.results if each.name not in named}
            wrong += [f"{name} is {found}" for name, found in others.items() if found != word]
        else:
            named.add(name)
            if name not in {each.name for each in report.results}:
                wrong.append(f"there is no {name}; there are {[each.name for each in report.results]}")
            elif verdict(report[name]) != word:
                wrong.append(f"{name} is {verdict(report[name])}: {report[name].reason}")
    return wrong


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"line{example.line}")
def test_what_the_page_says_comes_out(example: Example) -> None:
    assert example.says, "say what comes out in a text block below the model"
    design = loaded(example)
    wrong = compare(check(design), example.says, design)
    assert not wrong, "\n".join([*wrong, "the model:", example.model])


def test_the_page_is_not_believed_when_it_is_wrong() -> None:
    example = EXAMPLES[0]
    design = loaded(example)
    report = check(design)
    assert compare(report, "refuted  termination\n", design)
    assert compare(report, "proved  no such check\n", design)
    assert compare(report, f"refuted  {REST}\n", design)
    assert compare(report, "states  1\n", design)
    assert compare(report, "warning  W999\n", design)


# Choices of which every value means another behaviour, not only other times.
CHOICES = [
    (key, word)
    for each in all_mappings()
    for key, entry in each.keys.items()
    for word in words_of(entry.reader)
    if each.kind in ("a step", "the compensation policy", "a channel", "a handler")
    and key not in ("fails", "outcomes", "partitions")
]


@pytest.mark.parametrize(("key", "word"), CHOICES)
def test_every_choice_is_demonstrated(key: str, word: str) -> None:
    pattern = rf"\b{key}: [^\n]*\b{word}\b"
    assert any(re.search(pattern, example.model) for example in EXAMPLES), f"no example has '{key}: {word}'"
