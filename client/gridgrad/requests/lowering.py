"""From Python functions, sympy expressions and arrays of coefficients to what travels: programs of scalars."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gridgrad.arguments import coefficients as arrays
from gridgrad.arguments.coefficients import CoefficientArray, Coefficients, Stacks
from gridgrad.arguments.derivatives import DerivativeSelection
from gridgrad.arguments.inputs import Input
from gridgrad_core.errors import RequestError, TooLargeError
from gridgrad_core.grid import MAX_SCALARS
from gridgrad_core.lang.program.program import Program

if TYPE_CHECKING:
    from gridgrad.arguments.lookup_table import GivenTable
    from gridgrad.elements.table_values import TableValues
    from gridgrad_core.lang.functions.tabulated import TableSpec

__all__ = ["Lowered", "Shown", "asks_by", "found_tables", "lower", "parsed"]

_PARSED_KEPT = 256


class Shown(NamedTuple):
    """What a caller sees of a request that travels in another form.

    Args:
        inputs: the inputs as the caller thinks of them: arrays of coefficients whole, unused ones too.
        stacks: the derivatives as the caller asked for them.
    """

    inputs: tuple[Input, ...]
    stacks: Stacks


class Lowered(NamedTuple):
    """A request in the form in which it travels.

    Args:
        function: what was a Python function or a sympy expression is a program.
        inputs: those that are sent, coefficients one by one.
        selection: the derivatives by these.
        shown: what the caller sees, where that differs.
        summed: the arrays of coefficients that it sums over, and tables that the function has itself.
    """

    function: Any
    inputs: tuple[Input, ...]
    selection: DerivativeSelection
    shown: Shown | None
    summed: tuple[GivenTable, ...] = ()


def lower(
    function: Any,
    inputs: tuple[Input, ...],
    selection: DerivativeSelection,
    coefficients: Coefficients | None,
    tables: Sequence[GivenTable] = (),
    *,
    ignore: bool = False,
) -> Lowered:
    """Brings a request into the form in which it travels.

    Args:
        function: an expression, a program, a registered function, a Python function or a sympy expression.
        inputs: the inputs as read.
        selection: the derivatives as asked for.
        coefficients: arrays of coefficients.
        tables: what the function may call.
        ignore: whether an expression may leave inputs unused that are numbers.

    Raises:
        TracingError: the function can't be traced, or its parameters do not fit the inputs.
        RequestError: something else is wrong that shows without the server.
    """
    given = arrays.read_coefficients(coefficients or {}, [each.name for each in inputs])
    function, inputs, given, optional = _lowered(_program_of_sympy(function), inputs, given, tables)
    if ignore:
        optional = optional.union(each.name for each in inputs if not each.dims)
    found = found_tables(function)
    function, summed = _summed(function, given, selection)
    function, moved, basis = _moved(function, inputs, given, selection, tables)
    by_elements: list[CoefficientArray | TableValues] = [*given, *moved]
    unused = _unused(function, optional.union(*(each.elements for each in moved)))
    kept = [each for each in inputs if each.name not in unused]
    sent = (*kept, *(scalar for each in by_elements for scalar in each.scalars(unused)))
    if not by_elements and len(sent) == len(inputs):
        return Lowered(function, inputs, selection, None, found)
    names = tuple([(each.name, not each.dims) for each in inputs])
    stacks = arrays.stacks_of(names, tuple([(each.name, each.shape) for each in by_elements]), selection, unused)
    shown = Shown((*inputs, *(each.input for each in by_elements)), stacks)
    return Lowered(function, sent, DerivativeSelection(None, None, stacks.sent), shown, (*summed, *found, *basis))


def asks_by(tables: Sequence[GivenTable], selection: DerivativeSelection) -> bool:
    """Whether derivatives by the values of a table are asked for, which not all that names a function can be sent for.

    Args:
        tables: that the function may call.
        selection: the derivatives.
    """
    return bool(tables) and not selection.by.isdisjoint([each.name for each in tables])


def found_tables(function: Any) -> tuple[GivenTable, ...]:
    """The tables that a traced function has itself, which travel with its program."""
    found: tuple[GivenTable, ...] = getattr(function, "found", ()) if isinstance(function, Program) else ()
    return found


def _summed(
    function: Any, given: Sequence[CoefficientArray], selection: DerivativeSelection
) -> tuple[Any, tuple[GivenTable, ...]]:
    """A program and the arrays that it sums over; written out by their elements where derivatives by one are asked."""
    called = frozenset(function.called) if isinstance(function, Program) else frozenset()
    read = [array for array in given if array.name in called]
    if not read:
        return function, ()
    if selection.by.isdisjoint([array.name for array in read]):
        return function, tuple([array.whole for array in read])
    size = sum(array.values.size for array in read)
    if size > MAX_SCALARS:
        found = f"derivatives by numbers of {', '.join(array.name for array in read)}, which have {size:,} together"
        remedy = f"ask client.gradient for first derivatives, without reduce= and out=: elsewhere it is {MAX_SCALARS}"
        raise TooLargeError("derivatives", found, remedy)
    from gridgrad_core.lang.local.written_out import written_out

    return written_out(function, {array.name: array.elements for array in read}), ()


def _moved(
    function: Any,
    inputs: Sequence[Input],
    given: Sequence[CoefficientArray],
    selection: DerivativeSelection,
    tables: Sequence[GivenTable],
) -> tuple[Any, tuple[TableValues, ...], tuple[GivenTable, ...]]:
    """A program with scalars for the values of the tables that derivatives are asked by."""
    if not asks_by(tables, selection):
        return function, (), ()
    if not isinstance(function, Program):
        found = f"by the values of {next(each.name for each in tables if each.name in selection.by)!r}"
        raise RequestError("derivatives", f"{found}, a table of a registered function", "give the function's text")
    from gridgrad.elements.table_values import moved_by, values_of  # most requests ask for none

    elements = [name for array in given for name in (array.name, *array.elements)]
    taken = {*(each.name for each in inputs), *elements, *function.assigned}
    moved = values_of([each for each in tables if each.name in selection.by], taken, selection.order_by)
    program, basis = moved_by(function, moved, taken.union(each.name for each in tables))
    return program, moved, basis


def _unused(function: Any, optional: frozenset[str]) -> frozenset[str]:
    """Of the scalars that a function need not use, those that it does not.

    Raises:
        RequestError: its text has a variable of that name, so that one of the two is a mistake.
    """
    if not isinstance(function, Program):
        return frozenset()
    hidden = optional.intersection(function.assigned)
    if hidden:
        found = f"{min(hidden)!r}, which the function assigns itself, so that the input would have no effect"
        raise RequestError("inputs", found, f"leave the input out, or the assignment of {min(hidden)}")
    return optional.difference(function.inputs)


def _lowered(
    function: Any, inputs: tuple[Input, ...], given: tuple[CoefficientArray, ...], tables: Sequence[GivenTable]
) -> tuple[Any, tuple[Input, ...], tuple[CoefficientArray, ...], frozenset[str]]:
    """A function as a program where it is one, its inputs and arrays, and the scalars that it need not use.

    Those are the elements of arrays, and for a Python function all its numbers: a text names what it is given.
    """
    numbers: list[str] = []
    if callable(function):
        function, inputs, given = _traced(function, inputs, given, tables)
        numbers = [each.name for each in inputs if not each.dims]
    elif isinstance(function, str):
        whole = [array.spec for array in given if array.can_be_whole]
        function = parsed(function, tuple(each.name for each in inputs), (*(each.spec for each in tables), *whole))
    return function, inputs, given, frozenset([*numbers, *(name for array in given for name in array.elements)])


@functools.lru_cache(_PARSED_KEPT)
def parsed(text: str, names: tuple[str, ...], tables: tuple[TableSpec, ...] = ()) -> Program:
    """The program of a text with inputs of these names, and tables.

    Raises:
        ExpressionError: it is none.
    """
    from gridgrad_core.lang.parser.parser import parse  # most requests are sent as they were written

    return parse(text, names, tables)


def _program_of_sympy(function: Any) -> Any:
    if not hasattr(function, "free_symbols"):
        return function
    from gridgrad.tracing.symbolic.from_sympy import program_of

    return program_of(function)


def _traced(
    function: Any, inputs: tuple[Input, ...], given: Sequence[CoefficientArray], tables: Sequence[GivenTable]
) -> tuple[Program, tuple[Input, ...], tuple[CoefficientArray, ...]]:
    """The program of a Python function, and the inputs and coefficients with its defaults."""
    from gridgrad.tracing.decorator import parameters_of, program_of

    parameters = parameters_of(function)
    names = [each.name for each in inputs] + [each.name for each in tables] + [array.name for array in given]
    parameters.check(names)
    defaults = {name: np.asarray(value, "<f8") for name, value in parameters.defaults.items() if name not in names}
    scalars = tuple([Input(name, (), value) for name, value in defaults.items() if not value.ndim])
    added = tuple([CoefficientArray(name, np.array(value)) for name, value in defaults.items() if value.ndim])
    inputs, coefficients = (*inputs, *scalars), (*given, *added)
    shapes = (*((each.name, None) for each in inputs), *((array.name, array.values.shape) for array in coefficients))
    clash = {each.name for each in inputs}.intersection(name for array in added for name in array.elements)
    if clash:
        raise RequestError("inputs", f"{min(clash)!r}, which an element of a default is called too", "rename one")
    specs = tuple([(each.name, each.spec) for each in tables])
    return program_of(function, (*shapes, *specs)), inputs, coefficients
