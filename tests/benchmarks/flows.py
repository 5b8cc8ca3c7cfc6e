"""Large flows, as text and as models: steps in a row, and branches in parallel, each step with a contract."""

from __future__ import annotations

from modelcheck import model


def row_text(steps: int, broken: int | None = None) -> str:
    """A flow of steps in a row: each takes the next number of a counter, relies on it and promises it.

    broken: the number of the step whose promise is not kept.
    """
    lines = ["orchestration: row", "variables: {passed: {type: int, initial: 0}}", "services: {work: {}}"]
    lines += ["flow:", "  requires: passed == 0", f"  ensures: passed == {steps}", "  steps:"]
    for number in range(1, steps + 1):
        promise = number if number != broken else number + 1
        lines += [
            f"    s{number}:",
            "      service: work",
            f"      requires: passed == {number - 1}",
            "      effect: {passed: passed + 1}",
            f"      ensures: passed == {promise}",
        ]
    lines += [f"properties: {{first before last: {{before: [s1, s{steps}]}}}}"]
    return "\n".join(lines) + "\n"


def branches_text(branches: int, length: int = 1, broken: int | None = None) -> str:
    """A start, branches of some steps each on variables of their own, a join, an end.

    broken: the number of the branch whose first promise is not kept.
    """
    numbers = range(1, branches + 1)
    lines = ["orchestration: fan", "variables:", "  open: false", "  closed: false"]
    lines += [f"  made{k}: {{range: 0..{length}, initial: 0}}" for k in numbers]
    lines += ["services: {work: {workers: 8}}", "flow:", "  ensures: closed", "  steps:"]
    lines += ["    begin: {service: work, effect: {open: true}, ensures: open}"]
    for k in numbers:
        for place in range(1, length + 1):
            after = "begin" if place == 1 else f"b{k}_{place - 1}"
            promise = place if not (k == broken and place == 1) else place + 1
            lines += [
                f"    b{k}_{place}:",
                "      service: work",
                f"      after: {after}",
                f"      requires: open and made{k} == {place - 1}",
                f"      effect: {{made{k}: made{k} + 1}}",
                f"      ensures: made{k} == {promise}",
            ]
    ends = ", ".join(f"b{k}_{length}" for k in numbers)
    lines += [
        "    join:",
        f"      after: [{ends}]",
        f"      requires: made1 == {length} and made{branches} == {length}",
    ]
    lines += ["    end_of_all: {service: work, effect: {closed: true}, ensures: closed}"]
    lines += ["properties: {begin before join: {before: [begin, join]}}"]
    return "\n".join(lines) + "\n"


def row(steps: int, broken: int | None = None) -> model.Orchestration:
    """The same as `row_text`, built in Python."""
    return model.Orchestration(
        name="row",
        variables={"passed": model.Variable(type="int", initial=0)},
        services={"work": model.Service()},
        flow=model.Flow(
            requires="passed == 0",
            ensures=f"passed == {steps}",
            steps={
                f"s{k}": model.Step(
                    service="work",
                    requires=f"passed == {k - 1}",
                    effect={"passed": "passed + 1"},
                    ensures=f"passed == {k if k != broken else k + 1}",
                )
                for k in range(1, steps + 1)
            },
        ),
        properties={"first before last": model.Property(word="before", about=("s1", f"s{steps}"))},
    )
