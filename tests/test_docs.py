"""What the documents name must exist: commands, options, make targets, files."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from boundary import cli
from tests import shell

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "boundary/zoo/CARD.md"]
    if path.is_file()
)
NAMES = {"results", *(p.name for p in ROOT.iterdir())} | {
    path.name
    for folder in ("boundary", "tests", "configs", "docs", "benchmarks", ".github")
    for path in (ROOT / folder).rglob("*")
}
_CODE = re.compile(r"```[^\n]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_TREE = re.compile(r"^[│├└─ ]*([\w./-]+\.(?:py|toml|yaml|md)|[\w./-]+/)(?:\s|$)")


def code(text: str) -> Iterator[str]:
    """Fenced blocks line by line with continuations joined, and inline code."""
    for block, inline in _CODE.findall(text):
        if inline:
            yield inline
        else:
            yield from block.replace("\\\n", " ").splitlines()


def called(text: str) -> Iterator[list[str]]:
    """Words after ``boundary`` wherever code calls it as a command."""
    for line in code(text):
        line = line.strip().removeprefix("$ ").split(" #")[0]
        line = re.sub(r"^(?:[A-Z_]+=\S+ |time |uv run |python -m )+", "", line)
        if line.startswith("boundary ") and not line.startswith(("boundary =", "boundary:")):
            try:
                yield shlex.split(line)[1:]
            except ValueError:
                pytest.fail(f"no shell reads {line!r}")


def resolve(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words lead to, and the words left over."""
    command = typer.main.get_command(cli.app)
    while words and hasattr(command, "commands") and not words[0].startswith("-"):
        # Alternatives such as verify|passk are named one by one elsewhere.
        if not re.fullmatch(r"[a-z][a-z-]*", words[0]):
            break
        assert words[0] in command.commands, f"no command 'boundary {words[0]}'"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def check(words: list[str]) -> None:
    command, left = resolve(words)
    known = {option for p in command.params for option in [*p.opts, *p.secondary_opts]}
    for word in left:
        option = word.split("=")[0]
        if re.fullmatch(r"--?[a-z][a-z-]*", option):
            assert option in known | {"--help"}, f"{' '.join(words)}: no option {option}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_that_are_named_exist(path: Path) -> None:
    for words in called(path.read_text(encoding="utf-8")):
        check(words)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_make_targets_that_are_named_exist(path: Path) -> None:
    makefile = ROOT / "Makefile"
    text = makefile.read_text(encoding="utf-8") if makefile.exists() else ""
    targets = set(re.findall(r"^([\w-]+):", text, re.MULTILINE))
    for line in code(path.read_text(encoding="utf-8")):
        found = re.match(r"(?:\$ )?make ([a-z][\w-]*)$", line.split(" #")[0].strip())
        if found:
            assert found[1] in targets, f"the Makefile has no target {found[1]}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_file_tree_is_there(path: Path) -> None:
    """Names in a fenced tree: each is a file or folder of the package or of the checkout."""
    for block in re.findall(r"```[^\n]*\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
        if not re.search(r"^boundary/", block, re.MULTILINE):
            continue
        for line in block.splitlines():
            found = _TREE.match(line)
            if found:
                name = found[1].rstrip("/").rsplit("/", 1)[-1]
                assert name in NAMES, f"{found[1]} in {line!r}"


def test_the_checks_see_what_they_should() -> None:
    text = (
        "Run `boundary list suites`:\n```console\n$ boundary sample fake/p=0.3 \\\n"
        "    --suite dial -n 8  # a comment\nboundary nosuch\n```\nplain boundary words"
    )
    found = list(called(text))
    assert found == [
        ["list", "suites"],
        ["sample", "fake/p=0.3", "--suite", "dial", "-n", "8"],
        ["nosuch"],
    ]
    check(found[0])
    check(found[1])
    with pytest.raises(AssertionError, match="no command 'boundary nosuch'"):
        check(found[2])
    with pytest.raises(AssertionError, match="no option --suit"):
        check(["sample", "--suit", "dial"])


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"\d+\.?\d*|\.\d+", text)]


def test_the_readme_quotes_what_the_demo_s_counts_say(tmp_path: Path) -> None:
    """A demo run on another machine may round a few answers otherwise, so to within a point."""
    counts = ROOT / "results" / "demo" / "tables" / "dial" / "counts.csv"
    others = [f"{counts}::{arm}" for arm in ("rl", "distill")]
    found = json.loads(shell.done("compare", f"{counts}::base", *others, "--json", where=tmp_path))
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    for arm, verdict in zip(("rl", "distill"), found["verdicts"], strict=True):
        (quoted,) = [line for line in lines if line.startswith(f"> {arm} against base: ")]
        said = quoted.removeprefix(f"> {arm} against base: ")
        assert re.sub(r"[\d.]+", "#", said) == re.sub(r"[\d.]+", "#", f"{verdict}.")
        assert numbers(said) == pytest.approx(numbers(verdict), abs=1.0)
