"""What tapes compute for operations of torch that are no instructions: torch's own formulas for values."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from gridgrad_worker.engines.layers.tape_writer import NoTapeError, Refs, TapeWriter

__all__ = ["FORMULAS"]

_LARGEST_PRODUCT = 8
"""A power that is written as products."""


def _sub(writer: TapeWriter, one: Any, other: Any, alpha: float = 1) -> Refs:
    return writer.write("SUB", one, other) if alpha == 1 else writer.write("ADDCMUL", one, other, -alpha)


def _add(writer: TapeWriter, one: Any, other: Any, alpha: float = 1) -> Refs:
    return writer.write("ADD", one, other) if alpha == 1 else writer.write("ADDCMUL", one, other, alpha)


def _addcmul(writer: TapeWriter, base: Any, one: Any, other: Any, value: float = 1) -> Refs:
    return writer.write("ADDCMUL", base, one if value == 1 else writer.write("MUL", one, value), other)


def _pow(writer: TapeWriter, base: Any, exponent: Any) -> Refs:
    if exponent == 0.5:
        return writer.write("SQRT", base)
    if not isinstance(exponent, int | float) or exponent != int(exponent) or not 0 < abs(exponent) <= _LARGEST_PRODUCT:
        return writer.write("POW", base, exponent)
    if exponent < 0:
        return writer.write("RECIPROCAL", _pow(writer, base, -exponent))
    found: Refs = base
    for _ in range(int(exponent) - 1):
        found = writer.write("MUL", found, base)
    return found


def _sum(writer: TapeWriter, given: Refs, dims: Sequence[int] = (), keepdim: bool = False) -> Refs:
    rank = given.tensor.dim()
    over = sorted({each % rank for each in dims})
    if not over or rank - 1 in over:
        raise NoTapeError("a sum over points")
    return writer.summed(given, over, keepdim)


def _amax(writer: TapeWriter, given: Refs, dims: Sequence[int] | int, keepdim: bool = False) -> Refs:
    (dim,) = [dims] if isinstance(dims, int) else dims
    several = [Refs(each) for each in given.tensor.unbind(dim)]
    found = functools.reduce(functools.partial(writer.write, "MAXIMUM"), several)
    return Refs(found.tensor.unsqueeze(dim)) if keepdim else found


def _logsumexp(writer: TapeWriter, given: Refs, dims: Sequence[int], keepdim: bool = False) -> Refs:
    largest = _amax(writer, given, dims, keepdim=True)
    total = _sum(writer, writer.write("EXP", writer.write("SUB", given, largest)), dims, keepdim)
    shift = largest if keepdim else Refs(largest.tensor.squeeze(dims[0]))
    return writer.write("ADD", writer.write("LOG", total), shift)


def _addmm(writer: TapeWriter, bias: Any, matrix: Any, given: Any) -> Refs:
    if not isinstance(given, Refs) or isinstance(matrix, Refs) or isinstance(bias, Refs):
        raise NoTapeError("a matrix product of what depends on the point by what does")
    return writer.product(bias, matrix, given)


def _mm(writer: TapeWriter, matrix: Any, given: Any) -> Refs:
    return _addmm(writer, torch.zeros(1), matrix, given)


def _softplus(writer: TapeWriter, u: Any, beta: float = 1.0, threshold: float = 20.0) -> Refs:
    scaled = u if beta == 1 else writer.write("MUL", u, beta)
    curve = writer.write("LOG1P", writer.write("EXP", scaled))
    return writer.write("WHERE", writer.write("GT", scaled, threshold), u, _over(writer, curve, beta))


def _over(writer: TapeWriter, u: Refs, number: float) -> Refs:
    return u if number == 1 else writer.write("DIV", u, number)


def _log_sigmoid(writer: TapeWriter, u: Any) -> list[Refs | None]:
    curve = writer.write("LOG1P", writer.write("EXP", writer.write("NEG", writer.write("ABS", u))))
    return [writer.write("SUB", writer.write("MINIMUM", u, 0.0), curve), None]


def _gelu(writer: TapeWriter, u: Any, approximate: str = "none") -> Refs:
    half = writer.write("MUL", u, 0.5)
    if approximate == "tanh":
        cubic = writer.write("MUL", _pow(writer, u, 3), 0.044715)
        curve = writer.write("TANH", writer.write("MUL", writer.write("ADD", u, cubic), math.sqrt(2 / math.pi)))
    else:
        curve = writer.write("ERF", writer.write("MUL", u, math.sqrt(0.5)))
    return writer.write("MUL", half, writer.write("ADD", curve, 1.0))


def _hardswish(writer: TapeWriter, u: Any) -> Refs:
    ramp = writer.write("MINIMUM", writer.write("MAXIMUM", writer.write("ADD", u, 3.0), 0.0), 6.0)
    return writer.write("DIV", writer.write("MUL", u, ramp), 6.0)


def _clamp(writer: TapeWriter, u: Any, low: Any = None, high: Any = None) -> Refs:
    raised = u if low is None else writer.write("MAXIMUM", u, low)
    return raised if high is None else writer.write("MINIMUM", raised, high)


def _softshrink(writer: TapeWriter, u: Any, width: float = 0.5) -> Refs:
    below = writer.write("WHERE", writer.write("LT", u, -width), writer.write("ADD", u, width), 0.0)
    return writer.write("WHERE", writer.write("GT", u, width), writer.write("SUB", u, width), below)


def _leaky_relu(writer: TapeWriter, u: Any, slope: float = 0.01) -> Refs:
    return writer.write("WHERE", writer.write("GT", u, 0.0), u, writer.write("MUL", u, slope))


def _to_copy(_: TapeWriter, u: Refs, *, dtype: torch.dtype | None = None, **_named: Any) -> Refs:
    if dtype is not None and not dtype.is_floating_point:
        raise NoTapeError(f"a cast to {dtype}")
    return u


FORMULAS: dict[str, Callable[..., Any]] = {
    "add": _add,
    "sub": _sub,
    "rsub": lambda writer, one, other, alpha=1: _sub(writer, other, one, alpha),
    "addcmul": _addcmul,
    "pow": _pow,
    "sum": _sum,
    "amax": _amax,
    "logsumexp": _logsumexp,
    "mm": _mm,
    "addmm": _addmm,
    "softplus": _softplus,
    "log_sigmoid_forward": _log_sigmoid,
    "silu": lambda writer, u: writer.write("MUL", u, writer.write("SIGMOID", u)),
    "mish": lambda writer, u: writer.write("MUL", u, writer.write("TANH", _softplus(writer, u))),
    "gelu": _gelu,
    "hardswish": _hardswish,
    "relu": lambda writer, u: writer.write("MAXIMUM", u, 0.0),
    "clamp": _clamp,
    "clamp_min": _clamp,
    "clamp_max": lambda writer, u, high: _clamp(writer, u, None, high),
    "hardtanh": lambda writer, u, low=-1.0, high=1.0: _clamp(writer, u, low, high),
    "leaky_relu": _leaky_relu,
    "threshold": lambda writer, u, least, value: writer.write("WHERE", writer.write("LE", u, least), value, u),
    "hardshrink": lambda writer, u, width=0.5: writer.write(
        "WHERE", writer.write("LE", writer.write("ABS", u), width), 0.0, u
    ),
    "softshrink": _softshrink,
    "logical_and": lambda writer, one, other: writer.write("BITWISE_AND", one, other),
    "logical_or": lambda writer, one, other: writer.write("BITWISE_OR", one, other),
    "logical_not": lambda writer, one: writer.write("EQ", one, 0.0),
    "bitwise_not": lambda writer, one: writer.write("EQ", one, 0.0),
    "sign": lambda writer, u: writer.write("SGN", u),
    "isnan": lambda writer, one: writer.write("NE", one, one),
    "_to_copy": _to_copy,
}
"""By torch's name; others are instructions of that name."""
