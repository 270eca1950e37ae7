"""The adapters of 0.1, whose benchmarks had them elsewhere."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from benchmarks import adapters

__all__ = ["cuda", "engine"]

KEPT_BYTES = 1 << 28


def engine(root: Path) -> Any:
    """The engines on a processor."""
    importlib.import_module("gridgrad.heap").keep_freed_memory(KEPT_BYTES)  # as a worker does, before torch starts
    importlib.import_module("gridgrad_worker.process").spin_briefly()
    tier = importlib.import_module("gridgrad_worker.compiled.tier")
    sides = adapters._loaded("engine_0_1", root / "benchmarks" / "engine_sides.py")
    names = ("Case", "compiled", "direct", "entry", "functional")
    return SimpleNamespace(
        **{name: getattr(sides, name) for name in names},
        open_tier=lambda folder: tier.CompiledTier(tier.Settings(root=folder)),
    )


def cuda(root: Path) -> Any:
    """Both tiers on a GPU."""
    sides = adapters._loaded("cuda_0_1", root / "benchmarks" / "gpu.py")
    return SimpleNamespace(
        expression=sides.expression,
        left_there=lambda device: mock.patch.object(device.outbox, "send"),
        open_gpu=lambda number: sides.open_device(f"cuda:{number}", 2),
    )
