"""Grids as files of numpy: one array as .npy, or each by its name in a .npz.

The layout of .npy: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from typing import Any

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.http.grids.grid_texts import arrays_of, plane_shape
from gridgrad_server.http.grids.whole_result import WholeGrid

__all__ = ["npy_parts", "npz_parts"]

_DESCRIPTIONS = {pb.DTYPE_FLOAT32: "<f4", pb.DTYPE_FLOAT64: "<f8", pb.DTYPE_INT64: "<i8"}
_MAGIC = b"\x93NUMPY\x01\x00"
_ALIGNMENT = 64

Parts = list["bytes | memoryview"]


def npy_parts(grid: WholeGrid) -> Parts:
    """A file with all of a result as one array: [value and derivatives, components of a tuple, *grid], or a row."""
    is_grid = grid.gradient is None
    shape = (1 + len(grid.header.derivatives), *plane_shape(grid.header)) if is_grid else tuple(grid.header.shape)
    return [_head(grid.header, shape), memoryview(grid.planes)]


def npz_parts(grid: WholeGrid) -> Parts:
    """A file with an array for the value and for each derivative. Takes a while, and may be made in a thread."""
    written: Any = _Parts()
    with zipfile.ZipFile(written, "w") as archive:
        for each in arrays_of(grid):
            with archive.open(f"{each.name}.npy", "w") as entry:
                entry.write(_head(grid.header, each.shape))
                entry.write(each.numbers.cast("B"))
    parts: Parts = written.parts
    return parts


class _Parts:
    """A file that only grows, and keeps what it is given without a copy."""

    def __init__(self) -> None:
        self.parts: Parts = []

    def write(self, data: bytes | memoryview) -> int:
        self.parts.append(data)
        return len(data)

    def flush(self) -> None:
        """There is nothing to flush."""


def _head(header: pb.ResultHeader, shape: Sequence[int]) -> bytes:
    text = f"{{'descr': '{_DESCRIPTIONS[header.dtype]}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    space = -(len(_MAGIC) + 2 + len(text) + 1) % _ALIGNMENT
    said = f"{text}{' ' * space}\n".encode()
    return _MAGIC + len(said).to_bytes(2, "little") + said
