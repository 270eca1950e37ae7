"""Operators of numbers one by one: https://onnx.ai/onnx/operators.

Each is written so that torch differentiates it to any order, with finite slopes where another branch would overflow.
At ties derivatives are those of torch's operation of the name.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gridgrad_worker.models.onnx_graphs.node import Built, OnnxNode, Operators
from gridgrad_worker.registered.registration import FunctionError

__all__ = ["ELEMENTWISE"]

_UNARY: dict[str, Callable[..., Any]] = {
    "Abs": torch.abs,
    "Acos": torch.acos,
    "Acosh": torch.acosh,
    "Asin": torch.asin,
    "Asinh": torch.asinh,
    "Atan": torch.atan,
    "Atanh": torch.atanh,
    "Ceil": torch.ceil,
    "Cos": torch.cos,
    "Cosh": torch.cosh,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Floor": torch.floor,
    "Log": torch.log,
    "Neg": torch.neg,
    "Not": torch.logical_not,
    "Reciprocal": torch.reciprocal,
    "Relu": torch.relu,
    "Round": torch.round,
    "Sigmoid": torch.sigmoid,
    "Sign": torch.sign,
    "Sin": torch.sin,
    "Sinh": torch.sinh,
    "Sqrt": torch.sqrt,
    "Tan": torch.tan,
    "Tanh": torch.tanh,
    "IsNaN": torch.isnan,
    "And": torch.logical_and,
    "Or": torch.logical_or,
    "Xor": torch.logical_xor,
    "Add": torch.add,
    "Sub": torch.sub,
    "Mul": torch.mul,
    "Equal": torch.eq,
    "Greater": torch.gt,
    "GreaterOrEqual": torch.ge,
    "Less": torch.lt,
    "LessOrEqual": torch.le,
}


def _plain(operation: Callable[..., Any]) -> Callable[[OnnxNode], Built]:
    return lambda _: operation


def _softplus(x: Tensor) -> Tensor:
    """Log(1 + e^x) without overflow, for any x: ONNX has no threshold, as torch's has."""
    tail = torch.log1p(torch.exp(torch.where(x > 0, -x, x)))
    return torch.where(x > 0, x + tail, tail)


def _softsign(x: Tensor) -> Tensor:
    return torch.where(x < 0, x / (1 - x), x / (1 + x))


def _hard_swish(x: Tensor) -> Tensor:
    return torch.where(x >= 3, x, torch.where(x <= -3, torch.zeros_like(x), x * (x / 6 + 0.5)))


def _mish(x: Tensor) -> Tensor:
    return x * torch.tanh(_softplus(x))


def _below(x: Tensor) -> Tensor:
    """What is below 0, and 0 elsewhere, where it is not chosen and must not overflow."""
    return torch.where(x > 0, torch.zeros_like(x), x)


def _elu(node: OnnxNode) -> Built:
    alpha = node.get("alpha", 1.0)
    return lambda x: torch.where(x > 0, x, alpha * torch.expm1(_below(x)))


def _selu(node: OnnxNode) -> Built:
    alpha, gamma = node.get("alpha", 1.67326319217681884765625), node.get("gamma", 1.05070102214813232421875)
    return lambda x: gamma * torch.where(x > 0, x, alpha * torch.expm1(_below(x)))


def _celu(node: OnnxNode) -> Built:
    alpha = node.get("alpha", 1.0)
    return lambda x: torch.where(x > 0, x, alpha * torch.expm1(_below(x) / alpha))


def _leaky_relu(node: OnnxNode) -> Built:
    alpha = node.get("alpha", 0.00999999977648258209228515625)
    return lambda x: torch.where(x > 0, x, alpha * x)


def _thresholded_relu(node: OnnxNode) -> Built:
    alpha = node.get("alpha", 1.0)
    return lambda x: torch.where(x > alpha, x, torch.zeros_like(x))


def _hard_sigmoid(node: OnnxNode) -> Built:
    alpha, beta = node.get("alpha", 0.20000000298023223876953125), node.get("beta", 0.5)

    def built(x: Tensor) -> Tensor:
        line = alpha * x + beta
        return torch.where((line > 0) & (line < 1), line, (line >= 1).to(x.dtype))

    return built


def _shrink(node: OnnxNode) -> Built:
    bias, edge = node.get("bias", 0.0), node.get("lambd", 0.5)
    return lambda x: torch.where(x < -edge, x + bias, torch.where(x > edge, x - bias, torch.zeros_like(x)))


def _swish(node: OnnxNode) -> Built:
    alpha = node.get("alpha", 1.0)
    return lambda x: x * torch.sigmoid(alpha * x)


def _gelu(node: OnnxNode) -> Built:
    if node.get("approximate", "none") == "tanh":
        return lambda x: 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return lambda x: 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))


def _prelu(x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x < 0, slope * x, x)


def _divide(x: Tensor, y: Tensor) -> Tensor:
    return x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


def _power(node: OnnxNode) -> Built:
    exponent = node.constants[1]
    if exponent is not None and exponent.numel() == 1 and not exponent.dim():
        number = exponent.item()
        return lambda x, _: torch.pow(x, number).to(x.dtype)
    return lambda x, y: torch.pow(x, y).to(x.dtype)


def _modulo(node: OnnxNode) -> Built:
    return torch.fmod if node.get("fmod", 0) else torch.remainder


def _of_all(operation: Callable[..., Any]) -> Callable[[OnnxNode], Built]:
    """An operation of two as one of any number."""
    return lambda _: lambda *given: functools.reduce(operation, given)


def _mean(*given: Tensor) -> Tensor:
    return functools.reduce(torch.add, given) / len(given)


def _clip(node: OnnxNode) -> Built:
    if node.version < 11:
        return lambda x: torch.clamp(x, node.get("min", None), node.get("max", None))

    def built(x: Tensor, least: Tensor | None = None, most: Tensor | None = None) -> Tensor:
        given = x if least is None else torch.clamp(x, min=least)
        return given if most is None else torch.clamp(given, max=most)

    return built


def _infinite(node: OnnxNode) -> Built:
    below, above = node.get("detect_negative", 1), node.get("detect_positive", 1)
    return lambda x: torch.isinf(x) & (((x < 0) & bool(below)) | ((x > 0) & bool(above)))


def _where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return torch.where(condition, x, y)


def _cast(node: OnnxNode) -> Built:
    dtype = node.dtypes(node.get("to", 0))
    return lambda x: x.to(dtype)


def _dropout(node: OnnxNode) -> Built:
    training = node.constants[2] if len(node.constants) > 2 else None
    if len(node.constants) > 2 and (training is None or bool(training)):
        raise FunctionError("its Dropout is in training mode; export it after .eval()")
    return lambda x, *_: x


ELEMENTWISE: Operators = {
    **{name: _plain(each) for name, each in _UNARY.items()},
    "Cast": _cast,
    "CastLike": _plain(lambda x, like: x.to(like.dtype)),
    "Celu": _celu,
    "Clip": _clip,
    "Div": _plain(_divide),
    "Dropout": _dropout,
    "Elu": _elu,
    "Gelu": _gelu,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _plain(_hard_swish),
    "Identity": _plain(lambda x: x),
    "IsInf": _infinite,
    "LeakyRelu": _leaky_relu,
    "Max": _of_all(torch.maximum),
    "Mean": _plain(_mean),
    "Min": _of_all(torch.minimum),
    "Mish": _plain(_mish),
    "Mod": _modulo,
    "PRelu": _plain(_prelu),
    "Pow": _power,
    "Selu": _selu,
    "Shrink": _shrink,
    "Softplus": _plain(_softplus),
    "Softsign": _plain(_softsign),
    "Sum": _of_all(torch.add),
    "Swish": _swish,
    "ThresholdedRelu": _thresholded_relu,
    "Where": _plain(_where),
}
