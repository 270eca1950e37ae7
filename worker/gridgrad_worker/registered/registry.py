"""Registered functions: Python functions written with torch operations on single numbers.

    from gridgrad_worker import function

    @function(units={"t": "s"}, samples={"t": [0.5, 2.0], "k": [1.0, 3.0]})
    def bilinear(t, k=1.0):
        "A bilinear example."
        return t * k + 2 * t * k**2

Names, inputs, defaults and doc are read off the function where the decorator does not say otherwise.
The function itself is returned unchanged.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, TypeVar, overload

from gridgrad_worker.registered.registration import FunctionError, Mode, Registration, Samples, describe, source_of

__all__ = ["function", "import_module", "load"]

_F = TypeVar("_F", bound=Callable[..., Any])

_registered: dict[str, Registration] = {}


@overload
def function(function: _F, /) -> _F: ...


@overload
def function(
    *,
    name: str | None = None,
    units: Mapping[str, str] | None = None,
    doc: str | None = None,
    outputs: Sequence[str] | None = None,
    mode: Mode = "forward",
    samples: Samples | None = None,
    check: bool = True,
    order: int | None = None,
) -> Callable[[_F], _F]: ...


def function(
    function: _F | None = None,
    /,
    *,
    name: str | None = None,
    units: Mapping[str, str] | None = None,
    doc: str | None = None,
    outputs: Sequence[str] | None = None,
    mode: Mode = "forward",
    samples: Samples | None = None,
    check: bool = True,
    order: int | None = None,
) -> _F | Callable[[_F], _F]:
    """Registers a function, so that `gridgrad-server --functions module` serves it.

    Its parameters are its inputs, their defaults what is taken for inputs that a request leaves out.
    It is called with tensors of no dims and must return one of the same dtype, computed from them by
    torch operations, without a Python `if` on their values (write torch.where) and without side effects.
    A torch.nn.Module whose forward takes and returns single numbers and a functools.partial can be registered too:
    `function(name="net")(Net().eval())`. Modules of doubles are served in float64 alone.

    Args:
        name: what clients call it by; the name of the function if not given.
        units: the units of inputs and outputs, "f" for that of a function that is no tuple: text that results keep;
            also read off `Annotated[Tensor, "K"]`, of what is returned too.
        doc: what it computes, for a reader; the docstring if not given.
        outputs: the names of its components, when it returns a tuple.
        mode: "forward", or "reverse" for a function of many inputs or one that torch can only differentiate so.
        samples: values of inputs at which its derivatives are compared with finite differences before
            it is served: numbers, or sequences of one length that are read side by side.
        check: False serves it without that comparison.
        order: the highest order of derivatives that is served and compared, 0 to 4. Without it a function must be right
            to order 2, and is served to the order, 4 at most, to which it is.

    Raises:
        FunctionError: it can't be registered as it is.
    """

    def register(function: _F) -> _F:
        known_as = name if name is not None else source_of(function).__name__
        found = describe(function, known_as, units or {}, doc, outputs, mode, samples or {}, check, order)
        _add(found)
        return function

    return register if function is None else register(function)


def load(modules: Sequence[str]) -> dict[str, Registration]:
    """Imports modules and returns the functions registered so far, by name.

    Raises:
        FunctionError: a module can't be imported or registers nothing, or a function was refused.
    """
    for module in modules:
        known = set(_registered)
        import_module(module)
        if known == set(_registered) and not any(_home(f).startswith(f"{module}.") for f in _registered.values()):
            raise FunctionError(
                f"--functions {module}: it registers no function; "
                "put @function from gridgrad_worker above those that are to be served"
            )
    return dict(sorted(_registered.items()))


def import_module(module: str) -> ModuleType:
    """Imports a module that --functions names.

    Raises:
        FunctionError: it can't be imported.
    """
    try:
        return importlib.import_module(module)
    except FunctionError:
        raise
    except ModuleNotFoundError as error:
        raise FunctionError(
            f"--functions {module}: there is no module {error.name!r}; give its dotted name, as in an import "
            "statement, and start the server in the folder that holds it or set PYTHONPATH"
        ) from error
    except Exception as error:
        raise FunctionError(
            f"--functions {module}: importing it raised {type(error).__name__}: {error}; "
            f"python -c 'import {module}' shows where"
        ) from error


def _add(found: Registration) -> None:
    known = _registered.get(found.name)
    if known is not None and _home(known) != _home(found):
        raise FunctionError(
            f"{found.name!r} is registered by {_home(known)} already; give the one of {_home(found)} another name="
        )
    _registered[found.name] = found


def _home(found: Registration) -> str:
    source = source_of(found.function)
    return f"{source.__module__}.{source.__qualname__}"
