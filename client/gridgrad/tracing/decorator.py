"""`gridgrad.function` and `gridgrad.trace`: from a Python function to a program."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeVar, overload

from gridgrad.arguments.coefficients import element_names
from gridgrad.elements.spline_calls import splines_as_tables
from gridgrad.tracing import numpy_functions, ufuncs
from gridgrad.tracing import outputs as outcome
from gridgrad.tracing.recorder import Recorder
from gridgrad.tracing.signature import Parameters
from gridgrad.tracing.traced_program import (
    TracedProgram,
    called_spline,
    over_arrays,
    program_from,
    spelled,
    traced_tables,
)
from gridgrad.tracing.tracer import Traced
from gridgrad_core.bounded_dict import BoundedDict
from gridgrad_core.errors import TracingError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.program.names import CONSTANTS, is_name
from gridgrad_core.lang.program.program import Program

__all__ = ["TracedFunction", "function", "program_of", "trace"]

P = ParamSpec("P")
R = TypeVar("R")

Shapes = tuple[tuple[str, tuple[int, ...] | TableSpec | None], ...]
"""The inputs of a trace: None for a number, a shape for an array of coefficients, a table that is called."""
_PROGRAMS_KEPT = 64


class TracedFunction(Generic[P, R]):
    """A Python function that is traced once for each set of inputs; `function` makes one.

    Called, it is the function itself, on numbers and arrays.

    Attributes:
        outputs: the names of its components, if they were given.
    """

    def __init__(self, wrapped: Callable[P, R], outputs: Sequence[str] | None = None) -> None:
        functools.update_wrapper(self, wrapped)
        self.outputs = None if outputs is None else tuple(outputs)
        self._wrapped = wrapped
        self._parameters = Parameters.of(wrapped)
        self._programs: BoundedDict[Shapes, Program] = BoundedDict(_PROGRAMS_KEPT)

    def __call__(self, *arguments: P.args, **named: P.kwargs) -> R:
        """The function itself."""
        return self._wrapped(*arguments, **named)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        """The method, where the function was decorated in a class: traced anew for each instance and use."""
        if instance is None:
            return self
        wrapped: Callable[..., Any] = self._wrapped
        return TracedFunction(functools.partial(wrapped, instance), self.outputs)

    @property
    def parameters(self) -> Parameters:
        """Its parameters."""
        return self._parameters

    def program(self, shapes: Shapes) -> Program:
        """Its program for these inputs, traced the first time.

        Args:
            shapes: names of inputs, each with the shape of its array of coefficients, or with None for a number.

        Returns:
            The program.

        Raises:
            TracingError: the function does what can't be traced.
        """
        found = self._programs.get(shapes)
        if found is None:
            found = _settled(self._wrapped, self._parameters, shapes, self.outputs)
            self._programs[shapes] = found
        return found

    def __repr__(self) -> str:
        return f"<gridgrad.function {self._parameters.function}({', '.join(self._parameters.names)})>"


@overload
def function(wrapped: Callable[P, R], /) -> TracedFunction[P, R]: ...


@overload
def function(*, outputs: Sequence[str] | None = ...) -> Callable[[Callable[P, R]], TracedFunction[P, R]]: ...


def function(wrapped: Any = None, /, *, outputs: Sequence[str] | None = None) -> Any:
    """Makes a Python function one that is traced once, as a decorator with or without arguments.

    `Client.gradient` takes plain functions too and traces them at every call, which is always right; a decorated
    one is traced the first time and then costs no more than a text. Numbers and arrays from outside of it are
    constants from then on, so what changes between calls must be a parameter.

    Args:
        wrapped: the function. Its parameters are single numbers, since it is applied point by point, or arrays of
            coefficients. Parameters with numbers for defaults become inputs when they are not given.
        outputs: names of the components of a function that returns a tuple.

    Returns:
        A function that is called as before, and that `Client.gradient` takes.

    Raises:
        TracingError: its parameters can't be matched by name.
    """
    if wrapped is None:
        return functools.partial(TracedFunction, outputs=outputs)
    if not callable(wrapped):
        remedy = "write @gridgrad.function, or @gridgrad.function(outputs=[...])"
        raise TracingError("function", f"a {type(wrapped).__name__} that can't be called", remedy)
    return TracedFunction(wrapped, outputs)


def trace(function: Callable[..., Any], *, coefficients: Mapping[str, int | Sequence[int]] | None = None) -> Program:
    """The program that a Python function comes to, such as to see its text by `print`.

    Args:
        function: the function, decorated or not. All parameters that are numbers or have no default are inputs.
        coefficients: the shapes of those that are arrays of coefficients, a length for one dim.

    Returns:
        What `Client.gradient` takes, and what it would send for the function.

    Raises:
        TracingError: the function does what can't be traced.
    """
    parameters = parameters_of(function)
    arrays = {
        name: (shape,) if isinstance(shape, int) else tuple(shape) for name, shape in (coefficients or {}).items()
    }
    arrays |= {name: value.shape for name, value in parameters.defaults.items() if getattr(value, "ndim", 0)}
    scalars = [name for name in parameters.names if name not in parameters.fixed and name not in arrays]
    parameters.check([*scalars, *arrays])
    return program_of(function, (*((name, None) for name in scalars), *arrays.items()))


def parameters_of(function: Callable[..., Any]) -> Parameters:
    """The parameters of a function, decorated or not."""
    return function.parameters if isinstance(function, TracedFunction) else Parameters.of(function)


def program_of(function: Callable[..., Any], shapes: Shapes) -> Program:
    """The program of a function for these inputs, which fit its parameters."""
    if isinstance(function, TracedFunction):
        return function.program(shapes)
    return _settled(function, Parameters.of(function), shapes, None)


def _settled(
    wrapped: Callable[..., Any], parameters: Parameters, shapes: Shapes, outputs: tuple[str, ...] | None
) -> Program:
    """Traces twice: a function that draws random numbers comes to something else the second time."""
    program, again = (_traced(wrapped, parameters, shapes, outputs) for _ in range(2))
    if program != again or program.found != again.found:
        found = f"{parameters.function} comes to something else when it is called again"
        remedy = "give random numbers, the time and all else that changes as inputs or coefficients"
        raise TracingError("function", found, remedy)
    return spelled(program)


def _traced(
    wrapped: Callable[..., Any], parameters: Parameters, shapes: Shapes, outputs: tuple[str, ...] | None
) -> TracedProgram:
    recorder = Recorder(ufuncs.dispatch, numpy_functions.dispatch)
    recorder.taken.update(name for name, _ in shapes)
    tables = tuple([shape for _, shape in shapes if isinstance(shape, TableSpec)])
    values: dict[str, Any] = {**traced_tables(recorder, tables)}
    values |= {name: recorder.input(name, shape) for name, shape in shapes if not isinstance(shape, TableSpec)}
    _check_names(parameters.function, shapes)
    by_position = [values.pop(name) for name in parameters.names if name in parameters.positional and name in values]
    try:
        with recorder.tracing(), splines_as_tables(Traced, called_spline):
            returned = wrapped(*by_position, **values)
        found = outcome.read(recorder, returned, outputs)
    except Exception as error:
        if recorder.refused is None or error is recorder.refused:
            raise
        raise recorder.refused from error  # numpy puts errors of its own in the place of ours
    if recorder.refused is not None:
        raise recorder.refused
    if recorder.sums:
        found = over_arrays(recorder, found, shapes)
    program = program_from(recorder.operations, found, tuple(recorder.specs)).with_tables(recorder.found)
    _check_inputs(program)
    return program


def _check_inputs(program: TracedProgram) -> None:
    """Refuses what a call such as `gridgrad.solve` has for itself where it is used elsewhere."""
    leaked = [name.partition(".")[2] for name in program.inputs if "." in name]
    if leaked:
        found = f"{leaked[0]}, an unknown, index or variable, used outside of the call that has it"
        raise TracingError("function", found, "compute with it inside of the function that is given to the call")


def _check_names(function: str, shapes: Shapes) -> None:
    for name, shape in shapes:
        for each in element_names(name, shape) if type(shape) is tuple else [name]:
            if not is_name(each) or each in CONSTANTS.keys() - {"e", "pi"}:
                remedy = "use ASCII letters, digits and _, but neither and, or, not, if, else nor inf, nan"
                raise TracingError("function", f"the parameter {each!r} of {function}", remedy)
