"""Tokens of prompts: counted where the run's own tokenizer is at hand, else not known."""

from dataclasses import replace
from pathlib import Path

import pytest

from boundary import sample
from boundary.engines.checkpoint import locate
from boundary.passk import Also
from boundary.passk import run as passk
from boundary.prompt_cost import prompt_tokens
from boundary.store import Run, archive, count_run
from tests.runs import job


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return sample.run(job(tmp_path_factory.mktemp("prompts"), 4))


def drawn_by(run: Run, model: str, digest: str) -> Run:
    """The run as if that model had drawn it."""
    identity = {**run.manifest.identity, "model_id": model, "tokenizer_digest": digest}
    return Run(run.folder, replace(run.manifest, identity=identity))


def test_known_with_the_tokenizer_and_only_with_that_one(run: Run) -> None:
    zoo = locate("zoo/base")
    found = prompt_tokens(drawn_by(run, "zoo/base", zoo.tokenizer_digest))
    assert found is not None
    assert list(found) == ["p-0", "p-1", "p-2", "p-3"]
    assert all(tokens > 4 for tokens in found.values())
    assert prompt_tokens(drawn_by(run, str(zoo.path), zoo.tokenizer_digest)) == found
    assert prompt_tokens(drawn_by(run, "zoo/base", "another")) is None
    assert prompt_tokens(run) is None
    assert prompt_tokens(drawn_by(run, "nobody/none", "x")) is None
    assert prompt_tokens(drawn_by(run, "not a name", "x")) is None


def test_the_cost_tells_answers_and_prompts_apart(run: Run, tmp_path: Path) -> None:
    known = drawn_by(run, "zoo/base", locate("zoo/base").tokenizer_digest)
    counted = prompt_tokens(known)
    assert counted is not None
    mean = sum(counted.values()) / 4
    path = tmp_path / "a.boundary.zip"
    path.write_bytes(archive.pack(known, counted))
    for source in (known, archive.read(str(path))):
        (cost,) = passk([count_run(source)], also=Also(cost=True)).extras
        rows = cost.frame.set_index("k")
        assert (rows["prompt_tokens"] == mean).all()
        assert rows.loc[4, "with_prompt_once"] == rows.loc[4, "tokens"] + mean
        assert rows.loc[4, "with_prompt_each"] == rows.loc[4, "tokens"] + 4 * mean
    (unknown,) = passk([count_run(run)], also=Also(cost=True)).extras
    assert unknown.frame["prompt_tokens"].isna().all()
    assert unknown.frame["with_prompt_each"].isna().all()
