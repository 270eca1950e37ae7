"""Canned grids: what a fake server answers, and how it finds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from gridgrad.arguments.inputs import FloatArray
from gridgrad.requests.request import Registered, Request
from gridgrad.results.labels import spelling
from gridgrad.results.server_info import RegisteredFunction
from gridgrad_core.errors import ExpressionError, GridgradError, RequestError, UnknownFunctionError
from gridgrad_core.grid import Derivative, Grid
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse

__all__ = ["Canned", "CannedAnswer", "CannedRequest", "Grids", "answer_of"]

Canned: TypeAlias = ArrayLike | Callable[..., Any]
Grids: TypeAlias = Mapping[Any, Mapping[Any, Canned] | GridgradError]
"""What is canned, by expression or `gridgrad.registered(name)`.

For each the value under (), and partials under "t" or ("t", "k"): an array or number that broadcasts to the grid,
with a leading dim of components for a tuple, or a function that makes it of the inputs by name. Or an error to raise.
"""


class CannedRequest(NamedTuple):
    """A request as it came.

    Args:
        request: what was asked; its inputs are (dims, array) pairs.
        grid: the grid that the inputs span.
        spread: the inputs, each broadcastable to the grid.
        derivatives: the partials wanted, in order.
        dtype: "float32" or "float64".
        tables: what the function may call.
    """

    request: Request
    grid: Grid
    spread: Mapping[str, FloatArray]
    derivatives: tuple[Derivative, ...]
    dtype: str
    tables: tuple[TableSpec, ...] = ()


class CannedAnswer(NamedTuple):
    """What a fake server sends back.

    Args:
        planes: the buffer [1 + derivatives, (components,) *grid].
        components: the names of the components.
        tuple_valued: whether there is a dim of components.
        units: of inputs and components, where a registered function says them.
    """

    planes: FloatArray
    components: tuple[str, ...]
    tuple_valued: bool
    units: Mapping[str, str]


def answer_of(
    asked: CannedRequest, grids: Grids, fill: float | None, functions: Sequence[RegisteredFunction]
) -> CannedAnswer:
    """The canned answer to a request.

    Raises:
        GridgradError: the canned one, or one that says what is not canned.
    """
    components, tuple_valued, units = _given_by(asked, functions)
    canned = _canned(asked, grids, fill)
    shape = ((len(components),) if tuple_valued else ()) + asked.grid.shape
    planes = np.empty((1 + len(asked.derivatives), *shape), asked.dtype)
    for number, wrt in enumerate(((), *asked.derivatives)):
        planes[number] = _grid(asked, canned, wrt, fill, shape)
    named = {name: unit for name, unit in units.items() if name in asked.spread or name in components}
    return CannedAnswer(planes, components, tuple_valued, named)


def _canned(asked: CannedRequest, grids: Grids, fill: float | None) -> Mapping[Any, Canned]:
    function: Any = asked.request.function
    found = grids.get(function)
    if found is None and isinstance(function, str):
        found = next((grids[key] for key in grids if isinstance(key, str) and _same(key, function, asked.tables)), None)
    if isinstance(found, GridgradError):
        raise found
    if found is None and fill is None:
        names = ", ".join(repr(key) for key in grids) or "nothing"
        kind = RequestError if isinstance(function, str) else UnknownFunctionError
        raise kind("function", f"{function!r} is not canned; {names} is", "add it, or give fill=0.0 for all others")
    return found or {}


def _same(canned: str, asked: str, tables: Sequence[TableSpec]) -> bool:
    """Whether two texts are the same expression, spaces and brackets apart."""
    try:
        return parse(canned, (), tables) == parse(asked, (), tables)
    except ExpressionError:  # the canned one calls tables that were not given
        return False


def _given_by(
    asked: CannedRequest, functions: Sequence[RegisteredFunction]
) -> tuple[tuple[str, ...], bool, Mapping[str, str]]:
    """The components of a function, whether it is a tuple, and the units that it says."""
    function = asked.request.function
    if isinstance(function, Registered):
        listed = {each.name: each for each in functions}.get(function.name)
        return (("f",), False, {}) if listed is None else (listed.components, listed.tuple_valued, listed.units)
    program = parse(str(function), asked.spread, asked.tables)
    unknown = [name for name in program.inputs if name not in asked.spread]
    if unknown:
        raise RequestError("inputs", f"no input {unknown[0]!r}, which the function uses", "give it a value")
    return program.components, program.tuple_valued, {}


def _grid(
    asked: CannedRequest, canned: Mapping[Any, Canned], wrt: Derivative, fill: float | None, shape: tuple[int, ...]
) -> FloatArray:
    by_name = {tuple(sorted((key,) if isinstance(key, str) else key)): grid for key, grid in canned.items()}
    grid = by_name.get(tuple(sorted(wrt)))
    if grid is None:
        if fill is None:
            found = f"{spelling(wrt)} of {asked.request.function!r} is not canned"
            raise RequestError("derivatives", found, "add it to the grids, or give fill=0.0 for all others")
        return np.full(shape, fill)
    made = _called(grid, asked, wrt) if callable(grid) else grid
    try:
        if isinstance(made, tuple):
            made = np.stack([np.broadcast_to(part, asked.grid.shape) for part in made])
        return np.broadcast_to(np.asarray(made, asked.dtype), shape)
    except ValueError as error:
        found = f"{spelling(wrt)} of {asked.request.function!r} is of shape {np.shape(made)}"
        raise RequestError("grids", found, f"can what broadcasts to {shape}") from error


def _called(function: Callable[..., Any], asked: CannedRequest, wrt: Derivative) -> Any:
    try:
        return function(**asked.spread)
    except Exception as error:  # a tester's function may raise anything
        found = f"what makes {spelling(wrt)} of {asked.request.function!r} raised {type(error).__name__}: {error}"
        raise RequestError("grids", found, f"let it take the inputs {', '.join(asked.spread)}") from error
