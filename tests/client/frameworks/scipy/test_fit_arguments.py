"""What fits are given, where it can't be meant."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad.frameworks.scipy.fit_arguments import (
    array_and_dims,
    check_client,
    check_fit,
    parameter_names,
    start_values,
    weights_of,
)

WRONG: dict[str, tuple[Callable[[], object], str, str]] = {
    "no client": (lambda: check_client("a*t", "gradient"), "client", "a str; give a gridgrad.Client"),
    "one that is awaited": (
        lambda: check_client(gridgrad.aio.Client("localhost:1"), "bind"),
        "client",
        "one of gridgrad.aio; give a gridgrad.Client.*to_thread",
    ),
    "no option": (lambda: check_fit(9, None, ["wrt"]), "wrt", "use some of dtype, tier.*gridgrad.scipy.residuals"),
    "iterations as text": (lambda: check_fit("9", None, ()), "most_iterations", "give a whole number"),
    "less than none": (lambda: check_fit(-1, None, ()), "most_iterations", "-1; give a whole number"),
    "a bar": (lambda: check_fit(9, True, ()), "progress", "progress=print"),
    "parameters by position": (lambda: start_values(np.ones(2)), "start", 'a ndarray; name.*{"a": 1.0}'),
    "no parameters": (lambda: start_values({}), "start", "no parameters; name"),
    "a parameter of None": (lambda: start_values({"a": None}), "inputs['a']", "give plain numbers"),
    "a number as text": (lambda: start_values({"a": "2"}), "inputs['a']", "give real numbers"),
    "sigma of 0": (lambda: weights_of([1.0, 0.0], None), "sigma", "0.0 among its values; give standard deviations"),
    "sigma as text": (lambda: weights_of("t/9", None), "sigma", r"write weights='1/\(t/9\)\*\*2'"),
    "gaps that a mask has": (lambda: weights_of(np.ma.masked_array([1.0], [True]), None), "inputs['sigma']", "filled"),
    "no names": (lambda: parameter_names(None), "names", "None; name the parameters"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_can_not_be_meant_is_refused_with_what_to_give(case: str) -> None:
    check, field, told = WRONG[case]
    with pytest.raises(gridgrad.RequestError, match=told) as raised:
        check()
    assert raised.value.field == field


def test_what_is_meant() -> None:
    check_client(gridgrad.Client("localhost:1"), "bind")
    check_fit(np.int64(0), print, ["timeout", "coefficients"])
    assert_array_equal(start_values({"n": [1, 2]})["n"], [1.0, 2.0])
    assert weights_of(np.float32(0.5), None) == 4.0
    assert weights_of((1.0, 2.0, 4.0), None).tolist() == [1.0, 0.25, 0.0625]
    dims, weights = weights_of(("t", [0.5, np.inf]), None)
    assert (dims, weights.tolist()) == (("t",), [4.0, 0.0])
    assert (parameter_names("a"), parameter_names(["a", "k"])) == (("a",), ("a", "k"))
    assert array_and_dims("data", (("t", "k"), [[1, 2]]))[1] == ("t", "k")
