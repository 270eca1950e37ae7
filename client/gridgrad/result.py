"""Results: a grid's value and derivatives as views of one buffer."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gridgrad.grid import Derivative
from gridgrad.inputs import FloatArray, Input
from gridgrad.spacing import Linspace

if TYPE_CHECKING:
    from gridgrad.calls import Request

__all__ = ["Derivatives", "Info", "Result"]

INDICES_KEPT = 512


class Info(NamedTuple):
    """How a grid was computed.

    Args:
        queue_s: seconds between arrival at the server and the start of the first computation.
        compute_s: seconds of computation, summed over the pieces of the grid.
        batch_size: how many requests shared the batch; of several batches, the largest.
        engine: "functional" or "structured".
        tier: "direct" or "compiled" for the structured engine, else empty.
        device: such as "cpu" or "cuda:0".
        version: the version of the server.
        digest: the digest of the program, hex; empty for a registered function.
    """

    queue_s: float
    compute_s: float
    batch_size: int
    engine: str
    tier: str
    device: str
    version: str
    digest: str


class Derivatives(Mapping[str | Derivative, FloatArray]):
    """The derivatives of a result by the names of their inputs.

    `d["t"]` is ∂f/∂t and `d["t", "k"]` the mixed one, as is `d["k", "t"]`; `d[()]` is the value.
    Iteration gives the derivatives asked for as tuples of names, in the order asked, without the value.

    Args:
        planes: the buffer [1 + derivatives, (components,) *grid].
        derivatives: what follows the value in it.
        names: the names of the inputs, in order.
    """

    __slots__ = ("_derivatives", "_index", "_names", "_planes")

    def __init__(self, planes: FloatArray, derivatives: Sequence[Derivative], names: Sequence[str]) -> None:
        self._planes = planes
        self._derivatives = tuple(derivatives)
        self._names = names
        self._index = _index(self._derivatives)

    def __getitem__(self, wrt: str | Iterable[str]) -> FloatArray:
        spelled = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        plane = self._index.get(spelled)
        if plane is None:
            plane = self._index.get(self._sorted(spelled))
        if plane is None:
            raise KeyError(self._missing(spelled))
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


class Result:
    """A function and its derivatives on a grid.

    Attributes:
        value: the function itself, [*grid], or [components, *grid] for a tuple-valued function.
        d: the derivatives by their inputs' names, each of the value's shape.
        inputs: what it was computed on, in the dtype computed in; linspaces expanded.
        dims: the names of the grid's dims, in order.
        components: the names of the components; one for a function that is no tuple.
        tuple_valued: whether arrays have a leading component dim.
        info: how it was computed.
        request: what was asked, as a `Request`.
        slices: which part of the grid it is, a slice for each dim: all of it but for `Client.windows`.

    Arrays are read-only, unless the caller gave `out` or they come from `copy`.
    """

    __slots__ = ("_inputs", "_planes", "_sent", "_start", "components", "d", "dims", "info", "request", "tuple_valued")

    def __init__(
        self,
        planes: FloatArray,
        *,
        derivatives: Sequence[Derivative],
        dims: tuple[str, ...],
        components: tuple[str, ...],
        tuple_valued: bool,
        info: Info,
        request: Request,
        sent: tuple[Input, ...],
        start: tuple[int, ...] | None = None,
    ) -> None:
        self._planes = planes
        self._sent = sent
        self._start = start
        self._inputs: dict[str, FloatArray] | None = None
        self.d = Derivatives(planes, derivatives, [i.name for i in sent])
        self.dims = dims
        self.components = components
        self.tuple_valued = tuple_valued
        self.info = info
        self.request = request

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
            self._inputs = {i.name: _computed_on(i, self._planes.dtype, part) for i in self._sent}
        return self._inputs

    @property
    def slices(self) -> tuple[slice, ...]:
        """Which part of the grid it is: `whole[result.slices] = result.value`."""
        lengths = self._planes.shape[1 + self.tuple_valued :]
        start = self._start or (0,) * len(lengths)
        return tuple(slice(first, first + length) for first, length in zip(start, lengths, strict=True))

    @property
    def nbytes(self) -> int:
        """The length of the buffer that holds the value and all derivatives, in bytes."""
        return self._planes.nbytes

    def copy(self) -> Result:
        """The same result in a buffer of its own, writable and independent of this one."""
        return Result(
            self._planes.copy(),
            derivatives=[*self.d],
            dims=self.dims,
            components=self.components,
            tuple_valued=self.tuple_valued,
            info=self.info,
            request=self.request,
            sent=self._sent,
            start=self._start,
        )

    def __repr__(self) -> str:
        shape = self.value.shape[1:] if self.tuple_valued else self.value.shape
        grid = ", ".join(f"{dim}={length}" for dim, length in zip(self.dims, shape, strict=True)) or "a single point"
        components = f", components {', '.join(self.components)}" if self.tuple_valued else ""
        derivatives = ", ".join(spelling(derivative) for derivative in self.d) or "none"
        computed = f"{self.info.engine} on {self.info.device}, {1e3 * self.info.compute_s:.3g} ms"
        return f"<Result {self._planes.dtype} on {grid}{components}; d: {derivatives}; {computed}>"


@functools.lru_cache(INDICES_KEPT)
def _index(derivatives: tuple[Derivative, ...]) -> Mapping[Derivative, int]:
    """Which plane of a buffer holds which derivative; the same for all results of a kind."""
    return {derivative: plane for plane, derivative in enumerate(((), *derivatives))}


def spelling(derivative: Derivative) -> str:
    """A derivative as a user writes it: "t", or ("t", "k")."""
    quoted = [f'"{name}"' for name in derivative]
    return quoted[0] if len(quoted) == 1 else f"({', '.join(quoted)})"


def _computed_on(sent: Input, dtype: np.dtype[Any], part: Mapping[str, slice]) -> FloatArray:
    values = sent.values.values() if isinstance(sent.values, Linspace) else sent.values
    with np.errstate(over="ignore"):
        own = np.array(values[tuple([part[dim] for dim in sent.dims])], dtype)
    own.flags.writeable = False
    return own
