"""Random systems with a seed, as text: integers with and without ranges, labels, lists, records and reals, of several
processes. More kinds of data than `generated_systems` has, and a case can be read and kept as it is.
"""

from __future__ import annotations

import random

VARIABLES = {
    "x": "{range: -2..2, initial: 0}",
    "y": "{range: 0..5, initial: 1..3}",
    "z": "{type: int, initial: 0}",
    "big": "{range: 100..105, initial: 100}",
    "w": "{range: 0..300, initial: 7}",
    "flag": "{type: bool, initial: any}",
    "mode": "{values: [off, on, broken], initial: off}",
    "box": "{type: list of 0..2 at most 2, initial: []}",
    "pair": "{type: {left: 0..2, right: bool}, initial: {left: 1, right: false}}",
    "half": "{type: real, initial: 1}",
    "at": "{over: 1..N, range: 0..2, initial: 0}",
    "busy": "{over: 1..N, type: bool, initial: false}",
}
CHANGES = {
    "x": ("x + 1", "x - 1", "-x", "0", "min(x + 1, 2)", "y - 2", "x // y", "x * x - 1", "abs(x) - 1",
          "1 if flag else -1"),
    "y": ("y + 1", "y - 1", "(y + 1) % 6", "5 - y", "abs(x)", "6 // y", "max(y - 2, 0)", "y // 2", "y % x"),
    "z": ("z + 1 if z < 4 else 0", "0", "x * y", "z - 1 if z > -3 else z", "-z", "min(z + y, 6)"),
    "big": ("big + 1", "205 - big", "100", "100 + y", "big - 1 if big > 100 else 105"),
    "w": ("(w * 2) % 300", "w + 1", "w // 2", "7", "300 - w", "(w + 100) % 301"),
    "flag": ("not flag", "true", "false", "x > 0", "mode == on", "y == 3 or flag"),
    "mode": ("off", "on", "broken if x < 0 else on", "off if flag else mode"),
    "box": ("append(box, 1)", "append(box, y)", "rest(box)", "[]", "[2]"),
    "pair": ("{left: 0, right: true}", "{left: pair.left + 1, right: flag}", "{left: 2, right: not pair.right}"),
    "half": ("half / 2 if half > 1 / 8 else 1", "1", "half + 1 if half < 2 else 1 / 2"),
}  # fmt: skip
CONDITIONS = {
    "x": ("x < 2", "x > -2", "x == 0", "x != y", "6 % x == 0", "x * x == 4"),
    "y": ("y > 0", "y < 5", "y >= 2", "y in {1, 4}", "7 // y > 2", "y % 2 == 0"),
    "z": ("z < 3", "z == 0", "z != x", "z >= -1"),
    "big": ("big < 105", "big != 103", "big - 100 == y"),
    "w": ("w < 290", "w % 2 == 1", "w > 100", "w == 7"),
    "flag": ("flag", "not flag", "flag implies x > 0"),
    "mode": ("mode == on", "mode != broken", "mode in {on, off}"),
    "box": ("length(box) < 2", "length(box) > 0", "box == []", "length(box) > 0 and first(box) == 1"),
    "pair": ("pair.right", "pair.left < 2", "pair.left == 0 or flag"),
    "half": ("half > 1 / 4", "half <= 1", "half == 1 / 2"),
}
EACH = ("at[i] == 0", "at[i] == 1", "at[i] < 2", "not busy[i]", "busy[i]", "forall k in 1..N: k == i or not busy[k]",
        "exists k in 1..N: at[k] == 2", "(count k in 1..N: busy[k]) < 2", "(sum k in 1..N: at[k]) <= 3")  # fmt: skip
EACH_CHANGES = (
    ("at[i]", "at[i] + 1"), ("at[i]", "(at[i] + 1) % 3"), ("at[i]", "0"), ("busy[i]", "not busy[i]"),
    ("busy[i]", "true"), ("busy[i]", "false"), ("at[i]", "2"),
)  # fmt: skip
ASKED = ("forall i in 1..N: at[i] == 2", "(sum i in 1..N: at[i]) == 2", "busy[1] and at[1] == 1", "at[1] > 2")


def random_text(seed: int) -> str:
    """A system of two to four variables and perhaps two or three processes; the same for the same seed."""
    chance = random.Random(seed)
    plain = chance.sample(list(CHANGES), chance.randint(1, 3))
    if "x" not in plain and chance.random() < 0.5:
        plain.append("x")
    processes = chance.random() < 0.5

    def known(text: str) -> bool:
        """Whether a formula speaks only of variables that there are."""
        names = {word for word in "".join(c if c.isalnum() else " " for c in text).split() if word in CHANGES}
        return names <= set(plain)

    def condition() -> str:
        options = [text for name in plain for text in CONDITIONS[name] if known(text)] + ["true"]
        one, other = chance.choice(options), chance.choice(options)
        return chance.choice(("true", one, one, f"({one}) and ({other})", f"({one}) or ({other})", f"not ({one})"))

    def change(name: str) -> str:
        return chance.choice([text for text in CHANGES[name] if known(text)])

    lines = [f"system: text_{seed}", f"constants: {{N: {chance.choice((2, 2, 3))}}}", "variables:"]
    lines += [f"  {name}: {VARIABLES[name]}" for name in (*plain, *(("at", "busy") if processes else ()))]
    lines.append("actions:")
    for number in range(chance.randint(2, 8)):
        guard, effects = (
            condition(),
            {name: change(name) for name in chance.sample(plain, min(len(plain), chance.choice((0, 1, 1, 1, 2, 3))))},
        )
        actor = chance.choice(("", "    actor: p", "    actor: q"))
        lines.append(f"  act{number}:")
        if processes and chance.random() < 0.7:
            lines.append("    for each: i in 1..N")
            guard = f"({guard}) and ({chance.choice(EACH)})"
            effects |= dict(chance.sample(EACH_CHANGES, chance.randint(1, 2)))
            actor = chance.choice(("", "    actor: at[i]"))
        lines.append(f"    when: '{guard}'")
        lines.append("    effect: {" + ", ".join(f"'{name}': '{text}'" for name, text in effects.items()) + "}")
        lines += [actor] * bool(actor)
    if chance.random() < 0.5:
        lines.append(f"finished: '{condition()}'")
    asked = [condition() for _ in range(chance.randint(1, 3))]
    asked += chance.sample(ASKED, 2) if processes else []
    lines.append("properties:")
    lines += [f"  p{number}: {{reachable: '{text}'}}" for number, text in enumerate(asked)]
    return "\n".join(lines) + "\n"
