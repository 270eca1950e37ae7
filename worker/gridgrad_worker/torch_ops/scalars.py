"""Operations of a tensor and a number."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["SCALAR_FIRST", "SCALAR_SECOND"]

# torch's overloads for a number as one operand. `torch.mul(x, 2.0)` makes a float64 tensor of the number,
# which under vmap makes float64 of a float32 tangent, and takes twice as long.
_ATEN = torch.ops.aten

SCALAR_SECOND: dict[str, Callable[..., Tensor]] = {
    "add": _ATEN.add.Scalar,
    "sub": _ATEN.sub.Scalar,
    "mul": _ATEN.mul.Scalar,
    "div": _ATEN.div.Scalar,
    "pow": _ATEN.pow.Tensor_Scalar,
    "lt": _ATEN.lt.Scalar,
    "le": _ATEN.le.Scalar,
    "gt": _ATEN.gt.Scalar,
    "ge": _ATEN.ge.Scalar,
    "eq": _ATEN.eq.Scalar,
    "ne": _ATEN.ne.Scalar,
}
"""Operations of a tensor and a number. torch differentiates them as the table has it."""

SCALAR_FIRST: dict[str, Callable[..., Tensor]] = {
    "add": _ATEN.add.Scalar,
    "sub": _ATEN.rsub.Scalar,
    "mul": _ATEN.mul.Scalar,
    "lt": _ATEN.gt.Scalar,
    "le": _ATEN.ge.Scalar,
    "gt": _ATEN.lt.Scalar,
    "ge": _ATEN.le.Scalar,
    "eq": _ATEN.eq.Scalar,
    "ne": _ATEN.ne.Scalar,
}
"""Operations of a number and a tensor, which is passed first. (torch's `2/x` is `2*(1/x)`, rounded twice.)"""
