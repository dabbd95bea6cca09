"""The audit of a run, on samples whose faults are put there."""

import math
from pathlib import Path

import numpy as np
import pytest

from boundary.probes import Duplicates, Unjudged, audit, unjudged
from boundary.records import Finish, Outcome, Problem, Sample, Tier, Verdict
from boundary.store import Manifest, Run, Session, StoredProblem
from boundary.store.files import Folder

STRICT, LENIENT = Tier.STRICT, Tier.LENIENT


def sample(problem: str, index: int, text: str = "a", seed: int | None = None, **more) -> Sample:
    own = {"token_ids": [1, 2], "n_tokens": 2, "finish": Finish.STOP, **more}
    return Sample(problem, index, 10 * index + int(problem) if seed is None else seed, text, **own)


def verdict(problem: str, index: int, tier: Tier, outcome: str, reason: str = "exact") -> Verdict:
    return Verdict(problem, index, tier, Outcome(outcome), reason, None, None, "1")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    problems = [StoredProblem(Problem(p, "?", "1"), "?") for p in "12"]
    manifest = Manifest({"model_id": "m", "suite": "s"}, "exact")
    run = Run.create(Folder.at(tmp_path / "run"), manifest, problems)
    run.begin(Session.now("test", 4), "none")
    return run


def store(run: Run, samples: list[Sample], verdicts: list[Verdict] | None = None) -> None:
    writer = run.sample_writer()
    for one in samples:
        writer.add(one)
    writer.flush()
    writer = run.verdict_writer("exact")
    for judged in verdicts or []:
        writer.add(judged)
    writer.flush()


def test_an_empty_run(run: Run) -> None:
    found = audit(run)
    assert (found.samples, found.repeats, found.repeated_seeds, found.unjudged) == (0, 0, 0, 0)
    assert (found.mean_tokens, found.correct, found.no_answer) == (None, None, None)
    assert found.truncated == 0


def test_lengths_truncation_and_empty_texts(run: Run) -> None:
    samples = [
        sample("1", 0, "x", n_tokens=10),
        sample("1", 1, "y", n_tokens=30, finish=Finish.LENGTH),
        sample("2", 0, " \n", n_tokens=1),
        sample("2", 1, "z", n_tokens=19, finish=Finish.STOP_STRING),
    ]
    store(run, samples)
    found = audit(run)
    assert (found.samples, found.truncated, found.empty, found.mean_tokens) == (4, 0.25, 1, 15)
    assert found.sessions == 1
    assert found.correct is None
    assert found.unjudged == 4


def test_duplicates_count_within_a_problem_only(run: Run) -> None:
    texts = [("1", 0, "same"), ("1", 1, "same"), ("1", 2, "same"), ("2", 0, "same"), ("2", 1, "b")]
    store(run, [sample(p, i, text) for p, i, text in texts])
    assert audit(run).repeats == 2


def test_repeated_seeds_are_found_across_problems_and_parts(run: Run) -> None:
    store(run, [sample("1", 0, seed=7), sample("1", 1, seed=8)])
    store(run, [sample("2", 0, seed=7), sample("2", 1, seed=9)])
    assert audit(run).repeated_seeds == 1


def test_rates_of_verdicts_are_strict_and_the_rest_is_format(run: Run) -> None:
    outcomes = [
        ("1", 0, "correct", "exact", "correct"),
        ("1", 1, "wrong", "no_answer", "correct"),
        ("1", 2, "wrong", "mismatch", "wrong"),
        ("2", 0, "unjudged", "grader_timeout", "unjudged"),
    ]
    judged = []
    for problem, index, strict, reason, lenient in outcomes:
        judged.append(verdict(problem, index, STRICT, strict, reason))
        judged.append(verdict(problem, index, LENIENT, lenient))
    store(run, [sample(p, i) for p, i, *_ in outcomes] + [sample("2", 1)], judged)
    found = audit(run)
    assert (found.correct, found.no_answer, found.format_only) == (0.25, 0.25, 0.25)
    assert found.unjudged == 2, "one that the grader failed on, one that it has not seen"


def test_the_latest_verdict_counts(run: Run) -> None:
    store(run, [sample("1", 0)], [verdict("1", 0, STRICT, "wrong")])
    store(run, [], [verdict("1", 0, STRICT, "correct")])
    assert audit(run).correct == 1.0


def test_unjudged_samples_are_told_by_reason(run: Run) -> None:
    judged = [
        verdict("1", 0, STRICT, "unjudged", "bad_test"),
        verdict("1", 1, STRICT, "unjudged", "sandbox_error"),
        verdict("1", 2, STRICT, "wrong", "mismatch"),
        verdict("2", 0, STRICT, "unjudged", "bad_test"),
        verdict("2", 0, LENIENT, "unjudged", "aborted"),
        verdict("2", 1, STRICT, "unjudged", "bad_test"),
    ]
    store(run, [sample(p, i) for p in "12" for i in range(4)], judged)
    # Later verdicts count: one is judged after all, and one for another reason.
    later = [("1", 1, "correct", "exact"), ("2", 1, "unjudged", "sandbox_error")]
    store(run, [], [verdict(p, i, STRICT, outcome, why) for p, i, outcome, why in later])
    bad = Unjudged("bad_test", 2, ("1", "2"))
    failed = Unjudged("sandbox_error", 1, ("2",))
    found = audit(run)
    assert set(found.unjudged_for) == {bad, failed, Unjudged("no_verdict", 3, ("1", "2"))}
    assert found.unjudged == sum(one.answers for one in found.unjudged_for) == 6
    assert found.unjudged_for[0].reason == "no_verdict", "the most frequent first"
    assert audit(run, first=1).unjudged_for == (bad,)
    assert unjudged(run, sizes={"1": 1, "2": 2}) == (bad, failed)
    aborted = unjudged(run, tier=LENIENT, sizes={"2": 1})
    assert [one.reason for one in aborted] == ["aborted"]
    assert bad.line.startswith("unjudged: 2 bad_test in 2 problems (the tests of the problem fail")


def test_tokens_that_an_engine_does_not_tell(run: Run) -> None:
    store(run, [sample("1", 0, n_tokens=None, token_ids=None), sample("1", 1, n_tokens=6)])
    assert audit(run).mean_tokens == 6


def test_no_token_counts_at_all(run: Run) -> None:
    store(run, [sample("1", 0, n_tokens=None, token_ids=None)])
    assert audit(run).mean_tokens is None


def test_pairs_of_equal_answers_against_their_chances_by_hand(run: Run) -> None:
    told = [
        *(("1", 0, "a", 1 / 2), ("1", 1, "a", 1 / 2), ("1", 2, "b", 1 / 4)),
        *(("2", 0, "a", 1 / 2), ("2", 1, "a", 1 / 2)),
    ]
    store(run, [sample(p, i, text, draw_logprob=math.log(c)) for p, i, text, c in told])
    found = audit(run).duplicates
    # One pair each, of three pairs with a mean chance of 5/12 and of one with 1/2.
    assert found.pairs == 2
    assert found.expected == pytest.approx(3 * 5 / 12 + 1 / 2)
    gaps = np.array([1 - 5 / 4, 1 - 1 / 2])
    assert found.z == pytest.approx(gaps.sum() / np.sqrt((gaps**2).sum()))


def test_without_the_law_drawn_from_pairs_are_counted_and_nothing_is_expected(run: Run) -> None:
    store(run, [sample("1", 0, draw_logprob=-1.0), sample("1", 1), sample("2", 0)])
    assert audit(run).duplicates == Duplicates(1, None, None)
    assert not audit(run).duplicates.is_suspicious


def simulated(folder: Path, seed: int, *, repeats: int) -> Duplicates:
    """40 draws of 60 problems from laws of their own; the last ones repeat the first ones."""
    rng = np.random.default_rng(seed)
    problems = [StoredProblem(Problem(str(p), "?", "1"), "?") for p in range(60)]
    run = Run.create(
        Folder.at(folder), Manifest({"model_id": "m", "suite": "s"}, "exact"), problems
    )
    drawn = []
    for p in range(60):
        law = rng.dirichlet(np.full(80, 0.5))
        answers = rng.choice(80, 40, p=law)
        answers[40 - repeats :] = answers[:repeats]
        drawn += [
            sample(str(p), i, f"answer {a}", draw_logprob=math.log(law[a]))
            for i, a in enumerate(answers.tolist())
        ]
    store(run, drawn)
    return audit(run).duplicates


@pytest.mark.parametrize("seed", range(5))
def test_independent_draws_are_as_alike_as_expected(seed: int, tmp_path: Path) -> None:
    found = simulated(tmp_path / "run", seed, repeats=0)
    assert found.pairs > 500
    assert found.z is not None
    assert abs(found.z) < 3.5
    assert not found.is_suspicious


@pytest.mark.parametrize("repeats", [8, 20])
def test_draws_whose_seeds_repeat_are_suspicious(repeats: int, tmp_path: Path) -> None:
    found = simulated(tmp_path / "run", 0, repeats=repeats)
    assert found.z is not None
    assert found.z > 4
    assert found.is_suspicious
