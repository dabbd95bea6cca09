"""Programs that try to be judged right, to get out, or to spoil what comes after them.

Each stands for an answer to "return x * x + 1", which none of them computes. ``ends`` names the
errors that it may end with (None: a value, which then is a wrong one); ``finds`` the value that
it must return, where it is a probe that lists what it could do.
"""

from dataclasses import dataclass, replace
from typing import Any

from boundary.sandbox import Limits

INPUTS = ((3,), (5,))
RIGHT = [10, 26]

# Small: each attack is run whole, in the ordinary tests.
LIMITS = Limits(
    wall_s=0.5, cpu_s=0.3, memory_mb=128, processes=16, file_mb=2, output_kb=64, open_files=32
)


@dataclass(frozen=True)
class Attack:
    name: str
    source: str
    ends: tuple[str | None, ...] = (None,)
    finds: Any = ...
    limits: Limits = LIMITS


def spin(name: str, source: str) -> Attack:
    """One that goes on until it is stopped."""
    return Attack(name, source, ("time_limit",))


def probe(name: str, source: str, finds: Any = None) -> Attack:
    """One that returns what it could do: nothing."""
    return Attack(name, source, (None,), [] if finds is None else finds)


TRIES = """
def tried(*deeds):
    done = []
    for deed in deeds:
        try:
            done.append(repr(deed()))
        except BaseException:
            pass
    return done
"""

RESOURCES = [
    spin("endless loop", "def f(x):\n    while True: pass"),
    spin("endless loop at import", "while True: pass\ndef f(x): return 10"),
    spin("endless loop in C", "def f(x):\n    return sum(iter(int, 1))"),
    spin("endless power in C", "def f(x):\n    return len(str(7 ** 7 ** 9))"),
    spin("endless regular expression", "import re\ndef f(x): re.match(r'(a+)+$', 'a' * 64 + 'b')"),
    spin("sleep for ever", "import time\ndef f(x): time.sleep(1e6)"),
    spin(
        "wait for a lock",
        "import threading\ndef f(x):\n    l = threading.Lock(); l.acquire(); l.acquire()",
    ),
    spin(
        "wait for standard input that never ends",
        "import os\ndef f(x):\n    r, w = os.pipe(); os.read(r, 1)",
    ),
    spin("pause", "import signal\ndef f(x): signal.pause()"),
    spin(
        "ignore every signal",
        """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
def f(x):
    while True: pass
""",
    ),
    spin(
        "swallow every exception",
        """
def f(x):
    while True:
        try:
            while True: pass
        except BaseException: pass
""",
    ),
    spin(
        "busy threads",
        """
import threading
def burn():
    while True: pass
def f(x):
    for _ in range(6): threading.Thread(target=burn, daemon=True).start()
    threading.Event().wait()
""",
    ),
    spin(
        "busy children to dodge the clock",
        """
import os
def f(x):
    for _ in range(4):
        if not os.fork():
            while True: pass
    os.wait()
""",
    ),
    spin(
        "children that nobody waits for",
        """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
def f(x):
    while True:
        try: pid = os.fork()
        except OSError: pid = -1
        if not pid:
            end = time.process_time() + .02
            while time.process_time() < end: pass
            os._exit(0)
        time.sleep(.02)
""",
    ),
    Attack(
        "fork bomb",
        """
import os
def f(x):
    while True: os.fork()
""",
        ("exception", "time_limit", "memory_limit"),
    ),
    Attack(
        "fork bomb that goes on",
        """
import os
def f(x):
    while True:
        try: os.fork()
        except OSError: pass
""",
        ("time_limit", "memory_limit"),
    ),
    Attack(
        "thread bomb",
        """
import threading, time
def f(x):
    while True: threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
""",
        ("exception", "memory_limit", "time_limit"),
    ),
    Attack("memory bomb", "def f(x): return len([0] * 10 ** 10)", ("memory_limit",)),
    Attack(
        "memory bomb by and by",
        """
def f(x):
    keep = []
    while True: keep.append(bytearray(1 << 20))
""",
        ("memory_limit", "time_limit"),
    ),
    Attack(
        "memory bomb of many processes",
        """
import os, time
def f(x):
    for _ in range(8):
        if not os.fork():
            keep = bytearray(os.urandom(1 << 10)) * (40 << 10)
            time.sleep(100)
    time.sleep(100)
""",
        ("memory_limit", "time_limit"),
    ),
    Attack(
        "memory that no process holds",
        """
import ctypes, os
def f(x):
    libc = ctypes.CDLL(None)
    found = [libc.shmget(0, 1 << 30, 0o1777), libc.memfd_create(b"x", 0)]
    return [n for n in found if n >= 0]
""",
        (None,),
        [],
    ),
    Attack(
        "deep recursion",
        """
import sys
sys.setrecursionlimit(10 ** 9)
def f(x): return f(x + 1) + 1
""",
        ("memory_limit", "exited", "exception", "time_limit"),
    ),
    Attack(
        "deep recursion in C",
        """
import sys
sys.setrecursionlimit(10 ** 9)
def f(x):
    nested = []
    for _ in range(10 ** 6): nested = [nested]
    return repr(nested)
""",
        ("memory_limit", "exited", "exception", "time_limit"),
    ),
    Attack(
        "zip bomb",
        """
import zlib
def f(x): return len(zlib.decompress(zlib.compress(bytes(10 ** 7)) * 1)) and zlib.decompress(
    b"".join([zlib.compress(bytes(1 << 24))])) * 64
""",
        ("memory_limit", "output_limit", "time_limit"),
    ),
    Attack(
        "source as deep as a well",
        "def f(x): return " + "(" * 5000 + ")" * 5000,
        ("syntax", "memory_limit", "exception"),
    ),
    Attack(
        "source that explodes",
        "def f(x): return x\n" + "g = " + "lambda: " * 80 + "1\n" + "s = 'a' * (1 << 62)",
        ("memory_limit", "exception", "syntax"),
    ),
]

# Processes that do nothing, in another state than a sleeper's.
WAITS = """
import ctypes, os, signal, threading, time
libc = ctypes.CDLL(None)
stack = ctypes.create_string_buffer(1 << 18)
top = ctypes.c_void_p(ctypes.addressof(stack) + (1 << 18) - 64 & ~15)
VFORK, PARENT, THREAD = 0x4000, 0x8000, 0x10f00
def wait_for_another(flags):
    libc.clone(libc.pause, top, VFORK | flags, None)
def leave_to(work):
    threading.Thread(target=work).start()
    libc.syscall({"x86_64": 60}.get(os.uname().machine, 93), 0)
"""

STATES = [
    spin("wait for a child as vfork does", f"{WAITS}def f(x): wait_for_another(17)"),
    spin("wait for a thread as vfork does", f"{WAITS}def f(x): wait_for_another(THREAD)"),
    spin(
        "wait for a sister as vfork does",
        f"""{WAITS}
def f(x):
    if not os.fork(): wait_for_another(PARENT | 17)
    os.wait()
    signal.pause()
""",
    ),
    spin(
        "wait for a child that waits, and so on, as vfork does",
        f"""{WAITS}
def f(x):
    while not os.fork(): wait_for_another(17)
    signal.pause()
""",
    ),
    spin(
        "wait for one child after the other as vfork does",
        f"""{WAITS}
def f(x):
    while True: libc.clone(libc.usleep, top, VFORK | 17, ctypes.c_void_p(50_000))
""",
    ),
    spin(
        "wait for a child that has stopped itself",
        f"""{WAITS}
def f(x):
    pid = os.fork()
    if not pid: os.kill(os.getpid(), signal.SIGSTOP)
    os.waitpid(pid, 0)
""",
    ),
    spin(
        "a child that asks to be traced and stops",
        f"""{WAITS}
def f(x):
    if not os.fork():
        libc.ptrace(0, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
    os.wait()
""",
    ),
    spin("end the first thread and sleep in another", f"{WAITS}def f(x): leave_to(signal.pause)"),
    spin(
        "end the first thread and burn in another",
        f"""{WAITS}
def burn():
    while True: pass
def f(x): leave_to(burn)
""",
    ),
    Attack(
        "memory of processes whose first thread is gone",
        f"""{WAITS}
def hold():
    time.sleep(.1)
    keep = bytearray(b"x") * (40 << 20)
    time.sleep(100)
def f(x):
    for _ in range(6):
        if not os.fork(): leave_to(hold)
    time.sleep(100)
""",
        ("memory_limit",),
        limits=replace(LIMITS, wall_s=2, cpu_s=2),
    ),
]

OUTPUTS = [
    spin("endless print", "def f(x):\n    while True: print('10' * 1000)"),
    Attack("answer too long", "def f(x): return 'a' * 10 ** 6", ("output_limit",)),
    Attack(
        "answer of many references",
        """
def f(x):
    v = [1]
    for _ in range(60): v = [v, v]
    return v
""",
        ("output_limit",),
    ),
    Attack("huge number", "def f(x): return 1 << 10 ** 7", ("output_limit",)),
    Attack("answer inside itself", "def f(x):\n    v = []; v.append(v); return v", ("not_plain",)),
    Attack(
        "answer too deep",
        "def f(x):\n    v = []\n    for _ in range(5000): v = [v]\n    return v",
        ("not_plain", "exception"),
    ),
    Attack(
        "always equal",
        """
class Same:
    def __eq__(self, other): return True
    def __hash__(self): return hash(10)
def f(x): return Same()
""",
        ("not_plain",),
    ),
    Attack(
        "a number always equal",
        """
class Same(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = int.__hash__
def f(x): return Same(7)
""",
        ("not_plain",),
    ),
    Attack(
        "a text always equal",
        """
class Same(str):
    def __eq__(self, other): return True
    def __len__(self): return 2
    __hash__ = str.__hash__
def f(x): return Same("7")
""",
        ("not_plain",),
    ),
    Attack(
        "a list always equal",
        """
class Same(list):
    def __eq__(self, other): return True
    def __iter__(self): return iter([10])
    def __len__(self): return 1
def f(x): return Same()
""",
        ("not_plain",),
    ),
    Attack(
        "a type that says it is int",
        """
class Meta(type):
    def __eq__(self, other): return True
    def __hash__(self): return hash(int)
    def __instancecheck__(self, other): return True
class Same(metaclass=Meta):
    __class__ = int
    def to_bytes(self, *a, **k): return b"\\x0a"
    def bit_length(self): return 4
def f(x): return Same()
""",
        ("not_plain", None),
    ),
    Attack("not a number", "def f(x): return float('nan')"),
    Attack("a generator", "def f(x): yield 10", ("not_plain",)),
    Attack("a coroutine", "async def f(x): return 10", ("not_plain",)),
    Attack(
        "a pickle",
        """
import os, pickle
class P:
    def __reduce__(self): return (os.system, ("true",))
def f(x): return pickle.dumps(P())
""",
    ),
    Attack("a lone surrogate and a NUL", "def f(x): return '\\ud800\\0'"),
    Attack(
        "an exception with endless words",
        """
class E(Exception):
    def __str__(self):
        while True: pass
def f(x): raise E
""",
        ("time_limit",),
    ),
    Attack(
        "an exception with words that end it",
        """
import os
class E(Exception):
    def __str__(self): os._exit(0)
def f(x): raise E
""",
        ("exited",),
    ),
    Attack(
        "an endless repr",
        """
class R:
    def __repr__(self):
        while True: pass
def f(x): raise ValueError(R())
""",
        ("time_limit",),
    ),
    Attack(
        "a finaliser that does not end",
        """
class D:
    def __del__(self):
        while True: pass
def f(x):
    D()
    return 10
""",
        ("time_limit",),
    ),
    Attack(
        "an exception that is no exception",
        "def f(x): raise BaseException('correct')",
        ("exception",),
    ),
    Attack(
        "keys with one hash",
        """
def f(x): return {i * (2 ** 61 - 1): 0 for i in range(1000)}
""",
        ("not_plain", "time_limit"),
    ),
]

PACKED = [
    Attack(
        "a long list inside itself",
        "def f(x):\n    v = [1] * 1000; v[500] = v; return v",
        ("not_plain", "output_limit"),
    ),
    Attack(
        "a long list of itself",
        "def f(x):\n    v = []; v += [v] * 1000; return v",
        ("not_plain", "output_limit"),
    ),
    Attack(
        "long lists that share memory",
        "def f(x):\n    v = [1] * 1000; return [v] * 10 ** 6",
        ("output_limit", "time_limit"),
    ),
    Attack(
        "long texts that share memory",
        "def f(x): return ['a' * 9999] * 10**5",
        ("output_limit", "time_limit"),
    ),
    Attack("many numbers", "def f(x): return list(range(10 ** 6))", ("output_limit", "time_limit")),
    Attack(
        "many large numbers", "def f(x): return [1 << 62] * 10 ** 6", ("output_limit", "time_limit")
    ),
    Attack("many truths", "def f(x): return [True] * 10 ** 6", ("output_limit", "time_limit")),
    *(
        Attack(
            f"always equal among many: {kind}",
            f"""
class Same({kind}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __index__(self): return 10
    def __float__(self): return 10.0
    def __len__(self): return 1
    __hash__ = {kind}.__hash__
def f(x): return [{item}] * 50 + [Same({item})] + [{item}] * 50
""",
            ("not_plain",),
        )
        for kind, item in (("int", "10"), ("float", "10.0"), ("str", "'a'"), ("list", "[10]"))
    ),
    Attack(
        "many of a type that says it is int",
        """
class Meta(type):
    def __eq__(self, other): return True
    def __hash__(self): return hash(int)
class Same(metaclass=Meta):
    __class__ = int
    def __index__(self): return 10
def f(x): return [Same()] * 100
""",
        ("not_plain",),
    ),
    Attack(
        "a list that changes while it is written",
        """
import threading
def f(x):
    v = [10] * 5000
    def change():
        while True:
            v[0] = v[2500] = v; v.append(.5); v[0] = v[2500] = 10; v.pop()
    threading.Thread(target=change, daemon=True).start()
    return v
""",
        (None, "not_plain", "output_limit", "exited"),
    ),
    *(
        Attack(
            f"a forged block: {name}",
            f"""
import os, struct
def f(x):
    body = {body}
    os.write(3, struct.pack(">cI", b"V", len(body)) + body)
    return 7
""",
            ends,
        )
        for name, body, ends in (
            ("a huge count", r"b'pl\xff\xff\xff\xffi' + bytes(100)", (None, "not_plain")),
            ("cut short", r"b'pl\0\0\0\x40q' + bytes(100)", (None, "not_plain")),
            (
                "floats as numbers",
                r"b'pl\0\0\0\x04q' + struct.pack('4d', *[10] * 4) + bytes(4)",
                (None,),
            ),
            ("of another container", r"b'pd\0\0\0\x04i' + bytes(20)", (None, "not_plain")),
            (
                "neither true nor false",
                r"b'pl\0\0\0\x04?' + b'\x0a' * 4 + bytes(4)",
                (None, "not_plain"),
            ),
            (
                "texts of huge length",
                r"b'pl\0\0\0\x04s\0\0\0\0' + b'\xff' * 16",
                (None, "not_plain"),
            ),
            (
                "texts of huge size",
                r"b'pl\0\0\0\x04s\xff\xff\xff\xff' + bytes(16)",
                (None, "not_plain"),
            ),
            (
                "half a character",
                r"b'pl\0\0\0\x04s\0\0\0\1\1' + bytes(15) + b'\xc3'",
                (None, "not_plain"),
            ),
            (
                "a place outside",
                r"b'pl\0\0\0\x04i' + bytes(16) + b'\0\0\0\1\xff\0\0\0N'",
                (None, "not_plain"),
            ),
            (
                "all places",
                r"b'pl\0\0\0\x04i' + bytes(16) + b'\xff' * 4 + bytes(99)",
                (None, "not_plain"),
            ),
            (
                "blocks in blocks",
                r"(b'pl\0\0\0\x04i' + bytes(19) + b'\1' + bytes(4)) * 400",
                (None, "not_plain"),
            ),
        )
    ),
]

VERDICTS = [
    Attack("end at once", "import os\ndef f(x): os._exit(0)", ("exited",)),
    Attack("end at import", "import sys\nsys.exit(0)\ndef f(x): return 0", ("exited",)),
    Attack("end politely", "import sys\ndef f(x): sys.exit(0)", ("exited",)),
    Attack("end like an interrupt", "def f(x): raise KeyboardInterrupt", ("exception",)),
    Attack(
        "print a verdict",
        """
def f(x):
    print('{"outcome": "correct", "passed": true}', flush=True)
    print("OK\\n1 passed in 0.01s")
""",
    ),
    Attack(
        "forge frames into every file",
        """
import os, struct
def frame(mark, body): return struct.pack(">cI", mark, len(body)) + body
def f(x):
    done = frame(b"X", b'{"why": "", "status": 0, "cpu_s": 0}')
    for fd in range(64):
        for part in (done, frame(b"R", b""), frame(b"V", b"T"), frame(b"A", done * 9), b"correct"):
            try: os.write(fd, part)
            except OSError: pass
""",
        (None, "not_plain", "output_limit"),
    ),
    Attack(
        "forge answers to come",
        """
import os, struct
def f(x):
    for number in (10, 0):
        body = b"i" + struct.pack(">I", 1) + bytes([number])
        os.write(3, struct.pack(">cI", b"V", len(body)) + body)
""",
    ),
    Attack(
        "forge answers to gain time",
        """
import os, struct, time
def f(x):
    while True:
        os.write(3, struct.pack(">cI", b"V", 1) + b"N")
        end = time.process_time() + .1
        while time.process_time() < end: pass
""",
        (None,),
        limits=replace(LIMITS, per_input=True),
    ),
    Attack(
        "half an answer to gain time",
        """
import os, time
def f(x):
    os.write(3, b"V\\0\\0\\xff\\0")
    while True:
        os.write(3, b"x")
        end = time.process_time() + .02
        while time.process_time() < end: pass
""",
        ("time_limit",),
        limits=replace(LIMITS, per_input=True),
    ),
    Attack(
        "claim a sandbox error",
        """
import os, struct
def text(t): return b"s" + struct.pack(">I", len(t)) + t
def f(x):
    body = b"t" + struct.pack(">I", 2) + text(b"sandbox_error") + text(b"")
    os.write(3, struct.pack(">cI", b"E", len(body)) + body)
""",
        ("not_plain", None),
    ),
    Attack(
        "a frame that never ends",
        """
import os
def f(x):
    os.write(3, b"V\\xff\\xff\\xff\\xff")
    while True: os.write(3, b"x" * 4096)
""",
        ("output_limit",),
    ),
    Attack(
        "half a frame",
        "import os\ndef f(x):\n    os.write(3, b'V\\0\\0'); os._exit(0)",
        ("exited",),
    ),
    Attack(
        "close every file",
        "import os\ndef f(x):\n    os.closerange(0, 1024)\n    return 0",
        ("exited",),
    ),
    Attack(
        "other files in their place",
        """
import os
def f(x):
    for fd in range(16):
        try: os.dup2(os.open("/dev/null", os.O_RDWR), fd)
        except OSError: pass
    return 0
""",
        ("exited",),
    ),
    Attack(
        "another write",
        """
import os
real = os.write
os.write = lambda fd, data: real(fd, bytes(data).replace(b"\\x07", b"\\x0a"))
def f(x): return 7
""",
    ),
    Attack(
        "another encoder",
        """
import sys
plain = sys.modules["boundary.sandbox.plain"]
plain.encode = lambda value, limit=0: b"T"
plain._WRITERS.clear()
def f(x): return 7
""",
    ),
    Attack(
        "other builtins",
        """
import builtins
for name in ("len", "type", "isinstance", "print", "compile", "exec", "open"):
    setattr(builtins, name, lambda *a, **k: True)
builtins.__build_class__ = None
def f(x): return 7
""",
        (None, "not_plain", "exited", "exception"),
    ),
    Attack(
        "other modules",
        """
import sys
for name in list(sys.modules):
    if name not in ("sys", "builtins"): sys.modules[name] = sys.modules["sys"]
def f(x): return 7
""",
        (None, "not_plain", "exited", "exception"),
    ),
    Attack(
        "another test library",
        """
import unittest
unittest.TestCase.assertEqual = lambda *a: None
unittest.TestCase.run = lambda *a: True
def f(x): return 7
""",
    ),
    Attack(
        "walk the frames",
        """
import sys
def f(x):
    frame, found = sys._getframe(), []
    while frame:
        for scope in (frame.f_locals, frame.f_globals):
            for value in list(scope.values()):
                if value in (10, 26, [10, 26], (10, 26)): found.append(value)
        frame = frame.f_back
    return found[0] if found else None
""",
    ),
    Attack(
        "walk the heap",
        """
import gc
def f(x):
    for thing in gc.get_objects():
        if type(thing) in (list, tuple) and list(thing) == [10, 26]: return thing[0]
        if type(thing).__name__ in ("Problem", "Sample", "Verdict", "Task", "Check"): return 10
""",
    ),
    Attack(
        "run at exit",
        """
import atexit, os
atexit.register(os.write, 3, b"V\\0\\0\\0\\1T")
def f(x): return 7
""",
    ),
    Attack(
        "an import hook",
        """
import sys
class Hook:
    def find_spec(self, name, path=None, target=None): raise SystemExit(0)
sys.meta_path.insert(0, Hook())
sys.path_hooks.insert(0, Hook)
def f(x): return 7
""",
    ),
    Attack(
        "an audit hook",
        """
import sys, os
sys.addaudithook(lambda name, details: os._exit(0) if name.startswith(("os.", "open")) else None)
def f(x): return open("/etc/hostname")
""",
        ("exited",),
    ),
    Attack(
        "a trace function",
        """
import sys
def trace(frame, event, argument):
    frame.f_trace_opcodes = True
    return trace
sys.settrace(trace)
sys.setprofile(lambda *a: None)
def f(x): return 7
""",
        (None, "not_plain", "exited"),
    ),
    Attack("crash in C", "import ctypes\ndef f(x): ctypes.string_at(0)", ("exited",)),
    Attack("abort", "import os\ndef f(x): os.abort()", ("exited",)),
    Attack(
        "write over the interpreter",
        """
import ctypes
def f(x):
    ctypes.memset(id(int), 255, 400)
    return 7
""",
        ("exited", "exception", "not_plain"),
    ),
    Attack(
        "kill itself",
        """
import os, signal
def f(x):
    os.kill(os.getpid(), signal.SIGKILL)
    return 7
""",
    ),
    Attack(
        "stop itself",
        """
import os, signal
def f(x):
    os.kill(os.getpid(), signal.SIGSTOP)
    return 7
""",
    ),
    Attack(
        "a lower limit of its own",
        """
import resource
resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))
def f(x): return [0] * 10 ** 6
""",
        ("memory_limit", "exception", "exited"),
    ),
    Attack(
        "replace itself by another program",
        """
import os
def f(x): os.execv("/bin/sh", ["sh", "-c", "printf 'V\\\\0\\\\0\\\\0\\\\1T' >&3; exit 0"])
""",
        ("exited", None),
    ),
]

ESCAPES = [
    probe(
        "connect to the network",
        TRIES
        + """
import socket
def f(x):
    return tried(
        lambda: socket.create_connection(("1.1.1.1", 53), timeout=.2),
        lambda: socket.create_connection(("127.0.0.1", 22), timeout=.2),
        lambda: socket.getaddrinfo("example.org", 80),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("8.8.8.8", 53)),
        lambda: socket.socket(socket.AF_INET6),
        lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
        lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    )
""",
    ),
    probe(
        "read what is not its own",
        TRIES
        + """
def f(x):
    names = ("/etc/passwd", "/etc/shadow", "/etc/hostname", "/root/.bashrc", "/proc/1/environ",
             "/proc/self/environ", "/proc/self/mem", "/proc/self/maps", "/proc/version",
             "/proc/cpuinfo", "/sys/kernel/notes", "/var/log/dpkg.log", "/dev/kmsg", "/dev/mem",
             "/dev/vda", "/dev/sda", "/run/utmp", "/home", "/srv")
    return tried(*(lambda name=name: open(name, "rb").read(1) for name in names))
""",
    ),
    probe(
        "read the environment",
        """
import os
def f(x):
    known = {"HOME", "LANG", "PATH", "PWD", "MALLOC_ARENA_MAX"}
    starts = ("PYTHON", "OMP", "OPENBLAS")
    return sorted(n for n in os.environ if n not in known and not n.startswith(starts))
""",
    ),
    probe(
        "write outside",
        TRIES
        + """
import os, sys
def f(x):
    places = ["/", "/usr", "/usr/lib", "/bin", "/lib", "/etc", "/dev", "/proc", "/sandbox",
              "/packages", "/packages/numpy", "/var/tmp", "/root", "/sys", sys.base_prefix,
              os.path.dirname(os.__file__)]
    return tried(*(lambda p=p: open(p + "/boundary-attack", "w") for p in places),
                 lambda: os.chmod("/usr/bin/env", 0o777), lambda: os.remove("/usr/bin/env"),
                 lambda: os.rename("/usr/bin", "/usr/bin2"), lambda: open(os.__file__, "a"),
                 lambda: os.mknod("/tmp/disk", 0o60666, os.makedev(254, 0)))
""",
    ),
    probe(
        "see or signal other processes",
        TRIES
        + """
import os, signal
def f(x):
    found = [os.getppid()] if os.getppid() else []
    for pid in range(2, 2000):
        try:
            os.kill(pid, 0)
            found.append(pid)
        except ProcessLookupError: pass
    return found + tried(lambda: os.kill(-1, signal.SIGKILL), lambda: os.listdir("/proc")[0])
""",
    ),
    probe(
        "trace or read other processes",
        """
import ctypes
def f(x):
    libc, buffer = ctypes.CDLL(None), ctypes.create_string_buffer(64)
    calls = {"ptrace": libc.ptrace(0, 0, 0, 0), "attach": libc.ptrace(16, 1, 0, 0),
             "read": libc.process_vm_readv(1, buffer, 1, buffer, 1, 0),
             "write": libc.process_vm_writev(1, buffer, 1, buffer, 1, 0),
             "pidfd_getfd": libc.syscall(438, 3, 0, 0)}
    return [name for name, result in calls.items() if result >= 0]
""",
    ),
    probe(
        "more rights",
        TRIES
        + """
import ctypes, os, resource
def f(x):
    libc = ctypes.CDLL(None)
    calls = {"unshare user": libc.unshare(0x10000000), "unshare mounts": libc.unshare(0x20000),
             "mount": libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None),
             "umount": libc.umount2(b"/proc", 2),
             "setns": libc.setns(0, 0), "chroot": libc.chroot(b"/tmp"),
             "pivot": libc.syscall(155, b"/", b"/"), "keyctl": libc.syscall(250, 0, 0),
             "bpf": libc.syscall(321, 0, 0, 0), "perf": libc.syscall(298, 0, 0, 0, 0, 0),
             "userfaultfd": libc.syscall(323, 0), "io_uring": libc.syscall(425, 1, 0),
             "open_by_handle_at": libc.syscall(304, 0, 0, 0),
             "kexec": libc.syscall(246, 0, 0, 0, 0), "init_module": libc.syscall(175, 0, 0, 0),
             "clone new users": libc.syscall(56, 0x10000011, 0, 0, 0, 0),
             "hostname": libc.sethostname(b"x", 1), "reboot": libc.reboot(0)}
    return [name for name, result in calls.items() if result >= 0] + tried(
        lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), lambda: os.nice(-5),
        lambda: resource.setrlimit(resource.RLIMIT_CPU, (10 ** 6, 10 ** 6)),
        lambda: resource.setrlimit(resource.RLIMIT_NPROC, (-1, -1)),
        lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
        lambda: resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE, (10 ** 5, 10 ** 5)),
        lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)))
""",
    ),
    probe(
        "links out of its folder",
        TRIES
        + """
import os
def f(x):
    for name, target in (("root", "/"), ("real", "/proc/1/root")):
        if not os.path.lexists("/tmp/" + name): os.symlink(target, "/tmp/" + name)
    return tried(lambda: open("/tmp/root/etc/passwd"), lambda: open("/tmp/real/etc/passwd"),
                 lambda: open("/tmp/root/usr/x", "w"), lambda: os.link("/usr/bin/env", "/tmp/env"),
                 lambda: os.listdir("/tmp/../../../../root/.ssh"))
""",
    ),
    Attack(
        "a program with another's rights",
        """
import os, subprocess
def f(x):
    line = "id -u; ls /tmp /root 2>/dev/null | grep -v '^/'; su -c id 2>&1 | grep uid=0"
    found = subprocess.run(["sh", "-c", line], capture_output=True, text=True).stdout
    return [line for line in found.split() if line != "65534" and not line.startswith(".")]
""",
        (None,),
        [],
    ),
    probe(
        "input that was not given",
        TRIES
        + """
import os, select
def f(x):
    poll = select.poll()
    for fd in range(64):
        if fd != 4: poll.register(fd, select.POLLIN)
    def first(fd):
        os.set_blocking(fd, False)
        return os.read(fd, 1) or 1 / 0
    return tried(*(lambda fd=fd: first(fd) for fd in range(64) if fd != 4))
""",
    ),
    probe(
        "files that the server has open",
        """
import os
def f(x):
    found = []
    for fd in range(5, 300):
        try: found.append((fd, os.fstat(fd).st_mode))
        except OSError: pass
    return found
""",
    ),
    probe(
        "the calls of another machine",
        """
import ctypes, platform
def f(x):
    # Numbers of x32 and beyond: none may get past the filter.
    libc = ctypes.CDLL(None)
    return [n for n in (0x40000000 + 41, 0x40000000 + 101, 100000) if libc.syscall(n, 2, 1, 0) >= 0]
""",
    ),
]

LEFTOVERS = [
    Attack(
        "threads that outlive",
        """
import threading, time
def work():
    while True: time.sleep(.001)
def f(x):
    threading.Thread(target=work).start()
    return 7
""",
    ),
    Attack(
        "daemons that outlive",
        """
import os, time
def f(x):
    if not os.fork():
        os.setsid()
        if not os.fork():
            for fd in range(5): os.close(fd)
            time.sleep(1000)
        os._exit(0)
    return 7
""",
    ),
    Attack(
        "daemons that keep the way out open",
        """
import os, time
def f(x):
    if not os.fork():
        os.setsid()
        while True:
            os.write(1, b"x")
            time.sleep(.001)
    return 7
""",
    ),
    Attack(
        "files everywhere it may",
        """
import os
def f(x):
    for folder in ("/tmp", "/dev/shm"):
        with open(folder + "/answer", "w") as file: file.write("10")
        os.makedirs(folder + "/.hidden", exist_ok=True)
        os.symlink("/", f"{folder}/link{x}")
    return 7
""",
    ),
    Attack(
        "fill the disk",
        """
def f(x):
    for folder in ("/tmp", "/dev/shm"):
        number = 0
        try:
            while True:
                with open(f"{folder}/{number}", "wb") as file:
                    file.write(bytes(1 << 20))
                number += 1
        except OSError: pass
    return number
""",
    ),
    Attack(
        "a file too large",
        """
def f(x):
    with open("/tmp/large", "wb") as file:
        for _ in range(100): file.write(bytes(1 << 20))
""",
        ("exception", "exited"),
    ),
    Attack(
        "use up the inodes",
        """
import os
def f(x):
    for number in range(10 ** 5): os.mkdir(f"/tmp/{number}")
""",
        ("exception", "time_limit"),
    ),
    Attack(
        "open files without end",
        """
def f(x):
    keep = []
    while True: keep.append(open("/dev/null"))
""",
        ("exception",),
    ),
    Attack(
        "another folder, mask, priority, locale",
        """
import locale, os, sys, time
os.mkdir("/tmp/x"); os.chdir("/tmp/x"); os.umask(0o777); os.nice(5)
os.environ["PATH"] = "/tmp"; os.environ["TZ"] = "Asia/Tokyo"; time.tzset()
locale.setlocale(locale.LC_ALL, "C"); sys.path[:] = []; sys.setrecursionlimit(50)
def f(x): return 7
""",
    ),
    Attack(
        "other functions in the standard library",
        """
import json, math, operator, random, builtins
math.sqrt = operator.eq = random.random = json.dumps = builtins.abs = lambda *a: 10
def f(x): return 7
""",
    ),
    Attack(
        "sockets and shared memory with a name",
        """
import socket
from multiprocessing import shared_memory
def f(x):
    local = socket.socket(socket.AF_UNIX)
    local.bind(f"\\0boundary-attack{x}")
    local.listen()
    shared_memory.SharedMemory(f"boundary-attack{x}", create=True, size=100)
    return 7
""",
    ),
    Attack(
        "alarms to come",
        """
import signal
signal.setitimer(signal.ITIMER_REAL, .2)
signal.setitimer(signal.ITIMER_PROF, .01, .01)
def f(x): return 7
""",
        (None, "exited"),
    ),
]

ATTACKS = [*RESOURCES, *STATES, *OUTPUTS, *PACKED, *VERDICTS, *ESCAPES, *LEFTOVERS]
