"""Details that lighteval wrote: one answer a problem, and four of which it tells the mean."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import shell
from tests.importers.data import LOGS, figures, imported, outcomes, pass_at_1, samples

ONE, FOUR = "lighteval:last_code", "lighteval:pass@k:k=1&n=4"


def own(log: Path) -> dict[str, float]:
    (path,) = log.rglob("results_*.json")
    return dict(json.loads(path.read_text())["results"]["all"])


def details(log: Path) -> Path:
    (found,) = log.rglob("*.parquet")
    return found


def test_one_answer_a_problem_has_the_figure_of_the_tool(tmp_path: Path) -> None:
    run, told = imported(tmp_path, "lighteval", LOGS / "lighteval_one")
    said = own(LOGS / "lighteval_one")["last_code"]
    assert 0 < said < 1
    assert figures(told)[ONE] == (said, pytest.approx(said))
    assert pass_at_1(tmp_path, run.folder) == pytest.approx(said)


def test_a_mean_over_four_answers_tells_which_only_where_none_or_all(tmp_path: Path) -> None:
    run, told = imported(tmp_path, "lighteval", LOGS / "lighteval_four")
    rows = pq.read_table(details(LOGS / "lighteval_four")).to_pylist()
    shares = {row["doc"]["id"]: row["metric"]["pass@k:k=1&n=4"] for row in rows}
    assert any(0 < share < 1 for share in shares.values())
    said = outcomes(run, FOUR)
    for key, share in shares.items():
        expected = ("wrong", "told") if share == 0 else ("correct", "told")
        if 0 < share < 1:
            expected = ("unjudged", "only_the_share_is_told")
        assert {said[key, index] for index in range(4)} == {expected}
    assert told["audit"]["unjudged"] == 4 * sum(0 < share < 1 for share in shares.values())


def test_its_numbers_give_pass_at_1_exactly(tmp_path: Path) -> None:
    run, told = imported(tmp_path, "lighteval", LOGS / "lighteval_four")
    said = own(LOGS / "lighteval_four")["pass@k:k=1&n=4"]
    assert figures(told)[FOUR] == (said, pytest.approx(said))
    (note,) = told["notes"]
    table = note.split("boundary passk ")[1].strip("'")
    assert pass_at_1(tmp_path, table) == pytest.approx(said)
    assert Path(table).is_relative_to(str(run.folder))


def test_tokens_that_fill_a_batch_up_are_not_counted(tmp_path: Path) -> None:
    run, told = imported(tmp_path, "lighteval", LOGS / "lighteval_four")
    for row in samples(run):
        # The zoo has a token for each character, and one more ends the answer.
        assert row["n_tokens"] == len(row["text"]) + 1
        assert row["finish"] == "stop"
    assert told["audit"]["truncated"] == 0


def test_a_full_list_without_the_end_is_cut(tmp_path: Path) -> None:
    log = Path(shutil.copytree(LOGS / "lighteval_one", tmp_path / "log"))
    path = details(log)
    rows = pq.read_table(path).to_pylist()
    rows[0]["model_response"]["output_tokens"] = [list(range(3, 43))]
    pq.write_table(pa.Table.from_pylist(rows), path)
    run, told = imported(tmp_path, "lighteval", log)
    assert samples(run)[0]["finish"] == "length"
    assert told["audit"]["truncated"] == pytest.approx(1 / 12)


def test_details_alone_need_the_model_by_name(tmp_path: Path) -> None:
    path = tmp_path / details(LOGS / "lighteval_one").name
    shutil.copy(details(LOGS / "lighteval_one"), path)
    assert "--model" in shell.refused("import", "lighteval", path, where=tmp_path)
    run, told = imported(tmp_path, "lighteval", path, "--model", "m")
    assert figures(told)[ONE][0] is None
    assert run.manifest.identity["model_id"] == "m"


def test_results_are_found_from_the_details_file(tmp_path: Path) -> None:
    _, told = imported(tmp_path, "lighteval", details(LOGS / "lighteval_one"))
    assert figures(told)[ONE][0] is not None


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    log = Path(shutil.copytree(LOGS / "lighteval_one", tmp_path / "log"))
    path = details(log)
    path.write_bytes(path.read_bytes()[:-400])
    said = shell.refused("import", "lighteval", log, where=tmp_path)
    assert path.name in said


def test_older_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "details_x_2025-01-01T00-00-00.parquet"
    pq.write_table(pa.table({"example": ["?"], "predictions": ["!"]}), path)
    said = shell.refused("import", "lighteval", tmp_path, where=tmp_path)
    assert "no column doc, metric, model_response" in said
