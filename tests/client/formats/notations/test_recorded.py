"""Values of formulas beside those of the packages that they come from, recorded by `origin_answers`."""

from __future__ import annotations

import numpy as np
import pytest

from gridgrad.formats import DIALECTS, read
from tests.client.formats.origin_answers import ORIGINS, Case, recorded
from tests.core.lang.evaluator import evaluate


def value(dialect: str, case: Case) -> float:
    program = read(case["text"], dialect)
    with np.errstate(all="ignore"):
        (found,) = evaluate(program, **{name: case["at"][name] for name in program.inputs})
    return float(found)


@pytest.mark.parametrize("dialect", ORIGINS)
def test_values_are_those_of_the_origin(dialect: str) -> None:
    assert dialect in DIALECTS
    seen = {(case["text"], str(case["at"])): (value(dialect, case), case["value"]) for case in recorded(dialect)}
    other = {case: pair for case, pair in seen.items() if not np.isclose(*pair, rtol=2e-13, atol=0, equal_nan=True)}
    assert other == {}
    assert len(seen) > 50
