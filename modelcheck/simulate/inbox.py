"""When the messages of a job are there: publishing takes time, and so does the delivery to each receiver."""

from __future__ import annotations

from ..system import Label
from .plan import Plan


class Inbox:
    """The messages under way to a job's handlers: for each queue, when each becomes available."""

    __slots__ = ("_job", "_plan", "_queues", "_sent")

    def __init__(self, plan: Plan, job: int):
        self._plan, self._job = plan, job
        self._queues: dict[str, list[tuple[float, str]]] = {}
        self._sent: dict[str, int] = {}

    def send(self, label: Label, now: float) -> list[float]:
        raise NotImplementedError

    def available(self, queue: str, message: str) -> float | None:
        """When the next message of this kind can be taken; None where there is none."""
        return next((time for time, kind in self._queues.get(queue, ()) if kind == message), None)

    def take(self, queue: str, message: str) -> None:
        """Takes that message away."""
        waiting = self._queues[queue]
        waiting.pop(next(index for index, (_, kind) in enumerate(waiting) if kind == message))
