"""What a function returns, made into components."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gridgrad

Pair = collections.namedtuple("Pair", ["u", "v"])


@pytest.mark.parametrize(
    ("function", "components"),
    [
        (lambda t: {"u": t, "t": 2 * t}, ("u", "t")),
        (lambda t: Pair(t, 1.0), ("u", "v")),
        (lambda t: (t, t), ("f0", "f1")),
        (lambda t: np.stack([t, 2 * t]), ("f0", "f1")),
        (lambda t: (t,), ("f0",)),
        (lambda t: {"only": t}, ("only",)),
        (gridgrad.function(outputs=["p", "q"])(lambda t: (t, t + 1)), ("p", "q")),
    ],
)
def test_components_are_named_by_what_is_returned(function: Callable[..., Any], components: tuple[str, ...]) -> None:
    program = gridgrad.trace(function)
    assert program.components == components
    assert program.tuple_valued
    assert gridgrad.parse(program.text) == program
