"""What a run says of where its programs ran: all that its verdicts rest on, and no more."""

import json
from pathlib import Path
from typing import Any

import pytest

from boundary import sample, verify
from boundary.errors import PackageError, VerifierError
from boundary.sandbox import level
from boundary.store import Manifest, Run
from boundary.verifiers import ExactVerifier
from tests import runs
from tests.shell import boundary, done
from tests.suites.data import SHARED, needs_shared

pytestmark = [pytest.mark.xdist_group("sandbox")]

PLAIN = level(unsafe=True)


class Held(ExactVerifier):
    """Says that it ran programs."""

    def __init__(self, confinement: str, version: str = "1") -> None:
        self.confinement = confinement
        self.version = version


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets who judges from now on."""

    def choose(*arguments: str) -> None:
        monkeypatch.setattr(verify, "create", lambda name: Held(*arguments))

    return choose


def levels(results: Path) -> tuple[str, ...]:
    return runs.run_in(results).manifest.confinements["exact"]


def test_every_level_is_kept_in_the_order_of_first_use(judge: Any, tmp_path: Path) -> None:
    for n, held_by in ((2, PLAIN), (4, "bubblewrap"), (6, PLAIN)):
        judge(held_by)
        # The run at hand knows as much as the one on disk.
        found = sample.run(runs.job(tmp_path, n))
        assert found.manifest == runs.run_in(tmp_path).manifest
    assert levels(tmp_path) == (PLAIN, "bubblewrap")


def test_a_session_that_judges_nothing_adds_nothing(judge: Any, tmp_path: Path) -> None:
    judge("bubblewrap")
    sample.run(runs.job(tmp_path, 2))
    judge(PLAIN)
    sample.run(runs.job(tmp_path, 2))
    verify.run(runs.run_in(tmp_path))
    assert levels(tmp_path) == ("bubblewrap",)


def test_a_level_without_a_verdict_is_none(
    monkeypatch: pytest.MonkeyPatch, judge: Any, tmp_path: Path
) -> None:
    def fails(*_: object) -> None:
        raise PackageError("it does not start", remedy="none")

    with monkeypatch.context() as broken:
        judge("bubblewrap")
        broken.setattr(Held, "judge", fails)
        with pytest.raises(PackageError):
            sample.run(runs.job(tmp_path, 2))
    assert runs.run_in(tmp_path).manifest.confinements == {}
    judge(PLAIN)
    sample.run(runs.job(tmp_path, 2))
    assert levels(tmp_path) == (PLAIN,)


def test_verdicts_that_are_all_made_anew_leave_one_level(judge: Any, tmp_path: Path) -> None:
    judge(PLAIN)
    sample.run(runs.job(tmp_path, 2))
    judge("bubblewrap", "2")
    assert verify.run(runs.run_in(tmp_path)) == 8
    assert levels(tmp_path) == ("bubblewrap",)


def test_verdicts_that_are_left_keep_their_level(judge: Any, tmp_path: Path) -> None:
    judge(PLAIN)
    for n in (2, 4):
        sample.run(runs.job(tmp_path, n))
    *_, last = sorted(tmp_path.glob("**/verdicts/exact/*.parquet"))
    last.unlink()
    judge("bubblewrap")
    assert verify.run(runs.run_in(tmp_path)) == 8
    assert levels(tmp_path) == (PLAIN, "bubblewrap")


def test_verdicts_that_are_not_all_made_anew_keep_theirs(
    monkeypatch: pytest.MonkeyPatch, judge: Any, tmp_path: Path
) -> None:
    judge(PLAIN)
    sample.run(runs.job(tmp_path, 2))
    judge("bubblewrap", "2")
    whole = ExactVerifier.judge

    def in_part(self: Held, tasks: Any) -> Any:
        yield next(whole(self, tasks))
        raise VerifierError("interrupted", remedy="none")

    with monkeypatch.context() as broken:
        broken.setattr(Held, "judge", in_part)
        with pytest.raises(VerifierError):
            verify.run(runs.run_in(tmp_path))
    assert levels(tmp_path) == (PLAIN, "bubblewrap")


def test_a_manifest_of_before_is_read(tmp_path: Path) -> None:
    sample.run(runs.job(tmp_path, 2))
    run = runs.run_in(tmp_path)
    raw = {**json.loads(run.manifest.to_json()), "confinements": {"code": PLAIN}}
    run = Run(run.folder, Manifest.from_json(json.dumps(raw).encode(), "here"))
    assert run.manifest.confinements == {"code": (PLAIN,)}
    run.folder.write("manifest.json", json.dumps(raw).encode())
    run.note_confinement("code", "bubblewrap")
    assert run.manifest.programs_ran_in == {"code": f"{PLAIN}; bubblewrap"}
    assert runs.run_in(tmp_path).manifest == run.manifest


@needs_shared
def test_all_is_told_wherever_the_run_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = ("--suite", "humanevalplus", "--limit", 1, "--data", SHARED)
    with monkeypatch.context() as bare:
        bare.setenv("PATH", str(tmp_path))
        bare.setenv("BOUNDARY_UNSAFE_EXECUTION", "1")
        ended = boundary("sample", "fake/first=1,tokens=8", *asked, "-n", 1, where=tmp_path)
        assert ended.code == 0, ended.err
    ended = boundary("sample", "fake/first=1,tokens=8", *asked, "-n", 2, where=tmp_path)
    assert ended.code == 0, ended.err
    (folder,) = (tmp_path / "results").iterdir()
    both = f"{PLAIN}; {level()}"
    assert both in done("show", folder, where=tmp_path)
    view = boundary("show", folder, "--json", where=tmp_path).json()
    assert view["programs_ran_in"] == {"code": both}
    done("report", folder, where=tmp_path)
    (page,) = tmp_path.glob("**/report.html")
    assert both in page.read_text()
