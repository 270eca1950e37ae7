"""Both tiers on a GPU: the share of its memory's bandwidth when writing large results, and small grids per second.

Float64, the value and both first partials, warm; medians. The floors are measured in the same run: how fast the
GPU fills as much memory with zeros, and how fast it copies as much to pinned memory of the host.

    PYTHONPATH=core:client:server:worker python -m benchmarks.gpu
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_worker.devices.cuda import CudaDevice
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.compiler import CompiledCode
from gridgrad_worker.engines.cuda.start import open_cuda_tier
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, LinspaceValues, Subgrid, Tile

__all__ = ["main"]

WORKLOADS = Path(__file__).parents[1] / "tests" / "workloads"
NAMES = ("bilinear_quadratic", "black_scholes_call", "nitrogen_helmholtz")
WANTED = ((), (0,), (1,))
PLANES = len(WANTED)
SIDE = 8192
SMALL_SIDE = 32
BATCH = 256
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
            raise SystemExit(f"not compiled: {tier.state(key).why or 'too slow'}")
        time.sleep(0.01)
    return engine


def timed(call: Callable[..., object], *arguments: object, rounds: int = 9) -> float:
    """The median of the seconds that a call takes until the GPU is done."""
    times = []
    for _ in range(rounds + 2):
        torch.cuda.synchronize()
        started_at = time.perf_counter()
        call(*arguments)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - started_at)
    return statistics.median(times[2:])


def large(expressions: Sequence[Expression], device: CudaDevice) -> None:
    """Prints how fast results of 8192² are computed, and brought to the host."""
    memory = np.zeros((PLANES, SIDE * SIDE))
    device.pin(memory.reshape(-1).view(np.uint8))
    fill_s, copy_s = _floors(memory, device)
    gigabytes = memory.nbytes / 1e9
    print(
        f"\n{PLANES} planes of {SIDE}²: zeros at {gigabytes / fill_s:.0f} GB/s, "
        f"copied at {gigabytes / copy_s:.1f} GB/s\n"
    )
    print("| | tier | computed ms | GB/s | share of memory bandwidth | on the host ms | share of the copy's |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for each in expressions:
        tile = each.tile(SIDE)
        for name, engine in each.tiers.items():
            with mock.patch.object(device.transfers, "send"):  # computed, and left there
                there_s = timed(engine.compute, [tile], [memory])
            here_s = timed(engine.compute, [tile], [memory])
            cells = [each.name, name, f"{there_s * 1e3:.2f}", f"{gigabytes / there_s:.0f}", f"{fill_s / there_s:.2f}"]
            cells += [f"{here_s * 1e3:.1f}", f"{copy_s / here_s:.2f}"]
            print("|", " | ".join(cells), "|", flush=True)


def _floors(memory: NDArray[np.float64], device: CudaDevice) -> tuple[float, float]:
    """Seconds to fill as much memory of the GPU, and to copy it to the host."""
    there, here = torch.empty(memory.shape, dtype=torch.float64, device=device.torch_device), torch.from_numpy(memory)
    return timed(there.zero_), timed(here.copy_, there, True)


def small(expressions: Sequence[Expression]) -> None:
    """Prints how fast grids of 32² are computed, alone and together, each on the host at the end."""
    print(f"\n| | tier | one {SMALL_SIDE}² µs | {BATCH} together ms | grids/s | one of {SMALL_SIDE * 16}² ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for each in expressions:
        tiles = [each.tile(SMALL_SIDE, 0.001 * n) for n in range(BATCH)]
        outs = list(np.zeros((BATCH, PLANES, SMALL_SIDE * SMALL_SIDE)))
        single, single_out = each.tile(SMALL_SIDE * 16), np.zeros((PLANES, (SMALL_SIDE * 16) ** 2))
        for name, engine in each.tiers.items():
            one_s = timed(Alternating(engine, tiles, outs), rounds=51)
            batch_s = timed(engine.compute, tiles, outs)
            single_s = timed(engine.compute, [single], [single_out])
            cells = [each.name, name, f"{one_s * 1e6:.0f}", f"{batch_s * 1e3:.2f}", f"{BATCH / batch_s:.0f}"]
            print("|", " | ".join([*cells, f"{single_s * 1e3:.2f}"]), "|", flush=True)


class Alternating:
    """Computes one tile at a time, not the one before, since an engine may keep what it knows of that."""

    def __init__(self, engine: CompiledCode, tiles: Sequence[Tile], outs: Sequence[NDArray[np.float64]]) -> None:
        self._engine = engine
        self._turns = itertools.cycle(zip(tiles, outs, strict=True))

    def __call__(self) -> None:
        tile, out = next(self._turns)
        self._engine.compute([tile], [out])


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the tables of `RESULTS.md`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=int, default=0, help="which GPU")
    options = parser.parse_args(arguments)
    if not torch.cuda.is_available():
        sys.exit("there is no GPU that this torch can use")
    device = open_device(f"cuda:{options.device}", 2)
    assert isinstance(device, CudaDevice)
    print(f"{torch.cuda.get_device_name(device.torch_device)}, torch {torch.__version__}, CUDA {torch.version.cuda}")
    expressions = [expression(name, device) for name in NAMES]
    print("compiled and checked in", ", ".join(f"{each.name} {each.compile_s:.1f} s" for each in expressions))
    large(expressions, device)
    small(expressions)


if __name__ == "__main__":
    main()
