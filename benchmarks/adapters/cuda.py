"""Both tiers of this build on a GPU, made as a worker makes them."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import torch

from gridgrad_worker.devices.cuda import CudaDevice
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.compiler import CompiledCode
from gridgrad_worker.engines.cuda.start import open_cuda_tier
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, LinspaceValues, Subgrid, Tile

__all__ = ["Expression", "expression", "left_there", "open_gpu"]

WORKLOADS = Path(__file__).parents[2] / "tests" / "workloads"
WANTED = ((), (0,), (1,))
COMPILE_TIMEOUT_S = 120.0


class Expression(NamedTuple):
    """A workload on the GPU.

    Args:
        name: of its file.
        job: what is computed.
        values: the parameters that are no axes.
        spans: where the axes begin and end.
        tiers: by name.
        compile_s: how long it took until the kernels were in use.
    """

    name: str
    job: CompileJob
    values: dict[str, float]
    spans: tuple[tuple[float, float], ...]
    tiers: dict[str, CompiledCode]
    compile_s: float

    def tile(self, side: int, shift: float = 0.0) -> Tile:
        """A grid of side² points."""
        axes: list[InputValues] = [
            LinspaceValues(start + shift, stop, side, dim, 2) for dim, (start, stop) in enumerate(self.spans)
        ]
        scalars = [ArrayValues(np.array(value), (), 2) for value in self.values.values()]
        return Tile((*axes, *scalars), Subgrid((0, 0), (side, side)))


def expression(name: str, device: CudaDevice) -> Expression:
    """A workload, its kernels compiled."""
    content = json.loads((WORKLOADS / f"{name}.json").read_text())
    spans = tuple((axis.get("start", 1.0), axis.get("stop", 4.0)) for axis in content["axes"].values())
    values = {key: float(value) for key, value in content.get("parameters", {}).items()}
    names = (*content["axes"], *values)
    dims = ((0,), (1,), *[()] * len(values))
    job = CompileJob(content["expression"], names, dims, 2, WANTED, "float64", device.name)
    direct = StructuredEngine(job.program(), job.inputs, 2, WANTED, torch.float64, device)
    started_at = time.perf_counter()
    compiled = _compiled(job, direct, device)
    return Expression(
        name, job, values, spans, {"direct": direct, "compiled": compiled}, time.perf_counter() - started_at
    )


def _compiled(job: CompileJob, direct: StructuredEngine, device: CudaDevice) -> CompiledCode:
    tier = open_cuda_tier(device)
    key = tier.add(job, direct)
    tier.prepare(key)
    end_at = time.monotonic() + COMPILE_TIMEOUT_S
    while (engine := tier.lookup(key)) is None:
        if not tier.is_busy or time.monotonic() > end_at:
            raise RuntimeError(f"not compiled: {tier.state(key).why or 'too slow'}")
        time.sleep(0.01)
    return engine


def open_gpu(number: int) -> CudaDevice:
    """A GPU as a worker opens it.

    Raises:
        RuntimeError: there is none that this torch can use.
    """
    if not torch.cuda.is_available():
        raise RuntimeError("there is no GPU that this torch can use")
    device = open_device(f"cuda:{number}", 2)
    assert isinstance(device, CudaDevice)
    return device


def left_there(device: CudaDevice) -> AbstractContextManager[object]:
    """Inside it, results stay on the GPU."""
    return mock.patch.object(device.transfers, "send")
