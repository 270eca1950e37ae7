"""Of the row of numbers that a pull-back is, a sum and its gradient."""

from __future__ import annotations

import functools
from collections.abc import Callable

from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.planes import PlaneIndex, element_index
from gridgrad.results.result import Result

__all__ = ["pullback_reader"]


def pullback_reader(call: PreparedCall) -> Callable[[Result], Result]:
    """What makes of the results of such calls those that callers get.

    Args:
        call: a pull-back.
    """
    specs, stacks = [spec for spec, _ in call.template.inputs], call.lowered and call.lowered.stacks
    return functools.partial(_as_gradient, element_index(specs, call.template.derivatives, stacks))


def _as_gradient(index: PlaneIndex, result: Result) -> Result:
    schema = result._schema._replace(planes=index, dims=())
    return Result(result._planes[0], schema, result._info, result._origin)
