"""What the tables of the loader do not say: types, formulas, distributions and properties, in words.

Tests see that every operator, function, predicate, distribution and property word of the program stands here.
"""

from __future__ import annotations

from collections.abc import Mapping

TYPES: Mapping[str, str] = {
    "bool": "`true` or `false`",
    "int": "a whole number of any size",
    "real": "a number; exact in checks, floating point in simulations",
    "0..5": "a whole number in a range, whose ends may use constants: `0..N - 1`; leaving the range is a finding",
    "{idle, busy}": "one of a few names (also written `[idle, busy]`)",
    "Item": "what `types` says: `types: {Item: {book, pen}}`; `forall t in Item: ...` goes over its values",
    "{item: Item, amount: 0..5}": "a record: `line.amount` is a part; `{item: book, amount: 1}` is a whole one",
    "list of Item at most 3": "a list: `queue[1]` is its first item, `[]` the empty one; it must not get longer",
    "map from Item to 0..5": "a value for each key: `stock[book]`",
}

# Loosest first, as they bind.
OPERATORS: tuple[tuple[str, str, str], ...] = (
    ("if ... else", "`a if p else b`", "a where p holds, else b"),
    ("implies", "`p implies q`, also `p => q`", "false only where p holds and q does not"),
    ("or", "`p or q`", "at least one of them; what decides first is not evaluated further"),
    ("and", "`p and q`", "all of them; what decides first is not evaluated further"),
    ("not", "`not p`", "the opposite"),
    (
        "== != < <= > >=",
        "`0 <= x < N`",
        "comparisons; in a chain each of them holds. Numbers have an order, names have not",
    ),
    ("in", "`x in 1..3`, `x not in {idle, busy}`", "whether a value is in a range, a set or a list"),
    ("+ -", "`a + b`", "sum and difference"),
    ("* // % /", "`a // 2`", "product; `//` and `%` round down, for whole numbers; `/` is exact, for reals"),
    ("-", "`-a`", "the negative number"),
)

# What all numbers have, and what lists have.
FUNCTIONS: Mapping[str, str] = {
    "min": "`min(a, b, ...)`: the smallest",
    "max": "`max(a, b, ...)`: the largest",
    "abs": "`abs(a)`: without its sign",
    "length": "`length(list)`: how many items a list holds",
    "first": "`first(list)`: its first item; there must be one",
    "last": "`last(list)`: its last item; there must be one",
    "rest": "`rest(list)`: the list without its first item; there must be one",
    "front": "`front(list)`: the list without its last item; there must be one",
    "append": "`append(list, a)`: the list with one more item at its end",
}

QUANTIFIERS: Mapping[str, str] = {
    "forall": "`forall i in 1..N: p`: p holds for each i; also over a list, `forall x in queue: p`, and a type",
    "exists": "`exists i in 1..N: p`: p holds for some i",
    "sum": "`sum i in 1..N: a`: the total of a over all i",
    "count": "`count i in 1..N: p`: for how many i p holds",
}

OVER_INSTANCES = (
    "`forall(p)`, `exists(p)`, `sum(a)` and `count(p)` in a property go over all instances: `count(paid) <= 1`.\n"
    "A property that names variables of an instance in any other way speaks of each instance by itself."
)

ORCHESTRATION_PREDICATES: Mapping[str, str] = {
    "waiting": "`waiting(step)`: no token has arrived at the step yet",
    "ready": "`ready(step)`: a token has arrived; the step waits to start",
    "running": "`running(step)`: it has started and not finished; `running(flow)`: nothing has failed or ended",
    "done": "`done(step)`: it has ended with `ok`",
    "skipped": "`skipped(step)`: its `when` was false on arrival",
    "failed": "`failed(step)`: it ended with another outcome or a false check; `failed(flow)`: the flow has aborted",
    "undoing": "`undoing(step)`: it is being undone",
    "undone": "`undone(step)`: it has been undone",
    "completed": "`completed(flow)`: the flow has ended well",
    "aborting": "`aborting(flow)`: something has failed, and what is owed is being undone",
    "aborted": "`aborted(flow)`: the flow has ended as a failure",
    "ended": "`ended(flow)`: it has completed or aborted",
}

CHOREOGRAPHY_PREDICATES: Mapping[str, str] = {
    "running": "`running(participant.handler)`: it is handling a message",
    "dead_letter": "`dead_letter(participant.handler)`: it has put a message aside (where `on_failure: dead letter`)",
}

# An example of each property, in the design that `PROPERTY_FRAME` begins.
PROPERTY_EXAMPLES: Mapping[str, str] = {
    "always": "stock is never negative: {always: stock >= 0}",
    "never": "nobody pays twice: {never: paid and running(pay)}",
    "reachable": "an order can be shipped: {reachable: done(ship)}",
    "possible": "it can always still end: {possible: ended(flow)}",
    "leads_to": "what is paid is shipped or refunded: {leads_to: [paid, done(ship) or not paid]}",
    "before": "pay before ship: {before: [pay, ship]}",
    "ends": "every order ends: {ends: flow}",
    "compensated": "nothing is left behind: {compensated: flow}",
    "outcome": "all or nothing: {outcome: paid == shipped}",
    "fairness": "every order ends, if no outcome is avoided for ever: {ends: flow, fairness: outcomes}",
    "sound": "orders complete: {sound: classical}",
}
PROPERTY_FRAME = """\
orchestration: order
variables: {stock: {range: 0..2, initial: 1}, paid: false, shipped: false}
services: {shop: {fails: 5%}}
flow:
  steps:
    pay: {effect: {paid: true, stock: max(stock - 1, 0)}, compensation: {effect: {paid: false}}}
    ship: {service: shop, effect: {shipped: true}, compensation: {effect: {shipped: false}}}
properties:
"""

VERDICTS: Mapping[str, str] = {
    "proved": "holds in every execution",
    "refuted": "there is a counterexample, which was replayed before it is shown",
    "bounded": "no counterexample up to a bound that the engine chose",
    "unknown": "the limit of time or memory came first, or z3 gave up",
    "vacuous": "proved, but only because what it speaks of never happens: that counts as a failure",
}
