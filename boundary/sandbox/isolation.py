"""How a sandbox's server is started, and how far it is kept apart from this machine."""

import functools
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from boundary.errors import PackageError
from boundary.sandbox import seccomp

UNSAFE = "none: rlimits only"

_HERE = Path(__file__).parent
_INSIDE = (
    *("confine", "packed", "pipes", "plain", "runner", "seccomp", "server", "watch", "wire"),
)
_CODE, _PACKAGES = "/sandbox", "/packages"

# The server's modules without the rest of the package, which holds answers.
_BOOT = """
import sys, types
for name in ("boundary", "boundary.sandbox"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [sys.argv[1]]
sys.path += sys.argv[3:]
from boundary.sandbox.server import main
main(sys.argv[2])
"""

# The same order of sets, thus the same answers, every time; one thread per program.
ENVIRONMENT = {
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "LD_BIND_NOW": "1",
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
}

# Merged into /usr nearly everywhere, folders of their own elsewhere.
_SYSTEM = ("/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin")
# Where libraries are found that lie in no usual place.
_LOADER = ("/etc/ld.so.cache", "/etc/alternatives")


def level(*, unsafe: bool = False) -> str:
    """How programs are kept apart here: what manifests and reports say.

    Args:
        unsafe: They are not, with or without bubblewrap.
    """
    if unsafe:
        return UNSAFE
    return "bubblewrap, seccomp" if seccomp.is_known(platform.machine()) else "bubblewrap"


def require(*, unsafe: bool) -> None:
    """Refuse to run programs where nothing would keep them apart.

    Raises:
        PackageError: bubblewrap is missing, and nobody asked to do without.
    """
    if not unsafe and not bubblewrap():
        raise PackageError(
            "programs that a model wrote run in a sandbox only, and bubblewrap is missing",
            remedy="install it with 'apt-get install bubblewrap' (or 'dnf install bubblewrap'), or"
            " run the programs unprotected with --unsafe-execution",
        )


def command(folder: str) -> list[str]:
    """The command that starts a server.

    Args:
        folder: Where programs work that have no sandbox; "" for those that have.
    """
    if folder:
        return [*_interpreter(), str(_HERE), folder, *_site()]
    return [bubblewrap(), *_arguments(), "--", *_interpreter(), _CODE, "", _PACKAGES]


def bubblewrap() -> str:
    """Where it is; "" where there is none."""
    return (shutil.which("bwrap") or "") if sys.platform == "linux" else ""


def _interpreter() -> list[str]:
    """Without the environment's settings, without packages, warnings or the working folder."""
    found = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    return [found, "-s", "-S", "-P", "-B", "-c", _BOOT]


def _arguments() -> list[str]:
    return [
        *_namespaces(),
        *("--die-with-parent", "--new-session", "--clearenv"),
        *(word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)),
        *(w for name in (_CODE, _PACKAGES, "/etc") for w in ("--perms", "0755", "--dir", name)),
        *_system(),
        *_bound(_interpreter_folders()),
        *(w for p in _hidden() for w in ("--perms", "0555", "--tmpfs", p, "--remount-ro", p)),
        *(w for n in _INSIDE for w in ("--ro-bind", str(_HERE / f"{n}.py"), f"{_CODE}/{n}.py")),
        *(w for p in _packages() for w in ("--ro-bind", str(p), f"{_PACKAGES}/{p.name}")),
        *("--proc", "/proc", "--dev", "/dev", "--perms", "0755", "--dir", "/tmp"),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"),
    ]


def _namespaces() -> list[str]:
    """A user of its own for the sandbox.

    Root becomes nobody inside instead: limits on processes do not hold for root, whatever it is
    called in a name space. Each program is put into a user name space of its own anyway.
    """
    if os.geteuid():
        return ["--unshare-all", "--unshare-user"]
    others = ("ipc", "pid", "net", "uts", "cgroup-try")
    shared = [f"--unshare-{name}" for name in others]
    return [*shared, "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)
    for name in _LOADER:
        yield from ("--ro-bind-try", name, name)


def _interpreter_folders() -> list[Path]:
    homes = (Path(sys.base_prefix), Path(sys.base_exec_prefix))
    return list(dict.fromkeys(home.resolve() for home in homes))


def _bound(folders: list[Path]) -> Iterator[str]:
    """Folders under their own names, their parents open to everybody."""
    made: set[Path] = {Path("/"), Path("/usr")}
    for folder in folders:
        if folder.is_relative_to("/usr"):
            continue
        for parent in reversed(folder.parents):
            if parent not in made:
                made.add(parent)
                yield from ("--perms", "0755", "--dir", str(parent))
        yield from ("--ro-bind", str(folder), str(folder))


def _hidden() -> list[str]:
    """Folders of installed packages: some hold answers, and the server uses none of them."""
    roots = (*_interpreter_folders(), Path("/usr"), Path("/usr/local"))
    found = {path.resolve() for root in roots for path in root.glob("lib*/python3*/*-packages")}
    return sorted(str(path) for path in found if any(path.is_relative_to(root) for root in roots))


@functools.cache
def _packages() -> tuple[Path, ...]:
    """Packages that programs may use: numpy and the libraries that come with it."""
    found = importlib.util.find_spec("numpy")
    if not found or not found.origin:
        return ()
    home = Path(found.origin).parent
    beside = (home, home.parent / "numpy.libs")
    return tuple(path for path in beside if path.is_dir())


def _site() -> list[str]:
    return [str(path.parent) for path in _packages()[:1]]
