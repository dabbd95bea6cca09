"""Programs in, outputs out: order, limits, and what becomes of a sandbox that fails."""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boundary import sandbox
from boundary.errors import PackageError
from boundary.sandbox import (
    Limits,
    Output,
    Pool,
    Program,
    confine,
    isolation,
    level,
    plain,
    require,
    wire,
)
from boundary.sandbox.program import seal_of
from tests.sandbox.processes import family

pytestmark = [pytest.mark.xdist_group("sandbox")]

QUICK = Limits(wall_s=5, cpu_s=2, memory_mb=128, output_kb=64)
DOUBLE = "def f(x):\n    return x * 2"


def go_on(number: int, output: Output) -> bool:
    return True


def run(pool: Pool, *programs: Program) -> list[list[Output]]:
    return list(pool.run((program, go_on) for program in programs))


@pytest.fixture(scope="module", params=[False, True], ids=["bubblewrap", "unsafe"])
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    with Pool(2, unsafe=request.param) as found:
        yield found


@pytest.fixture(scope="module")
def safe() -> Iterator[Pool]:
    with Pool(2) as found:
        yield found


PLAIN = [
    None, True, False, 0, -1, 255, 2**4000, 1.5, -0.0, math.inf, 1j, "é\ud800\0", "", b"\xff\0",
    [], [1, [2]], (1, (2,)), {1, (2, 3)}, frozenset("ab"), {"a": [1], (1, 2): {3}}, [{}], ((),),
]  # fmt: skip


def test_values_come_back_as_they_went(pool: Pool) -> None:
    program = Program("def f(x):\n    return x", "f", tuple((value,) for value in PLAIN), QUICK)
    (outputs,) = run(pool, program)
    assert [output.error for output in outputs] == [None] * len(PLAIN)
    assert [output.value for output in outputs] == PLAIN
    assert [type(output.value) for output in outputs] == [type(value) for value in PLAIN]
    assert math.copysign(1, outputs[8].value) == -1


# Not by how they read: a set of texts reads otherwise in every process.
@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_a_seal_stands_for_one_value(value: Any) -> None:
    seals = [sandbox.seal(each) for each in PLAIN]
    assert [seal == sandbox.seal(value) for seal in seals] == [each is value for each in PLAIN]


@given(st.binary(max_size=200))
def test_no_bytes_are_the_seal_of_other_bytes(body: bytes) -> None:
    seal = seal_of(body)
    assert len(seal) <= 64
    assert (seal == body) == (len(body) < 64)
    assert body == seal or seal_of(seal) != seal


def test_a_sealed_output_is_not_read(safe: Pool) -> None:
    values = [5, "right", [1.5] * 1000, {"a": (1, None)}, -0.0, "no seal"]
    wanted = [sandbox.seal(value) for value in [5, "wrong", *values[2:4], 0.0]]
    inputs = tuple((value,) for value in values)
    program = Program("def f(x):\n    return x", "f", inputs, QUICK, seals=wanted)
    (outputs,) = run(safe, program)
    assert [output.is_sealed for output in outputs] == [True, False, True, True, False, False]
    assert [output.value for output in outputs] == [None, "right", None, None, 0.0, "no seal"]
    assert [output.seal for output in outputs] == [sandbox.seal(value) for value in values]


def test_an_error_is_never_sealed(safe: Pool) -> None:
    """Neither an exception that says what is expected, nor a printed seal."""
    seal = sandbox.seal("right")
    words = plain.encode(("exception", "ValueError: right"))
    source = f"def f(how):\n    print({seal!r})\n    if how: raise ValueError('right')\n"
    for wanted in (seal, seal_of(words)):
        program = Program(source, "f", ((1,), (0,)), QUICK, seals=[wanted, wanted])
        (outputs,) = run(safe, program)
        assert [output.is_sealed for output in outputs] == [False, False]
        assert outputs[0].error == "exception"
        assert outputs[0].seal == b""


def test_inputs_may_be_written_out_before(safe: Pool) -> None:
    inputs = tuple((value, [value] * 1000) for value in range(300))
    prepared = Program("def f(x, y):\n    return x, y", "f", inputs, QUICK, sandbox.prepare(inputs))
    (outputs,) = run(safe, prepared)
    assert [output.value for output in outputs] == list(inputs)


def test_nan_comes_back(pool: Pool) -> None:
    ((output,),) = run(pool, Program("def f(): return float('nan')", "f", ((),), QUICK))
    assert math.isnan(output.value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("import collections\ndef f(): return collections.Counter('aab')", {"a": 2, "b": 1}),
        ("import collections\ndef f(): return collections.OrderedDict(a=1)", {"a": 1}),
        ("import collections\ndef f(): return collections.defaultdict(int, a=1)", {"a": 1}),
        ("import collections\ndef f(): return collections.namedtuple('P', 'x y')(1, 2)", (1, 2)),
        ("import numpy\ndef f(): return numpy.float64(.5)", 0.5),
        ("import numpy\ndef f(): return [numpy.int64(3), numpy.bool_(True)]", [3, True]),
        ("import numpy\ndef f(): return numpy.ones((1, 1), dtype=int)", [[1]]),
        ("import numpy\ndef f(): return numpy.array(3)", 3),
        ("import numpy\ndef f(): return numpy.array([object()])", None),
        ("import decimal\ndef f(): return decimal.Decimal(1)", None),
        ("def f(): return range(3)", None),
    ],
)
def test_what_equals_plain_data_becomes_it(safe: Pool, source: str, value: object) -> None:
    ((output,),) = run(safe, Program(source, "f", ((),), QUICK))
    assert (output.value, output.error) == (value, None if value else "not_plain")


BURN = """
import os, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
"""


@pytest.mark.parametrize(
    ("made", "items"),
    [
        ("numpy.eye(2, dtype=int)", [[1, 0], [0, 1]]),
        ("numpy.zeros(0)", []),
        ("numpy.ones(2)", [1, 1]),
    ],
)
def test_an_array_has_items_and_equals_no_list(safe: Pool, made: str, items: list[Any]) -> None:
    source = f"import numpy\ndef f(): return {made}"
    ((output,),) = run(safe, Program(source, "f", ((),), QUICK))
    assert output.error is None
    assert output.value != items
    assert list(output.value) == items


def test_time_of_children_is_an_input_s_own(safe: Pool) -> None:
    """As that of the program itself is: each input has all of its limit."""
    source = (
        f"{BURN}def f(x):\n    if not os.fork():\n        burn(.1)\n        os._exit(0)\n"
        "    os.wait()\n    return x"
    )
    limits = Limits(wall_s=5, cpu_s=0.4, per_input=True, memory_mb=128)
    (outputs,) = run(safe, Program(source, "f", tuple((n,) for n in range(12)), limits))
    assert [(output.value, output.error) for output in outputs] == [(n, None) for n in range(12)]
    (outputs,) = run(safe, Program(source, "f", ((1,),) * 12, Limits(wall_s=5, cpu_s=0.4)))
    assert outputs[-1].error == "time_limit"


def test_time_of_children_counts_from_the_start(safe: Pool) -> None:
    """Before the first input there is none whose time it could be."""
    source = (
        f"{BURN}def f(x):\n    for _ in range(8):\n        if not os.fork():\n"
        "            burn(.05)\n            os._exit(0)\n        os.wait()\n    return x"
    )
    limits = Limits(wall_s=5, cpu_s=0.39, per_input=True, memory_mb=128)
    ((output,),) = run(safe, Program(source, "f", ((1,),), limits))
    assert output.error == "time_limit"


@pytest.mark.parametrize("wait", ["", "os.wait()"])
def test_short_children_hide_no_time(safe: Pool, wait: str) -> None:
    """Each ends between two looks: whoever does not wait for them soon can start no more."""
    source = f"""{BURN}
import signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
def f(x):
    for number in range(400):
        end, other = os.pipe()
        if not os.fork():
            burn(.005)
            os._exit(0)
        os.close(other)
        os.read(end, 1)
        os.close(end)
        {wait}
    return x
"""
    limits = Limits(wall_s=5, cpu_s=0.4, processes=16, memory_mb=128)
    ((output,),) = run(safe, Program(source, "f", ((1,),), limits))
    assert (output.value, output.error) == (None, "time_limit" if wait else "exception"), output


@pytest.mark.parametrize("seconds", [0, 1])
def test_a_program_that_shortens_its_own_time_has_used_it_up(safe: Pool, seconds: int) -> None:
    source = (
        f"import resource\nresource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))\n"
        "def f(x):\n    while True: pass"
    )
    limits = Limits(wall_s=9, cpu_s=5, memory_mb=128)
    ((output,),) = run(safe, Program(source, "f", ((1,),), limits))
    assert output.error == "time_limit"


def test_whoever_starts_us_may_ignore_the_end_of_children() -> None:
    asks = (
        "import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "from boundary.sandbox import Limits, Pool, Program\n"
        "with Pool(1) as pool:\n"
        "    program = Program('def f(x): return x', 'f', ((1,), (2,)), Limits())\n"
        "    print([o.value for os in pool.run([(program, lambda *_: True)]) for o in os])"
    )
    command = [sys.executable, "-c", asks]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "[1, 2]\n"


def test_a_program_may_ask_for_all_the_stack_there_is(safe: Pool) -> None:
    source = (
        "import resource, sys\nresource.setrlimit(resource.RLIMIT_STACK, (-1, -1))\n"
        "def f(x): return x"
    )
    ((output,),) = run(safe, Program(source, "f", ((1,),), QUICK))
    assert output.value == 1


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        (
            "import threading, time\ndef f():\n    time.sleep(.05)\n    print(input())\n"
            "threading.Thread(target=f).start()",
            "given\n",
        ),
        ("import atexit\natexit.register(print, 1)\natexit.register(print, 2)", "2\n1\n"),
        ("import atexit, sys\natexit.register(print, 1)\nsys.exit()", "1\n"),
        (
            "import io, sys\nsys.stdout = io.StringIO()\nprint(1)\nprint(2, file=sys.__stdout__)",
            "2\n",
        ),
        ("import threading\nthreading.Thread(target=input, daemon=True).start()\nprint(1)", "1\n"),
        (
            "import io, sys\nsys.stdout = io.TextIOWrapper(sys.stdout.detach())\nprint(1)",
            "1\n",
        ),
        ("import sys\nprint(1)\nsys.stdout.close()", "1\n"),
        ("import sys\nprint(1, flush=True)\ndel sys.stdout", "1\n"),
        ("out = open(1, 'w', closefd=False)\nout.write('1\\n')", "1\n"),
    ],
)
def test_a_script_ends_as_it_would_by_itself(safe: Pool, source: str, printed: str) -> None:
    ((output,),) = run(safe, Program(source, None, ("given\n",), QUICK))
    assert (output.value, output.error) == (printed, None)


@pytest.mark.parametrize("mark", ["V", "E", "F", "S"])
def test_a_script_says_once_what_went_wrong_and_never_what_is_right(safe: Pool, mark: str) -> None:
    """Else the parent would read frame after frame of what nobody asked for."""
    source = f"""
import os, struct
body = b"t" + struct.pack(">I", 2) + b"".join(
    b"s" + struct.pack(">I", len(text)) + text for text in (b"exception", b"none")
)
for _ in range(3):
    os.write(3, struct.pack(">cI", b"{mark}", len(body)) + body)
print(7)
"""
    ((output,),) = run(safe, Program(source, None, ("",), QUICK))
    assert (output.value, output.error) == (None, "exception" if mark in "EF" else "not_plain")


def test_inputs_may_have_any_number_of_keys(pool: Pool) -> None:
    """They are the suite's, and no program's."""
    given = dict.fromkeys(range(20_000))
    program = Program("def f(x, y):\n    return len(x) + len(y)", "f", ((given, {*given}),), QUICK)
    ((output,),) = run(pool, program)
    assert output.value == 40_000


def test_a_method_is_called_on_an_object_made_anew(pool: Pool) -> None:
    source = "class S:\n    n = 0\n    def f(self, x):\n        self.n += x\n        return self.n"
    (outputs,) = run(pool, Program(source, "S.f", ((1,), (2,)), QUICK))
    assert [output.value for output in outputs] == [1, 2]


def test_a_module_is_run_once_and_its_arguments_are_fresh(pool: Pool) -> None:
    source = "seen = []\ndef f(x):\n    x.append(1)\n    seen.append(x)\n    return len(seen), x"
    argument: list[int] = []
    (outputs,) = run(pool, Program(source, "f", ((argument,), (argument,)), QUICK))
    assert [output.value for output in outputs] == [(1, [1]), (2, [1])]
    assert argument == []


def test_a_main_program_reads_its_input_and_prints(pool: Pool) -> None:
    source = "import sys\nfirst = input()\nprint(first, len(sys.stdin.read()), __name__)"
    (outputs,) = run(pool, Program(source, None, ("1\nab", "é\n" + "x" * 300_000), QUICK))
    assert [output.stdout for output in outputs] == ["1 2 __main__\n", "é 300000 __main__\n"]
    assert [output.value for output in outputs] == [output.stdout for output in outputs]


@pytest.mark.parametrize(
    ("ending", "error"),
    [
        ("", None),
        ("sys.exit(3)", None),
        ("exit()", None),
        ("quit('bye')", None),
        ("sys.stdout.flush(); os._exit(1)", None),
        ("1 / 0", "exception"),
        ("sys.stdout.flush(); ctypes.string_at(0)", "exited"),
        ("x = [0] * 10 ** 11", "memory_limit"),
        ("sys.stdout.write('y' * 10 ** 6)", "output_limit"),
        ("while True: pass", "time_limit"),
    ],
)
def test_what_was_printed_is_kept_however_a_program_ends(
    safe: Pool, ending: str, error: str | None
) -> None:
    source = f"import ctypes, os, sys\nprint('x', flush=True)\n{ending}"
    limits = Limits(cpu_s=0.5, memory_mb=128, output_kb=64)
    ((output,),) = run(safe, Program(source, None, ("",), limits))
    assert output.error == error
    assert output.stdout.startswith("x\n")


@pytest.mark.parametrize(
    ("source", "error", "detail"),
    [
        ("def f(x) return x", "syntax", "SyntaxError"),
        ("x = '\0'", "syntax", "null bytes"),
        ("def g(x): return x", "exception", "no f"),
        ("1 / 0", "exception", "ZeroDivisionError"),
        ("def f(x): return y", "exception", "NameError: name 'y' is not defined"),
        ("def f(): return 1", "exception", "TypeError"),
        ("def f(x): return f", "not_plain", "function is no plain data"),
        ("def f(x): return 'a' * 10 ** 6", "output_limit", "65536"),
        ("def f(x): return [0] * 10 ** 11", "memory_limit", "MemoryError"),
        ("import sys\ndef f(x): sys.exit(0)", "exited", "SystemExit"),
        ("import os\ndef f(x): os._exit(3)", "exited", "status 3"),
        ("def f(x):\n    while True: pass", "time_limit", "0.5 s of processor time"),
        ("import time\ndef f(x): time.sleep(99)", "time_limit", "1 s by the clock"),
    ],
)
def test_errors_have_a_kind_and_words(pool: Pool, source: str, error: str, detail: str) -> None:
    limits = Limits(wall_s=1, cpu_s=0.5, memory_mb=128, output_kb=64)
    (outputs,) = run(pool, Program(source, "f", ((1,),), limits))
    assert outputs[0].error == error
    assert detail in outputs[0].detail


def test_a_call_that_fails_does_not_end_the_others(pool: Pool) -> None:
    program = Program("def f(x): return 1 / x", "f", ((0,), (2,)), QUICK)
    (outputs,) = run(pool, program)
    assert [(output.error, output.value) for output in outputs] == [
        ("exception", None),
        (None, 0.5),
    ]


def test_the_check_is_called_in_order_and_ends_the_program(pool: Pool) -> None:
    seen = []

    def check(number: int, output: Output) -> bool:
        seen.append((number, output.value))
        return number < 2

    program = Program(DOUBLE, "f", tuple((n,) for n in range(1000)), QUICK)
    assert len(next(pool.run([(program, check)]))) == 3
    program = Program("print(input())", None, tuple(str(n) for n in range(1000)), QUICK)
    assert len(next(pool.run([(program, check)]))) == 3
    assert seen == [(0, 0), (1, 2), (2, 4), (0, "0\n"), (1, "1\n"), (2, "2\n")]


def test_results_come_in_the_order_of_jobs_and_jobs_are_read_as_needed(safe: Pool) -> None:
    read = 0

    def jobs() -> Iterator[tuple[Program, object]]:
        nonlocal read
        for number in range(10_000):
            read += 1
            source = f"import time\ntime.sleep({0.2 if not number else 0})\n{DOUBLE}"
            yield Program(source, "f", ((number,),), QUICK), go_on

    results = safe.run(jobs())  # type: ignore[arg-type]
    assert [next(results)[0].value for _ in range(20)] == list(range(0, 40, 2))
    results.close()  # type: ignore[attr-defined]
    assert 20 <= read <= 2 * 256 + 20
    assert run(safe, Program(DOUBLE, "f", ((1,),), QUICK))[0][0].value == 2


def test_a_program_without_inputs_has_no_outputs(safe: Pool) -> None:
    assert (
        run(safe, Program("1 / 0", "f", (), QUICK), Program(DOUBLE, "f", ((1,),), QUICK))[0] == []
    )


def test_an_input_may_have_its_own_time(safe: Pool) -> None:
    source = (
        "import time\ndef f(s):\n    end = time.process_time() + s\n"
        "    while time.process_time() < end: pass\n    return s"
    )
    inputs = ((0.3,),) * 3
    whole = Program(source, "f", inputs, Limits(cpu_s=0.6))
    each = Program(source, "f", inputs, Limits(cpu_s=0.6, per_input=True))
    first, second = run(safe, whole, each)
    assert first[-1].error == "time_limit"
    assert [output.error for output in second] == [None] * 3
    # The program is at the next input already when the time of the one before is taken.
    assert 0.9 <= sum(output.cpu_s for output in second) < 1.8


def test_standard_input_shares_the_time_of_the_program(safe: Pool) -> None:
    source = "import time\nend = time.process_time() + .3\nwhile time.process_time() < end: pass"
    whole = Program(source, None, ("",) * 3, Limits(cpu_s=0.7))
    each = Program(source, None, ("",) * 3, Limits(cpu_s=0.7, per_input=True))
    first, second = run(safe, whole, each)
    assert [output.error for output in first] == [None, None, "time_limit"]
    assert [output.error for output in second] == [None] * 3


def test_many_large_values_both_ways(safe: Pool) -> None:
    text = "x" * 500_000
    limits = Limits(output_kb=1000)
    (outputs,) = run(safe, Program("def f(x): return x + 'y'", "f", ((text,),) * 20, limits))
    assert {output.value for output in outputs} == {text + "y"}


def test_a_program_may_use_threads_and_children(safe: Pool) -> None:
    source = (
        "import subprocess, threading, concurrent.futures as c\n"
        "def f(n):\n"
        "    with c.ThreadPoolExecutor(4) as pool: found = list(pool.map(str, range(n)))\n"
        "    return found, subprocess.run(['echo', 'x'], capture_output=True, text=True).stdout"
    )
    ((output,),) = run(safe, Program(source, "f", ((3,),), QUICK))
    assert output.value == (["0", "1", "2"], "x\n")


def test_what_a_program_forks_is_a_process_as_python_has_them(pool: Pool) -> None:
    """Its random numbers are its own, and it does not wait for threads that it does not have."""
    source = """
import os, random, threading
def f():
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    ours, theirs = os.pipe()
    if not os.fork():
        os.write(theirs, repr((random.random(), threading.active_count())).encode())
        os._exit(0)
    os.wait()
    return random.random(), threading.active_count(), *eval(os.read(ours, 100))
"""
    ((output,),) = run(pool, Program(source, "f", ((),), QUICK))
    number, threads, other_number, other_threads = output.value
    assert (threads, other_threads) == (2, 1)
    assert number != other_number


RIGHTS = """
import ctypes, os, subprocess, sys
LIBC = ctypes.CDLL(None)
def rights():
    header, held = (ctypes.c_uint32 * 2)(0x20080522), (ctypes.c_uint32 * 6)()
    assert LIBC.capget(header, held) == 0
    # No new privileges; the mode of the filter of calls.
    return any(held), LIBC.prctl(39, 0, 0, 0, 0), LIBC.prctl(21)
def f():
    again = f"import sys; sys.path.append({os.getcwd()!r}); import own; print(own.rights())"
    with open("own.py", "w") as file:
        file.write(SOURCE)
    child = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True)
    return rights(), child.stdout + child.stderr
"""


def test_a_program_has_no_rights_and_gets_none_by_starting_another(safe: Pool) -> None:
    source = f"{RIGHTS}SOURCE = {RIGHTS!r}\n"
    ((output,),) = run(safe, Program(source, "f", ((),), QUICK))
    assert output.error is None, output.detail
    assert output.value == ((False, 1, 2), "(False, 1, 2)\n")


def test_a_server_starts_where_there_is_nothing_to_confine_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The C library of another system has none of the calls."""
    monkeypatch.setattr(confine.ctypes, "CDLL", lambda *_, **__: object())
    assert confine.Confinement(is_isolated=False)
    with pytest.raises(AttributeError):
        confine.Confinement(is_isolated=True)


@given(st.lists(st.binary(max_size=3 * wire.CHUNK), max_size=8))
def test_chunks_are_the_parts_in_frames_of_bounded_length(parts: list[bytes]) -> None:
    received = bytearray(b"".join(wire.chunks(parts)))
    frames = list(wire.split(received))
    assert not received
    assert b"".join(body for _, body in frames) == b"".join(parts)
    assert {mark for mark, _ in frames} <= {wire.DATA}
    assert all(len(body) == wire.CHUNK for _, body in frames[:-1])
    assert all(0 < len(body) <= wire.CHUNK for _, body in frames)


def test_streams_are_those_of_pipes(pool: Pool) -> None:
    source = """
import sys
streams = sys.stdin, sys.stdout, sys.stderr
print([s.seekable() for s in streams[:2]], [s.isatty() for s in streams], [s.name for s in streams])
print(input(), sys.stdin.read())
"""
    ((output,),) = run(pool, Program(source, None, ("one\ntwo\nthree",), QUICK))
    assert output.error is None
    assert output.stdout.splitlines() == [
        "[False, False] [False, False, False] [0, 1, 2]",
        "one two",
        "three",
    ]


def test_the_same_program_gives_the_same_answer(pool: Pool) -> None:
    source = "import random\ndef f(): return random.random(), list({'a', 'b', 'c', 'd'}), hash('x')"
    first, second, third = run(pool, *[Program(source, "f", ((),), QUICK)] * 3)
    assert first[0].value == second[0].value == third[0].value


# -- sandboxes that fail ------------------------------------------------------------------------


def slow(seconds: float) -> Program:
    source = f"import time\ndef f(x):\n    time.sleep({seconds})\n    return x"
    return Program(source, "f", ((1,), (2,)), Limits(wall_s=200))


def servers(pool: Pool) -> list[int]:
    """The processes of the sandboxes that nobody else is waiting for in vain."""
    return sorted(family(pool.pids))


def test_a_sandbox_that_is_killed_is_tried_again() -> None:
    numbers = []

    def check(number: int, output: Output) -> bool:
        numbers.append(number)
        if number == 0:
            os.kill(servers(pool)[-1 if len(numbers) % 2 else 0], signal.SIGKILL)
        return True

    with Pool(1) as pool:
        (outputs,) = pool.run([(slow(0.1), check)])
        assert [output.value for output in outputs] == [1, 2]
        assert numbers == [0, 1], "an output is checked once, however often it is made"


def test_a_sandbox_that_fails_twice_is_an_error_of_the_sandbox() -> None:
    with Pool(1) as pool:
        run(pool, Program(DOUBLE, "f", ((1,),), QUICK))
        is_over = threading.Event()
        killer = threading.Thread(target=kill_each, args=(pool, is_over))
        results = pool.run([(slow(20), go_on), (Program(DOUBLE, "f", ((1,),), QUICK), go_on)])
        killer.start()
        try:
            (output,) = next(results)
        finally:
            is_over.set()
            killer.join()
        assert (output.error, output.value) == ("sandbox_error", None)
        assert next(results)[0].value == 2


def kill_each(pool: Pool, is_over: threading.Event) -> None:
    """End each sandbox as soon as there is a program in it; ends at the start do not count."""
    killed: set[int] = set()
    while not is_over.wait(0.01):
        # While it starts, a sandbox tries out a program of its own.
        ready = {worker.process.pid for worker in [*pool._workers.values()] if worker.is_ready}
        for pid in ready - killed:
            # Bubblewrap twice, the server with its parent, the program.
            if len(family([pid])) > 4:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)


def test_nothing_runs_once_the_pool_is_closed() -> None:
    with Pool(2) as pool:
        run(pool, *[Program(DOUBLE, "f", ((1,),), QUICK)] * 4)
        mine = family(pool.pids)
        results = pool.run([(Program(DOUBLE, "f", ((1,),), QUICK), go_on), (slow(60), go_on)])
        assert next(results)[0].value == 2
        mine |= family(pool.pids)
    assert not pool.pids
    # The kernel takes a moment to strike off the last ones.
    while family(mine):
        time.sleep(0.05)


PARENT = """
import sys
from boundary.sandbox import Limits, Pool, Program
source = '''
import os, time
def f(x):
    if not os.fork():
        os.setsid()
        os.fork()
    time.sleep(600)
'''
pool = Pool(2)
def check(number, output):
    print("ready", flush=True)
    return True
first = Program("def f(x): return x", "f", ((1,),))
last = Program(source, "f", ((1,),))
list(pool.run([(first, check), (first, check), (last, check), (last, check)]))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_everything_dies_with_the_parent(number: int) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    assert [parent.stdout.readline() for _ in range(2)] == ["ready\n"] * 2
    # Two sandboxes: bubblewrap twice, the server with its parent, the program, its two children.
    while len(mine := family([parent.pid])) < 1 + 2 * 7:
        time.sleep(0.05)
    parent.send_signal(number)
    parent.wait()
    parent.stdout.close()
    while family(mine):
        time.sleep(0.05)


def test_no_right_program_is_late_on_a_busy_machine() -> None:
    """Each has all of its processor time, on cores that others want as well."""
    burn = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(3 * len(os.sched_getaffinity(0)))
    ]
    source = (
        "import time\ndef f(x):\n    end = time.process_time() + .35\n"
        "    while time.process_time() < end: pass\n    return x"
    )
    limits = Limits(wall_s=0.5, cpu_s=0.6)
    try:
        with Pool(4) as pool:
            results = run(pool, *[Program(source, "f", ((n,),), limits) for n in range(8)])
    finally:
        for process in burn:
            process.kill()
            process.wait()
    assert [outputs[0].value for outputs in results] == list(range(8))


def test_a_caller_that_takes_its_time_makes_nobody_late(safe: Pool) -> None:
    """What a program waits for its parent is not its own time."""
    limits = Limits(wall_s=0.3, cpu_s=5, per_input=True)

    def check(number: int, output: Output) -> bool:
        time.sleep(0.5)
        return True

    program = Program(DOUBLE, "f", ((1,), (2,), (3,)), limits)
    (outputs,) = safe.run([(program, check)])
    assert [output.value for output in outputs] == [2, 4, 6]


def test_sleep_is_counted_over_all_inputs(safe: Pool) -> None:
    """Else a program with a thousand inputs might sleep for hours."""
    limits = Limits(wall_s=0.7, cpu_s=5, per_input=True)
    source = "import time\ndef f(x):\n    time.sleep(.3)\n    return x"
    (outputs,) = run(safe, Program(source, "f", tuple((n,) for n in range(50)), limits))
    assert 2 <= len(outputs) < 30
    assert outputs[-1].error == "time_limit"
    source = "import time\ntime.sleep(.3)"
    (outputs,) = run(safe, Program(source, None, ("",) * 20, limits))
    assert outputs[0].error is None
    assert {output.error for output in outputs[10:]} == {"time_limit"}


def test_outputs_may_be_left_to_the_check(safe: Pool) -> None:
    seen = []

    def check(number: int, output: Output) -> bool:
        seen.append(output.value)
        return True

    program = Program(DOUBLE, "f", ((1,), ("a",), (None,)), QUICK)
    (outputs,) = safe.run([(program, check)], keep=False)
    assert seen == [2, "aa", None]
    assert [(output.value, output.error) for output in outputs] == [
        (None, None),
        (None, None),
        (None, "exception"),
    ]


def test_a_check_that_raises_leaves_the_pool_usable(safe: Pool) -> None:
    def check(number: int, output: Output) -> bool:
        raise LookupError

    with pytest.raises(LookupError):
        list(safe.run([(slow(0), check)]))
    assert run(safe, Program(DOUBLE, "f", ((1,),), QUICK))[0][0].value == 2


# -- where there is no sandbox ------------------------------------------------------------------


def test_without_bubblewrap_nothing_runs_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackageError, match="apt-get install bubblewrap"):
        Pool(1)
    require(unsafe=True)
    with Pool(1, unsafe=True) as pool:
        assert pool.level == "none: rlimits only"
        assert run(pool, Program(DOUBLE, "f", ((1,),), QUICK))[0][0].value == 2


def test_a_sandbox_that_does_not_start_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with Pool(1) as pool, pytest.raises(PackageError, match="No permissions to create"):
        run(pool, Program(DOUBLE, "f", ((1,),), QUICK))


def test_the_level_says_what_holds() -> None:
    assert level() == "bubblewrap, seccomp"
    assert level(unsafe=True) == "none: rlimits only"


def test_without_a_filter_the_level_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation.platform, "machine", lambda: "riscv64")
    assert level() == "bubblewrap"
