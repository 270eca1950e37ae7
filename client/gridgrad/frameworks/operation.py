"""A served function as an operation on arrays of another package: what torch's and JAX's have in common.

The partials of an operation are operations on the same arrays. That makes it differentiable, and its derivatives again.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from gridgrad.arguments.derivatives import NOTHING_SAID
from gridgrad.arguments.dim_labels import dim_labels
from gridgrad.arguments.foreign_arrays import refuse_numberless, unreadable
from gridgrad.arguments.inputs import (
    FLOAT32,
    FloatArray,
    Input,
    Inputs,
    checked,
    computing_dtype,
    fitting_dims,
    read_inputs,
    split_dims,
)
from gridgrad.arguments.linspace import Linspace
from gridgrad.frameworks.tangent_program import tangent_program
from gridgrad.requests.lowering import lower
from gridgrad.requests.request import FunctionLike, Tier, Unused
from gridgrad.sync.client import Client
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import MAX_ORDER, Derivative, Grid, InputSpec, canonical, grid_of
from gridgrad_core.lang.program.program import Program

__all__ = ["ArrayPackage", "Operation", "SortedInputs", "Variable", "sort_inputs", "synchronous"]

A = TypeVar("A")

_MANY_NUMBERS = 1 << 15
"""Of partials; for fewer a second request would take longer than they do."""


class Variable(NamedTuple):
    """An input that an operation is on.

    Args:
        name: its name in the function.
        dims: the names of its dims.
    """

    name: str
    dims: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """A function with all that stays the same when its variables change; equal ones compute the same.

    Args:
        client: asks the server.
        function: whatever `Client.gradient` takes.
        inputs: the variables and the linspaces between them, in order.
        grid: the dims of what it returns, in order.
        dtype: the type computed in.
        timeout: seconds for a request; None for the client's own.
        tier: as of `Client.gradient`.
        unused: likewise; of a tangent, which may not depend on all that the function does, "ignore".
    """

    client: Client
    function: FunctionLike
    inputs: tuple[Variable | Input, ...]
    grid: tuple[str, ...]
    dtype: np.dtype[Any]
    timeout: float | None
    tier: Tier
    unused: Unused = "refuse"

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What it is an operation on, in order."""
        return tuple([each for each in self.inputs if isinstance(each, Variable)])

    def raised(self, derivative: Derivative, variable: Variable) -> Derivative:
        """The derivative of a derivative.

        Raises:
            RequestError: the server has none of that order.
        """
        if len(derivative) == MAX_ORDER:
            found = f"the derivative by {variable.name!r} of one of order {MAX_ORDER}, {derivative!r}"
            raise RequestError("derivatives", found, f"differentiate {MAX_ORDER} times at most")
        return canonical((*derivative, variable.name), [each.name for each in self.inputs])

    def batched(self, variables: Collection[Variable]) -> Operation:
        """The same on a further dim, which leads the grid and each of these variables."""
        dim = next(name for name in map("batch_{}".format, itertools.count()) if name not in self.grid)
        inputs = [
            each._replace(dims=(dim, *each.dims)) if isinstance(each, Variable) and each in variables else each
            for each in self.inputs
        ]
        return replace(self, inputs=tuple(inputs), grid=(dim, *self.grid))

    def tangent(self, moving: Sequence[Variable]) -> Operation | None:
        """What the value moves by, Σ ∂f/∂x·ẋ, as an operation on all variables and after them on the ẋ of some.

        Its own pull-back, and that of its tangent, are derivatives of the pull-back forwards.

        Returns:
            None for a function that only the server has, one with tables, and one that does not depend on any of them.
        """
        program = self.program
        if program is None or program.tables:
            return None
        taken, added = {*program.inputs, *(each.name for each in self.inputs)}, []
        for each in moving:
            name = next(name for name in map("_".join, _longer(each.name)) if name not in taken)
            taken.add(name)
            added.append(Variable(name, each.dims))
        pairs = tuple([(each.name, tangent.name) for each, tangent in zip(moving, added, strict=True)])
        found = tangent_program(program, pairs)
        if found is None:
            return None
        return replace(self, function=found, inputs=(*self.inputs, *added), unused="ignore")

    @property
    def program(self) -> Program | None:
        """The function, parsed; None for one that only the server has, or with inputs or tables of its own."""
        stand_ins = tuple([Input(each.name, each.dims, np.empty([0] * len(each.dims))) for each in self.inputs])
        lowered = lower(self.function, stand_ins, NOTHING_SAID, None, ignore=self.unused == "ignore")
        found = lowered.function
        if (
            not isinstance(found, Program)
            or lowered.summed
            or not {*found.inputs} <= {each.name for each in self.inputs}
        ):
            return None
        return found

    def compute(self, arrays: Sequence[FloatArray], derivatives: Iterable[Derivative]) -> dict[Derivative, FloatArray]:
        """Asks the server once.

        Args:
            arrays: the values of the variables, in order.
            derivatives: the partials wanted beside the value ().

        Returns:
            The value and each of them, read-only, [(components,) *grid].

        Raises:
            GridgradError: as for `Client.gradient`.
        """
        wanted = [derivative for derivative in derivatives if derivative]
        result = self.client.gradient(
            self.function,
            self._named(arrays),
            derivatives=wanted,
            dtype=self.dtype,
            timeout=self.timeout,
            tier=self.tier,
            unused=self.unused,
        )
        lead = int(result.tuple_valued)
        axes = [*range(lead), *(lead + result.dims.index(dim) for dim in self.grid)]
        return {derivative: result.d[derivative].transpose(axes) for derivative in ((), *wanted)}

    def pulls_back(self, shapes: Sequence[tuple[int, ...]], by: Collection[str]) -> bool:
        """Whether the gradient of a sum moves less as a pull-back than as partials that come with the value.

        Args:
            shapes: of the variables, in order.
            by: the names of those that it is by.
        """
        sizes = dict(zip([each.name for each in self.variables], map(math.prod, shapes), strict=True))
        points = self._whole(shapes).points
        partials = points * len(by)
        return partials >= _MANY_NUMBERS and partials > points + sum(sizes[name] for name in by)

    def pull_back(self, arrays: Sequence[FloatArray], cotangent: FloatArray, by: Sequence[str]) -> list[FloatArray]:
        """The gradient of Σ cotangent·f by some variables, each with the dims of its variable.

        Args:
            arrays: the values of the variables, in order.
            cotangent: [(components,) *grid]; along dims of a stride of 0 one number counts for all.
            by: the names of the variables.

        Raises:
            GridgradError: as for `Client.pullback`.
        """
        dims = self._whole([array.shape for array in arrays]).dims
        lead = cotangent.ndim - len(dims)
        ordered = cotangent.transpose([*range(lead), *(lead + self.grid.index(dim) for dim in dims)])
        known = self.program if self.unused == "ignore" else None
        used = [name for name in by if known is None or name in known.inputs]
        nothing = {
            name: np.zeros(array.shape, self.dtype) for (name, _), array in zip(self.variables, arrays, strict=True)
        }
        if not used:
            return [nothing[name] for name in by]
        result = self.client.pullback(
            self.function,
            self._named(arrays),
            ordered if lead else _without_repeats(ordered, dims),
            wrt=used,
            dtype=self.dtype,
            timeout=self.timeout,
            tier=self.tier,
            unused=self.unused,
        )
        return [result.d[name] if name in used else nothing[name] for name in by]

    def _named(self, arrays: Sequence[FloatArray]) -> dict[str, Any]:
        """The inputs as `Client.gradient` takes them."""
        given = dict(zip(self.variables, arrays, strict=True))
        return {e.name: (e.dims, given[e] if isinstance(e, Variable) else e.values) for e in self.inputs}

    def _whole(self, shapes: Sequence[tuple[int, ...]]) -> Grid:
        """The grid as the server has it."""
        given = dict(zip(self.variables, shapes, strict=True))
        specs = [InputSpec(e.name, e.dims, given[e]) if isinstance(e, Variable) else e.spec for e in self.inputs]
        return grid_of(specs)


class SortedInputs(NamedTuple, Generic[A]):
    """The inputs of an operation: variables, which come as arrays, and linspaces, which stay as they are.

    Args:
        inputs: the variables and the linspaces between them, in order.
        arrays: the values of the variables.
        grid: the dims of the grid that all span, in order.
        shape: the shape of it.
        dtype: the type to compute in.
    """

    inputs: tuple[Variable | Input, ...]
    arrays: tuple[A, ...]
    grid: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class ArrayPackage(NamedTuple, Generic[A]):
    """A package with arrays of its own, such as torch.

    Args:
        array: the class of its arrays.
        dtype_of: the type for numpy of such an array.
        constant: makes one of numbers that a user gave otherwise, in the type computed in.
    """

    array: type[A]
    dtype_of: Callable[[A], np.dtype[Any]]
    constant: Callable[[FloatArray], A]


def synchronous(client: object) -> Client:
    """The client, if it is one that can be waited for.

    Raises:
        RequestError: it is not.
    """
    if not isinstance(client, Client):
        found = f"a {type(client).__module__}.{type(client).__name__}"
        raise RequestError("client", found, "give a gridgrad.Client, whose results can be waited for")
    return client


def sort_inputs(inputs: Inputs, package: ArrayPackage[A], dtype: Any) -> SortedInputs[A]:
    """Reads inputs some of which are arrays of another package.

    Args:
        inputs: as for `Client.gradient`.
        package: the other package.
        dtype: the type to compute in; None for float32 if every array with dims is float32, or every array of the
            package where none has dims; else float64.

    Raises:
        RequestError: as for `Client.gradient`.
    """
    read = [_read(name, value, package) for name, value in checked(inputs).items()]
    dim_labels(inputs)
    computed = _dtype([each for each, _ in read], [each for each, own in read if own], dtype)
    grid = grid_of([each.spec for each, _ in read])
    sorted_inputs: list[Variable | Input] = []
    arrays: list[A] = []
    for each, own in read:
        if isinstance(each.values, Linspace):
            sorted_inputs.append(each)
        else:
            sorted_inputs.append(Variable(each.name, each.dims))
            arrays += own or (package.constant(each.values.astype(computed)),)
    return SortedInputs(tuple(sorted_inputs), tuple(arrays), grid.dims, grid.shape, computed)


def _longer(name: str) -> Iterator[tuple[str, ...]]:
    """x_moves, x_moves_2, ..."""
    yield name, "moves"
    for number in itertools.count(2):
        yield name, "moves", str(number)


def _without_repeats(array: FloatArray, dims: Sequence[str]) -> tuple[tuple[str, ...], FloatArray]:
    """Numbers with the dims along which they are not all the same one."""
    repeated = [length > 1 and not stride for length, stride in zip(array.shape, array.strides, strict=True)]
    kept = tuple([dim for dim, same in zip(dims, repeated, strict=True) if not same])
    return kept, array[tuple([0 if same else slice(None) for same in repeated])]


def _read(name: str, value: Any, package: ArrayPackage[A]) -> tuple[Input, tuple[A, ...]]:
    """The input, and the package's array if it is one: then the input has its type and shape, and no numbers."""
    dims, values = split_dims(name, value)
    if not isinstance(values, package.array):
        (read,) = read_inputs({name: value})
        return read, ()
    refuse_numberless(name, values)
    shape = tuple(values.shape)  # type: ignore[attr-defined] # arrays have one
    dims = fitting_dims(name, dims, shape)
    try:
        own = package.dtype_of(values)
    except TypeError as error:  # a type that numpy has not, such as that of JAX's keys
        raise unreadable(name, values, error) from error
    (empty,) = read_inputs({name: (dims, np.empty([0] * len(dims), own))})
    stand_in = np.broadcast_to(np.zeros((), empty.values.dtype), shape)  # type: ignore[union-attr] # no linspace
    return Input(name, dims, stand_in), (values,)


def _dtype(read: Sequence[Input], of_package: Sequence[Input], dtype: Any) -> np.dtype[Any]:
    if dtype is None and of_package and not any(each.dims for each in read):
        single = all(not isinstance(each.values, Linspace) and each.values.dtype == FLOAT32 for each in of_package)
        dtype = FLOAT32 if single else None
    return computing_dtype(read, dtype)
