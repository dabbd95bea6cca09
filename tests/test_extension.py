"""A larger token budget: the run must be the one that was drawn under it from the start."""

import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from boundary import engines, sample, suites
from boundary.engines import Request
from boundary.errors import EngineError
from boundary.extension import Source
from boundary.records import Prefix
from boundary.sample import Crew
from boundary.store import Run, count_run
from boundary.store.files import Folder, Shard
from tests import shell
from tests.runs import (
    ZOO,
    halting,
    job,
    kill,
    rows,
    run_in,
    started,
    texts,
    tree,
    wait_until_halted,
)

pytestmark = pytest.mark.skipif(not ZOO.is_dir(), reason="boundary/zoo/checkpoints is not there")

SHORT, WIDE, N, LIMIT = 22, 48, 16, 4
Texts = dict[tuple[str, int], str]


def asked(results: Path, n: int = N, budget: int = SHORT, **changes: Any) -> sample.Job:
    own = {"suite": suites.load("dial"), "limit": LIMIT, "temperature": 1.0, "top_p": 1.0}
    return job(results, n, "zoo/base", max_tokens=budget, **{**own, **changes})


def folder_of(run: Run) -> Path:
    return Path(str(run.folder))


def cut(folder: Path) -> set[tuple[str, int]]:
    return {(r["problem_id"], r["index"]) for r in rows(folder) if r["finish"] == "length"}


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What the larger budget gives when it is asked for at once."""
    return sample.run(asked(tmp_path_factory.mktemp("direct"), budget=WIDE))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with the run under the smaller budget."""
    results = tmp_path_factory.mktemp("short")
    folder = folder_of(sample.run(asked(results)))
    assert 10 < len(cut(folder)) < N * LIMIT - 10
    return results


@pytest.fixture
def results(short: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(short, tmp_path / "results"))


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Every request that an engine is given."""
    found: list[Request] = []
    make = sample._requests

    def noted(*args: Any) -> Any:
        request = make(*args)
        return lambda key, prefix: found.append(request(key, prefix)) or found[-1]

    monkeypatch.setattr(sample, "_requests", noted)
    return found


def assert_same(one: Run, other: Run) -> None:
    a, b = texts(folder_of(one)), texts(folder_of(other))
    assert a.keys() == b.keys()
    assert sum(a[key] == b[key] for key in a) >= 0.999 * len(a)
    assert one.name == other.name
    assert one.manifest.identity == other.manifest.identity
    close = {(r["problem_id"], r["index"]): r for r in rows(folder_of(one))}
    for row in rows(folder_of(other)):
        mine = close[row["problem_id"], row["index"]]
        assert (mine["n_tokens"], mine["finish"]) == (row["n_tokens"], row["finish"])
        assert mine["logprob"] == pytest.approx(row["logprob"], abs=1e-3)


def test_only_cut_answers_are_drawn_on_and_all_is_as_drawn_at_once(
    results: Path, direct: Run, begun: list[Request]
) -> None:
    source = run_in(results)
    before = tree(folder_of(source))
    found = sample.extend(asked(results), WIDE)
    assert_same(found, direct)
    assert count_run(found).counts == count_run(direct).counts
    assert {r.key for r in begun} == cut(folder_of(source))
    assert {len(r.prefix_ids) for r in begun} == {SHORT}
    assert tree(folder_of(source)) == before


def test_a_larger_n_is_drawn_beside_the_answers_that_were_cut(
    results: Path, begun: list[Request]
) -> None:
    found = sample.extend(asked(results, N + 2), WIDE)
    assert len(texts(folder_of(found))) == (N + 2) * LIMIT
    new = {r.key for r in begun if not r.prefix_ids}
    assert new == {(p.problem.id, i) for p in found.problems() for i in (N, N + 1)}


def test_a_smaller_n_leaves_nothing_beyond_it_that_would_be_counted(results: Path) -> None:
    """Beyond n only the answers that ended would be there: a choice by their length."""
    found = sample.extend(asked(results, 5), WIDE)
    assert {index for _, index in texts(folder_of(found))} == set(range(5))
    assert {c.n for c in count_run(found).counts} == {5}


@pytest.mark.parametrize("changes", [{}, {"stop_after": 3, "looks": (4,)}], ids=["n", "adaptive"])
def test_shards_copy_and_draw_each_their_own(
    changes: dict[str, Any], tmp_path: Path, direct: Run
) -> None:
    def of_shard(number: int) -> sample.Job:
        crew = Crew(shard=Shard(number, 2)) if number else Crew()
        return replace(asked(tmp_path), crew=crew, **changes)

    sample.run(of_shard(0))
    (one,) = tmp_path.iterdir()
    sample.extend(of_shard(1), WIDE)
    half = {path.name for path in tmp_path.iterdir()} - {one.name}
    first = texts(tmp_path / half.pop())
    found = sample.extend(of_shard(2), WIDE)
    both, whole = texts(folder_of(found)), texts(folder_of(direct))
    assert first.items() <= both.items()
    if not changes:
        assert 0.3 < len(first) / len(both) < 0.7
        assert both.keys() == whole.keys()
    assert sum(both[key] == whole[key] for key in both) >= 0.999 * len(both)
    assert {s.shard for s in found.manifest.sessions} == {"1-of-2", "2-of-2"}


def test_an_extension_that_stops_goes_on_with_the_same_command(
    results: Path, direct: Run, begun: list[Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine dies with answers in flight, beyond the tokens of the smaller budget."""
    generate = engines.ENGINES["transformers"].generate  # type: ignore[attr-defined]

    def dies(*args: Any) -> Any:
        for count, one in enumerate(generate(*args)):
            if count == 6:
                raise EngineError("the engine is gone", remedy="start it")
            yield one

    monkeypatch.setattr("boundary.drawing._COMMIT_SECONDS", 0.0)
    few = asked(results, batch_size=8)
    with monkeypatch.context() as patch:
        patch.setattr(engines.ENGINES["transformers"], "generate", dies)
        with pytest.raises(EngineError):
            sample.extend(few, WIDE)
    begun.clear()
    found = sample.extend(few, WIDE)
    assert_same(found, direct)
    assert {len(r.prefix_ids) for r in begun} > {SHORT}
    assert found.manifest.sessions[-1].continued > 0


def test_a_killed_extension_goes_on_with_the_same_command(tmp_path: Path) -> None:
    many = 50
    command = ("sample", "zoo/base", "--suite", "dial", "--limit", LIMIT, "-n", many)
    command += ("--top-p", 1, "--temperature", 1, "--max-tokens", SHORT, "--batch-size", 4)
    shell.done(*command, where=tmp_path)
    with started(tmp_path, *command, "--extend", WIDE, before=halting(2)) as child:
        wait_until_halted(child)
        kill(child)
    assert child.returncode == -signal.SIGKILL
    shell.done(*command, "--extend", WIDE, where=tmp_path)
    direct = sample.run(asked(tmp_path / "direct", many, WIDE))
    found = Run.open(Folder.at(tmp_path / "results" / direct.name))
    assert_same(found, direct)
    assert found.manifest.sessions[-1].continued > 0


def test_what_an_interrupted_source_had_in_flight_is_drawn_on_too(results: Path) -> None:
    """It is mostly long, and those beside it that ended are kept."""
    source = run_in(results)
    source.flight_log().save([Prefix("dial-000", N + 3, (5, 6, 7))], "")
    found = Source(source)
    unfinished = found.prefix(("dial-000", N + 3))
    assert unfinished
    assert tuple(unfinished.token_ids) == (5, 6, 7)
    assert found.prefix(("dial-000", N + 4)) is None
    ended = min(texts(folder_of(source)).keys() - cut(folder_of(source)))
    assert found.prefix(ended) is None


def test_no_run_or_no_larger_budget_is_one_paragraph(results: Path, tmp_path: Path) -> None:
    settings = ("--suite", "dial", "--limit", LIMIT, "-n", N, "--temperature", 1, "--top-p", 1)
    short = ("sample", "zoo/base", *settings, "--max-tokens", SHORT)
    before = tree(results)
    for budget, told in ((SHORT, "no extension of 22"), (5, "no extension"), (999, "do not fit")):
        assert told in shell.refused(*short, "--extend", budget, where=tmp_path)
    other = shell.refused(*short, "--seed", 3, "--extend", WIDE, where=tmp_path)
    assert "there is no run of" in other
    assert tree(results) == before
