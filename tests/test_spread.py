"""Work over processes and executors: the same answers, in order where asked, nothing left behind, clear errors."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from modelcheck.errors import ModelError
from modelcheck.spread import WAITING, processors, spread
from modelcheck.verbs.terminal import counting

TASKS = list(range(40))


def square(number: int) -> int:
    return number * number


def slow(number: int) -> int:
    time.sleep(0.02)
    return number


def die(number: int) -> int:
    os._exit(3) if number == 5 else None
    return number


def dawdle(_number: int) -> int:
    time.sleep(600)
    return 0


def test_processes_and_threads_give_what_this_process_gives() -> None:
    alone = dict(spread(square, TASKS))
    assert alone == {number: number * number for number in TASKS}
    assert dict(spread(square, TASKS, workers=2)) == alone
    with ThreadPoolExecutor(3) as threads:
        assert dict(spread(square, TASKS, threads)) == alone
        assert threads.submit(square, 3).result() == 9, "the executor of somebody else stays open"


def test_answers_come_in_order_where_they_are_wanted_so() -> None:
    with ThreadPoolExecutor(4) as threads:
        found = list(spread(slow, TASKS, threads, in_order=True))
    assert found == [(number, number) for number in TASKS]


class Counting(Executor):
    """Does its work only when it is asked for the answer, and counts what waits."""

    def __init__(self) -> None:
        self.submitted = self.most = self.taken = 0

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        self.submitted += 1
        self.most = max(self.most, self.submitted - self.taken)
        future: Future[Any] = Future()
        future.set_result(work(*given, **named))
        return future


def test_only_so_much_waits_where_answers_come_in_order() -> None:
    executor = Counting()
    for _, _ in spread(square, range(1_000), executor, in_order=True):
        executor.taken += 1
    assert executor.submitted == 1_000
    assert executor.most <= WAITING


def test_whoever_stops_asking_ends_the_processes() -> None:
    before = set(multiprocessing.active_children())
    began = time.monotonic()
    answers = spread(slow, [*TASKS, *TASKS], workers=2)
    next(answers)
    answers.close()  # type: ignore[attr-defined]  # it is a generator
    assert set(multiprocessing.active_children()) - before == set()
    assert time.monotonic() - began < 60


def test_a_worker_that_dies_is_said_plainly() -> None:
    with pytest.raises(ModelError, match="E442: a worker has died") as caught:
        list(spread(die, TASKS, workers=2))
    assert "memory" in str(caught.value)
    assert "__main__" in str(caught.value)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, 10**6, "two"])
def test_a_number_of_workers_that_is_none(workers: Any) -> None:
    with pytest.raises(ModelError, match="E440"):
        list(spread(square, TASKS, workers=workers))


def test_what_is_no_executor() -> None:
    class Client:
        def get_executor(self) -> None: ...

    with pytest.raises(ModelError, match="a str is no executor"):
        list(spread(square, TASKS, "processes"))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"client.get_executor\(\)"):
        list(spread(square, TASKS, Client()))  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as threads, pytest.raises(ModelError, match="leave `workers` out"):
        list(spread(square, TASKS, threads, workers=2))
    with pytest.raises(ModelError, match="E440: this executor takes no work: cannot schedule"):
        list(spread(square, TASKS, threads))


def test_what_cannot_be_sent_away_is_said_before_processes_start() -> None:
    with pytest.raises(ModelError, match="E441"):
        list(spread(lambda number: number, TASKS, workers=2))
    assert dict(spread(lambda number: number, TASKS)) == dict(enumerate(TASKS))


def test_errors_of_the_work_itself_come_through() -> None:
    with pytest.raises(TypeError):
        list(spread(square, ["a"], workers=2))  # type: ignore[list-item]


def test_there_is_at_least_one_processor() -> None:
    assert processors() >= 1


UNGUARDED = """
import modelcheck as mc
print("here", flush=True)
try:
    mc.sweep("order_orchestration", {"services.payment.time": "20ms,40ms"}, jobs=10, workers=2)
except mc.ModelError as error:
    print(error)
"""


def test_a_script_that_is_not_guarded_gets_one_clear_error(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert "E442: a worker has died" in done.stdout
    assert "if __name__ == '__main__'" in done.stdout
    assert "Traceback" not in done.stderr


def begun(folder: Path) -> subprocess.Popen[str]:
    """A script whose two workers are at something that takes for ever, in a group of processes of its own."""
    script = folder / "script.py"
    script.write_text(
        "import sys, test_spread\n"
        "from modelcheck.spread import spread\n"
        "if __name__ == '__main__':\n"
        "    try:\n"
        "        for answer in spread(test_spread.at_first, range(4), workers=2):\n"
        "            print(*answer, flush=True)\n"
        "    except KeyboardInterrupt:\n"
        "        print('interrupted')\n"
    )
    places = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parent.parent)])
    child = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": places}, start_new_session=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "0 0\n"
    return child


def all_end(group: int) -> bool:
    patience = time.monotonic() + 60
    while _is_there(group) and time.monotonic() < patience:
        time.sleep(0.05)
    return not _is_there(group)


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="without it, children see Ctrl-C, too")
def test_ctrl_c_ends_children_at_work_and_prints_nothing_of_them(tmp_path: Path) -> None:
    child = begun(tmp_path)
    os.killpg(child.pid, signal.SIGINT)  # As a terminal does: to all of them.
    out, err = child.communicate(timeout=60)
    assert out == "interrupted\n"
    assert err == ""
    assert all_end(child.pid)


def test_workers_do_not_outlive_a_process_that_is_killed(tmp_path: Path) -> None:
    child = begun(tmp_path)
    child.kill()
    child.communicate(timeout=60)
    assert all_end(child.pid)


def _is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def at_first(number: int) -> int:
    """The first answer comes at once, the others never."""
    return number if number == 0 else dawdle(number)


def test_how_far_work_has_come_is_shown_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with counting("sweeping:") as tell:
        assert tell is None, "nobody looks"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with counting("sweeping:") as tell:
        assert tell is not None
        tell(0, 1_200)
        tell(300, 1_200)
    shown = capsys.readouterr().err
    assert "sweeping: 0 of 1,200" in shown
    assert "sweeping: 300 of 1,200, 0 s left" in shown
    assert shown.endswith("\r"), "and it is gone"
