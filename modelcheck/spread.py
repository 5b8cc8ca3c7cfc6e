"""Work spread over processes, or over whatever a `concurrent.futures.Executor` stands for, such as a Dask cluster.

Tasks and what comes of them are data that can be pickled, and no task depends on another, so that the answers do not
depend on how many workers there were. Processes are spawned: nothing of this one's state gets into them.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, as_completed
from contextlib import contextmanager
from typing import Any, TypeVar

from .errors import ModelError, Problem

Task = TypeVar("Task")
Found = TypeVar("Found")

MOST_WORKERS = 1_000
WAITING = 64  # So many tasks are with an executor at once where their answers are wanted in order.


def spread(
    work: Callable[[Task], Found],
    tasks: Sequence[Task],
    executor: Executor | None = None,
    workers: int | None = None,
    in_order: bool = False,
) -> Iterator[tuple[int, Found]]:
    """The number of each task with what `work` makes of it, as they are done, or in order.

    `work` is a function of a module. executor: who does it; without one, `workers` processes (1 or None: this one).
    Whoever stops asking, or Ctrl-C, ends the processes. Raises `ModelError`: that is no executor, the workers are
    none, or one of them has died.
    """
    check_workers(executor, workers)
    with crew(executor, workers if workers is None else max(1, min(workers, len(tasks)))) as hands:
        yield from spread_over(hands, work, tasks, in_order)


def spread_over(
    hands: Executor | None, work: Callable[[Task], Found], tasks: Iterable[Task], in_order: bool = False
) -> Iterator[tuple[int, Found]]:
    """As `spread`, by the hands of a `crew`; in order, tasks are made when they are needed."""
    if hands is None:
        yield from ((number, work(task)) for number, task in enumerate(tasks))
    elif in_order:
        yield from _through(hands, work, tasks, in_order)
    else:
        listed = list(tasks)
        if type(hands).__name__ == "ProcessPoolExecutor":
            _check_picklable(work, listed)
        yield from _through(hands, work, listed, in_order)


@contextmanager
def crew(executor: Executor | None = None, workers: int | None = None) -> Iterator[Executor | None]:
    """Who does the work: the executor, which stays open, or so many processes, or (None) this process alone.

    Raises `ModelError` as `check_workers` does.
    """
    check_workers(executor, workers)
    if executor is not None or (workers or 1) == 1:
        yield executor
        return
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        # A script that is not guarded is run again by each process that it starts: it goes no further than here.
        sys.exit(1)
    with _processes(workers or 1) as pool:
        yield pool


def check_workers(executor: Executor | None, workers: int | None) -> None:
    """Raises `ModelError` for an executor that is none, and for fewer workers than one."""
    if executor is not None and not isinstance(executor, Executor):
        message = f"a {type(executor).__name__} is no executor"
        hint = "give a concurrent.futures.Executor, such as ProcessPoolExecutor(4)"
        if hasattr(executor, "get_executor"):
            hint = "of a Dask client give client.get_executor()"
        raise ModelError([Problem("E440", message, hint=hint)])
    if executor is not None and workers is not None:
        hint = "the executor knows how many workers it has: leave `workers` out"
        raise ModelError([Problem("E440", "an executor and a number of workers are given", hint=hint)])
    if workers is not None and (type(workers) is not int or not 1 <= workers <= MOST_WORKERS):
        message = f"{workers!r} workers cannot work"
        raise ModelError([Problem("E440", message, hint=f"give a number from 1 to {MOST_WORKERS:,}")])


def processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _check_picklable(work: Callable[[Any], Any], tasks: Sequence[Any]) -> None:
    try:
        pickle.dumps((work, tasks[:1]))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        message = f"this cannot be sent to another process: {error}"
        hint = "functions must be those of a module, defined with def and not inside another function"
        raise ModelError([Problem("E441", message, hint=hint)]) from None


def _through(
    executor: Executor, work: Callable[[Task], Found], tasks: Iterable[Task], in_order: bool
) -> Iterator[tuple[int, Found]]:
    """What an executor makes of the tasks. Those that are not begun when nobody asks any more are cancelled."""
    pending: dict[Future[Found], int] = {}
    try:
        if in_order:
            yield from _one_after_the_other(executor, work, tasks, pending)
            return
        for number, task in enumerate(tasks):
            pending[_submit(executor, work, task)] = number
        for future in as_completed(list(pending)):
            if not _has_answer(future):
                break
            yield pending.pop(future), future.result()
        # What is done is not lost because something else went wrong.
        for future in [future for future in pending if _has_answer(future)]:
            yield pending.pop(future), future.result()
        for future in pending:
            future.result()
    except (BrokenExecutor, CancelledError) as error:
        raise _died(error) from None
    except Exception as error:
        if not type(error).__module__.startswith("distributed"):
            raise
        raise _died(error) from None
    finally:
        for future in pending:
            future.cancel()


def _has_answer(future: Future[Found]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _one_after_the_other(
    executor: Executor, work: Callable[[Task], Found], tasks: Iterable[Task], pending: dict[Future[Found], int]
) -> Iterator[tuple[int, Found]]:
    """Answers in the order of the tasks; only so many are at work or wait to be taken, that memory stays small."""
    for number, task in enumerate(tasks):
        pending[_submit(executor, work, task)] = number
        if len(pending) == WAITING:
            yield _first(pending)
    while pending:
        yield _first(pending)


def _first(pending: dict[Future[Found], int]) -> tuple[int, Found]:
    future = next(iter(pending))
    return pending.pop(future), future.result()


def _submit(executor: Executor, work: Callable[[Task], Found], task: Task) -> Future[Found]:
    try:
        with _signals_held():
            return executor.submit(work, task)
    except BrokenExecutor:
        raise
    except RuntimeError as error:  # It has been shut down.
        raise ModelError([Problem("E440", f"this executor takes no work: {error}")]) from None


def _died(error: BaseException) -> ModelError:
    said = str(error).split("\n")[0]
    message = f"a worker has died before its work was done{': ' if said else ''}{said}"
    hint = (
        "was there too little memory? then fewer workers help; and a script must call this under "
        "`if __name__ == '__main__':`, since each process reads the script first"
    )
    return ModelError([Problem("E442", message, hint=hint)])


@contextmanager
def _processes(workers: int) -> Iterator[Executor]:
    """A pool of processes that do not outlive it, however it is left, nor this process."""
    from concurrent.futures import ProcessPoolExecutor

    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent)
    try:
        yield pool
    except BaseException:
        # What they are at may take minutes, and nobody wants it any more.
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """In a worker: ends when its parent has been killed, instead of waiting for work for ever."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


@contextmanager
def _signals_held() -> Iterator[None]:
    """Processes that are started in here never see Ctrl-C: it is for this one to end them. It waits until then."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
