"""Settings of models: what each key is, and what is refused with its place."""

from __future__ import annotations

import pytest

from gridgrad_worker.models.model_settings import ModelInput, ModelSample, read_settings
from gridgrad_worker.registered.registration import FunctionError

WHOLE = """
name = "net"
doc = "What it is."
module = "package.module:Net"
arguments = {width = 3}
state = "net.safetensors"
dtype = "float64"
mode = "reverse"
order = 2
check = false
tensors = [["x", "y"]]
samples = [{inputs = {x = 1}, value = [2, 3], atol = 0.5}, {}]
[inputs]
x = {unit = "m"}
y = {default = 2}
[outputs]
u = {unit = "K"}
v = {}
"""


def test_every_key() -> None:
    found = read_settings(WHOLE)
    assert (found.name, found.doc, found.module, found.state) == (
        *("net", "What it is.", "package.module:Net", "net.safetensors"),
    )
    assert (found.dtype, found.mode, found.order, found.check) == ("float64", "reverse", 2, False)
    assert (found.arguments, found.tensors) == ({"width": 3}, (("x", "y"),))
    assert found.inputs == (ModelInput("x", None, "m"), ModelInput("y", 2.0, ""))
    assert found.outputs == {"u": "K", "v": ""}
    assert found.samples == (ModelSample({"x": 1.0}, (2.0, 3.0), 1e-9, 0.5), ModelSample({}, (), 1e-9, 0.0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = ", "its settings are no TOML: .* mend them there"),
        ("nmae = 'x'", "nmae means nothing here; there are name, doc,"),
        ("name = 1", "name is no text; put it in quotes"),
        ("dtype = 'half'", "dtype is 'half'; write 'float64' or 'float32'"),
        ("check = 1", "check is neither true nor false"),
        ("inputs = 1", r"inputs is no table; write it as inputs = {\.\.\.}"),
        ("inputs = {x = {units = 'm'}}", r"inputs\.x\.units means nothing here; there are unit, default"),
        ("inputs = {x = {default = 'a'}}", r"inputs\.x\.default is 'a', no number"),
        ("inputs = {'a b' = {}}", r"inputs\.a b is no name of an input"),
        ("inputs = {lambda = {}}", r"inputs\.lambda is no name of an input; .* no keyword of Python"),
        ("outputs = {u = {unit = 1}}", r"outputs\.u\.unit is no text"),
        ("samples = {}", "samples is no list"),
        ("samples = [{at = 1}]", r"samples\[0\]\.at means nothing here; there are inputs, value, rtol, atol"),
        ("samples = [{value = nan}]", r"samples\[0\]\.value is nan; write a finite number"),
        ("samples = [{rtol = -1}]", r"samples\[0\]\.rtol or atol is below 0"),
        ("tensors = [[]]", r"tensors\[0\] is no list of names"),
        ("#" * (1 << 21), "its settings have 2097152 characters"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FunctionError, match=message):
        read_settings(text)
