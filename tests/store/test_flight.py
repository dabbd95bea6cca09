"""Snapshots of what is in flight: each holds only with the part that was written beside it."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from boundary.records import Prefix
from boundary.store.files import Folder
from boundary.store.flight import FlightLog, read_flight


def prefix(index: int, length: int, problem: str = "p") -> Prefix:
    return Prefix(problem, index, tuple(range(length)), -0.25 * length, -0.5 * length)


def lengths(folder: Path, parts: Iterable[str] = ()) -> dict[tuple[str, int], int]:
    found = read_flight(Folder.at(folder), [*parts])
    return {key: len(p.token_ids) for key, p in found.items()}


def test_a_prefix_comes_back_as_it_was(tmp_path: Path) -> None:
    told = [prefix(0, 3), Prefix("q", 7, ()), Prefix("q", 8, (5,), None, None)]
    FlightLog(Folder.at(tmp_path)).save(told, "")
    found = read_flight(Folder.at(tmp_path), [])
    assert found.keys() == {("p", 0), ("q", 7), ("q", 8)}
    for one in told:
        back = found[one.problem_id, one.index]
        assert (tuple(back.token_ids), back.logprob, back.draw_logprob) == (
            tuple(one.token_ids),
            one.logprob,
            one.draw_logprob,
        )


def test_nothing_in_flight_is_no_file(tmp_path: Path) -> None:
    log = FlightLog(Folder.at(tmp_path))
    log.save([], "")
    assert not any(tmp_path.iterdir())
    assert read_flight(Folder.at(tmp_path / "none"), []) == {}
    # Once there was something, that there is no more must be told.
    log.save([prefix(0, 1)], "")
    log.save([], "a")
    assert lengths(tmp_path) == {("p", 0): 1}
    assert lengths(tmp_path, ["a"]) == {}


def test_a_snapshot_whose_part_is_missing_is_passed_over_for_the_one_before(
    tmp_path: Path,
) -> None:
    log = FlightLog(Folder.at(tmp_path))
    log.save([prefix(0, 1), prefix(1, 5)], "a")
    log.save([prefix(0, 9)], "b")
    assert lengths(tmp_path, ["a", "b"]) == {("p", 0): 9}
    assert lengths(tmp_path, ["a"]) == {("p", 0): 1, ("p", 1): 5}
    assert lengths(tmp_path, []) == {}


@pytest.mark.parametrize("place", [0.3, 0.6, -6])
def test_a_damaged_snapshot_is_passed_over_for_the_one_before(place: float, tmp_path: Path) -> None:
    log = FlightLog(Folder.at(tmp_path))
    log.save([prefix(i, 40) for i in range(20)], "")
    log.save([prefix(i, 60) for i in range(20)], "")
    _, last = sorted(tmp_path.iterdir())
    data = bytearray(last.read_bytes())
    data[int(place * len(data)) if 0 < place < 1 else int(place)] ^= 0xFF
    last.write_bytes(data)
    assert set(lengths(tmp_path).values()) == {40}


def test_a_half_written_snapshot_is_not_one(tmp_path: Path) -> None:
    FlightLog(Folder.at(tmp_path)).save([prefix(0, 1)], "")
    (only,) = tmp_path.iterdir()
    later = only.name.replace("000001", "000002")
    (tmp_path / f"{later}.77.tmp").write_bytes(only.read_bytes()[:50])
    assert lengths(tmp_path) == {("p", 0): 1}


def test_the_last_two_snapshots_are_kept(tmp_path: Path) -> None:
    log = FlightLog(Folder.at(tmp_path))
    for length in range(1, 6):
        log.save([prefix(0, length)], "")
    assert len(list(tmp_path.iterdir())) == 2
    assert lengths(tmp_path) == {("p", 0): 5}


def test_sessions_are_merged_and_the_newest_has_the_last_word(tmp_path: Path) -> None:
    """Whatever the order of their last words: a session that began later took over."""
    old, new = FlightLog(Folder.at(tmp_path)), FlightLog(Folder.at(tmp_path))
    new.save([prefix(1, 20), prefix(2, 5)], "")
    old.save([prefix(0, 1), prefix(1, 10)], "")
    assert lengths(tmp_path) == {("p", 0): 1, ("p", 1): 20, ("p", 2): 5}


def test_a_session_whose_part_is_missing_does_not_hide_the_one_before(tmp_path: Path) -> None:
    folder = Folder.at(tmp_path)
    FlightLog(folder).save([prefix(0, 7)], "a")
    FlightLog(folder).save([], "")
    FlightLog(folder).save([prefix(0, 9)], "b")
    assert lengths(tmp_path, ["a"]) == {("p", 0): 7}


def test_each_session_clears_its_own_and_one_that_takes_over_the_others(tmp_path: Path) -> None:
    folder = Folder.at(tmp_path)
    one, other = FlightLog(folder), FlightLog(folder)
    one.save([prefix(0, 1)], "")
    other.save([prefix(1, 2)], "")
    one.clear(all_sessions=False)
    assert lengths(tmp_path) == {("p", 1): 2}
    one.save([prefix(0, 3)], "")
    one.clear_others()
    assert lengths(tmp_path) == {("p", 0): 3}
    other.save([prefix(1, 4)], "")
    one.clear(all_sessions=True)
    assert not any(tmp_path.iterdir())


def test_a_sampler_s_state_comes_back_byte_by_byte(tmp_path: Path) -> None:
    state = bytes(range(256))
    FlightLog(Folder.at(tmp_path)).save([Prefix("p", 0, (), state=state), prefix(1, 3)], "")
    found = read_flight(Folder.at(tmp_path), [])
    assert found["p", 0].state == state
    assert found["p", 0].is_begun
    assert found["p", 1].state is None
    assert not Prefix("p", 2, ()).is_begun
