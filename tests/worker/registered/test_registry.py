"""The registry: names given once, and modules that are loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from torch import Tensor

import gridgrad_worker
from gridgrad_worker import FunctionError, function
from gridgrad_worker.registered.registration import Registration
from gridgrad_worker.registered.registry import load

pytestmark = pytest.mark.usefixtures("clean_registry")


def only() -> Registration:
    (found,) = load([]).values()
    return found


def takes_x(x: Tensor) -> Tensor:
    return x


def takes_x_y(x: Tensor, y: Tensor, z: float = 1.0) -> Tensor:
    return x * y * z


def test_a_name_is_given_once() -> None:
    function(name="same")(takes_x)
    function(name="same")(takes_x)  # as when its module is loaded again
    with pytest.raises(FunctionError, match=r"'same' is registered by .*takes_x already; give the one of .*takes_x_y"):
        function(name="same")(takes_x_y)


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
