"""The verbs of the command line, a module each with a function `run(chosen) -> exit code`, and what they share.

What a verb needs is imported when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from ..errors import ModelError, Problem
from .exits import BROKEN_PIPE, INTERRUPTED, UNUSABLE
from .terminal import fail


def perform(chosen: argparse.Namespace) -> int:
    """Runs the chosen verb and returns its exit code; nothing that goes wrong ends in a traceback."""
    try:
        code: int = import_module(f".{chosen.verb}", __name__).run(chosen)
        sys.stdout.flush()
    except ModelError as error:
        return fail(error, chosen)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has left: say no more, not even when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        return fail(ModelError([_unwritable(error)]), chosen)
    except Exception as error:
        return _report_defect(error)
    return code


def _unwritable(error: OSError) -> Problem:
    place = f" '{error.filename}'" if error.filename else ""
    return Problem("E902", f"cannot read or write{place}: {error.strerror or error}")


def _report_defect(error: Exception) -> int:
    if os.environ.get("MODELCHECK_TRACEBACK"):
        raise error
    from ..engine.strategy import Disagreement
    from ..trace import ReplayError

    kind = "an engine is wrong" if isinstance(error, (ReplayError, Disagreement)) else type(error).__name__
    print(
        f"internal error: {kind}: {error}\n"
        "    please report it with the model and the command (MODELCHECK_TRACEBACK=1 shows where it happened)",
        file=sys.stderr,
    )
    return UNUSABLE
