"""The values of flags, read from text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import gridgrad
from gridgrad_core.lang.program.limits import MAX_TEXT

if TYPE_CHECKING:
    import click

    from gridgrad.cli import values
else:
    click = pytest.importorskip("click")
    values = pytest.importorskip("gridgrad.cli.values")


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        ("axis", "t=1,2,4", ("t", [1.0, 2.0, 4.0])),
        ("axis", " t = -1e-3 ", ("t", [-1e-3])),
        ("axis", "t=0:1:101", ("t", gridgrad.linspace(0, 1, 101))),
        ("axis", "t=lin:0:1:101", ("t", gridgrad.linspace(0, 1, 101))),
        ("along_points", "t=1,2", ("t", ("point", [1.0, 2.0]))),
        ("axis", "t=1,inf", ("t", [1.0, float("inf")])),
        ("parameter", "c=0.5", ("c", 0.5)),
        ("names", "t, k", ("t", "k")),
        ("name_alone", "t=1,2", "t"),
        ("name_alone", "t", "t"),
        ("interval", "0.5", 0.5),
    ],
)
def test_what_is_read(read: str, text: str, value: object) -> None:
    reader: Callable[[str], Any] = getattr(values, read)
    assert reader(text) == value


@pytest.mark.parametrize(
    ("read", "text", "remedy"),
    [
        ("axis", "t", "such as t=1,2,4"),
        ("axis", "=1", "such as t=1,2,4"),
        ("axis", "t=1,two", "'two' is no number"),
        ("axis", "t=0:1", "such as t=0:1:101"),
        ("axis", "t=0:1:1.5", "such as t=0:1:101"),
        ("axis", "t=0:inf:3", "finite"),
        ("axis", "t=geom:1:2", "such as t=0:1:101 or t=geom:1:1e4:300"),
        ("axis", "t=log:1:2:3", "such as t=0:1:101"),
        ("axis", "t=geom:0:1:5", "one sign, neither of them 0"),
        ("axis", "t=geom:-1:1:5", "one sign, neither of them 0"),
        ("axis", "t=@nowhere.npy", "'nowhere.npy': No such file or directory"),
        ("parameter", "c=1,2", "'1,2' is no number"),
        ("names", "t,,k", "such as t,k"),
        *(("interval", every, "0.5") for every in ("0", "-1", "inf", "nan")),
        ("interval", "often", "'often' is no number"),
    ],
)
def test_what_can_not_be_read(read: str, text: str, remedy: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        getattr(values, read)(text)
    assert remedy in caught.value.message


def test_geometric_values_are_numpys_to_both_ends() -> None:
    name, found = values.axis("rho=geom:1:1e4:5")
    assert name == "rho"
    np.testing.assert_allclose(found, [1, 10, 100, 1000, 10000], rtol=1e-15)
    np.testing.assert_allclose(values.axis("x=geom:-1e-200:-1e-198:3")[1], [-1e-200, -1e-199, -1e-198], rtol=1e-12)


def test_points_may_be_spaced_too() -> None:
    assert values.along_points("t=0:1:3")[1][1].tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8"])
def test_an_axis_from_a_file_keeps_its_numbers_and_their_type(tmp_path: Path, dtype: str) -> None:
    np.save(tmp_path / "T.npy", np.array([1, 2, 4], dtype))
    name, found = values.axis(f"T=@{tmp_path}/T.npy")
    assert (name, found.tolist(), found.dtype) == ("T", [1, 2, 4], np.dtype(dtype))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (np.eye(2), "an array of shape [2, 2], float64: give one of numbers with one dim"),
        (np.array(3.0), "an array of shape [], float64"),
        (np.array([1j]), "complex128"),
        (np.array([Path("x")], object), "holds no plain numbers"),
        (b"", "holds no plain numbers"),
        (b"not numpy's", "holds no plain numbers"),
    ],
)
def test_what_is_no_axis_in_a_file(tmp_path: Path, content: Any, said: str) -> None:
    file = tmp_path / "T.npy"
    file.write_bytes(content) if isinstance(content, bytes) else np.save(file, content)
    with pytest.raises(click.BadParameter) as caught:
        values.axis(f"T=@{file}")
    assert said in caught.value.message


def test_what_is_pickled_is_never_loaded(tmp_path: Path) -> None:
    class Touch:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
            return (Path.touch, (tmp_path / "loaded",))

    np.save(tmp_path / "T.npy", np.array([Touch()], object))
    with pytest.raises(click.BadParameter):
        values.axis(f"T=@{tmp_path}/T.npy")
    assert not (tmp_path / "loaded").exists()


def test_an_expression_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "model.txt"
    file.write_bytes(b"\xef\xbb\xbfu = x**2\r\nu*y\n")
    assert values.expression_of(str(file)) == "u = x**2\r\nu*y\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b" \n", "is empty: write an expression into it"),
        (b"x" * (MAX_TEXT + 1), "is too large: an expression has at most 1,048,576 characters"),
        (b"\xff", "is no text in UTF-8"),
    ],
)
def test_files_without_an_expression(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "model.txt"
    file.write_bytes(content)
    with pytest.raises(click.BadParameter) as caught:
        values.expression_of(str(file))
    assert said in caught.value.message


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(click.BadParameter):
            values.expression_of(str(path))
