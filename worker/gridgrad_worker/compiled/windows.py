"""Windows: what is computed in one call of compiled code, alone or with others like it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_worker.functional import Array
from gridgrad_worker.pieces import Box, Piece, Values, boxes

__all__ = ["Window", "grouped", "numbers_of", "windows_of"]

TILE_POINTS = 1 << 18
_CHUNK_POINTS = 1 << 10  # of a grid of one dim, whose chunks are what threads share
_SMALL = 1 << 12
_LEADING, _LAST = 4, 16


class Window(NamedTuple):
    """A part of a piece.

    Args:
        piece: which one, by position in the batch.
        inputs: of the entry.
        box: where it lies in the entry's grid.
        out: [planes, points], where the results go.
    """

    piece: int
    inputs: tuple[Values, ...]
    box: Box
    out: Array


def windows_of(position: int, piece: Piece, out: Array) -> Iterator[Window]:
    """Cuts a piece into windows, each a run of the results."""
    most = _CHUNK_POINTS if len(piece.box.shape) == 1 else TILE_POINTS
    first = 0
    for box in boxes(piece.box, most):
        yield Window(position, piece.inputs, box, out[:, first : first + box.points])
        first += box.points


def grouped(windows: Sequence[Window], together: bool) -> Iterator[tuple[tuple[int, ...], list[Window]]]:
    """Brings windows together with the shape that they are computed in.

    Args:
        windows: what to compute.
        together: whether small ones of about one shape are computed as if they had the same.
    """
    by_shape: dict[tuple[int, ...], list[Window]] = {}
    for window in windows:
        shape = _rounded(window.box) if together else window.box.shape
        by_shape.setdefault(shape, []).append(window)
    for shape, alike in by_shape.items():
        step = max(1, TILE_POINTS // max(1, math.prod(shape)))
        for first in range(0, len(alike), step):
            yield shape, alike[first : first + step]


def _rounded(box: Box) -> tuple[int, ...]:
    if box.points > _SMALL or not box.shape:
        return box.shape
    *leading, last = box.shape
    return (*(-(-n // _LEADING) * _LEADING for n in leading), -(-last // _LAST) * _LAST)


def numbers_of(
    windows: Sequence[Window], position: int, mask: int, shape: Sequence[int], dtype: np.dtype[np.floating]
) -> NDArray[np.floating]:
    """The values of an input over windows: [entries, one length for each dim, 1 for those it has not].

    Args:
        windows: of which entries, and where.
        position: of the input.
        mask: its dims.
        shape: that the windows are computed in; smaller ones repeat their last values.
        dtype: computed in.
    """
    lengths = tuple(length if mask >> dim & 1 else 1 for dim, length in enumerate(shape))
    numbers = np.empty((len(windows), *lengths), dtype)
    for row, window in zip(numbers, windows, strict=True):
        values = window.inputs[position].over(window.box)
        row[...] = values if values.shape == lengths else _spread(values, lengths)
    return numbers


def _spread(values: Array, lengths: tuple[int, ...]) -> Array:
    for dim, (had, wanted) in enumerate(zip(values.shape, lengths, strict=True)):
        if 1 < had < wanted:
            values = values.take(np.minimum(np.arange(wanted), had - 1), dim)
    return values
