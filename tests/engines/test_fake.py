"""The fake engine: its law must be the one it is named after, since other tests lean on it."""

import contextlib
import math
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from boundary import suites, verifiers
from boundary.engines import (
    Decoding,
    EngineConfig,
    Request,
    create,
    identify,
)
from boundary.engines.fake import FakeConfig
from boundary.engines.fake_text import MOST, vocabulary
from boundary.errors import EngineError
from boundary.records import Draw, Finish, Key, Outcome, Prefix, Problem, Sample, Verdict
from boundary.verifiers import Task
from tests.engines import data

SHARED = Path(__file__).parents[3] / "shared" / "data"
DECODING = Decoding(1.0, 1.0, 4096)
GOLDS = (
    "7", "-3", "0.5", "\\frac{1}{2}", "x^2 + 1", "\\pi", "(1, 2]", "\\text{Evelyn}", "\\{1, 2\\}",
    "12\\sqrt{3}", "10^{9}", "\\infty", "1,234", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "x",
)  # fmt: skip


def samples(model: str, problems: list[Problem], n: int, channel: str = "boxed") -> list[Sample]:
    with closing(create("fake", EngineConfig(model))) as engine:
        requests = [
            Request(Draw(p, index, 1_000_003 * i + index), (1,), channel)
            for i, p in enumerate(problems)
            for index in range(n)
        ]
        return list(engine.generate(requests, DECODING))


def verdicts(name: str, channel: str, asked: list[tuple[Problem, Sample]]) -> Iterator[Verdict]:
    with closing(verifiers.create(name)) as verifier:
        for found in verifier.judge(Task(p, s, channel) for p, s in asked):
            yield from found


def maths_problems() -> list[Problem]:
    return [Problem(f"p{i}", "?", gold) for i, gold in enumerate(GOLDS)]


def test_p_is_the_chance_of_a_right_answer() -> None:
    problems = list(suites.load("dial").problems[:40])
    found = samples("fake/p=0.3", problems, 100, "dial")
    by_id = {p.id: p for p in problems}
    judged = list(verdicts("dial", "dial", [(by_id[s.problem_id], s) for s in found]))
    right = sum(v.outcome is Outcome.CORRECT for v in judged) // 2
    assert stats.binomtest(right, len(found), 0.3).pvalue > 1e-3
    counts = np.zeros(40)
    for verdict in judged[::2]:
        counts[[p.id for p in problems].index(verdict.problem_id)] += (
            verdict.outcome is Outcome.CORRECT
        )
    # Binomial counts: a spread of another size would mean that samples depend on each other.
    assert stats.chisquare(counts).pvalue > 1e-3
    assert 0.5 < counts.var() / (100 * 0.3 * 0.7) < 2


@pytest.mark.parametrize("first", [0, 1, 3])
def test_first_gets_exactly_that_many_right(first: int) -> None:
    problems = list(suites.load("dial").problems[:6])
    by_id = {p.id: p for p in problems}
    found = samples(f"fake/first={first}", problems, 5, "dial")
    for verdict in verdicts("dial", "dial", [(by_id[s.problem_id], s) for s in found]):
        assert (verdict.outcome is Outcome.CORRECT) == (verdict.index < first)


@pytest.mark.parametrize("channel", ["boxed", "answer_line", "answer_tag"])
def test_whole_answers_are_right_and_damaged_ones_wrong(channel: str) -> None:
    problems = maths_problems()
    by_id = {p.id: p for p in problems}
    found = samples("fake/first=2,tokens=4", problems, 4, channel)
    stated = [s for s in found if s.finish is Finish.STOP and "\n" in s.text]
    assert len(stated) > 3 * len(problems)
    for verdict in verdicts("math", channel, [(by_id[s.problem_id], s) for s in stated]):
        expected = Outcome.CORRECT if verdict.index < 2 else Outcome.WRONG
        assert verdict.outcome is expected, (verdict, by_id[verdict.problem_id].answer)
        assert verdict.reason != "no_answer"


def test_damaged_answers_of_a_real_suite_are_wrong() -> None:
    if not (SHARED / "math500.jsonl").exists():
        pytest.skip("no copies of the suites in shared/data beside this checkout")
    problems = list(suites.load("math500", data=SHARED).problems)
    chosen = [p for p in problems if not any(map(str.isdigit, p.answer))] + problems[::12]
    by_id = {p.id: p for p in chosen}
    found = samples("fake/first=1,tokens=3", list(by_id.values()), 2)
    for verdict in verdicts("math", "boxed", [(by_id[s.problem_id], s) for s in found]):
        expected = Outcome.CORRECT if verdict.index == 0 else Outcome.WRONG
        assert verdict.outcome is expected, (verdict, by_id[verdict.problem_id].answer)


def test_solutions_are_answered_where_they_state_the_answer() -> None:
    solved = Problem("p", "?", "4", solution="Two and two make \\boxed{4}.")
    bare = Problem("q", "?", "4", solution="Two and two make four.")
    one, other = samples("fake/first=1", [solved, bare], 1)
    assert one.text.endswith("\nTwo and two make \\boxed{4}.")
    assert other.text.endswith("\nThe final answer is \\boxed{4}.")


def test_wrong_answers_include_silent_and_truncated_ones() -> None:
    found = samples("fake/first=0", [Problem("p", "?", "4")], 4000)
    shares = {
        "cut": sum(s.finish is Finish.LENGTH for s in found),
        "silent": sum(s.finish is Finish.STOP and "\\boxed" not in s.text for s in found),
    }
    assert stats.binomtest(shares["cut"], 4000, 0.05).pvalue > 1e-3
    assert stats.binomtest(shares["silent"], 4000, 0.10).pvalue > 1e-3


def test_lengths_spread_about_tokens() -> None:
    found = samples("fake/tokens=80", [Problem("p", "?", "4")], 2000)
    lengths = np.array([s.n_tokens for s in found])
    low, median, high = np.percentile(lengths, [10, 50, 90])
    assert median == pytest.approx(80, rel=0.12)
    assert high / low == pytest.approx(math.exp(2 * 1.2816 * 0.6), rel=0.2)
    assert all(len(s.token_ids) == s.n_tokens == len(s.text.split()) for s in found)


def test_the_same_draw_gives_the_same_sample_whatever_stands_beside_it() -> None:
    problems = maths_problems()
    whole = samples("fake/p=0.5", problems, 3)
    with closing(create("fake", EngineConfig("fake/p=0.5"))) as engine:
        for sample, problem in zip(whole[::3], problems, strict=True):
            alone = Request(Draw(problem, 0, sample.seed), (1,))
            assert next(engine.generate([alone], DECODING)) == sample


def test_scores_are_half_a_nat_per_token_and_log_probabilities_a_quarter() -> None:
    with closing(create("fake", EngineConfig("fake/p=0.5"))) as engine:
        assert list(engine.score([[1], [2, 3]], [[1, 2], [5]])) == [[-0.5, -0.5], [-0.5]]
    for sample in samples("fake/p=0.5", maths_problems(), 2):
        assert sample.logprob == -0.25 * sample.n_tokens


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fake/p=0.3", FakeConfig(p=0.3)),
        ("fake/first=3,tokens=9", FakeConfig(first=3, tokens=9)),
        ("fake/p=1,delay=0.5", FakeConfig(p=1.0, delay=0.5)),
        ("fake/", FakeConfig()),
    ],
)
def test_names_are_parsed(name: str, expected: FakeConfig) -> None:
    assert FakeConfig.parse(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fake/q=0.3", "unknown key 'q' of a fake model"),
        ("fake/tokns=3", "unknown key 'tokns' of a fake model: did you mean tokens"),
        ("fake/p=high", "'p=high' of a fake model is not a number"),
        ("fake/p", "'p' of a fake model is not a number"),
        ("fake/first=2.5", "'first=2.5' of a fake model is not a whole number"),
    ],
)
def test_wrong_names_are_explained(name: str, expected: str) -> None:
    with pytest.raises(EngineError, match=expected):
        create("fake", EngineConfig(name))


def test_identity_is_what_it_answers_not_how_fast() -> None:
    one = identify("fake/p=0.3")
    assert identify("fake/p=0.30,delay=2").digest == one.digest
    others = ("p=0.4", "first=1", "tokens=9", "words=50", "spread=0", "fresh=1")
    digests = {identify(f"fake/p=0.3,{other}").digest for other in others}
    assert len({*digests, one.digest}) == 7
    usual = "fake/p=0.3,words=12,spread=0.6,fresh=0,rows=9"
    assert identify(usual).digest == one.digest


def test_names_keep_the_identity_that_stored_runs_have() -> None:
    assert identify("fake/p=0.3").digest == "9f0b19acece1f2a3b8ea7e4cf7874d82"


def test_many_words_of_a_fixed_number_make_every_text_another() -> None:
    found = samples("fake/p=0.5,words=5000,tokens=500,spread=0", maths_problems()[:2], 1000)
    assert {s.n_tokens for s in found} == {500}
    assert len({s.text for s in found}) == len(found)
    assert 2000 < np.mean([len(s.text) for s in found]) < 2600
    for sample in found[:200]:
        words, ids = sample.text.split(), sample.token_ids or ()
        assert len(words) == len(ids)
        known = vocabulary(5000)
        assert all(known[i] == w for w, i in zip(words, ids, strict=True) if i < 5000)
    assert max(i for s in found for i in s.token_ids or ()) < 2**31
    cut = create("fake", EngineConfig("fake/words=5000,tokens=500"))
    request = Request(Draw(Problem("p", "?", "4"), 0, 1), (1,))
    (sample,) = cut.generate([request], Decoding(1.0, 1.0, 7))
    assert (len(sample.token_ids or ()), len(sample.text.split())) == (7, 7)
    assert sample.finish is Finish.LENGTH


@pytest.mark.parametrize("count", [1, 100, 5000, MOST])
def test_made_up_words_are_distinct(count: int) -> None:
    words = vocabulary(count)
    assert len(set(words)) == len(words) == count
    assert all(word.isalpha() and word.islower() for word in words)


def test_an_answer_shorter_than_its_statement_is_its_statement() -> None:
    (found,) = samples("fake/first=1,tokens=2,spread=0", [Problem("p", "?", "4")], 1)
    assert found.text == "The final answer is \\boxed{4}."


@pytest.mark.parametrize(
    "wrong",
    [
        "tokens=0",
        "words=0",
        "words=10000000",
        "rows=0",
        "fresh=2",
        "spread=-1",
        "spread=nan",
        "p=1.5",
        "delay=inf",
    ],
)
def test_impossible_models_are_refused(wrong: str) -> None:
    with pytest.raises(EngineError, match=r"no fake model can be .*rows are at least 1"):
        identify(f"fake/{wrong}")


FRESH = "fake/p=0.3,fresh=1,tokens=20"


def draws(count: int) -> list[Request]:
    problem = Problem("p", "?", "4")
    return [Request(Draw(problem, i, i), (1,), "answer_line") for i in range(count)]


def test_fresh_answers_are_geometric_right_by_p_and_others_at_each_call() -> None:
    engine = create("fake", EngineConfig(FRESH))
    assert engine.capacity == 32
    one, other = (list(engine.generate(draws(2000), DECODING)) for _ in range(2))
    assert {s.index for s in one} == {s.index for s in other} == set(range(2000))
    assert {(s.index, s.text) for s in one} != {(s.index, s.text) for s in other}
    data.assert_geometric([s.n_tokens or 0 for s in one + other], 20)
    right = sum(s.text.endswith("\nAnswer: 4") for s in one + other)
    assert stats.binomtest(right, 4000, 0.3).pvalue > 1e-6
    assert all(s.text.splitlines()[-1] in ("Answer: 4", "Answer: 5") for s in one)
    first = create("fake", EngineConfig("fake/first=3,fresh=1,tokens=5"))
    for sample in first.generate(draws(20), DECODING):
        assert sample.text.endswith("Answer: 4") == (sample.index < 3)


def test_fresh_answers_end_at_the_budget() -> None:
    engine = create("fake", EngineConfig("fake/fresh=1,tokens=10,words=5000"))
    found = list(engine.generate(draws(500), Decoding(1.0, 1.0, 6)))
    for sample in found:
        assert sample.n_tokens == len(sample.token_ids or ()) <= 6
        assert ("Answer" in sample.text) == (sample.finish is Finish.STOP)
        if sample.finish is Finish.LENGTH:
            words = [vocabulary(5000)[i] for i in sample.token_ids or ()]
            assert (len(words), sample.text) == (6, " ".join(words))
    assert {s.finish for s in found} == {Finish.STOP, Finish.LENGTH}
    whole = Prefix("p", 0, (1, 2, 3, 4, 5, 6))
    (sample,) = engine.generate([replace(draws(1)[0], prefix=whole)], Decoding(1.0, 1.0, 6))
    assert (sample.n_tokens, sample.finish) == (6, Finish.LENGTH)


class Interrupting:
    """Ends a generation at its ``last`` beat, and calls back some keys after the first."""

    def __init__(self, last: int, later: Collection[Key] = ()) -> None:
        self.left, self.later = last, later
        self.unwanted: Collection[Key] = ()
        self.flight: list[Prefix] = []

    def beat(self, in_flight: Callable[[], list[Prefix]]) -> None:
        self.flight, self.left = in_flight(), self.left - 1
        self.unwanted, self.later = self.later, ()
        if not self.left:
            raise KeyboardInterrupt

    def cancelled(self) -> Collection[Key]:
        keys, self.unwanted = self.unwanted, ()
        return keys


def test_fresh_answers_keep_their_law_when_they_are_continued() -> None:
    engine = create("fake", EngineConfig(FRESH))
    waiting = {r.key: r for r in draws(3000)}
    lengths = []
    while waiting:
        watch = Interrupting(7)
        with contextlib.suppress(KeyboardInterrupt):
            for sample in engine.generate(list(waiting.values()), DECODING, watch):
                before = waiting.pop((sample.problem_id, sample.index))
                assert list(sample.token_ids or ())[: len(before.prefix_ids)] == list(
                    before.prefix_ids
                )
                lengths.append(sample.n_tokens or 0)
        for prefix in watch.flight:
            key = prefix.problem_id, prefix.index
            waiting[key] = replace(waiting[key], prefix=prefix)
    data.assert_geometric(lengths, 20)


def test_fresh_answers_that_are_called_back_do_not_come() -> None:
    engine = create("fake", EngineConfig("fake/fresh=1,tokens=1000000,rows=4"))
    watch = Interrupting(-1, {("p", 1), ("p", 2)})
    found = list(engine.generate(draws(4), Decoding(1.0, 1.0, 20), watch))
    assert {s.index for s in found} == {0, 3}
