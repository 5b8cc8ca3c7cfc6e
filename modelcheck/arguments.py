"""The arguments of the command line."""

from __future__ import annotations

import argparse
import os
import sys

TYPE_CHECKING = False  # Without `typing`, help comes sooner.
if TYPE_CHECKING:
    from typing import Any

MOST = 10**15
# As in `engine.strategy`, which takes longer to import.
ENGINES = ("auto", "all", "search", "plain", "symbolic", "bounded", "induction", "spacer")
REDUCTIONS = ("symmetry", "partial-order", "structure")


def _formatter(prog: str) -> argparse.HelpFormatter:
    """Help as wide as the terminal; argparse would import what copies and packs files, to ask for that."""
    try:
        width = int(os.environ.get("COLUMNS") or os.get_terminal_size().columns)
    except (ValueError, OSError):
        width = 80
    return argparse.HelpFormatter(prog, width=max(40, width) - 2)


def parser_of() -> argparse.ArgumentParser:
    """The parser; what a verb does is in its module of `verbs`."""
    parser = argparse.ArgumentParser(
        "modelcheck",
        description="Proves, explores, simulates and compares designs of services before they are written.",
        epilog="A MODEL is a file or the name of a packaged model, such as order_orchestration. Exit codes: 0 all as it"
        " should be, 1 something is not, 2 wrong usage or a wrong model, 3 undecided or only bounded, 130 interrupted.",
        formatter_class=_formatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    check = _verb(verbs, "check", "prove or refute everything there is to know about models")
    check.add_argument("models", nargs="+", metavar="MODEL", help="a file, a folder, or the name of a packaged model")
    check.add_argument("--property", action="append", metavar="NAME", help="only this property (repeatable)")
    check.add_argument(
        "--engine",
        choices=ENGINES,
        default="auto",
        help="who answers: auto (what fits), all (each that applies, compared), or one of them",
    )
    check.add_argument(
        "--reduce",
        type=_reductions,
        default=REDUCTIONS,
        metavar="LIST",
        help="all, none, or some of symmetry,partial-order,structure: what may make the search smaller (all)",
    )
    check.add_argument("--fingerprints", action="store_true", help="tell wide states apart by hashes of 64 bits only")
    check.add_argument(
        "--fairness",
        choices=("none", "weak", "strong", "outcomes"),
        help="which executions count where it is asked what happens in the end, instead of what the models say",
    )
    check.add_argument("--states", type=_positive, metavar="N", help="give up after so many states")
    check.add_argument("--seconds", type=_seconds, metavar="S", help="give up after so many seconds")
    check.add_argument(
        "--memory", type=_bytes, metavar="SIZE", help="give up when states take so much: 500MB, 8GB (4GB)"
    )
    check.add_argument("--depth", type=_positive, metavar="N", help="look no further than so many actions")
    check.add_argument(
        "--coverage", action="store_true", help="also what happens how often, and what never does and why"
    )
    check.add_argument(
        "--witnesses",
        action="store_true",
        help="of what is proved also runs that come near, and parts that do not matter",
    )
    check.add_argument(
        "--counterexamples",
        type=_positive,
        default=1,
        metavar="N",
        help="at most so many of each property, all different",
    )
    check.add_argument("--mermaid", action="store_true", help="also print counterexamples as sequence diagrams")
    check.add_argument(
        "--diagram", metavar="WHERE", help="also draw counterexamples: a folder, or a .svg, .png or .pdf file"
    )
    check.add_argument("--html", metavar="FILE", help="also write a page")
    check.add_argument("--save-trace", metavar="PLACE", help="write counterexamples into a folder, or one .json file")
    amount = check.add_mutually_exclusive_group()
    amount.add_argument("-v", "--verbose", action="store_true", help="every claim by itself, and witnesses")
    amount.add_argument("-q", "--quiet", action="store_true", help="only what is not as it should be")

    simulate = _verb(verbs, "simulate", "how long a design takes")
    simulate.add_argument("model", metavar="MODEL")
    _add_runs(simulate, most="how many jobs (10,000); with --precision at most so many (10,000,000)")
    simulate.add_argument(
        "--precision", type=_share, metavar="P", help="go on until the mean's interval is this narrow: 1%% to each side"
    )
    simulate.add_argument(
        "--precision-of", default="mean", metavar="FIGURE", help="mean (default) or a percentile, such as p99"
    )
    simulate.add_argument(
        "--seconds", type=_seconds, metavar="S", help="stop after so many seconds, with what is known"
    )
    simulate.add_argument("--confidence", type=_share, default=0.95, metavar="P", help="of the intervals (95%%)")
    simulate.add_argument("--warmup", type=_warmup, metavar="N", help="first jobs left out: a number, MSER-5 or none")
    simulate.add_argument("--back-end", default="auto", metavar="NAME", help="auto (what fits), exact, or a simulator")
    simulate.add_argument(
        "--replications", type=_positive, metavar="N", help="so many independent simulations, and their means"
    )
    simulate.add_argument(
        "--workers", type=_positive, metavar="N", help="processes (1); the answer does not depend on how many"
    )

    sweep = _verb(verbs, "sweep", "how long many designs take that differ in some values, as a table")
    sweep.add_argument("model", metavar="MODEL")
    sweep.add_argument(
        "--vary",
        action="append",
        type=_parameter,
        required=True,
        metavar="NAME=VALUES",
        help="a constant, or a place in the model such as services.payment.workers, and its values: 1,2,4 or 1..8"
        " or 10ms..100ms/10ms (step) or 1..64*2 (factor) or 1ms..1s/log 7; also within a delay (repeatable)",
    )
    sweep.add_argument("--zip", action="store_true", help="first values together, second together, instead of all")
    sweep.add_argument("--measures", metavar="LIST", help="some of mean,p50,p90,success,'busy payment' and so on")
    sweep.add_argument("--base", metavar="ROW", help="also the paired difference from `model` (as it is) or `first`")
    sweep.add_argument("--workers", type=_positive, metavar="N", help="processes (as many as there are processors)")
    sweep.add_argument("--csv", metavar="FILE", help="also write the table as CSV")
    sweep.add_argument("--parquet", metavar="FILE", help="also write the table as Parquet")
    _add_runs(sweep)

    timeline = _verb(verbs, "timeline", "what single simulated jobs do, and when")
    timeline.add_argument("model", metavar="MODEL")
    timeline.add_argument("--jobs", type=_positive, default=1, metavar="N", help="how many jobs (1)")
    timeline.add_argument("--seed", type=_whole, default=1, metavar="N", help="of the random numbers (1)")
    charts = "also a Gantt chart (.svg, .png or .pdf), or a trace for Perfetto and chrome://tracing (.json)"
    timeline.add_argument("-o", "--output", metavar="FILE", help=charts)
    timeline.add_argument("--property", metavar="NAME", help="the counterexample to a deadline instead")
    timeline.add_argument("--sequence", metavar="FILE", help="also the sequence diagram of one job")

    compare = _verb(verbs, "compare", "an orchestration and a choreography of the same tasks, side by side")
    compare.add_argument("orchestration", metavar="ORCHESTRATION")
    compare.add_argument("choreography", metavar="CHOREOGRAPHY")
    compare.add_argument("--scaling", action="store_true", help="also how times grow with services, load and overheads")
    _add_runs(compare)

    scale = _verb(verbs, "scale", "how far a design, or each of two, scales under an objective")
    scale.add_argument("model", metavar="MODEL")
    scale.add_argument("other", nargs="?", metavar="OTHER", help="a second design to set beside it")
    scale.add_argument(
        "--vary",
        type=_varied,
        required=True,
        metavar="WHAT=VALUES",
        help="a constant, rate (jobs a second), workers, 'workers of NAME' or listeners, as in N=1..20, rate=5,10,20,"
        " rate=10..100 by 10",
    )
    scale.add_argument(
        "--objective", required=True, metavar="TEXT", help="'p95 <= 2s', 'mean < 300ms and utilisation <= 80%%'"
    )
    _add_runs(scale)

    calibrate = _verb(verbs, "calibrate", "give a design the times that were measured, and set it beside them")
    calibrate.add_argument("model", metavar="MODEL")
    calibrate.add_argument("measurements", metavar="FILE", help="a .csv file with a row for each piece of work")
    calibrate.add_argument("-o", "--output", metavar="FILE", help="write the calibrated model, a .yaml file")
    calibrate.add_argument(
        "--columns",
        type=_pair,
        action="append",
        metavar="WHAT=NAME",
        help="the column of the task, the start, the end or the execution (func, start, end, request_id)",
    )
    calibrate.add_argument(
        "--name",
        type=_pair,
        action="append",
        metavar="NAME=TASK",
        help="what a name in the file means: a step, 'undo STEP', a participant.handler, or nothing to leave it out",
    )
    calibrate.add_argument("--unit", choices=("s", "ms", "us", "ns"), help="of the file's times (seconds)")
    calibrate.add_argument(
        "--fit",
        choices=("empirical", "executions", "lognormal", "mixture"),
        default="empirical",
        help="what measured times become: themselves, themselves by whole executions, lognormals, a body with a tail",
    )
    _add_runs(calibrate)

    outcomes = _verb(verbs, "outcomes", "what the outside can see in the end, of one design or of two side by side")
    outcomes.add_argument("model", metavar="MODEL")
    outcomes.add_argument("other", nargs="?", metavar="OTHER", help="a second design that observes the same")
    outcomes.add_argument("--states", type=_positive, metavar="N", help="give up after so many states")
    outcomes.add_argument("--seconds", type=_seconds, metavar="S", help="give up after so many seconds")
    outcomes.add_argument("-v", "--verbose", action="store_true", help="how each outcome comes about")

    graph = _verb(verbs, "graph", "the flow, who publishes what to whom, or the states, as text or a picture")
    graph.add_argument("model", metavar="MODEL")
    graph.add_argument("--states", action="store_true", help="the states that can be reached, if they are few")
    graph.add_argument("--property", metavar="NAME", help="mark the counterexample of this property")
    graph.add_argument("-o", "--output", metavar="FILE", help="a .png, .svg, .pdf, .dot, .mmd (Mermaid) or .txt file")
    graph.add_argument(
        "--layout", choices=("own", "graphviz"), default="own", help="who lays out a picture: we, or Graphviz's dot"
    )
    graph.add_argument("--format", choices=("text", "dot", "mermaid"), help="what is printed without -o")

    text = "write a model out as text; comments of the source are not kept"
    convert = _verb(verbs, "convert", text)
    convert.add_argument("model", metavar="MODEL")
    convert.add_argument("--to", choices=("yaml",), default="yaml", help="the format (yaml)")
    convert.add_argument("-o", "--output", metavar="FILE", help="write to a file instead of printing")

    schema = verbs.add_parser(
        "schema", help="print the JSON schema of model files, for editors", formatter_class=_formatter
    )
    schema.set_defaults(verb="schema", json=False)

    explore = _verb(verbs, "explore", "step through a design: what can happen, what cannot and why")
    explore.add_argument("model", metavar="MODEL")
    explore.add_argument("--property", metavar="NAME", help="begin at the counterexample or witness of a property")
    explore.add_argument("--trace", metavar="FILE", help="begin at the end of a saved trace")
    explore.add_argument("--script", metavar="FILE", help="obey the lines of a file (-: standard input) and end")

    replay = _verb(verbs, "replay", "whether a saved trace is still a path of its model, and its story")
    replay.add_argument("trace", metavar="TRACE", help="a file that explore or check --save-trace has written")
    replay.add_argument("model", metavar="MODEL", nargs="?", help="the model, where it is not the one that TRACE names")

    explain = _verb(verbs, "explain", "what a code of an error or warning, or a word of the language, means", False)
    explain.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="a code, such as E120, or a word of models, such as retry; all codes without",
    )
    explain.add_argument("--markdown", action="store_true", help="print the page of all codes")
    return parser


def _verb(verbs: Any, name: str, help: str, constants: bool = True) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=help, description=help[0].upper() + help[1:] + ".", formatter_class=_formatter
    )
    parser.set_defaults(verb=name)
    parser.add_argument("--json", action="store_true", help="print data instead of text")
    if not constants:
        return parser
    parser.add_argument(
        "--set", action="append", type=_constant, default=[], metavar="NAME=VALUE", help="replace a constant"
    )
    return parser


def _add_runs(parser: argparse.ArgumentParser, most: str = "") -> None:
    jobs = None if most else 10_000
    parser.add_argument("--jobs", type=_positive, default=jobs, metavar="N", help=most or "how many jobs (10,000)")
    parser.add_argument("--seed", type=_whole, default=1, metavar="N", help="of the random numbers (1)")
    parser.add_argument("--plot", metavar="FILE", help="also draw a .png, .svg or .pdf")


def without_value(chosen: argparse.Namespace) -> str | None:
    """An option that was given as `--option=--`, which argparse takes for no value at all."""
    for name, value in vars(chosen).items():
        if (value == [] and name not in ("set", "words")) or (isinstance(value, list) and [] in value):
            return name
    return None


class _Version(argparse.Action):
    def __call__(self, *_: object) -> None:
        from . import __version__

        print(f"modelcheck {__version__}")
        sys.exit(0)


def _shown(text: str) -> str:
    from .errors import harmless

    return harmless(text[:40])


def _positive(text: str) -> int:
    """A number from one to `MOST`; thousands may be marked: 2,000,000."""
    try:
        number = int(text.replace(",", "").replace("_", ""))
    except ValueError:
        number = 0
    if not 1 <= number <= MOST:
        raise argparse.ArgumentTypeError(f"'{_shown(text)}' is not a number from 1 to {MOST:,}")
    return number


def _whole(text: str) -> int:
    """Any whole number that is not absurdly long."""
    try:
        return int(text[:1_000])
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{_shown(text)}' is not a whole number") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"'{_shown(text)}' is not a number of seconds")
    return seconds


def _share(text: str) -> float:
    """A share as a number or in percent: 0.01, 1%."""
    try:
        share = float(text.rstrip().removesuffix("%")) / (100 if text.rstrip().endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError(f"'{_shown(text)}' is no share between 0 and 1, such as 5%")
    return share


def _warmup(text: str) -> int | str:
    """A number of jobs, or the name of a rule."""
    try:
        return _whole(text)
    except argparse.ArgumentTypeError:
        return text


def _bytes(text: str) -> int:
    """An amount of memory: 500MB, 8 GB, or bytes."""
    units = {"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40, "B": 1}
    amount = text.strip().upper()
    unit = next((unit for unit in units if amount.endswith(unit)), "")
    try:
        number = float(amount.removesuffix(unit)) * units.get(unit, 1)
    except ValueError:
        number = 0.0
    if not 1 <= number <= MOST:
        raise argparse.ArgumentTypeError(f"'{_shown(text)}' is not an amount of memory, such as 500MB or 8GB")
    return int(number)


def _reductions(text: str) -> tuple[str, ...]:
    """`all`, `none`, or names of reductions with commas between them."""
    if text in ("all", "none"):
        return REDUCTIONS if text == "all" else ()
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in REDUCTIONS:
            message = f"'{_shown(name)}' is none of all, none, {', '.join(REDUCTIONS)}"
            raise argparse.ArgumentTypeError(message)
    return names


def _parameter(text: str) -> tuple[str, str]:
    name, separator, values = text.partition("=")
    if not separator or not name.strip() or not values.strip():
        message = f"'{_shown(text)}' is not NAME=VALUES, such as services.payment.workers=1..8"
        raise argparse.ArgumentTypeError(message)
    return name.strip(), values.strip()


def _varied(text: str) -> tuple[str, list[float]]:
    """What is varied, and its values: WHAT=1..20, WHAT=1,2,5, WHAT=10..100 by 10."""
    name, _, given = text.partition("=")
    values: list[float] = []
    try:
        for part in given.split(","):
            bounds, _, step = part.partition("by")
            low, dots, high = bounds.partition("..")
            width = float(step) if step.strip() else 1.0
            count = int((float(high) - float(low)) / width + 1e-9) + 1 if dots and width > 0 else 1
            if count > 1_000:
                raise argparse.ArgumentTypeError(f"'{_shown(text)}' names {count:,} values, which are too many")
            values += [float(low) + width * number for number in range(count)]
    except (ValueError, OverflowError):
        values = []
    if not name.strip() or not values or not all(abs(value) < MOST for value in values):
        raise argparse.ArgumentTypeError(f"'{_shown(text)}' is not WHAT=VALUES, such as N=1..20 or rate=5,10,20")
    return name.strip(), values


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise argparse.ArgumentTypeError(f"'{_shown(text)}' is not NAME=VALUE")
    return name.strip(), value.strip()


def _constant(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"'{_shown(text)}' is not NAME=VALUE")
    return name.strip(), value.strip()
