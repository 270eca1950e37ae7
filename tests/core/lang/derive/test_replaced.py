"""Derivatives by a node of a builder, of a copy in which it is an input."""

from __future__ import annotations

from gridgrad_core.lang.derive.forward_mode import Tangents
from gridgrad_core.lang.derive.replaced import Replaced
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.steps import finished


def test_wherever_the_node_is_computed_it_counts_as_the_input() -> None:
    builder = Builder()
    root = builder.op("sqrt", builder.input("x"))
    wave = builder.op("sin", root)
    replaced = Replaced(builder, root, 1000, Tangents)
    slope = finished(replaced.deriving(wave, 1))
    assert slope is not None
    assert builder.nodes[slope] == Node("cos", (root,))
    second = finished(replaced.deriving(wave, 2))
    assert second is not None
    assert builder.nodes[second] == Node("neg", (wave,))


def test_what_does_not_compute_it_has_none() -> None:
    builder = Builder()
    x = builder.input("x")
    replaced = Replaced(builder, builder.op("sqrt", x), 1000, Tangents)
    assert finished(replaced.deriving(x, 1)) is None
    assert replaced.size >= 2
