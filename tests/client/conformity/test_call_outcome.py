"""What is wrong with an answer is found, and nothing else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gridgrad.conformity.call_outcome import CallOutcome, fault_of
from gridgrad_core.v1 import gridgrad_pb2 as pb

GIVES: dict[str, Any] = {"dims": ["x"], "shape": [3], "derivatives": [["x"]], "components": ["f"],
                         "planes": [[1.0, "NaN", "Infinity"], [2.0, "any", 1e-20]]}  # fmt: skip


def outcome(*planes: list[float], **changed: Any) -> CallOutcome:
    header = {"dims": ["x"], "shape": [3], "derivatives": [pb.Derivative(wrt=["x"])], "components": ["f"]}
    said = pb.ResultHeader(**{"dtype": pb.DTYPE_FLOAT64, **header, **changed})
    return CallOutcome(said, np.asarray(planes, "<f8").tobytes())


RIGHT = [1.0, math.nan, math.inf], [2.0, 7.0, 1e-20]


def test_what_is_right_has_no_fault() -> None:
    assert fault_of({"gives": GIVES}, outcome(*RIGHT)) == ""
    assert fault_of({"gives": GIVES}, outcome([1 + 1e-13, math.nan, math.inf], [2.0, math.nan, 0.0])) == ""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (outcome([1 + 1e-11, math.nan, math.inf], RIGHT[1]), "plane 0, point 0"),
        (outcome([1.0, 5.0, math.inf], RIGHT[1]), "plane 0, point 1"),
        (outcome([1.0, math.nan, -math.inf], RIGHT[1]), "plane 0, point 2"),
        (outcome(RIGHT[0], [math.nan, 7.0, 0.0]), "plane 1, point 0"),
        (outcome(RIGHT[0]), "3 numbers instead of 6"),
        (outcome(*RIGHT, dims=["y"]), "dims"),
        (outcome(*RIGHT, derivatives=[pb.Derivative(wrt=["y"])]), "derivatives"),
        (outcome(*RIGHT, tuple_valued=True), "tuple_valued"),
        (outcome(*RIGHT, dtype=pb.DTYPE_INT64), "dtype"),
        (CallOutcome(status=3, message="no"), "INVALID_ARGUMENT"),
        (CallOutcome(), "no header"),
    ],
)
def test_what_is_wrong_is_found(wrong: CallOutcome, said: str) -> None:
    assert said in fault_of({"gives": GIVES}, wrong)


REFUSED = {"refused": {"status": "NOT_FOUND", "reason": "UNKNOWN_FUNCTION", "field": "function"}}
DETAIL: dict[str, Any] = {"reason": 4, "field": "function.registered", "found": "x", "remedy": "y"}


def refused(status: int = 5, **changed: Any) -> CallOutcome:
    return CallOutcome(status=status, detail=pb.ErrorDetail(**{**DETAIL, **changed}))


def test_a_refusal_is_right_by_the_closer_reason_too() -> None:
    assert fault_of(REFUSED, refused()) == ""
    assert fault_of(REFUSED, refused(reason=1, closer_reason=4)) == ""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (outcome(*RIGHT), "answered"),
        (refused(3), "INVALID_ARGUMENT"),
        (refused(reason=1), "the reason"),
        (refused(field="inputs"), "the field"),
        (refused(remedy=""), "what to do"),
        (CallOutcome(status=5), "without an ErrorDetail"),
    ],
)
def test_a_wrong_refusal_is_found(wrong: CallOutcome, said: str) -> None:
    assert said in fault_of(REFUSED, wrong)
