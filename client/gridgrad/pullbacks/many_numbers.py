"""Derivatives by more numbers of arrays than one request has planes: two requests, which come to one result.

The first asks for the value and all other derivatives. The second is on a grid with a dim more, along which the arrays
lie, of the derivative by their number at a place (`gridgrad_core.lang.tables.by_places`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.coefficients import read_coefficients
from gridgrad.arguments.derivatives import DerivativeSelection, read_selection, resolve
from gridgrad.arguments.inputs import FloatArray, Input, computing_dtype, read_inputs
from gridgrad.arguments.lookup_table import split_tables
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.requests.lowering import Lowered, lower
from gridgrad.requests.request import Registered, Request
from gridgrad.results.result import Result
from gridgrad.results.result_data import ResultOrigin
from gridgrad_core.errors import TooLargeError
from gridgrad_core.grid import MAX_DERIVATIVES, MAX_SCALARS, Derivative, canonical
from gridgrad_core.lang.program.program import Program

__all__ = ["ManyNumbers", "beside_request", "by_many_numbers", "spare_name"]


class _Asked(NamedTuple):
    """A derivative by an array.

    Args:
        array: the array.
        rest: the inputs by which it is, too.
    """

    array: str
    rest: Derivative


class ManyNumbers(NamedTuple):
    """The two requests.

    Args:
        whole: what was asked.
        main: the value and what is not by arrays.
        beside: the derivatives by the number of each array at a place, a component for each component of the function.
        derivatives: all of them, in the order in which they were asked for.
        arrays: that they are by, in the order of the components of `beside`.
        length: of these.
        dim: along which they lie there.
    """

    whole: Request
    main: Request
    beside: Request
    derivatives: tuple[Derivative, ...]
    arrays: tuple[str, ...]
    length: int
    dim: str

    @property
    def others(self) -> tuple[Request, ...]:
        """All requests but the main one."""
        return (self.beside,)

    def joined(self, main: Result, others: Sequence[Result]) -> Result:
        """What both results come to.

        Args:
            main: that of the main request.
            others: that of the other.
        """
        own, (beside,) = main._planes, others
        by_arrays = [each for each in self.derivatives if _asked(each, self.arrays)]
        planes = np.zeros((len(own) + self.length * len(by_arrays), *own.shape[1:]), own.dtype)
        planes[: len(own)] = own
        index: dict[Derivative, int | NDArray[np.intp]] = {(): 0}
        start = len(own)
        for derivative in self.derivatives:
            asked, known = _asked(derivative, self.arrays), canonical(derivative, main._schema.names)
            if asked is None:
                index[known] = main._schema.planes[known]
                continue
            index[known] = np.arange(start, start + self.length, dtype=np.intp)
            plane = _plane(beside, asked.rest)
            if plane is not None:  # else it does not depend on an input
                planes[start : start + self.length] = self._placed(beside, beside._planes[plane], asked.array, main)
            start += self.length
        planes.flags.writeable = False
        schema = main._schema._replace(planes=index)
        return Result(planes, schema, main._info, ResultOrigin(self.whole, main._origin.shown))

    def _placed(self, beside: Result, plane: FloatArray, array: str, main: Result) -> FloatArray:
        """The derivatives by an array, [numbers, (components,) *grid], broadcast."""
        count = len(main.components)
        first = self.arrays.index(array) * count
        dims = [self.dim, *main.dims]
        order = sorted(range(len(beside.dims)), key=lambda axis: dims.index(beside.dims[axis]))
        found = plane[first : first + count].transpose(0, *(1 + axis for axis in order))
        missing = [1 + place for place, dim in enumerate(dims) if dim not in beside.dims]
        found = np.moveaxis(np.expand_dims(found, missing), 0, 1)
        return found if main.tuple_valued else found[:, 0]


def _plane(result: Result, derivative: Derivative) -> Any:
    """Where a derivative of the second result lies; None where that does not depend on an input of it."""
    names = result._schema.names
    return result._schema.planes.get(canonical(derivative, names)) if {*derivative} <= {*names} else None


def by_many_numbers(request: Request) -> ManyNumbers | None:
    """The two requests of one that asks for derivatives by many numbers of arrays; None for any other.

    Args:
        request: as it was asked, whose `wrt` and `derivatives` can be read again.

    Raises:
        RequestError: something in it is wrong that shows without the server.
        TooLargeError: it asks for derivatives by arrays of different lengths, or of higher order by numbers of arrays.
    """
    selection = read_selection(request.wrt, request.order, request.derivatives)
    if isinstance(request.function, Registered) or selection.by.isdisjoint(request.coefficients or ()):
        return None
    plain, tables = split_tables(request.inputs)
    inputs = read_inputs(unstacked(plain))
    given = {each.name: each.values for each in read_coefficients(request.coefficients, [each.name for each in inputs])}
    arrays = tuple([name for name, each in given.items() if name in selection.by and each.ndim == 1])
    scalars = [each.name for each in inputs if not each.dims]
    names = selection.with_all([*(each.name for each in inputs), *given])
    derivatives = resolve(selection, names, [*scalars, *given])
    sizes = {name: each.size for name, each in given.items()}
    planes = sum(math.prod(sizes.get(name, 1) for name in derivative) for derivative in derivatives)
    if planes <= MAX_DERIVATIVES and sum(sizes.values()) <= MAX_SCALARS:
        return None
    others = tuple([each for each in derivatives if not _by(each, arrays)])
    lowered = lower(request.function, inputs, DerivativeSelection(None, None, ()), request.coefficients, tables)
    if not arrays or not isinstance(lowered.function, Program) or not set(arrays) <= {*lowered.function.called}:
        return None
    _check(request, derivatives, {name: sizes[name] for name in arrays}, [each.name for each in tables])
    main = dataclasses.replace(request, wrt=None, order=None, derivatives=others)
    beside, dim = beside_request(request, lowered, arrays, derivatives, given)
    return ManyNumbers(request, main, beside, derivatives, arrays, sizes[arrays[0]], dim)


def _by(derivative: Derivative, arrays: Sequence[str]) -> list[str]:
    return [name for name in derivative if name in arrays]


def _asked(derivative: Derivative, arrays: Sequence[str]) -> _Asked | None:
    by = _by(derivative, arrays)
    return _Asked(by[0], tuple([name for name in derivative if name not in arrays])) if by else None


def _check(
    request: Request, derivatives: Sequence[Derivative], sizes: Mapping[str, int], tables: Sequence[str]
) -> None:
    """Refuses what can't be asked by so many numbers.

    Raises:
        TooLargeError: there is such.
    """
    found = f"derivatives by {', '.join(sizes)}, of {' and '.join(f'{size:,}' for size in sizes.values())} numbers"
    if len({*sizes.values()}) > 1:
        raise TooLargeError("derivatives", found, "ask by one of them at a time")
    twice = next((each for each in derivatives if len(_by(each, [*sizes])) > 1), None)
    if twice is not None:
        what = f"{twice}, a derivative by two of {max(sizes.values()):,} numbers each"
        raise TooLargeError("derivatives", what, f"ask for order 1 by arrays, or by at most {MAX_DERIVATIVES} in all")
    both = next((each for each in derivatives if _by(each, [*sizes]) and _by(each, tables)), None)
    if both is not None:
        what = f"{both}, by an array of {max(sizes.values()):,} numbers and a table"
        raise TooLargeError("derivatives", what, "ask for derivatives by one of both, mixed with those by inputs alone")
    for name, said in (("reduce", request.reduce), ("out", request.out)):
        if said is not None:
            remedy = f"leave out {name}, or ask by at most {MAX_DERIVATIVES} numbers at a time"
            raise TooLargeError("derivatives", f"{found} with {name}", remedy)


def beside_request(
    request: Request,
    lowered: Lowered,
    arrays: Sequence[str],
    derivatives: Sequence[Derivative],
    given: Mapping[str, NDArray[np.float64]],
) -> tuple[Request, str]:
    """The request of derivatives at a place, and the dim of the place.

    Args:
        request: as it was asked.
        lowered: as it would travel without derivatives by arrays.
        arrays: that derivatives are by.
        derivatives: those by them.
        given: all arrays.
    """
    from gridgrad_core.lang.tables.by_places import derivatives_at_a_place

    length = given[arrays[0]].size
    beside = [name for name in lowered.function.called if name in given and given[name].size == length]
    taken = {*given, *(each.name for each in lowered.inputs), *lowered.function.assigned}
    standing = {name: spare_name(f"{name}_at", taken) for name in beside}
    dim = spare_name("at", {dim for each in lowered.inputs for dim in each.dims})
    program = derivatives_at_a_place(lowered.function, standing, arrays)
    places = {stands: (dim, given[name]) for name, stands in standing.items() if stands in program.inputs}
    used = [each for each in lowered.inputs if each.name in program.inputs]
    rests = [each.rest for each in (_asked(derivative, arrays) for derivative in derivatives) if each]
    plain, tables = split_tables(request.inputs)
    inputs: dict[Any, Any] = {each.name: each.table for each in tables if each.name in program.called}
    inputs |= {**places, **{each.name: _spelled(each) for each in used}}
    made = dataclasses.replace(
        request,
        function=program,
        inputs=inputs,
        wrt=None,
        order=None,
        derivatives=[rest for rest in dict.fromkeys(rests) if rest and {*rest} <= {*program.inputs}],
        dtype=computing_dtype(read_inputs(unstacked(plain)), request.dtype, tables).name,
        coefficients={name: given[name] for name in program.called if name in given},
        units=None,
    )
    return made, dim


def _spelled(given: Input) -> Any:
    return (given.dims, given.values) if given.dims else given.values


def spare_name(name: str, taken: set[str]) -> str:
    """A name like this that is not taken."""
    while name in taken:
        name += "_"
    return name
