"""The functional engine: any function of torch operations on numbers, and expressions too.

The meshgrids of all tiles are stacked end to end into one dimension of points, so that ragged
sizes, empty axes and shared dims are one path, and `torch.func.vmap` runs a walk through the
wanted derivatives over it, chunk by chunk. What else is in a batch changes a result within rounding only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_core.errors import TooLargeError
from gridgrad_worker.devices.device import Device, is_out_of_memory
from gridgrad_worker.engines.functional.partials import Derivative, PointFunction, walk
from gridgrad_worker.engines.tiles import InputValues, Subgrid, Tile, subgrids

__all__ = ["FunctionalEngine", "PointsEngine", "PointsFunction"]

Array = NDArray[np.floating]

_LEAST_CHUNK_POINTS = 256
_COPIED_BY_TORCH = 1 << 15  # from so many numbers on, torch copies with all its threads


class _Segment(NamedTuple):
    """A subgrid of a tile within a chunk."""

    inputs: tuple[InputValues, ...]
    subgrid: Subgrid
    out: Array
    """[planes, points of the subgrid], a view of where the results go."""

    @property
    def points(self) -> int:
        return len(self.out[0])


class PointsFunction(Protocol):
    """Computes results at points."""

    def __call__(self, arguments: Sequence[Tensor], points: int) -> Sequence[Tensor]:
        """The planes of results, [points] each.

        Args:
            arguments: for each input [points], or of no dims where it is the same at all.
            points: how many.
        """


class PointsEngine:
    """Computes over tiles what a function computes at points.

    Args:
        function: computes planes at points.
        planes: how many.
        dtype: computed in throughout.
        device: computed on.
    """

    name = "functional"
    tier = ""

    def __init__(self, function: PointsFunction, planes: int, dtype: torch.dtype, device: Device) -> None:
        self._function = function
        self._device = device
        self._dtype = dtype
        self._planes = planes
        self._chunk_points = device.chunk_points(planes)

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        """Computes tiles together.

        Args:
            tiles: what to compute.
            outs: for each of them, where its results go: [derivatives * components, points], of the
                computing dtype, the points in C order.

        Raises:
            TooLargeError: not even a small chunk fits into the memory.
        """
        segments = [_Segment(*tile, out) for tile, out in zip(tiles, outs, strict=True)]
        # Values beyond float32 become inf there, as IEEE has it
        # Without a gradient to record torch takes kernels that have no derivatives, that of SiLU
        with torch.enable_grad(), np.errstate(over="ignore", invalid="ignore"):
            for chunk in _chunks(segments, self._chunk_points):
                self._compute_chunk(chunk)

    def _compute_chunk(self, chunk: list[_Segment]) -> None:
        points = sum(segment.points for segment in chunk)
        failure = self._try_chunk(chunk, points) if points <= self._chunk_points else None
        if failure is not None:
            self._halve(points, failure)
        if points > self._chunk_points:
            for smaller in _chunks(chunk, self._chunk_points):
                self._compute_chunk(smaller)

    def _try_chunk(self, chunk: list[_Segment], points: int) -> str | None:
        """Computes a chunk; says so when there was no memory for it."""
        try:
            results = self._function(self._gather(chunk, points), points)
            _scatter(self._device.download([result.detach() for result in results]), chunk)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            return str(error)  # without the traceback, which would hold on to what was allocated
        return None

    def _halve(self, points: int, failure: str) -> None:
        self._device.free()
        if points <= _LEAST_CHUNK_POINTS:
            found = f"there is no memory for {points} points of {self._planes} numbers: {failure}"
            raise TooLargeError("derivatives", found, "ask for fewer derivatives in one request")
        self._chunk_points = max(_LEAST_CHUNK_POINTS, points // 2)

    def _gather(self, chunk: list[_Segment], points: int) -> list[Tensor]:
        """The arguments at the chunk's points, end to end; one number for an argument that is the same at all."""
        inputs = len(chunk[0].inputs)
        staged = self._device.staging(inputs, points, self._dtype)
        host = staged.numpy()
        varying: list[bool] = []
        for position in range(inputs):
            parts = [segment.inputs[position].over(segment.subgrid) for segment in chunk]
            # vmap needs an argument to vary
            varies = not _is_constant(parts) or (position == inputs - 1 and not any(varying))
            varying.append(varies)
            if varies:
                _stack(host[position], parts, chunk)
            else:
                host[position, :1] = parts[0].reshape(-1)
        arguments = [staged[position] if varies else staged[position, 0] for position, varies in enumerate(varying)]
        return [self._device.upload(argument) for argument in arguments]


class FunctionalEngine(PointsEngine):
    """Computes a function and its partials over tiles.

    Args:
        function: of as many tensors of no dims as tiles have inputs; a tuple of them, one for each component.
        wanted: the derivatives in the order of the results, by positions of inputs.
        components: how many there are.
        dtype: computed in throughout.
        device: computed on.
        mode: "forward" or "reverse".
    """

    def __init__(
        self,
        function: PointFunction,
        wanted: Sequence[Derivative],
        components: int,
        dtype: torch.dtype,
        device: Device,
        mode: str = "forward",
    ) -> None:
        super().__init__(_Vmapped(walk(function, wanted, mode)), len(wanted) * components, dtype, device)


class _Vmapped:
    """A function of a point at many.

    Args:
        at_point: the function.
    """

    def __init__(self, at_point: PointFunction) -> None:
        self._at_point = at_point
        self._vmapped: dict[tuple[int | None, ...], PointFunction] = {}

    def __call__(self, arguments: Sequence[Tensor], points: int) -> Sequence[Tensor]:
        if not arguments:
            return [result.expand(points) for result in self._at_point()]
        in_dims = tuple([0 if argument.dim() else None for argument in arguments])
        vmapped = self._vmapped.get(in_dims)
        if vmapped is None:
            vmapped = self._vmapped[in_dims] = torch.func.vmap(self._at_point, in_dims=in_dims)
        return vmapped(*arguments)


def _chunks(segments: Iterable[_Segment], most: int) -> Iterator[list[_Segment]]:
    """Cuts segments where they are too long, and packs them into chunks of at most `most` points."""
    chunk: list[_Segment] = []
    room = most
    for segment in segments:
        end = 0
        for subgrid in subgrids(segment.subgrid, most):
            points = subgrid.points
            start, end = end, end + points
            if points > room:
                yield chunk
                chunk, room = [], most
            if points:
                chunk.append(_Segment(segment.inputs, subgrid, segment.out[:, start:end]))
                room -= points
    if chunk:
        yield chunk


def _is_constant(parts: Sequence[Array]) -> bool:
    if any(part.size != 1 for part in parts):
        return False
    first = parts[0].tobytes()  # by bits: 0 == -0, but they have other reciprocals
    return all(part.tobytes() == first for part in parts)


def _stack(row: Array, parts: Sequence[Array], chunk: Sequence[_Segment]) -> None:
    """Expands the values of an input over the subgrids of a chunk, end to end."""
    end = 0
    for part, segment in zip(parts, chunk, strict=True):
        start, end = end, end + segment.points
        row[start:end].reshape(segment.subgrid.shape)[...] = part


def _scatter(planes: Sequence[Array], chunk: Sequence[_Segment]) -> None:
    """Writes the results of a chunk to where those of each segment go."""
    end = 0
    for segment in chunk:
        start, end = end, end + segment.points
        for out, plane in zip(segment.out, planes, strict=True):
            _copy(out, plane[start:end])


def _copy(out: Array, numbers: Array) -> None:
    if out.size < _COPIED_BY_TORCH:
        out[...] = numbers
    else:
        torch.from_numpy(out).copy_(torch.from_numpy(numbers))
