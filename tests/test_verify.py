import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from boundary import sample, verifiers, verify
from boundary.errors import VerifierError
from boundary.records import Outcome, Tier, Verdict
from boundary.store import Run, count_run
from boundary.store.files import Folder
from boundary.verifiers.base import Task
from boundary.verifiers.exact import ExactVerifier
from tests.runs import done, job, parts, refused, rows, run_in, suite, tree


def drawn(results: Path, n: int = 4, model: str = "fake/first=2") -> tuple[Run, Path]:
    run = sample.run(job(results, n, model=model))
    return run, Path(str(run.folder))


def judged(folder: Path, verifier: str = "exact") -> list[tuple[str, int, str]]:
    return [
        (row["problem_id"], row["index"], row["tier"])
        for row in rows(folder, f"verdicts/{verifier}")
    ]


class Watched(ExactVerifier):
    """The exact verifier, which remembers what it was asked."""

    version = "1"
    seen: list[tuple[str, int]]

    def judge(self, tasks: Iterable[Task]) -> Iterator[tuple[Verdict, ...]]:
        def watch() -> Iterator[Task]:
            for task in tasks:
                self.seen.append((task.sample.problem_id, task.sample.index))
                yield task

        return super().judge(watch())


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> type[Watched]:
    monkeypatch.setattr(Watched, "seen", [], raising=False)
    monkeypatch.setitem(verifiers.VERIFIERS, "exact", Watched)
    return Watched


def test_every_sample_is_judged_once_in_both_tiers(tmp_path: Path) -> None:
    _, folder = drawn(tmp_path)
    expected = [(f"p-{i}", j, tier) for i in range(4) for j in range(4) for tier in Tier]
    assert sorted(judged(folder)) == sorted(expected)


def test_what_has_a_verdict_is_not_judged_again(tmp_path: Path, watched: type[Watched]) -> None:
    run, _ = drawn(tmp_path)
    watched.seen.clear()
    before = tree(tmp_path)
    assert verify.run(run) == 0
    assert (watched.seen, tree(tmp_path)) == ([], before)


def test_only_what_lacks_a_verdict_is_judged(tmp_path: Path, watched: type[Watched]) -> None:
    run, folder = drawn(tmp_path)
    counts = count_run(run).counts
    (part,) = folder.glob("verdicts/exact/*")
    part.unlink()
    writer = run.verdict_writer("exact")
    for key, index in [("p-1", 2), ("p-3", 0)]:
        for tier in Tier:
            writer.add(Verdict(key, index, tier, Outcome.CORRECT, "r", None, None, "1"))
    writer.flush()
    watched.seen.clear()
    assert verify.run(run) == 14
    assert len(set(watched.seen)) == len(watched.seen) == 14
    assert not {("p-1", 2), ("p-3", 0)} & set(watched.seen)
    after = {c.problem_id: c.correct for c in count_run(run).counts}
    before = {c.problem_id: c.correct for c in counts}
    # Index 2 is wrong by the verifier itself: the verdict that was there stays.
    assert after == {**before, "p-1": before["p-1"] + 1}


def test_a_newer_version_judges_all_again_and_is_read(
    tmp_path: Path, watched: type[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, folder = drawn(tmp_path)
    old = parts(folder, "verdicts")
    monkeypatch.setattr(watched, "version", "2")
    assert verify.run(run) == 16
    assert verify.run(run) == 0
    assert {name: parts(folder, "verdicts")[name] for name in old} == old
    assert set(run.verdicts("exact", Tier.STRICT)["verifier_version"]) == {"2"}
    assert [c.correct for c in count_run(run).counts] == [2] * 4


def test_unjudged_is_a_verdict(
    tmp_path: Path, watched: type[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Watched, task: Task) -> tuple[Verdict, ...]:
        raise RuntimeError("the grader broke")

    with monkeypatch.context() as patch:
        patch.setattr(watched, "decide", fail)
        run, _ = drawn(tmp_path)
    assert [(c.n, c.correct, c.unjudged) for c in count_run(run).counts] == [(4, 0, 4)] * 4
    assert verify.run(run) == 0


def test_another_verifier_judges_beside_and_the_deciding_one_is_counted(tmp_path: Path) -> None:
    lines = ['{"id": "a", "problem": "3/6?", "answer": "\\\\frac{1}{2}"}']
    (tmp_path / "own.jsonl").write_text("\n".join(lines))
    done(tmp_path, "sample", "fake/first=2", "--suite", "own.jsonl", "-n", 3)
    run = run_in(tmp_path)
    before = tree(tmp_path)
    said = done(tmp_path, "verify", run.name, "--verifier", "exact")
    assert said.strip() == f"{run.name}: 3 samples judged"
    after = tree(tmp_path)
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[-2] for name in after.keys() - before.keys()} == {"exact"}

    # A verdict that both would not give tells whose are read.
    writer = run.verdict_writer("exact")
    writer.add(Verdict("a", 0, Tier.STRICT, Outcome.WRONG, "r", None, None, "1"))
    writer.flush()
    read = ("--k", 1, "--json", "--resamples", 100)
    assert json.loads(done(tmp_path, "passk", run.name, *read))[0]["pass_at_k"] == pytest.approx(
        2 / 3
    )
    named = done(tmp_path, "passk", run.name, *read, "--verifier", "exact")
    assert json.loads(named)[0]["pass_at_k"] == pytest.approx(1 / 3)


def test_naming_another_deciding_verifier_changes_who_is_counted(tmp_path: Path) -> None:
    run, folder = drawn(tmp_path)
    samples = parts(folder)
    again = sample.run(job(tmp_path, 4, model="fake/first=2", suite=suite(verifier="math")))
    assert again.name == run.name
    assert parts(folder) == samples
    assert Run.open(Folder.at(folder)).manifest.verifier == "math"
    assert again.verifiers() == ["math", "exact"]
    assert [c.correct for c in count_run(again).counts] == [2] * 4


def test_an_unknown_verifier_changes_nothing(tmp_path: Path) -> None:
    run, _ = drawn(tmp_path / "results")
    before = tree(tmp_path)
    message = refused(tmp_path, "verify", run.name, "--verifier", "exakt")
    assert "did you mean 'exact'?" in message
    assert tree(tmp_path) == before


def test_a_failure_beside_the_sampling_keeps_the_samples(
    tmp_path: Path, watched: type[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next call finds all of them and only judges."""

    def broken(self: Watched, tasks: Iterable[Task]) -> Iterator[tuple[Verdict, ...]]:
        raise VerifierError("the workers do not start", remedy="look")

    with monkeypatch.context() as patch:
        patch.setattr(watched, "judge", broken)
        with pytest.raises(VerifierError):
            drawn(tmp_path)
    run = run_in(tmp_path)
    folder = Path(str(run.folder))
    samples = parts(folder)
    assert sum(len(found) for found in run.indices().values()) == 16
    assert run.verifiers() == []
    drawn(tmp_path)
    assert parts(folder) == samples
    assert [(c.correct, c.unjudged) for c in count_run(run).counts] == [(2, 0)] * 4
