"""What a worker does before it serves, and what keeps it from serving."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from gridgrad_worker.startup import CannotServeError, ready_message, start

MODULE = """
from gridgrad_worker import function

@function(units={"x": "m"}, samples={"x": [0.5, 2.0]})
def square(x, n=2.0):
    "A power."
    return x**n
"""


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = f"served_{abs(hash(request.node.nodeid))}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.mark.usefixtures("clean_registry")
def test_a_worker_that_is_ready_says_what_it_serves(module: str) -> None:
    started = start("cpu", 2, [module])
    assert torch.get_num_threads() == 2
    ready = ready_message(started)
    assert ready.device == "cpu"
    (served,) = ready.functions
    assert (served.name, served.doc, list(served.components), served.mode) == ("square", "A power.", ["f"], "forward")
    assert served.checked
    assert (served.expression, served.expression_order, served.why_functional) == ("x**n", 4, "")
    assert [(i.name, i.HasField("default"), i.default, i.unit) for i in served.inputs] == [
        ("x", False, 0, "m"),
        ("n", True, 2, ""),
    ]


@pytest.mark.usefixtures("clean_registry")
def test_the_list_says_what_a_function_is_not_served_for(tmp_path: Path, module: str) -> None:
    text = MODULE.replace("samples=", "order=1, samples=").replace("x**n", "x**n * torch.ones((), dtype=torch.float64)")
    (tmp_path / f"{module}.py").write_text(text.replace("\n", "\nimport torch\n", 1))
    (served,) = ready_message(start("cpu", 1, [module])).functions
    assert served.doc == "A power.\n\nServed to order 1. Served in float64 alone."


@pytest.mark.usefixtures("clean_registry")
def test_attention_is_computed_by_what_has_derivatives(module: str) -> None:
    start("cpu", 1, [module])
    assert not torch.backends.mha.get_fastpath_enabled()
    assert not torch.backends.cuda.flash_sdp_enabled()  # type: ignore[no-untyped-call] # torch has no types there


@pytest.mark.usefixtures("clean_registry")
def test_a_function_with_a_wrong_derivative_keeps_it_from_serving(tmp_path: Path, module: str) -> None:
    path = tmp_path / f"{module}.py"
    path.write_text(MODULE.replace("x**n", "x.detach()**n"))
    with pytest.raises(CannotServeError, match="'square' is refused"):
        start("cpu", 1, [module])


@pytest.mark.usefixtures("clean_registry")
def test_a_module_that_is_not_there_keeps_it_from_serving() -> None:
    with pytest.raises(CannotServeError, match="--functions no_such_module"):
        start("cpu", 1, ["no_such_module"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_model_may_be_in_a_file_whose_name_is_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"net\xff.onnx")
    path.write_bytes(b"none")
    refused = ready_message(start("cpu", 1, [str(path)], "structured", "auto")).refused
    assert "it is no ONNX model" in refused["net\\udcff"]


def test_a_device_that_is_not_there_keeps_it_from_serving() -> None:
    with pytest.raises(CannotServeError, match="start the server with --device cpu"):
        start("cuda:0", 1, [])
