"""What benchmarks use from the inside of a build; each build brings its own, as its inside differs.

`load` takes the adapter from the worktree that the process belongs to, not from the one whose benchmarks run. What
it offers stays: `engine` has Case, compiled, direct, entry, functional, open_tier and, in later builds, known_batch;
`cuda` has expression, left_there and open_gpu.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["load"]

HERE = Path(__file__).parents[2]


def load(name: str) -> Any:
    """The adapter of the build that this process belongs to.

    Args:
        name: "engine" or "cuda".
    """
    root = Path(os.environ.get("GRIDGRAD_BENCH_ROOT", HERE))
    file = root / "benchmarks" / "adapters" / f"{name}.py"
    if file.exists():
        return _loaded(name, file)
    from benchmarks.adapters import released

    return getattr(released, name)(root)


def _loaded(name: str, file: Path) -> ModuleType:
    known = f"gridgrad_bench_{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, file)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[known] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known])
    return sys.modules[known]
