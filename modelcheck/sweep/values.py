"""The values that a parameter takes, as one writes them.

1,2,4                              these
1..8                               1, 2, ..., 8
10ms..100ms/10ms                   in steps
1ms..1s*10                         each ten times the one before it
1ms..1s/log 7                      seven values, at equal ratios
exponential(mean=10ms..50ms/10ms)  a range inside a value
"0..5","0..9"                      in quotes, texts as they are
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice, takewhile

from ..distributions import SECONDS
from ..errors import Located, ModelError, Position, Problem, position_of
from ..load.delays import DELAY
from ..load.reader import Problems
from ..load.values import write_duration
from ..load.writing import CannotWrite, write_number
from ..model import Delay

MOST_VALUES = 100_000

_NUMBER = r"[-+]?\d{1,20}(?:\.\d{1,20})?(?:[eE][-+]?\d{1,3})?"
_END = rf"({_NUMBER})\s*((?!by\b)[a-zA-Z%µμ]*)"
_RANGE = re.compile(rf"(?<![\w.]){_END}\s*\.\.\s*{_END}(?:\s*(/\s*log|/|\*|by)\s*(?:{_END})?)?(?![\w.])")
_PAIRS = {'"': '"', "'": "'"}


def values_of(name: str, given: object) -> tuple[Located, ...]:
    """The values of the parameter `name` in order, as texts that know where they come from.

    given: a text as above, or numbers, texts, delays (or a list of them), which are taken as they are.
    Raises `ModelError`: a range is empty or is none (E445), or there are too many (E446).
    """
    position = Position(f"parameter {name}", 1, 1, str(given)[:200])
    if isinstance(given, str):
        found = tuple(islice(_written(Located(given, position)), MOST_VALUES + 1))
    elif isinstance(given, Iterable):
        found = tuple(_plain(each, position) for each in islice(given, MOST_VALUES + 1))
    else:
        found = (_plain(given, position),)
    if not found:
        raise ModelError([Problem("E445", f"'{name}' is given no values", position)])
    if len(found) > MOST_VALUES:
        raise _too_many(position)
    return found


def _plain(value: object, position: Position) -> Located:
    """A value that Python code gives, as its text."""
    try:
        if isinstance(value, Delay):
            text = str(DELAY.write(value))
        elif isinstance(value, str):
            text = str(value)
        else:
            value = getattr(value, "item", lambda: value)()  # a number of numpy
            text = str(value).lower() if isinstance(value, bool) else write_number(value)
    except CannotWrite as error:
        raise ModelError([Problem("E445", f"this is no value: {error.message}", position)]) from None
    return Located(text, Position(position.file, 1, 1, text))


def _written(text: Located) -> Iterator[Located]:
    """The values that a text stands for."""
    place = position_of(text)
    for offset, part in _alternatives(text):
        written = part.strip()
        at = offset + len(part) - len(part.lstrip())
        here = place.shifted(at) if place else None
        if not written:
            raise ModelError([Problem("E445", "a value is missing", here, "write 1,2,4 or 1..8")])
        if len(written) > 1 and written[-1] == _PAIRS.get(written[0]):
            yield _plain(written[1:-1], here or Position("", 1, 1))
            continue
        ranges = list(_RANGE.finditer(written))
        if not ranges:
            yield _plain(written, here or Position("", 1, 1))
        elif len(ranges) > 1:
            hint = "vary one number after the other: give the distribution's parameters as parameters of their own"
            raise ModelError([Problem("E445", f"'{written}' has several ranges", here, hint)])
        else:
            found = ranges[0]
            for value in _range(found, here.shifted(found.start()) if here else None):
                yield _plain(f"{written[: found.start()]}{value}{written[found.end() :]}", here or Position("", 1, 1))


def _alternatives(text: str) -> Iterator[tuple[int, str]]:
    """The parts of a text between commas that stand in no brackets and no quotes, and where each begins."""
    depth, begun, quote = 0, 0, ""
    for index, character in enumerate(text):
        if quote or character in _PAIRS:
            quote = "" if character == quote else quote or character
        elif character == "," and depth == 0:
            yield begun, text[begun:index]
            begun = index + 1
        else:
            depth += (character in "([{") - (character in ")]}")
    yield begun, text[begun:]


@dataclass(frozen=True)
class _Scale:
    """Numbers with a unit: as `read` from a text, and as a text again."""

    read: Callable[[str, str], Decimal]
    write: Callable[[Decimal], str]


def _scale(units: Sequence[str]) -> _Scale:
    """One unit for all of a range is kept; times in several are brought to seconds."""
    named = sorted({unit for unit in units if unit})
    if len(named) <= 1:
        unit = named[0] if named else ""
        return _Scale(lambda number, _: Decimal(number), lambda value: f"{_plainly(value)}{unit}")
    sizes = {unit: Decimal(repr(size)) for unit, size in SECONDS.items()}
    if not all(unit in sizes for unit in named):
        raise ValueError(f"{' and '.join(named)} are different units")
    if not all(units):
        raise ValueError("a number has no unit")
    return _Scale(lambda number, unit: Decimal(number) * sizes[unit], lambda value: write_duration(float(value)))


def _plainly(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _range(found: re.Match[str], place: Position | None) -> Iterator[str]:
    """The values from a first to a last number; raises `ModelError` (E445, E446)."""
    first, first_unit, last, last_unit, how, by, by_unit = (part or "" for part in found.groups())
    how = "log" if "log" in how else "/" if how == "by" else how
    try:
        if how and not by:
            raise ValueError("a number is missing at its end")
        if how in ("*", "log") and by_unit:
            raise ValueError(f"'{by}{by_unit}' must be a number without a unit")
        scale = _scale([first_unit or last_unit, last_unit, *([by_unit] if how == "/" and by_unit else [])])
        low, high = scale.read(first, first_unit or last_unit), scale.read(last, last_unit)
        if low > high:
            raise ValueError(f"{first}{first_unit} is above {last}{last_unit}")
        step = scale.read(by, by_unit or last_unit) if how == "/" else Decimal(by or 1)
        values = _steps(low, high, how, step)
    except ValueError as error:
        hint = "write 1..8, 10ms..100ms/10ms, 1ms..1s*10 or 1ms..1s/log 7"
        raise ModelError([Problem("E445", f"'{found.group()}' is no range: {error}", place, hint)]) from None
    for number, value in enumerate(values):
        if number > MOST_VALUES:
            raise _too_many(place)
        yield scale.write(value)


def _steps(low: Decimal, high: Decimal, how: str, by: Decimal) -> Iterable[Decimal]:
    """The numbers of a range; raises `ValueError`."""
    if how == "*":
        if by <= 1 or low <= 0:
            raise ValueError("it multiplies by more than 1, and begins above 0")
        return takewhile(lambda value: value <= high, (low * by**power for power in range(MOST_VALUES + 2)))
    if how == "log":
        if by != int(by) or not 2 <= by <= MOST_VALUES or low <= 0:
            raise ValueError("give it at least two values, and let it begin above 0")
        return _at_equal_ratios(low, high, int(by))
    if by <= 0:
        raise ValueError("its step must be above 0")
    if not how and low != int(low):
        raise ValueError("say its step, as in 0.1..0.5/0.1")
    count = int((high - low) / by) + 1
    if count > MOST_VALUES:
        return (low for _ in range(MOST_VALUES + 2))
    return (low + by * number for number in range(count))


def _at_equal_ratios(low: Decimal, high: Decimal, count: int) -> Iterator[Decimal]:
    """From low to high, both of them as they are, the others rounded to what tells them apart."""
    ratio = (float(high) / float(low)) ** (1 / (count - 1))
    digits = 4 if ratio > 1.01 else 12
    yield low
    for number in range(1, count - 1):
        yield Decimal(f"{float(low) * ratio**number:.{digits}g}")
    yield high


def _too_many(place: Position | None) -> ModelError:
    message = f"these are more than {MOST_VALUES:,} values"
    return ModelError([Problem("E446", message, place, "take larger steps, or a part of the range")])


def number_of(text: str, delay: Delay | None = None) -> float | None:
    """What a value is on an axis: a number, the seconds of a duration, the mean of a delay; None: a word."""
    problems: Problems = []
    if re.fullmatch(rf"{_NUMBER}%?", text):
        return float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    read = delay or DELAY.read(Located(text, Position("", 1, 1)), problems)
    if problems or not isinstance(read, Delay):
        return None
    from ..simulate.delays import mean

    try:
        return mean(read)
    except ModelError:
        return None
