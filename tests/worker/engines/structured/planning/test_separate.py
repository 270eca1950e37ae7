"""Separated sums have the values of the sums as written: signs, repeated terms and numbers are not lost."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.engines.structured.planning.plan import masks_of
from gridgrad_worker.engines.structured.planning.rewrite import rewrite
from gridgrad_worker.engines.structured.planning.separate import separate

Expressions = Any  # the fixture of conftest.py


class Case(NamedTuple):
    """A request that gave wrong values, and what is right at some points.

    Args:
        text: the expression.
        axes: first and last value and length, in order; all values where they are not evenly spaced.
        derivatives: by names of axes, besides the value.
        component: looked at.
        expected: planes, the value first, at positions on the grid.
    """

    text: str
    axes: dict[str, tuple[float, float, int] | list[float]]
    derivatives: list[str]
    expected: dict[tuple[int, ...], list[float]]
    component: int = 0


LAST = {2: (-1, -1), 3: (-1, -1, -1)}
E5 = math.exp(-5.0)
CASES = {
    "a Gaussian": Case(
        "exp(-x**2 - y**2)*(x**2 - y - x)",
        {"x": (1, 2, 200), "y": (3, 4, 200)},
        ["x", "y"],
        {
            (-1, -1): [-4.122307244877116e-9, 2.2672689846824138e-8, 3.091730433657837e-8],
            (0, 0): [-1.3619978928745456e-4],
        },
    ),
    "three axes": Case(
        "z**2*y - x**2 + 0.5*z", {"z": (1, 2, 100), "y": (2, 3, 100), "x": (3, 4, 100)}, [], {LAST[3]: [-3.0]}
    ),
    "a negative square": Case(
        "t*x - x**2 - y + x", {"x": (1, 2, 100), "t": (2, 3, 100), "y": (3, 4, 100)}, [], {LAST[3]: [0.0]}
    ),
    "Landau's free energy": Case(
        "r*m**2 + m**4 - h*m",
        {"m": (1, 2, 100), "r": (2, 3, 100), "h": (3, 4, 100)},
        ["m"],
        {LAST[3]: [20.0, 40.0]},
    ),
    "a bubble": Case("x*y*(1 - x - y)", {"x": (1, 2, 1000), "y": (2, 3, 1000)}, ["xy"], {LAST[2]: [-24.0, -9.0]}),
    "a bubble and all its slopes": Case(
        "x*y*(1 - x - y)",
        {"x": (1, 2, 1000), "y": (2, 3, 1000)},
        ["x", "y", "xx", "xy", "yy"],
        {LAST[2]: [-24.0, -18.0, -14.0, -6.0, -9.0, -4.0]},
    ),
    "eight points": Case(
        "a*y/(a**2*y**2 + 0.5), z**2 - a - z",
        {"z": [-2.0, 2.0], "y": [2.0], "a": [1.0, 2.0, 3.0, 4.0]},
        ["yyaa"],
        {(n, 0, m): [value - m, 0.0] for n, value in ((0, 5.0), (1, 1.0)) for m in range(4)},
        component=1,
    ),
    "a term twice": Case(
        "exp(-x - y)*(x + y + x**2 + y)",
        {"x": (1, 2, 512), "y": (2, 3, 512)},
        ["x", "y"],
        {LAST[2]: [12 * E5, -7 * E5, -10 * E5]},
    ),
    "a polynomial": Case(
        "x + 2*x**2 + x**3 - 0.5*x**3*y - 0.5*y**2 - y - x*y",
        {"x": (1, 2, 600), "y": (2, 3, 600)},
        ["y"],
        {LAST[2]: [-7.5, -10.0]},
    ),
}


def _computed(expression: Expressions, case: Case, dtype: str, way: str) -> np.ndarray[Any, Any]:
    """The planes of the component, [derivatives, *grid]."""
    axes = {n: np.array(a) if isinstance(a, list) else np.linspace(*a) for n, a in case.axes.items()}
    computed = expression(case.text, axes, [list(names) for names in case.derivatives], dtype)
    (got,) = getattr(computed, way)(axes)
    components: int = len(computed.program.outputs)
    result: np.ndarray[Any, Any] = got.reshape(-1, components, *got.shape[1:])[:, case.component]
    return result


@pytest.mark.parametrize("way", ["chosen", "structured"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_sums_that_lost_a_sign_or_a_term(expression: Expressions, name: str, dtype: str, way: str) -> None:
    case = CASES[name]
    got = _computed(expression, case, dtype, way)
    eps = float(np.finfo(dtype).eps)
    for position, expected in case.expected.items():
        values = [float(plane[position]) for plane in got[: len(expected)]]
        # A few roundings of terms that are a few times as large as their sum, and of the arguments of exp, up to 20
        assert values == pytest.approx(expected, rel=64 * eps, abs=64 * eps if 0.0 in expected else 0.0), position


@pytest.mark.parametrize(
    ("text", "constants"),
    [
        ("x*0.5*y*3 - y - x", {1.5}),
        ("x*1e200*y*1e200*1e-300 - y - x", {1e100}),
        ("x*1e-200*y*1e-200*1e300 - y - x", {1e-100}),
        ("x*1e200*y*1e200 - y - x", {1e200}),
        ("x*1e-320*y*3 - y - x", {1e-320, 3.0}),
    ],
)
def test_constants_meet_where_their_product_is_far_from_the_ends(text: str, constants: set[float]) -> None:
    program = parse(text, ["x", "y"])
    separated = separate(program.nodes, program.outputs, {"x": 1, "y": 2})
    assert separated.checked
    used = {*separated.outputs}
    for index in range(len(separated.nodes) - 1, -1, -1):
        used.update(separated.nodes[index].args if index in used else ())
    nodes = [separated.nodes[index] for index in used]
    found = sorted(node.number for node in nodes if node.op == "const" and node.number != 1.0)
    assert found == pytest.approx(sorted(constants), rel=1e-14, abs=0.0)


@pytest.mark.parametrize(
    "text",
    [
        "exp(-(x - {0})**2/w)*exp(-(y + {0})**2/w)",
        "exp(-((x - {0})**2 + (y - {0})**2)/w)",
        "exp(-x**2/w - y/w + {0}*y)",
    ],
)
def test_derivatives_of_gaussians_beside_a_pole_are_separated(text: str) -> None:
    total = " + ".join(f"{n}*{text.format(n / 10)}" for n in range(1, 8))
    derived = derive(parse(total), [("x",), ("y",), ("x", "y")]).program
    assert any(node.op == "where" for node in derived.nodes)
    dims = {"x": 1, "y": 2, "w": 0}
    found = rewrite(derived, dims)
    assert found.saved > 0
    masks = masks_of(found.nodes, dims)
    assert not any(node.op == "where" and mask == 3 for node, mask in zip(found.nodes, masks, strict=True))


def test_other_choices_stay() -> None:
    text = "where(x == 0, 0, x*y + y)*x + y*x + x + y*x**2 + y**2*x"
    written = parse(text)
    found = separate(written.nodes, written.outputs, {"x": 1, "y": 2})
    assert any(node.op == "where" for node in found.nodes)
