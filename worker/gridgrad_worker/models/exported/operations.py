"""The operations that an exported program may call, by name: functions of tensors without effects outside of them.

Others are refused, among them what reads files (`from_file`) or memory that nobody wrote (`empty`), custom operations,
which have no derivative here, and blocks with control flow or without gradients.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload  # no public name has it

from gridgrad_worker.registered.registration import FunctionError

__all__ = ["CHECKS", "FACTORIES", "operation"]

_NAMES = """
_log_softmax _softmax _to_copy _unsafe_index _unsafe_view abs absolute acos acosh add addcdiv addcmul addmm addmv addr
alias all amax amin aminmax any arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax argmin as_strided
asin asinh atan atan2 atanh atleast_1d atleast_2d baddbmm batch_norm bilinear bitwise_and bitwise_not bitwise_or
bitwise_xor bmm broadcast_tensors broadcast_to bucketize cat ceil celu chunk clamp clamp_max clamp_min clip clone
column_stack concat concatenate constant_pad_nd contiguous conv1d conv2d copysign cos cosh cosine_similarity cross
cumprod cumsum deg2rad det detach diag diagonal diff digamma div divide dot dropout einsum elu embedding eq erf erfc
erfinv exp exp2 expand expand_as expm1 eye feature_dropout flatten flip floor floor_divide fmax fmin fmod frac full
full_like gather ge gelu glu group_norm gt hardshrink hardsigmoid hardswish hardtanh heaviside hstack huber_loss hypot
index index_put index_select inner instance_norm isfinite isinf isnan kron layer_norm ldexp le leaky_relu lerp lgamma
lift_fresh_copy linalg_cross linalg_det linalg_inv linalg_matmul linalg_matrix_norm linalg_norm linalg_solve
linalg_solve_triangular linalg_vector_norm linear linspace log log10 log1p log2 log_sigmoid log_sigmoid_forward
log_softmax logaddexp logaddexp2 logical_and logical_not logical_or logical_xor logit logsumexp lt masked_fill matmul
max maximum mean meshgrid min minimum mish mm movedim mul multiply mv nan_to_num narrow native_batch_norm
native_dropout native_group_norm native_layer_norm ne neg negative new_full new_ones new_zeros norm numpy_T ones
ones_like outer pad permute pixel_shuffle pow prelu prod rad2deg ravel reciprocal relu relu6 remainder repeat
repeat_interleave reshape reshape_as rms_norm roll round rrelu rrelu_with_noise rsqrt rsub scalar_tensor
scaled_dot_product_attention searchsorted select selu sgn sigmoid sign silu sin sinc sinh slice softmax softplus
softshrink special_entr special_erf special_erfc special_erfcx special_exp2 special_expit special_expm1
special_gammainc special_gammaincc special_gammaln special_i0 special_i0e special_i1 special_i1e special_log1p
special_log_ndtr special_log_softmax special_logit special_logsumexp special_ndtr special_ndtri special_psi
special_sinc special_softmax special_xlog1py special_xlogy split split_with_sizes sqrt square squeeze stack std
std_mean sub subtract sum swapaxes sym_size t take tan tanh tanhshrink tensordot threshold tile to topk transpose tril
triu true_divide trunc type_as unbind unflatten unfold unsafe_chunk unsafe_split unsqueeze var var_mean vdot view
view_as vstack where xlogy zeros zeros_like
"""
_ALLOWED = frozenset(_NAMES.split())
FACTORIES = frozenset(("full", "zeros", "ones", "linspace", "eye", "scalar_tensor", "arange"))
"""Those whose dtype is torch's default where the program does not say it."""
CHECKS = frozenset(
    f"torch.ops.aten.{name}.default"
    for name in (
        *("_assert_tensor_metadata", "_assert_scalar", "_assert_async", "sym_constrain_range"),
        "sym_constrain_range_for_size",
    )
)
"""Those of sizes and dtypes as they were when it was exported, which are left out."""
_WITHOUT_TENSORS: dict[str, Callable[..., Any]] = {
    f"_operator.{name}": getattr(operator, name)
    for name in ("add", "sub", "mul", "floordiv", "mod", "neg", "getitem", "eq", "ne", "lt", "le", "gt", "ge")
} | {"torch.sym_max": torch.sym_max, "torch.sym_min": torch.sym_min}


def operation(target: str) -> Callable[..., Any]:
    """What a target names.

    Raises:
        FunctionError: an operation that is not run here.
    """
    if target in _WITHOUT_TENSORS:
        return _WITHOUT_TENSORS[target]
    name, _, overload = target.removeprefix("torch.ops.aten.").partition(".")
    inner = name.removesuffix("_") if not name.startswith("_") else name
    if not target.startswith("torch.ops.aten.") or inner not in _ALLOWED:
        raise FunctionError(f"it calls {target[:200]}, which is not run here; {_cure(target)}")
    if name == "sym_size":
        return _size
    if name in ("lift_fresh_copy", "detach_"):
        return torch.detach
    found = getattr(getattr(torch.ops.aten, name, None), overload, None)
    if not isinstance(found, OpOverload) or any(each.is_out for each in found._schema.arguments):
        raise FunctionError(f"it calls {target[:200]}, which this torch has not; export it again with its version")
    return found


def _size(x: Tensor, dim: int) -> int:
    return x.shape[dim]


def _cure(target: str) -> str:
    if "set_grad_enabled" in target:
        return "take torch.no_grad() out of forward"
    if "higher_order" in target:
        return "write torch.where in place of branches, and steps in place of loops"
    if not target.startswith("torch.ops.aten."):
        return "write it with operations of torch, since custom ones have no derivatives here"
    return "write it with other operations of torch"
