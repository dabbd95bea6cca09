"""GPUs are counted and split without CUDA; a made-up nvidia-smi stands in for the driver."""

from pathlib import Path
from typing import Any

import pytest

from boundary.config import ArmSettings
from boundary.engines import gpus, replica_count
from boundary.errors import EngineError

FOUR = "".join(
    f"GPU {i}: NVIDIA H200 (UUID: GPU-{i})\n  MIG 1g.18gb Device 0: …\n" for i in range(4)
)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A machine whose driver says this, and an environment that lists those GPUs."""

    def pretend(told: str | None, listed: str | None = None, status: int = 0) -> None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        if listed is not None:
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
        monkeypatch.setattr(gpus, "_DRIVER", tmp_path / "none")
        monkeypatch.setenv("PATH", str(tmp_path))
        if told is not None:
            tool = tmp_path / "nvidia-smi"
            tool.write_text(f"#!/bin/sh\nexec /bin/cat <<'END' && exit {status}\n{told}END\n")
            if status:
                tool.write_text(f"#!/bin/sh\nexit {status}\n")
            tool.chmod(0o755)

    return pretend


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (None, ("0", "1", "2", "3")),
        ("2,3", ("2", "3")),
        (" GPU-1 , GPU-0", ("GPU-1", "GPU-0")),
        ("", ()),
        ("0,-1,2", ("0",)),
    ],
)
def test_gpus_are_those_that_cuda_would_show(
    machine: Any, listed: str | None, expected: tuple[str, ...]
) -> None:
    machine(FOUR, listed)
    assert gpus.visible() == expected


def test_a_list_on_a_machine_without_a_gpu_names_nothing(machine: Any) -> None:
    machine(None, "0,1")
    assert gpus.visible() == ()
    machine(FOUR, "0,1", status=9)
    assert gpus.visible() == ()


def test_the_driver_is_asked_where_its_tool_is_missing(
    machine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(None)
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / "driver" / name).mkdir(parents=True)
    monkeypatch.setattr(gpus, "_DRIVER", tmp_path / "driver")
    assert gpus.visible() == ("0", "1")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("0", "1", "2", "3")),
        ({"tensor_parallel_size": 2}, ("0,1", "2,3")),
        ({"tensor_parallel_size": 3}, ("0,1,2",)),
        ({"tensor_parallel_size": 2, "pipeline_parallel_size": 2}, ("0,1,2,3",)),
        ({"tensor_parallel_size": 8}, ()),
    ],
)
def test_groups_hold_one_model_each(
    machine: Any, options: dict[str, int], expected: tuple[str, ...]
) -> None:
    machine(FOUR)
    assert gpus.groups(options) == expected


def test_auto_is_one_process_for_each_group(machine: Any) -> None:
    machine(FOUR)
    pair = ArmSettings(model="zoo/base", engine_args={"tensor_parallel_size": 2})
    assert replica_count("auto", pair) == 2
    assert replica_count("auto", ArmSettings(model="zoo/base")) == 4
    assert replica_count("auto", ArmSettings(model="fake/p=0.5")) == 1
    assert replica_count(3, pair) == replica_count("3", pair) == 3
    machine(FOUR, "")
    assert replica_count("auto", pair) == 1


@pytest.mark.parametrize("asked", [0, -1, "many", "1.5"])
def test_other_counts_are_refused(asked: int | str) -> None:
    with pytest.raises(EngineError, match=r"no engine has .* replicas: give auto, or 1 or more"):
        replica_count(asked, ArmSettings(model="zoo/base"))


def test_each_replica_has_gpus_of_its_own_as_far_as_they_go(machine: Any) -> None:
    machine(FOUR, "3,2,1")
    found = gpus.environments(2, {})
    assert found == [{"CUDA_VISIBLE_DEVICES": "3"}, {"CUDA_VISIBLE_DEVICES": "2"}]
    shared = [e["CUDA_VISIBLE_DEVICES"] for e in gpus.environments(4, {})]
    assert shared == ["3", "2", "1", "3"]


def test_without_gpus_the_cores_are_shared(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(None)
    monkeypatch.setattr(gpus, "_cores", lambda: 9)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert gpus.environments(2, {}) == [{"OMP_NUM_THREADS": "4"}] * 2
    assert gpus.environments(20, {})[0] == {"OMP_NUM_THREADS": "1"}
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert gpus.environments(2, {})[0] == {"OMP_NUM_THREADS": "7"}
