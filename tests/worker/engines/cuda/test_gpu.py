"""On a real GPU: both tiers against the processor, memory, pinned slots, and what happens when the device is lost."""

from __future__ import annotations

import mmap
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.cuda import CudaDevice
from gridgrad_worker.devices.device import Device
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.compiler import CompiledCode
from gridgrad_worker.engines.cuda.start import open_cuda_tier
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile, subgrids
from gridgrad_worker.native.library_functions import VALUES as LIBRARY_VALUES
from tests.worker.driving import start

pytestmark = pytest.mark.gpu

Array = NDArray[np.floating]
Dims = Mapping[str, tuple[int, ...]]

COMPILED_WITHIN_S = 120.0
TEXT = "a*x*y + x**2*exp(-y) + cosh(x*y) + sinc(x - y) + hypot(x, y)**1.3 + where(x > y, x, 2) + x/3 + lgamma(x)"
JOB = CompileJob(TEXT, ("x", "y", "a"), ((0,), (1,), ()), 2, ((), (0,), (1,), (0, 1), (2, 2)), "float64", "cuda:0")
TIERS = ("direct", "compiled")


class Tiers(NamedTuple):
    """An expression on the processor and in both tiers on the GPU."""

    cpu: StructuredEngine
    direct: CompiledCode
    compiled: CompiledCode


@pytest.fixture(scope="module")
def gpu() -> CudaDevice:
    device = open_device("cuda:0", 1)
    assert isinstance(device, CudaDevice)
    return device


def engine_on(device: Device, job: CompileJob, *, separating: bool | None = None) -> StructuredEngine:
    program, kind = job.program(), job.torch_dtype
    return StructuredEngine(program, job.inputs, job.ndim, job.wanted, kind, device, separating=separating)


def all_of(job: CompileJob, cpu: CpuDevice, gpu: CudaDevice) -> Tiers:
    direct = engine_on(gpu, job)
    tier = open_cuda_tier(gpu)
    key = tier.add(job, direct)
    tier.prepare(key)
    end = time.monotonic() + COMPILED_WITHIN_S
    while tier.is_busy and time.monotonic() < end:
        tier.poll()
        time.sleep(0.01)
    compiled = tier.lookup(key)
    assert compiled is not None, tier.state(key)
    return Tiers(engine_on(cpu, job, separating=False), direct, compiled)


@pytest.fixture(scope="module", params=["float64", "float32"])
def job(request: pytest.FixtureRequest) -> CompileJob:
    return JOB._replace(dtype=request.param)


@pytest.fixture(scope="module")
def tiers(job: CompileJob, gpu: CudaDevice) -> Tiers:
    cpu = open_device("cpu", 1)
    assert isinstance(cpu, CpuDevice)
    return all_of(job, cpu, gpu)


def entry(n: int, m: int, seed: int = 0) -> Tile:
    random = np.random.default_rng(seed)
    x, y = random.uniform(0.1, 2.0, n), random.uniform(0.1, 2.0, m)
    values = ArrayValues(x, (0,), 2), ArrayValues(y, (1,), 2), ArrayValues(np.array(0.1 * seed), (), 2)
    return Tile(values, Subgrid((0, 0), (n, m)))


def computed(engine: CompiledCode, tiles: Sequence[Tile], job: CompileJob = JOB) -> list[Array]:
    planes = len(job.wanted) * len(job.program().outputs)
    outs = [np.full((planes, tile.subgrid.points), 12345.0, job.dtype) for tile in tiles]
    engine.compute(tiles, outs)
    return outs


def assert_near(got: Sequence[Array], want: Sequence[Array], dtype: str) -> None:
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    for ours, theirs in zip(got, want, strict=True):
        for plane, right in zip(ours, theirs, strict=True):
            scale = np.abs(right[np.isfinite(right)]).max(initial=1.0)
            np.testing.assert_allclose(plane, right, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", TIERS)
@pytest.mark.parametrize(
    "shapes", [[(20, 30)], [(2500, 2000)], [(32, 32), (20, 44), (7, 3), (0, 3), (1, 1)], [(300, 300), (8, 8), (3, 900)]]
)
def test_both_tiers_answer_as_the_processor_does(
    tiers: Tiers, job: CompileJob, name: str, shapes: Sequence[tuple[int, int]]
) -> None:
    tiles = [entry(n, m, seed) for seed, (n, m) in enumerate(shapes)]
    for _ in range(2):  # buffers are used again
        assert_near(computed(getattr(tiers, name), tiles, job), computed(tiers.cpu, tiles, job), job.dtype)


@pytest.mark.parametrize("name", TIERS)
def test_company_and_tiles_change_nothing(tiers: Tiers, job: CompileJob, name: str) -> None:
    engine: CompiledCode = getattr(tiers, name)
    whole = entry(130, 150)
    (alone,) = computed(engine, [whole], job)
    assert np.array_equal(computed(engine, [entry(5, 6, 1), whole, entry(130, 150, 2)], job)[1], alone)
    parts = computed(engine, [Tile(whole.inputs, subgrid) for subgrid in subgrids(whole.subgrid, 1111)], job)
    assert np.array_equal(np.concatenate(parts, axis=1), alone)


def test_sums_can_be_separated_there_too(cpu: CpuDevice, gpu: CudaDevice) -> None:
    job = JOB._replace(text="x*y*a + x**2*exp(-y) + sin(x)*y**3 + x**3*log(1 + y) + cosh(x*y)")
    tiles = [entry(200, 300), entry(30, 40, 1)]
    want = computed(engine_on(cpu, job, separating=False), tiles, job)
    assert_near(computed(engine_on(gpu, job, separating=True), tiles, job), want, "float64")


def calls_of_all_functions() -> Iterator[str]:
    for name, declared in FUNCTIONS.items():
        if declared.group != "operator" and not declared.integers and name not in LIBRARY_VALUES:
            kinds = declared.kinds or ("number",) * len(declared.params)
            arguments = [f"{x} > 0" if kind == "boolean" else x for x, kind in zip("xyz", kinds, strict=False)]
            yield f"{name}({', '.join(arguments)})"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("half", [0, 1])
def test_every_function(cpu: CpuDevice, gpu: CudaDevice, half: int, dtype: str) -> None:
    text = ", ".join(list(calls_of_all_functions())[half::2])
    job = CompileJob(text, ("x", "y", "z"), ((0,), (1,), (2,)), 3, ((),), dtype, "cuda:0")
    numbers = np.array([-2.0, -1.3, -1.0, -0.0, 0.0, 1e-9, 0.3, 0.5, 0.9, 1.0, 3.0, 11.0, np.inf, np.nan])
    values = tuple(ArrayValues(numbers, (dim,), 3) for dim in range(3))
    tiles = [Tile(values, Subgrid((0,) * 3, (len(numbers),) * 3))]
    engines = all_of(job, cpu, gpu)
    want = computed(engines.cpu, tiles, job)
    for name in TIERS:
        (got,) = computed(getattr(engines, name), tiles, job)
        for call, plane, right in zip(calls_of_all_functions(), got, want[0], strict=False):
            tolerance = 1e-12 if dtype == "float64" else 2e-5
            np.testing.assert_allclose(plane, right, rtol=tolerance, atol=tolerance, err_msg=f"{name}: {call}")


@pytest.mark.parametrize("name", TIERS)
def test_without_memory_less_is_computed_at_a_time(tiers: Tiers, job: CompileJob, name: str, gpu: CudaDevice) -> None:
    tile = entry(3000, 1000)
    want = computed(tiers.cpu, [tile], job)
    gpu.free()
    free, _ = torch.cuda.mem_get_info()
    held = torch.empty(free - (24 << 20), dtype=torch.uint8, device="cuda")
    try:
        got = computed(getattr(tiers, name), [tile], job)
    finally:
        del held
        gpu.free()
    assert_near(got, want, job.dtype)


def test_results_are_copied_straight_to_pinned_memory(tiers: Tiers, job: CompileJob, gpu: CudaDevice) -> None:
    tile = entry(1000, 1000)
    planes, itemsize = len(job.wanted), np.dtype(job.dtype).itemsize
    memory = np.frombuffer(mmap.mmap(-1, planes * tile.subgrid.points * itemsize), np.uint8)
    gpu.pin(memory)
    out = memory.view(job.dtype).reshape(planes, tile.subgrid.points)
    assert torch.from_numpy(out).is_pinned()
    for engine in (tiers.direct, tiers.compiled):
        out[...] = 0
        engine.compute([tile], [out])
        assert_near([out], computed(tiers.cpu, [tile], job), job.dtype)
    gpu.unpin(memory)
    assert not torch.from_numpy(out).is_pinned()


LOSES_THE_DEVICE = """
import ctypes, torch
from gridgrad_worker.devices import driver
from gridgrad_worker.engines.cuda.nvrtc import compile_kernels
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.devices.device import is_lost

device = open_device("cuda:0", 1)
major, minor = torch.cuda.get_device_capability()
text = 'extern "C" __global__ void grid(long long* to, long long n) { to[n] = 1; }'
(kernel,) = driver.load(compile_kernels(text, f"sm_{major}{minor}"), ["grid"])
driver.launch(kernel, 1, 1, [ctypes.c_void_p(8), ctypes.c_longlong(0)])
for _ in range(2):
    try:
        torch.zeros(1, device="cuda").cpu()
    except Exception as error:
        assert is_lost(error), error
    else:
        raise SystemExit("nothing was noticed")
try:
    driver.launch(kernel, 1, 1, [ctypes.c_void_p(8), ctypes.c_longlong(0)])
except driver.LostError:
    print("lost")
"""


def test_a_lost_device_is_noticed_and_stays_lost() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOSES_THE_DEVICE], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.stdout.strip() == "lost", ended.stderr


def test_a_worker_serves_a_gpu() -> None:
    with start("--device", "cuda:0", compiling=True) as worker:
        assert worker.receive().ready.device == "cuda:0"
