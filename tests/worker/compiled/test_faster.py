"""What is written otherwise for the compiler, against mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import torch

from gridgrad_worker.compiled.faster import FASTER
from gridgrad_worker.operations import VALUES

X = np.concatenate([np.linspace(-7, 26, 500), np.random.default_rng(0).uniform(0, 6, 500), [0.0, 1e-300, -1e-9]])


def test_the_complementary_error_function_is_right_to_few_units() -> None:
    got = FASTER["erfc"](torch.from_numpy(X)).numpy()
    with mpmath.workdps(40):
        errors = [
            abs(mpmath.mpf(float(g)) / mpmath.erfc(mpmath.mpf(float(x))) - 1) for g, x in zip(got, X, strict=True)
        ]
    assert max(errors) < 5 * np.finfo(float).eps


def test_what_is_far_out_is_as_in_the_direct_tier() -> None:
    x = torch.tensor([27.5, 30.0, 1e300, np.inf, -30.0, -np.inf, np.nan], dtype=torch.float64)
    np.testing.assert_array_equal(FASTER["erfc"](x).numpy(), VALUES["erfc"](x).numpy())


def test_all_else_is_what_the_direct_tier_computes() -> None:
    assert {name for name in VALUES if FASTER[name] is not VALUES[name]} == {"erfc", "norm_cdf", "gelu"}
    for name in ("norm_cdf", "gelu"):
        for dtype, tolerance in ((torch.float64, 2e-14), (torch.float32, 0)):
            x = torch.linspace(-9, 9, 101, dtype=dtype)
            np.testing.assert_allclose(FASTER[name](x).numpy(), VALUES[name](x).numpy(), rtol=tolerance, atol=0)
