"""A compiled library, loaded: computes rows that each describe a request."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["DECIDE", "DONE", "DOUBLES", "FLOATS", "PLAIN", "SPACED", "TOO_LARGE", "VALUE", "Library", "Rows"]

VALUE, SPACED, DOUBLES, FLOATS = range(4)
"""How an input is given: as one number, as what numpy.linspace takes, or as an array of either dtype."""

GUARDED, SEPARATED, PLAIN, DECIDE = range(4)
"""What to do with a request: compute it as the guard decides, or in either way; or only decide in which, which is then
its outcome."""

DONE, TOO_LARGE = range(2)
"""What came of what was to be computed."""

Rows = NDArray[np.void]
"""One for each request, as `Tile` of `cpp/tile.h`."""


class Library:
    """Loads a library. Takes a millisecond.

    Args:
        path: of the library.
        inputs: how many inputs requests have.
        ndim: how many dims the grid has.

    Attributes:
        function: that computes rows.
        remember, forget, answer_known: of `cpp/request_template.h`.
        answer_lanes: of `cpp/lanes.h`.

    Raises:
        OSError: it is no library.
        AttributeError: it is not one of ours.
    """

    def __init__(self, path: Path, inputs: int, ndim: int) -> None:
        loaded = ctypes.CDLL(str(path))
        self._compute = loaded.compute
        self._compute.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int)
        self._compute.restype = None
        self.function = ctypes.cast(self._compute, ctypes.c_void_p)
        self.remember, self.forget, self.answer_known = loaded.remember, loaded.forget, loaded.answer_known
        self.remember.argtypes, self.answer_known.argtypes = (ctypes.c_void_p,), (ctypes.c_int,)
        self.remember.restype = self.answer_known.restype = self.forget.restype = None
        self.answer_lanes = loaded.answer_lanes
        self.answer_lanes.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int)
        self.answer_lanes.restype = ctypes.c_int
        dims = (max(ndim, 1),)
        given = np.dtype([
            ("kind", "i8"), ("data", "i8"), ("strides", "i8", dims), ("start", "f8"), ("stop", "f8"), ("count", "i8")
        ])  # fmt: skip
        self._row = np.dtype([
            ("inputs", given, (max(inputs, 1),)), ("first", "i8", dims), ("shape", "i8", dims),
            ("out", "i8"), ("pitch", "i8"), ("mode", "i8"), ("outcome", "i8"),
        ])  # fmt: skip

    def rows(self, count: int) -> Rows:
        """Rows to be filled in."""
        return np.zeros(count, self._row)

    def compute(self, rows: Rows) -> None:
        """Computes requests, and says in their rows what came of it. Lets other Python threads run meanwhile."""
        self.compute_at(rows.ctypes.data, len(rows))

    def compute_at(self, address: int, count: int) -> None:
        """Computes the rows that lie at an address."""
        self._compute(address, count, torch.get_num_threads())
