"""Pull-backs by more numbers of arrays than one request has: a further one for each array, whose row goes beside.

It is on a grid with a dim more, along which the array lies: the derivative by its number at a place
(`gridgrad_core.lang.tables.by_places`) times an input along that dim, by which the same cotangent is pulled back.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.coefficients import read_coefficients
from gridgrad.arguments.derivatives import DerivativeSelection, read_selection, resolve
from gridgrad.arguments.inputs import Input, read_inputs, split_dims
from gridgrad.arguments.lookup_table import split_tables
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.pullbacks.many_numbers import beside_request, spare_name
from gridgrad.requests.lowering import Lowered, lower
from gridgrad.requests.reduction import GivenPullback
from gridgrad.requests.request import Registered, Request
from gridgrad.results.result import Result
from gridgrad.results.result_data import ResultOrigin
from gridgrad_core.grid import MAX_SCALARS, Derivative, grid_of
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program

__all__ = ["ManyGradients", "by_many_gradients"]


class ManyGradients(NamedTuple):
    """The requests.

    Args:
        whole: what was asked.
        main: by all else.
        beside: by each array, and the name that its gradient has there; None where the function does not depend on it.
        derivatives: all of them, in the order in which they were asked for.
        sizes: how many numbers each array has.
    """

    whole: Request
    main: Request
    beside: Mapping[str, tuple[Request, str] | None]
    derivatives: tuple[Derivative, ...]
    sizes: Mapping[str, int]

    def joined(self, main: Result, beside: Mapping[str, Result]) -> Result:
        """What the results come to.

        Args:
            main: that of the one request.
            beside: those by arrays.
        """
        row, end = [np.asarray(main._planes)], len(main._planes)
        index: dict[Derivative, int | NDArray[np.intp]] = {(): 0}
        for derivative in self.derivatives:
            (name,) = derivative
            size = self.sizes.get(name)
            if size is None:
                index[derivative] = main._schema.planes[derivative]
                continue
            index[derivative] = np.arange(end, end + size, dtype=np.intp)
            end += size
            asked = self.beside[name]
            row.append(beside[name].d[asked[1]] if asked else np.zeros(size))
        planes = np.concatenate(row).astype(main._planes.dtype)
        planes.flags.writeable = False
        schema = main._schema._replace(planes=index)
        return Result(planes, schema, main._info, ResultOrigin(self.whole, main._origin.shown))


def by_many_gradients(request: Request) -> ManyGradients | None:
    """The requests of a pull-back by many numbers of arrays that its function sums over; None for any other.

    Args:
        request: a pull-back as it was asked, whose `wrt` can be read again.

    Raises:
        RequestError: something in it is wrong that shows without the server.
    """
    selection = read_selection(request.wrt, request.order, request.derivatives)
    if isinstance(request.function, Registered) or selection.by.isdisjoint(request.coefficients or ()):
        return None
    plain, tables = split_tables(request.inputs)
    inputs = read_inputs(unstacked(plain))
    given = {each.name: each.values for each in read_coefficients(request.coefficients, [each.name for each in inputs])}
    if sum(given[name].size for name in given if name in selection.by) <= MAX_SCALARS:
        return None
    derivatives = resolve(selection, [*(each.name for each in inputs), *given], [*(i.name for i in inputs), *given])
    arrays = [name for (name,) in derivatives if name in given and given[name].ndim == 1]
    others = tuple([each for each in derivatives if each[0] not in arrays])
    lowered = lower(request.function, inputs, DerivativeSelection(None, None, others), request.coefficients, tables)
    if not arrays or not isinstance(lowered.function, Program) or not {*arrays} <= {*lowered.function.called}:
        return None
    main = dataclasses.replace(request, wrt=[name for (name,) in others])
    beside = {name: _beside(request, lowered, name, given, inputs) for name in arrays}
    return ManyGradients(request, main, beside, derivatives, {name: given[name].size for name in arrays})


def _beside(
    request: Request, lowered: Lowered, array: str, given: Mapping[str, NDArray[np.float64]], inputs: Sequence[Input]
) -> tuple[Request, str] | None:
    """The request by the numbers of an array, and the name that it is by; None where none of them counts."""
    made, dim = beside_request(request, lowered, [array], [(array,)], given)
    assert isinstance(made.function, Program), "derivatives at a place are one"  # noqa: S101 - narrows the type
    assert isinstance(request.reduce, GivenPullback), "it is a pull-back"  # noqa: S101 - narrows the type
    taken = {*given, *(each.name for each in inputs), *made.function.inputs, *made.function.assigned, array}
    by = spare_name(f"{array}_counts", taken)
    function = _times(made.function, by)
    if function is None:
        return None
    cotangent, added = _spelled(request.reduce.cotangent, inputs, {*taken, by})
    texts = cotangent if isinstance(cotangent, tuple) else (cotangent,)
    read = {word for text in texts if isinstance(text, str) for word in re.findall(r"\w+", text)}
    needed: dict[str, Any] = {each.name: (each.dims, each.values) for each in inputs if each.dims}
    needed |= {each.name: each.values for each in inputs if not each.dims and each.name in read}
    whole = {**needed, **made.inputs, **added, by: (dim, np.ones(given[array].size))}
    coefficients = made.coefficients or None
    return dataclasses.replace(made, function=function, inputs=whole, wrt=by, order=1, derivatives=None,
                               reduce=GivenPullback(cotangent), coefficients=coefficients), by  # fmt: skip


def _times(program: Program, name: str) -> Program | None:
    """A program whose components are multiplied with an input; None where all are 0."""
    nodes = program.nodes
    if all(nodes[output].op == "const" and not nodes[output].number for output in program.outputs):
        return None
    builder = Builder()
    for node in nodes:
        builder.take(node)
    factor = builder.input(name)
    outputs = tuple([builder.op("mul", output, factor) for output in program.outputs])
    names = (*program.inputs, name)
    return Program(tuple(builder.nodes), outputs, program.components, program.tuple_valued, names, program.tables)


def _spelled(cotangent: Any, inputs: Sequence[Input], taken: set[str]) -> tuple[Any, dict[str, Any]]:
    """A cotangent with the names of its dims; those of several components by the names of inputs that hold them."""
    if cotangent is None or isinstance(cotangent, str):
        return cotangent, {}
    if isinstance(cotangent, tuple) and all(isinstance(each, str) for each in cotangent):
        return cotangent, {}
    dims, values = split_dims("cotangent", cotangent)
    grid = grid_of([each.spec for each in inputs])
    array = np.asarray(values)
    if dims is not None or array.shape == grid.shape or not array.ndim:
        return cotangent if dims or not array.ndim else (grid.dims, array), {}
    parts: dict[str, Any] = {}
    for part in array:
        name = spare_name(f"cotangent_{len(parts)}", taken)
        parts[name] = (grid.dims, part)
    return tuple(parts), parts
