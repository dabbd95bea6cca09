"""Sums over a run's ledgers, read back from what its sampler wrote."""

from pathlib import Path

import pytest

from boundary import sample
from boundary.records import Ledger, Move
from boundary.store import Run
from boundary.store.ledger import read_ledgers
from tests import runs


def ledger(index: int, generated: int, *, accepted: bool = True, cached: int | None = 3) -> Ledger:
    moves = (
        Move(1, 0, 0, 0, 4, 4, None, None, accepted=True),
        Move(1, 1, 1, 4, generated - 3, generated - 4, -0.5, -0.5 + 1e-9, accepted=accepted),
    )
    return Ledger(
        "p-0",
        index,
        requests=2,
        generated=generated,
        extended=4,
        accepted=(generated - 4) * accepted,
        rejected=(generated - 4) * (not accepted),
        passes=generated,
        prefilled=9,
        cached=cached,
        tail=1e-8 * index,
        block_steps=(1,),
        block_accepted=(int(accepted),),
        moves=moves,
    )


def stage_run(results: Path) -> Run:
    return sample.run(runs.job(results, n=2))


def test_a_run_that_keeps_all_it_draws_has_none(tmp_path: Path) -> None:
    assert read_ledgers(stage_run(tmp_path)) is None


def test_what_was_written_is_summed(tmp_path: Path) -> None:
    run = stage_run(tmp_path)
    writer = run.ledger_writer()
    writer.hold(ledger(0, 10), ledger(1, 20, accepted=False))
    writer.flush()
    found = read_ledgers(run)
    assert found
    assert (found.n, found.requests, found.generated, found.extended) == (2, 4, 30, 8)
    assert (found.accepted, found.rejected, found.prefilled, found.cached) == (6, 16, 18, 6)
    assert found.per_answer == 15
    assert found.acceptance == 0.5
    assert found.gap == pytest.approx(1e-9, rel=1e-3)
    assert found.tail == 1e-8
    assert (found.block_steps.tolist(), found.block_accepted.tolist()) == ([2], [1])


def test_of_an_answer_drawn_twice_the_last_counts(tmp_path: Path) -> None:
    run = stage_run(tmp_path)
    for generated in (10, 30):
        writer = run.ledger_writer()
        writer.hold(ledger(0, generated, cached=None))
        writer.flush()
    found = read_ledgers(run)
    assert found
    assert (found.n, found.generated, found.cached) == (1, 30, None)


def test_a_damaged_ledger_is_set_aside_and_harms_no_sample(tmp_path: Path) -> None:
    run = stage_run(tmp_path)
    writer = run.ledger_writer()
    writer.hold(ledger(0, 10))
    writer.flush()
    (part,) = Path(run.folder.base).glob("ledger/*.parquet")
    part.write_bytes(part.read_bytes()[:-9])
    before = runs.parts(Path(run.folder.base))
    assert run.mend(deep=False) == [f"{part.name}.damaged"]
    assert read_ledgers(run) is None
    assert runs.parts(Path(run.folder.base)) == before
