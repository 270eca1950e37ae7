"""Values and derivatives at corners and edges, against closed forms and mpmath, in each engine and dtype.

All engines share the rules of derivatives, so none of them can say whether another is right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.functional.expressions import expression_engine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile

pytestmark = pytest.mark.processor

INF, NAN, PI = math.inf, math.nan, math.pi
TINY = {"float64": 1e-300, "float32": 1e-37}
"""What counts as 0: subnormal numbers may be flushed."""


class Corner(NamedTuple):
    """A formula at one point.

    Args:
        text: the formula.
        point: the inputs.
        derivatives: by the letters of the inputs, "" for the value.
        dtypes: where they hold.
        rel: to what they hold, in float64.
    """

    text: str
    point: Mapping[str, float]
    derivatives: Mapping[str, float]
    dtypes: tuple[str, ...] = ("float64", "float32")
    rel: float = 1e-12


def of_x(
    text: str, x: float, *orders: float | None, dtypes: tuple[str, ...] = ("float64", "float32"), rel: float = 1e-12
) -> Corner:
    """Of one input: the value, the first derivative and so on; None where nothing is said."""
    return Corner(text, {"x": x}, {"x" * n: want for n, want in enumerate(orders) if want is not None}, dtypes, rel)


F64, F32 = ("float64",), ("float32",)

TIES = [
    of_x("abs(x)", 0, 0, 0, 0),
    of_x("relu(x)", 0, 0, 0.5, 0),
    of_x("relu(x) - relu(-x)", 0, 0, 1, 0),
    of_x("clip(x, 0, 1)", 0, 0, 0.5, 0),
    of_x("clip(x, 0, 1)", 1, 1, 0.5, 0),
    of_x("clip(x, 0, 1) + clip(x, -1, 0)", 0, 0, 1, 0),
    of_x("abs(x)**2", 0, 0, 0, 2, 0),
    of_x("abs(x)**3", 0, 0, 0, 0, 0),
    of_x("abs(x**2)", 0, 0, 0, 2, 0),
    of_x("max(x**2, 0)", 0, 0, 0, 2, 0),
    of_x("relu(x*x)", 0, 0, 0, 2, 0),
    of_x("cos(abs(x))", 0, 1, 0, -1, 0, 1),
    of_x("exp(max(x, -x))", 0, 1, 0, 1, 0, 1),
    of_x("-abs(x) - 2*log1p(exp(-abs(x)))", 0, -2 * math.log(2), 0, -0.5, 0),
    of_x("copysign(x, x)", 0, 0, 1, 0),
    of_x("(x + abs(x))**2", 0, 0, 0, 4),  # the mean of 8 and 0
    of_x("(x + max(x, 0))**2", 0, 0, 0, 5),  # the mean of 8 and 2
    of_x("max(x, 0)*min(x, 0)", 0, 0, 0, 0, 0),
    of_x("max(x, 0)**2 + min(x, 0)**2", 0, 0, 0, 2),
    of_x("x**x", 0, 1, -INF),
    Corner("max(x, y)*min(x, y)", {"x": 1.5, "y": 1.5}, {"": 2.25, "x": 1.5, "y": 1.5, "xx": 0, "xy": 1, "yy": 0}),
    Corner("max((x + y)**2, 0)", {"x": 1, "y": -1}, {"": 0, "x": 0, "xx": 2, "xy": 2, "yy": 2}),
    Corner("max(x, y, z)", {"x": 1, "y": 1, "z": 1}, {"x": 1 / 3, "y": 1 / 3, "z": 1 / 3}),
    Corner("min(x, y, z)", {"x": 1, "y": 1, "z": 1}, {"x": 1 / 3, "y": 1 / 3, "z": 1 / 3}),
    Corner("max(w, x, y, z)", {"w": 1, "x": 1, "y": 1, "z": 1}, {"w": 0.25, "x": 0.25, "y": 0.25, "z": 0.25}),
    Corner("max(x, y, z)", {"x": 1, "y": 0, "z": 1}, {"x": 0.5, "y": 0, "z": 0.5}),
    Corner("fmax(x, y) + fmin(x, y)", {"x": 2, "y": 2}, {"x": 1, "y": 1, "xy": 0}),
    Corner("fmin(x, y)", {"x": NAN, "y": 2}, {"": 2, "x": 0, "y": 1}),
    Corner("fmax(x, y)", {"x": 2, "y": NAN}, {"": 2, "x": 1, "y": 0}),
    Corner("max(x, y)", {"x": NAN, "y": 1}, {"": NAN, "x": 0, "y": 0}),
    Corner("max(x, y)", {"x": 1, "y": NAN}, {"": NAN, "x": 0, "y": 0}),
    Corner("clip(x, y, z)", {"x": 1, "y": 1, "z": 2}, {"": 1, "x": 0.5, "y": 0.5, "z": 0}),
]
"""The derivative at a tie is the mean of the whole derivatives of the sides."""

DEAD_SIDES = [
    of_x("sqrt(max(x, 0))", -1, 0, 0, 0),
    of_x("sqrt(2*max(x, 0) + 0)", -1, 0, 0, 0),
    of_x("sqrt(relu(x))", -1, 0, 0, 0, 0, 0),
    of_x("sqrt(-min(x, 0))", 1, 0, 0, 0),
    of_x("sqrt(where(x > 0, x, 0))", -1, 0, 0, 0),
    of_x("sqrt(max(x, 0))/(1 + sqrt(max(x, 0)))", -1, 0, 0, 0),
    of_x("arccos(clip(x, -1, 1))", 2, 0, 0, 0),
    of_x("sqrt(x*heaviside(x, 0))", -1, 0, 0, 0),
    of_x("sqrt(2*x*heaviside(x, 0))", -1, 0, 0, 0),
]
"""What is not chosen has the derivative 0, whatever it is multiplied with."""

POWERS = [
    of_x("x*sqrt(x)", 0, 0, 0, INF),
    of_x("x*sqrt(x)", 4, 8, 3, 0.375),
    of_x("x*(1 - x**1.25)", 0, 0, 1, 0, -INF, INF),
    of_x("x**2*x**1.5", 0, 0, 0, 0, 0),
    of_x("sqrt(x)*sqrt(x)", 0, 0, 1, 0),
    of_x("(x**2)**0.75", 0, 0, 0, INF),
    of_x("(x**2)**0.75", -4, 8, -3, 0.375),
    of_x("(x*x)**1.5", 0, 0, 0, 0, 0),
    of_x("square(x)**1.5", 0, 0, 0, 0, 0),
    of_x("(x**2)**2.5", 0, 0, 0, 0, 0),
    of_x("(x**4)**0.75", 0, 0, 0, 0),
    of_x("((x - 1)**2)**1.6666666666666667", 1, 0, 0, 0, 0, INF),
    of_x("cbrt(x)**6", 0, 0, 0, 2),
    of_x("cbrt(x)**6", -8, 64, -16, 2),
    of_x("cbrt(x)**4", 0, 0, 0),
    of_x("sqrt(x**2)", -3, 3, -1, 0),
    of_x("sqrt(x**4)", 0, 0, 0, 2),
    Corner("r = sqrt(x**2 + y**2); 0.5*r**2", {"x": 0, "y": 0}, {"": 0, "x": 0, "y": 0, "xx": 1, "xy": 0, "yy": 1}),
    Corner("r = hypot(x, y); 0.5*r**2", {"x": 0, "y": 0}, {"": 0, "x": 0, "y": 0, "xx": 1, "xy": 0, "yy": 1}),
    Corner(
        # The critical region of IAPWS-95, its first term, on the line δ = 1 where it is a power of (1 - τ)²
        "u = (d - 1)**2; q = ((1 - t) + 0.32*u**1.6666666666666667)**2 + 0.2*u**3.5; d*q**0.85*exp(-28*u)",
        {"d": 1, "t": 0.5},
        {"": 0.25**0.85, "d": 0.25**0.85, "t": -1.7 * 0.5**0.7, "dt": -1.7 * 0.5**0.7, "dd": -56 * 0.25**0.85},
    ),
]
"""Powers of one base that meet in a derivative are one power."""

DIGITS = [
    of_x("sigmoid(x)", 1e-9, 0.50000000025, 0.25, -1.25e-10, -0.125, 2.5e-10),
    of_x("sigmoid(x)", -1e-12, None, 0.25, 1.25e-13),
    of_x("sigmoid(x)", 1e-4, None, None, -1.2499999979166667e-5, dtypes=F32),
    of_x("sigmoid(x)", 40, None, 4.248354255291589e-18, -4.248354255291589e-18, 4.248354255291589e-18),
    of_x("sigmoid(x)", -80, None, 1.8048513878454153e-35, 1.8048513878454153e-35, 1.8048513878454153e-35),
    of_x("softplus(x)", 1e-7, None, None, 0.25, -1.2499999999999958e-8, -0.125),
    of_x("log_sigmoid(x)", 1e-7, None, None, -0.25, 1.2499999999999958e-8, 0.125),
    of_x("silu(x)", 1e-7, None, None, 0.5, -5e-8, -0.5, rel=1e-11),
    of_x("logaddexp(x, 0)", 1e-7, None, None, 0.25, -1.2499999999999958e-8, -0.125),
    of_x("erfinv(x)", 1 - 1e-14, 5.4725525174145355, 8.998228299049e12, dtypes=F64),
    of_x("erfinv(x)", 1 - 1e-10, 4.572824958544925, 1.068953387128928e9, dtypes=F64),
    of_x("erfinv(x)", 0.9999, None, None, 1.61907724e7, dtypes=F32),
    of_x("x % 1e-10", 1e300, 5.476641984772742e-11, 1, dtypes=F64),
    of_x("x % 1e-10", -1e300, 4.5233580152272584e-11, 1, dtypes=F64),
    of_x("fmod(x, 1e-10)", -1e300, -5.476641984772742e-11, 1, dtypes=F64),
    of_x("x % 3", 1e30, math.fmod(float(np.float32(1e30)), 3), dtypes=F32),
    Corner("x % y", {"x": 1e300, "y": 1e-10}, {"": 5.476641984772742e-11}, F64),
    Corner("x % y", {"x": 1e30, "y": 2.0**-120}, {"": 0}, F32),
]
"""Derivatives that keep their digits towards 0 and in tails."""

OVERFLOWING = [
    of_x("1/(1 + exp(x))", 710, None, 0, 0),
    of_x("1/(1 + exp(x))", -710, 1, 0, 0),
    of_x("1/(1 + exp(x))", 89, None, 0, 0, dtypes=F32, rel=1),
    of_x("1/(1 + exp(-x))", -710, None, 0, 0),
    of_x("x/(exp(x) + 1)", 750, 0, 0, 0),
    of_x("log(1 + exp(x))", 710, INF, 1, 0, dtypes=F32),
    of_x("x**3/(exp(x) - 1)", 720, None, -7.553655571993323e-305, 7.522138110924685e-305, dtypes=F64, rel=1e-9),
    of_x("x**3/(exp(x) - 1)", 89, None, -1.5172934224766314e-33, dtypes=F32, rel=1e-4),
    of_x("x**3/(exp(x) - 1)", -720, 373248000, -3 * 720**2, 6 * 720),
    of_x("x**3/expm1(x)", 720, None, 0, 0, rel=1),
    of_x("1/cosh(x)**2", 360, 0, 0, 0),
    of_x("1/cosh(x)**2", -712, 0, 0, 0),
    of_x("1/cosh(x)**2", 50, None, 0, 0, dtypes=F32),
    of_x("3/cosh(x)", 720, 0, 0, 0),
    of_x("sinh(x)/cosh(x)", 20, 1, 1.699341702116635e-17, dtypes=F64),
    Corner("1/(1 + exp((e - m)/k))", {"e": 30, "m": 1, "k": 0.025}, {"": 0, "e": 0, "m": 0, "k": 0, "ek": 0}),
]
"""Exponentials below a fraction bar that overflow, or their squares."""

SATURATED = [
    of_x("x**2/(1 + x**2)", 1e6, None, 1.999999999996e-18, dtypes=F64),
    of_x("x**2/(1 + x**2)", 1e8, 1, 2e-24, -6e-32, 2.4e-39, dtypes=F64),
    of_x("x**2/(1 + x**2)", 1e3, None, 1.999996e-9, dtypes=F32),
    of_x("x**2/(1 + x**2)", 1e4, None, 2e-12, dtypes=F32),
    of_x("x/sqrt(1 + x**2)", 1e6, None, 9.99999999998500e-19, dtypes=F64),
    of_x("x/sqrt(1 + x**2)", 1e8, None, 1e-24, -3e-32, dtypes=F64),
    of_x("x/sqrt(x*x + 1)", -1e8, None, 1e-24, 3e-32, dtypes=F64),
    of_x("x/(1 + x**2)**0.5", 1e8, None, 1e-24, -3e-32, dtypes=F64),
    of_x("x/hypot(1, x)", 1e8, None, 1e-24, -3e-32, dtypes=F64),
    of_x("-x/(1 + x)", 1e9, None, -9.99999998000000003e-19, dtypes=F64),
    of_x("exp(x)/(1 + exp(x))", 20, None, 2.0611536139418493e-9, dtypes=F64),
    of_x("exp(x)/(1 + exp(x))", 40, 1, 4.248354255291589e-18, -4.248354255291589e-18),
    of_x("exp(x)/(1 + exp(x))", 17, None, 4.1399373760035e-8),
    of_x("x*exp(x)/(1 + exp(x))", 800, None, 1, 0),
    of_x("log(1 + exp(x))", 40, None, 1, 4.248354255291589e-18),
    of_x("sqrt(x)/(1 + sqrt(x))", 0, 0, INF),
    of_x("sin(x)/x", 1e-8, 1, -1e-8 / 3, -1 / 3, 2e-9, 0.2),
    of_x("sin(x)/x", 2, math.sin(2) / 2, (2 * math.cos(2) - math.sin(2)) / 4),
    Corner("2*s**n/(k**n + s**n)", {"s": 1e5, "k": 0.5, "n": 3}, {"s": 7.5e-21, "n": 3.0515181613825425e-15}, F64),
    Corner("v*s**3/(0.5**3 + s**3)", {"s": 1e5, "v": 2}, {"s": 7.5e-21, "sv": 3.75e-21}, F64),
    Corner("1/(1/x + 1/y)", {"x": 1, "y": 1e-12}, {"yy": -1.999999999994, "yyy": 5.999999999976}, F64),
    Corner("exp(x)/(exp(x) + exp(y))", {"x": 40, "y": 0}, {"x": 4.248354255291589e-18, "y": -4.248354255291589e-18}),
]
"""Fractions whose numerator and denominator grow alike."""

REMOVABLE = [
    of_x("x/expm1(x)", 1e-8, 0.999999995, -0.49999999833333333, 1 / 6, -1e-8 / 30, dtypes=F64),
    of_x("x/expm1(x)", 1e-6, None, None, None, -1e-6 / 30, -1 / 30, dtypes=F64),
    of_x("x/expm1(x)", 1e-3, None, None, 0.16666665, -3.33333e-5, dtypes=F32),
    of_x("x/(exp(x) - 1)", 1e-2, None, None, 0.166665, -3.333293e-4, dtypes=F32),
    of_x("x/(1 - exp(-x))", 1e-6, None, None, 0.16666666666663334, -3.3333333333325397e-8),
    of_x("expm1(x)/x", 1e-6, None, 0.50000033333345833, 0.33333358333343333, 0.25000020000008333),
    of_x("(exp(x) - 1)/x", -1e-6, None, 0.49999966666679167, 0.33333308333343333, 0.24999980000008333),
    of_x("log1p(x)/x", 1e-6, None, -0.49999933333408333, 0.66666516666906667, -1.4999952000100000, 4.799980000051428),
    of_x("log(1 + x)/x", 1e-6, None, -0.49999933333408333, 0.66666516666906667, -1.4999952000100000),
    of_x("tanh(x)/x", 1e-6, None, -6.6666666666613333e-7, -0.66666666666506667, 3.1999999999935238e-6),
    of_x("tanh(x)/x", 1e-3, None, None, -0.66666507, dtypes=F32),
    of_x("tanh(2*x)/x", 1e-6, None, None, -16 / 3, dtypes=F32),
    of_x("1/tanh(x) - 1/x", 1e-6, None, 0.33333333333326667, -1.3333333333329e-7),
    of_x("cosh(x)/sinh(x) - 1/x", 1e-6, None, 0.33333333333326667, -1.3333333333329e-7),
    of_x("langevin(x)", 1e-6, 3.333333333333111e-7, 0.33333333333326667, -1.3333333333329e-7, -0.13333333333320635),
    *(of_x(f"{name}(x)", 0, 1, *slopes) for name, *slopes in (
        ("exprel", 1 / 2, 1 / 3, 1 / 4, 1 / 5), ("bernoulli", -1 / 2, 1 / 6, 0, -1 / 30),
        ("log1prel", -1 / 2, 2 / 3, -3 / 2, 24 / 5), ("tanhc", 0, -2 / 3, 0, 16 / 5),
    )),
    of_x("langevin(x)", 0, 0, 1 / 3, 0, -2 / 15, 0),
    of_x("exprel(x)", 710, 3.1464715016362125e305, dtypes=F64),
    of_x("bernoulli(x)", 710, 3.178163220e-306, dtypes=F64, rel=1e-9),
]  # fmt: skip
"""Quotients that are 0/0 at a point, beside it."""

ENDS = [
    of_x("exp(-1/x**2)", 0, 0, 0, 0, 0),
    of_x("exp(-1/x**2)", 0.5, math.exp(-4), 16 * math.exp(-4)),
    of_x("exp(-2/(3*x))", 0, 0, 0),
    of_x("sigmoid(1/x)", 0, 1, 0, 0),
    of_x("sigmoid(-1/x)", 0, 0, 0, 0),
    of_x("tanh(1/x)", 0, 1, 0, 0),
    of_x("erf(-1/x)", 0, -1, 0, 0),
    of_x("exp(-(x**-2))", 0, 0, 0, 0),
    Corner("norm_cdf(log(x)/y)", {"x": 1.1, "y": 0}, {"": 1, "x": 0, "y": 0, "xx": 0, "xy": 0, "yy": 0}),
    of_x("x**x", 0.5, 0.5**0.5, 0.5**0.5 * (1 + math.log(0.5))),
    of_x("cosh(x)", 710, 1.1169973830808555e308, 1.1169973830808555e308, dtypes=F64),
    of_x("sinh(x)", -710, -1.1169973830808555e308, 1.1169973830808555e308, dtypes=F64),
    of_x("cosh(x)", 89, 2.2448064e38, 2.2448064e38, dtypes=F32),
    of_x("cosh(x)", 711, INF, INF),
    of_x("log(cosh(x))", 710, 709.3068528194400547, 1, dtypes=F64),
    of_x("sinh(x)/cosh(x)", 710, 1, 0, dtypes=F64),
    of_x("norm_ppf(x)", 1e-160, -26.98880826841840, 3.7001735163826504e158, -INF, INF, -INF, dtypes=F64),
    of_x("silu(x)", -712, 0, 0, 0, 0, 0),
    of_x("silu(x)", -91, -2.7431120e-38, -2.7129680e-38, -2.6828241e-38, -2.6526801e-38, -2.6225362e-38, dtypes=F32),
    of_x("gamma(x)", -33.75, 3.6438842e-38, 1.4288739e-38, 7.2381309e-37, -3.6722714e-36, 9.2834150e-35, dtypes=F32),
    of_x("gamma(x)", -34.5, None, None, -4.0581946e-38, None, -2.5118396e-36, dtypes=F32),
    of_x("gamma(x)", -165.5, None, 2.2998539920936048e-296, 1.6194395913667815e-295, dtypes=F64),
    of_x("cbrt(x)", 1e-34, None, None, None, INF, -INF, dtypes=F32),
    # Constants beyond float32
    of_x("1e300*x", 0.5, INF, INF, 0.0, dtypes=F32),
    of_x("-1e39 + 0*x", 0.5, -INF, 0.0, dtypes=F32),
    of_x("norm_pdf(x)", 1.7976931348623157e308, 0, 0, dtypes=F64),
    Corner("clip(x, -1, y)", {"x": NAN, "y": -2}, {"": NAN}),
]
"""Ends of domains and of numbers: slopes that vanish exponentially beat poles, and nothing overflows too early."""

CORNERS = [*TIES, *DEAD_SIDES, *POWERS, *DIGITS, *OVERFLOWING, *SATURATED, *REMOVABLE, *ENDS]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("corner", CORNERS, ids=lambda corner: f"{corner.text} at {dict(corner.point)}")
@pytest.mark.parametrize("engine", ["direct", "functional"])
def test_derivatives_are_those_of_the_closed_form(engine: str, corner: Corner, dtype: str) -> None:
    if dtype not in corner.dtypes:
        return
    found = computed(engine, corner, dtype)
    for derivative, want in corner.derivatives.items():
        for got in found[derivative]:
            assert is_right(got, want, corner, dtype), f"∂{derivative}: {got!r}, not {want!r}"


def is_right(got: float, want: float, corner: Corner, dtype: str) -> bool:
    """Whether what was computed is what the corner says, to its digits."""
    if not math.isfinite(want):
        return got == want or (math.isnan(got) and math.isnan(want))
    allowed = max(corner.rel, 1e-5 if dtype == "float32" else 0) * abs(want) + TINY[dtype]
    return abs(got - want) <= allowed


def computed(engine: str, corner: Corner, dtype: str) -> dict[str, tuple[float, float]]:
    """The wanted derivatives at a corner, among 70 points: by vector instructions, and by those for the rest."""
    names = list(corner.point)
    program, torch_dtype, device = parse(corner.text, names), getattr(torch, dtype), open_device("cpu", 1)
    derivatives = list(dict.fromkeys(["", *corner.derivatives]))
    wanted = [tuple(map(names.index, derivative)) for derivative in derivatives]
    if engine == "direct":
        axes = dict.fromkeys(names, (0,))
        made: Any = StructuredEngine(program, axes, 1, wanted, torch_dtype, device)
    else:
        made = expression_engine(program, names, wanted, torch_dtype, device)
    points = 70
    values = tuple(ArrayValues(np.full(points, corner.point[name], dtype), (0,), 1) for name in names)
    out = np.full((len(wanted), points), 12345.0, dtype)
    made.compute([Tile(values, Subgrid((0,), (points,)))], [out])
    return {derivative: (float(plane[0]), float(plane[-1])) for derivative, plane in zip(derivatives, out, strict=True)}
