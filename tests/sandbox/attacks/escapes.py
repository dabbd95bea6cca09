"""Programs that try to get out, or to see what is outside."""

from tests.sandbox.attacks.base import TRIES, Attack, probe

ESCAPES = [
    probe(
        "look for installed packages",
        """
import glob, sys
def f(x):
    homes = {sys.base_prefix, sys.base_exec_prefix, "/usr", "/usr/local"}
    return [p for home in homes for p in glob.glob(home + "/lib*/python3*/*-packages/*")]
""",
    ),
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
