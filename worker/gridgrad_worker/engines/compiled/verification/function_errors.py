"""How far the errors of its arguments and its own can move a function of the language, at many points at a time.

What arguments do follows from the table: their errors times the largest slopes between the ends of where they may
lie, and no less than what the function changes between those ends, which is what jumps do. Where a slope has no bound,
as beside a pole or the end of a domain, the error is inf: nothing can be told.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_core.lang.derive.rules import rule
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.functions.tabulated import LOOKUPS
from gridgrad_worker.native import library_functions
from gridgrad_worker.torch_ops.evaluate import torch_function
from gridgrad_worker.torch_ops.table import VALUES

__all__ = ["Bounded", "function_with_error", "is_wrong"]

Values = NDArray[np.float64]

Bounded = tuple[Values, Values]
"""Numbers and the bounds of their errors in units; conditions as 0 and 1, whose error is inf where they may flip."""

_EXACT = frozenset({
    "abs", "sign", "copysign", "positive", "floor", "ceil", "trunc", "rint", "maximum", "minimum", "fmax", "fmin",
    "clip", "relu", "heaviside", "nan_to_num", "isnan", "isinf", "isposinf", "isneginf", "isfinite", "signbit", "mod",
    "fmod", "floordiv", *(LOOKUPS.keys() - {"table_place"}),
})  # fmt: skip
"""Functions that do not round."""

_UNITS = 8.0
"""What other functions may be off by, in units: twice what is known of Sleef's and torch's, and those of C++."""

_LONGER = {"sinc_derivative": 64.0, "polygamma": 64.0, "erfcx_derivative": 64.0, "log_norm_cdf_derivative": 64.0}
"""And where they are long sums."""

_OF_THEIR_ARGUMENTS = frozenset({
    "norm_pdf", "norm_cdf", "gelu", "gamma", "lgamma", "digamma", "polygamma", "sinc", "sinc_derivative",
    "erfcx_derivative", "log_norm_cdf", "log_norm_cdf_derivative", "logaddexp", "logaddexp2", "erfinv", "norm_ppf",
    "logit", "pow", *library_functions.VALUES,
})  # fmt: skip
"""Functions that round what they make of their arguments, so that they are off as if those were rounded."""


class _Function(NamedTuple):
    """A function of the language: its value, and its slopes by each argument; None where they are 0."""

    value: Callable[..., Tensor]
    slopes: tuple[Callable[..., tuple[Tensor, ...]] | None, ...]
    conditions: tuple[bool, ...]
    units: float


@np.errstate(all="ignore")
def function_with_error(op: str, integers: tuple[int, ...], arguments: Sequence[Bounded], unit: float) -> Bounded:
    """A function and the bound of its error.

    Args:
        op: its name.
        integers: its integer parameters.
        arguments: the others.
        unit: what rounding may make of 1.
    """
    function = _function(op, integers)
    ends = _ends(arguments, unit)
    places = [
        each if not is_condition else each != 0 for each, is_condition in zip(ends, function.conditions, strict=True)
    ]
    tensors = [torch.from_numpy(np.ascontiguousarray(each)) for each in places]
    all_values = function.value(*tensors).numpy().astype(np.float64)
    value = all_values[0]
    changed = np.abs(all_values - value).max(0) / unit
    own = function.units * np.abs(value)
    moved = np.zeros_like(value)
    for slope, (argument, error) in zip(function.slopes, arguments, strict=True):
        of_argument = op in _OF_THEIR_ARGUMENTS
        if slope is None or not (of_argument or error.any()):
            continue
        sizes = np.abs(np.broadcast_to(slope(*tensors)[0].numpy(), all_values.shape))
        moved += np.where(error == 0, 0.0, sizes.max(0) * error)
        if of_argument:
            at = sizes[0] * np.abs(argument)
            own += function.units * np.where(np.isfinite(at), at, 0.0)
    error = own + np.fmax(changed, moved)
    error[np.isnan(error) | np.isnan(moved) | np.isnan(changed)] = np.inf
    certain = ~np.isfinite(value) & (is_wrong(all_values, value) == 0).all(0)
    error[certain] = 0.0
    for _, given in arguments:
        error[np.isinf(given)] = np.inf
    return value, error


def is_wrong(found: NDArray[np.floating], right: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where numbers are not the same; nan is the same as nan."""
    different: NDArray[np.bool_] = ~((found == right) | (np.isnan(found) & np.isnan(right)))
    return different


def _ends(arguments: Sequence[Bounded], unit: float) -> list[Values]:
    """The arguments, and then each of the ends of where all of them may lie: [places, points] each."""
    signs: list[tuple[float, ...]] = [(0.0,) * len(arguments)]
    signs += itertools.product(*[(-1.0, 1.0) if error.any() else (0.0,) for _, error in arguments])
    if len(signs) == 2 and not any(signs[1]):
        signs.pop()
    return [
        np.stack([value if not row[n] else value + row[n] * unit * error for row in signs])
        for n, (value, error) in enumerate(arguments)
    ]


@functools.cache
def _function(op: str, integers: tuple[int, ...]) -> _Function:
    declared = FUNCTIONS[op]
    first = len(integers)
    params = declared.params[first:]
    kinds = declared.kinds[first:] or ("number",) * len(params)
    slopes = tuple(
        None if text == "0" else torch_function(rule(op, first + n, integers), params, torch.float64)
        for n, text in enumerate(declared.derivatives[first:])
    )
    units = 0.0 if op in _EXACT else _LONGER.get(op, _UNITS)
    value = functools.partial(VALUES[op], *integers)
    return _Function(value, slopes, tuple(kind == "boolean" for kind in kinds), units)
