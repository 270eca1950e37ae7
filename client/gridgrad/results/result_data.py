"""What a result holds: one buffer of numbers, and what says how to read it and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from gridgrad.arguments.inputs import FloatArray, Input, spread_over
from gridgrad.arguments.linspace import Linspace
from gridgrad.arguments.units import Units, units_of
from gridgrad.requests.reduction import GridReduction
from gridgrad.results.info import Info, read_info
from gridgrad.results.planes import Derivatives, PlaneIndex
from gridgrad_core.errors import RequestError

if TYPE_CHECKING:
    from gridgrad.requests.prepare import PreparedCall
    from gridgrad.requests.request import FunctionIdentity, Request

__all__ = ["ResultData", "ResultOrigin", "ResultSchema", "keeps_arrays"]


class ResultSchema(NamedTuple):
    """What results share that differ only in numbers.

    Args:
        planes: which plane of the buffer each derivative is, or which planes; that of the value, (), first.
        names: the names of the inputs, in order.
        dims: the names of the grid's dims.
        components: the names of the components.
        tuple_valued: whether arrays have a leading component dim.
        function: the kind and text of the function.
        units: names of inputs and components with their units, where the function says them.
        keeps_arrays: whether the server keeps arrays that come with their SHA-256.
        reduction: what was made of a grid; None where it is one.
    """

    planes: PlaneIndex
    names: tuple[str, ...]
    dims: tuple[str, ...]
    components: tuple[str, ...]
    tuple_valued: bool
    function: FunctionIdentity
    units: tuple[tuple[str, str], ...] = ()
    keeps_arrays: bool = False
    reduction: GridReduction | None = None


def keeps_arrays(result: ResultData) -> bool:
    """Whether the server that a result came from keeps the arrays of its request."""
    return result._schema.keeps_arrays


class ResultOrigin(NamedTuple):
    """The request that a result came from, as the caller sees it. A `PreparedCall` has the same two and serves too.

    Args:
        request: what was asked.
        shown: the inputs.
    """

    request: Request
    shown: tuple[Input, ...]


class ResultData:
    """The arrays of a result, its inputs, and how it was computed: all that others need to show or to keep it.

    Args:
        planes: the buffer [1 + derivatives, (components,) *grid].
        schema: how to read the buffer.
        info: how it was computed; serialized until somebody looks.
        origin: the request.
        start: where in the grid of the request it begins, for each dim; None for the beginning.
    """

    __slots__ = ("_d", "_info", "_inputs", "_origin", "_planes", "_schema", "_start")

    def __init__(
        self,
        planes: FloatArray,
        schema: ResultSchema,
        info: Info | bytes,
        origin: ResultOrigin | PreparedCall,
        start: tuple[int, ...] | None = None,
    ) -> None:
        self._planes = planes
        self._schema = schema
        self._info = info
        self._origin = origin
        self._start = start
        self._d: Derivatives | None = None
        self._inputs: dict[str, FloatArray] | None = None

    @property
    def d(self) -> Derivatives:
        """The derivatives by their inputs' names, each of the value's shape."""
        if self._d is None:
            self._d = Derivatives(self._planes, self._schema.planes, self._schema.names)
        return self._d

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of the grid's dims, in order."""
        return self._schema.dims

    @property
    def reduced(self) -> Mapping[str, str]:
        """What was made of the grid along which of its dims, such as {"k": "sum"}; empty for a grid itself."""
        made = self._schema.reduction
        return dict.fromkeys(made.dims, made.kind) if made else {}

    @property
    def weights(self) -> str:
        """What each point counted there, as an expression of the inputs; empty for 1."""
        return self._schema.reduction.weights if self._schema.reduction else ""

    @property
    def components(self) -> tuple[str, ...]:
        """The names of the components; one for a function that is no tuple."""
        return self._schema.components

    @property
    def tuple_valued(self) -> bool:
        """Whether arrays have a leading component dim."""
        return self._schema.tuple_valued

    @property
    def info(self) -> Info:
        """How it was computed."""
        if isinstance(self._info, bytes):
            self._info = read_info(self._info)
        return self._info

    @property
    def function(self) -> FunctionIdentity:
        """What was computed: ("expression", its text) or ("registered", its name)."""
        return self._schema.function

    @property
    def request(self) -> Request:
        """What was asked."""
        return self._origin.request

    @property
    def value(self) -> FloatArray:
        """The function itself, [*grid], or [components, *grid] for a tuple-valued function."""
        value: FloatArray = self._planes[0, ...]  # an array for a single point too
        return value

    @property
    def inputs(self) -> Mapping[str, FloatArray]:
        """What it was computed on by name, read-only arrays in the dtype computed in."""
        if self._inputs is None:
            part = dict(zip(self.dims, self.slices, strict=True))
            added = self._schema.reduction.added if self._schema.reduction else ()
            self._inputs = {
                i.name: _computed_on(i, None if i.name in added else self._planes.dtype, part)
                for i in self._origin.shown
            }
        return self._inputs

    @property
    def units(self) -> Units:
        """The units of inputs and components: those that were given, else those of DataArrays, else of the function.

        What shows or keeps a result has those of partials too.
        """
        units = {**dict(self._schema.units), **units_of(self.request.inputs), **(self.request.units or {})}
        if self._planes.dtype.kind == "f":
            return units
        return {name: unit for name, unit in units.items() if name not in self.components}  # positions, counts

    @property
    def slices(self) -> tuple[slice, ...]:
        """Which part of the grid it is: `whole[result.slices] = result.value`."""
        start = self._start or (0,) * len(self.shape)
        return tuple(slice(first, first + length) for first, length in zip(start, self.shape, strict=True))

    @property
    def input_dims(self) -> Mapping[str, tuple[str, ...]]:
        """The dims of each input by name: its own name for an axis, none for a number."""
        return {i.name: i.dims for i in self._origin.shown}

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the grid, without a dim of components."""
        return self._planes.shape[1 + self._schema.tuple_valued :]

    def on_grid(self, name: str) -> FloatArray:
        """An input broadcast over the grid, [*grid]: a read-only view.

        Args:
            name: the input.

        Returns:
            A view of the array in `inputs`, of the grid's shape.

        Raises:
            KeyError: there is no such input.
            RequestError: it is an array of coefficients.
        """
        gone = [dim for dim in self.input_dims[name] if dim in self.reduced]
        if gone:
            found = f"{name!r}, which varies along {gone[0]!r}, a dim that was reduced"
            raise RequestError("name", found, "take it whole: result.inputs[name]")
        if not set(self.input_dims[name]) <= set(self.dims):
            found = f"{name!r}, an array of coefficients and so on no grid"
            raise RequestError("name", found, "take it whole: result.inputs[name]")
        spread = spread_over(self.dims, self.input_dims[name], self.inputs[name])
        view: FloatArray = np.broadcast_to(spread, self.shape)
        return view

    @property
    def nbytes(self) -> int:
        """The length of the buffer that holds the value and all derivatives, in bytes."""
        return self._planes.nbytes

    def __reduce__(self) -> tuple[Any, ...]:
        """All but the code of a Python function, which stands as the text that was computed, and `out`."""
        origin = ResultOrigin(_without_code(self.request, self.function), tuple(self._origin.shown))
        return type(self), (self._planes, self._schema, self.info, origin, self._start)

    def copy(self) -> Self:
        """The same result in a buffer of its own, writable and independent of this one."""
        return type(self)(self._planes.copy(), self._schema, self._info, self._origin, self._start)


def _without_code(request: Request, function: FunctionIdentity) -> Request:
    """A request that can be pickled: for a Python function or what sympy made, the text that was computed."""
    from gridgrad.requests.request import Registered

    if isinstance(request.function, str | Registered):
        return replace(request, out=None)
    return replace(request, function=function[1], out=None)


def _computed_on(sent: Input, dtype: np.dtype[Any] | None, part: Mapping[str, slice]) -> FloatArray:
    values = sent.values.values() if isinstance(sent.values, Linspace) else sent.values
    if dtype is None or dtype.kind != "f":  # weights, and where results are positions or counts
        dtype = values.dtype
    with np.errstate(over="ignore"):
        own = np.array(values[tuple([part.get(dim, slice(None)) for dim in sent.dims])], dtype)
    own.flags.writeable = False
    return own
