"""`gridgrad.solve`, `sum`, `prod` and `integrate` inside of a traced function, and `piecewise`.

What texts call by a name of its own, such as an unknown, is a function here: it is called once with that as a traced
value. While it is, the value has a name that no text can have; so one that is kept beyond the call is found. What came
back is then written again with the name of the function's parameter, so that the same call is the same operation.
"""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex

import numpy as np

from gridgrad.tracing import refusal
from gridgrad.tracing.recorder import Recorder
from gridgrad.tracing.tracer import Traced
from gridgrad_core.errors import TracingError
from gridgrad_core.lang.local.array_sums import ArraySums
from gridgrad_core.lang.parser.folding import Folding
from gridgrad_core.lang.parser.solving import Solving
from gridgrad_core.lang.parser.tokenizer import Token
from gridgrad_core.lang.program.names import CONSTANTS, is_name
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import Value

__all__ = ["integrate", "piecewise", "prod", "solve", "sum"]

_NAME, _LONGEST = "x", 50
_PAIRS = "write pairs and a default: gridgrad.piecewise((x < 0, 0.0), (x < 1, x), 1.0)"


def solve(residual: Callable[..., Any], guess: Any, upper: Any = None) -> Any:
    """The x where a residual is 0, at each point, inside of a traced function.

    Args:
        residual: a function of the unknown, or of up to four of them; it returns a number, or one for each unknown.
        guess: near which x is looked for, or a tuple of one for each unknown. With `upper` it is a lower bound, and the
            residual has another sign at each.
        upper: the upper bound of a single unknown.

    Returns:
        A traced number, or a tuple of those of the unknowns; nan where no root is found.

    Raises:
        TracingError: it is called outside of a traced function, or so that the language has no such call.
    """
    recorder = _recorder("solve", residual, "gridgrad.solve(lambda x: x**2 - p, 1.0)")
    is_system = isinstance(guess, tuple | list)
    guesses = [_number(recorder, each) for each in (guess if is_system else [guess])]
    unknowns, residuals = _called(recorder, residual, len(guesses))
    if not is_system:
        bounds = [] if upper is None else [_number(recorder, upper)]
        return _made(recorder, "solve", [residuals[0], unknowns[0], *guesses, *bounds])
    if upper is not None:
        remedy = "give a guess for each unknown, or solve for one unknown between bounds"
        raise recorder.refuse(refusal.doing("gridgrad.solve of a system between bounds", remedy))
    if len(unknowns) == 1:
        return (_made(recorder, "solve", [residuals[0], unknowns[0], guesses[0]]),)
    return _made(recorder, "solve", [Value(-1, 0, items=tuple(each)) for each in (residuals, unknowns, guesses)])


def sum(term: Callable[[Any], Any], first: Any, last: Any) -> Any:  # noqa: A001 - the name in the language
    """The sum of a term over the integers from first to last, both included, inside of a traced function.

    Args:
        term: a function of the index.
        first: the first index, a number or a traced one.
        last: the last one. Where it is less than the first the sum is 0.

    Returns:
        A traced number; nan where a bound is no integer.

    Raises:
        TracingError: as `solve`.
    """
    return _folded("sum", term, (first, last), "gridgrad.sum(lambda i: x**i/i, 1, 200); np.sum adds up an array")


def prod(term: Callable[[Any], Any], first: Any, last: Any) -> Any:
    """The product of a term over the integers from first to last, both included, inside of a traced function.

    Args:
        term: a function of the index.
        first: the first index, a number or a traced one.
        last: the last one. Where it is less than the first the product is 1.

    Returns:
        A traced number; nan where a bound is no integer.

    Raises:
        TracingError: as `solve`.
    """
    return _folded("prod", term, (first, last), "gridgrad.prod(lambda i: x + i, 1, 9); np.prod multiplies an array")


def integrate(integrand: Callable[[Any], Any], lower: Any, upper: Any, n: SupportsIndex = 64) -> Any:
    """The integral of a function between bounds by n points of Gauss and Legendre, inside of a traced function.

    Args:
        integrand: a function of the variable.
        lower: the lower bound, a number or a traced one; -inf too.
        upper: the upper bound; inf too.
        n: how many points, 1 to 1,024.

    Returns:
        A traced number.

    Raises:
        TracingError: as `solve`.
    """
    return _folded("integrate", integrand, (lower, upper), "gridgrad.integrate(lambda u: np.exp(-u), 0, t)", n)


def piecewise(*pairs: Any) -> Any:
    """The value of the first pair whose condition holds, on numbers and arrays too.

    Args:
        pairs: of a condition and a value, and last what it is where no condition holds.

    Returns:
        A traced value, or an array; what is not chosen has no part in it, in derivatives too.

    Raises:
        TracingError: they are no such pairs.
    """
    *choices, default = pairs or ((),)
    if not choices or isinstance(default, tuple):
        raise TracingError("function", "gridgrad.piecewise without a value after its pairs", _PAIRS)
    for pair in choices:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TracingError("function", "gridgrad.piecewise of no pair of a condition and a value", _PAIRS)
    return functools.reduce(lambda other, pair: np.where(pair[0], pair[1], other), reversed(choices), default)


def _folded(kind: str, term: Callable[[Any], Any], bounds: Sequence[Any], example: str, *points: SupportsIndex) -> Any:
    recorder = _recorder(kind, term, example)
    ends = [_number(recorder, each) for each in bounds]
    (index,), (value,) = _called(recorder, term, 1)
    for each in points:
        if not isinstance(each, SupportsIndex):
            raise recorder.refuse(refusal.doing(f"{each!r} points", "write an integer from 1 to 1,024"))
    counts = [recorder.operations.constant(float(operator.index(each)), 0) for each in points]
    return _made(recorder, kind, [value, index, *ends, *counts])


def _recorder(kind: str, function: Any, example: str) -> Recorder:
    recorder = Recorder.active()
    if recorder is None:
        remedy = "call it inside of a function that client.gradient or gridgrad.trace takes"
        raise TracingError("function", f"gridgrad.{kind} outside of a traced function", remedy)
    if not callable(function):
        shown = "a traced value" if isinstance(function, Traced) else f"a {type(function).__name__}"
        raise recorder.refuse(refusal.doing(f"gridgrad.{kind} of {shown}, which is no function", f"write {example}"))
    return recorder


def _number(recorder: Recorder, value: Any) -> Value:
    """A single number that a call is given, or that its function returned."""
    lifted = recorder.numbers(value)
    if lifted.ndim:
        found = f"an array of shape {list(lifted.shape)} where one number is wanted"
        raise recorder.refuse(refusal.doing(found, "call it for each element, or reduce the array by np.sum"))
    return Value(int(lifted.nodes[()]), 0)


def _called(recorder: Recorder, function: Callable[..., Any], count: int) -> tuple[list[Value], list[Value]]:
    """The names of a function's parameters, and what it computes of them; both as a text would have them."""
    operations = recorder.operations
    names = _names(recorder, function, count)
    inside = [operations.input(f"{recorder.calls}.{name}", 0) for name in names]
    recorder.calls += 1
    recorder.taken.update(names)
    try:
        returned = function(*[Traced(recorder, np.array(value.node, np.int64)) for value in inside])
    finally:
        recorder.taken.difference_update(names)
    values = list(returned) if isinstance(returned, tuple | list) else [returned]
    if len(values) != count:
        found = f"{len(values)} numbers returned by a function of {count}"
        raise recorder.refuse(refusal.doing(found, "return one number for each unknown, and for an index one in all"))
    numbers = [_number(recorder, each) for each in values]
    named = [operations.input(name, 0) for name in names]
    places = {old.node: new.node for old, new in zip(inside, named, strict=True)}
    for index in range(inside[0].node, len(operations.builder.nodes)):
        node = operations.builder.nodes[index]
        if not places.keys().isdisjoint(node.args):
            places[index] = operations.again(node, tuple([places.get(each, each) for each in node.args]))
    return named, [each._replace(node=places.get(each.node, each.node)) for each in numbers]


def _names(recorder: Recorder, function: Callable[..., Any], count: int) -> list[str]:
    """Names for the parameters of a function that nothing has that is known where it is called."""
    try:
        wanted = [name[:_LONGEST] for name in inspect.signature(function).parameters][:count]
    except (TypeError, ValueError):  # of what is written in C
        wanted = []
    names: list[str] = []
    for name in wanted + [_NAME] * (count - len(wanted)):
        free = name if is_name(name) and name not in CONSTANTS else _NAME
        while free in recorder.taken or free in names:
            free += "_"
        names.append(free)
    return names


def _made(recorder: Recorder, kind: str, arguments: Sequence[Value]) -> Any:
    """What a call comes to."""
    operations, names = recorder.operations, recorder.local_names
    call = Token("name", kind, 0)
    if kind == "solve":
        expanding = Solving(operations, names).expanding(call, arguments)
    else:
        expanding = Folding(operations, names, ArraySums(operations, names, ())).expanding(call, arguments)
    try:
        value = finished(expanding)
    except Mistake as mistake:
        raise recorder.refuse(refusal.doing(mistake.found, mistake.remedy)) from None
    recorder.check_size()
    made = [Traced(recorder, np.array(each.node, np.int64)) for each in value.items or (value,)]
    return tuple(made) if value.items else made[0]
