"""What the code verifier decides, and what nobody talks it into."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from boundary import cases, sandbox, suites
from boundary.errors import PackageError, StoreError, VerifierError
from boundary.records import Finish, Problem, Tier
from boundary.sandbox import Output
from boundary.verifiers import Task, create
from boundary.verifiers.code import CodeVerifier
from boundary.verifiers.programs.plan import Plan
from tests.suites.data import SHARED, needs_shared
from tests.verifiers.programs.contest import RIGHT_AND_WRONG
from tests.verifiers.programs.data import ADD, adder, fenced, judged, outcome, task

RIGHT = ("correct", "passed")


@pytest.fixture(scope="module")
def verifier() -> Iterator[CodeVerifier]:
    made = CodeVerifier(workers=2)
    yield made
    made.close()


WRONG = {
    "def add(a, b):\n    return a - b\n": "mismatch",
    "def add(a, b):\n    return str(a + b)\n": "mismatch",
    "def add(a, b):\n    return a + b if a != 10 else None\n": "mismatch",
    "def add(a, b):\n    raise ValueError(a)\n": "exception",
    "def plus(a, b):\n    return a + b\n": "exception",
    "def add(a):\n    return a\n": "exception",
    "def add(a, b):\n    return a +\n": "syntax",
    "I would add them.": "syntax",
    "\0": "syntax",
    "def add(a, b):\n    return '\ud800'\n": "syntax",
    "def add(a, b):\n    while True: pass\n": "time_limit",
    "def add(a, b):\n    return [0] * 10**10\n": "memory_limit",
    "def add(a, b):\n    return object()\n": "mismatch",
    "def add(a, b):\n    return 'x' * 10**8\n": "output_limit",
    "import sys\nsys.exit(0)\n": "exception",
    "import os\nos._exit(0)\n": "exception",
    "def add(a, b):\n    import os\n    os._exit(0)\n": "exception",
}


@pytest.mark.parametrize(("program", "reason"), WRONG.items())
def test_wrong_programs_have_their_reason(
    verifier: CodeVerifier, program: str, reason: str
) -> None:
    assert judged(verifier, [task(adder(), program)]) == [("wrong", reason)]


FORGED = {
    "a value that equals all": "class Any(int):\n    def __eq__(self, other): return True\n"
    "def add(a, b):\n    return Any(7)\n",
    "a word that says it passed": "print('passed')\ndef add(a, b):\n    print('correct')\n",
    "an end that looks like success": "import atexit, os\natexit.register(os._exit, 0)\n"
    "def add(a, b):\n    raise SystemExit(0)\n",
    "equality redefined": "import builtins, operator\noperator.eq = lambda *_: True\n"
    "builtins.all = lambda *_: True\ndef add(a, b):\n    return 0\n",
    "frames that are looked through": "import sys\ndef add(a, b):\n    frame = sys._getframe()\n"
    "    while frame:\n        for name, value in list(frame.f_locals.items()):\n"
    "            if isinstance(value, list): return value\n        frame = frame.f_back\n",
    "memory that is looked through": "import gc\ndef add(a, b):\n"
    "    found = [o for o in gc.get_objects() if isinstance(o, tuple) and 30 in o]\n"
    "    return 30 if found else -1\n",
    "tests that are read": "def add(a, b):\n    import glob\n"
    "    return glob.glob('/**/test*', recursive=True)\n",
}


@pytest.mark.parametrize("program", FORGED.values(), ids=FORGED.keys())
def test_a_verdict_is_not_forged(verifier: CodeVerifier, program: str) -> None:
    ((found, _),) = judged(verifier, [task(adder(), program)])
    assert found == "wrong"


def test_right_programs_in_every_channel(verifier: CodeVerifier) -> None:
    body = ADD.partition("\n")[2]
    texts = {
        "code": fenced(ADD),
        "code_open": ADD + "```",
        "completion": body,
        "answer_tag": f"<think>hm</think>\n<answer>\n{ADD}</answer>",
        "boxed": fenced(ADD),
    }
    tasks = [task(adder(), text, channel=channel) for channel, text in texts.items()]
    assert judged(verifier, tasks) == [RIGHT] * len(tasks)


def test_what_stands_before_a_function_is_there_for_a_program(verifier: CodeVerifier) -> None:
    problem = adder(head="from typing import List\n\ndef one(): return 1\n")
    program = "def add(a: List, b: List) -> List:\n    return a + b * one()\n"
    later = "from __future__ import annotations\n" + program.replace(" * one()", "")
    said = "# no from __future__ is needed\n" + program
    assert judged(verifier, [task(problem, p) for p in (program, later, said)]) == [RIGHT] * 3


@pytest.mark.parametrize("blank", ["\u00a0", "\x85", "\x1c", "\v"])
def test_blanks_that_python_does_not_know_are_an_error(verifier: CodeVerifier, blank: str) -> None:
    tasks = [task(adder(), f"{ADD}{end}") for end in (f"{blank}\n", " \t\f\r\n")]
    assert judged(verifier, tasks) == [("wrong", "syntax"), RIGHT]


def test_outputs_nested_too_deeply_are_no_end_of_the_judging(verifier: CodeVerifier) -> None:
    """Written past our own writer, who would refuse them."""
    deep = (
        "import os, struct\ndef add(a, b):\n"
        "    body = (b'z' + struct.pack('>I', 1)) * {} + b'z' + bytes(4)\n"
        "    os.write(3, struct.pack('>cI', b'V', len(body)) + body)\n    os._exit(0)\n"
    )
    tasks = [task(adder(), deep.format(depth)) for depth in (90, 199, 3000)]
    found = judged(verifier, [*tasks, task(adder(), ADD)])
    assert found == [("wrong", "mismatch")] * 3 + [RIGHT]


def test_tiers_and_truncation(verifier: CodeVerifier) -> None:
    cut = task(adder(), fenced(ADD) + "And so", channel="code", finish=Finish.LENGTH)
    bare = task(adder(), f"```\n{ADD}", channel="code")
    none = task(adder(), "I do not know.", channel="code")
    ended = task(adder(), ADD, finish=Finish.ABORT)
    found = [
        (outcome(verdicts), outcome(verdicts, Tier.LENIENT))
        for verdicts in verifier.judge([cut, bare, none, ended])
    ]
    assert found == [
        (("wrong", "truncated"), RIGHT),
        (("wrong", "no_code"), RIGHT),
        (("wrong", "no_code"), ("wrong", "no_code")),
        (("unjudged", "aborted"), ("unjudged", "aborted")),
    ]


def test_a_program_is_run_once(verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    real = sandbox.Pool.run

    def counted(self: sandbox.Pool, jobs: Any, *, keep: bool) -> Any:
        def told() -> Iterator[Any]:
            for program, check in jobs:
                ran.append(program.source)
                yield program, check

        return real(self, told(), keep=keep)

    monkeypatch.setattr(sandbox.Pool, "run", counted)
    program = f"{ADD}# counted\n"
    texts = [program, program.replace("\n", "\r\n"), program + "\n\n", ADD + "# other\n"]
    assert judged(verifier, [task(adder(), text) for text in texts]) == [RIGHT] * 4
    assert judged(verifier, [task(adder(), texts[0])]) == [RIGHT]
    assert len(ran) == 2
    # The same program for another problem is another matter.
    assert judged(verifier, [task(replace(adder(), id="other"), program)]) == [RIGHT]
    assert len(ran) == 3
    stricter = adder(cases=cases.pack([(1, 2)], [4]))
    assert judged(verifier, [task(stricter, program)]) == [("wrong", "mismatch")]
    assert judged(verifier, [task(adder(), program)]) == [RIGHT]
    assert len(ran) == 4


def test_verdicts_come_as_tasks_are_read_and_in_their_order(verifier: CodeVerifier) -> None:
    read: list[int] = []

    def endless() -> Iterator[Task]:
        for i in itertools.count():
            read.append(i)
            wrong = "-" if i % 3 else "+"
            yield task(adder(), f"def add(a, b):\n    return a {wrong} b\n# {i}\n")

    found = list(itertools.islice(verifier.judge(endless()), 20))
    assert [outcome(v)[0] for v in found] == ["correct", "wrong", "wrong"] * 6 + [
        "correct",
        "wrong",
    ]
    assert len(read) < 5000
    # What was read ahead and not judged is judged when it is asked again.
    again = [task(adder(), f"def add(a, b):\n    return a + b\n# {i}\n") for i in range(0, 60, 3)]
    assert judged(verifier, again) == [RIGHT] * 20


def test_the_same_program_a_thousand_times_waits_for_the_first(verifier: CodeVerifier) -> None:
    program = f"{ADD}# again and again\n"
    assert judged(verifier, [task(adder(), program)] * 10_000) == [RIGHT] * 10_000


ENDINGS = {
    "return 9": "mismatch",
    "raise ValueError": "exception",
    "import os; os._exit(0)": "exception",
    "while True: pass": "time_limit",
}


@pytest.mark.parametrize(("ending", "reason"), ENDINGS.items())
def test_tests_stop_at_the_first_failure_unless_all_are_asked_for(
    verifier: CodeVerifier, ending: str, reason: str
) -> None:
    """Also where the program does not outlive one of them."""
    tests = cases.pack([(1, 2), (-1, 1), (10, 20), (-1, 2), (3, 4)], [3, 0, 30, 1, 7])
    problem = replace(adder(cases=tests, cpu_s=0.3), id="all")
    program = f"def add(a, b):\n    if a < 0:\n        {ending}\n    return a + b\n"
    assert judged(verifier, [task(problem, program)]) == [("wrong", reason)]
    told: dict[int, str] = {}
    teller = CodeVerifier(workers=1, on_test=lambda _, number, why: told.update({number: why}))
    assert judged(teller, [task(problem, program)]) == [("wrong", reason)]
    teller.close()
    assert told == {0: "passed", 1: reason, 2: "passed", 3: reason, 4: "passed"}


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no tests": ({"cases": None}, "no_tests"),
    "no cases in them": ({"cases": cases.pack([], [])}, "bad_test"),
    "damaged": ({"cases": {"count": 1, "packed": "no base64"}}, "bad_test"),
    "no such rule": ({"rule": "alike"}, "bad_test"),
    "no such oracle": ({"oracle": "delphi"}, "bad_test"),
    "a reference that fails": (
        {
            "cases": cases.pack([(1, 2)], None),
            "reference": {"source": "def ref(a, b):\n    return a / 0\n", "entry": "ref"},
        },
        "bad_test",
    ),
    "a recorder that fails": (
        {"cases": None, "recorder": {"source": "raise ValueError", "entry": "_record"}},
        "bad_test",
    ),
    "a recorder of nothing": (
        {"cases": None, "recorder": {"source": "def _record(): return []", "entry": "_record"}},
        "bad_test",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), BROKEN.values(), ids=BROKEN.keys())
def test_no_program_is_blamed_for_its_tests(
    verifier: CodeVerifier, changes: dict[str, Any], reason: str
) -> None:
    problem = replace(adder(**changes), id=f"broken {changes}")
    tasks = [task(problem, ADD), task(problem, "def add(a, b): return 0\n")]
    assert judged(verifier, tasks) == [("unjudged", reason)] * 2
    assert judged(verifier, [task(problem, f"{ADD}# later\n")]) == [("unjudged", reason)]


def test_expected_values_may_come_from_a_reference_or_a_recorder(verifier: CodeVerifier) -> None:
    source = "def ref(a, b):\n    return a + b\n"
    recorder = f"{source}\ndef _record():\n    return [((i, i), ref(i, i)) for i in range(3)]\n"
    problems = [
        adder(
            cases=cases.pack([(1, 2), (3, 4)], None), reference={"source": source, "entry": "ref"}
        ),
        adder(cases=None, recorder={"source": recorder, "entry": "_record"}),
    ]
    for number, problem in enumerate(problems):
        own = replace(problem, id=f"learnt {number}")
        tasks = [task(own, ADD), task(own, "def add(a, b):\n    return a * b\n"), task(own, ADD)]
        assert judged(verifier, tasks) == [RIGHT, ("wrong", "mismatch"), RIGHT]


STATED = [
    # What the function returns, what is expected, and whether that is right: first by the bytes
    # that are expected, then by bytes that were right before.
    ("[a, b]", [1, 2], True),
    ("[a, float(b)]", [1, 2], True),
    ("(a, b)", [1, 2], False),
    ("float('nan')", math.nan, False),
    ("[float('nan')] * 100", [math.nan] * 100, False),
    ("'x' * 10**5", "x" * 10**5, True),
    ("'x' * 10**5 + 'y'", "x" * 10**5, False),
    ("[-0.0] * 100", [0.0] * 100, True),
]


@pytest.mark.parametrize(("returned", "expected", "is_right"), STATED)
@pytest.mark.parametrize("is_stated", [True, False], ids=["stated", "from a reference"])
def test_an_output_is_as_right_again_as_it_was(
    verifier: CodeVerifier, *, returned: str, expected: Any, is_right: bool, is_stated: bool
) -> None:
    reference = {"source": f"from math import nan\ndef f(a, b): return {expected!r}", "entry": "f"}
    problem = replace(
        adder(
            cases=cases.pack([(1, 2)] * 2, [expected] * 2 if is_stated else None),
            reference=None if is_stated else reference,
        ),
        id=f"again {returned} {is_stated}",
    )
    sources = [f"def add(a, b):\n    return {returned}  # {number}\n" for number in range(3)]
    wanted = RIGHT if is_right else ("wrong", "mismatch")
    assert judged(verifier, [task(problem, source) for source in sources]) == [wanted] * 3


# The last but one gives, from the third test on, what the test before expects.
RETURNED = ("a", "a + 1", "a - (a > 1)", "a - (a > 2)", "a * 1")


def test_a_test_too_large_for_the_reference_is_left_out(verifier: CodeVerifier) -> None:
    source = "def f(a, b):\n    return 'x' * 10**8 if a == 0 else a\n"
    problem = replace(
        adder(
            cases=cases.pack([(1, 0), (0, 0), (2, 0), (3, 0)], None),
            reference={"source": source, "entry": "f"},
        ),
        id="left out",
    )
    programs = [f"def add(a, b):\n    return {r}\n" for r in RETURNED]
    wrong = ("wrong", "mismatch")
    assert judged(verifier, [task(problem, p) for p in programs]) == [RIGHT, *[wrong] * 3, RIGHT]


def test_seals_keep_to_their_tests_after_a_program_ended() -> None:
    told: dict[int, str] = {}
    teller = CodeVerifier(workers=1, on_test=lambda _, number, why: told.update({number: why}))
    problem = adder(cases=cases.pack([(i, 0) for i in range(1, 5)], [1, 2, 3, 4]))
    # What it gives for the third and the fourth is right for the first and the second.
    program = (
        "def add(a, b):\n    if a == 2: __import__('os')._exit(0)\n    return a - 2 if a > 2 else a"
    )
    judged(teller, [task(problem, program)])
    teller.close()
    assert told == {0: "passed", 1: "exception", 2: "mismatch", 3: "mismatch"}


def test_what_is_expected_is_sealed_and_what_was_right() -> None:
    plan = Plan.of(adder(cases=cases.pack([(1, 2), (3, 4)], [3.0, math.nan])))
    assert plan.seals == [sandbox.seal(3.0), None]
    three = Output(value=3, seal=sandbox.seal(3))
    assert plan.passes(0, three)
    assert plan.seals[0] == sandbox.seal(3.0)
    close = Plan.of(adder(rule="set", cases=cases.pack([(1, 2)], [[1, 2]])))
    assert close.seals == [None]
    assert not close.passes(0, Output(value=[1], seal=sandbox.seal([1])))
    assert close.seals == [None]
    assert close.passes(0, Output(value=[2, 1], seal=sandbox.seal([2, 1])))
    assert close.seals == [sandbox.seal([2, 1])]


def test_what_no_sandbox_hands_out_is_expected_in_vain(verifier: CodeVerifier) -> None:
    """Nested more deeply than outputs may be: the program fails, not the problem."""
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    problem = adder(cases=cases.pack([(1, 2)], [deep]))
    assert judged(verifier, [task(problem, ADD)]) == [("wrong", "mismatch")]


def test_tests_have_a_minute_or_as_long_as_each_may_take() -> None:
    many = cases.pack([(i, 0) for i in range(50)], list(range(50)))
    plan = Plan.of(adder(cases=many, cpu_s=6.0))
    assert plan.allowed == (6.0, 300.0)
    plan = Plan.of(replace(adder(cases=many, cpu_s=6.0), solution=ADD))
    assert plan.allowed == (6.0, 60.0)
    assert Plan.of(adder()).allowed == (2.0, 60.0)


def test_a_slow_program_is_judged_by_the_time_of_the_solution(verifier: CodeVerifier) -> None:
    # By its own clock: a count of steps is nothing to a faster machine.
    slow = (
        "import time\ndef add(a, b):\n    end = time.process_time() + {}\n"
        "    while time.process_time() < end: pass\n    return a + b\n"
    )
    slowly = 0.3
    problem = replace(adder(cpu_s=0.1), solution=slow.format(slowly), id="slow")
    tasks = [
        task(problem, slow.format(slowly / 2)),
        task(problem, slow.format(10**10)),
        task(replace(problem, solution=None, id="slow, no solution"), slow.format(slowly)),
    ]
    assert judged(verifier, tasks) == [RIGHT, ("wrong", "time_limit"), ("wrong", "time_limit")]


def test_a_failure_of_the_sandbox_is_unjudged(
    verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: sandbox.Pool, jobs: Any, *, keep: bool) -> Iterator[list[Output]]:
        for program, check in jobs:
            output = Output(error="sandbox_error", detail="no")
            check(0, output)
            assert program.inputs
            yield [output]

    monkeypatch.setattr(sandbox.Pool, "run", fail)
    learnt = adder(
        cases=cases.pack([(1, 2)], None), reference={"source": "def f(a, b): ...", "entry": "f"}
    )
    tasks = [task(replace(p, id="fails"), f"{ADD}# fails") for p in (adder(), learnt)]
    unjudged = ("unjudged", "sandbox_error")
    assert judged(verifier, tasks[:1]) == [unjudged]
    assert judged(verifier, [tasks[1]._replace(problem=replace(learnt, id="too"))]) == [unjudged]


def test_large_and_strange_answers(verifier: CodeVerifier) -> None:
    long = ADD + "#" + "x" * 5_000_000
    garbage = "".join(chr(i * 7919 % 0xD000) for i in range(1, 20_000))
    nested = "def add(a, b):\n    return " + "(" * 10_000 + "a + b" + ")" * 10_000
    tasks = [task(adder(), text, channel=c) for text in (long, garbage, nested) for c in CHANNELS]
    for verdicts in verifier.judge(tasks):
        assert outcome(verdicts)[0] in {"correct", "wrong"}
        assert all(len(v.extracted or "") <= 20_000 for v in verdicts)


CHANNELS = ("code", "code_open", "completion", "answer_tag", "assertion")


def test_without_isolation_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*, unsafe: bool) -> None:
        if not unsafe:
            raise PackageError("no bubblewrap", remedy="apt-get install bubblewrap")

    monkeypatch.setattr(sandbox, "require", refuse)
    monkeypatch.setattr(sandbox, "starts", lambda: False)
    monkeypatch.delenv("BOUNDARY_UNSAFE_EXECUTION", raising=False)
    with pytest.raises(PackageError, match="install bubblewrap"):
        create("code")
    monkeypatch.setenv("BOUNDARY_UNSAFE_EXECUTION", "1")
    create("code").close()


def test_missing_cases_stop_the_judging(
    verifier: CodeVerifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("BOUNDARY_CACHE", str(tmp_path))
    problem = replace(adder(cases={"count": 1, "digest": "0" * 32}), id="elsewhere")
    with pytest.raises(StoreError, match="suites check"):
        judged(verifier, [task(problem, ADD)])
    assert judged(verifier, [task(adder(), f"{ADD}# after it\n")]) == [RIGHT]


def test_a_closed_verifier_judges_nothing() -> None:
    verifier = CodeVerifier(workers=1)
    verifier.close()
    with pytest.raises(VerifierError, match="closed"):
        verifier.judge([])


def test_standard_input(verifier: CodeVerifier) -> None:
    problem = Problem(
        "double",
        "Double it.",
        "-",
        meta={
            "task": "stdin",
            "entry": None,
            "cpu_s": 4.0,
            "rule": "lines",
            "judge_imports": True,
            "cases": cases.pack(["1\n", "4\n"], ["2\n", "8\n"]),
        },
    )
    programs = {
        "print(2 * int(input()))": RIGHT,
        "print(f'{2 * int(input())}.0  ')\nprint()": RIGHT,
        "print(floor(2 * int(input())))": RIGHT,
        "n = int(input())\nprint(2 * n if n < 4 else 9)": ("wrong", "mismatch"),
        "print(2 * int(input()))\nexit()": RIGHT,
        "print(2 * int(input()))\nprint('done')": ("wrong", "mismatch"),
        "print(input())\ninput()": ("wrong", "exception"),
        "while True: pass": ("wrong", "time_limit"),
    }
    tasks = [task(problem, program) for program in programs]
    assert judged(verifier, tasks) == list(programs.values())


# It replaces the function that it is given to.
FORGED_CALL = (
    "assert f(globals().update(f=lambda *_: ['x', 'x']),"
    " setattr(f, '__code__', (lambda *_: ['x', 'x']).__code__)) == ['x', 'x']"
)


def assertion(text: str, asks: str) -> Task:
    meta = {"task": asks, "code": "N = 2\ndef f(a, b=1):\n    return [a] * b", "cpu_s": 3.0}
    problem = Problem(asks, "f?", "-", meta={**meta, "input": "'x', 2", "output": "['x', 'x']"})
    return task(problem, text, channel="assertion")


@pytest.mark.parametrize(
    ("asks", "text", "found"),
    [
        ("output", "assert f('x', 2) == ['x', 'x']\n[/ANSWER]", RIGHT),
        ("output", "[ANSWER]\n['x', 'x']\n[/ANSWER]", RIGHT),
        ("output", "assert f('x', 2) == ['x'] * 2", ("wrong", "not_literal")),
        ("output", "assert f('x', 2) == f('x', 2)", ("wrong", "not_literal")),
        ("output", "assert f('x', 2) == ('x', 'x')", ("wrong", "mismatch")),
        ("output", "two of it", ("wrong", "not_literal")),
        ("input", "assert f('x', 2) == ['x', 'x']", RIGHT),
        ("input", "assert f(b=2, a='x') == ['x', 'x']", RIGHT),
        ("input", "f('x', 2)", RIGHT),
        ("input", "assert f('x' * 1, **dict(b=1 + 1)) == ['x', 'x']", ("wrong", "not_literal")),
        ("input", "assert f('x' * 1, b=1 + 1) == ['x', 'x']", RIGHT),
        ("input", "assert f(str.lower('X'), len([1, 2])) == ['x', 'x']", RIGHT),
        ("input", "assert f([y for y in 'x'][0], 2) == ['x', 'x']", RIGHT),
        ("input", "assert f('x', N) == ['x', 'x']", RIGHT),
        ("input", "assert f('x', (lambda n: n + 1)(1)) == ['x', 'x']", RIGHT),
        ("input", "assert f(lambda: 'x', 2) == ['x', 'x']", ("wrong", "mismatch")),
        ("input", "assert f([lambda: y for y in 'x'][0], 2) == []", ("wrong", "not_literal")),
        ("input", FORGED_CALL, ("wrong", "exception")),
        ("input", "assert f('x', 3) == ['x', 'x']", ("wrong", "mismatch")),
        ("input", "assert f() == ['x', 'x']", ("wrong", "exception")),
        ("input", "assert ['x', 'x'] == ['x', 'x']", ("wrong", "not_literal")),
        ("input", "assert g('x', 2) == ['x', 'x']", ("wrong", "not_literal")),
        ("input", "", ("wrong", "no_code")),
    ],
)
def test_assertions(verifier: CodeVerifier, asks: str, text: str, found: tuple[str, str]) -> None:
    assert judged(verifier, [assertion(text, asks)]) == [found]


@needs_shared
def test_programs_for_contest_problems(verifier: CodeVerifier) -> None:
    problems = {p.id: p for p in suites.load("livecodebench", data=SHARED).problems}
    pairs = [(problems[key], *programs) for key, programs in RIGHT_AND_WRONG.items()]
    assert len(pairs) >= 20
    assert {p.meta["task"] for p, _, _ in pairs} == {"function", "stdin"}
    right = judged(verifier, [task(p, fenced(good), channel="code") for p, good, _ in pairs])
    wrong = judged(verifier, [task(p, fenced(bad), channel="code") for p, _, bad in pairs])
    assert dict(zip(RIGHT_AND_WRONG, right, strict=True)) == dict.fromkeys(RIGHT_AND_WRONG, RIGHT)
    assert [key for key, v in zip(RIGHT_AND_WRONG, wrong, strict=True) if v[0] != "wrong"] == []
