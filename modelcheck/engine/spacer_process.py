"""The child process in which Spacer runs: a problem from standard input, its answer to standard output.

    python -m modelcheck.engine.spacer_process SECONDS BYTES < problem

The problem is text in the syntax of z3's fixed points, with the relations `Inv` and `Bad`; the answer is one line of
JSON: `unreachable` with the invariant as SMT-LIB over v0, v1, ...; `reachable` with the names of the rules used, first
to last; or `unknown` with the reason. Nothing of the parent's is shared, so that neither a crash nor want of memory
reaches it.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    """Read, answer, print."""
    seconds, memory = float(sys.argv[1]), int(sys.argv[2])
    _limit(seconds, memory)
    text = sys.stdin.read()
    import z3

    z3.set_param("memory_max_size", max(64, memory // 2**20))
    try:
        found = _answer(text, seconds)
    except z3.Z3Exception as error:
        found = {"verdict": "unknown", "reason": str(error)}
    print(json.dumps(found), flush=True)


def _limit(seconds: float, memory: int) -> None:
    """What the operating system is to stop, should z3 not stop by itself (only where there are such limits)."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 2, int(seconds) + 2))
    resource.setrlimit(resource.RLIMIT_AS, (memory + 2**29, memory + 2**29))  # The program itself takes some, too.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(text: str, seconds: float) -> dict[str, Any]:
    import z3

    problem = z3.Fixedpoint()
    # Without these what is read back would speak of relations and rules that are not those of the text.
    whole = {f"xform.{name}": False for name in ("inline_linear", "inline_eager", "slice")}
    problem.set(engine="spacer", timeout=max(1, int(1000 * seconds)), **whole)
    problem.parse_string(text)
    bad = z3.Function("Bad", z3.BoolSort())
    problem.register_relation(bad)
    outcome = problem.query(bad())
    if outcome == z3.unsat:
        return {"verdict": "unreachable", "invariant": _invariant(problem.get_answer())}
    if outcome == z3.sat:
        return {"verdict": "reachable", "rules": [str(name) for name in problem.get_rule_names_along_trace()][::-1]}
    return {"verdict": "unknown", "reason": problem.reason_unknown()}


def _invariant(answer: Any) -> str:
    """What the answer says of `Inv`, about constants v0, v1, ...; `true` where it says nothing."""
    import z3

    pending = [answer]
    while pending:
        term = pending.pop()
        if z3.is_and(term):
            pending += term.children()
        elif z3.is_eq(term) and _is_inv(term.arg(0)):
            return str(term.arg(1).sexpr())
        elif z3.is_quantifier(term) and z3.is_eq(term.body()) and _is_inv(term.body().arg(0)):
            head, body = term.body().children()
            places = {z3.get_var_index(argument): place for place, argument in enumerate(head.children())}
            sorts = {z3.get_var_index(argument): argument.sort() for argument in head.children()}
            named = [z3.Const(f"v{places[index]}", sorts[index]) for index in range(len(places))]
            return str(z3.substitute_vars(body, *named).sexpr())
    return "true"


def _is_inv(term: Any) -> bool:
    import z3

    return bool(z3.is_app(term) and term.decl().name() == "Inv")


if __name__ == "__main__":
    main()
