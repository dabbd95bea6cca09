"""Processes that do nothing, in another state than a sleeper's."""

from dataclasses import replace

from tests.sandbox.attacks.base import LIMITS, Attack, spin

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
