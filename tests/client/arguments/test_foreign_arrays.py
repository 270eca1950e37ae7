"""Arrays of other packages that can't be taken: each is refused by name, with the cure."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

import gridgrad
from gridgrad.arguments.foreign_arrays import holds_units, refuse_units, unreadable
from gridgrad.arguments.inputs import read_inputs


def refusal(value: Any) -> str:
    with pytest.raises(gridgrad.RequestError) as caught:
        read_inputs({"x": value})
    assert caught.value.field == "inputs['x']"
    return str(caught.value)


def test_tensors_of_torch() -> None:
    torch = pytest.importorskip("torch")
    two = torch.ones(2)
    assert "a sparse tensor (torch.sparse_coo); give all its numbers: x.to_dense()" in refusal(two.to_sparse())
    assert "on the device 'meta', which has no numbers" in refusal(two.to("meta"))
    assert "gridgrad.torch.evaluate differentiates through it; x.detach()" in refusal(two.clone().requires_grad_())
    assert "torch.bfloat16, which numpy has not; give x.float()" in refusal(two.bfloat16())
    assert "real and imaginary parts" in refusal(two.to(torch.complex64).conj())
    assert "x.resolve_neg()" in refusal(two.to(torch.complex64).conj().imag)
    (given,) = read_inputs({"x": two})
    assert np.array_equal(given.values, [1, 1])  # type: ignore[arg-type] # no linspace


def test_tensors_inside_vmap_of_torch() -> None:
    torch = pytest.importorskip("torch")
    said: list[str] = []

    def seen(x: Any) -> Any:
        said.append(refusal(x))
        return x

    torch.func.vmap(seen)(torch.ones(2, 3))
    assert "gridgrad.torch.evaluate takes the tensors of torch.func and torch.vmap" in said[0]


def test_keys_and_traced_arrays_of_jax() -> None:
    jax = pytest.importorskip("jax")
    assert "a JAX key (key<fry>); give numbers drawn with it" in refusal(jax.random.key(0))
    assert "a JAX key" in refusal(jax.random.split(jax.random.key(0), 2))
    said: list[str] = []

    def seen(x: Any) -> Any:
        said.append(refusal(x))
        return x

    jax.jit(seen)(1.0)
    assert "gridgrad.jax.evaluate takes arrays inside jit, grad and vmap" in said[0]


def test_sparse_matrices_of_scipy() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    assert "x.toarray()" in refusal(sparse.eye(2))


class Quantity(NamedTuple):
    """What pint's quantities look like to us."""

    magnitude: Any
    units: str


class OtherQuantity:
    """What astropy's look like."""

    unit = "ms"

    def to_value(self, unit: str) -> float:
        return float(len(unit))


def test_quantities_are_refused_and_not_stripped_of_their_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pint", ModuleType("pint"))
    assert holds_units()
    message = refusal(Quantity([1, 2], "millisecond"))
    assert "a Quantity in millisecond; units are not converted" in message
    assert 'x.to("s").magnitude' in message
    assert 'x.to_value("s")' in refusal(OtherQuantity())
    refuse_units("x", np.ones(2))


def test_any_other_error_is_told_in_its_first_line() -> None:
    class Broken:
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
            raise KeyError("a line\nanother")

    assert "a Broken that is no array of numbers" in refusal(Broken())
    assert "ValueError" in str(unreadable("x", object(), ValueError()))
