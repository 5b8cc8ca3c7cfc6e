"""What names mean at one place of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .composite import AnyType, Tree
from .tree import Expr


@dataclass(frozen=True)
class Scope:
    """What names mean at one place of a model.

    `names`: variables, constants and definitions, each as a typed tree.
    `families`: indexed variables, from the tuple of indices to the member.
    `predicates`: `done(charge)` is `predicates["done"]["charge"]`; the argument is a name, not a value.
    `instances`: one scope for each of several instances, for `count(paid)`, `exists(paid)`, `sum(total)`.
    `cases`: how often what stands here is written out already, by the quantifiers around it. `types`: named types.
    `broken`: names whose declarations are wrong, which has been said: formulas with them are not looked at.
    """

    names: Mapping[str, Tree] = field(default_factory=dict)
    families: Mapping[str, Mapping[tuple[int, ...], Tree]] = field(default_factory=dict)
    predicates: Mapping[str, Mapping[str, Expr]] = field(default_factory=dict)
    instances: tuple[Scope, ...] = ()
    cases: int = 1
    types: Mapping[str, AnyType] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()

    def meant_by(self, text: str) -> str:
        """What to write for a name that means something in another form: a predicate, a step, a field, private
        state; nothing where it does not."""
        if text in self.predicates:
            return f"write '{text}(name)'"
        asked = [predicate for predicate, meanings in self.predicates.items() if text in meanings]
        if asked:
            return f"write '{'done' if 'done' in asked else asked[0]}({text})'"
        full = [name for name in (*self.names, *self.families) if name.endswith(f".{text}")]
        return f"did you mean '{full[0]}'?" if full else ""

    def is_broken(self, name: str) -> bool:
        """Whether the declaration of a name, or of what it is a part of, is wrong."""
        words = name.split(".") if self.broken else []
        return any(".".join(words[:count]) in self.broken for count in range(1, len(words) + 1))

    def with_names(self, names: Mapping[str, Tree]) -> Scope:
        """This scope with more names; a new meaning wins over an old one."""
        return replace(
            self,
            names={**self.names, **names},
            instances=tuple(replace(each, names={**each.names, **names}) for each in self.instances),
        )
