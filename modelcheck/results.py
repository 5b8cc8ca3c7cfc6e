"""Verdicts, and the results that carry them: what was asked, what is true, how it is known, and the story.

A result never says `proved` without the method and the assumptions, and never shows a trace that was not
replayed in the plain system (`trace.replay`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from .errors import Position
from .expressions import Expr
from .trace import Trace

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes


class Verdict(StrEnum):
    """The four answers there are (design, section 4)."""

    PROVED = "proved"
    REFUTED = "refuted"
    BOUNDED = "bounded"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Run:
    """An execution that was asked for, replayed like every trace, and in a sentence what it shows."""

    trace: Trace
    shows: str


@dataclass(frozen=True)
class Happening:
    """How often something happens, as a number of transitions of the state graph, over all instances.

    subject: a step, handler, event or action, the flow itself. what: `starts`, an outcome, ... why: if it never does.
    """

    subject: str
    what: str
    actor: str
    times: int
    why: str = ""


@dataclass(frozen=True)
class Coverage:
    """Everything that can happen in a design; `stopped` says what limit came before all states were seen."""

    happenings: tuple[Happening, ...]
    states: int
    transitions: int
    stopped: str = ""

    @property
    def never(self) -> tuple[Happening, ...]:
        """What did not happen in any state that was seen."""
        return tuple(each for each in self.happenings if not each.times)


@dataclass(frozen=True)
class Result:
    """The answer to one question.

    check: the check that asked (`termination`, `contracts`, ...). method: how it is known, in a few words.
    reason: what is wrong or why it holds, in a sentence. trace: the counterexample, or the witness of what is
    reachable; `shortest` where the method guarantees that. vacuous: proved, but for a reason that makes it worthless
    (said in `reason`). expected: the verdict that the model expects, if it does. statistics: numbers of the engine
    (states, depth, seconds). shows: what is true in the trace's last state, where that is what the trace is for.
    times: where the question is about time, when each action of the trace happens, in seconds.
    On request only: witnesses, runs that come near what was proved not to happen; vacuous_in, what can be taken out of
    the property without changing the verdict; others, further counterexamples, each different from the ones before.
    """

    name: str
    check: str
    verdict: Verdict
    method: str
    reason: str = ""
    trace: Trace | None = None
    shortest: bool = True
    vacuous: bool = False
    expected: Verdict | None = None
    assumptions: tuple[str, ...] = ()
    statistics: Mapping[str, float | int | str] = field(default_factory=dict)
    position: Position | None = None
    shows: Expr | None = None
    times: tuple[float, ...] = ()
    witnesses: tuple[Run, ...] = ()
    vacuous_in: tuple[str, ...] = ()
    others: tuple[Run, ...] = ()

    @property
    def as_it_should_be(self) -> bool:
        """Whether the verdict is the expected one; without an expectation, whether it is proved and not vacuous."""
        if self.expected is not None:
            return self.verdict == self.expected
        return self.verdict == Verdict.PROVED and not self.vacuous

    @property
    def undecided(self) -> bool:
        return self.verdict in (Verdict.BOUNDED, Verdict.UNKNOWN) and not self.as_it_should_be

    def _repr_html_(self) -> str:
        from .report.html import render_result

        return render_result(self)

    def plot(self, where: str | Path | Axes | None = None) -> Axes | None:
        """The trace as a sequence diagram: into a .png, .svg or .pdf file, into axes, or on a figure of its own.

        Returns the axes, None for a file. Raises ValueError where there is no trace, `ModelError` where the file has
        another ending or cannot be written.
        """
        from .plot.files import plot_sequence

        return plot_sequence(self, where)


@dataclass(frozen=True)
class Finding:
    """Something worth knowing that is no property: lint. `severity` is `warning` or `note`."""

    code: str
    message: str
    severity: str = "warning"
    position: Position | None = None
    hint: str = ""


@dataclass(frozen=True)
class CheckReport:
    """All results and findings of one model; `coverage` on request only."""

    model: str
    results: tuple[Result, ...]
    findings: tuple[Finding, ...] = ()
    file: str = ""
    assumptions: tuple[str, ...] = ()
    statistics: Mapping[str, float | int | str] = field(default_factory=dict)
    coverage: Coverage | None = None

    @property
    def exit_code(self) -> int:
        """0 all as it should be, 1 something is not, 3 nothing wrong but something undecided."""
        if any(not r.as_it_should_be and not r.undecided for r in self.results):
            return 1
        return 3 if any(r.undecided for r in self.results) else 0

    def __getitem__(self, name: str) -> Result:
        """The result of a property by its name; raises KeyError with the names there are."""
        for result in self.results:
            if result.name == name:
                return result
        raise KeyError(f"no result '{name}'; there are: {', '.join(r.name for r in self.results)}")

    def __str__(self) -> str:
        from .report.text import render_report

        return render_report(self)

    def _repr_html_(self) -> str:
        from .report.html import render_report

        return render_report(self)

    def plot(self, where: str | Path) -> list[Path]:
        """The sequence diagrams of all counterexamples, in a folder, or in files named after the one that is given; the
        files that were written. Raises `ModelError` as `Result.plot` does."""
        from .plot.files import save_diagrams

        return save_diagrams([self], where)

    def to_dict(self) -> dict[str, object]:
        """The report as plain data, as `--json` prints it."""
        from .report.data import report_data

        return report_data(self)
