"""The command line, against a server and against the private one that it starts for a call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridgrad
from tests.service.harness import PATIENCE_S, Running

BILINEAR = ["eval", "t*k + 2*t*k**2", "--axis", "t=1,2,4", "--axis", "k=2,3"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "GRIDGRAD_SERVER"}


def gridgrad_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "gridgrad"), *arguments],
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def printed(*arguments: str, **environment: str) -> str:
    done = gridgrad_command(*arguments, **environment)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def test_the_gradient_of_a_sum(server: Running) -> None:
    shown = printed(*BILINEAR, "--cotangent", "1", "--server", server.address)
    assert [line.split() for line in shown.splitlines() if line][:1] == [["f"]]
    assert [float(line.split()[1]) for line in shown.split("df/dk")[1].splitlines() if line] == [63.0, 91.0]


def test_eval_with_a_private_server() -> None:
    shown = printed(*BILINEAR)
    for figure in ("10", "21", "20", "42", "40", "84", "9", "13", "18", "26", "36", "52"):
        assert figure in shown.replace(".", " ").split(), figure


def test_eval_with_a_server_by_flag_or_variable(server: Running) -> None:
    assert printed(*BILINEAR, "--server", server.address, "--json") == printed(
        *BILINEAR, "--json", GRIDGRAD_SERVER=server.address
    )


def test_json(server: Running) -> None:
    shown = json.loads(printed(*BILINEAR, "--json", "--server", server.address))
    assert shown["dims"] == ["t", "k"]
    assert shown["inputs"] == {"t": [1, 2, 4], "k": [2, 3]}
    assert shown["value"] == [[10, 21], [20, 42], [40, 84]]
    assert shown["derivatives"] == {"t": [[10, 21], [10, 21], [10, 21]], "k": [[9, 13], [18, 26], [36, 52]]}


def test_json_has_null_for_nan_and_inf_and_counts_them(server: Running) -> None:
    text = printed("eval", "log(x)", "--axis", "x=-1,0,1", "--json", "--server", server.address)
    shown = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert shown["value"] == [None, None, 0]
    assert shown["derivatives"]["x"][1:] == [None, 1]
    nulls = [*shown["value"], *shown["derivatives"]["x"]].count(None)
    assert shown["nulls"]["nan"] + shown["nulls"]["inf"] == nulls
    assert shown["nulls"]["inf"] == 2


def test_linspace_parameters_orders_and_an_archive(server: Running, tmp_path: Path) -> None:
    arrays = archived(server, tmp_path, "exp(-nu*x)", "--axis", "x=0:1:101", "--param", "nu=0.5", "--order", "2")
    x = np.linspace(0, 1, 101)
    np.testing.assert_array_equal(arrays["x"], x)
    assert arrays["nu"] == 0.5
    np.testing.assert_allclose(arrays["value"], np.exp(-0.5 * x), rtol=1e-14)
    np.testing.assert_allclose(arrays["d/x"], -0.5 * np.exp(-0.5 * x), rtol=1e-14)
    np.testing.assert_allclose(arrays["d/x,x"], 0.25 * np.exp(-0.5 * x), rtol=1e-14)
    assert set(arrays) == {"x", "nu", "value", "d/x", "d/x,x", "about"}


def test_derivatives_wrt_and_dtype(server: Running, tmp_path: Path) -> None:
    axes = ["--axis", "t=1,2", "--axis", "k=3"]
    arrays = archived(server, tmp_path, "t**2*k", *axes, "--derivative", "t,k", "--dtype", "float32")
    assert arrays["value"].dtype == np.float32
    assert arrays["d/t,k"].tolist() == [[2], [4]]
    assert "d/t" not in arrays
    arrays = archived(server, tmp_path, "t**2*k", "--axis", "t=1,2", "--param", "k=3", "--wrt", "k")
    assert arrays["d/k"].tolist() == [1, 4]
    assert "d/t" not in arrays


def archived(server: Running, folder: Path, *arguments: str) -> dict[str, Any]:
    """The arrays that eval writes."""
    file = folder / "out.npz"
    printed("eval", *arguments, "--server", server.address, "--output", str(file))
    with np.load(file) as archive:
        return dict(archive)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["eval", "t ^ k", "--axis", "t=1,2", "--axis", "k=2"], "t**k"),
        (["eval", "t*q", "--axis", "t=1,2"], "q"),
        (["eval", "t", "--axis", "t"], "--axis"),
        (["eval", "t", "--axis", "t=one"], "--axis"),
        (["eval", "t", "--axis", "t=0:1"], "--axis"),
        (["eval", "t", "--axis", "t=1", "--derivative", "z"], "z"),
        (["eval", "t", "--axis", "t=1", "--dtype", "float16"], "float16"),
        ([], ""),
        (["evaluate"], "eval"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_explained(arguments: list[str], complaint: str, server: Running) -> None:
    done = gridgrad_command(*arguments, GRIDGRAD_SERVER=server.address)
    assert done.returncode not in (0, -9)
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_no_server_there() -> None:
    done = gridgrad_command(*BILINEAR, "--server", "127.0.0.1:1")
    assert done.returncode not in (0, -9)
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_functions_and_info(server: Running) -> None:
    functions = printed("functions", "--server", server.address)
    assert "gate" in functions
    assert "bilinear" in functions
    info = printed("info", "--server", server.address)
    assert gridgrad.__version__ in info
    assert "cpu" in info
