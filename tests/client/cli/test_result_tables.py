"""Results as the command prints them: tables and JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gridgrad.testing import FakeClient
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import buffer as wire
from tests.client.cli.conftest import Run
from tests.client.fake import FakeServer, header_of, planes_of

BILINEAR = ["eval", "t*k", "--axis", "t=1,2,4", "--axis", "k=2,3"]


def test_two_dims_are_a_table_for_each_grid(run: Run) -> None:
    status, shown, _ = run(*BILINEAR, "--order", "0")
    assert status == 0
    assert shown == "f    k=2  k=3\nt=1    3    4\nt=2    4    5\nt=4    6    7\n"
    assert [line.split()[0] for line in run(*BILINEAR)[1].split("\n") if "k=2" in line] == ["f", "df/dt", "df/dk"]


def test_one_dim_is_a_line_for_each_point(run: Run) -> None:
    shown = run("eval", "x", "--axis", "x=0:1:3", "--order", "2")[1]
    assert shown.splitlines() == [
        "x      f   df/dx  d2f/dx2",
        "0      0    1000     2000",
        "0.5  0.5  1000.5   2000.5",
        "1      1    1001     2001",
    ]


def test_tuples_and_mixed_partials_are_labelled(run: Run) -> None:
    shown = run("eval", "t, k", "--axis", "t=1", "--axis", "k=2", "--derivative", "t,k", "--derivative", "k,k,t")[1]
    heads = [line.split("  ")[0] for line in shown.split("\n") if "k=2" in line]
    assert heads == ["u", "d2u/(dt dk)", "d3u/(dt dk2)", "v", "d2v/(dt dk)", "d3v/(dt dk2)"]


def test_a_single_point_and_three_dims(run: Run) -> None:
    assert run("eval", "a", "--param", "a=2.5", "--wrt", "a")[1] == "f     df/da\n2.5  1002.5\n"
    three = run("eval", "a", "--axis", "a=1,2", "--axis", "b=3", "--axis", "c=4,5", "--order", "0")[1]
    assert three.split("\n")[1:3] == ["1  3  4   8", "1  3  5   9"]


def test_long_tables_are_cut(run: Run) -> None:
    lines = run("eval", "x", "--axis", "x=0:99:100", "--order", "0")[1].strip().split("\n")
    assert len(lines) == 22
    assert lines[11].split() == ["...", "..."]
    assert lines[-1].split() == ["99", "99"]
    wide = run("eval", "x", "--axis", "t=1", "--axis", "x=0:99:100", "--order", "0")[1].split("\n")
    assert wide[0].split()[5] == "..."
    assert wide[0].split()[-1] == "x=99"


@pytest.fixture
def with_units(server: FakeServer) -> None:
    def answer(request: pb.GridGradientRequest, _: Any) -> bytes:
        units = [pb.NamedUnit(name=name, unit=unit) for name, unit in (("x", "m"), ("f", "Pa"))]
        header, data = header_of(request), planes_of(request).tobytes()
        header.units.extend(units)
        return wire.prefix(pb.GridGradientResponse(header=header).SerializeToString(), len(data)) + data

    server.unary = answer


@pytest.mark.usefixtures("with_units")
def test_units_stand_beside_names_and_coordinates(run: Run) -> None:
    asked = ["eval", "--registered", "gas", "--axis", "x=1,2"]
    assert run(*asked)[1].splitlines()[0] == "x [m]  f [Pa]  df/dx [Pa / m]"
    grids = run(*asked, "--axis", "y=5", "--derivative", "y")[1].splitlines()
    assert grids[:2] == ["f [Pa]  y=5", "x=1 m     6"]
    assert grids[4].startswith("df/dy  ")
    assert json.loads(run(*asked, "--json")[1])["units"] == {"x": "m", "f": "Pa"}


def test_json(run: Run) -> None:
    shown = json.loads(run(*BILINEAR, "--json")[1])
    assert shown["value"] == [[3, 4], [4, 5], [6, 7]]
    assert list(shown["derivatives"]) == ["t", "k"]
    assert shown["derivatives"]["k"] == [[2003, 2004], [2004, 2005], [2006, 2007]]
    assert shown["inputs"] == {"t": [1, 2, 4], "k": [2, 3]}
    assert (shown["dims"], shown["dtype"], shown["components"]) == (["t", "k"], "float64", None)
    assert (shown["nulls"], shown["units"]) == ({"nan": 0, "inf": 0}, {})
    assert shown["info"]["device"] == "cpu"


def test_json_counts_what_becomes_null(run: Run, server: FakeServer) -> None:
    def special(request: pb.GridGradientRequest, _: Any) -> bytes:
        data = np.array([[1, np.nan, -np.inf], [np.nan, np.inf, np.nan]]).tobytes()
        return wire.prefix(pb.GridGradientResponse(header=header_of(request)).SerializeToString(), len(data)) + data

    server.unary = special
    shown = json.loads(run("eval", "x", "--axis", "x=1,2,inf", "--json")[1], parse_constant=pytest.fail)
    assert shown["value"] == [1, None, None]
    assert shown["derivatives"]["x"] == [None] * 3
    assert shown["inputs"]["x"] == [1, 2, None]
    assert shown["nulls"] == {"nan": 3, "inf": 3}


def test_a_pull_back_is_a_table_of_numbers_and_one_for_each_input_with_dims() -> None:
    pytest.importorskip("click")
    from gridgrad.cli.result_tables import as_tables

    with FakeClient({}, fill=2.0) as client:
        result = client.pullback("a*t*k", {"t": [1.0, 2.0], "k": [3.0, 4.0, 5.0], "a": 1.0}, wrt=["t", "a"])
    numbers, by_t = as_tables(result)
    assert [[*row] for row in numbers.rows] == [["f", "df/da"], ["12", "12"]]
    assert [[*row] for row in by_t.rows] == [["t", "df/dt"], ["1", "6"], ["2", "6"]]
