"""What callers ask for: a function, inputs and derivatives, as they gave them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import FloatArray, Inputs
from gridgrad.arguments.units import Units
from gridgrad.requests.reduction import Reduce
from gridgrad_core.errors import RequestError
from gridgrad_core.lang.program.names import CONSTANTS
from gridgrad_core.lang.program.program import Program

__all__ = [
    "FunctionIdentity",
    "FunctionLike",
    "Registered",
    "Request",
    "Tier",
    "Unused",
    "check_constants",
    "function_identity",
    "registered",
]


@dataclass(frozen=True, slots=True)
class Registered:
    """The name of a function registered at the server; `registered` makes one.

    Args:
        name: the name, as `Client.functions` lists it.
    """

    name: str


def registered(name: str) -> Registered:
    """Names a function of the server, so that it is never taken for an expression.

    Args:
        name: the name, as `Client.functions` lists it.

    Returns:
        What `Client.gradient` takes as its function.
    """
    return Registered(name)


class Symbolic(Protocol):
    """What sympy's expressions have in common."""

    @property
    def free_symbols(self) -> set[Any]:
        """The symbols in it."""


FunctionLike: TypeAlias = str | Registered | Program | Callable[..., Any] | Symbolic
Tier: TypeAlias = Literal["auto", "direct", "compiled"]
Unused: TypeAlias = Literal["refuse", "ignore"]
FunctionIdentity: TypeAlias = tuple[Literal["expression", "registered"], str]
"""The kind and text of a function."""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One grid to compute: the arguments of `Client.gradient`, for `Client.stream`.

    Args:
        function: an expression, a parsed program, a Python function written with numpy, a sympy expression, or
            `gridgrad.registered(name)`.
        inputs: names to arrays and numbers, as for `Client.gradient`.
        wrt: the input or inputs that `order` counts partials of; by default those that are no numbers.
        order: all partials up to this order, 0 to 4; 1 if nothing is said.
        derivatives: the partials wanted, instead of `order`: ["t", ("t", "k")].
        dtype: "float32" or "float64"; by default float32 if every array given is, else float64.
        out: a C-contiguous array [1 + derivatives, (components,) *grid] of that dtype to put the result into.
        tag: whatever the caller wants to find again in `result.request.tag`.
        coefficients: names to arrays whose elements are scalars of the function, as for `Client.gradient`.
        tier: "direct" or "compiled" to have it computed so and not otherwise; "auto" takes what is ready.
        unused: "ignore" allows numbers that the function does not use, as for `Client.gradient`.
        units: names of inputs and components to their units, as for `Client.gradient`.
        reduce: what is made of the grid, as for `Client.gradient`: {"k": "sum"}.
        weights: what each point counts there, as for `Client.gradient`.
    """

    function: FunctionLike
    inputs: Inputs
    wrt: str | Iterable[str] | None = None
    order: int | None = None
    derivatives: Iterable[DerivativeLike] | None = None
    dtype: Any = None
    out: FloatArray | None = None
    tag: Any = None
    coefficients: Coefficients | None = None
    tier: Tier = "auto"
    unused: Unused = "refuse"
    units: Units | None = None
    reduce: Reduce | None = None
    weights: Any = None

    def settled(self) -> Request:
        """The same, to be asked many times: what can be read only once is read, and a function traced once."""
        function, wrt, derivatives = _traced_once(self.function), _kept(self.wrt), _kept(self.derivatives)
        if function is self.function and wrt is self.wrt and derivatives is self.derivatives:
            return self
        return dataclasses.replace(self, function=function, wrt=wrt, derivatives=derivatives)

    def on(self, inputs: Inputs) -> Request:
        """The same with other inputs.

        Args:
            inputs: names to arrays and numbers, as for `Client.gradient`.

        Returns:
            A request without `out` and `tag`.
        """
        selection = self.wrt, self.order, self.derivatives, self.dtype
        return Request(
            self.function,
            inputs,
            *selection,
            coefficients=self.coefficients,
            tier=self.tier,
            unused=self.unused,
            units=self.units,
            reduce=self.reduce,
            weights=self.weights,
        )


def _traced_once(function: Any) -> FunctionLike:
    if not callable(function) or hasattr(function, "free_symbols"):  # sympy's symbols can be called
        traced: FunctionLike = function
        return traced
    from gridgrad.tracing.decorator import TracedFunction

    return function if isinstance(function, TracedFunction) else TracedFunction(function)


def _kept(listed: Any) -> Any:
    return [*listed] if isinstance(listed, Iterator) else listed


def function_identity(function: FunctionLike) -> FunctionIdentity:
    """The kind and text of a function.

    Raises:
        RequestError: it is none.
    """
    if isinstance(function, str):
        return "expression", function
    if isinstance(function, Registered):
        return "registered", function.name
    if isinstance(function, Program):
        return "expression", str(function)
    raise RequestError(
        "function",
        f"a {type(function).__name__}",
        'give an expression such as "t*k", a Python function, or gridgrad.registered("name")',
    )


def check_constants(function: FunctionLike, names: Collection[str]) -> None:
    """Refuses inputs of a program that are called like constants and not given: its text alone would mean these.

    Raises:
        RequestError: there is one.
    """
    if isinstance(function, Program) and not CONSTANTS.keys().isdisjoint(function.inputs):
        missing = [name for name in function.inputs if name in CONSTANTS and name not in names]
        if missing:
            found = f"no {missing[0]!r}, which the function has as an input, not as the constant"
            raise RequestError("inputs", found, f"give {missing[0]} a value")
