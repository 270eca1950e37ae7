"""Models as registered functions: numbers, names and samples."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gridgrad_worker.models.batch_model import BatchModel, TensorInput
from gridgrad_worker.models.model_registration import registration_of
from gridgrad_worker.models.model_settings import read_settings
from gridgrad_worker.registered.registration import FunctionError


def model(settings: str = "", outputs: tuple[str, ...] = (), dtype: torch.dtype = torch.float64) -> BatchModel:
    tensors = (TensorInput("x", (1, 2), True), TensorInput("t", (1,), True))

    def both(x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        return x * t[:, None], t

    return BatchModel("m", tensors, outputs, dtype, torch.device("cpu"), lambda *_: both, read_settings(settings))


def test_names_where_settings_say_nothing() -> None:
    found = registration_of(model())
    assert [each.name for each in found.inputs] == ["x0", "x1", "t"]
    assert found.components == ("f0", "f1", "f2")
    assert registration_of(model(outputs=("u", "v"))).components == ("u0", "u1", "v")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("inputs = {a = {}}", r"inputs has 1 names for the 3 numbers of x \[1, 2\], t \[1\]; name each"),
        ("outputs = {a = {}}", "outputs has 1 names for 3 numbers"),
        ("samples = [{inputs = {u = 1}}]", r"samples\[0\] has 'u', which is no input; it has x0, x1, t"),
        ("samples = [{inputs = {t = 1}}]", r"samples\[0\] has no 'x0'; say at which value"),
        (
            "samples = [{inputs = {x0 = 1, x1 = 2, t = 3}, value = 3}]",
            r"samples\[0\] has 1 values for 3 components",
        ),
        (
            "samples = [{inputs = {x0 = 1, x1 = 2, t = 3}, value = [3, 6, 4]}]",
            r"samples\[0\]: .* is 3.0 there, not 4.0 within rtol 1e-09 and atol 0; mend either",
        ),
        ("order = 7", "m: order=7; write the highest order"),
        ("name = 'a b'", "'a b' is no name for a function"),
    ],
)
def test_what_is_refused(settings: str, message: str) -> None:
    with pytest.raises(FunctionError, match=message):
        registration_of(model(settings))


def test_defaults_may_stand_before_what_has_none() -> None:
    found = registration_of(model("inputs = {a = {default = 2}, b = {}, c = {}}"))
    assert [each.default for each in found.inputs] == [2.0, None, None]
    assert float(found.function(*torch.tensor([2.0, 3.0, 5.0], dtype=torch.float64))[1]) == 15


def test_names_that_would_be_those_of_two_inputs_are_refused() -> None:
    twins = (TensorInput("x", (1, 2), True), TensorInput("x0", (1,), True))
    with pytest.raises(FunctionError, match="two of its inputs would be called 'x0'; name all of them"):
        registration_of(model()._replace(tensors=twins))
    with pytest.raises(FunctionError, match="it takes no number; a constant needs no server"):
        registration_of(model()._replace(tensors=()))
