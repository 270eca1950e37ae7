"""Results are copied to the host while the next chunk is computed, and come out right in every order of both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices import transfers
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.structured.execution import panels, runner
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile, subgrids
from tests.worker.engines.cuda.simulated import SCHEDULES, SimulatedDevice, SimulatedEvent, make_schedule

Array = NDArray[np.floating]

TEXT = "a*x*y + x**2*exp(-y) + cosh(x*y) + sinc(x - y) + hypot(x, y)**1.3 + where(x > y, x, 2) + x"
AXES = {"x": (0,), "y": (1,), "a": ()}
WANTED = [(), (0,), (1,), (0, 1), (2, 2)]

SHAPES = {
    "one chunk": [(20, 30)],
    "many chunks": [(300, 200)],
    "ragged": [(32, 32), (20, 44), (7, 3), (1, 1), (31, 32), (0, 3)],
    "all kinds": [(150, 200), (8, 8), (300, 9), (8, 9), (90, 90)],
}


@pytest.fixture(autouse=True)
def _many_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_SENT_NUMBERS", 20_000)
    monkeypatch.setattr(transfers, "_STRAIGHT_BYTES", 1 << 12)


def engine_on(device: Device, dtype: torch.dtype) -> StructuredEngine:
    return StructuredEngine(parse(TEXT, list(AXES)), AXES, 2, WANTED, dtype, device, separating=False)


def entry(n: int, m: int, seed: int = 0) -> Tile:
    random = np.random.default_rng(seed)
    x, y = random.uniform(0.1, 2.0, n), random.uniform(0.1, 2.0, m)
    values = ArrayValues(x, (0,), 2), ArrayValues(y, (1,), 2), ArrayValues(np.array(0.1 * seed), (), 2)
    return Tile(values, Subgrid((0, 0), (n, m)))


def computed(device: Device, tiles: Sequence[Tile], dtype: torch.dtype = torch.float64) -> list[Array]:
    engine = engine_on(device, dtype)
    outs = [np.full((len(WANTED), tile.subgrid.points), 12345.0, str(dtype)[6:]) for tile in tiles]
    for _ in range(2):  # buffers are used again
        if isinstance(device, SimulatedDevice):
            with device.running():
                engine.compute(tiles, outs)
        else:
            engine.compute(tiles, outs)
    return outs


def agree(got: Sequence[Array], want: Sequence[Array]) -> bool:
    return all(np.array_equal(ours, theirs) for ours, theirs in zip(got, want, strict=True))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_order_gives_the_same(
    cpu: CpuDevice, schedule: str, shapes: Sequence[tuple[int, int]], dtype: torch.dtype
) -> None:
    tiles = [entry(n, m, seed) for seed, (n, m) in enumerate(shapes)]
    want = computed(cpu, tiles, dtype)
    assert agree(computed(SimulatedDevice(make_schedule(schedule)), tiles, dtype), want)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_tiles_and_panels_give_the_same(cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch, schedule: str) -> None:
    monkeypatch.setattr(panels, "_DEEP_NUMBERS", 2000)
    whole = entry(130, 150)
    (want,) = computed(cpu, [whole])
    parts = [Tile(whole.inputs, subgrid) for subgrid in subgrids(whole.subgrid, 150 * 33)]
    assert agree([np.concatenate(computed(SimulatedDevice(make_schedule(schedule)), parts), axis=1)], [want])


def nothing(*_: object) -> None:
    """Instead of a wait."""


@pytest.mark.parametrize(
    ("stream", "method", "shapes"),
    [
        ("copying", "wait_event", "many chunks"),
        ("computing", "wait_event", "many chunks"),
        ("event", "synchronize", "many chunks"),
        ("copying", "wait_event", "ragged"),
        ("event", "synchronize", "ragged"),
    ],
)
def test_each_wait_is_needed(
    cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch, stream: str, method: str, shapes: str
) -> None:
    """Else the tests above could not fail."""
    tiles = [entry(n, m, seed) for seed, (n, m) in enumerate(SHAPES[shapes])]
    want = computed(cpu, tiles)
    results = []
    for schedule in SCHEDULES:
        device = SimulatedDevice(make_schedule(schedule))
        with monkeypatch.context() as broken:
            if stream == "event":
                broken.setattr(SimulatedEvent, method, nothing)
            else:
                broken.setattr(getattr(device, stream), method, nothing)
            results.append(agree(computed(device, tiles), want))
    assert not all(results)


def test_one_chunk_is_copied_while_the_next_is_computed(cpu: CpuDevice) -> None:
    """The host queues all chunks without waiting, and a copy holds back only what needs its buffer."""
    free: list[bool] = []

    def watch(device: SimulatedDevice) -> None:
        free.append(device.computing.is_free and device.copying.queued > device.copying.done)
        while device.computing.is_free and device.computing.queued - device.computing.done > 1:
            device.computing.advance()

    tile = entry(300, 200)
    device = SimulatedDevice(watch)
    assert agree(computed(device, [tile]), computed(cpu, [tile]))
    assert any(free)


def test_want_of_memory_is_answered_by_less_at_a_time(cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    tile = entry(300, 200)
    want = computed(cpu, [tile])
    device = SimulatedDevice(make_schedule("1"))
    make, tried = device.transfers._on_device, []

    def limited(size: int) -> torch.Tensor:
        tried.append(size)
        if size > 50_000:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return make(size)

    monkeypatch.setattr(device.transfers, "_on_device", limited)
    assert agree(computed(device, [tile]), want)
    assert max(tried) > 50_000 >= tried[-1]
    assert device.freed


def test_nothing_is_queued_when_a_batch_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    device = SimulatedDevice(make_schedule("late"))
    engine = engine_on(device, torch.float64)
    tile = entry(300, 200)
    out: Array = np.zeros((len(WANTED), tile.subgrid.points))
    write, written = device.write, []

    def failing(numbers: Array, into: torch.Tensor) -> None:
        written.append(1)
        if len(written) > 2:
            raise ValueError("a defect")
        write(numbers, into)

    engine.compute([tile], [out])
    monkeypatch.setattr(device, "write", failing)
    with pytest.raises(ValueError, match="a defect"), device.running():
        engine.compute([entry(300, 200, 1), entry(200, 100, 2)], [out, out[:, :20_000]])
    assert device.copying.queued == device.copying.done
