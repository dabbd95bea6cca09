"""A run read at a smaller budget is what a run drawn with that budget would be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from boundary.errors import ConfigError
from boundary.records import Counts, Design, Tier
from boundary.stats import pass_at_k, within_problem_variance
from boundary.store import CountsTable, load_counts
from boundary.store.classes import classes_of
from boundary.store.lengths import answers_of, at_budget
from tests.shell import done

FAKE = "fake/p=0.4,tokens=24,spread=0.8"
LONGEST = 96


def drawn(where: Path, model: str, *options: object) -> CountsTable:
    where.mkdir(exist_ok=True)
    law = ("--temperature", 1, "--top-p", 1)
    done("sample", model, "--suite", "dial", *law, *options, where=where)
    (found,) = (where / "results").iterdir()
    (table,) = load_counts(str(found))
    return table


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> CountsTable:
    return drawn(
        tmp_path_factory.mktemp("long"), FAKE, "-n", 16, "--limit", 20, "--max-tokens", LONGEST
    )


@pytest.mark.parametrize("budget", [1, 12, 24, 40, LONGEST])
def test_the_same_draws_cut_are_the_same_counts(
    long: CountsTable, tmp_path: Path, budget: int
) -> None:
    """Equal seeds draw equal answers, so that each sample must be judged alike."""
    fresh = drawn(tmp_path, FAKE, "-n", 16, "--limit", 20, "--max-tokens", budget)
    samples = answers_of(long)
    assert samples is not None
    found = at_budget(samples, budget)
    assert found.counts == fresh.counts
    assert found.firsts == fresh.firsts


def test_a_budget_of_its_own_changes_nothing_but_the_notes(long: CountsTable) -> None:
    samples = answers_of(long)
    assert samples is not None
    found = at_budget(samples, LONGEST)
    assert (found.counts, found.firsts) == (long.counts, long.firsts)
    assert "0 of 320 answers are longer" in found.notes[-1]


def test_a_checkpoint_cut_has_the_law_of_fresh_draws(tmp_path: Path) -> None:
    """The embedded base, drawn twice with seeds of their own."""
    budget, count, few = 70, 24, ("-n", 24, "--limit", 10)
    samples = answers_of(drawn(tmp_path / "long", "zoo/base", *few, "--max-tokens", 101))
    assert samples is not None
    fresh = drawn(tmp_path / "short", "zoo/base", *few, "--max-tokens", budget, "--seed", 9)
    ks = np.array([1, 2, 4, 8])
    sides = [
        np.array([c.correct for c in table.counts]) for table in (at_budget(samples, budget), fresh)
    ]
    means = [pass_at_k(side, count, ks).mean(axis=0) for side in sides]
    spread = sum(within_problem_variance(side, count, ks).sum(axis=0) for side in sides)
    error = np.sqrt(spread) / len(sides[0])
    assert (np.abs(means[0] - means[1]) <= 4 * error + 1e-12).all()


def test_an_adaptive_run_is_read_over_its_first_look(long: CountsTable) -> None:
    first = tuple(replace(count, n=8, correct=1, unjudged=0) for count in long.counts)
    design = Design(1, (8, 16))
    samples = answers_of(replace(long, design=design, first_look=first))
    assert samples is not None
    found = at_budget(samples, 40)
    assert found.design is None
    assert {count.n for count in found.counts} == {8}
    assert "first look" in found.notes[-1]


def test_what_has_no_smaller_budget(long: CountsTable) -> None:
    assert answers_of(CountsTable("counts", (Counts("a", 2, 1),))) is None
    lenient, samples = answers_of(long, tier=Tier.LENIENT), answers_of(long)
    assert lenient is not None
    assert samples is not None
    for found, budget, told in (
        (samples, LONGEST + 1, "drawn with 96"),
        (samples, 0, "a budget of 0"),
        (lenient, 10, "lenient"),
    ):
        with pytest.raises(ConfigError, match=told):
            at_budget(found, budget)
    samples.lengths.tokens[0, 0] = -1
    with pytest.raises(ConfigError, match="how many tokens"):
        at_budget(samples, 10)


def test_classes_hold_every_sample_once(long: CountsTable) -> None:
    samples = answers_of(long)
    assert samples is not None
    found = classes_of(samples)
    assert [one.problem_id for one in found] == [count.problem_id for count in long.counts]
    for one, count in zip(found, long.counts, strict=True):
        assert one.right.total() == count.correct
        assert one.right.total() + one.wrong.total() + one.silent == count.n
        assert not set(one.right) & set(one.wrong)
    assert sum(one.silent for one in found) > 0
