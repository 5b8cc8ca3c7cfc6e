"""How jobs arrive: `arrivals: 50/s`, a delay between two of them, bursts, recorded times, or users who wait."""

from __future__ import annotations

import re
from dataclasses import replace
from math import inf
from typing import Any

from .. import model
from ..distributions import SECONDS, UNITS
from ..errors import Located
from ..source import LocatedMap, Node
from .delays import DELAYS
from .reader import MISSING, Key, Problems, Reader, converted, either, is_scalar, note, record, scalar, short, word
from .values import COUNT, NUMBER, TEXT
from .writing import Builds, CannotWrite, Written, only, write_number

_RATE = re.compile(rf"({NUMBER})\s*/\s*([^\W\d]+)\Z")
_GEOMETRIC = re.compile(rf"geometric\(\s*(?:mean\s*=)?\s*({NUMBER})\s*\)\Z")
_LIKE_RATE = re.compile(rf"\s*{NUMBER}\s*/")
_PERCENTAGE = re.compile(rf"({NUMBER})\s*(%)?\s*\Z")
_COUNT = re.compile(r"[1-9][0-9]{0,11}\Z")
WAYS = ("interval", "rate", "bursts", "recorded", "users")


def _rate(text: Located, problems: Problems) -> Any:
    """`50/s`: jobs that arrive independently of each other (a Poisson process)."""
    match = _RATE.match(text)
    if not match or match[2] not in SECONDS or not 0 < float(match[1]) < inf:
        hint = f"write 50/s, or another unit: {', '.join(SECONDS)}"
        return note(problems, "E026", f"'{text[:40]}' is not a rate", text, hint)
    mean = SECONDS[match[2]] / float(match[1])
    return model.Delay(distribution="exponential", parameters={"mean": mean})


def _size(text: Located, problems: Problems) -> Any:
    if _COUNT.match(text):
        return {"size": int(text)}
    match = _GEOMETRIC.match(text)
    if not match or not 1 <= float(match[1]) < inf:
        what = f"expected how many jobs from 1 on, found '{text[:40]}'"
        return note(problems, "E025", what, text, "write 10, or geometric(mean=10)")
    return {"size": float(match[1]), "geometric": True}


def _write_size(value: Any) -> Written:
    if value.geometric:
        return f"geometric(mean={write_number(value.size)})"
    if value.size != int(value.size):
        raise CannotWrite(f"{value.size} jobs are no whole number")
    return str(int(value.size))


def _correlation(text: Located, problems: Problems) -> Any:
    match = _PERCENTAGE.match(text)
    value = float(match[1]) / (100 if match[2] else 1) if match else inf
    if not 0 <= value <= 1:
        return note(problems, "E025", f"expected a number from 0 to 1, found '{text[:40]}'", text, "write 0.5 or 50%")
    return value


_RATES = scalar("a rate", _rate, {"type": "string", "pattern": r"^\s*[+.\d].*/"}, "write 50/s")
_SIZES: dict[str, Any] = {
    "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": r"^\s*(0*[1-9][0-9]*\s*$|geometric\()"}]
}
SIZE = scalar("how many jobs", _size, _SIZES, "write 10, or geometric(mean=10)", _write_size)
BURSTS = record(
    "bursts",
    {
        "size": Key(
            SIZE, "how many jobs arrive at the same instant: always so many, or `geometric(mean=10)`",
            python="Bursts.size", required=True,
        ),
        "every": Key(DELAYS, "the time between two bursts", required=True),
    },
    Builds(model.Bursts, lambda values, _node, _problems: {**values.pop("size"), **values}),
    lambda value: {"size": value, "every": value.every},
    example="{size: 10, every: 1s}",
)  # fmt: skip
RECORDING = short(
    scalar("a file", lambda text, _: model.Recording(file=text), {"type": "string"}, write=only("file")),
    record(
        "a recording",
        {
            "file": Key(TEXT, "the file, beside the model: one time a line, or a CSV file", required=True),
            "column": Key(TEXT, "the column of the CSV file that has the times; without it the first"),
            "where": Key(TEXT, "`column=value`: only the lines count that have this value"),
            "unit": Key(word(meanings=UNITS), "the unit of times that are numbers; without it seconds"),
        },
        Builds(model.Recording),
        example="{file: arrivals.csv, column: time}",
    ),
)


def _arrivals(values: dict[str, Any], node: LocatedMap, problems: Problems) -> Any:
    given = [key for key in node if key in WAYS]
    if len(given) != 1:
        what = f"{' and '.join(given[:3])} are given" if given else "nothing is given"
        where = given[1] if given else node
        return note(problems, "E031", f"arrivals need one of {', '.join(WAYS)}; {what}", where)
    if "think" in values and "users" not in node:
        key = next(key for key in node if key == "think")
        return note(problems, "E031", "'think' is for 'users', who wait for their jobs", key)
    if given[0] not in values and not (given[0] == "rate" and "interval" in values):
        return MISSING
    return model.Arrivals(**values)


_LONG = record(
    "arrivals",
    {
        "interval": Key(DELAYS, "the time between two arrivals"),
        "rate": Key(
            _RATES, "`50/s`: how many arrive on average, each at any time (a Poisson process)", field="interval"
        ),
        "bursts": Key(BURSTS, "several jobs at the same instant, again and again"),
        "recorded": Key(RECORDING, "a file with the times at which jobs arrived; what is used up begins again"),
        "users": Key(COUNT, "so many users, each of whom waits for the end of a job before starting another"),
        "think": Key(DELAYS, "how long a user waits before each job"),
    },
    _arrivals,
    fills=model.Arrivals,
    example="{rate: 50/s}",
)


_SHARE: dict[str, Any] = {
    "anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string", "pattern": r"^\s*[+.\d]"}]
}
_ONE_WAY: dict[str, Any] = {
    **_LONG.schema,
    "type": "object",
    "oneOf": [{"required": [way]} for way in WAYS],
    "dependentRequired": {"think": ["users"]},
}
_LONG = replace(_LONG, schema=_ONE_WAY)


def _form(node: Node) -> Reader:
    if not is_scalar(node):
        return _LONG
    return _AS_RATE if _LIKE_RATE.match(str(node)) else _AS_INTERVAL


_AS_INTERVAL = converted(DELAYS, lambda delay: model.Arrivals(interval=delay), only("interval"))
_AS_RATE = converted(_RATES, lambda delay: model.Arrivals(interval=delay))
ARRIVALS = Key(
    either(_form, _AS_INTERVAL, _AS_RATE, _LONG), "how jobs arrive in a simulation; without it each runs alone"
)
CORRELATION = Key(
    scalar("a number", _correlation, _SHARE, "write 0.5 or 50%", write_number),
    "how much the durations of one job go together (0.5 or 50%): slow in one step, slow in the next",
)
