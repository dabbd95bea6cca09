"""The published MATH-500 counts of a base model and its RL-tuned successor, end to end."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from boundary.records import Counts, CrossingKind, Overlap
from boundary.stats import Arm, compare, verdict

TABLE = Path(__file__).parents[2].parent / "shared" / "data" / "pass_counts_sample.csv"


@pytest.fixture(scope="module")
def arms():
    if not TABLE.exists():
        pytest.skip("no table of published counts in shared/data beside this checkout")
    with TABLE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    models = {"base": "Qwen2.5-7B", "RL": "Qwen-2.5-7B-SimpleRL-Zoo"}
    return [
        Arm(
            label,
            [
                Counts(r["problem_id"], int(r["n"]), int(r["c"]))
                for r in rows
                if r["model"] == model
            ],
        )
        for label, model in models.items()
    ]


@pytest.fixture(scope="module")
def found(arms):
    return compare(*arms, rng=np.random.default_rng(0))


def test_curves(found):
    assert found.ks.tolist() == [1, 2, 4, 8, 16, 32, 64, 128]
    base = [61.39, 73.41, 81.44, 86.82, 90.43, 92.93, 94.74, 96.20]
    np.testing.assert_allclose(100 * found.base.mean, base, atol=0.006)
    assert 100 * found.other.mean[0] == pytest.approx(77.93, abs=0.006)
    assert 100 * found.other.mean[-1] == pytest.approx(93.00, abs=1e-9)


def test_four_way_table_and_tests(found):
    split = found.overlap
    assert isinstance(split, Overlap)
    parts = [split.both, split.base_only, split.other_only, split.neither]
    assert [len(part) for part in parts] == [462, 19, 3, 16]
    assert split.p_value == found.p_value[-1] == pytest.approx(0.00086, abs=5e-6)


def test_gaps_with_intervals(found):
    first, last = (
        100 * np.array([found.low[j], found.difference[j], found.high[j]]) for j in (0, -1)
    )
    np.testing.assert_allclose(first, [14.7, 16.5, 18.5], atol=0.25)
    np.testing.assert_allclose(last, [-5.1, -3.2, -1.4], atol=0.25)  # the published is a bootstrap
    assert found.method[-1] == "tango"


def test_crossing(found):
    assert found.crossing.kind is CrossingKind.CROSSES
    assert found.crossing.k == pytest.approx(14.67, abs=0.01)
    assert 8 < found.crossing.low < 10
    assert 27 < found.crossing.high < 34
    assert found.crossing.share_without < 0.01


def test_verdict_in_words(found):
    assert re.fullmatch(
        r"MATH-500: RL raises pass@1 by 16\.5 pt \[14\.\d, 18\.\d\]; "
        r"base is ahead from k = 15 \[(9|10), (2\d|3\d)\]; "
        r"at k = 128 base leads by 3\.2 pt \[1\.\d, 5\.\d\], 19 problems to 3 \(p = \.0009\)",
        verdict(found, "MATH-500"),
    )
