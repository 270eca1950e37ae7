"""Integrals by another number of points: by how much a result moves then tells how far it is off."""

from __future__ import annotations

from collections.abc import Sequence

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program

__all__ = ["with_other_points"]


def with_other_points(program: Program) -> Program:
    """The same program with twice as many points for each integral; half as many where that would be too many.

    Args:
        program: one that integrates.

    Raises:
        RequestError: it does not.
    """
    nodes = _moved(program.nodes)
    if nodes == program.nodes:
        remedy = "leave it out, or integrate: integrate(u, x, a, b)"
        raise RequestError("integral_error", "an estimate for a function without integrals", remedy)
    return _with(program, nodes)


def _moved(nodes: Sequence[Node]) -> tuple[Node, ...]:
    return tuple(
        [node._replace(op=_operation(node.op)) if isinstance(node.op, LocalOperation) else node for node in nodes]
    )


def _operation(operation: LocalOperation) -> LocalOperation:
    rounds = operation.rounds
    if operation.kind == "integrate":
        rounds = 2 * rounds if 2 * rounds <= limits.MAX_QUADRATURE else rounds // 2
    body = _with(operation.body, _moved(operation.body.nodes))
    return LocalOperation(operation.kind, body, operation.names, operation.leading, operation.which, rounds)


def _with(program: Program, nodes: tuple[Node, ...]) -> Program:
    shape = program.components, program.tuple_valued, program.inputs, program.tables
    return Program(nodes, program.outputs, *shape)
