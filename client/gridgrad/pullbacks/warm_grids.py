"""Warm starts of grids that follow one another: each begins its searches where the one before ended.

A grid is asked for when the one before has come, so that the numbers depend on the inputs and their order alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gridgrad.arguments.inputs import FloatArray, Input, Inputs, read_inputs
from gridgrad.arguments.lookup_table import split_tables
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.pullbacks.warm_starts import everywhere, found_by, guesses_of, settled_of
from gridgrad.requests.request import Request
from gridgrad.results.result import Result
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Grid, grid_of

__all__ = ["WarmGrids"]

_SPELLING = 'write warm_start="start" for a guess called start, or ["x0", "y0"] for two'


class WarmGrids:
    """The requests of grids, each made when the result before has come.

    Args:
        like: what is asked of all grids.
        warm_start: names of the inputs that are guesses; the first is the function's first component.

    Raises:
        RequestError: it is no such name, or grids are reduced.
    """

    def __init__(self, like: Request, warm_start: str | Iterable[str]) -> None:
        self._guesses = _names(warm_start)
        if like.reduce is not None:
            raise RequestError("warm_start", "warm_start with reduce", "leave out reduce")
        self._like = like
        self._first: Request | None = None
        self._grid = self._spans = Grid((), ())
        self._starts: dict[str, FloatArray] = {}

    def request_of(self, inputs: Inputs) -> Request:
        """The next request.

        Args:
            inputs: of the grid. Guesses are those of the first one alone; others need not have any.

        Raises:
            RequestError: the guesses are no inputs, or the grid is another one than the first.
        """
        plain, tables = split_tables(inputs)
        given = read_inputs(unstacked(plain))
        spans = grid_of([each.spec for each in given if each.name not in self._guesses])
        if self._first is None:
            self._first = self._begin(inputs, given, spans)
        elif dict(zip(*spans, strict=True)) != dict(zip(*self._spans, strict=True)):
            found = f"a grid of {_shown(spans)} after one of {_shown(self._spans)}"
            raise RequestError("warm_start", found, "give grids of one shape, or a map for each shape")
        dims = self._grid.dims
        spelled: dict[Any, Any] = {each.name: (each.dims, each.values) if each.dims else each.values for each in given}
        starts: dict[Any, Any] = {name: (dims, at) if dims else at for name, at in self._starts.items()}
        return self._first.on({**spelled, **starts, **{each.name: each.table for each in tables}})

    def add(self, outcome: object) -> None:
        """Takes in what a grid has come to; where nothing was found, the next one begins where this one did.

        Raises:
            RequestError: the function has fewer components than there are guesses.
        """
        if not isinstance(outcome, Result):
            return
        for name, found in found_by(outcome, self._guesses).items():
            self._starts[name] = np.where(np.isfinite(found), found, self._starts[name])

    def _begin(self, inputs: Inputs, given: tuple[Input, ...], spans: Grid) -> Request:
        """What is asked of all grids, by what the first one has."""
        guesses = guesses_of(self._guesses, given)
        missing = next((name for name in self._guesses if name not in {each.name for each in guesses}), None)
        if missing is not None:
            raise RequestError("warm_start", f"{missing!r}, which is no input", f"give the first guess; {_SPELLING}")
        self._grid, self._spans = grid_of([each.spec for each in given]), spans
        self._starts = {each.name: everywhere(each, self._grid) for each in guesses}
        return settled_of(self._like.on(inputs), given, split_tables(inputs)[1])


def _names(warm_start: Any) -> tuple[str, ...]:
    names = (warm_start,) if isinstance(warm_start, str) else warm_start
    if isinstance(names, dict) or not isinstance(names, Iterable):
        raise RequestError("warm_start", f"{warm_start!r}", f"{_SPELLING}; grids follow one another, not an axis")
    listed = tuple(names)
    if not listed or not all(isinstance(name, str) for name in listed):
        raise RequestError("warm_start", f"{warm_start!r}", _SPELLING)
    return listed


def _shown(grid: Grid) -> str:
    return " × ".join(f"{n} {dim}" for dim, n in zip(grid.dims, grid.shape, strict=True)) or "one point"
