"""Signatures: what a function takes and gives, and whether the inputs and derivatives of a request fit that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from gridgrad_core.errors import RequestError
from gridgrad_core.grid import MAX_DERIVATIVES, Derivative, canonical
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.programs import ParsedText
from gridgrad_server.requests.decode import too_many_derivatives

__all__ = [
    "NamedDims",
    "Signature",
    "check_inputs",
    "check_no_tables",
    "check_tables",
    "distinct_derivatives",
    "signature_of_program",
    "signature_of_registered",
]

NamedDims = tuple[str, tuple[str, ...]]
"""The name of an input, and its dims."""


class Signature(NamedTuple):
    """What a function takes and gives.

    Args:
        inputs: the names of its inputs.
        optional: those that have defaults.
        components: the names of what it gives.
        tuple_valued: whether that is a tuple.
        assigned: the variables of its text.
        units: names of inputs and components with their units, where it says them.
    """

    inputs: frozenset[str]
    optional: frozenset[str]
    components: tuple[str, ...]
    tuple_valued: bool
    assigned: frozenset[str] = frozenset()
    units: tuple[tuple[str, str], ...] = ()


def signature_of_program(parsed: ParsedText) -> Signature:
    """The signature of an expression."""
    inputs, assigned = frozenset(parsed.inputs), frozenset(parsed.assigned)
    return Signature(inputs, frozenset(), tuple(parsed.components), parsed.tuple_valued, assigned)


def signature_of_registered(function: wpb.RegisteredFunction) -> Signature:
    """The signature of a registered function."""
    optional = frozenset(each.name for each in function.inputs if each.HasField("default"))
    components = tuple(function.components)
    inputs = {each.name: each.unit for each in function.inputs}
    # A name that is both would give the component the unit of the input
    units = {name: unit for name, unit in inputs.items() if name not in components}
    units |= dict(zip(components, function.component_units, strict=False))
    said = tuple((name, unit) for name, unit in units.items() if unit)
    return Signature(frozenset(inputs), optional, components, function.tuple_valued, units=said)


def check_inputs(
    signature: Signature,
    inputs: tuple[NamedDims, ...],
    weighing: frozenset[str] = frozenset(),
    *,
    ignore_unused: bool = False,
) -> None:
    """Checks the inputs of a request.

    Args:
        signature: of its function.
        inputs: their names and dims.
        weighing: those that weights use.
        ignore_unused: whether numbers may be among them that the function does not use.

    Raises:
        RequestError: one is missing, is not used and no axis of its own, or is called like a variable of the text.
    """
    given = [name for name, _ in inputs]
    missing = sorted(signature.inputs - signature.optional - set(given))
    if missing:
        raise RequestError(
            "inputs",
            f"no {', '.join(map(repr, missing))} among the inputs {', '.join(given) or '(none)'}, "
            "though the function uses it",
            f"add an input named {missing[0]!r}, or mend its name in the function",
        )
    for position, (name, dims) in enumerate(inputs):
        if name in signature.assigned:
            raise RequestError(
                f"inputs[{position}].name",
                f"{name!r}, which the function assigns itself, so that the input would have no effect",
                f"leave the input out, or the assignment of {name}",
            )
        unused = name not in signature.inputs and name not in weighing
        if unused and dims != (name,) and (dims or not ignore_unused):
            raise RequestError(
                f"inputs[{position}].name",
                f"{name!r}, which the function does not use",
                f"leave it out, or use one of {', '.join(sorted(signature.inputs)) or '(it uses none)'}",
            )


def check_tables(tables: Iterable[TableSpec], called: Collection[str]) -> None:
    """Checks the tables of a request.

    Args:
        tables: those that are given.
        called: the names of those that the function calls, or weights.

    Raises:
        RequestError: one is given that is not called.
    """
    for table in tables:
        if table.name not in called and table.is_array:
            found = f"the array {table.name!r}, over which the function does not sum"
            raise RequestError("inputs", found, f"leave it out, or sum over it, as in sum({table.name}*x)")
        if table.name not in called:
            remedy = f"leave it out, or call it, as in {table.name}({', '.join('xyz'[: table.dims])})"
            raise RequestError("inputs", f"the table {table.name!r}, which the function does not call", remedy)


def check_no_tables(tables: Iterable[TableSpec]) -> None:
    """Checks that a registered function is given no tables.

    Raises:
        RequestError: there is one.
    """
    for table in tables:
        found = f"{table.name!r}, a table, for a registered function"
        raise RequestError("inputs", found, "give tables to expressions; torch functions have their own")


def distinct_derivatives(
    listed: Sequence[tuple[str, ...]],
    inputs: tuple[NamedDims, ...],
    signature: Signature,
    weighing: frozenset[str] = frozenset(),
    most: int = MAX_DERIVATIVES,
) -> tuple[Derivative, ...]:
    """The derivatives of a request, each in its canonical order and once.

    Args:
        listed: as the request lists them.
        inputs: their names and dims.
        signature: of its function.
        weighing: inputs that weights use.
        most: how many there may be.

    Raises:
        RequestError: one is with respect to an input that is not given, or that only weights use.
        TooLargeError: there are too many.
    """
    names = [name for name, _ in inputs]
    for position, derivative in enumerate(listed):
        only_weighing = weighing.intersection(derivative).difference(signature.inputs)
        if only_weighing:
            found = f"a derivative with respect to {min(only_weighing)!r}, which only the weights use"
            raise RequestError(f"derivatives[{position}]", found, "leave it out: weights are constants")
        left_out = signature.optional.intersection(derivative).difference(names)
        if left_out:
            raise RequestError(
                f"derivatives[{position}]",
                f"a derivative with respect to {min(left_out)!r}, which is left at its default",
                f"give {min(left_out)!r} as an input too",
            )
    distinct = tuple(dict.fromkeys(canonical(derivative, names) for derivative in listed))
    if len(distinct) > most:
        raise too_many_derivatives(len(distinct), most)
    return distinct
