"""Seeds and uniform numbers of the parts of one sample, all from the sample's own seed."""

import hashlib


def seed_of_part(seed: int, *part: object) -> int:
    """The seed of one part of a sample, below 2 ** 63: blake2b of the sample's and the part."""
    key = "\0".join(map(str, (seed, *part))).encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") >> 1


def uniform_of_part(seed: int, *part: object) -> float:
    """A uniform number in [0, 1) for one part of a sample."""
    return (seed_of_part(seed, *part) >> 10) * 2.0**-53
