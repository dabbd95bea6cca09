import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from boundary import sample, suites
from boundary.errors import StoreError
from boundary.records import Outcome, Problem, Tier, Verdict
from boundary.store import Manifest, Run, Session, StoredProblem, count_run
from boundary.store.files import Folder
from tests.runs import done, job, parts, refused, run_in, texts, tree

PROBLEM = StoredProblem(
    Problem("p", "What?", "1", group="g", solution="s", meta={"level": 3, "tags": ["a"]}),
    "Q: What?",
)
IDENTITY = {"model_id": "m", "suite": "s", "temperature": 0.6, "stop_tokens": ["<e>"]}


def create(folder: Path, **identity: Any) -> Run:
    manifest = Manifest({**IDENTITY, **identity}, "exact")
    return Run.create(Folder.at(folder), manifest, [PROBLEM])


def test_what_was_asked_is_kept(tmp_path: Path) -> None:
    create(tmp_path)
    assert Run.open(Folder.at(tmp_path)).problems() == [PROBLEM]


def test_no_run_where_none_is(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run at"):
        Run.open(Folder.at(tmp_path))


def test_other_settings_are_refused_field_by_field(tmp_path: Path) -> None:
    create(tmp_path)
    before = tree(tmp_path)
    with pytest.raises(StoreError) as caught:
        create(tmp_path, temperature=1.0, stop_tokens=[])
    assert "temperature: 0.6 stored, 1.0 asked" in caught.value.problem
    assert "stop_tokens: ['<e>'] stored, [] asked" in caught.value.problem
    assert "model_id" not in caught.value.problem
    assert tree(tmp_path) == before


def test_another_dtype_is_refused(tmp_path: Path) -> None:
    create(tmp_path).begin(Session.now("a", 1), "float32")
    with pytest.raises(StoreError, match="drawn in float32, and the engine now uses bfloat16"):
        create(tmp_path).begin(Session.now("b", 1), "bfloat16")


def test_sessions_add_up_and_a_changed_version_is_told(tmp_path: Path) -> None:
    first = Session.now("a", 1)
    assert create(tmp_path).begin(first, "float32") == []
    second = replace(first, command="b", n=2, versions={**first.versions, "pyarrow": "0.1"})
    changes = create(tmp_path).begin(second, "float32")
    assert changes == [f"pyarrow: '{first.versions['pyarrow']}' stored, '0.1' asked"]
    assert Run.open(Folder.at(tmp_path)).manifest.sessions == (first, second)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"PAR1 rubbish")])
def test_lost_problems_are_written_again(damage: Any, tmp_path: Path) -> None:
    create(tmp_path)
    good = tree(tmp_path)
    damage(tmp_path / "problems.parquet")
    with pytest.raises(StoreError, match=r"problems\.parquet is damaged"):
        Run.open(Folder.at(tmp_path)).problems()
    create(tmp_path)
    assert tree(tmp_path) == good


def verdict(index: int, outcome: Outcome, tier: Tier = Tier.STRICT) -> Verdict:
    return Verdict("p", index, tier, outcome, "r", "x", None, "1")


def test_the_latest_verdict_of_a_tier_is_read(tmp_path: Path) -> None:
    run = create(tmp_path)
    for outcome in (Outcome.WRONG, Outcome.UNJUDGED, Outcome.CORRECT):
        writer = run.verdict_writer("exact")
        writer.add(verdict(0, outcome), verdict(0, Outcome.WRONG, Tier.LENIENT))
        writer.flush()
    strict = run.verdicts("exact", Tier.STRICT, ["extracted"])
    assert strict[["index", "outcome", "extracted"]].values.tolist() == [[0, "correct", "x"]]
    assert run.verdicts("exact", Tier.LENIENT)["outcome"].tolist() == ["wrong"]
    assert len(run.verdicts("none", Tier.STRICT)) == 0


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_a_run_on_another_file_system(scheme: str, tmp_path: Path) -> None:
    """Drawn in two goes, judged, damaged, mended and counted, as on a local disk."""
    remote = Folder.at(f"{scheme}://{tmp_path}/remote")
    first = sample.run(job(remote, 3, model="fake/first=2"))
    whole = sample.run(job(remote, 5, model="fake/first=2"))
    assert first.name == whole.name
    samples = whole.folder / "samples"
    before = samples.names(".parquet")
    assert len(before) == 2
    with samples.fs.open_output_stream(samples.path(before[0])) as stream:
        stream.write(b"rubbish")
    mended = sample.run(job(remote, 5, model="fake/first=2"))
    assert samples.names(".damaged") == [f"{before[0]}.damaged"]
    counts = count_run(mended).counts
    assert [(c.n, c.correct, c.unjudged) for c in counts] == [(5, 2, 0)] * 4
    local = sample.run(job(tmp_path / "local", 5, model="fake/first=2"))
    told = {(s.problem_id, s.index): s for s in mended.sample_records()}
    assert told == {(s.problem_id, s.index): s for s in local.sample_records()}
    assert len(told) == len(list(mended.sample_records()))


SMALL = ("sample", "fake/p=0.5", "--suite", "dial", "-n", "6", "--limit", "3")


def test_a_damaged_part_is_set_aside_and_its_samples_drawn_again(tmp_path: Path) -> None:
    """The same answers come back, and no other part is touched."""
    for n in (2, 4, 6):
        sample.run(job(tmp_path / "results", n, suite=suites.load("dial"), limit=3))
    folder = Path(str(run_in(tmp_path).folder))
    good, before = texts(folder), parts(folder)
    middle = sorted(before)[1]
    data = bytearray(before[middle])
    for place in range(len(data) // 2, len(data) // 2 + 4):
        data[place] ^= 0x55
    (folder / middle).write_bytes(data)

    message = refused(tmp_path, "show", folder)
    assert middle in message
    assert "run the same sample command again" in message

    noticed = done(tmp_path, *SMALL)
    assert "18 of 18" in noticed
    assert texts(folder) == good
    assert (folder / f"{middle}.damaged").read_bytes() == data
    after = parts(folder)
    assert {name: after.get(name) for name in before if name != middle} == {
        name: data for name, data in before.items() if name != middle
    }
    assert len(after) == len(before)
    assert [c.unjudged for c in count_run(run_in(tmp_path)).counts] == [0, 0, 0]


def test_what_was_said_of_lost_samples_goes_with_them(tmp_path: Path) -> None:
    """An engine may answer otherwise the second time: an old verdict must not stick to it."""
    run = sample.run(job(tmp_path, 4))
    folder = Path(str(run.folder))
    good = count_run(run).counts
    (part,) = parts(folder)
    (old,) = parts(folder, "verdicts")
    (folder / part).write_bytes((folder / part).read_bytes()[:-20])
    assert count_run(sample.run(job(tmp_path, 4))).counts == good
    assert (folder / f"{old}.damaged").exists()
    assert old not in parts(folder, "verdicts")


def test_a_damaged_verdict_part_is_judged_again(tmp_path: Path) -> None:
    run = sample.run(job(tmp_path, 4))
    folder = Path(str(run.folder))
    good, samples = count_run(run).counts, parts(folder)
    (part,) = parts(folder, "verdicts")
    (folder / part).write_bytes((folder / part).read_bytes()[:-20])
    assert count_run(sample.run(job(tmp_path, 4))).counts == good
    assert parts(folder) == samples
    assert (folder / f"{part}.damaged").exists()


def edit(folder: Path, **changes: Any) -> None:
    path = folder / "manifest.json"
    raw = json.loads(path.read_text())
    raw.update({k: v for k, v in changes.items() if k in raw})
    raw["identity"].update({k: v for k, v in changes.items() if k in raw["identity"]})
    path.write_text(json.dumps(raw))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"schema": 99}, ["schema 99", "update boundary"]),
        (
            {"temperature": 0.9, "top_p": 0.5},
            ["other settings", "temperature: 0.9 stored, 0.6 asked", "top_p: 0.5 stored, 0.95"],
        ),
    ],
    ids=["newer schema", "other settings"],
)
def test_a_run_that_does_not_fit_is_refused_and_left_alone(
    changes: dict[str, Any], told: list[str], tmp_path: Path
) -> None:
    done(tmp_path, *SMALL)
    folder = Path(str(run_in(tmp_path).folder))
    edit(folder, **changes)
    before = tree(tmp_path)
    message = refused(tmp_path, *SMALL[:5], "9", *SMALL[6:])
    assert all(words in message for words in told), message
    assert tree(tmp_path) == before
