"""Why a value cannot be given exactly: said instead of a wrong or approximate one."""

from __future__ import annotations

from dataclasses import MISSING, fields

from ..plan import Plan, Receiver, Task

KNOWN: dict[type, frozenset[str]] = {
    Plan: frozenset(
        ("seed", "tasks", "pools", "interval", "mean_interval", "publish", "deliver", "receivers", "notes", "users")
    ),
    Task: frozenset(
        ("key", "delay", "mean", "outcome", "shares", "overhead", "pools", "timeout", "backoff", "factor")
    ),
    Receiver: frozenset(("name", "participant", "ordered", "capacity")),
}  # fmt: skip


class NotExact(Exception):
    """No exact value; `reason` says why, in words for the reader."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


def check_known(plan: Plan) -> None:
    """Raises `NotExact` where a plan says something about time that the exact back end has no rule for."""
    receivers = [each for row in plan.receivers.values() for each in row]
    parts: list[Plan | Task | Receiver] = [plan, *plan.tasks.values(), *receivers]
    for part in parts:
        for field in fields(part):
            if field.name in KNOWN[type(part)]:
                continue
            usual = field.default_factory() if field.default_factory is not MISSING else field.default
            if getattr(part, field.name) != usual:
                raise NotExact(f"there is no closed form and no chain for '{field.name.replace('_', ' ')}'")
