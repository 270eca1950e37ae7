"""Functions of the library on tensors, and what stands in for it where it can't be compiled."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

import mpmath as mp
import numpy as np
import pytest
import torch
from torch import Tensor

from gridgrad.checks.mpmath_functions import VALUES as PRECISE
from gridgrad_core.errors import RequestError
from gridgrad_worker.native import library_functions as module
from gridgrad_worker.native.errors import CannotCompileError, MomentaryTroubleError, NothingToCompileWithError
from gridgrad_worker.native.library_functions import VALUES

ORDERS = {"jn": 3}
WHY = "there is no C++ compiler; install g++, or set CXX"


def values(name: str, x: Tensor) -> Tensor:
    return VALUES[name](*([ORDERS[name]] if name in ORDERS else []), x)


WORST = {"j0": 1e-13, "j1": 1e-13, "jn": 1e-13}
"""The errors that the rows state, each a part of the value or, beside zeros, of the envelope."""


@pytest.mark.parametrize("name", WORST)
def test_errors_are_no_larger_than_the_rows_say(name: str) -> None:
    random = np.random.default_rng(3)
    xs = np.concatenate([10 ** random.uniform(-8, 6, 40), random.uniform(0, 100, 40)])
    for order in (0, 2, 7, 50, 600) if name in ORDERS else (None,):
        integers = () if order is None else (order,)
        found = VALUES[name](*integers, torch.from_numpy(xs)).tolist()
        with mp.workdps(40):
            for x, got in zip(xs, found, strict=True):
                want = PRECISE[name](*integers, mp.mpf(x))
                scale = max(abs(want), mp.sqrt(2 / (mp.pi * x)) if x > (order or 0) else 0)
                assert abs(got - want) <= WORST[name] * scale + sys.float_info.min, f"{name} of order {order} at {x}"


@pytest.fixture
def without_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[CannotCompileError], list[str]]]:
    """Has no library be there, for a reason, and counts how often it was looked for."""

    def lacking(why: CannotCompileError) -> list[str]:
        looked: list[str] = []

        @contextlib.contextmanager
        def library_files() -> Iterator[None]:
            looked.append("")
            if why:
                raise why
            yield

        monkeypatch.setattr(module, "library_files", library_files)
        return looked

    module._loaded_or_refused.cache_clear()
    yield lacking
    module._loaded_or_refused.cache_clear()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", VALUES)
def test_numbers_are_the_same_wherever_they_lie(name: str, dtype: torch.dtype) -> None:
    x = torch.linspace(0.1, 30, 6000, dtype=dtype)
    all_values = values(name, x)
    assert all_values.dtype == dtype
    assert torch.equal(values(name, x.reshape(60, 100).T), all_values.reshape(60, 100).T)
    assert torch.equal(values(name, x[::7]), all_values[::7])
    assert torch.equal(values(name, x[5].expand(3, 4)), all_values[5].expand(3, 4))
    assert torch.equal(values(name, x[5]), all_values[5])
    assert values(name, x[:0]).shape == (0,)


@pytest.mark.parametrize("name", VALUES)
def test_scipy_stands_in_where_there_is_no_compiler(
    name: str, without_library: Callable[[CannotCompileError], list[str]]
) -> None:
    pytest.importorskip("scipy")
    x = torch.linspace(0.1, 30, 100, dtype=torch.float64)
    right = values(name, x)
    module._loaded_or_refused.cache_clear()
    looked = without_library(NothingToCompileWithError(WHY))
    for dtype, digits in ((torch.float64, 1e-13), (torch.float32, 1e-5)):
        np.testing.assert_allclose(values(name, x.to(dtype)), right, rtol=digits, atol=digits)
    assert len(looked) == 1


def test_what_passes_is_tried_again(without_library: Callable[[CannotCompileError], list[str]]) -> None:
    pytest.importorskip("scipy")
    looked = without_library(MomentaryTroubleError("No space left"))
    for _ in range(2):
        values("j0", torch.ones(1, dtype=torch.float64))
    assert len(looked) == 2


def test_without_either_it_is_said_what_to_install(
    without_library: Callable[[CannotCompileError], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_library(NothingToCompileWithError(WHY))
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(RequestError) as refused:
        values("jn", torch.ones(1, dtype=torch.float64))
    assert WHY in str(refused.value)
    assert "or pip install scipy where the worker runs" in str(refused.value)
