"""Outcomes: what came of a call, and whether it is what a case says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import STATUS_NAMES

__all__ = ["CallOutcome", "fault_in_answer", "fault_of"]

_OK = 0
_WITHIN = 1e-12
_DTYPES = {pb.DTYPE_FLOAT32: "<f4", pb.DTYPE_FLOAT64: "<f8", pb.DTYPE_INT64: "<i8"}
_NONFINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_PREFIX = "ERROR_REASON_"


class CallOutcome(NamedTuple):
    """What came of a call.

    Args:
        header: of its result; None where there is none.
        data: its numbers.
        status: of gRPC.
        message: of an error.
        detail: of an error.
    """

    header: pb.ResultHeader | None = None
    data: bytes = b""
    status: int = _OK
    message: str = ""
    detail: pb.ErrorDetail | None = None

    @classmethod
    def of_response(cls, raw: bytes) -> CallOutcome:
        """That of a serialized GridGradientResponse."""
        response = pb.GridGradientResponse.FromString(raw)
        return cls(response.header, response.data)

    @classmethod
    def of_status(cls, status: pb.Status) -> CallOutcome:
        """That of an entry, or of a call of a session, that failed."""
        return cls(status=status.code, message=status.message, detail=status.detail)


def fault_of(said: Mapping[str, Any], outcome: CallOutcome) -> str:
    """What is wrong with an outcome; empty for nothing.

    Args:
        said: the case.
        outcome: of asking it.
    """
    refused = said.get("refused")
    if refused is not None:
        return _fault_of_refusal(refused, outcome)
    if outcome.status != _OK:
        return f"refused with {STATUS_NAMES[outcome.status]}: {outcome.message}"
    return fault_in_answer(said["gives"], outcome) if "gives" in said else ""


def _fault_of_refusal(refused: Mapping[str, str], outcome: CallOutcome) -> str:
    if outcome.status == _OK:
        return f"answered, instead of refused with {refused['status']}"
    if STATUS_NAMES[outcome.status] != refused["status"]:
        return f"refused with {STATUS_NAMES[outcome.status]} instead of {refused['status']}: {outcome.message}"
    if "reason" not in refused:
        return ""
    if outcome.detail is None:
        return "refused without an ErrorDetail"
    reasons = {
        pb.ErrorReason.Name(each).removeprefix(_PREFIX)
        for each in (outcome.detail.reason, outcome.detail.closer_reason)
    }
    if refused["reason"] not in reasons:
        return f"the reason {' or '.join(sorted(reasons))} instead of {refused['reason']}"
    field = refused.get("field", "")
    if not outcome.detail.field.startswith(field):
        return f"the field {outcome.detail.field!r} instead of {field!r}"
    if not (outcome.detail.found and outcome.detail.remedy):
        return "the detail does not say what was found, or what to do instead"
    return ""


def fault_in_answer(gives: Mapping[str, Any], outcome: CallOutcome) -> str:
    """What is wrong with a result; empty for nothing."""
    header = outcome.header
    if header is None:
        return "no header"
    told = {
        "dims": list(header.dims),
        "shape": list(header.shape),
        "derivatives": [list(each.wrt) for each in header.derivatives],
        "components": list(header.components),
        "tuple_valued": header.tuple_valued,
        "dtype": pb.Dtype.Name(header.dtype),
    }
    wanted = {"tuple_valued": False, "dtype": "DTYPE_FLOAT64"} | {name: gives[name] for name in told if name in gives}
    for name, value in wanted.items():
        if told[name] != value:
            return f"{name} {told[name]} instead of {value}"
    return _fault_in_numbers(gives, header, outcome.data)


def _fault_in_numbers(gives: Mapping[str, Any], header: pb.ResultHeader, data: bytes) -> str:
    planes = (1 + len(header.derivatives)) * len(header.components)
    points = math.prod(header.shape)
    numbers = np.frombuffer(data, _DTYPES[header.dtype])
    if len(numbers) != planes * points:
        return f"{len(numbers)} numbers instead of {planes * points}"
    grid = numbers.reshape(planes, points)
    within = gives.get("within", _WITHIN)
    if "at" in gives:
        return _first(
            _fault_of_plane([want], grid[plane, point : point + 1], plane, within) for plane, point, want in gives["at"]
        )
    return _first(_fault_of_plane(want, grid[plane], plane, within) for plane, want in enumerate(gives["planes"]))


def _first(faults: Any) -> str:
    return next(filter(None, faults), "")


def _fault_of_plane(wanted: Sequence[Any], got: NDArray[Any], plane: int, within: float) -> str:
    numbers = [got[i] if want == "any" else _NONFINITE.get(want, want) if isinstance(want, str) else want
               for i, want in enumerate(wanted)]  # fmt: skip
    want = np.asarray(numbers, float)
    scale = np.max(np.abs(want), where=np.isfinite(want), initial=0.0)
    with np.errstate(invalid="ignore"):
        close = np.abs(got - want) <= within * scale
    same = close | (got == want) | (np.isnan(got.astype(float)) & np.isnan(want))
    if same.all():
        return ""
    point = int(np.argmin(same))
    return f"plane {plane}, point {point}: {got[point]} instead of {numbers[point]}"
