from __future__ import annotations

import os
from pathlib import Path

import pytest

from gridgrad_server.config import device_choice as devices
from gridgrad_server.config.device_choice import NoDeviceError, assign, count_gpus, threads_for
from gridgrad_server.config.settings import ServerSettings


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    for name in ("nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(("visible", "count"), [(None, 2), ("", 0), ("-1", 0), ("1", 1), ("0,1", 2), ("0,-1,1", 1)])
def test_gpus_are_counted_as_cuda_would(nodes: Path, visible: str | None, count: int) -> None:
    environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert count_gpus(environment, nodes) == count


def test_no_nodes_no_gpus(tmp_path: Path) -> None:
    assert count_gpus({"CUDA_VISIBLE_DEVICES": "0"}, tmp_path) == 0


@pytest.mark.parametrize(
    ("gpus", "flags", "expected"),
    [
        (0, {}, ["cpu"]),
        (2, {}, ["cuda:0", "cuda:1"]),
        (2, {"workers": 3}, ["cuda:0", "cuda:1", "cuda:0"]),
        (2, {"workers": 1}, ["cuda:0"]),
        (2, {"device": "cpu", "workers": 2}, ["cpu", "cpu"]),
    ],
)
def test_workers_get_devices(
    monkeypatch: pytest.MonkeyPatch, gpus: int, flags: dict[str, object], expected: list[str]
) -> None:
    monkeypatch.setattr(devices, "count_gpus", lambda: gpus)
    settings = ServerSettings(**flags)
    assert assign(settings, settings.workers) == expected


def test_cuda_without_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "count_gpus", lambda: 0)
    with pytest.raises(NoDeviceError, match="--device cpu"):
        assign(ServerSettings(device="cuda"), None)


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({}, 64),
        ({"cpu.max": "max 100000\n"}, 64),
        ({"cpu.max": "250000 100000\n"}, 2),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 64),
    ],
)
def test_threads_follow_affinity_and_the_containers_limit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, str], processors: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert threads_for(1, tmp_path) == processors
    assert threads_for(2, tmp_path) == max(1, processors // 2)
