"""Numbers and reasons in words, the same in verdicts, figures, tables and pages."""

from collections.abc import Sequence

NO_VERDICT = "no_verdict"
"""Stands for the reason of a sample that nothing was said of yet."""

_SUITE = "the suite is at fault"
_GRADER = "not the answer's fault"
FAULTS = {
    "bad_test": f"the tests of the problem fail by themselves; {_SUITE}",
    "no_tests": f"there are no tests for the problem; {_SUITE}",
    "bad_gold": f"the gold answer cannot be read; {_SUITE}",
    "no_gold": f"there is no gold answer; {_SUITE}",
    "sandbox_error": f"the sandbox failed; {_GRADER}",
    "grader_error": f"the grader failed; {_GRADER}",
    "grader_timeout": f"the grader took too long; {_GRADER}",
    "aborted": "the engine broke the answer off",
    "no_score": "the imported log tells no score",
    "partial_score": "the imported log tells part of a score",
    "only_the_share_is_told": "the imported log tells how many are right, not which",
    "tool_error": "the tool that drew or judged the answer failed",
    NO_VERDICT: "boundary verify has yet to judge them",
}
"""Why an answer is unjudged, by the verdict's reason, and whose fault it is."""

_SHOWN = 5


def unjudged_text(reason: str, answers: int, problems: Sequence[str]) -> str:
    """``unjudged: 15 bad_test in 5 problems (…): HumanEval/0, …``, up to five of them named."""
    why = f" ({FAULTS[reason]})" if reason in FAULTS else ""
    of = f" in {len(problems):,} problem{'' if len(problems) == 1 else 's'}"
    more = f" and {len(problems) - _SHOWN:,} more" if len(problems) > _SHOWN else ""
    return f"unjudged: {answers:,} {reason}{of}{why}: {', '.join(problems[:_SHOWN])}{more}"


def unjudged_note(label: str, answers: int, samples: int) -> str:
    """How many samples of an arm count as not correct for want of a verdict."""
    return (
        f"{label}: {answers:,} of {samples:,} samples unjudged, "
        "counted as not correct; the bounds show both extremes"
    )


def p_number(p: float) -> str:
    """A p-value without its leading zero: three places, four below .1, none below .0001."""
    if p < 0.0001:
        return "< .0001"
    shown = f"{p:.{3 if p >= 0.1 else 4}f}".rstrip("0").rstrip(".")
    return shown.removeprefix("0")


def p_text(p: float) -> str:
    """``p = .125``, or ``p < .0001``."""
    number = p_number(p)
    return f"p {number}" if number.startswith("<") else f"p = {number}"
