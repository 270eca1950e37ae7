"""The corners of `test_corners` and `test_roots` compiled: many in one program, each at its own point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.native.toolchain import compiler_version
from tests.worker.engines.test_corners import (
    DEAD_SIDES,
    DIGITS,
    ENDS,
    OVERFLOWING,
    POWERS,
    REMOVABLE,
    SATURATED,
    TIES,
    Corner,
    is_right,
)
from tests.worker.engines.test_roots import ROOTS

pytestmark = pytest.mark.skipif(compiler_version() is None, reason="there is no C++ compiler")

GROUPS = {
    "ties": TIES,
    "dead sides": DEAD_SIDES,
    "powers": POWERS,
    "digits": DIGITS,
    "overflowing": OVERFLOWING,
    "saturated": SATURATED,
    "removable": REMOVABLE,
    "ends": ENDS,
    "roots": ROOTS,
}
ON_EACH_PROCESSOR = ("digits", "saturated", "ends")
"""They rest on functions that differ with the width of vectors; the others on comparisons and choices."""

ORDERS: tuple[tuple[int, ...], ...] = ((), (0,), (0, 0), (0, 0, 0))
"""Of the derivatives that are compiled; the fourth are the same operations again."""


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "corners",
    [
        pytest.param(corners, id=name, marks=[pytest.mark.processor] * (name in ON_EACH_PROCESSOR))
        for name, corners in GROUPS.items()
    ],
)
def test_derivatives_are_those_of_the_closed_form(
    corners: Sequence[Corner], dtype: str, build_engine: Callable[[CompileJob], tuple[Any, Any]]
) -> None:
    chosen = [corner for corner in corners if list(corner.point) == ["x"] and dtype in corner.dtypes]
    lines = "; ".join(f"v{n} = {corner.text}" for n, corner in enumerate(chosen))
    text = f"{lines}; {', '.join(f'v{n}' for n in range(len(chosen)))}"
    engine, _ = build_engine(CompileJob(text, ("x",), ((0,),), 1, ORDERS, dtype, "cpu"))
    x = np.array([corner.point["x"] for corner in chosen], dtype)
    out = np.full((len(ORDERS) * len(chosen), len(x)), 12345.0, dtype)
    engine.compute([Tile((ArrayValues(x, (0,), 1),), Subgrid((0,), (len(x),)))], [out])
    for order, wrt in enumerate(ORDERS):
        for n, corner in enumerate(chosen):
            want = corner.derivatives.get("x" * len(wrt))
            got = float(out[order * len(chosen) + n, n])
            assert want is None or is_right(got, want, corner, dtype), f"∂{wrt} of {corner.text}: {got!r}, not {want!r}"
