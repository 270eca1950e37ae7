"""What travels in another form to servers that are too old for the usual one: sums over arrays, written out.

Made of what was prepared, not of what the caller gave, which may have changed since.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from gridgrad.arguments.coefficients import element_names
from gridgrad.arguments.derivatives import DerivativeSelection
from gridgrad.arguments.inputs import FLOAT32, Input
from gridgrad.requests.encode import encode_numbers, kind_of, narrowed
from gridgrad.requests.lowering import parsed
from gridgrad.requests.prepare import PreparedCall, features_of
from gridgrad.requests.template_cache import template_of
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import MAX_SCALARS
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.features import ARRAYS

__all__ = ["call_for_older", "plan_for_older"]


class _WrittenOut(NamedTuple):
    """A text without sums over arrays.

    Args:
        text: the text.
        scalars: the names of the numbers that it needs, each with its array and its place there.
    """

    text: str
    scalars: tuple[tuple[str, str, int], ...]


def call_for_older(call: PreparedCall) -> PreparedCall | None:
    """A call that needs no features; None where there is no such thing.

    Args:
        call: as it is sent to servers of this version.
    """
    template, arrays = call.template, {each.name: each.table.numbers.values for each in call.summed}
    if template.features != (ARRAYS,):
        return None
    names = tuple([spec.name for spec, _ in template.inputs])
    numbers = sum(not spec.dims for spec, _ in template.inputs)
    written = _written_out(call.function[1], names, numbers, tuple([(name, len(arrays[name])) for name in arrays]))
    if written is None:
        return None
    scalars = [narrowed(Input(name, (), arrays[of][place]), template.dtype) for name, of, place in written.scalars]
    function, kinds = ("expression", written.text), (*template.inputs, *map(kind_of, scalars))
    selection, tier = DerivativeSelection(None, None, template.derivatives), _tier_of(template.head)
    made = template_of(function, kinds, selection, template.dtype == FLOAT32, tier)
    sent = (*call.numbers, *map(encode_numbers, scalars))
    return call._replace(template=made, numbers=sent, tables=(), summed=(), named=frozenset())


def plan_for_older(plan: pb.Plan) -> pb.Plan | None:
    """A plan that needs no features; None where there is no such thing.

    Args:
        plan: as it is sent to servers of this version.
    """
    if features_of(plan) != (ARRAYS,):
        return None
    plain = [each for each in plan.inputs if not each.HasField("table")]
    lengths = tuple([(each.name, each.table.values.shape[0]) for each in plan.inputs if each.HasField("table")])
    names, numbers = tuple([each.name for each in plain]), sum(not each.dims for each in plain)
    written = _written_out(plan.function.expression, names, numbers, lengths)
    if written is None:
        return None
    inputs = [*plain, *(pb.PlanInput(name=name) for name, _, _ in written.scalars)]
    function = pb.Function(expression=written.text)
    return pb.Plan(function=function, inputs=inputs, derivatives=plan.derivatives, dtype=plan.dtype)


@functools.lru_cache(64)
def _written_out(
    text: str, names: tuple[str, ...], numbers: int, lengths: tuple[tuple[str, int], ...]
) -> _WrittenOut | None:
    """A text with scalars for arrays of these lengths; None where there is none, or where they are too many.

    Args:
        text: the text.
        names: of its inputs.
        numbers: how many of those are numbers.
        lengths: of the arrays, by their names.
    """
    from gridgrad_core.lang.local.written_out import written_out  # most servers are not that old

    if numbers + sum(length for _, length in lengths) > MAX_SCALARS:
        return None
    elements = {name: element_names(name, (length,)) for name, length in lengths}
    try:
        program = written_out(parsed(text, names, tuple([TableSpec(name, 0, 0, "") for name in elements])), elements)
    except RequestError:  # it is the missing feature that the caller is told of
        return None
    used = frozenset(program.inputs)
    scalars = [(each, name, place) for name in elements for place, each in enumerate(elements[name]) if each in used]
    return _WrittenOut(str(program), tuple(scalars))


@functools.lru_cache(64)
def _tier_of(head: bytes) -> pb.Tier:
    return pb.GridGradientRequest.FromString(head).tier
