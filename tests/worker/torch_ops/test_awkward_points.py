"""What functions and their derivatives are where mathematics leaves a choice, as the docs state it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from tests.worker.partials import partials

pytestmark = pytest.mark.processor

INF, NAN, PI = math.inf, math.nan, math.pi
MAX = torch.finfo(torch.float64).max

OF_ONE: list[tuple[str, float, Sequence[float]]] = [
    # the expression, x, and its derivatives by x from order 0 on
    ("x**2", 0, (0, 0, 2, 0, 0)),
    ("x**2", -3, (9, -6, 2, 0, 0)),
    ("x**3", 0, (0, 0, 0, 6, 0)),
    ("x**1", 0, (0, 1, 0, 0, 0)),
    ("x**0", 0, (1, 0, 0, 0, 0)),
    ("x**4", 0, (0, 0, 0, 0, 24)),
    ("x**-1", 0, (INF, -INF, INF)),
    ("x**0.5", 0, (0, INF, -INF)),
    ("x**2.5", 0, (0, 0, 0, INF)),
    ("x**0.5", -1, (NAN, NAN)),
    ("(-8)**(1/3) + 0*x", 1, (NAN,)),
    ("0**x", 0, (1, 0, 0)),
    ("0**x", 2, (0, 0, 0)),
    ("0**x", -1, (INF, -INF)),
    ("x**x", 0, (1, 0)),
    ("1/x", 0, (INF, -INF)),
    ("x/x", 0, (NAN,)),
    ("sqrt(x)", 0, (0, INF, -INF)),
    ("lambertw(x)", 0, (0, 1, -2, 9, -64)),
    ("lambertw(x)", INF, (INF, 0)),
    ("lambertw(x)", -0.36787944117144233, (NAN,)),
    ("lambertw(x, -1)", 0, (-INF,)),
    ("lambertw(x, -1)", 1, (NAN, NAN)),
    ("erfcinv(x)", 0, (INF, -INF)),
    ("erfcinv(x)", 2, (-INF, -INF)),
    ("erfcinv(x)", 2.5, (NAN,)),
    ("log_erfc(x)", 0, (0, -2 / math.sqrt(PI), -4 / PI)),
    ("i0(x)", 0, (1, 0, 0.5, 0, 0.375)),
    ("i1(x)", -INF, (-INF, INF)),
    ("y0(x)", 0, (-INF, INF)),
    ("y0(x)", -1, (NAN, NAN)),
    ("yn(2, x)", INF, (0, 0)),
    ("k0(x)", 0, (INF, -INF, INF)),
    ("k1(x)", -1, (NAN,)),
    ("kn(2, x)", INF, (0, 0)),
    ("j0(x)", 0, (1, 0, -0.5, 0, 0.375)),
    ("jn(3, x)", 0, (0, 0, 0, 0.125, 0)),
    ("j0(x)", INF, (0, 0, 0)),
    ("jn(3, x)", -INF, (0, 0, 0)),
    ("j1(x)", NAN, (NAN, NAN)),
    ("sqrt(x)", -1, (NAN, NAN, NAN)),
    ("cbrt(x)", 0, (0, INF)),
    ("cbrt(x)", -INF, (-INF, 0)),
    ("log(x)", 0, (-INF, INF, -INF)),
    ("log(x)", -1, (NAN,)),
    ("log1p(x)", -1, (-INF, INF)),
    ("abs(x)", 0, (0, 0, 0)),
    ("sign(x)", 0, (0, 0, 0)),
    ("sign(x)", NAN, (NAN, 0)),
    ("floor(x)", 2, (2, 0, 0)),
    ("rint(x)", 2.5, (2, 0, 0)),
    ("rint(x)", 3.5, (4, 0, 0)),
    ("x % 2", 4, (0, 1, 0)),
    ("-7 % x", 4, (1, 2, 0)),
    ("fmod(-7, x)", 4, (-3, 1, 0)),
    ("x // 2", 4, (2, 0, 0)),
    ("x // 2", -5, (-3, 0, 0)),
    ("x % 0", 1, (NAN,)),
    ("max(x, 1)", 1, (1, 0.5, 0)),
    ("max(x, x)", 1, (1, 1, 0)),
    ("max(x**2, x**3)", 1, (1, 2.5, 4, 3, 0)),
    ("min(x, 1)", 1, (1, 0.5, 0)),
    ("max(x, 1)", NAN, (NAN,)),
    ("min(1, x)", NAN, (NAN,)),
    ("fmax(x, 1)", NAN, (1, 0)),
    ("fmin(1, x)", NAN, (1, 0)),
    ("fmax(x, 1)", 1, (1, 0.5, 0)),
    ("max(x, -x)", 0, (0, 0, 0)),
    ("clip(x, 0, 1)", 0, (0, 0.5, 0)),
    ("clip(x, 0, 1)", 1, (1, 0.5, 0)),
    ("clip(x, 0, 1)", 2, (1, 0, 0)),
    ("clip(0, x, 1)", 0, (0, 0.5, 0)),
    ("clip(0, -1, x)", 0, (0, 0.5, 0)),
    ("clip(0.5, x, -1)", 1, (-1, 0, 0)),
    ("clip(0.5, 1, x)", -1, (-1, 1, 0)),
    ("clip(x, 0, 1)", NAN, (NAN,)),
    ("relu(x)", 0, (0, 0.5, 0)),
    ("heaviside(x, 0.5)", 0, (0.5, 0, 0)),
    ("heaviside(0, x)", 0.25, (0.25, 1, 0)),
    ("heaviside(x, 0.5)", NAN, (NAN,)),
    ("copysign(x, -1)", 0, (-0.0, 0, 0)),
    ("copysign(3, x)", -0.0, (-3, 0, 0)),
    ("copysign(x, -1)", -2, (-2, 1, 0)),
    ("nan_to_num(x)", NAN, (0, 0, 0)),
    ("nan_to_num(x)", INF, (MAX, 0, 0)),
    ("nan_to_num(x)", -INF, (-MAX, 0, 0)),
    ("nan_to_num(x)", 3, (3, 1, 0)),
    ("hypot(x, 0)", 0, (0, 0, NAN)),
    ("hypot(x, 0)", -2, (2, -1, 0, 0, 0)),
    ("direction(x, 0)", 0, (0, NAN)),
    ("arctan2(x, 0)", 0, (0, NAN)),
    ("arctan2(0, x)", 0, (0, NAN)),
    ("arctan2(x, -1)", 0, (PI, -1)),
    ("arctan2(x, -1)", -0.0, (-PI, -1)),
    ("arcsin(x)", 1, (PI / 2, INF)),
    ("arccos(x)", 1, (0, -INF)),
    ("arcsin(x)", 1.5, (NAN, NAN)),
    ("arccosh(x)", 1, (0, INF)),
    ("arctanh(x)", 1, (INF, INF)),
    ("sinc(x)", 0, (1, 0, -(PI**2) / 3, 0, PI**4 / 5)),
    ("sinc(x)", 1, (0, -1, 2)),
    ("sin(x)", INF, (NAN,)),
    ("exp(x)", 1000, (INF, INF)),
    ("exp(x)", -INF, (0, 0, 0)),
    ("tanh(x)", 400, (1, 0, 0, 0, 0)),
    ("sigmoid(x)", -1000, (0, 0, 0, 0, 0)),
    ("softplus(x)", 1000, (1000, 1, 0, 0, 0)),
    ("logaddexp(x, 0)", 1000, (1000, 1, 0, 0, 0)),
    ("logaddexp(x, x)", INF, (INF, NAN)),
    ("erf(x)", INF, (1, 0)),
    ("erfinv(x)", 1, (INF, INF)),
    ("erfinv(x)", 1.5, (NAN,)),
    ("norm_ppf(x)", 0, (-INF, INF)),
    ("norm_ppf(x)", 1, (INF, INF)),
    ("norm_cdf(x)", -INF, (0, 0)),
    ("log_norm_cdf(x)", -1e160, (-INF, 1e160, -1, 0)),
    ("log_norm_cdf(x)", 1e160, (0, 0, 0)),
    ("erfcx(x)", 1e160, (1e-160 / math.sqrt(PI), 0)),
    ("logit(x)", 0, (-INF, INF)),
    ("xlogy(x, 0)", 0, (0, -INF)),
    ("xlogy(0, x)", 0, (0, 0)),
    ("xlogy(0, x)", NAN, (NAN,)),
    ("xlogy(x, 2)", 0, (0, math.log(2), 0)),
    ("xlog1py(0, x)", -1, (0, 0)),
    ("entr(x)", 0, (0, INF)),
    ("entr(x)", -1, (-INF,)),
    ("gamma(x)", 0, (INF,)),
    ("gamma(x)", -0.0, (-INF,)),
    ("gamma(x)", -1, (NAN,)),
    ("gamma(x)", 5, (24,)),
    ("gamma(x)", 200, (INF,)),
    ("lgamma(x)", -1, (INF,)),
    ("lgamma(x)", 1, (0, -np.euler_gamma, PI**2 / 6)),
    ("digamma(x)", -1, (NAN,)),
    ("polygamma(1, x)", 0, (INF,)),
    ("polygamma(1, x)", -2, (INF,)),
    ("polygamma(2, x)", -2, (NAN,)),
    # Guards: the other side counts for nothing, infinite or not
    ("where(x > 0, log(x), 0)", 0, (0, 0, 0, 0, 0)),
    ("where(x > 0, log(x), 0)", -1, (0, 0, 0, 0, 0)),
    ("where(x > 0, sqrt(x), 0)", 0, (0, 0, 0, 0, 0)),
    ("where(x != 0, sin(x)/x, 1 - x**2/6)", 0, (1, 0, -1 / 3, 0, 0)),
    ("1/x if x else 0", 0, (0, 0, 0, 0, 0)),
    ("max(1, sqrt(x))", 0, (1, 0, 0)),
    ("min(0 - 1, 1/x)", 0, (-1, 0, 0)),
    ("fmax(1, sqrt(x))", 0, (1, 0, 0)),
    ("clip(sqrt(x), 1, 2)", 0, (1, 0, 0)),
    ("relu(-1 - cbrt(x))", 0, (0, 0, 0)),
    ("where(x > 0, x**x, 2)", 0, (2, 0, 0)),
    ("where(x > 0, gamma(x), lgamma(2 + x))", 0, (0, 1 - np.euler_gamma, PI**2 / 6 - 1)),
]


@pytest.mark.parametrize(("text", "x", "derivatives"), OF_ONE)
def test_derivatives_at_awkward_points(text: str, x: float, derivatives: Sequence[float]) -> None:
    for n, want in enumerate(derivatives):
        # Beside a point where all is smooth, so that nothing of one spills over to the other
        got, _ = partials(text, {"x": [x, 0.75]}, "x" * n)
        assert got == pytest.approx(want, rel=1e-14, abs=1e-14, nan_ok=True), f"derivative {n}"


OF_TWO: list[tuple[str, tuple[float, float], str, float]] = [
    ("x**y", (0, 0), "", 1),
    ("x**y", (0, 0), "x", 0),
    ("x**y", (0, 2), "x", 0),
    ("x**y", (0, 2), "xx", 2),
    ("x**y", (0, 2), "xxx", 0),
    ("x**y", (0, 1), "x", 1),
    ("x**y", (0, 2), "y", 0),
    ("x**y", (0, 2), "xy", 0),
    ("x**y", (0, 0), "y", 0),
    ("x**y", (-2, 2), "x", -4),
    ("x**y", (-2, 3), "xx", -12),
    ("x**y", (-2, 2), "y", NAN),
    ("x**y", (2, 0), "x", 0),
    ("x**y", (2, 0), "xy", 0.5),
    ("x**y", (2, 0), "y", math.log(2)),
    ("hypot(x, y)", (0, 0), "x", 0),
    ("hypot(x, y)", (0, 0), "y", 0),
    ("hypot(x, y)", (0, 0), "xy", NAN),
    ("hypot(x, y)", (0, 3), "xx", 1 / 3),
    ("max(x, y)", (1, 1), "x", 0.5),
    ("max(x, y)", (1, 1), "y", 0.5),
    ("max(x, y)", (1, 1), "xy", 0),
    ("min(x, y)", (1, 2), "y", 0),
    ("max(x, y, 3)", (3, 3), "x", 0.25),
    ("x*y if x > 0 else y", (0, 2), "x", 0),
    ("gammainc(x, y)", (0, 2), "", 1),
    ("gammainc(x, y)", (0, 0), "", NAN),
    ("gammainc(x, y)", (-1, 2), "", NAN),
    ("gammainc(x, y)", (2, -1), "", NAN),
    ("gammainc(x, y)", (2, INF), "", 1),
    ("gammainc(x, y)", (INF, 2), "", 0),
    ("gammainc(x, y)", (2, INF), "x", 0),
    ("gammainc(x, y)", (2, INF), "y", 0),
    ("gammainc(x, y)", (2, 0), "", 0),
    ("gammainc(x, y)", (2, 0), "x", 0),
    ("gammainc(x, y)", (2, 0), "y", 0),
    ("gammainc(x, y)", (2, 0), "yy", 1),
    ("gammainc(x, y)", (2, 0), "yyy", -2),
    ("gammainc(x, y)", (1, 0), "y", 1),
    ("gammainc(x, y)", (1, 0), "xy", -INF),
    ("gammainc(x, y)", (0.5, 0), "y", INF),
    ("gammainc(x, y)", (0.5, 0), "yy", -INF),
    ("gammainc(x, y)", (3, 0), "xy", 0),
    ("gammaincinv(x, y)", (2, 0), "", 0),
    ("gammaincinv(x, y)", (2, 1), "", INF),
    ("gammaincinv(x, y)", (2, 1.5), "", NAN),
    ("gammaincinv(x, y)", (0, 0.5), "", NAN),
    ("gammaincc(x, y)", (0, 2), "", 0),
    ("gammaincc(x, y)", (2, INF), "", 0),
    ("gammaincc(x, y)", (2, 0), "", 1),
    ("beta(x, y)", (0, 2), "", INF),
    ("beta(x, y)", (-0.5, 2), "", NAN),
    ("beta(x, y)", (INF, 2), "", 0),
    ("betaln(x, y)", (0, 2), "", INF),
    ("betaln(x, y)", (1, 1), "", 0),
    ("betaln(x, y)", (1, -1), "", NAN),
    ("owens_t(x, y)", (0, 1), "", 0.125),
    ("owens_t(x, y)", (3, 0), "", 0),
    ("xlogy(x, y)", (0, 2), "xy", 0.5),
    ("xlogy(x, y)", (0, 0), "y", 0),
    ("arctan2(y, x)", (-1, 0), "x", 0),
    ("arctan2(y, x)", (-1, 0), "y", -1),
    ("sqrt(x) + y**2", (0, 3), "y", 6),
    ("sqrt(x)*y", (0, 3), "y", 0),
    ("x % y", (6, 3), "y", -2),
    ("x % y", (6, -4), "", -2),
    ("x % y", (6, -4), "y", 2),
]


@pytest.mark.parametrize(("text", "point", "wrt", "want"), OF_TWO)
def test_partials_at_awkward_points(text: str, point: tuple[float, float], wrt: str, want: float) -> None:
    (got,) = partials(text, {"x": [point[0]], "y": [point[1]]}, wrt)
    assert got == pytest.approx(want, rel=1e-15, abs=0, nan_ok=True)


SPECIAL = (-INF, -2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 1.5, 2.5, INF, NAN)
LIKE_NUMPY_OF_ONE = [
    "sqrt",
    "cbrt",
    "square",
    "reciprocal",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "arccosh",
    "arctanh",
    "degrees",
    "radians",
    "sinc",
    "abs",
    "sign",
    "floor",
    "ceil",
    "trunc",
    "rint",
    "positive",
    "negative",
    "nan_to_num",
]
LIKE_NUMPY_OF_TWO = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "floor_divide",
    "remainder",
    "fmod",
    "power",
    "hypot",
    "arctan2",
    "logaddexp",
    "logaddexp2",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "copysign",
    "heaviside",
]
TESTS_OF_NUMPY = ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit")


@pytest.mark.parametrize("name", LIKE_NUMPY_OF_ONE)
def test_special_numbers_are_what_numpy_makes_of_them(name: str) -> None:
    with np.errstate(all="ignore"):
        want = getattr(np, name)(np.array(SPECIAL))
    np.testing.assert_allclose(partials(f"{name}(x)", {"x": SPECIAL}), want, rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize("name", LIKE_NUMPY_OF_TWO)
def test_pairs_of_special_numbers_are_what_numpy_makes_of_them(name: str) -> None:
    x, y = (a.ravel() for a in np.meshgrid(SPECIAL, SPECIAL))
    with np.errstate(all="ignore"):
        want = getattr(np, name)(x, y)
    got = np.array(partials(f"{name}(x, y)", {"x": x.tolist(), "y": y.tolist()}))
    np.testing.assert_allclose(got, want, rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize("name", TESTS_OF_NUMPY)
def test_conditions_are_numpys(name: str) -> None:
    want = getattr(np, name)(np.array(SPECIAL))
    assert partials(f"where({name}(x), 1, 0)", {"x": SPECIAL}) == want.tolist()
