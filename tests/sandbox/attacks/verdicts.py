"""Programs that try to give their own verdict, or to change who gives it."""

from dataclasses import replace

from tests.sandbox.attacks.base import LIMITS, Attack

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
