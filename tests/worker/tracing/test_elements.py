"""Tensors by their elements, and operations written on each."""

from __future__ import annotations

import pytest
import torch

from gridgrad_core.lang.program.canonical import assembling
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.typed_builder import Value
from gridgrad_worker.tracing.elements import ElementBuilder, Elements
from gridgrad_worker.tracing.graph import UntraceableError


def text_of(build: ElementBuilder, elements: Elements) -> str:
    return finished(assembling(build.operations, Value(int(elements.nodes), 0), ["x"])).text


def test_operations_broadcast() -> None:
    build = ElementBuilder(100)
    row = build.constant(torch.tensor([1.5, 2.5]))
    product = build.call("mul", build.input("x"), row)
    assert product.nodes.shape == (2,)
    assert text_of(build, build.fold("add", [product.moved(each) for each in product.nodes])) == "x*1.5 + x*2.5"


def test_texts_are_written_with_their_operands_and_without_ones() -> None:
    build = ElementBuilder(100)
    x = build.input("x")
    assert text_of(build, build.text("where(b*a > c, a, softplus(b*a)/b)", x, 1.0, 20.0)) == (
        "where(x > 20, x, softplus(x))"
    )
    assert text_of(build, build.text("a - -b", x, 2.0)) == "x - -2"
    assert build.call("mul", x, 1.0) == x


def test_booleans_are_numbers_where_numbers_are_wanted() -> None:
    build = ElementBuilder(100)
    x = build.input("x")
    positive = build.call("gt", x, 0.0)
    assert positive.kind == "boolean"
    assert text_of(build, build.call("mul", positive, x)) == "where(x > 0, 1, 0)*x"
    assert build.constant(torch.tensor([True, False])).kind == "boolean"


def test_there_is_an_end() -> None:
    build = ElementBuilder(100)
    with pytest.raises(UntraceableError, match="more than 100 operations"):
        build.call("mul", build.input("x"), build.constant(torch.arange(200.0)))
    with pytest.raises(UntraceableError, match="complex"):
        build.constant(torch.tensor(1j))
