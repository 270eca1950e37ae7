"""A server that computes exp(2t + 3k + 5a) and all its partials, whatever the expression, and keeps the requests."""

from __future__ import annotations

import math

import grpc
import numpy as np

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import buffer as wire
from tests.client.fake import DTYPES, FakeServer, header_of, spread_inputs

__all__ = ["EXPONENTIAL", "RATES", "asked", "exponential_server"]

RATES = {"t": 2.0, "k": 3.0, "a": 5.0}
EXPONENTIAL = "exp(2*t + 3*k + 5*a)"


def exponential_server() -> FakeServer:
    """Starts it."""
    server = FakeServer()
    server.unary = _answer
    return server


def asked(server: FakeServer) -> list[int]:
    """How many partials each request was for."""
    return [len(request.derivatives) for request in server.requests]


def _answer(request: pb.GridGradientRequest, _: grpc.ServicerContext) -> bytes:
    value = np.exp(sum(RATES[name] * values for name, values in spread_inputs(request).items()))
    factors = [1.0, *(math.prod(RATES[name] for name in derivative.wrt) for derivative in request.derivatives)]
    data = np.stack([factor * value for factor in factors]).astype(DTYPES[request.dtype]).tobytes()
    return wire.prefix(pb.GridGradientResponse(header=header_of(request)).SerializeToString(), len(data)) + data
