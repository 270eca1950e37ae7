"""Formulas that a team shares, between real processes: called by name, refused with their place, and mended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from gridgrad.errors import UnknownFunctionError
from tests.service.harness import Running, eventually, running

GAS = """
[gas.p]
expression = "n*R*T/V"
doc = "Pressure of an ideal gas"
unit = "Pa"
samples = [{inputs = {n = 1, T = 300, V = 0.025}, value = 99773.55141783888, rtol = 1e-12}]

[gas.p.inputs]
n = {unit = "mol"}
T = {unit = "K"}
V = {unit = "m3"}
R = {unit = "J/(mol K)", default = 8.31446261815324}
"""
WRONG = """
[gas.off]
expression = "2*x"
samples = [{inputs = {x = 3}, value = 6}, {inputs = {x = 3}, value = 6.1, atol = 0.01}]

[gas.slip]
expression = '''
a = x + 1
a*(x +
'''

[gas.typo]
expresion = "x"

[gas.gate]
expression = "x + y"
inputs = {x = {}}
"""
POLAR = """
[polar]
expression = "(r*cos(a), r*sin(a))"
units = ["m", "m"]
samples = [{inputs = {r = 2, a = 0}, value = [2, 0]}]
"""
AXES: dict[str, Any] = {"n": 2.0, "T": np.linspace(280, 320, 5), "V": np.linspace(0.02, 0.03, 4)}
R = 8.31446261815324


class Shared:
    """A server with a directory of formulas."""

    def __init__(self, server: Running, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def write(self, name: str, text: str) -> None:
        """Writes a file and has the server read all of them again."""
        (self.folder / name).write_text(text)
        before = self.server.log.read_text().count("formulas loaded")
        os.kill(self.server.process.pid, signal.SIGHUP)
        eventually(lambda: self.server.log.read_text().count("formulas loaded") > before, "the formulas")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    home = tmp_path_factory.mktemp("shared")
    folder = home / "formulas"
    folder.mkdir()
    (folder / "a.toml").write_text(GAS + WRONG)
    (folder / "b.toml").write_text(POLAR + GAS)
    with running(home, "--expressions", str(folder)) as server:
        yield Shared(server, folder)


def test_a_formula_is_called_by_its_name_and_is_the_same_as_its_text(shared: Shared) -> None:
    n, t, v = 2.0, AXES["T"][:, np.newaxis], AXES["V"]
    with gridgrad.Client(shared.server.address) as client:
        by_name = [client.gradient(gridgrad.registered("gas.p"), AXES) for _ in range(3)][-1]
        by_text = client.gradient("n*R*T/V", {**AXES, "R": R}, wrt=["n", "T", "V"])
        (streamed,) = client.map(gridgrad.registered("gas.p"), [AXES])
        hotter = client.gradient(gridgrad.registered("gas.p"), {**AXES, "R": 2 * R})
        total = client.gradient(gridgrad.registered("gas.p"), AXES, reduce={"T": "sum"})
        polar = client.gradient(gridgrad.registered("polar"), {"r": [1.0, 2.0], "a": [0.5]})
    assert_allclose(by_name.value, n * R * t / v, rtol=1e-14)
    assert_allclose(by_name.d["V"], -n * R * t / v**2, rtol=1e-14)
    for each in (by_text, streamed):
        assert_array_equal(each.value, by_name.value)
        assert each.info.digest == by_name.info.digest != ""
    assert_allclose(hotter.value, 2 * by_name.value, rtol=1e-14)
    assert_allclose(total.value, by_name.value.sum(0), rtol=1e-14)
    assert_allclose(polar.value[:, :, 0], np.outer([np.cos(0.5), np.sin(0.5)], [1, 2]), rtol=1e-14)
    assert by_name.units == {"f": "Pa", "n": "mol", "T": "K", "V": "m3", "R": "J/(mol K)"}
    assert total.units == by_name.units
    assert not by_text.units


def test_formulas_are_listed_with_digests_and_those_that_are_wrong_are_refused_with_their_place(shared: Shared) -> None:
    with gridgrad.Client(shared.server.address) as client:
        listed = {each.name: each for each in client.functions()}
        assert {name for name in listed if listed[name].digest} == {"gas.p", "polar"}
        assert listed["gas.p"].digest == client.gradient(gridgrad.registered("gas.p"), AXES).info.digest
        assert [tuple(each) for each in listed["gas.p"].inputs] == [
            ("n", None, "mol"), ("T", None, "K"), ("V", None, "m3"), ("R", R, "J/(mol K)"),
        ]  # fmt: skip
        assert (listed["gas.p"].component_units, listed["polar"].component_units) == (("Pa",), ("m", "m"))
        refused = [
            ("gas.off", r"samples\[1\].* is 6.0 .*not 6.1"),
            ("gas.slip", "line 3, column 1"),
            ("gas.gate", "'y'"),
        ]
        for name, place in refused:
            with pytest.raises(UnknownFunctionError, match=place):
                client.gradient(gridgrad.registered(name), {"x": [1.0]})
        with pytest.raises(UnknownFunctionError, match=r"gas\.p"):
            client.gradient(gridgrad.registered("gas.q"), {"x": [1.0]})
        with pytest.raises(gridgrad.RequestError, match="no 'V'"):
            client.gradient(gridgrad.registered("gas.p"), {"n": 1.0, "T": [300.0]})
    log = shared.server.log.read_text()
    assert all(f"[gas.{name}]" in log for name in ("off", "slip", "typo.expresion", "gate"))
    assert "file before" in log


def test_a_formula_is_mended_without_its_callers_file_by_file(shared: Shared) -> None:
    polar = gridgrad.registered("polar")
    with gridgrad.Client(shared.server.address) as client:
        before = [client.gradient(polar, {"r": [1.0, 2.0], "a": [0.0]}) for _ in range(3)]
        bound = client.bind(polar, {"r": [1.0, 2.0], "a": [0.0]}, varying=["a"])
        before += [bound({"a": [0.0]}) for _ in range(2)]
        shared.write("b.toml", POLAR.replace("(r*", "(3*r*").replace("[2, 0]", "[6, 0]"))
        after = [client.gradient(polar, {"r": [1.0, 2.0], "a": [0.0]}) for _ in range(3)]
        after += [bound({"a": [0.0]}) for _ in range(2)]
        shared.write("b.toml", POLAR.replace("[2, 0]", "[2, 1]"))
        wrong = client.gradient(polar, {"r": [1.0, 2.0], "a": [0.0]})
        shared.write("c.toml", "[new]\nexpression = 'x**2'\n")
        assert client.gradient(gridgrad.registered("new"), {"x": [3.0]}).value[0] == 9
        (shared.folder / "c.toml").unlink()
        shared.write("b.toml", POLAR)
        with pytest.raises(UnknownFunctionError):
            client.gradient(gridgrad.registered("new"), {"x": [3.0]})
    assert {each.value[0, 1, 0] for each in before} == {2.0}
    assert {each.value[0, 1, 0] for each in [*after, wrong]} == {6.0}
    assert after[0].info.digest != before[0].info.digest


def test_a_file_that_is_no_toml_stops_the_start(tmp_path: Path) -> None:
    file = tmp_path / "slip.toml"
    file.write_text("[a]\nexpression = \n")
    command = [sys.executable, "-m", "gridgrad_server", "--listen", "127.0.0.1:0", "--expressions"]
    for path, said in ((file, "line 2"), (tmp_path / "none.toml", "no file")):
        done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 2
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_a_formula_has_tables_and_arrays_which_a_request_may_replace(shared: Shared) -> None:
    x = np.linspace(0, 2, 31)
    knots, values = np.linspace(0, 2, 1000), np.linspace(0, 2, 1000) ** 3  # of more than 4 KiB
    np.save(shared.folder / "cubes.npy", values)
    (shared.folder / "knots.csv").write_text("r\n" + "\n".join(map(repr, knots.tolist())))
    shared.write(
        "t.toml",
        """
        [cube]
        expression = "k*V(x) + sum(n*x**p)"
        inputs = {x = {}, k = {default = 2}}
        samples = [{inputs = {x = 0.5}, value = 3.75}]
        [cube.tables]
        V = {x = {csv = "knots.csv", column = "r"}, values = "cubes.npy", outside = "extrapolate"}
        n = {values = [3, 1]}
        p = {values = [0, 1]}
        """,
    )
    cube = gridgrad.registered("cube")
    with gridgrad.Client(shared.server.address) as client:
        result = [client.gradient(cube, {"x": x}, order=2) for _ in range(3)][-1]
        bound = client.bind(cube, {"x": x}, varying=["x"])
        looped = [bound({"x": x}) for _ in range(3)][-1]
        squares = gridgrad.table(knots**2, x=knots)
        other = client.gradient(cube, {"x": x, "V": squares, "k": 1.0})
        total = client.gradient(cube, {"x": x, "W": squares}, reduce={"x": "sum"}, weights="W(x)")
        assert "V(x)" in str(client.explain(cube, ["x"]))
        (listed,) = [each for each in client.functions() if each.name == "cube"]
        with pytest.raises(gridgrad.RequestError, match="'W', which the function does not call"):
            client.gradient(cube, {"x": x, "W": squares})
        (shared.folder / "t.toml").unlink()
    assert_allclose(result.value, 2 * x**3 + 3 + x, rtol=1e-13)
    assert_allclose(result.d["x"], 6 * x**2 + 1, rtol=1e-12)
    assert_array_equal(looped.value, result.value)
    assert_allclose(other.value, x**2 + 3 + x, rtol=1e-13)
    assert_allclose(total.value, (x**2 * (2 * x**3 + 3 + x)).sum(), rtol=1e-13)
    assert [(each.name, each.arguments, each.shape, each.method) for each in listed.tables] == [
        ("V", 1, (1000,), "cubic"), ("n", 0, (2,), "array"), ("p", 0, (2,), "array"),
    ]  # fmt: skip
