"""Recipes: what a library was told of a piece, kept for pieces like it, which differ from it in their numbers alone.

A caller in a loop sends such pieces; all that is left to do for one is to say where its numbers lie.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import numpy as np

from gridgrad_worker.compiled.library import DONE, SPACED, VALUE, Library, Rows

__all__ = ["Recipe"]

_INTEGER, _NUMBER = struct.Struct("<q"), struct.Struct("<d")


class Recipe:
    """Computes pieces like one before.

    Args:
        library: computes them.
        rows: one row, filled in for the one before.
        running: a context in which the library is called.
    """

    def __init__(self, library: Library, rows: Rows, running: Callable[[], AbstractContextManager[object]]) -> None:
        self._rows = rows
        self._bytes = rows.view(np.uint8).data
        self._library_call = library.call_of(rows)
        self._running = running
        self._out, self._pitch, self._outcome = (
            rows[name].ctypes.data - rows.ctypes.data for name in ("out", "pitch", "outcome")
        )
        self._inputs = [_patch(rows, position) for position in range(rows["inputs"].shape[1])]

    def compute(self, inputs: Sequence[float], out: int, pitch: int) -> bool:
        """Computes a piece.

        Args:
            inputs: for each the address of its numbers, or a parameter itself; anything for a linspace.
            out: the address of the first number of the result.
            pitch: how many bytes its planes lie apart.

        Returns:
            Whether it was computed; if not, it wants a closer look.
        """
        for patch, given in zip(self._inputs, inputs, strict=False):
            if patch is not None:
                patch[0].pack_into(self._bytes, patch[1], given)
        _INTEGER.pack_into(self._bytes, self._out, out)
        _INTEGER.pack_into(self._bytes, self._pitch, pitch)
        with self._running():
            self._library_call()
        outcome: int = _INTEGER.unpack_from(self._bytes, self._outcome)[0]
        return outcome == DONE


def _patch(rows: Rows, position: int) -> tuple[struct.Struct, int] | None:
    """What an input is written with, and where; None for one that is the same each time."""
    kind = rows["inputs"]["kind"][0, position]
    if kind == SPACED:
        return None
    name, form = ("start", _NUMBER) if kind == VALUE else ("data", _INTEGER)
    return form, rows["inputs"][name][:, position].ctypes.data - rows.ctypes.data
