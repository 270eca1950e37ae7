"""What is known of a registered function: read off the function, and off its decorator."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from gridgrad_core.grid import MAX_INPUTS, MAX_ORDER

if typing.TYPE_CHECKING:
    from torch import Tensor
    from torch.fx import GraphModule

__all__ = [
    "FunctionError",
    "FunctionLayers",
    "FunctionProgram",
    "Mode",
    "RegisteredInput",
    "Registration",
    "Samples",
    "describe",
    "source_of",
]

Mode = Literal["forward", "reverse"]
Samples = Mapping[str, float | Sequence[float]]

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


class FunctionError(ValueError):
    """A function can't be registered. Its author's fault; the message says what to change."""


class RegisteredInput(NamedTuple):
    """An input of a registered function, and whether it can be given by keyword alone."""

    name: str
    default: float | None
    unit: str
    is_keyword: bool = False


class FunctionProgram(NamedTuple):
    """The program of the language that a registered function is.

    Args:
        text: its canonical text.
        digest: of that.
        order: the highest order of derivatives to which it is what torch computes.
        in_float32: whether it is in float32 too.
    """

    text: str
    digest: str
    order: int
    in_float32: bool


class FunctionLayers(NamedTuple):
    """The graphs of a registered function whose partials go through its layers.

    Args:
        float64: in double precision.
        float32: in single precision; None where torch alone computes that.
        order: the highest order of derivatives to which they are what torch computes.
    """

    float64: GraphModule
    float32: GraphModule | None
    order: int


class Registration(NamedTuple):
    """A registered function.

    Args:
        function: takes tensors of no dims; returns one, or a tuple of them when it is tuple-valued.
        components: the names of its outputs.
        tuple_valued: whether results have a component dim.
        samples: points at which its derivatives are checked, by input; drawn when there are none.
        check: whether they are checked at all.
        order: the highest order of derivatives that is served; None before the check has found it.
        why_no_more: why none of higher order is, where the check found that.
        why_no_float32: why it is served in float64 alone; empty where it is served in both.
        component_units: of each output, perhaps empty; none where all are.
        program: what it was traced to; None where torch alone computes it.
        why_functional: why there is no program; empty where there is, and where it was not asked for one.
        layers: the graphs of one that goes layer by layer.
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
    order: int | None = None
    why_no_more: str = ""
    why_no_float32: str = ""
    component_units: tuple[str, ...] = ()
    program: FunctionProgram | None = None
    why_functional: str = ""
    layers: FunctionLayers | None = None


def describe(
    function: Callable[..., Any],
    name: str,
    units: Mapping[str, str],
    doc: str | None,
    outputs: Sequence[str] | None,
    mode: str,
    samples: Samples,
    check: bool,
    order: int | None = None,
) -> Registration:
    """What is known of a function; the arguments are those of the decorator.

    Raises:
        FunctionError: it can't be registered as it is.
    """
    if not _NAME.fullmatch(name):
        raise FunctionError(f"{name!r} is no name for a function; write letters, digits and underscores")
    if mode not in typing.get_args(Mode):
        raise FunctionError(f"{name}: mode={mode!r}; write 'forward' or 'reverse'")
    if order is not None and (isinstance(order, bool) or order not in range(MAX_ORDER + 1)):
        raise FunctionError(f"{name}: order={order!r}; write the highest order to serve, 0 to {MAX_ORDER}")
    components = ("f",) if outputs is None else _checked_outputs(name, outputs)
    hints = _hints_of(function)
    inputs = _inputs_of(function, name, {**_units_in(hints), **units})
    _refuse_unknown(name, "units", units, [*(each.name for each in inputs), *components])
    return Registration(
        name=name,
        function=function,
        doc=inspect.cleandoc(doc if doc is not None else source_of(function).__doc__ or ""),
        inputs=inputs,
        components=components,
        tuple_valued=outputs is not None,
        mode=typing.cast("Mode", mode),
        samples=_checked_samples(name, samples, inputs),
        check=check,
        order=order,
        component_units=_component_units(hints.get("return"), components, outputs is not None, units),
    )


def _inputs_of(function: Callable[..., Any], name: str, units: Mapping[str, str]) -> tuple[RegisteredInput, ...]:
    inputs = tuple(_input_of(each, name, units) for each in _parameters(function, name))
    if not inputs:
        raise FunctionError(f"{name}: it has no inputs; a constant needs no server")
    if len(inputs) > MAX_INPUTS:
        raise FunctionError(f"{name}: {len(inputs)} inputs; at most {MAX_INPUTS} can be served")
    return inputs


def source_of(function: Callable[..., Any]) -> Any:
    """Where a callable is written: what a partial is made of, the class of a module, or the function itself."""
    if isinstance(function, functools.partial):
        return source_of(function.func)
    return function if hasattr(function, "__qualname__") else type(function)


def _signed(function: Callable[..., Any]) -> Callable[..., Any]:
    """What has the parameters: those of a torch module are its forward's."""
    forward: Callable[..., Any] = getattr(function, "forward", function)  # torch is not loaded to ask for its class
    return function if inspect.isroutine(function) else forward


def _parameters(function: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(_signed(function)).parameters.values())
    except (TypeError, ValueError) as error:  # something built in
        raise FunctionError(f"{name}: its parameters can't be read; register a def that calls it") from error


def _input_of(parameter: inspect.Parameter, name: str, units: Mapping[str, str]) -> RegisteredInput:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        remedy = f"write each input plainly, such as def {name}(x, y): return model(torch.stack([x, y]))"
        raise FunctionError(f"{name}: the parameter {str(parameter)!r} stands for any number of inputs; {remedy}")
    if not parameter.name.isascii():
        raise FunctionError(f"{name}: the input {parameter.name!r} is not ASCII; clients could not name it")
    default = None if parameter.default is parameter.empty else parameter.default
    if default is not None and (isinstance(default, bool) or not isinstance(default, int | float)):
        raise FunctionError(f"{name}: the default {default!r} of {parameter.name!r} is no number; write a float")
    unit, is_keyword = units.get(parameter.name, ""), parameter.kind is parameter.KEYWORD_ONLY
    return RegisteredInput(parameter.name, None if default is None else float(default), unit, is_keyword)


def _hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(_signed(function), include_extras=True)
    except Exception:  # noqa: BLE001 - annotations are the author's own and may name what is not there
        return {}


def _component_units(
    returned: Any, components: Sequence[str], tuple_valued: bool, units: Mapping[str, str]
) -> tuple[str, ...]:
    """Those of the decorator, else of `-> Annotated[Tensor, "Pa"]` or of a tuple of such."""
    outputs = typing.get_args(returned) if tuple_valued else (returned,)
    known = {**_units_in(dict(zip(components, outputs, strict=False))), **units}
    found = tuple(known.get(each, "") for each in components)
    return found if any(found) else ()


def _units_in(hints: Mapping[str, Any]) -> dict[str, str]:
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
    _refuse_unknown(name, "samples", samples, [each.name for each in inputs])
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


def _refuse_unknown(name: str, what: str, given: Mapping[str, object], names: Sequence[str]) -> None:
    for key in given:
        if key not in names:
            raise FunctionError(f"{name}: {what} for {key!r}, which it does not have; it has {', '.join(names)}")
