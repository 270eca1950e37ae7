"""An expression in both tiers of a simulated GPU, its kernels emulated."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.cuda.cuda_engine import CudaEngine
from gridgrad_worker.engines.cuda.source import write_source
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, LinspaceValues, Subgrid, Tile
from tests.worker.engines.cuda.emulated import compile_with_gcc, load_emulated
from tests.worker.engines.cuda.simulated import SimulatedDevice, make_schedule

Array = NDArray[np.floating]
Dims = Mapping[str, tuple[int, ...]]

__all__ = ["AXES", "TEXT", "WANTED", "Both", "request"]

TEXT = """
p = a*x*y + x**2*exp(-y) + cosh(x*y)
p + sinc(x - y) + where(x > y and x < 2*a, x, 2) + (x*y) % 0.7 - (x > 1) + y**-2.5
"""
AXES: Dims = {"x": (0,), "y": (1,), "a": ()}
WANTED = [(), (0,), (1,), (0, 1), (2, 2)]


class Both:
    """An expression in the direct tier and in kernels.

    Args:
        cpu: for the direct tier.
        text: of the expression.
        inputs: the dims of each input.
        ndim: of the grid.
        wanted: derivatives.
        dtype: computed in.
        schedule: of the simulated device.
    """

    def __init__(
        self,
        cpu: CpuDevice,
        text: str,
        inputs: Dims,
        ndim: int,
        wanted: Sequence[tuple[int, ...]],
        dtype: str = "float64",
        schedule: str = "late",
    ) -> None:
        kind = getattr(torch, dtype)
        self.program = parse(text, list(inputs))
        self.direct = StructuredEngine(self.program, inputs, ndim, wanted, kind, cpu, separating=False)
        self.source = write_source(self.direct.plan, len(inputs), kind)
        self.device = SimulatedDevice(make_schedule(schedule))
        self._dtype = dtype
        with tempfile.TemporaryDirectory() as folder:
            code = compile_with_gcc(self.source.text, Path(folder))
            run = load_emulated(code, self.source.names, self.device)
        self.kernels = CudaEngine(self.direct.plan, self.source, run, len(inputs), kind, self.device)

    def compare(self, tiles: Sequence[Tile], tolerance: float) -> list[Array]:
        """Computes tiles with both, and returns the results of the kernels."""
        planes = len(self.direct.plan.outputs)
        want, got = ([np.full((planes, p.subgrid.points), 12345.0, self._dtype) for p in tiles] for _ in range(2))
        self.direct.compute(tiles, want)
        with self.device.running():
            self.kernels.compute(tiles, got)
        for ours, theirs in zip(got, want, strict=True):
            for plane, right in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(plane, right, rtol=tolerance, atol=tolerance)
        return got


def request(n: int, m: int, seed: int = 0) -> Tile:
    random = np.random.default_rng(seed)
    y = LinspaceValues(0.3, 1.7, m, 1, 2) if seed % 2 else ArrayValues(random.uniform(0.1, 2.0, m), (1,), 2)
    values: tuple[InputValues, ...] = (
        ArrayValues(random.uniform(0.1, 2.0, n), (0,), 2),
        y,
        ArrayValues(np.array(0.5), (), 2),
    )
    return Tile(values, Subgrid((0, 0), (n, m)))
