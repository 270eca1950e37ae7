"""Every function of one number to order 4 against mpmath, over its domain and into its tails."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp
import pytest
import torch

from gridgrad.checks.mpmath_functions import VALUES as PRECISE
from gridgrad.checks.mpmath_reference import DIGITS, partial
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.torch_ops.table import VALUES
from tests.worker.lattice import all_partials
from tests.worker.partials import partials

pytestmark = pytest.mark.processor

ORDER = 4
DIGITS_IN_TAILS = 360  # mpmath's differences must resolve e⁻⁷⁰⁰ beside 1
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}

# Numbers of float32, so that both dtypes meet the same points
EVERYWHERE = (-20.0, -3.25, -0.625, -0.0009765625, 0.0001220703125, 0.4375, 1.0, 2.5, 17.0)
POSITIVE = (0.0001220703125, 0.4375, 0.96875, 1.0, 1.0625, 2.5, 17.0, 1024.0)
TAILS = (-700.0, -100.0, -38.0, 38.0, 100.0, 700.0)
INSIDE = (-0.998046875, -0.625, -0.0009765625, 0.0001220703125, 0.4375, 0.998046875)
NORMAL = (-10.0, -5.5, -2.25, -1.53125, -1.46875, -0.75, -0.25, 0.0009765625, 1.375, 4.0)
GAMMA = (0.0009765625, 0.4375, 0.9375, 1.0, 1.125, 1.5, 2.0, 2.25, 3.75, 12.5, 30.25)
NEGATIVE_GAMMA = (-0.0009765625, -0.4375, -1.25, -2.75, -6.375, -15.5)
QUOTIENTS = (
    -60.0, -6.125, -3.25, -1.625, -0.0009765625, 0.0, 9.5367431640625e-07, 0.0078125, 0.4375, 0.78125, 0.8125, 1.59375,
    2.75, 17.0,
)  # fmt: skip
LOGARITHMIC = (-0.96875, -0.75, -0.4375, -0.40625, -0.0009765625, 0.0, 1e-6, 0.0078125, 0.5, 1.4375, 1.5625, 17.0, 1e6)
BESSEL = (-60.125, -3.8125, -0.0009765625, 0.0, 0.0001220703125, 0.4375, 2.40625, 5.5, 17.0, 25.5, 1000.25)
PROBABILITIES = (0.0009765625, 0.03125, 0.25, 0.4375, 0.625, 0.96875, 0.9990234375)

POINTS: dict[str, tuple[float, ...]] = {
    "sqrt(x)": POSITIVE,
    "cbrt(x)": (-64.0, -0.03125, *POSITIVE),
    "square(x)": EVERYWHERE,
    "reciprocal(x)": EVERYWHERE,
    "exp(x)": EVERYWHERE,
    "exp2(x)": EVERYWHERE,
    "expm1(x)": EVERYWHERE,
    "log(x)": POSITIVE,
    "log2(x)": POSITIVE,
    "log10(x)": POSITIVE,
    "log1p(x)": (-0.96875, -0.0009765625, *POSITIVE),
    "sin(x)": EVERYWHERE,
    "cos(x)": EVERYWHERE,
    "tan(x)": EVERYWHERE,
    "arcsin(x)": INSIDE,
    "arccos(x)": INSIDE,
    "arctan(x)": (*EVERYWHERE, 1e6),
    "sinc(x)": (*EVERYWHERE, 0.0, 1.25, -2.375, 1000.25),
    "sinc_derivative(1, x)": (-2.375, 0.4375, 0.0, 9.25),
    "sinc_derivative(4, x)": (-2.375, 0.4375, 0.0, 9.25),
    **dict.fromkeys(("exprel(x)", "bernoulli(x)", "tanhc(x)", "langevin(x)"), QUOTIENTS),
    **{f"{name}_derivative(1, x)": QUOTIENTS[4::5] for name in ("exprel", "bernoulli", "tanhc", "langevin")},
    "log1prel(x)": LOGARITHMIC,
    "log1prel_derivative(1, x)": LOGARITHMIC[::5],
    "radians(x)": EVERYWHERE,
    "degrees(x)": EVERYWHERE,
    "sinh(x)": EVERYWHERE,
    "cosh(x)": EVERYWHERE,
    "tanh(x)": EVERYWHERE,
    "sech(x)": EVERYWHERE,
    **dict.fromkeys(("csch(x)", "coth(x)", "sec(x)", "csc(x)", "cot(x)"), EVERYWHERE[1::2]),
    "arcsinh(x)": (*EVERYWHERE, -1e6, 1e6),
    "arccosh(x)": (1.0009765625, 1.25, 2.5, 17.0, 1e6),
    "arctanh(x)": INSIDE,
    "abs(x)": EVERYWHERE,
    "sign(x)": EVERYWHERE,
    "positive(x)": EVERYWHERE,
    "-x": EVERYWHERE,
    "nan_to_num(x)": EVERYWHERE,
    "floor(x)": (-3.25, 2.5),
    "ceil(x)": (-3.25, 2.5),
    "trunc(x)": (-3.25, 2.5),
    "rint(x)": (-3.25, 2.25),
    "relu(x)": EVERYWHERE,
    "erf(x)": (-5.0, -1.5, -0.0009765625, 0.4375, 2.25),
    "erfc(x)": (-4.0, -1.5, -0.0009765625, 0.4375, 2.25, 8.5),
    "erfcx(x)": (-4.0, -0.5, 0.25, 1.03125, 1.125, 3.5, 100.0, 10000.0),
    "erfcx_derivative(2, x)": (-4.0, -0.5, 0.25, 1.03125, 1.125, 3.5, 100.0),
    "erfinv(x)": INSIDE,
    "erfcinv(x)": (0.0009765625, 0.4375, 1.0, 1.984375),
    "log_erfc(x)": (-3.25, -0.46875, 0.0009765625, 0.5625, 17.0),
    "norm_pdf(x)": NORMAL,
    "norm_cdf(x)": NORMAL,
    "log_norm_cdf(x)": (-10000.0, -100.0, *NORMAL),
    "log_norm_cdf_derivative(1, x)": (-100.0, *NORMAL),
    "norm_ppf(x)": PROBABILITIES,
    "sigmoid(x)": (*EVERYWHERE, -80.0, 80.0),
    "log_sigmoid(x)": (*EVERYWHERE, -80.0, 80.0),
    "softplus(x)": (*EVERYWHERE, -80.0, 20.0009765625, 80.0),
    "logit(x)": PROBABILITIES,
    "silu(x)": (*EVERYWHERE, -80.0, 80.0),
    "gelu(x)": (-10.0, -3.25, -0.0009765625, 0.4375, 2.5),
    "entr(x)": POSITIVE,
    "gamma(x)": (*GAMMA, *NEGATIVE_GAMMA),
    "factorial(x)": (0.0, 0.4375, 12.5, *(x - 1 for x in NEGATIVE_GAMMA[::3])),
    "lgamma(x)": (*GAMMA, 1e6, *NEGATIVE_GAMMA),
    "digamma(x)": (*GAMMA, 1e6, *NEGATIVE_GAMMA),
    "polygamma(0, x)": GAMMA,
    "polygamma(3, x)": (*GAMMA, *NEGATIVE_GAMMA),
    **dict.fromkeys(("j0(x)", "j1(x)", "jn(0, x)", "jn(2, x)", "jn(7, x)"), BESSEL),
    **dict.fromkeys(("y0(x)", "y1(x)", "yn(0, x)", "yn(3, x)"), BESSEL[5:8]),
    **dict.fromkeys(("i0(x)", "i1(x)", "iv(0, x)", "iv(3, x)"), BESSEL[1:-1]),
    **dict.fromkeys(("k0(x)", "k1(x)", "kn(0, x)", "kn(3, x)"), BESSEL[5:7]),
    **dict.fromkeys(("i0e(x)", "i1e(x)", "ive(3, x)"), (-3.8125, 0.4375, 17.0)),
    **dict.fromkeys(("ive_derivative(1, 2, x)", "kve_derivative(1, 2, x)"), (5.5,)),
    **dict.fromkeys(("k0e(x)", "k1e(x)", "kve(2.5, x)"), (0.4375, 17.0)),
    "zeta(x)": (-7.5, -1.0, 0.0, 0.96875, 2.0, 17.0),
    "zeta_derivative(1, x)": (-2.75, 3.25),
    "hyp1f1(0.5, 1.5, x)": (-50.0, -0.625, 0.0, 17.0),
    "polylog(2, x)": (-3.25, 0.0, 0.4375),
    "polylog_derivative(1, 3, x)": (-0.625,),
    "fermi_dirac(0.5, x)": (-17.0, 2.5),
    "fermi_dirac(3, x)": (2.5,),
    "bose_einstein(0.5, x)": (-0.4375,),
    "debye(3, x)": (-0.4375, 0.0, 17.0),
    "debye_derivative(1, 3, x)": (2.5,),
    "lambertw(x)": (-0.359375, -0.25, 0.0, 0.0009765625, 1.0, 17.0, 1024.0),
    "lambertw(x, -1)": (-0.359375, -0.25, -0.0009765625),
    **dict.fromkeys(("expi(x)", "si(x)", "shi(x)", "fresnel_s(x)", "fresnel_c(x)"), (-3.25,)),
    **dict.fromkeys(("exp1(x)", "expn(0, x)", "expn(3, x)", "ci(x)", "chi(x)"), (0.4375,)),
    "expn_derivative(1, 2, x)": (0.4375,),
    "spence(x)": (0.4375, 1.0, 2.5),
    **dict.fromkeys(("ellipk(x)", "ellipe(x)"), (-2.5, 0.4375)),
    "ellipkm1(x)": (0.0009765625, 1.0),
    **{f"{name}_derivative(1, x)": (0.625,) for name in ("ellipk", "ellipe", "ellipkm1")},
    "dawsn(x)": (-3.25, 1.0),
    "dawsn_derivative(1, x)": (2.5,),
    **{f"{name}(5, x)": (0.4375,) for name in ("legendre_p", "chebyt", "hermite", "laguerre")},
    **{f"{name}(0, x)": (0.4375,) for name in ("hermite", "laguerre")},
    **{f"{name}_derivative(1, 5, x)": (0.4375,) for name in ("legendre_p", "chebyt")},
    **dict.fromkeys(("assoc_legendre(3, 2, x)", "assoc_legendre(5, 3, x)"), (-0.625, 0.4375)),
    "assoc_laguerre(4, 2, x)": (0.4375, 5.5),
    "x**2": EVERYWHERE,
    "x**3": EVERYWHERE,
    "x**-2": EVERYWHERE,
    "x**0.5": POSITIVE,
    "x**2.5": POSITIVE,
    "2**x": EVERYWHERE,
    "0.5**x": EVERYWHERE,
    "x % 3": (-3.25, 2.5, 17.0),
    "x // 3": (-3.25, 2.5, 17.0),
    "fmod(x, 3)": (-3.25, 2.5, 17.0),
    "where(isnan(x) or isinf(x) or not isfinite(x) or signbit(x), x, 2*x)": EVERYWHERE,
    "where(isposinf(x) or isneginf(x) or logical_xor(x > 1, x > 2), x, 2*x)": EVERYWHERE[:6],
}

FAR: dict[str, tuple[float, ...]] = {
    "sqrt(x)": (1e-60, 1e80),
    "cbrt(x)": (1e-60, 1e80),
    "log(x)": (1e-60, 1e80),
    "log1p(x)": (1e-20, 1e80),
    "arctan(x)": (-1e60, 1e-20, 1e60),
    "arcsin(x)": (1 - 2**-40, 2**-40 - 1, 1e-20),
    "arccos(x)": (1 - 2**-40, 2**-40 - 1, 1e-20),
    "arctanh(x)": (1 - 2**-40, 2**-40 - 1, 1e-20),
    "arcsinh(x)": (-1e60, 1e-20, 1e60),
    "arccosh(x)": (1 + 2**-40, 1e60),
    "tanh(x)": (-100.0, 1e-20, 100.0),
    "sech(x)": (-100.0, 1e-20, 100.0),
    "logit(x)": (1e-60, 1 - 2**-40),
    "erfc(x)": (20.0, 25.5),
    "erfcx(x)": (-25.0, 1e10),
    "erfinv(x)": (1e-20, 1 - 2**-40, 2**-45 - 1, 1 - 2**-52),
    "erfcinv(x)": (1e-60, 2 - 2**-45),
    "log_erfc(x)": (-20.0, 1e-20, 1e6),
    "norm_pdf(x)": (-36.0, 36.0),
    "norm_cdf(x)": (-36.0, 9.0),
    "log_norm_cdf(x)": (-1e6, 9.0),
    "norm_ppf(x)": (1e-60, 1 - 2**-45),
    "gamma(x)": (1e-60, 160.5, -100.25),
    "lgamma(x)": (1e-60, 1e60, 1 + 2**-30, 2 - 2**-30),
    "digamma(x)": (1e-60, 1e60),
    "sinc(x)": (1e-20, 2.0**40 + 0.25),
    "expm1(x)": (-40.0, 1e-20),
    "j0(x)": (1e10, -1e15),
    "j1(x)": (1e10, -1e15),
    "lambertw(x)": (1e-9, 1e60),
    "lambertw(x, -1)": (-1e-60, -1e-70),
    "jn(500, x)": (1001.0, 480.0, 1e6),
}

ORDERS = {
    "sinc_derivative": (-20.25, *EVERYWHERE, 1.25, -2.375, 3.5, 9.25, 100.25),
    "erfcx_derivative": (-6.0, -4.0, -0.5, 0.25, 0.3515625, 0.359375, 1.03125, 1.0625, 1.125, 3.5, 10.0, 100.0),
    "log_norm_cdf_derivative": (-100.0, -3.25, -1.75, *NORMAL, -1.25, 0.75, 1.46875, 1.53125, 2.25, 6.0),
    "polygamma": (*GAMMA, 15.5, 16.5, 1000.0, *NEGATIVE_GAMMA),
    "exprel_derivative": QUOTIENTS,
    "bernoulli_derivative": QUOTIENTS,
    "log1prel_derivative": LOGARITHMIC,
    "tanhc_derivative": QUOTIENTS,
    "langevin_derivative": QUOTIENTS,
    "dawsn_derivative": (-0.75, 1.125, 1.25, 3.25, 7.0, 1000.0),
    "zeta_derivative": (-7.5, -0.625, 0.4375, 2.5, 17.0),
    "expn": (0.0009765625, 0.4375, 17.0),
    "debye": (-2.5, 0.4375, 11.0, 17.0),
    **dict.fromkeys(("ellipk_derivative", "ellipe_derivative", "ellipkm1_derivative"), (0.25, 0.625, 0.96875)),
    "jn": (-700.5, 480.0, 612.5, 1001.0, 1e6),
    "yn": (580.0, 612.5, 1001.0, 1e6),
    **dict.fromkeys(("legendre_p", "chebyt"), (-0.625, 0.4375, 0.96875)),
    **dict.fromkeys(("hermite", "laguerre"), (0.4375, 17.0)),
    "spherical_jn": (480.0, 612.5, 1001.0),
    "spherical_yn": (580.0, 612.5, 1001.0),
    "spherical_in": (480.0, 612.5),
    "spherical_kn": (480.0, 612.5),
    "kn": (480.0, 612.5),
}

LONGER = {
    "dawsn(x)": (0.0, 1.25, 7.0, 1024.0),
    **{f"{name}(5, x)": (-0.625, 1.0) for name in ("legendre_p", "chebyt", "hermite", "laguerre")},
    **{f"{name}v({v}, x)": (0.4375, 25.5) for name in "jyik" for v in (2.5, -0.75)},
    **dict.fromkeys(("i0e(x)", "i1e(x)", "ive(3, x)", "ive(20, x)"), (-1000.25, -25.5, 2.5, 60.125)),
    **dict.fromkeys(("k0e(x)", "k1e(x)", "kve(3, x)", "kve(-0.75, x)", "kve(20, x)"), (0.0009765625, 2.5, 1000.25)),
    **dict.fromkeys(("ive(2.5, x)", "ive(-0.75, x)"), (0.4375, 2.5, 25.5, 1000.25)),
    **dict.fromkeys(
        ("hyp1f1(2, 3.25, x)", "hyp1f1(-2.5, 1.5, x)", "hyp1f1(1, -0.5, x)", "hyp1f1(30, 2.5, x)"),
        (-99.0, -5.5, 0.4375, 17.0, 60.125),
    ),
    **{f"spherical_{name}({n}, x)": (0.4375, 25.5) for name in ("yn", "kn") for n in (0, 3)},
    **{f"spherical_{name}({n}, x)": (-3.8125, 0.4375, 25.5) for name in ("jn", "in") for n in (0, 3)},
    **dict.fromkeys(
        ("airy_ai(x)", "airy_bi(x)", "airy_ai_prime(x)", "airy_bi_prime(x)"), (-100.25, -5.5, 0.4375, 17.0)
    ),
    **dict.fromkeys(("expi(x)", "si(x)", "shi(x)", "fresnel_s(x)", "fresnel_c(x)"), EVERYWHERE),
    **dict.fromkeys(("exp1(x)", "expn(0, x)", "expn(3, x)", "ci(x)", "chi(x)"), POSITIVE[:-1]),
    "spence(x)": POSITIVE,
    **{f"polylog({s}, x)": (-1024.0, -1.0, -0.4375, 0.5625, 0.998046875) for s in (3, 2.5, 1.5, 1, 0.5, -1, -1.5, 9.5)},
    **{f"fermi_dirac({j}, x)": (*EVERYWHERE, 100.25) for j in (-1.5, -1, -0.5, 0, 1, 1.5, 2.5, 9.5)},
    **{f"bose_einstein({j}, x)": EVERYWHERE[:4] for j in (-1, -0.5, 0, 1, 1.5, 2.5)},
    **{f"debye({n}, x)": (-3.25, 0.0009765625, 2.5, 11.75, 60.125) for n in (1, 2, 6, 9)},
    "zeta(x)": (-30.25, -12.0, -0.9375, -0.5, 0.4375, 1.0625, 3.25, 60.125),
    **dict.fromkeys(
        ("ellipk(x)", "ellipe(x)"), (-1024.0, -0.625, -0.46875, -1e-6, 0.0, 0.53125, 0.875, 0.90625, 0.998046875)
    ),
    "ellipkm1(x)": (9.5367431640625e-07, 0.0625, 0.4375, 2.5, 1024.0),
    **dict.fromkeys(("y0(x)", "y1(x)", "yn(0, x)", "yn(3, x)"), BESSEL[8:]),
    **dict.fromkeys(("k0(x)", "k1(x)", "kn(0, x)", "kn(3, x)"), BESSEL[7:-1]),
}
"""Further points of functions for which mpmath takes seconds at each."""

IN_TAILS = ("exp(x)", "expm1(x)", "sigmoid(x)", "log_sigmoid(x)", "softplus(x)", "silu(x)")


Derivatives = Callable[[str, float], Sequence[Any]]


@functools.cache
def beside(text: str, x: float) -> list[Any]:
    partials_of = all_partials(parse(text), {"x": x}, ORDER + 1)
    return [partials_of[n,] for n in range(ORDER + 2)]


@functools.cache
def far_out(text: str, x: float, digits: int = DIGITS) -> list[Any]:
    """By differences so fine that nothing is far away for them, which take ten times as long."""
    program = parse(text)
    return [partial(program, {"x": x}, ["x"] * n, digits=digits) for n in range(ORDER + 2)]


def in_tails(text: str, x: float) -> list[Any]:
    return far_out(text, x, DIGITS_IN_TAILS)


def natural_scale(values: Sequence[Any], n: int, x: float) -> Any:
    """How large the n-th derivative is, or as large as the next one makes it by the rounding of x."""
    return max(abs(values[n]), abs(x * values[n + 1]))


ROUGHER = {"ive(20, x)": 1e-11}
"""From the fourth derivative on, as the function's row says."""


def assert_agrees(text: str, points: tuple[float, ...], n: int, dtype: torch.dtype, right: Derivatives) -> None:
    points = tuple(torch.tensor(points, dtype=dtype).tolist())
    for x, got in zip(points, partials(text, {"x": points}, ["x"] * n, dtype), strict=True):
        want = right(text, x)
        if abs(want[n]) > torch.finfo(dtype).max:
            assert got == float(mp.sign(want[n]) * mp.inf), f"{text} at {x!r}: derivative {n}"
            continue
        error = abs(mp.mpf(got) - want[n])
        noise = mp.mpf(10) ** (-0.7 * (DIGITS_IN_TAILS if right is in_tails else DIGITS))
        tolerance = max(TOLERANCE[dtype], ROUGHER.get(text, 0.0) if n >= 4 else 0.0)
        assert error <= tolerance * natural_scale(want, n, x) + noise, (
            f"{text} at {x!r}: derivative {n} is {got!r}, not {mp.nstr(want[n], 17)}"
        )


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("n", range(ORDER + 1))
@pytest.mark.parametrize("text", POINTS)
def test_derivatives_agree_with_mpmath(text: str, n: int, dtype: torch.dtype) -> None:
    assert_agrees(text, POINTS[text], n, dtype, beside)


@pytest.mark.long
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("n", range(ORDER + 1))
@pytest.mark.parametrize("text", LONGER)
def test_derivatives_agree_with_mpmath_at_further_points(text: str, n: int, dtype: torch.dtype) -> None:
    assert_agrees(text, LONGER[text], n, dtype, beside)


@pytest.mark.parametrize("n", range(ORDER + 1))
@pytest.mark.parametrize("text", FAR)
def test_derivatives_far_out_agree_with_mpmath(text: str, n: int) -> None:
    assert_agrees(text, FAR[text], n, torch.float64, far_out)


@pytest.mark.parametrize("n", range(ORDER + 1))
@pytest.mark.parametrize("text", IN_TAILS)
def test_derivatives_in_the_tails_agree_with_mpmath(text: str, n: int) -> None:
    assert_agrees(text, TAILS, n, torch.float64, in_tails)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", ORDERS)
def test_functions_of_an_order_are_right_to_the_largest_of_it(name: str, dtype: torch.dtype) -> None:
    points = torch.tensor(ORDERS[name], dtype=dtype)
    for n in (FUNCTIONS[name].largest - 3, FUNCTIONS[name].largest):
        for x, got in zip(points.tolist(), VALUES[name](n, points).tolist(), strict=True):
            with mp.workdps(DIGITS):
                want, slope = (PRECISE[name](order, mp.mpf(x)) for order in (n, n + 1))
                error = abs(mp.mpf(got) - want) if abs(want) < torch.finfo(dtype).max else mp.mpf(0)
            scale = max(abs(want), abs(x * slope), torch.finfo(dtype).tiny)
            assert error <= TOLERANCE[dtype] * scale + mp.mpf(10) ** -DIGITS, (
                f"{name}({n}, {x}) is {got!r}, not {mp.nstr(want, 17)}"
            )


def test_every_function_of_an_order_is_here() -> None:
    assert (
        ORDERS.keys()
        == {f.name for f in FUNCTIONS.values() if f.largest and len(f.params) == 2 and "constant" not in f.kinds}
        == {f.name for f in FUNCTIONS.values() if f.integers and len(f.params) == 2}
    )


def test_every_function_of_one_number_is_here() -> None:
    tested = {node.op for text in (*POINTS, *LONGER) for node in parse(text).nodes}
    one = {f.name for f in FUNCTIONS.values() if len(f.params) - len(f.integers) - f.kinds.count("constant") == 1}
    assert one - {"not"} <= tested
