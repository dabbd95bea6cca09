"""The pool with a program of its own: each request says what becomes of its worker."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from boundary.errors import VerifierError
from boundary.verifiers.pool import Job, Pool

PROGRAM = """
import json, os, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    wish = json.loads(line)["wish"]
    if wish == "exit":
        os._exit(3)
    if wish == "exit once" and not os.path.exists(sys.argv[0] + ".died"):
        open(sys.argv[0] + ".died", "w").close()
        os._exit(3)
    if wish == "hang":
        time.sleep(600)
    if wish == "garbage":
        sys.stdout.write(json.dumps({"pid": os.getpid()})[:5])
        sys.stdout.flush()
        time.sleep(0.1)
        sys.stdout.write(json.dumps({"pid": os.getpid()})[5:])
    else:
        sys.stdout.write(json.dumps({"pid": os.getpid()}))
    print(flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def pool(program: Path) -> Iterator[Pool]:
    made = Pool(program, size=2, limit_s=0.5)
    yield made
    made.close()


def run(pool: Pool, *wishes: str) -> list[Job]:
    jobs = [Job({"wish": wish}) for wish in wishes]
    for job in jobs:
        pool.submit(job)
    while any(job.reply is None for job in jobs):
        pool.pump(block=True)
    return jobs


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_workers_are_few_and_used_again(pool: Pool) -> None:
    pids = {job.reply["pid"] for job in run(pool, *["answer"] * 40) if job.reply}
    assert len(pids) <= 2
    assert set(pool.pids) >= pids


def test_one_job_starts_one_worker(pool: Pool) -> None:
    run(pool, "answer")
    assert len(pool.pids) == 1


def test_a_hung_job_ends_with_its_worker_and_no_other(pool: Pool) -> None:
    start = time.monotonic()
    hung, *others = run(pool, "hang", *["answer"] * 20)
    assert hung.reply == {"error": "timeout"}
    assert all(job.reply and "pid" in job.reply for job in others)
    assert time.monotonic() - start < 10


def test_a_job_that_ends_two_workers_is_given_up(pool: Pool) -> None:
    job, other = run(pool, "exit", "answer")
    assert job.reply == {"error": "worker ended with status 3"}
    assert other.reply
    assert "pid" in other.reply


def test_a_job_whose_worker_died_once_is_done_by_another(pool: Pool) -> None:
    (job,) = run(pool, "exit once")
    assert job.reply
    assert "pid" in job.reply
    assert job.deaths == 1


def test_a_reply_may_come_in_pieces(pool: Pool) -> None:
    (job,) = run(pool, "garbage")
    assert job.reply
    assert "pid" in job.reply


def test_a_worker_killed_while_idle_is_replaced(pool: Pool) -> None:
    (job,) = run(pool, "answer")
    assert job.reply
    os.kill(job.reply["pid"], signal.SIGKILL)
    (after,) = run(pool, "answer")
    assert after.reply
    assert after.reply["pid"] != job.reply["pid"]


def test_an_answer_that_came_while_nobody_looked_is_in_time(pool: Pool) -> None:
    run(pool, "answer")
    job = Job({"wish": "answer"})
    pool.submit(job)
    pool.pump(block=False)
    time.sleep(0.8)
    pool.pump(block=False)
    assert job.reply
    assert "pid" in job.reply


def test_close_leaves_no_process(pool: Pool) -> None:
    run(pool, "answer", "answer")
    pids = pool.pids
    pool.submit(Job({"wish": "hang"}))
    pool.pump(block=False)
    pool.close()
    pool.close()
    assert not any(is_alive(pid) for pid in pids)
    with pytest.raises(VerifierError, match="closed"):
        pool.pump(block=False)


def test_a_forgotten_pool_leaves_no_process(program: Path) -> None:
    pool = Pool(program, size=1, limit_s=5)
    run(pool, "answer")
    (pid,) = pool.pids
    del pool
    assert not is_alive(pid)


def test_workers_outlive_the_thread_that_started_them(pool: Pool) -> None:
    threading.Thread(target=run, args=(pool, "answer")).start()
    deadline = time.monotonic() + 20
    while not pool.pids and time.monotonic() < deadline:
        time.sleep(0.01)
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(20)
    (job,) = run(pool, "answer")
    assert job.reply
    assert "pid" in job.reply


def test_a_program_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(7)")
    pool = Pool(broken, size=1, limit_s=1)
    with pytest.raises(VerifierError, match=r"do not start \(last exit status 7\)"):
        run(pool, "answer")
    pool.close()
