"""What tests ask a server, and how they read its answers."""

from __future__ import annotations

import array
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import split
from gridgrad_core.wire.error_details import ERROR_TRAILER, from_detail

Serve = Callable[..., Awaitable[Any]]


Code = grpc.StatusCode


HealthStatus = health_pb2.HealthCheckResponse


def linspace(name: str, num: int) -> pb.Input:
    return pb.Input(name=name, dims=[name], linspace=pb.Linspace(start=0, stop=1, num=num))


def axis(name: str, num: int) -> pb.Input:
    values = pb.Array(shape=[num], data=array.array("d", range(num)).tobytes())
    return pb.Input(name=name, dims=[name], array=values)


def grid(rows: int = 3, columns: int = 2, text: str = "t*k") -> pb.GridGradientRequest:
    return pb.GridGradientRequest(
        function=pb.Function(expression=text),
        inputs=[axis("t", rows), linspace("k", columns)],
        derivatives=[pb.Derivative(wrt=["t"])],
    )


def registered(name: str) -> pb.GridGradientRequest:
    return pb.GridGradientRequest(function=pb.Function(registered=name), inputs=[axis("x", 4)])


def expected(points: int, planes: int = 2) -> list[float]:
    """What the pretending worker computes."""
    return [1e6 * plane + point for plane in range(planes) for point in range(points)]


def numbers(data: bytes) -> list[float]:
    return array.array("d", data).tolist()


async def refusal(call: Awaitable[Any]) -> tuple[Code, GridgradError | None, dict[str, Any]]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    trailers = dict(refused.value.trailing_metadata())
    raw: Any = trailers.get(ERROR_TRAILER)
    return refused.value.code(), from_detail(pb.ErrorDetail.FromString(raw)) if raw else None, trailers


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def streamed(number: int, request: pb.GridGradientRequest) -> bytes:
    return pb.StreamGridGradientsRequest(id=number, request=request).SerializeToString()


async def messages(call: Any) -> AsyncIterator[pb.StreamGridGradientsResponse]:
    async for raw in call:
        assert split(raw).data_start % 16 == 0 or not split(raw).data_end - split(raw).data_start
        yield pb.StreamGridGradientsResponse.FromString(raw)


def assembled(parts: list[pb.StreamGridGradientsResponse], points: int, planes: int = 2) -> list[float]:
    buffer = [float("nan")] * (planes * points)
    for part in parts:
        window = part.window
        data = numbers(part.data)
        for plane in range(window.planes):
            start = (window.first_plane + plane) * points + window.first_point
            buffer[start : start + window.points] = data[plane * window.points : (plane + 1) * window.points]
    return buffer


async def health_of(channel: grpc.aio.Channel, service: str = "") -> int:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    status: int = (await stub.Check(health_pb2.HealthCheckRequest(service=service))).status
    return status
