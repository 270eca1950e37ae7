"""Expressions in the functional engine: derived where they can be, else differentiated by torch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gridgrad_core.errors import TooLargeError
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.functional import expressions
from gridgrad_worker.engines.functional.expressions import expression_engine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile

WANTED = [(), (1,), (0, 0), (0,)]


def computed() -> list[list[float]]:
    """u = sin(x)*y and v = cos(abs(x)) at (0.5, 3) and (0, 3), in wire order."""
    program = parse("u = sin(x)*y; v = cos(abs(x)); u, v")
    engine = expression_engine(program, ["x", "y"], WANTED, torch.float64, open_device("cpu", 1))
    values = (ArrayValues(np.array([0.5, 0.0]), (0,), 1), ArrayValues(np.array(3.0), (), 1))
    out = np.full((2 * len(WANTED), 2), 12345.0)
    engine.compute([Tile(values, Subgrid((0,), (2,)))], [out])
    found: list[list[float]] = out.tolist()
    return found


def expected(x: float) -> list[float]:
    sine, cosine = math.sin(x), math.cos(x)
    return [3 * sine, cosine, sine, 0, -3 * sine, -cosine, 3 * cosine, -sine]


def test_the_derived_program_is_computed_in_wire_order() -> None:
    beside, at_the_tie = zip(*computed(), strict=True)
    assert beside == pytest.approx(expected(0.5), rel=1e-14)
    assert at_the_tie == pytest.approx(expected(0), rel=1e-14)


def test_what_is_too_large_to_derive_is_differentiated_by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise TooLargeError("derivatives", "derivatives of too many operations", "ask for fewer")

    monkeypatch.setattr(expressions, "derive", refused)
    beside, at_the_tie = zip(*computed(), strict=True)
    assert beside == pytest.approx(expected(0.5), rel=1e-14)
    assert at_the_tie[5] == 0  # by the rules of cos and abs one by one
