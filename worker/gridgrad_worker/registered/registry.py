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
import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar, overload

from gridgrad_core.grid import MAX_INPUTS

if typing.TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FunctionError", "Mode", "RegisteredInput", "Registration", "function", "load"]

Mode = Literal["forward", "reverse"]
Samples = Mapping[str, float | Sequence[float]]
_F = TypeVar("_F", bound=Callable[..., Any])

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class FunctionError(ValueError):
    """A function can't be registered. Its author's fault; the message says what to change."""


class RegisteredInput(NamedTuple):
    """An input of a registered function."""

    name: str
    default: float | None
    unit: str


class Registration(NamedTuple):
    """A registered function.

    Args:
        function: takes tensors of no dims; returns one, or a tuple of them when it is tuple-valued.
        components: the names of its outputs.
        tuple_valued: whether results have a component dim.
        samples: points at which its derivatives are checked, by input; drawn when there are none.
        check: whether they are checked at all.
    """

    name: str
    function: Callable[..., Tensor | tuple[Tensor, ...]]
    doc: str
    inputs: tuple[RegisteredInput, ...]
    components: tuple[str, ...]
    tuple_valued: bool
    mode: Mode
    samples: dict[str, tuple[float, ...]]
    check: bool


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
) -> _F | Callable[[_F], _F]:
    """Registers a function, so that `gridgrad-server --functions module` serves it.

    Its parameters are its inputs, their defaults what is taken for inputs that a request leaves out.
    It is called with tensors of no dims and must return one of the same dtype, computed from them by
    torch operations, without a Python `if` on their values (write torch.where) and without side effects.

    Args:
        name: what clients call it by; the name of the function if not given.
        units: the unit of each input, for a reader; also read off `Annotated[Tensor, "K"]`.
        doc: what it computes, for a reader; the docstring if not given.
        outputs: the names of its components, when it returns a tuple.
        mode: "forward", or "reverse" for a function of many inputs or one that torch can only differentiate so.
        samples: values of inputs at which its derivatives are compared with finite differences before
            it is served: numbers, or sequences of one length that are read side by side.
        check: False serves it without that comparison.

    Raises:
        FunctionError: it can't be registered as it is.
    """

    def register(function: _F) -> _F:
        known_as = name if name is not None else getattr(function, "__name__", "")
        found = _describe(function, known_as, units or {}, doc, outputs, mode, samples or {}, check)
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
        _import(module)
        if known == set(_registered) and not any(_home(f).startswith(f"{module}.") for f in _registered.values()):
            raise FunctionError(
                f"--functions {module}: it registers no function; "
                "put @function from gridgrad_worker above those that are to be served"
            )
    return dict(sorted(_registered.items()))


def _import(module: str) -> None:
    try:
        importlib.import_module(module)
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
    return f"{found.function.__module__}.{getattr(found.function, '__qualname__', found.name)}"


def _describe(
    function: Callable[..., Any],
    name: str,
    units: Mapping[str, str],
    doc: str | None,
    outputs: Sequence[str] | None,
    mode: str,
    samples: Samples,
    check: bool,
) -> Registration:
    if not _NAME.fullmatch(name):
        raise FunctionError(f"{name!r} is no name for a function; write letters, digits and underscores")
    if mode not in typing.get_args(Mode):
        raise FunctionError(f"{name}: mode={mode!r}; write 'forward' or 'reverse'")
    inputs = _inputs_of(function, name, units)
    return Registration(
        name=name,
        function=function,
        doc=inspect.cleandoc(doc if doc is not None else function.__doc__ or ""),
        inputs=inputs,
        components=("f",) if outputs is None else _checked_outputs(name, outputs),
        tuple_valued=outputs is not None,
        mode=typing.cast("Mode", mode),
        samples=_checked_samples(name, samples, inputs),
        check=check,
    )


def _inputs_of(function: Callable[..., Any], name: str, units: Mapping[str, str]) -> tuple[RegisteredInput, ...]:
    annotated = _annotated_units(function)
    inputs = tuple(_input_of(each, name, {**annotated, **units}) for each in _parameters(function, name))
    if not inputs:
        raise FunctionError(f"{name}: it has no inputs; a constant needs no server")
    if len(inputs) > MAX_INPUTS:
        raise FunctionError(f"{name}: {len(inputs)} inputs; at most {MAX_INPUTS} can be served")
    _refuse_unknown(name, "units", units, inputs)
    return inputs


def _parameters(function: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:  # something built in
        raise FunctionError(f"{name}: its parameters can't be read; register a def that calls it") from error


def _input_of(parameter: inspect.Parameter, name: str, units: Mapping[str, str]) -> RegisteredInput:
    if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
        raise FunctionError(f"{name}: the parameter {str(parameter)!r} has no fixed position; write each input plainly")
    if not parameter.name.isascii():
        raise FunctionError(f"{name}: the input {parameter.name!r} is not ASCII; clients could not name it")
    default = None if parameter.default is parameter.empty else parameter.default
    if default is not None and (isinstance(default, bool) or not isinstance(default, int | float)):
        raise FunctionError(f"{name}: the default {default!r} of {parameter.name!r} is no number; write a float")
    return RegisteredInput(parameter.name, None if default is None else float(default), units.get(parameter.name, ""))


def _annotated_units(function: Callable[..., Any]) -> dict[str, str]:
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception:  # noqa: BLE001 - annotations are the author's own and may name what is not there
        return {}
    texts = {
        name: [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, str)]
        for name, hint in hints.items()
    }
    return {name: found[0] for name, found in texts.items() if found}


def _checked_outputs(name: str, outputs: Sequence[str]) -> tuple[str, ...]:
    if isinstance(outputs, str) or not outputs or len(set(outputs)) != len(outputs):
        raise FunctionError(f"{name}: outputs={outputs!r}; write a tuple of different names, such as ('u', 'v')")
    return tuple(outputs)


def _checked_samples(name: str, samples: Samples, inputs: Sequence[RegisteredInput]) -> dict[str, tuple[float, ...]]:
    _refuse_unknown(name, "samples", samples, inputs)
    listed = {key: (float(v),) if isinstance(v, int | float) else tuple(map(float, v)) for key, v in samples.items()}
    lengths = {len(values) for values in listed.values()} - {1}
    if len(lengths) > 1 or 0 in lengths:
        raise FunctionError(f"{name}: samples of {sorted(lengths)} values; give each input one number or equally many")
    missing = [each.name for each in inputs if listed and each.default is None and each.name not in listed]
    if missing:
        raise FunctionError(
            f"{name}: samples without {', '.join(missing)}; give values for every input that has no default"
        )
    return listed


def _refuse_unknown(name: str, what: str, given: Mapping[str, object], inputs: Sequence[RegisteredInput]) -> None:
    names = [each.name for each in inputs]
    for key in given:
        if key not in names:
            raise FunctionError(f"{name}: {what} for {key!r}, which is no input; it has {', '.join(names) or 'none'}")
