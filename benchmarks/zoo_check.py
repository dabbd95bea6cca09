"""Draw some of the zoo's stored counts again, and say whether they hold.

Twenty problems, chosen by the commit's hash, are drawn anew from all three shipped checkpoints at
the stored n and decoding, with the stored seeds: a count may differ only as far as another
machine's rounding changes an answer. Each must lie in the central 99.9 % of what the stored count
allows (a beta-binomial law, Jeffreys prior), and the weights must be those that were measured.

    python benchmarks/zoo_check.py [--problems 20]
"""

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from scipy.stats import betabinom

from boundary import engines, sample, suites
from boundary.config import ArmSettings
from boundary.store import count_run
from boundary.store.files import Folder

REFERENCE = Path(__file__).parent.parent / "boundary" / "zoo" / "reference"
LEVEL = 0.999


def chosen(ids: list[str], count: int) -> list[str]:
    """Problems picked by the commit's hash, in the suite's order."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    picked = set(random.Random(head.stdout.strip()).sample(ids, count))
    print(f"commit {head.stdout.strip()[:12]}: {count} of {len(ids)} problems")
    return [key for key in ids if key in picked]


def allowed(n: int, c: int) -> tuple[int, int]:
    """The central 99.9 % of a new count, given c of n before."""
    law = betabinom(n, c + 0.5, n - c + 0.5)
    return int(law.ppf((1 - LEVEL) / 2)), int(law.ppf((1 + LEVEL) / 2))


def drawn_again(identity: dict[str, object], keys: list[str], n: int) -> dict[str, int]:
    """Correct counts of the chosen problems, by the stored settings and seeds."""
    suite = suites.load("dial")
    subset = tuple(p for p in suite.problems if p.id in set(keys))
    arm = ArmSettings(
        model=identity["model_id"],
        temperature=identity["temperature"],
        top_p=identity["top_p"],
        max_tokens=identity["max_tokens"],
    )
    with tempfile.TemporaryDirectory() as place:
        part = replace(suite, problems=subset)
        job = sample.Job(arm, part, n, Folder.at(place), seed=identity["seed"])
        counts = count_run(sample.run(job)).counts
    return {count.problem_id: count.correct for count in counts}


def check(arm: str, manifest: dict[str, object], stored: dict[str, dict[str, str]], keys) -> int:
    """Compare one checkpoint's counts; returns how many lie outside."""
    identity = manifest["identity"]
    found = engines.identify(identity["model_id"])
    if found.digest != identity["model_digest"]:
        print(f"{arm}: the weights are {found.digest}, measured were {identity['model_digest']}")
        return len(keys)
    n = int(stored[keys[0]]["n"])
    again = drawn_again(identity, keys, n)
    outside, equal = 0, 0
    for key in keys:
        before = int(stored[key]["c"])
        low, high = allowed(n, before)
        equal += again[key] == before
        if not low <= again[key] <= high:
            outside += 1
            print(f"{arm} {key}: {again[key]} of {n}, stored {before} allows {low} to {high}")
    print(f"{arm}: {len(keys) - outside} of {len(keys)} within, {equal} the same")
    return outside


def main() -> None:
    """Check every checkpoint; exit 1 when a count lies outside."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=int, default=20)
    options = parser.parse_args()
    with (REFERENCE / "counts.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    manifests = json.loads((REFERENCE / "manifests.json").read_text(encoding="utf-8"))
    keys = chosen(list(dict.fromkeys(row["problem_id"] for row in rows)), options.problems)
    outside = 0
    for arm, manifest in manifests.items():
        stored = {row["problem_id"]: row for row in rows if row["model"] == arm}
        outside += check(arm, manifest, stored, keys)
    sys.exit(1 if outside else 0)


if __name__ == "__main__":
    main()
