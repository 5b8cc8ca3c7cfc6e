"""What every code means: the entries of `catalogue.yaml`, each with an example that causes it and a remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import ModelError, Problem, did_you_mean
from .source import LocatedList, LocatedMap, read_file

# The parts of the catalogue, by how their codes begin, in its order.
PARTS: Mapping[str, str] = {
    "E00": "Reading a file",
    "E01": "Reading a file",
    "E02": "Keys, names and values",
    "E03": "Keys, names and values",
    "E04": "Files of other tools",
    "E11": "How formulas are written",
    "E12": "What formulas mean",
    "E13": "What formulas mean",
    "E14": "What formulas mean",
    "E20": "Orchestrations",
    "E21": "Choreographies",
    "E22": "Families, flows in flows, timeouts",
    "E23": "Families, flows in flows, timeouts",
    "E30": "Checking",
    "E31": "Checking",
    "E40": "Simulating",
    "E41": "Simulating",
    "E42": "Comparing",
    "E43": "Delays and arrivals",
    "E44": "Sweeping",
    "E45": "Calibrating",
    "E46": "Workers",
    "E50": "Exploring",
    "E51": "Exploring",
    "E90": "The command line",
    "W": "Warnings",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a code means.

    example, remedy: models (or nothing), `command` and `remedy_command` what is done with them (`MODEL`); where only a
    program causes the problem, `python` and `remedy_python` instead. also: codes that come with the example's.
    abbreviated: the example stands for something too large to be printed.
    """

    code: str
    title: str
    text: str
    example: str = ""
    remedy: str = ""
    command: str = ""
    remedy_command: str = ""
    python: str = ""
    remedy_python: str = ""
    also: tuple[str, ...] = ()
    encoding: str = "utf-8"
    abbreviated: bool = False

    @property
    def part(self) -> str:
        """The heading under which it stands."""
        return next((title for prefix, title in PARTS.items() if self.code.startswith(prefix)), "Others")

    def to_dict(self) -> dict[str, object]:
        """The entry as data."""
        words = {name: getattr(self, name) for name in ("code", "part", "title", "text")}
        forms = ("example", "command", "python", "remedy", "remedy_command", "remedy_python")
        return {**words, **{name: getattr(self, name) for name in forms if getattr(self, name)}}


@cache
def catalogue() -> Mapping[str, Entry]:
    """All entries by their codes, in the order of the file."""
    document = read_file(Path(__file__).with_name("catalogue.yaml"), [])
    assert isinstance(document, LocatedMap)
    return {str(code): _entry(str(code), fields) for code, fields in document.items()}


def _entry(code: str, fields: LocatedMap) -> Entry:
    values: dict[str, object] = {key.replace(" ", "_"): str(value) for key, value in fields.items()}
    if isinstance(also := fields.get("also"), LocatedList):  # type: ignore[call-overload]  # its keys are strings
        values["also"] = tuple(str(other) for other in also)
    values["abbreviated"] = "abbreviated" in values
    return Entry(code=code, **values)  # type: ignore[arg-type]  # the file is our own; its test sees to the types


def explanation(code: str) -> Entry:
    """The entry of a code, however it is capitalized; raises `ModelError` (E905) where there is none."""
    entries = catalogue()
    if code.upper() in entries:
        return entries[code.upper()]
    hint = did_you_mean(code.upper(), entries, otherwise="`modelcheck explain` lists all codes")
    raise ModelError([Problem("E905", f"there is nothing called '{code}' to explain", hint=hint)])
