"""Torch modules by name: their weights, their settings, and what is refused of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from numpy.testing import assert_allclose
from safetensors.torch import save_file

from tests.worker.models.conftest import Load, WriteModule, computed

NETWORK = """
class Net(nn.Module):
    def __init__(self, scale=1.0):
        super().__init__()
        self.first, self.last = nn.Linear(2, 2), nn.Linear(2, 1)
        self.scale = scale
    def forward(self, x):
        return self.scale*self.last(torch.tanh(self.first(x)))
"""
WEIGHTS = {
    "first.weight": [[0.7, -0.4], [0.2, 0.9]],
    "first.bias": [0.1, -0.3],
    "last.weight": [[1.5, -0.8]],
    "last.bias": [0.25],
}
STATE = {name: torch.tensor(each, dtype=torch.float64) for name, each in WEIGHTS.items()}
SETTINGS = """
order = 2
state = "{state}"
doc = "A network of two inputs."
samples = [{{inputs = {{x = 0.5, y = -0.25}}, value = 1.32168774474371, rtol = 1e-13}}]
[inputs]
x = {{unit = "m"}}
y = {{}}
[outputs]
T = {{unit = "K"}}
"""
ORDERS = [(), (0,), (1,), (0, 0), (0, 1), (1, 1), (0, 0, 0), (0, 0, 1, 1), (1, 1, 1, 1)]
# By mpmath at 40 digits
RIGHT = [1.32168774474371, 0.6526988884292984, -1.053833436430346, -0.5729822307876737, 0.2181714778071599]
RIGHT += [-0.6162806449258901, -0.1860436850080638, 0.5464994435052467, 2.288305302553192]


@pytest.mark.parametrize("state", ["net.safetensors", "net.pt"])
def test_a_class_with_weights_of_a_file(state: str, tmp_path: Path, load: Load, write_module: WriteModule) -> None:
    module = write_module(NETWORK)
    save_file(STATE, tmp_path / state) if state.endswith("safetensors") else torch.save(STATE, tmp_path / state)
    settings = SETTINGS.format(state=state)
    (tmp_path / "Net.toml").write_text(settings if state.endswith("safetensors") else f"check = false{settings}")
    loaded = load(f"{module}:Net")
    assert not loaded.refused
    net = loaded.served["Net"]
    assert (net.doc, net.order, net.why_no_more) == ("A network of two inputs.", 2, "")
    assert [(each.name, each.unit) for each in net.inputs] == [("x", "m"), ("y", "")]
    assert (net.components, net.component_units, net.tuple_valued) == (("T",), ("K",), True)
    assert_allclose(computed(net, ORDERS, 0.5, -0.25)[:, 0], RIGHT, rtol=2e-13)
    assert_allclose(computed(net, ORDERS[:3], 0.5, -0.25, dtype="float32")[:, 0], RIGHT[:3], rtol=1e-5)


def test_settings_that_name_the_module(tmp_path: Path, load: Load, write_module: WriteModule) -> None:
    module = write_module(NETWORK)
    text = f"order = 1\nmodule = '{module}:Net'\nname = 'nets.warm'\narguments = {{scale = 2.0}}\ndtype = 'float64'\n"
    (tmp_path / "a.toml").write_text(f"{text}inputs = {{x = {{}}, y = {{default = 1}}}}")
    (tmp_path / "b.toml").write_text(text.replace("2.0", "2.0, width = 3") + "inputs = {x = {}}")
    loaded = load(tmp_path)
    (net,) = loaded.served.values()
    assert (net.name, net.components, net.tuple_valued) == ("nets.warm", ("f",), False)
    assert [each.default for each in net.inputs] == [None, 1.0]
    assert "served in torch.float64 alone" in net.why_no_float32
    (why,) = loaded.refused.values()
    assert "making it by Net(scale, width) raised TypeError" in why


def test_weights_of_single_precision_are_served_in_both(load: Load, tmp_path: Path, write_module: WriteModule) -> None:
    module = write_module(NETWORK)
    save_file({name: each.float() for name, each in STATE.items()}, tmp_path / "net.safetensors")
    (tmp_path / "Net.toml").write_text('order = 1\nstate = "net.safetensors"\ninputs = {x = {}, y = {}}')
    net = load(f"{module}:Net").served["Net"]
    assert not net.why_no_float32
    first, last = torch.tensor(WEIGHTS["first.weight"]).double(), torch.tensor(WEIGHTS["last.weight"]).double()
    x = torch.tensor([0.5, -0.25], dtype=torch.float64)
    bias = torch.tensor(WEIGHTS["first.bias"]).double()
    right = last @ torch.tanh(first @ x + bias) + 0.25
    assert_allclose(computed(net, [()], 0.5, -0.25)[0], right, rtol=1e-15)


def test_several_tensors(tmp_path: Path, load: Load, write_module: WriteModule) -> None:
    text = "class Two(nn.Module):\n    def forward(self, at, t): return at.prod(1)*t[:, 0], at + t\n"
    module = write_module(text)
    (tmp_path / "Two.toml").write_text("check = false\ntensors = [['x', 'y'], ['t']]\ninputs = {x={}, y={}, t={}}")
    two = load(f"{module}:Two").served["Two"]
    assert two.components == ("f0", "f1", "f2")
    assert_allclose(computed(two, [(), (2,)], 2.0, 3.0, 5.0), [[30, 7, 8], [6, 1, 1]])


CLASS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))
    {}
"""
REFUSED = {
    "dropout": ("def forward(self, x): return nn.functional.dropout(x, 0.5)", "draws random numbers, by aten."),
    "updating batch norm": (
        "def forward(self, x): return nn.functional.batch_norm(x, self.mean, self.mean + 1, training=True)",
        "batch norm in training mode",
    ),
    "a buffer that counts": (
        "def forward(self, x): return x*self.mean.add_(1)",
        "it changes its buffer 'mean'",
    ),
    "a mean over the batch": (
        "def forward(self, x): return x - x.mean(0, keepdim=True) + x**2",
        "when another point is in its batch",
    ),
    "batch norm of its batch": (
        "def forward(self, x): return nn.functional.batch_norm(x, None, None, training=True)",
        "Expected more than 1 value per channel",
    ),
    "half precision": ("Net = nn.Linear(2, 1).half().eval()", "its weights are torch.float16; convert it"),
    "two precisions": (
        "Net = nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1).double()).eval()",
        "several dtypes, torch.float32, torch.float64",
    ),
    "an instance in training mode": ("Net = nn.Sequential(nn.Tanh())", "it (Sequential) is in training mode"),
    "a function": ("def Net(): return 1", "Net makes int, no torch.nn.Module"),
    "another name": ("class Nets: pass", "has no 'Net'; write the name of a class"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str, tmp_path: Path, load: Load, write_module: WriteModule) -> None:
    text, message = REFUSED[what]
    module = write_module(CLASS.format(text) if "self" in text else text)
    (tmp_path / "Net.toml").write_text("inputs = {x = {}, y = {}}")
    loaded = load(f"{module}:Net")
    assert not loaded.served
    assert message in loaded.refused["Net"]
    assert loaded.refused["Net"].startswith(f"{module}:Net: ")


class Malicious:
    """An object whose unpickling would call a function; weights_only refuses it."""

    def __reduce__(self) -> tuple[object, ...]:
        return sum, ((1, 2),)


def test_states_that_are_refused(tmp_path: Path, load: Load, write_module: WriteModule) -> None:
    module = write_module(NETWORK)

    def refused(state: str) -> str:
        (tmp_path / "Net.toml").write_text(f'state = "{state}"\ninputs = {{x = {{}}, y = {{}}}}')
        return load(f"{module}:Net").refused["Net"]

    torch.save({"first.weight": Malicious()}, tmp_path / "net.pt")
    assert "net.pt can't be loaded with weights_only" in refused("net.pt")
    torch.save([1], tmp_path / "list.pt")
    assert "has more than tensors by name" in refused("list.pt")
    save_file({"other": torch.ones(1)}, tmp_path / "other.safetensors")
    assert "the weights of other.safetensors are of another" in refused("other.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{")
    assert "is no safetensors file" in refused("cut.safetensors")
    assert "lies outside of" in refused("../net.pt")
    assert "there is no 'none.pt'" in refused("none.pt")
