"""From answers to pass@k: a fake model writes the reference solutions, or breaks them."""

from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from boundary import config, sample, sandbox, suites
from boundary.records import Tier
from boundary.store.files import Folder
from boundary.store.marks import CORRECT
from tests.shell import boundary
from tests.suites.data import SHARED, needs_shared

TEMPLATES = ("evalplus", "code-completion", "code-chat", "code-r1", "raw")


@needs_shared
@pytest.mark.parametrize("template", TEMPLATES)
def test_the_first_two_answers_are_right_in_every_template(template: str, tmp_path: Path) -> None:
    arm = config.ArmSettings(model="fake/first=2,tokens=8", template=template)
    suite = suites.load("humanevalplus", data=SHARED)
    job = sample.Job(arm=arm, suite=suite, n=5, results=Folder.at(tmp_path), limit=4)
    run = sample.run(job)
    assert run.manifest.confinements == {"code": sandbox.level()}
    marks = run.marks("code", Tier.STRICT)
    right = {p.id: (marks.of(p.id) == CORRECT).tolist() for p in job.problems}
    assert right == {p.id: [True] * 2 + [False] * 3 for p in suite.problems[:4]}


@needs_shared
@pytest.mark.parametrize("suite", ["mbppplus", "cruxeval_o", "cruxeval_i"])
def test_pass_at_k_is_the_value_by_hand(suite: str, tmp_path: Path) -> None:
    asked = ("--suite", suite, "-n", 6, "--limit", 5, "--data", SHARED)
    ended = boundary("sample", "fake/first=3,tokens=8", *asked, where=tmp_path)
    assert ended.code == 0, ended.err
    (folder,) = (tmp_path / "results").iterdir()
    found = boundary("passk", folder, "--json", where=tmp_path).json()
    by_hand = {k: float(1 - Fraction(comb(3, k), comb(6, k))) for k in (1, 2, 4)}
    assert {row["k"]: row["pass_at_k"] for row in found} == pytest.approx(by_hand)
    assert {row["problems"] for row in found} == {5}
