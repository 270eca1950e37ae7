"""Derived plans: all that plans of an expression are made of, as it comes from a helper or is made here.

On the way from a helper they are a table of numbers, which is checked when it is read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from google.protobuf.message import DecodeError

from gridgrad_core.errors import InternalError
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.local.arrays import PLACE
from gridgrad_core.lang.local.local_operation import KINDS, LocalOperation
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.tables.lookups import with_lookups
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.structured.planning.plan import SEPARATED
from gridgrad_worker.engines.structured.planning.rewrite import rewrite
from gridgrad_worker.engines.structured.planning.separate import SeparatedProgram
from gridgrad_worker.engines.structured.planning.separated_writer import CheckedTerm

__all__ = ["DerivedPlan", "derive_plan", "read_derived", "written_down"]

_LEAVES = {"input": 0, "const": 0}


class DerivedPlan(NamedTuple):
    """An expression with its derivatives.

    Args:
        nodes: arguments first.
        outputs: the node of each plane of the results.
        separated: the same with its sums separated.
    """

    nodes: Sequence[Node]
    outputs: tuple[int, ...]
    separated: SeparatedProgram


def derive_plan(program: Program, derivatives: Sequence[tuple[str, ...]], masks: Mapping[str, int]) -> DerivedPlan:
    """Derives an expression, writes down what is looked up for its calls of tables, and separates its sums.

    Args:
        program: the expression.
        derivatives: tuples of input names; the value comes first in any case.
        masks: the dims of each input.

    Raises:
        TooLargeError: it has too many operations.
    """
    derived = with_lookups(derive(program, derivatives).program)
    return DerivedPlan(derived.nodes, derived.outputs, rewrite(derived, masks))


def written_down(plan: DerivedPlan) -> bytes:
    """A plan as a serialized message."""
    separated = plan.separated
    message = pb.DerivedPlan(
        written=_table(plan.nodes, plan.outputs),
        checked=[pb.CheckedSum(terms=[_term_message(term) for term in terms]) for terms in separated.checked],
        ranks=separated.ranks,
        saved=separated.saved,
    )
    if separated.checked:
        message.separated.CopyFrom(_table(separated.nodes, separated.outputs))
    return message.SerializeToString()


def read_derived(serialized: bytes, derivatives: int) -> DerivedPlan:
    """Reads a plan.

    Args:
        serialized: what `written_down` made.
        derivatives: how many there are of each component, the value among them.

    Raises:
        InternalError: it is none, or has not so many.
    """
    try:
        message = pb.DerivedPlan.FromString(serialized)
        nodes, outputs = _read_table(message.written)
        separated, places = _read_table(message.separated) if message.checked else (nodes, outputs)
        checked = tuple(tuple(_read_term(term, len(separated)) for term in each.terms) for each in message.checked)
    except (DecodeError, LookupError, ValueError) as error:
        raise InternalError("plan.derived", f"a table that is none: {error}", "please report it") from None
    if not outputs or len(outputs) % derivatives or len(places) != len(outputs) or math.isnan(message.saved):
        found = f"{len(outputs)} planes for {derivatives} derivatives"
        raise InternalError("plan.derived", found, "please report it")
    return DerivedPlan(
        nodes, outputs, SeparatedProgram(separated, places, checked, tuple(message.ranks), message.saved)
    )


def _table(nodes: Sequence[Node], outputs: Sequence[int]) -> pb.NodeTable:
    operations: dict[tuple[str, int], int] = {}
    return pb.NodeTable(
        codes=[operations.setdefault((op, len(args)), len(operations)) for op, args, _ in nodes],
        arguments=[argument for _, args, _ in nodes for argument in args],
        constants=[node.number for node in nodes if node.op == "const"],
        inputs=[str(node.value) for node in nodes if node.op == "input"],
        outputs=outputs,
        operations=[_operation(name, count) for name, count in operations],
    )


def _operation(name: str, arguments: int) -> pb.TableOperation:
    if not isinstance(name, LocalOperation):
        return pb.TableOperation(name=name, arguments=arguments)
    local = pb.LocalProgram(
        kind=name.kind,
        body=_table(name.body.nodes, name.body.outputs),
        inputs=name.body.inputs,
        names=len(name.names),
        leading=name.leading,
        which=name.which,
        rounds=name.rounds,
    )
    return pb.TableOperation(arguments=arguments, local=local)


def _read_table(table: pb.NodeTable) -> tuple[list[Node], tuple[int, ...]]:
    operations = [_known(_name(each), each.arguments) for each in table.operations]
    arguments, constants, inputs = list(table.arguments), iter(table.constants), iter(table.inputs)
    nodes: list[Node] = []
    first = 0
    for index, code in enumerate(table.codes):
        name, count = operations[code]
        args = tuple(arguments[first : first + count])
        first += count
        if len(args) != count or (args and max(args) >= index):
            raise ValueError(f"node {index} has arguments that are not there")
        value = next(constants, None) if name == "const" else next(inputs, None) if name == "input" else None
        if value is None and name in _LEAVES:
            raise ValueError(f"node {index} has no value")
        nodes.append(Node(name, args, value))
    return nodes, _places(table.outputs, len(nodes))


def _name(operation: pb.TableOperation) -> str:
    """The name of an operation, which one with a program of its own gets by what it computes."""
    if not operation.HasField("local"):
        return operation.name
    local = operation.local
    nodes, outputs = _read_table(local.body)
    components = tuple(f"f{position}" for position in range(len(outputs)))
    body = Program(tuple(nodes), outputs, components, True, tuple(local.inputs))
    names = tuple(local.inputs[: local.names])
    is_known = names == (PLACE,) or local.which < len(names)  # of a sum over arrays it is the number of one
    if local.kind not in KINDS or not is_known:
        raise ValueError(f"a program of its own of the kind {local.kind!r}, for {len(names)} names")
    return LocalOperation(local.kind, body, names, local.leading, local.which, local.rounds)


def _known(name: str, arguments: int) -> tuple[str, int]:
    if name == SEPARATED:
        fits = arguments > 0 and arguments % 2 == 0
    else:
        fits = arguments == (_LEAVES[name] if name in _LEAVES else len(FUNCTIONS[name].params))
    if not fits:
        raise ValueError(f"{name} of {arguments} arguments")
    return name, arguments


def _places(found: Sequence[int], count: int) -> tuple[int, ...]:
    if found and max(found) >= count:
        raise ValueError(f"node {max(found)} of {count}")
    return tuple(found)


def _term_message(term: CheckedTerm) -> pb.SumTerm:
    factors, divisors, exponents, negative = term
    return pb.SumTerm(factors=factors, divisors=divisors, exponents=exponents, negative_exponents=negative)


def _read_term(term: pb.SumTerm, count: int) -> CheckedTerm:
    parts = (term.factors, term.divisors, term.exponents, term.negative_exponents)
    return CheckedTerm(*(_places(part, count) for part in parts))
