"""Random programs: values and partials to order 2 against mpmath, evaluated from the same program."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridgrad.checks.mpmath_reference import partial
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.parser.parser import parse
from tests.seeds import examples
from tests.worker.partials import partials

pytestmark = pytest.mark.processor

WRTS = ("", "x", "y", "xx", "xy", "yy")
TOLERANCE = 1e-12
# Away from where mathematics leaves a choice, except where both choices are the same function
POINTS = ((0.7134862907153214, -1.3658201947362185), (-0.5418903672510943, 2.6492758103947261))

# Everything stays of the size of 1, so that rounding does too; {0} and {1} stand for parts
OF_ONE = (
    "sin({0})", "cos({0})", "tanh({0})", "arctan({0})", "sigmoid({0})", "erf({0})", "norm_cdf({0})", "sech({0})",
    "exp(-({0})**2)", "exp(sin({0}))", "sqrt(1 + ({0})**2)", "log(2 + ({0})**2)", "log1p(cos({0})**2)", "-({0})",
    "softplus({0})", "arcsinh({0})", "sinc({0})", "log_norm_cdf({0})", "gelu({0})", "expm1(tanh({0}))", "abs({0})",
    "1/(2 + sin({0}))", "cbrt(3 + cos({0}))", "gamma(2 + sigmoid({0}))", "digamma(1.5 + sigmoid({0}))",
    "arcsin(0.9*sin({0}))", "norm_ppf(0.1 + 0.8*sigmoid({0}))", "lgamma(3 + tanh({0}))", "relu({0})", "({0})**3/9",
    "clip({0}, -0.5, 0.5)", "rint({0})*0.25", "sign({0})", "({0}) % 3", "(1.5 + sin({0}))**-2.5", "2**tanh({0})",
)  # fmt: skip
OF_TWO = (
    "({0}) + ({1})", "({0}) - ({1})", "tanh({0})*({1})", "({0})*cos({1})", "({0})/(2 + cos({1}))", "max({0}, {1})",
    "min({0}, {1})", "hypot({0}, 1 + ({1})**2)", "logaddexp({0}, {1})", "arctan2({0}, 2 + sin({1}))",
    "(1.5 + sin({0}))**tanh({1})", "where({0} < {1}, sin({0}), {1})", "({0} if {1} > 0.1 else {1})",
    "where(0 < {0} <= 1 or not {1} > 0, {0}, cos({1}))", "copysign({0}, {1})", "fmod({0}, 2 + sin({1}))",
    "xlogy({0}, 1.5 + sin({1}))", "({0} > {1})",
)  # fmt: skip
LEAVES = ("x", "y", "x*y", "0.5*x", "0.3", "pi/4")


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A program of some statements, each of which may use what was assigned before."""
    names = list(LEAVES)
    lines = []
    for count in range(draw(st.integers(2, 7))):
        template = draw(st.sampled_from(OF_ONE + OF_TWO))
        parts = draw(st.lists(st.sampled_from(names), min_size=2, max_size=2))
        lines.append(f"v{count} = {template.format(*parts)}")
        names += [f"v{count}"] * 2
    return "\n".join((*lines, f"v{len(lines) - 1}"))


@given(texts())
@settings(max_examples=examples(60))
def test_random_programs_agree_with_mpmath(text: str) -> None:
    program = parse(text)
    xs, ys = zip(*POINTS, strict=True)
    found = {wrt: partials(text, {"x": xs, "y": ys}, wrt) for wrt in WRTS}
    for i, (x, y) in enumerate(POINTS):
        want = {wrt: float(partial(program, {"x": x, "y": y}, wrt)) for wrt in WRTS}
        scale = 1 + max(map(abs, want.values()))
        for wrt in WRTS:
            assert math.isfinite(want[wrt])
            assert abs(found[wrt][i] - want[wrt]) <= TOLERANCE * scale, f"∂{wrt} at ({x}, {y}) of\n{text}"


def test_the_parts_are_of_the_language() -> None:
    used = {node.op for template in OF_ONE + OF_TWO for node in parse(template.format("x", "y")).nodes}
    assert used - {"input", "const"} <= set(FUNCTIONS)
    assert len(used) > 40
