from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import torch
from torch import Tensor

import gridgrad_worker
from gridgrad_core.errors import RequestError
from gridgrad_worker import FunctionError, function
from gridgrad_worker.registered.bind import bind
from gridgrad_worker.registered.registration import RegisteredInput, Registration
from gridgrad_worker.registered.registry import load

pytestmark = pytest.mark.usefixtures("clean_registry")


def only() -> Registration:
    (found,) = load([]).values()
    return found


def test_all_is_read_off_the_function() -> None:
    @function
    def drag(speed: Annotated[Tensor, "m/s"], area: Any = 2, rho: Annotated[Any, 3, "kg/m³"] = 1.2) -> Tensor:
        """The drag.

        Without the coefficient.
        """
        force: Tensor = rho * area * speed**2 / 2
        return force

    assert only() == Registration(
        name="drag",
        function=drag,
        doc="The drag.\n\nWithout the coefficient.",
        inputs=(
            RegisteredInput("speed", None, "m/s"),
            RegisteredInput("area", 2.0, ""),
            RegisteredInput("rho", 1.2, "kg/m³"),
        ),
        components=("f",),
        tuple_valued=False,
        mode="forward",
        samples={},
        check=True,
    )
    assert drag(torch.tensor(2.0), 1, 1) == 2  # it stays an ordinary function


def test_the_decorator_has_the_last_word() -> None:
    @function(
        name="fluid.flow",
        units={"x": "mm"},
        doc="Another text.",
        outputs=("u", "v"),
        mode="reverse",
        samples={"x": [1, 2, 3], "y": 4},
        check=False,
    )
    def field(x: Annotated[Tensor, "m"], y: Tensor) -> tuple[Tensor, Tensor]:
        """A text."""
        return x, y

    found = only()
    assert (found.name, found.doc, found.mode, found.check) == ("fluid.flow", "Another text.", "reverse", False)
    assert (found.components, found.tuple_valued) == (("u", "v"), True)
    assert found.inputs[0].unit == "mm"
    assert found.samples == {"x": (1.0, 2.0, 3.0), "y": (4.0,)}


def takes_anything(*x: Tensor) -> Tensor:
    return x[0]


def takes_keywords(*, x: Tensor) -> Tensor:
    return x


def takes_text(x: Tensor, way: str = "up") -> Tensor:
    return x if way == "up" else -x


def takes_nothing() -> Tensor:
    return torch.zeros(())


def takes_x(x: Tensor) -> Tensor:
    return x


def takes_x_y(x: Tensor, y: Tensor, z: float = 1.0) -> Tensor:
    return x * y * z


@pytest.mark.parametrize(
    ("subject", "options", "message"),
    [
        (takes_anything, {}, r"has no fixed position; write each input plainly"),
        (torch.relu, {}, "relu: its parameters can't be read; register a def that calls it"),
        (torch.nn.Linear(1, 1), {}, "'' is no name for a function"),
        (torch.nn.Linear(1, 1), {"name": "layer"}, "has no fixed position"),
        (takes_keywords, {}, "has no fixed position"),
        (takes_text, {}, "the default 'up' of 'way' is no number; write a float"),
        (takes_nothing, {}, "it has no inputs"),
        (takes_x, {"mode": "sideways"}, "mode='sideways'; write 'forward' or 'reverse'"),
        (takes_x, {"name": "not a name"}, "'not a name' is no name for a function"),
        (takes_x, {"units": {"y": "m"}}, "units for 'y', which is no input; it has x"),
        (takes_x, {"samples": {"y": 1}}, "samples for 'y', which is no input; it has x"),
        (takes_x_y, {"samples": {"x": 1}}, "samples without y; give values for every input"),
        (takes_x_y, {"samples": {"x": [1, 2], "y": [1, 2, 3]}}, r"samples of \[2, 3\] values"),
        (takes_x_y, {"samples": {"x": [], "y": 1}}, "samples of"),
        (takes_x, {"outputs": "uv"}, "outputs='uv'; write a tuple of different names"),
        (takes_x, {"outputs": ("u", "u")}, "a tuple of different names"),
    ],
)
def test_what_cannot_be_served_is_refused_at_its_decorator(subject: Any, options: Any, message: str) -> None:
    with pytest.raises(FunctionError, match=message):
        function(**options)(subject)
    assert not load([])


def test_seventeen_inputs_are_too_many() -> None:
    names = [f"x{i}" for i in range(17)]
    namespace: dict[str, Any] = {}
    exec(f"def many({', '.join(names)}): return x0", namespace)  # noqa: S102 - writes the long signature
    with pytest.raises(FunctionError, match="17 inputs; at most 16"):
        function(namespace["many"])


def test_a_name_is_given_once() -> None:
    function(name="same")(takes_x)
    function(name="same")(takes_x)  # as when its module is loaded again
    with pytest.raises(FunctionError, match=r"'same' is registered by .*takes_x already; give the one of .*takes_x_y"):
        function(name="same")(takes_x_y)


# Modules


def write_module(folder: Path, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / f"{name.replace('.', '/')}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    monkeypatch.syspath_prepend(folder)


def test_modules_are_loaded_and_their_functions_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "from gridgrad_worker import function\n@function\ndef {0}(x): return x\n"
    write_module(tmp_path, "loaded_first", text.format("zebra"), monkeypatch)
    write_module(tmp_path, "loaded_package.inner", text.format("ant"), monkeypatch)
    write_module(tmp_path, "loaded_package.__init__", "import loaded_package.inner", monkeypatch)
    assert list(load(["loaded_first", "loaded_package"])) == ["ant", "zebra"]
    assert list(load(["loaded_package"])) == ["ant", "zebra"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "it registers no function; put @function from gridgrad_worker above"),
        ("1/0", "importing it raised ZeroDivisionError: division by zero; python -c 'import broken_0' shows where"),
        ("import nowhere_to_be_found", "there is no module 'nowhere_to_be_found'"),
    ],
)
def test_a_module_without_use_is_refused(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"broken_{len(text) % 3 if text != '1/0' else 0}"
    write_module(tmp_path, name, text, monkeypatch)
    with pytest.raises(FunctionError, match=message):
        load([name])
    sys.modules.pop(name, None)


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(
        FunctionError, match="--functions no_such_module: there is no module 'no_such_module'; give its"
    ):
        load(["no_such_module"])


def test_the_package_loads_torch_only_when_a_function_is_called_for() -> None:
    code = (
        "import sys, gridgrad_worker; print('torch' in sys.modules, gridgrad_worker.function, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False <function function at")
    assert done.stdout.endswith("False\n")
    with pytest.raises(AttributeError, match="it has FunctionError, function"):
        gridgrad_worker.nothing  # noqa: B018 - that it raises is the point
    assert {"function", "FunctionError"} <= set(dir(gridgrad_worker))


# Calls

FLOAT64 = torch.float64
CPU = torch.device("cpu")


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=FLOAT64)


def test_inputs_go_by_name_and_defaults_fill_in() -> None:
    @function
    def weighted(x: Tensor, y: Tensor, w: Any = 100.0) -> Tensor:
        result: Tensor = x + 10 * y + w
        return result

    call = bind(only(), ["y", "unused", "x"], FLOAT64, CPU)
    assert call(number(1), number(7), number(2)) == (number(112),)
    call = bind(only(), ["w", "x", "y"], FLOAT64, CPU)
    assert call(number(0), number(1), number(2)) == (number(21),)
    with pytest.raises(RequestError, match="'weighted' without its input 'y'; give the inputs x, y"):
        bind(only(), ["x"], FLOAT64, CPU)


@pytest.mark.parametrize(
    ("result", "outputs", "message"),
    [
        (1.0, None, "returned float 1.0; return tensors"),
        (None, None, "returned NoneType None; return tensors"),
        (torch.ones(3), None, r"a tensor of shape \(3,\) and torch.float32; return tensors of no dims"),
        (torch.ones(()), None, "torch.float32; return torch.float64, as its inputs are"),
        ((number(1),), None, "returned a tuple of 1; return tensors"),
        (number(1), ("u", "v"), "return a tuple of 2 tensors"),
        ((number(1),), ("u", "v"), "a tuple of 1; return a tuple of 2 tensors"),
        ((number(1), 2.0), ("u", "v"), "returned float 2.0"),
    ],
)
def test_a_result_that_is_not_as_it_must_be(result: Any, outputs: Any, message: str) -> None:
    @function(outputs=outputs)
    def constant(x: Tensor) -> Any:  # noqa: ARG001 - constants need no inputs
        return result

    with pytest.raises(RequestError, match=message) as caught:
        bind(only(), ["x"], FLOAT64, CPU)(number(1))
    assert caught.value.field == "function.registered"
