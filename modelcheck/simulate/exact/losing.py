"""Which messages are lost: the ways of an action that loses some, with how likely each is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..plan import Plan
from ..walk import Move
from .reason import NotExact
from .state import Dice


def losing(plan: Plan, dice: Dice, same: Sequence[Move]) -> Move:
    """One of the ways of an action, by the losses of its messages. Raises `NotExact` where these leave it open."""
    shares = [_share(plan, move) for move in same]
    alike_published = len({move.action.label.publishes for move in same}) == 1
    if not alike_published:
        if any(move.action.label.loses for move, share in zip(same, shares, strict=True) if share > 0):
            raise NotExact("which messages can be lost depends on a free choice")
        shares = [float(share > 0) for share in shares]
    alike = Counter(move.action.label.loses for move in same)
    possible = [(move, share / alike[move.action.label.loses]) for move, share in zip(same, shares, strict=True)]
    possible = [(move, share) for move, share in possible if share > 0]
    total = sum(share for _, share in possible)
    if alike_published and abs(total - 1) > 1e-9:
        raise NotExact("whether there is room for messages depends on which of them are lost")
    return possible[dice.choose([share / total for _, share in possible])][0]


def _share(plan: Plan, move: Move) -> float:
    """The probability that just those messages are lost that a move loses."""
    label, share = move.action.label, 1.0
    for place, event in enumerate(label.publishes):
        for receiver in plan.receivers.get(event, ()):
            losses = plan.losses.get((event, receiver.name))
            often = losses.share if losses is not None else 0.0
            share *= often if (place, receiver.name) in label.loses else 1 - often
    return share
