"""The maths verifier beside others: agreement with labels, samples per second, memory.

Accuracy: the labelled pairs of ``equivalence_cases.jsonl``, judged by ``grade``, by Math-Verify
called plainly, and by mathruler where that is installed. Speed: a stream of MATH-500's gold
answers with 128 made-up responses each, and one in which no pair comes twice; two workers against
two processes that call Math-Verify plainly (parse the gold, parse the answer, verify) on a part of
the same stream. They are given the closing sentence alone, which spares Math-Verify the search
through the reasoning. Repetitions alternate; figures are medians. Memory: a million verdicts.

    python benchmarks/verify.py [--quick] [--accuracy | --speed | --memory | --fuzz N]
"""

import argparse
import importlib
import json
import multiprocessing
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from boundary import grade
from boundary.records import Finish, Outcome, Problem, Sample
from boundary.verifiers import Task, extract
from boundary.verifiers.symbolic import MathVerifier

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("BOUNDARY_DATA") or ROOT.parent / "shared" / "data")
SEED = 20240501
PER_GOLD = 128
# Of 128 responses to one gold answer this many state different answers.
ANSWERS_PER_GOLD = 26
LONG_CHARS = 4000
SHARE_LONG = 0.25

Row = dict[str, object]
Pair = tuple[str, str]


def rows_of(name: str) -> list[Row]:
    """The rows of a local copy; none where there is none."""
    path = DATA / f"{name}.jsonl"
    if not path.exists():
        print(f"skipped: no {path.name} in {DATA}; set BOUNDARY_DATA to the folder that holds it")
        return []
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# -- accuracy


def accuracy() -> None:
    """Print agreement, false accepts and false rejects by kind, for each grader."""
    rows = rows_of("equivalence_cases")
    if not rows:
        return
    graders = {"boundary": ours, "math-verify, plainly": plainly, "mathruler": mathruler}
    print(f"{'grader':22}{'cases':18}{'agree':>14}{'false accepts':>15}{'false rejects':>15}")
    for name, grader in graders.items():
        try:
            found = grader([(str(row["gold"]), str(row["pred"])) for row in rows])
        except ImportError as error:
            print(f"{name:22}skipped: {error.name} is not installed")
            continue
        for kind, tagged in (("expr", False), ("expr", True), ("text", False), ("text", True)):
            print_agreement(name, kind, rows, found, tagged=tagged)


def print_agreement(
    name: str, kind: str, rows: list[Row], found: list[bool], *, tagged: bool
) -> None:
    """One line of the table."""
    counts: Counter[tuple[bool, bool]] = Counter(
        (bool(row["equal"]), equal)
        for row, equal in zip(rows, found, strict=True)
        if row["kind"] == kind and ("convention" in row) == tagged
    )
    total, right = counts.total(), counts[True, True] + counts[False, False]
    label = f"{kind}, convention" if tagged else kind
    print(
        f"{name:22}{label:18}{right:>5}/{total:<4}{right / total:>5.1%}"
        f"{counts[False, True]:>14}{counts[True, False]:>15}"
    )


def ours(pairs: list[Pair]) -> list[bool]:
    """``boundary grade`` in the lenient tier."""
    rows = (grade.Row(*pair) for pair in pairs)
    return [graded.outcome is Outcome.CORRECT for graded in grade.many(rows)]


def plainly(pairs: list[Pair]) -> list[bool]:
    """Math-Verify as its own page shows it."""
    importlib.import_module("math_verify")
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        return pool.map(equal_plainly, pairs, chunksize=8)


def equal_plainly(pair: Pair) -> bool:
    """One pair: parse the gold, parse the answer, verify."""
    from math_verify import parse, verify

    gold, answer = pair
    found = verify(parse(dressed(gold)), parse(answer)) or verify(
        parse(dressed(gold)), parse(dressed(answer))
    )
    return bool(found)


def dressed(text: str) -> str:
    """In dollars, which Math-Verify asks for."""
    return text if "$" in text or "boxed" in text else f"${text}$"


def mathruler(pairs: list[Pair]) -> list[bool]:
    """The package mathruler: the box, else the text, against the gold answer."""
    grader = importlib.import_module("mathruler.grader")
    return [
        bool(grader.grade_answer(extract.strict(answer, "boxed") or answer, gold))
        for gold, answer in pairs
    ]


# -- streams


def stream(golds: list[str], *, per_gold: int) -> Iterator[Pair]:
    """Gold answers with responses that repeat a few answers in many texts, shuffled."""
    chance = random.Random(SEED)
    answers = {gold: list(islice(varied(gold, chance), ANSWERS_PER_GOLD)) for gold in golds}
    order = [gold for gold in golds for _ in range(per_gold)]
    chance.shuffle(order)
    for gold in order:
        yield gold, response(chance.choice(answers[gold]), chance)


def distinct(golds: list[str], *, per_gold: int) -> Iterator[Pair]:
    """Gold answers with responses none of which states an answer again."""
    chance = random.Random(SEED + 1)
    makers = {gold: varied(gold, chance) for gold in golds}
    seen: set[tuple[str, str | None]] = set()
    for _ in range(per_gold):
        for gold, answers in makers.items():
            text = response(next(answers), chance)
            pair = gold, extract.strict(text, "boxed")
            if pair not in seen:
                seen.add(pair)
                yield gold, text


def varied(gold: str, chance: random.Random) -> Iterator[str]:
    """Different answers to a question, without end: about half of them are the gold answer."""
    seen: set[str] = set()
    tries = 0
    while True:
        answer = (respelled if chance.random() < 0.5 and tries < 200 else mistaken)(gold, chance)
        tries = tries + 1 if answer in seen else 0
        if answer not in seen:
            seen.add(answer)
            yield answer


def respelled(gold: str, chance: random.Random) -> str:
    """The gold answer in another form."""
    name = chance.choice("abcdkmnprstxyzABCDNPSTX")
    spaced = gold.replace("+", " + ").replace(",", ", ")
    forms = [
        gold,
        spaced,
        gold.replace("\\frac", "\\dfrac"),
        gold.replace("(", "\\left(").replace(")", "\\right)"),
        f"{name} = {gold}",
        f"{name}_{chance.randrange(1, 9)} = {gold}",
        f"\\text{{{gold}}}" if gold.isdigit() else f"{{{gold}}}",
    ]
    if gold.isdigit():
        number, factor = int(gold), chance.randrange(2, 40)
        forms += [
            f"{number}.{'0' * chance.randrange(1, 4)}",
            f"\\frac{{{number * factor}}}{{{factor}}}",
            f"{number - factor} + {factor}",
            f"\\sqrt{{{number**2}}}",
            f"{number} \\text{{ cm}}",
        ]
    return chance.choice(forms)


def mistaken(gold: str, chance: random.Random) -> str:
    """Another answer that looks like the gold answer."""
    places = [at for at, char in enumerate(gold) if char.isdigit()]
    number = chance.randrange(2, 2000)
    forms = [
        f"{number}",
        f"\\frac{{{number}}}{{{chance.randrange(3, 90)}}}",
        f"{gold} + {number}",
        f"{number} \\sqrt{{{chance.randrange(2, 30)}}}",
    ]
    if places:
        at = chance.choice(places)
        other = chance.choice([d for d in "123456789" if d != gold[at]])
        forms += [gold[:at] + other + gold[at + 1 :]] * 3
    return chance.choice(forms)


WORDS = str.split(
    "we have so then the value of sum product side both equation let consider case is equal "
    "hence because each term number since gives remaining total which"
)


def response(answer: str, chance: random.Random) -> str:
    """Reasoning of some length that ends in a box."""
    is_long = chance.random() < SHARE_LONG
    size = (
        chance.randrange(LONG_CHARS + 1, 4 * LONG_CHARS) if is_long else chance.randrange(200, 2000)
    )
    step = " ".join(chance.choices(WORDS, k=24))
    block = f"{step}, $x_{{{chance.randrange(9)}}} = {chance.randrange(900)}$.\n"
    return block * (size // len(block) + 1) + f"Therefore the result is $\\boxed{{{answer}}}$."


def describe(name: str, pairs: Iterable[Pair]) -> None:
    """Print what a stream is made of."""
    seen: set[tuple[str, str | None]] = set()
    total = long = 0
    for gold, text in pairs:
        total += 1
        long += len(text) > LONG_CHARS
        seen.add((gold, extract.strict(text, "boxed")))
    print(
        f"{name}: {total} responses, {len(seen)} distinct pairs ({len(seen) / total:.1%}), "
        f"{long / total:.0%} past {LONG_CHARS} characters, seed {SEED}"
    )


def tasks(pairs: Iterable[Pair]) -> Iterator[Task]:
    """Pairs as the verifier takes them."""
    for index, (gold, text) in enumerate(pairs):
        problem = Problem(gold, "", gold)
        sample = Sample(problem.id, index, 0, text, None, None, Finish.STOP)
        yield Task(problem, sample, "boxed")


# -- speed


def our_rate(pairs: list[Pair]) -> float:
    """Responses per second, both tiers of each, workers' start included."""
    verifier = MathVerifier(workers=2)
    start = time.perf_counter()
    count = sum(1 for _ in verifier.judge(tasks(pairs)))
    seconds = time.perf_counter() - start
    verifier.close()
    return count / seconds


def their_rate(pairs: list[Pair]) -> float:
    """Responses per second of two processes that are ready when the clock starts."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(verified_plainly, pairs[:8], chunksize=4)
        start = time.perf_counter()
        pool.map(verified_plainly, pairs, chunksize=16)
        return len(pairs) / (time.perf_counter() - start)


def verified_plainly(pair: Pair) -> bool:
    """One response in the plain way."""
    from math_verify import parse, verify

    gold, text = pair
    return bool(verify(parse(f"${gold}$"), parse(text.rpartition("\n")[2])))


def speed(*, quick: bool) -> None:
    """Print rates and their ratios for both streams."""
    golds = [str(row["answer"]) for row in rows_of("math500")]
    if not golds:
        return
    golds = golds[:: 10 if quick else 1]
    repeats, part = (1, 200) if quick else (3, 1000)
    # The streams are made anew each time: the stored verdicts of one run would help the next.
    os.environ["BOUNDARY_CACHE"] = "off"
    makers: dict[str, tuple[Callable[..., Iterator[Pair]], int, float]] = {
        "stream": (stream, PER_GOLD, 10.0),
        "distinct": (distinct, 20, 3.0),
    }
    for name, (maker, per_gold, target) in makers.items():
        pairs = list(maker(golds, per_gold=per_gold))
        describe(name, pairs)
        few = random.Random(SEED).sample(pairs, min(part, len(pairs)))
        rates = [(our_rate(pairs), their_rate(few)) for _ in range(repeats)]
        mine, theirs = (statistics.median(column) for column in zip(*rates, strict=True))
        print(
            f"{name}: boundary {mine:,.0f}/s on all, math-verify {theirs:,.0f}/s on a sample of "
            f"{len(few)}, ratio {mine / theirs:.1f} (target {target:g}), {repeats} repetition(s)"
        )
    cached(golds[:100])


def cached(golds: list[str]) -> None:
    """Print what the verdicts kept across runs bring, where every pair needs math-verify."""
    sums = [(str(6 * i), f"\\boxed{{\\sum_{{k=1}}^{{3}} {i}k}}") for i in range(1, len(golds) + 1)]
    with tempfile.TemporaryDirectory() as place:
        os.environ["BOUNDARY_CACHE"] = place
        first, second = our_rate(sums), our_rate(sums)
    os.environ["BOUNDARY_CACHE"] = "off"
    print(f"cache: {first:,.0f}/s at first, {second:,.0f}/s again, pairs for math-verify only")


# -- memory


def memory(*, quick: bool) -> None:
    """Print the peak of all processes over a million verdicts; half as many responses."""
    golds = [str(row["answer"]) for row in rows_of("math500")]
    if not golds:
        return
    os.environ["BOUNDARY_CACHE"] = "off"
    per_gold = 20 if quick else 2000
    verifier = MathVerifier(workers=2)
    start, count, peak = time.perf_counter(), 0, 0
    # A few pairs for the workers, so that they are there to be measured.
    extra = [("6", r"\boxed{\sum_{k=1}^{3} k}"), ("12", r"\boxed{\sum_{k=1}^{3} 2k}")]
    pairs = (*extra, *distinct(golds, per_gold=1)), distinct(golds, per_gold=per_gold)
    stopped = islice((pair for part in pairs for pair in part), 10_000 if quick else 500_000)
    for verdicts in verifier.judge(tasks(stopped)):
        count += len(verdicts)
        if count % 20_000 < 2:
            peak = max(peak, sum(peak_bytes(pid) for pid in (os.getpid(), *verifier._pool.pids)))
    peak = max(peak, sum(peak_bytes(pid) for pid in (os.getpid(), *verifier._pool.pids)))
    workers = len(verifier._pool.pids)
    verifier.close()
    print(
        f"memory: {count} verdicts in {time.perf_counter() - start:.0f} s, all pairs distinct, "
        f"peaks of this process and {workers} workers together {peak / 2**20:.0f} MiB (target 1024)"
    )


def peak_bytes(pid: int) -> int:
    """The peak of a process's resident memory."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if pid == os.getpid() else 0


# -- fuzz


def fuzz(count: int) -> None:
    """Judge mutated answers against mutated golds: none may break, hang or grow."""
    from tests.verifiers.mutants import mutants

    verifier = MathVerifier(workers=2, limit_s=2.0)
    start = time.perf_counter()
    outcomes: Counter[tuple[str, str]] = Counter()
    for verdicts in verifier.judge(tasks(mutants(count, seed=SEED))):
        outcomes[verdicts[0].outcome.value, verdicts[0].reason] += 1
    verifier.close()
    seconds = time.perf_counter() - start
    print(
        f"fuzz: {outcomes.total()} mutants in {seconds:.0f} s, {peak_bytes(os.getpid()) >> 20} MiB"
    )
    for (outcome, reason), times in outcomes.most_common():
        print(f"  {outcome:10}{reason:16}{times:>8}")


def main() -> None:
    """Run what the options name; accuracy and speed unless told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the streams, once")
    parser.add_argument("--accuracy", action="store_true", help="the labelled pairs only")
    parser.add_argument("--speed", action="store_true", help="the two streams only")
    parser.add_argument("--memory", action="store_true", help="a million verdicts")
    parser.add_argument("--fuzz", type=int, metavar="N", help="this many mutated pairs")
    options = parser.parse_args()
    chosen = options.accuracy or options.speed or options.memory or options.fuzz
    if options.accuracy or not chosen:
        accuracy()
    if options.speed or not chosen:
        speed(quick=options.quick)
    if options.memory:
        memory(quick=options.quick)
    if options.fuzz:
        sys.path.insert(0, str(ROOT))
        fuzz(options.fuzz)


if __name__ == "__main__":
    main()
