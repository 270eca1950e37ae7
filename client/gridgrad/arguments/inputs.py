"""Inputs as users give them, made into named arrays with named dims.

| given | is |
|---|---|
| a list or 1-D array | an axis: one dim of the input's own name |
| a number or 0-d array | a parameter: no dims |
| ("dim", array), (("i", "j"), array) | an input with those dims |
| an xarray DataArray | an input with its dims |
| gridgrad.linspace(a, b, n) | an axis that travels as three numbers |

A tuple of names stands for the columns of an array: `stacked_inputs` takes it apart before.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridgrad.arguments.dim_labels import dim_labels
from gridgrad.arguments.foreign_arrays import holds_units, refuse_units, unreadable
from gridgrad.arguments.linspace import Linspace
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import InputSpec

__all__ = [
    "FLOAT32",
    "FLOAT64",
    "FloatArray",
    "Input",
    "InputLike",
    "Inputs",
    "checked",
    "computing_dtype",
    "fitting_dims",
    "plain_array",
    "read_inputs",
    "real_numbers",
    "split_dims",
    "spread_over",
]

FloatArray: TypeAlias = NDArray[np.floating[Any]]

# Spelled little-endian, which is how numbers travel whatever the machine
FLOAT32 = np.dtype("<f4")
FLOAT64 = np.dtype("<f8")


class LabelledArray(Protocol):
    """What xarray's DataArray and Variable have in common."""

    @property
    def dims(self) -> tuple[Any, ...]:
        """The names of the dims."""

    @property
    def values(self) -> Any:
        """The numbers."""


InputLike: TypeAlias = ArrayLike | Linspace | LabelledArray | tuple[str | Sequence[str], "ArrayLike | Linspace"]
Inputs: TypeAlias = Mapping[Any, Any]
"""Names, or tuples of them, to `InputLike`. Not spelled so, since a Mapping of a union would refuse a dict of one of
its members."""


class Input(NamedTuple):
    """A named array with named dims, ready to be sent.

    Args:
        name: its name in the function.
        dims: one name for each entry of its shape.
        values: little-endian float32 or float64 in C order, or the three numbers of a linspace.
    """

    name: str
    dims: tuple[str, ...]
    values: FloatArray | Linspace

    @property
    def spec(self) -> InputSpec:
        """What its grid is made from."""
        values = self.values
        return InputSpec(self.name, self.dims, (values.num,) if isinstance(values, Linspace) else values.shape)

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """The type of its numbers; None for a linspace, which has none of its own."""
        return None if isinstance(self.values, Linspace) else self.values.dtype


def read_inputs(inputs: Inputs) -> tuple[Input, ...]:
    """Converts what a user gave, in order.

    float16 counts as float32, which holds all its values; integers, booleans and longdouble become float64.

    Args:
        inputs: a mapping of names to `InputLike`.

    Returns:
        One `Input` for each.

    Raises:
        RequestError: something is no array of real numbers, lacks the names of its dims, has a unit, or has other
            labels along a dim than another input.
    """
    read = tuple([_read(name, value) for name, value in checked(inputs).items()])
    dim_labels(inputs)
    return read


def checked(inputs: Inputs) -> Inputs:
    """The same inputs, if they are names with values.

    Raises:
        RequestError: they are not.
    """
    if not isinstance(inputs, Mapping):
        raise RequestError(
            "inputs", f"a {type(inputs).__name__}", "give names with their values: {'t': [1.0, 2.0], 'k': 3.0}"
        )
    for name in inputs:
        if not isinstance(name, str):
            raise RequestError("inputs", f"{name!r} as the name of an input", "name inputs by text: {'t': [1.0, 2.0]}")
    return inputs


def computing_dtype(inputs: Sequence[Input], dtype: Any = None, tables: Sequence[Any] = ()) -> np.dtype[Any]:
    """The type to compute in: the one asked for, else float32 if every array given is float32, else float64.

    Numbers and linspaces have no type of their own and do not count. Tables do, by the type of their values.

    Raises:
        RequestError: a dtype that is neither float32 nor float64.
    """
    if dtype is None:
        arrays = [i.values.dtype for i in inputs if i.dims and not isinstance(i.values, Linspace)]
        single = all(found == FLOAT32 for found in arrays) and all(each.table.is_single for each in tables)
        return FLOAT32 if arrays and single else FLOAT64
    try:
        asked = np.dtype(dtype)
    except TypeError:
        asked = None
    if asked is None or asked not in (FLOAT32, FLOAT64):  # numpy takes None for float64
        raise RequestError("dtype", f"{dtype!r}", "ask for 'float32' or 'float64'")
    return FLOAT32 if asked == FLOAT32 else FLOAT64


def spread_over(grid_dims: Sequence[str], dims: Sequence[str], values: FloatArray) -> FloatArray:
    """An input in the dims of a grid, of length 1 along those that it does not have: a view."""
    order = sorted(range(len(dims)), key=lambda position: grid_dims.index(dims[position]))
    lengths = dict(zip(dims, values.shape, strict=True))
    return values.transpose(order).reshape([lengths.get(dim, 1) for dim in grid_dims])


def _read(name: str, value: Any) -> Input:
    dims, values = split_dims(name, value)
    if isinstance(values, Linspace):
        return Input(name, fitting_dims(name, dims, (values.num,)), values)
    array = real_numbers(name, values)
    return Input(name, fitting_dims(name, dims, array.shape), array)


def split_dims(name: str, value: Any) -> tuple[tuple[str, ...] | None, Any]:
    """The dims of an input if they are spelled, and its values, which may be an array of any package.

    Raises:
        RequestError: the dims are no texts.
    """
    if isinstance(value, tuple) and len(value) == 2:
        head = value[0]
        if isinstance(head, str):
            return (head,), value[1]
        if isinstance(head, tuple | list) and all(isinstance(dim, str) for dim in head):
            return tuple(head), value[1]
    dims = getattr(value, "dims", None)
    if not isinstance(dims, tuple | list) or not hasattr(value, "values"):
        return None, value
    if not all(isinstance(dim, str) for dim in dims):
        raise RequestError(f"inputs[{name!r}]", f"dims {tuple(dims)!r}", "rename them so that each is text")
    if holds_units():
        refuse_units(name, getattr(value, "data", None))  # `values` would drop the unit
    return tuple(dims), value.values


def fitting_dims(name: str, dims: tuple[str, ...] | None, shape: tuple[int, ...]) -> tuple[str, ...]:
    """The dims of an input: those that are spelled, or those that its shape implies.

    Raises:
        RequestError: they don't fit the shape, or it implies none.
    """
    if dims is None:
        return _implied_dims(name, shape)
    if len(dims) != len(shape):
        raise RequestError(
            f"inputs[{name!r}]",
            f"{len(dims)} dims {list(dims)} for an array of shape {list(shape)}",
            "name one dim for each entry of the shape",
        )
    return dims


def _implied_dims(name: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    if len(shape) > 1:
        spelling = ", ".join(f'"{dim}"' for dim in "ijklmnop"[: len(shape)])
        raise RequestError(
            f"inputs[{name!r}]",
            f"an array of shape {list(shape)} without the names of its dims",
            f'name them: {{"{name}": (({spelling}), array)}}' + _columns(shape),
        )
    return (name,) if shape else ()


def _columns(shape: tuple[int, ...]) -> str:
    """What else an array of the shape of positions may have been meant as."""
    if len(shape) != 2 or not 2 <= shape[1] <= 4:
        return ""
    names = ", ".join(f'"{name}"' for name in "xyzw"[: shape[1]])
    return f"; or, where its columns are inputs of their own: {{({names}): array}}"


def real_numbers(name: str, values: Any) -> FloatArray:
    """Values of any package as they are sent: float32 or float64 in C order.

    Raises:
        RequestError: they are no real numbers, or mean more than their numbers say.
    """
    array = values if type(values) is np.ndarray else plain_array(name, values)
    dtype = array.dtype
    if dtype == FLOAT64 and array.flags.c_contiguous:
        return array
    if dtype.kind not in "fiub":
        raise _not_real(name, values, array)
    wire = FLOAT32 if dtype.kind == "f" and dtype.itemsize <= 4 else FLOAT64
    with np.errstate(over="ignore"):  # a longdouble beyond float64 is inf there
        return np.asarray(array, wire, order="C")


def plain_array(name: str, values: Any) -> NDArray[Any]:
    """Values of any package as numpy's own, of whatever type.

    Raises:
        RequestError: they can't be read, or mean more than their numbers say, as masked ones and those with units do.
    """
    if isinstance(values, bool | int | float) and not isinstance(values, np.generic):
        return np.array(_number(name, values))
    if _is_masked(values):
        remedy = "give plain numbers: x.filled(numpy.nan) marks the gaps"
        raise RequestError(f"inputs[{name!r}]", "a masked array", remedy)
    refuse_units(name, values)
    try:
        return np.asarray(values)
    except Exception as error:  # noqa: BLE001 - of any library, which raises what it likes
        raise unreadable(name, values, error) from None


def _is_masked(values: Any) -> bool:
    """Whether it is a masked array, of which there is none before numpy.ma is loaded."""
    return "numpy.ma" in sys.modules and np.ma.isMaskedArray(values)


def _number(name: str, value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise RequestError(f"inputs[{name!r}]", "an integer beyond float64", "give a smaller number") from None


def _not_real(name: str, values: Any, array: NDArray[Any]) -> RequestError:
    kind = array.dtype.kind
    found = f"a {type(values).__name__} of {array.dtype} values"
    remedy = {
        "c": "give real and imaginary parts as inputs of their own",
        "M": "give numbers, such as seconds since a start: (x - x[0]) / numpy.timedelta64(1, 's')",
        "m": "give numbers, such as seconds: x / numpy.timedelta64(1, 's')",
        "O": "give plain numbers: x.toarray()"
        if hasattr(values, "toarray")
        else "give plain numbers: numpy.asarray(x, dtype=float)",
        "V": "give numbers of numpy's own types: x.astype('float32')",
    }.get(kind, "give real numbers: numpy.asarray(x, dtype=float)")
    return RequestError(f"inputs[{name!r}]", found, remedy)
