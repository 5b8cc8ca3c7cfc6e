"""SPIN beside us: a Promela model is turned into C (spin -a), compiled (gcc) and run, without partial-order reduction.

SPIN (Holzmann 1997) is found on the path, as Debian's package `spin` installs it; without it, or without gcc, there is
nothing to compare with, and that is said.
"""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SAGA = Path(__file__).parent / "saga.pml"


@dataclass(frozen=True)
class SpinRun:
    """What a run of SPIN said.

    states and transitions: stored and taken. seconds: processor time of the search alone; compiling: seconds of making
    the program that searches. errors: how many it found (assertions, invalid end states).
    """

    states: int
    transitions: int
    seconds: float
    compiling: float
    errors: int


def missing() -> str:
    """What is not installed of what a run needs; empty where all is there."""
    return " and ".join(program for program in ("spin", "gcc") if shutil.which(program) is None)


def run_spin(
    model: Path, macros: Mapping[str, int] | None = None, hash_bits: int = 16, optimised: bool = True
) -> SpinRun | None:
    """Search all states of a Promela model; None, with the reason printed, where SPIN or gcc is missing.

    macros: given to SPIN's preprocessor (-DN=3). hash_bits: 2 to that power are the slots of SPIN's hash table (-w);
    as many slots as states are enough. optimised: whether gcc takes its time (-O2).
    Raises `RuntimeError` with SPIN's own words where the search was not complete.
    """
    if absent := missing():
        print(f"  skipped: {absent} is not installed")
        return None
    defines = [f"-D{name}={value}" for name, value in (macros or {}).items()]
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        _run(["spin", *defines, "-a", str(model.resolve())], folder)
        level = "-O2" if optimised else "-O0"
        _run(["gcc", level, "-DSAFETY", "-DNOREDUCE", "-DMEMLIM=8000", "-w", "-o", "pan", "pan.c"], folder)
        compiling = time.monotonic() - began
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = _run(["./pan", f"-w{hash_bits}", "-m1000000", "-c0"], folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if "max search depth too small" in output or "Search not completed" in output:
        raise RuntimeError(output)
    return SpinRun(_figure(output, "states, stored"), _figure(output, "transitions"), used, compiling, _errors(output))


def spin_seconds(orders: int, units: int) -> SpinRun | None:
    """The saga of so many orders over so many units of stock, searched by SPIN.

    Raises `RuntimeError` where SPIN finds an error, which there is none of. None where it is not installed.
    """
    # About as many slots as there are states: 9,619,232 for 9 orders and 5 units.
    found = run_spin(SAGA, {"N": orders, "K": units}, hash_bits=max(16, min(26, 3 * orders - 3)))
    if found is not None and found.errors:
        raise RuntimeError(f"SPIN finds {found.errors} errors in {SAGA.name}")
    return found


def _run(command: list[str], folder: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def _figure(output: str, what: str) -> int:
    found = re.search(rf"^\s*([\d.e+]+) {re.escape(what)}", output, re.MULTILINE)
    if found is None:
        raise RuntimeError(output)
    return int(float(found[1]))


def _errors(output: str) -> int:
    found = re.search(r"errors: (\d+)", output)
    if found is None:
        raise RuntimeError(output)
    return int(found[1])
