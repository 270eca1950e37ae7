"""Opening the device that a worker is told to compute on."""

from __future__ import annotations

import warnings

import pytest
import torch

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.open import open_device


@pytest.fixture(autouse=True)
def _threads() -> object:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_processor_computes_with_the_threads_that_are_asked_for() -> None:
    assert isinstance(open_device("cpu", 3), CpuDevice)
    assert torch.get_num_threads() == 3


def test_products_of_matrices_are_not_rounded_to_fewer_digits() -> None:
    torch.set_float32_matmul_precision("medium")
    open_device("cpu", 1)
    assert torch.get_float32_matmul_precision() == "highest"


def test_the_first_derivative_warns_of_nothing() -> None:
    open_device("cpu", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = torch.func.jvp(torch.sin, (torch.zeros(()),), (torch.ones(()),))
    assert [each.item() for each in found] == [0, 1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_can_not_be_opened() -> None:
    with pytest.raises((AssertionError, AttributeError, RuntimeError)):  # by how torch was built
        open_device("cuda:0", 1)
