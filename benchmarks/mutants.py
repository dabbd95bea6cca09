"""Damaged reference solutions, judged by the code verifier, by their own tests and by evalplus.

An operator is flipped or a constant changed in a solution of HumanEval+ or MBPP+. The second
opinion is the suite's own test, run as it is in a process of its own; the third is the package
evalplus, where ``--evalplus`` names an interpreter that has it. Every disagreement is printed.

The data folder holds humaneval_plus_originfmt.jsonl.gz and mbpp_plus_originfmt.jsonl.gz.
"""

import argparse
import ast
import gzip
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Their solutions take seconds, and their mutants longer.
_HEAVY = {
    *(f"HumanEval/{n}" for n in (14, 15, 36, 83, 100, 130, 139)),
    *(f"Mbpp/{n}" for n in (84, 123, 255, 271, 389, 392, 462, 589, 592, 599, 603, 630)),
}
_LIMIT_S = 20
_SEED = 20_250_101
_FLIPS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


def mutants(source: str, rng: random.Random) -> Iterator[str]:
    """Each way of changing one operator or constant, in random order."""
    count = sum(1 for _ in _places(ast.parse(source)))
    for place in rng.sample(range(count), count):
        tree = ast.parse(source)
        node, field, value = list(_places(tree))[place]
        setattr(node, field, value)
        yield ast.unparse(ast.fix_missing_locations(tree))


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, str, Any]]:
    for node in ast.walk(tree):
        operator = getattr(node, "op", None)
        if type(operator) in _FLIPS:
            yield node, "op", _FLIPS[type(operator)]()
        if isinstance(node, ast.Compare) and type(node.ops[0]) in _FLIPS:
            yield node, "ops", [_FLIPS[type(node.ops[0])](), *node.ops[1:]]
        if isinstance(node, ast.Constant) and not isinstance(node.value, str):
            yield node, "value", _other(node.value)


def _other(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return not value
    return value + 1


def main() -> int:
    """Print how often the verdicts agree; exit 1 where one is not explained by time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--evalplus", help="An interpreter that has the package evalplus.")
    parser.add_argument("--out", type=Path, help="Write every mutant with its verdicts here.")
    parser.add_argument("--second-opinion", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.second_opinion:
        return _second_opinion(options.second_opinion)
    jobs = _jobs(options.data, options.count)
    _judge(jobs)
    _ask(jobs, sys.executable, "direct")
    if options.evalplus:
        _ask(jobs, options.evalplus, "evalplus")
    if options.out:
        keys = ("id", "source", "ours", "reason", "direct", "evalplus")
        rows = ({key: job.get(key) for key in keys} for job in jobs)
        options.out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return _report(jobs)


def _jobs(data: Path, count: int) -> list[dict[str, Any]]:
    from boundary import suites

    rng = random.Random(_SEED)
    jobs: list[dict[str, Any]] = []
    for name, stem in (("humanevalplus", "humaneval_plus"), ("mbppplus", "mbpp_plus")):
        with gzip.open(data / f"{stem}_originfmt.jsonl.gz", "rt") as file:
            tests = {_id(row): row["test"] for row in map(json.loads, file)}
        problems = [p for p in suites.load(name, data=data).problems if p.id not in _HEAVY]
        ways = {p.id: mutants(p.solution or "", rng) for p in problems}
        wanted = len(jobs) + count // 2
        while len(jobs) < wanted:
            for problem in rng.sample(problems, len(problems)):
                source = next(ways[problem.id], None)
                if source is not None and len(jobs) < wanted:
                    test = tests[problem.id]
                    jobs.append({"id": problem.id, "problem": problem, "source": source})
                    jobs[-1] |= {"test": test, "entry": problem.meta["entry"], "suite": name}
    return jobs


def _id(row: dict[str, Any]) -> str:
    return row["task_id"] if isinstance(row["task_id"], str) else f"Mbpp/{row['task_id']}"


def _judge(jobs: list[dict[str, Any]]) -> None:
    from boundary.records import Finish, Sample
    from boundary.verifiers import Task, create

    verifier = create("code")
    tasks = [
        Task(
            job["problem"],
            Sample(job["id"], i, 0, job["source"], None, None, Finish.STOP),
            "code_open",
        )
        for i, job in enumerate(jobs)
    ]
    for job, (verdict, *_) in zip(jobs, verifier.judge(tasks), strict=True):
        job["ours"], job["reason"] = str(verdict.outcome) == "correct", verdict.reason
    verifier.close()


def _ask(jobs: list[dict[str, Any]], python: str, name: str) -> None:
    """Have another process judge the same programs."""
    from boundary.verifiers.programs.plan import Plan, opened

    rows = []
    for job in jobs:
        plan = Plan.of(job["problem"])
        expected = [opened(value) for value in plan.expected or ()]
        row = {key: job[key] for key in ("id", "source", "test", "entry", "suite")}
        row |= {"inputs": plan.inputs, "expected": expected, "atol": plan.rule.atol, "who": name}
        rows.append(row)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs"
        path.write_bytes(pickle.dumps(rows))
        command = [python, __file__, "--data", ".", "--second-opinion", str(path)]
        subprocess.run(command, check=True)
        found = pickle.loads(path.with_suffix(".found").read_bytes())  # noqa: S301
    for job, verdict in zip(jobs, found, strict=True):
        job[name] = verdict


def _second_opinion(path: Path) -> int:
    rows = pickle.loads(path.read_bytes())  # noqa: S301
    judge = _by_test if rows[0]["who"] == "direct" else _by_evalplus
    path.with_suffix(".found").write_bytes(pickle.dumps([judge(row) for row in rows]))
    return 0


def _by_test(row: dict[str, Any]) -> bool | str:
    """Whether a fork of this process runs the program and the suite's own test to the end."""
    import numpy as np

    assert np
    call = f"\ncheck({row['entry']})\n" if row["suite"] == "humanevalplus" else ""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
            signal.alarm(_LIMIT_S)
            space: dict[str, Any] = {"__name__": "mutant"}
            exec(row["source"], space)  # noqa: S102
            exec(row["test"] + call, space)  # noqa: S102
            status = 0
        finally:
            os._exit(status)
    status = os.waitpid(pid, 0)[1]
    if os.WIFSIGNALED(status):
        return "time" if os.WTERMSIG(status) == signal.SIGALRM else False
    return status == 0


def _by_evalplus(row: dict[str, Any]) -> bool | str:
    from evalplus.eval import untrusted_check  # type: ignore[import-not-found]

    stat, _ = untrusted_check(
        row["suite"].removesuffix("plus"),
        row["source"],
        row["inputs"],
        row["entry"],
        expected=row["expected"],
        atol=row["atol"],
        ref_time=[0.5] * len(row["inputs"]),
        fast_check=True,
    )
    return "time" if stat == "timeout" else bool(stat == "pass")


def _report(jobs: list[dict[str, Any]]) -> int:
    odd = 0
    print(f"{len(jobs)} mutants, {sum(job['ours'] for job in jobs)} of them pass")
    print(dict(Counter(job["reason"] for job in jobs)))
    for other in ("direct", "evalplus"):
        told = [job for job in jobs if other in job]
        differ = [job for job in told if (job[other] is True) != job["ours"]]
        slow = [job for job in differ if job[other] == "time" or job["reason"] == "time_limit"]
        odd += len(differ) - len(slow)
        if told:
            print(f"{other}: {len(told) - len(differ)} of {len(told)} alike; by time {len(slow)}")
        for job in differ:
            print(f"  {job['id']}: ours {job['reason']}, {other} {job[other]}\n{job['source']}\n")
    return 1 if odd else 0


if __name__ == "__main__":
    raise SystemExit(main())
