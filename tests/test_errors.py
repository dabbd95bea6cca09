"""The tree of failures as it is drawn, and a remedy at every place that raises one."""

import ast
from pathlib import Path

import pytest

from boundary import errors
from boundary.errors import BoundaryError

ROOT = Path(__file__).parents[1] / "boundary"
NAMES = {"BoundaryError", *(kind.__name__ for kind in BoundaryError.__subclasses__())}


def drawn() -> dict[str, str]:
    """Names in the docstring's tree with what stands beside them."""
    lines = (errors.__doc__ or "").splitlines()
    branches = [line.lstrip("├└─ ") for line in lines if line.startswith(("├", "└"))]
    return dict(branch.split(maxsplit=1) for branch in branches)


def test_the_tree_is_drawn_as_it_is() -> None:
    kinds = BoundaryError.__subclasses__()
    assert sorted(drawn()) == sorted(kind.__name__ for kind in kinds)
    assert not any(kind.__subclasses__() for kind in kinds)
    assert all(drawn().values())


@pytest.mark.parametrize("kind", BoundaryError.__subclasses__())
def test_an_error_is_its_problem_and_its_remedy(kind: type[BoundaryError]) -> None:
    error = kind("the disk is full", remedy="free space")
    assert (error.problem, error.remedy) == ("the disk is full", "free space")
    assert str(error) == "the disk is full: free space"
    assert kind.__doc__


def made(path: Path) -> list[ast.Call]:
    """Places in a file where one of the errors is made."""
    return [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", None)) in NAMES
    ]


def last_text(node: ast.expr) -> str:
    """What a text ends with, as far as it is written out."""
    if isinstance(node, ast.JoinedStr):
        node = node.values[-1]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize(
    "path",
    [p for p in sorted(ROOT.rglob("*.py")) if made(p)],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_every_error_has_a_remedy(path: Path) -> None:
    for call in made(path):
        where = f"{path.name}, line {call.lineno}"
        remedies = [k.value for k in call.keywords if k.arg == "remedy"]
        assert remedies, f"{where}: no remedy"
        assert len(call.args) == 1, f"{where}: no problem"
        for text in (call.args[0], *remedies):
            assert not last_text(text).endswith((".", "\n")), f"{where}: the printer adds the stop"


def test_the_search_finds_them() -> None:
    assert sum(len(made(path)) for path in ROOT.rglob("*.py")) > 60
