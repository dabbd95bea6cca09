"""The dial-lock verifier on hand-made traces, right and wrong in every way that matters."""

import pytest

from boundary.records import Finish, Outcome, Problem, Sample, Tier
from boundary.suites import dial as suite
from boundary.verifiers import dial
from boundary.zoo import writers

CONST = "a1234 b2345 c3456 d4567\n"  # every turn 1111, answer 5678
ALT = "a0000 b1111 c1333 d2444\n"  # turns 1111, 0222, 1111; answer 2666
FIB = "a5000 b6100 c8100 d1200\n"  # turns 1100, 2000, 3100; answer 6300
SUM = "a6048 b5938 c1976 d6804\n"  # each code the sum of the two before; answer 7770
DOUBLE = "a0000 b7001 c1003 d9007\n"  # turns 7001, 4002, 8004; answer 5005


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (CONST, "d-c:4567-3456=1111+4567=5678"),
        (CONST, "b-a:2345-1234=1111+4567=5678"),
        (CONST, "c-b:3456-2345=1111+4567=5678"),
        (ALT, "c-b:1333-1111=0222+2444=2666"),
        (FIB, "d-b:1200-6100=5100+1200=6300"),
        (SUM, "c+d:1976+6804=7770"),
        (SUM, "d-b:6804-5938=1976+6804=7770"),
        (DOUBLE, "d-c:9007-1003=8004+8004=6008+9007=5005"),
        (
            ALT,
            "b-a:1111-0000=1111 c-b:1333-1111=0222 d-c:2444-1333=1111 c-b:1333-1111=0222+2444=2666",
        ),
    ],
)
def test_faithful_derivations_are_valid(question, text):
    assert dial.valid(question, text)


@pytest.mark.parametrize(
    ("question", "text", "why"),
    [
        (CONST, "=5678", "a bare guess"),
        (CONST, "d-c:4567-3456=1211+4567=5678", "right answer, wrong intermediate"),
        (CONST, "d-c:4567-3457=1111+4567=5678", "operand copied wrong"),
        (CONST, "d-c:3456-4567=1111+4567=5678", "operands swapped"),
        (CONST, "d-c:4567-3456=1111+3456=5678", "added to another code"),
        (CONST, "d-c:4567+3456=1111+4567=5678", "written sign is not the named one"),
        (CONST, "d-b:4567-2345=2222+4567=6789", "faithful, but no rule of these codes"),
        (ALT, "d-c:2444-1333=1111+2444=3555", "faithful, but no rule of these codes"),
        (ALT, "c-b:1333-1111=0222+2444=2667", "last sum wrong"),
        (ALT, "c-b:1333-1111=0222", "no rule applied"),
        (ALT, "b-a:1111-0000=1112 c-b:1333-1111=0222+2444=2666", "a noted turn is wrong"),
        (ALT, "c-b:1333-1111=0222+2444=2666 d-c:2444-1333=1111", "stops on a note"),
        (DOUBLE, "d-c:9007-1003=8004+8004=6008+9008=5005", "last operand copied wrong"),
        (DOUBLE, "d-c:9007-1003=8004+8004=6009+9007=5005", "doubled wrong"),
        (SUM, "c+d:1976+6804=7770+6804=3574", "a sum takes no second sum"),
        (CONST, "", "nothing"),
        (CONST, "d-c:4567-3456=1111+4567=56789", "five digits"),
    ],
)
def test_other_derivations_are_not_valid(question, text, why):
    assert not dial.valid(question, text), why


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("d-c:4567-3456=1111+4567=5678", "5678"),
        ("=0000", "0000"),
        ("=5678\n", "5678"),
        ("d-c:4567-3456=1111+45", None),
        ("=123", None),
        ("=12345", None),
        ("5678", None),
        ("=5678 d", None),
        ("", None),
    ],
)
def test_extract(text, found):
    assert dial.extract(text) == found


def judge(text, finish=Finish.STOP):
    problem = Problem("p", CONST, "5678")
    sample = Sample("p", 3, 1, text, None, None, finish)
    return dial.verdicts(problem, sample)


@pytest.mark.parametrize(
    ("text", "outcome", "reason", "valid"),
    [
        ("d-c:4567-3456=1111+4567=5678", Outcome.CORRECT, "exact", True),
        ("=5678", Outcome.CORRECT, "exact", False),
        ("d-b:4567-2345=2222+4567=6789", Outcome.WRONG, "mismatch", False),
        ("d-c:", Outcome.WRONG, "no_answer", False),
    ],
)
def test_ended_samples_are_judged_alike_in_both_tiers(text, outcome, reason, valid):
    strict, lenient = judge(text)
    assert (strict.tier, lenient.tier) == (Tier.STRICT, Tier.LENIENT)
    for verdict in (strict, lenient):
        assert (verdict.outcome, verdict.reason, verdict.valid) == (outcome, reason, valid)
        assert (verdict.problem_id, verdict.index, verdict.verifier_version) == ("p", 3, "1")


def test_truncation_is_wrong_in_strict_and_graded_in_lenient():
    strict, lenient = judge("d-c:4567-3456=1111+4567=5678", Finish.LENGTH)
    assert (strict.outcome, strict.reason, strict.valid) == (Outcome.WRONG, "truncated", False)
    assert (lenient.outcome, lenient.reason, lenient.valid) == (Outcome.CORRECT, "exact", True)


def test_the_teacher_is_valid_on_every_test_problem():
    for problem in suite.load():
        trace = writers.teacher(problem)
        assert dial.extract(trace) == problem.answer
        assert dial.valid(problem.question, trace)
