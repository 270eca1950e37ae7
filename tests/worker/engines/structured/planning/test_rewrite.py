"""A rewriting that is wrong is not used, and told of once; the answers stay right."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.engines.structured.planning import separated_writer
from gridgrad_worker.engines.structured.planning.explain import explain

Expressions = Any  # the fixture of conftest.py

AXES = {"x": np.linspace(1.0, 2.0, 200), "y": np.linspace(3.0, 4.0, 200)}


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes a lone -1, and 1 + 1, for 1, as 0.1.0 did."""
    monkeypatch.setattr(separated_writer, "_sign", lambda terms: int(all(not t.factors + t.divisors for t in terms)))


@pytest.mark.usefixtures("wrong")
@pytest.mark.parametrize(("way", "more"), [("chosen", 1.0), ("structured", 2.0)])
def test_a_wrong_rewriting_is_not_used(
    expression: Expressions, caplog: pytest.LogCaptureFixture, way: str, more: float
) -> None:
    text = f"exp(-x**2 - y**2)*(x**2 - y - x) + {more}"  # another one each time: what was told is remembered
    computed = [expression(text, AXES, [["x"], ["y"]]) for _ in range(2)]
    x, y = AXES["x"][:, None], AXES["y"][None]
    for each in computed:
        assert each.engine.guard is None
        (got,) = getattr(each, way)(AXES)
        np.testing.assert_allclose(got[0], np.exp(-(x**2) - y**2) * (x**2 - y - x) + more, rtol=1e-13)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    said = record.getMessage()
    assert "please report this with gridgrad" in said
    assert f"f = v2*v3 + {more:g}" in said
    assert "{'x': [0], 'y': [1]}" in said


@pytest.mark.usefixtures("wrong")
def test_explain_shows_what_is_run() -> None:
    program = parse("exp(-x**2 - y**2)*(x**2 - y - x)")
    explained = explain(program, {"x": ["x"], "y": ["y"]}, [("x",)])
    assert explained.separated == explained.derived
    assert explained.ranks == ()


def test_a_right_rewriting_is_used_without_a_word(expression: Expressions, caplog: pytest.LogCaptureFixture) -> None:
    computed = expression("exp(-x**2 - y**2)*(x**2 - y - x)", AXES, [["x"], ["y"]])
    assert computed.engine.guard is not None
    assert not caplog.records
