"""Arrays of coefficients: one input to the caller, a scalar n_0, n_1, ... for each element to the program.

So the program and its digest stay the same whatever the coefficients are, and calls that differ in them alone are
computed in one batch. Derivatives by the elements are stacked again, with the dims of the array in front.

An array that the text names itself, to sum over it, travels whole instead, unless derivatives by it are asked for.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gridgrad.arguments import derivatives as selecting
from gridgrad.arguments.derivatives import DerivativeSelection
from gridgrad.arguments.inputs import FLOAT64, FloatArray, Input
from gridgrad.arguments.lookup_table import GivenTable, array_of
from gridgrad_core.errors import RequestError, TooLargeError
from gridgrad_core.grid import Derivative
from gridgrad_core.lang.functions.tabulated import MAX_ARRAY, TableSpec
from gridgrad_core.lang.program.names import is_name

__all__ = [
    "ZERO",
    "CoefficientArray",
    "Coefficients",
    "Stacks",
    "element_names",
    "read_coefficients",
    "stacked",
    "stacks_of",
]

Coefficients = Mapping[str, ArrayLike]
"""Names to arrays."""

ZERO = -1
"""Stands for the plane of a derivative that is 0 everywhere, since the function does not use the input."""

MOST_PLANES = 1 << 16
"""Planes of one stack; far more than a server computes, and few enough to be listed."""

Shape = tuple[int, ...]


class Stacks(NamedTuple):
    """Where the derivatives that a caller asks for lie in the buffer of a result.

    Args:
        derivatives: by the names of arrays, in the order asked.
        planes: for each of them, and () for the value, the numbers of its planes; ZERO for one that is not there.
        sent: the derivatives by scalars, as they are sent.
    """

    derivatives: tuple[Derivative, ...]
    planes: dict[Derivative, int | NDArray[np.intp]]
    sent: tuple[Derivative, ...]


class CoefficientArray(NamedTuple):
    """An array of coefficients; its values are float64 in C order."""

    name: str
    values: NDArray[np.float64]

    @property
    def shape(self) -> Shape:
        """The shape of the array."""
        return self.values.shape

    @property
    def elements(self) -> tuple[str, ...]:
        """The names of its elements, in C order."""
        return element_names(self.name, self.values.shape)

    @property
    def input(self) -> Input:
        """The array as one input, to be shown with a result."""
        shape = self.values.shape
        dims = [self.name] if len(shape) == 1 else [f"{self.name}_{axis}" for axis in range(len(shape))]
        return Input(self.name, tuple(dims), self.values)

    @property
    def can_be_whole(self) -> bool:
        """Whether a text can sum over it."""
        return self.values.ndim == 1 and self.values.size <= MAX_ARRAY

    @property
    def spec(self) -> TableSpec:
        """What the array is for a text that sums over it."""
        return TableSpec(self.name, 0, 0, "")

    @property
    def whole(self) -> GivenTable:
        """The array as one that a text sums over."""
        return _whole(self.name, self.values.tobytes())

    def scalars(self, unused: Collection[str] = ()) -> list[Input]:
        """Its elements as inputs.

        Args:
            unused: the names of those that are left out.
        """
        used = [(place, name) for place, name in enumerate(self.elements) if name not in unused]
        flat = self.values.reshape(-1)
        return [Input(name, (), flat[place : place + 1].reshape(())) for place, name in used]


@functools.lru_cache(64)
def _whole(name: str, numbers: bytes) -> GivenTable:
    """An array by its numbers; the same one for calls that follow each other, which has its message made once."""
    return GivenTable(name, array_of(np.frombuffer(numbers, FLOAT64)))


@functools.lru_cache(256)
def element_names(name: str, shape: Shape) -> tuple[str, ...]:
    """The scalars that an array becomes: n_0, n_1, ..., or a_0_0, a_0_1, ... in C order."""
    return tuple(["_".join((name, *map(str, index))) for index in np.ndindex(*shape)])


def read_coefficients(coefficients: Any, names: Sequence[str]) -> tuple[CoefficientArray, ...]:
    """Converts what a user gave, in order, into arrays of its own.

    Args:
        coefficients: `Coefficients`.
        names: the inputs that there are already.

    Raises:
        RequestError: something is no array of real numbers, or has the name of another input.
    """
    if not isinstance(coefficients, Mapping):
        remedy = "give names with their arrays: coefficients={'n': n}"
        raise RequestError("coefficients", f"a {type(coefficients).__name__}", remedy)
    arrays = tuple(_read(name, values) for name, values in coefficients.items())
    taken = set(names)
    for array in arrays:
        ours = {array.name, *array.elements}
        if taken & ours:
            found = f"{min(taken & ours)!r} is an input already"
            remedy = f"rename one: the elements of {array.name!r} are called {array.elements[0]} and so on"
            raise RequestError(f"coefficients[{array.name!r}]", found, remedy)
        taken |= ours
    return arrays


@functools.lru_cache(256)
def stacks_of(
    names: tuple[tuple[str, bool], ...],
    shapes: tuple[tuple[str, Shape], ...],
    selection: DerivativeSelection,
    unused: frozenset[str],
) -> Stacks:
    """Spells the derivatives that a caller asks for by scalars, and says where each is found.

    Args:
        names: the inputs in order, and whether each is a scalar.
        shapes: the arrays of coefficients in order.
        selection: what the caller asks for.
        unused: scalars and elements that the function does not use.

    Raises:
        RequestError: a name that is no input, an order over the limit, or an order with nothing to take it of.
    """
    every = [name for name, _ in names] + [name for name, _ in shapes]
    scalars = [name for name, is_scalar in names if is_scalar] + [name for name, _ in shapes]
    derivatives = selecting.resolve(selection, every, scalars)
    elements = {name: (name,) for name, _ in names} | {name: element_names(name, shape) for name, shape in shapes}
    order = {name: position for position, name in enumerate(itertools.chain.from_iterable(elements.values()))}
    sent: dict[Derivative, int] = {}
    planes: dict[Derivative, int | NDArray[np.intp]] = {(): 0}
    for derivative in derivatives:
        _check_size(derivative, math.prod(len(elements[name]) for name in derivative))
        numbers = []
        for combination in itertools.product(*(elements[name] for name in derivative)):
            inner = tuple(sorted(combination, key=order.__getitem__))
            numbers.append(ZERO if unused.intersection(inner) else sent.setdefault(inner, len(sent) + 1))
        leading = itertools.chain.from_iterable(dict(shapes).get(name, ()) for name in derivative)
        planes[derivative] = np.array(numbers, np.intp).reshape(tuple(leading))
    return Stacks(derivatives, planes, tuple(sent))


def _check_size(derivative: Derivative, planes: int) -> None:
    if planes > MOST_PLANES:
        found = f"{derivative} by the elements of arrays, {planes:,} derivatives"
        raise TooLargeError("derivatives", found, "ask for a lower order, or by some elements as inputs of their own")


def stacked(buffer: FloatArray, planes: NDArray[np.intp]) -> FloatArray:
    """Some planes of a buffer in front of each other: a view where they lie so, else a read-only copy.

    Args:
        buffer: [planes, ...].
        planes: numbers of planes, or ZERO, of any shape.

    Returns:
        [*planes.shape, ...].
    """
    shape = planes.shape + buffer.shape[1:]
    flat = planes.reshape(-1)
    if flat.size and flat[0] != ZERO and np.array_equal(flat, np.arange(flat[0], flat[0] + flat.size)):
        return buffer[flat[0] : flat[0] + flat.size].reshape(shape)
    gathered = buffer.take(np.maximum(flat, 0), axis=0)
    gathered[flat == ZERO] = 0.0
    gathered.flags.writeable = False
    return gathered.reshape(shape)


def _read(name: str, values: ArrayLike) -> CoefficientArray:
    field = f"coefficients[{name!r}]"
    if not (isinstance(name, str) and is_name(name)):
        raise RequestError(field, "a name that no input can have", "use letters, digits and _")
    try:
        array: NDArray[Any] = np.asarray(values)
    except ValueError:
        raise RequestError(field, f"a {type(values).__name__} that is no array", "give rows of equal length") from None
    if array.dtype.kind not in "fiub":
        raise RequestError(field, f"an array of {array.dtype}", "give real numbers")
    if not array.size or not array.ndim:
        remedy = "give an array of one number or more; a single number is an input"
        raise RequestError(field, f"an array of shape {list(array.shape)}", remedy)
    return CoefficientArray(name, np.array(array, FLOAT64, order="C"))
