"""Imports point downwards only, lazy ones included; stages do not run each other."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "boundary"
LAYERS = [
    "errors",
    "records wording",
    "store config prompts presets published sandbox progress cases",
    "engines verifiers suites stats importers",
    "samplers probes page tables console markdown guessing prompt_cost zoo schedule intake",
    # A figure stands beside its table.
    "plots",
    "verify passk ppl entropy_match show doctor reproduce grade grade_problem importer exporter"
    " suites_check chosen disagreement",
    # It shares the settings and the naming of its curves with passk; it judges beside drawing.
    "compare drawing extension",
    # What answers took, beside what compare knows of their lengths.
    "effort",
    # It lists what reproduce knows.
    "catalog",
    "sections explorer",
    "sample report",
    "study calibration",
    "plan",
    "display",
    "cli",
    "__init__ __main__",
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names.split()}
CALLERS = {"sample", "report", "study", "calibration", "plan", "cli", "__main__"}
STAGES = {
    name
    for layer in LAYERS[LAYERS.index("compare drawing extension") - 1 : LAYERS.index("cli")]
    for name in layer.split()
}
PATHS = sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def targets(tree: ast.AST) -> Iterator[str]:
    """Names of ours that a file imports; the version is no module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("boundary."))
        elif isinstance(node, ast.ImportFrom) and node.module == "boundary":
            yield from (a.name for a in node.names if a.name != "__version__")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("boundary."):
            yield (node.module or "").split(".")[1]


def test_every_module_has_a_layer() -> None:
    missing = {name_of(path) for path in PATHS} - RANK.keys()
    assert not missing, f"give {missing} a layer in this test and in the documents"


@pytest.mark.parametrize("path", PATHS, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    home = name_of(path)
    found = set(targets(ast.parse(path.read_text(encoding="utf-8"))))
    above = {name for name in found if name != home and RANK[name] >= RANK[home]}
    assert not above, f"{home} imports {above}: move the shared part to a lower layer"


@pytest.mark.parametrize("path", PATHS, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_some_stages_run_others(path: Path) -> None:
    home = name_of(path)
    calls = {
        node.func.value.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "run"
        and isinstance(node.func.value, ast.Name)
    }
    assert home in CALLERS or not (calls & STAGES - {home})


def test_the_walk_sees_what_it_should() -> None:
    source = (
        "import boundary.store.run\nfrom boundary import cli, __version__\n"
        "def late():\n    from boundary.plots.base import Style\n    import os.path\n"
    )
    assert set(targets(ast.parse(source))) == {"store", "cli", "plots"}
