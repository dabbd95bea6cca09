"""What a program's threads do, told from their states."""

import pytest

from boundary.sandbox.watch import Kin, is_asleep

SERVER = 1

FIRST = (10, SERVER)
CHILD, SISTER, GRANDCHILD = (11, 10), (12, 10), (13, 11)


@pytest.mark.parametrize(
    ("states", "asleep"),
    [
        ({}, True),
        ({FIRST: "S"}, True),
        ({FIRST: "R"}, False),
        ({FIRST: "T"}, True),
        ({FIRST: "SR"}, False),
        # It waits for the disk.
        ({FIRST: "D"}, False),
        ({FIRST: "S", CHILD: "D"}, False),
        ({FIRST: "D", CHILD: "D"}, False),
        # It may wait for another that sleeps.
        ({FIRST: "D", CHILD: "S"}, True),
        ({FIRST: "D", CHILD: "T"}, True),
        ({FIRST: "DS"}, True),
        ({FIRST: "D", CHILD: "D", GRANDCHILD: "S"}, True),
        ({FIRST: "S", CHILD: "D", SISTER: "S"}, True),
        # That one has something to do.
        ({FIRST: "D", CHILD: "R"}, False),
        ({FIRST: "D", CHILD: "D", GRANDCHILD: "R"}, False),
    ],
)
def test_who_is_asleep(states: dict[tuple[int, int], str], asleep: bool) -> None:
    kin = [Kin(*who, state) for who, all_of_it in states.items() for state in all_of_it]
    assert is_asleep(kin, SERVER) == asleep
