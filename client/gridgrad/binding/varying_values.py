"""What varies in bound requests: its numbers are read, checked against what was bound, and made into what is sent."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gridgrad.arguments.coefficients import CoefficientArray, read_coefficients
from gridgrad.arguments.inputs import FLOAT64, Input, read_inputs, real_numbers, split_dims
from gridgrad.arguments.linspace import Linspace
from gridgrad.requests.encode import InputKind, decode_input
from gridgrad_core.errors import RequestError

__all__ = ["VaryingCoefficients", "VaryingNumber", "VaryingWeighing"]

_NUMBER = struct.Struct("<d")


class VaryingNumber(NamedTuple):
    """An input that varies.

    Args:
        kind: what it is but for its numbers.
        places: where it stands among what is sent.
    """

    kind: InputKind
    places: tuple[int | None]

    def read(self, value: Any) -> Sequence[bytes]:
        """Its numbers, as they are sent.

        Raises:
            RequestError: they are of another shape, or none.
        """
        (name, dims, shape), dtype = self.kind
        if isinstance(value, float) and not dims and dtype == FLOAT64:
            return (_NUMBER.pack(value),)
        if type(value) is np.ndarray and value.shape == shape and value.dtype == dtype:
            return (value.tobytes(),)
        bare = bool(dims) and isinstance(value, list | np.ndarray)
        if bare and np.ndim(value) != len(dims):
            raise _of_another_shape(name, shape, dims, np.shape(value))
        (given,) = read_inputs({name: (dims, value) if bare else value})
        if given.dims != dims or given.spec.shape != shape:
            raise _of_another_shape(name, shape, dims, given.spec.shape, given.dims)
        values = given.values.values() if isinstance(given.values, Linspace) else given.values
        return (_cast(values, dtype),)

    def spelled(self, value: Any) -> Any:
        """The value as an input of any request, which has to name its dims."""
        name, dims, _ = self.kind.spec
        return (dims, value) if isinstance(value, list | np.ndarray) and dims not in ((), (name,)) else value

    def shown(self, numbers: Sequence[bytes]) -> list[Input]:
        """The input as the caller sees it."""
        return [decode_input(self.kind, numbers[0])]


class VaryingCoefficients(NamedTuple):
    """An array of coefficients that varies.

    Args:
        name: of the array.
        shape: of the array.
        dtype: computed in.
        places: where its elements stand among what is sent.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    places: tuple[int | None, ...]

    def read(self, value: Any) -> Sequence[bytes]:
        """The numbers of its elements, as they are sent.

        Raises:
            RequestError: they are of another shape, or none.
        """
        (array,) = read_coefficients({self.name: value}, ())
        if array.values.shape != self.shape:
            raise _of_another_shape(self.name, self.shape, (), array.values.shape)
        raw, size = _cast(array.values, self.dtype), self.dtype.itemsize
        return [raw[start : start + size] for start in range(0, len(raw), size)]

    def spelled(self, value: Any) -> Any:
        """The value as an array of any request."""
        return value

    def shown(self, numbers: Sequence[bytes]) -> list[Input]:
        """The array as the caller sees it."""
        values = np.frombuffer(b"".join(numbers), self.dtype).astype(FLOAT64).reshape(self.shape)
        return [CoefficientArray(self.name, values).input]


class VaryingWeighing(NamedTuple):
    """An array of data, weights or cotangents that varies.

    Args:
        name: DATA, WEIGHTS or COTANGENT.
        dims: of the array, where these were spelled.
        shape: of the array.
        kinds: of the inputs that it travels as: one, or one for each component.
        places: where these stand among what is sent.
    """

    name: str
    dims: tuple[str, ...] | None
    shape: tuple[int, ...]
    kinds: tuple[InputKind, ...]
    places: tuple[int, ...]

    def read(self, value: Any) -> Sequence[bytes]:
        """Its numbers, as they are sent.

        Raises:
            RequestError: they are of another shape, or none.
        """
        dims, values = split_dims(self.name, value)
        array = real_numbers(self.name, values).astype(FLOAT64, copy=False)
        own = self.kinds[0].spec.dims
        if array.shape != self.shape or (dims is not None and dims != own):
            raise _of_another_shape(self.name, self.shape, own, array.shape, dims)
        return [part.tobytes() for part in array.reshape(len(self.places), *self.kinds[0].spec.shape)]

    def spelled(self, value: Any) -> Any:
        """The value as an argument of any request, which may have to name its dims."""
        return value if self.dims is None or split_dims(self.name, value)[0] else (self.dims, value)

    def shown(self, numbers: Sequence[bytes]) -> list[Input]:
        """The inputs as the caller sees them."""
        return [decode_input(*each) for each in zip(self.kinds, numbers, strict=True)]


def _cast(values: Any, dtype: np.dtype[Any] | None) -> bytes:
    with np.errstate(over="ignore"):  # beyond float32 is inf there
        return np.asarray(values, dtype).tobytes()


def _of_another_shape(
    name: str, bound: Sequence[int], bound_dims: Sequence[str], shape: Sequence[int], dims: Sequence[str] | None = None
) -> RequestError:
    def told(shape: Sequence[int], dims: Sequence[str] | None) -> str:
        return f"shape {[*shape]}" + (f" over {', '.join(map(repr, dims))}" if dims else "")

    remedy = f"give {told(bound, bound_dims)}, as it was bound with, or bind anew"
    return RequestError(f"inputs[{name!r}]", told(shape, dims), remedy)
