"""Results: a grid's value and derivatives as views of one buffer."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.coefficients import stacked
from gridgrad.arguments.inputs import FloatArray, Input, spread_over
from gridgrad.arguments.linspace import Linspace
from gridgrad.results.fields import Fields
from gridgrad.results.info import Info, read_info
from gridgrad.results.labels import spelling
from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional
from gridgrad_core.grid import Derivative

if TYPE_CHECKING:
    import xarray
    from matplotlib.figure import Figure

    from gridgrad.arguments.derivatives import DerivativeLike
    from gridgrad.requests.prepare import Call, FunctionKey, Request
    from gridgrad.results.archive import FileLike

__all__ = ["Derivatives", "Kind", "PlaneIndex", "Question", "Result", "plane_index"]

INDICES_KEPT = 512


PlaneIndex: TypeAlias = Mapping[Derivative, "int | NDArray[np.intp]"]


class Derivatives(Mapping[str | Derivative, FloatArray]):
    """The derivatives of a result by the names of their inputs.

    `d["t"]` is ∂f/∂t and `d["t", "k"]` the mixed one, as is `d["k", "t"]`; `d[()]` is the value.
    Iteration gives the derivatives asked for as tuples of names, in the order asked, without the value.

    Derivatives by arrays of coefficients have their dims in front: `d["n"]` is [len(n), (components,) *grid].

    Args:
        planes: the buffer [1 + derivatives, (components,) *grid].
        index: which plane of it each is, or which planes, the value () included.
        names: the names of the inputs, in order.
    """

    __slots__ = ("_derivatives", "_index", "_names", "_planes")

    def __init__(self, planes: FloatArray, index: PlaneIndex, names: tuple[str, ...]) -> None:
        self._planes = planes
        self._names = names
        self._index = index
        self._derivatives = tuple([derivative for derivative in index if derivative])

    def __getitem__(self, wrt: str | Iterable[str]) -> FloatArray:
        spelled = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        plane = self._index.get(spelled)
        if plane is None:
            plane = self._index.get(self._sorted(spelled))
        if plane is None:
            raise KeyError(self._missing(spelled))
        if isinstance(plane, np.ndarray):
            return stacked(self._planes, plane)
        found: FloatArray = self._planes[plane, ...]  # an array for a single point too
        return found

    def __iter__(self) -> Iterator[Derivative]:
        return iter(self._derivatives)

    def __len__(self) -> int:
        return len(self._derivatives)

    def __repr__(self) -> str:
        return f"Derivatives({', '.join(map(spelling, self._derivatives)) or 'none'})"

    def _sorted(self, derivative: Derivative) -> Derivative:
        if not set(derivative) <= set(self._names):
            return derivative
        return tuple(sorted(derivative, key=self._names.index))

    def _missing(self, derivative: Derivative) -> str:
        present = ", ".join(map(spelling, self._derivatives)) or "none"
        strange = [name for name in derivative if name not in self._names]
        if strange:
            return f"{strange[0]!r} is no input of this result; derivatives present: {present}"
        ask = f"derivatives=[{spelling(derivative)}]" if len(derivative) == 1 else f"derivatives=[{derivative!r}]"
        orders = f" or order={len(derivative)}" if len(derivative) > 1 else f" or wrt={derivative[0]!r}"
        return (
            f"{spelling(derivative)} was not asked for; derivatives present: {present}; ask for it with {ask}{orders}"
        )


class Kind(NamedTuple):
    """What results share that differ only in numbers.

    Args:
        planes: which plane of the buffer each derivative is, or which planes; that of the value, (), first.
        names: the names of the inputs, in order.
        dims: the names of the grid's dims.
        components: the names of the components.
        tuple_valued: whether arrays have a leading component dim.
        function: the kind and text of the function.
    """

    planes: PlaneIndex
    names: tuple[str, ...]
    dims: tuple[str, ...]
    components: tuple[str, ...]
    tuple_valued: bool
    function: FunctionKey


class Question(NamedTuple):
    """What a result answers, as the caller sees it; a `Call` is one.

    Args:
        request: what was asked.
        shown: the inputs.
    """

    request: Request
    shown: tuple[Input, ...]


class Result(Fields):
    """A function and its derivatives on a grid.

    Attributes:
        value: the function itself, [*grid], or [components, *grid] for a tuple-valued function.
        d: the derivatives by their inputs' names, each of the value's shape.
        inputs: what it was computed on, in the dtype computed in; linspaces expanded.
        dims: the names of the grid's dims, in order.
        components: the names of the components; one for a function that is no tuple.
        tuple_valued: whether arrays have a leading component dim.
        info: how it was computed.
        function: what was computed: ("expression", its text) or ("registered", its name).
        request: what was asked, as a `Request`.
        slices: which part of the grid it is, a slice for each dim: all of it but for `Client.windows`.

    Arrays are read-only, unless the caller gave `out` or they come from `copy`. Every method with `wrt` makes a
    field from the partials that were asked for.
    """

    __slots__ = ("_d", "_info", "_inputs", "_kind", "_planes", "_question", "_start")

    def __init__(
        self,
        planes: FloatArray,
        kind: Kind,
        info: Info | bytes,
        question: Question | Call,
        start: tuple[int, ...] | None = None,
    ) -> None:
        self._planes = planes
        self._kind = kind
        self._info = info  # serialized until somebody looks
        self._question = question
        self._start = start
        self._d: Derivatives | None = None
        self._inputs: dict[str, FloatArray] | None = None

    @property
    def d(self) -> Derivatives:
        """The derivatives by their inputs' names, each of the value's shape."""
        if self._d is None:
            self._d = Derivatives(self._planes, self._kind.planes, self._kind.names)
        return self._d

    @property
    def dims(self) -> tuple[str, ...]:
        """The names of the grid's dims, in order."""
        return self._kind.dims

    @property
    def components(self) -> tuple[str, ...]:
        """The names of the components; one for a function that is no tuple."""
        return self._kind.components

    @property
    def tuple_valued(self) -> bool:
        """Whether arrays have a leading component dim."""
        return self._kind.tuple_valued

    @property
    def info(self) -> Info:
        """How it was computed."""
        if isinstance(self._info, bytes):
            self._info = read_info(self._info)
        return self._info

    @property
    def function(self) -> FunctionKey:
        """What was computed: ("expression", its text) or ("registered", its name)."""
        return self._kind.function

    @property
    def request(self) -> Request:
        """What was asked."""
        return self._question.request

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
            self._inputs = {i.name: _computed_on(i, self._planes.dtype, part) for i in self._question.shown}
        return self._inputs

    @property
    def slices(self) -> tuple[slice, ...]:
        """Which part of the grid it is: `whole[result.slices] = result.value`."""
        start = self._start or (0,) * len(self.shape)
        return tuple(slice(first, first + length) for first, length in zip(start, self.shape, strict=True))

    @property
    def input_dims(self) -> Mapping[str, tuple[str, ...]]:
        """The dims of each input by name: its own name for an axis, none for a number."""
        return {i.name: i.dims for i in self._question.shown}

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the grid, without a dim of components."""
        return self._planes.shape[1 + self._kind.tuple_valued :]

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

    def copy(self) -> Result:
        """The same result in a buffer of its own, writable and independent of this one."""
        return Result(self._planes.copy(), self._kind, self._info, self._question, self._start)

    def __repr__(self) -> str:
        from gridgrad.results.display import notebook as reprs

        return reprs.as_text(self)

    def _repr_html_(self) -> str:
        from gridgrad.results.display import notebook as reprs

        return reprs.as_html(self)

    def to_xarray(self, name: str | Sequence[str] | None = None) -> xarray.Dataset:
        """A Dataset with the dims of the grid, without a copy of the numbers; needs the extra `xarray`.

        Inputs are its coordinates, scalars too. Variables are `f`, `df_dt`, `d2f_dt_dk`, `d2f_dt2`, ..., or begin
        with the name of each component. Attributes hold the function and how it was computed. `to_netcdf` and
        `to_zarr` of xarray write it.

        Args:
            name: instead of "f"; for a tuple the names of all its components.

        Returns:
            The Dataset, with read-only arrays unless the result's own are writable.

        Raises:
            RequestError: a variable would have the name of an input or dim.
            MissingExtraError: xarray is not installed.
        """
        from gridgrad.results import to_xarray as export

        return export.to_xarray(self, name)

    def to_dict(self, name: str | Sequence[str] | None = None, *, flat: bool = False) -> dict[str, FloatArray]:
        """Inputs, value and derivatives by the names that `to_xarray` gives them.

        Args:
            name: instead of "f"; for a tuple the names of all its components.
            flat: whether each array has one entry for each point of the grid, inputs too, as the columns of a
                table have: pandas.DataFrame(result.to_dict(flat=True)).

        Returns:
            Arrays [*grid] and the inputs as they are, or arrays [points].

        Raises:
            RequestError: a variable would have the name of an input or dim.
        """
        from gridgrad.results import to_xarray as export

        return export.to_dict(self, name, flat=flat)

    def to_npz(self, file: FileLike) -> list[str]:
        """Writes everything to a numpy archive, which `from_npz` reads back and numpy.load too.

        Args:
            file: the path, exactly so named, or a file open for writing bytes.

        Returns:
            The names of the arrays: "value", "d/t", "d/t,k" and those of the inputs.
        """
        from gridgrad.results import archive

        return archive.save(self, file)

    @staticmethod
    def from_npz(file: FileLike) -> Result:
        """Reads a result that `to_npz` or `gridgrad eval --output` wrote.

        Args:
            file: the path, or a file open for reading bytes.

        Returns:
            The result, with read-only arrays; its request asks for the same, without `out` and `tag`.

        Raises:
            RequestError: the file is no such archive.
            OSError: it can't be read.
        """
        from gridgrad.results import archive

        return archive.load(file)

    def plot(
        self,
        *,
        derivatives: Iterable[DerivativeLike] | None = None,
        at: Mapping[str, float] | None = None,
        figure: Figure | None = None,
    ) -> Figure:
        """Draws the value and the derivatives in one figure; needs the extra `plot`.

        One dim gives lines; two give heat maps, the first to the right and the second upward; three give slices
        through the first. Colours of derivatives diverge from zero; where a few values dwarf the others, the scale is
        logarithmic on both sides of it. What is not finite is marked and counted.

        Args:
            derivatives: those to draw beside the value; by default all.
            at: dims to leave out, each with the coordinate to fix it at; the nearest there is counts.
            figure: a figure to draw into, such as matplotlib.pyplot.figure(); by default a new one.

        Returns:
            The figure, which notebooks show; `savefig` writes it.

        Raises:
            RequestError: there are no dims, or more than three, or too many arrays.
            KeyError: a derivative was not asked for.
            MissingExtraError: matplotlib is not installed.
        """
        optional("matplotlib", "plot")
        from gridgrad.results.display import figure as plotting

        return plotting.plot(self, derivatives=derivatives, at=at, figure=figure)


@functools.lru_cache(INDICES_KEPT)
def plane_index(derivatives: tuple[Derivative, ...]) -> Mapping[Derivative, int]:
    """Which plane of a buffer holds which derivative; the same for all results of a kind."""
    return {derivative: plane for plane, derivative in enumerate(((), *derivatives))}


def _computed_on(sent: Input, dtype: np.dtype[Any], part: Mapping[str, slice]) -> FloatArray:
    values = sent.values.values() if isinstance(sent.values, Linspace) else sent.values
    with np.errstate(over="ignore"):
        own = np.array(values[tuple([part.get(dim, slice(None)) for dim in sent.dims])], dtype)
    own.flags.writeable = False
    return own
