"""The formulas that callers may name, and what a request that names one comes to: the same request for its text.

So with registered functions that workers have traced to expressions, in so far as these compute what is asked for.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from gridgrad_core.errors import RequestError, StartingError, UnknownFunctionError
from gridgrad_core.grid import InputSpec, check_counts
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.programs import ParsedText
from gridgrad_server.formulas.formula import FormulaInput, FormulaTable, NamedFormula
from gridgrad_server.requests.decoded import (
    DecodedArray,
    DecodedFunction,
    DecodedInput,
    DecodedRequest,
    DecodedTable,
)
from gridgrad_server.requests.signature import signature_of_registered

__all__ = ["SharedFormula", "SharedFormulas", "TracedExpression", "scalar"]


class SharedFormula(NamedTuple):
    """A formula that has passed all checks.

    Args:
        formula: as its file has it.
        parsed: its text.
        inputs: all that it takes.
    """

    formula: NamedFormula
    parsed: ParsedText
    inputs: tuple[FormulaInput, ...]

    @property
    def text(self) -> str:
        """Its canonical text."""
        return self.parsed.text

    @property
    def message(self) -> pb.RegisteredFunction:
        """What ListFunctions says of it."""
        return pb.RegisteredFunction(
            name=self.formula.name,
            doc=self.formula.doc,
            inputs=[pb.FunctionInput(name=name, default=default, unit=unit) for name, default, unit in self.inputs],
            components=self.parsed.components,
            tuple_valued=self.parsed.tuple_valued,
            mode="expression",
            component_units=self.formula.units,
            digest=self.parsed.digest,
            tables=map(_listed, self.formula.tables),
        )

    @property
    def tables(self) -> tuple[DecodedTable, ...]:
        """Those that its file has."""
        return tuple([each.table for each in self.formula.tables])

    @property
    def units(self) -> tuple[tuple[str, str], ...]:
        """Names of its inputs and components with their units."""
        units = {each.name: each.unit for each in self.inputs if each.name not in self.parsed.components}
        units |= dict(zip(self.parsed.components, self.formula.units, strict=False))
        return tuple((name, unit) for name, unit in units.items() if unit)


class TracedExpression(NamedTuple):
    """A registered function that is an expression: so computed to some order, in float64 or in both dtypes.

    Args:
        text: the expression.
        inputs: all that it takes.
        units: names of its inputs and components with their units.
        order: the highest order of derivatives that the expression computes.
        dtypes: in which it does.
        tables: none.
    """

    text: str
    inputs: tuple[FormulaInput, ...]
    units: tuple[tuple[str, str], ...]
    order: int
    dtypes: frozenset[str]
    tables: tuple[DecodedTable, ...] = ()

    @classmethod
    def of(cls, function: wpb.RegisteredFunction) -> TracedExpression:
        """That of a worker's message, which has an expression."""
        inputs = tuple(
            FormulaInput(each.name, each.default if each.HasField("default") else None, each.unit)
            for each in function.inputs
        )
        dtypes = frozenset(("float64", *(("float32",) if function.expression_in_float32 else ())))
        units = signature_of_registered(function).units
        return cls(function.expression, inputs, units, function.expression_order, dtypes)

    def computes(self, function: DecodedFunction) -> bool:
        """Whether the expression computes what is asked for; torch does the rest."""
        return function.dtype in self.dtypes and max(map(len, function.derivatives), default=0) <= self.order


class SharedFormulas:
    """The formulas that are served, why others are not, and the registered functions that are expressions.

    Args:
        is_loaded: whether there is none to load.

    Attributes:
        is_loaded: whether the files were read and checked; until then nobody is told that there is no such function.
        loads: how often they were.
        traced: the registered functions that are expressions, by name.
    """

    def __init__(self, is_loaded: bool = True) -> None:
        self._served: Mapping[str, SharedFormula] = {}
        self._refused: Mapping[str, str] = {}
        self.is_loaded = is_loaded
        self.loads = 0
        self.traced: Mapping[str, TracedExpression] = {}

    def take(self, served: Mapping[str, SharedFormula], refused: Mapping[str, str]) -> None:
        """Takes what files have in place of what they had."""
        self._served, self._refused = served, refused
        self.is_loaded = True
        self.loads += 1

    @property
    def names(self) -> Collection[str]:
        """Those of the formulas."""
        return self._served.keys()

    @property
    def messages(self) -> Iterable[pb.RegisteredFunction]:
        """What ListFunctions says of them."""
        return (each.message for each in self._served.values())

    def in_place(self, decoded: DecodedRequest) -> DecodedRequest:
        """A request with the text in place of a name that stands for one, and with defaults; any other as it is.

        Raises:
            RequestError: it leaves out what has no default.
            StartingError: the files were not checked yet.
            UnknownFunctionError: the formula was refused.
        """
        formula = self._of(decoded.function)
        if formula is None:
            return decoded
        function = _in_place(decoded.function, formula)
        left_out = {each.name: each.default for each in _left_out(decoded.function, formula)}
        units = formula.units
        if isinstance(formula, TracedExpression):  # as torch's results have them, of what is given
            units = tuple((name, unit) for name, unit in units if name not in left_out)
        added = [scalar(name, default) for name, default in left_out.items()]
        inputs = (*decoded.inputs, *added)
        check_counts(sum(1 for each in inputs if each.spec.dims), len(inputs))
        return decoded._replace(function=function, inputs=inputs, units=units)

    def text_in_place(self, function: DecodedFunction) -> DecodedFunction:
        """The same for a function without numbers."""
        formula = self._of(function)
        return function if formula is None else _in_place(function, formula)

    def _of(self, function: DecodedFunction) -> SharedFormula | TracedExpression | None:
        """The formula that a function names, or what it was traced to; None for what is neither."""
        if function.kind != "registered":
            return None
        if not self.is_loaded:
            raise StartingError("", "the server is starting, and checks its formulas", "retry in a few seconds")
        if function.text in self._refused:
            found = f"the formula {function.text!r} is not served: {self._refused[function.text]}"
            remedy = "whoever runs the server can mend its file and send SIGHUP"
            raise UnknownFunctionError("function.registered", found, remedy)
        traced = self.traced.get(function.text)
        if traced is not None:
            return traced if traced.computes(function) else None
        return self._served.get(function.text)


def scalar(name: str, value: float | None) -> DecodedInput:
    """An input without dims."""
    return DecodedInput(InputSpec(name, (), ()), DecodedArray("float64", struct.pack("<d", value)))


def _in_place(function: DecodedFunction, formula: SharedFormula | TracedExpression) -> DecodedFunction:
    _refuse_numbers_of_tables(function, formula)
    added = tuple((each.name, ()) for each in _left_out(function, formula))
    given = {table.spec.name for table in function.tables}
    tables = (*function.tables, *(each for each in formula.tables if each.spec.name not in given))
    inputs = (*function.inputs, *added)
    return function._replace(kind="expression", text=formula.text, inputs=inputs, tables=tables)


def _refuse_numbers_of_tables(function: DecodedFunction, formula: SharedFormula | TracedExpression) -> None:
    """An axis that is called as a table would be one more dim of the grid, and the table stay what it is."""
    tables = {each.spec.name: each.spec for each in formula.tables}
    for position, (name, _) in enumerate(function.inputs):
        if name in tables:
            kind = "an array" if tables[name].is_array else "a table"
            found = f"{name!r}, {kind} that {function.text} has from its file"
            other = "" if tables[name].is_array else ", or give another as gridgrad.table(values, x=knots)"
            raise RequestError(f"inputs[{position}].name", found, f"leave it out{other}")


def _listed(given: FormulaTable) -> pb.FunctionTable:
    table, spec = given.table, given.table.spec
    return pb.FunctionTable(
        name=spec.name,
        arguments=spec.dims,
        shape=given.shape,
        method=given.method,
        outside=spec.outside,
        digest=table.digest,
    )


def _left_out(function: DecodedFunction, formula: SharedFormula | TracedExpression) -> list[FormulaInput]:
    """The inputs that are not given and have defaults."""
    given = {name for name, _ in function.inputs}
    left_out = [each for each in formula.inputs if each.name not in given]
    for each in left_out:
        if each.default is None:
            found = f"no {each.name!r} among the inputs {', '.join(given) or '(none)'}, though {function.text} uses it"
            raise RequestError("inputs", found, f"add an input named {each.name!r}; functions() lists all of them")
    return left_out
