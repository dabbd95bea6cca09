import gzip
import json
from pathlib import Path

import pytest

from boundary import suites
from boundary.errors import SuiteError
from boundary.records import Problem

GOOD = {"id": "a", "problem": "What is {q} in $\\{x\\}$?", "answer": "5"}


def line(**changes: object) -> str:
    return json.dumps(GOOD | changes)


def test_fields_of_a_users_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    rest = {"id": "b", "group": "g", "solution": "easy", "level": 3}
    path.write_text(line() + "\n\n" + line(**rest) + "\n")
    suite = suites.load(str(path))
    assert suite.problems == (
        Problem("a", GOOD["problem"], "5"),
        Problem("b", GOOD["problem"], "5", "g", "easy", {"level": 3}),
    )
    assert (suite.name, suite.template, suite.verifier) == ("mine", "qwen-boxed", "math")
    assert suite.source == str(path)


def test_the_verifier_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(line())
    assert suites.load(str(path), verifier="exact").verifier == "exact"


def test_gzip_byte_order_mark_and_line_ends_change_nothing(tmp_path: Path) -> None:
    text = line() + "\n" + line(id="b", problem="one\u2028line\x85still") + "\n"
    plain, packed = tmp_path / "x.jsonl", tmp_path / "x.jsonl.gz"
    plain.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    packed.write_bytes(gzip.compress(text.encode()))
    one, other = suites.load(str(plain)), suites.load(str(packed))
    assert one.problems == other.problems
    assert (one.name, one.digest) == (other.name, other.digest)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("{", r"line 3 is not JSON"),
        ("[1]", r"line 3 holds a list"),
        ("[" * 100_000, r"line 3 is not JSON"),
        (json.dumps({"id": "b", "problem": "?"}), r"line 3 has no 'answer'"),
        (json.dumps({"problem": "?", "answer": "1"}), r"line 3 has no 'id'"),
        (line(id="b", answer=5), r"line 3: 'answer' is int, not a string"),
        (line(id="b", answer=None), r"line 3: 'answer' is NoneType"),
        (line(id=7), r"line 3: 'id' is int"),
        (line(id="b", answer=" "), r"line 3: 'answer' is empty"),
        (line(id="b", group=1), r"line 3: 'group' is int"),
        (line(id="b", problem="\ud800"), r"line 3: 'problem' holds half of a surrogate pair"),
        (line(), r"line 3 repeats the id 'a' of line 1"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, second: str, message: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{line()}\n\n{second}\n")
    with pytest.raises(SuiteError, match=rf"mine\.jsonl, {message}"):
        suites.load(str(path))


def test_broken_bytes_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(line().encode() + b'\n{"id": "\xff"}')
    with pytest.raises(SuiteError, match=r"line 2 is not JSON"):
        suites.load(str(path))


CUT_SHORT = gzip.compress(b"{}" * 999)[:-9]


# Named: the bytes hold the time, and two test processes must call a test the same.
@pytest.mark.parametrize("content", [b"not gzip", CUT_SHORT], ids=["no archive", "cut short"])
def test_a_damaged_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(SuiteError, match=r"mine\.jsonl\.gz cannot be read"):
        suites.load(str(path))


def test_no_file_and_no_problem_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="there is no file"):
        suites.load(str(tmp_path / "mine.jsonl"))
    (tmp_path / "mine.jsonl").write_text("\n")
    with pytest.raises(SuiteError, match="has 0 problems"):
        suites.load(str(tmp_path / "mine.jsonl"))
