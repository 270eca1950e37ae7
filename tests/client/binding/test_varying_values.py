"""What varies: its numbers as they are sent, and as they are shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridgrad.binding.varying_values import VaryingCoefficients, VaryingNumber, VaryingWeighing
from gridgrad.requests.encode import InputKind
from gridgrad_core.errors import RequestError
from gridgrad_core.grid import InputSpec

F4, F8 = np.dtype("<f4"), np.dtype("<f8")
GRID = InputSpec("cotangent", ("t", "k"), (2, 3))
PARTS = (InputKind(GRID, F8), InputKind(GRID._replace(name="cotangent_1"), F8))


@pytest.mark.parametrize("value", [1.5, np.float64(1.5), np.array(1.5), np.float32(1.5)])
def test_a_number_however_it_is_given(value: Any) -> None:
    varying = VaryingNumber(InputKind(InputSpec("a", (), ()), F8), (3,))
    assert varying.read(value) == (np.array(1.5).tobytes(),)
    (shown,) = varying.shown(varying.read(value))
    assert shown.name == "a"
    assert_array_equal(shown.values, 1.5)


def test_coefficients_are_sent_one_by_one() -> None:
    varying = VaryingCoefficients("n", (2, 2), F4, (0, 1, None, 2))
    read = varying.read([[1, 2], [3, 4]])
    assert read == [np.array(each, "f4").tobytes() for each in (1, 2, 3, 4)]
    assert_array_equal(np.asarray(varying.shown(read)[0].values), [[1, 2], [3, 4]])


def test_cotangents_are_float64_and_one_for_each_component() -> None:
    given = np.arange(12, dtype="f4").reshape(2, 2, 3)
    varying = VaryingWeighing("cotangent", None, (2, 2, 3), PARTS, (1, 2))
    read = varying.read(given)
    assert read == [each.astype("f8").tobytes() for each in given]
    assert [each.name for each in varying.shown(read)] == ["cotangent", "cotangent_1"]
    assert_array_equal(varying.shown(read)[1].values, given[1])
    assert varying.spelled(given) is given
    with pytest.raises(RequestError, match=r"shape \[2, 3\]; give shape \[2, 2, 3\]"):
        varying.read(given[0])


def test_cotangents_keep_the_dims_that_were_spelled() -> None:
    varying = VaryingWeighing("cotangent", ("t", "k"), (2, 3), PARTS[:1], (1,))
    given = np.ones((2, 3))
    assert varying.spelled(given) == (("t", "k"), given)
    spelled = (("t", "k"), given)
    assert varying.spelled(spelled) is spelled
    assert varying.read(spelled) == varying.read(given) == [given.tobytes()]
