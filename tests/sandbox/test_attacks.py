"""What untrusted programs do to the sandbox: nothing, each time."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from boundary.sandbox import Output, Pool, Program
from tests.sandbox.attacks import ATTACKS, INPUTS, LIMITS, RIGHT, Attack
from tests.sandbox.processes import family

pytestmark = [pytest.mark.xdist_group("sandbox")]

HONEST = Program("def f(x):\n    return x * x + 1", "f", INPUTS, LIMITS)

# What a program finds when it starts: the same, whoever was there before it.
STATE = Program(
    """
import builtins, json, locale, math, operator, os, random, resource, signal, socket, sys, time
def f():
    def others():
        try: os.kill(-1, 0)
        except ProcessLookupError: return False
        return True
    [socket.socket(socket.AF_UNIX).bind(f"\\0boundary-attack{x}") for x in (3, 5)]
    folders = {name: sorted(os.listdir(name)) for name in ("/", "/tmp", "/dev/shm", "/dev", ".")}
    space = [os.statvfs(name)[2:7] for name in ("/tmp", "/dev/shm")]
    limits = [resource.getrlimit(n) for n in range(10)]
    patched = [f.__module__ for f in (math.sqrt, operator.eq, json.dumps, builtins.abs)]
    return repr((
        os.getpid(), os.getppid(), others(), folders, space, os.getcwd(), os.umask(0), os.nice(0),
        dict(os.environ), sys.path, sys.getrecursionlimit(), sorted(sys.modules), time.tzname,
        locale.setlocale(locale.LC_ALL), limits, patched, random.random(), hash("a"),
        [str(signal.getsignal(n)) for n in range(1, 32)], signal.pthread_sigmask(0, []),
        signal.getitimer(signal.ITIMER_REAL), os.sched_getaffinity(0) != set(),
    ))
""",
    "f",
    ((),),
    LIMITS,
)


def run(pool: Pool, program: Program) -> list[Output]:
    (outputs,) = pool.run([(program, lambda number, output: True)])
    return outputs


def judged(outputs: list[Output]) -> bool:
    """As a verifier compares: plain values of the very same type."""
    values = [(output.error, type(output.value), output.value) for output in outputs]
    return values == [(None, int, value) for value in RIGHT]


@pytest.fixture(scope="module")
def pool():
    with Pool(1) as found:
        # The server imports numpy for the first program that names it, and keeps it.
        assert judged(run(found, replace(HONEST, source=f"import numpy\n{HONEST.source}")))
        yield found


@pytest.fixture(scope="module")
def state(pool: Pool) -> Output:
    (output,) = run(pool, STATE)
    assert output.error is None, output
    return output


def test_there_are_enough_of_them() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 45


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_gets_nothing_and_leaves_nothing(
    attack: Attack, pool: Pool, state: Output
) -> None:
    before = family(pool.pids)
    outputs = run(pool, Program(attack.source, "f", INPUTS, attack.limits))
    assert not judged(outputs)
    assert {output.error for output in outputs} <= set(attack.ends), outputs
    if attack.finds is not ...:
        assert outputs[0].value == attack.finds
    (after,) = run(pool, STATE)
    assert after.value == state.value
    assert judged(run(pool, HONEST))
    assert family(pool.pids) == before


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_no_byte_outside_is_changed(pool: Pool, tmp_path: Path) -> None:
    """Not even where it is asked to, by name, in a folder that everybody may write to."""
    mine = tmp_path / "file"
    mine.write_text("as it was")
    tmp_path.chmod(0o777)
    watched = [mine, Path(sys.executable).resolve(), Path(__file__)]
    before = [digest(path) for path in watched]
    source = f"def f(x):\n    open({str(mine)!r}, 'w').write('changed')"
    outputs = run(pool, Program(source, "f", INPUTS, LIMITS))
    assert [output.error for output in outputs] == ["exception"] * 2
    assert [digest(path) for path in watched] == before
    assert not list(Path("/tmp").glob("boundary-attack*"))
    assert not list(Path("/dev/shm").glob("boundary-attack*"))


MARK = "an answer that another program found"


def test_nothing_of_an_earlier_program_is_in_memory(pool: Pool) -> None:
    """What it was given and what it answered: the next one searches all it can reach."""
    told = Program(f"def f(x):\n    return {MARK!r} + x", "f", ((MARK,),) * 50, LIMITS)
    assert len(run(pool, told)) == 50
    search = """
import ctypes, sys
def f(half, rest):
    frame, places = sys._getframe(), []
    while frame:
        server = frame.f_locals.get("self")
        if type(server).__name__ == "Server" and len(places) < 2:
            places += [bytes(server._inbox._buffer), bytes(server._outbox._view)]
        frame = frame.f_back
    libc = ctypes.CDLL(None)
    libc.sbrk.restype, libc.sbrk.argtypes = ctypes.c_void_p, [ctypes.c_long]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    start = end = libc.sbrk(0) & ~4095
    while not libc.mincore(start - 4096, 4096, ctypes.create_string_buffer(1)): start -= 4096
    places.append(ctypes.string_at(start, end - start))
    size = sum(map(len, places))
    found = sum(place.count(half + rest) for place in places)
    return len(places), size > 300_000, found
"""
    word = MARK.encode()
    (output,) = run(pool, Program(search, "f", ((word[:9], word[9:]),), LIMITS))
    assert output.value == (3, True, 0)
