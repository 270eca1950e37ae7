"""Calls of scipy's splines on traced values, which become calls of tables.

scipy makes an array of what it is given before anything else, and a traced value can't be one. So while functions are
traced, and scipy is there, the methods of its splines are replaced by such that look at what they are given: for all
but traced values they are what they were, for other threads too.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from gridgrad.elements.scipy_splines import SplineTables, tables_of
from gridgrad_core.errors import RequestError

__all__ = ["SplineCall", "splines_as_tables"]

_CLASSES = ("PPoly", "BSpline", "UnivariateSpline", "RectBivariateSpline", "RegularGridInterpolator")

_lock = threading.Lock()
_replaced: list[tuple[type, str, Any]] = []
_traces = 0


class SplineCall(NamedTuple):
    """A call of a spline.

    Args:
        tables: that the spline is.
        places: where it is called.
        orders: of its derivative by each argument.
    """

    tables: SplineTables
    places: tuple[Any, ...]
    orders: tuple[int, ...]


Answer = Callable[[Any, SplineCall | RequestError], Any]
"""Gives what a call comes to, by one of the traced values that it was given and the call, or what is wrong with it."""


@contextlib.contextmanager
def splines_as_tables(kind: type, answer: Answer) -> Iterator[None]:
    """Has scipy's splines take traced values.

    Args:
        kind: of these values.
        answer: says what a call comes to.
    """
    scipy = sys.modules.get("scipy.interpolate")
    if scipy is None:  # then nothing has a spline
        yield
        return
    _begin(scipy, kind, answer)
    try:
        yield
    finally:
        _end()


def _begin(scipy: Any, kind: type, answer: Answer) -> None:
    global _traces
    with _lock:
        _traces += 1
        if _traces > 1:
            return
        for name in _CLASSES:
            _replace(getattr(scipy, name), "__call__", _HANDLERS[name], kind, answer)
        _replace(scipy.RectBivariateSpline, "ev", _at_points, kind, answer)


def _end() -> None:
    global _traces
    with _lock:
        _traces -= 1
        while not _traces and _replaced:
            setattr(*_replaced.pop())


def _replace(owner: type, name: str, handler: Callable[..., SplineCall], kind: type, answer: Answer) -> None:
    owner = next(each for each in owner.__mro__ if name in vars(each))
    own = vars(owner)[name]

    @functools.wraps(own)
    def call(spline: Any, *arguments: Any, **options: Any) -> Any:
        given = (*arguments, *options.values())
        flat = [each for one in given for each in (one if isinstance(one, tuple | list) else (one,))]
        traced = next((each for each in flat if isinstance(each, kind)), None)
        if traced is None:
            return own(spline, *arguments, **options)
        try:
            called: SplineCall | RequestError = handler(spline, *arguments, **options)
        except RequestError as error:
            called = error
        return answer(traced, called)

    _replaced.append((owner, name, own))
    setattr(owner, name, call)


def _along(spline: Any, x: Any, nu: int = 0, extrapolate: Any = None, ext: Any = None) -> SplineCall:
    """A spline of one argument."""
    return _called(spline, ext if extrapolate is None else extrapolate, (x,), (nu,))


def _on_plane(spline: Any, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> SplineCall:
    if grid:
        found = f"a {type(spline).__name__} called for a grid"
        raise RequestError("function", found, "write spline.ev(x, y), or grid=False")
    return _called(spline, None, (x, y), (dx, dy))


def _at_points(spline: Any, xi: Any, yi: Any, dx: int = 0, dy: int = 0) -> SplineCall:
    return _called(spline, None, (xi, yi), (dx, dy))


def _on_grid(spline: Any, xi: Any, method: Any = None, *, nu: Sequence[int] | None = None) -> SplineCall:
    if not isinstance(xi, tuple | list):
        xi = [xi[..., n] for n in range(xi.shape[-1])] if xi.ndim else [xi]
    return _called(spline, method, tuple(xi), (0,) * len(xi) if nu is None else tuple(nu))


def _called(spline: Any, said: Any, places: tuple[Any, ...], orders: tuple[int, ...]) -> SplineCall:
    found = tables_of(spline, said)
    if len(places) != found.arguments:
        what = f"a {type(spline).__name__} of {found.arguments} arguments given {len(places)}"
        raise RequestError("function", what, "give a value for each")
    if found.shape and any(getattr(each, "ndim", 0) for each in places):
        remedy = "call it with one value at a time, and join these by np.stack"
        raise RequestError("function", "a spline of several values at several places", remedy)
    return SplineCall(found, places, orders)


_HANDLERS: dict[str, Callable[..., SplineCall]] = {
    "PPoly": _along,
    "BSpline": _along,
    "UnivariateSpline": _along,
    "RectBivariateSpline": _on_plane,
    "RegularGridInterpolator": _on_grid,
}
