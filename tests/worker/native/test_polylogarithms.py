"""Polylogarithms, what is made of them, and Debye's functions: at all orders, and at the ends of their domains."""

from __future__ import annotations

import importlib.util
import math

import mpmath as mp
import numpy as np
import pytest
import torch

from gridgrad.checks.mpmath_functions import VALUES as PRECISE
from gridgrad_core.lang.library.library_table import LIBRARY
from gridgrad_worker.native.library_functions import VALUES
from tests.layout import PACKAGES


@pytest.mark.parametrize("count", [1, pytest.param(40, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", ["fermi_dirac", "bose_einstein", "polylog"])
def test_functions_of_half_orders_are_right_at_all_of_them(name: str, count: int) -> None:
    random = np.random.default_rng(9)
    for order in np.arange(-5, 10.5, 0.5 if count > 1 else 2.5):
        beside, far = random.uniform(-4, 4, count), 10 ** random.uniform(0, 4, count)
        xs = np.concatenate([beside, -far if name == "polylog" else far])
        if name != "fermi_dirac":
            xs = np.minimum(xs, 1) if name == "polylog" else -np.abs(xs)
        found = VALUES[name](torch.tensor(order, dtype=torch.float64), torch.from_numpy(xs)).tolist()
        with mp.workdps(40):
            for x, got in zip(map(float, xs), found, strict=True):
                want = PRECISE[name](mp.mpf(order), mp.mpf(x))
                slope = PRECISE[name](mp.mpf(order) - 1, mp.mpf(x)) * (1 if name == "polylog" else x)
                rounded = abs(want) + abs(slope)  # by what x times its slope is, beside a zero
                assert got == want or abs(got - want) <= 1e-14 * rounded + 1e-300, f"{name} of the order {order} at {x}"


def test_values_at_the_ends_of_their_domains() -> None:
    def value(name: str, *arguments: float) -> float:
        orders = [int(each) for each in arguments[: LIBRARY[name].integers]]
        numbers = [torch.tensor(each, dtype=torch.float64) for each in arguments[len(orders) :]]
        return VALUES[name](*orders, *numbers).item()

    for infinite in (("polylog", 1.0, 1.0), ("polylog_derivative", 1, 2.0, 1.0), ("bose_einstein", 0.0, 0.0)):
        assert value(*infinite) == math.inf
    for without in (("polylog", 2.0, 1.5), ("polylog_derivative", 1, 2.0, 1.5), ("bose_einstein", 0.5, 1e-9)):
        assert math.isnan(value(*without))
    assert value("polylog", 2.0, -math.inf) == -math.inf
    assert [value("fermi_dirac", j, math.inf) for j in (0.5, -1.0, -1.5)] == [math.inf, 1, 0]
    assert [value("fermi_dirac", j, -math.inf) for j in (0.5, -1.0, -1.5)] == [0, 0, 0]
    assert [value("debye", n, math.inf) for n in (0, 3)] == [1, 0]
    assert value("debye", 3, 0.0) == 1
    assert value("debye", 3, -1e300) == pytest.approx(0.75e300)


@pytest.mark.parametrize(("n", "count"), [(4, 1), *(pytest.param(n, 30, marks=pytest.mark.long) for n in (2, 4))])
def test_derivatives_of_polylogarithms_keep_their_digits(n: int, count: int) -> None:
    """Sums of lower orders lose theirs where the order is high, series of negative numbers where it is low."""
    random = np.random.default_rng(n)
    for order in (-9.5, 2, 4.5, 10) if count == 1 else (-9.5, -6, -1, 0.5, 2, 4.5, 10):
        anywhere, beside_one = random.uniform(-1.2, 1, count), 1 - 10 ** random.uniform(-9, -1, count)
        for x in [*anywhere, *beside_one, *-(10 ** random.uniform(0, 7, count))]:
            got = VALUES["polylog_derivative"](n, *torch.tensor([[order], [x]], dtype=torch.float64)).item()
            with mp.workdps(40):
                want, next_one = (PRECISE["polylog_derivative"](n + more, mp.mpf(order), mp.mpf(x)) for more in (0, 1))
                assert abs(got - want) <= 1e-13 * max(abs(want), abs(x * next_one)), f"of the order {order} at {x}"


@pytest.mark.long
def test_the_table_is_what_its_script_writes() -> None:
    script = PACKAGES["gridgrad"] / "generate_fermi_dirac.py"
    spec = importlib.util.spec_from_file_location("generate_fermi_dirac", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.HEADER.read_text() == module.written(), "python client/generate_fermi_dirac.py writes it anew"
