"""What there is to compute on, found without torch: GPUs, processors, and a container's share of them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from gridgrad_server.config.settings import ServerSettings

__all__ = ["NoDeviceError", "assign", "count_gpus", "threads_for"]


class NoDeviceError(ValueError):
    """What was asked for is not there. The operator's fault; the message says what to say instead."""


def assign(settings: ServerSettings, workers: int | None) -> list[str]:
    """The device of each worker of this machine, such as "cuda:0".

    Args:
        settings: say on what to compute.
        workers: how many there should be; none or 0 for one on each GPU, else one.

    Raises:
        NoDeviceError: CUDA was asked for and there is none.
    """
    gpus = 0 if settings.device == "cpu" else count_gpus()
    if settings.device == "cuda" and not gpus:
        raise NoDeviceError("--device cuda, but no NVIDIA GPU is visible here: use --device cpu, or give it a GPU")
    count = workers or gpus or 1
    return [f"cuda:{i % gpus}" for i in range(count)] if gpus else ["cpu"] * count


def count_gpus(environment: Mapping[str, str] = os.environ, devices: Path = Path("/dev")) -> int:
    """How many NVIDIA GPUs CUDA will show: the device nodes, or fewer when CUDA_VISIBLE_DEVICES lists some."""
    nodes = sum(bool(re.fullmatch(r"nvidia\d+", node.name)) for node in devices.iterdir())
    visible = environment.get("CUDA_VISIBLE_DEVICES")
    if visible is None or not nodes:
        return nodes
    listed = [part.strip() for part in visible.split(",")]
    return next((i for i, part in enumerate(listed) if part in ("", "-1")), len(listed))


def threads_for(workers: int, root: Path = Path("/sys/fs/cgroup")) -> int:
    """How many threads each worker may use: its share of the processors that this process may run on."""
    processors = float(len(os.sched_getaffinity(0)))
    quota = _quota(root)
    return max(1, int(min(processors, quota or processors) / workers))


def _quota(root: Path) -> float | None:
    """The container's limit in processors: cpu.max of cgroup v2, or the quota of v1."""
    unified = _words(root / "cpu.max")
    if len(unified) == 2:
        return _share(*unified)
    quota, period = _words(root / "cpu/cpu.cfs_quota_us"), _words(root / "cpu/cpu.cfs_period_us")
    return _share(quota[0], period[0]) if quota and period else None


def _share(quota: str, period: str) -> float | None:
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
