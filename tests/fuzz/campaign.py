"""The oracle and the campaign: `python -m tests.fuzz.campaign 100000` runs so many cases over two processes.

A case is judged by loading it and, if it loads, by checking it within tiny limits. It must end in a report or in a
`ModelError`, within `HARD` seconds. Exit code 1 where one does not; its text is kept in out/fuzz, and its number is
enough to make it again from the same models: `python -m tests.fuzz.campaign --show 4711`.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from modelcheck.api import check, load
from modelcheck.engine.target import Limits
from modelcheck.errors import ModelError

from .mutations import case

HARD = 5.0
MEMORY = next((folder for folder in ("/dev/shm",) if os.access(folder, os.W_OK)), None)  # Quicker than a disk.
FINDS = Path("out/fuzz")
LIMITS = Limits(states=200, seconds=1.0)


class TooSlowError(BaseException):
    """The time is over. Not an `Exception`, so that nothing in between takes it for its own."""


@dataclass
class Tally:
    """What came of many cases; `finds` are those that broke the rule, with what they did."""

    cases: int = 0
    loaded: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    finds: list[tuple[int, str]] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)

    def add(self, other: Tally) -> None:
        """Takes in the tally of other cases."""
        self.cases += other.cases
        self.loaded += other.loaded
        self.codes += other.codes
        self.finds += other.finds
        self.slowest = max(self.slowest, other.slowest)


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Ends what takes longer: in the processor's time, since a busy machine may take its own."""

    def over(_number: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGPROF, over)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def judge(text: str, folder: Path) -> tuple[bool, list[str]]:
    """Whether a text loads as a model, and the codes of what is wrong with it. Raises what must not happen."""
    path = folder / "case.yaml"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    try:
        design = load(path)
    except ModelError as error:
        return False, _codes(error)
    try:
        report = check(design, limits=LIMITS)
    except ModelError as error:
        return True, _codes(error)
    assert str(report)
    return True, [finding.code for finding in report.findings]


def _codes(error: ModelError) -> list[str]:
    assert all(problem.render() for problem in error.problems)
    assert error.problems, "an error without a problem"
    return [problem.code for problem in error.problems]


def run(numbers: Iterable[int]) -> Tally:
    """The tally of some cases."""
    tally = Tally()
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        for number in numbers:
            began = time.process_time()
            tally.cases += 1
            try:
                with _within(HARD):
                    loaded, codes = judge(case(number), Path(folder))
                tally.loaded += loaded
                tally.codes.update(set(codes))
            except TooSlowError:
                tally.finds.append((number, f"not over after {HARD:g} seconds"))
            except Exception as error:
                where = traceback.extract_tb(error.__traceback__)[-1]
                tally.finds.append((number, f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"[:300]))
            tally.slowest = max(tally.slowest, (time.process_time() - began, number))
    return tally


def main() -> int:
    """Runs a campaign, or shows one case."""
    parser = argparse.ArgumentParser(description="Mutated models must end in a report or in a ModelError.")
    parser.add_argument("cases", type=int, nargs="?", default=100_000)
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first case")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    parser.add_argument("--show", type=int, metavar="N", help="print one case, and what comes of it")
    chosen = parser.parse_args()
    if chosen.show is not None:
        print(case(chosen.show), flush=True)
        with tempfile.TemporaryDirectory() as folder:
            print(judge(case(chosen.show), Path(folder)))
        return 0
    began, whole, told = time.monotonic(), Tally(), 0
    last = chosen.first + chosen.cases
    batches = [range(first, min(last, first + 250)) for first in range(chosen.first, last, 250)]
    with ProcessPoolExecutor(chosen.processes) as pool:
        for tally in pool.map(run, batches):
            whole.add(tally)
            for number, what in whole.finds[told:]:
                FINDS.mkdir(parents=True, exist_ok=True)
                (FINDS / f"{number}.yaml").write_text(case(number), encoding="utf-8", errors="replace", newline="")
                print(f"case {number}: {what}", flush=True)
            told = len(whole.finds)
            if whole.cases % 5_000 == 0 or whole.cases == chosen.cases:
                done = f"{whole.cases:,} of {chosen.cases:,} cases, {whole.loaded:,} loaded, {told} finds"
                print(f"{done}, {time.monotonic() - began:.0f} s", flush=True)
    print(f"codes: {', '.join(f'{code} {count}' for code, count in sorted(whole.codes.items()))}")
    print(f"slowest: case {whole.slowest[1]}, {whole.slowest[0]:.2f} s")
    return 1 if whole.finds else 0


if __name__ == "__main__":
    sys.exit(main())
