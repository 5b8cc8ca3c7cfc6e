"""From a group back to single jobs: the event loop goes on with each where the group has left it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..events import FINISH, Event, EventLoop
from ..inbox import Inbox
from ..jobs import Job
from ..plan import Key
from ..walk import Ask
from .group import Group, Pending


def job_of(group: Group, row: int, number: int, arrived: float, caused: Sequence[int], inbox: Inbox) -> Job:
    """One job of a group, as the event loop has it. caused: its counts so far; inbox: to be filled."""
    past = group.past
    job = Job(number, past.place, arrived, inbox)
    letters = {
        queue: [(float(letter.times[row]), letter.event) for letter in waiting]
        for queue, waiting in (group.letters or {}).items()
    }
    job.undos, job.calls, job.publishes, delivered = caused
    inbox.put_back(letters, past.published, delivered)
    job.ended = arrived if past.ended else None  # When it was is noted already.
    job.asked = {each.what for each in group.pending if each.kind != FINISH and each.what}  # type: ignore[misc]
    job.visits, job.turns = dict(past.visits), dict(past.turns)
    job.again, job.holds, job.blocked = set(past.again), set(past.holds), list(past.blocked)
    job.failed, job.choices = past.failed, past.choices
    return job


def go_on(
    loop: EventLoop, job: Job, group: Group, row: int, outcomes: Mapping[Key, tuple[str, ...]], ask: Ask | None
) -> None:
    """Lets the event loop go on with it until nothing more can happen; `ask`: it begins with the request for that."""
    now = float(group.now[row]) if len(group.now) else None
    if ask is not None:
        job.asked.add(ask)
    loop.resume(job, [_event(job, row, each, outcomes) for each in group.pending], now, ask)


def _event(job: Job, row: int, pending: Pending, outcomes: Mapping[Key, tuple[str, ...]]) -> Event:
    turn = pending.turn if isinstance(pending.turn, int) else int(pending.turn[row])
    time = float(pending.times[row])
    if pending.kind != FINISH:
        return time, pending.kind, turn, job, pending.what or None, None, ""  # type: ignore[return-value]
    code = pending.outcome if isinstance(pending.outcome, int) else int(pending.outcome[row])
    flight = pending.what
    return time, FINISH, turn, job, None, flight, outcomes[flight[0]][code]  # type: ignore[index, return-value]
