"""Programs that use up what there is: time, memory, processes, output."""

from tests.sandbox.attacks.base import Attack, spin

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
