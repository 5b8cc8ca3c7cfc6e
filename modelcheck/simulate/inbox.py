"""When the messages of a job are there: publishing takes time, and so does the delivery to each receiver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .plan import Plan


class Inbox:
    """The messages of a job that are under way or wait to be taken: for each queue, when each becomes available.

    In a queue that keeps its order, no message is there before the one in front of it. What does not fit is lost.
    """

    __slots__ = ("_job", "_plan", "_published", "_queues", "delivered", "lost")

    def __init__(self, plan: Plan, job: int):
        self._plan, self._job = plan, job
        self._queues: dict[str, list[tuple[float, str]]] = {}
        self._published: dict[str, int] = {}
        self.delivered = 0
        self.lost = 0

    def put_back(self, queues: Mapping[str, list[tuple[float, str]]], published: Mapping[str, int], delivered: int) -> None:
        """The messages of a job that goes on from elsewhere."""
        self._queues.update(queues)
        self._published.update(published)
        self.delivered = delivered

    def send(self, events: Sequence[str], now: float) -> list[float]:
        """Puts the messages of these publications under way; when they will be there."""
        times = []
        for event in events:
            turn = self._published[event] = self._published.get(event, 0) + 1
            publish = self._plan.publish.get(event)
            sent = now if publish is None else now + publish(self._job, turn)
            for queue in self._plan.receivers.get(event, ()):
                waiting = self._queues.setdefault(queue.name, [])
                if queue.capacity is not None and len(waiting) >= queue.capacity:
                    self.lost += 1
                    continue
                deliver = self._plan.deliver.get((event, queue.name))
                there = sent if deliver is None else sent + deliver(self._job, turn)
                if queue.ordered and waiting:
                    there = max(there, waiting[-1][0])
                waiting.append((there, event))
                self.delivered += 1
                times.append(there)
        return times

    def available(self, queue: str, message: str) -> float | None:
        """When the next message of this kind can be taken; None where there is none."""
        return min((time for time, event in self._queues.get(queue, ()) if event == message), default=None)

    def take(self, queue: str, message: str) -> None:
        """Takes that message away."""
        waiting = self._queues[queue]
        time = self.available(queue, message)
        waiting.remove((time or 0.0, message))
