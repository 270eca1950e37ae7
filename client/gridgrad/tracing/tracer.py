"""Traced values: what a function is called with instead of numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, Protocol, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from gridgrad.tracing import refusal
from gridgrad_core.errors import TracingError
from gridgrad_core.lang.functions.function import Kind

__all__ = ["Nodes", "Trace", "Traced"]

Nodes: TypeAlias = NDArray[np.int64]
"""Indices of nodes, in the shape of the array that they make up."""


class Trace(Protocol):
    """What a traced value asks of the trace that it belongs to; `gridgrad.tracing.recorder.Recorder` is one."""

    def refuse(self, error: TracingError) -> TracingError:
        """Remembers that something could not be done, and returns its error to be raised."""

    def lift(self, value: Any) -> Traced:
        """A traced value as it is, and constants as one."""

    def numbers(self, value: Any) -> Traced:
        """A value with booleans made numbers."""

    def call_ufunc(self, ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Does what a ufunc of numpy or scipy does."""

    def call_function(self, function: Callable[..., Any], arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Does what another function of numpy does."""


class Version:
    """Whether an array was changed in place since; shared by all who look at the same numbers."""

    __slots__ = ("replaced",)

    def __init__(self) -> None:
        self.replaced = False


class Traced(NDArrayOperatorsMixin):
    """An array of numbers or booleans that are not known yet.

    It behaves like a numpy array of its shape, () for an input of the grid. Operators and functions come in by
    `__array_ufunc__` and `__array_function__`; whatever needs the numbers themselves raises.

    Args:
        recorder: the trace that it belongs to.
        nodes: what it is, node by node.
        kind: whether the nodes are numbers or booleans.
        version: that of the array whose numbers these are, for a view of it.
    """

    __slots__ = ("kind", "nodes", "recorder", "version")

    def __init__(self, recorder: Trace, nodes: Nodes, kind: Kind = "number", version: Version | None = None) -> None:
        self.recorder = recorder
        self.nodes = nodes
        self.kind = kind
        self.version = version or Version()

    # numpy's protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return self.recorder.call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Callable[..., Any], _: Any, arguments: Any, options: Any) -> Any:
        return self.recorder.call_function(function, arguments, options)

    # What an array has

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape: () for an input of the grid."""
        return self.nodes.shape

    @property
    def ndim(self) -> int:
        """How many dims it has."""
        return self.nodes.ndim

    @property
    def size(self) -> int:
        """How many numbers it has; refused for a single one, which stands for a whole grid."""
        return len(self.flat)

    @property
    def flat(self) -> list[int]:
        """Its nodes in C order; refused for a single one."""
        if not self.ndim:
            raise self.recorder.refuse(refusal.sized("the size"))
        nodes: list[int] = self.nodes.ravel().tolist()
        return nodes

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the numbers: float64, or bool."""
        return np.dtype(np.bool_ if self.kind == "boolean" else np.float64)

    @property
    def T(self) -> Traced:  # noqa: N802 - numpy's name
        """The transpose."""
        return self.view(self.nodes.T)

    def view(self, nodes: Nodes) -> Traced:
        """Some of the same numbers, in another shape."""
        return Traced(self.recorder, nodes, self.kind, self.version)

    def copy(self) -> Traced:
        """The same numbers in an array of its own."""
        lifted = self.recorder.lift(self)
        return Traced(self.recorder, lifted.nodes, self.kind)

    def __copy__(self) -> Traced:
        return self.copy()

    def __deepcopy__(self, _: Any) -> Traced:
        return self.copy()

    def astype(self, dtype: Any, **_: Any) -> Traced:
        """The same numbers, if the type asked for is float64."""
        if np.dtype(dtype) == np.float64:
            return self.recorder.numbers(self).copy()
        found = f"astype({np.dtype(dtype).name})"
        remedy = (
            "write np.trunc(x) or np.round(x) for integers, x != 0 for booleans; dtype= of the request sets float32"
        )
        raise self.recorder.refuse(refusal.doing(found, remedy))

    def __len__(self) -> int:
        if not self.ndim:
            raise refusal.iterated()
        return len(self.nodes)

    def __iter__(self) -> Iterator[Traced]:
        if not self.ndim:
            raise refusal.iterated()
        return iter([self.view(np.asarray(nodes)) for nodes in self.nodes])

    def __getitem__(self, index: Any) -> Traced:
        if not self.ndim:
            raise refusal.iterated()
        if isinstance(index, Traced) and index.kind == "boolean":
            remedy = "write np.where(condition, x, 0) to leave some out of a sum"
            raise self.recorder.refuse(refusal.doing("a choice of elements", remedy))
        return self.view(np.asarray(self.nodes[index]))

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        remedy = "build it at once: np.stack([a, b, ...]), or np.where(condition, a, x)"
        raise self.recorder.refuse(refusal.doing("an assignment to elements", remedy))

    def __getattr__(self, name: str) -> Any:
        method = _METHODS.get(name)
        if method is not None:
            return functools.partial(method, self)
        if hasattr(np.ndarray, name) and not name.startswith("__"):
            raise self.recorder.refuse(refusal.function(name, "ndarray."))
        raise AttributeError(f"a traced value has no attribute {name!r}; it has those of a numpy array")

    # What needs the numbers. What floats refuse too is not remembered as a refusal: functions may catch it.

    def __bool__(self) -> NoReturn:
        raise self.recorder.refuse(refusal.as_truth())

    def __float__(self) -> NoReturn:
        raise self.recorder.refuse(refusal.as_float())

    def __int__(self) -> NoReturn:
        raise self.recorder.refuse(refusal.as_integer("an integer"))

    def __index__(self) -> NoReturn:
        raise refusal.as_integer("a count or an index")

    def __complex__(self) -> NoReturn:
        raise self.recorder.refuse(refusal.as_integer("a complex number"))

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise self.recorder.refuse(refusal.as_array())

    def __hash__(self) -> NoReturn:
        raise self.recorder.refuse(refusal.as_key())

    def __round__(self, digits: int | None = None) -> Any:
        return np.round(self, digits or 0)

    def __floor__(self) -> Any:
        return np.floor(self)

    def __ceil__(self) -> Any:
        return np.ceil(self)

    def __trunc__(self) -> Any:
        return np.trunc(self)

    def __format__(self, specification: str) -> str:
        if specification:
            raise self.recorder.refuse(refusal.doing("a traced value formatted as a number", "leave it out"))
        return repr(self)

    def __repr__(self) -> str:
        what = "a number" if self.kind == "number" else "a condition"
        return f"<traced: {what}>" if not self.ndim else f"<traced: {what} for each of shape {list(self.shape)}>"


_METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in (
        "all", "any", "clip", "cumprod", "cumsum", "dot", "max", "mean", "min", "prod", "ravel", "repeat", "reshape",
        "round", "squeeze", "sum", "swapaxes", "take", "transpose",
    )
}  # fmt: skip
_METHODS["flatten"] = np.ravel
"""The methods of an array that are functions of numpy too."""
