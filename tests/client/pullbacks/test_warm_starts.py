"""Warm starts: what is asked for first, and what can't be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad import Request
from gridgrad.pullbacks.warm_starts import WarmStarts

INPUTS: dict[str, Any] = {"T": [0.7, 0.8], "start": 2.3, "p": gridgrad.linspace(2, 1, 3), "u": ("T", [1.0, 2.0])}


def asked(**more: Any) -> Request:
    return Request("solve(T*r - p*u, r, start)", INPUTS, **more)


def test_each_place_is_a_request_with_guesses_on_all_other_dims() -> None:
    places = WarmStarts(asked(order=2), {"start": "p"})
    assert len(places) == 3
    first = next(iter(places))
    assert [*first.inputs] == ["T", "p", "u", "start"]
    assert first.inputs["start"][0] == ("T",)
    assert first.inputs["start"][1].tolist() == [2.3, 2.3]
    assert (first.inputs["p"][0], first.inputs["p"][1].tolist()) == (("p",), [2.0])
    assert ("start",) not in set(first.derivatives or ()), "it was a number"
    assert ("p", "p") in set(first.derivatives or ())


@pytest.mark.parametrize(
    ("request_", "warm_start", "said"),
    [
        (asked(), "start", 'write warm_start={"start": "p"}'),
        (asked(), {"start": ["p"]}, 'write warm_start={"start": "p"}'),
        (asked(), {}, 'write warm_start={"start": "p"}'),
        (asked(), {"start": "u"}, "'u', which is no axis; use one of T, p"),
        (asked(), {"begin": "p"}, "'begin', which is no input"),
        (asked(), {"u": "T"}, "the guess 'u', which varies along 'T'"),
        (asked(), {"start": "p", "u": "T"}, "two axes, 'p' and 'T'"),
        (asked(reduce="sum"), {"start": "p"}, "warm_start with reduce"),
        (asked(out=np.zeros((3, 2, 3))), {"start": "p"}, "warm_start with out"),
        (Request("solve(r - p, r, start)", {"p": [], "start": 1.0}), {"start": "p"}, "'p' without values"),
    ],
)
def test_what_is_no_guess_along_an_axis_is_refused(request_: Request, warm_start: Any, said: str) -> None:
    with pytest.raises(gridgrad.RequestError) as error:
        WarmStarts(request_, warm_start)
    assert said in str(error.value)
