"""Random systems of several processes that are alike or nearly so, with data that they share."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from modelcheck import model
from modelcheck.engine.target import Target
from modelcheck.expressions import BOOL, IntType, Ref, Resolver, compare, conjunction, integer
from modelcheck.guarded import compile_system
from modelcheck.system import Action, Claim, TransitionSystem, Variable

OWN = (
    "pc[i] == 0",
    "pc[i] == 0",
    "pc[i] == 1",
    "pc[i] == 1",
    "pc[i] == 2",
    "not flag[i]",
    "flag[i]",
    "pc[i] < 2",
    "true",
)
SHARED = (
    "true", "true", "true", "true", "true", "true",
    "stock > 0", "stock == 2", "turn == i", "turn != i", "turn == 0", "free", "not free",
    "6 % stock == 0", "stock != 0 and 6 // stock > 2",
    "forall k in 1..N: not flag[k] or k == i", "exists k in 1..N: pc[k] == 2 and k != i",
    "(count k in 1..N: flag[k]) < 2", "flag[1]", "pc[2] == 0", "grid[i, i]", "exists k in 1..N: grid[i, k]",
    "turn > 0 and flag[turn]", "link[i] == i", "link[i] == turn",
)  # fmt: skip
EFFECTS = (
    ("pc[i]", "0"), ("pc[i]", "1"), ("pc[i]", "2"), ("pc[i]", "(pc[i] + 1) % 3"), ("pc[i]", "pc[i] + 1"),
    ("flag[i]", "true"), ("flag[i]", "false"), ("flag[i]", "not flag[i]"), ("flag[i]", "stock > 1"),
    ("stock", "stock + 1"), ("stock", "stock - 1"), ("stock", "min(stock + 1, 2)"), ("stock", "2 // stock"),
    ("stock", "1"), ("turn", "i"), ("turn", "0"), ("turn", "i if free else turn"), ("turn", "(turn + 1) % (N + 1)"),
    ("free", "true"), ("free", "false"), ("grid[i, i]", "not grid[i, i]"),
    ("link[i]", "turn"), ("link[i]", "i"), ("turn", "link[i]"),
)  # fmt: skip
PAIRS = (("grid[i, j]", "not flag[j]"), ("grid[i, j]", "true"), ("link[i]", "j"), ("turn", "j"))
ASKED = (
    "forall i in 1..N: pc[i] == 2", "exists i in 1..N: pc[i] == 1 and flag[i]", "stock < 0", "stock == 2 and not free",
    "pc[1] == 2 and pc[2] == 1", "turn == 2", "turn > 0 and flag[turn]", "(count i in 1..N: flag[i]) == 2", "pc[1] > 2",
    "forall i in 1..N: forall j in 1..N: grid[i, j]", "exists i in 1..N: link[i] == i", "6 // stock == 3 and flag[1]",
    "stock + (count i in 1..N: pc[i] == 2) == 3", "link[1] == 2",
)  # fmt: skip
VARIABLES = {
    "pc": model.Variable(type="0..2", initial=0, over=("1..N",)),
    "flag": model.Variable(type="bool", initial=False, over=("1..N",)),
    "grid": model.Variable(type="bool", initial=False, over=("1..N", "1..N")),
    "link": model.Variable(type="0..N", initial=0, over=("1..N",)),
    "turn": model.Variable(type="0..N", initial=0),
    "stock": model.Variable(type="0..2", initial=1),
    "free": model.Variable(type="bool", initial=True),
}
MANY = ({"initial": "{0, 1}"}, {"initial": 0}, {"initial": 0}, {"initial": 0})


@st.composite
def guarded(draw: st.DrawFn) -> model.GuardedAction:
    """One action for each process, for each pair of them, or for one alone."""
    when = f"({draw(st.sampled_from(OWN))}) and ({draw(st.sampled_from(SHARED))})"
    effect = dict(draw(st.lists(st.sampled_from(EFFECTS), min_size=1, max_size=3)))
    kind = draw(st.sampled_from(("each", "each", "each", "pairs", "some")))
    over: tuple[model.Index, ...] = (model.Index(name="i", low=1, high="N"),)
    if kind == "pairs":
        over = (*over, model.Index(name="j", low=1, high="N"))
        when = f"i != j and {when}"
        effect |= dict([draw(st.sampled_from(PAIRS))])
    if kind == "some":
        over = (model.Index(name="i", low=draw(st.sampled_from((1, 2))), high=2),)
    return model.GuardedAction(when=when, effect=effect, for_each=over)


def _chosen(action: Action) -> Action:
    """The first family of actions gives the stock a value that the environment chooses."""
    if not action.name.startswith("act0") or "stock" not in action.updates:
        return action
    new = Variable("new", IntType(0, 2), (0, 1, 2), "parameter")
    stock = Ref("stock", IntType(0, 2))
    claim = Claim("requires", "modest", compare("<=", new.ref, integer(1)))
    guard = conjunction([action.guard, compare("!=", stock, new.ref)])
    claims = (*(each for each in action.claims if each.name != "stock"), claim)
    return replace(action, guard=guard, updates={**action.updates, "stock": new.ref}, parameters=(new,), claims=claims)


@st.composite
def families(draw: st.DrawFn) -> tuple[TransitionSystem, list[Target]]:
    """A system of two or three processes, and what to ask of it."""
    size = draw(st.sampled_from((2, 2, 3)))
    begins = draw(st.sampled_from(MANY))
    actions = draw(st.lists(guarded(), min_size=1, max_size=6))
    used = " ".join(str(each) for each in actions)
    kept = {name: each for name, each in VARIABLES.items() if name in ("pc", "flag", "stock") or name in used}
    texts = draw(st.lists(st.sampled_from(ASKED), max_size=3, unique=True))
    words = " ".join(texts)
    kept |= {name: each for name, each in VARIABLES.items() if name in words}
    kept["pc"] = model.Variable(type="0..2", over=("1..N",), **begins)
    system = compile_system(
        model.System(
            name="generated",
            constants={"N": size},
            variables=kept,
            actions={f"act{at}": each for at, each in enumerate(actions)},
            finished=draw(st.sampled_from(("false", "forall i in 1..N: pc[i] == 2", "flag[1]"))),
        )
    )
    if draw(st.integers(0, 5)) == 0:
        system = replace(system, actions=tuple(_chosen(each) for each in system.actions))
    resolver = Resolver()
    targets = []
    for text in texts:
        asked = resolver.expression(text, system.scope, BOOL)
        assert asked is not None, (text, resolver.problems)
        targets.append(Target(text, state=asked))
    others = [
        Target("stuck", stuck=True),
        Target("range", claims=frozenset({("range", "*")})),
        Target("one range", claims=frozenset({("range", "pc[1]")})),
        Target("modest", claims=frozenset({("requires", "modest")})),
        Target("division", claims=frozenset({("division", "*")})),
    ]
    return system, targets + draw(st.lists(st.sampled_from(others), min_size=0 if targets else 1, unique=True))
