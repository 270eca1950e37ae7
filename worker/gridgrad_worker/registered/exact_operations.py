"""Operations of torch whose derivatives it has not, or not in double precision, made of others.

torch's slope of celu has its alpha in float32, that of hardsigmoid a float32 sixth (3e-8 off), and that has no second
forward derivative; forward over forward mode of layer_norm is wrong. Values and the sides taken at ties are torch's.
Exported and traced modules call the same operations by their names in torch.ops.aten. Attention goes by its formula,
since the fused kernels of it have no derivatives in forward mode, and batch norm by its statistics as product and sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import torch
from torch import Tensor
from torch._C import _functorch as functorch
from torch._library.custom_ops import OPDEFS  # no public name tells custom operations from C++ ones with derivatives
from torch._ops import OpOverload
from torch.autograd import forward_ad
from torch.overrides import TorchFunctionMode

from gridgrad_core.errors import RequestError

__all__ = ["ExactOperations"]


def _celu(x: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:  # noqa: ARG001 - torch's signature
    below = torch.where(x > 0, torch.zeros_like(x), x)  # where it is not chosen it must not overflow
    return torch.where(x > 0, x, alpha * torch.expm1(below / alpha))


def _hardsigmoid(x: Tensor, inplace: bool = False) -> Tensor:  # noqa: ARG001 - torch's signature
    return torch.where((x > -3) & (x < 3), x / 6 + 0.5, (x >= 3).to(x.dtype))


def _layer_norm(
    x: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,  # noqa: ARG001 - torch's signature
) -> Tensor:
    return _native_layer_norm(x, normalized_shape, weight, bias, eps)[0]


def _native_layer_norm(
    x: Tensor, normalized_shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    dims = tuple(range(-len(normalized_shape), 0))
    mean = x.mean(dims, keepdim=True)
    scale = torch.rsqrt(((x - mean) ** 2).mean(dims, keepdim=True) + eps)
    scaled = (x - mean) * scale
    weighted = scaled if weight is None else scaled * weight
    return weighted if bias is None else weighted + bias, mean, scale


def _batch_norm(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    if training or running_mean is None or running_var is None:
        return torch.batch_norm(x, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled)
    sizes = [1, -1, *[1] * (x.dim() - 2)]
    scale = torch.rsqrt(running_var + eps) if weight is None else weight * torch.rsqrt(running_var + eps)
    found = (x - running_mean.reshape(sizes)) * scale.reshape(sizes)
    return found if bias is None else found + bias.reshape(sizes)


_aten = torch.ops.aten
_EXACT: dict[Any, Callable[..., Any]] = {
    torch.batch_norm: _batch_norm,
    _aten.batch_norm.default: _batch_norm,
    torch.celu: _celu,
    _aten.celu.default: _celu,
    torch.nn.functional.celu: _celu,
    torch.nn.functional.hardsigmoid: _hardsigmoid,
    _aten.hardsigmoid.default: _hardsigmoid,
    torch.nn.functional.layer_norm: _layer_norm,
    torch.layer_norm: _layer_norm,
    _aten.layer_norm.default: _layer_norm,
    _aten.native_layer_norm.default: _native_layer_norm,
}


def _is_differentiated(argument: object) -> bool:
    """Whether it is differentiated, in forward or reverse mode."""
    if not isinstance(argument, Tensor):
        return False
    if argument.requires_grad and functorch.is_gradtrackingtensor(argument):
        return True
    dual = forward_ad.unpack_dual(argument)  # type: ignore[no-untyped-call] # torch has no types there
    return dual.tangent is not None


_fused: Any = torch.backends.cuda  # on processors too, by the same switches
_FUSED_ATTENTION: tuple[tuple[Callable[[], bool], Callable[[bool], None]], ...] = (
    (_fused.flash_sdp_enabled, _fused.enable_flash_sdp),
    (_fused.mem_efficient_sdp_enabled, _fused.enable_mem_efficient_sdp),
    (_fused.cudnn_sdp_enabled, _fused.enable_cudnn_sdp),
)


class ExactOperations(TorchFunctionMode):
    """While it is entered, calls of these operations go to their replacements, and custom ones lose no derivative."""

    def __enter__(self) -> Self:
        # torch.nn.attention.sdpa_kernel does the same, and takes as long as ten operations
        self._fused = [is_on() for is_on, _ in _FUSED_ATTENTION]
        for _, switch in _FUSED_ATTENTION:
            switch(False)
        super().__enter__()  # type: ignore[no-untyped-call] # torch has no types there
        return self

    def __exit__(self, *raised: Any) -> None:
        super().__exit__(*raised)  # type: ignore[no-untyped-call] # torch has no types there
        for was_on, (_, switch) in zip(self._fused, _FUSED_ATTENTION, strict=True):
            switch(was_on)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Calls one operation.

        Raises:
            RequestError: it is a custom one, which is to be differentiated.
        """
        name = str(func.name()) if isinstance(func, OpOverload) else ""  # type: ignore[no-untyped-call] # untyped
        if name in OPDEFS and any(map(_is_differentiated, args)):
            raise RequestError(
                "function.registered",
                f"the custom operation {name} has no derivative here: torch takes its forward one for 0, "
                "and its reverse one is not for torch.func",
                "write it with operations of torch, or as a torch.autograd.Function with generate_vmap_rule and jvp",
            )
        return _EXACT.get(func, func)(*args, **(kwargs or {}))
