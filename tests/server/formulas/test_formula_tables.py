"""The tables of formulas: numbers in the file or in files beside it, and where they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.tables.table_messages import numbers_of
from gridgrad_core.tables.table_numbers import TableNumbers
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.formulas.formula import WrongFormulaError
from gridgrad_server.formulas.formula_tables import read_tables

R, V = [0.0, 1.0, 2.0, 4.0], [1.0, 3.0, 2.0, 5.0]


def read(folder: Path, said: Any) -> TableNumbers:
    (table,) = read_tables(folder, {"V": said})
    return numbers_of(pb.Table.FromString(table.table.message))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "v.npy", np.array(V, "f4"))
    np.save(tmp_path / "grid.npy", np.asfortranarray(np.outer(V, R)))
    np.save(tmp_path / "names.npy", np.array([{"pickled": 1}]))
    (tmp_path / "v.csv").write_text("".join(f"{v}\n" for v in V))
    (tmp_path / "grid.csv").write_text("".join(", ".join(map(str, np.multiply(v, R))) + "\n" for v in V))
    (tmp_path / "both.csv").write_text("r, V\n" + "".join(f"{r}, {v}\n" for r, v in zip(R, V, strict=True)))
    (tmp_path / "words.csv").write_text("r\nnear\n")
    return tmp_path


@pytest.mark.parametrize("values", [V, "v.npy", "v.csv", {"csv": "both.csv", "column": "V"}])
@pytest.mark.parametrize("x", [R, {"csv": "both.csv", "column": "r"}])
def test_numbers_stand_in_the_file_or_beside_it(folder: Path, values: Any, x: Any) -> None:
    table = read(folder, {"x": x, "values": values, "method": "pchip", "outside": "clamp"})
    assert (table.values.tolist(), table.knots[0].tolist()) == (V, R)
    assert (table.method, table.outside, table.boundary) == ("pchip", "clamp", "not-a-knot")


@pytest.mark.parametrize("values", ["grid.npy", "grid.csv"])
def test_tables_of_two_arguments_have_rows_for_the_first(folder: Path, values: str) -> None:
    table = read(folder, {"x": [1, 2, 3, 4], "y": R, "values": values})
    assert table.values.tolist() == np.outer(V, R).tolist()
    assert table.spec("V") == TableSpec("V", 2, 3, "nan")


def test_without_knots_it_is_an_array(folder: Path) -> None:
    (array,) = read_tables(folder, {"n": {"values": "v.npy"}})
    assert (array.name, array.method, array.shape, array.table.length) == ("n", "array", (4,), 4)


def test_the_digest_is_of_all_that_it_is(folder: Path) -> None:
    def digest(**said: Any) -> str:
        (table,) = read_tables(folder, {"V": {"x": R, "values": V, **said}})
        return table.table.digest

    assert digest() == digest(values="v.npy", boundary="not-a-knot")
    others = digest(x=[0, 1, 2, 5]), digest(method="linear"), digest(outside="clamp"), digest(boundary=[[1, 0], [2, 0]])
    assert len({digest(), *others}) == 5


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([1.0], "has no values; write values"),
        ({"x": R}, "has no values; write values"),
        ({"values": V, "X": R}, "V.X means nothing here; there are values, x"),
        ({"values": V, "y": R}, "has y without the axes before it"),
        ({"values": V, "outside": "clamp"}, "outside is of tables, and there are no knots"),
        ({"values": "v.txt"}, r"values is no array of numbers \('v.txt', a name that ends"),
        ({"values": "none.npy"}, "none.npy can't be read: No such file"),
        ({"values": "names.npy"}, "no array of numbers .*Python objects"),
        ({"values": "words.csv"}, "no array of numbers .*'r'"),
        ({"values": {"csv": "both.csv", "column": "v"}}, "columns of both.csv are r, V, without 'v'"),
        ({"values": {"csv": "words.csv", "column": "r"}}, "could not convert"),
        ({"values": {"csv": "both.csv"}}, "the keys csv"),
        ({"values": [[1.0], [1.0, 2.0]]}, "no array of numbers"),
        ({"values": ["a"]}, "no array of numbers"),
        ({"values": 1.0}, "no array of numbers"),
        ({"values": V, "x": [R]}, r"V.x has the shape \[1, 4\]"),
        ({"values": V, "x": [0.0, 1.0, 1.0, 2.0]}, "the knot 1.0 of x twice"),
        ({"values": V, "x": R, "method": "cubical"}, "method='cubical'; say one of"),
        ({"values": V, "x": R, "boundary": [1, 2]}, "boundary="),
        ({"values": V, "x": R, "outside": 1}, "outside=1"),
        ({"values": [V], "x": [1.0]}, "1 knots of x, where"),
    ],
)
def test_what_is_wrong_is_refused_by_its_place(folder: Path, said: Any, why: str) -> None:
    with pytest.raises(WrongFormulaError, match=why) as error:
        read_tables(folder, {"V": said})
    assert str(error.value).startswith("tables.V")


def test_names_and_sizes_are_bounded(folder: Path) -> None:
    with pytest.raises(WrongFormulaError, match=r"tables.1V is no name"):
        read_tables(folder, {"1V": {"values": V}})
    np.save(folder / "even.npy", np.arange(1 << 20))
    with pytest.raises(WrongFormulaError, match=r"has tables of 16,77.* bytes; give at most 16,777,216"):
        read_tables(folder, {"V": {"x": "even.npy", "values": "even.npy"}})
