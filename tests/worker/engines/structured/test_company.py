"""A request's answer is the same to the bit whatever it is computed with and however it is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridgrad_worker.engines.structured.execution import panels, runner

pytestmark = pytest.mark.processor

Expressions = Any  # the fixture of conftest.py

# Of many functions torch's vector loops and what is left over at their ends differ in the last digit
SEPARABLE = "x*y + x**2*exp(-y) + sin(x)*y**3 + x**3*log(1 + y) + x"
GENERAL = "cosh(x*y) + exp2(x - y)*arctan2(x, y) + hypot(x, y)**1.3 + cbrt(x*y) + sinh(x)*cosh(y)"


def request(n: int, m: int, seed: int = 0) -> dict[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(seed)
    return {"x": random.uniform(0.1, 2.0, n), "y": random.uniform(0.1, 2.0, m)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("text", [SEPARABLE, GENERAL])
def test_company_changes_nothing(expression: Expressions, text: str, dtype: str) -> None:
    requests = [
        request(n, m, seed)
        for seed, (n, m) in enumerate([(32, 32), (20, 44), (32, 32), (7, 3), (1, 1), (32, 32), (100, 33)])
    ]
    computed = expression.up_to(text, requests[0], 2, dtype)
    together = computed.structured(*requests)
    for inputs, got in zip(requests, together, strict=True):
        (alone,) = computed.structured(inputs)
        assert np.array_equal(got, alone)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("text", [SEPARABLE, GENERAL])
@pytest.mark.parametrize("shape", [(300, 70), (37, 41), (5, 1500), (2000, 3)])
def test_tiles_change_nothing(expression: Expressions, text: str, shape: tuple[int, int], dtype: str) -> None:
    inputs = request(*shape)
    computed = expression.up_to(text, inputs, 1, dtype)
    (whole,) = computed.structured(inputs)
    for points in (shape[1] * 7, 1000):
        assert np.array_equal(computed.in_tiles(inputs, points), whole)


@pytest.mark.parametrize("text", [SEPARABLE, GENERAL])
def test_windows_change_nothing(expression: Expressions, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = request(300, 70)
    (expected,) = expression.up_to(text, inputs, 1).structured(inputs)
    monkeypatch.setattr(runner, "_WINDOW_POINTS", 500)
    assert np.array_equal(expression.up_to(text, inputs, 1).structured(inputs)[0], expected)


def test_panels_are_put_together(expression: Expressions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_LAST", 64)
    monkeypatch.setattr(panels, "_OTHER", 128)
    inputs = {**request(300, 150), "a": 2.0}
    computed = expression.up_to(SEPARABLE + " + a*sin(x*y)", inputs, 1)
    (whole,) = computed.structured(inputs)
    np.testing.assert_allclose(whole, computed.functional(inputs), rtol=1e-13)
    assert np.array_equal(computed.in_tiles(inputs, 150 * 11), whole)
    assert np.array_equal(computed.in_tiles(inputs, 100), whole)


def test_three_dims_in_tiles(expression: Expressions) -> None:
    random = np.random.default_rng(0)
    inputs = {"t": random.uniform(0.1, 2, 9), "x": random.uniform(0.1, 2, 30), "y": random.uniform(0.1, 2, 40)}
    computed = expression.up_to("t*sin(x)*y + t**2*x*exp(y) + t**3*cosh(x*y) + t*x + cosh(t*x*y)", inputs, 1)
    (whole,) = computed.structured(inputs)
    np.testing.assert_allclose(whole, computed.functional(inputs), rtol=1e-12)
    for points in (30 * 40 * 2, 40 * 7, 11):
        assert np.array_equal(computed.in_tiles(inputs, points), whole)


def test_what_is_separated_depends_on_the_request_alone(expression: Expressions) -> None:
    small, large = request(8, 8), request(700, 700)
    text = "x*y + x**2*exp(-y) + sin(x)*y"
    computed = expression.up_to(text, small, 1)
    for inputs, separated in ((small, False), (large, True)):
        as_plain, as_separated = computed.plain(inputs)[0], computed.structured(inputs)[0]
        assert not np.array_equal(as_plain, as_separated), "else this test could not fail"
        assert np.array_equal(computed.chosen(inputs)[0], as_separated if separated else as_plain)
    together = computed.chosen(small, large, small)
    for got, inputs in zip(together, (small, large, small), strict=True):
        assert np.array_equal(got, computed.chosen(inputs)[0])
