import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from boundary.records import Finish, Tier
from boundary.verifiers import Task
from boundary.verifiers.pool import Job
from boundary.verifiers.symbolic import MathVerifier
from tests.suites.data import needs_shared, rows_of
from tests.verifiers.data import boxed, strict, task

# Towers of powers that no rule can tell apart, and that math-verify multiplies out.
HANGS = "9^{9^{9^{9}}} - 9^{9^{9^{8}}}"
# Sums are math-verify's: the rules read none.
SUM, ITS_VALUE, ITS_ORDER = r"\sum_{k=1}^{3} 2k", "12", "21"
TIMEOUT = ("unjudged", "grader_timeout")


@pytest.fixture(scope="module")
def verifier() -> Iterator[MathVerifier]:
    made = MathVerifier(workers=2)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("gold", "answer", "expected"),
    [
        # equal as text
        (r"\frac{1}{2}", r"\dfrac{1}{2}", ("correct", "text")),
        (r"\text{(C)}", "C", ("correct", "text")),
        (r"\text{(C)}", "B", ("wrong", "mismatch")),
        (r"\text{Evelyn}", "evelyn", ("correct", "text")),
        (r"\text{Evelyn}", "Eve", ("wrong", "mismatch")),
        ("4", "4\x00", ("correct", "text")),
        ("\ud800", "\ud800", ("correct", "text")),
        # equal as forms: tests/verifiers/forms holds the rules one by one
        (r"\$32,\!348", "32348", ("correct", "number")),
        (r"90^\circ", "90", ("correct", "unit")),
        (r"\frac{1}{2}", "0.5", ("correct", "number")),
        ("025", "25", ("correct", "number")),
        (r"\textbf{(073)}", "73", ("correct", "number")),
        ("1/3", "0.3333333333", ("wrong", "mismatch")),
        ("50", "0.5", ("wrong", "mismatch")),
        ("50", r"50\%", ("correct", "percent")),
        ("52_8", "52", ("correct", "base")),
        ("p - q", "-q+p", ("correct", "expression")),
        ("p - q", "q - p", ("wrong", "mismatch")),
        (r"3\sqrt{13}", r"\sqrt{117}", ("correct", "number")),
        (r"\sqrt{2}", "1.414214", ("wrong", "mismatch")),
        ("5", "x = 5", ("correct", "relation")),
        ("(3,4]", "[3,4]", ("wrong", "mismatch")),
        ("(-2,1)", "(1,-2)", ("wrong", "mismatch")),
        ("(2,12) \\cup (12,102)", "(12,102)\\cup(2,12)", ("correct", "interval")),
        (r"1 \pm \sqrt{19}", r"1-\sqrt{19}, 1+\sqrt{19}", ("correct", "set")),
        ("2", "two or three", ("wrong", "mismatch")),
        ("15\\mbox{ cm}^2", "15\\mbox{ cm}^3", ("wrong", "mismatch")),
        # equal by math-verify
        (ITS_VALUE, SUM, ("correct", "symbolic")),
        (ITS_ORDER, SUM, ("wrong", "mismatch")),
        (r"\sum_{k=1}^{n} k", r"\sum_{j=1}^{n} j", ("correct", "symbolic")),
        # broken formulas, which math-verify would repair
        ("2516_8", "2516_8_8", ("wrong", "mismatch")),
        ("60%", "60'", ("wrong", "mismatch")),
        (r"15\text{ cm}^2", r"15\text{:}^2", ("wrong", "mismatch")),
        # not judged
        ("", "5", ("unjudged", "no_gold")),
        (" ", "x + 1", ("unjudged", "no_gold")),
        (r"\frac{1}{", "5", ("unjudged", "bad_gold")),
        (r"\frac{1}{", r"x + 1", ("unjudged", "bad_gold")),
        # no answer at all
        ("5", "$$", ("wrong", "no_answer")),
        ("5", "1" * 65_536, ("wrong", "too_long")),
        ("5", "1" * 1_000_000, ("wrong", "too_long")),
        ("5", "x+" * 32_768, ("wrong", "too_long")),
        ("x", "\ud800", ("wrong", "mismatch")),
    ],
)
def test_gold_and_answer(
    verifier: MathVerifier, gold: str, answer: str, expected: tuple[str, str]
) -> None:
    assert strict(verifier, [boxed(gold, answer)]) == [expected]


def test_the_tiers_read_different_statements(verifier: MathVerifier) -> None:
    tasks = [
        task("5", "The answer is 5."),
        task("5", r"\boxed{6} Sorry, the answer is 5."),
        task("p-q", "The answer is $-q + p$."),
        task("5", r"\boxed{5}", finish=Finish.LENGTH),
        task("5", r"\boxed{5", finish=Finish.LENGTH),
    ]
    found = [
        tuple((v.outcome.value, v.reason) for v in verdicts) for verdicts in verifier.judge(tasks)
    ]
    assert found == [
        (("wrong", "no_answer"), ("correct", "text")),
        (("wrong", "mismatch"), ("wrong", "mismatch")),
        (("wrong", "no_answer"), ("correct", "expression")),
        (("wrong", "truncated"), ("correct", "text")),
        (("wrong", "truncated"), ("wrong", "no_answer")),
    ]


def test_the_verdict_holds_what_was_read_and_by_what(verifier: MathVerifier) -> None:
    ((first, second),) = verifier.judge([boxed("5", " 6 ", index=3)])
    assert (first.problem_id, first.index, first.extracted, first.valid) == ("p3", 3, "6", None)
    assert first.verifier_version == verifier.version
    assert verifier.version.startswith("2+math-verify-0.")
    assert (first.tier, second.tier) == (Tier.STRICT, Tier.LENIENT)


def mixed(hangs_at: set[int]) -> list[Task]:
    """Right and wrong answers for math-verify, with hung ones between them."""
    sums = [rf"\sum_{{k=1}}^{{3}} {i}k" for i in range(24)]
    rest = [boxed(str(6 * i + i % 2), text, index=i) for i, text in enumerate(sums)]
    return [boxed("7", HANGS, index=i) if i in hangs_at else rest[i] for i in range(24)]


def test_a_hung_answer_changes_no_other_verdict() -> None:
    hangs = {0, 5, 6, 23}
    verifier = MathVerifier(workers=2, limit_s=3.0)
    without = strict(verifier, mixed(set()))
    start = time.monotonic()
    found = list(verifier.judge(mixed(hangs)))
    assert time.monotonic() - start < 90
    verifier.close()
    assert [verdicts[0].index for verdicts in found] == list(range(24))
    outcomes = [(v[0].outcome.value, v[0].reason) for v in found]
    assert [o for i, o in enumerate(outcomes) if i not in hangs] == [
        o for i, o in enumerate(without) if i not in hangs
    ]
    assert {outcomes[i] for i in hangs} == {TIMEOUT}


def test_a_pair_is_judged_once() -> None:
    verifier = MathVerifier(workers=1, limit_s=3.0)
    strict(verifier, [boxed(ITS_VALUE, SUM)])
    start = time.monotonic()
    found = strict(verifier, [boxed("7", HANGS, index=i) for i in range(50)])
    again = strict(verifier, [boxed("7", HANGS)])
    assert time.monotonic() - start < 60
    verifier.close()
    assert set(found + again) == {TIMEOUT}


def test_few_tasks_are_read_ahead_of_a_hung_one() -> None:
    taken = []

    def tasks() -> Iterator[Task]:
        for index in range(100):
            taken.append(index)
            yield boxed("7", HANGS if index == 0 else "8", index=index)

    verifier = MathVerifier(workers=1, limit_s=0.5, window=8)
    verdicts = verifier.judge(tasks())
    assert next(verdicts)[0].reason == "grader_timeout"
    assert len(taken) == 8
    assert len(list(islice(verdicts, 50))) == 50
    assert len(taken) <= 59
    verifier.close()


def test_a_killed_worker_costs_no_verdict() -> None:
    verifier = MathVerifier(workers=1, limit_s=3.0)

    def tasks() -> Iterator[Task]:
        yield boxed(ITS_VALUE, SUM)
        (pid,) = verifier._pool.pids
        yield boxed("7", HANGS, index=1)
        # By now the worker is at work on the tower.
        os.kill(pid, signal.SIGKILL)
        yield boxed("24", r"\sum_{k=1}^{3} 4k", index=2)

    assert strict(verifier, tasks()) == [("correct", "symbolic"), TIMEOUT, ("correct", "symbolic")]
    verifier.close()


def test_an_answer_that_ends_two_workers_is_unjudged() -> None:
    verifier = MathVerifier(workers=1, limit_s=60.0)

    def kill_two() -> None:
        killed: set[int] = set()
        while len(killed) < 2:
            for worker in tuple(verifier._pool._workers.values()):
                if worker.job and worker.process.pid not in killed:
                    os.kill(worker.process.pid, signal.SIGKILL)
                    killed.add(worker.process.pid)
            time.sleep(0.01)

    killer = threading.Thread(target=kill_two)
    killer.start()
    found = strict(verifier, [boxed("7", HANGS), boxed(ITS_VALUE, SUM)])
    killer.join()
    verifier.close()
    assert found == [("unjudged", "grader_error"), ("correct", "symbolic")]


def test_interrupts_are_left_to_the_parent(verifier: MathVerifier) -> None:
    assert strict(verifier, [boxed("24", r"\sum_{k=1}^{3} 4k")]) == [("correct", "symbolic")]
    pids = verifier._pool.pids
    for pid in pids:
        os.kill(pid, signal.SIGINT)
    time.sleep(0.1)
    assert strict(verifier, [boxed("36", r"\sum_{k=1}^{3} 6k")]) == [("correct", "symbolic")]
    assert verifier._pool.pids == pids


def test_what_breaks_the_grader_is_unjudged(verifier: MathVerifier) -> None:
    # math-verify raises on a time of day, which says nothing of the answer.
    verifier._pool.submit(job := Job({"gold": "12:00", "answer": "1:00"}))
    while job.reply is None:
        verifier._pool.pump(block=True)
    assert "error" in job.reply
    assert strict(verifier, [boxed(ITS_VALUE, SUM)]) == [("correct", "symbolic")]


ORPHAN = """
import sys
from boundary.verifiers.symbolic import MathVerifier
from tests.verifiers.data import boxed
if __name__ == "__main__":
    verifier = MathVerifier(workers=1, limit_s=300)
    next(verifier.judge([boxed("12", r"\\sum_{k=1}^{3} 2k")]))
    print(*verifier._pool.pids, flush=True)
    next(verifier.judge([boxed("7", sys.argv[1])]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="dying with the parent is Linux's own")
def test_a_hung_worker_dies_with_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen(
        [sys.executable, str(script), HANGS], stdout=subprocess.PIPE, env=env, text=True
    )
    with parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        # Let the worker take up the tower.
        time.sleep(1.0)
        assert Path(f"/proc/{pid}").exists()
        parent.kill()
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie that nobody has collected."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_the_parent_does_not_import_the_grader() -> None:
    script = (
        "import sys\nfrom boundary import verifiers\nverifiers.create('math').close()\n"
        "print([m for m in ('math_verify', 'sympy', 'multiprocessing') if m in sys.modules])"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@needs_shared
def test_every_gold_of_math500_is_right_as_it_stands(verifier: MathVerifier) -> None:
    golds = [row["answer"] for row in rows_of("math500")]
    found = strict(verifier, [boxed(gold, gold) for gold in golds])
    assert [g for g, f in zip(golds, found, strict=True) if f[0] != "correct"] == []


@needs_shared
def test_math_verify_also_finds_every_gold_of_math500_equal() -> None:
    # As text they are equal at once, so the worker is asked directly.
    golds = sorted({row["answer"] for row in rows_of("math500")})
    lines = "".join(json.dumps({"gold": gold, "answer": gold}) + "\n" for gold in golds)
    worker = Path(sys.modules[MathVerifier.__module__].__file__ or "").with_name("worker.py")
    done = subprocess.run(
        [sys.executable, "-P", str(worker), "60"],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    )
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert replies[0] == {"ready": True}
    assert [g for g, r in zip(golds, replies[1:], strict=True) if r != {"equal": True}] == []


def next_digit(gold: str) -> str | None:
    """The gold answer with its last digit replaced by the next one."""
    places = [i for i, char in enumerate(gold) if char.isdigit()]
    if not places:
        return None
    last = places[-1]
    return gold[:last] + str((int(gold[last]) + 1) % 10) + gold[last + 1 :]


@needs_shared
def test_no_gold_of_math500_with_another_digit_is_right(verifier: MathVerifier) -> None:
    golds = [row["answer"] for row in rows_of("math500")]
    pairs = [(gold, other) for gold in golds if (other := next_digit(gold))]
    found = strict(verifier, [boxed(*pair) for pair in pairs])
    assert len(pairs) > 480
    assert {p for p, f in zip(pairs, found, strict=True) if f[0] != "wrong"} == set()


@needs_shared
def test_no_answer_that_every_source_calls_unequal_is_right() -> None:
    cases = [
        (row["gold"], row["pred"])
        for row in rows_of("equivalence_cases")
        if not row["equal"] and row["kind"] == "expr" and "convention" not in row
    ]
    verifier = MathVerifier(workers=2, limit_s=2.0)
    found = strict(verifier, [boxed(*case) for case in cases])
    verifier.close()
    assert len(cases) == 67
    # That label is wrong: the two are the same interval.
    interval = ("$x \\in [-2,7]$", "$-2 \\\\le x \\\\le 7$")
    assert [c for c, f in zip(cases, found, strict=True) if f[0] == "correct"] == [interval]
