"""What a worker does: simulate some designs, each a model with some values changed, and measure them.

A part and its answers are plain data, so that they can be sent to another process or another machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .. import model
from ..errors import ModelError, Problem, did_you_mean
from ..simulate import simulate
from .measures import Figure, Measure, Times, difference, figures, times_of
from .paths import with_value

Values: TypeAlias = tuple[tuple[str, str], ...]


# Not `seconds`: what is known after a time is another thing each time.
OPTIONS = ("back_end", "warmup", "precision", "precision_of", "confidence")


def check_options(options: Iterable[str]) -> None:
    """Raises `TypeError` for what is no option of a simulation that is one of many."""
    for name in options:
        if name not in OPTIONS:
            raise TypeError(f"'{name}' is no option here: {did_you_mean(name, OPTIONS)}")


@dataclass(frozen=True)
class Part:
    """Designs to simulate: the model, and for each the values by their paths and the seed.

    options: of `simulate`. measures: what is measured beside the usual. base: the times that all are compared with.
    """

    design: model.Model
    designs: tuple[tuple[Values, int], ...]
    jobs: int
    options: Mapping[str, object] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    base: Times | None = None


@dataclass(frozen=True)
class Answer:
    """What was measured of one design, how it was simulated; or why it could not be."""

    figures: Mapping[str, Figure] = field(default_factory=dict)
    back_end: str = ""
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def answers(part: Part) -> tuple[Answer, ...]:
    """The answers for all designs of a part; what is wrong with one does not keep another from being answered."""
    return tuple(_answer(part, values, seed) for values, seed in part.designs)


def _answer(part: Part, values: Values, seed: int) -> Answer:
    try:
        result = simulate(with_values(part.design, values), part.jobs, seed, **part.options)  # type: ignore[arg-type]
        if result.stopped == "interrupted":
            raise KeyboardInterrupt  # Half a design is none: it would be another each time.
        found = figures(result, part.measures)
        if part.base is not None:
            found["difference"] = difference(times_of(result), part.base, result.mean.confidence)
    except ModelError as error:
        return Answer(problems=error.problems)
    except MemoryError:
        return Answer(problems=(Problem("E442", "there is too little memory for this design", hint="fewer jobs"),))
    return Answer(found, result.back_end, result.notes)


def with_values(design: model.Model, values: Values) -> model.Model:
    """The design with all of the values; raises `ModelError`."""
    for path, text in values:
        design = with_value(design, path, text)
    return design
