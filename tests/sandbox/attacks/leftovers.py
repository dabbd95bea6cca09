"""Programs that try to stay, or to leave something for whoever comes next."""

from tests.sandbox.attacks.base import Attack

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
