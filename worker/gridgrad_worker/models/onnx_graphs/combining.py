"""Operators that make numbers of many: products of matrices, sums, norms and normalisations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gridgrad_worker.models.onnx_graphs.node import Built, OnnxNode, Operators
from gridgrad_worker.registered.registration import FunctionError

__all__ = ["COMBINING"]

_EPSILON = 9.99999974737875163555145263671875e-06  # 1e-5 as attributes have it, in single precision
_Reduction = Callable[[Tensor, list[int], bool], Tensor]


def _gemm(node: OnnxNode) -> Built:
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)

    def built(a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
        left, right = a.T if node.get("transA", 0) else a, b.T if node.get("transB", 0) else b
        product = left @ right if alpha == 1 else alpha * (left @ right)
        return product if c is None else product + (c if beta == 1 else beta * c)

    return built


def _reduction(reduce: _Reduction, axes_since: int) -> Callable[[OnnxNode], Built]:
    def build(node: OnnxNode) -> Built:
        axes = node.ints("axes", 1, axes_since)
        keeps, nothing = bool(node.get("keepdims", 1)), not axes and node.get("noop_with_empty_axes", 0)

        def built(x: Tensor, *_: Any) -> Tensor:
            dims = [axis % x.dim() for axis in axes] if axes else list(range(x.dim()))
            return x if nothing else reduce(x, dims, keeps)

        return built

    return build


def _product(x: Tensor, dims: list[int], keeps: bool) -> Tensor:
    for dim in sorted(dims, reverse=True):
        x = x.prod(dim, keepdim=keeps)
    return x


def _sum(x: Tensor, dims: list[int], keeps: bool) -> Tensor:
    return x.sum(dims, keepdim=keeps)


def _extreme(node: OnnxNode, find: Callable[..., Tensor]) -> Built:
    axis, keeps, last = node.get("axis", 0), bool(node.get("keepdims", 1)), node.get("select_last_index", 0)

    def built(x: Tensor) -> Tensor:
        found = find(x.flip(axis) if last else x, axis, keepdim=keeps)
        return x.shape[axis] - 1 - found if last else found

    return built


def _softmax(operation: Callable[..., Tensor]) -> Callable[[OnnxNode], Built]:
    """Along one axis; before version 13 over all dims from the axis on, as one."""

    def build(node: OnnxNode) -> Built:
        if node.version >= 13:
            axis = node.get("axis", -1)
            return lambda x: operation(x, axis)
        axis = node.get("axis", 1)
        return lambda x: operation(x.reshape(math.prod(x.shape[:axis]), -1), 1).reshape(x.shape)

    return build


def _batch_norm(node: OnnxNode) -> Built:
    if node.get("training_mode", 0) or node.outputs > 1:
        raise FunctionError("its BatchNormalization is in training mode; export it after .eval()")
    epsilon = node.get("epsilon", _EPSILON)

    def built(x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        sizes = [1, -1, *[1] * (x.dim() - 2)]
        wide = [each.reshape(sizes) for each in (scale, bias, mean, variance)]
        return (x - wide[2]) / torch.sqrt(wide[3] + epsilon) * wide[0] + wide[1]

    return built


def _layer_norm(node: OnnxNode) -> Built:
    axis, epsilon = node.get("axis", -1), node.get("epsilon", _EPSILON)

    def built(x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Any:
        dims = list(range(axis % x.dim(), x.dim()))
        mean = x.mean(dims, keepdim=True)
        inverse = 1 / torch.sqrt(((x - mean) ** 2).mean(dims, keepdim=True) + epsilon)
        found = (x - mean) * inverse * scale
        outputs = (found if bias is None else found + bias, mean, inverse)
        return outputs[: node.outputs] if node.outputs > 1 else outputs[0]

    return built


def _root_mean_square(node: OnnxNode) -> Built:
    axis, epsilon = node.get("axis", -1), node.get("epsilon", _EPSILON)

    def built(x: Tensor, scale: Tensor) -> Tensor:
        dims = list(range(axis % x.dim(), x.dim()))
        return x / torch.sqrt((x**2).mean(dims, keepdim=True) + epsilon) * scale

    return built


def _einsum(node: OnnxNode) -> Built:
    equation = node.get("equation", "")
    return lambda *given: torch.einsum(equation, *given)


COMBINING: Operators = {
    "ArgMax": lambda node: _extreme(node, torch.argmax),
    "ArgMin": lambda node: _extreme(node, torch.argmin),
    "BatchNormalization": _batch_norm,
    "Einsum": _einsum,
    "Gemm": _gemm,
    "LayerNormalization": _layer_norm,
    "LogSoftmax": _softmax(torch.log_softmax),
    "MatMul": lambda _: torch.matmul,
    "RMSNormalization": _root_mean_square,
    "ReduceL1": _reduction(lambda x, dims, keeps: x.abs().sum(dims, keepdim=keeps), 18),
    "ReduceL2": _reduction(lambda x, dims, keeps: (x * x).sum(dims, keepdim=keeps).sqrt(), 18),
    "ReduceLogSum": _reduction(lambda x, dims, keeps: x.sum(dims, keepdim=keeps).log(), 18),
    "ReduceLogSumExp": _reduction(lambda x, dims, keeps: torch.logsumexp(x, dims, keepdim=keeps), 18),
    "ReduceMax": _reduction(lambda x, dims, keeps: torch.amax(x, dims, keepdim=keeps), 18),
    "ReduceMean": _reduction(lambda x, dims, keeps: x.mean(dims, keepdim=keeps), 18),
    "ReduceMin": _reduction(lambda x, dims, keeps: torch.amin(x, dims, keepdim=keeps), 18),
    "ReduceProd": _reduction(_product, 18),
    "ReduceSum": _reduction(_sum, 13),
    "ReduceSumSquare": _reduction(lambda x, dims, keeps: (x * x).sum(dims, keepdim=keeps), 18),
    "Softmax": _softmax(torch.softmax),
}
