"""Batches for kernels: boxes of any shapes, described in tables that travel in one copy with their inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_worker.devices.transfers import Array, Part
from gridgrad_worker.engines.cuda.source import THREADS, Source
from gridgrad_worker.engines.structured.planning.plan import Plan
from gridgrad_worker.engines.tiles import Box, Values, boxes

__all__ = ["Batch", "Packer", "Window", "grouped", "parts_of"]

_ALIGNMENT = 256
_Table = NDArray[np.int64]


class Window(NamedTuple):
    """A box of an entry.

    Args:
        inputs: of the entry.
        box: where it lies in the grid.
        out: [planes, points], where its results go.
    """

    inputs: tuple[Values, ...]
    box: Box
    out: Array


class Batch(NamedTuple):
    """Windows, ready to be computed by one launch of each kernel.

    Args:
        data: bytes for the device: the tables and the inputs, each at its place.
        entries, inputs: the places of the table of entries and of the inputs.
        jobs: for each kernel, the place of its table, how many jobs are in it, and how many blocks they have.
        levels: how many numbers the levels below the grid have.
        parts: of the results, [planes * points of all windows], where they go.
        numbers: how many results there are.
    """

    data: NDArray[np.uint8]
    entries: int
    inputs: int
    jobs: tuple[tuple[int, int, int], ...]
    levels: int
    parts: list[Part]
    numbers: int


def parts_of(window: Window, points: int) -> Iterator[Window]:
    """Cuts a window into windows of at most so many points, none of them empty."""
    end = 0
    for box in boxes(window.box, points):
        start, end = end, end + box.points
        if box.points:
            yield window if box == window.box else Window(window.inputs, box, window.out[:, start:end])


def grouped(windows: Iterable[Window], points: int) -> Iterator[list[Window]]:
    """Groups of at most so many points, in order; a window that has more is a group by itself."""
    group: list[Window] = []
    room = points
    for window in windows:
        if group and window.box.points > room:
            yield group
            group, room = [], points
        group.append(window)
        room -= window.box.points
    if group:
        yield group


class Packer:
    """Packs windows for the kernels of a plan.

    Args:
        plan: what they compute.
        source: the kernels.
        inputs: how many inputs pieces have.
        dtype: of the numbers.
    """

    def __init__(self, plan: Plan, source: Source, inputs: int, dtype: np.dtype[np.floating]) -> None:
        self._dtype = dtype
        self._planes = len(plan.outputs)
        self._full = plan.full
        self._dims = [[dim for dim in range(plan.ndim) if level.mask >> dim & 1] for level in plan.levels[:-1]]
        self._rows = source.rows
        self._launches = source.launches
        self._inputs = range(inputs)
        self._ndim = plan.ndim

    def pack(self, windows: Sequence[Window]) -> Batch:
        """Packs windows together.

        Args:
            windows: each with points.
        """
        count = len(windows)
        shapes: _Table = np.array([window.box.shape for window in windows], np.int64).reshape(count, self._ndim)
        arrays = [[self._numbers(window, i) for i in self._inputs] for window in windows]
        sizes = np.array([[array.size for array in each] for each in arrays], np.int64).reshape(
            count, len(self._inputs)
        )
        of_levels = np.array([np.prod(shapes[:, dims], axis=1) for dims in self._dims], np.int64)
        of_levels = of_levels.reshape(len(self._dims), count).T
        points = np.prod(shapes, axis=1)
        rows = np.array(self._rows, np.int64)
        entries = np.concatenate(
            [shapes, _starts(sizes), _starts(of_levels * rows), _starts(points[:, None] * self._planes)], axis=1
        )
        jobs = [_jobs(of_levels[:, list(launch.levels)], launch.levels) for launch in self._launches]
        jobs.append(_jobs(points[:, None], (0,)))
        numbers = [array.reshape(-1) for each in arrays for array in each]
        inputs = np.concatenate(numbers) if numbers else np.empty(0, self._dtype)
        data, places = _end_to_end([entries, *(table for table, _ in jobs), inputs])
        return Batch(
            data=data,
            entries=places[0],
            inputs=places[-1],
            jobs=tuple((place, len(table), blocks) for place, (table, blocks) in zip(places[1:-1], jobs, strict=True)),
            levels=int((of_levels * rows).sum()),
            parts=[part for window, entry in zip(windows, entries, strict=True) for part in _parts(window, entry[-1])],
            numbers=int(points.sum()) * self._planes,
        )

    def _numbers(self, window: Window, position: int) -> Array:
        values: Array = window.inputs[position].over(window.box)
        return values.astype(self._dtype, copy=False)


def _starts(sizes: _Table) -> _Table:
    """Where each begins if all lie end to end, [entries, columns]."""
    ends = np.cumsum(sizes.reshape(-1)).reshape(sizes.shape)
    return ends - sizes


def _jobs(points: _Table, levels: Sequence[int]) -> tuple[_Table, int]:
    """A job for each entry and level, [jobs, (first block, entry, level)], and how many blocks they have."""
    count = len(points)
    blocks = -(-points.T.reshape(-1) // THREADS)
    ends = np.cumsum(blocks)
    entry = np.tile(np.arange(count), len(levels))
    table: _Table = np.stack([ends - blocks, entry, np.repeat(levels, count)], axis=1).astype(np.int64)
    return table, int(ends[-1])


def _end_to_end(arrays: Sequence[NDArray[np.generic]]) -> tuple[NDArray[np.uint8], list[int]]:
    """Arrays as bytes, and where each begins."""
    places = []
    end = 0
    for array in arrays:
        places.append(end)
        end += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    data = np.zeros(end, np.uint8)
    for place, array in zip(places, arrays, strict=True):
        data[place : place + array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return data, places


def _parts(window: Window, start: int) -> Iterator[Part]:
    planes, points = window.out.shape
    if window.out.flags.c_contiguous:
        yield (slice(start, start + planes * points),), window.out.reshape(-1)
        return
    for plane, out in enumerate(window.out):
        first = int(start) + plane * points
        yield (slice(first, first + points),), out
