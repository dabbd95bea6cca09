"""The command line starts fast: a fresh interpreter parses and helps without heavy packages."""

import json
import subprocess
import sys

import pytest

HEAVY = (
    "vllm", "torch", "transformers", "datasets", "pandas", "matplotlib", "sympy", "scipy",
    "math_verify", "pyarrow", "ray", "huggingface_hub",
)  # fmt: skip
CODE = """
import json, sys
sys.argv = ["boundary", *json.loads(sys.argv[1])]
from boundary import cli
if len(sys.argv) > 1:
    try:
        cli.main()
    except SystemExit as stop:
        assert not stop.code, stop.code
print("LOADED", json.dumps(sorted(name for name in %r if name in sys.modules)))
"""


def loaded(*arguments: str, code: str = CODE) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code % (HEAVY,), json.dumps(arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *_, last = done.stdout.splitlines()
    word, found = last.split(" ", 1)
    assert word == "LOADED"
    return list(json.loads(found))


@pytest.mark.parametrize(
    "arguments",
    [(), ("--help",), ("--version",), ("sample", "--help"), ("zoo", "train", "--help")],
    ids=" ".join,
)
def test_parsing_and_help_load_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert loaded(*arguments) == []


def test_the_check_sees_a_package_that_is_loaded() -> None:
    assert loaded(code=CODE.replace("import cli", "import cli; import scipy")) == ["scipy"]
