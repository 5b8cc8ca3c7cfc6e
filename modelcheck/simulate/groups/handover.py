"""From a group back to single jobs: the event loop goes on with each where the group has left it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..channels import Message
from ..events import EventLoop
from ..jobs import Job
from ..pacing import FINISH, REQUEST
from ..plan import Key
from ..walk import Ask
from ..work import Request, Use, Work
from .group import Group


def job_of(group: Group, row: int, number: int, arrived: float, caused: Sequence[int], uses: Mapping[Key, Use]) -> Job:
    """One job of a group, as the event loop has it, with its counts so far."""
    past = group.past
    job = Job(number, past.place, arrived)
    job.undos, job.calls, job.publishes, job.deliveries, job.lost, job.dead_letters = caused
    job.ended = arrived if past.ended else None  # When it was is noted already.
    asked: Any = {each.what for each in group.pending if each.kind == REQUEST and each.what}
    job.asked, job.visits, job.turns = asked, dict(past.visits), dict(past.turns)
    job.again, job.holds, job.published = set(past.again), set(past.holds), dict(past.published)
    job.blocked = [Work(job, flight, outcome, 0.0, 0.0, uses[flight[0]]) for flight, outcome in past.blocked]
    job.failed, job.choices = past.failed, past.choices
    job.inbox = {
        queue: [Message(job, letter.event, queue, 0, float(letter.times[row])) for letter in waiting]
        for queue, waiting in (group.letters or {}).items()
    }
    return job


def go_on(
    loop: EventLoop, job: Job, group: Group, row: int, outcomes: Mapping[Key, tuple[str, ...]], ask: Ask | None
) -> None:
    """Lets the event loop go on with it until nothing more can happen; `ask`: it begins with the request for that."""
    busy = [loop.uses[key].pools for key, _ in (*job.place.running, *job.holds)]
    for pool in loop.pools.values():
        pool.reset()
        pool.free -= sum(pool in each for each in busy)
    at = group.at[row : row + 1]
    for event in sorted(group.pending, key=lambda each: _number(group.board.turns(each, at))):
        time, what = float(group.board.times(event, at)[0]), event.what
        if event.kind == FINISH:
            flight: Any = what
            outcome = outcomes[flight[0]][_number(group.board.outcomes(event, at))]
            work = Work(job, flight, outcome, 0.0, time, loop.uses[flight[0]])
            loop._at(time, FINISH, loop._finish, work)
        elif what:
            asked: Any = what
            loop._at(time, REQUEST, loop._called, Request(job, asked))
        else:
            loop._announce(time, job)
    if len(group.now):
        now = float(group.now[row])
        if ask is not None:
            job.asked.add(ask)
            loop._request(job, ask, now, now)
        loop._advance(job, now)
    loop._run_on()


def _number(value: Any) -> int:
    return value if isinstance(value, int) else int(value[0])
