"""What one trace writes down.

Functions of numpy come in by the values that a trace has given out, and are handed to what knows them.
"""

from __future__ import annotations

import contextlib
import contextvars
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.coefficients import element_names
from gridgrad.arguments.lookup_table import GivenTable
from gridgrad.tracing import refusal
from gridgrad.tracing.tracer import Nodes, Traced
from gridgrad_core.errors import TracingError
from gridgrad_core.lang.derive.by_value import ValueDerivatives
from gridgrad_core.lang.functions.function import Function, Kind
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.local.local_names import LocalNames
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value

__all__ = ["Recorder"]

OnUfunc: TypeAlias = Callable[["Recorder", np.ufunc, str, Sequence[Any], Mapping[str, Any]], Any]
OnFunction: TypeAlias = Callable[["Recorder", Callable[..., Any], Sequence[Any], Mapping[str, Any]], Any]

_ACTIVE: contextvars.ContextVar[Recorder | None] = contextvars.ContextVar("gridgrad_recorder", default=None)


class Recorder:
    """The operations of one trace.

    Args:
        on_ufunc: does what a ufunc does with traced values.
        on_function: does what another function of numpy does with them.

    Attributes:
        operations: what was done so far.
        refused: the first thing that a traced value could not do. It ends the trace even where the function
            catches the error, since what it does then is not what it does with numbers.
        specs: the tables that may be called, in the order in which calls number them.
        found: those among them that the function has itself; `traced_program.found_table` adds them.
        sums: the terms of long sums, by their nodes.
        taken: names that no such table may have, nor what a call has for itself.
        calls: how many calls there were that have names for themselves, such as `gridgrad.solve`.
        local_names: counts them.
    """

    def __init__(self, on_ufunc: OnUfunc, on_function: OnFunction) -> None:
        self.operations = TypedBuilder()
        self.refused: TracingError | None = None
        self.specs: list[TableSpec] = []
        self.found: list[GivenTable] = []
        self.sums: dict[int, Sequence[int]] = {}
        self.taken: set[str] = set()
        self.calls = 0
        self.local_names = LocalNames(self.operations)
        self._derivatives = ValueDerivatives(self.operations.builder)
        self._numbers: list[int] = []
        self._looked_at = 0
        self._on_ufunc = on_ufunc
        self._on_function = on_function

    @staticmethod
    def active() -> Recorder | None:
        """That of the function that is being traced; None outside of one."""
        return _ACTIVE.get()

    @contextlib.contextmanager
    def tracing(self) -> Iterator[None]:
        """While the function is called."""
        token = _ACTIVE.set(self)
        try:
            yield
        finally:
            _ACTIVE.reset(token)

    def call_ufunc(self, ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Does what a ufunc of numpy or scipy does.

        Raises:
            TracingError: it can't be traced.
        """
        return self._on_ufunc(self, ufunc, method, inputs, options)

    def call_function(self, function: Callable[..., Any], arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        """Does what another function of numpy does.

        Raises:
            TracingError: it can't be traced.
        """
        return self._on_function(self, function, arguments, options)

    def refuse(self, error: TracingError) -> TracingError:
        """Remembers that something could not be done, and returns its error to be raised."""
        self.refused = self.refused or error
        return error

    def input(self, name: str, shape: Sequence[int] | None = None) -> Traced:
        """A number of the grid, or an array of coefficients called name_0, name_1, ..."""
        names = (name,) if shape is None else element_names(name, tuple(shape))
        nodes = [self.operations.input(each, 0).node for each in names]
        return self._made(np.array(nodes, np.int64).reshape(() if shape is None else tuple(shape)))

    def lift(self, value: Any) -> Traced:
        """A traced value as it is, and constants as one.

        Raises:
            TracingError: a value of another trace, or what is no real number.
        """
        if isinstance(value, Traced):
            return self._own(value)
        if isinstance(value, tuple | list) and not _is_plain(value):
            return self.stacked([self.lift(each) for each in value])
        array = self._constants(value)
        nodes = [self.operations.constant(number, 0).node for number in array.astype(np.float64).ravel().tolist()]
        lifted = self._made(np.array(nodes, np.int64).reshape(array.shape))
        return self.apply(FUNCTIONS["ne"], lifted, 0.0) if array.dtype == np.bool_ else lifted

    def apply(self, function: Function, *operands: Any) -> Traced:
        """A function of the language, element by element.

        Raises:
            TracingError: an order that is no constant, or one beyond what the function is right to.
        """
        lifted = [self.lift(operand) for operand in operands]
        arrays = np.broadcast_arrays(*[each.nodes for each in lifted])
        columns = [
            [Value(node, 0, each.kind) for node in array.ravel().tolist()]
            for array, each in zip(arrays, lifted, strict=True)
        ]
        try:
            nodes = [self.operations.apply(function, arguments, 0).node for arguments in zip(*columns, strict=True)]
        except Mistake as mistake:
            raise self.refuse(refusal.doing(mistake.found, mistake.remedy)) from None
        self.check_size()
        return self._made(np.array(nodes, np.int64).reshape(arrays[0].shape), function.result)

    def numbers(self, value: Any) -> Traced:
        """A value with booleans made numbers."""
        lifted = self.lift(value)
        if lifted.kind == "number":
            return lifted
        nodes = [self.operations.number(Value(node, 0, "boolean")) for node in lifted.nodes.ravel().tolist()]
        return self._made(np.array(nodes, np.int64).reshape(lifted.nodes.shape))

    def of_one_kind(self, values: Sequence[Any]) -> list[Traced]:
        """Values of one kind: booleans if all are, else numbers."""
        lifted = [self.lift(value) for value in values]
        if all(each.kind == "boolean" for each in lifted):
            return lifted
        return [self.numbers(each) for each in lifted]

    def stacked(self, values: Sequence[Any]) -> Traced:
        """np.stack of values."""
        same = self.of_one_kind(values)
        return self._made(np.stack([each.nodes for each in same]), same[0].kind)

    def derivative(self, node: int, by: int, order: int) -> int:
        """The node of the derivative of a node by another one.

        Raises:
            TooLargeError: it is too large.
        """
        kept = self._computed_numbers() if self.operations.builder.nodes[by].args else ()
        derived = finished(self._derivatives.deriving(node, by, order, kept))
        self.check_size()
        return self.operations.constant(0.0, 0).node if derived is None else derived

    def _computed_numbers(self) -> list[int]:
        """What was computed so far and is no condition: the function may derive by any of it later."""
        nodes = self.operations.builder.nodes
        for index in range(self._looked_at, len(nodes)):
            function = FUNCTIONS.get(nodes[index].op)
            if function is not None and function.result == "number" and nodes[index].args:
                self._numbers.append(index)
        self._looked_at = len(nodes)
        return self._numbers

    def _made(self, nodes: Nodes, kind: Kind = "number") -> Traced:
        return Traced(self, nodes, kind)

    def _own(self, value: Traced) -> Traced:
        if value.recorder is not self:
            remedy = "compute it inside the function, and keep no traced value outside of it"
            raise self.refuse(refusal.doing("a traced value kept from another call", remedy))
        if value.version.replaced:
            found = "a value that an operator such as += has changed before"
            remedy = "write a = a + b instead of a += b: numpy changes arrays for all who hold them, but not numbers"
            raise self.refuse(refusal.doing(found, remedy))
        return value

    def _constants(self, value: Any) -> NDArray[Any]:
        if isinstance(value, bool | np.bool_ | np.ndarray | tuple | list) and not np.ma.isMaskedArray(value):
            array = np.asarray(value)
        elif isinstance(value, numbers.Real):
            array = np.asarray(self._float(value))
        else:
            raise self._not_a_number(value)
        if array.dtype.kind not in "fiub":
            raise self._not_a_number(value)
        return array

    def _float(self, value: Any) -> float:
        try:
            return float(value)
        except OverflowError:
            raise self.refuse(refusal.doing(refusal.BEYOND_FLOAT64, refusal.SCALE)) from None

    def _not_a_number(self, value: Any) -> TracingError:
        shown = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
        found = f"{shown} where a real number should be"
        return self.refuse(refusal.doing(found, "compute with real numbers and arrays of them"))

    def check_size(self) -> None:
        """Refuses a trace that has become too long."""
        if len(self.operations.builder.nodes) > limits.MAX_OPERATIONS:
            found = f"more than {limits.MAX_OPERATIONS:,} different operations"
            remedy = "loops are unrolled: take fewer steps, or register a torch function at the server"
            raise self.refuse(refusal.doing(found, remedy))


def _is_plain(values: Sequence[Any]) -> bool:
    return all(isinstance(each, numbers.Real) for each in values)
