"""How each operation is called, so that its bits depend on its arguments alone.

torch computes most of a tensor with vector instructions and the rest, less than one of its loops
takes at a time, number by number. For + - * / and the like both give the same bits, since IEEE says
what they are. For exp, pow and such they differ in the last digit, so where a number stands in a
tensor would show in the answer. Such operations run on whole vectors alone: on flat registers whose
length is a multiple of `VECTOR` for each thread (`torch_ops/vectors.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.functions.tabulated import LOOKUPS
from gridgrad_worker.engines.structured.planning.plan import Step
from gridgrad_worker.torch_ops.evaluate import rounded
from gridgrad_worker.torch_ops.looped_value import SumOverArrays
from gridgrad_worker.torch_ops.table import VALUES

__all__ = ["OperationCall", "binds", "make_call"]

_EXACT = frozenset({
    "add", "sub", "mul", "div", "neg", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "logical_xor",
    "where", "maximum", "minimum", "abs", "sqrt", "square", "isnan", "isinf", "isposinf", "isneginf", "isfinite",
    "signbit", "floor", "ceil", "trunc", "rint", "positive", *LOOKUPS,
})  # fmt: skip
"""Operations whose bits IEEE defines."""

_WITH_SCALAR = frozenset({"add", "sub", "mul", "div", "pow", "lt", "le", "gt", "ge", "eq", "ne"})
"""Binary operations that torch does with a Python number as the second."""

_EASY_POWERS = (0.0, 1.0, 2.0, 3.0, 0.5, -0.5, -1.0, -2.0)
"""Exponents that torch computes as products or roots where they are Python numbers."""

_REMEMBERED = 1024

_WITHOUT_OUT = frozenset({"isnan", "isinf", "isfinite", "relu"})


class OperationCall(NamedTuple):
    """How to call one operation.

    Args:
        function: of the arguments that are no Python numbers, and of `out` if it takes that.
        args: the steps of those arguments.
        exact: whether its bits are the same wherever its numbers stand.
        takes_out: whether it writes to a given tensor.
        boolean: whether its results are booleans.
        bound: what is constant in the function.
        broadcasts: whether it takes arguments as they are, and spreads them itself only as far as it has to.
    """

    function: Callable[..., Tensor]
    args: tuple[int, ...]
    exact: bool
    takes_out: bool
    boolean: bool
    bound: tuple[float, ...] = ()
    broadcasts: bool = False


def make_call(
    step: Step, steps: Sequence[Step], dtype: torch.dtype, *, columns: bool = False, host: bool = True
) -> OperationCall:
    """The call of an operation.

    Args:
        step: the operation.
        steps: of the plan.
        dtype: computed in.
        columns: whether constants may be tensors; else, what torch takes as a Python number is bound.
        host: whether it runs on the processor.
    """
    value, integers, takes_out, boolean = _known(step.op)
    args = step.args[integers:] if integers else step.args
    function: Callable[..., Tensor] = value
    bound: tuple[float, ...] = ()
    if integers:
        known = [int(steps[i].number) for i in step.args[:integers]]
        function = lambda *tensors: value(*known, *tensors)  # noqa: E731 - binds what is known
        bound = tuple(map(float, known))
    elif _takes_scalar(step, steps, columns=columns, host=host):
        bound = (rounded(steps[args[1]].number, dtype),)
        function, args = _with_second(value, bound[0]), args[:1]
    elif step.op == "positive":
        function, takes_out = _copy, True
    broadcasts = isinstance(value, SumOverArrays)
    return OperationCall(function, args, step.op in _EXACT, takes_out, boolean, bound, broadcasts)


@functools.lru_cache(maxsize=_REMEMBERED)
def binds(op: str) -> bool:
    """Whether there may be something constant in the function of an operation where constants are tensors."""
    return op == "pow" or bool(FUNCTIONS[op].integers)


@functools.lru_cache(maxsize=_REMEMBERED)
def _known(op: str) -> tuple[Callable[..., Tensor], int, bool, bool]:
    """What computes an operation, how many of its arguments are integers, whether it takes `out`, and is boolean."""
    declared, value = FUNCTIONS[op], VALUES[op]
    takes_out = isinstance(value, type(torch.add)) and op not in _WITHOUT_OUT
    return value, len(declared.integers), takes_out, declared.result == "boolean"


def _takes_scalar(step: Step, steps: Sequence[Step], *, columns: bool, host: bool) -> bool:
    if step.op == "div" and not host:
        return False  # a GPU would multiply by the reciprocal, which is rounded
    if step.op not in _WITH_SCALAR or steps[step.args[1]].op != "const" or steps[step.args[0]].op == "const":
        return False
    return not columns or (step.op == "pow" and steps[step.args[1]].number in _EASY_POWERS)


def _with_second(value: Callable[..., Tensor], scalar: float) -> Callable[..., Tensor]:
    return lambda x, out: value(x, scalar, out=out)


def _copy(x: Tensor, out: Tensor) -> Tensor:
    return out.copy_(x)
