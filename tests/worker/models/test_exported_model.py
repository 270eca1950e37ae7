"""Exported programs as models: what they compute, in both dtypes, and how their inputs are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import Tensor, nn

from gridgrad_worker.models.exported_model import tensor_input
from gridgrad_worker.registered.registration import FunctionError
from gridgrad_worker.tracing.graph import graph_of
from tests.worker.models.conftest import Load, computed
from tests.worker.models.exported.layers import KNOWN
from tests.worker.models.exported.programs import Surrogate, exported

SETTINGS = """
order = 2
samples = [{inputs = {x = 0.5, y = -0.25, t = 0.7}}]
inputs = {x = {unit = "m"}, y = {}, t = {}}
outputs = {u = {}, v = {unit = "K"}}
"""
POINT = (0.5, -0.25, 0.7)
FIRST: list[tuple[int, ...]] = [(), (0,), (1,), (2,)]


def direct(module: nn.Module, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Values [components] of a module and their derivatives [inputs, components], by reverse mode on itself."""
    module = module.to(dtype)
    point = torch.tensor(POINT, dtype=dtype)

    def results(point: Tensor) -> Tensor:
        return torch.cat(module(point[None, :2], point[2:]))

    slopes: Tensor = torch.autograd.functional.jacobian(results, point)  # type: ignore[no-untyped-call] # untyped
    return results(point), slopes.T


@pytest.mark.long
def test_a_program_is_what_was_exported(tmp_path: Path, load: Load) -> None:
    file = tmp_path / "net.pt2"
    file.write_bytes(exported(Surrogate(), torch.rand(3, 2), torch.rand(3), extra={"gridgrad.toml": SETTINGS}))
    loaded = load(file)
    assert not loaded.refused
    net = loaded.served["net"]
    assert ([each.name for each in net.inputs], net.components) == (["x", "y", "t"], ("u", "v"))
    assert (net.order, net.why_no_float32) == (2, "")
    assert "batch_norm" not in graph_of(net).code
    for dtype, rtol in (("float64", 1e-12), ("float32", 1e-4)):
        value, slopes = direct(Surrogate().eval(), torch.float64)
        found = computed(net, FIRST, *POINT, dtype=dtype)
        assert found.dtype == dtype
        assert_allclose(found[0], value.detach(), rtol=rtol)
        assert_allclose(found[1:], slopes, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", KNOWN)
def test_layers_whose_derivatives_somebody_gets_wrong(name: str, tmp_path: Path, load: Load) -> None:
    layer, x, right = KNOWN[name]
    (tmp_path / "net.pt2").write_bytes(exported(layer, torch.rand(2, 1, dtype=torch.float64)))
    (tmp_path / "net.toml").write_text("check = false")
    found = computed(load(tmp_path).served["net"], [(0,) * order for order in range(len(right))], x)[:, 0]
    assert_allclose(found, right, rtol=5e-13, atol=1e-16)


class Held(nn.Module):
    """A factor of it is held: torch's derivative is not that of its values."""

    def forward(self, x: Tensor) -> Tensor:
        """A square."""
        return x * x.detach()


def test_a_derivative_that_is_not_that_of_the_values_is_refused(tmp_path: Path, load: Load) -> None:
    (tmp_path / "held.pt2").write_bytes(exported(Held(), torch.rand(2, 1, dtype=torch.float64)))
    why = load(tmp_path).refused["held"]
    assert "the function 'held' is refused: " in why
    assert "by finite differences" in why


class Narrow(nn.Module):
    """Doubles, and single precision where its author said so."""

    def forward(self, x: Tensor) -> Tensor:
        """A third as float32 has it."""
        return x * torch.full((1,), 1 / 3, dtype=torch.float32) + torch.zeros(1) + x[:, :1].float()


def test_single_precision_in_a_program_of_doubles_stays(tmp_path: Path, load: Load) -> None:
    (tmp_path / "narrow.pt2").write_bytes(exported(Narrow(), torch.rand(2, 1, dtype=torch.float64)))
    (tmp_path / "narrow.toml").write_text("check = false")
    narrow = load(tmp_path).served["narrow"]
    assert_array_equal(computed(narrow, [()], 0.1)[0], 0.1 * float(np.float32(1 / 3)) + float(np.float32(0.1)))


@pytest.mark.parametrize(
    ("shape", "is_named", "found"),
    [
        ((None, 2), False, ((1, 2), True)),
        ((None,), False, ((1,), True)),
        ((2,), False, ((2,), False)),
        ((), False, ((), False)),
        ((1, 3), False, ((1, 3), False)),
        ((4, 2), True, ((4, 2), False)),
    ],
)
def test_shapes(shape: tuple[int | None, ...], is_named: bool, found: tuple[tuple[int, ...], bool]) -> None:
    assert tensor_input("x", shape, is_named)[1:] == found


def test_shapes_that_are_not_clear_are_refused() -> None:
    with pytest.raises(FunctionError, match=r"'x' is of \[4, 2\] alone; export it with a first dim of any length"):
        tensor_input("x", (4, 2), is_named=False)
    with pytest.raises(FunctionError, match="'x' has a dim of any length that is not its first"):
        tensor_input("x", (None, None), is_named=True)
