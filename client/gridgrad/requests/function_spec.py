"""What `prepare` and `explain` send: a function with the names and dims of its inputs, without numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike, read_selection, resolve
from gridgrad.arguments.inputs import FLOAT32, Input, Inputs, computing_dtype, read_inputs
from gridgrad.arguments.lookup_table import GivenTable, split_tables
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.requests.lowering import asks_by, found_tables, lower
from gridgrad.requests.request import FunctionLike, Registered, check_constants, function_identity
from gridgrad_core.errors import RequestError
from gridgrad_core.lang.program.program import Program
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["Names", "plan_message", "remarks_on"]

Names: TypeAlias = Sequence[Any]
"""Inputs without numbers: "t" is an axis, ("K", ()) a number, ("T", "option") and ("u", ("i", "j")) have those dims.
Not selection as types, since a list of them that stands in a variable would be refused."""

SPELLING = 'name axes, and give the dims of other inputs: ["t", ("K", ()), ("T", "option"), ("u", ("i", "j"))]'


def plan_message(
    function: FunctionLike,
    inputs: Inputs | Names,
    wrt: str | Iterable[str] | None,
    order: int | None,
    derivatives: Iterable[DerivativeLike] | None,
    dtype: Any,
    coefficients: Coefficients | None = None,
) -> pb.Plan:
    """Reads the arguments of `Client.prepare` and `Client.explain`.

    Raises:
        RequestError: something in them is wrong that shows without the server.
    """
    plain, tables = split_tables(inputs) if isinstance(inputs, Mapping) else (inputs, ())
    given = read_inputs(unstacked(plain)) if isinstance(plain, Mapping) else _named(plain)
    single = computing_dtype(given, dtype, tables) == FLOAT32
    selection = read_selection(wrt, order, derivatives)
    is_sent_as_given = isinstance(function, str | Registered | Program) and not asks_by(tables, selection)
    if coefficients or not is_sent_as_given:
        function, given, selection, _, summed = lower(function, given, selection, coefficients, tables)
        tables = (*tables, *summed)
    else:
        tables = (*tables, *found_tables(function))
    names, scalars = [each.name for each in given], [each.name for each in given if not each.dims]
    check_constants(function, names)
    wanted = resolve(selection, names, scalars)
    kind, text = function_identity(function)
    return pb.Plan(
        function=pb.Function(**{kind: text}),
        inputs=[*_sent(tables), *(pb.PlanInput(name=each.name, dims=each.dims) for each in given)],
        derivatives=[pb.Derivative(wrt=derivative) for derivative in wanted],
        dtype=pb.DTYPE_FLOAT32 if single else pb.DTYPE_FLOAT64,
    )


def _sent(tables: Sequence[GivenTable]) -> list[pb.PlanInput]:
    return [pb.PlanInput(name=each.name, table=pb.Table.FromString(each.table.message)) for each in tables]


def remarks_on(plan: pb.Plan) -> tuple[str, ...]:
    """What makes derivatives of an expression that the server has accepted other than one may expect."""
    # Not needed by most callers, and not loaded for them
    from gridgrad_core.lang.derive.remarks import remarks
    from gridgrad_core.lang.parser.parser import parse
    from gridgrad_core.wire.table_specs import spec_of

    if not plan.function.expression:
        return ()
    plain = [each.name for each in plan.inputs if not each.HasField("table")]
    tables = [spec_of("inputs", each.name, each.table) for each in plan.inputs if each.HasField("table")]
    program = parse(plan.function.expression, plain, tables)
    return remarks(program, [each.wrt for each in plan.derivatives])


def _named(inputs: Inputs | Names) -> tuple[Input, ...]:
    """The inputs with zeros for numbers, which nobody looks at."""
    if isinstance(inputs, str) or not isinstance(inputs, Iterable):
        raise RequestError("inputs", f"{inputs!r}", SPELLING)
    return tuple([Input(name, dims, np.zeros((1,) * len(dims))) for name, dims in map(_one, inputs)])


def _one(given: object) -> tuple[str, tuple[str, ...]]:
    if isinstance(given, str):
        return given, (given,)
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str):
        name, dims = given
        if isinstance(dims, str):
            return name, (dims,)
        if isinstance(dims, Sequence) and all(isinstance(dim, str) for dim in dims):
            return name, tuple(dims)
    raise RequestError("inputs", f"{given!r}", SPELLING)
