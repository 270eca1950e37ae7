"""The way in: the dialect is named, and what comes out is taken as any program."""

from __future__ import annotations

import pytest

import gridgrad
from gridgrad.formats import DIALECTS, read
from gridgrad_core.lang.program.limits import MAX_TEXT
from tests.client.fake import FakeServer


def test_other_dialects_are_refused_by_name() -> None:
    assert DIALECTS[:3] == ("lepton", "exprtk", "muparser")
    with pytest.raises(gridgrad.RequestError, match="'maple'; give one of those that can be read: lepton, exprtk"):
        read("x", "maple")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_no_text_is_refused(dialect: str) -> None:
    for given in (None, b"x"):
        with pytest.raises(gridgrad.RequestError, match=f"text: a {type(given).__name__}; give the formula as a text"):
            read(given, dialect)  # type: ignore[arg-type]


def test_a_long_text_is_refused() -> None:
    with pytest.raises(gridgrad.ExpressionError, match="split it"):
        read(" " * (MAX_TEXT + 1), "lepton")


def test_the_client_takes_it_as_it_is(client: gridgrad.Client, server: FakeServer) -> None:
    client.gradient(read("a*x^2; a=2", "lepton"), {"x": [1.0, 2.0]})
    client.gradient(gridgrad.formats.read("e*x", "lepton"), {"x": [1.0, 2.0], "e": 2.0})
    assert [sent.function.expression for sent in server.requests] == ["2*x**2", "e*x"]


@pytest.mark.parametrize("name", ["e", "pi"])
def test_an_input_called_like_a_constant_must_be_given(client: gridgrad.Client, name: str) -> None:
    translation = read(f"{name}*x", "lepton")
    with pytest.raises(gridgrad.RequestError, match=f"no '{name}'.*give {name} a value"):
        client.gradient(translation, {"x": [1.0, 2.0]})
    with pytest.raises(gridgrad.RequestError, match=f"no '{name}'"):
        client.explain(translation, ["x"])
