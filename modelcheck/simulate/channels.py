"""Messages on their way: when they are there, how many fit, and who is next.

A channel is a queue for each receiver, shared by all jobs. Publishing takes time, and so does the delivery to each
receiver; where a channel has partitions, each carries the messages of its jobs one after the other. In a queue that
keeps its order no message is there before the one in front of it, and only the first can be taken.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from ..system import State
from .plan import Plan, Receiver
from .queue_states import Crowd, QueueStates
from .walk import Move

if TYPE_CHECKING:
    from .jobs import Job


@dataclass(slots=True, eq=False)
class Message:
    """One message in a queue: when it can be taken, and how often it was taken and has stayed.

    passed_over: its turn came at the workers, when it was not yet the first of its queue.
    """

    job: Job
    event: str
    queue: str
    number: int
    there: float
    taken: int = 0
    passed_over: bool = False


@dataclass(slots=True)
class Line:
    """A queue that jobs share: its messages in order, and the jobs that wait for room."""

    receiver: Receiver
    messages: deque[Message] = field(default_factory=deque)
    latest: float = 0.0
    waiting: dict[Job, None] = field(default_factory=dict)


class Channels:
    """All queues of a simulation. Where each job runs alone, its own state says what fits and what is next."""

    def __init__(self, plan: Plan, states: QueueStates, together: bool):
        self.plan, self.states = plan, states
        self.receivers = {each.name: each for found in plan.receivers.values() for each in found}
        shared = {name: each for name, each in self.receivers.items() if each.ordered or each.capacity is not None}
        self.lines = {name: Line(each) for name, each in shared.items()} if together else {}
        self.bounded = frozenset(name for name, line in self.lines.items() if line.receiver.capacity is not None)
        self.reset()

    def reset(self) -> None:
        """Nothing is on its way."""
        self.carrying = {each.channel: [0.0] * each.count for each in self.plan.partitions.values()}

    def crowds(self, job: Job, move: Move) -> tuple[Crowd, ...]:
        """The queues that are too full for what an action puts into them."""
        found = []
        for queue in move.action.label.puts:
            if queue not in self.bounded:
                continue
            line = self.lines[queue]
            room = (line.receiver.capacity or 0) - len(line.messages)
            label = move.action.label
            coming = sum(each.name == queue for e in label.publishes for each in self.plan.receivers[e])
            coming -= sum(lost == queue for _, lost in label.loses)
            if coming > room:
                evicted = 0
                if line.receiver.overflow == "drop oldest":
                    evicted = min(coming - room, len(line.messages))
                own = sum(each.job is job for each in islice(line.messages, evicted))
                found.append(Crowd(queue, room, evicted, own))
        return tuple(found)

    def wait_for_room(self, job: Job, move: Move) -> None:
        """Lets a job wait until a message is taken from one of the queues that an action puts something into."""
        for queue in move.action.label.puts:
            if queue in self.bounded and self.lines[queue].receiver.overflow == "block":
                self.lines[queue].waiting[job] = None

    def send(self, job: Job, before: State, move: Move, now: float) -> tuple[list[float], list[Message], list[Job]]:
        """Puts what an action publishes under way: when it will be there, which messages had to make room for it, and
        whose turn it is then.

        What has no room is lost: it is not in the state after the action.
        """
        fits = {}
        for queue in move.action.label.puts:
            oldest = self.receivers[queue].overflow == "drop oldest"
            put = self.states.count(move.state, queue) - self.states.count(before, queue)
            fits[queue] = len(move.action.label.publishes) if oldest else put
        times: list[float] = []
        for place, event in enumerate(move.action.label.publishes):
            job.publishes += 1
            number = job.published[event] = job.published.get(event, 0) + 1
            for receiver, there in self._carry(job, event, number, now):
                lost = (place, receiver.name) in move.action.label.loses
                if fits.get(receiver.name, 0) > 0 and not lost:
                    fits[receiver.name] -= 1
                    times.append(self._put(job, event, number, receiver, there))
                else:
                    job.lost += 1
        evicted = [m for queue in move.action.label.puts for m in self._evict(job, move.state, self.receivers[queue])]
        lines = [self.lines[queue] for queue in move.action.label.puts if evicted and queue in self.lines]
        return times, evicted, [other for line in lines for other in self._passed_over(line)]

    def _carry(self, job: Job, event: str, number: int, now: float) -> Iterator[tuple[Receiver, float]]:
        """When a publication reaches each of its receivers."""
        plan, sent = self.plan, now
        shares = plan.partitions.get(event)
        if shares is not None:
            carrier, part = self.carrying[shares.channel], int(shares.key(job.number) * shares.count)
            sent = max(now, carrier[part])
        publish = plan.publish.get(event)
        if publish is not None:
            sent += publish(job.number, number)
        for receiver in plan.receivers.get(event, ()):
            deliver = plan.deliver.get((event, receiver.name))
            there = sent if deliver is None else sent + deliver(job.number, number)
            if shares is not None:
                sent = there  # It carries one message after the other.
            yield receiver, there
        if shares is not None:
            carrier[part] = sent

    def _put(self, job: Job, event: str, number: int, receiver: Receiver, there: float) -> float:
        own = job.inbox.setdefault(receiver.name, [])
        line = self.lines.get(receiver.name)
        if receiver.ordered:
            before = line.latest if line is not None else own[-1].there if own else 0.0
            there = max(there, before)
        message = Message(job, event, receiver.name, number, there)
        own.append(message)
        if line is not None:
            line.latest = max(line.latest, there)
            line.messages.append(message)
        job.deliveries += 1
        return there

    def _evict(self, job: Job, after: State, receiver: Receiver) -> Iterator[Message]:
        """The oldest messages of a queue that make room for new ones; of the job's own the state knows already."""
        if receiver.overflow != "drop oldest":
            return
        line = self.lines.get(receiver.name)
        if line is None:
            own = job.inbox.get(receiver.name, [])
            while len(own) > self.states.count(after, receiver.name):
                yield own.pop(0)
            return
        while receiver.capacity is not None and len(line.messages) > receiver.capacity:
            message = line.messages.popleft()
            message.job.inbox[receiver.name].remove(message)
            yield message

    def next(self, job: Job, queue: str, event: str) -> Message | None:
        """The message of an event that a job takes next: the first in the queue, or in any order the first there."""
        found: Message | None = None
        if self.receivers[queue].ordered:
            found = job.inbox[queue][0] if job.inbox.get(queue) else None
            return found if found is not None and found.event == event else None
        for message in job.inbox.get(queue, ()):
            if message.event == event and (found is None or message.there < found.there):
                found = message
        return found

    def can_take(self, job: Job, queue: str, event: str, now: float) -> bool:
        """Whether a message is there, and first in a queue that keeps its order."""
        message = self.next(job, queue, event)
        if message is None or message.there > now:
            return False
        line = self.lines.get(queue)
        if line is None or not line.receiver.ordered or line.messages[0] is message:
            return True
        message.passed_over = True
        return False

    def loses_now(self, job: Job, move: Move) -> bool:
        """Whether the messages that a move loses are those that are lost now."""
        label, lost = move.action.label, []
        ahead: dict[str, int] = {}
        for place, event in enumerate(label.publishes):
            ahead[event] = ahead.get(event, 0) + 1
            for receiver in self.plan.receivers.get(event, ()):
                losses = self.plan.losses.get((event, receiver.name))
                number = job.published.get(event, 0) + ahead[event]
                if losses is not None and losses.luck(job.number, number) < losses.share:
                    lost.append((place, receiver.name))
        return tuple(lost) == label.loses

    def stays(self, message: Message) -> float | None:
        """When a message that is taken now comes again; None: it does not."""
        repeats = self.plan.repeats.get((message.event, message.queue))
        if repeats is None or repeats.luck(message.job.number, message.number, message.taken + 1) >= repeats.share:
            return None
        deliver = self.plan.deliver.get((message.event, message.queue))
        return 0.0 if deliver is None else deliver(message.job.number, message.number, message.taken + 2)

    def take(self, message: Message) -> list[Job]:
        """Takes a message away; the jobs that have waited for that, and now have something to do."""
        message.job.inbox[message.queue].remove(message)
        line = self.lines.get(message.queue)
        if line is None:
            return []
        if line.messages[0] is message:
            line.messages.popleft()
        else:
            line.messages.remove(message)
        woken = list(line.waiting)
        line.waiting.clear()
        return woken + self._passed_over(line)

    def _passed_over(self, line: Line) -> list[Job]:
        """Whose turn it is now, and was not when there was a worker."""
        if not line.messages or not line.messages[0].passed_over:
            return []
        line.messages[0].passed_over = False
        return [line.messages[0].job]

    def forget(self, job: Job) -> list[Job]:
        """Takes away all messages of a job with which nothing can happen any more."""
        messages = [message for messages in job.inbox.values() for message in messages]
        return [other for message in messages for other in self.take(message)]
