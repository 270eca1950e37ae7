"""The values of flags, read from text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import gridgrad

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
