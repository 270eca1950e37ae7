"""Where results are computed, and that they come to where they go."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.structured.execution import destinations
from gridgrad_worker.engines.structured.execution.destinations import destination_of
from gridgrad_worker.engines.structured.execution.panels import common_shape
from gridgrad_worker.engines.structured.execution.windows import PanelWindow, cut
from tests.worker.engines.cuda.simulated import SimulatedDevice, make_schedule
from tests.worker.engines.structured.execution.running import Array, axes_of, group_of


def filled(device: Device, outs: list[Array], points: int) -> None:
    """Writes plane*1000 + row*30 + column to results, plus 0.5 for each request, a window at a time."""
    group = group_of([axes_of(*out.shape[1:]) for out in outs], outs)
    panel = common_shape(group)
    place = destination_of(group, device)
    whole = PanelWindow(slice(0, len(group)), tuple(slice(0, n) for n in panel), panel)
    numbers = (
        torch.arange(2.0).double()[:, None, None, None] * 1000 + torch.arange(len(group)).double()[:, None, None] / 2
    )
    numbers = numbers + torch.arange(panel[0]).double()[:, None] * 30 + torch.arange(panel[1]).double()
    for window in cut(whole, points):
        place.open(window).copy_(numbers[(slice(None), window.requests, *window.ranges)])
        place.close(window)
    place.finish()
    device.drain()


def expected(shape: tuple[int, int], request: int) -> Array:
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])
    return np.stack([plane * 1000 + rows * 30 + columns + request / 2 for plane in range(2)])


SHAPES = {"one": [(7, 9)], "alike": [(4, 5)] * 3, "ragged": [(4, 5), (2, 9), (6, 1)]}


@pytest.mark.parametrize("points", [5, 1000])
@pytest.mark.parametrize("shapes", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("on_device", [False, True])
def test_results_come_to_where_they_go(
    cpu: CpuDevice, shapes: list[tuple[int, int]], points: int, on_device: bool
) -> None:
    outs: list[Array] = [np.full((2, *shape), np.nan) for shape in shapes]
    filled(SimulatedDevice(make_schedule("computing first")) if on_device else cpu, outs, points)
    for request, (out, shape) in enumerate(zip(outs, shapes, strict=True)):
        assert np.array_equal(out, expected(shape, request))


def test_results_at_even_distances_are_computed_in_place(cpu: CpuDevice) -> None:
    block = np.full((3, 2, 4, 5), np.nan)
    group = group_of([axes_of(4, 5)] * 3, [*block])
    place = destination_of(group, cpu)
    opened = place.open(PanelWindow(slice(0, 3), (slice(0, 4), slice(0, 5)), (4, 5)))
    assert opened.data_ptr() == block.ctypes.data
    assert type(place) is destinations._InPlace


def test_results_at_uneven_distances_are_computed_beside(cpu: CpuDevice) -> None:
    block = np.full((4, 2, 4, 5), np.nan)
    place = destination_of(group_of([axes_of(4, 5)] * 3, [block[0], block[1], block[3]]), cpu)
    assert type(place) is destinations._Beside
