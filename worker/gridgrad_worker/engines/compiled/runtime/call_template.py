"""Recipes: what a library was told of a tile, kept for tiles like it, which differ from it in their numbers alone.

A caller in a loop sends such tiles; all that is left to do for one is to say where its numbers lie. Where they lie in
the same places again, not even that.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gridgrad_worker.engines.compiled.runtime.crash_marks import CrashMark
from gridgrad_worker.engines.compiled.runtime.library import DONE, DOUBLES, FLOATS, SPACED, VALUE, Library, Rows

__all__ = ["TileCall", "TileTemplate"]


class TileCall(NamedTuple):
    """Computes a tile from the numbers that lie in its places when it is called.

    Args:
        library: computes it.
        row: describes it to the library, which says at its end what came of it.
        mark: is set while the library is called.
    """

    library: Library
    row: ctypes.Array[ctypes.c_int64]
    mark: CrashMark

    def __call__(self) -> bool:
        """Computes it, and returns whether that was done; if not, it wants a closer look."""
        with self.mark:
            self.library.compute_at(ctypes.addressof(self.row), 1)
        return self.row[-1] == DONE


class TileTemplate:
    """Computes tiles like one before.

    Args:
        library: computes them.
        rows: one row, filled in for the one before.
        mark: is set while the library is called.
        itemsizes: of the numbers of each input, in bytes.
    """

    def __init__(self, library: Library, rows: Rows, mark: CrashMark, itemsizes: Sequence[int]) -> None:
        self._library = library
        self._mark = mark
        self._inputs = [_place(rows, position, size) for position, size in enumerate(itemsizes)]
        self._out, self._pitch = (_index(rows, rows[name]) for name in ("out", "pitch"))
        self._row = rows.view(np.int64).data
        self._type = ctypes.c_int64 * len(self._row)

    def call(self, inputs: Sequence[int], out: int, pitch: int) -> TileCall:
        """What computes a tile, as often as there are new numbers in its places.

        Args:
            inputs: for each the address of its numbers; anything for a linspace.
            out: the address of the first number of the result.
            pitch: how many bytes its planes lie apart.
        """
        row = self._type.from_buffer_copy(self._row)
        for place, address in zip(self._inputs, inputs, strict=True):
            if place is not None:
                row[place] = address
        row[self._out], row[self._pitch] = out, pitch
        return TileCall(self._library, row, self._mark)


def _place(rows: Rows, position: int, itemsize: int) -> int | None:
    """Where the address of an input goes; None for a linspace. A parameter becomes an array without strides."""
    kinds = rows["inputs"]["kind"][0]
    if kinds[position] == SPACED:
        return None
    if kinds[position] == VALUE:
        kinds[position] = DOUBLES if itemsize == 8 else FLOATS
    return _index(rows, rows["inputs"]["data"][:, position])


def _index(rows: Rows, field: Rows) -> int:
    """Where a field is among the numbers of a row, which are of 8 bytes each."""
    return int(field.ctypes.data - rows.ctypes.data) // 8
