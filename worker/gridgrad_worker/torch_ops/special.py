"""The values of the special functions on torch tensors.

torch's own are used where they are right to a few units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gridgrad_worker.torch_ops import gamma, normal

__all__ = ["VALUES"]


def _softplus(x: Tensor) -> Tensor:
    return x.clamp(min=0) + (-x.abs()).exp().log1p()


def _log_sigmoid(x: Tensor) -> Tensor:
    return -_softplus(-x)


def _logit(x: Tensor) -> Tensor:
    middle = (x >= 0.25) & (x <= 0.75)
    # 2x - 1 is exact there, and the difference of the logarithms is not
    return torch.where(middle, 2 * (2 * x - 1).atanh(), x.log() - (-x).log1p())


def _silu(x: Tensor) -> Tensor:
    """Far to the left in two steps, since the sigmoid is below the normal numbers where its product with x is not."""
    half = (0.5 * x).exp()
    return torch.where(x < -64, x * half * half, x * x.sigmoid())


def _gelu(x: Tensor) -> Tensor:
    return x * normal.norm_cdf(x)


def _log_erfc(x: Tensor) -> Tensor:
    beside_zero = (-x.erf()).log1p()  # where the other has lost its digits
    return torch.where(x.abs() < 0.5, beside_zero, torch.special.log_ndtr(-math.sqrt(2) * x) + math.log(2))


def _polygamma(n: int, x: Tensor) -> Tensor:
    return gamma.polygamma(n, x) if n else torch.digamma(x)


VALUES: dict[str, Callable[..., Tensor]] = {
    "erf": torch.erf,
    "erfc": torch.erfc,
    "erfcx": torch.special.erfcx,
    "erfcx_derivative": normal.erfcx_derivative,
    "erfinv": torch.erfinv,
    "log_erfc": _log_erfc,
    "norm_pdf": normal.norm_pdf,
    "norm_cdf": normal.norm_cdf,
    "log_norm_cdf": torch.special.log_ndtr,
    "log_norm_cdf_derivative": normal.log_norm_cdf_derivative,
    "norm_ppf": torch.special.ndtri,
    "sigmoid": torch.sigmoid,
    "log_sigmoid": _log_sigmoid,
    "softplus": _softplus,
    "logit": _logit,
    "silu": _silu,
    "gelu": _gelu,
    "xlogy": torch.special.xlogy,
    "xlog1py": torch.special.xlog1py,
    "entr": torch.special.entr,
    "gamma": gamma.gamma,
    "factorial": lambda x: gamma.gamma(x + 1),
    "lgamma": torch.lgamma,
    "digamma": torch.digamma,
    "polygamma": _polygamma,
}
"""The value of each special function, by name: of tensors of one dtype, integer parameters as ints."""
