import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from boundary import engines, sample, suites
from boundary.engines import Checkpoint
from boundary.errors import ConfigError
from boundary.passk import Settings
from boundary.passk import run as passk
from boundary.records import Draw
from boundary.store import Run, count_run
from boundary.store.files import Folder
from tests import shell
from tests.runs import DATA, ZOO, done, job, parts, refused, rows, run_in, suite, texts, tree

needs_zoo = pytest.mark.skipif(not ZOO.is_dir(), reason="boundary/zoo/checkpoints is not there")


def folder_of(run: Run) -> Path:
    return Path(str(run.folder))


def test_seeds_are_the_documented_hash(tmp_path: Path) -> None:
    run = sample.run(job(tmp_path, 3, seed=7))
    for row in rows(folder_of(run)):
        text = "\0".join(["7", "fake/p=0.5", row["problem_id"], str(row["index"])])
        value = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
        # The hash has 64 bits, the column 63.
        assert row["seed"] == value // 2


def test_no_two_requests_share_a_seed() -> None:
    keys = [
        (run_seed, model, f"p-{problem}", index)
        for run_seed in range(3)
        for model in ("zoo/base", "zoo/rl")
        for problem in range(40)
        for index in range(200)
    ]
    seeds = {sample.seed_of(*key) for key in keys}
    assert len(seeds) == len(keys)
    assert 0 <= min(seeds) <= max(seeds) < 2**63


def test_parts_of_a_key_do_not_run_together() -> None:
    assert sample.seed_of(1, "m", "p1", 1) != sample.seed_of(1, "m", "p", 11)


def test_exactly_the_missing_indices_are_asked_for(tmp_path: Path) -> None:
    asked = job(tmp_path, 5)
    stored, manifest = sample.describe(asked)
    run = Run.create(Folder.at(tmp_path / manifest.name), manifest, stored)
    writer = run.sample_writer()
    engine = engines.create("fake", engines.EngineConfig("fake/p=0.5"))
    decoding = engines.Decoding(0.6, 0.95, 100)
    for problem, index in [(0, 0), (0, 3), (1, 7), (2, 0), (2, 1), (2, 2), (2, 3), (2, 4)]:
        draw = Draw(asked.problems[problem], index, 1)
        for one in engine.generate([engines.Request(draw, ())], decoding):
            writer.add(one)
    writer.flush()
    missing = {key: found.tolist() for key, found in sample.missing_indices(asked, run).items()}
    assert missing == {"p-0": [1, 2, 4], "p-1": [0, 1, 2, 3, 4], "p-3": [0, 1, 2, 3, 4]}


def test_a_larger_n_adds_indices_and_leaves_the_rest_alone(tmp_path: Path) -> None:
    folder = folder_of(sample.run(job(tmp_path, 3)))
    before = parts(folder)
    few = texts(folder)
    assert folder_of(sample.run(job(tmp_path, 8))) == folder
    after, many = parts(folder), texts(folder)
    assert {name: after[name] for name in before} == before
    assert few.items() <= many.items()
    assert set(many) == {(f"p-{i}", index) for i in range(4) for index in range(8)}
    alone = texts(folder_of(sample.run(job(tmp_path / "at once", 8))))
    assert many == alone


def test_a_smaller_n_draws_nothing(tmp_path: Path) -> None:
    run = sample.run(job(tmp_path, 6))
    before = tree(tmp_path)
    again = sample.run(job(tmp_path, 2))
    assert tree(tmp_path) == before
    assert again.manifest == run.manifest


def test_at_the_command_line_a_smaller_n_draws_nothing_and_shows_what_is_there(
    tmp_path: Path,
) -> None:
    shell.done("sample", FAKE, *DIAL, "-n", 5, where=tmp_path)
    before = tree(tmp_path)
    assert "10 of 10" in shell.done("sample", FAKE, *DIAL, "-n", 3, where=tmp_path)
    assert tree(tmp_path) == before


def test_a_limit_asks_the_first_problems(tmp_path: Path) -> None:
    run = sample.run(job(tmp_path, 2, limit=3))
    assert [p.problem.id for p in run.problems()] == ["p-0", "p-1", "p-2"]
    assert set(texts(folder_of(run))) == {(f"p-{i}", j) for i in range(3) for j in range(2)}
    assert sample.run(job(tmp_path, 2)).name != run.name


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 1.0},
        {"top_p": 1.0},
        {"seed": 1},
        {"template": "raw"},
        {"max_tokens": 50},
        {"limit": 2},
        {"model": "fake/p=0.6"},
        {"suite": suite(4, name="others")},
        {"suite": suite(5)},
    ],
    ids=lambda change: "-".join(change),
)
def test_what_decides_the_answers_makes_another_run(change: dict[str, Any], tmp_path: Path) -> None:
    _, plain = sample.describe(job(tmp_path))
    _, other = sample.describe(job(tmp_path, **change))
    assert plain.name != other.name


@pytest.mark.parametrize(
    "change", [{"n": 9}, {"batch_size": 7}, {"parent": "base"}, {"suite": suite(verifier="math")}]
)
def test_what_does_not_decide_them_continues_the_run(
    change: dict[str, Any], tmp_path: Path
) -> None:
    _, plain = sample.describe(job(tmp_path))
    _, other = sample.describe(job(tmp_path, **change))
    assert plain.name == other.name


def small_context(monkeypatch: pytest.MonkeyPatch, context: int) -> None:
    """A model with that context that takes every character of a prompt for a token."""

    def identify(model: str, revision: str | None = None) -> Checkpoint:
        return Checkpoint(model, Path(), None, "w", "t", context, ())

    monkeypatch.setattr(engines, "identify", identify)
    monkeypatch.setattr(sample, "prompt_lengths", lambda checkpoint, texts: map(len, texts))


def longest(asked: sample.Job) -> int:
    return max(map(len, asked.rendered()))


def test_the_budget_is_the_context_less_the_longest_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(tmp_path, suite=suite(12))
    room = 100
    small_context(monkeypatch, longest(asked) + room)
    assert sample.token_budget([asked]) == room
    assert sample.describe(asked)[1].identity["max_tokens"] == room
    wide = job(tmp_path, suite=suite(12), template="raw")
    assert sample.token_budget([wide]) > room
    assert sample.token_budget([wide, asked]) == room


def test_a_wide_context_gives_the_usual_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_context(monkeypatch, 1 << 20)
    assert sample.token_budget([job(tmp_path)]) == 16_384


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_an_explicit_budget_must_fit(
    more: int, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_context(monkeypatch, longest(job(tmp_path)) + 100)
    asked = job(tmp_path / "runs", max_tokens=100 + more)
    if fits:
        assert sample.describe(asked)[1].identity["max_tokens"] == 100
        return
    with pytest.raises(ConfigError, match="101 new tokens do not fit") as caught:
        sample.run(asked)
    assert caught.value.remedy == "give --max-tokens 100 or less"
    assert not (tmp_path / "runs").exists()


def test_a_prompt_that_fills_the_context_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_context(monkeypatch, longest(job(tmp_path)))
    with pytest.raises(ConfigError, match="no new tokens do not fit") as caught:
        sample.token_budget([job(tmp_path)])
    assert caught.value.remedy == "take another model"


DIAL = ("--suite", "dial", "-n", "2", "--limit", "2")
FAKE = "fake/p=0.3"

REFUSED = {
    "no such folder": (("./none", *DIAL), "no checkpoint at ./none"),
    "no hub id": (("a b/c", *DIAL), "a b/c"),
    "no such zoo model": (("zoo/basis", *DIAL), "no checkpoint zoo/basis"),
    "folder without config": (("./bare", *DIAL), "has no config.json"),
    "folder without tokenizer": (("./mute", *DIAL), "has no tokenizer files"),
    "damaged config": (("./torn", *DIAL), "config.json of ./torn cannot be read"),
    "unknown key": (("fake/q=1", *DIAL), "unknown key 'q'"),
    "no number": (("fake/p=half", *DIAL), "'p=half' of a fake model is not a number"),
    "no whole number": (("fake/first=1.5", *DIAL), "is not a whole number"),
    "no probability": (("fake/p=1.5", *DIAL), "p lies in"),
    "nan": (("fake/p=nan", *DIAL), "p lies in"),
    "negative delay": (("fake/delay=-1", *DIAL), "no fake model can be"),
    "negative length": (("fake/tokens=-1", *DIAL), "no fake model can be"),
    "suite": ((FAKE, "--suite", "dail", "-n", "2"), "did you mean 'dial'?"),
    "suite file": ((FAKE, "--suite", "none.jsonl", "-n", "2"), "there is no file none.jsonl"),
    "template": ((FAKE, *DIAL, "--template", "qwen-box"), "did you mean 'qwen-boxed'?"),
    "engine": ((FAKE, *DIAL, "--engine", "fak"), "choose one of fake, transformers"),
    "engine of another": ((FAKE, *DIAL, "--engine", "transformers"), "use --engine fake"),
    "sampler": ((FAKE, *DIAL, "--sampler", "plane"), "choose one of plain"),
    "verifier": ((FAKE, *DIAL, "--verifier", "maths"), "did you mean 'math'?"),
    "data folder": ((FAKE, *DIAL[2:], "--suite", "math500", "--data", "none"), "not a folder"),
    "shard 0": ((FAKE, *DIAL, "--shard", "0/2"), "--shard 0/2 names no shard"),
    "shard 3 of 2": ((FAKE, *DIAL, "--shard", "3/2"), "--shard 3/2 names no shard"),
    "shard in words": ((FAKE, *DIAL, "--shard", "first"), "give 1/4, 2/4, 3/4 and 4/4"),
    "looks alone": ((FAKE, *DIAL, "--looks", "1"), "add --stop-after"),
    "looks in words": ((FAKE, *DIAL, "--stop-after", "1", "--looks", "one"), "no list of"),
    "look at 0": ((FAKE, *DIAL, "--stop-after", "1", "--looks", "0,1"), "at rising looks"),
    "look beyond n": ((FAKE, *DIAL, "--stop-after", "1", "--looks", "1,8"), "looks up to 2"),
    "no replica": ((FAKE, *DIAL, "--replicas", "0"), "--replicas 0 is no number"),
    "half a replica": ((FAKE, *DIAL, "--replicas", "0.5"), "give auto, or 1 or more"),
    "engine argument": ((FAKE, *DIAL, "--engine-arg", "fast"), "write key=value"),
    "seeds": ((FAKE, *DIAL, "--seeds", "none"), "seeds is none"),
    "extend nothing": ((FAKE, *DIAL, "--extend", "99999"), "there is no run of"),
    "extend by less": ((FAKE, *DIAL, "--extend", "9"), "9 tokens are no extension of 16384"),
    "long prompt": (("./brief", *DIAL), "has a context of 8 tokens"),
    "results under a file": ((FAKE, *DIAL, "--results", "torn/config.json/x"), "cannot write to"),
    "results in /proc": ((FAKE, *DIAL, "--results", "/proc/boundary"), "cannot write to /proc"),
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with broken checkpoints."""
    here = tmp_path_factory.mktemp("desk")
    for name, config in {"bare": None, "mute": "{}", "torn": '{"a": '}.items():
        (here / name).mkdir()
        (here / name / "model.safetensors").write_bytes(b"")
        if config:
            (here / name / "config.json").write_text(config)
    if ZOO.is_dir():
        brief = shutil.copytree(ZOO, here / "brief") / "config.json"
        brief.write_text(
            json.dumps({**json.loads(brief.read_text()), "max_position_embeddings": 8})
        )
    return here


@pytest.mark.parametrize(("args", "told"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_one_paragraph_and_leaves_nothing(
    args: tuple[str, ...], told: str, desk: Path
) -> None:
    if not (desk / args[0]).exists() and args[0] == "./brief":
        pytest.skip("boundary/zoo/checkpoints is not there")
    before = sorted(desk.rglob("*"))
    assert told in shell.refused("sample", *args, where=desk)
    assert sorted(desk.rglob("*")) == before


USAGE = [
    (FAKE, "--suite", "dial"),
    (FAKE, "-n", "2"),
    (FAKE, "--suite", "dial", "-n", "0"),
    (FAKE, *DIAL, "--top-p", "1.5"),
    (FAKE, *DIAL, "--nothing"),
]


@pytest.mark.parametrize("args", USAGE, ids=lambda args: args[-1])
def test_wrong_usage_is_exit_code_2(args: tuple[str, ...], tmp_path: Path) -> None:
    ended = shell.boundary("sample", *args, where=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "boundary sample --help" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_at_the_real_command_line(tmp_path: Path) -> None:
    message = refused(tmp_path, "sample", "./none", *DIAL)
    assert message.splitlines()[0] == "error: no checkpoint at ./none."
    assert list(tmp_path.iterdir()) == []


def test_a_fake_of_chance_p_follows_its_law(tmp_path: Path) -> None:
    """pass@k must be 1 - (1 - p)^k within five standard errors over problems."""
    p, n = 0.3, 32
    run = sample.run(job(tmp_path, n, model=f"fake/p={p}", suite=suite(150)))
    (curve,) = passk([count_run(run)], Settings(resamples=100)).solved
    errors = curve.per_problem.std(axis=0, ddof=1) / np.sqrt(150)
    truth = 1 - (1 - p) ** curve.ks
    assert curve.ks.tolist() == [1, 2, 4, 8, 16, 32]
    assert (np.abs(curve.mean - truth) <= 5 * errors + 1e-3).all()


def test_a_fake_of_three_right_answers_gives_the_value_by_hand(tmp_path: Path) -> None:
    run = sample.run(job(tmp_path, 8, model="fake/first=3"))
    (curve,) = passk([count_run(run)], Settings(ks=(1, 2, 4, 8), resamples=100)).solved
    # One less C(5, k) over C(8, k).
    assert curve.mean.tolist() == pytest.approx([3 / 8, 1 - 10 / 28, 1 - 5 / 70, 1.0], abs=1e-15)


def test_a_run_explains_itself_at_the_command_line(tmp_path: Path) -> None:
    said = json.loads(done(tmp_path, "sample", FAKE, *DIAL, "--json"))
    assert said["asked"] == said["audit"]["samples"] == 4
    (problem,) = (p for p in run_in(tmp_path).problems() if p.problem.id == "dial-001")
    shown = json.loads(done(tmp_path, "show", said["path"], "dial-001", "--json"))
    assert (shown["prompt"], shown["answer"]) == (problem.prompt, problem.problem.answer)
    stored = {
        row["index"]: row for row in rows(Path(said["path"])) if row["problem_id"] == "dial-001"
    }
    assert {a["index"]: a["text"] for a in shown["answers"]} == {
        index: row["text"] for index, row in stored.items()
    }


@pytest.mark.skipif(
    not (DATA / "math500.jsonl").is_file(),
    reason="no copy of MATH-500 in shared/data beside this checkout",
)
def test_math500_through_the_whole_flow(tmp_path: Path) -> None:
    """Every problem has c = 3 of 8 exactly: all 500 golds are read and told from a wrong one."""
    options = ("--suite", "math500", "-n", 8, "--data", DATA)
    done(tmp_path, "sample", "fake/first=3", *options)
    three = Path(str(run_in(tmp_path).folder))
    assert done(tmp_path, "verify", three).strip() == f"{three.name}: 0 samples judged"

    counts = count_run(Run.open(Folder.at(three))).counts
    off = {c.problem_id: (c.n, c.correct, c.unjudged) for c in counts}
    assert {key: found for key, found in off.items() if found != (8, 3, 0)} == {}
    assert len(off) == 500

    curve = json.loads(done(tmp_path, "passk", three, "--json", "--resamples", 100))
    by_hand = {1: 3 / 8, 2: 1 - 10 / 28, 4: 1 - 5 / 70, 8: 1.0}
    assert {row["k"]: row["pass_at_k"] for row in curve} == pytest.approx(by_hand, abs=1e-9)
    assert {row["bound_low"] for row in curve} == {None}

    lines = ["problem_id,n,c", *(f"{count.problem_id},8,1" for count in counts)]
    (tmp_path / "one.csv").write_text("\n".join(lines))
    both = ("compare", "one.csv", three, "--json", "--resamples", 100, "--k", 1, "--k", 8)
    found = json.loads(done(tmp_path, *both))
    gaps = {row["k"]: row["difference"] for row in found["differences"]}
    assert gaps == pytest.approx({1: 2 / 8, 8: 0.0}, abs=1e-9)
    (summary,) = found["summaries"]
    assert summary["both"] == pytest.approx(500)
    assert summary["crossing"] == "tie at n"


@needs_zoo
def test_the_same_seeds_give_the_same_answers_in_any_batch(tmp_path: Path) -> None:
    dial = suites.load("dial")
    asked = {"suite": dial, "limit": 3, "temperature": 1.0, "top_p": 1.0, "max_tokens": 48}
    wide = sample.run(job(tmp_path / "a", 8, "zoo/base", **asked))
    narrow = sample.run(job(tmp_path / "b", 8, "zoo/base", batch_size=3, **asked))
    a, b = texts(folder_of(wide)), texts(folder_of(narrow))
    assert a.keys() == b.keys()
    assert sum(a[key] == b[key] for key in a) >= 0.999 * len(a)
    assert wide.manifest.dtype == "float32"


@needs_zoo
def test_a_checkpoint_that_changed_is_another_run(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ZOO, copy)
    _, before = sample.describe(job(tmp_path, model=str(copy)))
    weights = copy / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    _, after = sample.describe(job(tmp_path, model=str(copy)))
    changed = {k for k in before.identity if before.identity[k] != after.identity[k]}
    assert changed == {"model_digest"}


def test_a_sample_holds_its_tokens_and_why_it_ended(tmp_path: Path) -> None:
    run = sample.run(job(tmp_path, 40))
    found = rows(folder_of(run))
    ends = Counter(row["finish"] for row in found)
    assert set(ends) == {"stop", "length"}
    assert all(len(row["token_ids"]) == row["n_tokens"] > 0 for row in found)
    part = next(folder_of(run).glob("samples/*.parquet"))
    assert pq.read_schema(part).names[:3] == ["problem_id", "index", "text"]
