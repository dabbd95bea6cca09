"""Arms made of counts, and generators, for the tests of paired statistics."""

import numpy as np

from boundary.records import Counts
from boundary.stats import Arm


def rng(seed=0):
    return np.random.default_rng(seed)


def arm(label, counts, n=8, firsts=None, **more):
    sizes = [n] * len(counts) if isinstance(n, int) else n
    rows = [
        Counts(f"p{i}", size, c, **more)
        for i, (c, size) in enumerate(zip(counts, sizes, strict=True))
    ]
    return Arm(label, rows, firsts)
