"""Warm starts: places along an axis, one after the other, each of which begins its searches where the one before ended.

The order is that of the axis, and the numbers are those of the request alone: the same request has the same bits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gridgrad.arguments.derivatives import read_selection, resolve
from gridgrad.arguments.inputs import FloatArray, Input, computing_dtype, read_inputs, spread_over
from gridgrad.arguments.linspace import Linspace
from gridgrad.arguments.lookup_table import GivenTable, split_tables
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.requests.request import Request
from gridgrad.results.result import Result
from gridgrad.results.result_data import ResultOrigin
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Grid, grid_of

__all__ = ["WarmStarts", "everywhere", "found_by", "guesses_of", "settled_of"]

_SPELLING = 'write warm_start={"start": "p"} for a guess called start and an axis called p'


class WarmStarts:
    """The requests of the places along an axis, each made when the result before has come, and what they come to.

    Args:
        request: the whole.
        warm_start: names of the inputs that are guesses, and the axis; the first is the function's first component.

    Raises:
        RequestError: one is no input, the axis is none, or the request is for something that has no such parts.
    """

    def __init__(self, request: Request, warm_start: Mapping[str, str]) -> None:
        plain, tables = split_tables(request.inputs)
        given = read_inputs(unstacked(plain))
        self._axis = _axis_of(warm_start, given)
        self._guesses = tuple(warm_start)
        _check(request, self._guesses, given, self._axis)
        self._request = settled_of(request, given, tables)
        self._whole = request
        self._inputs = tuple([each for each in given if each.name not in self._guesses])
        self._tables = {each.name: each.table for each in tables}
        self._grid = grid_of([each.spec for each in (*self._inputs, *guesses_of(self._guesses, given))])
        self._across = tuple([dim for dim in self._grid.dims if dim != self._axis])
        if not len(self):
            raise RequestError("warm_start", f"the axis {self._axis!r} without values", "give one or more")
        lengths = [n for dim, n in zip(self._grid.dims, self._grid.shape, strict=True) if dim != self._axis]
        across = Grid(self._across, tuple(lengths))
        self._starts = {each.name: everywhere(each, across) for each in guesses_of(self._guesses, given)}
        self._results: list[Result] = []

    def __len__(self) -> int:
        return self._grid.shape[self._grid.dims.index(self._axis)]

    def __iter__(self) -> Iterator[Request]:
        """The requests; the result of each is to be added before the next is taken."""
        for place in range(len(self)):
            inputs: dict[Any, Any] = {each.name: _at(each, self._axis, place) for each in self._inputs}
            starts = {name: (self._across, values) if self._across else values for name, values in self._starts.items()}
            yield dataclasses.replace(self._request, inputs={**inputs, **starts, **self._tables})

    def add(self, result: Result) -> None:
        """Takes in the result of a place.

        Raises:
            RequestError: the function has fewer components than there are guesses.
        """
        for name, values in found_by(result, self._guesses).items():
            found = np.take(values, 0, result.dims.index(self._axis))
            self._starts[name] = np.where(np.isfinite(found), found, self._starts[name])
        self._results.append(result)

    @property
    def total(self) -> Result:
        """What all results come to."""
        first = self._results[0]
        axis = 1 + first.tuple_valued + first.dims.index(self._axis)
        planes = np.concatenate([each._planes for each in self._results], axis)
        planes.flags.writeable = False
        plain, _ = split_tables(self._whole.inputs)
        whole = {each.name: each for each in read_inputs(unstacked(plain))}
        shown = tuple([whole.get(each.name, each) for each in first._origin.shown])
        return Result(planes, first._schema, self._results[-1]._info, ResultOrigin(self._whole, shown))


def settled_of(request: Request, given: Sequence[Input], tables: Sequence[GivenTable]) -> Request:
    """A request with the derivatives and the dtype that it has while its guesses are as they were given.

    Args:
        request: as it was asked.
        given: its inputs.
        tables: those among them.
    """
    selection = read_selection(request.wrt, request.order, request.derivatives)
    arrays = request.coefficients or ()
    names = selection.with_all([*(each.name for each in given), *arrays, *(each.name for each in tables)])
    asked = resolve(selection, names, [*(each.name for each in given if not each.dims), *arrays])
    dtype = computing_dtype(given, request.dtype, tables).name
    return dataclasses.replace(request, wrt=None, order=None, derivatives=asked, dtype=dtype)


def found_by(result: Result, guesses: Sequence[str]) -> dict[str, FloatArray]:
    """What was found from each guess, of the grid's shape.

    Raises:
        RequestError: the function has fewer components than there are guesses.
    """
    if len(result.components) < len(guesses):
        found = f"{len(guesses)} guesses of a function of {len(result.components)} components"
        raise RequestError("warm_start", found, "let its first components be what is searched for, in that order")
    return dict(zip(guesses, result.value if result.tuple_valued else [result.value], strict=False))


def everywhere(guess: Input, grid: Grid) -> FloatArray:
    """A guess at each point of a grid."""
    values = guess.values.values() if isinstance(guess.values, Linspace) else guess.values
    return np.array(np.broadcast_to(spread_over(grid.dims, guess.dims, values), grid.shape), float)


def guesses_of(names: Sequence[str], given: Sequence[Input]) -> list[Input]:
    """The inputs that are guesses, in their order."""
    return [each for name in names for each in given if each.name == name]


def _axis_of(warm_start: Any, given: Sequence[Input]) -> str:
    if not isinstance(warm_start, Mapping) or not warm_start or not all(map(_is_name, warm_start.values())):
        raise RequestError("warm_start", f"{warm_start!r}", _SPELLING)
    axis, *others = dict.fromkeys(warm_start.values())
    if others:
        raise RequestError("warm_start", f"two axes, {axis!r} and {others[0]!r}", "begin along one of them")
    if axis not in {each.name for each in given if each.dims == (each.name,)}:
        axes = ", ".join(each.name for each in given if each.dims == (each.name,)) or "(there are none)"
        raise RequestError("warm_start", f"{axis!r}, which is no axis", f"use one of {axes}; {_SPELLING}")
    return str(axis)


def _is_name(given: object) -> bool:
    return isinstance(given, str)


def _check(request: Request, guesses: Iterable[str], given: Sequence[Input], axis: str) -> None:
    named = {each.name: each for each in given}
    for name in guesses:
        if name not in named:
            raise RequestError("warm_start", f"{name!r}, which is no input", f"give the first guess; {_SPELLING}")
        if axis in named[name].dims:
            found = f"the guess {name!r}, which varies along {axis!r}"
            raise RequestError("warm_start", found, f"give it for the first {axis} alone")
    for what, said in (("reduce", request.reduce), ("out", request.out)):
        if said is not None:
            raise RequestError("warm_start", f"warm_start with {what}", f"leave out {what}")


def _at(given: Input, axis: str, place: int) -> Any:
    """An input at a place of an axis, as it is given."""
    if axis in given.dims:
        values = given.values.values() if isinstance(given.values, Linspace) else given.values
        at = np.take(values, [place], given.dims.index(axis))
        return given.dims, at
    return (given.dims, given.values) if given.dims else given.values
