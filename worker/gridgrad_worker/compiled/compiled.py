"""A compiled expression: computes pieces with the libraries of a package."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager

import numpy as np
import torch
from torch import Tensor

from gridgrad_worker.compiled.arrays import Arrays, Hoister
from gridgrad_worker.compiled.layout import lay_out
from gridgrad_worker.compiled.libraries import Library
from gridgrad_worker.compiled.threads import FOR_ONE_THREAD, threads_for
from gridgrad_worker.compiled.windows import Window, grouped, numbers_of, windows_of
from gridgrad_worker.functional import Array
from gridgrad_worker.pieces import Box, Piece
from gridgrad_worker.structured.engine import StructuredEngine

__all__ = ["CompiledEngine", "entry_shape"]

_LEAST_LAST = 8
"""A grid whose last dim is shorter would leave most of a vector empty."""

_MOST_NUMBERS = 1 << 24
"""Of the arrays of an entry; larger ones are not looked at as a whole."""

_MOST_DECISIONS = 64


class CompiledEngine:
    """Computes an expression and its partials over pieces.

    Which entries it computes depends on the entry alone: those that the guard lets pass and whose
    shape suits. All others are for the direct tier.

    Args:
        direct: the direct tier of the same expression.
        hoist: the library of the levels below the grid; None if there are none.
        grid: the library of the grid.
        dtype: computed in.
        running: a context in which libraries are called.
    """

    name = "structured"
    tier = "compiled"

    def __init__(
        self,
        direct: StructuredEngine,
        hoist: Library | None,
        grid: Library,
        dtype: torch.dtype,
        running: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        self._plan = direct.plan
        self._guard = direct.guard
        self._hoister = Hoister(self._plan, lay_out(self._plan, direct.watched), hoist, dtype)
        self._grid = grid
        self._dtype = dtype
        self._numpy_dtype = torch.empty(0, dtype=dtype).numpy().dtype
        self._inputs = [int(self._plan.steps[i].value or 0) for i in self._plan.levels[-1].inputs]
        self._running = running
        self._decisions: dict[Hashable, bool] = {}
        self._suits = functools.lru_cache(maxsize=1024)(self._is_suitable)

    def compute(self, pieces: Sequence[Piece], outs: Sequence[Array]) -> list[int]:
        """Computes pieces together.

        Args:
            pieces: what to compute.
            outs: for each of them, where its results go: [planes, points], of the computing dtype.

        Returns:
            The positions of those that the direct tier must compute.
        """
        left: set[int] = set()
        alone: list[Window] = []
        together: list[Window] = []
        points = sum(piece.box.points for piece in pieces)
        with self._running(), torch.no_grad(), threads_for(points), np.errstate(over="ignore", invalid="ignore"):
            for position, (piece, out) in enumerate(zip(pieces, outs, strict=True)):
                shape = entry_shape(piece)
                if not self._suits(shape):
                    left.add(position)
                elif not piece.box.points:
                    continue
                elif piece.box.shape == shape and len(shape) > 1 and piece.box.points <= FOR_ONE_THREAD:
                    together.extend(windows_of(position, piece, out))
                elif self._holds(piece, shape):
                    alone.extend(windows_of(position, piece, out))
                else:
                    left.add(position)
            for shape, group in grouped(alone, together=False):
                self._compute(group, shape)
            for shape, group in grouped(together, together=len(together) > 1):
                left.update(self._compute_guarded(group, shape))
            self._hoister.forget()
        return sorted(left)

    def _is_suitable(self, shape: tuple[int, ...]) -> bool:
        return bool(shape) and (shape[-1] >= _LEAST_LAST or 0 in shape) and self._hoister.size(shape) <= _MOST_NUMBERS

    def _compute_guarded(self, group: list[Window], shape: tuple[int, ...]) -> list[int]:
        """Computes whole entries, and returns which of them may not be computed so."""
        arrays = self._hoister.arrays(group, shape)
        if self._guard is not None and not self._guard.surely_holds(arrays):
            fine = self._guard.holds(self._guard.ranges(arrays, len(group)))
            if not fine.all():
                bad = [window.piece for window, held in zip(group, fine, strict=True) if not held]
                good = [window for window, held in zip(group, fine, strict=True) if held]
                if good:
                    self._compute(good, shape)
                return bad
        self._write(group, shape, arrays)
        return []

    def _compute(self, group: list[Window], shape: tuple[int, ...]) -> None:
        self._write(group, shape, self._hoister.arrays(group, shape))

    def _holds(self, piece: Piece, shape: tuple[int, ...]) -> bool:
        """Whether the entry of a piece may be computed so."""
        if self._guard is None or 0 in shape:
            return True
        entry = (shape, *(values.content for values in piece.inputs))
        held = self._decisions.get(entry)
        if held is None:
            whole = Window(-1, piece.inputs, Box((0,) * len(shape), shape), np.empty((0, 0)))
            arrays = self._hoister.arrays([whole], shape)
            if len(self._decisions) >= _MOST_DECISIONS:
                self._decisions.clear()
            held = self._guard.surely_holds(arrays) or bool(self._guard.holds(self._guard.ranges(arrays, 1))[0])
            self._decisions[entry] = held
        return held

    def _write(self, group: list[Window], shape: tuple[int, ...], arrays: Arrays) -> None:
        count = len(group)
        planes, places = _planes(group, shape, self._dtype)
        full = self._plan.full
        inputs = [
            torch.from_numpy(numbers_of(group, position, full, shape, self._numpy_dtype)) for position in self._inputs
        ]
        with threads_for(count * math.prod(shape)):
            self._grid([*planes, *arrays.tensors, *inputs])
        if places is not None:
            for window, computed in zip(group, places, strict=True):
                wanted = tuple(slice(0, n) for n in window.box.shape)
                window.out.reshape(-1, *window.box.shape)[...] = computed[(slice(None), *wanted)]


def _planes(
    group: Sequence[Window], shape: tuple[int, ...], dtype: torch.dtype
) -> tuple[list[Tensor], Iterator[Array] | None]:
    """Where a library writes to: the results' own places if they lie end to end, else some to copy from."""
    if _end_to_end(group, shape):
        first = group[0].out
        size = len(group) * math.prod(shape)
        rows = np.lib.stride_tricks.as_strided(first, (len(first), size), first.strides)
        return [torch.from_numpy(row).view(len(group), *shape) for row in rows], None
    beside = torch.empty(len(group[0].out), len(group), *shape, dtype=dtype)
    return list(beside), iter(beside.transpose(0, 1).numpy())


def _end_to_end(group: Sequence[Window], shape: tuple[int, ...]) -> bool:
    first = group[0].out
    step = math.prod(shape) * first.itemsize
    if first.shape[1] and first.strides[1] != first.itemsize:
        return False
    return all(
        window.box.shape == shape
        and window.out.strides[0] == first.strides[0]
        and _address(window.out) == _address(first) + n * step
        for n, window in enumerate(group)
    )


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def entry_shape(piece: Piece) -> tuple[int, ...]:
    """The shape of the whole grid that a piece belongs to."""
    shape = piece.inputs[0].lengths
    for values in piece.inputs[1:]:
        shape = tuple(b if a == 1 else a for a, b in zip(shape, values.lengths, strict=True))
    return shape
