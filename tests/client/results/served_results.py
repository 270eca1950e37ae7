"""Results as the client reads them from what a fake server answers: the sum of the inputs, plus 1000 for each plane."""

from __future__ import annotations

from typing import Any

import numpy as np

import gridgrad
from gridgrad.protocol.response_cache import read_unary
from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import Request
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import answer

__all__ = ["INPUTS", "SUMS", "raw_and_result", "result_of"]

INPUTS = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0], "c": 0.5}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0]) + 0.5


def raw_and_result(request: Request) -> tuple[bytes, gridgrad.Result]:
    call = prepare(request)
    raw = answer(pb.GridGradientRequest.FromString(call.message), None)  # type: ignore[arg-type]  # it needs no context
    return raw, read_unary(raw, call)


def result_of(function: str = "t*k*c", inputs: dict[str, Any] = INPUTS, **asked: Any) -> gridgrad.Result:
    return raw_and_result(Request(function, inputs, **asked))[1]
