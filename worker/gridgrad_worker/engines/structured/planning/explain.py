"""What the engine makes of an expression, for a reader: its program, what runs on which dims, and its sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.program import Program
from gridgrad_core.wire.table_specs import specs_of_plan
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.structured.planning.plan import SEPARATED, ExecutionPlan, make_plan
from gridgrad_worker.engines.structured.planning.rewrite import rewrite

__all__ = ["ProgramExplanation", "cut", "explain", "explanation_of"]

_MOST_LINES = 200
_LONGEST_LINE = 500
_MOST_RANKS = 1024


class ProgramExplanation(NamedTuple):
    """What is computed for an expression.

    Args:
        derived: it and its derivatives, as text.
        separated: the same after products met and sums were separated; each sum of separated terms
            is written out. The same text if nothing was worth it.
        operations: how many operations run on which dims, as written and after separation.
        ranks: the terms of each matrix product.
        per_point: how many operations a point of the grid takes: all of them, if none is hoisted; with
            hoisting; and with separation, each term of a matrix product counted as one.
    """

    derived: str
    separated: str
    operations: dict[tuple[str, ...], tuple[int, int]]
    ranks: tuple[int, ...]
    per_point: tuple[int, int, int]


def explain(
    program: Program, inputs: Mapping[str, Sequence[str]], derivatives: Sequence[tuple[str, ...]]
) -> ProgramExplanation:
    """Says what the engine computes for an expression.

    Args:
        program: the expression.
        inputs: the dims of each input.
        derivatives: tuples of input names; the value comes first in any case.
    """
    dims = list(dict.fromkeys(dim for each in inputs.values() for dim in each))
    masks = {name: sum(1 << dims.index(dim) for dim in own) for name, own in inputs.items()}
    derived = derive(program, derivatives).program
    separated = rewrite(derived, masks)
    before = make_plan(derived.nodes, derived.outputs, masks, len(dims))
    after = make_plan(separated.nodes, separated.outputs, masks, len(dims))
    counts = (_counts(before), _counts(after))
    by_mask = sorted(counts[0].keys() | counts[1].keys(), key=lambda mask: (mask.bit_count(), mask))
    return ProgramExplanation(
        derived=_text_of(derived),
        separated=_text_of(_written_out(derived, separated.nodes, separated.outputs)),
        operations={
            tuple(dim for position, dim in enumerate(dims) if mask >> position & 1): (
                counts[0].get(mask, 0),
                counts[1].get(mask, 0),
            )
            for mask in by_mask
        },
        ranks=separated.ranks,
        per_point=(sum(counts[0].values()), counts[0].get(before.full, 0), counts[1].get(after.full, 0)),
    )


def _text_of(program: Program) -> str:
    """A program as text, without the lines that only put its inputs in order."""
    ordering = {f"{name} = {name}" for name in program.inputs}
    return "\n".join(line for line in str(program).split("\n") if line not in ordering)


def _counts(plan: ExecutionPlan) -> dict[int, int]:
    """How many operations run on the dims of each mask."""
    return {
        level.mask: sum(len(plan.steps[i].args) // 2 if plan.steps[i].op == SEPARATED else 1 for i in level.steps)
        for level in plan.levels
    }


def _written_out(derived: Program, nodes: Sequence[Node], outputs: Sequence[int]) -> Program:
    """The separated program in the language."""
    builder = Builder()
    places: list[int] = []
    for node in nodes:
        args = [places[i] for i in node.args]
        if node.op == "input":
            places.append(builder.input(str(node.value)))
        elif node.op == "const":
            places.append(builder.const(node.number))
        elif node.op == SEPARATED:
            places.append(_sum_of_products(builder, args[: len(args) // 2], args[len(args) // 2 :]))
        else:
            places.append(builder.op(node.op, *args))
    final = tuple(places[i] for i in outputs)
    return Program(
        tuple(builder.nodes), final, derived.components, derived.tuple_valued, derived.inputs, derived.tables
    )


def _sum_of_products(builder: Builder, left: Sequence[int], right: Sequence[int]) -> int:
    products = [builder.op("mul", u, v) for u, v in zip(left, right, strict=True)]
    total = products[0]
    for product in products[1:]:
        total = builder.op("add", total, product)
    return total


def explanation_of(plan: pb.Plan) -> pb.Explanation:
    """What is computed for a plan, in a message of bounded size; calls of tables count as one operation.

    Raises:
        RequestError: it is a registered function.
        TooLargeError: it has too many operations to derive.
    """
    if plan.WhichOneof("function") == "registered":
        found = f"{plan.registered!r}, a registered function, which is differentiated as it runs"
        raise RequestError("function.registered", found, "explain an expression; functions lists what is registered")
    inputs = {each.name: list(each.dims) for each in plan.inputs}
    names = list(inputs)
    derivatives = [tuple(names[i] for i in each.wrt) for each in plan.derivatives if each.wrt]
    program = parse(plan.expression, names, specs_of_plan(plan.tables))
    explained = explain(program, inputs, derivatives)
    written, hoisted, left = explained.per_point
    return pb.Explanation(
        program=cut(_text_of(program)),
        derived=cut(explained.derived),
        separated=cut(explained.separated),
        levels=[
            pb.LevelCount(dims=dims, before=before, after=after)
            for dims, (before, after) in explained.operations.items()
        ],
        ranks=explained.ranks[:_MOST_RANKS],
        written=written,
        hoisted=hoisted,
        left=left,
    )


def cut(text: str) -> str:
    """A text of bounded length: where it is longer, its middle lines are left out, and the ends of long lines."""
    lines = text.split("\n")
    if len(lines) > _MOST_LINES:
        half = _MOST_LINES // 2
        lines[half:-half] = [f"... {len(lines) - 2 * half:,} lines are left out here ..."]
    return "\n".join(line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]} ..." for line in lines)
