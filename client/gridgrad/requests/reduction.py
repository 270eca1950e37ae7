"""What is made of a grid: `reduce` and `weights`, read and made into what is sent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from gridgrad.arguments.inputs import FLOAT64, FloatArray, Input, fitting_dims, real_numbers, split_dims
from gridgrad.arguments.linspace import Linspace
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import Grid, grid_of
from gridgrad_core.reduction import KINDS, LEAST_SQUARES, LOSSES, PULLBACK, REDUCTIONS
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = [
    "GivenPullback",
    "GivenResiduals",
    "GridReduction",
    "Reduce",
    "named_dims",
    "read_reduction",
    "trapezoid_weights",
]


class GivenResiduals(NamedTuple):
    """What `Client.least_squares_terms` was asked for; see there.

    Args:
        data: what residuals are taken from.
        over: the dims that are summed over; None for all.
        skip_nan: whether points whose data are nan are left out.
        loss: of the residuals.
        loss_scale: about how large one counts in full.
    """

    data: Any
    over: Sequence[str] | None = None
    skip_nan: bool = False
    loss: str = "linear"
    loss_scale: float = 1.0


class GivenPullback(NamedTuple):
    """What `Client.pullback` was asked for; see there.

    Args:
        cotangent: what each point counts.
    """

    cotangent: Any = None


Reduce: TypeAlias = str | Mapping[str, str] | GivenResiduals | GivenPullback
"""A kind for all dims of the grid, or dims to kinds: {"k": "sum"}."""

SPELLING = 'write reduce={"k": "sum"} for a dim, {"t": "sum", "k": "sum"} for several, "sum" for all'
TRAPEZOID = "trapezoid"


class GridReduction(NamedTuple):
    """What is made of a grid.

    Args:
        kind: one of `gridgrad_core.reduction.KINDS`.
        dims: that go, in the grid's order.
        weights: an expression of inputs that have no other dims; of a pull-back the cotangents. Empty for 1.
        added: the names of the inputs that hold weights, data or cotangents.
        residuals: the expression of the data, whether gaps in it are left out, and the loss with its scale.
    """

    kind: str
    dims: tuple[str, ...]
    weights: str = ""
    added: tuple[str, ...] = ()
    residuals: tuple[str, bool, str, float] | None = None

    @property
    def message(self) -> pb.Reduction:
        """As it is sent, but for the function."""
        dims = () if self.kind == PULLBACK else self.dims
        made = pb.Reduction(dims=dims, kind=self.kind, weights=self.weights)
        if self.residuals:
            made.data, made.skip_nan, made.loss, made.loss_scale = self.residuals
        return made

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """Of its results; None for the one computed in."""
        own = KINDS[self.kind].dtype
        return np.dtype(own).newbyteorder("<") if own else None

    def left(self, grid: Grid) -> Grid:
        """The dims that stay, and their lengths."""
        stay = [(dim, n) for dim, n in zip(grid.dims, grid.shape, strict=True) if dim not in self.dims]
        return Grid(tuple(dim for dim, _ in stay), tuple(length for _, length in stay))


def read_reduction(
    reduce: Reduce, weights: Any, grid: Grid, inputs: Sequence[Input], function: str
) -> tuple[GridReduction, tuple[Input, ...]]:
    """Reads the two arguments.

    Args:
        reduce: as `Client.gradient` takes it.
        weights: likewise.
        grid: that the inputs span.
        inputs: as read.
        function: its text, whose names are not given to inputs that are added.

    Returns:
        What is made of the grid, and the inputs that hold weights.

    Raises:
        RequestError: no such reduction, a dim that the grid has not, or weights that do not fit.
    """
    if isinstance(reduce, GivenResiduals):
        return _read_residuals(reduce, weights, grid, inputs, function)
    if isinstance(reduce, GivenPullback):
        return _read_pullback(reduce.cotangent, grid, inputs, function)
    kind, dims = _kind_and_dims(reduce, grid)
    if weights is None:
        return GridReduction(kind, dims), ()
    if not REDUCTIONS[kind].weighs:
        weighing = ", ".join(name for name, each in REDUCTIONS.items() if each.weighs)
        raise RequestError("weights", f"weights of reduce={kind!r}", f"give them with one of {weighing}")
    found = _Weights(dims, inputs, function)
    text = found.text(weights)
    return GridReduction(kind, dims, text, tuple(each.name for each in found.added)), tuple(found.added)


def _read_residuals(
    given: GivenResiduals, weights: Any, grid: Grid, inputs: Sequence[Input], function: str
) -> tuple[GridReduction, tuple[Input, ...]]:
    """The sums of residuals, and the inputs that hold their data and weights."""
    if given.loss not in LOSSES:
        raise RequestError("loss", f"{given.loss!r}", f"use one of {', '.join(LOSSES)}")
    if not _is_scale(given.loss_scale):
        raise RequestError("loss_scale", f"{given.loss_scale!r}", "give a finite number greater than 0")
    if given.skip_nan not in (True, False):
        raise RequestError("skip_nan", f"{given.skip_nan!r}", "say True or False")
    beside = _Weights(grid.dims, inputs, function)
    data = beside.array("data", given.data, grid)
    grid = grid_of([each.spec for each in (*inputs, *beside.added)])
    dims = grid.dims if given.over is None else _over(given.over, grid)
    if not dims:
        raise RequestError("data", "a single number", "give data along a dim, as many as there are observations")
    text = ""
    if weights is not None:
        text = weights if isinstance(weights, str) else beside.array("weights", weights, grid)
    residuals = data, given.skip_nan, given.loss, float(given.loss_scale)
    added = tuple(each.name for each in beside.added)
    return GridReduction(LEAST_SQUARES, dims, text, added, residuals), tuple(beside.added)


def _read_pullback(
    cotangent: Any, grid: Grid, inputs: Sequence[Input], function: str
) -> tuple[GridReduction, tuple[Input, ...]]:
    """A pull-back, and the inputs that hold cotangents."""
    beside = _Weights(grid.dims, inputs, function)
    text = cotangent if isinstance(cotangent, str) else ""
    if cotangent is not None and not isinstance(cotangent, str):
        text = _cotangents(beside, cotangent, grid)
        for each in beside.added:
            if grid_of([*[given.spec for given in inputs], each.spec]) != grid:
                found = f"a dim that the grid of {', '.join(grid.dims) or 'no dims'} has not"
                raise RequestError("cotangent", found, "give it the dims of the grid, or some of them")
    added = tuple(each.name for each in beside.added)
    return GridReduction(PULLBACK, grid.dims, text, added), tuple(beside.added)


def _cotangents(beside: _Weights, cotangent: Any, grid: Grid) -> str:
    """The text of cotangents: one for each component, of expressions, or of numbers that have one more dim in front."""
    if isinstance(cotangent, tuple) and cotangent and all(isinstance(each, str) for each in cotangent):
        return cotangent[0] if len(cotangent) == 1 else f"({', '.join(cotangent)})"
    spelled, values = split_dims("cotangent", cotangent)
    array = real_numbers("cotangent", values)
    if spelled is not None or array.ndim != len(grid.shape) + 1 or array.shape[1:] != grid.shape:
        return beside.array("cotangent", cotangent, grid)
    each = [beside.array("cotangent", (grid.dims, component), grid) for component in array]
    return each[0] if len(each) == 1 else f"({', '.join(each)})"


def _is_scale(given: object) -> bool:
    return isinstance(given, Real) and 0 < float(given) < math.inf


def named_dims(over: str | Iterable[str] | None) -> tuple[str, ...] | None:
    """The dims that are summed over, as they are kept; None for all.

    Raises:
        RequestError: it is no list of anything.
    """
    try:
        return None if over is None else (over,) if isinstance(over, str) else tuple(over)
    except TypeError:
        raise RequestError("over", f"{over!r}", 'name dims: over="t" or over=["t", "k"]') from None


def _over(named: Sequence[str], grid: Grid) -> tuple[str, ...]:
    for dim in named:
        if dim not in grid.dims:
            raise RequestError(
                "over", f"the dim {dim!r}, which the grid has not", f"use some of {', '.join(grid.dims)}"
            )
    return tuple(dim for dim in grid.dims if dim in named)


def _kind_and_dims(reduce: Reduce, grid: Grid) -> tuple[str, tuple[str, ...]]:
    if isinstance(reduce, str):
        given: Mapping[str, str] = dict.fromkeys(grid.dims, reduce)
    elif isinstance(reduce, Mapping) and reduce:
        given = reduce
    else:
        raise RequestError("reduce", f"{reduce!r}", SPELLING)
    for dim, kind in given.items():
        if dim not in grid.dims:
            have = ", ".join(grid.dims) or "(it has none)"
            raise RequestError("reduce", f"the dim {dim!r}, which the grid has not", f"use one of {have}")
        if not isinstance(kind, str) or kind not in REDUCTIONS:
            remedy = f"use one of {', '.join(REDUCTIONS)}; quantiles and histograms need the whole grid"
            raise RequestError("reduce", f"{kind!r} along {dim!r}", remedy)
    kinds = list(dict.fromkeys(given.values()))
    if not kinds:
        raise RequestError("reduce", f"{reduce!r} of a single point", "give an axis to reduce along, or leave it out")
    if len(kinds) > 1:
        found = f"{kinds[0]!r} and {kinds[1]!r} at once"
        raise RequestError("reduce", found, "reduce by one of them here, and by the other with numpy")
    return kinds[0], tuple(dim for dim in grid.dims if dim in given)


class _Weights:
    """Makes an expression of weights, and inputs of those that are numbers."""

    def __init__(self, dims: tuple[str, ...], inputs: Sequence[Input], function: str) -> None:
        self._dims = dims
        self._inputs = {each.name: each for each in inputs}
        self._function = function
        self.added: list[Input] = []

    def text(self, weights: Any) -> str:
        """The expression of weights as a caller gives them."""
        if isinstance(weights, Mapping):
            for dim in weights:
                if dim not in self._dims:
                    found = f"weights along {dim!r}, which is no dim that goes"
                    raise RequestError("weights", found, f"use {', '.join(self._dims)}")
            return " * ".join(f"({self._along(dim, each)})" for dim, each in weights.items())
        if isinstance(weights, str) and weights == TRAPEZOID:
            return " * ".join(self._trapezoid(dim) for dim in self._dims)
        return weights if isinstance(weights, str) else self._array(weights, self._dims)

    def array(self, name: str, values: Any, grid: Grid) -> str:
        """The name of an input of data or weights that are numbers, of the dims that they say or the grid's.

        Raises:
            RequestError: their dims can't be told, or they are no numbers.
        """
        spelled, given = split_dims(name, values)
        array = real_numbers(name, given).astype(FLOAT64, copy=False)
        if spelled is None and array.ndim and array.shape != grid.shape:
            found = f"shape {[*array.shape]} on a grid of {[*grid.shape]}"
            raise RequestError(name, found, f"give the grid's shape, or name its dims: {name}=({grid.dims!r}, array)")
        return self._add(fitting_dims(name, spelled or grid.dims[: array.ndim], array.shape), array, name)

    def _along(self, dim: str, weights: Any) -> str:
        if isinstance(weights, str):
            return self._trapezoid(dim) if weights == TRAPEZOID else weights
        return self._array(weights, (dim,))

    def _array(self, weights: Any, dims: tuple[str, ...]) -> str:
        """The name of the input of weights that are numbers, of these dims unless they say others."""
        spelled, values = split_dims("weights", weights)
        array = real_numbers("weights", values).astype(FLOAT64, copy=False)
        if spelled is None and array.ndim > 1:
            found = f"an array of shape {[*array.shape]} without the names of its dims"
            raise RequestError("weights", found, f"name them: weights=({dims!r}, array)")
        own = fitting_dims("weights", spelled or dims[: array.ndim], array.shape)
        return self._add(own, array)

    def _trapezoid(self, dim: str) -> str:
        axis = self._inputs.get(dim)
        if axis is None or axis.dims != (dim,):
            found = f"{TRAPEZOID!r} along {dim!r}, of which no input of that name has the values"
            raise RequestError("weights", found, f"give an axis {dim!r}, or the weights as an array")
        values = axis.values.values() if isinstance(axis.values, Linspace) else axis.values
        return self._add((dim,), trapezoid_weights(np.asarray(values, FLOAT64)))

    def _add(self, dims: tuple[str, ...], values: FloatArray, name: str = "weights") -> str:
        if name in {each.name for each in self.added}:
            name = f"{name}_{len(self.added)}"
        while name in self._inputs or name in self._function:
            name += "_"
        self.added.append(Input(name, dims, values))
        return name


def trapezoid_weights(values: FloatArray) -> FloatArray:
    """What each point of an axis counts in the trapezoidal rule: half of the way to its neighbours, [n].

    Args:
        values: of the axis, [n], ascending or descending, which makes weights negative.
    """
    half, weights = np.diff(values) / 2, np.zeros_like(values)
    weights[:-1] += half
    weights[1:] += half
    return weights
